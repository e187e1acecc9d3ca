"""Shadow and passes against Orekit, brute force, and the places where such code breaks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, HOUR, MINUTE, SECOND, Instant, parse_instant
from orbitalcloud.physics import (
    Design,
    GroundSite,
    Orbits,
    Window,
    beta_angle_rad,
    circular,
    contact_windows,
    illumination_at,
    position_itrs_m,
    range_m,
    shadow_events,
    subpoint,
    sun_synchronous,
    walker,
)
from orbitalcloud.physics.frames import look_angles
from orbitalcloud.physics.shadow import disc_seen, limb_separation

DATA = Path(__file__).parents[1] / "data" / "physics"
EPOCH = parse_instant("2026-03-20T00:00:00Z")
SOLSTICE = parse_instant("2026-06-21T00:00:00Z")


def test_shadow_of_an_ellipsoid_is_its_tangent_line() -> None:
    """Brute force: in umbra no ray to the Sun's disc misses the ellipsoid; in light all do."""
    generator = np.random.default_rng(5)
    squash = 1.0 - 1.0 / 298.257223563
    sun = 1.5e11 * np.array([0.6, -0.7, math.sqrt(1 - 0.85)])
    toward = sun / np.linalg.norm(sun)
    side = np.cross(toward, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    worst = 0.0
    for _ in range(200):
        across = np.cross(toward, side)
        turn = generator.uniform(0, 2 * math.pi)
        rim = math.cos(turn) * side + math.sin(turn) * across
        r = -toward * generator.uniform(5e5, 3e6) + rim * (6.365e6 + generator.uniform(-1e4, 2e4))
        seen = _disc_by_rays(r, sun, squash)
        ours = disc_seen(*limb_separation(*r, *sun, squash, 6378137.0))
        worst = max(worst, abs(seen - ours))
    assert worst < 0.012  # the rays' own grain is 0.005


def _disc_by_rays(r: np.ndarray, sun: np.ndarray, squash: float) -> float:
    line = sun - r
    toward = line / np.linalg.norm(line)
    u = np.cross(toward, [0.0, 0.0, 1.0])
    u /= np.linalg.norm(u)
    v = np.cross(toward, u)
    x, y = np.meshgrid(np.linspace(-1, 1, 81), np.linspace(-1, 1, 81))
    inside = x**2 + y**2 <= 1.0
    points = sun + 6.957e8 * (x[inside][:, None] * u + y[inside][:, None] * v)
    scale = np.array([1.0, 1.0, 1.0 / squash]) / 6378137.0
    a, d = r * scale, (points - r) * scale
    b = d @ a
    hit = (b < 0) & (b * b - (d * d).sum(axis=1) * (a @ a - 1.0) > 0)
    return 1.0 - float(hit.mean())


@pytest.mark.parametrize(("at", "ltan_h"), [(EPOCH, 12.0), (SOLSTICE, 18.0), (SOLSTICE, 10.5), (EPOCH, 6.0)])
def test_shadow_events_are_where_the_light_changes(at: Instant, ltan_h: float) -> None:
    orbits = Orbits.of([sun_synchronous(550e3, ltan_h, at)])
    events = shadow_events(orbits, at, Instant(at + 3 * HOUR))
    lit = illumination_at(orbits, at + np.arange(3 * 3600, dtype=np.int64) * SECOND)[0]
    dark = lit < 1.0
    assert 2 * ((dark[1:] & ~dark[:-1]).sum()) == pytest.approx(sum(e.kind.startswith("pen") for e in events), abs=1)
    for event in events:
        before, after = illumination_at(orbits, [event.at - SECOND // 100, event.at + SECOND // 100])[0]
        inward = event.kind.endswith("in")
        assert (before > after) == inward
        assert (max(before, after) == 1.0) if event.kind.startswith("pen") else (min(before, after) == 0.0)


def test_grazing_eclipses_shorter_than_the_grid_are_found() -> None:
    """At a season's end eclipses shrink to nothing, the square of their length by as much each orbit: the last one
    found must be shorter than one more such step, else one was missed."""
    at = parse_instant("2026-07-30T00:00:00Z")
    orbits = Orbits.of([sun_synchronous(550e3 + 400.0 * k, 18.0, at) for k in range(20)])
    events = shadow_events(orbits, at, Instant(at + 30 * DAY))
    shortest = 1e9
    for satellite in range(20):
        edges = [e.at for e in events if e.satellite == satellite and e.kind.startswith("pen")]
        squares = (np.diff(edges)[::2] / SECOND) ** 2
        steps = np.diff(squares)
        assert np.all(steps < 0.0)
        assert squares[-1] < -1.02 * steps[-1]
        shortest = min(shortest, math.sqrt(squares[-1]))
    assert shortest < 30.0


def test_dark_time_does_not_depend_on_where_a_search_starts() -> None:
    orbits = Orbits.of([sun_synchronous(500e3, 10.5, EPOCH)])
    whole = shadow_events(orbits, EPOCH, Instant(EPOCH + 12 * HOUR))
    cut = Instant(EPOCH + 5 * HOUR + 1234567)
    parts = shadow_events(orbits, EPOCH, cut) + shadow_events(orbits, cut, Instant(EPOCH + 12 * HOUR))
    assert [e.kind for e in whole] == [e.kind for e in parts]
    assert all(abs(a.at - b.at) < 1000 for a, b in zip(whole, parts, strict=True))


def test_beta_angle_of_known_planes() -> None:
    equatorial = Orbits.of([circular(500e3, 0.0, SOLSTICE, raan_rad=0.0)])
    assert math.degrees(beta_angle_rad(equatorial, SOLSTICE)[0, 0]) == pytest.approx(23.43, abs=0.02)
    noon = Orbits.of([circular(500e3, math.pi / 2, EPOCH, ltan_h=12.0)])
    assert math.degrees(beta_angle_rad(noon, EPOCH)[0, 0]) == pytest.approx(0.0, abs=2.5)


def elevation_deg(orbits: Orbits, site: GroundSite, times: np.ndarray) -> np.ndarray:
    position = position_itrs_m(orbits, times)[0]
    return np.degrees(look_angles(site.latitude_rad, site.longitude_rad, site.height_m, position)[1])


@settings(max_examples=25, deadline=None)
@given(
    latitude=st.sampled_from([-90.0, -72.0, 0.0, 45.0, 78.0, 90.0]),
    longitude=st.sampled_from([-180.0, -179.9, 0.0, 179.9, 180.0]),
    mask=st.sampled_from([0.0, 5.0, 30.0, 60.0]),
    altitude=st.sampled_from([300e3, 550e3, 2000e3]),
    node=st.floats(0.0, 6.28),
)
def test_passes_are_those_of_brute_force(
    latitude: float, longitude: float, mask: float, altitude: float, node: float
) -> None:
    orbits = Orbits.of([circular(altitude, math.radians(88.0), EPOCH, raan_rad=node)])
    site = GroundSite(math.radians(latitude), math.radians(longitude), 100.0, math.radians(mask))
    times = EPOCH + np.arange(0, 6 * 3600, 2, dtype=np.int64) * SECOND
    above = elevation_deg(orbits, site, times) > mask
    windows = contact_windows(orbits, [site], EPOCH, Instant(EPOCH + 6 * HOUR))
    mine = np.zeros(len(times), dtype=bool)
    for window in windows:
        mine |= (times >= window.opens) & (times < window.closes)
    assert np.array_equal(mine, above)
    for window in windows:
        _check_window(orbits, site, window, mask)


def _check_window(orbits: Orbits, site: GroundSite, window: Window, mask: float) -> None:
    edges = np.array([window.opens, window.closes])
    inside = (edges > EPOCH) & (edges < EPOCH + 6 * HOUR)
    assert np.all(np.abs(elevation_deg(orbits, site, edges)[inside] - mask) < 1e-3)
    within = np.linspace(window.opens, window.closes, 50).astype(np.int64)
    assert elevation_deg(orbits, site, within).max() <= math.degrees(window.max_elevation_rad) + 1e-3
    assert range_m(orbits, 0, site, window.culmination) == pytest.approx(window.range_m, abs=2.0)


def test_a_pass_that_grazes_the_mask_between_two_nodes_is_found() -> None:
    orbits = Orbits.of([sun_synchronous(550e3, 10.5, EPOCH)])
    place = (math.radians(50.0), math.radians(10.0), 0.0)
    highest = max(
        w.max_elevation_rad for w in contact_windows(orbits, [GroundSite(*place)], EPOCH, Instant(EPOCH + DAY))
    )
    for below in (1e-3, 1e-4, 1e-5, 1e-6):
        found = contact_windows(orbits, [GroundSite(*place, highest - below)], EPOCH, Instant(EPOCH + DAY))
        assert len(found) == 1
        assert found[0].duration_ns < 20 * SECOND
    assert not contact_windows(orbits, [GroundSite(*place, highest + 1e-6)], EPOCH, Instant(EPOCH + DAY))


def test_windows_are_clipped_and_join_up() -> None:
    orbits = Orbits.of(walker(6, 3, 1, math.radians(70.0), 800e3, EPOCH))
    sites = [GroundSite(math.radians(x), math.radians(y)) for x, y in ((60, 10), (-30, 179.99), (0, 0))]
    cut = Instant(EPOCH + 6 * HOUR + 7 * MINUTE)
    end = Instant(EPOCH + 12 * HOUR)
    whole = contact_windows(orbits, sites, EPOCH, end)
    halves = contact_windows(orbits, sites, EPOCH, cut) + contact_windows(orbits, sites, cut, end)
    assert all(EPOCH <= w.opens < w.closes <= end for w in whole)
    assert sum(w.duration_ns for w in halves) == pytest.approx(
        sum(w.duration_ns for w in whole), abs=len(halves) * 5000
    )
    crossing = [w for w in whole if w.opens < cut < w.closes]
    assert len(halves) == len(whole) + len(crossing)


def test_a_geostationary_satellite_is_one_window() -> None:
    period_s = 86164.0905
    axis = (3.986004418e14 * (period_s / (2 * math.pi)) ** 2) ** (1 / 3)
    orbits = Orbits.of([Design(axis, 0.0, 0.0, 0.0, 0.0, 0.0, EPOCH)])
    _, longitude, height = subpoint(orbits, EPOCH)
    site = GroundSite(0.3, float(longitude[0, 0]), 0.0, math.radians(10))
    windows = contact_windows(orbits, [site], EPOCH, Instant(EPOCH + DAY))
    assert [(w.opens, w.closes) for w in windows] == [(EPOCH, EPOCH + DAY)]
    assert height[0, 0] == pytest.approx(35.79e6, rel=1e-3)


@pytest.mark.parametrize(
    ("latitude", "mask", "what"), [(95.0, 5.0, "latitude"), (10.0, 95.0, "mask"), (math.nan, 5.0, "latitude")]
)
def test_an_impossible_site_is_refused(latitude: float, mask: float, what: str) -> None:
    with pytest.raises(DataError) as caught:
        GroundSite(math.radians(latitude), 0.0, 0.0, math.radians(mask), "nowhere")
    assert what in caught.value.place
    assert "nowhere" in caught.value.place


def test_a_span_that_ends_before_it_starts_is_refused() -> None:
    orbits = Orbits.of([sun_synchronous(550e3, 10.5, EPOCH)])
    with pytest.raises(DataError, match="after its start"):
        contact_windows(orbits, [GroundSite(0.0, 0.0)], EPOCH, Instant(EPOCH - 1))
