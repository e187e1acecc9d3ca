"""When a satellite can be seen from a place on the ground, and how far it is.

Elevation is geometric, above the WGS 84 horizon. Between the nodes of the track (one minute) the Earth-fixed
position is a quintic Hermite (within a millimetre of the track's orbit). A pass is found from the signs of
f = sin(elevation) − sin(mask) at the nodes and, where both ends are below, from the signs of its exact derivative.
Rise and set are roots to a microsecond.

A maximum cannot hide between two nodes. Where the elevation E stands still, ρË = a·n − tan(E) v²/ρ: range ρ,
velocity v across the line of sight, Earth-fixed acceleration a, direction n of growing E. Gravity's part of a·n is
−g R cos(E)/r, which up to 6,000 km of height outweighs what the rotating frame adds; tan(E) v²/ρ helps above the
horizon and stays below g down to 10° under it. So there every stationary point is a maximum; two would have a minimum
between them; and a grazing pass, whose nodes lie less than 10° under its mask, has a rising node before it and a
falling one after. Higher up minima do exist (figures of eight), but hours apart: two extremes within a minute differ
by under 1e-8 rad.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import SECOND, Instant
from orbitalcloud.physics.constants import EARTH_ROTATION_RAD_S
from orbitalcloud.physics.frames import geodetic_of_itrs, itrs_of_geodetic, teme_to_itrs, up_of_geodetic
from orbitalcloud.physics.orbit import Orbits
from orbitalcloud.physics.time import nanoseconds
from orbitalcloud.physics.track import STEP_S, Track, tracks

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


class Window(msgspec.Struct, frozen=True, gc=False):
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
def _line(position, velocity, k, place):  # type: ignore[no-untyped-def]
    """The Hermite quintic from a place to the satellite between nodes k and k + 1: x₀ … x₅, y₀ … y₅, z₀ … z₅.

    Accelerations are those of the states around, 2 (r₋ − 2 r + r₊)/h² − (v₊ − v₋)/2h: right to h⁴/360 · rω⁶.
    """
    a, b, c = _quintic(position, velocity, k, 0), _quintic(position, velocity, k, 1), _quintic(position, velocity, k, 2)
    return (
        (a[0] - place[0], a[1], a[2], a[3], a[4], a[5]),
        (b[0] - place[1], b[1], b[2], b[3], b[4], b[5]),
        (c[0] - place[2], c[1], c[2], c[3], c[4], c[5]),
    )


@njit(cache=True)
def _quintic(position, velocity, k, axis):  # type: ignore[no-untyped-def]
    """Coefficients of one axis of `_line`; in the first and the last step a cubic, for want of a neighbour."""
    p, q = position[k, axis], position[k + 1, axis]
    v, w = STEP_S * velocity[k, axis], STEP_S * velocity[k + 1, axis]
    if k == 0 or k + 2 == position.shape[0]:
        return p, v, 3.0 * (q - p) - 2.0 * v - w, v + w - 2.0 * (q - p), 0.0, 0.0
    before, after = position[k - 1, axis], position[k + 2, axis]
    a = before - 2.0 * p + q - 0.25 * (w - STEP_S * velocity[k - 1, axis])  # half of the acceleration, h = 1
    b = p - 2.0 * q + after - 0.25 * (STEP_S * velocity[k + 2, axis] - v)
    far, fast, bent = q - p - v - a, w - v - 2.0 * a, b - a
    return p, v, a, 10.0 * far - 4.0 * fast + bent, -15.0 * far + 7.0 * fast - 2.0 * bent, 6.0 * far - 3.0 * fast + bent


@njit(cache=True)
def _at(c, u):  # type: ignore[no-untyped-def]
    """A polynomial of degree 5 and its derivative."""
    return (
        c[0] + u * (c[1] + u * (c[2] + u * (c[3] + u * (c[4] + u * c[5])))),
        c[1] + u * (2.0 * c[2] + u * (3.0 * c[3] + u * (4.0 * c[4] + u * 5.0 * c[5]))),
    )


@njit(cache=True)
def _look(line, up, u):  # type: ignore[no-untyped-def]
    """(sine of the elevation, its slope by u, range) at u, 0 … 1, of a `_line`."""
    (x, dx), (y, dy), (z, dz) = _at(line[0], u), _at(line[1], u), _at(line[2], u)
    return _sight(x, y, z, dx, dy, dz, up)


@njit(cache=True)
def _node(position, velocity, k, place, up):  # type: ignore[no-untyped-def]
    """The same at node k, its slope by seconds."""
    x, y, z = position[k, 0] - place[0], position[k, 1] - place[1], position[k, 2] - place[2]
    return _sight(x, y, z, velocity[k, 0], velocity[k, 1], velocity[k, 2], up)


@njit(cache=True)
def _sight(x, y, z, dx, dy, dz, up):  # type: ignore[no-untyped-def]
    """(sine of the elevation, its slope, range) of a satellite at (x, y, z) from the place, and how that changes."""
    far = math.sqrt(x * x + y * y + z * z)
    sine = (x * up[0] + y * up[1] + z * up[2]) / far
    return sine, (dx * up[0] + dy * up[1] + dz * up[2] - sine * (x * dx + y * dy + z * dz) / far) / far, far


@njit(cache=True)
def _crossing(line, up, sine, low, high, at_low, at_high):  # type: ignore[no-untyped-def]
    """Where sin(elevation), `at_low` and `at_high` at parts low and high of a step, passes `sine`: Newton, kept within
    its bracket."""
    rising = at_low < sine
    at = low + (high - low) * (sine - at_low) / (at_high - at_low) if at_low != at_high else low
    for _ in range(60):
        value, slope, _ = _look(line, up, at)
        if (value < sine) == rising:
            low = at
        else:
            high = at
        following = at + (sine - value) / slope if slope != 0.0 else -1.0
        if not low <= following <= high:
            following = 0.5 * (low + high)
        if abs(following - at) < 1e-9:
            return following
        at = following
    return at


@njit(cache=True)
def _turn_over(line, up, at_low, at_high):  # type: ignore[no-untyped-def]
    """Where in a step the slope of sin(elevation), of opposite signs `at_low` and `at_high` at its ends, is zero:
    Illinois' secants."""
    low, high, side, at = 0.0, 1.0, 0, 0.0
    for _ in range(60):
        before, at = at, (low * at_high - high * at_low) / (at_high - at_low)
        value = _look(line, up, at)[1]
        if value == 0.0 or abs(at - before) < 1e-7 or not low < at < high:
            break
        if (value < 0.0) == (at_low < 0.0):
            low, at_low = at, value
            at_high *= 0.5 if side == -1 else 1.0
            side = -1
        else:
            high, at_high = at, value
            at_low *= 0.5 if side == 1 else 1.0
            side = 1
    return at


