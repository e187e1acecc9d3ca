"""A `Track`: a fleet's states on a one-minute grid, between which kernels interpolate.

Between grid points the position is the cubic Hermite of the neighbouring states: within 0.4 m for a low orbit
(h⁴/384 · rω⁴ with h = 60 s), 40 µs along the track, at a sixth of the cost of asking SGP4 each ten seconds.
The grid lies on whole minutes of UTC, so that a value does not depend on the interval that was asked for.
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
from orbitalcloud.physics.sun import sun_teme_m

if TYPE_CHECKING:
    from orbitalcloud.physics.orbit import Orbits

Floats = NDArray[np.float64]
STEP_S = 60.0
_MOST_STATES = 2_000_000  # in one block: 96 MB


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
        position, velocity = part.state_teme(grid)
        yield Track(first, Instant(grid0), position, velocity, sun)


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
