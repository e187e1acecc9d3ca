"""A `Track`: a fleet's states on a one-minute grid, between which kernels interpolate.

Between grid points the position is the cubic Hermite of the neighbouring states: within 0.4 m for a low orbit
(h⁴/384 · rω⁴ with h = 60 s), 40 µs along the track. The grid lies on whole minutes of UTC, so that a value does not
depend on the interval that was asked for.

SGP4 and designs are asked for positions alone, each fourth minute where the orbit is nearly circular, and the grid is
filled by the polynomial of degree 11 through twelve of them: six before, six after. Its error, r⁽¹²⁾/12! · ∏(t − tₖ),
is under 10 cm at 200 km and the limit of eccentricity 0.05, and 2 mm where constellations fly. Velocities are that
polynomial's: SGP4's own are not the derivative of its positions, but 3 cm/s from it on a circular orbit, 4 m/s on a
transfer orbit, which would bend a minute's cubic by 26 m.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import MINUTE, SECOND, Instant, iso
from orbitalcloud.physics.constants import EARTH_POLAR_RADIUS_M
from orbitalcloud.physics.sun import sun_teme_m

if TYPE_CHECKING:
    from orbitalcloud.physics.orbit import Orbits

Floats = NDArray[np.float64]
STEP_S = 60.0
_MOST_STATES = 2_000_000  # in one block: 96 MB
_KNOTS = 12
_SPARSE = 4  # minutes between knots of a nearly circular orbit
_NEARLY_CIRCULAR = 0.05


@dataclass(frozen=True, slots=True)
class Track:
    """Positions and velocities in TEME (n_satellites, n_nodes, 3) at `start + 60 s · k`; the Sun (n_nodes, 3)."""

    first: int
    start: Instant
    position_m: Floats
    velocity_m_s: Floats
    sun_m: Floats

    def times_ns(self) -> NDArray[np.int64]:
        """The instants of the grid, (n_nodes,)."""
        return self.start + np.arange(self.sun_m.shape[0], dtype=np.int64) * MINUTE

    def seconds(self, at: Instant) -> float:
        """An instant as seconds on this track."""
        return (at - self.start) / SECOND

    def instant(self, seconds: float) -> Instant:
        """Seconds on this track as an instant, to the nearest nanosecond."""
        return Instant(self.start + round(seconds * SECOND))


def tracks(orbits: Orbits, start: Instant, end: Instant) -> Iterator[Track]:
    """The fleet's tracks over [start, end] and a minute beyond on each side, in blocks of satellites.

    `Track.first` is the fleet index of a block's first satellite.
    """
    if end < start:
        raise DataError("time span", f"{iso(start)} to {iso(end)}", "let it end after its start")
    grid0 = (start // MINUTE - 1) * MINUTE
    grid1 = (-(-end // MINUTE) + 2) * MINUTE
    if (grid1 - grid0) // MINUTE > _MOST_STATES * 5:
        raise DataError("time span", f"{iso(start)} to {iso(end)}", "ask for at most nineteen years at once")
    grid = np.arange(grid0, grid1, MINUTE, dtype=np.int64)
    sun = sun_teme_m(grid)
    block = max(1, _MOST_STATES // len(grid))
    for first in range(0, len(orbits), block):
        whole = block >= len(orbits)
        part = orbits if whole else orbits.subset(range(first, min(first + block, len(orbits))))
        position, velocity = _states(part, grid)
        yield Track(first, Instant(grid0), position, velocity, sun)


def _states(orbits: Orbits, grid: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """`Orbits.state_teme` on a grid of whole minutes, each satellite in the cheapest way that its orbit bears."""
    eccentricity = orbits.eccentricity
    ways = np.where(np.isnan(eccentricity), 0, np.where(eccentricity <= _NEARLY_CIRCULAR, _SPARSE, 1))
    if len(ways) and (ways == ways[0]).all():
        return _filled(orbits, grid, int(ways[0]))
    position, velocity = np.empty((2, len(orbits), len(grid), 3))
    for way in np.unique(ways):
        which = np.flatnonzero(ways == way)
        position[which], velocity[which] = _filled(orbits.subset(which.tolist()), grid, int(way))
    return position, velocity


def _filled(orbits: Orbits, grid: NDArray[np.int64], minutes: int) -> tuple[Floats, Floats]:
    """States on the grid from knots `minutes` apart, which lie on multiples of that since 1970; 0: straight.

    Straight too where a knot outside of the grid cannot be had, as of a satellite that decays just after.
    """
    if minutes == 0 or not len(grid):
        return orbits.state_teme(grid)
    apart, before = minutes * MINUTE, _KNOTS // 2 - 1
    knot0 = int(grid[0]) // apart - before
    knots = apart * np.arange(knot0, int(grid[-1]) // apart + _KNOTS - before, dtype=np.int64)
    try:
        at_knots = orbits.position_teme_m(knots)
    except DataError:
        return orbits.state_teme(grid)
    value, slope = _weights(minutes)
    position, velocity = np.empty((2, len(orbits), len(grid), 3))
    lowest = _fill(at_knots, int(grid[0]) // MINUTE - knot0 * minutes, value, slope, position, velocity)
    return (position, velocity) if lowest > EARTH_POLAR_RADIUS_M**2 else orbits.state_teme(grid)


def _weights(minutes: int) -> tuple[Floats, Floats]:
    """What the knots weigh in the position and in the velocity (1/s) at each minute after the sixth, (minutes, 12)."""
    knots = np.arange(_KNOTS) - (_KNOTS - 1) / 2.0  # about the middle, where the powers are least
    at = np.arange(minutes) / minutes - 0.5
    power = np.arange(_KNOTS)
    inverse = np.linalg.inv(knots[:, None] ** power)
    slope = np.zeros((minutes, _KNOTS))
    slope[:, 1:] = power[1:] * at[:, None] ** power[:-1]
    return (at[:, None] ** power) @ inverse, slope @ inverse / (minutes * STEP_S)


@njit(cache=True)
def _fill(knots, offset, value, slope, position, velocity):  # type: ignore[no-untyped-def]
    """Fill states (n, n_nodes, 3) on minutes, the first `offset` minutes after the first of `knots`; the least r²."""
    minutes, width = value.shape
    before = width // 2 - 1
    lowest = 1e300
    for i in range(position.shape[0]):
        for k in range(position.shape[1]):
            first, m = (offset + k) // minutes - before, (offset + k) % minutes
            x = y = z = vx = vy = vz = 0.0
            for a in range(width):
                w, d, p = value[m, a], slope[m, a], knots[i, first + a]
                x, y, z = x + w * p[0], y + w * p[1], z + w * p[2]
                vx, vy, vz = vx + d * p[0], vy + d * p[1], vz + d * p[2]
            if m == 0:
                x, y, z = knots[i, first + before]
            position[i, k, 0], position[i, k, 1], position[i, k, 2] = x, y, z
            velocity[i, k, 0], velocity[i, k, 1], velocity[i, k, 2] = vx, vy, vz
            lowest = min(lowest, x * x + y * y + z * z)
    return lowest


@njit(cache=True)
def hermite(position, velocity, k, u):  # type: ignore[no-untyped-def]
    """Position at `k + u` grid steps (0 ≤ u ≤ 1) of one satellite's states (n_nodes, 3)."""
    w = 1.0 - u
    a, b = w * w * (1.0 + 2.0 * u), u * u * (3.0 - 2.0 * u)
    c, d = STEP_S * u * w * w, -STEP_S * u * u * w
    return (
        a * position[k, 0] + b * position[k + 1, 0] + c * velocity[k, 0] + d * velocity[k + 1, 0],
        a * position[k, 1] + b * position[k + 1, 1] + c * velocity[k, 1] + d * velocity[k + 1, 1],
        a * position[k, 2] + b * position[k + 1, 2] + c * velocity[k, 2] + d * velocity[k + 1, 2],
    )


@njit(cache=True)
def linear(values, k, u):  # type: ignore[no-untyped-def]
    """A vector at `k + u` grid steps of (n_nodes, 3), for what hardly bends in a minute."""
    return (
        values[k, 0] + u * (values[k + 1, 0] - values[k, 0]),
        values[k, 1] + u * (values[k + 1, 1] - values[k, 1]),
        values[k, 2] + u * (values[k + 1, 2] - values[k, 2]),
    )
