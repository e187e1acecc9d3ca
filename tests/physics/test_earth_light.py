"""Albedo and Earth infrared by latitude and season: what the field says, and what a satellite sees of it."""

from __future__ import annotations

import json
import math
from importlib import resources

import numpy as np
import pytest

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import HOUR, Instant, parse_instant
from orbitalcloud.physics import Orbits, albedo_at, circular, geometry, infrared_w_m2_at
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.earth_light import cap_factors, earth_field, kernel_table, season, seen_earth

DECEMBER = parse_instant("2025-12-22T00:00:00Z")
JUNE = parse_instant("2026-06-21T00:00:00Z")
EQUINOX = parse_instant("2026-03-23T00:00:00Z")


def test_the_series_is_the_grid_it_was_made_from() -> None:
    """CERES's 36 bands of 2018: within 0.05 each, at the south pole, and 0.015 on the root mean square."""
    table = json.loads((resources.files("orbitalcloud") / "data/physics/earth_light.json").read_text())
    bands = np.array(table["albedo_of_bands"])
    edges = np.sin(np.radians(np.linspace(-90.0, 90.0, len(bands) + 1)))
    middle = np.arcsin(0.5 * (edges[1:] + edges[:-1]))
    misses = albedo_at(middle, EQUINOX) - bands  # a quarter of a year after 22 December: no season
    assert np.abs(misses).max() < 0.052
    assert math.sqrt(float((misses**2 * np.diff(edges)).sum() / 2.0)) < 0.015


def test_seasons_turn_round() -> None:
    assert season(DECEMBER) == pytest.approx(1.0, abs=1e-3)
    assert season(JUNE) == pytest.approx(-1.0, abs=1e-3)
    north = math.radians(60.0)
    assert albedo_at(north, DECEMBER) - albedo_at(north, JUNE) == pytest.approx(0.2 * math.sin(north), abs=1e-3)
    assert infrared_w_m2_at(north, JUNE) > infrared_w_m2_at(north, DECEMBER) + 30.0
    mean = np.mean([infrared_w_m2_at(np.arcsin(x), DECEMBER) for x in np.linspace(-0.9975, 0.9975, 400)])
    assert mean == pytest.approx(240.0, abs=0.1)  # CERES EBAF's global mean, whatever the season


def brute(latitude: float, ratio: float, at: Instant, cells: int = 240) -> tuple[float, float]:
    """The visible cap, cell by cell, weighted as a plate that looks straight down sees it."""
    half = math.acos(1.0 / ratio)
    ring = (np.arange(cells) + 0.5) / cells * half
    turn = (np.arange(cells) + 0.5) / cells * 2.0 * math.pi
    c, s = np.cos(ring)[:, None], np.sin(ring)[:, None]
    place = np.arcsin(math.sin(latitude) * c + math.cos(latitude) * s * np.cos(turn)[None, :])
    d2 = 1.0 + ratio * ratio - 2.0 * ratio * c
    weight = (ratio * c - 1.0) * (ratio - c) * s / d2**2 * np.ones_like(place)
    total = weight.sum()
    return float((albedo_at(place, at) * weight).sum() / total), float(
        (infrared_w_m2_at(place, at) * weight).sum() / total
    )


@pytest.mark.parametrize("altitude_km", [300, 547, 1200, 20_200])
@pytest.mark.parametrize("latitude_deg", [-85.0, -30.0, 0.0, 52.0, 88.0])
def test_the_cap_is_integrated_exactly(altitude_km: float, latitude_deg: float) -> None:
    ratio = 1.0 + altitude_km * 1e3 / EARTH_RADIUS_M
    latitude = math.radians(latitude_deg)
    ours = seen_earth(kernel_table(), math.sin(latitude), 1.0 / ratio, float(season(DECEMBER)))
    theirs = brute(latitude, ratio, DECEMBER)
    assert ours[0] == pytest.approx(theirs[0], abs=5e-4)
    assert ours[1] == pytest.approx(theirs[1], abs=0.1)


def test_the_ground_below_is_not_the_cap() -> None:
    """What a lazy model would do, taking the albedo of the point below: wrong by several hundredths somewhere."""
    places = np.radians(np.arange(-90.0, 91.0, 10.0))
    misses = [float(albedo_at(place, DECEMBER)) - brute(place, 1.086, DECEMBER, 90)[0] for place in places]
    assert 0.015 < max(map(abs, misses)) < 0.06


def test_geometry_carries_the_earth_that_each_satellite_sees() -> None:
    polar = circular(550e3, math.radians(90.0), DECEMBER, raan_rad=0.0)
    level = circular(550e3, 0.0, DECEMBER, raan_rad=0.0)
    orbits = Orbits.of([polar, level])
    light = geometry(orbits, DECEMBER, Instant(DECEMBER + 2 * HOUR), 60.0, seasonal_earth=True)
    assert light.earth.shape == (2, 121, 2)
    position = orbits.position_teme_m(light.times_ns())[0]
    radius = np.linalg.norm(position, axis=1)
    for step in (0, 24, 71):
        where = math.asin(position[step, 2] / radius[step])
        albedo, infrared = brute(where, radius[step] / EARTH_RADIUS_M, Instant(int(light.times_ns()[step])))
        assert light.earth[0, step, 0] == pytest.approx(albedo, abs=1e-3)
        assert light.earth[0, step, 1] == pytest.approx(infrared, abs=0.2)
    assert np.ptp(light.earth[1, :, 0]) < 1e-3 < 0.3 < np.ptp(light.earth[0, :, 0])
    assert geometry(orbits, DECEMBER, Instant(DECEMBER + HOUR)).earth.shape == (2, 0, 2)


def test_a_cap_needs_height() -> None:
    assert cap_factors(1.0, 3).tolist() == [1.0, 1.0, 1.0]
    assert cap_factors(1.5, earth_field().albedo.shape[1])[0] == pytest.approx(1.0)
    with pytest.raises(DataError, match="one Earth radius"):
        cap_factors(0.9, 3)
