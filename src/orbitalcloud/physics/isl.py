"""Between satellites: who sees whom over the limb now, and from when to when.

Two satellites see each other where their range is within the terminals', the straight line between them stays above the
grazing height, and neither has to turn its terminal faster than it can. The Earth is the WGS 84 ellipsoid grown by the
grazing height: with the polar axis scaled, it is a sphere of radius R, and a satellite at distance r from its centre
sees a length s = √(r² − R²) to its horizon. So the line of two is free exactly where their (scaled) range is below
s₁ + s₂: no angle is needed. Frame TEME, metres.

`visible` answers for one instant and ten thousand satellites; `isl_windows` follows given pairs through time,
`grid_pairs` names the pairs of a Walker constellation's "+grid".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import MINUTE, Instant, iso
from orbitalcloud.physics.constants import EARTH_POLAR_RADIUS_M, EARTH_RADIUS_M
from orbitalcloud.physics.orbit import Orbits
from orbitalcloud.physics.track import STEP_S, hermite, tracks

Floats = NDArray[np.float64]
Pairs = NDArray[np.int32]

GRAZING_HEIGHT_M = 80e3
"""Below it the mesosphere's air and water bend and eat what passes (Handley 2018, doi 10.1145/3286062.3286075)."""

_STEPS = 3  # parts of a track's minute in which a condition turns over at most once
_SETTLED_S = 1e-4  # how finely edges are found
_SPEED_M_S = 23e3  # two satellites' ranges and horizons change by less a second, both below escape speed


@dataclass(frozen=True, slots=True)
class IslLimits:
    """What the terminals of both ends can do. An infinite range or slew rate is no limit.

    `slew_rad_s` is the angular rate of the line of sight in each end's local frame (LVLH: nadir and orbit normal).
    """

    range_m: float = math.inf
    grazing_height_m: float = GRAZING_HEIGHT_M
    slew_rad_s: float = math.inf

    def __post_init__(self) -> None:
        for what, value in (("range", self.range_m), ("slew rate", self.slew_rad_s)):
            if not value > 0.0:
                raise DataError(
                    f"inter-satellite link: {what}", value, "give a number above zero, or none for no limit"
                )
        if not -10e3 <= self.grazing_height_m <= 1e6:
            raise DataError(
                "inter-satellite link: grazing height", self.grazing_height_m, "give −10,000 to 1,000,000 m"
            )

    @property
    def radius_m(self) -> float:
        """The scaled Earth's radius, grazing height included."""
        return EARTH_RADIUS_M + self.grazing_height_m

    @property
    def stretch(self) -> float:
        """What the polar axis is scaled by to make the grown Earth a sphere."""
        return self.radius_m / (EARTH_POLAR_RADIUS_M + self.grazing_height_m)


@dataclass(frozen=True, slots=True)
class IslWindow:
    """Satellites `first` and `second` (fleet indices) see each other over [opens, closes)."""

    first: int
    second: int
    opens: Instant
    closes: Instant
    closest: Instant
    range_m: float
    """At the closest."""

    @property
    def duration_ns(self) -> int:
        return self.closes - self.opens


# One instant ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sight:
    """Who sees whom at one instant, each pair once: `satellites[k]` sees `others[starts[k] : starts[k + 1]]`, indices
    in an order of no meaning. Shapes (n,), (n + 1,), (n_pairs,)."""

    satellites: NDArray[np.int32]
    starts: NDArray[np.int64]
    others: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.others)

    def pairs(self) -> Pairs:
        """(n_pairs, 2) of indices, the smaller first, sorted."""
        first = np.repeat(self.satellites, np.diff(self.starts))
        low, high = np.minimum(first, self.others), np.maximum(first, self.others)
        order = np.lexsort((high, low))
        return np.stack([low[order], high[order]], axis=1)


