"""Contacts in arrays, and the tree of earliest arrivals from one node to all the others: compiled, for large plans.

The same answers as `routing.route` gives, to the nanosecond, for every destination at once. With `wait_ns` nothing
stays longer than that at a node: 0 is a path that is open now, end to end, for traffic that must not be stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import SECOND, Instant
from orbitalcloud.network.routing import ContactPlan, Route

Ints = NDArray[np.int64]
_FOREVER = 1 << 61
_MOST_BYTES = 1 << 29
"""Of a bundle: its bits times a second in nanoseconds are an integer of 64 bits up to here."""


@dataclass(frozen=True, slots=True)
class ContactTable:
    """Contacts by sender and opening. `order[i]` is the place of row i among what the table was made of."""

    names: tuple[str, ...]
    of: Ints
    """Rows of sender i are of[i] … of[i + 1]."""
    sender: Ints
    receiver: Ints
    opens: Ints
    closes: Ints
    rate_bps: Ints
    light_time_ns: Ints
    order: Ints
    steps_of: Ints
    """Row i's rate steps are steps_of[i] … steps_of[i + 1] of the next two; none where its rate is constant."""
    steps_at: Ints
    steps_rate: Ints
    longest: Ints
    """The longest contact of each sender, ns."""
    contacts: tuple[Contact, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.opens)


@dataclass(frozen=True, slots=True)
class Tree:
    """Earliest arrivals (n_nodes,), −1 where there is no way, and the row by which each node is reached."""

    table: ContactTable
    source: int
    arrival: Ints
    via: Ints

    def rows_to(self, node: int) -> list[int]:
        """The rows of the table from the source to a node; empty where there is no way."""
        rows: list[int] = []
        while node != self.source and self.via[node] >= 0:
            rows.append(int(self.via[node]))
            node = int(self.table.sender[rows[-1]])
        return rows[::-1]

    def route_to(self, name: str) -> Route | None:
        """The route to a node, of a table that was made from contacts."""
        node = self.table.names.index(name)
        rows = self.rows_to(node)
        if not rows:
            return None
        contacts = tuple(self.table.contacts[self.table.order[row]] for row in rows)
        return Route(Instant(int(self.arrival[node])), contacts)


def table_of_columns(
    names: Sequence[str],
    sender: Ints,
    receiver: Ints,
    opens: Ints,
    closes: Ints,
    rate_bps: Ints,
    light_time_ns: Ints,
    contacts: tuple[Contact, ...] = (),
) -> ContactTable:
    """Columns (n_contacts,) in any order, nodes by their place in `names`, times in nanoseconds."""
    order = np.lexsort((closes, receiver, opens, sender))
    by = [np.ascontiguousarray(c[order], np.int64) for c in (sender, receiver, opens, closes, rate_bps, light_time_ns)]
    of = np.searchsorted(by[0], np.arange(len(names) + 1)).astype(np.int64)
    longest = np.zeros(len(names), np.int64)
    np.maximum.at(longest, by[0], by[3] - by[2])
    counts = [len(contacts[k].steps) for k in order] if contacts else [0] * len(order)
    steps = [step for k in order for step in contacts[k].steps] if contacts else []
    return ContactTable(
        tuple(names),
        of,
        by[0],
        by[1],
        by[2],
        by[3],
        by[4],
        by[5],
        order.astype(np.int64),
        np.concatenate(([0], np.cumsum(counts, dtype=np.int64))),
        np.array([at for at, _ in steps], np.int64),
        np.array([rate for _, rate in steps], np.int64),
        longest,
        contacts,
    )


def table_of_plan(plan: ContactPlan) -> ContactTable:
    """The table of a plan."""
    contacts = plan.contacts
    names = sorted({name for c in contacts for name in (c.sender, c.receiver)})
    index = {name: k for k, name in enumerate(names)}
    rows = [(index[c.sender], index[c.receiver], c.opens, c.closes, c.rate_bps, c.light_time_ns) for c in contacts]
    columns = np.array(rows, np.int64).reshape(-1, 6).T
    a, b, opens, closes, rate, light = columns
    return table_of_columns(names, a, b, opens, closes, rate, light, contacts)


def contact_tree(
    table: ContactTable, source: int, now: Instant, size_bytes: int, wait_ns: int = _FOREVER, goal: int = -1
) -> Tree:
    """Earliest arrivals of `size_bytes` that are at node `source` now, at every node or, sooner, at `goal`."""
    from orbitalcloud.network.tree_kernel import grow

    if not 0 <= size_bytes <= _MOST_BYTES:
        raise DataError("size of a bundle", size_bytes, f"at most {_MOST_BYTES} bytes")
    arrival, via = grow(
        table.of,
        table.receiver,
        table.opens,
        table.closes,
        table.rate_bps,
        table.light_time_ns,
        table.steps_of,
        table.steps_at,
        table.steps_rate,
        table.longest,
        source,
        int(now),
        size_bytes * 8 * SECOND,
        wait_ns,
        goal,
    )
    return Tree(table, source, arrival, via)
