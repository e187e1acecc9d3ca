"""One node's routes: looked up, remembered while they hold, booked against the contacts' volume, and explained."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.time import MILLISECOND, MINUTE, SECOND, Instant, iso
from orbitalcloud.core.why import Why
from orbitalcloud.network.routing import HOPS_MOST, ContactPlan, Route, Terms, beside, route
from orbitalcloud.network.volume import Bookings

if TYPE_CHECKING:
    from orbitalcloud.network.contact_tree import ContactTable

_STALE_NS = 10 * SECOND
_CACHED = 65_536
_NEVER = 1 << 80
_ABOUT_NS = 10 * MINUTE


_Bound = tuple[str, int, int, int, frozenset[str]]
"""Destination, size class, priority, hops, and the neighbours that would not take it."""


class Ask(NamedTuple):
    """What a route is for: where to, how much, how urgent, until when, whence it came, in how many hops at most."""

    destination: str
    size_bytes: int
    priority: int = 1
    expires: int = _NEVER
    previous: str = ""
    hops: int = HOPS_MOST
    avoid: frozenset[str] = frozenset()
    """Relays that it should be kept from, where there is another way."""


class Routes:
    """One node's look-ups, remembered while they hold.

    A route is asked for by destination and size class (three leading bits). It holds while the same contacts still give
    the same arrival, or for `_STALE_NS` while they give one at all. One that the bookings, the lifetime or an excluded
    node forbid is sought anew under those terms, and that answer remembered too.
    """

    __slots__ = (
        "_beside",
        "_bound",
        "_cache",
        "_grace_ns",
        "_kept",
        "_least_bytes",
        "_table",
        "bookings",
        "excluded",
        "name",
        "plan",
        "shunned",
    )

    def __init__(self, plan: ContactPlan, name: str, least_bytes: int, grace_ns: int) -> None:
        self.plan, self.name = plan, name
        self._table: ContactTable | None = None
        self.bookings = Bookings()
        self.excluded: dict[str, str] = {}
        """Nodes not to be used as relays, and why (`jurisdiction`, `lost`, …)."""
        self.shunned: dict[str, str] = {}
        """Nodes to be used as relays only where there is no other way, and why (`word`, …)."""
        self._kept: dict[tuple[str, int, frozenset[str]], tuple[Route, Instant]] = {}
        self._least_bytes, self._grace_ns = least_bytes, grace_ns
        self._cache: dict[tuple[str, int], tuple[Route | None, Instant]] = {}
        self._beside: dict[tuple[str, int], tuple[Contact, str]] = {}
        self._bound: dict[_Bound, tuple[Route | None, Instant, int]] = {}

    def replace(self, plan: ContactPlan) -> None:
        """Go by another plan from now on."""
        self.plan, self._table = plan, None
        self._cache.clear()
        self._bound.clear()
        self._kept.clear()
        self._beside.clear()
        self.bookings.clear()

    def exclude(self, nodes: Mapping[str, str]) -> None:
        """Relay through none of these from now on: name → the reason, a short word."""
        self.excluded, self._table = dict(nodes), None
        self._bound.clear()
        self._kept.clear()

    def find(
        self, now: Instant, ask: Ask, is_open: Callable[[str], bool], refused: frozenset[str] = frozenset()
    ) -> Route | None:
        """The route for a bundle of this size, or for a fragment of it where no contact carries the whole.

        `is_open` says of a neighbour whether there is a contact to it: one that is planned for now but is not there is
        not used. Nor is a bundle thrown straight back to the neighbour `previous`, who may see less of it, nor given in
        a contact that is open now to one of the `refused`, who would not take it.
        """
        size = self._size_class(ask.size_bytes)
        if names := ask.avoid.union(self.shunned):
            found = self._around(now, ask, size, is_open, names, refused)
            if found is not None:
                return found
        found = self._cached(now, ask.destination, size)
        if found is None:
            return None
        if found.first_hop in refused:
            return self._under_terms(now, ask, size, is_open, refused)
        back = found.first_hop == ask.previous != ask.destination and found.contacts[0].opens <= now
        if back or not self._up(found, now, is_open):
            unusable = self._unusable(now, is_open, {ask.previous})
            return self._search(now, ask.destination, size, replace(self._terms(ask), without=unusable))
        if self._keeps(found, now, ask, size):
            return found
        return self._under_terms(now, ask, size, is_open, refused)

    def _around(
        self,
        now: Instant,
        ask: Ask,
        size: int,
        is_open: Callable[[str], bool],
        names: frozenset[str],
        refused: frozenset[str],
    ) -> Route | None:
        """The route that leaves these relays out, if there is one."""
        key = (ask.destination, size, names)
        known = self._kept.get(key)
        if known is not None and now < known[1] + _STALE_NS and known[0].arrival_from(now, size) is not None:
            found = known[0]
            back = found.first_hop == ask.previous != ask.destination and found.contacts[0].opens <= now
            there = self._up(found, now, is_open) and found.first_hop not in refused
            if not back and there and self._keeps(found, now, ask, size):
                return found
        unusable = self._unusable(now, is_open, {ask.previous, *refused})
        terms = replace(self._terms(ask), without=unusable, avoid=names.union(self.excluded))
        chosen = self._search(now, ask.destination, size, terms)
        if chosen is not None:
            if len(self._kept) >= _CACHED:
                self._kept.clear()
            self._kept[key] = (chosen, now)
        return chosen

    def told(self, now: Instant, ask: Ask, path: str = "soonest", wait_ns: int = 0) -> Route | Why:
        """The route that a bundle would take from here, or why there is none; nothing is booked.

        `path`: `"soonest"`, over any contacts to come, or `"now"`, end to end over contacts that are open when the
        bundle comes to them, with `wait_ns` at most at each node.
        """
        assert path in ("soonest", "now"), path
        if path == "now":
            return self._path_now(now, ask, wait_ns)
        found = self._search(now, ask.destination, ask.size_bytes, self._terms(ask))
        return self.why_not(now, ask) if found is None else found

    def why(self, now: Instant, ask: Ask, found: Route) -> Why:
        """Why this route and no other: with the next best that begins with another contact."""
        return found.why_before(self._next_best(now, ask, ask.size_bytes, found))

    def _next_best(self, now: Instant, ask: Ask, size: int, found: Route) -> Route | None:
        return self._search(now, ask.destination, size, replace(self._terms(ask), without=(found.contacts[0],)))

    def _path_now(self, now: Instant, ask: Ask, wait_ns: int) -> Route | Why:
        """Nothing leaves an excluded node. Bookings are not asked: what wants a path now would rather share one."""
        from orbitalcloud.network.contact_tree import table_of_plan
        from orbitalcloud.network.paths_now import path_now

        if self._table is None:
            kept = [c for c in self.plan.contacts if c.sender == self.name or c.sender not in self.excluded]
            self._table = table_of_plan(ContactPlan(kept) if self.excluded else self.plan)
        return path_now(self._table, self.name, ask.destination, now, ask.size_bytes, wait_ns)

    def _cached(self, now: Instant, destination: str, size: int) -> Route | None:
        key = (destination, size)
        known = self._cache.get(key)
        if known is not None:
            found, when = known
            if found is None:
                return None
            arrival = found.arrival_from(now, size)
            if arrival == found.arrival or (arrival is not None and now < when + _STALE_NS):
                return found
        found = self._search(now, destination, size, Terms())
        if len(self._cache) >= _CACHED:
            self._cache.clear()
        self._cache[key] = (found, now)
        return found

    def _terms(self, ask: Ask) -> Terms:
        bookings = self.bookings if self.bookings else None
        return Terms((), self.excluded, ask.expires, bookings, ask.priority, ask.hops)

    def _keeps(self, found: Route, now: Instant, ask: Ask, size: int) -> bool:
        """Whether a route that was found without terms keeps these."""
        if found.arrival >= ask.expires or len(found.contacts) > ask.hops:
            return False
        if self.excluded and any(c.receiver in self.excluded for c in found.contacts[:-1]):
            return False
        return not self.bookings or all(self._fits(c, now, ask, size) for c in found.contacts)

    def _fits(self, contact: Contact, now: Instant, ask: Ask, size: int) -> bool:
        """Whether there is room for it; where the plan has a contact for no more than a fragment, for that."""
        booked = self.bookings.booked_bytes(contact, ask.priority)
        if not booked:
            return True
        return contact.room_bytes(now) - booked >= min(size, max(self._least_bytes, contact.room_bytes(now)))

    def _under_terms(
        self, now: Instant, ask: Ask, size: int, is_open: Callable[[str], bool], refused: frozenset[str]
    ) -> Route | None:
        key = (ask.destination, size, ask.priority, ask.hops, refused)
        known = self._bound.get(key)
        if known is not None and now < known[1] + _STALE_NS:
            found, _, freed = known
            if found is None and freed == self.bookings.freed:
                return None
            usable = found is not None and not (found.first_hop in refused and found.contacts[0].opens <= now)
            if found is not None and usable and self._up(found, now, is_open) and self._keeps(found, now, ask, size):
                return found
        terms = self._terms(ask)
        if refused:
            terms = replace(terms, without=self._unusable(now, is_open, {ask.previous, *refused}))
        found = self._search(now, ask.destination, size, terms)
        if len(self._bound) >= _CACHED:
            self._bound.clear()
        if found is not None or ask.expires > now + _STALE_NS:
            self._bound[key] = (found, now, self.bookings.freed)
        return found

    def _search(self, now: Instant, destination: str, size_bytes: int, terms: Terms) -> Route | None:
        found = route(self.plan, self.name, destination, now, size_bytes, terms)
        if found is None and size_bytes > self._least_bytes:
            found = route(self.plan, self.name, destination, now, self._least_bytes, terms)
        return found

    # Volume ----------------------------------------------------------------------------------------------------------

    def book(self, now: Instant, bundle: str, ask: Ask, found: Route) -> list[str]:
        """Book the route for the bundle, as much of it as there is room for; the bundles that it displaces."""
        residual = min(self.bookings.residual_bytes(c, ask.priority, now) for c in found.contacts)
        size = min(ask.size_bytes, residual)
        if size <= 0:
            return []
        return self.bookings.book(now, bundle, found.contacts, size, ask.priority)

    def book_direct(self, now: Instant, bundle: str, ask: Ask) -> list[str]:
        """The same for the contact to the destination itself that is open now, if the plan knows it."""
        contact = self.planned(now, ask.destination)
        return [] if contact is None else self.book(now, bundle, ask, Route(contact.closes, (contact,)))

    # Reasons ---------------------------------------------------------------------------------------------------------

    def why_wait(self, now: Instant, ask: Ask, found: Route | None) -> Why:
        """Why a bundle is not sent now: the contact that its route begins with, or what leaves it without a route."""
        if found is None:
            return self.why_not(now, ask)
        first = found.contacts[0]
        text = (
            f"its route begins with the contact to {first.receiver} at {iso(first.opens)}"
            f" and is at {ask.destination} at {iso(found.arrival)}; {self._beside_it(now, ask, found)}"
        )
        return Why(False, "contact", text, first.opens // SECOND, now // SECOND, "s")

    def _beside_it(self, now: Instant, ask: Ask, found: Route) -> str:
        """The next best way in words, sought once for all bundles of a size that wait for the same contact."""
        size = self._size_class(ask.size_bytes)
        known = self._beside.get((ask.destination, size))
        if known is not None and known[0] == found.contacts[0]:
            return known[1]
        text = beside(found, self._next_best(now, ask, size, found))
        if len(self._beside) >= _CACHED:
            self._beside.clear()
        self._beside[ask.destination, size] = found.contacts[0], text
        return text

    def why_not(self, now: Instant, ask: Ask) -> Why:
        """What binds where there is no route: terms are dropped one by one until there is one."""
        size = self._size_class(ask.size_bytes)
        terms = self._terms(ask)
        if terms.bookings is not None:
            found = self._search(now, ask.destination, size, replace(terms, bookings=None))
            if found is not None:
                full = min(found.contacts, key=lambda c: self.bookings.residual_bytes(c, ask.priority, now))
                left = self.bookings.residual_bytes(full, ask.priority, now)
                text = (
                    f"the contacts are booked at its priority: of that from {full.sender} to {full.receiver} at"
                    f" {iso(full.opens)} there are {left} bytes left and it has {ask.size_bytes}"
                )
                return Why(False, "volume", text, ask.size_bytes, left, "byte")
        found = self._search(now, ask.destination, size, Terms((), self.excluded))
        if found is not None and len(found.contacts) > ask.hops and found.arrival < ask.expires:
            hops = len(found.contacts)
            text = f"the earliest route has {hops} hops, it may take {ask.hops} more, and no other route has so few"
            return Why(False, "hops", text, hops, ask.hops, "hop")
        if found is not None and found.arrival >= ask.expires:
            text = f"the earliest route is there at {iso(found.arrival)} and its lifetime ends before"
            return Why(False, "lifetime", text, found.arrival // MILLISECOND, ask.expires // MILLISECOND, "ms")
        found = self._search(now, ask.destination, size, Terms()) if found is None else None
        if found is not None:
            names = sorted({c.receiver for c in found.contacts[:-1] if c.receiver in self.excluded})
            reasons = ", ".join(f"{name} ({self.excluded[name]})" for name in names)
            return Why(False, "excluded", f"every route goes through a node that must not be used: {reasons}")
        return Why(False, "route", f"the contact plan has no way from {self.name} to {ask.destination}")

    # Contacts --------------------------------------------------------------------------------------------------------

    def planned(self, now: Instant, neighbour: str) -> Contact | None:
        """The contact to this neighbour that by the plan is open now."""
        lane = self.plan.lanes(self.name).get(neighbour)
        if lane is not None:
            for index in range(bisect_right(lane.ends, now), len(lane.contacts)):
                if lane.contacts[index].opens > now:
                    break
                if lane.contacts[index].closes > now:
                    return lane.contacts[index]
        return None

    def foreseen(self, now: Instant, neighbour: str) -> bool:
        """Whether the plan has a contact to this neighbour about now; who comes without one is met by chance."""
        lane = self.plan.lanes(self.name).get(neighbour)
        if lane is None:
            return False
        index = bisect_right(lane.ends, now - _ABOUT_NS)
        return index < len(lane.contacts) and lane.contacts[index].opens <= now + _ABOUT_NS

    def _size_class(self, size_bytes: int) -> int:
        size = max(size_bytes, self._least_bytes)
        step = 1 << max(0, size.bit_length() - 3)
        return -(-size // step) * step

    def _up(self, found: Route, now: Instant, is_open: Callable[[str], bool]) -> bool:
        return now < found.contacts[0].opens + self._grace_ns or is_open(found.first_hop)

    def _unusable(self, now: Instant, is_open: Callable[[str], bool], shunned: set[str]) -> list[Contact]:
        """Own contacts that by the plan are open and are not, and those open to who is shunned."""
        unusable: list[Contact] = []
        for receiver, lane in self.plan.lanes(self.name).items():
            grace = 0 if receiver in shunned else self._grace_ns
            if grace and is_open(receiver):
                continue
            for index in range(bisect_right(lane.ends, now), len(lane.contacts)):
                contact = lane.contacts[index]
                if contact.opens + grace > now:
                    break
                unusable.append(contact)
        return unusable
