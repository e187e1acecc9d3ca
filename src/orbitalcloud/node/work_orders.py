"""What passes between a settlement office and satellites whose work is paid on chain."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from orbitalcloud.ethereum.settlement import WorkReceipt
from orbitalcloud.node.orders import Address, Text, Word
from orbitalcloud.node.purse_orders import Signature

MAX_ITEMS = 64
Number = Annotated[int, Meta(ge=0, le=2**62)]


class Work(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`ethereum.settlement.WorkReceipt` on its way."""

    job: Word
    executor: Address
    number: Number
    code: Word
    input: Word
    output: Word
    finished: Number
    energy_mj: Number

    @classmethod
    def of(cls, one: WorkReceipt) -> Work:
        return cls(one.job, one.executor, one.number, one.code, one.input, one.output, one.finished, one.energy_mj)

    @property
    def receipt(self) -> WorkReceipt:
        """As it is signed."""
        return WorkReceipt(
            self.job, self.executor, self.number, self.code, self.input, self.output, self.finished, self.energy_mj
        )


class Task(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A job by its name among us, and its escrow's on the chain."""

    job: Text
    escrow: Word


class Swear(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="swear/1"):
    """To a satellite: sign the receipts of these jobs, and one batch of that number over them."""

    number: Number
    tasks: Annotated[tuple[Task, ...], Meta(min_length=1, max_length=MAX_ITEMS)]


class Oath(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A receipt and the executor's signature."""

    work: Work
    signature: Signature


class Sworn(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="sworn/1"):
    """To the office: receipts, signed, in the order of the batch's leaves, and the batch."""

    number: Number
    oaths: Annotated[tuple[Oath, ...], Meta(min_length=1, max_length=MAX_ITEMS)]
    root: Word
    batch: Signature


class Judge(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="judge/1"):
    """To a satellite that the lot may draw: a claimed receipt with its place under the posted root, and the job."""

    job: Text
    quorum: Annotated[int, Meta(ge=0, le=8)]
    work: Work
    proof: Annotated[tuple[Word, ...], Meta(max_length=20)]
    request: bytes


class Found(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="verdict/1"):
    """To the office: the output that a drawn verifier found when it ran the job again."""

    escrow: Word
    executor: Address
    number: Number
    output: Word
    verifier: Address
    signature: Signature


class Paid(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="paid/1"):
    """To a satellite: something was paid to it; a hint to look, and nothing that is believed."""

    job: Text
    escrow: Word
