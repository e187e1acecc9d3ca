"""Does it close? A mission's light, power, heat, links and load against their limits, before it is flown.

The physics is that of the flight (`trial.fly`), in three times: the mission itself (up to ten days of it), and the days
of a year that size a satellite (darkest, brightest, the Sun farthest to either side), as new and at the end of life.
The jobs' runs are laid out one by one (`loads`), so that the sheet bounds what a flight's peaks will be. Satellites of
one design on one plane are flown once; contacts are each satellite's own. What depends on the order of events
(queues, lost frames, faults) the flight itself tells.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from orbitalcloud.core import DAY, MINUTE, SECOND, Instant
from orbitalcloud.mission import Craft, Loaded
from orbitalcloud.mission.physical import ZERO_CELSIUS_K, inclination_deg, node_index, orbits_of, period_s
from orbitalcloud.physics import Design, Orbits, ShadowEvent, beta_angle_rad, shadow_events
from orbitalcloud.physics.orbit import mean_design
from orbitalcloud.physics.time import rotation_note
from orbitalcloud.study.claims import claims_section
from orbitalcloud.study.contacts import Passes, Room, passes_of, radio_w, room_of, station_contacts, terminals_w
from orbitalcloud.study.demand import Demand, Piece, demand, pieces, releases
from orbitalcloud.study.later import LIFE_YEARS, Later, later_of
from orbitalcloud.study.loads import FEW_PHASES, PHASES, Load, at_work, cold, idle, nonstop
from orbitalcloud.study.margins import (
    Envelope,
    envelope,
    flown_margins,
    joined,
    node_ranges,
    path_efficiency,
    work_margins,
    worst_of,
)
from orbitalcloud.study.providers import Memo, Part, provided
from orbitalcloud.study.relax import Flown, disposal_relaxers, relaxers
from orbitalcloud.study.sections import Facts, own_sections
from orbitalcloud.study.sheet import Margin, SatelliteSheet, Sheet, StationContact
from orbitalcloud.study.trial import Floats, Seen, fly, steps
from orbitalcloud.study.year import Year, years

FLOWN_DAYS = 10
"""Of a longer mission the first ten days are flown, and its share of the year's design days."""

LATER_OF = 2
"""Groups of a fleet whose design days are flown: those with the least margin in the mission."""

MANY_PLANES = 8

SHADOWS_OF = 3000
"""Satellite-days up to which every satellite's own eclipses are looked for; beyond, those of its group."""

Progress = Callable[[float, str], None]


@dataclass(eq=False)
class Group:
    """Satellites that share a design, a plane and their work; the one of `load` is flown for all. `worst` are those of
    its trials at work, at these `phases`, that had an extreme."""

    members: list[int]
    load: Load
    asks: Demand
    mean_orbit: Design
    phases: tuple[float, ...] = PHASES
    worst: tuple[int, ...] = ()
    seen: Envelope | None = None
    idle: Seen | None = None
    nonstop: Seen | None = None
    year: Year | None = None
    later: Later | None = None

    @property
    def craft(self) -> Craft:
        return self.load.craft


def check(loaded: Loaded, progress: Progress | None = None, *, later: bool = True, relax: bool = True) -> Sheet:
    """The sheet of a mission, in seconds; reads the jobs' artefacts and inputs and tries the small ones.

    Without `later` nothing past the mission is flown or asked of `providers`, without `relax` nothing is tried to
    relax it. `progress` is told the share done and what is being done. `DataError` where something cannot be read or
    flown.
    """
    tell = progress or (lambda share, what: None)
    ends = Instant(min(loaded.ends, loaded.starts + FLOWN_DAYS * DAY))
    tell(0.0, "jobs")
    runs = pieces(loaded)
    orbits = orbits_of(loaded)
    tell(0.05, "contacts")
    passes = passes_of(loaded, orbits, loaded.starts, ends)
    tell(0.15, "the mission")
    room = room_of(loaded, orbits, ends)
    groups = _groups(loaded, runs, passes, ends, room)
    _fly_mission(loaded, groups)
    tell(0.4, "eclipses of a year")
    for group, year in zip(groups, years([one.mean_orbit for one in groups], loaded.starts), strict=True):
        group.year = year
    tell(0.6, "the year's design days")
    if later:
        _fly_later(loaded, groups, ends)
    tell(0.8, "eclipses")
    sheets = _sheets(loaded, orbits, groups, passes, ends, later, room)
    tell(0.85, "what would relax it")
    if relax:
        _relax(loaded, groups, sheets, passes)
    tell(1.0, "")
    days, flown = (loaded.ends - loaded.starts) / DAY, (ends - loaded.starts) / DAY
    said = (*_notes(groups, days, flown, loaded.ends), *_advice(sheets))
    return Sheet(loaded.mission.name, days, tuple(sheets), flown, LIFE_YEARS, said)


