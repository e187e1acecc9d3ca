"""The Earth's shadow: how much of the Sun's disc a satellite sees, and when it enters and leaves.

The Earth is the WGS 84 ellipsoid (or a sphere, `oblate=False`). In the plane of satellite, Earth's centre and
Sun's centre, the limb is the exact tangent point of the ellipsoid; the signed angle from limb to Sun's centre,
`separation`, decides: below the Sun's apparent radius is penumbra, below its negative is umbra. Between them the
illumination is the share of a uniform solar disc outside a disc of the Earth that has that limb. The atmosphere
is left out (refraction and absorption move an edge by some seconds and soften it).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.time import Instant
from orbitalcloud.physics.constants import EARTH_FLATTENING, EARTH_RADIUS_M, SUN_RADIUS_M
from orbitalcloud.physics.sun import sun_teme_m
from orbitalcloud.physics.time import nanoseconds
from orbitalcloud.physics.track import STEP_S, hermite, linear, tracks

if TYPE_CHECKING:
    from orbitalcloud.physics.orbit import Orbits

Floats = NDArray[np.float64]
Kind = Literal["penumbra-in", "umbra-in", "umbra-out", "penumbra-out"]
_KINDS: tuple[Kind, ...] = ("penumbra-in", "umbra-in", "umbra-out", "penumbra-out")


@dataclass(frozen=True, slots=True)
class ShadowEvent:
    """A satellite crosses an edge of the shadow."""

    satellite: int
    kind: Kind
    at: Instant


@njit(cache=True)
def limb_separation(rx, ry, rz, sx, sy, sz, squash, radius):  # type: ignore[no-untyped-def]
    """(separation, Earth's limb radius, Sun's radius), radians, at r with the Sun at s from the Earth's centre.

    `squash` is polar over equatorial radius: scaled by it the ellipsoid is a sphere, on which the tangent point
    is found; it is scaled back before angles are taken.
    """
    px, py, pz = rx / radius, ry / radius, rz / (radius * squash)
    qx, qy, qz = sx / radius, sy / radius, sz / (radius * squash)
    rho = math.sqrt(px * px + py * py + pz * pz)
    ux, uy, uz = px / rho, py / rho, pz / rho
    along = qx * ux + qy * uy + qz * uz
    wx, wy, wz = qx - along * ux, qy - along * uy, qz - along * uz
    across = math.sqrt(wx * wx + wy * wy + wz * wz) + 1e-300
    back = 1.0 / rho
    side = math.sqrt(max(0.0, 1.0 - back * back)) / across
    lx = radius * (back * ux + side * wx) - rx
    ly = radius * (back * uy + side * wy) - ry
    lz = radius * squash * (back * uz + side * wz) - rz
    dx, dy, dz = sx - rx, sy - ry, sz - rz
    distance = math.sqrt(dx * dx + dy * dy + dz * dz)
    height = math.sqrt(rx * rx + ry * ry + rz * rz)
    limb = math.sqrt(lx * lx + ly * ly + lz * lz)
    limb_radius = math.acos(max(-1.0, min(1.0, -(lx * rx + ly * ry + lz * rz) / (limb * height))))
    to_sun = math.acos(max(-1.0, min(1.0, -(dx * rx + dy * ry + dz * rz) / (distance * height))))
    return to_sun - limb_radius, limb_radius, math.asin(min(1.0, SUN_RADIUS_M / distance))


@njit(cache=True)
def disc_seen(separation, limb_radius, sun_radius):  # type: ignore[no-untyped-def]
    """Share of the Sun's disc outside the Earth's (0–1), by the overlap of two discs."""
    if separation >= sun_radius:
        return 1.0
    a, b = sun_radius, limb_radius
    c = separation + b
    if c <= b - a:
        return 0.0
    if c <= a - b:
        return 1.0 - b * b / (a * a)
    x = (c * c + a * a - b * b) / (2.0 * c)
    y = math.sqrt(max(0.0, a * a - x * x))
    sector = a * a * math.acos(max(-1.0, min(1.0, x / a)))
    overlap = sector + b * b * math.acos(max(-1.0, min(1.0, (c - x) / b))) - c * y
    return min(1.0, max(0.0, 1.0 - overlap / (math.pi * a * a)))


@njit(cache=True)
def seen_from(rx, ry, rz, sx, sy, sz, squash, radius):  # type: ignore[no-untyped-def]
    """Illumination at r; the sunlit half of space is answered without trigonometry."""
    dot = rx * sx + ry * sy + rz * sz
    if dot > 0.0:
        return 1.0
    separation, limb_radius, sun_radius = limb_separation(rx, ry, rz, sx, sy, sz, squash, radius)
    return disc_seen(separation, limb_radius, sun_radius)


@njit(cache=True)
def _illumination(position, sun, squash, radius, out):  # type: ignore[no-untyped-def]
    for i in range(position.shape[0]):
        for k in range(position.shape[1]):
            out[i, k] = seen_from(
                position[i, k, 0],
                position[i, k, 1],
                position[i, k, 2],
                sun[k, 0],
                sun[k, 1],
                sun[k, 2],
                squash,
                radius,
            )


def illumination(position_m: Floats, sun_m: Floats, *, oblate: bool = True, radius_m: float = EARTH_RADIUS_M) -> Floats:
    """Share of the Sun's disc seen, (n_satellites, n_times), from positions (n_satellites, n_times, 3) and the Sun
    (n_times, 3), both from the Earth's centre in one equatorial frame (TEME, or GCRS at arcminutes)."""
    position = np.ascontiguousarray(position_m, dtype=np.float64)
    out = np.empty(position.shape[:2])
    squash = 1.0 - EARTH_FLATTENING if oblate else 1.0
    _illumination(position, np.ascontiguousarray(sun_m, dtype=np.float64), squash, radius_m, out)
    return out


