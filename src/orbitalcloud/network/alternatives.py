"""More routes than the best: Yen's list in order of arrival, and the anchored list of earlier contact-graph routers.

`alternatives` is Yen's algorithm (Management Science 17, 1971) over contacts, as SABR implementations use it (Fraire,
De Jonckère, Burleigh: Routing in the Space Internet, 2021): each next route is the earliest arrival among those that
leave the ones before it at some contact. Routes visit no node twice. `anchored` repeats the search with the contact
that ends first struck out and, where that is not the first contact, holds on to the first one (the anchor) until none
of its routes is left: what pydtnsim's `cgr_anchor` and ION 3 do. It may pass over routes that Yen's list has.
"""

from __future__ import annotations

from collections.abc import Iterator

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.time import Instant
from orbitalcloud.network.routing import ContactPlan, Route, Terms, route

Path = tuple[Contact, ...]


def alternatives(
    plan: ContactPlan, source: str, destination: str, now: Instant, size_bytes: int, most: int
) -> list[Route]:
    """At most `most` different routes, by arrival, then fewer hops."""
    best = route(plan, source, destination, now, size_bytes)
    found: list[Route] = []
    waiting: dict[Path, Route] = {} if best is None else {best.contacts: best}
    while waiting and len(found) < most:
        chosen = min(waiting.values(), key=_order)
        del waiting[chosen.contacts]
        found.append(chosen)
        for other in _leaving(plan, chosen, found, source, destination, now, size_bytes):
            waiting.setdefault(other.contacts, other)
    return found


def _order(one: Route) -> tuple[int, int, tuple[str, ...]]:
    return one.arrival, len(one.contacts), tuple(contact.receiver for contact in one.contacts)


def _leaving(
    plan: ContactPlan, chosen: Route, found: list[Route], source: str, destination: str, now: Instant, size_bytes: int
) -> Iterator[Route]:
    """The best route that leaves `chosen` at each of its nodes and is none of those found."""
    at: int = now
    node = source
    for index, contact in enumerate(chosen.contacts):
        root = chosen.contacts[:index]
        taken = {other.contacts[index] for other in found if len(other.contacts) > index and _begins(other, root)}
        passed = {source, *(one.receiver for one in root)} - {node}
        spur = route(plan, node, destination, Instant(at), size_bytes, Terms(taken, passed))
        if spur is not None:
            yield Route(spur.arrival, (*root, *spur.contacts))
        start = Instant(max(at, contact.opens))
        at = start + contact.serialisation_ns(size_bytes, start) + contact.light_time_ns
        node = contact.receiver


def _begins(other: Route, root: Path) -> bool:
    return other.contacts[: len(root)] == root


def anchored(plan: ContactPlan, source: str, destination: str, now: Instant, size_bytes: int, most: int) -> list[Route]:
    """At most `most` routes by strike-out of the contact that ends first, with anchors."""
    found: list[Route] = []
    struck: set[Contact] = set()
    held: set[Contact] = set()
    anchor: Contact | None = None
    while len(found) < most:
        best = route(plan, source, destination, now, size_bytes, Terms(struck | held))
        if anchor is not None and (best is None or best.contacts[0] != anchor):
            struck.add(anchor)
            held.clear()
            anchor = None
            continue
        if best is None:
            break
        found.append(best)
        first = best.contacts[0]
        limiting = min(best.contacts, key=lambda contact: contact.closes)
        if limiting == first or limiting.closes == first.closes:
            struck.add(first)
        else:
            anchor = first
            held.add(limiting)
    return found
