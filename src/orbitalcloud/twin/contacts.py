"""Who can hear whom, and how fast: the contacts of a mission, as planned and as they come.

The plan is what everybody can compute ahead: windows, and rates under a clear sky or, for a link with a budget, under
the air that its `availability` names. Where the mission has weather, a pass with a budget comes otherwise: an adaptive
modem follows rain and cloud minute by minute, an outage ends the contact before its time, and what is left of the pass
afterwards opens as another. A node is told the rates that hold until then and, beyond, those of the plan: it does not
know the outage ahead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from orbitalcloud import physics
from orbitalcloud.core import DAY, SECOND, Contact, Instant, Seed
from orbitalcloud.core.contact import varying
from orbitalcloud.mission import Loaded
from orbitalcloud.mission.resolved import Channel
from orbitalcloud.physics.constants import SPEED_OF_LIGHT_M_S
from orbitalcloud.physics.isl import IslLimits, isl_windows
from orbitalcloud.physics.link_optical import OpticalLink
from orbitalcloud.physics.link_pass import (
    Looks,
    across,
    crossing_states,
    doppler,
    ground_states,
    rates_bps,
    steps_of,
    to_ground,
    trimmed,
)
from orbitalcloud.physics.weather import Weather, weather

CLOUD_STOPS = -1
"""How `Outage.cloud_mdb` says that a cloud stops light altogether."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A contact as its sender is told of it, and when it really ends."""

    contact: Contact
    until: Instant


@dataclass(frozen=True, slots=True)
class Outage:
    """Weather cuts the link of `station` and `peer` from `begins` to `ends`; attenuations in thousandths of a decibel
    at each."""

    station: str
    peer: str
    band: str
    begins: Instant
    ends: Instant
    rain_mdb: tuple[int, int]
    cloud_mdb: tuple[int, int]


@dataclass(slots=True)
class Contacts:
    """All of a mission: `planned` by opening, `openings` likewise, `outages` by beginning."""

    planned: list[Contact] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)

    def add(self, contact: Contact) -> None:
        """A contact that comes as planned."""
        self.planned.append(contact)
        self.openings.append(Opening(contact, contact.closes))


@dataclass(frozen=True, slots=True)
class _Frame:
    """What two directions of one window share."""

    opens: Instant
    closes: Instant
    light_time_ns: int
    elevation_mdeg: int
    doppler_m_s: tuple[float, float]
    """Largest range rate, and its fastest change in m/s²."""

    def shift(self, frequency_hz: float) -> tuple[int, int]:
        scale = frequency_hz / SPEED_OF_LIGHT_M_S
        return round(self.doppler_m_s[0] * scale), round(self.doppler_m_s[1] * scale)


def skies(loaded: Loaded, seed: int) -> dict[str, Weather]:
    """Each station's weather by its name, drawn from the seed's child `weather/<station>`; empty without weather."""
    if loaded.mission.environment.weather == "none":
        return {}
    root, until = Seed.of(seed), Instant(loaded.ends + DAY)
    return {
        one.name: weather(one.air, root.child(f"weather/{one.name}"), loaded.starts, until) for one in loaded.stations
    }


def find_contacts(
    loaded: Loaded,
    orbits: physics.Orbits,
    sites: Sequence[physics.GroundSite],
    seed: int | None = None,
    until: Instant | None = None,
) -> Contacts:
    """Every contact, each direction that a channel serves, from the mission's start to `until` (a day past its end).

    `orbits` and `sites` are the mission's, in order; without a `seed` weather is left out.
    """
    horizon = Instant(loaded.ends + DAY) if until is None else until
    found = Contacts()
    channels = {(channel.sender, channel.receiver): channel for channel in loaded.channels}
    names = [craft.name for craft in loaded.satellites]
    drawn = {} if seed is None else skies(loaded, seed)
    if sites and any(channel.limits is None and not channel.always for channel in loaded.channels):
        air = {one.name: one.air for one in loaded.stations}
        for passes in _by_satellite(physics.contact_windows(orbits, sites, loaded.starts, horizon)):
            _ground(found, passes, orbits, sites, names[passes[0].satellite], channels, air, drawn)
    _crossings(found, loaded, orbits, names, channels, horizon)
    found.planned.sort(key=lambda item: (item.opens, item.sender, item.receiver))
    found.openings.sort(key=lambda item: (item.contact.opens, item.contact.sender, item.contact.receiver))
    found.outages.sort(key=lambda item: (item.begins, item.station, item.peer))
    return found


# To the ground --------------------------------------------------------------------------------------------------------


def _by_satellite(windows: list[physics.Window]) -> Iterator[list[physics.Window]]:
    some: list[physics.Window] = []
    for window in windows:  # which come by satellite
        if some and some[-1].satellite != window.satellite:
            yield some
            some = []
        some.append(window)
    if some:
        yield some


