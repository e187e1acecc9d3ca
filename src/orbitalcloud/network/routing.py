"""Earliest arrival over a contact plan: which neighbour first, and when the bundle would be there.

A time-respecting Dijkstra: a label is the instant at which the whole bundle is at a node. A contact is half-open, can
be used from its opening, and carries the bundle only if its last bit leaves before it closes; then light time passes.
Volume that others use is not counted here.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.time import HOUR, SECOND, Instant, iso
from orbitalcloud.core.why import Why

_NEVER = 1 << 80
_PASS_NS = 2 * HOUR
_STALE_NS = 10 * SECOND
_CACHED = 65_536


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

    def between(self, sender: str, receiver: str) -> tuple[Contact, ...]:
        """The contacts of this ordered pair, by opening."""
        lane = self.lanes(sender).get(receiver)
        return () if lane is None else lane.contacts


_NO_DEPARTURES = _Departures((), (), 0, ())


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
        hops = " → ".join((first.sender, *[contact.receiver for contact in self.contacts]))
        text = f"{hops}, first contact {iso(first.opens)}, there {iso(self.arrival)}"
        return Why(True, "route", text, self.arrival // SECOND, 0, "s")

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


def route(
    plan: ContactPlan,
    source: str,
    destination: str,
    now: Instant,
    size_bytes: int,
    without: Collection[Contact] = (),
) -> Route | None:
    """The earliest arrival of `size_bytes` that are at `source` now; ties go to fewer hops, then to names.

    Contacts in `without` are not used. None where the plan has no way.
    """
    if source == destination:
        return None
    return soonest(plan, source, frozenset({destination}), now, size_bytes, without)


def soonest(
    plan: ContactPlan,
    source: str,
    destinations: frozenset[str],
    now: Instant,
    size_bytes: int,
    without: Collection[Contact] = (),
) -> Route | None:
    """The earliest arrival at any of `destinations`: one search, however many there are."""
    search = _Search(source, destinations, now, size_bytes, without)
    while search.heap:
        at, hops, node = heapq.heappop(search.heap)
        if node in destinations and node != source:
            return Route(Instant(at), search.path(source, node))
        if (at, hops) > search.best[node]:
            continue
        if len(destinations) == 1:
            lane = plan.lanes(node).get(next(iter(destinations)))
            if lane is not None:
                # First, because an arrival there bounds everything else.
                found = _earliest(lane, at, size_bytes, search.goal, without)
                if found is not None:
                    search.relax(found, at, hops + 1)
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


class _Search:
    """The labels of one look-up: (arrival, hops) and the last contact of every node reached."""

    __slots__ = ("_back", "_destinations", "_size_bytes", "_without", "best", "goal", "heap")

    def __init__(
        self, source: str, destinations: frozenset[str], now: int, size_bytes: int, without: Collection[Contact]
    ) -> None:
        self.best: dict[str, tuple[int, int]] = {source: (now, 0)}
        self.heap: list[tuple[int, int, str]] = [(now, 0, source)]
        self.goal = _NEVER
        self._back: dict[str, Contact] = {}
        self._destinations, self._size_bytes, self._without = destinations, size_bytes, without

    def relax(self, contact: Contact, at: int, hops: int) -> None:
        """See whether `contact`, taken by a bundle that is at its sender at `at`, reaches its receiver better."""
        receiver = contact.receiver
        known = self.best.get(receiver)
        start = contact.opens if contact.opens > at else at
        if known is not None and known[0] < start:
            return
        left = start + contact.serialisation_ns(self._size_bytes, Instant(start))
        arrival = left + contact.light_time_ns
        if left > contact.closes or arrival > self.goal or (known is not None and known <= (arrival, hops)):
            return
        if self._without and contact in self._without:
            return
        self.best[receiver] = (arrival, hops)
        self._back[receiver] = contact
        if receiver in self._destinations:
            self.goal = arrival
        heapq.heappush(self.heap, (arrival, hops, receiver))

    def path(self, source: str, node: str) -> tuple[Contact, ...]:
        """The contacts from `source` to `node`."""
        path: list[Contact] = []
        while node != source:
            path.append(self._back[node])
            node = path[-1].sender
        return tuple(reversed(path))


def _earliest(lane: _Lane, at: int, size_bytes: int, limit: int, without: Collection[Contact]) -> Contact | None:
    """The contact of `lane` that has the bundle across first, not later than `limit`."""
    chosen: Contact | None = None
    for index in range(bisect_right(lane.ends, at), len(lane.contacts)):
        contact = lane.contacts[index]
        start = max(contact.opens, at)
        if start > limit:
            break
        left = start + contact.serialisation_ns(size_bytes, Instant(start))
        arrival = left + contact.light_time_ns
        if left > contact.closes or arrival > limit or (chosen is not None and arrival == limit):
            continue
        if without and contact in without:
            continue
        limit, chosen = arrival, contact
    return chosen


class Routes:
    """One node's look-ups, remembered while they hold.

    A route is asked for by destination and size class (three leading bits). It holds while the same contacts still give
    the same arrival, or for `_STALE_NS` while they give one at all.
    """

    __slots__ = ("_cache", "_grace_ns", "_least_bytes", "name", "plan")

    def __init__(self, plan: ContactPlan, name: str, least_bytes: int, grace_ns: int) -> None:
        self.plan, self.name = plan, name
        self._least_bytes, self._grace_ns = least_bytes, grace_ns
        self._cache: dict[tuple[str, int], tuple[Route | None, Instant]] = {}

    def replace(self, plan: ContactPlan) -> None:
        """Go by another plan from now on."""
        self.plan = plan
        self._cache.clear()

    def find(
        self, now: Instant, destination: str, size_bytes: int, is_open: Callable[[str], bool], previous: str = ""
    ) -> Route | None:
        """The route for a bundle of this size, or for a fragment of it where no contact carries the whole.

        `is_open` says of a neighbour whether there is a contact to it: one that is planned for now but is not there is
        not used. Nor is a bundle thrown straight back to the neighbour `previous`, who may see less of it.
        """
        size = self._size_class(size_bytes)
        found = self._cached(now, destination, size, is_open)
        if found is None:
            return None
        back = found.first_hop == previous != destination and found.contacts[0].opens <= now
        if back or not self._up(found, now, is_open):
            return self._search(now, destination, size, self._unusable(now, is_open, previous))
        return found

    def _cached(self, now: Instant, destination: str, size: int, is_open: Callable[[str], bool]) -> Route | None:
        key = (destination, size)
        known = self._cache.get(key)
        if known is not None:
            found, when = known
            if found is None:
                return None
            arrival = found.arrival_from(now, size)
            if arrival == found.arrival or (arrival is not None and now < when + _STALE_NS):
                return found
        found = self._search(now, destination, size, ())
        if len(self._cache) >= _CACHED:
            self._cache.clear()
        self._cache[key] = (found, now)
        return found

    def _search(self, now: Instant, destination: str, size_bytes: int, without: Collection[Contact]) -> Route | None:
        found = route(self.plan, self.name, destination, now, size_bytes, without)
        if found is None and size_bytes > self._least_bytes:
            found = route(self.plan, self.name, destination, now, self._least_bytes, without)
        return found

    def _size_class(self, size_bytes: int) -> int:
        size = max(size_bytes, self._least_bytes)
        step = 1 << max(0, size.bit_length() - 3)
        return -(-size // step) * step

    def _up(self, found: Route, now: Instant, is_open: Callable[[str], bool]) -> bool:
        return now < found.contacts[0].opens + self._grace_ns or is_open(found.first_hop)

    def _unusable(self, now: Instant, is_open: Callable[[str], bool], previous: str) -> list[Contact]:
        """Own contacts that by the plan are open and are not, and those open to `previous`."""
        unusable: list[Contact] = []
        for receiver, lane in self.plan.lanes(self.name).items():
            grace = 0 if receiver == previous else self._grace_ns
            if grace and is_open(receiver):
                continue
            for index in range(bisect_right(lane.ends, now), len(lane.contacts)):
                contact = lane.contacts[index]
                if contact.opens + grace > now:
                    break
                unusable.append(contact)
        return unusable
