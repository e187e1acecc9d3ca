"""The verification node's light client: raw bytes in, heads out, no trust in whoever brought the bytes.

`LightClient` is the sync protocol with a memory. It holds one immutable `LightClientStore`, replaces it only when
an update was valid, and never changes on a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass

from orbitalcloud.core import DataError, RemoteProtocolError
from orbitalcloud.ethereum.codec import UpdateKind, decode_bootstrap, decode_update
from orbitalcloud.ethereum.forks import ChainConfig, Fork
from orbitalcloud.ethereum.store import LightClientStore
from orbitalcloud.ethereum.sync_protocol import (
    apply_bootstrap,
    process_force_update,
    process_update,
    validate_bootstrap,
)
from orbitalcloud.ethereum.types import LightClientHeader


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the client stands after an update that was valid, and what that update changed."""

    finalized_slot: int
    optimistic_slot: int
    period: int
    participants: int
    finalized_advanced: bool
    optimistic_advanced: bool
    committee_changed: bool
    """The committee in charge rotated, or the next one became known."""


class LightClient:
    """Follows one beacon chain from a trusted checkpoint. Pickles as its configuration and its store."""

    __slots__ = ("config", "min_participants", "store", "strict")

    def __init__(
        self,
        config: ChainConfig,
        store: LightClientStore,
        *,
        strict: bool = False,
        min_participants: int | None = None,
    ) -> None:
        """`strict` sums every participant's key; `min_participants` is a third of the committee unless given.

        The specification's floor is one signer. A satellite that hears from one ground station at a time refuses
        thin updates outright: below a third nobody honest could have meant it as news.
        """
        self.config, self.store, self.strict = config, store, strict
        size = config.preset.sync_committee_size
        self.min_participants = -(-size // 3) if min_participants is None else min_participants

    @classmethod
    def bootstrap(
        cls,
        config: ChainConfig,
        checkpoint_root: bytes,
        raw: bytes,
        *,
        current_slot: int | None = None,
        max_age_slots: int | None = None,
        strict: bool = False,
        min_participants: int | None = None,
        fork: Fork | None = None,
    ) -> LightClient:
        """Begin from the LightClientBootstrap `raw` of the trusted block `checkpoint_root`.

        With `current_slot`, a checkpoint from the future (`future`) or, with `max_age_slots`, older than the
        weak-subjectivity limit (`weak-subjectivity`) is refused. Other checks: `size`, `ssz`, `fork`,
        `execution-branch`, `checkpoint`, `current-sync-committee-branch`.
        """
        if len(checkpoint_root) != 32:
            raise DataError("checkpoint", checkpoint_root.hex(), "give a block root of 32 bytes")
        value = decode_bootstrap(config, raw, fork)
        validate_bootstrap(config, value, checkpoint_root)
        if current_slot is not None:
            _require_age(value.header.slot, current_slot, max_age_slots)
        return cls(config, apply_bootstrap(value), strict=strict, min_participants=min_participants)

    def update(
        self, raw: bytes, current_slot: int, *, fork: Fork | None = None, kind: UpdateKind | None = None
    ) -> Progress:
        """Take a raw LightClientUpdate, LightClientFinalityUpdate or LightClientOptimisticUpdate.

        Raises `RemoteProtocolError` with the name of the check that failed (see `sync_protocol`) and stays as it was.
        """
        value = decode_update(self.config, raw, fork, kind)
        before = self.store
        self.store = process_update(
            self.config,
            before,
            value,
            current_slot,
            strict=self.strict,
            min_participants=self.min_participants,
        )
        return self._progress(before, value.sync_aggregate.participants)

    def force_update(self, current_slot: int) -> Progress | None:
        """After a period of silence, settle for the best update seen; None if there is nothing to settle for."""
        before = self.store
        self.store = process_force_update(self.config, before, current_slot)
        return None if self.store is before else self._progress(before, self.store.current_max_active_participants)

    @property
    def finalized(self) -> LightClientHeader:
        """The newest header that is final."""
        return self.store.finalized_header

    @property
    def optimistic(self) -> LightClientHeader:
        """The newest header that enough of the committee signed; it may still be reorganised away."""
        return self.store.optimistic_header

    @property
    def finalized_root(self) -> bytes:
        """Block root of the finalised header."""
        return self.store.finalized_header.beacon.root

    @property
    def period(self) -> int:
        """Sync-committee period of the finalised header."""
        return self.config.period_at(self.store.finalized_header.slot)

    @property
    def next_committee_known(self) -> bool:
        """Whether updates signed in the next period can be checked."""
        return self.store.next_sync_committee is not None

    def to_bytes(self) -> bytes:
        """The store's bytes, whole and checksummed, for the node's own store (50 to 80 kB on mainnet)."""
        return self.store.to_bytes(self.config)

    @classmethod
    def from_bytes(
        cls, config: ChainConfig, data: bytes, *, strict: bool = False, min_participants: int | None = None
    ) -> LightClient:
        """The client that wrote `data`; `DataError` if it is torn or of another chain."""
        store = LightClientStore.from_bytes(config, data)
        return cls(config, store, strict=strict, min_participants=min_participants)

    def _progress(self, before: LightClientStore, participants: int) -> Progress:
        now = self.store
        return Progress(
            finalized_slot=now.finalized_header.slot,
            optimistic_slot=now.optimistic_header.slot,
            period=self.period,
            participants=participants,
            finalized_advanced=now.finalized_header.slot > before.finalized_header.slot,
            optimistic_advanced=now.optimistic_header.slot > before.optimistic_header.slot,
            committee_changed=(now.current_sync_committee, now.next_sync_committee)
            != (before.current_sync_committee, before.next_sync_committee),
        )


def _require_age(slot: int, current_slot: int, max_age_slots: int | None) -> None:
    if slot > current_slot:
        raise RemoteProtocolError("future", f"checkpoint of slot {slot}, it is slot {current_slot}")
    if max_age_slots is not None and current_slot - slot > max_age_slots:
        age = current_slot - slot
        raise RemoteProtocolError("weak-subjectivity", f"checkpoint {age} slots old, at most {max_age_slots} allowed")