def _ground(
    found: Contacts,
    passes: list[physics.Window],
    orbits: physics.Orbits,
    sites: Sequence[physics.GroundSite],
    satellite: str,
    channels: dict[tuple[str, str], Channel],
    air: dict[str, str],
    drawn: dict[str, Weather],
) -> None:
    """The contacts of one satellite's passes."""
    served = [
        (index, window)
        for index, window in enumerate(passes)
        if any(_pair(satellite, sites[window.site].name, up) in channels for up in (True, False))
    ]
    frames = dict(zip([i for i, _ in served], _frames(orbits, sites, [w for _, w in served]), strict=True))
    looks = _looks(orbits, sites, satellite, served, channels)
    for index, window in served:
        station = sites[window.site].name
        for up in (False, True):
            channel = channels.get(_pair(satellite, station, up))
            if channel is None:
                continue
            frame = frames[index]
            if channel.budget is None:
                found.add(_constant(channel, frame))
            else:
                place = (station, satellite, air[station])
                _budgeted(found, channel, frame, looks[index], place, drawn.get(station))


def _pair(satellite: str, station: str, up: bool) -> tuple[str, str]:
    return (station, satellite) if up else (satellite, station)


def _frames(orbits: physics.Orbits, sites: Sequence[physics.GroundSite], windows: list[physics.Window]) -> list[_Frame]:
    """Times, light time, elevation and Doppler of one satellite's windows."""
    if not windows:
        return []
    times = np.array([(w.opens, w.closes, w.culmination - SECOND, w.culmination + SECOND) for w in windows])
    which = np.repeat([w.site for w in windows], 4)
    _, _, rate = ground_states(orbits, windows[0].satellite, sites, which, times.ravel())
    rate = rate.reshape(-1, 4)
    fastest = np.abs(rate[:, :2]).max(axis=1).tolist()
    change = (np.abs(rate[:, 3] - rate[:, 2]) / 2.0).tolist()
    return [
        _Frame(
            window.opens,
            window.closes,
            round(window.range_m / SPEED_OF_LIGHT_M_S * 1e9),
            round(math.degrees(window.max_elevation_rad) * 1000),
            (most, turn),
        )
        for window, most, turn in zip(windows, fastest, change, strict=True)
    ]


def _looks(
    orbits: physics.Orbits,
    sites: Sequence[physics.GroundSite],
    satellite: str,
    served: list[tuple[int, physics.Window]],
    channels: dict[tuple[str, str], Channel],
) -> dict[int, Looks]:
    """The looks along those windows that have a budget, by the window's index."""
    made: dict[int, Looks] = {}
    for site in sorted({window.site for _, window in served}):
        pairs = (_pair(satellite, sites[site].name, up) for up in (True, False))
        if not any(pair in channels and channels[pair].budget is not None for pair in pairs):
            continue
        mine = [(index, window) for index, window in served if window.site == site]
        spans = [(window.opens, window.closes) for _, window in mine]
        made.update(zip([i for i, _ in mine], to_ground(orbits, mine[0][1].satellite, sites[site], spans), strict=True))
    return made


def _constant(channel: Channel, frame: _Frame) -> Contact:
    shift = frame.shift(channel.frequency_hz)
    return Contact(
        channel.sender,
        channel.receiver,
        frame.opens,
        frame.closes,
        channel.rate_bps,
        channel.band,
        frame.light_time_ns,
        frame.elevation_mdeg,
        (),
        *shift,
    )


def _varying(channel: Channel, frame: _Frame, steps: tuple[tuple[Instant, int], ...], closes: Instant) -> Contact:
    return varying(
        channel.sender,
        channel.receiver,
        closes,
        steps,
        channel.band,
        frame.light_time_ns,
        frame.elevation_mdeg,
        frame.shift(channel.frequency_hz),
    )


def _budgeted(
    found: Contacts, channel: Channel, frame: _Frame, looks: Looks, place: tuple[str, str, str], sky: Weather | None
) -> None:
    """A pass with a budget: as planned, and as the weather lets it come."""
    assert channel.budget is not None, "the caller checked"
    station, satellite, air = place
    plan = steps_of(looks, rates_bps(looks, channel.budget, air, channel.availability))
    kept = trimmed(plan, looks.ends)
    planned = _varying(channel, frame, *kept) if kept is not None else None
    if sky is None:
        if planned is not None:
            found.add(planned)
        return
    if planned is not None:
        found.planned.append(planned)
    now = steps_of(looks, rates_bps(looks, channel.budget, air, sky=sky))
    found.openings.extend(_openings(channel, frame, plan, now, looks.ends))
    found.outages.extend(_outages(channel, looks, plan, now, station, satellite, sky))