def _relax(loaded: Loaded, groups: list[Group], sheets: list[SatelliteSheet], passes: list[Passes]) -> None:
    """The tightest satellite's relaxers."""
    i = min(range(len(sheets)), key=lambda i: sheets[i].binds.share)
    group = next(one for one in groups if i in one.members)
    found = relaxers(loaded, Flown(group.load, group.phases, group.worst), sheets[i].margins, passes[i], group.asks)
    sheets[i] = replace(sheets[i], relaxers=(*disposal_relaxers(sheets[i]), *found))


def _notes(groups: list[Group], days: float, flown: float, ends: Instant) -> tuple[str, ...]:
    said = [note] if (note := rotation_note(ends)) else []
    count = sum(len(one.members) for one in groups)
    if len(groups) < count:
        said.append(f"power and heat of {count:,} satellites from {len(groups)} flown: one a plane and design")
    if flown < days:
        said.append(f"{flown:g} of {days:g} days flown, and the mission's part of the year's design days")
    if sum(one.later is not None for one in groups) < len(groups):
        said.append(f"design days of the year flown for the {LATER_OF} tightest of them")
    return tuple(said)


def _advice(sheets: list[SatelliteSheet]) -> tuple[str, ...]:
    """What the sections about self-shadow advise, once each, with the first satellite that it is said of."""
    said: dict[str, str] = {}
    for one in sheets:
        for section in one.sections:
            if section.name == "wings" and section.note:
                said.setdefault(section.note, one.name)
    return tuple(f"{name}: {advice}" for advice, name in said.items())


# Groups -------------------------------------------------------------------------------------------------------------


def _groups(loaded: Loaded, runs: dict[str, Piece], passes: list[Passes], ends: Instant, room: Room) -> list[Group]:
    """Equal satellites of a plane together; the one with the most time in contact stands for them."""
    found: dict[object, list[int]] = {}
    for i, craft in enumerate(loaded.satellites):
        found.setdefault(_kind(loaded, craft, i), []).append(i)
    terminals = terminals_w(loaded, room, (ends - loaded.starts) / SECOND)
    return [_group(loaded, members, runs, passes, ends, terminals) for members in found.values()]


def _kind(loaded: Loaded, craft: Craft, i: int) -> object:
    orbit = craft.orbit
    if not isinstance(orbit, Design):
        return i
    # to a thousandth of the eccentricity vector, 7 km of height: the members of a cluster share their light
    shape = tuple(round(orbit.eccentricity * turn(orbit.argp_rad), 3) for turn in (math.cos, math.sin))
    plane = (orbit.semi_major_axis_m, orbit.inclination_rad, orbit.raan_rad, shape)
    own = tuple(task.name for task in loaded.tasks if task.target == craft.name)
    kept = (craft.reserve, craft.shedding, craft.sun_axis, craft.safe_below, craft.safe_above, craft.safe_w)
    return craft.bus, craft.accelerator, craft.devices, kept, plane, orbit.epoch, own