@njit(cache=True)
def _edge(position, velocity, sun, seconds, sign, squash, radius):  # type: ignore[no-untyped-def]
    """separation − sign · Sun's radius at `seconds` on the track: negative inside (sign 1 penumbra, −1 umbra)."""
    k = min(max(int(seconds / STEP_S), 0), sun.shape[0] - 2)
    u = seconds / STEP_S - k
    rx, ry, rz = hermite(position, velocity, k, u)
    sx, sy, sz = linear(sun, k, u)
    separation, _, sun_radius = limb_separation(rx, ry, rz, sx, sy, sz, squash, radius)
    return separation - sign * sun_radius


@njit(cache=True)
def _root(position, velocity, sun, low, high, sign, squash, radius):  # type: ignore[no-untyped-def]
    """Bisection with Illinois' secant steps to 1e-7 s; the ends have opposite signs."""
    f_low = _edge(position, velocity, sun, low, sign, squash, radius)
    f_high = _edge(position, velocity, sun, high, sign, squash, radius)
    side = 0
    for _ in range(200):
        if high - low < 1e-7:
            break
        middle = (low * f_high - high * f_low) / (f_high - f_low)
        if not low < middle < high:
            middle = 0.5 * (low + high)
        f = _edge(position, velocity, sun, middle, sign, squash, radius)
        if f == 0.0:
            return middle
        if (f < 0.0) == (f_low < 0.0):
            if middle - low < 1e-8:
                return middle
            low, f_low = middle, f
            if side == -1:
                f_high *= 0.5
            side = -1
        else:
            if high - middle < 1e-8:
                return middle
            high, f_high = middle, f
            if side == 1:
                f_low *= 0.5
            side = 1
    return 0.5 * (low + high)


