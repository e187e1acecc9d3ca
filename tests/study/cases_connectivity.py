"""Numeric validation cases of connectivity: round-trip times and paths of Hypatia, coverage of closed forms."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import msgspec
import numpy as np

from orbitalcloud.core import DAY, SECOND, parse_instant
from orbitalcloud.mission import load
from orbitalcloud.network.grid_paths import distances_over_grid, path_over_grid
from orbitalcloud.physics import IslLimits, Orbits, TwoLine, walker
from orbitalcloud.physics.constants import SPEED_OF_LIGHT_M_S
from orbitalcloud.physics.coverage import seen_by_latitude
from orbitalcloud.physics.frames import itrs_of_geodetic, teme_to_itrs, up_of_geodetic
from orbitalcloud.physics.mesh import Grid, grid_lengths, sights
from orbitalcloud.study.connectivity import ConnectivityStudy, connectivity, fibre_rtt_s
from validation import row

EPOCH = parse_instant("2000-01-01T00:00:00Z")
HYPATIA = (
    "Hypatia (Kassing et al. 2020, doi 10.1145/3419394.3423635), its test data kuiper_630, "
    "github.com/snkas/hypatia at 4c86269"
)
CITIES = {1173: (14.6042, 120.9822), 1241: (38.913811, 121.602322), 1229: (59.929858, 30.326228)}
NAMES = {1173: "Manila", 1241: "Dalian", 1229: "Saint Petersburg"}
TRUTH = {  # round trips in ns at seconds after 2000-01-01 00:00, as their files have them
    (1173, 1229): {
        0: 76846048.7224344164,
        10: 75621876.7931950241,
        20: 75116941.7513251901,
        30: 74649114.9680337161,
        40: 74221889.0135054886,
        50: 73839022.1118022352,
    },
    (1173, 1241): {
        0: 29423137.7582285441,
        10: 29153930.2228953019,
        20: 25318683.6220981628,
        30: 41135644.7000714913,
        40: 41136549.4254775420,
        50: 41185798.6550438702,
    },
}
PATHS = {
    (1173, 1229, 0): [184, 183, 182, 181, 180, 179, 178, 144],
    (1173, 1229, 150): [184, 183, 182, 181, 180, 179, 178, 144],
    (1173, 1229, 160): [],
    (1173, 1229, 170): [183, 182, 181, 180, 179, 178, 177, 143],
    (1173, 1229, 190): [183, 182, 181, 180, 179, 178, 177, 176],
}


def _line(text: str) -> str:
    return text + str(sum(int(c) if c.isdigit() else c == "-" for c in text) % 10)


@cache
def kuiper() -> Orbits:
    """Kuiper's first shell as Hypatia makes it: 34 × 34, each second plane half a slot on, SGP4."""
    made = []
    for plane in range(34):
        for slot in range(34):
            number, mean = plane * 34 + slot + 1, slot * 360.0 / 34 + (360.0 / 68 if plane % 2 else 0.0)
            one = _line(f"1 {number:05d}U 00000ABC 00001.00000000  .00000000  00000-0  00000+0 0    0")
            node = plane * 360.0 / 34
            angles = f" 51.9000 {node:8.4f} 0000001   0.0000 {mean:8.4f} 14.80000000    0"
            made.append(TwoLine(one, _line(f"2 {number:05d} {angles}")))
    return Orbits.of(made)


@cache
def over_kuiper(source: int, destination: int, at_s: int) -> tuple[float, list[int]]:
    """(round trip in s, path) between two cities; links to the ground are 1,260 km at most, as Hypatia bounds them."""
    at = EPOCH + at_s * SECOND
    r = np.ascontiguousarray(kuiper().position_teme_m([at])[:, 0].T)
    turn = teme_to_itrs([at])[0]
    latitude, longitude = np.radians([CITIES[source], CITIES[destination]]).T
    places, ups = itrs_of_geodetic(latitude, longitude, 0.0) @ turn, up_of_geodetic(latitude, longitude) @ turn
    seen = sights(r, places, ups, np.zeros(2), np.full(2, 630e3 / math.sin(math.radians(30.0))))
    grid = Grid.of(1156, 34, 0)
    along, across = grid_lengths(r, grid, IslLimits())
    first = slice(0, seen.starts[1])
    starts = np.array([0, seen.starts[1]])
    far = distances_over_grid(along, across, 0, starts, seen.satellites[first], seen.ranges_m[first])[0]
    last = seen.satellites[seen.starts[1] :]
    if not len(last) or not seen.starts[1]:
        return math.inf, []
    ways = far[last] + seen.ranges_m[seen.starts[1] :]
    path = path_over_grid(far, along, across, 0, int(last[ways.argmin()]))
    return 2.0 * float(ways.min()) / SPEED_OF_LIGHT_M_S, path


