"""How long a mission's orbits last: what the study says follows from the physics and the mission file."""

from __future__ import annotations

import math

import pytest

from orbitalcloud.core import DataError
from orbitalcloud.mission import load
from orbitalcloud.mission.decode import loads
from orbitalcloud.physics import lifetime_days, mean_design, solar_cycle
from orbitalcloud.study import OrbitLife, orbit_life

MISSION = """
name = "falls"
epoch = 2026-03-20T00:00:00Z
days = 1
{environment}
[[satellite]]
name = "sat"
bus = "cubesat-12u-edge"
orbit = {{ {orbit} }}
{more}
"""
SYNCHRONOUS = 'altitude_km = {}, inclination = "sun-synchronous", ltan = "10:30"'


def life(orbit: str = SYNCHRONOUS.format(547), more: str = "", environment: str = "") -> OrbitLife:
    text = MISSION.format(orbit=orbit, more=more, environment=environment)
    loaded = loads(text.encode(), "falls.toml", ".")
    return orbit_life(loaded, loaded.satellites[0])


def test_genesis_breaks_the_five_years_and_meets_the_twenty_five() -> None:
    found = life()
    assert 8.0 < found.lifetime_years < 14.0
    assert not found.meets_five_years
    assert found.disposal_margin == pytest.approx(1.0 - found.lifetime_years / 5.0)
    assert found.old_disposal_margin > 0.0
    assert found.early_years < found.lifetime_years < found.late_years
    assert found.maximum_years < found.mean_years < found.minimum_years
    assert found.sun_synchronous
    assert found.propellant_kg_year is None


def test_what_it_asks_for_is_enough() -> None:
    found = life()
    assert life(more=f"disposal_area_m2 = {found.area_needed_m2 * 1.001:.4f}").meets_five_years
    assert life(SYNCHRONOUS.format(round(found.altitude_needed_m / 1e3 - 1))).meets_five_years


def test_propellant_follows_from_the_two_costs() -> None:
    found = life(more="propulsion = { isp_s = 220, propellant_kg = 0.9 }")
    a_year = found.drag_delta_v_m_s_year + found.plane_delta_v_m_s_year
    assert found.propellant_kg_year == pytest.approx(20.0 * -math.expm1(-a_year / (220 * 9.80665)))
    assert found.propellant_years == pytest.approx(220 * 9.80665 * math.log(20.0 / 19.1) / a_year)


def test_a_plane_that_nobody_keeps_costs_nothing() -> None:
    found = life("altitude_km = 500, inclination = 51.6, raan_deg = 0")
    assert not found.sun_synchronous
    assert found.plane_delta_v_m_s_year == 0.0
    assert found.local_time_drift_min_year == pytest.approx(-5.8 * 24 * 60, rel=0.1)  # turns against the Sun in a year


def test_the_mission_says_how_active_the_sun_is() -> None:
    calm = life(environment='[environment]\nsolar_activity = "minimum"')
    wild = life(environment='[environment]\nsolar_activity = "minimum"\nf107_sfu = 250\nkp = 5')
    assert (calm.f107_sfu, calm.kp) == (65.0, 0.0)
    assert (wild.f107_sfu, wild.kp) == (250.0, 5.0)
    assert wild.sink_m_day > 10.0 * calm.sink_m_day
    assert wild.lifetime_years == calm.lifetime_years  # the forecast is of its own


def test_high_orbits_stay_for_ever() -> None:
    found = life("altitude_km = 2000, inclination = 60, raan_deg = 0")
    assert found.lifetime_years == math.inf
    assert found.disposal_margin == -math.inf
    assert found.area_needed_m2 == math.inf
    assert 400e3 < found.altitude_needed_m < 600e3
    found = life("altitude_km = 35786, inclination = 0.1, raan_deg = 0")
    assert found.lifetime_years == math.inf
    assert found.sink_m_day < 1e-6
    with pytest.raises(DataError, match="apogee"):
        life("altitude_km = 18000, inclination = 7, raan_deg = 0, eccentricity = 0.73")


def test_two_line_elements_have_a_life_too() -> None:
    loaded = load("iss-orbit")
    craft = loaded.satellites[0]
    orbit = mean_design(craft.orbit, craft.name)
    turns = float(craft.orbit.line2[52:63])  # type: ignore[union-attr]
    kepler_m = (3.986004418e14 * (86_400.0 / turns / 2.0 / math.pi) ** 2) ** (1.0 / 3.0)
    assert orbit.semi_major_axis_m == pytest.approx(kepler_m, abs=8e3)  # Kozai's mean motion against Brouwer's
    found = orbit_life(loaded, craft)
    assert found.name == craft.name
    surface = found.surface
    drag = surface.drag_coefficient * surface.disposal_area_m2 / surface.mass_kg
    assert found.lifetime_years == lifetime_days(orbit, drag, solar_cycle(orbit.epoch)) / 365.25
