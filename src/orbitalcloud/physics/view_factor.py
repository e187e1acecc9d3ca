"""View factors between faces, and the exchange of heat between grey surfaces that see each other.

`parallel_rectangles` and `perpendicular_rectangles` are closed forms; `polygons` integrates any two flat polygons that
face each other along their contours. `exchange` turns view factors into radiative conductances by Gebhart's method:
grey, diffuse surfaces, every reflection followed, what is not seen of the others is black space. To the Earth see
`heat.earth_view_factor`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError

Floats = NDArray[np.float64]
Corners = Sequence[tuple[float, float, float]]
_FLAT = 1e-6  # how far from flat a polygon may be, of its size
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


def parallel_rectangles(width: float, length: float, distance: float) -> float:
    """View factor between two opposed equal rectangles (Howell's catalogue of configuration factors, C-11)."""
    _positive(width=width, length=length, distance=distance)
    x, y = width / distance, length / distance
    x2, y2 = 1.0 + x * x, 1.0 + y * y
    return (2.0 / (math.pi * x * y)) * (
        math.log(math.sqrt(x2 * y2 / (1.0 + x * x + y * y)))
        + x * math.sqrt(y2) * math.atan(x / math.sqrt(y2))
        + y * math.sqrt(x2) * math.atan(y / math.sqrt(x2))
        - x * math.atan(x)
        - y * math.atan(y)
    )


def perpendicular_rectangles(edge: float, first: float, second: float) -> float:
    """View factor from one rectangle (`edge` × `first`) to another (`edge` × `second`) at right angles along their
    common edge (Howell's catalogue, C-14)."""
    _positive(edge=edge, first=first, second=second)
    w, h = first / edge, second / edge
    w2, h2 = w * w, h * h
    both = w2 + h2
    logs = (
        math.log((1.0 + w2) * (1.0 + h2) / (1.0 + both))
        + w2 * math.log(w2 * (1.0 + both) / ((1.0 + w2) * both))
        + h2 * math.log(h2 * (1.0 + both) / ((1.0 + h2) * both))
    )
    angles = w * math.atan(1.0 / w) + h * math.atan(1.0 / h) - math.sqrt(both) * math.atan(1.0 / math.sqrt(both))
    return (angles + 0.25 * logs) / (math.pi * w)


def polygons(first: Corners, second: Corners, place: str = "view factor") -> float:
    """View factor from one flat polygon to another, nothing between them; corners in order, any unit of length.

    Contour integration F = Σ Σ t₁·t₂ ∫∫ ln r dl₁ dl₂ / 2πA₁ (Sparrow 1963, doi 10.1115/1.3686058) with the inner
    integral in closed form (Mitalas & Stephenson 1966), so that polygons may share an edge. `DataError` where a
    polygon is not flat, has no area, or reaches behind the other.
    """
    a, b = (_polygon(one, place) for one in (first, second))
    (normal_a, area_a), (normal_b, _) = (_plane(one, place) for one in (a, b))
    a, b = (_facing(one, normal, other, place) for one, normal, other in ((a, normal_a, b), (b, normal_b, a)))
    total = 0.0
    for start, end in _edges(a):
        for low, high in _edges(b):
            cosine = float(np.dot(end - start, high - low))
            if abs(cosine) > 1e-14:
                total += cosine * _mean_log(start, end, low, high)
    return max(0.0, abs(total) / (2.0 * math.pi * area_a))


def _edges(corners: Floats) -> list[tuple[Floats, Floats]]:
    return list(zip(corners, np.roll(corners, -1, axis=0), strict=True))


def _mean_log(start: Floats, end: Floats, low: Floats, high: Floats) -> float:
    """Mean of ln r between the points of two segments: inside exactly, outside by Gauss on both halves."""
    total = 0.0
    cuts = np.linspace(0.0, 1.0, 5)
    for left, right in pairwise(cuts.tolist()):
        share = 0.5 * (left + right) + 0.5 * (right - left) * _NODES
        points = start + share[:, None] * (end - start)
        total += 0.5 * (right - left) * float(_WEIGHTS @ _segment_log(points, low, high))
    return total


def _segment_log(points: Floats, low: Floats, high: Floats) -> Floats:
    """Mean of ln r from each point (n, 3) to a segment."""
    length = float(np.linalg.norm(high - low))
    along = (high - low) / length
    offset = points - low
    s = offset @ along
    d2 = np.maximum(0.0, (offset * offset).sum(axis=1) - s * s)
    d = np.sqrt(d2)

    def primitive(u: Floats) -> Floats:
        """∫ ½ ln(u² + d²) du"""
        r2 = u * u + d2
        logs = np.where(r2 > 0.0, 0.5 * u * np.log(np.maximum(r2, 1e-300)), 0.0)
        return np.asarray(logs - u + d * np.arctan2(u, np.maximum(d, 1e-300)))

    return np.asarray((primitive(length - s) - primitive(-s)) / length)


def _polygon(corners: Corners, place: str) -> Floats:
    points = np.asarray(corners, dtype=np.float64).reshape(-1, 3)
    if len(points) < 3 or not np.isfinite(points).all():
        raise DataError(f"{place}: corners", list(corners), "give three or more finite corners")
    return points


def _plane(points: Floats, place: str) -> tuple[Floats, float]:
    """(unit normal by the right hand, area); `DataError` if there is no area or it is not flat."""
    after = np.roll(points, -1, axis=0)
    twice = np.cross(points - points[0], after - points[0]).sum(axis=0)
    area = 0.5 * float(np.linalg.norm(twice))
    size = float(np.ptp(points, axis=0).max())
    if not area > 1e-12 * size * size:
        raise DataError(f"{place}: corners", points.tolist(), "give corners of a polygon with an area, in order")
    normal = twice / (2.0 * area)
    if float(np.abs((points - points[0]) @ normal).max()) > _FLAT * size:
        raise DataError(f"{place}: corners", points.tolist(), "make the polygon flat")
    return normal, area


def _facing(points: Floats, normal: Floats, other: Floats, place: str) -> Floats:
    """`points`, turned so that its normal looks at `other`; `DataError` if `other` lies on both sides of its plane."""
    height = (other - points[0]) @ normal
    size = float(np.ptp(np.vstack([points, other]), axis=0).max())
    if height.max() > _FLAT * size and height.min() < -_FLAT * size:
        raise DataError(f"{place}: corners", other.tolist(), "let no polygon cross the other's plane: cut it there")
    return points if height.max() > -height.min() else points[::-1]


def _positive(**lengths: float) -> None:
    for name, value in lengths.items():
        if not 0.0 < value < 1e9:
            raise DataError(f"view factor: {name}", value, "choose more than 0 m")


def exchange(area_m2: Floats, emissivity: Floats, view: Floats) -> tuple[Floats, Floats]:
    """(exchange areas (n, n), areas to space (n,)), m², of n grey surfaces: σ times one of them times the difference
    of the fourth powers is the heat that passes.

    `view[i, j]` is the view factor from i to j; where only one of a pair is given the other follows by reciprocity.
    Gebhart's factors (Gebhart 1961; Howell, Mengüç & Siegel, Thermal Radiation Heat Transfer, ch. 5):
    B = (1 − Fρ)⁻¹ F ε with ρ = 1 − ε, so that ε A B is symmetric. `DataError` where a surface sees more than all.
    """
    n = len(area_m2)
    seen = np.array(view, dtype=np.float64)
    both = area_m2[:, None] * seen
    lopsided = (both > 0.0) & (both.T > 0.0) & (np.abs(both - both.T) > 1e-3 * np.maximum(both, both.T))
    if lopsided.any():
        i, j = (int(x) for x in np.argwhere(lopsided)[0])
        raise DataError(
            "view factors",
            f"A F = {both[i, j]:g} and {both[j, i]:g} m²",
            "keep A₁ F₁₂ = A₂ F₂₁, or give one of the two",
        )
    seen = np.maximum(both, both.T) / area_m2[:, None]
    whole = seen.sum(axis=1)
    if (whole > 1.0 + 1e-9).any():
        raise DataError("view factors", f"{whole.max():g} in all from one face", "keep their sum at 1 or less")
    reflected = np.linalg.inv(np.eye(n) - seen * (1.0 - emissivity))
    pairs = (emissivity * area_m2)[:, None] * (reflected @ (seen * emissivity))
    pairs = 0.5 * (pairs + pairs.T)
    return pairs, emissivity * area_m2 * (reflected @ np.maximum(0.0, 1.0 - whole))
