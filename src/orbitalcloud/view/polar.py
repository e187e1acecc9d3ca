"""The two caps of the Earth, where orbits of high inclination meet their stations: a round map each.

Projection: azimuthal equidistant about the pole (J. P. Snyder, Map Projections: A Working Manual, USGS 1395 (1987),
chapter 25), to latitude 50°. Each circle is 2,000 wide with the pole in the middle; Greenwich points down in the north
and up in the south, so that both read like the flat map.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.view.flight import Flight, Floats, Satellite, Station
from orbitalcloud.view.map import coastline, in_contact, runs, steps
from orbitalcloud.view.page import text

RADIUS = 1_000
EDGE_DEG = 50.0
FROM_DEG = 65.0
"""Tracks that stay below this latitude need no polar map."""


def project_cap(longitude_deg: Floats, latitude_deg: Floats, side: int) -> tuple[Floats, Floats]:
    """Coordinates about the pole of `side` (1 north, −1 south), rightwards and downwards."""
    radius = (90 - side * latitude_deg) / (90 - EDGE_DEG) * RADIUS
    angle = np.radians(longitude_deg)
    return radius * np.sin(angle), side * radius * np.cos(angle)


def polar_maps(flight: Flight, satellites: Sequence[Satellite]) -> str:
    """Both caps side by side, or nothing where no track comes near a pole."""
    shown = [satellite for satellite in satellites if len(satellite.series) > 1]
    if not any(np.abs(satellite.series.latitude_deg).max() >= FROM_DEG for satellite in shown):
        return ""
    stations = list(flight.stations.values())
    named = ((1, f"North of {EDGE_DEG:.0f}° N"), (-1, f"South of {EDGE_DEG:.0f}° S"))
    caps = "".join(
        f"<figure>{_cap(flight, shown, stations, side)}<figcaption>{name}</figcaption></figure>" for side, name in named
    )
    return f'<div class="poles map">{caps}</div>'


def _cap(flight: Flight, satellites: Sequence[Satellite], stations: Sequence[Station], side: int) -> str:
    layers = [
        f'<path class="land" fill-rule="evenodd" d="{_land(side)}"/><path class="graticule" d="{_graticule(side)}"/>'
    ]
    for satellite in satellites:
        dark = satellite.series.sunlit < 0.5
        inside = in_contact(flight, satellite) == 1
        for tone, wanted in (("dark", dark), ("sunlit", ~dark), ("contact", inside)):
            layers.append(f'<path class="track {tone}" d="{_track(satellite, wanted, side) or "M0 0"}"/>')
    dots, names = _stations(stations, side)
    size = f"{-RADIUS} {-RADIUS} {2 * RADIUS} {2 * RADIUS}"
    head = f'<svg viewBox="{size}" role="img" aria-label="Polar map">'
    return f'<div>{head}{"".join(layers)}<g class="station">{dots}</g></svg>{names}</div>'


def _land(side: int) -> str:
    near = [ring for ring in coastline() if (side * ring[:, 1]).max() > EDGE_DEG - 12]
    return "".join(steps(*project_cap(ring[:, 0], ring[:, 1], side)) + "z" for ring in near)


def _graticule(side: int) -> str:
    turn = np.linspace(-180, 180, 121)
    rings = [steps(*project_cap(turn, np.full(121, side * latitude), side)) for latitude in (60.0, 70.0, 80.0)]
    ends = np.array([90.0, EDGE_DEG]) * side
    spokes = [steps(*project_cap(np.full(2, float(at)), ends, side)) for at in range(-180, 180, 30)]
    return "".join(rings + spokes)


def _track(satellite: Satellite, wanted: NDArray[np.bool_], side: int) -> str:
    """Path data of the parts in the cap where `wanted`; neighbours share a point, so that colours join."""
    series = satellite.series
    seen = ((side * series.latitude_deg > EDGE_DEG - 4) & wanted).astype(np.int64)
    out = []
    for begin, end in runs(seen):
        stop = min(end + 1, len(series))
        if seen[begin] and stop - begin > 1:
            x, y = project_cap(series.longitude_deg[begin:stop], series.latitude_deg[begin:stop], side)
            out.append(steps(x, y))
    return "".join(out)


def _stations(stations: Sequence[Station], side: int) -> tuple[str, str]:
    dots, names = [], []
    for station in stations:
        if side * station.latitude_deg < EDGE_DEG + 2:
            continue
        place = project_cap(np.array([station.longitude_deg]), np.array([station.latitude_deg]), side)
        x, y = (float(value[0]) for value in place)
        dots.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="22"/>')
        left = "left" if x > 0.55 * RADIUS else "right"
        where = f"left:{(x / RADIUS + 1) * 50:.2f}%;top:{(y / RADIUS + 1) * 50:.2f}%"
        names.append(f'<span class="{left}" style="{where}">{text(station.name)}</span>')
    return "".join(dots), "".join(names)
