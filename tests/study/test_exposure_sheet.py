"""The radiation of one satellite as `check` asks for it."""

from __future__ import annotations

import math

import pytest

from orbitalcloud.core import DataError
from orbitalcloud.mission import find, load, loads
from orbitalcloud.physics.radiation import mean_dose_rad_year
from orbitalcloud.study.exposure_sheet import RadiationSheet, radiation_sheet

GENESIS = find("genesis-1").read_text()


def sheet(*changes: tuple[str, str]) -> RadiationSheet:
    text = GENESIS
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    loaded = loads(text.encode(), "my.toml", ".")
    return radiation_sheet(loaded, loaded.satellites[0])


def with_orbit(orbit: str) -> tuple[str, str]:
    return ('orbit = { altitude_km = 547, inclination = "sun-synchronous", ltan = "10:30" }', f"orbit = {orbit}")


def test_suncatchers_orbit_has_suncatchers_dose() -> None:
    """150 rad a year behind 10 mm at 650 km, dawn-dusk (arXiv 2511.19468): between our halves of the cycle's, AP-8's
    factor of two apart."""
    orbit = with_orbit('{ altitude_km = 650, inclination = "sun-synchronous", ltan = "06:00" }')
    found = sheet(orbit, ("reserve = 0.35", 'reserve = 0.35\nshielding_mm = 10\ndevices = ["tpu-v6e-hbm"]'))
    assert 75.0 < found.dose_max.total_rad_year < found.dose_min.total_rad_year < 300.0
    assert found.years_to_tolerance == pytest.approx(2000.0 / found.worst_rad_year)
    assert found.shielding_mm == 10.0


def test_parts_add_up_and_are_the_plain_functions() -> None:
    found = sheet()
    loaded = load("genesis-1")
    inclination = loaded.satellites[0].orbit.inclination_rad  # type: ignore[union-attr]
    for solar, dose in (("min", found.dose_min), ("max", found.dose_max)):
        plain = mean_dose_rad_year(547e3, inclination, shield_mm=2.0, solar=solar)  # type: ignore[arg-type]
        assert dose.total_rad_year == pytest.approx(plain, rel=1e-6)
        assert dose.protons_rad_year > 0.0 < dose.electrons_rad_year
    assert found.satellite == "genesis-1"
    assert found.activity == "mean"
    assert found.upsets_day == pytest.approx(sum(one.upsets_day for one in found.upsets))
    assert 0.9 < found.anomaly_share < 1.0
    assert 60.0 < found.anomaly_minutes_day < 120.0
    assert 0.99 < found.array_remaining(5.0) < found.array_remaining(1.0) < found.array_remaining(0.0) == 1.0


def test_the_cycle_trades_protons_for_electrons() -> None:
    found = sheet()
    assert found.dose_min.protons_rad_year > found.dose_max.protons_rad_year
    assert found.dose_min.electrons_rad_year < found.dose_max.electrons_rad_year
    quiet, active = (
        sheet(("seed  = 7", f'seed  = 7\nenvironment = {{ solar_activity = "{word}" }}'))
        for word in ("minimum", "maximum")
    )
    assert quiet.upsets_day > active.upsets_day
    assert quiet.dose_min == active.dose_min


def test_an_orbit_that_is_no_circle_is_flown() -> None:
    round_ = sheet(with_orbit("{ altitude_km = 700, inclination = 63.4, raan_deg = 0 }"))
    nearly = sheet(with_orbit("{ altitude_km = 700, inclination = 63.4, raan_deg = 0, eccentricity = 0.004 }"))
    long_ = sheet(with_orbit("{ altitude_km = 1000, inclination = 63.4, raan_deg = 0, eccentricity = 0.08 }"))
    assert nearly.worst_rad_year == pytest.approx(round_.worst_rad_year, rel=0.1)
    assert long_.worst_rad_year > 2.0 * round_.worst_rad_year
    loaded = load("iss-orbit")  # elements flown by SGP4
    assert 300.0 < radiation_sheet(loaded, loaded.satellites[0]).worst_rad_year < 1500.0


def test_without_a_device_there_is_no_end() -> None:
    found = sheet(("reserve = 0.35", "reserve = 0.35\ndevices = []"))
    assert found.upsets == ()
    assert found.upsets_day == found.anomaly_share == 0.0
    assert found.years_to_tolerance == math.inf


def test_beyond_the_tables_is_an_error_that_says_how_far_they_reach() -> None:
    with pytest.raises(DataError, match="1950 km"):
        sheet(with_orbit("{ altitude_km = 35786, inclination = 0, raan_deg = 0 }"))