def _openings(
    channel: Channel,
    frame: _Frame,
    plan: tuple[tuple[Instant, int], ...],
    now: tuple[tuple[Instant, int], ...],
    ends: Instant,
) -> Iterator[Opening]:
    """One for each time in which something gets through; what is told beyond its end is the plan's."""
    promised = max((index for index, (_, rate) in enumerate(plan) if rate > 0), default=-1) + 1
    edges = [begin for begin, _ in now] + [ends]
    for first, last in _runs([rate > 0 for _, rate in now]):
        rest = plan[last:promised]
        closes = edges[max(last, promised)]
        yield Opening(_varying(channel, frame, now[first:last] + rest, closes), Instant(edges[last]))


def _runs(holds: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """[first, last) of each stretch of trues."""
    first = -1
    for index, one in enumerate([*holds, False]):
        if one and first < 0:
            first = index
        elif not one and first >= 0:
            yield first, index
            first = -1


def _outages(
    channel: Channel,
    looks: Looks,
    plan: tuple[tuple[Instant, int], ...],
    now: tuple[tuple[Instant, int], ...],
    station: str,
    satellite: str,
    sky: Weather,
) -> Iterator[Outage]:
    edges = [begin for begin, _ in now] + [looks.ends]
    lost = [rate == 0 and promised > 0 for (_, promised), (_, rate) in zip(plan, now, strict=True)]
    for first, last in _runs(lost):
        ends = np.array([first, min(last, len(now) - 1)])
        rain, cloud = _taken(channel, looks, ends, sky)
        yield Outage(station, satellite, channel.band, Instant(edges[first]), Instant(edges[last]), rain, cloud)


def _taken(
    channel: Channel, looks: Looks, at: NDArray[np.int64], sky: Weather
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rain and cloud in thousandths of a decibel at two of the looks."""
    if isinstance(channel.budget, OpticalLink):
        cloudy = [CLOUD_STOPS if one else 0 for one in sky.cloudy(looks.times_ns[at]).tolist()]
        return (0, 0), (cloudy[0], cloudy[1])
    air = sky.air(looks.times_ns[at], looks.elevation_rad[at], channel.frequency_hz)
    rain, cloud = (np.rint(part * 1000.0).astype(int).tolist() for part in (air.rain_db, air.cloud_db))
    return (rain[0], rain[1]), (cloud[0], cloud[1])


# Between satellites ---------------------------------------------------------------------------------------------------


def _crossings(
    found: Contacts,
    loaded: Loaded,
    orbits: physics.Orbits,
    names: list[str],
    channels: dict[tuple[str, str], Channel],
    horizon: Instant,
) -> None:
    """The contacts between satellites, both directions of a pair over one window."""
    row = {name: index for index, name in enumerate(names)}
    by_limits: dict[IslLimits, list[tuple[int, int]]] = {}
    for channel in loaded.channels:
        if channel.limits is not None and row[channel.sender] < row[channel.receiver]:
            by_limits.setdefault(channel.limits, []).append((row[channel.sender], row[channel.receiver]))
    for limits, pairs in by_limits.items():
        by_pair: dict[tuple[int, int], list[tuple[Instant, Instant]]] = {}
        for window in isl_windows(orbits, pairs, loaded.starts, horizon, limits):
            by_pair.setdefault((window.first, window.second), []).append((window.opens, window.closes))
        for (i, j), spans in by_pair.items():
            both = [channels[pair] for pair in ((names[i], names[j]), (names[j], names[i])) if pair in channels]
            _crossing(found, orbits, (i, j), spans, both)


def _crossing(
    found: Contacts,
    orbits: physics.Orbits,
    pair: tuple[int, int],
    spans: list[tuple[Instant, Instant]],
    both: list[Channel],
) -> None:
    middles = np.array([(opens + closes) // 2 for opens, closes in spans], dtype=np.int64)
    delays = np.rint(crossing_states(orbits, *pair, middles)[0] / SPEED_OF_LIGHT_M_S * 1e9).astype(np.int64).tolist()
    budgeted = any(channel.budget is not None for channel in both)
    looks = across(orbits, *pair, spans) if budgeted else [None] * len(spans)
    for (opens, closes), delay_ns, seen in zip(spans, delays, looks, strict=True):
        for channel in both:
            if channel.budget is None or seen is None:
                found.add(_constant(channel, _Frame(opens, closes, delay_ns, 0, (0.0, 0.0))))
                continue
            kept = trimmed(steps_of(seen, rates_bps(seen, channel.budget, None)), seen.ends)
            if kept is not None:
                shift = doppler(seen.range_rate_m_s, seen.times_ns, channel.frequency_hz)
                steps, ends = kept
                found.add(varying(channel.sender, channel.receiver, ends, steps, channel.band, delay_ns, 0, shift))
