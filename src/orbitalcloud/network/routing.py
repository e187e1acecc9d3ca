"""Earliest arrival over a contact plan: which neighbour first, and when the bundle would be there.

A time-respecting Dijkstra: a label is the instant at which the whole bundle is at a node. A contact is half-open, can
be used from its opening, and carries the bundle only if its last bit leaves before it closes; then light time passes.
`Terms` bind a search besides: the volume that is booked already, a lifetime, nodes that must not be used. They are kept
within the search, where SABR (CCSDS 734.3-B-1) strikes them from a list of routes afterwards: what is found is the
earliest arrival of all routes that keep them, and never later than the best of any list.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.time import HOUR, SECOND, Instant, iso
from orbitalcloud.core.why import Why
from orbitalcloud.network.volume import Bookings

_NEVER = 1 << 80
_PASS_NS = 2 * HOUR
HOPS_MOST = 255
"""The most that a hop count may say (RFC 9171 4.4.3)."""
_MARGIN = 450_000 / 3600 / 186_282
"""SABR's margin of one-way light time (CCSDS 734.3-B-1): two nodes part at 450,000 miles an hour at most while light,
at 186,282 miles a second, is on its way."""


class _Lane(NamedTuple):
    """The contacts of one ordered pair, by opening; `ends[i]` is the latest closing among the first i + 1."""

    contacts: tuple[Contact, ...]
    ends: tuple[int, ...]


class _Departures(NamedTuple):
    """The contacts of one sender: passes by opening, the longest pass, and the links that stay for hours."""

    opens: tuple[int, ...]
    passes: tuple[Contact, ...]
    longest_ns: int
    links: tuple[Contact, ...]


class ContactPlan:
    """Contacts indexed by sender and receiver. It is never changed, so that many nodes can share one."""

    __slots__ = ("_departures", "_lanes", "contacts")

    def __init__(self, contacts: Iterable[Contact] = ()) -> None:
        self.contacts: tuple[Contact, ...] = tuple(
            sorted(contacts, key=lambda contact: (contact.opens, contact.sender, contact.receiver, contact.closes))
        )
        by_pair: dict[str, dict[str, list[Contact]]] = {}
        by_sender: dict[str, list[Contact]] = {}
        for contact in self.contacts:
            by_pair.setdefault(contact.sender, {}).setdefault(contact.receiver, []).append(contact)
            by_sender.setdefault(contact.sender, []).append(contact)
        self._lanes: dict[str, dict[str, _Lane]] = {
            sender: {receiver: _lane(found) for receiver, found in sorted(lanes.items())}
            for sender, lanes in by_pair.items()
        }
        self._departures = {sender: _departures_of(found) for sender, found in by_sender.items()}

    def __len__(self) -> int:
        return len(self.contacts)

    def lanes(self, sender: str) -> dict[str, _Lane]:
        """The contacts to everyone that `sender` ever reaches, by name."""
        return self._lanes.get(sender, {})

    def departures(self, sender: str) -> _Departures:
        """The same contacts by time."""
        return self._departures.get(sender, _NO_DEPARTURES)

    def departures_after(self, sender: str, at: int) -> Iterator[Contact]:
        """Those of them that may still be open at `at` or later, by opening."""
        known = self.departures(sender)
        first = bisect_left(known.opens, at - known.longest_ns)
        return heapq.merge(known.links, known.passes[first:], key=lambda contact: contact.opens)

    def between(self, sender: str, receiver: str) -> tuple[Contact, ...]:
        """The contacts of this ordered pair, by opening."""
        lane = self.lanes(sender).get(receiver)
        return () if lane is None else lane.contacts


_NO_DEPARTURES = _Departures((), (), 0, ())


def with_light_time_margin(contacts: Iterable[Contact]) -> list[Contact]:
    """The contacts with SABR's margin on their light time, so that no route counts on light arriving sooner.

    For plans that somebody wrote in seconds, between planets above all. Passes of a World need none: between satellites
    the margin is some microseconds.
    """
    return [replace(c, light_time_ns=c.light_time_ns + math.ceil(c.light_time_ns * _MARGIN)) for c in contacts]


def _departures_of(contacts: list[Contact]) -> _Departures:
    passes = tuple(contact for contact in contacts if contact.duration_ns <= _PASS_NS)
    links = tuple(contact for contact in contacts if contact.duration_ns > _PASS_NS)
    longest = max((contact.duration_ns for contact in passes), default=0)
    return _Departures(tuple(contact.opens for contact in passes), passes, longest, links)


def _lane(contacts: list[Contact]) -> _Lane:
    ends: list[int] = []
    latest = -_NEVER
    for contact in contacts:
        latest = max(latest, contact.closes)
        ends.append(latest)
    return _Lane(tuple(contacts), tuple(ends))


@dataclass(frozen=True, slots=True)
class Route:
    """The contacts to take one after the other, and when the bundle is at its destination."""

    arrival: Instant
    contacts: tuple[Contact, ...]

    @property
    def first_hop(self) -> str:
        """The neighbour to send to."""
        return self.contacts[0].receiver

    @property
    def why(self) -> Why:
        """What a person reads: the hops and the time."""
        first = self.contacts[0]
        text = (
            f"{self.hops}: of all ways the first to be there, at {iso(self.arrival)}; first contact {iso(first.opens)}"
        )
        return Why(True, "route", text, self.arrival // SECOND, 0, "s")

    @property
    def hops(self) -> str:
        """The nodes on the way, for people: `a → b → c`."""
        return " → ".join((self.contacts[0].sender, *[contact.receiver for contact in self.contacts]))

    def why_before(self, other: Route | None) -> Why:
        """The same, beside the next best way with another first contact."""
        why = self.why
        limit = 0 if other is None else other.arrival // SECOND
        return Why(True, why.rule, f"{why.text}; {beside(self, other)}", why.value, limit, why.unit)

    def volume_bytes(self, now: Instant) -> int:
        """How many bytes the route carries for who begins it at `now`: what its narrowest contact has room for."""
        at: int = now
        least = self.contacts[0].room_bytes(now)
        for contact in self.contacts:
            at = max(at, contact.opens)
            least = min(least, contact.room_bytes(Instant(at)))
            at += contact.light_time_ns
        return least

    def arrival_from(self, now: Instant, size_bytes: int) -> Instant | None:
        """When a bundle that starts at `now` arrives over these same contacts; None if one is missed."""
        at: int = now
        for contact in self.contacts:
            start = Instant(max(at, contact.opens))
            left = start + contact.serialisation_ns(size_bytes, start)
            if left > contact.closes:
                return None
            at = left + contact.light_time_ns
        return Instant(at)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a route must keep besides the plan.

    Contacts in `without` and nodes in `avoid` (but for the ends) are not used; the bundle arrives before `expires` and
    takes `hops` contacts at most; what `bookings` hold at its `priority` or a higher one is taken. On the first contact
    they are ahead of it in the queue, so that it leaves after them (SABR's earliest transmission opportunity).
    """

    without: Collection[Contact] = ()
    avoid: Collection[str] = ()
    expires: int = _NEVER
    bookings: Bookings | None = None
    priority: int = 0
    hops: int = HOPS_MOST

    def start_bytes(self, contact: Contact, source: str, size_bytes: int) -> int | None:
        """How many bytes must leave on the contact until the bundle's last one has; None where it may not be used."""
        if contact.receiver in self.avoid or contact in self.without:
            return None
        if self.bookings is None:
            return size_bytes
        ahead = self.bookings.booked_bytes(contact, self.priority)
        if contact.sender == source:
            return size_bytes + ahead
        return size_bytes if not ahead or ahead + size_bytes <= contact.capacity_bytes else None


