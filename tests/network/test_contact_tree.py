"""The compiled tree arrives when the search in Python does, for every destination, and paths now never wait."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, Contact, Instant
from orbitalcloud.core.contact import varying
from orbitalcloud.core.why import Why
from orbitalcloud.network import ContactPlan, Route, route
from orbitalcloud.network.contact_tree import contact_tree, table_of_plan
from orbitalcloud.network.paths_now import path_now


def contact(pair: tuple[str, str], opens: int, length: int, rates: tuple[int, ...], light: int) -> Contact:
    """One with a rate for each third of it, or one rate."""
    if len(rates) == 1:
        return Contact(*pair, Instant(opens), Instant(opens + length), rates[0], "x", light)
    steps = tuple((Instant(opens + k * length // 3), rate) for k, rate in enumerate(rates))
    return varying(*pair, Instant(opens + length), steps, "x", light)


CONTACTS = st.builds(
    contact,
    st.sampled_from([(x, y) for x in "abcde" for y in "abcde" if x != y]),
    st.integers(0, 60 * SECOND),
    st.integers(3, 30 * SECOND),
    st.sampled_from([(800,), (8_000,), (8_000, 0, 1), (0, 999, 7_777), (10**9, 3, 0)]),
    st.integers(0, 3 * SECOND),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(CONTACTS, min_size=1, max_size=25), st.integers(0, 50 * SECOND), st.integers(0, 3000))
def test_the_tree_is_the_search_for_every_destination(contacts, now, size):
    plan = ContactPlan(contacts)
    table = table_of_plan(plan)
    source = table.names[0]
    tree = contact_tree(table, 0, Instant(now), size)
    for name in table.names[1:]:
        expected = route(plan, source, name, Instant(now), size)
        found = tree.route_to(name)
        assert (found and found.arrival) == (expected and expected.arrival)
        if found is not None:
            assert found.arrival_from(Instant(now), size) == found.arrival
            assert len({source, *(c.receiver for c in found.contacts)}) == len(found.contacts) + 1, "no node twice"


def every_arrival(contacts: list[Contact], node: str, goal: str, at: int, size: int, wait: int, passed: set[str]):  # type: ignore[no-untyped-def]
    """All arrivals at the goal by paths that visit no node twice and wait no longer anywhere."""
    if node == goal:
        yield at
        return
    for c in contacts:
        if c.sender == node and c.receiver not in passed and c.opens <= at + wait and at < c.closes:
            start = Instant(max(at, c.opens))
            left = start + c.serialisation_ns(size, start)
            if left <= c.closes:
                here = left + c.light_time_ns
                yield from every_arrival(contacts, c.receiver, goal, here, size, wait, passed | {c.receiver})


@settings(max_examples=300, deadline=None)
@given(
    st.lists(CONTACTS, min_size=1, max_size=16),
    st.integers(0, 50 * SECOND),
    st.integers(0, 3000),
    st.sampled_from([0, SECOND, 5 * SECOND]),
)
def test_a_path_now_is_the_earliest_of_all_that_wait_nowhere_longer(contacts, now, size, wait):
    table = table_of_plan(ContactPlan(contacts))
    source, goal = table.names[0], table.names[-1]
    found = path_now(table, source, goal, Instant(now), size, wait)
    expected = min(every_arrival(contacts, source, goal, now, size, wait, {source}), default=None)
    if expected is None:
        assert isinstance(found, Why)
        assert found.rule == "path"
        return
    assert isinstance(found, Route)
    assert found.arrival == expected
    assert found.arrival_from(Instant(now), size) == found.arrival


def test_who_comes_later_finds_open_what_was_closed():
    """a-b is quick, but b-d opens only when the slow way over c has come to b: the tree alone has no path."""
    at = lambda s: Instant(s * SECOND)  # noqa: E731
    pairs = [("a", "b", 0, 9, 0), ("a", "c", 0, 9, 1), ("c", "b", 0, 9, 1), ("b", "d", 2, 9, 0)]
    contacts = [Contact(x, y, at(o), at(c), 10**9, "x", light * SECOND) for x, y, o, c, light in pairs]
    table = table_of_plan(ContactPlan(contacts))
    assert contact_tree(table, 0, at(0), 100, 0).route_to("d") is None
    found = path_now(table, "a", "d", at(0), 100)
    assert isinstance(found, Route)
    assert [c.receiver for c in found.contacts] == ["c", "b", "d"]
