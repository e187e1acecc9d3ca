"""Where flows begin and end: terminals, cities and stations of a mission as places on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DataError
from orbitalcloud.mission import Loaded
from orbitalcloud.mission.check_connectivity import name_of
from orbitalcloud.mission.cities import cities
from orbitalcloud.mission.connectivity import ANY_STATION, Connectivity, Terminal
from orbitalcloud.physics.frames import itrs_of_geodetic, up_of_geodetic

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Place:
    """A user's terminal or a station (a gateway)."""

    name: str
    station: bool
    latitude_deg: float
    longitude_deg: float
    height_m: float
    mask_deg: float
    air: str


@dataclass(frozen=True, slots=True)
class FlowEnds:
    """A flow by the indices of its places: `destinations` are several where any station will do."""

    name: str
    source: int
    destinations: tuple[int, ...]
    demand_bps: float


@dataclass(frozen=True, slots=True)
class Ground:
    """The places and the flows between them; positions and normals in ITRS, (n_places, 3)."""

    places: tuple[Place, ...]
    flows: tuple[FlowEnds, ...]
    position_m: Floats
    up: Floats
    mask_rad: Floats


def network_of(loaded: Loaded) -> Connectivity:
    """The mission's `[connectivity]`; `DataError` where it has none, or no flow."""
    if loaded.mission.connectivity is None or not loaded.mission.flow:
        missing = "no [connectivity]" if loaded.mission.connectivity is None else "no [[flow]]"
        raise DataError(loaded.path, missing, "write both, as docs/missions.md says; starlink-shell-1 has them")
    return loaded.mission.connectivity


def ground_of(loaded: Loaded) -> Ground:
    """Every station, and those terminals and cities that flows name, with the flows."""
    network = network_of(loaded)
    places = [
        Place(one.name, True, one.latitude_deg, one.longitude_deg, one.height_m, one.mask_deg, one.air)
        for one in loaded.stations
    ]
    index = {place.name: number for number, place in enumerate(places)}
    terminals = {one.name: one for one in loaded.mission.terminal}

    def at(name: str) -> int:
        if name not in index:
            index[name] = len(places)
            places.append(_user(terminals.get(name) or Terminal(name=name, city=name), network))
        return index[name]

    stations = tuple(range(len(places)))
    flows = []
    for flow in loaded.mission.flow:
        ends = stations if flow.destination == ANY_STATION else (at(flow.destination),)
        demand = math.inf if flow.demand_mbps is None else flow.demand_mbps * 1e6
        source = at(flow.source)
        flows.append(FlowEnds(name_of(flow), source, tuple(end for end in ends if end != source), demand))
    latitude = np.radians([place.latitude_deg for place in places])
    longitude = np.radians([place.longitude_deg for place in places])
    return Ground(
        tuple(places),
        tuple(flows),
        itrs_of_geodetic(latitude, longitude, [place.height_m for place in places]),
        up_of_geodetic(latitude, longitude),
        np.radians([place.mask_deg for place in places]),
    )


def _user(one: Terminal, network: Connectivity) -> Place:
    city = cities()[one.city] if one.city is not None else None
    latitude = city.latitude_deg if city is not None else one.latitude_deg
    longitude = city.longitude_deg if city is not None else one.longitude_deg
    assert latitude is not None, "checked with the mission"
    assert longitude is not None, "checked with the mission"
    east = longitude - 360.0 if longitude > 180.0 else longitude
    mask = network.mask_deg if one.mask_deg is None else one.mask_deg
    return Place(one.name, False, latitude, east, one.height_m, mask, one.air or "")


def great_circle_m(one: Place, other: Place, radius_m: float = 6_371_008.8) -> float:
    """The distance over the mean sphere (R1 of GRS 80), by the haversine."""
    a, b = math.radians(one.latitude_deg), math.radians(other.latitude_deg)
    turn = math.radians(other.longitude_deg - one.longitude_deg)
    half = math.sin((b - a) / 2.0) ** 2 + math.cos(a) * math.cos(b) * math.sin(turn / 2.0) ** 2
    return 2.0 * radius_m * math.asin(min(1.0, math.sqrt(half)))
