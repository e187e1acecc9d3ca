"""Paths for traffic that wants one now: over contacts that are open when the bundle comes to them.

The compiled tree gives each node its earliest arrival, and that is the answer unless a contact opens while the bundle
is under way: then who comes later to some node may find open what was closed to who came first. So where that can
matter, all paths that visit no node twice are gone through, the earliest arrival first, and of two arrivals at a node
the later one is let go where the earlier can do whatever it can.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right

import numpy as np

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.time import SECOND, Instant
from orbitalcloud.core.why import Why
from orbitalcloud.network.contact_tree import ContactTable, contact_tree
from orbitalcloud.network.routing import Route

MOST_LABELS = 8192
"""Arrivals that are gone through; after so many the tree's answer stands."""
_FOREVER = 1 << 80
_Label = tuple[int, int, int, str, tuple[Contact, ...]]
"""(arrival, hops, number, node, contacts so far)."""


def path_now(
    table: ContactTable, source: str, destination: str, now: Instant, size_bytes: int, wait_ns: int = 0
) -> Route | Why:
    """The path of the earliest arrival that waits `wait_ns` at most at each node, or why there is none.

    For traffic that wants a path now and would rather be told that there is none than be stored.
    """
    if source not in table.names or destination not in table.names or source == destination:
        return Why(False, "path", f"the contact plan has no link between {source} and {destination}")
    ends = table.names.index(source), table.names.index(destination)
    found = contact_tree(table, ends[0], now, size_bytes, wait_ns, ends[1]).route_to(destination)
    better, all_seen = _later_labels(table, source, destination, now, size_bytes, wait_ns, found)
    if better is not None:
        return better
    text = f"no path from {source} to {destination} is open now without a wait of more than {wait_ns / SECOND:g} s"
    if not all_seen:
        text += f", among the first {MOST_LABELS} looked at"
    return Why(False, "path", text, 0, wait_ns // SECOND, "s")


def _later_labels(
    table: ContactTable, source: str, destination: str, now: int, size_bytes: int, wait_ns: int, found: Route | None
) -> tuple[Route | None, bool]:
    """The best path, `found` or one of later arrivals somewhere; and whether all that may be one were gone through."""
    bound = _FOREVER if found is None else int(found.arrival)
    opening = table.opens[(table.opens > now + wait_ns) & (table.opens < min(bound, 1 << 62))]
    if not len(opening):
        return found, True
    opens: list[int] = np.sort(opening).tolist()
    index = {name: k for k, name in enumerate(table.names)}
    kept: dict[str, list[tuple[int, frozenset[str]]]] = {}
    heap: list[_Label] = [(now, 0, 0, source, ())]
    made = 0
    while heap:
        at, hops, _, node, path = heapq.heappop(heap)
        if node == destination:
            return Route(Instant(at), path), True
        passed = frozenset((source, *(c.receiver for c in path)))
        if any(_can_all(then, before, at, passed, opens, wait_ns) for then, before in kept.get(node, ())):
            continue
        kept.setdefault(node, []).append((at, passed))
        for contact in _leaving(table, index[node], at, wait_ns):
            arrival = _arrival(contact, at, size_bytes)
            if arrival is None or arrival >= bound or contact.receiver in passed:
                continue
            made += 1
            if made > MOST_LABELS:
                return found, False
            heapq.heappush(heap, (arrival, hops + 1, made, contact.receiver, (*path, contact)))
    return found, True


def _can_all(
    then: int, before: frozenset[str], at: int, passed: frozenset[str], opens: list[int], wait_ns: int
) -> bool:
    """Whether a bundle that came `then` can do whatever one that comes later, at `at`, can.

    Contacts only close for it unless one opens after it would have gone; and what it can do without a node twice, if it
    has passed no other nodes, or can do sooner still by leaving out the loop.
    """
    if bisect_right(opens, then + wait_ns) == len(opens):
        return True
    return then == at and before <= passed


def _leaving(table: ContactTable, node: int, at: int, wait_ns: int) -> list[Contact]:
    """The contacts that can be begun at a node by who comes at `at`."""
    low, high = int(table.of[node]), int(table.of[node + 1])
    first = low + int(np.searchsorted(table.opens[low:high], at - table.longest[node]))
    last = low + int(np.searchsorted(table.opens[low:high], at + wait_ns, "right"))
    rows = first + np.flatnonzero(table.closes[first:last] > at)
    return [table.contacts[table.order[row]] for row in rows]


def _arrival(contact: Contact, at: int, size_bytes: int) -> int | None:
    start = Instant(max(at, contact.opens))
    left = start + contact.serialisation_ns(size_bytes, start)
    return None if left > contact.closes else left + contact.light_time_ns