def visible(position_teme_m: Floats, limits: IslLimits | None = None) -> Sight:
    """Every pair that sees each other at one instant; `position_teme_m` is (n_satellites, 3).

    The slew rate does not enter: it needs velocities. `DataError` for what is no position above the grazing height.
    """
    limits = limits or IslLimits()
    position = np.ascontiguousarray(position_teme_m, dtype=np.float64)
    if position.ndim != 2 or position.shape[1] != 3:
        raise DataError(
            "inter-satellite sight: positions", str(position.shape), "give an array of shape (n_satellites, 3)"
        )
    scaled = position * (1.0, 1.0, limits.stretch)
    square = (scaled**2).sum(axis=1)
    high = (square > limits.radius_m**2) & (square < 1e24)  # false for NaN, too
    if not high.all():
        index = int(np.argmin(high))
        text = "a satellite must fly above the grazing height: correct its position, or lower grazing_height_m"
        raise DataError(f"inter-satellite sight: satellite {index}", np.round(position[index], 3).tolist(), text)
    if len(position) < 2:
        few = np.arange(len(position), dtype=np.int32)
        return Sight(few, np.zeros(len(few) + 1, dtype=np.int64), few[:0])
    bands = max(1, min(180, int(math.sqrt(len(position)) / 4)))
    sine = scaled[:, 2] / np.sqrt(square)
    band = np.minimum(((np.arcsin(sine) / math.pi + 0.5) * bands).astype(np.int64), bands - 1)
    longitude = np.arctan2(scaled[:, 1], scaled[:, 0])
    order = np.lexsort((longitude, band))
    starts = np.searchsorted(band[order], np.arange(bands + 1))
    x, y, z = np.ascontiguousarray(scaled[order].T)
    horizon = np.sqrt(square[order] - limits.radius_m**2)
    far = min(limits.range_m, 1e13)
    ranks = order.astype(np.int32)
    squash = 1.0 / limits.stretch
    rows, others = _visible(x, y, z, horizon, longitude[order], starts, ranks, limits.radius_m, far, squash)
    return Sight(ranks, rows, others)


@njit(cache=True)
def _reach(radius, s, least, most, s_most, ball, far):  # type: ignore[no-untyped-def]
    """The largest angle at the Earth's centre at which a satellite can see one of radius least … most."""
    limb = math.atan2(s, ball) + math.atan2(s_most, ball)
    other = min(max(math.sqrt(max(radius * radius - far * far, 0.0)), least), most)
    cosine = (radius * radius + other * other - far * far) / (2.0 * radius * other)
    chord = math.acos(min(1.0, max(-1.0, cosine)))
    return min(limb, chord) + 1e-9


@njit(cache=True)
def _scan(x, y, z, s, u, order, i, begin, end, ball2, far2, squash2, seen, others, n):  # type: ignore[no-untyped-def]
    """Append to `others` who of [begin, end) is seen from i; the new count. First all tests, which the processor does
    four at a time, then the writing, without a branch that it could not guess."""
    mx, my, mz, ms, least = x[i], y[i], z[i], s[i], u[i] - 0.5 * far2
    xs, ys, zs, ss, us, found = x[begin:end], y[begin:end], z[begin:end], s[begin:end], u[begin:end], seen[begin:end]
    for k in range(found.shape[0]):
        across, up = xs[k] * mx + ys[k] * my, zs[k] * mz
        # |p − q| < s + t squared, with |p|² = R² + s²: p·q + s t > R²; and |p − q|² ≤ L² of the true axes
        found[k] = (across + up + ss[k] * ms > ball2) & (across + squash2 * up - us[k] >= least)
    names, out = order[begin:end], others[n:]
    n0 = 0
    for k in range(found.shape[0]):
        out[n0] = names[k]
        n0 += found[k]
    return n + n0


