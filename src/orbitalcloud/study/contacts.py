"""What stations see of each satellite: passes, minutes, bytes a day, and when the transmitter is on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DAY, HOUR, SECOND, Instant
from orbitalcloud.mission import Craft, Loaded
from orbitalcloud.mission.physical import sites_of
from orbitalcloud.physics import Orbits, Window, contact_windows
from orbitalcloud.study.sheet import StationContact
from orbitalcloud.study.trial import STEP_NS

Floats = NDArray[np.float64]
Rates = dict[tuple[str, str], int]
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
    return max([craft.bus.radio_tx_w, *(c.transmit_w for c in loaded.channels if c.sender == craft.name)])


def radio_w(loaded: Loaded, craft: Craft, passes: Passes, starts: Instant, n_steps: int) -> Floats:
    """The transmitter's power, a mean over each step, (n_steps,): on in every pass, as the flight has it."""
    on = np.zeros(n_steps)
    for window in (one for windows in passes for one in windows):
        begin, end = (window.opens - starts) / STEP_NS, (window.closes - starts) / STEP_NS
        first, last = max(0, int(begin)), min(n_steps, int(end) + 1)
        edge = np.arange(first, last)
        on[first:last] += np.clip(np.minimum(end, edge + 1) - np.maximum(begin, edge), 0.0, 1.0)
    return np.asarray(np.minimum(on, 1.0) * transmit_w(loaded, craft))


def rates_bps(loaded: Loaded) -> Rates:
    """Of every channel, by (sender, receiver)."""
    return {(channel.sender, channel.receiver): channel.rate_bps for channel in loaded.channels}


def station_contacts(
    loaded: Loaded, craft: Craft, passes: Passes, starts: Instant, ends: Instant, rate: Rates
) -> tuple[StationContact, ...]:
    """Every station's share, a day's mean over [starts, ends]; `rate` as `rates_bps` gives it."""
    days = (ends - starts) / DAY
    made = []
    for station, windows in zip(loaded.stations, passes, strict=True):
        seconds = sum(window.duration_ns for window in windows) / SECOND
        edges = [starts, *(edge for window in windows for edge in (window.opens, window.closes)), ends]
        gap_h = max(b - a for a, b in zip(edges[::2], edges[1::2], strict=True)) / HOUR
        up, down = rate.get((station.name, craft.name), 0), rate.get((craft.name, station.name), 0)
        made.append(
            StationContact(
                station.name,
                len(windows) / days,
                seconds / 60.0 / days,
                gap_h,
                seconds * up / 8e6 / days,
                seconds * down / 8e6 / days,
            )
        )
    return tuple(made)
