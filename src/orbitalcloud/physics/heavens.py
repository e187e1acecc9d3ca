"""Sun, Moon, the Earth's pole and the frame of date on an hourly grid, for those who need them thousands of times.

In GCRS: the Sun by ERFA's `epv00`, the Moon by `moon98` (Meeus 1998: 10″ at worst, 10 km on the mean), the Earth's axis
of figure (the z of ITRS: IAU 2000B and the pole) and the matrix to TEME. Between the hours a cubic through four nodes:
the Moon within 0.1 m, the rest better. The hours are whole ones since 1970, so that a value does not depend on what
else was asked for.
"""

from __future__ import annotations

from functools import lru_cache

import erfa
import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.time import HOUR, SECOND, Instant
from orbitalcloud.physics.constants import ASTRONOMICAL_UNIT_M
from orbitalcloud.physics.frames import gcrs_to_itrs, gcrs_to_teme
from orbitalcloud.physics.sun import sun_gcrs_m
from orbitalcloud.physics.time import julian_tt, nanoseconds

Floats = NDArray[np.float64]

# Columns of the table
SUN, MOON, POLE, TEME, COLUMNS = 0, 3, 6, 9, 18
_BLOCK = 24  # hours computed at once


def moon_gcrs_m(times_ns: ArrayLike) -> Floats:
    """Geometric Earth→Moon vector in GCRS, metres, (n_times, 3)."""
    return np.asarray(erfa.moon98(*julian_tt(times_ns))["p"]) * ASTRONOMICAL_UNIT_M


@lru_cache(maxsize=1024)
def _day(index: int) -> Floats:
    """Rows (24, 18) of the hours of one day since 1970."""
    times = (index * _BLOCK + np.arange(_BLOCK, dtype=np.int64)) * HOUR
    rows = np.empty((_BLOCK, COLUMNS))
    to_teme = gcrs_to_teme(times)
    rows[:, SUN:MOON], rows[:, MOON:POLE] = sun_gcrs_m(times), moon_gcrs_m(times)
    rows[:, POLE:TEME] = gcrs_to_itrs(times)[:, 2, :]
    rows[:, TEME:] = to_teme.reshape(-1, 9)
    rows.setflags(write=False)
    return rows


@lru_cache(maxsize=4)
def heavens(first_hour: int, last_hour: int) -> Floats:
    """Rows (last − first + 1, 18) from hour `first_hour` to `last_hour` since 1970."""
    days = range(first_hour // _BLOCK, last_hour // _BLOCK + 1)
    rows = np.concatenate([_day(day) for day in days])
    low = first_hour - days.start * _BLOCK
    return np.ascontiguousarray(rows[low : low + last_hour - first_hour + 1])


def around(low: Instant | int, high: Instant | int) -> tuple[Floats, int]:
    """The rows that a cubic needs anywhere in [low, high], and the first one's instant; whole days, so that calls
    for neighbouring spans share them."""
    first = (low // HOUR - 1) // _BLOCK * _BLOCK
    last = ((high // HOUR + 2) // _BLOCK + 1) * _BLOCK - 1
    return heavens(first, last), first * HOUR


def teme_matrices(times_ns: ArrayLike) -> Floats:
    """Matrices GCRS → TEME, (n_times, 9), row by row: `gcrs_to_teme` within 1e-11, at a fiftieth of its cost."""
    times = nanoseconds(times_ns)
    if not times.size:
        return np.empty((0, 9))
    rows, start = around(int(times.min()), int(times.max()))
    out = np.empty((len(times), COLUMNS - TEME))
    _fill(rows, (times - start) / SECOND, out)
    return out


@njit(cache=True)
def weights(seconds):  # type: ignore[no-untyped-def]
    """(first of four rows, their Lagrange weights) at `seconds` after the table's first row."""
    place = seconds / 3600.0
    k = int(place)
    u = place - k
    return (
        k - 1,
        -u * (u - 1.0) * (u - 2.0) / 6.0,
        (u + 1.0) * (u - 1.0) * (u - 2.0) / 2.0,
        -(u + 1.0) * u * (u - 2.0) / 2.0,
        (u + 1.0) * u * (u - 1.0) / 6.0,
    )


@njit(cache=True)
def vector(rows, four, column):  # type: ignore[no-untyped-def]
    """Three columns of the table at the place that `weights` gave."""
    k, a, b, c, d = four
    x = a * rows[k, column] + b * rows[k + 1, column] + c * rows[k + 2, column] + d * rows[k + 3, column]
    y = (
        a * rows[k, column + 1]
        + b * rows[k + 1, column + 1]
        + c * rows[k + 2, column + 1]
        + d * rows[k + 3, column + 1]
    )
    z = (
        a * rows[k, column + 2]
        + b * rows[k + 1, column + 2]
        + c * rows[k + 2, column + 2]
        + d * rows[k + 3, column + 2]
    )
    return x, y, z


@njit(cache=True)
def _fill(rows, seconds, out):  # type: ignore[no-untyped-def]
    for n in range(seconds.shape[0]):
        four = weights(seconds[n])
        for j in range(0, out.shape[1], 3):
            out[n, j], out[n, j + 1], out[n, j + 2] = vector(rows, four, TEME + j)
