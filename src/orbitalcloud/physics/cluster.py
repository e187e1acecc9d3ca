"""Clusters: satellites that fly within a kilometre of one another and need no propellant to stay so.

All members have the reference's semi-major axis, plane and mean argument of latitude, and differ in the eccentricity
vector alone. Relative to the reference (Clohessy & Wiltshire 1960, J. Aerospace Sci. 27, 653) each then moves on an
ellipse in the orbit's plane, twice as long along the track as it is high, once an orbit, and all turn together: the
picture of heights and half the along-track distances is a lattice that turns like a rigid body. Neighbours at lattice
distance d are so between d and 2d apart, for ever under J2, which turns all eccentricity vectors alike. With a square
lattice 81 satellites lie within five spacings: the cluster of Suncatcher (Agüera y Arcas et al. 2025, arXiv
2511.19468: 81 satellites, radius 1 km, neighbours 100 to 200 m apart).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.design import Design

Floats = NDArray[np.float64]
MOST = 10_000
CLOSEST_M = 1.0
_WIDEST = 0.01  # of the orbit: beyond it the relative motion is no ellipse any more


def lattice(count: int) -> NDArray[np.int64]:
    """The `count` points of the square lattice nearest the origin, (count, 2); equal ones from −x, then −y."""
    reach = math.ceil(math.sqrt(count / math.pi)) + 2
    side = np.arange(-reach, reach + 1)
    points = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    order = np.lexsort((points[:, 1], points[:, 0], (points**2).sum(axis=1)))
    return np.asarray(points[order[:count]])


def cluster(reference: Design, count: int, spacing_m: float) -> list[Design]:
    """`count` designs around the reference, which the first one flies; neighbours come no nearer than `spacing_m`.

    The spacing holds to the square of cluster over orbit (7 cm in a kilometre). `DataError` where they are too many,
    too near to one another, or too wide apart for it.
    """
    where = f"cluster {reference.name}".strip()
    if not 1 <= count <= MOST:
        raise DataError(f"{where}: satellites", count, f"choose 1 to {MOST}")
    if not (math.isfinite(spacing_m) and spacing_m >= CLOSEST_M):
        raise DataError(f"{where}: spacing", spacing_m, f"choose {CLOSEST_M:g} m or more")
    offsets = lattice(count) * (spacing_m / reference.semi_major_axis_m)
    widest = float(np.hypot(*offsets.T).max())
    if widest > _WIDEST:
        remedy = f"keep it within {_WIDEST * reference.semi_major_axis_m / 1e3:.0f} km of its middle"
        raise DataError(where, f"{widest * reference.semi_major_axis_m / 1e3:.1f} km wide", remedy)
    along, across = math.cos(reference.argp_rad), math.sin(reference.argp_rad)
    longitude = reference.argp_rad + reference.mean_anomaly_rad
    made = []
    for number, (x, y) in enumerate(offsets, 1):
        k, h = reference.eccentricity * along + x, reference.eccentricity * across + y
        argp = math.atan2(h, k) % (2.0 * math.pi) if k or h else reference.argp_rad
        made.append(
            replace(
                reference,
                eccentricity=math.hypot(k, h),
                argp_rad=argp,
                mean_anomaly_rad=(longitude - argp) % (2.0 * math.pi),
                name=f"{reference.name}-{number}" if reference.name else "",
            )
        )
    return made


def hill_frame_m(states: Floats, reference: Floats) -> Floats:
    """Where satellites are as seen from the reference, (n, n_times, 3) metres: outwards, along the track, across.

    `states` (n, n_times, 6) and `reference` (n_times, 6) are in one inertial frame.
    """
    r, v = reference[:, :3], reference[:, 3:]
    out = r / np.linalg.norm(r, axis=1)[:, None]
    across = np.cross(r, v)
    across /= np.linalg.norm(across, axis=1)[:, None]
    axes = np.stack([out, np.cross(across, out), across], axis=1)
    return np.asarray(np.einsum("kab,ikb->ika", axes, states[..., :3] - r))


def clohessy_wiltshire(state: ArrayLike, motion_rad_s: float, seconds: ArrayLike) -> Floats:
    """Relative positions (n, 3) after `seconds` (n,) from a relative state (6,) on a circular orbit, closed form.

    Axes as `hill_frame_m`, which turns with the orbit; metres, m/s. Clohessy & Wiltshire 1960; Vallado 2013, 6.8.
    """
    x, y, z, vx, vy, vz = np.asarray(state, float)
    n, t = motion_rad_s, np.asarray(seconds, float)
    c, s = np.cos(n * t), np.sin(n * t)
    return np.stack(
        [
            (4.0 - 3.0 * c) * x + s / n * vx + 2.0 / n * (1.0 - c) * vy,
            6.0 * (s - n * t) * x + y - 2.0 / n * (1.0 - c) * vx + (4.0 * s - 3.0 * n * t) / n * vy,
            c * z + s / n * vz,
        ],
        axis=-1,
    )
