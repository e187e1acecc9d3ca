"""The contact-graph tree over some 760,000 directed contacts; goal: 15 times faster than pure Python, same arrivals.

The plan is a day of 1,584 satellites and a hundred stations, each window a contact in both directions. The tree gives
the earliest arrival of a bundle at every node; the peer is the same Dijkstra in plain Python with `heapq` and lists, as
contact-graph routers in Python are written, with the same pruning by opening times. Every arrival must be the same. On
pydtnsim 0.1.1's own plans (its answers lie in tests/data/network) no delivery may be later than its earliest. Against
ION's and HDTN's answers: tests/network/test_routes_of_others.py.
"""

from __future__ import annotations

import heapq
import json
import sys
from bisect import bisect_left
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
from asking import answer, table
from contact_plan import END, START, fleet, sites

from orbitalcloud.core import SECOND, Contact, Instant
from orbitalcloud.network import ContactPlan
from orbitalcloud.network.contact_tree import ContactTable, contact_tree, table_of_columns, table_of_plan
from orbitalcloud.physics import contact_windows

GOAL, SOURCES, SIZE = 15.0, 5, 100_000
DTN = Path(__file__).parents[1] / "tests" / "data" / "network" / "pydtnsim-0.1.1.json"


def contacts() -> ContactTable:
    """Both directions of every window: 100 Mbit/s down, 10 up, light time by range."""
    windows = contact_windows(fleet(), sites(), START, END)
    rows = np.array([(w.satellite, w.site, w.opens, w.closes) for w in windows], np.int64).T
    count = 1 + int(rows[0].max())
    light = np.array([w.range_m / 299_792_458.0 * 1e9 for w in windows]).astype(np.int64)
    names = [*(f"sat-{k}" for k in range(count)), *(f"gs-{k}" for k in range(1 + int(rows[1].max())))]
    ground = rows[1] + count
    both = [np.concatenate(pair) for pair in ((rows[0], ground), (ground, rows[0]), (rows[2],) * 2, (rows[3],) * 2)]
    rate = np.repeat(np.array([100_000_000, 10_000_000], np.int64), len(light))
    return table_of_columns(names, *both, rate, np.concatenate((light, light)))


def in_python(
    lists: list[list[tuple[int, int, int, int, int]]], longest: list[int], source: int, now: int
) -> list[int]:
    """The same tree in plain Python: (opens, closes, receiver, rate, light) of every sender, by opening."""
    at, heap = {source: now}, [(now, source)]
    unreached = len(lists) - 1
    while heap:
        here, node = heapq.heappop(heap)
        if here > at[node]:
            continue
        bound = max(at.values()) if not unreached else 1 << 62
        mine = lists[node]
        for k in range(bisect_left(mine, (here - longest[node],)), len(mine)):
            opens, closes, receiver, rate, light = mine[k]
            if opens > bound:
                break
            start = opens if opens > here else here
            known = at.get(receiver)
            if closes <= here or (known is not None and known <= start + light):
                continue
            left = start - (-SIZE * 8_000_000_000 // rate)
            if left <= closes and (known is None or left + light < known):
                unreached -= known is None
                at[receiver] = left + light
                heapq.heappush(heap, (left + light, receiver))
    return [at.get(k, -1) for k in range(len(lists))]


def beside_pydtnsim() -> tuple[int, int]:
    """(earlier, as early) deliveries of ours on pydtnsim's plans; `AssertionError` where one is later."""
    cases = json.loads(DTN.read_text())["cases"]
    earlier = same = 0
    for case in cases:
        contacts = [
            Contact(f"node{x}", f"node{y}", *(Instant(at * SECOND) for at in span), case["data_rate"], "x", light)
            for a, b, *span in case["contacts"]
            for x, y in ((a, b), (b, a))
            for light in [case["delay"] * SECOND]
        ]
        table_of = table_of_plan(ContactPlan(contacts))
        tree = contact_tree(table_of, table_of.names.index(f"node{case['from']}"), Instant(0), 0)
        ours = tree.route_to(f"node{case['to']}")
        if case["routes"]:
            theirs = min(_delivered(one["hops"]) for one in case["routes"]) * SECOND
            assert ours is not None, case["plan"]
            assert ours.arrival <= theirs, (case["plan"], ours.arrival, theirs)
            earlier, same = earlier + (ours.arrival < theirs), same + (ours.arrival == theirs)
    return earlier, same


def _delivered(hops: list[list[int]]) -> int:
    """When the end of a route is reached, s: pydtnsim's own `edt` leaves the delay of its last hop out."""
    at = 0
    for _, _, opens, _, _, delay in hops:
        at = max(at, opens) + delay
    return at


def main() -> int:
    earlier, same = beside_pydtnsim()
    plan = contacts()
    columns = [c.tolist() for c in (plan.opens, plan.closes, plan.receiver, plan.rate_bps, plan.light_time_ns)]
    rows = list(zip(*columns, strict=True))
    lists = [rows[plan.of[k] : plan.of[k + 1]] for k in range(len(plan.names))]
    longest = plan.longest.tolist()
    contact_tree(plan, 0, START, SIZE)  # compiles
    ours, theirs = [], []
    for source in np.linspace(0, len(plan.names) - 1, SOURCES).astype(int).tolist():
        begun = process_time()
        tree = contact_tree(plan, source, START, SIZE)
        ours.append(process_time() - begun)
        begun = process_time()
        expected = in_python(lists, longest, source, START)
        theirs.append(process_time() - begun)
        assert tree.arrival.tolist() == expected, "the two trees agree to the nanosecond"
    ratio = median(theirs) / median(ours)
    table(
        f"A tree of earliest arrivals, {len(plan.names):,} nodes and {len(plan):,} directed contacts, CPU of one core",
        [
            ("ours, median of sources", f"{median(ours) * 1e3:.2f} ms"),
            ("pydtnsim's own plans", f"{earlier} deliveries earlier than its own, {same} as early, none later"),
            ("plain Python, same arrivals", f"{median(theirs) * 1e3:.0f} ms ({ratio:.0f} times ours)"),
        ],
    )
    return answer("contact_graph", ratio, GOAL)


if __name__ == "__main__":
    sys.exit(main())
