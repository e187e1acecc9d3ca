"""A mission's `[connectivity]` as nodes and channels: its flows' terminals, gateways and grid, for what flies packets.

`study.connectivity` asks at instants what a path would be; here the same places and rates become contacts that open and
close.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from orbitalcloud.core import DataError
from orbitalcloud.mission import Loaded
from orbitalcloud.mission.catalogue import catalogue
from orbitalcloud.mission.channels import built, frequency_hz, most_bps
from orbitalcloud.mission.cities import cities
from orbitalcloud.mission.connectivity import ANY_STATION, Connectivity, Terminal
from orbitalcloud.mission.resolved import Channel, Ground
from orbitalcloud.physics.isl import IslLimits, grid_pairs
from orbitalcloud.physics.link import RadioLink
from orbitalcloud.physics.link_optical import OpticalLink

Way = tuple[int, RadioLink | OpticalLink | None]


def connected(loaded: Loaded, wanted: Sequence[str] = ()) -> tuple[Loaded, frozenset[str]]:
    """The mission with its `[connectivity]` as stations and channels, and the nodes that pass nothing on.

    Of users only those `wanted` (also packaged cities that no flow names), or all where nobody is. A mission without
    `[connectivity]` stays as it is. `DataError` for what cannot be made of one.
    """
    network = loaded.mission.connectivity
    if network is None:
        return loaded, frozenset()
    users = tuple(_ground(one, network) for one in _terminals(loaded, wanted) if not wanted or one.name in wanted)
    channels = {(one.sender, one.receiver): one for one in (*_beams(loaded, users, network), *_grid(loaded, network))}
    channels |= {(one.sender, one.receiver): one for one in loaded.channels}
    silent = {one.name for one in users} | (set() if network.relays else {one.name for one in loaded.stations})
    made = replace(
        loaded,
        stations=(*loaded.stations, *users),
        channels=tuple(channels[pair] for pair in sorted(channels)),
    )
    return made, frozenset(silent)


def _terminals(loaded: Loaded, wanted: Sequence[str]) -> list[Terminal]:
    """The mission's terminals, and one in each city that a flow or somebody names."""
    known = {one.name: one for one in loaded.mission.terminal}
    stations = {one.name for one in loaded.stations} | {ANY_STATION}
    for flow in loaded.mission.flow:
        for name in (flow.source, flow.destination):
            if name not in known and name not in stations:
                known[name] = Terminal(name=name, city=name)
    for name in wanted:
        if name not in known and name not in stations and name in cities():
            known[name] = Terminal(name=name, city=name)
    return list(known.values())


def _ground(one: Terminal, network: Connectivity) -> Ground:
    city = cities()[one.city] if one.city is not None else None
    latitude = city.latitude_deg if city is not None else one.latitude_deg
    longitude = city.longitude_deg if city is not None else one.longitude_deg
    assert latitude is not None, "checked with the mission"
    assert longitude is not None, "checked with the mission"
    east = longitude - 360.0 if longitude > 180.0 else longitude
    mask = network.mask_deg if one.mask_deg is None else one.mask_deg
    return Ground(one.name, "", latitude, east, one.height_m, mask, "", one.air or "")


def _beams(loaded: Loaded, users: tuple[Ground, ...], network: Connectivity) -> Iterator[Channel]:
    """Between every place and every satellite, both ways."""
    for kind, places in (("user", users), ("gateway", loaded.stations)):
        if not places:
            continue
        up, down = _way(network, kind, "up"), _way(network, kind, "down")
        for place in places:
            if (up[1] or down[1]) and not place.air:
                remedy = 'give it air = the site with the most similar climate, such as "singapore", or rates by hand'
                raise DataError(f"the air over {place.name}", "not known", remedy)
            for craft in loaded.satellites:
                yield _channel(place.name, craft.name, kind, up, None)
                yield _channel(craft.name, place.name, kind, down, None)


def _grid(loaded: Loaded, network: Connectivity) -> Iterator[Channel]:
    """Between satellites, both ways."""
    if network.topology == "none":
        return
    if network.topology != "+grid":
        raise DataError("topology", network.topology, 'an emulation links satellites that stay linked: "+grid" or none')
    radio = catalogue().links.get(network.isl_radio or "")
    range_km = network.range_km if network.range_km is not None else radio.range_km if radio else None
    graze = network.grazing_height_km
    if graze is None:
        graze = radio.grazing_height_km if radio else 80.0
    limits = IslLimits(math.inf if range_km is None else range_km * 1e3, graze * 1e3)
    way = _way(network, "isl", "across")
    names = [craft.name for craft in loaded.satellites]
    for one in loaded.mission.satellite:
        if one.walker is None:
            continue
        walker = one.walker
        members = [name for name in names if name.startswith(f"{one.name}-")][: walker.total]
        for i, j in grid_pairs(walker.total, walker.planes, walker.phasing, walker.pattern):
            yield _channel(members[i], members[j], "isl", way, limits)
            yield _channel(members[j], members[i], "isl", way, limits)


def _way(network: Connectivity, kind: str, direction: str) -> Way:
    """(most bit/s, budget) of one direction: a rate by hand beats the radio's budget, which beats its rate."""
    by_hand = getattr(network, "isl_mbps" if kind == "isl" else f"{kind}_{direction}_mbps")
    if by_hand is not None:
        return round(by_hand * 1e6), None
    name = getattr(network, f"{kind}_radio")
    radio = catalogue().links[name]
    budget = getattr(radio, direction)
    if budget is None:
        return round(getattr(radio, f"{direction}_kbps") * 1e3), None
    made = built(budget, f"{name} {direction}", radio.band)
    return most_bps(made), made


def _channel(sender: str, receiver: str, kind: str, way: Way, limits: IslLimits | None) -> Channel:
    rate, budget = way
    hertz = frequency_hz(budget) if budget is not None else 0.0
    return Channel(sender, receiver, kind, rate, 0.0, 0, False, budget, 0.99, limits, hertz)
