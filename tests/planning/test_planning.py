"""A plan keeps the battery above its reserve, meets deadlines or says why not; the same forecast, the same plan."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.core import MINUTE, SECOND
from orbitalcloud.planning import Forecast, Load, Request, plan

ORBIT = 95 * MINUTE
LIT = 60 * MINUTE


def forecast(charge=0.5, reserve=0.3, array_w=60, idle_w=20, battery_wh=80, orbits=12):
    battery = battery_wh * 3_600_000
    sunlight = tuple((k * ORBIT, k * ORBIT + LIT) for k in range(orbits))
    return Forecast(0, sunlight, array_w * 1000, idle_w * 1000, battery, int(battery * charge), int(battery * reserve))


def brute_force_lowest(f, loads, since, until):
    """The charge second by second, in plain floats."""
    charge, lowest = float(f.charge_mj), float(f.battery_mj)
    for second in range(0, until // SECOND):
        at = second * SECOND
        if at >= since:
            lowest = min(lowest, charge)
        net = (f.array_mw if f.sunlit_at(at) else 0) - f.idle_mw
        net -= sum(load.power_mw for load in loads if load.begin <= at < load.end)
        charge = max(0.0, min(f.battery_mj, charge + net))
    return min(lowest, charge)


loads = st.lists(
    st.builds(
        lambda power, begin, length: Load(power, begin * MINUTE, (begin + length) * MINUTE),
        st.integers(1000, 80_000),
        st.integers(0, 200),
        st.integers(1, 60),
    ),
    max_size=3,
)


@given(loads, st.integers(0, 250))
def test_the_lowest_charge_is_that_of_a_second_by_second_account(drawn, since_min):
    f, since, until = forecast(charge=0.8), since_min * MINUTE, 300 * MINUTE
    assert abs(f.lowest_charge_mj(drawn, since, until) - brute_force_lowest(f, drawn, since, until)) <= 300


@given(loads, st.floats(0.0, 0.29))
def test_the_charge_comes_back_to_the_reserve_when_it_is_said_to(drawn, charge):
    f = forecast(charge=charge)
    at = f.first_at_reserve(drawn, 0, 500 * MINUTE)
    if at is not None:
        assert brute_force_lowest(f, drawn, 0, at) <= f.reserve_mj + 300
        assert f.lowest_charge_mj(drawn, at, at + SECOND) >= f.reserve_mj - 100_000


def test_a_job_that_fits_starts_at_once():
    (placed,) = plan([Request("a", 10_000, 10 * MINUTE, 5 * ORBIT)], forecast())
    assert (placed.start, placed.finish) == (0, 10 * MINUTE)
    assert placed.why.ok


def test_a_job_that_would_break_the_reserve_in_the_shadow_waits_for_the_sun():
    f = forecast(battery_wh=30)
    (placed,) = plan([Request("a", 40_000, 30 * MINUTE, 5 * ORBIT)], f, Load(0, 0, LIT))
    assert placed.start == ORBIT, "the next sunrise"
    run = [Load(40_000, placed.start, placed.finish)]
    assert brute_force_lowest(f, run, placed.start, 2 * ORBIT) >= f.reserve_mj


def test_a_battery_below_its_reserve_defers_a_job_and_does_not_refuse_it():
    """In full sun without a sunrise, too: the start is when the charge is back."""
    f = forecast(charge=0.2)
    endless = Forecast(0, ((0, 100 * ORBIT),), f.array_mw, f.idle_mw, f.battery_mj, f.charge_mj, f.reserve_mj)
    for each in (f, endless):
        (placed,) = plan([Request("a", 5_000, 5 * MINUTE, 5 * ORBIT)], each)
        assert placed.start is not None
        assert placed.start > 0
        assert brute_force_lowest(each, [Load(5_000, placed.start, placed.finish)], placed.start, ORBIT) >= (
            each.reserve_mj - 100_000
        )


def test_a_queue_counts_the_sun_that_falls_while_it_runs():
    """Twelve half hours at 12.5 W in a day with power to spare: none is refused."""
    asks = [Request(f"{n:02}", 12_500, 30 * MINUTE, 14 * ORBIT) for n in range(12)]
    placed = plan(asks, forecast(charge=0.9, array_w=75, idle_w=18, orbits=16))
    assert all(item.start is not None for item in placed)


def test_what_runs_is_waited_for_once():
    ask = Request("b", 1_000, 50 * MINUTE, 120 * MINUTE)
    (placed,) = plan([ask], forecast(charge=0.9), Load(1_000, 0, 60 * MINUTE))
    assert placed.start == 60 * MINUTE


def test_a_job_that_can_never_run_says_which_limit():
    (placed,) = plan([Request("a", 500_000, 60 * MINUTE, 10 * ORBIT)], forecast())
    assert placed.start is None
    assert (placed.why.rule, placed.why.unit) == ("reserve", "ppm")
    assert placed.why.value < placed.why.limit


def test_a_job_that_is_too_late_says_by_how_much_and_why_it_starts_late():
    (placed,) = plan([Request("a", 1_000, 10 * MINUTE, 4 * MINUTE)], forecast())
    assert (placed.start, placed.why.rule, placed.why.value) == (None, "deadline", 360)
    assert "at once" in placed.why.text
    (behind,) = plan([Request("a", 1_000, 10 * MINUTE, 14 * MINUTE)], forecast(), Load(1_000, 0, 9 * MINUTE))
    assert (behind.why.rule, behind.why.value) == ("deadline", 300)
    assert "when the accelerator is free" in behind.why.text


def test_jobs_follow_one_another_by_deadline_then_value():
    asks = [
        Request("late", 1_000, MINUTE, 9 * ORBIT),
        Request("cheap", 1_000, MINUTE, 3 * ORBIT, value=1),
        Request("dear", 1_000, MINUTE, 3 * ORBIT, value=9),
    ]
    running = Load(1_000, 0, 5 * MINUTE)
    placed = plan(asks, forecast(), running)
    assert [item.job for item in placed] == ["dear", "cheap", "late"]
    assert [item.start for item in placed] == [5 * MINUTE, 6 * MINUTE, 7 * MINUTE]
    assert placed == plan(asks[::-1], forecast(), running)


def test_a_short_job_uses_the_gap_before_one_that_waits_for_the_sun():
    f = forecast(battery_wh=30)
    asks = [Request("heavy", 40_000, 30 * MINUTE, 3 * ORBIT), Request("light", 1_000, MINUTE, 9 * ORBIT)]
    heavy, light = plan(asks, f, Load(0, 0, LIT))
    assert heavy.start == ORBIT
    assert light.start == LIT


def test_past_the_known_sunlight_a_plan_still_answers():
    f = forecast(orbits=1)
    (placed,) = plan([Request("a", 200_000, 50 * MINUTE, 100 * ORBIT)], f)
    assert placed.start is None
    assert placed.why.rule == "reserve"


@given(
    st.lists(st.tuples(st.integers(1, 60_000), st.integers(1, 90), st.integers(1, 900)), max_size=8),
    st.floats(0.31, 1.0),
)
def test_no_two_placements_overlap_and_none_is_late(asks, charge):
    requests = [Request(str(n), mw, m * MINUTE, d * MINUTE) for n, (mw, m, d) in enumerate(asks)]
    placed = [item for item in plan(requests, forecast(charge)) if item.start is not None]
    for before, after in itertools.pairwise(sorted(placed, key=lambda item: item.start)):
        assert before.finish <= after.start
    deadlines = {request.job: request.deadline for request in requests}
    assert all(item.finish <= deadlines[item.job] for item in placed)