@njit(cache=True)
def _along(x, y, z, up, heights):  # type: ignore[no-untyped-def]
    """Fill `heights` with the nodes' components along `up`: axis by axis, so that the processor does four at a time."""
    ux, uy, uz = up[0], up[1], up[2]
    for k in range(heights.shape[0]):
        heights[k] = x[k] * ux + y[k] * uy + z[k] * uz


@njit(cache=True)
def _edges(position, velocity, heights, place, up, sine, floor, reach):  # type: ignore[no-untyped-def]
    """Of one satellite and one site: the times at which it crosses the mask, in order; whether it starts above it; and
    (time, sine of the elevation, range) of the maxima above it.

    `heights` are the nodes' along `up`. Lower than `floor` the satellite is surely under the mask, and it rises by no
    more than `reach` in a step: within one, no higher than half of that over the mean of its ends.
    """
    times, tops = [0.0][:0], [(0.0, 0.0, 0.0)][:0]
    above = _node(position, velocity, 0, place, up)[0] >= sine
    k, known, f0, d0 = 0, False, 0.0, 0.0
    while k < position.shape[0] - 1:
        if heights[k] + 8.0 * reach < floor:
            k, known = k + 8, False
            continue
        if heights[k] + heights[k + 1] + reach < 2.0 * floor:
            k, known = k + 1, False
            continue
        if not known:
            f0, d0, _ = _node(position, velocity, k, place, up)
        f1, d1, _ = _node(position, velocity, k + 1, place, up)
        crosses, over = (f0 < sine) != (f1 < sine), d0 > 0.0 and d1 <= 0.0
        if crosses or over or (f0 >= sine and d0 < 0.0 and d1 > 0.0):
            line = _line(position, velocity, k, place)
            if crosses:
                times.append((k + _crossing(line, up, sine, 0.0, 1.0, f0, f1)) * STEP_S)
            if not crosses or over:
                turn = _turn_over(line, up, d0, d1)
                value, _, far = _look(line, up, turn)
                if over and value >= sine:
                    tops.append(((k + turn) * STEP_S, value, far))
                if not crosses and (value < sine) != (f0 < sine):
                    times.append((k + _crossing(line, up, sine, 0.0, turn, f0, value)) * STEP_S)
                    times.append((k + _crossing(line, up, sine, turn, 1.0, value, f1)) * STEP_S)
        k, known, f0, d0 = k + 1, True, f1, d1
    return times, above, tops


