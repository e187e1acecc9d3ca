"""How notices spread: each neighbour is told what it does not know yet, within a budget of bytes.

    contact opens ─► first time, or long ago: Summary (who, which version) ─► the peer answers with what that lacks,
                  │                                                           and, where asked, with its own Summary
                  └► else: News, what changed here since the peer was last told or was heard of
    while it stays open: News again, at most once in `push_ns`

What a peer knows is remembered, so that nothing is told twice; where that memory is wrong (a bundle expired, a node
began anew) the next Summary mends it. Each peer has a bucket of bytes: a contact costs at most `contact_bytes` at once
and no more than they grow back, whatever is asked for. Answers go only where a contact is open, so a question with a
false sender brings nobody a flood.

A new node knows one peer: its Summary is empty, the answer is all that fits, and the rest comes with later contacts.
"""

from __future__ import annotations

import hashlib
import typing
from collections.abc import Iterable
from functools import lru_cache
from heapq import nsmallest
from typing import Annotated

import msgspec
from msgspec import Meta

from orbitalcloud.core.encoding import canonical_pack
from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import HOUR, MINUTE, Instant
from orbitalcloud.network.notice_board import NoticeBoard
from orbitalcloud.network.notices import (
    CAPACITY,
    CONTACTS,
    INTRODUCTION,
    MAX_NOTICE_BYTES,
    MAX_PROOF_BYTES,
    End,
    Signed,
)

TAG_BYTES = 8
DIGEST_BYTES = 4
_ENDED = 0
_CODES = {CONTACTS: 1, INTRODUCTION: 2, CAPACITY: 3}
"""What goes first when not all fits: the ends of keys, then contacts that will not be, names, capacities."""
MAX_ENTRIES = 1024
MAX_NEWS = 512
_OVERHEAD = 8
_LINE_BYTES = 32
"""An entry's most, but for absurd versions."""

Tag = Annotated[bytes, Meta(min_length=TAG_BYTES, max_length=TAG_BYTES)]
Number = Annotated[int, Meta(ge=0, le=2**53)]
Code = Annotated[int, Meta(ge=0, le=3)]


class GossipLimits(msgspec.Struct, frozen=True):
    """What spreading may cost."""

    contact_bytes: int = 16_384
    """Most that one peer is sent at once; half of it at most is a summary."""
    regrow_ns: int = HOUR
    """In this time the peer's bucket is full again."""
    push_ns: int = 15 * MINUTE
    relay_ns: int = 6 * HOUR
    """What others offer and plan is passed on to one peer at most so often; own notices and what presses go at once."""
    repair_ns: int = 12 * HOUR
    """How long the memory of what a peer knows is trusted before summaries are compared again."""
    message_bytes: int = 65_536
    peers: int = 4096


class Entry(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One line of a summary: a key's tag, what it is of (0: the key's end), its version and the start of its digest.

    The digest is what makes two faces meet: of one version, two boards may hold two different notices.
    """

    tag: Tag
    code: Code
    epoch: Number
    sequence: Number
    digest: Annotated[bytes, Meta(max_length=DIGEST_BYTES)]


class Summary(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="summary/1"):
    """All that the sender has of keys whose tags are in [first, last]; `ask`: it would have the receiver's as well."""

    ask: bool
    first: Tag
    last: Tag
    entries: Annotated[tuple[Entry, ...], Meta(max_length=MAX_ENTRIES)]


class News(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="news/1"):
    """Notices and proofs, each as it was signed."""

    notices: Annotated[tuple[Annotated[bytes, Meta(max_length=MAX_NOTICE_BYTES)], ...], Meta(max_length=MAX_NEWS)]
    proofs: Annotated[tuple[Annotated[bytes, Meta(max_length=MAX_PROOF_BYTES)], ...], Meta(max_length=MAX_NEWS)] = ()


_READ = msgspec.msgpack.Decoder(Summary | News)
_LOWEST, _HIGHEST = bytes(TAG_BYTES), b"\xff" * TAG_BYTES


def read_message(data: bytes, most_bytes: int) -> Summary | News:
    """What a peer sent; `RemoteProtocolError` (`gossip-…`) unless it is bounded and well formed."""
    if len(data) > most_bytes:
        raise RemoteProtocolError("gossip-size", f"{len(data)} bytes, at most {most_bytes} are read")
    try:
        message: Summary | News = _READ.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteProtocolError("gossip-form", str(error)[:200]) from None
    return message


@lru_cache(65_536)
def tag_of(key: bytes) -> bytes:
    """What a key is called in summaries."""
    return hashlib.blake2b(key, digest_size=TAG_BYTES, person=b"orbital-gossip").digest()


