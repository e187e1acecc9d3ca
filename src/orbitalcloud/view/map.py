"""The world map: coastline, ground track by sunlight, stations with their reach, contacts.

Projection: Natural Earth, as a polynomial (B. Šavrič, B. Jenny, T. Patterson, D. Petrovič, L. Hurni, Cartography and
Geographic Information Science 38 (2011) 363, doi:10.1559/15230406384363): it leaves the high latitudes, where polar
orbits meet their stations, room to be seen. Coordinates are integers, 0–10,000 across.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

import numpy as np

from orbitalcloud.view.flight import Flight, Floats, Satellite, Station, Times
from orbitalcloud.view.page import attribute, embedded, text

_ACROSS = (0.870700, -0.131979, -0.013791, 0.003971, -0.001529)
_UP = (1.007226, 0.015085, -0.044475, 0.028874, -0.005916)
"""Coefficients of x/λ (of φ⁰, φ², φ⁴, φ¹⁰, φ¹²) and of y/φ (of φ⁰, φ², φ⁶, φ⁸, φ¹⁰)."""
_EDGE_X = math.pi * _ACROSS[0]
EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth, R1 of GRS 80 (H. Moritz, J. Geodesy 74 (2000) 128)."""


def _up(latitude: Floats) -> Floats:
    """y of latitudes in radians."""
    p = latitude**2
    height: Floats = latitude * (_UP[0] + p * (_UP[1] + p**2 * (_UP[2] + p * (_UP[3] + p * _UP[4]))))
    return height


_EDGE_Y = float(_up(np.array([math.pi / 2]))[0])
WIDE = 10_000
HIGH = round(WIDE * _EDGE_Y / _EDGE_X)


def project(longitude_deg: Floats, latitude_deg: Floats) -> tuple[Floats, Floats]:
    """Map coordinates (n,), (n,): 0–`WIDE` rightwards, 0–`HIGH` downwards."""
    latitude = np.radians(latitude_deg)
    p = latitude**2
    across = _ACROSS[0] + p * (_ACROSS[1] + p * (_ACROSS[2] + p**3 * (_ACROSS[3] + p * _ACROSS[4])))
    x = np.radians(longitude_deg) * across / _EDGE_X
    return (x + 1) * WIDE / 2, (1 - _up(latitude) / _EDGE_Y) * HIGH / 2


@cache
def coastline() -> tuple[Floats, ...]:
    """Rings (n, 2) of longitude and latitude in degrees, cut at the antimeridian."""
    source = files("orbitalcloud") / "data" / "map" / "land-110m.json"
    rings = json.loads(source.read_text("utf-8"))["rings"]
    return tuple(np.array(ring, dtype=np.float64).reshape(-1, 2) / 100 for ring in rings)


@cache
def _land() -> str:
    """Path data of the coastline."""
    return "".join(_closed(ring) for ring in coastline())


def _closed(ring: Floats) -> str:
    x, y = project(ring[:, 0], ring[:, 1])
    return steps(x, y) + "z"


def steps(x: Floats, y: Floats) -> str:
    """`M…l…` with relative integer steps, points that round to the same place left out."""
    whole = np.stack([x, y], axis=1).round().astype(np.int64)
    moved = np.ones(len(whole), dtype=bool)
    moved[1:] = (np.diff(whole, axis=0) != 0).any(axis=1)
    whole = whole[moved]
    head = f"M{whole[0, 0]} {whole[0, 1]}"
    rest = " ".join(f"{dx} {dy}" for dx, dy in np.diff(whole, axis=0).tolist())
    return head + ("l" + rest if rest else "h0").replace(" -", "-")


def _sphere(edge: bool = True) -> str:
    """The map's outline, or its graticule every 30°."""
    along = np.linspace(-90, 90, 61)
    if edge:
        outline = np.concatenate([along, along[::-1]])
        sides = np.concatenate([np.full(61, 180.0), np.full(61, -180.0)])
        return steps(*project(sides, outline)) + "z"
    upright = [steps(*project(np.full(61, float(lon)), along)) for lon in range(-150, 180, 30)]
    level = [steps(*project(np.array([-180.0, 180.0]), np.full(2, float(lat)))) for lat in range(-60, 90, 30)]
    return "".join(upright + level)