@njit(cache=True)
def _deepest(position, velocity, sun, low, high, sign, squash, radius):  # type: ignore[no-untyped-def]
    """Golden-section minimum of `_edge` between low and high, to 1 ms, stopped early once inside the shadow."""
    ratio = 0.6180339887498949
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    fa = _edge(position, velocity, sun, a, sign, squash, radius)
    fb = _edge(position, velocity, sun, b, sign, squash, radius)
    while high - low > 1e-3 and min(fa, fb) > 0.0:
        if fa < fb:
            high, b, fb = b, a, fa
            a = high - ratio * (high - low)
            fa = _edge(position, velocity, sun, a, sign, squash, radius)
        else:
            low, a, fa = a, b, fb
            b = low + ratio * (high - low)
            fb = _edge(position, velocity, sun, b, sign, squash, radius)
    return (a, fa) if fa < fb else (b, fb)


@njit(cache=True)
def _crossings(position, velocity, sun, squash, radius):  # type: ignore[no-untyped-def]
    """(seconds, kind) of every crossing on one satellite's track, each (n,), in order of kind then time."""
    times = [0.0][:0]
    kinds = [0][:0]
    n = sun.shape[0]
    values = np.empty((2, n))
    for k in range(n):
        separation, _, sun_radius = limb_separation(
            position[k, 0], position[k, 1], position[k, 2], sun[k, 0], sun[k, 1], sun[k, 2], squash, radius
        )
        values[0, k], values[1, k] = separation - sun_radius, separation + sun_radius
    for which in range(2):
        sign = 1.0 if which == 0 else -1.0
        entry, leave = (0, 3) if which == 0 else (1, 2)
        f = values[which]
        for k in range(n - 1):
            low, high = k * STEP_S, (k + 1) * STEP_S
            if (f[k] < 0.0) != (f[k + 1] < 0.0):
                times.append(_root(position, velocity, sun, low, high, sign, squash, radius))
                kinds.append(entry if f[k + 1] < 0.0 else leave)
            # a graze: outside at three nodes, nearest at the middle one, and near enough to dip in between
            if k > 0 and 0.0 <= f[k] < 0.2 and f[k] <= f[k - 1] and f[k] < f[k + 1]:
                at, depth = _deepest(position, velocity, sun, low - STEP_S, high, sign, squash, radius)
                if depth < 0.0:
                    times.append(_root(position, velocity, sun, low - STEP_S, at, sign, squash, radius))
                    kinds.append(entry)
                    times.append(_root(position, velocity, sun, at, high, sign, squash, radius))
                    kinds.append(leave)
    return np.array(times), np.array(kinds)


def shadow_events(
    orbits: Orbits, start: Instant, end: Instant, *, oblate: bool = True, radius_m: float = EARTH_RADIUS_M
) -> list[ShadowEvent]:
    """Every crossing of the shadow's edges in [start, end), by satellite, then time; each to well below 1 ms."""
    squash = 1.0 - EARTH_FLATTENING if oblate else 1.0
    found: list[ShadowEvent] = []
    for track in tracks(orbits, start, end):
        for row in range(track.position_m.shape[0]):
            times, kinds = _crossings(track.position_m[row], track.velocity_m_s[row], track.sun_m, squash, radius_m)
            for at in np.argsort(times, kind="stable"):
                instant = track.instant(float(times[at]))
                if start <= instant < end:
                    found.append(ShadowEvent(track.first + row, _KINDS[kinds[at]], instant))
    return found


def illumination_at(orbits: Orbits, times_ns: ArrayLike) -> Floats:
    """Share of the Sun's disc that each satellite sees, (n_satellites, n_times), straight from the orbit model."""
    times = nanoseconds(times_ns)
    return illumination(orbits.position_teme_m(times), sun_teme_m(times))


def beta_angle_rad(orbits: Orbits, times_ns: ArrayLike) -> Floats:
    """The Sun's angle above each orbital plane, (n_satellites, n_times): positive on the side of the orbit's normal."""
    times = nanoseconds(times_ns)
    position, velocity = orbits.state_teme(times)
    normal = np.cross(position, velocity)
    sun = sun_teme_m(times)[None]
    cosine = (normal * sun).sum(axis=2) / (np.linalg.norm(normal, axis=2) * np.linalg.norm(sun, axis=2))
    return np.asarray(np.arcsin(np.clip(cosine, -1.0, 1.0)))
