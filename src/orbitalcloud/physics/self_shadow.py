"""Self-shadow: how much of each solar panel the satellite's own body and other panels leave in the Sun.

The body is a box about the origin of the body axes, panels are rectangles with a centre. From points spread evenly
over a panel (`GRID` × `GRID`, its strings side by side) rays go to the Sun; a point is dark where its ray meets the
box or another panel. Panels that turn are set by their mounts first, so the table's only argument is the Sun's
direction. It is made once a design on `SIDE` × `SIDE` directions of the octahedral map of the sphere (no pole, no
trigonometry) and looked up in the kernel between its points. For each panel: the share lit, and the share of the
power, which strings of cells make smaller (`solar_cells.panel_share`). Panels without a centre cast and catch no
shadow.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.physics.solar_cells import panel_share

if TYPE_CHECKING:
    from orbitalcloud.physics.array import SolarArray, Vector

Floats = NDArray[np.float64]

SIDE = 49
"""Of the map: directions 4° apart at the widest."""

GRID = 24
"""Rays along each side of a panel: areas to 0.2 %."""

# How a panel is held: columns of `_geometry`
FIXED, ONE_AXIS, TRACKING = 0.0, 1.0, 2.0
_HOLD = {"body-fixed": FIXED, "one-axis": ONE_AXIS, "sun-tracking": TRACKING}


def geometry_rows(array: SolarArray) -> Floats:
    """(n_panels, 9): hold, direction x y z, centre x y z, length, width; length 0 where a panel has no place."""
    rows = np.zeros((len(array.panels), 9))
    for row, panel in zip(rows, array.panels, strict=True):
        length, width = panel.sides_m
        n = np.array(panel.direction, dtype=float)
        row[:4] = _HOLD[panel.mount], *(n / np.linalg.norm(n))
        if panel.centre_m is not None:
            row[4:] = *panel.centre_m, length, width
    return rows


def casts_shadow(array: SolarArray) -> bool:
    """Whether any panel has a place, so that there is something to tabulate."""
    boxed = array.body_m is not None and any(array.body_m)
    placed = sum(panel.centre_m is not None for panel in array.panels)
    return placed > 1 or (boxed and placed > 0)


def shares(array: SolarArray, sun_body: Vector) -> Floats:
    """(n_panels, 2): share lit and share of the power with the Sun in this direction (unit, body axes), without
    table.
    """
    out = np.ones((len(array.panels), 2))
    if casts_shadow(array):
        _shares(geometry_rows(array), _box(array), np.array(sun_body), *_electric(array), out)
    return out


def table(array: SolarArray) -> NDArray[np.float32]:
    """(n_panels, 2, SIDE, SIDE) over the octahedral map; of one value each where nothing casts a shadow: (0, 2, 1,
    1). Arrays that differ in age or efficiency alone share theirs.
    """
    if not casts_shadow(array):
        return np.ones((0, 2, 1, 1), dtype=np.float32)
    strings, cells, volts, cell = _electric(array)
    return _table(geometry_rows(array).tobytes(), _box(array).tobytes(), strings, cells, volts, cell.tobytes())


@lru_cache(maxsize=256)
def _table(rows: bytes, box: bytes, strings: int, cells: int, volts: float, cell: bytes) -> NDArray[np.float32]:
    panels = np.frombuffer(rows).reshape(-1, 9)
    out = np.ones((len(panels), 2, SIDE, SIDE))
    _tabulate(panels.copy(), np.frombuffer(box).copy(), strings, cells, volts, np.frombuffer(cell).copy(), out)
    return out.astype(np.float32)


def tabulated(array: SolarArray, sun_body: Vector) -> Floats:
    """`shares` as the kernel of power and heat has them: between the points of `table`."""
    found = table(array)
    u, v = octahedral(*sun_body)
    return np.array([[looked_up(one, u, v) for one in panel] for panel in found] or [[1.0, 1.0]] * len(array.panels))


def _box(array: SolarArray) -> Floats:
    return 0.5 * np.array(array.body_m if array.body_m is not None else (0.0, 0.0, 0.0), dtype=float)


def _electric(array: SolarArray) -> tuple[int, int, float, Floats]:
    """(strings a panel, cells a string, volts a cell or 0 for a tracker, cell row)."""
    volts = array.direct_v / array.cells if array.tracker == "direct" else 0.0
    return array.strings, array.cells, volts, np.array(array.cell.row())


@njit(cache=True)
def octahedral(x, y, z):  # type: ignore[no-untyped-def]
    """A unit vector's place (u, v) in [0, SIDE − 1]² of the map."""
    scale = 1.0 / max(1e-12, abs(x) + abs(y) + abs(z))
    u, v = x * scale, y * scale
    if z < 0.0:
        u, v = (1.0 - abs(v)) * (1.0 if u >= 0.0 else -1.0), (1.0 - abs(u)) * (1.0 if v >= 0.0 else -1.0)
    half = 0.5 * (SIDE - 1)
    return (u + 1.0) * half, (v + 1.0) * half


