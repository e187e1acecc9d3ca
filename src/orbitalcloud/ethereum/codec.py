"""The bytes of light-client objects: one table of containers a fork, and which of them given bytes are.

Raw SSZ carries neither its type nor its fork. Both are found here from what the bytes must say about themselves: the
size of the fixed part differs between the kinds of object, and the slot in it names the fork. A fork may be given
instead (the wire's context bytes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from orbitalcloud.core import RemoteProtocolError
from orbitalcloud.ethereum.forks import NEWEST, SHAPES, ChainConfig, Fork, Preset
from orbitalcloud.ethereum.ssz import ZERO32, ByteList, Bytes, Container, Keys, Kind, Uint
from orbitalcloud.ethereum.types import (
    COMMITTEE_DEPTH,
    EMPTY_EXECUTION,
    EMPTY_EXECUTION_BRANCH,
    EMPTY_HEADER,
    EXECUTION_DEPTH,
    FINALITY_DEPTH,
    NO_COMMITTEE_BRANCH,
    NO_FINALITY_BRANCH,
    BeaconBlockHeader,
    Branch,
    ExecutionHeader,
    LightClientBootstrap,
    LightClientHeader,
    LightClientUpdate,
    SyncAggregate,
    SyncCommittee,
    no_committee,
)

UpdateKind = Literal["update", "finality", "optimistic"]

_U64 = Uint(8)
_ROOT = Bytes(32)

BEACON = Container(
    BeaconBlockHeader,
    (
        ("slot", _U64),
        ("proposer_index", _U64),
        ("parent_root", _ROOT),
        ("state_root", _ROOT),
        ("body_root", _ROOT),
    ),
)
_CAPELLA_FIELDS: tuple[tuple[str, Kind], ...] = (
    ("parent_hash", _ROOT),
    ("fee_recipient", Bytes(20)),
    ("state_root", _ROOT),
    ("receipts_root", _ROOT),
    ("logs_bloom", Bytes(256)),
    ("prev_randao", _ROOT),
    ("block_number", _U64),
    ("gas_limit", _U64),
    ("gas_used", _U64),
    ("timestamp", _U64),
    ("extra_data", ByteList(32)),
    ("base_fee_per_gas", Uint(32)),
    ("block_hash", _ROOT),
    ("transactions_root", _ROOT),
    ("withdrawals_root", _ROOT),
)
EXECUTION_CAPELLA = Container(ExecutionHeader, _CAPELLA_FIELDS)
EXECUTION_DENEB = Container(ExecutionHeader, (*_CAPELLA_FIELDS, ("blob_gas_used", _U64), ("excess_blob_gas", _U64)))


@dataclass(frozen=True, slots=True)
class _BranchKind:
    """A Merkle branch of `depth` siblings, held in memory with zeros in front up to the newest fork's `held`."""

    depth: int
    held: int

    @property
    def fixed(self) -> int | None:
        return self.depth * 32

    @property
    def largest(self) -> int:
        return self.depth * 32

    def decode(self, data: bytes) -> Branch:
        siblings = tuple(data[at : at + 32] for at in range(0, len(data), 32))
        return (ZERO32,) * (self.held - self.depth) + siblings

    def encode(self, value: Branch) -> bytes:
        surplus = self.held - self.depth
        assert value[:surplus] == (ZERO32,) * surplus, "this branch belongs to a later fork"
        return b"".join(value[surplus:])

    def root(self, value: Branch) -> bytes:
        raise AssertionError("a branch is never hashed")


@dataclass(frozen=True, slots=True)
class Shapes:
    """The containers of one fork under one preset."""

    header: Container
    committee: Container
    bootstrap: Container
    update: Container
    finality: Container
    optimistic: Container


