"""The notice board of one node: takes, judges and keeps what others say of themselves.

    bytes ─► bounded, canonical ─► in time ─► key not ended ─► newer than what is here ─► signed ─► kept

The cheap checks stand first, so that a stranger buys no signature check with nothing. One notice is kept of each key
and kind, the newest; so boards that have heard the same end up the same, in whatever order they heard it. An old
version is ignored (a replay does nothing); a second version of the same number is the proof that ends the key.

What fills a board up are strangers: keys that nobody here has a name for and that were never met in a contact. They
have a share of their own, and where that is full, room is made among them, first from the peer who brought the most:
whoever invents a thousand nodes displaces these. Those whom we know are never displaced.
"""

from __future__ import annotations

import typing
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import MINUTE, SECOND, Instant
from orbitalcloud.network.identity import Petnames, key_name
from orbitalcloud.network.notices import (
    CAPACITY,
    CONTACTS,
    INTRODUCTION,
    Capacity,
    Contacts,
    End,
    Revocation,
    Signed,
    check_times,
    contradiction,
    is_signed,
    prove_two_faced,
    read_notice,
    read_proof,
    revoked,
)

_KEPT = (CONTACTS, INTRODUCTION, CAPACITY)
_T = TypeVar("_T")


class BoardLimits(msgspec.Struct, frozen=True):
    """The bounds of a board. A key has three notices at most, so the sum is (strangers + 3 × known) notices."""

    strangers: int = 1024
    """Notices of keys that are not known here."""
    stranger_ends: int = 1024
    """Ends (revocations, contradictions) of such keys."""
    acquaintances: int = 4096
    """Keys met in contacts that are remembered as known; petnames come on top."""
    skew_s: int = 600
    peer_burst: int = 2048
    """Notices that one peer may bring at once; all strangers together are one peer."""
    peer_each_ns: int = SECOND // 4
    """… and after that one in this time."""
    key_burst: int = 16
    """Changes of one key's notices that are taken at once."""
    key_each_ns: int = MINUTE
    buckets: int = 8192


