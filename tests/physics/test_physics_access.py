"""Contact windows against brute force: what grazes the mask, eccentric and high orbits, masks under the horizon."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core.time import DAY, HOUR, SECOND, Instant, parse_instant
from orbitalcloud.physics import (
    Design,
    GroundSite,
    Orbits,
    TwoLine,
    circular,
    contact_windows,
    epoch_of,
    position_itrs_m,
    walker,
)
from orbitalcloud.physics.frames import look_angles

EPOCH = parse_instant("2026-03-20T12:00:00Z")
TRANSFER = TwoLine(
    "1 11801U          80230.29629788  .01431103  00000-0  14311-1 0    13",
    "2 11801  46.7916 230.4354 7318036  47.4722  10.4117  2.28537848    13",
)


def elevation_rad(orbits: Orbits, site: GroundSite, times: np.ndarray) -> np.ndarray:
    """(n_satellites, n_times), from the orbit model at each of the times."""
    return look_angles(site.latitude_rad, site.longitude_rad, site.height_m, position_itrs_m(orbits, times))[1]


def check_against_grid(orbits: Orbits, site: GroundSite, start: Instant, hours: int, step_s: int) -> None:
    """Windows are where a grid straight from the orbit model is above the mask, 1e-6 rad about it left out."""
    times = start + np.arange(0, hours * 3600, step_s, dtype=np.int64) * SECOND
    over = elevation_rad(orbits, site, times)[0] - site.mask_rad
    mine = np.zeros(len(times), dtype=bool)
    for window in contact_windows(orbits, [site], start, Instant(start + hours * HOUR)):
        mine |= (times >= window.opens) & (times < window.closes)
        inside = over[(times >= window.opens) & (times < window.closes)]
        assert window.max_elevation_rad >= inside.max(initial=-1.0) + site.mask_rad - 1e-6
    assert np.array_equal(mine[np.abs(over) > 1e-6], over[np.abs(over) > 1e-6] > 0.0)


@settings(max_examples=25, deadline=None)
@given(
    latitude=st.floats(-1.57, 1.57),
    mask_deg=st.sampled_from([-5.0, -1.0, 0.0, 10.0, 45.0]),
    perigee=st.sampled_from([250e3, 800e3, 5000e3, 20000e3]),
    eccentricity=st.sampled_from([0.0, 0.04, 0.2, 0.7]),
    inclination=st.floats(0.0, math.pi),
    argp=st.floats(0.0, 6.28),
)
def test_any_orbits_windows_are_those_of_a_grid(
    latitude: float, mask_deg: float, perigee: float, eccentricity: float, inclination: float, argp: float
) -> None:
    axis = (6378137.0 + perigee) / (1.0 - eccentricity)
    orbits = Orbits.of([Design(axis, eccentricity, inclination, 1.0, argp, 6.0, EPOCH)])
    check_against_grid(orbits, GroundSite(latitude, 0.5, 0.0, math.radians(mask_deg)), EPOCH, 12, 10)


@pytest.mark.parametrize("latitude_deg", [-60.0, 0.0, 45.0])
def test_a_transfer_orbits_windows_are_those_of_sgp4(latitude_deg: float) -> None:
    """Where SGP4's velocity is 4 m/s from the derivative of its position."""
    orbits, start = Orbits.of([TRANSFER]), epoch_of(TRANSFER)
    check_against_grid(orbits, GroundSite(math.radians(latitude_deg), 0.0, 0.0, 0.1), start, 24, 5)


def test_passes_a_thousandth_of_a_degree_over_the_mask_are_found() -> None:
    """Places by chance, the top of a pass from grids of 10 s and 1 s, the mask up to 0.05° below: as in the bench."""
    generator = np.random.default_rng(11)
    orbits = Orbits.of(walker(60, 6, 1, 0.9, 550e3, EPOCH))
    tried = 0
    for k in range(200):
        one = orbits.one(k % 60)
        place = math.asin(generator.uniform(-0.75, 0.75)), generator.uniform(-math.pi, math.pi)
        start = EPOCH + int(generator.integers(0, 72000)) * SECOND
        coarse = start + 10 * SECOND * np.arange(720, dtype=np.int64)
        best = int(elevation_rad(one, GroundSite(*place), coarse)[0].argmax())
        fine = int(coarse[best]) + SECOND * np.arange(-10, 11, dtype=np.int64)
        elevation = elevation_rad(one, GroundSite(*place), fine)[0]
        mask = float(elevation.max()) - 10.0 ** generator.uniform(-6.0, -3.06)
        if not 0 < best < 719 or mask < 0.0:
            continue
        tried += 1
        top, half = int(fine[elevation.argmax()]), 20 * 60 * SECOND
        found = contact_windows(one, [GroundSite(*place, 0.0, mask)], Instant(top - half), Instant(top + half))
        assert any(window.opens <= top < window.closes for window in found)
    assert tried > 50


def test_low_orbits_have_no_lowest_elevation_near_the_horizon() -> None:
    """What the search rests on: up to 6,000 km of height no minimum lies above −10°."""
    generator = np.random.default_rng(3)
    times = EPOCH + 20 * SECOND * np.arange(DAY // (20 * SECOND), dtype=np.int64)
    for altitude in (200e3, 1200e3, 3000e3, 5900e3):
        tilts = generator.uniform(0.0, math.pi, 6)
        orbits = Orbits.of([circular(altitude, i, EPOCH, raan_rad=generator.uniform(0.0, 6.0)) for i in tilts])
        for _ in range(8):
            site = GroundSite(math.asin(generator.uniform(-1.0, 1.0)), generator.uniform(-3.0, 3.0))
            height = elevation_rad(orbits, site, times)
            lowest = (height[:, 1:-1] < height[:, :-2]) & (height[:, 1:-1] <= height[:, 2:])
            assert height[:, 1:-1][lowest].max() < math.radians(-10.0)