def beside(route: Route, other: Route | None) -> str:
    """The next best way in words: via whom and when it arrives."""
    if other is None:
        return "there is no other"
    again = " again" if other.first_hop == route.first_hop else ""
    first = f"via {other.first_hop}{again} from {iso(other.contacts[0].opens)}"
    return f"next best {first}, there at {iso(other.arrival)}"


_FREE = Terms()


def route(
    plan: ContactPlan,
    source: str,
    destination: str,
    now: Instant,
    size_bytes: int,
    terms: Terms = _FREE,
) -> Route | None:
    """The earliest arrival of `size_bytes` that are at `source` now; ties go to fewer hops, then to names.

    None where the plan has no way that keeps the `terms`.
    """
    if source == destination:
        return None
    return soonest(plan, source, frozenset({destination}), now, size_bytes, terms)


def soonest(
    plan: ContactPlan,
    source: str,
    destinations: frozenset[str],
    now: Instant,
    size_bytes: int,
    terms: Terms = _FREE,
) -> Route | None:
    """The earliest arrival at any of `destinations`: one search, however many there are."""
    search = _Search(source, destinations, now, size_bytes, terms)
    while search.heap:
        at, hops, node = heapq.heappop(search.heap)
        if node in destinations and node != source:
            path = search.path(source, node)
            if len(path) > terms.hops:
                return _within_hops(plan, source, destinations, now, size_bytes, terms)
            return Route(Instant(at), path)
        if (at, hops) > search.best[node]:
            continue
        if len(destinations) == 1:
            lane = plan.lanes(node).get(next(iter(destinations)))
            if lane is not None:
                # First, because an arrival there bounds everything else.
                search.relax_lane(lane, at, hops + 1)
        _expand(plan, search, node, at, hops + 1)
    return None