@njit(cache=True)
def _visible(x, y, z, s, longitude, starts, order, ball, far, squash):  # type: ignore[no-untyped-def]
    """Satellites lie in bands of latitude, sorted by longitude within; of each band only the part is looked at that a
    cap around the satellite covers."""
    count = x.shape[0]
    bands = starts.shape[0] - 1
    radii = np.sqrt(x * x + y * y + z * z)
    least, most = radii.min(), radii.max()
    u = 0.5 * (x * x + y * y + squash * squash * z * z)
    seen = np.empty(count, dtype=np.uint8)
    # Ranges are of the true axes, angles here of the scaled ones, which are at most 1 / squash longer.
    s_most, longest = math.sqrt(most * most - ball * ball), min(far / squash, 1e13)
    ball2, far2, squash2 = ball * ball, far * far, squash * squash
    wide = _reach(most, s_most, least, most, s_most, ball, longest)
    share = min(1.0, 0.6 * (1.0 - math.cos(min(wide, math.pi))))
    others = np.empty(count + int(0.5 * share * count * count), dtype=np.int32)
    rows = np.zeros(count + 1, dtype=np.int64)
    n = 0
    step = math.pi / bands
    for i in range(count):
        reach = _reach(radii[i], s[i], least, most, s_most, ball, longest)
        latitude = math.asin(z[i] / radii[i])
        mine = np.searchsorted(starts, i, side="right") - 1
        if n + count > others.shape[0]:
            more = np.empty(2 * others.shape[0] + count, dtype=np.int32)
            more[:n] = others[:n]
            others = more
        for b in range(mine, min(bands, int((latitude + reach) / step + 0.5 * bands) + 2)):
            begin, end = max(starts[b], i + 1), starts[b + 1]
            if begin >= end:
                continue
            south, north = b * step - 0.5 * math.pi, (b + 1) * step - 0.5 * math.pi
            half = _half_width(latitude, reach, south, north)
            if half >= math.pi:
                n = _scan(x, y, z, s, u, order, i, begin, end, ball2, far2, squash2, seen, others, n)
                continue
            low, high = longitude[i] - half, longitude[i] + half
            row = longitude[begin:end]
            first, last = begin + np.searchsorted(row, low), begin + np.searchsorted(row, high, side="right")
            n = _scan(x, y, z, s, u, order, i, first, last, ball2, far2, squash2, seen, others, n)
            if low < -math.pi:
                first = max(last, begin + np.searchsorted(row, low + 2.0 * math.pi))
                n = _scan(x, y, z, s, u, order, i, first, end, ball2, far2, squash2, seen, others, n)
            elif high > math.pi:
                last = min(first, begin + np.searchsorted(row, high - 2.0 * math.pi, side="right"))
                n = _scan(x, y, z, s, u, order, i, begin, last, ball2, far2, squash2, seen, others, n)
        rows[i + 1] = n
    return rows, others[:n]


@njit(cache=True)
def _half_width(latitude, reach, south, north):  # type: ignore[no-untyped-def]
    """The half width in longitude of a cap of radius `reach` around a latitude, within a band: π where a pole is in."""
    if latitude + reach >= 0.5 * math.pi or latitude - reach <= -0.5 * math.pi:
        return math.pi
    # where the cap is widest: sin(widest) = sin(latitude) / cos(reach)
    widest = math.asin(min(1.0, max(-1.0, math.sin(latitude) / math.cos(reach)))) if reach < 0.5 * math.pi else 0.0
    at = min(max(widest, south), north)
    cosine = (math.cos(reach) - math.sin(latitude) * math.sin(at)) / (math.cos(latitude) * math.cos(at))
    if cosine >= 1.0:  # the cap does not reach this band where it is widest; its edge may graze it by rounding
        return 1e-9
    return math.acos(max(-1.0, cosine)) + 1e-9 if cosine > -1.0 else math.pi


# Through time ---------------------------------------------------------------------------------------------------------


@njit(cache=True)
def _state(position, velocity, seconds):  # type: ignore[no-untyped-def]
    """Position (Hermite) and velocity (its derivative) at `seconds` on a track of one satellite."""
    k = min(max(int(seconds / STEP_S), 0), position.shape[0] - 2)
    u = seconds / STEP_S - k
    x, y, z = hermite(position, velocity, k, u)
    a = 6.0 * u * (1.0 - u) / STEP_S
    c, d = (1.0 - u) * (1.0 - 3.0 * u), u * (3.0 * u - 2.0)
    vx = a * (position[k + 1, 0] - position[k, 0]) + c * velocity[k, 0] + d * velocity[k + 1, 0]
    vy = a * (position[k + 1, 1] - position[k, 1]) + c * velocity[k, 1] + d * velocity[k + 1, 1]
    vz = a * (position[k + 1, 2] - position[k, 2]) + c * velocity[k, 2] + d * velocity[k + 1, 2]
    return x, y, z, vx, vy, vz