def share_above(latitude_deg: float, inclination_deg: float, reach_rad: float) -> float:
    """The long-run share of time that one satellite of a circular orbit stands within `reach_rad` of a latitude, over a
    sphere: its latitude's density times its share of longitudes, integrated over the argument of latitude."""
    u = (np.arange(200_000) + 0.5) / 200_000 * 2.0 * math.pi
    below = np.arcsin(math.sin(math.radians(inclination_deg)) * np.sin(u))
    phi = math.radians(latitude_deg)
    c = (math.cos(reach_rad) - math.sin(phi) * np.sin(below)) / (math.cos(phi) * np.cos(below))
    return float((np.arccos(np.clip(c, -1.0, 1.0)) / math.pi).mean())


@cache
def mean_seen(latitude_deg: float) -> float:
    """The mean number of satellites of 66 that circles of latitude see above 10°, over 400 instants."""
    start = parse_instant("2026-03-20T12:00:00Z")
    orbits = Orbits.of(walker(66, 6, 1, math.radians(60.0), 1200e3, start))
    position = orbits.position_teme_m(start + np.arange(400, dtype=np.int64) * (DAY // 397))
    total = np.zeros(65)
    for k in range(400):
        at = np.ascontiguousarray(position[:, k].T)
        total += seen_by_latitude(at, np.radians([latitude_deg]), math.radians(10.0), 64)[0]
    return float((total / 400.0) @ np.arange(65))


def _closed(latitude_deg: float) -> float:
    phi = math.radians(latitude_deg)
    place = float(np.linalg.norm(itrs_of_geodetic(phi, 0.0, 0.0)))  # the ellipsoid's radius there
    ratio = place * math.cos(math.radians(10.0)) / (6378137.0 + 1200e3)
    return 66.0 * share_above(latitude_deg, 60.0, math.acos(ratio) - math.radians(10.0))


PRESS = (
    "M. Handley's simulation of 1,584 satellites over ground relays, as L. Press tells it (CircleID, 2019-12-30); the "
    "paper is HotNets 2019, doi 10.1145/3365609.3365859"
)


@cache
def relayed() -> ConnectivityStudy:
    """The packaged mission of ground relays, in steps that do not keep time with its orbits."""
    loaded = load("ground-relays")
    assert loaded.mission.connectivity is not None
    settings = msgspec.structs.replace(loaded.mission.connectivity, step_s=617.0)
    mission = msgspec.structs.replace(loaded.mission, connectivity=settings)
    return connectivity(replace(loaded, mission=mission))


def bent_pipe_median_ms() -> float:
    """Seattle–New York without lasers."""
    return 1e3 * relayed().variants[1].flows[0].rtt_quantiles_s()[1]


CASES: list[dict[str, Any]] = [
    row(
        "round trip over ground relays",
        PRESS,
        "Seattle–New York, bent pipes, median",
        "ms",
        36.0,
        0.75,
        bent_pipe_median_ms,
        "Theirs printed to whole milliseconds, relays not told; ours with twenty assumed",
    ),
    row(
        "round trip of fibre along the great circle",
        PRESS,
        "Seattle–New York",
        "ms",
        38.0,
        0.5,
        lambda: 1e3 * fibre_rtt_s(relayed().ground, 0),
        "Printed to whole milliseconds",
    ),
    row(
        "ups and downs over ground relays",
        PRESS,
        "Seattle–New York, bent pipes, median",
        "",
        6.0,
        0.0,
        lambda: 2.0 * float(np.median(relayed().variants[1].flows[0].satellites)),
        "Six hops: three satellites, each one up and one down",
    ),
    *(
        row(
            "round trip over Kuiper's +grid",
            HYPATIA,
            f"{NAMES[pair[0]]}–{NAMES[pair[1]]} at {at} s",
            "ms",
            theirs / 1e6,
            0.02,
            lambda pair=pair, at=at: 1e3 * over_kuiper(*pair, at)[0],
            "Theirs by pyephem on WGS 72, sidereal time of its own; 34 × 34 at 630 km, SGP4",
        )
        for pair, series in TRUTH.items()
        for at, theirs in series.items()
    ),
    *(
        row(
            "satellites seen by latitude",
            "closed form: density of the subsatellite latitude times the arc of longitudes, on a sphere",
            f"66 at 1,200 km and 60°, above 10°, from {latitude:g}°",
            "",
            _closed(latitude),
            0.01 * _closed(latitude),
            lambda latitude=latitude: mean_seen(latitude),
            "Ours on the ellipsoid, whose radius there the sphere has",
        )
        for latitude in (0.0, 30.0, 52.0, 75.0)
    ),
]