# Tracks -------------------------------------------------------------------------------------------------------------


def runs(keys: Times) -> Iterator[tuple[int, int]]:
    """Index ranges [begin, end) over which `keys` stays the same."""
    edges = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), len(keys)]
    yield from pairwise(edges)


def track(longitude_deg: Floats, latitude_deg: Floats) -> str:
    """Path data of a line on the sphere, cut (with both ends carried to the edge) where it leaves the map."""
    if len(longitude_deg) < 2:
        return ""
    jumps = np.flatnonzero(np.abs(np.diff(longitude_deg)) > 180).tolist()
    out = []
    begin = 0
    lead: list[tuple[float, float]] = []
    for jump in [*jumps, len(longitude_deg) - 1]:
        piece = [
            *lead,
            *zip(longitude_deg[begin : jump + 1].tolist(), latitude_deg[begin : jump + 1].tolist(), strict=True),
        ]
        lead = []
        if jump < len(longitude_deg) - 1:
            side = math.copysign(180.0, longitude_deg[jump])
            ahead = longitude_deg[jump + 1] + 2 * side
            share = (
                (side - longitude_deg[jump]) / (ahead - longitude_deg[jump]) if ahead != longitude_deg[jump] else 0.0
            )
            crossing = float(latitude_deg[jump] + share * (latitude_deg[jump + 1] - latitude_deg[jump]))
            piece.append((side, crossing))
            lead = [(-side, crossing)]
        points = np.array(piece)
        if len(points) > 1:
            out.append(steps(*project(points[:, 0], points[:, 1])))
        begin = jump + 1
    return "".join(out)


def _lit(satellite: Satellite) -> tuple[str, str]:
    """Track data in sunlight and in shadow."""
    series = satellite.series
    paths: list[list[str]] = [[], []]
    dark = (series.sunlit < 0.5).astype(np.int64)
    for begin, end in runs(dark):
        stop = min(end + 1, len(series))
        paths[int(dark[begin])].append(track(series.longitude_deg[begin:stop], series.latitude_deg[begin:stop]))
    return "".join(paths[0]), "".join(paths[1])


def in_contact(flight: Flight, satellite: Satellite) -> Times:
    """For each reading 1 where a station is in contact, else 0."""
    series = satellite.series
    inside = np.zeros(len(series), dtype=np.int64)
    for contact in flight.contacts:
        if contact.node == satellite.name and contact.peer in flight.stations:
            begin, end = np.searchsorted(series.at_ns, [contact.opened, contact.end])
            inside[begin:end] = 1
    return inside


def _reach(station: Station, height_m: float) -> str:
    """The circle of places over which a satellite at `height_m` stands above the station's mask."""
    mask = math.radians(station.mask_deg)
    angle = math.acos(EARTH_RADIUS_M * math.cos(mask) / (EARTH_RADIUS_M + height_m)) - mask
    turn = np.linspace(0, 2 * math.pi, 121)
    here = math.radians(station.latitude_deg)
    latitude = np.arcsin(math.sin(here) * math.cos(angle) + math.cos(here) * math.sin(angle) * np.cos(turn))
    across = np.sin(turn) * math.sin(angle) * math.cos(here)
    longitude = math.radians(station.longitude_deg) + np.arctan2(
        across, math.cos(angle) - math.sin(here) * np.sin(latitude)
    )
    degrees = (np.degrees(longitude) + 180) % 360 - 180
    return track(degrees, np.degrees(latitude))


def land_layers() -> str:
    """Sea, graticule and land, on which a map is drawn."""
    return (
        f'<path class="sea" d="{_sphere()}"/><path class="graticule" d="{_sphere(edge=False)}"/>'
        f'<path class="land" fill-rule="evenodd" d="{_land()}"/>'
    )


def map_frame(layers: str, label: str, caption: str) -> str:
    """A figure of a map's layers; `label` is an attribute's text, `caption` HTML."""
    return (
        f'<figure class="map"><div><svg viewBox="-20 -20 {WIDE + 40} {HIGH + 40}" role="img" aria-label="{label}">'
        f"{layers}</svg></div><figcaption>{caption}</figcaption></figure>"
    )


# The map ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Label:
    x: float
    y: float
    name: str


