"""The checks of the network fail where they should: each is shown a Log in which its rule is broken."""

from __future__ import annotations

from orbitalcloud.core import Why, records
from orbitalcloud.view.fold import fold
from orbitalcloud.view.network_checks import doubled, lost, overbooked, unexplained
from orbitalcloud.view.network_story import quantile

S = 10**9
WHY = Why(False, "contact", "its route begins later")


def made(name="a/1-1", awaited=False):
    return records.BundleCreated(S, "a", name, "dtn://b/messages", 100, "message x-001", awaited)


def told(*entries):
    return fold(entries)


def test_what_a_relay_swallowed_is_lost_unless_its_source_still_waits():
    sent = records.BundleSent(2 * S, "a", "a/1-1", "r", 100, 1)
    taken = (sent, records.BundleReceived(3 * S, "r", "a/1-1", "a", 100))
    gone = records.BundleSwallowed(3 * S, "r", "a/1-1", "a")
    assert not list(lost(told(made(), *taken)))
    assert list(lost(told(made(), *taken, gone)))
    assert not list(lost(told(made(awaited=True), *taken, gone)))
    given_up = records.BundleUnconfirmed(9 * S, "a", "a/1-1", Why(False, "unconfirmed", "sent 5 times"))
    assert list(lost(told(made(awaited=True), *taken, gone, given_up)))
    expired = records.BundleUnconfirmed(9 * S, "a", "a/1-1", Why(False, "lifetime", "never confirmed"))
    assert not list(lost(told(made(awaited=True), *taken, gone, expired))), "its lifetime is over, and somebody says so"


def test_a_bundle_that_is_dropped_for_its_hops_is_lost():
    dropped = records.BundleDropped(4 * S, "r", "a/1-1", Why(False, "hops", "it went 31"))
    assert list(lost(told(made(), dropped)))


def test_two_deliveries_are_one_too_many():
    once = records.BundleDelivered(5 * S, "b", "a/1-1", "dtn://a/", 100, 4000)
    assert not list(doubled(told(made(), once)))
    assert list(doubled(told(made(), once, once)))


def test_a_long_stay_needs_a_reason():
    late = records.BundleSent(300 * S, "a", "a/1-1", "r", 100, 1)
    assert list(unexplained(told(made(), late)))
    assert not list(unexplained(told(made(), records.BundleWaits(S, "a", "a/1-1", WHY), late)))
    assert not list(unexplained(told(made(), records.BundleSent(50 * S, "a", "a/1-1", "r", 100, 1))))


def test_a_contact_cannot_carry_more_than_it_holds():
    opened = records.ContactOpened(S, "a", "r", "s", 8000, 11 * S, 0, 10_000, 0, 0)
    assert not list(overbooked(told(opened, records.ContactClosed(11 * S, "a", "r", 4, 10_000))))
    assert list(overbooked(told(opened, records.ContactClosed(11 * S, "a", "r", 4, 10_001))))


def test_a_quantile_is_one_of_the_values():
    assert quantile([], 0.5) is None
    assert [quantile([1.0, 2.0, 3.0, 4.0], share) for share in (0.25, 0.5, 0.51, 0.95, 1.0)] == [
        1.0,
        2.0,
        3.0,
        4.0,
        4.0,
    ]
