"""Contacts held against the plan: who is silent, whose plan is stale, and what a block asks to be kept from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import Instant, RemoteProtocolError
from orbitalcloud.core.time import MINUTE, SECOND
from orbitalcloud.network import ContactPlan, decode, encode, endpoint
from orbitalcloud.network.avoiding import MAX_NAMES, avoiding, not_through, read_not_through, sending_of
from orbitalcloud.network.making import make_bundle
from orbitalcloud.network.plan_watch import GONE_NS, OWN_PLAN, PlanWatch
from orbitalcloud.network.relay_record import MISSES, PAROLE_NS, TRUSTED_PPM, RelayRecord

START = Instant(1_774_008_000 * SECOND)


def passes(link, peers, count=6):
    return [
        c
        for n, peer in enumerate(peers)
        for k in range(count)
        for c in link("n", peer, 6000 * k + 700 * n, 6000 * k + 700 * n + 600, 1000)
    ]


def meet(watch, contact, shift_ns=0, heard=True):
    opened = Instant(contact.opens + shift_ns)
    turns = watch.opened(opened, contact.receiver)
    if heard:
        watch.heard(opened, contact.receiver)
    watch.closed(Instant(contact.closes + shift_ns), contact.receiver, 5)
    return turns


def own(plan):
    return [contact for contact in plan.contacts if contact.sender == "n"]


def test_a_neighbour_that_misses_two_passes_is_silent_until_it_is_met(link):
    plan = ContactPlan(passes(link, ["p"]))
    watch = PlanWatch("n", plan, START)
    first, second, third = own(plan)[:3]
    assert watch.judge(first.closes) == []
    ((peer, trusted, why),) = watch.judge(second.closes)
    assert (peer, trusted, why.rule) == ("p", False, "silent")
    assert watch.silent == {"p": "silent"}
    assert meet(watch, third)[0][:2] == ("p", True)
    assert not watch.silent


def test_one_that_is_met_and_never_heard_is_as_good_as_absent(link):
    plan = ContactPlan(passes(link, ["p"]))
    watch = PlanWatch("n", plan, START)
    for contact in own(plan)[:2]:
        meet(watch, contact, heard=False)
        turns = watch.judge(contact.closes)
    assert [turn[:2] for turn in turns] == [("p", False)]


def test_a_kept_plan_accuses_nobody(link):
    plan = ContactPlan(passes(link, ["p", "q", "r"]))
    watch = PlanWatch("n", plan, START)
    for contact in own(plan):
        assert meet(watch, contact, shift_ns=MINUTE) == []
        assert watch.judge(Instant(contact.closes + MINUTE)) == []


def test_who_misses_everybody_and_meets_strangers_doubts_its_own_plan(link):
    plan = ContactPlan(passes(link, ["p", "q", "r", "s"]))
    watch = PlanWatch("n", plan, START)
    turns = []
    for contact in own(plan)[:12]:
        turns += watch.judge(contact.closes)
        turns += meet(watch, contact, shift_ns=50 * MINUTE)
    assert (OWN_PLAN, False) in [turn[:2] for turn in turns]
    assert watch.doubts
    assert not watch.silent, "it is the plan that is wrong, and not they"
    watch.use(START, plan)
    assert not watch.doubts


def test_a_link_that_should_last_and_is_gone_makes_its_neighbour_silent(link):
    plan = ContactPlan(link("n", "p", 0, 86_400, 1000))
    watch = PlanWatch("n", plan, START)
    watch.opened(START, "p")
    watch.heard(START, "p")
    gone = Instant(START + 5 * MINUTE)
    watch.closed(gone, "p", 1)
    assert watch.next_due() == gone + GONE_NS
    assert [turn[:2] for turn in watch.judge(Instant(gone + GONE_NS))] == [("p", False)]


# The record of relays -------------------------------------------------------------------------------------------------


def test_a_relay_falls_below_half_and_is_tried_again_after_its_parole():
    record = RelayRecord()
    turns = [turn for _ in range(MISSES) for turn in record.blame(START, ["d", "near"])]
    assert sorted(turn[:2] for turn in turns) == [("d", False), ("near", False)]
    cleared = [turn for _ in range(MISSES) for turn in record.credit(["near"])]
    assert [turn[:2] for turn in cleared] == [("near", True)], "a way on which it delivers clears who was only near"
    assert record.distrusted == {"d"}
    assert record.parole(Instant(START + PAROLE_NS))[0][:2] == ("d", True)
    assert record.blame(START, ["d"])[0][:2] == ("d", False), "one more is enough"


@given(st.lists(st.booleans(), max_size=60))
def test_the_weight_is_laplaces_and_distrust_follows_it(outcomes):
    record = RelayRecord()
    good = bad = 0
    for outcome in outcomes:
        good, bad = good + outcome, bad + (not outcome)
        record.credit(["r"]) if outcome else record.blame(START, ["r"])
        wanted = 1_000_000 if bad < MISSES else 1_000_000 * (good + 1) // (good + bad + 2)
        assert record.weight_ppm("r") == wanted
        assert ("r" in record.distrusted) == (wanted < TRUSTED_PPM)


# The block ------------------------------------------------------------------------------------------------------------

NAMES = st.frozensets(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=20), max_size=MAX_NAMES
)


@given(st.integers(1, 2**32), NAMES)
def test_what_a_bundle_avoids_is_read_back_from_its_bytes(sending, names):
    plain = make_bundle(endpoint("y", "m"), endpoint("x"), START, 1, 1000, b"p", 1, 30)
    bundle = decode(encode(avoiding(plain, sending, names)))
    assert (sending_of(bundle), not_through(bundle)) == (sending, names)
    assert (sending_of(plain), not_through(plain)) == (1, frozenset())


@given(st.binary(max_size=80))
def test_any_bytes_are_a_wish_or_refused(data):
    try:
        _, names = read_not_through(data)
    except RemoteProtocolError:
        return
    assert len(names) <= MAX_NAMES


def test_a_block_with_too_many_names_is_refused():
    with pytest.raises(RemoteProtocolError, match="at most 16"):
        read_not_through(bytes.fromhex("8201") + b"\x98\x20" + b"\x61a" * 32)