@dataclass(slots=True)
class _Bucket:
    """A token bucket in whole tokens: `burst` of them, one more each `each_ns`."""

    tokens: int
    since: int

    def spend(self, now: int, burst: int, each_ns: int) -> bool:
        """Whether there was a token."""
        gained = max(0, now - self.since) // each_ns
        if self.tokens + gained >= burst:
            self.tokens, self.since = burst, now
        else:
            self.tokens, self.since = self.tokens + gained, self.since + gained * each_ns
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class NoticeBoard:
    """Sans-IO: instants and bytes in, what is news out. `own` is this node's key, which no bucket holds back."""

    __slots__ = (
        "_acquainted",
        "_changed",
        "_ends",
        "_from",
        "_held",
        "_keys",
        "_peers",
        "_soonest_s",
        "_stranger_ends",
        "changes",
        "limits",
        "names",
        "own",
    )

    def __init__(self, own: bytes, names: Petnames | None = None, limits: BoardLimits | None = None) -> None:
        self.own, self.names, self.limits = own, names or Petnames(), limits or BoardLimits()
        self._held: dict[tuple[bytes, str], Signed] = {}
        self._from: dict[tuple[bytes, str], str] = {}
        """Which peer brought it, of strangers' notices only."""
        self._ends: dict[bytes, End] = {}
        self._stranger_ends: dict[bytes, str] = {}
        self._acquainted: dict[bytes, None] = {}
        self._peers: dict[str, _Bucket] = {}
        self._keys: dict[bytes, _Bucket] = {}
        self.changes = 0
        """How often anything was put up: what came after a number is `since` it."""
        self._changed: dict[tuple[bytes, str], int] = {}
        """When each slot (an end's kind is empty) was last put up, the latest last."""
        self._soonest_s = 0
        """No notice expires before it."""

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        """Frozen, the notices are one byte string: a fleet's boards hold the same thousands of them."""
        kept = {name: getattr(self, name) for name in self.__slots__}
        return None, kept | {"_held": msgspec.msgpack.encode([signed.wire for signed in self._held.values()])}

    def __setstate__(self, state: tuple[None, dict[str, typing.Any]]) -> None:
        """Thawed, each is read again."""
        for name, value in state[1].items():
            setattr(self, name, value)
        read = map(read_notice, msgspec.msgpack.decode(state[1]["_held"], type=list[bytes]))
        self._held = {signed.slot: signed for signed in read}

    # What is on it ---------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._held)

    def held(self) -> Iterable[Signed]:
        """Every notice."""
        return self._held.values()

    def since(self, change: int) -> Iterator[Signed | End]:
        """What was put up after `change` and still holds, the latest first; all of it after 0."""
        for slot in reversed(self._changed):
            if self._changed[slot] <= change:
                return
            item = self._held.get(slot) if slot[1] else self._ends.get(slot[0])
            if item is not None:
                yield item

    def has(self, item: Signed | End) -> bool:
        """Whether this very notice or end is still up."""
        return (self._held.get(item.slot) if isinstance(item, Signed) else self._ends.get(item.key)) is item

    def _put_up(self, slot: tuple[bytes, str]) -> None:
        self.changes += 1
        self._changed.pop(slot, None)
        self._changed[slot] = self.changes

    def ends(self) -> Iterable[End]:
        """Every key that is not believed any more, with the evidence."""
        return self._ends.values()

    def end(self, key: bytes) -> End | None:
        """Why this key is not believed any more, if so."""
        return self._ends.get(key)

    def signed(self, key: bytes, kind: str) -> Signed | None:
        """The notice in this slot."""
        return self._held.get((key, kind))

    def capacities(self, now: Instant) -> Iterator[Capacity]:
        """What nodes offer that holds now, by key."""
        for (_, kind), signed in sorted(self._held.items()):
            notice = signed.notice
            if kind == CAPACITY and isinstance(notice, Capacity) and notice.expires_s > now // SECOND:
                yield notice

    def contacts(self, now: Instant) -> Iterator[Contacts]:
        """What nodes say of their contacts that holds now, by key."""
        for (_, kind), signed in sorted(self._held.items()):
            notice = signed.notice
            if kind == CONTACTS and isinstance(notice, Contacts) and notice.expires_s > now // SECOND:
                yield notice

    def knows(self, key: bytes) -> bool:
        """Whether the key is somebody here: this node, one with a petname, or one met in a contact."""
        return key == self.own or key in self._acquainted or self.names.name(key) in self.names

    def meet(self, key: bytes) -> None:
        """There was a contact with the holder of this key: it is no stranger from now on, and keeps its place."""
        if self.knows(key):
            return
        if len(self._acquainted) < self.limits.acquaintances:
            self._acquainted[key] = None
            for kind in _KEPT:
                self._from.pop((key, kind), None)
            self._stranger_ends.pop(key, None)

    # Taking ----------------------------------------------------------------------------------------------------------

    def take(self, now: Instant, peer: str, wire: bytes) -> Signed | End | None:
        """A notice that `peer` brought: the notice if it is news, the end of a key that it is or proves, else None.

        `RemoteProtocolError` names why it is refused: `notice-flood`, `notice-size`, `notice-form`, `notice-canonical`,
        `notice-key`, `notice-future`, `notice-expired`, `notice-lifetime`, `notice-ended`, `notice-binding`,
        `notice-signature`, `notice-rate`, `notice-room`, `revocation-right`.
        """
        self._charge(now, peer)
        signed = read_notice(wire)
        notice = signed.notice
        check_times(notice, now, self.limits.skew_s)
        if isinstance(notice, Revocation):
            return self._revoke(signed, peer)
        if notice.key in self._ends:
            raise RemoteProtocolError("notice-ended", f"{key_name(notice.key)}: {self._ends[notice.key].reason}")
        bound = self.names.key(notice.name)
        if bound is not None and bound != notice.key:
            raise RemoteProtocolError("notice-binding", f"{notice.name} is {key_name(bound)} here, not its signer")
        held = self._held.get(signed.slot)
        if held is not None:
            if held.digest == signed.digest:
                return None
            opposed = contradiction(held, signed)
            if notice.version < held.notice.version and not opposed:
                return None  # an old one: whether it was ever signed is no matter
        if not is_signed(signed):
            raise RemoteProtocolError("notice-signature", f"not signed by {key_name(notice.key)}")
        if held is not None and opposed:
            return self._end(prove_two_faced(held, signed), peer)
        self._charge_key(now, notice.key)
        self._keep(now, signed, peer)
        return signed

    def take_proof(self, now: Instant, peer: str, wire: bytes) -> End | None:
        """A contradiction that `peer` shows: the end of a key if it is news. `RemoteProtocolError` as in `take`, and
        `proof-…` where it proves nothing."""
        self._charge(now, peer)
        end = read_proof(wire)
        return None if end.key in self._ends else self._end(end, peer)

    def publish(self, signed: Signed) -> None:
        """A notice of this node's own."""
        assert signed.notice.key == self.own, "others' notices are taken"
        self._hold(signed)

    def expire(self, now: Instant) -> None:
        """Forget what holds no more."""
        now_s = now // SECOND
        if now_s < self._soonest_s:
            return
        for slot in [slot for slot, signed in self._held.items() if signed.notice.expires_s <= now_s]:
            self._forget(slot)
        self._soonest_s = min((signed.notice.expires_s for signed in self._held.values()), default=0)

    def _hold(self, signed: Signed) -> None:
        self._held[signed.slot] = signed
        self._soonest_s = min(self._soonest_s, signed.notice.expires_s)
        self._put_up(signed.slot)

    def _revoke(self, signed: Signed, peer: str) -> End | None:
        notice = signed.notice
        assert isinstance(notice, Revocation), "the caller looked"
        if notice.subject in self._ends:
            return None
        if not is_signed(signed):
            raise RemoteProtocolError("notice-signature", f"not signed by {key_name(notice.key)}")
        return self._end(revoked(signed), peer)

    def _end(self, end: End, peer: str) -> End:
        if not self.knows(end.key):
            if len(self._stranger_ends) >= self.limits.stranger_ends:
                victim = _least_needed(self._stranger_ends)
                del self._stranger_ends[victim], self._ends[victim]
                self._changed.pop((victim, ""), None)
            self._stranger_ends[end.key] = peer
        self._ends[end.key] = end
        self._put_up((end.key, ""))
        for kind in _KEPT:
            self._forget((end.key, kind))
        return end

    def _forget(self, slot: tuple[bytes, str]) -> None:
        self._held.pop(slot, None)
        self._from.pop(slot, None)
        self._changed.pop(slot, None)

    def _keep(self, now: Instant, signed: Signed, peer: str) -> None:
        if signed.slot not in self._held and not self.knows(signed.notice.key):
            if len(self._from) >= self.limits.strangers:
                self.expire(now)
            if len(self._from) >= self.limits.strangers:
                victim = _least_needed(self._from)
                if Counter(self._from.values())[peer] >= Counter(self._from.values())[self._from[victim]]:
                    raise RemoteProtocolError("notice-room", f"{peer} brought the most of {len(self._from)} strangers'")
                self._forget(victim)
            self._from[signed.slot] = peer
        self._hold(signed)

    # Rates -----------------------------------------------------------------------------------------------------------

    def _charge(self, now: Instant, peer: str) -> None:
        bucket = self._peers.get(peer)
        who = peer
        if bucket is None:
            known = self.names.key(peer)
            who = peer if known is not None and self.knows(known) else ""
            bucket = self._peers.setdefault(who, _Bucket(self.limits.peer_burst, now))
        if not bucket.spend(now, self.limits.peer_burst, self.limits.peer_each_ns):
            raise RemoteProtocolError("notice-flood", f"{who or 'strangers'}: more than one in {self._pace} s")

    @property
    def _pace(self) -> float:
        return self.limits.peer_each_ns / SECOND

    def _charge_key(self, now: Instant, key: bytes) -> None:
        """Only what a key has really signed is counted against it."""
        if key not in self._keys and len(self._keys) >= self.limits.buckets:
            full = [one for one, bucket in self._keys.items() if bucket.since + self._refill_ns <= now]
            for one in full or [next(iter(self._keys))]:
                del self._keys[one]
        bucket = self._keys.setdefault(key, _Bucket(self.limits.key_burst, now))
        if not bucket.spend(now, self.limits.key_burst, self.limits.key_each_ns):
            raise RemoteProtocolError("notice-rate", f"{key_name(key)} changes its notices too often")

    @property
    def _refill_ns(self) -> int:
        return self.limits.key_burst * self.limits.key_each_ns


def _least_needed(brought: dict[_T, str]) -> _T:
    """The oldest of what the peer brought who brought the most; ties by the peer's name."""
    peer, _ = max(Counter(brought.values()).items(), key=lambda item: (item[1], item[0]))
    return next(slot for slot, by in brought.items() if by == peer)
