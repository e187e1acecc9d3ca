"""PRoPHET's numbers are those of RFC 6693's equations, and bundles find their way through encounters nobody planned."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.conftest import T0
from orbitalcloud.core import SECOND, Instant, RemoteProtocolError
from orbitalcloud.network import ContactPlan
from orbitalcloud.network.prophet import COPIES, MOST_NODES, Prophet, read_vector


def test_the_equations():
    """RFC 6693 2.1.2 and figure 2, worked by hand."""
    one = Prophet("a")
    one.met(Instant(0), "b")
    assert one.predictability["b"] == 0.5  # the first encounter
    one.met(Instant(900 * SECOND), "b")  # half of the typical interval after
    aged = 0.5 * 0.999**900
    assert one.predictability["b"] == pytest.approx(aged + (0.99 - aged) * 0.35, abs=1e-12)
    before = one.predictability["b"]
    one.heard(Instant(910 * SECOND), "b", {"c": 0.8, "a": 1.0})
    assert one.predictability["c"] == pytest.approx(before * 0.999**10 * 0.8 * 0.9, abs=1e-12)
    assert set(one.predictability) == {"b", "c"}
    one.heard(Instant(910 * SECOND), "b", {"c": 0.1})
    assert one.predictability["c"] == pytest.approx(before * 0.999**10 * 0.72, abs=1e-12)  # a maximum


@given(st.integers(0, 2**32))
def test_against_a_brute_force_of_random_encounters(seed):
    """Predictabilities aged lazily are those of a node that ages every number every second."""
    chance = random.Random(seed)
    ours = Prophet("a")
    plain: dict[str, float] = {}
    last: dict[str, int] = {}
    vectors = {peer: {"x": chance.random(), "y": chance.random()} for peer in "bcd"}
    meetings = {chance.randrange(600): chance.choice("bcd") for _ in range(6)}
    for second in range(600):
        if second:
            plain = {node: known * 0.999 for node, known in plain.items()}
        if second in meetings:
            peer = meetings[second]
            known = plain.get(peer, 0.0)
            share = min(1.0, (second - last[peer]) / 1800) if peer in last else 1.0
            plain[peer] = 0.5 if known < 0.1 else known + (0.99 - known) * 0.7 * share
            last[peer] = second
            for node, theirs in vectors[peer].items():
                plain[node] = max(plain.get(node, 0.0), plain[peer] * theirs * 0.9)
            ours.met(Instant(second * SECOND), peer)
            ours.heard(Instant(second * SECOND), peer, vectors[peer])
    ours.age(Instant(599 * SECOND))
    assert ours.predictability == pytest.approx(plain, rel=1e-9)


def test_vectors_come_back_and_are_bounded():
    one = Prophet("a")
    for number in range(MOST_NODES + 50):
        one.met(Instant(number), f"node-{number}")
    assert len(one.predictability) == MOST_NODES
    found = read_vector(one.vector(Instant(0)))
    assert found == pytest.approx(one.predictability, abs=1e-5)
    with pytest.raises(RemoteProtocolError, match="prophet-nodes"):
        read_vector(b"\x01" + b"\x01b\x00\x01" * 2)


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda data: b"\x01" + data))
def test_any_bytes_are_read_or_refused(data):
    try:
        found = read_vector(data)
    except RemoteProtocolError:
        return
    assert all(0.0 <= known <= 1.0 for known in found.values())


def test_no_more_copies_than_allowed():
    one = Prophet("a")
    for peer in "bcdefg":
        one.heard(Instant(0), peer, {"z": 0.9})
    left = set("bcdefg")
    handed = 0
    while (peer := one.carrier(Instant(0), "bundle", "z", "", left)) is not None:
        handed += 1
        if not one.keeps("bundle", peer, made_here=True):
            break
    assert handed == COPIES
    assert not one.keeps("other", "b", made_here=False)


def unplanned(lab, links):  # type: ignore[no-untyped-def]
    """A laboratory whose agents were told of no contact."""
    net = lab([contact for link in links for contact in link])
    for name, agent in net.agents.items():
        net.perform(name, agent.replan(T0, ContactPlan()))
    return net


def test_a_bundle_goes_by_those_who_meet_its_destination(lab, link):
    """b meets d now and then; a meets b and a stranger. Nobody planned anything; d gets the bundle once."""
    meetings = [link("b", "d", at, at + 60, 80_000) for at in (100, 2000, 4000, 9000)]
    meetings += [link("a", "s", 4400, 4460, 80_000), link("a", "b", 5000, 5060, 80_000)]
    net = unplanned(lab, meetings)
    net.at(T0 + 4300 * SECOND, lambda: net.submit("a", "d", b"by chance"))
    net.run()
    assert [(node, item.payload) for node, item in net.delivered] == [("d", b"by chance")]
    assert not net.agents["s"].stored_bundles, "the stranger was given none"


def test_random_meetings_deliver_what_could_be_and_nothing_twice(lab, link):
    """Thirty hours of meetings of eight nodes by chance, in two circles with one traveller."""
    chance = random.Random(5)
    circles = ["abct", "deft"]
    meetings, at = [], 0
    while at < 30 * 3600:
        at += chance.randrange(120, 600)
        x, y = chance.sample(chance.choice(circles), 2)
        meetings.append(link(x, y, at, at + 60, 80_000))
    net = unplanned(lab, meetings)
    for number in range(20):
        pair = chance.choice("abc"), chance.choice("def")
        net.at(T0 + (7200 + 600 * number) * SECOND, lambda p=pair, n=number: net.submit(*p, b"%d" % n))
    net.run()
    payloads = [item.payload for _, item in net.delivered]
    assert len(payloads) == len(set(payloads))
    assert len(payloads) == 20
    assert sum(agent.stored_bundles for agent in net.agents.values()) <= 20 * COPIES
