"""Where the Sun is, and how strong.

The Sun comes from ERFA's `epv00` (a VSOP2000 fit, 0.01″ from DE421) as the geometric vector from the Earth's
centre, in GCRS or in TEME: never in the ecliptic, and never of another date than the satellite's frame. Light
time and aberration are left out, as in the tools we compare with: 20.5″, 0.09 s in the time of an eclipse.
"""

from __future__ import annotations

from functools import lru_cache

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.time import HOUR
from orbitalcloud.physics.constants import ASTRONOMICAL_UNIT_M, SOLAR_CONSTANT_W_M2
from orbitalcloud.physics.frames import gcrs_to_teme
from orbitalcloud.physics.time import julian_tt, nanoseconds

Floats = NDArray[np.float64]

_NODE = 6 * HOUR  # nodes at fixed instants, so that a value does not depend on what else was asked for


def sun_gcrs_m(times_ns: ArrayLike) -> Floats:
    """Geometric Earth→Sun vector in GCRS, metres, (n_times, 3), straight from the ephemeris."""
    heliocentric, _ = erfa.epv00(*julian_tt(times_ns))
    return -np.asarray(heliocentric["p"]) * ASTRONOMICAL_UNIT_M


@lru_cache(maxsize=4096)
def _node_teme_m(index: int) -> tuple[float, float, float]:
    at = np.array([index * _NODE], dtype=np.int64)
    x, y, z = (gcrs_to_teme(at) @ sun_gcrs_m(at)[..., None])[0, :, 0]
    return float(x), float(y), float(z)


def sun_teme_m(times_ns: ArrayLike) -> Floats:
    """Geometric Earth→Sun vector in TEME, metres, (n_times, 3).

    Cubic between nodes six hours apart: within 1e-4″ of evaluating the ephemeris and nutation at every time.
    """
    times = nanoseconds(times_ns)
    first, last = int(times.min() // _NODE) - 1, int(times.max() // _NODE) + 2
    nodes = np.array([_node_teme_m(index) for index in range(first, last + 1)])
    low = times // _NODE
    u = ((times - low * _NODE) / _NODE)[:, None]
    k = (low - first).astype(np.int64)
    # Lagrange through the four nodes at −1, 0, 1 and 2 node steps
    return np.asarray(
        nodes[k - 1] * (-u * (u - 1.0) * (u - 2.0) / 6.0)
        + nodes[k] * ((u + 1.0) * (u - 1.0) * (u - 2.0) / 2.0)
        + nodes[k + 1] * (-(u + 1.0) * u * (u - 2.0) / 2.0)
        + nodes[k + 2] * ((u + 1.0) * u * (u - 1.0) / 6.0)
    )


def irradiance_w_m2(distance_m: ArrayLike) -> Floats:
    """Sunlight at a distance from the Sun: 1361 W/m² at 1 au, falling with its square."""
    return np.asarray(SOLAR_CONSTANT_W_M2 * (ASTRONOMICAL_UNIT_M / np.asarray(distance_m, float)) ** 2)
