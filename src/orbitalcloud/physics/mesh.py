"""A constellation's links at one instant, as arrays: which satellite each place sees, and how long each link is.

`Grid.of` gives a Walker constellation's "+grid" as rings and rungs, `grid_lengths` measures them, `free_links` chooses
links greedily where there is no grid, `sights` looks up from the ground. An infinite length is a link that its
terminals' range or the Earth's limb forbids. Metres, in TEME or any frame that has its z axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.isl import IslLimits, visible

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid:
    """A +grid: satellites plane by plane, each linked to the next in its plane and to the same slot of the next plane;
    the last plane to the first `seam` slots on, or, in a star (`closed` false), not at all."""

    planes: int
    slots: int
    seam: int
    closed: bool

    @classmethod
    def of(cls, total: int, planes: int, phasing: int, pattern: str = "delta") -> Grid:
        """As `isl.grid_pairs` links a Walker constellation; `DataError` where planes do not divide the total."""
        if total < 1 or planes < 1 or total % planes:
            raise DataError("+grid: planes", planes, f"choose a divisor of the {total} satellites")
        slots = total // planes
        return cls(planes, slots, phasing % slots, pattern == "delta" and planes > 2)


@dataclass(frozen=True, slots=True)
class Sights:
    """What places see: place k sees `satellites[starts[k] : starts[k + 1]]` at `ranges_m`."""

    starts: Indices
    satellites: NDArray[np.int32]
    ranges_m: Floats


# Between satellites ---------------------------------------------------------------------------------------------------


@njit(cache=True)
def _length(r, i, j, far, ball2, stretch):  # type: ignore[no-untyped-def]
    """The length of the line i–j, infinite where it is too long or the grown Earth is in its way."""
    dx, dy, dz = r[0, j] - r[0, i], r[1, j] - r[1, i], r[2, j] - r[2, i]
    square = dx * dx + dy * dy + dz * dz
    if square > far * far:
        return np.inf
    zi, zj = r[2, i] * stretch, r[2, j] * stretch
    s = r[0, i] * r[0, i] + r[1, i] * r[1, i] + zi * zi - ball2
    t = r[0, j] * r[0, j] + r[1, j] * r[1, j] + zj * zj - ball2
    if s <= 0.0 or t <= 0.0:
        return np.inf
    free = math.sqrt(s) + math.sqrt(t)
    rise = dz * stretch
    if dx * dx + dy * dy + rise * rise >= free * free:
        return np.inf
    return math.sqrt(square)


@njit(cache=True)
def _grid(r, seam, closed, far, ball2, stretch, along, across):  # type: ignore[no-untyped-def]
    planes, slots = along.shape
    for p in range(planes):
        for s in range(slots):
            i = p * slots + s
            j = p * slots + (s + 1 if s + 1 < slots else 0)
            twice = slots == 1 or (slots == 2 and s == 1)
            along[p, s] = np.inf if twice else _length(r, i, j, far, ball2, stretch)
            if p + 1 < planes:
                across[p, s] = _length(r, i, i + slots, far, ball2, stretch)
            elif closed:
                across[p, s] = _length(r, i, (s + seam) % slots, far, ball2, stretch)
            else:
                across[p, s] = np.inf


def grid_lengths(position_m: Floats, grid: Grid, limits: IslLimits) -> tuple[Floats, Floats]:
    """(along, across), (planes, slots) each: the lengths of ring links and rungs of positions (3, n_satellites)."""
    shape = (grid.planes, grid.slots)
    assert position_m.shape == (3, grid.planes * grid.slots), "three rows of coordinates"
    along, across = np.empty(shape), np.empty(shape)
    far, ball2 = min(limits.range_m, 1e13), limits.radius_m**2
    _grid(position_m, grid.seam, grid.closed, far, ball2, limits.stretch, along, across)
    return along, across


def grid_links(grid: Grid) -> tuple[Indices, Indices]:
    """(first, second) of all ring links, then of all rungs, (2 · n_satellites,) each, as `grid_lengths` measures."""
    place = np.arange(grid.planes * grid.slots, dtype=np.int64).reshape(grid.planes, grid.slots)
    beyond = np.roll(place, -1, axis=0)
    beyond[-1] = np.roll(place[0], -grid.seam)
    return np.tile(place.ravel(), 2), np.concatenate([np.roll(place, -1, axis=1).ravel(), beyond.ravel()])


@njit(cache=True)
def _greedy(first, second, order, most, used, stays):  # type: ignore[no-untyped-def]
    """Take pairs in order while both ends have a terminal free."""
    for k in order:
        i, j = first[k], second[k]
        if used[i] < most and used[j] < most:
            used[i] += 1
            used[j] += 1
            stays[k] = True


_FIRST_BAND_M = 1e6


def free_links(
    position_m: Floats, terminals: int, limits: IslLimits, held: Indices | None = None
) -> tuple[Indices, Indices, Floats]:
    """(first, second, lengths) of a greedy choice: the shortest feasible links first, while both ends have one of
    their `terminals` free. Links of `held` (pairs coded first · n + second, first < second) that are still feasible
    come before all others: a terminal does not let go of what works. Positions (3, n_satellites).
    """
    if terminals < 1:
        raise DataError("free topology: terminals", terminals, "give each satellite at least one")
    count = position_m.shape[1]
    used = np.zeros(count, dtype=np.int64)
    kept = _still(position_m, np.empty(0, dtype=np.int64) if held is None else held, limits)
    chosen = [_taken(*kept, terminals, used)]
    # Bands of growing range, each among those with a terminal left: what one pass over all pairs would choose.
    low, high = -1.0, _FIRST_BAND_M
    while True:
        open_ = np.flatnonzero(used < terminals)
        if len(open_) < 2:
            break
        far = min(high, limits.range_m)
        band = IslLimits(far, limits.grazing_height_m)
        pairs = open_[visible(np.ascontiguousarray(position_m[:, open_].T), band).pairs()]
        lengths = _apart(position_m, pairs[:, 0], pairs[:, 1])
        new = (lengths > low) & ~np.isin(pairs[:, 0] * count + pairs[:, 1], kept[0] * count + kept[1])
        chosen.append(_taken(pairs[new, 0], pairs[new, 1], lengths[new], terminals, used))
        if far >= limits.range_m or far >= 2.0 * float(np.abs(position_m).max()) * math.sqrt(3.0):
            break
        low, high = far, 2.0 * high
    first, second, lengths = (np.concatenate(part) for part in zip(*chosen, strict=True))
    return first, second, lengths


def _apart(position_m: Floats, first: Indices, second: Indices) -> Floats:
    return np.asarray(np.sqrt(((position_m[:, second] - position_m[:, first]) ** 2).sum(axis=0)))


def _still(position_m: Floats, held: Indices, limits: IslLimits) -> tuple[Indices, Indices, Floats]:
    """Those of held links that are feasible now."""
    count = position_m.shape[1]
    first, second = held // count, held % count
    lengths = np.empty(len(held))
    far = min(limits.range_m, 1e13)
    _measure(position_m, first, second, far, limits.radius_m**2, limits.stretch, lengths)
    there = np.isfinite(lengths)
    return first[there], second[there], lengths[there]


@njit(cache=True)
def _measure(r, first, second, far, ball2, stretch, lengths):  # type: ignore[no-untyped-def]
    for k in range(first.shape[0]):
        lengths[k] = _length(r, first[k], second[k], far, ball2, stretch)


def _taken(
    first: Indices, second: Indices, lengths: Floats, terminals: int, used: Indices
) -> tuple[Indices, Indices, Floats]:
    """The greedy choice among some links, shortest first; `used` counts each satellite's terminals on."""
    stays = np.zeros(len(first), dtype=np.bool_)
    _greedy(first, second, np.lexsort((second, first, lengths)), terminals, used, stays)
    return first[stays], second[stays], lengths[stays]


