"""Air, decay and the drift of the plane: the cases, closed forms, and what must always be so."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import iv

import validation
from orbitalcloud.core import DataError
from orbitalcloud.core.time import DAY, Instant, parse_instant
from orbitalcloud.physics import density as density_module
from orbitalcloud.physics.constants import EARTH_MU_M3_S2, EARTH_RADIUS_M, EARTH_ROTATION_RAD_S
from orbitalcloud.physics.decay import check_drag, decay, drag_m2_kg, drag_rates, lifetime_days
from orbitalcloud.physics.density import density_at, density_kg_m3, density_profile, density_table
from orbitalcloud.physics.design import Design, circular, sun_synchronous
from orbitalcloud.physics.solar_activity import LEVELS, Activity, activity_of, ap_of_kp, kp_of_ap, solar_cycle
from orbitalcloud.physics.station_keeping import (
    altitude_for_lifetime_m,
    delta_v_m_s,
    drag_for_lifetime_m2_kg,
    local_time_drift,
    mean_drag,
    plane_delta_v_m_s_year,
    propellant_kg,
)
from physics import cases_drag

EPOCH = parse_instant("2026-03-20T00:00:00Z")
MEAN = Activity.level("mean", EPOCH)


@pytest.mark.parametrize("case", cases_drag.CASES, ids=validation.name)
def test_case(case: dict[str, Any]) -> None:
    validation.holds(case)


# Density ------------------------------------------------------------------------------------------------------------


def test_the_kernel_knows_the_tables_altitudes() -> None:
    table = density_table()
    assert table.stretch == density_module._STRETCH
    assert table.log.shape[2] == density_module._NODES


def test_density_at_a_node_is_the_tables() -> None:
    table = density_table()
    profile = density_profile(130.0, 3.0)
    for k in (0, 7, 35):
        height_m = 100e3 + density_module._SCALE_M * math.expm1(table.stretch * k)
        # at the equator, where sin φ = 0, and averaged over opposite hours, only the even zonal terms are left
        expected = table.log[4, 2, k, 0] - 0.5 * table.log[4, 2, k, 10] + 0.375 * table.log[4, 2, k, 20]
        hours = [math.log(density_at(profile, height_m, 0.0, math.cos(t), math.sin(t))) for t in (0.0, 0.5, 1.0, 1.5)]
        opposite = [
            math.log(density_at(profile, height_m, 0.0, -math.cos(t), -math.sin(t))) for t in (0.0, 0.5, 1.0, 1.5)
        ]
        quarter = [
            math.log(density_at(profile, height_m, 0.0, -math.sin(t), math.cos(t))) for t in (0.0, 0.5, 1.0, 1.5)
        ]
        three = [math.log(density_at(profile, height_m, 0.0, math.sin(t), -math.cos(t))) for t in (0.0, 0.5, 1.0, 1.5)]
        assert np.mean(hours + opposite + quarter + three) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(
    f107=st.floats(60, 400),
    kp=st.floats(0, 9),
    height=st.floats(100e3, 1480e3),
    latitude=st.floats(-1.57, 1.57),
    local=st.floats(0, 24),
    day=st.floats(0, 365),
)
def test_air_thins_upwards(f107: float, kp: float, height: float, latitude: float, local: float, day: float) -> None:
    low, high = density_kg_m3(
        [height, height + 20e3], f107, kp, latitude_rad=latitude, local_time_h=local, day_of_year=day
    )
    assert 0.0 < high < low < 1e-5


@settings(deadline=None, max_examples=30)
@given(f107=st.floats(60, 340), kp=st.floats(0, 7.5), height=st.floats(200e3, 800e3))
def test_a_more_active_sun_swells_the_air(f107: float, kp: float, height: float) -> None:
    here = float(density_kg_m3(height, f107, kp))
    assert float(density_kg_m3(height, f107 + 20.0, kp)) > here
    assert float(density_kg_m3(height, f107, kp + 1.0)) > here


def test_the_day_is_denser_than_the_night() -> None:
    night, day = density_kg_m3([500e3] * 2, 140.0, 3.0, latitude_rad=0.0, local_time_h=[4.0, 15.0], day_of_year=79.0)
    assert 2.0 < day / night < 8.0


def test_above_the_table_it_falls_on() -> None:
    profile = density_profile(140.0, 3.0)
    low, top, high = (density_at(profile, h, 0.0, 1.0, 0.0) for h in (1400e3, 1500e3, 1600e3))
    assert low > top > high > 0.0
    assert density_at(profile, 36_000e3, 0.0, 1.0, 0.0) < 1e-30


@pytest.mark.parametrize(
    "arguments",
    [
        {"altitude_m": 99e3},
        {"altitude_m": 1501e3},
        {"altitude_m": math.nan},
        {"f107_sfu": 50.0},
        {"f107_sfu": 401.0},
        {"f107_sfu": math.nan},
        {"kp": -0.1},
        {"kp": 9.1},
        {"kp": math.nan},
        {"latitude_rad": 0.1},
        {"latitude_rad": math.nan, "local_time_h": 1.0},
        {"day_of_year": math.inf},
    ],
)
def test_what_has_no_density_is_told(arguments: dict[str, Any]) -> None:
    whole = {"altitude_m": 400e3, "f107_sfu": 140.0, "kp": 3.0, **arguments}
    height, f107, kp = whole.pop("altitude_m"), whole.pop("f107_sfu"), whole.pop("kp")
    with pytest.raises(DataError, match="density"):
        density_kg_m3(height, f107, kp, **whole)


# The Sun's activity -------------------------------------------------------------------------------------------------


def test_levels_and_what_is_given() -> None:
    assert activity_of("mean", None, None) == (140.0, 3.0)
    assert activity_of("maximum", 100.0, None)[0] == 100.0
    assert activity_of("minimum", None, 5.0) == (65.0, 5.0)
    for _, ap in LEVELS.values():
        assert ap_of_kp(kp_of_ap(ap)) == pytest.approx(ap)


def test_the_cycle_is_that_of_the_months() -> None:
    november_2001 = solar_cycle(parse_instant("2001-11-10T00:00:00Z"), 1.0)
    assert november_2001.f107_sfu[0] == pytest.approx(215.8, abs=0.05)
    assert abs(november_2001.start - parse_instant("2001-11-16T00:00:00Z")) < DAY


def test_the_forecast_has_its_order_and_repeats() -> None:
    low, middle, high = (solar_cycle(EPOCH, 60.0, chance).f107_sfu for chance in ("low", "middle", "high"))  # type: ignore[arg-type]
    assert (low <= middle).all()
    assert (middle <= high).all()
    late = solar_cycle(parse_instant("2045-01-01T00:00:00Z"), 30.0).f107_sfu
    np.testing.assert_array_equal(late[:132], late[132:264])
    with pytest.raises(DataError, match="1957"):
        solar_cycle(parse_instant("1950-01-01T00:00:00Z"))
    with pytest.raises(DataError, match="solar activity"):
        Activity.constant(math.nan, 3.0)


# Drag against closed forms ------------------------------------------------------------------------------------------

SCALE_M = 60e3


def exponential(base_kg_m3: float, base_m: float) -> np.ndarray:
    """A profile whose density is exactly exponential at every node."""
    heights = 100e3 + density_module._SCALE_M * np.expm1(density_module._STRETCH * np.arange(density_module._NODES))
    profile = np.zeros((density_module._NODES, density_module.N_PLACES))
    profile[:, 0] = math.log(base_kg_m3) - (heights - base_m) / SCALE_M
    return profile


def swelling(axis_m: float, e: float) -> float:
    """By how much the equatorial orbit runs lower than its mean ellipse (Brouwer's mean elements)."""
    p = axis_m * (1.0 - e * e)
    return -1.5 * 1.08262668355e-3 * EARTH_RADIUS_M**2 / p**2 * math.sqrt(1.0 - e * e)


@pytest.mark.parametrize("e", [0.0, 0.001, 0.01, 0.05, 0.1])
def test_king_hele(e: float) -> None:
    """Changes in a revolution over the equator by King-Hele (1987), to e³ in his Bessel functions."""
    axis = (EARTH_RADIUS_M + 400e3) / (1.0 - e)
    drag, rho = 0.01, 3e-12
    sink, shape, _ = drag_rates(exponential(rho, 400e3), axis, e, 0.0, 0.3, 0.2, drag)
    shift = 1.0 + swelling(axis, e)
    z = axis * e * shift / SCALE_M
    perigee = rho * math.exp(-axis * (1.0 - e) * (shift - 1.0) / SCALE_M)
    speed = math.sqrt(EARTH_MU_M3_S2 / axis * (1.0 + e) / (1.0 - e))
    turn = (1.0 - axis * (1.0 - e) * EARTH_ROTATION_RAD_S / speed) ** 2  # King-Hele's F, rotation at the perigee
    bessel = [iv(k, z) * math.exp(-z) for k in range(4)]
    period = 2.0 * math.pi * math.sqrt(axis**3 / EARTH_MU_M3_S2)
    axis_turn = bessel[0] + 2 * e * bessel[1] + 0.75 * e**2 * (bessel[0] + bessel[2])
    axis_turn += 0.25 * e**3 * (3 * bessel[1] + bessel[3])
    shape_turn = bessel[1] + 0.5 * e * (bessel[0] + bessel[2]) - 0.125 * e**2 * (5 * bessel[1] - bessel[3])
    change = -2.0 * math.pi * turn * drag * axis**2 * perigee
    tolerance = 0.002 + 0.1 * e  # he holds F over the orbit
    assert sink * period == pytest.approx(change * axis_turn, rel=tolerance)
    if e:
        assert shape * period == pytest.approx(change / axis * shape_turn, rel=tolerance + 0.003)


def test_drag_takes_the_energy_that_the_axis_loses() -> None:
    """On a circle v dv = −½ v² da/a: the mean deceleration is n/2 of the sinking."""
    axis = EARTH_RADIUS_M + 500e3
    sink, _, slow = drag_rates(density_profile(140.0, 3.0), axis, 0.0, 1.7, 0.0, 0.5, 0.02)
    assert slow == pytest.approx(-sink * 0.5 * math.sqrt(EARTH_MU_M3_S2 / axis**3), rel=1e-9)


# Decay --------------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=15)
@given(
    height=st.floats(200e3, 500e3),
    inclination=st.floats(0.1, 3.0),
    drag=st.floats(0.005, 0.1),
    more=st.floats(1.05, 5.0),
    e=st.sampled_from([0.0, 0.005, 0.03]),
)
def test_more_drag_never_lengthens_life(height: float, inclination: float, drag: float, more: float, e: float) -> None:
    axis = (EARTH_RADIUS_M + height) / (1.0 - e)
    orbit = Design(axis, e, inclination, 0.5, 1.0, 0.0, EPOCH)
    assert lifetime_days(orbit, drag * more, MEAN) <= lifetime_days(orbit, drag, MEAN)


def test_a_higher_orbit_lives_longer_and_a_more_active_sun_shortens_it() -> None:
    lives = [lifetime_days(circular(h * 1e3, 0.9, EPOCH, raan_rad=0.0), 0.02, MEAN) for h in (250, 300, 400, 500)]
    assert lives == sorted(lives)
    orbit = circular(450e3, 0.9, EPOCH, raan_rad=0.0)
    by_level = [lifetime_days(orbit, 0.02, Activity.level(level)) for level in ("minimum", "mean", "maximum")]
    assert by_level == sorted(by_level, reverse=True)


@pytest.mark.parametrize("e", [0.0, 0.03])
def test_halving_the_step_converges_at_second_order(e: float) -> None:
    orbit = Design(EARTH_RADIUS_M + 450e3 + 150e3 * (e > 0), e, 1.7, 0.0, 0.5, 0.0, EPOCH)
    lives = [decay(orbit, 0.02, MEAN, step=step).lifetime_days for step in (0.08, 0.04, 0.02, 0.01)]
    errors = np.abs(np.diff(lives))
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.15)
    assert errors[1] / errors[2] == pytest.approx(4.0, rel=0.15)
    assert errors[0] < 1e-3 * lives[-1]  # what is left at the step that is used


