"""Routes arrive as early as anybody's, and as early as a brute force says."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network import cases_network
from orbitalcloud.core import SECOND, Contact, Instant
from orbitalcloud.network import ContactPlan, route
from orbitalcloud.network.routes import Ask, Routes
from orbitalcloud.network.routing import Terms, with_light_time_margin


@pytest.mark.parametrize("case", cases_network.CASES, ids=lambda case: case["case"])
def test_routes_of_others(case):
    assert abs(case["ours"]() - case["theirs"]) <= case["tolerance"]


def test_hops_of_hdtn():
    """TestDijkstra.cpp: contact indices 4, 6, 10 of the tutorial plan; next node 2 in the routing test, none from 4."""
    found = cases_network.find(cases_network.hdtn_plan("cgrTutorial.json"), 1, 5)
    assert [contact.receiver for contact in found.contacts] == ["3", "4", "5"]
    assert [contact.opens for contact in found.contacts] == [0, 0, 0]
    plan = cases_network.hdtn_plan("contactPlan_RoutingTest.json")
    found = cases_network.find(plan, 1, 4)
    assert (found.first_hop, [contact.opens // SECOND for contact in found.contacts]) == ("2", [0, 11])
    assert cases_network.find(plan, 4, 1) is None


def make(sender: str, receiver: str, opens: int, closes: int, rate: int = 8_000, light: int = 0) -> Contact:
    return Contact(sender, receiver, Instant(opens * SECOND), Instant(closes * SECOND), rate, "x", light * SECOND)


def test_contacts_are_half_open_and_the_last_bit_must_leave_in_time():
    plan = ContactPlan([make("a", "b", 10, 20, light=2)])
    at = lambda second, size: route(plan, "a", "b", Instant(second * SECOND), size)  # noqa: E731
    assert at(0, 10_000).arrival == 22 * SECOND
    assert at(0, 10_001) is None
    assert at(19, 1_000).arrival == 22 * SECOND
    assert at(20, 0) is None
    assert route(plan, "a", "a", Instant(0), 1) is None


def test_overlapping_contacts_of_one_pair_are_all_seen():
    """A long slow contact hides neither the short fast one inside it nor what comes after."""
    slow, fast = make("a", "b", 0, 1000, 80), make("a", "b", 100, 110, 80_000)
    plan = ContactPlan([slow, fast])
    assert route(plan, "a", "b", Instant(0), 5_000).contacts == (fast,)
    assert route(plan, "a", "b", Instant(0), 100).contacts == (slow,)
    assert route(plan, "a", "b", Instant(200 * SECOND), 5_000).contacts == (slow,)


CONTACTS = st.builds(
    lambda pair, opens, length, rate, light: make(*pair, opens, opens + length, rate, light),
    st.sampled_from([(x, y) for x in "abcd" for y in "abcd" if x != y]),
    st.integers(0, 60),
    st.integers(1, 30),
    st.sampled_from([800, 8_000]),
    st.integers(0, 3),
)


def brute_force(contacts: list[Contact], source: str, destination: str, now: int, size: int) -> int | None:
    """Relax every contact until nothing changes (Bellman-Ford in time)."""
    at = {source: now}
    for _ in range(len(contacts) + 1):
        for contact in contacts:
            if contact.sender in at:
                left = max(at[contact.sender], contact.opens) + contact.serialisation_ns(size)
                if left <= contact.closes:
                    arrival = left + contact.light_time_ns
                    at[contact.receiver] = min(at.get(contact.receiver, arrival), arrival)
    return at.get(destination)


@given(st.lists(CONTACTS, max_size=14), st.integers(0, 50), st.integers(0, 3000))
def test_nobody_arrives_earlier(contacts, now_s, size):
    now = Instant(now_s * SECOND)
    plan = pickle.loads(pickle.dumps(ContactPlan(contacts)))
    found = route(plan, "a", "d", now, size)
    expected = brute_force(contacts, "a", "d", now, size)
    assert (found.arrival if found else None) == expected
    if found:
        assert found.arrival_from(now, size) == found.arrival
        assert found.contacts[0].sender == "a"
        assert found.contacts[-1].receiver == "d"
        assert "a → " in found.why.text


def test_a_remembered_route_gives_way_when_its_contact_is_missed():
    early, late = make("a", "b", 0, 100), make("a", "c", 150, 200)
    plan = ContactPlan([early, make("b", "d", 0, 300), late, make("c", "d", 0, 300)])
    routes = Routes(plan, "a", 10, 2 * SECOND)
    up = lambda name: True  # noqa: E731
    ask = Ask("d", 100)
    assert routes.find(Instant(0), ask, up).first_hop == "b"
    assert routes.find(Instant(99 * SECOND), ask, up).first_hop == "b"
    assert routes.find(Instant(100 * SECOND), ask, up).first_hop == "c"
    assert routes.find(Instant(5 * SECOND), ask, lambda name: False).first_hop == "c"
    assert routes.find(Instant(5 * SECOND), ask._replace(previous="b"), up).first_hop == "c"
    assert routes.find(Instant(5 * SECOND), Ask("e", 100), up) is None


@given(st.lists(CONTACTS, max_size=12), st.integers(0, 50), st.integers(0, 3000), st.integers(1, 3))
def test_nobody_arrives_earlier_in_so_few_hops(contacts, now_s, size, most):
    """Against as many rounds of relaxation as hops, each from the arrivals of the round before."""
    at = {"a": now_s * SECOND}
    for _ in range(most):
        before = dict(at)
        for contact in contacts:
            if contact.sender in before:
                left = max(before[contact.sender], contact.opens) + contact.serialisation_ns(size)
                if left <= contact.closes:
                    arrival = left + contact.light_time_ns
                    at[contact.receiver] = min(at.get(contact.receiver, arrival), arrival)
    found = route(ContactPlan(contacts), "a", "d", Instant(now_s * SECOND), size, Terms(hops=most))
    assert (found.arrival if found else None) == at.get("d")
    if found:
        assert len(found.contacts) <= most
        assert found.arrival_from(Instant(now_s * SECOND), size) == found.arrival


def test_a_hop_limit_takes_the_later_route_or_says_that_it_binds():
    plan = ContactPlan([make("a", "b", 0, 9), make("b", "c", 0, 9), make("c", "d", 0, 9), make("a", "d", 50, 60)])
    routes = Routes(plan, "a", 10, 2 * SECOND)
    up = lambda name: True  # noqa: E731
    assert routes.find(Instant(0), Ask("d", 100), up).first_hop == "b"
    assert routes.find(Instant(0), Ask("d", 100, hops=2), up).first_hop == "d"
    assert routes.find(Instant(0), Ask("d", 100), up).first_hop == "b"
    assert routes.find(Instant(0), Ask("c", 100, hops=1), up) is None
    why = routes.told(Instant(0), Ask("c", 100, hops=1))
    assert (why.rule, why.value, why.limit) == ("hops", 2, 1)


def test_the_margin_is_what_light_may_take_longer_at_sabrs_greatest_speed():
    """From the Earth to Mars at 20 light minutes, 450,000 miles an hour are 0.805 s more; to a satellite, 7 µs."""
    far, near = make("a", "b", 0, 9, light=1200), Contact("a", "c", Instant(0), Instant(9), 8, "x", 10_000_000)
    found = [c.light_time_ns for c in with_light_time_margin([far, near])]
    assert found[0] - 1200 * SECOND == pytest.approx(1200e9 * 201_168 / 299_792_458, rel=1e-5)
    assert found[1] == 10_006_711
    assert with_light_time_margin([make("a", "b", 0, 9)])[0].light_time_ns == 0
