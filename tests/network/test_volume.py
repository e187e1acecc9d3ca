"""Bookings never exceed what a contact carries, the urgent displace the others, and no booked route is beaten."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from network.conftest import T0
from orbitalcloud.core import SECOND, Contact, Instant, records
from orbitalcloud.network import ContactPlan, route
from orbitalcloud.network.routes import Ask, Routes
from orbitalcloud.network.routing import Terms
from orbitalcloud.network.volume import Bookings


def make(sender: str, receiver: str, opens: int, closes: int, rate: int = 8_000) -> Contact:
    return Contact(sender, receiver, Instant(opens * SECOND), Instant(closes * SECOND), rate, "x", 0)


CONTACTS = st.builds(
    lambda pair, opens, length: make(*pair, opens, opens + length),
    st.sampled_from([(x, y) for x in "abcd" for y in "abcd" if x != y]),
    st.integers(0, 40),
    st.integers(1, 12),
)
BUNDLES = st.lists(st.tuples(st.integers(500, 6000), st.integers(0, 3)), min_size=1, max_size=8)


def every_route(contacts: list[Contact], source: str, destination: str):  # type: ignore[no-untyped-def]
    """All sequences of contacts that visit no node twice."""
    for count in range(1, 4):
        for chosen in itertools.permutations(contacts, count):
            names = [source, *(c.receiver for c in chosen)]
            joined = all(c.sender == name for c, name in zip(chosen, names, strict=False))
            if joined and names[-1] == destination and len(set(names)) == len(names):
                yield chosen


def arrival(path: tuple[Contact, ...], size: int, priority: int, bookings: Bookings) -> int | None:
    """When a bundle is there that queues behind its equals and betters on the first contact; None without volume."""
    at = 0
    for index, contact in enumerate(path):
        ahead = bookings.booked_bytes(contact, priority)
        start = max(at, contact.opens)
        left = start + contact.serialisation_ns(size + (0 if index else ahead))
        if left > contact.closes or (index and ahead + size > contact.capacity_bytes):
            return None
        at = left
    return at


@settings(max_examples=120, deadline=None)
@given(st.lists(CONTACTS, min_size=1, max_size=7, unique=True), BUNDLES)
def test_against_all_routes(contacts, bundles):
    plan, bookings = ContactPlan(contacts), Bookings()
    sizes: dict[str, tuple[int, int]] = {}
    for number, (size, priority) in enumerate(bundles):
        found = route(plan, "a", "d", Instant(0), size, Terms(bookings=bookings, priority=priority))
        ways = [arrival(path, size, priority, bookings) for path in every_route(contacts, "a", "d")]
        expected = min((at for at in ways if at is not None), default=None)
        assert (found and found.arrival) == expected
        if found is None:
            continue
        name = f"bundle-{number}"
        sizes[name] = size, priority
        for displaced in bookings.book(Instant(0), name, found.contacts, size, priority):
            assert sizes[displaced][1] < priority, "only the less urgent give way"
            bookings.unbook(displaced)
        for contact in contacts:
            assert bookings.booked_bytes(contact, 0) <= contact.capacity_bytes


@given(st.lists(CONTACTS, min_size=1, max_size=7, unique=True), BUNDLES)
def test_what_is_unbooked_is_free(contacts, bundles):
    bookings = Bookings()
    for number, (size, priority) in enumerate(bundles):
        bookings.book(Instant(0), str(number), contacts[:3], size, priority)
        if number % 3 == 0:
            bookings.spent(str(number))
            assert bookings.booked_bytes(contacts[0], 0) == sum(s for k, (s, _) in enumerate(bundles[:number]) if k % 3)
    for number in range(len(bundles)):
        bookings.unbook(str(number))
    assert bookings.booked_bytes(contacts[0], 0) == 0


def find(routes: Routes, ask: Ask, name: str):  # type: ignore[no-untyped-def]
    found = routes.find(Instant(0), ask, lambda peer: True)
    return found, () if found is None else routes.book(Instant(0), name, ask, found)


def test_a_full_contact_sends_the_next_bundle_another_way_and_says_why_there_is_none():
    plan = ContactPlan([make("a", "b", 10, 20), make("b", "d", 10, 40), make("a", "c", 30, 40), make("c", "d", 30, 90)])
    routes = Routes(plan, "a", 4_096, 2 * SECOND)
    ask = Ask("d", 8_000)
    assert find(routes, ask, "one")[0].first_hop == "b"
    assert find(routes, ask, "two")[0].first_hop == "c"
    assert find(routes, ask, "three") == (None, ())
    why = routes.why_not(Instant(0), ask)
    assert (why.rule, why.limit) == ("volume", 2_000)
    urgent, displaced = find(routes, ask._replace(priority=2), "urgent")
    assert (urgent.first_hop, list(displaced)) == ("b", ["one"])


def test_lifetime_and_excluded_nodes_are_named():
    plan = ContactPlan([make("a", "b", 10, 20), make("b", "d", 30, 40)])
    routes = Routes(plan, "a", 100, 2 * SECOND)
    ask = Ask("d", 800)
    soon = ask._replace(expires=20 * SECOND)
    assert routes.find(Instant(0), soon, lambda peer: True) is None
    assert routes.why_not(Instant(0), soon).rule == "lifetime"
    routes.exclude({"b": "jurisdiction"})
    assert routes.find(Instant(0), ask, lambda peer: True) is None
    why = routes.why_not(Instant(0), ask)
    assert (why.rule, "b (jurisdiction)" in why.text) == ("excluded", True)
    assert routes.why_not(Instant(0), ask._replace(destination="x")).rule == "route"


def test_in_flight_the_urgent_bundle_goes_first_and_all_arrive(lab, link):
    """A pass of 20 kB early and one late: five bundles of 8 kB, the urgent made last, and nobody is lost."""
    contacts = [*link("a", "b", 10, 30, 8_000), *link("b", "d", 10, 300, 80_000), *link("a", "c", 60, 200, 8_000)]
    net = lab([*contacts, *link("c", "d", 60, 300, 80_000)])
    for priority in (1, 1, 1, 1, 3):
        net.submit("a", "d", bytes(8_000), priority=priority)
    net.run()
    assert len(net.delivered) == 5
    urgent = f"-{4}"
    assert net.delivered[0][1].bundle_id.endswith(urgent)
    assert {w.why.rule for w in net.of(records.BundleWaits)} <= {"contact", "displaced", "volume", "room"}
    sent = {(s.bundle, s.peer) for s in net.of(records.BundleSent) if s.node == "a"}
    assert {peer for _, peer in sent} == {"b", "c"}


def test_an_agent_tells_its_routes_and_its_paths_now(lab, link):
    net = lab([*link("a", "b", 0, 30, 8_000), *link("b", "d", 0, 30, 8_000), *link("b", "e", 10, 30, 8_000)])
    agent = net.agents["a"]
    assert agent.route_to(T0, "d", 100, path="now").arrival == agent.route_to(T0, "d", 100).arrival
    assert agent.route_to(T0, "e", 100).first_hop == "b"
    assert agent.route_to(T0, "e", 100, path="now").rule == "path"
    assert agent.route_to(T0, "x", 100).rule == "route"
    net.perform("a", agent.exclude(T0, {"b": "lost"}))
    assert agent.route_to(T0, "d", 100).rule == "excluded"