def _group(
    loaded: Loaded,
    members: list[int],
    runs: dict[str, Piece],
    passes: list[Passes],
    ends: Instant,
    terminals: dict[str, float],
) -> Group:
    count = steps(loaded.starts, ends)
    most = max(members, key=lambda i: sum(one.duration_ns for windows in passes[i] for one in windows))
    craft = loaded.satellites[most]
    period = period_s(craft)
    instants, seconds = releases(loaded, craft, period, runs, loaded.starts, ends)
    radio = radio_w(loaded, craft, passes[most], loaded.starts, count)
    radio += terminals.get(craft.name, 0.0)
    load = Load(craft, loaded.starts, ends, period, instants, seconds, radio)
    return Group(members, load, demand(loaded, craft, period, runs), mean_design(craft.orbit, craft.name))


# Flying -------------------------------------------------------------------------------------------------------------


def _fly_mission(loaded: Loaded, groups: list[Group]) -> None:
    """All groups side by side: idle without radio, idle, never stopping, and at work."""
    trials, sizes = [], []
    phases = PHASES if len(groups) <= MANY_PLANES else FEW_PHASES
    for group in groups:
        group.phases = phases
        own = [cold(group.load), idle(group.load), nonstop(group.load), *at_work(group.load, phases)]
        sizes.append(len(own))
        trials += own
    seen = fly(loaded, trials, groups[0].load.starts, groups[0].load.ends)
    for group, size in zip(groups, sizes, strict=True):
        (bare, group.idle, group.nonstop, *work), seen = seen[:size], seen[size:]
        group.seen = envelope(work, [bare, group.idle])
        group.worst = worst_of(work, [bare, group.idle])


def _fly_later(loaded: Loaded, groups: list[Group], ends: Instant) -> None:
    """The design days of the tightest groups; those within a mission longer than what was flown count for it too."""

    def room(group: Group) -> float:
        assert group.seen is not None, "flown before"
        return min(one.share for one in flown_margins(group.craft, group.seen, "mission"))

    for group in sorted(groups, key=room)[:LATER_OF]:
        assert group.year is not None, "looked at before"
        assert group.seen is not None, "flown before"
        group.later = later_of(loaded, group.load, group.year)
        for day, seen in group.later.new_days:
            if ends < loaded.ends and loaded.starts <= day < loaded.ends:
                group.seen = joined(group.seen, seen)


# Sheets -------------------------------------------------------------------------------------------------------------


def _sheets(
    loaded: Loaded, orbits: Orbits, groups: list[Group], passes: list[Passes], ends: Instant, later: bool, room: Room
) -> list[SatelliteSheet]:
    days = (ends - loaded.starts) / DAY
    whole = len(loaded.satellites) * days <= SHADOWS_OF
    eclipses = _eclipses(orbits, loaded.starts, ends) if whole else {}
    beta = np.degrees(beta_angle_rad(orbits, np.linspace(loaded.starts, ends, 49).astype(np.int64)))
    made: dict[int, SatelliteSheet] = {}
    memo: Memo = {}
    for group in groups:
        if not whole:
            one = next(i for i in group.members if loaded.satellites[i].name == group.craft.name)
            found = _eclipses(orbits.subset([one]), loaded.starts, ends).get(0, [])
            eclipses |= dict.fromkeys(group.members, found)
        shared = provided(loaded, group.craft, group.mean_orbit, memo) if later else Part()
        for i in group.members:
            lengths = eclipses.get(i, [])
            made[i] = _sheet(loaded, group, loaded.satellites[i], passes[i], lengths, beta[i], ends, shared, room)
    return [made[i] for i in range(len(loaded.satellites))]


