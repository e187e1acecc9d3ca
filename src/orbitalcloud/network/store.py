"""The bundle store: what a node is answerable for until a peer has taken it over or it expires."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import MILLISECOND, Instant
from orbitalcloud.core.why import Why
from orbitalcloud.network.avoiding import not_through
from orbitalcloud.network.bundle import MAX_BYTES, TOLERANCES, Bundle, decode
from orbitalcloud.network.fragment import may_fragment
from orbitalcloud.network.routing import HOPS_MOST

PREFIX = "bundle/"
_FORMAT = b"\x01"

Rank = tuple[int, int, int, str]
"""Sending order: the more urgent, then the older, then the earlier made."""


class Entry:
    """A stored bundle, encoded as it will be sent, and where it stands.

    `local` marks fragments that wait for their others at their destination. `carrier` is the peer in whose hands it is
    in this contact, `held_by` the one that has its `transfer` (perhaps from an earlier contact); `clock_at` the instant
    for which its age block is right, None without one. `suspect` after a reboot: somebody may have it already. `told`
    when a record has said why it waits. `previous` is the neighbour that it came from. `hops_left` are the hops that it
    may still go; `path_now_ns` how long it would wait at a node for a path now, None where it goes by any. `source` is
    whose quota it takes from, "" for what this node made itself.
    """

    __slots__ = (
        "attempts",
        "avoid",
        "carrier",
        "clock_at",
        "cuttable",
        "destination",
        "expires",
        "flags",
        "held_by",
        "hops",
        "hops_left",
        "id",
        "local",
        "path_now_ns",
        "previous",
        "priority",
        "rank",
        "source",
        "suspect",
        "told",
        "transfer",
        "whole_id",
        "wire",
    )

    def __init__(
        self, bundle: Bundle, wire: bytes, now: Instant, expires: Instant, local: bool = False, source: str = ""
    ) -> None:
        self.id = bundle.id
        self.whole_id = bundle.whole_id
        self.wire = wire
        self.destination = bundle.destination.node
        self.source = source
        self.flags = bundle.flags
        self.priority = bundle.priority
        self.avoid = not_through(bundle)
        self.rank: Rank = (-self.priority, bundle.created_ms, bundle.sequence, self.id)
        self.expires = expires
        self.cuttable = may_fragment(bundle)
        self.local = local
        self.clock_at: Instant | None = None if bundle.age_ms is None else now
        self.carrier = ""
        self.held_by = ""
        limit, self.hops = bundle.hops or (HOPS_MOST, 0)
        self.hops_left = limit - self.hops + 1
        wish_ms = bundle.path_now_ms
        self.path_now_ns = None if wish_ms is None else wish_ms * MILLISECOND
        self.previous = ""
        self.transfer = b""
        self.attempts = 0
        self.suspect = False
        self.told = False

    @property
    def key(self) -> str:
        """Its key among what the driver saves."""
        return PREFIX + self.id

    def saved(self, now: Instant) -> bytes:
        """The value to save: format, the instant for which the age block is right, the bundle."""
        return b"".join((_FORMAT, (self.clock_at or now).to_bytes(8, "big", signed=True), self.wire))


def read_saved(value: bytes) -> tuple[Instant, Bundle, bytes]:
    """(the instant of its age, the bundle, its bytes) of a saved value; `RemoteProtocolError` if it is damaged."""
    if value[:1] != _FORMAT or len(value) < 10:
        raise RemoteProtocolError("saved-format", f"{len(value)} bytes beginning {value[:1].hex()}")
    wire = value[9:]
    return Instant(int.from_bytes(value[1:9], "big", signed=True)), decode(wire, MAX_BYTES, TOLERANCES), wire


def expiry(bundle: Bundle, now: Instant, retention_ns: int) -> Instant:
    """When the bundle is to be forgotten: its lifetime after its creation, but no later than the retention allows."""
    lifetime = min(bundle.lifetime_ms * MILLISECOND, retention_ns)
    if bundle.created_ms:
        return Instant(bundle.created + lifetime)
    age = (bundle.age_ms or 0) * MILLISECOND
    return Instant(now + lifetime - age)


class BundleStore:
    """Entries by id, by destination and by expiry, within bounds of bytes and of bundles, for all and for each source.

    What a neighbour was told is taken is never given up for somebody else's: a full store refuses, and the bundle stays
    with its sender. Only for a bundle made here may others made here go (`victims`).
    """

    __slots__ = (
        "_by_destination",
        "_by_source",
        "_entries",
        "_expiries",
        "most_bundles",
        "most_bytes",
        "source_bytes",
        "source_ppm",
        "used_bytes",
    )

    def __init__(
        self, most_bytes: int, most_bundles: int, source_ppm: int = 1_000_000, source_bytes: int = 1 << 62
    ) -> None:
        self.most_bytes, self.most_bundles = most_bytes, most_bundles
        self.source_ppm, self.source_bytes = source_ppm, source_bytes
        self._by_source: dict[str, list[int]] = {}
        self.used_bytes = 0
        self._entries: dict[str, Entry] = {}
        self._by_destination: dict[str, dict[str, Entry]] = {}
        self._expiries: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, bundle: str) -> bool:
        return bundle in self._entries

    def get(self, bundle: str) -> Entry | None:
        """The entry of this id."""
        return self._entries.get(bundle)

    def refusal(self, size_bytes: int, instead_of: Entry | None = None, source: str = "") -> Why | None:
        """Why another bundle of this size of `source` cannot be stored, perhaps in the place of another, else None.

        The quota: of one source at most `source_ppm` of the store's bytes and bundles, and at most `source_bytes`.
        """
        used = self.used_bytes - (len(instead_of.wire) if instead_of else 0)
        if used + size_bytes > self.most_bytes:
            free = self.most_bytes - used
            text = f"the store has {free} bytes free and the bundle has {size_bytes}"
            return Why(False, "storage", text, used + size_bytes, self.most_bytes, "byte")
        if len(self._entries) >= self.most_bundles and instead_of is None:
            text = f"the store holds {len(self._entries)} bundles, its most"
            return Why(False, "storage", text, len(self._entries) + 1, self.most_bundles, "bundle")
        return self._over_quota(size_bytes, instead_of, source) if source else None

    def _over_quota(self, size_bytes: int, instead_of: Entry | None, source: str) -> Why | None:
        count, used = self._by_source.get(source, (0, 0))
        if instead_of is not None and instead_of.source == source:
            count, used = count - 1, used - len(instead_of.wire)
        most_bytes = min(self.source_bytes, self.most_bytes * self.source_ppm // 1_000_000)
        most_bundles = max(1, self.most_bundles * self.source_ppm // 1_000_000)
        if used + size_bytes > most_bytes:
            text = (
                f"{source} has {used} bytes in the store, {most_bytes} are its share, and the bundle has {size_bytes}"
            )
            return Why(False, "quota", text, used + size_bytes, most_bytes, "byte")
        if count >= most_bundles:
            text = f"{source} has {count} bundles in the store, its share"
            return Why(False, "quota", text, count + 1, most_bundles, "bundle")
        return None

    def victims(self, size_bytes: int, priority: int) -> list[Entry] | None:
        """What has to go so that a bundle made here of this size and priority can stay; None where that is too little.

        Only others made here, less urgent, and not on their way: the least urgent first, and of these the one that
        expires last, for it has the most time to be made again.
        """
        needed = self.used_bytes + size_bytes - self.most_bytes
        crowd = len(self._entries) + 1 - self.most_bundles
        mine = [e for e in self._entries.values() if not (e.source or e.local or e.transfer) and e.priority < priority]
        mine.sort(key=lambda entry: (entry.priority, -entry.expires, entry.id))
        chosen: list[Entry] = []
        for entry in mine:
            if needed <= 0 and crowd <= 0:
                break
            chosen.append(entry)
            needed, crowd = needed - len(entry.wire), crowd - 1
        return chosen if needed <= 0 and crowd <= 0 else None

    def add(self, entry: Entry) -> None:
        """Store it; the caller has asked `refusal`."""
        assert entry.id not in self._entries, entry.id
        self._entries[entry.id] = entry
        self._account(entry, 1, len(entry.wire))
        if not entry.local:
            self._by_destination.setdefault(entry.destination, {})[entry.id] = entry
        heapq.heappush(self._expiries, (entry.expires, entry.id))

    def remove(self, bundle: str) -> Entry:
        """Forget it."""
        entry = self._entries.pop(bundle)
        self._account(entry, -1, -len(entry.wire))
        if not entry.local:
            group = self._by_destination[entry.destination]
            del group[bundle]
            if not group:
                del self._by_destination[entry.destination]
        if len(self._expiries) > 64 + 2 * len(self._entries):
            self._expiries = sorted((kept.expires, kept.id) for kept in self._entries.values())
        return entry

    def rewrite(self, entry: Entry, wire: bytes) -> None:
        """Replace its bytes (the age block moved on)."""
        self._account(entry, 0, len(wire) - len(entry.wire))
        entry.wire = wire

    def _account(self, entry: Entry, bundles: int, size_bytes: int) -> None:
        self.used_bytes += size_bytes
        if entry.source:
            held = self._by_source.setdefault(entry.source, [0, 0])
            held[0], held[1] = held[0] + bundles, held[1] + size_bytes
            if not held[0]:
                del self._by_source[entry.source]

    def next_expiry(self) -> Instant | None:
        """When the next entry expires."""
        while self._expiries:
            at, bundle = self._expiries[0]
            entry = self._entries.get(bundle)
            if entry is not None and entry.expires == at:
                return Instant(at)
            heapq.heappop(self._expiries)
        return None

    def expired(self, now: Instant) -> list[Entry]:
        """Entries whose time is over, oldest first; still stored."""
        found: list[Entry] = []
        while (at := self.next_expiry()) is not None and at <= now:
            found.append(self._entries[heapq.heappop(self._expiries)[1]])
        return found

    def has_whole(self, bundle: str) -> bool:
        """Whether this bundle, or a fragment of it, waits here to be sent."""
        if bundle in self._entries:
            return True
        return any(entry.whole_id == bundle and not entry.local for entry in self._entries.values())

    def outbound(self) -> Iterator[Entry]:
        """Entries to be forwarded, by destination as first stored, then as stored."""
        for group in list(self._by_destination.values()):
            yield from list(group.values())

    def entries(self) -> Iterator[Entry]:
        """All entries as stored."""
        yield from list(self._entries.values())
