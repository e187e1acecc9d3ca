"""Between satellites: who sees whom against a brute force, windows against a fine grid, symmetry, limits, nonsense."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import DAY, HOUR, SECOND, DataError, Instant, parse_instant
from orbitalcloud.physics import Orbits, TwoLine, circular, walker
from orbitalcloud.physics.constants import EARTH_POLAR_RADIUS_M, EARTH_RADIUS_M
from orbitalcloud.physics.isl import (
    IslLimits,
    grid_pairs,
    isl_windows,
    nearest_pairs,
    visible,
)

EPOCH = parse_instant("2026-03-20T12:00:00Z")


def line_is_free(p, q, grazing_m: float) -> bool:
    """Whether the straight line keeps above the grown ellipsoid: the least of a quadratic along it, by its vertex."""
    axes = np.array([EARTH_RADIUS_M, EARTH_RADIUS_M, EARTH_POLAR_RADIUS_M]) + grazing_m
    a, d = p / axes, (q - p) / axes
    u = min(1.0, max(0.0, -float(a @ d) / float(d @ d)))
    return float(((a + u * d) ** 2).sum()) > 1.0


def brute_force(position, limits: IslLimits) -> set[tuple[int, int]]:
    return {
        (i, j)
        for i in range(len(position))
        for j in range(i + 1, len(position))
        if np.linalg.norm(position[j] - position[i]) <= limits.range_m
        and line_is_free(position[i], position[j], limits.grazing_height_m)
    }


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 90),
    st.sampled_from([150e3, 800e3, 3e6, 4e7]),
    st.sampled_from([5e4, 1e6, 4e6, 2e7, math.inf]),
    st.sampled_from([0.0, 80e3, 140e3]),
)
def test_who_sees_whom_is_the_brute_forces(seed, count, highest_m, range_m, grazing_m):
    draw = np.random.default_rng(seed)
    way = draw.normal(size=(count, 3))
    way[: count // 9, :2] *= 1e-9  # some over the poles
    radius = EARTH_RADIUS_M + 150e3 + draw.uniform(0.0, highest_m, count)
    position = way / np.linalg.norm(way, axis=1)[:, None] * radius[:, None]
    limits = IslLimits(range_m, grazing_m)
    found = visible(position, limits).pairs()
    assert {tuple(pair) for pair in found.tolist()} == brute_force(position, limits)
    assert len(found) == len(visible(position, limits))


def test_turning_the_whole_sky_about_the_axis_changes_nothing():
    position = Orbits.of(walker(300, 15, 4, math.radians(53.0), 550e3, EPOCH)).position_teme_m([EPOCH])[:, 0]
    pairs = visible(position).pairs()
    for angle in (0.3, 2.9, -1.7):
        turn = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1.0]])
        assert np.array_equal(visible(position @ turn.T).pairs(), pairs)


def fine_grid(orbits: Orbits, pair: tuple[int, int], start: Instant, seconds: int, limits: IslLimits):
    """Second by second, from the orbit model itself: whether all conditions hold, by definitions of their own."""
    times = start + np.arange(seconds, dtype=np.int64) * SECOND
    position, velocity = orbits.subset(list(pair)).state_teme(times)
    line = position[1] - position[0]
    far = np.linalg.norm(line, axis=1)
    good = far <= limits.range_m
    good &= np.array([line_is_free(p, q, limits.grazing_height_m) for p, q in zip(*position, strict=True)])
    for near, sign in ((0, 1.0), (1, -1.0)):
        radial = -position[near] / np.linalg.norm(position[near], axis=1)[:, None]
        normal = -np.cross(position[near], velocity[near])
        normal /= np.linalg.norm(normal, axis=1)[:, None]
        frame = np.stack([np.cross(normal, radial), normal, radial], axis=1)
        seen = np.einsum("kab,kb->ka", frame, sign * line / far[:, None])
        rate = np.linalg.norm(np.gradient(seen, axis=0), axis=1)  # unit vector in LVLH, per second
        good &= rate <= limits.slew_rad_s
    return good


@pytest.mark.parametrize(
    ("pair", "limits"),
    [
        ((0, 1), IslLimits(6e6)),  # neighbours in the plane
        ((0, 4), IslLimits(5e6, 80e3, math.radians(0.1))),  # in the next plane
        ((0, 12), IslLimits(4e6)),
        ((1, 20), IslLimits(math.inf, 500e3)),  # a limb high up
        ((2, 13), IslLimits(5e6, 80e3, math.radians(0.3))),
        ((24, 3), IslLimits(5e6, 80e3, math.radians(1.0))),  # against each other
    ],
)
def test_windows_are_those_of_a_grid_of_a_second(pair, limits):
    design = walker(24, 6, 1, math.radians(70.0), 780e3, EPOCH)
    against = circular(790e3, math.radians(110.0), EPOCH, raan_rad=1.0, argument_of_latitude_rad=0.4)
    orbits = Orbits.of([*design, against])
    seconds = 5 * 3600
    good = fine_grid(orbits, pair, EPOCH, seconds, limits)
    windows = isl_windows(orbits, [pair], EPOCH, Instant(EPOCH + seconds * SECOND), limits)
    edges = np.flatnonzero(np.diff(good.astype(int)))
    ours = sorted(
        edge for w in windows for edge in (w.opens, w.closes) if EPOCH < edge < EPOCH + (seconds - 1) * SECOND
    )
    assert len(ours) == len(edges), (len(ours), len(edges))
    for mine, theirs in zip(ours, edges, strict=True):
        assert abs((mine - EPOCH) / SECOND - theirs - 0.5) <= 1.0
    assert good[1] == any(w.opens == EPOCH for w in windows)


def test_the_480_packaged_times_of_orekit():
    data = Path(__file__).parents[1] / "data" / "physics"
    fleet = json.loads((data / "access_orekit_5x20.json").read_text())
    start = parse_instant(fleet["t0_utc"] + "Z")
    orbits = Orbits.of([TwoLine(*lines) for lines in fleet["tles"]])
    total = 0
    for item in json.loads((data / "isl_orekit.json").read_text())["pairs"]:
        limits = IslLimits(grazing_height_m=item["skimming_m"])
        windows = isl_windows(orbits, [tuple(item["pair"])], start, Instant(start + DAY), limits)
        edges = [(w.opens, True) for w in windows] + [(w.closes, False) for w in windows]
        ours = sorted(edge for edge in edges if start < edge[0] < start + DAY)
        assert [rises for _, rises in ours] == [rises for _, rises in item["events"]]
        for (at, _), (theirs_s, _) in zip(ours, item["events"], strict=True):
            assert (at - start) / SECOND == pytest.approx(theirs_s, abs=0.002), "Orekit's own threshold is 0.1 ms"
            total += 1
    assert total == 480


def test_a_slew_limit_cuts_a_fast_encounter_in_two():
    """Two satellites pass 60 km apart at 7.6 km/s: for some seconds no terminal follows."""
    one = circular(600e3, math.radians(60.0), EPOCH, raan_rad=0.0)
    other = circular(660e3, math.radians(120.0), EPOCH, raan_rad=0.0)
    orbits, until = Orbits.of([one, other]), Instant(EPOCH + HOUR // 2)
    start = Instant(EPOCH - HOUR // 2)
    whole = isl_windows(orbits, [(0, 1)], start, until, IslLimits(3e6))
    split = isl_windows(orbits, [(0, 1)], start, until, IslLimits(3e6, slew_rad_s=math.radians(3.0)))
    assert len(whole) == 1
    assert len(split) == 2
    gap_s = (split[1].opens - split[0].closes) / SECOND
    speed = 2.0 * 7.54e3 * math.sin(math.radians(30.0))  # their headings are 60° apart
    expected = 2.0 * math.sqrt(60e3 * speed / math.radians(3.0) - 60e3**2) / speed  # of d v / (d² + v² t²) = limit
    assert gap_s == pytest.approx(expected, rel=0.03)
    assert whole[0].range_m == pytest.approx(60e3, rel=0.2)


def test_a_long_span_in_pieces_is_one_window():
    """Neighbours in a plane see each other always, however many pieces the track comes in."""
    from orbitalcloud.physics import isl

    orbits = Orbits.of(walker(4, 1, 0, math.radians(53.0), 2_000e3, EPOCH)[:2])
    until = Instant(EPOCH + 30 * HOUR)
    whole = isl_windows(orbits, [(0, 1)], EPOCH, until, IslLimits(grazing_height_m=-5e3, range_m=2e7))
    pieces = list(isl._pieces(1500, EPOCH, until))
    assert len(pieces) > 1
    assert pieces[0][0] == EPOCH
    assert pieces[-1][1] == until
    parts = [
        window
        for low, high in pieces
        for window in isl_windows(orbits, [(0, 1)], low, high, IslLimits(grazing_height_m=-5e3, range_m=2e7))
    ]
    joined: list = []
    for window in parts:
        isl._add(joined, window)
    assert [(w.opens, w.closes) for w in joined] == [(w.opens, w.closes) for w in whole]


def test_the_grid_has_four_links_a_satellite_and_a_star_has_a_seam():
    pairs = grid_pairs(1584, 72, 39)
    degree = np.bincount(np.array(pairs).ravel())
    assert set(degree.tolist()) == {4}
    assert len(pairs) == 2 * 1584
    star = np.bincount(np.array(grid_pairs(66, 6, 2, "star")).ravel())
    assert sorted(set(star.tolist())) == [3, 4]
    assert (star == 3).sum() == 2 * 11  # Iridium: the planes at the seam
    assert grid_pairs(1, 1, 0) == []
    assert grid_pairs(2, 1, 0) == [(0, 1)]
    assert grid_pairs(4, 2, 1) == [(0, 1), (0, 2), (1, 3), (2, 3)]


def test_the_neighbour_over_the_last_plane_is_as_near_as_over_the_others():
    design = walker(1584, 72, 39, math.radians(53.0), 550e3, EPOCH)
    position = Orbits.of(design).position_teme_m([EPOCH])[:, 0]
    pairs = np.array(grid_pairs(1584, 72, 39))
    far = np.linalg.norm(position[pairs[:, 0]] - position[pairs[:, 1]], axis=1)
    plane = pairs // 22
    seam = (plane[:, 0] == 0) & (plane[:, 1] == 71)
    next_plane = plane[:, 1] == plane[:, 0] + 1
    assert far[seam].max() <= far[next_plane].max() * 1.001
    assert seam.sum() == 22


def test_nearest_is_symmetric_and_counts():
    position = np.array([[7e6, 0, 0], [7e6, 1e3, 0], [7e6, 3e3, 0], [7e6, 9e3, 0]])
    assert nearest_pairs(position, 1) == [(0, 1), (1, 2), (2, 3)]
    assert len(nearest_pairs(position, 9)) == 6


@pytest.mark.parametrize(
    "call",
    [
        lambda: IslLimits(range_m=0.0),
        lambda: IslLimits(range_m=float("nan")),
        lambda: IslLimits(slew_rad_s=-1.0),
        lambda: IslLimits(slew_rad_s=float("nan")),
        lambda: IslLimits(grazing_height_m=float("nan")),
        lambda: IslLimits(grazing_height_m=2e6),
        lambda: visible(np.zeros((3, 2))),
        lambda: visible(np.array([[7e6, 0, 0], [math.nan, 0, 0]])),
        lambda: visible(np.array([[7e6, 0, 0], [6.4e6, 0, 0]])),
        lambda: isl_windows(Orbits.of(walker(2, 1, 0, 1.0, 5e5, EPOCH)), [(0, 2)], EPOCH, EPOCH + SECOND, IslLimits()),
        lambda: isl_windows(Orbits.of(walker(2, 1, 0, 1.0, 5e5, EPOCH)), [(1, 1)], EPOCH, EPOCH + SECOND, IslLimits()),
        lambda: isl_windows(Orbits.of(walker(2, 1, 0, 1.0, 5e5, EPOCH)), [(0, 1)], EPOCH, EPOCH, IslLimits()),
        lambda: grid_pairs(10, 3, 0),
        lambda: nearest_pairs(np.zeros((2, 3)), 0),
    ],
)
def test_nonsense_is_refused_with_a_remedy(call):
    with pytest.raises(DataError):
        call()
