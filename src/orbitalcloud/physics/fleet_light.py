"""The light of a block of satellites on circular designed orbits, step by step, without a library call in the loop.

Everything that a circular orbit's light needs turns at a constant rate, so one step is a rotation (two multiplications
and an addition a component) of the argument of latitude u; the Sun in the orbit's own axes (P to the ascending node,
N the normal, Q = N × P) drifts by a degree a day and the node by some: both are exact where a chunk of steps begins
and straight lines between (within 3e-6 rad over an hour).

The shadow is that of `shadow`: WGS 84, a cone. Scaled by the Earth's axes the ellipsoid is a unit sphere; with p the
satellite and q the direction of the Sun so scaled, the Sun's centre stands above the limb by

    sin(separation) = (√((p²q² − (p·q)²)(p² − 1)) + p·q) / (p² |q|)

less one Earth radius over the Sun's distance, its parallax. Angles so scaled are up to 0.34 % off in length: within
16 µrad at the edge of the penumbra, 0.02 s. Only where a step touches the ring |separation| < Sun's radius is more
computed: the mean over the step of a disc's share above a straight limb, in closed form, in parts of 10 s.
"""

from __future__ import annotations

import math

from numba import njit

from orbitalcloud.physics.constants import EARTH_FLATTENING, EARTH_RADIUS_M, SUN_RADIUS_M

LANES = 64
"""Satellites in a block: its rows stay in the nearest cache, and the loops over them become vector instructions."""
CHUNK = 64
"""Steps of light made at once."""
SAFE = {"nnan", "nsz", "contract", "arcp", "reassoc"}
"""What of fast mathematics the kernels allow: no infinities are assumed away, no function is approximated."""

ROW = LANES + 8
"""Buffers are flat, a row of ROW numbers after the other, so that the compiler sees how far apart two rows are and need
not check whether they overlap: the row X of a lane is `buffer[X + lane]`. Eight numbers lie between rows, because rows
a power of two apart would fall on the same lines of the cache."""

LIT, SUN_X, SUN_Y, SUN_Z, PLACE = range(0, 5 * ROW, ROW)
"""Light of a step: mean illumination, the Sun's unit vector in the body frame at mid-step, place between the least and
the greatest radius (0–1)."""
LIGHT_SIZE = 5 * ROW
U0, RATE, NODE0, NODE_RATE, INCLINATION, HEIGHT = range(0, 6 * ROW, ROW)
"""Orbits: argument of latitude and node at the start (rad) and their rates (rad/s), inclination, radius in Earth
radii."""
ORBITS_SIZE = 6 * ROW
_COS, _SIN, _COS_H, _SIN_H, _P, _Q, _N, _DP, _DQ, _DN, _SI, _LAST, _NEXT = range(0, 13 * ROW, ROW)
SCRATCH_SIZE = 13 * ROW

_STRETCH = 1.0 / (1.0 - EARTH_FLATTENING) ** 2 - 1.0
_PART_S = 10.0


@njit(cache=True, error_model="numpy", fastmath=SAFE)
def _above(c, s, p, q, height, tilt, sun_z):  # type: ignore[no-untyped-def]
    """Sine of the Sun's separation from the limb at u (`c`, `s` its cosine and sine); `tilt` is sin i."""
    z = tilt * s
    dot = height * (c * p + s * q + _STRETCH * z * sun_z)
    p2 = height * height * (1.0 + _STRETCH * z * z)
    q2 = 1.0 + _STRETCH * sun_z * sun_z
    under = (p2 * q2 - dot * dot) * (p2 - 1.0)
    under = under if under > 0.0 else 0.0
    return (math.sqrt(under) + dot) / (p2 * math.sqrt(q2))


@njit(cache=True, error_model="numpy")
def _seen_up_to(x):  # type: ignore[no-untyped-def]
    """∫ of the share of a unit disc seen above a straight limb, its centre at height −1 … x: 0 below, x above 1."""
    if x <= -1.0:
        return 0.0
    if x >= 1.0:
        return x
    w = math.sqrt(1.0 - x * x)
    return x - (x * math.acos(x) - w + w * w * w / 3.0) / math.pi


@njit(cache=True, error_model="numpy")
def mean_seen(x0, x1):  # type: ignore[no-untyped-def]
    """Mean share of the disc seen while its centre moves evenly from x0 to x1 solar radii above the limb."""
    if abs(x1 - x0) < 1e-6:
        x = min(1.0, max(-1.0, 0.5 * (x0 + x1)))
        return 1.0 - (math.acos(x) - x * math.sqrt(1.0 - x * x)) / math.pi
    return (_seen_up_to(x1) - _seen_up_to(x0)) / (x1 - x0)


@njit(cache=True, error_model="numpy")
def _turned(orbits, lane, seconds, sun):  # type: ignore[no-untyped-def]
    """The Sun's direction `sun` on P, Q and N of one orbit."""
    node = orbits[NODE0 + lane] + orbits[NODE_RATE + lane] * seconds
    cn, sn = math.cos(node), math.sin(node)
    ci, si = math.cos(orbits[INCLINATION + lane]), math.sin(orbits[INCLINATION + lane])
    x, y, z = sun[0], sun[1], sun[2]
    return cn * x + sn * y, ci * (cn * y - sn * x) + si * z, si * (sn * x - cn * y) + ci * z


