"""Does it close? A mission's power, heat, links and load against their limits, before it is flown.

The physics is that of the flight (`EnergyHeat` over the whole mission, minute by minute, every satellite), the load is
its mean: the platform, the accelerator busy for the share of time that the jobs need, the transmitter on in every
pass. Three runs: without jobs, for the cold; with jobs, for charge and the hot; and, for information, with an
accelerator that never stops. What depends on the order of events (queues, lost frames, faults) the flight itself tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DAY, HOUR, MINUTE, SECOND, Instant
from orbitalcloud.mission import Craft, Loaded
from orbitalcloud.mission.physical import (
    ZERO_CELSIUS_K,
    energy_heat,
    inclination_deg,
    loads_w,
    node_index,
    orbits_of,
    period_s,
    sites_of,
)
from orbitalcloud.physics import (
    Orbits,
    ShadowEvent,
    Window,
    beta_angle_rad,
    contact_windows,
    geometry,
    shadow_events,
)
from orbitalcloud.study.demand import Demand, demand, pieces
from orbitalcloud.study.sheet import Margin, NodeRange, SatelliteSheet, Sheet, StationContact
from orbitalcloud.twin.contacts import find_contacts

Floats = NDArray[np.float64]


def check(loaded: Loaded) -> Sheet:
    """The sheet of a mission. Minutes of a few hundred satellites over days; reads the jobs' artefacts and inputs."""
    orbits = orbits_of(loaded)
    count, days = len(loaded.satellites), (loaded.ends - loaded.starts) / DAY
    periods_s = [period_s(craft) for craft in loaded.satellites]
    runs = pieces(loaded)
    demands = [demand(loaded, craft, period, runs) for craft, period in zip(loaded.satellites, periods_s, strict=True)]
    contacts = _contacts(loaded, orbits)
    carried = _carried(loaded, orbits)
    terminals_w = _terminals_w(loaded, carried)
    radio_w = np.array(
        [
            _radio_w(loaded, craft, contacts[i]) + terminals_w.get(craft.name, 0.0)
            for i, craft in enumerate(loaded.satellites)
        ]
    )
    duty = np.minimum(1.0, np.array([one.busy_s for one in demands]) / (days * 86_400.0))
    idle = np.array([craft.accelerator.idle_w for craft in loaded.satellites])
    active = np.array([craft.accelerator.active_w for craft in loaded.satellites])
    quiet = _fly(loaded, orbits, idle, radio_w)
    busy = _fly(loaded, orbits, idle + duty * (active - idle), radio_w) if duty.any() else quiet
    full = _fly(loaded, orbits, active, radio_w)
    eclipses = _eclipses(loaded, orbits, count)
    beta = np.degrees(beta_angle_rad(orbits, np.linspace(loaded.starts, loaded.ends, 49).astype(np.int64)))
    sheets = []
    for i, craft in enumerate(loaded.satellites):
        passes = _station_contacts(loaded, craft, contacts[i], carried)
        nodes = _nodes(craft, quiet, busy, i)
        demand_here = demands[i]
        array_w, load_w = float(busy.array_w[i]), float(busy.load_w[i])
        platform_w = float(quiet.load_w[i])
        sheets.append(
            SatelliteSheet(
                name=craft.name,
                bus=craft.bus_name,
                orbit=craft.orbit_text,
                period_min=periods_s[i] / 60.0,
                inclination_deg=inclination_deg(craft),
                sunlit_share=float(quiet.sunlit[i]),
                eclipses_per_day=len(eclipses[i]) / days,
                longest_eclipse_min=max(eclipses[i], default=0.0),
                beta_min_deg=float(beta[i].min()),
                beta_max_deg=float(beta[i].max()),
                array_w=array_w,
                idle_load_w=platform_w,
                job_load_w=load_w,
                duty=demand_here.busy_s / (days * 86_400.0),
                sustainable_duty=_sustainable(craft, array_w, platform_w, float(quiet.sunlit[i])),
                reserve=craft.reserve,
                lowest_charge_idle=float(quiet.lowest[i]),
                lowest_charge_jobs=float(busy.lowest[i]),
                lowest_charge_nonstop=float(full.lowest[i]),
                payload_nonstop_c=float(full.hottest_k[i, node_index(craft, "payload")]) - ZERO_CELSIUS_K,
                nodes=nodes,
                contacts=passes,
                margins=tuple(_margins(craft, busy, i, nodes, passes, demand_here, days)),
            )
        )
    return Sheet(loaded.mission.name, days, tuple(sheets))


# Orbit and light ----------------------------------------------------------------------------------------------------


def _eclipses(loaded: Loaded, orbits: Orbits, count: int) -> list[list[float]]:
    """Minutes of each eclipse, penumbra to penumbra, that begins in the mission; one still on at its end is cut."""
    found: list[list[float]] = [[] for _ in range(count)]
    begun: dict[int, ShadowEvent] = {}
    for event in shadow_events(orbits, loaded.starts, loaded.ends):
        if event.kind == "penumbra-in":
            begun[event.satellite] = event
        elif event.kind == "penumbra-out" and event.satellite in begun:
            found[event.satellite].append((event.at - begun.pop(event.satellite).at) / MINUTE)
    for satellite, event in begun.items():
        found[satellite].append((loaded.ends - event.at) / MINUTE)
    return found