def _station_marks(stations: Sequence[Station]) -> tuple[str, str]:
    """Dots, and names on whichever side is free."""
    dots, names = [], []
    taken: list[_Label] = []
    for station in stations:
        x, y = (float(v[0]) for v in project(np.array([station.longitude_deg]), np.array([station.latitude_deg])))
        dots.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="38"/>')
        crowded = any(abs(x - other.x) < 1_000 and abs(y - other.y) < 130 for other in taken)
        side = "left" if x > 0.86 * WIDE or crowded else "right"
        taken.append(_Label(x, y, station.name))
        place = f"left:{x * 100 / WIDE:.2f}%;top:{y * 100 / HIGH:.2f}%"
        names.append(f'<span class="{side}" style="{place}">{text(station.name)}</span>')
    return "".join(dots), "".join(names)


def world_map(flight: Flight, satellites: Sequence[Satellite]) -> str:
    """The map of one to three satellites' whole tracks, or of the last revolution of more."""
    shown = [satellite for satellite in satellites if len(satellite.series) > 1]
    height_m = float(np.mean([satellite.series.height_m.mean() for satellite in shown])) if shown else 550_000.0
    stations = list(flight.stations.values())
    dots, names = _station_marks(stations)
    layers = [
        land_layers(),
        f'<path class="reach" d="{"".join(_reach(station, height_m) for station in stations)}"/>',
    ]
    few = len(shown) <= 3
    for satellite in shown if few else ():
        sunlit, dark = _lit(satellite)
        layers.append(
            f'<path class="track dark" d="{dark or "M0 0"}"/><path class="track sunlit" d="{sunlit or "M0 0"}"/>'
        )
        series, inside = satellite.series, in_contact(flight, satellite)
        contact = "".join(
            track(series.longitude_deg[begin:end], series.latitude_deg[begin:end])
            for begin, end in runs(inside)
            if inside[begin]
        )
        layers.append(f'<path class="track contact" d="{contact or "M0 0"}"/>')
    if not few:
        layers += [_last_turn(satellite) for satellite in shown]
    marker = '<circle id="here" r="58" cx="-200" cy="-200"/>' if len(shown) == 1 else ""
    key = '<i class="contact">in contact</i>' if few else ""
    label = attribute(f"Ground track of {', '.join(satellite.name for satellite in shown[:3])}")
    data = _positions(shown[0]) if len(shown) == 1 else ""
    return (
        f'<figure class="map"><div><svg viewBox="-20 -20 {WIDE + 40} {HIGH + 40}" role="img" aria-label="{label}">'
        f'{"".join(layers)}<g class="station">{dots}</g>{marker}</svg>{names}</div>'
        f'<figcaption><i class="sunlit">in sunlight</i><i class="dark">in shadow</i>{key}'
        f'<i class="reach">a station’s reach at {height_m / 1000:.0f} km</i></figcaption>{data}</figure>'
    )


def _last_turn(satellite: Satellite) -> str:
    series = satellite.series
    since = series.at_ns[-1] - round((satellite.period_s or 5_700) * 1e9)
    begin = int(np.searchsorted(series.at_ns, since))
    step = max(1, (len(series) - begin) // 64)
    longitude, latitude = series.longitude_deg[begin::step], series.latitude_deg[begin::step]
    x, y = (float(v[0]) for v in project(series.longitude_deg[-1:], series.latitude_deg[-1:]))
    tone = "sunlit" if series.sunlit[-1] >= 0.5 else "dark"
    return (
        f'<path class="track faint" d="{track(longitude, latitude) or "M0 0"}"/>'
        f'<circle class="now {tone}" cx="{x:.0f}" cy="{y:.0f}" r="48"><title>{text(satellite.name)}</title></circle>'
    )


def _positions(satellite: Satellite) -> str:
    """Map positions every few minutes for the page's crosshair: [ms, x, y, …]."""
    series = satellite.series
    step = max(1, len(series) // 1_440)
    x, y = project(series.longitude_deg[::step], series.latitude_deg[::step])
    flat = np.stack([series.at_ns[::step] // 1_000_000, x.round().astype(np.int64), y.round().astype(np.int64)], axis=1)
    start = int(flat[0, 0])
    flat[:, 0] = (flat[:, 0] - start) // 1000
    return embedded("positions", {"start": start, "s_x_y": flat.ravel().tolist()})
