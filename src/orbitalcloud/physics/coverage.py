"""Coverage by latitude: how many satellites a circle of latitude sees, all around it at once.

Above a mask a satellite covers an arc of each circle of latitude. So coverage at an instant is exact over longitudes:
no grid of points, only the ends of arcs, sorted. Positions in TEME or any frame that has its z axis, metres.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.constants import EARTH_POLAR_RADIUS_M, EARTH_RADIUS_M

Floats = NDArray[np.float64]

MOST_AT_ONCE = 64


@njit(cache=True)
def _half_arc(axial, z, across, up_z, foot, sine, flat, steep, own2):  # type: ignore[no-untyped-def]
    """The half width in longitude, 0 … π, within which a satellite at (axial, z) stands above the mask of places of
    one latitude: where n² = sin²(mask) ρ², a quadratic in the cosine c of the difference in longitude, with n = a c + b
    the height over the horizon and ρ² = e − f c the range."""
    a, b = flat * axial, steep * z - foot
    e, f = axial * axial + z * z + own2 - 2.0 * up_z * z, 2.0 * across * axial
    if _above(1.0, a, b, e, f, sine) < 0.0:
        return 0.0
    if _above(-1.0, a, b, e, f, sine) >= 0.0:
        return math.pi
    s2 = sine * sine
    p, q, r = a * a, 2.0 * a * b + s2 * f, b * b - s2 * e
    root = math.sqrt(max(q * q - 4.0 * p * r, 0.0))
    c = (-q + root) / (2.0 * p) if p > 0.0 else (-r / q if q != 0.0 else 1.0)
    return math.acos(min(1.0, max(-1.0, c)))


@njit(cache=True)
def _above(c, a, b, e, f, sine):  # type: ignore[no-untyped-def]
    """Height over the mask's cone at the cosine c of the difference in longitude."""
    return a * c + b - sine * math.sqrt(max(e - f * c, 0.0))


@njit(cache=True)
def _latitude_row(r, across, up_z, foot, sine, flat, steep, own2, edges, change, shares):  # type: ignore[no-untyped-def]
    """Add the shares of a circle of latitude that see exactly k satellites (the last: that many or more)."""
    n, whole = 0, 0
    for i in range(r.shape[1]):
        axial = math.sqrt(r[0, i] * r[0, i] + r[1, i] * r[1, i])
        if flat * axial + steep * r[2, i] < foot:  # below every horizon of the circle
            continue
        half = _half_arc(axial, r[2, i], across, up_z, foot, sine, flat, steep, own2)
        if half >= math.pi:
            whole += 1
        elif half > 0.0:
            middle = math.atan2(r[1, i], r[0, i])
            low, high = middle - half, middle + half
            if low < -math.pi:
                low += 2.0 * math.pi
                whole += 1
            elif high >= math.pi:
                high -= 2.0 * math.pi
                whole += 1
            edges[n], change[n], edges[n + 1], change[n + 1] = low, 1, high, -1
            n += 2
    order = np.argsort(edges[:n])
    seen, since, top = whole, -math.pi, shares.shape[0] - 1
    for k in order:
        shares[min(seen, top)] += (edges[k] - since) / (2.0 * math.pi)
        seen, since = seen + change[k], edges[k]
    shares[min(seen, top)] += (math.pi - since) / (2.0 * math.pi)


@njit(cache=True)
def _coverage(r, circles, sine, shares):  # type: ignore[no-untyped-def]
    edges, change = np.empty(2 * r.shape[1] + 2), np.empty(2 * r.shape[1] + 2, np.int64)
    for k in range(circles.shape[0]):
        across, up_z, foot, flat, steep, own2 = circles[k]
        _latitude_row(r, across, up_z, foot, sine, flat, steep, own2, edges, change, shares[k])


def seen_by_latitude(position_m: Floats, latitude_rad: Floats, mask_rad: float, most: int = 8) -> Floats:
    """Of each circle of geodetic latitude at height 0, the share of longitudes that see exactly 0, 1, … `most` − 1
    satellites above the mask, and `most` or more: (n_latitudes, most + 1), rows of sum 1. Positions (3, n_satellites).

    Exact: each satellite covers an arc of each circle, whose ends are roots of a quadratic on the WGS 84 ellipsoid.
    """
    if not 0.0 <= mask_rad < math.pi / 2.0:
        raise DataError("coverage: mask", f"{math.degrees(mask_rad):g}°", "choose 0° to less than 90°")
    if not 1 <= most <= MOST_AT_ONCE:
        raise DataError("coverage: satellites counted", most, f"choose 1 to {MOST_AT_ONCE}")
    latitude = np.asarray(latitude_rad, dtype=np.float64)
    flat, steep = np.cos(latitude), np.sin(latitude)
    e2 = 1.0 - (EARTH_POLAR_RADIUS_M / EARTH_RADIUS_M) ** 2
    normal = EARTH_RADIUS_M / np.sqrt(1.0 - e2 * steep**2)
    across, up_z = normal * flat, normal * (1.0 - e2) * steep
    circles = np.stack([across, up_z, flat * across + steep * up_z, flat, steep, across**2 + up_z**2], axis=1)
    shares = np.zeros((len(latitude), most + 1))
    _coverage(np.ascontiguousarray(position_m), circles, math.sin(mask_rad), shares)
    return shares
