"""An Instant is integer nanoseconds of UTC; text goes in and comes out unchanged."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import SECOND, DataError, iso, parse_instant
from orbitalcloud.core.time import instant_of


@given(st.integers(0, 4_102_444_800 * SECOND))
def test_text_of_an_instant_reads_back(at):
    assert parse_instant(iso(at, 9)) == at


def test_known_moments():
    assert parse_instant("1970-01-01T00:00:00Z") == 0
    assert parse_instant("2020-12-01T12:00:23Z") == 1_606_824_023 * SECOND  # mainnet's beacon genesis
    assert iso(1_606_824_023 * SECOND) == "2020-12-01T12:00:23Z"


def test_a_datetime_with_an_offset_is_the_same_moment():
    east = datetime(2026, 3, 20, 14, tzinfo=timezone(timedelta(hours=2)))
    assert (
        instant_of(east) == instant_of(datetime(2026, 3, 20, 12, tzinfo=UTC)) == parse_instant("2026-03-20T12:00:00Z")
    )


@pytest.mark.parametrize(
    "text", ["", "2026-03-20", "2026-03-20T12:00:00", "2026-02-30T00:00:00Z", "2026-03-20T25:00:00Z"]
)
def test_what_is_no_moment_is_refused_with_a_remedy(text):
    with pytest.raises(DataError, match="instant"):
        parse_instant(text)


def test_a_bare_local_time_is_ambiguous():
    with pytest.raises(DataError, match="time zone"):
        instant_of(datetime(2026, 3, 20, 12))
