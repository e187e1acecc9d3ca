"""Contact plans as ION writes them, for live nodes."""

from __future__ import annotations

import pytest

from orbitalcloud.core import DataError, Instant
from orbitalcloud.core.time import SECOND, parse_instant
from orbitalcloud.live.plan_file import parse_plan, read_plan
from orbitalcloud.network import ContactPlan, route

NOW = parse_instant("2026-11-24T00:00:00Z")

ION = """
# ionadmin's own
1 1 ""
s
m horizon +0
a contact +1 +3600 1 2 125000
a contact 2026/11/24-02:00:00 2026/11/24-02:08:20 2 alice 1000
a range +1 +7200 1 2 3
a contact +1 +3600 2 1 0
"""


def test_contacts_have_their_rate_their_light_time_and_both_kinds_of_names():
    first, second = parse_plan(ION, NOW)
    assert (first.sender, first.receiver, first.rate_bps, first.light_time_ns) == (
        "ipn:1",
        "ipn:2",
        1_000_000,
        3 * SECOND,
    )
    assert (first.opens, first.closes) == (NOW + SECOND, NOW + 3600 * SECOND)
    assert (second.receiver, second.duration_ns, second.light_time_ns) == ("alice", 500 * SECOND, 0)
    found = route(ContactPlan((first, second)), "ipn:1", "alice", NOW, 1000)
    assert found is not None
    assert found.arrival == second.opens + SECOND


def test_a_range_holds_both_ways_and_only_in_its_time():
    text = "a contact +0 +9 2 1 5\na contact +20 +29 2 1 5\na range +0 +10 1 2 1\n"
    assert [one.light_time_ns for one in parse_plan(text, NOW)] == [SECOND, 0]


@pytest.mark.parametrize(
    "line",
    [
        "a contact +0 +9 1 2",
        "a contact +9 +0 1 2 5",
        "a contact 0 9 1 2 5",
        "a contact +0 2026/13/01-00:00:00 1 2 5",
        "a contact +0 +9 1 2 -5",
        "a contact +0 +9 1 2 5.5",
        "a contact +0 +9 1 a/b 5",
        "a range +0 +9 1 99999999999 5",
    ],
)
def test_a_wrong_line_is_named(line: str):
    with pytest.raises(DataError, match="plan:2"):
        parse_plan("# first\n" + line, NOW)


def test_a_plan_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_plan(tmp_path / "none", Instant(0))
