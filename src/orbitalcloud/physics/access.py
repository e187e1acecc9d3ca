"""When a satellite can be seen from a place on the ground, and how far it is.

Elevation is geometric, above the WGS 84 horizon. Between the nodes of the track (one minute) the Earth-fixed
position is a cubic Hermite (within half a metre). A pass is found from the signs of f = sin(elevation) − sin(mask)
at the nodes and, where both ends are below, from the signs of its exact time derivative: a maximum between
two nodes cannot hide, so a grazing pass is not missed. Rise and set are roots to a microsecond.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import SECOND, Instant
from orbitalcloud.physics.constants import EARTH_ROTATION_RAD_S
from orbitalcloud.physics.frames import geodetic_of_itrs, itrs_of_geodetic, teme_to_itrs, up_of_geodetic
from orbitalcloud.physics.orbit import Orbits
from orbitalcloud.physics.time import nanoseconds
from orbitalcloud.physics.track import STEP_S, Track, hermite, tracks

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroundSite:
    """A place on the WGS 84 ellipsoid and the elevation below which it sees nothing."""

    latitude_rad: float
    longitude_rad: float
    height_m: float = 0.0
    mask_rad: float = 0.0
    name: str = ""

    def __post_init__(self) -> None:
        half = math.pi / 2.0
        self._within("latitude", self.latitude_rad, -half, half, "−90° to 90°")
        self._within("longitude", self.longitude_rad, -2.0 * math.pi, 2.0 * math.pi, "−180° to 360°")
        self._within("mask", self.mask_rad, -0.1, half, "−5° to 90°")
        if not -1e3 <= self.height_m <= 1e5:
            raise DataError(f"site {self.name}: height".replace(" :", ":"), self.height_m, "choose −1,000 to 100,000 m")

    def _within(self, what: str, value_rad: float, low: float, high: float, range_text: str) -> None:
        if not low - 1e-12 <= value_rad <= high + 1e-12:
            shown = f"{math.degrees(value_rad):.6g}°"
            raise DataError(f"site {self.name}: {what}".replace(" :", ":"), shown, f"choose {range_text}")


@dataclass(frozen=True, slots=True)
class Window:
    """A pass: satellite `satellite` above the mask of site `site` over [opens, closes)."""

    satellite: int
    site: int
    opens: Instant
    closes: Instant
    culmination: Instant
    max_elevation_rad: float
    range_m: float
    """At the culmination."""

    @property
    def duration_ns(self) -> int:
        return self.closes - self.opens


@njit(cache=True)
def _height(position, velocity, seconds, place, up):  # type: ignore[no-untyped-def]
    """Sine of the elevation at `seconds` on the track."""
    k = min(max(int(seconds / STEP_S), 0), position.shape[0] - 2)
    x, y, z = hermite(position, velocity, k, seconds / STEP_S - k)
    x, y, z = x - place[0], y - place[1], z - place[2]
    return (x * up[0] + y * up[1] + z * up[2]) / math.sqrt(x * x + y * y + z * z)


@njit(cache=True)
def _crossing(position, velocity, low, high, place, up, sine):  # type: ignore[no-untyped-def]
    """Where sin(elevation) passes `sine` between low and high, by bisection to 1e-6 s."""
    rising = _height(position, velocity, low, place, up) < sine
    while high - low > 1e-6:
        middle = 0.5 * (low + high)
        if (_height(position, velocity, middle, place, up) < sine) == rising:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@njit(cache=True)
def _top(position, velocity, low, high, place, up, sign):  # type: ignore[no-untyped-def]
    """Where sign · sin(elevation) is greatest between low and high, by golden section to 1e-3 s."""
    ratio = 0.6180339887498949
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    fa = sign * _height(position, velocity, a, place, up)
    fb = sign * _height(position, velocity, b, place, up)
    while high - low > 1e-3:
        if fa > fb:
            high, b, fb = b, a, fa
            a = high - ratio * (high - low)
            fa = sign * _height(position, velocity, a, place, up)
        else:
            low, a, fa = a, b, fb
            b = low + ratio * (high - low)
            fb = sign * _height(position, velocity, b, place, up)
    return 0.5 * (low + high)


@njit(cache=True)
def _node(position, velocity, k, place, up, sine, hopeless):  # type: ignore[no-untyped-def]
    """f and its derivative at node k; far below the horizon f is a bound, and the derivative 0."""
    x, y, z = position[k, 0] - place[0], position[k, 1] - place[1], position[k, 2] - place[2]
    above = x * up[0] + y * up[1] + z * up[2]
    if above < hopeless:
        return -2.0, 0.0
    vx, vy, vz = velocity[k, 0], velocity[k, 1], velocity[k, 2]
    distance = math.sqrt(x * x + y * y + z * z)
    climb = vx * up[0] + vy * up[1] + vz * up[2]
    recede = (x * vx + y * vy + z * vz) / distance
    return above / distance - sine, (climb - above / distance * recede) / distance


@njit(cache=True)
def _edges(position, velocity, place, up, sine, hopeless):  # type: ignore[no-untyped-def]
    """The times, in order, at which the satellite crosses the mask of one site, and whether it starts above it."""
    times = [0.0][:0]
    f0, d0 = _node(position, velocity, 0, place, up, sine, hopeless)
    above = f0 >= 0.0
    for k in range(position.shape[0] - 1):
        f1, d1 = _node(position, velocity, k + 1, place, up, sine, hopeless)
        low, high = k * STEP_S, (k + 1) * STEP_S
        if (f0 < 0.0) != (f1 < 0.0):
            times.append(_crossing(position, velocity, low, high, place, up, sine))
        elif (f0 < 0.0 and d0 > 0.0 and d1 < 0.0) or (f0 >= 0.0 and d0 < 0.0 and d1 > 0.0):
            sign = 1.0 if f0 < 0.0 else -1.0
            top = _top(position, velocity, low, high, place, up, sign)
            if sign * (_height(position, velocity, top, place, up) - sine) > 0.0:
                times.append(_crossing(position, velocity, low, top, place, up, sine))
                times.append(_crossing(position, velocity, top, high, place, up, sine))
        f0, d0 = f1, d1
    return times, above


@njit(cache=True)
def _culmination(position, velocity, low, high, place, up):  # type: ignore[no-untyped-def]
    """(seconds, sin elevation) of the highest point of a window: the best node, then golden section around it."""
    best, value = low, _height(position, velocity, low, place, up)
    end = _height(position, velocity, high, place, up)
    if end > value:
        best, value = high, end
    for k in range(int(low / STEP_S) + 1, int(high / STEP_S) + 1):
        here = _height(position, velocity, k * STEP_S, place, up)
        if here > value:
            best, value = k * STEP_S, here
    top = _top(position, velocity, max(low, best - STEP_S), min(high, best + STEP_S), place, up, 1.0)
    refined = _height(position, velocity, top, place, up)
    return (top, refined) if refined > value else (best, value)


@njit(cache=True)
def _windows(position, velocity, places, ups, sines, start, end):  # type: ignore[no-untyped-def]
    """(n, 7): satellite, site, opens, closes, culmination, sin elevation, range within [start, end], times in s."""
    rows = [(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0)][:0]
    for i in range(position.shape[0]):
        r, v = position[i], velocity[i]
        fastest = 0.0
        for k in range(r.shape[0]):
            fastest = max(fastest, v[k, 0] ** 2 + v[k, 1] ** 2 + v[k, 2] ** 2)
        for j in range(places.shape[0]):
            place, up, sine = places[j], ups[j], sines[j]
            # so far below the horizon that it cannot reach it, or turn over, before the next node
            hopeless = -1.05 * STEP_S * math.sqrt(fastest) if sine >= 0.0 else -1e300
            times, above = _edges(r, v, place, up, sine, hopeless)
            opens = 0.0 if above else -1.0
            for m in range(len(times) + 1):
                last = m == len(times)
                if opens >= 0.0:
                    closes = (r.shape[0] - 1) * STEP_S if last else times[m]
                    low, high = max(opens, start), min(closes, end)
                    if high > low:
                        top, height = _culmination(r, v, low, high, place, up)
                        k = min(int(top / STEP_S), r.shape[0] - 2)
                        x, y, z = hermite(r, v, k, top / STEP_S - k)
                        far = math.sqrt((x - place[0]) ** 2 + (y - place[1]) ** 2 + (z - place[2]) ** 2)
                        rows.append((i, j, low, high, top, height, far))
                    opens = -1.0
                elif not last:
                    opens = times[m]
    table = np.empty((len(rows), 7))
    for n in range(len(rows)):
        i, j, low, high, top, height, far = rows[n]
        table[n, 0], table[n, 1], table[n, 2], table[n, 3] = i, j, low, high
        table[n, 4], table[n, 5], table[n, 6] = top, height, far
    return table


def earth_fixed(track: Track) -> tuple[Floats, Floats]:
    """A track's positions (m) and velocities (m/s) in ITRS, each (n_satellites, n_nodes, 3)."""
    position, velocity = np.empty_like(track.position_m), np.empty_like(track.velocity_m_s)
    _turn(teme_to_itrs(track.times_ns()), track.position_m, track.velocity_m_s, position, velocity)
    return position, velocity


