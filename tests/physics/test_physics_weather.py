"""Weather: the ITU's yearly statistics come out of the drawn minutes, with the correlation that P.1853 gives them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orbitalcloud.core import DAY, MINUTE, DataError, Instant, Seed, parse_instant
from orbitalcloud.physics import RADIOS
from orbitalcloud.physics.link_atmosphere import attenuation, liquid_cloud_share, stations
from orbitalcloud.physics.link_optical import OpticalLink
from orbitalcloud.physics.link_pass import outage_share
from orbitalcloud.physics.weather import RAIN_BETA, climate, weather

EPOCH = parse_instant("2026-01-01T00:00:00Z")
YEARS = 6
ELEVATION = 0.5


def drawn(station: str, years: float = YEARS, seed: int = 5):
    return weather(station, Seed.of(seed).child(station), EPOCH, Instant(EPOCH + round(years * 365.25) * DAY))


def minutes(made):
    """Every tenth: the rest says little more, and takes ten times as long."""
    return EPOCH + np.arange(0, len(made.rain), 10, dtype=np.int64) * MINUTE


def air_of(made, frequency_hz):
    times = minutes(made)
    return made.air(times, np.full(len(times), ELEVATION), frequency_hz)


@pytest.mark.parametrize("station", ["singapore", "tromso", "awarua"])
def test_rain_is_exceeded_as_often_as_p618_says_and_falls_as_often_as_p837(station):
    """Six years have some 2,800 independent moments: a share of 1 % is good to about a fifth."""
    made = drawn(station)
    air = air_of(made, 26.25e9)
    assert (air.rain_db > 0.0).mean() == pytest.approx(climate(station).rain_share, rel=0.15)
    for percent in (0.1, 0.3, 1.0, 2.0):
        theirs = float(attenuation(station, ELEVATION, 26.25e9, 1.0 - percent / 100.0).rain_db)
        assert (air.rain_db > theirs).mean() * 100.0 == pytest.approx(percent, rel=0.45 if percent < 0.5 else 0.25)
    assert (air_of(made, 2.2e9).rain_db < 1.0).mean() > 0.9999


def test_clouds_stand_as_long_as_p840_says_and_rain_comes_with_cloud():
    for station in ("svalbard", "singapore", "hartebeesthoek"):
        made = drawn(station)
        cloudy = made.cloudy(minutes(made))
        assert cloudy.mean() == pytest.approx(climate(station).cloud_share, abs=0.03)
        assert climate(station).cloud_share == pytest.approx(liquid_cloud_share(station), abs=1e-5)
        air = air_of(made, 30e9)
        assert (air.cloud_db[~cloudy] == 0.0).all()
        theirs = float(attenuation(station, ELEVATION, 30e9, 0.98).cloud_db)
        assert (air.cloud_db > theirs).mean() == pytest.approx(0.02, rel=0.25)
        raining = air.rain_db > 0.0
        assert cloudy[raining].mean() > min(1.0, 1.2 * cloudy.mean())


def test_the_processes_are_normal_with_p1853s_correlation():
    made = drawn("kiruna", 8)
    for process in (made.rain, made.cloud):
        assert process.mean() == pytest.approx(0.0, abs=0.08)
        assert process.std() == pytest.approx(1.0, abs=0.05)
    for lag in (10, 60, 120):
        measured = float(np.corrcoef(made.rain[:-lag], made.rain[lag:])[0, 1])
        assert measured == pytest.approx(math.exp(-RAIN_BETA * 60.0 * lag), abs=0.03)


def test_a_longer_span_begins_with_the_same_weather_and_stations_differ():
    short, long = drawn("troll", 0.05), drawn("troll", 0.3)
    assert np.array_equal(short.rain, long.rain[: len(short.rain)])
    assert not np.array_equal(short.rain, drawn("troll", 0.05, seed=6).rain)
    other = drawn("singapore", 0.3)
    assert abs(np.corrcoef(long.rain, other.rain)[0, 1]) < 0.15


def test_outages_grow_with_the_band_and_fall_with_the_elevation():
    made = drawn("singapore", 1.5)
    laser = OpticalLink(1.0, 1.55e-6, 0.02, 0.4, 0.7, 0.5, 3.0, 3.0, 300.0, 1e10, 0.5)
    share = {
        name: outage_share("singapore", RADIOS[name], 0.35, 1.2e6, made)
        for name in ("s-band-cubesat", "x-band-cubesat", "ka-band-smallsat")
    }
    assert share["s-band-cubesat"] == 0.0
    assert share["x-band-cubesat"] <= share["ka-band-smallsat"]
    assert 1e-4 < share["ka-band-smallsat"] < 0.03
    assert outage_share("singapore", RADIOS["ka-band-smallsat"], 1.2, 0.6e6, made) < share["ka-band-smallsat"]
    assert outage_share("singapore", laser, 0.35, 1.2e6, made) == pytest.approx(0.82, abs=0.04)


def test_every_station_with_air_from_the_catalogue_has_a_climate():
    for station in stations():
        if not station.startswith("itu "):
            assert 0.0 < climate(station).rain_share < 0.2


def test_what_has_no_climate_or_no_end_is_refused():
    with pytest.raises(DataError, match="climate"):
        drawn("atlantis", 0.01)
    with pytest.raises(DataError, match="ten years"):
        drawn("troll", 20)