def test_no_air_no_decay() -> None:
    orbit = Design(EARTH_RADIUS_M + 500e3, 0.01, 1.0, 0.0, 0.5, 0.0, EPOCH)
    course = decay(orbit, 0.0, MEAN, years=3.0)
    assert course.lifetime_days == math.inf
    np.testing.assert_array_equal(course.semi_major_axis_m, orbit.semi_major_axis_m)
    np.testing.assert_array_equal(course.eccentricity, orbit.eccentricity)
    assert course.days[-1] == pytest.approx(3.0 * 365.25)


def test_an_eccentric_orbit_becomes_round_before_it_falls() -> None:
    orbit = Design(EARTH_RADIUS_M + 900e3, 0.09, 1.0, 0.0, 0.5, 0.0, EPOCH)
    course = decay(orbit, 0.02, MEAN)
    assert (np.diff(course.semi_major_axis_m) <= 0.0).all()
    assert course.eccentricity[-1] < 0.01
    assert course.lifetime_days < math.inf


def test_the_same_orbit_on_another_day_of_a_constant_sun_lives_about_as_long() -> None:
    later = Instant(EPOCH + 180 * DAY)
    one = lifetime_days(circular(450e3, 0.9, EPOCH, raan_rad=0.0), 0.02, MEAN)
    other = lifetime_days(circular(450e3, 0.9, later, raan_rad=0.0), 0.02, MEAN)
    assert one == pytest.approx(other, rel=0.1)