# Power and heat -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Run:
    """What a run of `EnergyHeat` saw: (n_satellites,) each, temperatures (n_satellites, n_nodes) in kelvin."""

    lowest: Floats
    coldest_k: Floats
    hottest_k: Floats
    array_w: Floats
    load_w: Floats
    unserved_j: Floats
    sunlit: Floats


def _fly(loaded: Loaded, orbits: Orbits, payload_w: Floats, radio_w: Floats) -> _Run:
    """Integrate the mission under constant loads, looking every minute."""
    now, lit, steps = loaded.starts, np.zeros(len(loaded.satellites)), 0
    until = Instant(min(loaded.ends, now + DAY))
    light = geometry(orbits, now, until)
    state = energy_heat(loaded, light)
    loads = loads_w(loaded, payload_w, state.n_nodes)
    lowest = state.state_of_charge.copy()
    coldest, hottest = state.temperature_k.copy(), state.temperature_k.copy()
    while True:
        lit += light.illumination.sum(axis=1, dtype=np.float64)
        steps += light.illumination.shape[1]
        while now < until:
            now = Instant(min(until, now + MINUTE))
            state.advance_all(now, loads, radio_w)
            np.minimum(lowest, state.state_of_charge, out=lowest)
            np.minimum(coldest, state.temperature_k, out=coldest)
            np.maximum(hottest, state.temperature_k, out=hottest)
        if now >= loaded.ends:
            break
        until = Instant(min(loaded.ends, now + DAY))
        light = geometry(orbits, now, until)
        state.use(light)
    seconds = (loaded.ends - loaded.starts) / SECOND
    asked_w = loads.sum(axis=1) + radio_w
    return _Run(lowest, coldest, hottest, state.generated_j / seconds, asked_w, state.unserved_j.copy(), lit / steps)


def _nodes(craft: Craft, quiet: _Run, busy: _Run, i: int) -> tuple[NodeRange, ...]:
    return tuple(
        NodeRange(
            node.name,
            float(min(quiet.coldest_k[i, column], busy.coldest_k[i, column])) - ZERO_CELSIUS_K,
            float(max(quiet.hottest_k[i, column], busy.hottest_k[i, column])) - ZERO_CELSIUS_K,
            node.cold_limit_c,
            min(node.hot_limit_c, craft.accelerator.hot_limit_c) if node.name == "payload" else node.hot_limit_c,
        )
        for column, node in enumerate(craft.bus.heat)
    )


def _path_efficiency(craft: Craft, sunlit: float) -> float:
    """What reaches a steady load of what the array offers: the eclipse's share goes through the battery."""
    battery = craft.bus.battery.charge_efficiency * craft.bus.battery.discharge_efficiency
    return 1.0 / (sunlit + (1.0 - sunlit) / battery) if sunlit > 0.0 else 0.0


def _sustainable(craft: Craft, array_w: float, platform_w: float, sunlit: float) -> float:
    """The duty that the array's mean power can feed beside the platform, 0–1."""
    spare_w = array_w * _path_efficiency(craft, sunlit) - platform_w
    more_w = craft.accelerator.active_w - craft.accelerator.idle_w
    return min(1.0, max(0.0, spare_w / more_w)) if more_w > 0.0 else 1.0


# Links --------------------------------------------------------------------------------------------------------------


def _contacts(loaded: Loaded, orbits: Orbits) -> list[list[list[Window]]]:
    """Passes by satellite and station, for pairs with a channel of either direction."""
    served = {(channel.sender, channel.receiver) for channel in loaded.channels}
    found: list[list[list[Window]]] = [[[] for _ in loaded.stations] for _ in loaded.satellites]
    if not loaded.stations:
        return found
    for window in contact_windows(orbits, sites_of(loaded), loaded.starts, loaded.ends):
        pair = loaded.satellites[window.satellite].name, loaded.stations[window.site].name
        if pair in served or pair[::-1] in served:
            found[window.satellite][window.site].append(window)
    for stations in found:
        for windows in stations:
            windows.sort(key=lambda window: window.opens)
    return found


def _radio_w(loaded: Loaded, craft: Craft, passes: list[list[Window]]) -> float:
    """The transmitter's mean power if it is on in every pass: an upper bound."""
    power_w = {c.receiver: c.transmit_w for c in loaded.channels if c.sender == craft.name}
    joules = sum(
        power_w.get(station.name, 0.0) * window.duration_ns / SECOND
        for station, windows in zip(loaded.stations, passes, strict=True)
        for window in windows
    )
    return joules / ((loaded.ends - loaded.starts) / SECOND)