_Place = tuple[bytes, int]
_Version = tuple[int, int, bytes]
_ENDED_VERSION = (0, 0, b"")
_Line = tuple[int, int, _Place, _Version, Signed | End]
"""How much it is needed, how old it is, its place, its version, itself."""
_LEAST_NOTICE_BYTES = 100
"""A signature and a key are 96 bytes: no more than so many can fit."""


class _Neighbour:
    """What one peer knows, and how many bytes it may be sent."""

    __slots__ = ("budget", "cursor", "gone_through", "knows", "relayed", "since", "summarised", "told", "waiting")

    def __init__(self, budget: int, now: int) -> None:
        self.knows: dict[_Place, _Version] = {}
        self.budget, self.since = budget, now
        self.summarised: int | None = None
        """When summaries were last compared."""
        self.told: int | None = None
        self.relayed: int | None = None
        """When it was last told what others offer."""
        self.gone_through = 0
        """The board's change up to which all was told, is known or is waiting."""
        self.waiting: dict[_Place, _Line] = {}
        """What did not fit in its bytes yet."""
        self.cursor = _LOWEST

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        """Frozen, what it knows is one byte string: a station has hundreds of lines for each of a hundred peers."""
        kept = {name: getattr(self, name) for name in self.__slots__} | {"gone_through": 0, "waiting": {}}
        return None, kept | {"knows": msgspec.msgpack.encode([*self.knows.items()])}

    def __setstate__(self, state: tuple[None, dict[str, typing.Any]]) -> None:
        for name, value in state[1].items():
            setattr(self, name, value)
        self.knows = dict(msgspec.msgpack.decode(state[1]["knows"], type=list[tuple[_Place, _Version]]))