@pytest.mark.parametrize(
    ("coefficient", "area", "mass"),
    [(2.2, 0.0, 1.0), (2.2, -1.0, 1.0), (2.2, 1.0, 0.0), (math.nan, 1.0, 1.0), (2.2, 1.0, math.inf)],
)
def test_areas_and_masses_that_cannot_be(coefficient: float, area: float, mass: float) -> None:
    with pytest.raises(DataError, match="drag"):
        drag_m2_kg(coefficient, area, mass)


def test_orbits_and_runs_that_cannot_be() -> None:
    high = Design(EARTH_RADIUS_M + 18_000e3, 0.7, 0.1, 0.0, 0.0, 0.0, EPOCH)
    with pytest.raises(DataError, match="apogee"):
        decay(high, 0.01, MEAN)
    low = circular(400e3, 1.0, EPOCH, raan_rad=0.0)
    for wrong in ({"years": 0.0}, {"years": 201.0}, {"step": 0.0}, {"step": math.nan}):
        with pytest.raises(DataError, match="decay"):
            decay(low, 0.01, MEAN, **wrong)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="C_D"):
        check_drag(math.nan)
    with pytest.raises(DataError, match="C_D"):
        decay(low, -0.1, MEAN)


# Keeping an orbit, leaving it ---------------------------------------------------------------------------------------


