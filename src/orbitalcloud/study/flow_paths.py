"""The network of a mission's flows at one instant after the other, and the shortest path of each flow through it.

Lengths are light's: a satellite's processing counts as so many metres, half of it on each of the two links through it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import Instant
from orbitalcloud.mission import Loaded
from orbitalcloud.mission.catalogue import catalogue
from orbitalcloud.mission.connectivity import Connectivity
from orbitalcloud.mission.physical import orbits_of
from orbitalcloud.network.grid_paths import distances_over_grid, path_over_grid
from orbitalcloud.network.mesh_paths import Mesh, path_to, shortest
from orbitalcloud.physics import IslLimits, Orbits
from orbitalcloud.physics.constants import SPEED_OF_LIGHT_M_S
from orbitalcloud.physics.frames import teme_to_itrs
from orbitalcloud.physics.mesh import Grid, Sights, free_links, grid_lengths, grid_links, sights
from orbitalcloud.study.flow_places import Ground

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
_AT_ONCE = 400_000  # states in memory


@dataclass(frozen=True, slots=True)
class Step:
    """One instant: positions in TEME, satellites (3, n) and places (n_places, 3), and each flow's path as
    node numbers (a place is its index plus the number of satellites), empty where there is none; its light-path in
    metres, infinite there. `linked` are the links between satellites that stand, sorted, each coded
    first · n + second."""

    at: Instant
    satellites_m: Floats
    places_m: Floats
    ups: Floats
    paths: tuple[tuple[int, ...], ...]
    lengths_m: tuple[float, ...]
    linked: Indices


@dataclass(frozen=True, slots=True)
class Network:
    """What carries the flows: `grids` are +grids with their first satellite, `terminals` of a free topology."""

    orbits: Orbits
    ground: Ground
    limits: IslLimits
    grids: tuple[tuple[int, Grid], ...]
    terminals: int
    relays: bool
    hop_m: float

    @classmethod
    def of(cls, loaded: Loaded, ground: Ground, settings: Connectivity, topology: str, relays: bool) -> Network:
        """A mission's network with its own topology and relays, or with others for comparison."""
        grids = tuple(_grids(loaded)) if topology == "+grid" else ()
        return cls(
            orbits_of(loaded),
            ground,
            limits_of(settings),
            grids,
            settings.terminals if topology == "free" else 0,
            relays,
            settings.processing_ms * 1e-3 * SPEED_OF_LIGHT_M_S,
        )


def limits_of(settings: Connectivity) -> IslLimits:
    """What terminals between satellites can do: the mission's values, else the radio's."""
    radio = catalogue().links.get(settings.isl_radio or "")
    range_km = settings.range_km if settings.range_km is not None else radio.range_km if radio else None
    graze = settings.grazing_height_km
    if graze is None:
        graze = radio.grazing_height_km if radio else 80.0
    return IslLimits(math.inf if range_km is None else range_km * 1e3, graze * 1e3)


def _grids(loaded: Loaded) -> Iterator[tuple[int, Grid]]:
    first = 0
    for one in loaded.mission.satellite:
        walker = one.walker
        if walker is not None:
            yield first, Grid.of(walker.total, walker.planes, walker.phasing, walker.pattern)
        first += walker.total if walker is not None else one.cluster.satellites if one.cluster is not None else 1


