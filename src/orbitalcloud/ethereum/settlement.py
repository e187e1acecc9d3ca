"""Receipts as a chain takes them: EIP-712 structs, batched under one Merkle root, co-signed, refuted.

A node signs three things with the key of its wallet: a `WorkReceipt` (what it did for a job), a batch (the root of many
receipts, once for a number), a verdict (the output that it found when it ran a job again). Two different receipts of
one job, or two verdicts on one receipt, with its signature, are a proof that costs it its stake (`settlement.vy`).

The tree hashes each leaf twice (so that no inner node passes for a leaf) and each pair in order of size (so that a
proof needs no positions); an odd node moves up alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from orbitalcloud.core import DataError
from orbitalcloud.ethereum.typed_data import Domain, struct_hash, typed_digest, word

RECEIPT_TYPE = (
    "Receipt(bytes32 job,address executor,uint256 number,bytes32 code,bytes32 input,bytes32 output,"
    "uint256 finished,uint256 energy_mj)"
)
BATCH_TYPE = "Batch(bytes32 root,uint256 number,uint256 count)"
VERDICT_TYPE = "Verdict(bytes32 job,address executor,uint256 number,bytes32 output)"
REGISTRATION_TYPE = "Registration(address operator)"
PROPOSAL_TYPE = "Proposal(uint256 number,address to,uint256 value,bytes32 data_hash)"
VETO_TYPE = "Veto(uint256 number)"
MAX_DEPTH = 20
MAX_BATCH = 2**MAX_DEPTH


@dataclass(frozen=True, slots=True)
class WorkReceipt:
    """What an executor swears about one job. Digests are 32 bytes (SHA-256 of code, input, output), `finished` is
    seconds since 1970, `number` that of the executor's batch."""

    job: bytes
    executor: str
    number: int
    code: bytes
    input: bytes
    output: bytes
    finished: int
    energy_mj: int

    def words(self) -> tuple[int | bytes | str, ...]:
        """The fields in the contract's order."""
        return (
            self.job,
            self.executor,
            self.number,
            self.code,
            self.input,
            self.output,
            self.finished,
            self.energy_mj,
        )

    @property
    def struct_hash(self) -> bytes:
        """hashStruct of EIP-712."""
        return struct_hash(RECEIPT_TYPE, self.words())

    @property
    def leaf(self) -> bytes:
        """Its place in a batch's tree."""
        return bytes(keccak(self.struct_hash))

    def digest(self, domain: Domain) -> bytes:
        """What the executor signs."""
        return typed_digest(domain, self.struct_hash)


def batch_content(root: bytes, number: int, count: int) -> bytes:
    """hashStruct of a batch."""
    return struct_hash(BATCH_TYPE, (root, number, count))


def batch_digest(domain: Domain, root: bytes, number: int, count: int) -> bytes:
    """What the executor signs to commit to a batch."""
    return typed_digest(domain, batch_content(root, number, count))


def verdict_content(job: bytes, executor: str, number: int, output: bytes) -> bytes:
    """hashStruct of a verdict."""
    return struct_hash(VERDICT_TYPE, (job, executor, number, output))


def verdict_digest(domain: Domain, job: bytes, executor: str, number: int, output: bytes) -> bytes:
    """What a verifier signs: the output that it found for that receipt's job."""
    return typed_digest(domain, verdict_content(job, executor, number, output))


def job_id(settlement: str, customer: str, salt: bytes) -> bytes:
    """The name of an escrow's job: keccak256(contract ‖ customer ‖ salt), as `settlement.job_id`."""
    return bytes(keccak(word(settlement) + word(customer) + word(salt)))


def registration_content(operator: str) -> bytes:
    """hashStruct of a node's consent to its operator."""
    return struct_hash(REGISTRATION_TYPE, (operator,))


def registration_digest(domain: Domain, operator: str) -> bytes:
    """What a node signs to consent to its operator."""
    return typed_digest(domain, registration_content(operator))


def proposal_digest(domain: Domain, number: int, to: str, value_wei: int, data: bytes) -> bytes:
    """What two owners of a co-signed purse sign."""
    fields = (number, to, value_wei, bytes(keccak(data)))
    return typed_digest(domain, struct_hash(PROPOSAL_TYPE, fields))


def veto_digest(domain: Domain, number: int) -> bytes:
    """What the third owner signs to stop a proposal."""
    return typed_digest(domain, struct_hash(VETO_TYPE, (number,)))


class Batch:
    """A Merkle tree over receipts of one executor and one batch number."""

    __slots__ = ("_levels", "_place", "count", "executor", "number")

    def __init__(self, receipts: Sequence[WorkReceipt]) -> None:
        """`DataError` for an empty or too large batch, mixed executors or numbers, or a job that comes twice."""
        if not 1 <= len(receipts) <= MAX_BATCH:
            raise DataError("batch", f"{len(receipts)} receipts", f"give 1 to {MAX_BATCH}")
        self.executor, self.number = receipts[0].executor, receipts[0].number
        if any((one.executor.lower(), one.number) != (self.executor.lower(), self.number) for one in receipts):
            raise DataError("batch", "several executors or numbers", "one batch is of one executor and one number")
        if len({one.job for one in receipts}) != len(receipts):
            raise DataError("batch", "two receipts of one job", "an executor signs one receipt a job, or is slashed")
        self.count = len(receipts)
        self._levels = _levels([one.leaf for one in receipts])
        self._place = {one.job: index for index, one in enumerate(receipts)}

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        return self._levels[-1][0]

    def proof(self, job: bytes) -> tuple[bytes, ...]:
        """The siblings from a job's leaf to the root; `DataError` if the job is not in the batch."""
        if job not in self._place:
            raise DataError("batch: job", job.hex(), "ask for a job of this batch")
        index, path = self._place[job], []
        for level in self._levels[:-1]:
            if index ^ 1 < len(level):
                path.append(level[index ^ 1])
            index //= 2
        return tuple(path)


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        level = [_pair(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
        levels.append(level + below[len(level) * 2 :])
    return levels


def _pair(one: bytes, other: bytes) -> bytes:
    return bytes(keccak(one + other if one < other else other + one))


def proves(receipt: WorkReceipt, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a receipt stands under a root; proofs deeper than `MAX_DEPTH` prove nothing."""
    if len(proof) > MAX_DEPTH or any(len(one) != 32 for one in proof):
        return False
    here = receipt.leaf
    for other in proof:
        here = _pair(here, other)
    return here == root