@njit(cache=True)
def looked_up(table, u, v):  # type: ignore[no-untyped-def]
    """Bilinear between the four points about (u, v) of a (SIDE, SIDE) table."""
    i, j = min(int(u), SIDE - 2), min(int(v), SIDE - 2)
    a, b = u - i, v - j
    low = table[i, j] + b * (table[i, j + 1] - table[i, j])
    high = table[i + 1, j] + b * (table[i + 1, j + 1] - table[i + 1, j])
    return low + a * (high - low)


@njit(cache=True)
def _tabulate(panels, box, strings, cells, volts, cell, out):  # type: ignore[no-untyped-def]
    here = np.ones((panels.shape[0], 2))
    for i in range(SIDE):
        for j in range(SIDE):
            half = 0.5 * (SIDE - 1)
            u, v = i / half - 1.0, j / half - 1.0
            z = 1.0 - abs(u) - abs(v)
            if z < 0.0:
                u, v = (1.0 - abs(v)) * (1.0 if u >= 0.0 else -1.0), (1.0 - abs(u)) * (1.0 if v >= 0.0 else -1.0)
            sun = np.array([u, v, z])
            sun /= math.sqrt(u * u + v * v + z * z)
            _shares(panels, box, sun, strings, cells, volts, cell, here)
            out[:, :, i, j] = here


@njit(cache=True)
def frame(panel, sun):  # type: ignore[no-untyped-def]
    """(normal, along its length, along its width) of a panel as its mount turns it for a Sun, rows of (3, 3).

    Body-fixed: the length runs along the first body axis that is not its normal's. One-axis: the length is the axis.
    Tracking: the length stays as near as it can to the line from the body's centre to the panel's (its boom).
    """
    out = np.zeros((3, 3))
    n, axis = out[0], out[1]
    direction = panel[1:4]
    if panel[0] == TRACKING:
        n[:] = sun
        axis[:] = panel[4:7]
        if math.sqrt((axis * axis).sum()) < 1e-9:
            axis[1] = 1.0
    elif panel[0] == ONE_AXIS:
        n[:] = sun - (sun * direction).sum() * direction
        if math.sqrt((n * n).sum()) < 1e-9:  # the Sun is on the axis: any turn will do
            n[int(np.argmin(np.abs(direction)))] = 1.0
            n[:] = n - (n * direction).sum() * direction
        axis[:] = direction
    else:
        n[:] = direction
        axis[1 if abs(direction[0]) > 0.9 else 0] = 1.0
    n /= math.sqrt((n * n).sum())
    axis[:] = axis - (axis * n).sum() * n
    if math.sqrt((axis * axis).sum()) < 1e-9:  # the boom points to the Sun
        axis[int(np.argmin(np.abs(n)))] = 1.0
        axis[:] = axis - (axis * n).sum() * n
    axis /= math.sqrt((axis * axis).sum())
    out[2] = np.cross(n, axis)
    return out


@njit(cache=True)
def _shares(panels, box, sun, strings, cells, volts, cell, out):  # type: ignore[no-untyped-def]
    """Fill `out` (n_panels, 2) for one direction."""
    count = panels.shape[0]
    frames = np.empty((count, 3, 3))
    for p in range(count):
        frames[p] = frame(panels[p], sun)
    dark = np.zeros(strings, dtype=np.int64)
    for p in range(count):
        out[p] = 1.0
        if panels[p, 7] <= 0.0 or (frames[p, 0] * sun).sum() <= 1e-6:
            continue
        hidden = _dark_points(panels, frames, p, box, sun)
        lost = hidden.sum()
        if lost == 0:
            continue
        out[p, 0] = 1.0 - lost / (GRID * GRID)
        for s in range(strings):
            dark[s] = _dark_cells(hidden, s, strings, cells)
        out[p, 1] = panel_share(dark, cells, volts, cell)