@njit(cache=True)
def _turning(px, py, pz, vx, vy, vz, dx, dy, dz, ex, ey, ez):  # type: ignore[no-untyped-def]
    """Angular rate of the line (dx, dy, dz), changing by (ex, ey, ez) a second, in the LVLH frame of the satellite at
    (px, py, pz) with velocity (vx, vy, vz)."""
    range2 = dx * dx + dy * dy + dz * dz
    r2 = px * px + py * py + pz * pz
    hx, hy, hz = (py * vz - pz * vy) / r2, (pz * vx - px * vz) / r2, (px * vy - py * vx) / r2
    # of the line in inertial axes, d × ḋ / d², less what of the frame's own turning is across the line
    wx, wy, wz = (dy * ez - dz * ey) / range2, (dz * ex - dx * ez) / range2, (dx * ey - dy * ex) / range2
    along = (hx * dx + hy * dy + hz * dz) / range2
    wx, wy, wz = wx - hx + along * dx, wy - hy + along * dy, wz - hz + along * dz
    return math.sqrt(wx * wx + wy * wy + wz * wz)


@njit(cache=True)
def _margin(which, p, v, q, w, seconds, limits):  # type: ignore[no-untyped-def]
    """How far condition `which` is from its limit, positive where it holds: 0 range, 1 limb (metres), 2 and 3 the slew
    rate of the first and the second end (rad/s). `limits` is (range, R, stretch, slew)."""
    ax, ay, az, avx, avy, avz = _state(p, v, seconds)
    bx, by, bz, bvx, bvy, bvz = _state(q, w, seconds)
    dx, dy, dz = bx - ax, by - ay, bz - az
    if which == 0:
        return limits[0] - math.sqrt(dx * dx + dy * dy + dz * dz)
    if which == 1:
        k, ball2 = limits[2], limits[1] * limits[1]
        s = ax * ax + ay * ay + k * k * az * az - ball2
        t = bx * bx + by * by + k * k * bz * bz - ball2
        if s <= 0.0 or t <= 0.0:
            return min(s, t) / limits[1] - math.sqrt(dx * dx + dy * dy + k * k * dz * dz)
        return math.sqrt(s) + math.sqrt(t) - math.sqrt(dx * dx + dy * dy + k * k * dz * dz)
    ex, ey, ez = bvx - avx, bvy - avy, bvz - avz
    if which == 2:
        return limits[3] - _turning(ax, ay, az, avx, avy, avz, dx, dy, dz, ex, ey, ez)
    return limits[3] - _turning(bx, by, bz, bvx, bvy, bvz, -dx, -dy, -dz, -ex, -ey, -ez)


@njit(cache=True)
def _slope(which, p, v, q, w, seconds, limits):  # type: ignore[no-untyped-def]
    """Whether the margin grows: its difference over a tenth of a second around."""
    after = _margin(which, p, v, q, w, seconds + 0.05, limits)
    return after - _margin(which, p, v, q, w, seconds - 0.05, limits)


@njit(cache=True)
def _edge(which, p, v, q, w, low, high, limits):  # type: ignore[no-untyped-def]
    """Where a margin changes its sign between low and high, by bisection."""
    rising = _margin(which, p, v, q, w, low, limits) < 0.0
    while high - low > _SETTLED_S:
        middle = 0.5 * (low + high)
        if (_margin(which, p, v, q, w, middle, limits) < 0.0) == rising:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@njit(cache=True)
def _extreme(which, p, v, q, w, low, high, sign, limits):  # type: ignore[no-untyped-def]
    """Where sign · margin is greatest between low and high, by golden section."""
    ratio = 0.6180339887498949
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    fa, fb = sign * _margin(which, p, v, q, w, a, limits), sign * _margin(which, p, v, q, w, b, limits)
    while high - low > 1e-3:
        if fa > fb:
            high, b, fb = b, a, fa
            a = high - ratio * (high - low)
            fa = sign * _margin(which, p, v, q, w, a, limits)
        else:
            low, a, fa = a, b, fb
            b = low + ratio * (high - low)
            fb = sign * _margin(which, p, v, q, w, b, limits)
    return 0.5 * (low + high)


