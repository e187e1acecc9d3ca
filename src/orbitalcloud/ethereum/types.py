"""What a light client holds: headers, committees, bootstraps and updates, in the newest fork's shape.

A header from before Capella has an empty execution header, one from before Deneb no blob gas, and branches from
before Electra are padded with a zero sibling at the bottom: the normal form of the specification's `upgrade_lc_*`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from orbitalcloud.ethereum.ssz import ZERO32, merkleize

Branch = tuple[bytes, ...]
EXECUTION_DEPTH = 4
COMMITTEE_DEPTH = 6
FINALITY_DEPTH = 7


@dataclass(frozen=True, slots=True)
class BeaconBlockHeader:
    """A beacon block without its body."""

    slot: int = 0
    proposer_index: int = 0
    parent_root: bytes = ZERO32
    state_root: bytes = ZERO32
    body_root: bytes = ZERO32

    @property
    def root(self) -> bytes:
        """hash_tree_root: the block's name."""
        numbers = (self.slot.to_bytes(32, "little"), self.proposer_index.to_bytes(32, "little"))
        return merkleize((*numbers, self.parent_root, self.state_root, self.body_root))


@dataclass(frozen=True, slots=True)
class ExecutionHeader:
    """An execution payload's header (Deneb to Fulu; blob fields are 0 before Deneb)."""

    parent_hash: bytes = ZERO32
    fee_recipient: bytes = bytes(20)
    state_root: bytes = ZERO32
    receipts_root: bytes = ZERO32
    logs_bloom: bytes = bytes(256)
    prev_randao: bytes = ZERO32
    block_number: int = 0
    gas_limit: int = 0
    gas_used: int = 0
    timestamp: int = 0
    extra_data: bytes = b""
    base_fee_per_gas: int = 0
    block_hash: bytes = ZERO32
    transactions_root: bytes = ZERO32
    withdrawals_root: bytes = ZERO32
    blob_gas_used: int = 0
    excess_blob_gas: int = 0


EMPTY_EXECUTION = ExecutionHeader()
EMPTY_EXECUTION_BRANCH: Branch = (ZERO32,) * EXECUTION_DEPTH


@dataclass(frozen=True, slots=True)
class LightClientHeader:
    """A beacon header with the execution header that its body commits to."""

    beacon: BeaconBlockHeader = BeaconBlockHeader()
    execution: ExecutionHeader = EMPTY_EXECUTION
    execution_branch: Branch = EMPTY_EXECUTION_BRANCH

    @property
    def slot(self) -> int:
        """Slot of the beacon block."""
        return self.beacon.slot


EMPTY_HEADER = LightClientHeader()


@dataclass(frozen=True, slots=True)
class SyncCommittee:
    """The validators who sign for a period: their keys (48 bytes each, joined) and the sum of them all."""

    pubkeys: bytes
    aggregate_pubkey: bytes

    @property
    def size(self) -> int:
        """How many members (a validator may sit more than once)."""
        return len(self.pubkeys) // 48

    @property
    def is_empty(self) -> bool:
        """True for the all-zero committee that stands for none."""
        return not any(self.aggregate_pubkey) and not any(self.pubkeys)

    @property
    def root(self) -> bytes:
        """hash_tree_root."""
        return _committee_root(self.pubkeys, self.aggregate_pubkey)


@lru_cache(maxsize=8)
def _committee_root(pubkeys: bytes, aggregate: bytes) -> bytes:
    # Remembered because an update's committee is proved once and named again at rotation and in every report.
    pad = bytes(16)
    leaves = [sha256(pubkeys[at : at + 48] + pad).digest() for at in range(0, len(pubkeys), 48)]
    return sha256(merkleize(leaves) + sha256(aggregate + pad).digest()).digest()


@dataclass(frozen=True, slots=True)
class SyncAggregate:
    """Who of the committee signed (bit vector, least significant bit first) and their joint signature."""

    sync_committee_bits: bytes
    sync_committee_signature: bytes

    @property
    def participants(self) -> int:
        """How many signed."""
        return int.from_bytes(self.sync_committee_bits, "little").bit_count()

    @property
    def size(self) -> int:
        """How many could have."""
        return len(self.sync_committee_bits) * 8


@dataclass(frozen=True, slots=True)
class LightClientBootstrap:
    """Where a light client begins: a trusted block and the committee in its state."""

    header: LightClientHeader
    current_sync_committee: SyncCommittee
    current_sync_committee_branch: Branch


@dataclass(frozen=True, slots=True)
class LightClientUpdate:
    """What a committee signed: an attested header, perhaps a finalised one and the next committee, with proofs.

    A LightClientFinalityUpdate is one whose next committee is empty, a LightClientOptimisticUpdate one that has
    neither, as the specification processes them.
    """

    attested_header: LightClientHeader
    next_sync_committee: SyncCommittee
    next_sync_committee_branch: Branch
    finalized_header: LightClientHeader
    finality_branch: Branch
    sync_aggregate: SyncAggregate
    signature_slot: int

    @property
    def has_next_committee(self) -> bool:
        """The specification's `is_sync_committee_update`."""
        return any(sibling != ZERO32 for sibling in self.next_sync_committee_branch)

    @property
    def has_finality(self) -> bool:
        """The specification's `is_finality_update`."""
        return any(sibling != ZERO32 for sibling in self.finality_branch)


NO_COMMITTEE_BRANCH: Branch = (ZERO32,) * COMMITTEE_DEPTH
NO_FINALITY_BRANCH: Branch = (ZERO32,) * FINALITY_DEPTH


def no_committee(size: int) -> SyncCommittee:
    """The all-zero committee of `size` members."""
    return SyncCommittee(bytes(48 * size), bytes(48))
