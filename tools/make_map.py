"""Make the packaged coastline from Natural Earth's 1:110m land, as TopoJSON in the npm package `world-atlas`.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python tools/make_map.py package/land-110m.json src/orbitalcloud/data/map/land-110m.json

world-atlas stitches polygons over the antimeridian; a flat map needs them cut there again, and a polygon around
a pole (Antarctica) needs to be carried along the map's edge. Output: rings of [longitude, latitude, …] in centidegrees.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

Point = tuple[float, float]


def rings_of(topology: dict[str, Any]) -> list[list[Point]]:
    """Every ring of the `land` object, in degrees, decoded from quantised delta arcs."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs: list[list[Point]] = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    rings = []
    for geometry in topology["objects"]["land"]["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for polygon in polygons:
            for ring in polygon:
                points = []
                for index in ring:
                    part = arcs[index] if index >= 0 else arcs[~index][::-1]
                    points += part if not points else part[1:]
                rings.append(points)
    return rings


def unwrap(ring: list[Point]) -> list[Point]:
    """The ring with continuous longitude (it may leave ±180)."""
    out = [ring[0]]
    for x, y in ring[1:]:
        last = out[-1][0]
        out.append((x + 360 * round((last - x) / 360), y))
    return out


def clip(ring: list[Point], edge: float, keep_below: bool) -> list[Point]:
    """Sutherland and Hodgman against one meridian."""
    out: list[Point] = []
    for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
        in0, in1 = (x0 <= edge) == keep_below or x0 == edge, (x1 <= edge) == keep_below or x1 == edge
        if in0:
            out.append((x0, y0))
        if in0 != in1 and x0 != x1:
            t = (edge - x0) / (x1 - x0)
            out.append((edge, y0 + t * (y1 - y0)))
    return out


def flatten(ring: list[Point]) -> list[list[Point]]:
    """The ring cut into pieces that each lie within ±180."""
    points = unwrap(ring)
    if abs(points[-1][0] - points[0][0]) > 180:  # it goes round a pole: close it along the map's lower edge
        points = [*points, (points[-1][0], -90.0), (points[0][0], -90.0)]
    elif points[0] == points[-1]:
        points = points[:-1]
    pieces = []
    for turn in (-360, 0, 360):
        shifted = [(x + turn, y) for x, y in points]
        piece = clip(clip(shifted, 180.0, True), -180.0, False)
        if len(piece) > 2:
            pieces.append(piece)
    return pieces


def main() -> None:
    source, target = sys.argv[1:3]
    rings = [piece for ring in rings_of(json.loads(Path(source).read_text())) for piece in flatten(ring)]
    packed = [[round(value * 100) for point in ring for value in point] for ring in rings]
    Path(target).write_text(json.dumps({"unit": "centidegree", "rings": packed}, separators=(",", ":")) + "\n")
    print(f"{len(packed)} rings, {sum(map(len, packed)) // 2} points")


if __name__ == "__main__":
    main()
