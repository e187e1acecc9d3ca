"""The compiled tree arrives when the search in Python does, for every destination, and paths now never wait."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, Contact, Instant
from orbitalcloud.core.contact import varying
from orbitalcloud.core.why import Why
from orbitalcloud.network import ContactPlan, Route, route
from orbitalcloud.network.contact_tree import contact_tree, path_now, table_of_plan


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


@settings(max_examples=150, deadline=None)
@given(st.lists(CONTACTS, min_size=1, max_size=25), st.integers(0, 50 * SECOND), st.integers(0, 3000))
def test_a_path_now_waits_nowhere(contacts, now, size):
    plan = ContactPlan(contacts)
    table = table_of_plan(plan)
    found = path_now(table, table.names[0], table.names[-1], Instant(now), size)
    at = {table.names[0]: now}  # brute force: relax until nothing changes, no wait allowed
    for _ in contacts:
        for c in contacts:
            here = at.get(c.sender)
            if here is not None and c.opens <= here < c.closes:
                left = here + c.serialisation_ns(size, Instant(here))
                if left <= c.closes:
                    at[c.receiver] = min(at.get(c.receiver, left + c.light_time_ns), left + c.light_time_ns)
    if isinstance(found, Why):
        assert found.rule == "path"
        return
    assert isinstance(found, Route)
    here = now
    for c in found.contacts:
        assert c.opens <= here < c.closes
        here += c.serialisation_ns(size, Instant(here)) + c.light_time_ns
    assert here == found.arrival >= at[table.names[-1]]
