"""What stations see of each satellite: passes, minutes, bytes a day, and when the transmitter is on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DAY, HOUR, SECOND, Instant
from orbitalcloud.mission import Craft, Loaded
from orbitalcloud.mission.physical import sites_of
from orbitalcloud.physics import Orbits, Window, contact_windows
from orbitalcloud.study.sheet import StationContact
from orbitalcloud.study.trial import STEP_NS
from orbitalcloud.twin.contacts import find_contacts

Floats = NDArray[np.float64]
Passes = list[list[Window]]
"""Of one satellite: windows by station, in the mission's order."""


def passes_of(loaded: Loaded, orbits: Orbits, starts: Instant, ends: Instant) -> list[Passes]:
    """Passes by satellite and station, for pairs with a channel of either direction."""
    served = {(channel.sender, channel.receiver) for channel in loaded.channels}
    found: list[Passes] = [[[] for _ in loaded.stations] for _ in loaded.satellites]
    if not loaded.stations:
        return found
    for window in contact_windows(orbits, sites_of(loaded), starts, ends):
        pair = loaded.satellites[window.satellite].name, loaded.stations[window.site].name
        if pair in served or pair[::-1] in served:
            found[window.satellite][window.site].append(window)
    for stations in found:
        for windows in stations:
            windows.sort(key=lambda window: window.opens)
    return found


def transmit_w(loaded: Loaded, craft: Craft) -> float:
    """The most that the transmitter takes."""
    return max(
        [craft.bus.radio_tx_w, *(c.transmit_w for c in loaded.channels if c.sender == craft.name and c.limits is None)]
    )


def radio_w(loaded: Loaded, craft: Craft, passes: Passes, starts: Instant, n_steps: int) -> Floats:
    """The transmitter's power, a mean over each step, (n_steps,): on in every pass, as the flight has it."""
    on = np.zeros(n_steps)
    for window in (one for windows in passes for one in windows):
        begin, end = (window.opens - starts) / STEP_NS, (window.closes - starts) / STEP_NS
        first, last = max(0, int(begin)), min(n_steps, int(end) + 1)
        edge = np.arange(first, last)
        on[first:last] += np.clip(np.minimum(end, edge + 1) - np.maximum(begin, edge), 0.0, 1.0)
    return np.asarray(np.minimum(on, 1.0) * transmit_w(loaded, craft))


@dataclass(frozen=True, slots=True)
class Room:
    """What channels carry, by (sender, receiver): the rate of each; and (bytes, seconds) over the span of those whose
    contacts are not simply a rate over a pass: of those with a budget, and of those between satellites."""

    rate_bps: dict[tuple[str, str], int]
    carried: dict[tuple[str, str], tuple[float, float]]

    def bytes_over(self, sender: str, receiver: str, seconds: float) -> float:
        """Bytes of a channel whose passes last `seconds` in all; 0 where there is none."""
        pair = (sender, receiver)
        return self.carried[pair][0] if pair in self.carried else seconds * self.rate_bps.get(pair, 0) / 8.0


def room_of(loaded: Loaded, orbits: Orbits, ends: Instant) -> Room:
    """Of every channel, from the mission's start to `ends`."""
    rate = {(channel.sender, channel.receiver): channel.rate_bps for channel in loaded.channels}
    sums = {(c.sender, c.receiver): (0.0, 0.0) for c in loaded.channels if c.budget is not None or c.limits is not None}
    if sums:
        for one in find_contacts(loaded, orbits, sites_of(loaded), until=ends).planned:
            pair = one.sender, one.receiver
            if pair in sums:
                carried, lasted = sums[pair]
                sums[pair] = carried + one.capacity_bytes, lasted + one.duration_ns / SECOND
    return Room(rate, sums)


def terminals_w(loaded: Loaded, room: Room, seconds: float) -> dict[str, float]:
    """Mean power of satellites' terminals to others over `seconds`, if they send in every contact: upper bounds."""
    power: dict[str, float] = {}
    for channel in loaded.channels:
        if channel.limits is not None:
            lasted = room.carried[channel.sender, channel.receiver][1]
            power[channel.sender] = power.get(channel.sender, 0.0) + channel.transmit_w * lasted / seconds
    return power


def station_contacts(
    loaded: Loaded, craft: Craft, passes: Passes, starts: Instant, ends: Instant, room: Room
) -> tuple[StationContact, ...]:
    """Every station's share, a day's mean over [starts, ends]."""
    days = (ends - starts) / DAY
    made = []
    for station, windows in zip(loaded.stations, passes, strict=True):
        seconds = sum(window.duration_ns for window in windows) / SECOND
        edges = [starts, *(edge for window in windows for edge in (window.opens, window.closes)), ends]
        gap_h = max(b - a for a, b in zip(edges[::2], edges[1::2], strict=True)) / HOUR
        up = room.bytes_over(station.name, craft.name, seconds)
        down = room.bytes_over(craft.name, station.name, seconds)
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
