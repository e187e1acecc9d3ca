"""pydtnsim as a live oracle: random contact plans, its contact-graph routing beside ours.

pydtnsim counts neither light time nor the time that a bundle takes to leave, and its `edt` is the last departure. So
the plans here have no range, and the bundle has one byte at a rate at which that takes a nanosecond: arrivals can then
differ from its `edt` by a nanosecond a hop and no more.
"""

from __future__ import annotations

import random

import pytest
from interop.peer import Peer

from orbitalcloud.core import SECOND, Contact, Instant
from orbitalcloud.network import ContactPlan, route

RATE_BPS = 8_000_000_000
NODES = [f"n{number}" for number in range(9)]


def plan_of(seed: int) -> list[list]:
    """Contacts in no order, some overlapping, some of one pair twice, sparse to dense by the seed."""
    chance = random.Random(seed)
    made = set()
    for _ in range(chance.choice((8, 20, 45, 90))):
        sender, receiver = chance.sample(NODES, 2)
        opens = chance.randrange(500)
        made.add((sender, receiver, opens, opens + chance.choice((1, 5, 40, 200))))
    return sorted(map(list, made))


def arrival_s(plan: ContactPlan, source: str, destination: str) -> int | None:
    found = route(plan, source, destination, Instant(0), 1)
    return None if found is None else found.arrival // SECOND


@pytest.mark.parametrize("seed", range(40))
def test_never_later_than_pydtnsim_and_nowhere_without_a_way(routing, seed):
    rows = plan_of(seed)
    plan = ContactPlan([Contact(a, b, Instant(x * SECOND), Instant(y * SECOND), RATE_BPS, "x") for a, b, x, y in rows])
    pairs = [[a, b] for a in NODES for b in NODES if a != b]
    known = {name for row in rows for name in row[:2]}
    pairs = [pair for pair in pairs if set(pair) <= known]
    for (source, destination), said in zip(pairs, routing.ask(ask="routes", contacts=rows, pairs=pairs), strict=True):
        ours = arrival_s(plan, source, destination)
        for algorithm in ("basic", "anchor"):
            theirs = [one["edt"] for one in said[algorithm]]
            assert (ours is None) == (not theirs), (algorithm, source, destination)
            assert not theirs or ours == min(theirs), (algorithm, source, destination)


@pytest.fixture(scope="module")
def routing(peer_python):
    found = Peer(peer_python, "routes.py")
    yield found
    found.close()