@njit(cache=True)
def _edges_of(which, p, v, q, w, start, end, limits):  # type: ignore[no-untyped-def]
    """The times in (start, end) at which condition `which` turns over, in order, and whether it holds at the start.

    As in `access`: the signs at the nodes, and where both are the same the slopes there, so that no turn is hidden.
    """
    times = [0.0][:0]
    step = STEP_S / _STEPS
    low, f0 = start, _margin(which, p, v, q, w, start, limits)
    holds = f0 >= 0.0
    slope0, known = 0.0, False
    while low < end:
        if which < 2 and abs(f0) > _SPEED_M_S * step:  # so far off that nothing can happen for a while
            low = min(end, low + step * int(abs(f0) / (_SPEED_M_S * step)))
            f0, known = _margin(which, p, v, q, w, low, limits), False
            continue
        high = min(low + step, end)
        f1 = _margin(which, p, v, q, w, high, limits)
        slope1 = _slope(which, p, v, q, w, high, limits)
        if not known:
            slope0 = _slope(which, p, v, q, w, low, limits)
        if (f0 < 0.0) != (f1 < 0.0):
            times.append(_edge(which, p, v, q, w, low, high, limits))
        elif (f0 < 0.0 and slope0 > 0.0 and slope1 < 0.0) or (f0 >= 0.0 and slope0 < 0.0 and slope1 > 0.0):
            sign = 1.0 if f0 < 0.0 else -1.0
            top = _extreme(which, p, v, q, w, low, high, sign, limits)
            if sign * _margin(which, p, v, q, w, top, limits) > 0.0:
                times.append(_edge(which, p, v, q, w, low, top, limits))
                times.append(_edge(which, p, v, q, w, top, high, limits))
        low, f0, slope0, known = high, f1, slope1, True
    return times, holds


@njit(cache=True)
def _spans_of(p, v, q, w, start, end, limits):  # type: ignore[no-untyped-def]
    """(opens, closes) of each time in [start, end] in which all conditions hold."""
    spans = [(start, end)]
    for which in range(4):
        if (which == 0 and limits[0] > 1e12) or (which >= 2 and limits[3] > 1e3):
            continue
        kept = [(0.0, 0.0)][:0]
        for low, high in spans:
            times, holds = _edges_of(which, p, v, q, w, low, high, limits)
            since = low
            for time in times:
                if holds and time > since:
                    kept.append((since, time))
                since, holds = time, not holds
            if holds and high > since:
                kept.append((since, high))
        spans = kept
    return spans


@njit(cache=True)
def _closest(p, v, q, w, low, high):  # type: ignore[no-untyped-def]
    """(seconds, metres) of the least range in a span: the best of samples half a minute apart, then golden section."""
    none = (0.0, 0.0, 0.0, 0.0)
    count = max(2, int((high - low) / 30.0) + 2)
    best, value = low, -1e300
    for k in range(count):
        at = low + (high - low) * k / (count - 1)
        here = _margin(0, p, v, q, w, at, none)
        if here > value:
            best, value = at, here
    gap = (high - low) / (count - 1)
    top = _extreme(0, p, v, q, w, max(low, best - gap), min(high, best + gap), 1.0, none)
    refined = _margin(0, p, v, q, w, top, none)
    return (top, -refined) if refined > value else (best, -value)


@njit(cache=True)
def _windows_of(position, velocity, pairs, start, end, limits):  # type: ignore[no-untyped-def]
    """Rows (pair, opens, closes, closest, range) over [start, end], times in seconds on the track."""
    rows = [(0, 0.0, 0.0, 0.0, 0.0)][:0]
    for k in range(pairs.shape[0]):
        i, j = pairs[k, 0], pairs[k, 1]
        p, v, q, w = position[i], velocity[i], position[j], velocity[j]
        for low, high in _spans_of(p, v, q, w, start, end, limits):
            at, far = _closest(p, v, q, w, low, high)
            rows.append((k, low, high, at, far))
    return rows