def test_holding_costs_what_falling_gives() -> None:
    orbit = sun_synchronous(500e3, 10.5, EPOCH)
    drag = mean_drag(orbit, 0.02, 140.0, 3.0)
    fallen = decay(orbit, 0.02, Activity.constant(140.0, 3.0), years=0.05)
    rate = (fallen.altitude_m[0] - fallen.altitude_m[-1]) / fallen.days[-1]
    assert drag.sink_m_day == pytest.approx(rate, rel=0.25)  # three weeks of March against the mean of a year
    assert drag.delta_v_m_s_year == pytest.approx(drag.sink_m_day * 365.25 * 0.5 * 1.107e-3, rel=0.01)


def test_the_plane_stands_still_at_noon_and_at_dawn() -> None:
    at = {local: plane_delta_v_m_s_year(sun_synchronous(600e3, local, EPOCH)) for local in (6.0, 9.0, 12.0)}
    assert at[9.0] > 5.0
    assert at[6.0] < 0.1 * at[9.0]
    assert at[12.0] < 0.1 * at[9.0]


def test_a_sinking_orbit_drifts_to_a_later_time() -> None:
    """A lower orbit turns faster, to the east for a retrograde one: 3.5 da/a of 360° a year."""
    orbit = sun_synchronous(500e3, 18.0, EPOCH)
    kept, sunk = local_time_drift(orbit, 2.0), local_time_drift(orbit, 2.0, 0.01, MEAN)
    assert sunk.altitude_m[-1] < kept.altitude_m[-1] - 5e3
    mean_drop = np.trapezoid(orbit.semi_major_axis_m - sunk.semi_major_axis_m, sunk.days) / sunk.days[-1]
    expected_h = 3.5 * mean_drop / orbit.semi_major_axis_m * 24.0 * 2.0
    assert sunk.local_time_h[-1] - kept.local_time_h[-1] == pytest.approx(expected_h, rel=0.05)


def test_a_wrong_inclination_drifts_as_its_cosine() -> None:
    orbit = sun_synchronous(600e3, 12.0, EPOCH)
    tilted = replace(orbit, inclination_rad=orbit.inclination_rad + math.radians(0.1))
    one, other = local_time_drift(orbit, 1.0), local_time_drift(tilted, 1.0)
    later_min = 24 * 60 * -math.tan(orbit.inclination_rad) * math.radians(0.1)  # dΩ'/Ω' = −tan i di, of a turn a year
    gained_min = (other.local_time_h[-1] - one.local_time_h[-1]) * 60.0
    assert gained_min == pytest.approx(later_min, rel=0.05)


def test_propellant_and_velocity_are_one_equation() -> None:
    burnt = propellant_kg(150.0, 80.0, 1400.0)
    assert delta_v_m_s(150.0, burnt, 1400.0) == pytest.approx(80.0)
    for wrong in ((0.0, 1.0, 220.0), (1.0, -1.0, 220.0), (1.0, 1.0, math.nan)):
        with pytest.raises(DataError, match="propellant"):
            propellant_kg(*wrong)
    with pytest.raises(DataError, match="propellant"):
        delta_v_m_s(10.0, 10.0, 220.0)


def test_what_meets_the_rule_meets_it() -> None:
    orbit = sun_synchronous(600e3, 10.5, EPOCH)
    sun = solar_cycle(EPOCH)
    needed = drag_for_lifetime_m2_kg(orbit, 5.0, sun)
    assert lifetime_days(orbit, needed, sun) <= 5.0 * 365.25
    assert lifetime_days(orbit, needed / 1.03, sun) > 5.0 * 365.25
    height = altitude_for_lifetime_m(orbit, 0.02, 5.0, sun)
    assert lifetime_days(sun_synchronous(height, 10.5, EPOCH), 0.02, sun) <= 5.0 * 365.25 * 1.001
    assert lifetime_days(sun_synchronous(height + 2e3, 10.5, EPOCH), 0.02, sun) > 5.0 * 365.25