@njit(cache=True, error_model="numpy")
def _begin(orbits, begin, step, steps, sun0, sun1, v):  # type: ignore[no-untyped-def]
    """Fill the scratch rows for a chunk of `steps` that begins `begin` seconds into the span."""
    for lane in range(LANES):
        u = orbits[U0 + lane] + orbits[RATE + lane] * begin
        half = 0.5 * orbits[RATE + lane] * step
        v[_COS + lane], v[_SIN + lane] = math.cos(u), math.sin(u)
        v[_COS_H + lane], v[_SIN_H + lane] = math.cos(half), math.sin(half)
        p, q, n = _turned(orbits, lane, begin, sun0)
        p1, q1, n1 = _turned(orbits, lane, begin + steps * step, sun1)
        v[_P + lane], v[_Q + lane], v[_N + lane] = p, q, n
        v[_DP + lane], v[_DQ + lane], v[_DN + lane] = (p1 - p) / steps, (q1 - q) / steps, (n1 - n) / steps
        v[_SI + lane] = math.sin(orbits[INCLINATION + lane])
        height, tilt = orbits[HEIGHT + lane], v[_SI + lane]
        v[_LAST + lane] = _above(v[_COS + lane], v[_SIN + lane], p, q, height, tilt, sun0[2])


@njit(cache=True, error_model="numpy", fastmath=SAFE)
def _step(orbits, v, out, k, sun_z, parallax, deep, near):  # type: ignore[no-untyped-def]
    """One step of all lanes: the Sun at mid-step, the separation at its end, light by the sign; returns how many lanes
    touch the ring."""
    touched = 0
    mid, end = k + 0.5, k + 1.0
    for lane in range(LANES):
        c, s, ch, sh = v[_COS + lane], v[_SIN + lane], v[_COS_H + lane], v[_SIN_H + lane]
        cm, sm = c * ch - s * sh, s * ch + c * sh
        c, s = cm * ch - sm * sh, sm * ch + cm * sh
        v[_COS + lane], v[_SIN + lane] = c, s
        p, q = v[_P + lane] + mid * v[_DP + lane], v[_Q + lane] + mid * v[_DQ + lane]
        out[k, SUN_X + lane] = cm * q - sm * p
        out[k, SUN_Y + lane] = -(v[_N + lane] + mid * v[_DN + lane])
        out[k, SUN_Z + lane] = -(cm * p + sm * q)
        p, q = v[_P + lane] + end * v[_DP + lane], v[_Q + lane] + end * v[_DQ + lane]
        here = _above(c, s, p, q, orbits[HEIGHT + lane], v[_SI + lane], sun_z)
        last = v[_LAST + lane]
        v[_NEXT + lane] = here
        low, high = min(here, last), max(here, last)
        touched += 1 if (low < near) & (high > deep) else 0
        out[k, LIT + lane] = 1.0 if here + last > 2.0 * parallax else 0.0
    return touched


@njit(cache=True, error_model="numpy")
def _edges(orbits, v, out, k, step, sun_z, parallax, radius, near):  # type: ignore[no-untyped-def]
    """The mean illumination of the lanes whose step touches the ring, in parts of at most ten seconds."""
    parts = max(1, math.ceil(step / _PART_S - 1e-9))
    for lane in range(LANES):
        last, here = v[_LAST + lane], v[_NEXT + lane]
        if min(last, here) >= near or max(last, here) <= parallax - radius:
            continue
        total, x0 = 0.0, (last - parallax) / radius
        turn = -orbits[RATE + lane] * step / parts
        for part in range(1, parts + 1):
            back = (parts - part) * turn
            c0, s0 = v[_COS + lane], v[_SIN + lane]
            c, s = c0 * math.cos(back) - s0 * math.sin(back), s0 * math.cos(back) + c0 * math.sin(back)
            at = k + part / parts
            p, q = v[_P + lane] + at * v[_DP + lane], v[_Q + lane] + at * v[_DQ + lane]
            x1 = (_above(c, s, p, q, orbits[HEIGHT + lane], v[_SI + lane], sun_z) - parallax) / radius
            total += mean_seen(x0, x1)
            x0 = x1
        out[k, LIT + lane] = total / parts


@njit(cache=True, error_model="numpy")
def _dip(orbits, step):  # type: ignore[no-untyped-def]
    """How far the separation may dip below the line between a step's ends: at most θ'' h²/8, where θ'' ≤ n² cot θ and
    at the limb cot θ = √(a² − 1), a the radius in Earth radii; half as much again for margin."""
    deepest = 0.0
    for lane in range(LANES):
        sharp = max(1.0, math.sqrt(orbits[HEIGHT + lane] ** 2 - 1.0))
        deepest = max(deepest, 1.5 * (orbits[RATE + lane] * step) ** 2 / 8.0 * sharp)
    return deepest


@njit(cache=True, error_model="numpy")
def designed_light(orbits, begin, step, steps, sun0, sun1, v, out):  # type: ignore[no-untyped-def]
    """Fill `out` (CHUNK, LIGHT_SIZE) for `steps` steps of `step` s that begin `begin` s into the span.

    `sun0` and `sun1` (4,) are the Sun's unit vector in TEME and its distance in metres at both ends of the chunk.
    """
    _begin(orbits, begin, step, steps, sun0, sun1, v)
    parallax, radius = EARTH_RADIUS_M / sun0[3], SUN_RADIUS_M / sun0[3]
    near = parallax + radius + _dip(orbits, step)
    for k in range(steps):
        sun_z = sun0[2] + (sun1[2] - sun0[2]) * (k + 0.5) / steps
        if _step(orbits, v, out, k, sun_z, parallax, parallax - radius, near) > 0:
            _edges(orbits, v, out, k, step, sun_z, parallax, radius, near)
        for lane in range(LANES):
            v[_LAST + lane] = v[_NEXT + lane]