# From the ground ------------------------------------------------------------------------------------------------------


@njit(cache=True)
def _sights(r, least, places, ups, sines, farthest, starts, satellites, ranges):  # type: ignore[no-untyped-def]
    """Fill the lists, growing them where they are too short."""
    count, n = r.shape[1], 0
    heights = np.empty(count)
    x, y, z = r[0], r[1], r[2]
    for k in range(places.shape[0]):
        if n + count > satellites.shape[0]:
            more, rest = np.empty(2 * n + count, np.int32), np.empty(2 * n + count)
            more[:n], rest[:n] = satellites[:n], ranges[:n]
            satellites, ranges = more, rest
        px, py, pz = places[k, 0], places[k, 1], places[k, 2]
        ux, uy, uz = ups[k, 0], ups[k, 1], ups[k, 2]
        foot = px * ux + py * uy + pz * uz
        # no satellite is nearer than its radius less the place's, so it stands at least that times sin(mask) high
        floor = sines[k] * max(0.0, least - math.sqrt(px * px + py * py + pz * pz)) if sines[k] > 0.0 else -1e300
        for i in range(count):
            heights[i] = x[i] * ux + y[i] * uy + z[i] * uz - foot
        for i in range(count):
            if heights[i] >= floor:
                dx, dy, dz = x[i] - px, y[i] - py, z[i] - pz
                far = math.sqrt(dx * dx + dy * dy + dz * dz)
                if heights[i] >= sines[k] * far and far <= farthest[k]:
                    satellites[n], ranges[n] = i, far
                    n += 1
        starts[k + 1] = n
    return satellites[:n], ranges[:n]


def sights(
    position_m: Floats, places_m: Floats, ups: Floats, mask_rad: Floats, range_m: Floats | None = None
) -> Sights:
    """Which of the satellites at (3, n_satellites) stand above each place's mask, and within its range where given.

    Places and their outward normals are (n_places, 3) in the satellites' frame, masks and ranges (n_places,).
    """
    starts = np.zeros(len(places_m) + 1, dtype=np.int64)
    if not position_m.size or not len(places_m):
        return Sights(starts, np.empty(0, dtype=np.int32), np.empty(0))
    least = math.sqrt(float((position_m**2).sum(axis=0).min()))
    room = position_m.shape[1] * 2
    farthest = np.full(len(places_m), np.inf) if range_m is None else np.asarray(range_m, dtype=np.float64)
    found, ranges = _sights(
        np.ascontiguousarray(position_m),
        least,
        np.ascontiguousarray(places_m),
        np.ascontiguousarray(ups),
        np.sin(mask_rad),
        farthest,
        starts,
        np.empty(room, dtype=np.int32),
        np.empty(room),
    )
    return Sights(starts, found, ranges)
