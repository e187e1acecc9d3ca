"""Contact plans of others are read as they meant them, and ours are read back by the same rules."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, Contact, DataError, Instant
from orbitalcloud.network.plan_files import read_plan, write_ion

DATA = Path(__file__).parents[1] / "data" / "network"
T0 = Instant(1_774_008_000 * SECOND)


def test_ion_text_of_a_sabr():
    """A-SABR's file: rates in bytes a second, ranges in seconds."""
    found = read_plan((DATA / "contact_plan.ion").read_text(), T0)
    assert [(c.sender, c.receiver) for c in found] == [(f"ipn:{k}", f"ipn:{k + 1}") for k in range(1, 6)]
    assert [c.rate_bps for c in found] == [80_000, 120_000, 160_000, 200_000, 240_000]
    assert [c.light_time_ns // SECOND for c in found] == [10, 15, 20, 25, 30]
    assert {(c.opens, c.closes) for c in found} == {(T0 + 60 * SECOND, T0 + 7260 * SECOND)}


def test_ranges_are_of_both_directions_and_times_may_be_absolute():
    text = """# remark
    1 1 ''
    @ 2026/03/20-12:00:00
    a contact +10 2026/03/20-12:01:00 2 1 1000 1.0  # the way back
    a range +0 +100 1 2 3
    m horizon +0
    """
    (found,) = read_plan(text, Instant(0))
    assert (found.opens, found.closes, found.light_time_ns) == (T0 + 10 * SECOND, T0 + 60 * SECOND, 3 * SECOND)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a contact +0 +10 1 2", "line 1: a contact"),
        ("\na contact +0 +10 1 x/y 100", "line 2, node: x/y"),
        ("a contact +10 +10 1 2 100", "stop after its start"),
        ("a contact +0 +10 1 1 100", "between two nodes"),
        ("a contact 2026-03-20 +10 1 2 100", "line 1, time: 2026-03-20: write +seconds"),
        ("a range +0 +10 1 2 -3", "line 1, range: -3"),
        ("a contact +0 +10 1 2 " + "9" * 19, "rate"),
        ("@", "write: @ yyyy"),
        ("{", "write JSON"),
        ("[" * 100_000, "write JSON"),
        ('{"contacts": 3}', "a list named contacts"),
        ('{"contacts": [{"source": 1}]}', "contacts[0], startTime: None"),
    ],
)
def test_what_is_wrong_is_said(text, says):
    with pytest.raises(DataError) as error:
        read_plan(text, T0)
    assert says in str(error.value)


@given(st.text(max_size=300) | st.text('a contrge+@0123456789{}[]":,\n ', max_size=300))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(DataError):
        read_plan(text, T0)


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(1, 10**12), st.integers(8, 10**10)), max_size=8))
def test_what_is_written_is_within_what_was(rows):
    contacts = [
        Contact(f"ipn:{k + 1}", f"ipn:{k + 2}", Instant(T0 + at), Instant(T0 + at + long), rate, "x", 10**9 * k)
        for k, (at, long, rate) in enumerate(rows)
    ]
    by_name = {c.sender: c for c in contacts}
    for found in read_plan(write_ion(contacts, lambda name: int(name[4:]), T0), T0):
        was = by_name[found.sender]
        assert was.opens <= found.opens < found.closes <= was.closes
        assert found.rate_bps <= was.rate_bps
        assert found.light_time_ns == was.light_time_ns


def test_nodes_have_numbers_or_names():
    text = "m horizon +0\na contact +1 +9 1 2 125000\na contact +20 +30 2 alice 1000\na range +0 +99 alice ipn:2 3\n"
    first, second = read_plan(text, T0)
    assert (first.sender, first.receiver, first.rate_bps) == ("ipn:1", "ipn:2", 1_000_000)
    assert (second.sender, second.receiver, second.light_time_ns) == ("ipn:2", "alice", 3 * SECOND)
    for wrong in ("a/b", "99999999999999999999999", "0", "ipn:x"):
        with pytest.raises(DataError, match="line 2"):
            read_plan(f"# first\na contact +0 +9 1 {wrong} 5", T0)
