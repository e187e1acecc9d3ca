"""What a light client knows, as one immutable value, and its bytes for the node's store.

The bytes are a tag, the chain's genesis validators root, an SSZ body and a SHA-256 of it all: a store of another chain,
of another layout or half written is refused rather than believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from orbitalcloud.core import DataError, RemoteProtocolError
from orbitalcloud.ethereum.codec import shapes
from orbitalcloud.ethereum.forks import NEWEST, ChainConfig, Preset
from orbitalcloud.ethereum.ssz import ByteList, Container, Uint
from orbitalcloud.ethereum.types import LightClientHeader, LightClientUpdate, SyncCommittee, no_committee

_TAG = b"orbital-lc-1"


@dataclass(frozen=True, slots=True)
class LightClientStore:
    """The specification's LightClientStore; `next_sync_committee` is None until it is known."""

    finalized_header: LightClientHeader
    current_sync_committee: SyncCommittee
    next_sync_committee: SyncCommittee | None
    best_valid_update: LightClientUpdate | None
    optimistic_header: LightClientHeader
    previous_max_active_participants: int
    current_max_active_participants: int

    @property
    def safety_threshold(self) -> int:
        """How many signers an optimistic header must exceed: half of the most seen lately."""
        return max(self.previous_max_active_participants, self.current_max_active_participants) // 2

    def to_bytes(self, config: ChainConfig) -> bytes:
        """Bytes from which `from_bytes` makes an equal store."""
        body = _body(config.preset).encode(_Saved.of(self, config))
        whole = _TAG + config.genesis_validators_root + body
        return whole + sha256(whole).digest()

    @classmethod
    def from_bytes(cls, config: ChainConfig, data: bytes) -> LightClientStore:
        """The store that `to_bytes` wrote; `DataError` if the bytes are torn, foreign or of another layout."""
        start = len(_TAG) + 32
        whole, digest = data[:-32], data[-32:]
        if not whole.startswith(_TAG) or len(digest) != 32 or sha256(whole).digest() != digest:
            raise DataError("light-client store", f"{len(data)} bytes", "restore a whole copy or bootstrap again")
        if whole[len(_TAG) : start] != config.genesis_validators_root:
            raise DataError("light-client store", "another chain", f"use a store of {config.name}")
        try:
            saved: _Saved = _body(config.preset).decode(whole[start:])
            return saved.store(config)
        except RemoteProtocolError as error:
            raise DataError("light-client store", str(error), "restore a whole copy or bootstrap again") from None


@dataclass(frozen=True, slots=True)
class _Saved:
    """A store as SSZ can write it: absence is an empty committee or an empty list."""

    finalized_header: LightClientHeader
    current_sync_committee: SyncCommittee
    next_sync_committee: SyncCommittee
    best_valid_update: bytes
    optimistic_header: LightClientHeader
    previous_max_active_participants: int
    current_max_active_participants: int

    @classmethod
    def of(cls, store: LightClientStore, config: ChainConfig) -> _Saved:
        best = store.best_valid_update
        return cls(
            store.finalized_header,
            store.current_sync_committee,
            store.next_sync_committee or no_committee(config.preset.sync_committee_size),
            b"" if best is None else shapes(config.preset, NEWEST).update.encode(best),
            store.optimistic_header,
            store.previous_max_active_participants,
            store.current_max_active_participants,
        )

    def store(self, config: ChainConfig) -> LightClientStore:
        best = self.best_valid_update
        return LightClientStore(
            self.finalized_header,
            self.current_sync_committee,
            None if self.next_sync_committee.is_empty else self.next_sync_committee,
            shapes(config.preset, NEWEST).update.decode(best) if best else None,
            self.optimistic_header,
            self.previous_max_active_participants,
            self.current_max_active_participants,
        )


@lru_cache(maxsize=4)
def _body(preset: Preset) -> Container:
    shape = shapes(preset, NEWEST)
    return Container(
        _Saved,
        (
            ("finalized_header", shape.header),
            ("current_sync_committee", shape.committee),
            ("next_sync_committee", shape.committee),
            ("best_valid_update", ByteList(shape.update.largest)),
            ("optimistic_header", shape.header),
            ("previous_max_active_participants", Uint(8)),
            ("current_max_active_participants", Uint(8)),
        ),
    )
