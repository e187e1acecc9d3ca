"""Words about contacts: plans amended by them, and words held against what was seen."""

from __future__ import annotations

from network.notice_words import T_S, T, key
from orbitalcloud.core import MINUTE, SECOND, Contact, Instant
from orbitalcloud.network import ContactPlan, route
from orbitalcloud.network.contact_watch import ContactWatch, amended
from orbitalcloud.network.notices import Off, Window


def contact(sender: str, receiver: str, opens_min: int, closes_min: int) -> Contact:
    opens, closes = Instant(T + opens_min * MINUTE), Instant(T + closes_min * MINUTE)
    return Contact(sender, receiver, opens, closes, 1_000_000, "s")


PLAN = ContactPlan(
    [contact("a", "s", 0, 10), contact("a", "b", 0, 30), contact("b", "s", 20, 30), contact("s", "a", 0, 10)]
)


def test_what_is_called_off_is_routed_around() -> None:
    direct = route(PLAN, "a", "s", T, 1000)
    assert direct is not None
    assert direct.first_hop == "s"
    around = amended(PLAN, [("s", Off("", T_S, T_S + 900))])
    other = route(around, "a", "s", T, 1000)
    assert other is not None
    assert other.first_hop == "b"


def test_only_its_own_contacts_and_only_the_overlap() -> None:
    assert amended(PLAN, [("x", Off("", T_S, T_S + 90_000))]) is PLAN
    assert amended(PLAN, [("b", Off("x", T_S, T_S + 90_000))]) is PLAN
    cut = amended(PLAN, [("b", Off("a", T_S + 300, T_S + 600))])
    spans = [((c.opens - T) // MINUTE, (c.closes - T) // MINUTE) for c in cut.between("a", "b")]
    assert spans == [(0, 5), (10, 30)]
    assert len(cut) == len(PLAN) + 1


def test_three_missed_contacts_take_the_weight_from_a_word() -> None:
    watch, liar, honest = ContactWatch("me"), key(1), key(2)
    for day in range(3):
        start = T_S + day * 1000
        windows = [Window("me", start, start + 100, 1), Window("other", start, start + 100, 1)]
        watch.expect(liar, windows)
        watch.expect(honest, windows)
        watch.opened(Instant((start + 10) * SECOND), honest)
        watch.closed(Instant((start + 90) * SECOND), honest)
        fallen = watch.judge(Instant((start + 200) * SECOND), T)
        assert fallen == ([liar] if day == 2 else [])
    assert watch.counts(liar) == (0, 3)
    assert watch.counts(honest) == (3, 0)
    assert not watch.believes(liar)
    assert watch.believes(honest)


def test_what_began_before_this_node_was_up_is_nobodys_miss() -> None:
    watch = ContactWatch("me")
    watch.expect(key(1), [Window("me", T_S, T_S + 100, 1)])
    watch.judge(Instant(T + 200 * SECOND), Instant(T + SECOND))
    assert watch.counts(key(1)) == (0, 0)