class Gossip:
    """One node's spreading of what is on its board. Pure: what to send comes back as messages."""

    __slots__ = ("_neighbours", "board", "limits", "sent_bytes")

    def __init__(self, board: NoticeBoard, limits: GossipLimits | None = None) -> None:
        self.board, self.limits = board, limits or GossipLimits()
        self._neighbours: dict[str, _Neighbour] = {}
        self.sent_bytes = 0

    def opened(self, now: Instant, peer: str) -> list[bytes]:
        """A contact with `peer` begins: what to send it."""
        neighbour = self._neighbour(now, peer)
        if neighbour is None:
            return []
        since = neighbour.summarised
        if since is None or now - since >= self.limits.repair_ns:
            neighbour.summarised = now
            return self._summary(now, neighbour, ask=since is None) + self._own_news(now, neighbour)
        return self._news(now, neighbour)

    def push(self, now: Instant, peer: str) -> list[bytes]:
        """The contact with `peer` is still open: what is new, unless it was told a moment ago."""
        neighbour = self._neighbour(now, peer)
        if neighbour is None or (neighbour.told is not None and now - neighbour.told < self.limits.push_ns):
            return []
        return self._news(now, neighbour)

    def heard(self, now: Instant, peer: str, message: Summary | News) -> list[bytes]:
        """What to answer `peer`, with whom a contact is open. News are answered with nothing: see `learned`."""
        neighbour = self._neighbour(now, peer)
        if neighbour is None or not isinstance(message, Summary):
            return []
        for place in [place for place in neighbour.knows if message.first <= place[0] <= message.last]:
            del neighbour.knows[place]
        neighbour.gone_through, neighbour.relayed = 0, None
        for entry in message.entries:
            neighbour.knows[entry.tag, entry.code] = (entry.epoch, entry.sequence, entry.digest)
        answer: list[bytes] = []
        since = neighbour.summarised
        if message.ask and (since is None or now - since >= self.limits.push_ns):
            neighbour.summarised = now
            answer += self._summary(now, neighbour, ask=False)
        return answer + self._news(now, neighbour)

    def learned(self, now: Instant, peer: str, item: Signed | End) -> None:
        """`peer` brought this: it need not be told."""
        neighbour = self._neighbour(now, peer)
        if neighbour is not None:
            neighbour.knows.update([_line(item)])

    # Making messages -------------------------------------------------------------------------------------------------

    def _neighbour(self, now: Instant, peer: str) -> _Neighbour | None:
        known = self._neighbours.get(peer)
        if known is None:
            if len(self._neighbours) >= self.limits.peers:
                del self._neighbours[next(iter(self._neighbours))]
            known = self._neighbours[peer] = _Neighbour(self.limits.contact_bytes, now)
        most, gone = self.limits.contact_bytes, max(0, now - known.since)
        gained = most if gone >= self.limits.regrow_ns else most * gone // self.limits.regrow_ns
        if gained:
            known.budget, known.since = min(most, known.budget + gained), now
        return known

    def _summary(self, now: Instant, neighbour: _Neighbour, ask: bool) -> list[bytes]:
        """As many lines as half the budget carries, going on the next time where it ended."""
        lines = sorted(map(_line, self._all()))
        room = min(MAX_ENTRIES, neighbour.budget // 2 // _LINE_BYTES)
        rest = [line for line in lines if line[0][0] >= neighbour.cursor]
        first, last = neighbour.cursor, _HIGHEST
        if len(rest) > room:
            cut = rest[room][0][0]
            rest = [line for line in rest if line[0][0] < cut]
            last = (int.from_bytes(cut, "big") - 1).to_bytes(TAG_BYTES, "big") if cut > _LOWEST else _LOWEST
            neighbour.cursor = cut if rest else _LOWEST
        else:
            neighbour.cursor = _LOWEST
        if room < 1 or last < first:
            return []
        entries = tuple(Entry(tag, code, *version) for (tag, code), version in rest)
        return self._sent(neighbour, canonical_pack(Summary(ask, first, last, entries)))

    def _all(self) -> list[Signed | End]:
        return [*self.board.ends(), *self.board.held()]

    def _own_news(self, now: Instant, neighbour: _Neighbour) -> list[bytes]:
        own = [signed for signed in self.board.held() if signed.notice.key == self.board.own]
        return self._packed(now, neighbour, [line for line in map(_ranked, own) if _is_new(neighbour, line)])

    def _news(self, now: Instant, neighbour: _Neighbour) -> list[bytes]:
        """What changed here since, and what waits, as far as the neighbour's bytes go."""
        self.board.expire(now)
        waiting = neighbour.waiting
        for item in self.board.since(neighbour.gone_through):
            line = _ranked(item)
            waiting[line[2]] = line
        neighbour.gone_through = self.board.changes
        for place in [p for p, line in waiting.items() if not (self.board.has(line[4]) and _is_new(neighbour, line))]:
            del waiting[place]
        most = min(neighbour.budget, self.limits.message_bytes) // _LEAST_NOTICE_BYTES + 1
        if neighbour.relayed is None or now - neighbour.relayed >= self.limits.relay_ns:
            messages = self._packed(now, neighbour, nsmallest(most, waiting.values()))
            neighbour.relayed = neighbour.relayed if waiting else now
            return messages
        own = tag_of(self.board.own)
        pressing = (line for line in waiting.values() if line[2][0] == own or _is_pressing(line[4]))
        return self._packed(now, neighbour, nsmallest(most, pressing))

    def _packed(self, now: Instant, neighbour: _Neighbour, lines: Iterable[_Line]) -> list[bytes]:
        """The most needed and newest first, as far as the neighbour's bytes go."""
        notices: list[bytes] = []
        proofs: list[bytes] = []
        size = _OVERHEAD
        for _, _, place, version, item in sorted(lines):
            more = len(item.wire) + 3
            if size + more > min(neighbour.budget, self.limits.message_bytes) or len(notices) >= MAX_NEWS:
                break
            size += more
            is_proof = isinstance(item, End) and item.reason == "two-faced"
            (proofs if is_proof else notices).append(item.wire)
            neighbour.knows[place] = version
            neighbour.waiting.pop(place, None)
        if not notices and not proofs:
            return []
        neighbour.told = now
        return self._sent(neighbour, canonical_pack(News(tuple(notices), tuple(proofs))))

    def _sent(self, neighbour: _Neighbour, message: bytes) -> list[bytes]:
        neighbour.budget -= len(message)
        self.sent_bytes += len(message)
        return [message]


def _line(item: Signed | End) -> tuple[_Place, _Version]:
    if isinstance(item, End):
        return (tag_of(item.key), _ENDED), _ENDED_VERSION
    return (tag_of(item.notice.key), _CODES[item.kind]), (*item.notice.version, item.digest[:DIGEST_BYTES])


def _ranked(item: Signed | End) -> _Line:
    """The item with what it is sorted by: no two have one place."""
    place, version = _line(item)
    return place[1], -item.notice.issued_s if isinstance(item, Signed) else 0, place, version, item


def _is_pressing(item: Signed | End) -> bool:
    """Whether others should hear of it soon: a key's end, a new name, a contact that will not be."""
    return isinstance(item, End) or item.kind == INTRODUCTION or bool(getattr(item.notice, "off", ()))


def _is_new(neighbour: _Neighbour, line: _Line) -> bool:
    """Whether the neighbour does not know it, as far as is remembered."""
    _, _, place, version, _ = line
    known = neighbour.knows.get(place)
    return known is None or known[:2] < version[:2] or (known[:2] == version[:2] and known != version)
