"""What a satellite signs for the settlement contract, and what it will never sign: two answers to one question.

A receipt, a batch's number and a verdict are each signed once. Whoever signs a second, different one loses its stake
(`settlement.vy`), and a reboot in the middle of a job is enough to do so by accident; so what was signed is saved
before the signature is given out, as a validator's slashing protection does (EIP-3076). The same again is signed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from orbitalcloud.compute import Receipt, verify_receipt
from orbitalcloud.core import SECOND, DataError, Refused, Why, parse_instant
from orbitalcloud.core.effects import Effect, Save
from orbitalcloud.ethereum import TransferPolicy, Wallet
from orbitalcloud.ethereum.settlement import BATCH_TYPE, VERDICT_TYPE, Batch, WorkReceipt
from orbitalcloud.ethereum.typed_data import Domain, struct_hash

WORK_KEY = "work/"
_DIGEST = "sha256:"


@dataclass(frozen=True, slots=True)
class SignedWork:
    """A signature (v, r, s) by the wallet's key over `content` (a struct hash) for the settlement contract."""

    content: bytes
    signature: tuple[int, int, int]


@dataclass(slots=True)
class WorkDesk:
    """Signs for one contract. `signed` is what was signed, by question."""

    domain: Domain
    wallet: Wallet
    signed: dict[str, bytes] = field(default_factory=dict)

    def restore(self, saved: Mapping[str, bytes]) -> None:
        """What was signed before the reboot."""
        self.signed = {key: value for key, value in saved.items() if key.startswith(WORK_KEY)}

    def receipt(self, work: WorkReceipt) -> Iterator[Effect | SignedWork]:
        """Swear to a result. `Refused` for a job of which another result was sworn to, or another's work."""
        if work.executor.lower() != self.wallet.address.lower():
            raise _refused("work-executor", f"{work.executor} is not {self.wallet.address}")
        yield from self._once(f"receipt/{work.job.hex()}", work.struct_hash)

    def batch(self, batch: Batch) -> Iterator[Effect | SignedWork]:
        """Commit to a batch; each number once."""
        if batch.executor.lower() != self.wallet.address.lower():
            raise _refused("work-executor", f"{batch.executor} is not {self.wallet.address}")
        content = struct_hash(BATCH_TYPE, (batch.root, batch.number, batch.count))
        yield from self._once(f"batch/{batch.number}", content)

    def verdict(self, claimed: WorkReceipt, output: bytes) -> Iterator[Effect | SignedWork]:
        """Say what output this satellite found for another's job."""
        if claimed.executor.lower() == self.wallet.address.lower():
            raise _refused("work-executor", "nobody judges its own work")
        content = struct_hash(VERDICT_TYPE, (claimed.job, claimed.executor, claimed.number, output))
        yield from self._once(self.verdict_key(claimed).removeprefix(WORK_KEY), content)

    @staticmethod
    def verdict_key(claimed: WorkReceipt) -> str:
        """Under which a verdict on this receipt is remembered."""
        question = (claimed.job, claimed.executor, claimed.number)
        return f"{WORK_KEY}verdict/{struct_hash(VERDICT_TYPE, (*question, bytes(32))).hex()}"

    def _once(self, question: str, content: bytes) -> Iterator[Effect | SignedWork]:
        key = WORK_KEY + question
        before = self.signed.get(key)
        if before is not None and before != content:
            raise _refused("work-twice", f"another answer to {question[:40]} was signed: a second one costs the stake")
        policy = TransferPolicy(
            chain_ids=frozenset({self.domain.chain_id}), contracts=frozenset({self.domain.contract})
        )
        if before is None:
            self.signed[key] = content
            yield Save(key, content)
        yield SignedWork(content, self.wallet.sign_typed(self.domain, content, policy=policy))


def work_receipt(receipt: Receipt, job: bytes, executor: str, number: int) -> WorkReceipt:
    """The chain's form of a receipt: the very digests that the satellite's Ed25519 key signed, for an escrow's `job`.

    `DataError` for a receipt whose own signature does not hold: what a chain is told must be what was sworn.
    """
    why = verify_receipt(receipt)
    if not why.ok:
        raise DataError(f"receipt of {receipt.job}", why.rule, why.text)
    return WorkReceipt(
        job=job,
        executor=executor,
        number=number,
        code=digest_bytes(receipt.artefact),
        input=digest_bytes(receipt.input),
        output=digest_bytes(receipt.output),
        finished=parse_instant(receipt.finished) // SECOND,
        energy_mj=receipt.energy_mj,
    )


def digest_bytes(text: str) -> bytes:
    """The 32 bytes of `sha256:…`."""
    if not text.startswith(_DIGEST) or len(text) != len(_DIGEST) + 64:
        raise DataError("digest", text[:80], "give sha256: and 64 hexadecimal digits")
    try:
        return bytes.fromhex(text.removeprefix(_DIGEST))
    except ValueError:
        raise DataError("digest", text[:80], "give sha256: and 64 hexadecimal digits") from None


def _refused(rule: str, text: str) -> Refused:
    return Refused(Why(False, rule, text))