@njit(cache=True)
def _culmination(position, velocity, low, high, place, up, tops, whole):  # type: ignore[no-untyped-def]
    """(seconds, sin elevation, range) of the highest point of a window: the best of its maxima, and of its ends unless
    it is `whole`, from mask to mask."""
    best, highest, far = low, -2.0, 0.0
    for at, value, distance in tops:
        if low <= at <= high and value > highest:
            best, highest, far = at, value, distance
    if whole and highest > -2.0:
        return best, highest, far
    for at in (low, high):
        k = min(int(at / STEP_S), position.shape[0] - 2)
        value, _, distance = _look(_line(position, velocity, k, place), up, at / STEP_S - k)
        if value > highest:
            best, highest, far = at, value, distance
    return best, highest, far


@njit(cache=True)
def _bounds(position, velocity):  # type: ignore[no-untyped-def]
    """What a satellite's Earth-fixed speed (m/s) and distance (m) never exceed, at the nodes and between."""
    fastest = farthest = 0.0
    for k in range(position.shape[0]):
        fastest = max(fastest, velocity[k, 0] ** 2 + velocity[k, 1] ** 2 + velocity[k, 2] ** 2)
        farthest = max(farthest, position[k, 0] ** 2 + position[k, 1] ** 2 + position[k, 2] ** 2)
    return 1.02 * math.sqrt(fastest) + 1.0, 1.02 * math.sqrt(farthest)


@njit(cache=True)
def _windows(position, velocity, places, ups, sines, start, end):  # type: ignore[no-untyped-def]
    """(n, 7): satellite, site, opens, closes, culmination, sin elevation, range within [start, end], times in s."""
    rows = [(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0)][:0]
    nodes = position.shape[1]
    axes, heights = np.empty((3, nodes)), np.empty(nodes)
    for i in range(position.shape[0]):
        r, v = position[i], velocity[i]
        fastest, farthest = _bounds(r, v)
        for k in range(nodes):
            axes[0, k], axes[1, k], axes[2, k] = r[k, 0], r[k, 1], r[k, 2]
        for j in range(places.shape[0]):
            place, up, sine = places[j], ups[j], sines[j]
            _along(axes[0], axes[1], axes[2], up, heights)
            floor = place[0] * up[0] + place[1] * up[1] + place[2] * up[2] + min(0.0, sine) * (farthest + 7e6)
            times, above, tops = _edges(r, v, heights, place, up, sine, floor, fastest * STEP_S)
            opens = 0.0 if above else -1.0
            for m in range(len(times) + 1):
                last = m == len(times)
                if opens >= 0.0:
                    closes = (nodes - 1) * STEP_S if last else times[m]
                    low, high = max(opens, start), min(closes, end)
                    if high > low:
                        whole = low > start and high < end
                        top, height, far = _culmination(r, v, low, high, place, up, tops, whole)
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