def _sheet(
    loaded: Loaded,
    group: Group,
    craft: Craft,
    passes: Passes,
    lengths: list[float],
    beta: Floats,
    ends: Instant,
    shared: Part,
    room: Room,
) -> SatelliteSheet:
    """One satellite's sheet: its own contacts and eclipses, its group's power and heat."""
    assert group.seen is not None, "flown before"
    assert group.idle is not None, "flown before"
    assert group.nonstop is not None, "flown before"
    assert group.year is not None, "looked at before"
    seen, year, later = group.seen, group.year, group.later
    days, flown_days = (loaded.ends - loaded.starts) / DAY, (ends - loaded.starts) / DAY
    contacts = station_contacts(loaded, craft, passes, loaded.starts, ends, room)
    payload = node_index(craft, "payload")
    facts = Facts(
        craft=craft,
        mean_orbit=group.mean_orbit,
        starts=loaded.starts,
        period_min=group.load.period_s / 60.0,
        inclination_deg=inclination_deg(craft),
        beta_deg=(float(beta.min()), float(beta.max())),
        eclipses_per_day=len(lengths) / flown_days,
        longest_eclipse_min=max(lengths, default=0.0),
        sunlit=group.idle.sunlit,
        idle_load_w=group.idle.load_w,
        lowest_idle=group.idle.lowest,
        nonstop=group.nonstop,
        payload_nonstop_c=float(group.nonstop.hottest_k[payload]) - ZERO_CELSIUS_K,
        duty=group.asks.busy_s / (days * 86_400.0),
        sustainable_duty=_sustainable(craft, group.nonstop, group.idle),
        asks=group.asks,
        days=days,
        contacts=contacts,
        seen=seen,
        year=year,
        later=later,
    )
    return SatelliteSheet(
        name=craft.name,
        bus=craft.bus_name,
        orbit=craft.orbit_text,
        period_min=facts.period_min,
        inclination_deg=facts.inclination_deg,
        sunlit_share=facts.sunlit,
        eclipses_per_day=facts.eclipses_per_day,
        longest_eclipse_min=facts.longest_eclipse_min,
        beta_min_deg=facts.beta_deg[0],
        beta_max_deg=facts.beta_deg[1],
        array_w=seen.array_w,
        idle_load_w=facts.idle_load_w,
        job_load_w=seen.load_w,
        duty=facts.duty,
        sustainable_duty=facts.sustainable_duty,
        reserve=craft.reserve,
        lowest_charge_idle=facts.lowest_idle,
        lowest_charge_jobs=seen.lowest,
        lowest_charge_nonstop=group.nonstop.lowest,
        payload_nonstop_c=facts.payload_nonstop_c,
        nodes=node_ranges(craft, seen, None if later is None else joined(later.new, later.old)),
        contacts=contacts,
        margins=_margins(group, craft, contacts, days, shared),
        sections=(*own_sections(facts), *shared.sections, claims_section(craft, group.nonstop, year)),
        flown_as=group.craft.name,
    )


def _margins(
    group: Group, craft: Craft, contacts: tuple[StationContact, ...], days: float, shared: Part
) -> tuple[Margin, ...]:
    assert group.seen is not None, "flown before"
    now = (*flown_margins(craft, group.seen, "mission"), *work_margins(group.asks, contacts, days), *shared.margins)
    later = group.later
    if later is None:
        return now
    return (*now, *flown_margins(craft, later.new, "year"), *flown_margins(later.craft, later.old, "end of life"))


def _sustainable(craft: Craft, full: Seen, quiet: Seen) -> float:
    """The duty that the array's mean power can feed beside the platform, 0–1."""
    spare_w = full.array_w * path_efficiency(craft, full.sunlit) - quiet.load_w
    more_w = craft.accelerator.active_w - craft.accelerator.idle_w
    return min(1.0, max(0.0, spare_w / more_w)) if more_w > 0.0 else 1.0


def _eclipses(orbits: Orbits, starts: Instant, ends: Instant) -> dict[int, list[float]]:
    """Minutes of each eclipse, penumbra to penumbra, that begins in the span; one still on at its end is cut."""
    found: dict[int, list[float]] = {}
    begun: dict[int, ShadowEvent] = {}
    for event in shadow_events(orbits, starts, ends):
        if event.kind == "penumbra-in":
            begun[event.satellite] = event
        elif event.kind == "penumbra-out" and event.satellite in begun:
            found.setdefault(event.satellite, []).append((event.at - begun.pop(event.satellite).at) / MINUTE)
    for satellite, event in begun.items():
        found.setdefault(satellite, []).append((ends - event.at) / MINUTE)
    return found