@njit(cache=True)
def _turn(turn, r, v, position, velocity):  # type: ignore[no-untyped-def]
    """Fill ITRS states (n, n_nodes, 3) from TEME's by the matrices (n_nodes, 3, 3), less the Earth's rotation."""
    for i in range(r.shape[0]):
        for k in range(r.shape[1]):
            for a in range(3):
                x, y, z = turn[k, a, 0], turn[k, a, 1], turn[k, a, 2]
                position[i, k, a] = x * r[i, k, 0] + y * r[i, k, 1] + z * r[i, k, 2]
                velocity[i, k, a] = x * v[i, k, 0] + y * v[i, k, 1] + z * v[i, k, 2]
            velocity[i, k, 0] += EARTH_ROTATION_RAD_S * position[i, k, 1]
            velocity[i, k, 1] -= EARTH_ROTATION_RAD_S * position[i, k, 0]


def contact_windows(orbits: Orbits, sites: Sequence[GroundSite], start: Instant, end: Instant) -> list[Window]:
    """Every pass of every satellite over every site, clipped to [start, end), by satellite, site and time."""
    if not sites:
        return []
    latitude, longitude = [s.latitude_rad for s in sites], [s.longitude_rad for s in sites]
    places = itrs_of_geodetic(latitude, longitude, [s.height_m for s in sites])
    ups = up_of_geodetic(latitude, longitude)
    sines = np.sin([s.mask_rad for s in sites])
    found: list[Window] = []
    for track in tracks(orbits, start, end):
        position, velocity = earth_fixed(track)
        rows = _windows(position, velocity, places, ups, sines, track.seconds(start), track.seconds(end))
        times = track.start + np.rint(rows[:, 2:5] * SECOND).astype(np.int64)
        opens, closes = np.maximum(start, times[:, 0]), np.minimum(end, times[:, 1])
        tops = np.clip(times[:, 2], opens, np.maximum(opens, closes))
        angles = np.arcsin(np.minimum(1.0, rows[:, 5]))
        which = (rows[:, 0].astype(np.int64) + track.first, rows[:, 1].astype(np.int64))
        columns = [column[closes > opens].tolist() for column in (*which, opens, closes, tops, angles, rows[:, 6])]
        found.extend(map(Window, *columns))
    return found


def position_itrs_m(orbits: Orbits, times_ns: ArrayLike) -> Floats:
    """Positions in ITRS, metres, (n_satellites, n_times, 3)."""
    times = nanoseconds(times_ns)
    return np.asarray(np.einsum("kab,ikb->ika", teme_to_itrs(times), orbits.position_teme_m(times)))


def range_m(orbits: Orbits, satellite: int, site: GroundSite, at: Instant) -> float:
    """Distance from a site to one satellite at an instant: light time is this over c."""
    place = itrs_of_geodetic(site.latitude_rad, site.longitude_rad, site.height_m)
    position = position_itrs_m(orbits.one(satellite), at)[0, 0]
    return float(np.linalg.norm(position - place))


def subpoint(orbits: Orbits, times_ns: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """WGS 84 latitude (rad), longitude (rad) and height (m), each (n_satellites, n_times)."""
    return geodetic_of_itrs(position_itrs_m(orbits, times_ns))
