"""Equinoctial elements: what orbits are averaged and fitted in, for nothing in them fails at e = 0 or i = 0.

Rows (a, k, h, q, p, λ): a in metres, k = e cos ϖ, h = e sin ϖ, q = tan(i/2) cos Ω, p = tan(i/2) sin Ω and the mean
longitude λ = M + ϖ, with ϖ = ω + Ω. Above 90° of inclination the retrograde set is meant, `sense` = −1: cot(i/2) for
tan(i/2) and ϖ = ω − Ω. Source: D. A. Danielson et al., "Semianalytic Satellite Theory", NPS-MA-95-002 (1995), 2.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.physics.constants import EARTH_MU_M3_S2

Floats = NDArray[np.float64]


def sense_of(inclination_rad: float) -> int:
    """1 below 90°, −1 above."""
    return 1 if inclination_rad <= np.pi / 2.0 else -1


def of_keplerian(elements: Floats, sense: int) -> Floats:
    """Rows (n, 6) of (a, e, i, Ω, ω, M), angles in radians."""
    a, e, i, node, argp, mean = np.asarray(elements, float).T
    tilt = np.tan(i / 2.0) ** sense
    apse = argp + sense * node
    columns = (a, e * np.cos(apse), e * np.sin(apse), tilt * np.cos(node), tilt * np.sin(node), mean + apse)
    return np.stack(columns, axis=-1)


def keplerian(rows: Floats, sense: int) -> Floats:
    """The way back: (a, e, i, Ω, ω, M), angles within 0 … 2π."""
    a, k, h, q, p, longitude = np.asarray(rows, float).T
    tilt, node, apse = np.hypot(p, q), np.arctan2(p, q), np.arctan2(h, k)
    inclination = 2.0 * np.arctan(tilt)
    inclination = inclination if sense > 0 else np.pi - inclination
    turn = 2.0 * np.pi
    angles = (node % turn, (apse - sense * node) % turn, (longitude - apse) % turn)
    return np.stack((a, np.hypot(k, h), inclination, *angles), axis=-1)


def of_states(states: Floats, sense: int) -> Floats:
    """Osculating rows (n, 6) of states (n, 6), metres and m/s; λ within −π … π."""
    r, v = np.asarray(states, float)[:, :3], np.asarray(states, float)[:, 3:]
    radius = np.linalg.norm(r, axis=1)
    turn = np.cross(r, v)
    normal = turn / np.linalg.norm(turn, axis=1)[:, None]
    a = 1.0 / (2.0 / radius - (v * v).sum(axis=1) / EARTH_MU_M3_S2)
    p = normal[:, 0] / (1.0 + sense * normal[:, 2])
    q = -normal[:, 1] / (1.0 + sense * normal[:, 2])
    f, g = _axes(q, p, sense)
    apse = np.cross(v, turn) / EARTH_MU_M3_S2 - r / radius[:, None]
    k, h = (apse * f).sum(axis=1), (apse * g).sum(axis=1)
    x, y = (r * f).sum(axis=1), (r * g).sum(axis=1)
    root = np.sqrt(1.0 - h * h - k * k)
    b = 1.0 / (1.0 + root)
    sine = h + ((1.0 - h * h * b) * y - h * k * b * x) / (a * root)
    cosine = k + ((1.0 - k * k * b) * x - h * k * b * y) / (a * root)
    longitude = np.arctan2(sine, cosine)
    return np.stack((a, k, h, q, p, longitude + h * cosine - k * sine), axis=-1)


def states(rows: Floats, sense: int) -> Floats:
    """States (n, 6), metres and m/s, of osculating rows (n, 6)."""
    a, k, h, q, p, longitude = np.asarray(rows, float).T
    anomaly = longitude.copy()
    for _ in range(30):  # Newton on Kepler's equation, λ = F + h cos F − k sin F
        error = anomaly + h * np.cos(anomaly) - k * np.sin(anomaly) - longitude
        anomaly -= error / (1.0 - h * np.sin(anomaly) - k * np.cos(anomaly))
        if np.abs(error).max() < 1e-14:
            break
    c, s = np.cos(anomaly), np.sin(anomaly)
    b = 1.0 / (1.0 + np.sqrt(1.0 - h * h - k * k))
    radius = a * (1.0 - h * s - k * c)
    x = a * ((1.0 - h * h * b) * c + h * k * b * s - k)
    y = a * ((1.0 - k * k * b) * s + h * k * b * c - h)
    rate = np.sqrt(EARTH_MU_M3_S2 * a) / radius
    vx = rate * (h * k * b * c - (1.0 - h * h * b) * s)
    vy = rate * ((1.0 - k * k * b) * c - h * k * b * s)
    f, g = _axes(q, p, sense)
    place = x[:, None] * f + y[:, None] * g
    return np.concatenate([place, vx[:, None] * f + vy[:, None] * g], axis=1)


def _axes(q: Floats, p: Floats, sense: int) -> tuple[Floats, Floats]:
    """The two axes in the orbit's plane from which λ and ϖ are counted, (n, 3) each."""
    scale = (1.0 / (1.0 + p * p + q * q))[:, None]
    f = np.stack((1.0 - p * p + q * q, 2.0 * p * q, -2.0 * sense * p), axis=-1)
    g = np.stack((2.0 * sense * p * q, (1.0 + p * p - q * q) * sense, 2.0 * q), axis=-1)
    return f * scale, g * scale