def _expand(plan: ContactPlan, search: _Search, node: str, at: int, hops: int) -> None:
    """Relax every contact that a bundle at `node` can take before the goal."""
    departures = plan.departures(node)
    for contact in departures.links:
        if contact.closes > at and contact.opens < search.goal:
            search.relax(contact, at, hops)
    for index in range(bisect_left(departures.opens, at - departures.longest_ns), len(departures.opens)):
        if departures.opens[index] > search.goal:
            break
        contact = departures.passes[index]
        if contact.closes > at:
            search.relax(contact, at, hops)


def _within_hops(
    plan: ContactPlan, source: str, destinations: frozenset[str], now: Instant, size_bytes: int, terms: Terms
) -> Route | None:
    """The earliest arrival over `terms.hops` contacts at most: for each node also its later arrivals of fewer hops."""
    search = _Search(source, destinations, now, size_bytes, terms)
    heap: list[tuple[int, int, str, int, tuple[Contact, ...]]] = [(now, 0, source, 0, ())]
    fewest: dict[str, int] = {}
    made = 0
    while heap:
        at, hops, node, _, path = heapq.heappop(heap)
        if hops >= fewest.get(node, HOPS_MOST + 1):
            continue
        fewest[node] = hops
        if node in destinations and node != source:
            return Route(Instant(at), path)
        for contact in plan.departures_after(node, at) if hops < terms.hops else ():
            if contact.opens > search.goal:
                break
            arrival = search.arrival(contact, at)
            if arrival is None or fewest.get(contact.receiver, HOPS_MOST) <= hops + 1:
                continue
            if contact.receiver in destinations:
                search.goal = arrival
            made += 1
            heapq.heappush(heap, (arrival, hops + 1, contact.receiver, made, (*path, contact)))
    return None


class _Search:
    """The labels of one look-up: (arrival, hops) and the last contact of every node reached."""

    __slots__ = ("_back", "_destinations", "_free", "_size_bytes", "_source", "_terms", "best", "goal", "heap")

    def __init__(self, source: str, destinations: frozenset[str], now: int, size_bytes: int, terms: Terms) -> None:
        self.best: dict[str, tuple[int, int]] = {source: (now, 0)}
        self.heap: list[tuple[int, int, str]] = [(now, 0, source)]
        self.goal = terms.expires - 1
        self._back: dict[str, Contact] = {}
        self._source, self._destinations, self._size_bytes, self._terms = source, destinations, size_bytes, terms
        self._free = not (terms.without or terms.avoid or terms.bookings)

    def arrival(self, contact: Contact, at: int) -> int | None:
        """When the bundle is at the end of `contact`, if it is at its sender at `at`; None where that cannot be."""
        size = self._allowed(contact)
        if size is None or contact.closes <= at:
            return None
        start = Instant(max(at, contact.opens))
        left = start + contact.serialisation_ns(size, start)
        arrival = left + contact.light_time_ns
        return None if left > contact.closes or arrival > self.goal else arrival

    def relax(self, contact: Contact, at: int, hops: int) -> None:
        """See whether `contact`, taken by a bundle that is at its sender at `at`, reaches its receiver better."""
        receiver = contact.receiver
        known = self.best.get(receiver)
        start = contact.opens if contact.opens > at else at
        if known is not None and known[0] < start:
            return
        size = self._size_bytes
        if not self._free:
            allowed = self._allowed(contact)
            if allowed is None:
                return
            size = allowed
        left = start + contact.serialisation_ns(size, Instant(start))
        arrival = left + contact.light_time_ns
        if left > contact.closes or arrival > self.goal or (known is not None and known <= (arrival, hops)):
            return
        self.best[receiver] = (arrival, hops)
        self._back[receiver] = contact
        if receiver in self._destinations:
            self.goal = arrival
        heapq.heappush(self.heap, (arrival, hops, receiver))

    def _allowed(self, contact: Contact) -> int | None:
        """Bytes to be sent on it until this bundle is; the destinations' own names are never avoided."""
        if contact.receiver in self._destinations and contact.receiver in self._terms.avoid:
            return None if contact in self._terms.without else self._size_bytes
        return self._terms.start_bytes(contact, self._source, self._size_bytes)

    def relax_lane(self, lane: _Lane, at: int, hops: int) -> None:
        """The same for all contacts of one pair that can still bring it on."""
        for index in range(bisect_right(lane.ends, at), len(lane.contacts)):
            contact = lane.contacts[index]
            if contact.opens > self.goal:
                break
            if contact.closes > at:
                self.relax(contact, at, hops)

    def path(self, source: str, node: str) -> tuple[Contact, ...]:
        """The contacts from `source` to `node`."""
        path: list[Contact] = []
        while node != source:
            path.append(self._back[node])
            node = path[-1].sender
        return tuple(reversed(path))
