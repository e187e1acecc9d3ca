"""Tracks: between the knots and between the nodes they are the orbit that they were made from."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, HOUR, SECOND, Instant, parse_instant
from orbitalcloud.physics import Design, Orbits, TwoLine, epoch_of, sun_synchronous
from orbitalcloud.physics.orbit import Source
from orbitalcloud.physics.track import hermite, tracks

EPOCH = parse_instant("2026-03-20T12:00:00Z")
ISS = TwoLine(
    "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927",
    "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537",
)
MOLNIYA = TwoLine(
    "1 08195U 75081A   06176.33215444  .00000099  00000-0  11873-3 0   813",
    "2 08195  64.1586 279.0717 6877146 264.7651  20.2257  2.00491383225656",
)
TRANSFER = TwoLine(  # of Vallado's set: an eccentricity of 0.73, perigee at 200 km
    "1 11801U          80230.29629788  .01431103  00000-0  14311-1 0    13",
    "2 11801  46.7916 230.4354 7318036  47.4722  10.4117  2.28537848    13",
)


def between_nodes_m(source: Source) -> tuple[float, float]:
    """How far half a day's track is from the orbit's own model at its nodes, and twenty and thirty seconds after."""
    orbits = Orbits.of([source])
    start = epoch_of(source)
    (track,) = tracks(orbits, start, Instant(start + DAY // 2))
    at_nodes = np.linalg.norm(track.position_m - orbits.position_teme_m(track.times_ns()), axis=2).max()
    worst = 0.0
    for after in (20, 30):
        exact = orbits.position_teme_m(track.times_ns()[:-1] + after * SECOND)[0]
        for k, place in enumerate(exact):
            there = hermite(track.position_m[0], track.velocity_m_s[0], k, after / 60.0)
            worst = max(worst, float(np.linalg.norm(place - there)))
    return float(at_nodes), worst


@pytest.mark.parametrize(
    ("source", "nodes_m", "between_m"),
    [
        (ISS, 0.01, 0.5),
        (sun_synchronous(550e3, 6.0, EPOCH), 1e-3, 0.4),
        (Design(6578e3 / 0.95, 0.05, 1.0, 0.0, 0.0, 0.0, EPOCH), 0.1, 1.0),
        (MOLNIYA, 1e-6, 1.0),
        (TRANSFER, 1e-6, 1.5),
    ],
)
def test_a_track_is_the_orbit_it_was_made_from(source: Source, nodes_m: float, between_m: float) -> None:
    at_nodes, between = between_nodes_m(source)
    assert at_nodes < nodes_m
    assert between < between_m


def test_a_tracks_velocity_is_the_derivative_of_sgp4s_positions() -> None:
    """By central differences of half a second. SGP4's own velocity is 0.7 m/s from that on a Molniya's orbit."""
    for source, own in ((ISS, 0.02), (MOLNIYA, 0.3)):
        orbits = Orbits.of([source])
        start = epoch_of(source)
        (track,) = tracks(orbits, start, Instant(start + HOUR))
        times = track.times_ns()
        after, before = (orbits.position_teme_m(times + sign * SECOND // 2) for sign in (1, -1))
        assert np.abs(track.velocity_m_s - (after - before)).max() < 3e-3
        assert np.abs(orbits.velocity_teme_m_s(times) - (after - before)).max() > own


def test_a_track_ends_where_its_satellite_does() -> None:
    """Knots outside of the span that cannot be had are no reason to refuse what can be had."""
    falling = TwoLine(
        "1 28350U 04020A   06167.21788666  .16154492  76267-5  18678-3 0  8894",
        "2 28350  64.9977 345.6130 0024870 260.7578  99.9590 16.47856722116490",
    )
    orbits, start = Orbits.of([falling]), epoch_of(falling)
    minute = 60 * SECOND
    good = start
    for step in (HOUR, minute):  # to the last minute that SGP4 gives
        with contextlib.suppress(DataError):
            while True:
                orbits.position_teme_m(Instant(good + step))
                good = Instant(good + step)
    end = Instant(good - 3 * minute)
    (track,) = tracks(orbits, Instant(end - HOUR), end)
    assert np.array_equal(track.position_m, orbits.position_teme_m(track.times_ns()))
    with pytest.raises(DataError):
        next(tracks(orbits, end, Instant(good + HOUR)))