def _carried(loaded: Loaded, orbits: Orbits) -> dict[tuple[str, str], tuple[float, float]]:
    """(bytes, seconds) over the mission of each channel whose contacts are not simply a rate over a pass: of those with
    a budget, and of those between satellites."""
    if not any(channel.budget is not None or channel.limits is not None for channel in loaded.channels):
        return {}
    planned = find_contacts(loaded, orbits, sites_of(loaded), until=loaded.ends).planned
    sums = {(c.sender, c.receiver): (0.0, 0.0) for c in loaded.channels if c.budget is not None or c.limits is not None}
    for one in planned:
        pair = one.sender, one.receiver
        if pair in sums:
            carried, lasted = sums[pair]
            sums[pair] = carried + one.capacity_bytes, lasted + one.duration_ns / SECOND
    return sums


def _terminals_w(loaded: Loaded, carried: dict[tuple[str, str], tuple[float, float]]) -> dict[str, float]:
    """Mean power of each satellite's terminals to others, if they send in every contact: an upper bound."""
    whole_s = (loaded.ends - loaded.starts) / SECOND
    power_w: dict[str, float] = {}
    for channel in loaded.channels:
        if channel.limits is not None:
            joules = channel.transmit_w * carried[channel.sender, channel.receiver][1]
            power_w[channel.sender] = power_w.get(channel.sender, 0.0) + joules / whole_s
    return power_w


def _station_contacts(
    loaded: Loaded, craft: Craft, passes: list[list[Window]], carried: dict[tuple[str, str], tuple[float, float]]
) -> tuple[StationContact, ...]:
    rate = {(channel.sender, channel.receiver): channel.rate_bps for channel in loaded.channels}
    days = (loaded.ends - loaded.starts) / DAY
    made = []
    for station, windows in zip(loaded.stations, passes, strict=True):
        seconds = sum(window.duration_ns for window in windows) / SECOND
        edges = [loaded.starts, *(edge for window in windows for edge in (window.opens, window.closes)), loaded.ends]
        gap_h = max(b - a for a, b in zip(edges[::2], edges[1::2], strict=True)) / HOUR
        up, down = (
            carried[pair][0] if pair in carried else seconds * rate.get(pair, 0) / 8.0
            for pair in ((station.name, craft.name), (craft.name, station.name))
        )
        made.append(
            StationContact(
                station.name,
                len(windows) / days,
                seconds / 60.0 / days,
                gap_h,
                up / 1e6 / days,
                down / 1e6 / days,
            )
        )
    return tuple(made)


# Margins ------------------------------------------------------------------------------------------------------------


def _margins(
    craft: Craft,
    busy: _Run,
    i: int,
    nodes: tuple[NodeRange, ...],
    contacts: tuple[StationContact, ...],
    asks: Demand,
    days: float,
) -> Iterator[Margin]:
    """Every quantity that has a limit."""
    load_w = float(busy.load_w[i])
    array_w = float(busy.array_w[i]) * _path_efficiency(craft, float(busy.sunlit[i]))
    text = f"energy: {load_w:.1f} W asked of {array_w:.1f} W that the array gives through the battery"
    yield Margin("load against array", load_w, array_w, "W", 1.0 - load_w / array_w if array_w > 0.0 else -1.0, text)
    lowest = float(busy.lowest[i])
    text = f"charge: down to {100 * lowest:.0f} % with a reserve of {100 * craft.reserve:.0f} %"
    share = (lowest - craft.reserve) / (1.0 - craft.reserve)
    yield Margin("lowest charge", 100 * lowest, 100 * craft.reserve, "%", share, text)
    for node in nodes:
        span = node.hot_limit_c - node.cold_limit_c
        text = f"heat: {node.node} up to {node.hottest_c:.1f} °C, limit {node.hot_limit_c:g} °C"
        share = (node.hot_limit_c - node.hottest_c) / span
        yield Margin(f"{node.node} hottest", node.hottest_c, node.hot_limit_c, "°C", share, text)
        text = f"cold: {node.node} down to {node.coldest_c:.1f} °C, limit {node.cold_limit_c:g} °C"
        share = (node.coldest_c - node.cold_limit_c) / span
        yield Margin(f"{node.node} coldest", node.coldest_c, node.cold_limit_c, "°C", share, text)
    duty = asks.busy_s / (days * 86_400.0)
    text = f"compute: the accelerator busy {100 * duty:.1f} % of the time"
    yield Margin("accelerator busy", 100 * duty, 100.0, "%", 1.0 - duty, text)
    for name, asked, room in (
        ("uplink", asks.up_bytes / days / 1e6, sum(one.up_mb_per_day for one in contacts)),
        ("downlink", asks.down_bytes / days / 1e6, sum(one.down_mb_per_day for one in contacts)),
    ):
        if asked > 0.0:
            text = f"{name}: {asked:.2f} MB a day asked of {room:.1f} MB a day of contact"
            yield Margin(name, asked, room, "MB", 1.0 - asked / room if room > 0.0 else -1.0, text)