def steps(network: Network, times_ns: Indices) -> Iterator[Step]:
    """The network's steps in turn."""
    count = len(network.orbits)
    block = max(1, _AT_ONCE // max(1, count))
    held: Indices | None = None
    for begin in range(0, len(times_ns), block):
        times = times_ns[begin : begin + block]
        position = network.orbits.position_teme_m(times)
        turn = teme_to_itrs(times)
        for k, at in enumerate(times.tolist()):
            r = np.ascontiguousarray(position[:, k].T)
            places, ups = network.ground.position_m @ turn[k], network.ground.up @ turn[k]
            seen = sights(r, places, ups, network.ground.mask_rad)
            if len(network.grids) == 1 and not network.relays and network.grids[0][0] == 0 and _whole(network):
                paths, lengths, linked = _over_grid(network, r, seen)
            else:
                first, second, isl_m, held = _links(network, r, held)
                paths, lengths = _over_mesh(network, first, second, isl_m, seen, count)
                linked = _codes(first, second, isl_m, count)
            yield Step(Instant(at), r, places, ups, paths, lengths, linked)


def _codes(first: Indices, second: Indices, isl_m: Floats, count: int) -> Indices:
    """The links of finite length, whichever end comes first, coded and sorted."""
    there = np.isfinite(isl_m)
    first, second = first[there], second[there]
    return np.sort(np.minimum(first, second) * count + np.maximum(first, second))


def _whole(network: Network) -> bool:
    """Whether the one grid is of all satellites."""
    grid = network.grids[0][1]
    return grid.planes * grid.slots == len(network.orbits)


def _links(network: Network, r: Floats, held: Indices | None) -> tuple[Indices, Indices, Floats, Indices | None]:
    """(first, second, lengths) of the links between satellites, and the free topology's choice to hold on to."""
    none = np.empty(0, dtype=np.int64)
    if network.terminals:
        first, second, lengths = free_links(r, network.terminals, network.limits, held)
        return first, second, lengths, first * r.shape[1] + second
    parts: list[tuple[Indices, Indices, Floats]] = [(none, none, np.empty(0))]
    for begin, grid in network.grids:
        size = grid.planes * grid.slots
        mine = np.ascontiguousarray(r[:, begin : begin + size])
        along, across = grid_lengths(mine, grid, network.limits)
        one, other = grid_links(grid)
        parts.append((one + begin, other + begin, np.concatenate([along.ravel(), across.ravel()])))
    firsts, seconds, lengths_of = zip(*parts, strict=True)
    return np.concatenate(firsts), np.concatenate(seconds), np.concatenate(lengths_of), None


Ways = tuple[tuple[int, ...], ...]
Paths = tuple[Ways, tuple[float, ...]]


def _over_grid(network: Network, r: Floats, seen: Sights) -> tuple[Ways, tuple[float, ...], Indices]:
    """Each flow's path over the one +grid, and the links that stand."""
    grid, flows, count = network.grids[0][1], network.ground.flows, r.shape[1]
    along, across = grid_lengths(r, grid, network.limits)
    linked = _codes(*grid_links(grid), np.concatenate([along.ravel(), across.ravel()]), count)
    along, across, half = along + network.hop_m, across + network.hop_m, 0.5 * network.hop_m
    sources = sorted({flow.source for flow in flows})
    spans = [slice(seen.starts[place], seen.starts[place + 1]) for place in sources]
    starts = np.concatenate([[0], np.cumsum([span.stop - span.start for span in spans])]).astype(np.int64)
    first = np.concatenate([seen.satellites[span] for span in spans])
    up_m = np.concatenate([seen.ranges_m[span] for span in spans]) + half
    rows = distances_over_grid(along, across, grid.seam, starts, first, up_m)
    paths, lengths = [], []
    for flow in flows:
        row = rows[sources.index(flow.source)]
        best, last, end = math.inf, -1, -1
        for place in flow.destinations:
            span = slice(seen.starts[place], seen.starts[place + 1])
            ways = row[seen.satellites[span]] + (seen.ranges_m[span] + half)
            if len(ways) and ways.min() < best:
                at = int(ways.argmin())
                best, last, end = float(ways[at]), int(seen.satellites[span][at]), place
        over = path_over_grid(row, along, across, grid.seam, last) if end >= 0 else []
        paths.append((count + flow.source, *over, count + end) if over else ())
        lengths.append(best)
    return tuple(paths), tuple(lengths), linked


def _over_mesh(network: Network, first: Indices, second: Indices, isl_m: Floats, seen: Sights, count: int) -> Paths:
    """Each flow's path over any links, and over stations where those relay."""
    places, flows, half = network.ground.places, network.ground.flows, 0.5 * network.hop_m
    looking = np.repeat(np.arange(len(places), dtype=np.int64), np.diff(seen.starts)) + count
    mesh = Mesh.of(
        count + len(places),
        np.concatenate([first, seen.satellites.astype(np.int64)]),
        np.concatenate([second, looking]),
        np.concatenate([isl_m + network.hop_m, seen.ranges_m + half]),
    )
    through = np.ones(count + len(places), dtype=np.bool_)
    through[count:] = [network.relays and place.station for place in places]
    sources = sorted({flow.source for flow in flows})
    far, before = shortest(mesh, np.array(sources, dtype=np.int64) + count, through)
    paths, lengths = [], []
    for flow in flows:
        row = sources.index(flow.source)
        end = min(flow.destinations, key=lambda place: (far[row, count + place], place), default=-1)
        length = float(far[row, count + end]) if end >= 0 else math.inf
        paths.append(tuple(path_to(before[row], count + end)) if math.isfinite(length) else ())
        lengths.append(length)
    return tuple(paths), tuple(lengths)
