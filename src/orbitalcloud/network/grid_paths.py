"""Shortest paths over the "+grid" of a constellation, from many places at once.

A +grid is planes × slots: rings along the planes, rungs across to the next plane, and a last rung that closes the
constellation some slots on (`seam`). So a plane is relaxed by running around its ring once each way, and planes by
running around the constellation each way: no heap, and sixteen sources side by side in each instruction. Only planes
that changed are looked at again, and it ends when nothing changes, which is Bellman's condition: every length is then
the least over all paths. Lengths are added from the source on, as Dijkstra's algorithm adds them, and rounding is
monotone; so the sums are its sums, to the last bit (R. Bellman, Quart. Appl. Math. 16 (1958) 87; E. W. Dijkstra,
Numer. Math. 1 (1959) 269, doi 10.1007/BF01386390).

Nothing here knows orbits: lengths come in, in any unit, infinite where there is no link.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.kernels import njit

Floats = NDArray[np.float64]

LANES = 16
"""Sources side by side: two registers of AVX-512, four of AVX2."""


@njit(cache=True)
def _ring(d, first, slots, along, row, kept):  # type: ignore[no-untyped-def]
    """Relax one plane's ring both ways: a lap, and as much of a second as still changes something."""
    for way in range(2):
        last = first + (slots - 1 if way == 0 else 0)
        base = last * LANES
        for k in range(LANES):
            kept[k] = d[base + k]
        for lap in range(2):
            changed = False
            for n in range(slots):
                slot = n if way == 0 else slots - 1 - n
                w = along[row, slot - 1 if slot > 0 else slots - 1] if way == 0 else along[row, slot]
                here = d[(first + slot) * LANES : (first + slot + 1) * LANES]
                better = 0
                for k in range(LANES):
                    v, old = kept[k] + w, here[k]
                    better += v < old
                    least = v if v < old else old
                    here[k] = least
                    kept[k] = least
                changed = better > 0
                if lap == 1 and not changed:
                    break
            if lap == 1 and not changed:
                break


@njit(cache=True)
def _cross(d, from_first, to_first, slots, across, row, shift, forward):  # type: ignore[no-untyped-def]
    """Relax plane `to` from plane `from` over the rungs of `row`; whether anything changed. Forward: slot s to
    s + shift."""
    better = 0
    for slot in range(slots):
        other = slot + shift
        if other >= slots:
            other -= slots
        w = across[row, slot]
        a, b = (from_first + slot, to_first + other) if forward else (from_first + other, to_first + slot)
        source, target = d[a * LANES : (a + 1) * LANES], d[b * LANES : (b + 1) * LANES]
        for k in range(LANES):
            v, old = source[k] + w, target[k]
            better += v < old
            target[k] = v if v < old else old
    return better > 0


@njit(cache=True)
def _settle(d, along, across, seam, east, west, kept):  # type: ignore[no-untyped-def]
    """Relax until nothing changes; `east` and `west` say which planes have something to tell that way."""
    planes, slots = along.shape
    dirty = True
    while dirty:
        dirty = False
        for p in range(planes):
            if east[p]:
                east[p] = False
                q, shift = (p + 1, 0) if p + 1 < planes else (0, seam)
                if _cross(d, p * slots, q * slots, slots, across, p, shift, True):
                    _ring(d, q * slots, slots, along, q, kept)
                    east[q] = west[q] = dirty = True
        for n in range(planes):
            p = planes - 1 - n
            if west[p]:
                west[p] = False
                q = p - 1 if p > 0 else planes - 1
                if _cross(d, p * slots, q * slots, slots, across, q, seam if p == 0 else 0, False):
                    _ring(d, q * slots, slots, along, q, kept)
                    east[q] = west[q] = dirty = True


@njit(cache=True)
def _from_many(along, across, seam, starts, satellites, lengths, out):  # type: ignore[no-untyped-def]
    """Fill `out` (n_sources, n_satellites)."""
    planes, slots = along.shape
    total, count = planes * slots, starts.shape[0] - 1
    d, kept = np.empty(total * LANES), np.empty(LANES)
    east, west = np.empty(planes, np.bool_), np.empty(planes, np.bool_)
    for begin in range(0, count, LANES):
        end = min(begin + LANES, count)
        _seed(d, starts, satellites, lengths, begin, end, slots, east)
        for p in range(planes):
            west[p] = east[p]
            if east[p]:
                _ring(d, p * slots, slots, along, p, kept)
        _settle(d, along, across, seam, east, west, kept)
        for k in range(end - begin):
            for i in range(total):
                out[begin + k, i] = d[i * LANES + k]