@lru_cache(maxsize=16)
def shapes(preset: Preset, fork: Fork) -> Shapes:
    """The container table of `fork` under `preset`."""
    shape, size = SHAPES[fork], preset.sync_committee_size
    header_fields: tuple[tuple[str, Kind], ...] = (("beacon", BEACON),)
    if shape.execution:
        execution = EXECUTION_DENEB if shape.blob_gas else EXECUTION_CAPELLA
        header_fields += ("execution", execution), ("execution_branch", _BranchKind(EXECUTION_DEPTH, EXECUTION_DEPTH))
    header = Container(LightClientHeader, header_fields)
    committee = Container(SyncCommittee, (("pubkeys", Keys(size)), ("aggregate_pubkey", Bytes(48))))
    aggregate = Container(
        SyncAggregate, (("sync_committee_bits", Bytes(size // 8)), ("sync_committee_signature", Bytes(96)))
    )
    current = _BranchKind(shape.current_sync_committee.bit_length() - 1, COMMITTEE_DEPTH)
    attested = ("attested_header", header)
    finality = (
        ("finalized_header", header),
        ("finality_branch", _BranchKind(shape.finalized_root.bit_length() - 1, FINALITY_DEPTH)),
    )
    following = (
        ("next_sync_committee", committee),
        ("next_sync_committee_branch", _BranchKind(shape.next_sync_committee.bit_length() - 1, COMMITTEE_DEPTH)),
    )
    signed = (("sync_aggregate", aggregate), ("signature_slot", _U64))

    def lacking(**values: Any) -> LightClientUpdate:
        return LightClientUpdate(**(_absent(size) | values))

    bootstrap_fields: tuple[tuple[str, Kind], ...] = (
        ("header", header),
        ("current_sync_committee", committee),
        ("current_sync_committee_branch", current),
    )
    return Shapes(
        header=header,
        committee=committee,
        bootstrap=Container(LightClientBootstrap, bootstrap_fields),
        update=Container(LightClientUpdate, (attested, *following, *finality, *signed)),
        finality=Container(lacking, (attested, *finality, *signed)),
        optimistic=Container(lacking, (attested, *signed)),
    )


def _absent(size: int) -> dict[str, Any]:
    """What a finality or optimistic update does not carry."""
    return {
        "next_sync_committee": no_committee(size),
        "next_sync_committee_branch": NO_COMMITTEE_BRANCH,
        "finalized_header": EMPTY_HEADER,
        "finality_branch": NO_FINALITY_BRANCH,
    }


def execution_root(config: ChainConfig, header: LightClientHeader) -> bytes:
    """The specification's `get_lc_execution_root`: by the fork of the header's own slot; zero before Capella."""
    shape = SHAPES[config.fork_at_slot(header.slot)]
    if not shape.execution:
        return ZERO32
    return (EXECUTION_DENEB if shape.blob_gas else EXECUTION_CAPELLA).root(header.execution)


def is_empty_execution(header: LightClientHeader) -> bool:
    """True where a header has no execution part (before Capella it must have none)."""
    return header.execution == EMPTY_EXECUTION and header.execution_branch == EMPTY_EXECUTION_BRANCH


def decode_bootstrap(config: ChainConfig, raw: bytes, fork: Fork | None = None) -> LightClientBootstrap:
    """A LightClientBootstrap from raw SSZ; its fork is that of its header's slot unless given.

    Raises `RemoteProtocolError`: `size`, `ssz`, or `fork` if no fork of the chain fits the bytes.
    """
    forks = (fork,) if fork is not None else _plausible(config, raw, "bootstrap")
    value: LightClientBootstrap = _decode(config.preset, raw, forks, "bootstrap")
    return value


def decode_update(
    config: ChainConfig, raw: bytes, fork: Fork | None = None, kind: UpdateKind | None = None
) -> LightClientUpdate:
    """A LightClientUpdate, LightClientFinalityUpdate or LightClientOptimisticUpdate from raw SSZ.

    The kind and the fork (that of the attested slot) are found from the bytes unless given. Raises
    `RemoteProtocolError`: `size`, `ssz`, or `fork` if no fork of the chain fits the bytes.
    """
    kinds: tuple[UpdateKind, ...] = (kind,) if kind is not None else ("update", "finality", "optimistic")
    for each in kinds:
        forks = (fork,) if fork is not None else tuple(_plausible(config, raw, each))
        fitting = [one for one in forks if _fits(getattr(shapes(config.preset, one), each), raw)]
        if fitting:
            value: LightClientUpdate = _decode(config.preset, raw, fitting, each)
            return value
    _bound(raw, config.preset)
    wanted = "the given fork" if fork is not None else f"any fork of {config.name} at the slot that they name"
    raise RemoteProtocolError("fork", f"these {len(raw)} bytes are no light-client update of {wanted}")


def encode_update(config: ChainConfig, update: LightClientUpdate, fork: Fork, kind: UpdateKind = "update") -> bytes:
    """The raw SSZ of an update in the shape of `fork`."""
    container: Container = getattr(shapes(config.preset, fork), kind)
    return container.encode(update)


def encode_bootstrap(config: ChainConfig, bootstrap: LightClientBootstrap, fork: Fork) -> bytes:
    """The raw SSZ of a bootstrap in the shape of `fork`."""
    return shapes(config.preset, fork).bootstrap.encode(bootstrap)


def _decode(preset: Preset, raw: bytes, forks: Any, name: str) -> Any:
    _bound(raw, preset)
    for fork in forks:
        container: Container = getattr(shapes(preset, fork), name)
        return container.decode(raw)
    raise RemoteProtocolError("fork", f"these {len(raw)} bytes are no {name} of any fork at the slot that they name")


def _bound(raw: bytes, preset: Preset) -> None:
    largest = shapes(preset, NEWEST).update.largest
    if len(raw) > largest:
        raise RemoteProtocolError("size", f"{len(raw)} bytes, the largest light-client object has {largest}")


def _plausible(config: ChainConfig, raw: bytes, name: str) -> Iterator[Fork]:
    """Forks, newest first, in whose shape the bytes name a slot of that same fork."""
    for entry in reversed(config.schedule):
        container: Container = getattr(shapes(config.preset, entry.fork), name)
        at = 0 if container.fields[0][1].fixed is not None else container.head
        if len(raw) < at + 8 or not _fits(container, raw):
            continue
        slot = int.from_bytes(raw[at : at + 8], "little")
        if slot >> 60 == 0 and _same_fork(config, slot, entry.fork):
            yield entry.fork


def _same_fork(config: ChainConfig, slot: int, fork: Fork) -> bool:
    try:
        return config.fork_at_slot(slot) is fork
    except RemoteProtocolError:
        return False


def _fits(container: Container, raw: bytes) -> bool:
    """Whether the fixed part's size, which the first offset or the whole length states, is this container's."""
    if container.fixed is not None:
        return len(raw) == container.fixed
    return int.from_bytes(raw[:4], "little") == container.head