@njit(cache=True)
def _dark_cells(hidden, string, strings, cells):  # type: ignore[no-untyped-def]
    """How many cells of a string are bypassed: those of which over a quarter is dark give less than the others.

    Strings lie side by side across the panel's width, each along its length.
    """
    first, last = string * GRID // strings, max(string * GRID // strings + 1, (string + 1) * GRID // strings)
    found = 0
    for c in range(cells):
        begin, end = c * GRID // cells, max(c * GRID // cells + 1, (c + 1) * GRID // cells)
        if 4 * hidden[begin:end, first:last].sum() > (end - begin) * (last - first):
            found += 1
    return found


@njit(cache=True)
def _dark_points(panels, frames, p, box, sun):  # type: ignore[no-untyped-def]
    """Which points of panel `p` see the Sun behind the body or another panel, (GRID along, GRID across)."""
    hidden = np.zeros((GRID, GRID), dtype=np.int64)
    centre, length, width = panels[p, 4:7], panels[p, 7], panels[p, 8]
    own = 0.5 * math.sqrt(length * length + width * width)
    corner = math.sqrt((box * box).sum())
    by_box = box.min() > 0.0 and _in_reach(-centre, sun, own + corner)
    by = np.zeros(panels.shape[0], dtype=np.bool_)
    for q in range(panels.shape[0]):
        if q != p and panels[q, 7] > 0.0:
            other = 0.5 * math.sqrt(panels[q, 7] * panels[q, 7] + panels[q, 8] * panels[q, 8])
            by[q] = _in_reach(panels[q, 4:7] - centre, sun, own + other)
    if not (by_box or by.any()):
        return hidden
    for i in range(GRID):
        for j in range(GRID):
            a, b = ((i + 0.5) / GRID - 0.5) * length, ((j + 0.5) / GRID - 0.5) * width
            x = centre[0] + a * frames[p, 1, 0] + b * frames[p, 2, 0]
            y = centre[1] + a * frames[p, 1, 1] + b * frames[p, 2, 1]
            z = centre[2] + a * frames[p, 1, 2] + b * frames[p, 2, 2]
            if by_box and _meets_box(x, y, z, sun, box):
                hidden[i, j] = 1
                continue
            for q in range(panels.shape[0]):
                if by[q] and _meets_panel(x, y, z, sun, panels[q], frames[q]):
                    hidden[i, j] = 1
                    break
    return hidden


@njit(cache=True)
def _in_reach(apart, sun, reach):  # type: ignore[no-untyped-def]
    """Whether a sphere `apart` (m) from another can stand between it and the Sun; their radii together are `reach`."""
    ahead = (apart * sun).sum()
    return ahead > -reach and (apart * apart).sum() - ahead * ahead < reach * reach * (1.0 + 1e-9)


@njit(cache=True)
def _meets_box(x, y, z, sun, box):  # type: ignore[no-untyped-def]
    """Whether a ray from a point outside meets the body (slabs); one that only leaves its surface does not."""
    near, far = 1e-6, 1e30
    for k in range(3):
        at = x if k == 0 else y if k == 1 else z
        if box[k] <= 0.0:
            return False
        if abs(sun[k]) < 1e-12:
            if abs(at) >= box[k]:
                return False
            continue
        one, other = (-box[k] - at) / sun[k], (box[k] - at) / sun[k]
        near, far = max(near, min(one, other)), min(far, max(one, other))
    return far > near + 1e-6


@njit(cache=True)
def _meets_panel(x, y, z, sun, panel, turned):  # type: ignore[no-untyped-def]
    """Whether a ray from a point meets a rectangle in front of it."""
    n = turned[0]
    slope = n[0] * sun[0] + n[1] * sun[1] + n[2] * sun[2]
    if abs(slope) < 1e-9:
        return False
    dx, dy, dz = panel[4] - x, panel[5] - y, panel[6] - z
    t = (n[0] * dx + n[1] * dy + n[2] * dz) / slope
    if t <= 1e-6:
        return False
    hx, hy, hz = t * sun[0] - dx, t * sun[1] - dy, t * sun[2] - dz
    along = hx * turned[1, 0] + hy * turned[1, 1] + hz * turned[1, 2]
    across = hx * turned[2, 0] + hy * turned[2, 1] + hz * turned[2, 2]
    return abs(along) < 0.5 * panel[7] and abs(across) < 0.5 * panel[8]