@njit(cache=True)
def _seed(d, starts, satellites, lengths, begin, end, slots, told):  # type: ignore[no-untyped-def]
    """The first links of sources begin … end into an empty block, and which planes they reach."""
    d[:] = np.inf
    told[:] = False
    for k in range(begin, end):
        for n in range(starts[k], starts[k + 1]):
            at = satellites[n] * LANES + k - begin
            d[at] = min(d[at], lengths[n])
            told[satellites[n] // slots] = True


@njit(cache=True)
def _among(along, across, seam, starts, satellites, lengths, out):  # type: ignore[no-untyped-def]
    """Fill `out` (n, n): least length from source to source, by the same links down as up."""
    planes, slots = along.shape
    count = starts.shape[0] - 1
    d, kept = np.empty(planes * slots * LANES), np.empty(LANES)
    east, west = np.empty(planes, np.bool_), np.empty(planes, np.bool_)
    best = np.empty(LANES)
    for begin in range(0, count, LANES):
        end = min(begin + LANES, count)
        _seed(d, starts, satellites, lengths, begin, end, slots, east)
        for p in range(planes):
            west[p] = east[p]
            if east[p]:
                _ring(d, p * slots, slots, along, p, kept)
        _settle(d, along, across, seam, east, west, kept)
        for j in range(count):
            best[:] = np.inf
            for n in range(starts[j], starts[j + 1]):
                row, w = d[satellites[n] * LANES : (satellites[n] + 1) * LANES], lengths[n]
                for k in range(LANES):
                    v = row[k] + w
                    best[k] = v if v < best[k] else best[k]
            for k in range(end - begin):
                out[begin + k, j] = best[k]
        for k in range(begin, end):
            out[k, k] = 0.0


def distances_over_grid(
    along: Floats,
    across: Floats,
    seam: int,
    starts: NDArray[np.int64],
    satellites: NDArray[np.int32],
    lengths: Floats,
) -> Floats:
    """Least lengths from each source to each satellite, (n_sources, planes · slots), infinite where there is no path.

    `along[p, s]` is the link of slot s to the next in plane p, `across[p, s]` that to slot s of the next plane, of the
    last plane to slot s + `seam` of the first; infinite: none. Source k has the links `satellites[starts[k] :
    starts[k + 1]]` of those `lengths`, satellites counted plane by plane.
    """
    _checked(along, across, seam)
    out = np.empty((len(starts) - 1, along.size))
    _from_many(along, across, seam % along.shape[1], starts, satellites, lengths, out)
    return out


def distances_among(
    along: Floats,
    across: Floats,
    seam: int,
    starts: NDArray[np.int64],
    satellites: NDArray[np.int32],
    lengths: Floats,
) -> Floats:
    """Least lengths from each source over the grid to each other, (n, n); 0 to itself. As `distances_over_grid`."""
    _checked(along, across, seam)
    out = np.empty((len(starts) - 1, len(starts) - 1))
    _among(along, across, seam % along.shape[1], starts, satellites, lengths, out)
    return out


@njit(cache=True)
def _trace(row, along, across, seam, satellite, out):  # type: ignore[no-untyped-def]
    """Walk back from a satellite while a neighbour's length explains its own; the number of satellites written."""
    planes, slots = along.shape
    at, n = satellite, 0
    while True:
        out[n] = at
        n += 1
        p, s = at // slots, at % slots
        before = s - 1 if s > 0 else slots - 1
        after = s + 1 if s + 1 < slots else 0
        ahead = at + slots if p + 1 < planes else (s + seam) % slots
        behind = at - slots if p > 0 else (planes - 1) * slots + (s - seam) % slots
        if row[p * slots + before] + along[p, before] == row[at]:
            at = p * slots + before
        elif row[p * slots + after] + along[p, s] == row[at]:
            at = p * slots + after
        elif row[behind] + across[behind // slots, behind % slots] == row[at]:
            at = behind
        elif row[ahead] + across[p, s] == row[at]:
            at = ahead
        else:
            return n


def path_over_grid(row: Floats, along: Floats, across: Floats, seam: int, satellite: int) -> list[int]:
    """The satellites of a shortest path to `satellite`, the source's first satellite first, by a row of
    `distances_over_grid` and the same links; empty where there is no path."""
    if not np.isfinite(row[satellite]):
        return []
    out = np.empty(along.size + 1, dtype=np.int64)
    count = _trace(row, along, across, seam % along.shape[1], satellite, out)
    return [int(at) for at in out[:count][::-1]]


def _checked(along: Floats, across: Floats, seam: int) -> None:
    assert along.shape == across.shape, "a ring and a rung for each satellite"
    assert along.ndim == 2, "planes × slots"
    assert along.size == 0 or (np.min(along) >= 0.0 and np.min(across) >= 0.0), "lengths, and not a number is none"