def isl_windows(
    orbits: Orbits, pairs: Sequence[tuple[int, int]] | Pairs, start: Instant, end: Instant, limits: IslLimits
) -> list[IslWindow]:
    """Every window of each of `pairs` (of fleet indices), clipped to [start, end), by pair and time.

    Edges are those of the track's interpolation, to a tenth of a millisecond: within a second of the orbit model's
    wherever the range changes by more than a metre a second.
    """
    chosen = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    if end <= start:
        raise DataError("inter-satellite windows", f"{iso(start)} to {iso(end)}", "let it end after its start")
    if not len(chosen):
        return []
    if chosen.min() < 0 or chosen.max() >= len(orbits) or (chosen[:, 0] == chosen[:, 1]).any():
        raise DataError("inter-satellite windows: pairs", chosen.tolist(), f"name two different of {len(orbits)}")
    used, local = np.unique(chosen, return_inverse=True)
    local = np.ascontiguousarray(local.reshape(-1, 2))
    fleet = orbits if len(used) == len(orbits) else orbits.subset(used.tolist())
    numbers = (limits.range_m, limits.radius_m, limits.stretch, limits.slew_rad_s)
    found: list[list[IslWindow]] = [[] for _ in chosen]
    for low, high in _pieces(len(fleet), start, end):
        (track,) = tracks(fleet, low, high)
        first, last = track.seconds(low), track.seconds(high)
        for k, opens, closes, closest, far in _windows_of(
            track.position_m, track.velocity_m_s, local, first, last, numbers
        ):
            begins, ends = max(low, track.instant(opens)), min(high, track.instant(closes))
            if ends > begins:
                nearest = Instant(min(max(track.instant(closest), begins), ends))
                one, other = chosen[k].tolist()
                _add(found[k], IslWindow(one, other, Instant(begins), Instant(ends), nearest, far))
    return [window for windows in found for window in windows]


def _pieces(satellites: int, start: Instant, end: Instant) -> Iterator[tuple[Instant, Instant]]:
    """The time in pieces that one block of a track holds."""
    minutes = max(60, 1_900_000 // satellites - 10)
    while start < end:
        stop = Instant(min(end, start + minutes * MINUTE))
        yield start, stop
        start = stop


def _add(windows: list[IslWindow], window: IslWindow) -> None:
    """Append, joined with what a piece before left open."""
    if windows and windows[-1].closes == window.opens:
        before = windows.pop()
        near = before if before.range_m <= window.range_m else window
        window = IslWindow(window.first, window.second, before.opens, window.closes, near.closest, near.range_m)
    windows.append(window)


# Who with whom --------------------------------------------------------------------------------------------------------


def grid_pairs(total: int, planes: int, phasing: int, pattern: str = "delta") -> list[tuple[int, int]]:
    """The "+grid" of a Walker constellation, its satellites counted plane by plane: each with the next in its plane
    and with its neighbour in the next plane. In a star the first and the last plane fly against each other and have
    no link; in a delta the last plane's neighbour in the first is `phasing` slots on.
    """
    if total < 1 or planes < 1 or total % planes:
        raise DataError("+grid: planes", planes, f"choose a divisor of the {total} satellites")
    slots = total // planes
    found: set[tuple[int, int]] = set()

    def link(one: int, other: int) -> None:
        if one != other:
            found.add((min(one, other), max(one, other)))

    for plane in range(planes):
        for slot in range(slots):
            here = plane * slots + slot
            link(here, plane * slots + (slot + 1) % slots)
            if plane + 1 < planes:
                link(here, here + slots)
            elif pattern == "delta" and planes > 2:
                link(here, (slot + phasing) % slots)
    return sorted(found)


def nearest_pairs(position_teme_m: Floats, count: int) -> list[tuple[int, int]]:
    """Each satellite with its `count` nearest, whoever of the two counts the other; positions (n_satellites, 3)."""
    position = np.asarray(position_teme_m, dtype=np.float64)
    if count < 1:
        raise DataError("nearest", count, "give a count of at least one")
    found: set[tuple[int, int]] = set()
    for index, place in enumerate(position):
        away = ((position - place) ** 2).sum(axis=1)
        away[index] = np.inf
        for other in np.argsort(away, kind="stable")[: min(count, len(position) - 1)].tolist():
            found.add((min(index, other), max(index, other)))
    return sorted(found)


def longest_chord_m(altitude_m: float, grazing_height_m: float = GRAZING_HEIGHT_M, radius_m: float = 6_371e3) -> float:
    """The longest line between two satellites of one altitude over a spherical Earth, 2 √(r² − (R + h)²)."""
    r, ball = radius_m + altitude_m, radius_m + grazing_height_m
    if not r > ball > 0.0:
        raise DataError("inter-satellite link: altitude", altitude_m, "fly above the grazing height")
    return 2.0 * math.sqrt(r * r - ball * ball)
