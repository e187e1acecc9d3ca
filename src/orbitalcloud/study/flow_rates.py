"""What each link of the flows' paths can carry: rates by hand, or link budgets by range, elevation and air.

Links have one capacity each way. A user's terminal has one beam up and one down, shared by all its flows; a station has
a beam to each satellite; what all users' beams of one satellite carry together may be bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.mission.catalogue import catalogue
from orbitalcloud.mission.channels import built
from orbitalcloud.mission.connectivity import Connectivity
from orbitalcloud.network.fair_share import max_min_fair
from orbitalcloud.physics import OpticalLink, RadioLink, optical_rate_bps, rate_bps
from orbitalcloud.physics.link_atmosphere import LOWEST_ELEVATION_RAD
from orbitalcloud.study.flow_paths import Step
from orbitalcloud.study.flow_places import Ground, Place

Floats = NDArray[np.float64]
Link = tuple[int, int]
Key = tuple[str, int, int]
_MBPS = 1e6


@dataclass(slots=True)
class Rates:
    """The rates of a mission's links at a step's places; budgets are asked once for each link and step."""

    settings: Connectivity
    ground: Ground
    satellites: int
    _radios: dict[str, RadioLink | OpticalLink | float] = field(default_factory=dict)

    def capacities(self, step: Step, links: Sequence[Link]) -> dict[Link, float]:
        """Bits a second of each directed link, (from, to) as node numbers."""
        n = self.satellites
        made: dict[Link, float] = {}
        groups: dict[tuple[str, str], list[Link]] = {}
        for link in links:
            if link[0] < n and link[1] < n:
                groups.setdefault(("isl", ""), []).append(link)
            else:
                place = self.ground.places[max(link) - n]
                kind = "gateway" if place.station else "user"
                groups.setdefault((f"{kind}_{'up' if link[0] >= n else 'down'}", place.name), []).append(link)
        for (way, _), mine in groups.items():
            made.update(zip(mine, self._rates(step, way, mine), strict=True))
        return made

    def _rates(self, step: Step, way: str, links: list[Link]) -> list[float]:
        source = self._source(way)
        if isinstance(source, float):
            return [source] * len(links)
        n = self.satellites
        if way == "isl":
            pair = np.array(links)
            far = np.linalg.norm(step.satellites_m[:, pair[:, 1]] - step.satellites_m[:, pair[:, 0]], axis=0)
            if isinstance(source, OpticalLink):
                return [float(rate) for rate in optical_rate_bps(source, far)]
            return [float(rate) for rate in rate_bps(np.zeros(len(far)), far, None, source)]
        number = max(links[0]) - n
        line = step.satellites_m[:, [min(link) for link in links]].T - step.places_m[number]
        far = np.linalg.norm(line, axis=1)
        elevation = np.arcsin(np.clip(line @ step.ups[number] / far, -1.0, 1.0))
        return [float(rate) for rate in _to_ground(source, elevation, far, self.ground.places[number])]

    def _source(self, way: str) -> RadioLink | OpticalLink | float:
        """A rate by hand, else the radio's budget or fixed rate."""
        if way not in self._radios:
            self._radios[way] = self._found(way)
        return self._radios[way]

    def _found(self, way: str) -> RadioLink | OpticalLink | float:
        by_hand = getattr(self.settings, f"{way}_mbps")
        if by_hand is not None:
            return float(by_hand) * _MBPS
        kind = way.partition("_")[0]
        name = getattr(self.settings, f"{kind}_radio")
        radio, direction = catalogue().links[name], {"isl": "across"}.get(way, way.partition("_")[2])
        budget = getattr(radio, direction)
        if budget is None:
            return float(getattr(radio, f"{direction}_kbps")) * 1e3
        return built(budget, f"{name} {direction}", radio.band)


def _to_ground(source: RadioLink | OpticalLink, elevation: Floats, far: Floats, place: Place) -> Floats:
    """A budget through the air over a place; none below the lowest elevation at which the air is modelled."""
    assert place.air, "checked with the mission"
    if isinstance(source, RadioLink):
        return rate_bps(elevation, far, place.air, source)
    usable = elevation >= LOWEST_ELEVATION_RAD
    safe = np.where(usable, elevation, np.pi / 2.0)
    return np.where(usable, optical_rate_bps(source, far, safe, source.clear_zenith_db), 0.0)


def fair_rates(step: Step, rates: Rates) -> tuple[Floats, list[str]]:
    """Each flow's max-min fair rate (bit/s, 0 where it has no path) and what stopped it: `demand`, `user up`,
    `user down`, `gateway`, `between satellites`, `beams`; empty where it has no path."""
    going = [index for index, path in enumerate(step.paths) if path]
    out, why = np.zeros(len(step.paths)), [""] * len(step.paths)
    if not going:
        return out, why
    links = sorted({link for index in going for link in _pairs(step.paths[index])})
    capacity = rates.capacities(step, links)
    keys: dict[Key, int] = {}
    least: list[float] = []
    starts, used = [0], []
    for index in going:
        for link in _pairs(step.paths[index]):
            for key, most in _shared(link, capacity[link], rates):
                number = keys.setdefault(key, len(keys))
                if number == len(least):
                    least.append(most)
                least[number] = min(least[number], most)
                used.append(number)
        starts.append(len(used))
    demand = np.array([rates.ground.flows[index].demand_bps for index in going])
    fair, stopped = max_min_fair(np.array(starts), np.array(used), np.array(least), demand)
    names = [key[0] for key in keys]
    for place, index in enumerate(going):
        out[index] = fair[place]
        why[index] = names[stopped[place]] if stopped[place] >= 0 else "demand"
    return out, why


def _pairs(path: tuple[int, ...]) -> list[Link]:
    return list(pairwise(path))


def _shared(link: Link, most: float, rates: Rates) -> list[tuple[Key, float]]:
    """What a directed link shares with others, and its capacity."""
    n = rates.satellites
    if link[0] < n and link[1] < n:
        return [(("between satellites", *link), most)]
    place = rates.ground.places[max(link) - n]
    if place.station:
        return [(("gateway", *link), most)]
    up = link[0] >= n
    made: list[tuple[Key, float]] = [(("user up" if up else "user down", max(link), 0), most)]
    if rates.settings.satellite_mbps is not None:
        made.append((("beams", min(link), int(up)), rates.settings.satellite_mbps * _MBPS))
    return made
