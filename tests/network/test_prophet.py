"""PRoPHET's numbers are those of RFC 6693's equations, and bundles find their way through encounters nobody planned."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.conftest import T0
from orbitalcloud.core import SECOND, Contact, Instant, RemoteProtocolError, records
from orbitalcloud.network import BundleAgent, ContactPlan
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


@pytest.mark.parametrize(
    ("name", "peer", "band", "told"),
    [
        ("a", "b", "tcpcl", 1),
        ("a", "b", "uhf", 1),
        ("a", "b", "mtcp", 0),
        ("a", "b", "stcp", 0),
        ("a", "b", "udp", 0),
        ("ipn:1", "b", "tcpcl", 0),
        ("a", "ipn:2", "tcpcl", 0),
    ],
)
def test_who_cannot_answer_is_told_nothing(name, peer, band, told):
    """Numbered nodes and wires by which nothing comes back: an encounter is an exchange (RFC 6693 2.2)."""
    made = BundleAgent(name, ContactPlan())
    made.opened(T0, Contact(name, peer, T0, Instant(T0 + 100 * SECOND), 1_000_000, band))
    assert made.stored_bundles == told


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


def test_a_neighbour_that_claims_everything_gets_one_copy_and_the_bundle_arrives(lab, link):
    """l says that it always meets d, takes what it is given and meets nobody else; b is honest and comes later."""
    meetings = [link("b", "d", at, at + 60, 80_000) for at in (100, 2000, 4000, 9000)]
    meetings += [link("a", "l", at, at + 60, 80_000) for at in (4400, 4600, 4800)]
    meetings += [link("a", "b", 5000, 5060, 80_000)]
    net = unplanned(lab, meetings)
    liar = net.agents["l"]._sender.prophet
    for at in range(4300, 4900, 50):
        net.at(T0 + at * SECOND, lambda: liar.predictability.update({"d": 1.0, "b": 1.0, "x": 1.0}))
    net.at(T0 + 4300 * SECOND, lambda: net.submit("a", "d", b"by chance"))
    net.run(T0 + 4990 * SECOND)
    assert net.agents["l"].stored_bundles == 1
    assert net.agents["a"]._sender.prophet.predictability["d"] < 0.9 * 0.99
    net.run()
    assert [(node, item.payload) for node, item in net.delivered] == [("d", b"by chance")]


def test_encounters_outlive_a_reboot_and_are_saved_sparingly(lab, link):
    meetings = [link("a", "b", at, at + 20, 80_000) for at in range(100, 4000, 100)]
    net = unplanned(lab, meetings)
    net.run(T0 + 1550 * SECOND)
    prophet = net.agents["a"]._sender.prophet
    prophet.age(net.now)
    before = dict(prophet.predictability)
    net.reboot("a")
    after = net.agents["a"]._sender.prophet.predictability
    assert set(after) == set(before) == {"b"}
    assert after["b"] == pytest.approx(before["b"] * 0.999**0, rel=0.5), "all but the encounters since it was saved"
    saved = net.saved["a"]["prophet"]
    later = Prophet("a")
    later.restore(Instant(T0 + 5000 * SECOND), saved)
    at = int.from_bytes(saved[:8], "big")
    known = read_vector(saved[8:])["b"]
    assert later.predictability["b"] == pytest.approx(known * 0.999 ** ((T0 + 5000 * SECOND - at) // SECOND), rel=1e-9)
    values = 0
    for second in range(0, 3600, 10):
        prophet.met(Instant(T0 + (1600 + second) * SECOND), "b")
        values += prophet.saved(Instant(T0 + (1600 + second) * SECOND)) is not None
    assert values == 6, "once in ten minutes"


@pytest.mark.parametrize(
    "value", [b"", bytes(8), bytes(8) + b"\x02", (T0 + 1).to_bytes(8, "big") + b"\x01", bytes(8) + b"\x01\x05b"]
)
def test_damaged_encounters_are_dropped_and_recorded(lab, link, value):
    net = lab([*link("a", "b", 0, 10, 80_000)])
    net.saved["a"]["prophet"] = value
    net.reboot("a")
    assert [refused.check for refused in net.of(records.FrameRefused)] != []
    assert "prophet" not in net.saved["a"]
