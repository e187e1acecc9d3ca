"""A plan keeps the battery above its reserve, meets deadlines or says why not; the same forecast, the same plan."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import MINUTE, SECOND
from orbitalcloud.planning import Forecast, Request, plan

ORBIT = 95 * MINUTE
LIT = 60 * MINUTE


def forecast(charge=0.5, reserve=0.3, array_w=60, idle_w=20, battery_wh=80, orbits=12):
    battery = battery_wh * 3_600_000
    sunlight = tuple((k * ORBIT, k * ORBIT + LIT) for k in range(orbits))
    return Forecast(0, sunlight, array_w * 1000, idle_w * 1000, battery, int(battery * charge), int(battery * reserve))


def brute_force_lowest(f, power_mw, begin, end, until):
    """The charge second by second, in plain floats."""
    charge = lowest = float(f.charge_mj)
    for second in range(0, until // SECOND):
        at = second * SECOND
        net = (f.array_mw if f.sunlit_at(at) else 0) - f.idle_mw - (power_mw if begin <= at < end else 0)
        charge = min(f.battery_mj, charge + net)
        lowest = min(lowest, charge)
    return lowest


@given(st.integers(0, 200), st.integers(1, 60), st.integers(1000, 80_000))
def test_the_lowest_charge_is_that_of_a_second_by_second_account(start_min, length_min, power_mw):
    f = forecast(charge=0.8)
    begin, end, until = start_min * MINUTE, (start_min + length_min) * MINUTE, 300 * MINUTE
    quick = f.lowest_charge_mj(power_mw, begin, end, until, f.charge_mj, 0)
    assert abs(quick - brute_force_lowest(f, power_mw, begin, end, until)) <= 100


def test_a_job_that_fits_starts_at_once():
    (placed,) = plan([Request("a", 10_000, 10 * MINUTE, 5 * ORBIT)], forecast(), 0)
    assert (placed.start, placed.finish) == (0, 10 * MINUTE)
    assert placed.why.ok


def test_a_job_that_would_break_the_reserve_in_the_shadow_waits_for_the_sun():
    f = forecast(battery_wh=30)
    (placed,) = plan([Request("a", 40_000, 30 * MINUTE, 5 * ORBIT)], f, LIT)
    assert placed.start == ORBIT, "the next sunrise"
    assert brute_force_lowest(f, 40_000, placed.start, placed.finish, 2 * ORBIT) >= f.reserve_mj


def test_a_job_that_can_never_run_says_which_limit():
    (placed,) = plan([Request("a", 500_000, 60 * MINUTE, 10 * ORBIT)], forecast(), 0)
    assert placed.start is None
    assert (placed.why.rule, placed.why.unit) == ("reserve", "ppm")
    assert placed.why.value < placed.why.limit


def test_a_job_that_is_too_late_says_by_how_much():
    (placed,) = plan([Request("a", 1_000, 10 * MINUTE, 4 * MINUTE)], forecast(), 0)
    assert (placed.start, placed.why.rule, placed.why.value) == (None, "deadline", 360)


def test_jobs_follow_one_another_by_deadline_then_value():
    asks = [
        Request("late", 1_000, MINUTE, 9 * ORBIT),
        Request("cheap", 1_000, MINUTE, 3 * ORBIT, value=1),
        Request("dear", 1_000, MINUTE, 3 * ORBIT, value=9),
    ]
    placed = plan(asks, forecast(), 5 * MINUTE)
    assert [item.job for item in placed] == ["dear", "cheap", "late"]
    assert [item.start for item in placed] == [5 * MINUTE, 6 * MINUTE, 7 * MINUTE]
    assert placed == plan(asks[::-1], forecast(), 5 * MINUTE)


def test_past_the_known_sunlight_a_plan_still_answers():
    f = forecast(orbits=1)
    (placed,) = plan([Request("a", 200_000, 50 * MINUTE, 100 * ORBIT)], f, 0)
    assert placed.start is None
    assert placed.why.rule == "reserve"


@given(
    st.lists(st.tuples(st.integers(1, 60_000), st.integers(1, 90), st.integers(1, 900)), max_size=8),
    st.floats(0.31, 1.0),
)
def test_no_two_placements_overlap_and_none_is_late(asks, charge):
    requests = [Request(str(n), mw, m * MINUTE, d * MINUTE) for n, (mw, m, d) in enumerate(asks)]
    placed = [item for item in plan(requests, forecast(charge), 0) if item.start is not None]
    for before, after in itertools.pairwise(placed):
        assert before.finish <= after.start
    deadlines = {request.job: request.deadline for request in requests}
    assert all(item.finish <= deadlines[item.job] for item in placed)
