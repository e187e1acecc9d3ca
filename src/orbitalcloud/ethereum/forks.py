"""Presets, forks and chains as data: what differs between them is in these tables and nowhere else.

Sources: ethereum/consensus-specs v1.6.0-beta.0, presets/{mainnet,minimal}/{phase0,altair}.yaml,
specs/{altair,capella,deneb,electra,fulu}/light-client/sync-protocol.md and specs/fulu/beacon-chain.md (fork digest).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from orbitalcloud.core import SECOND, DataError, Instant, RemoteProtocolError

FAR_FUTURE_EPOCH = 2**64 - 1
DOMAIN_SYNC_COMMITTEE = bytes.fromhex("07000000")


@dataclass(frozen=True, slots=True)
class Preset:
    """Sizes fixed when a client is built."""

    name: str
    sync_committee_size: int
    slots_per_epoch: int
    epochs_per_period: int

    @property
    def slots_per_period(self) -> int:
        """Slots a sync committee serves; also the specification's UPDATE_TIMEOUT."""
        return self.slots_per_epoch * self.epochs_per_period


MAINNET_PRESET = Preset("mainnet", 512, 32, 256)
MINIMAL_PRESET = Preset("minimal", 32, 8, 8)


class Fork(enum.IntEnum):
    """Consensus forks that a light client knows, in order."""

    ALTAIR = 1
    BELLATRIX = 2
    CAPELLA = 3
    DENEB = 4
    ELECTRA = 5
    FULU = 6


@dataclass(frozen=True, slots=True)
class ForkShape:
    """What a fork's light-client containers look like: does a header carry the execution header, with blob fields
    or without, and where in the BeaconState the three proved values sit (generalized indices)."""

    execution: bool
    blob_gas: bool
    finalized_root: int
    current_sync_committee: int
    next_sync_committee: int


_BEFORE_ELECTRA = (105, 54, 55)
_FROM_ELECTRA = (169, 86, 87)

SHAPES: dict[Fork, ForkShape] = {
    Fork.ALTAIR: ForkShape(False, False, *_BEFORE_ELECTRA),
    Fork.BELLATRIX: ForkShape(False, False, *_BEFORE_ELECTRA),
    Fork.CAPELLA: ForkShape(True, False, *_BEFORE_ELECTRA),
    Fork.DENEB: ForkShape(True, True, *_BEFORE_ELECTRA),
    Fork.ELECTRA: ForkShape(True, True, *_FROM_ELECTRA),
    Fork.FULU: ForkShape(True, True, *_FROM_ELECTRA),
}

EXECUTION_PAYLOAD_GINDEX = 25
"""Of the execution payload in a BeaconBlockBody, Capella to Fulu."""

NEWEST = Fork.FULU
"""Decoded values are kept in this fork's shape, as the specification's `upgrade_lc_*` functions do."""


@dataclass(frozen=True, slots=True)
class ForkEntry:
    """When a fork comes into force on a chain, and the version its signatures are made under."""

    fork: Fork
    version: bytes
    epoch: int


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """One beacon chain: its preset, genesis and fork schedule (ascending)."""

    name: str
    preset: Preset
    genesis_validators_root: bytes
    genesis_time_s: int
    seconds_per_slot: int
    schedule: tuple[ForkEntry, ...]

    def __post_init__(self) -> None:
        if len(self.genesis_validators_root) != 32:
            raise DataError("genesis_validators_root", self.genesis_validators_root.hex(), "give 32 bytes")
        epochs = [entry.epoch for entry in self.schedule]
        if not epochs or epochs != sorted(epochs):
            raise DataError("fork schedule", str(epochs), "list the forks in the order in which they come into force")

    def epoch_at(self, slot: int) -> int:
        """The epoch of a slot."""
        return slot // self.preset.slots_per_epoch

    def period_at(self, slot: int) -> int:
        """The sync-committee period of a slot."""
        return slot // self.preset.slots_per_period

    def entry_at(self, epoch: int) -> ForkEntry:
        """The fork in force at `epoch`; `RemoteProtocolError('fork')` before Altair, where light clients begin."""
        found = None
        for entry in self.schedule:
            if entry.epoch <= epoch and entry.epoch != FAR_FUTURE_EPOCH:
                found = entry
        if found is None:
            raise RemoteProtocolError("fork", f"epoch {epoch} is before the light client's first fork on {self.name}")
        return found

    def fork_at_slot(self, slot: int) -> Fork:
        """The fork in force at `slot`."""
        return self.entry_at(self.epoch_at(slot)).fork

    def slot_at(self, at: Instant) -> int:
        """The slot in progress at an instant, negative before genesis."""
        return (at - self.genesis_time_s * SECOND) // (self.seconds_per_slot * SECOND)

    def instant_of_slot(self, slot: int) -> Instant:
        """When a slot begins."""
        return Instant((self.genesis_time_s + slot * self.seconds_per_slot) * SECOND)

    def sync_committee_domain(self, signature_slot: int) -> bytes:
        """Domain of the signatures included at `signature_slot`: the fork of the slot before it counts."""
        version = self.entry_at(self.epoch_at(max(signature_slot, 1) - 1)).version
        return DOMAIN_SYNC_COMMITTEE + fork_data_root(version, self.genesis_validators_root)[:28]


@lru_cache(maxsize=64)
def fork_data_root(version: bytes, genesis_validators_root: bytes) -> bytes:
    """hash_tree_root(ForkData): what ties a signature to one fork of one chain."""
    return sha256(version.ljust(32, b"\0") + genesis_validators_root).digest()


def fork_digest(version: bytes, genesis_validators_root: bytes, blobs: tuple[int, int] | None = None) -> bytes:
    """The four bytes that name a fork on the wire; `blobs` (epoch, most in a block) is masked in from Fulu on."""
    digest = fork_data_root(version, genesis_validators_root)[:4]
    if blobs is None:
        return digest
    mask = sha256(b"".join(number.to_bytes(8, "little") for number in blobs)).digest()
    return bytes(left ^ right for left, right in zip(digest, mask, strict=False))
