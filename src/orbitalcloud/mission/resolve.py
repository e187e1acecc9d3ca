"""From a checked mission to what flies: the catalogue fills in, orbits get elements, links become directed channels."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from orbitalcloud.core import HOUR, MINUTE, DataError, Instant
from orbitalcloud.mission.catalogue import catalogue, check_heat
from orbitalcloud.mission.check_values import WORKLOAD, Names, satellite_names
from orbitalcloud.mission.files import read_text
from orbitalcloud.mission.lines import Path
from orbitalcloud.mission.problems import Problems
from orbitalcloud.mission.resolved import Bus, Channel, Craft, Ground, Task
from orbitalcloud.mission.types import Job, Link, Mission, Orbit, Satellite, Station
from orbitalcloud.physics import (
    Design,
    Orbits,
    Source,
    TwoLine,
    parse_omm,
    raan_of_local_time_rad,
    sun_synchronous_inclination_rad,
    walker,
)
from orbitalcloud.physics.constants import EARTH_RADIUS_M

LOWEST_PERIGEE_KM = 120.0
"""The conventional re-entry interface (ESA 120 km, NASA 400,000 ft): below it nothing stays up for an orbit."""

_FLYING = ("drag_area_m2", "disposal_area_m2", "drag_coefficient", "srp_area_m2", "srp_coefficient", "propulsion")


def hours(at_h: float) -> int:
    """Hours as nanoseconds, to the nearest."""
    return round(at_h * HOUR)


# Satellites ---------------------------------------------------------------------------------------------------------


def crafts(mission: Mission, starts: Instant, ends: Instant, problems: Problems, folder: str) -> tuple[Craft, ...]:
    """Every satellite with its hardware and orbit; what is wrong goes to `problems`."""
    book = catalogue()
    made: list[Craft] = []
    for index, one in enumerate(mission.satellite):
        path: Path = ("satellite", index)
        bus = _bus(one, path, problems)
        orbits = _orbits(one, starts, ends, path, problems, folder)
        name = one.accelerator or (bus.accelerator if bus else "")
        if bus is None or name not in book.accelerators:
            continue
        for each, (source, text) in zip(satellite_names(one), orbits, strict=False):
            devices = book.accelerators[name].devices if one.devices is None else one.devices
            made.append(Craft(each, one.bus, bus, name, book.accelerators[name], source, text, one.reserve, devices))
    return tuple(made)


def _bus(one: Satellite, path: Path, problems: Problems) -> Bus | None:
    """The catalogue's bus with the mission's changes."""
    base = catalogue().buses.get(one.bus)
    if base is None:
        return None
    plain: dict[str, Any] = msgspec.to_builtins(base)
    for key in ("age_years", "mass_kg", "idle_w", "radio_tx_w", "shielding_mm", *_FLYING):
        if getattr(one, key) is not None:
            plain[key] = msgspec.to_builtins(getattr(one, key))
    if one.array is not None:
        _change_array(plain["array"], _given(one.array))
    if one.battery is not None:
        plain["battery"].update(_given(one.battery))
    for node in plain["heat"]:
        if node["name"] in one.heat:
            node.update(_given(one.heat[node["name"]]))
    try:
        bus = msgspec.convert(plain, Bus)
        check_heat(bus, one.name)
        _check_propellant(bus)
    except (msgspec.ValidationError, DataError) as error:
        problems.add(path, one.name, f"the changed bus cannot fly: {error}")
        return None
    return bus


def _check_propellant(bus: Bus) -> None:
    if bus.propulsion is not None and bus.propulsion.propellant_kg >= bus.mass_kg:
        remedy = f"choose less than mass_kg, {bus.mass_kg:g}: the propellant is part of it"
        raise DataError("propulsion.propellant_kg", bus.propulsion.propellant_kg, remedy)


def _given(change: msgspec.Struct) -> dict[str, Any]:
    return {key: value for key, value in msgspec.to_builtins(change).items() if value is not None}


def _change_array(array: dict[str, Any], change: dict[str, Any]) -> None:
    area, mount = change.pop("area_m2", None), change.pop("mount", None)
    whole = sum(panel["area_m2"] for panel in array["panels"])
    for panel in array["panels"]:
        if area is not None:
            panel["area_m2"] *= area / whole
        if mount is not None:
            panel["mount"] = mount
    array.update(change)


def _orbits(
    one: Satellite, starts: Instant, ends: Instant, path: Path, problems: Problems, folder: str
) -> list[tuple[Source, str]]:
    """A source and its words per satellite, tried at both ends of the mission."""
    key = next((key for key in ("orbit", "walker", "tle", "omm") if getattr(one, key) is not None), None)
    if key is None:
        return []
    try:
        made = _sources(one, starts, folder)
        sources = [source for source, _ in made]
        _check_perigees(sources)
        Orbits.of(sources, [one.name] * len(sources)).position_teme_m([starts, ends])
    except DataError as error:
        problems.add((*path, key), error.value, f"{error.remedy} ({error.place})")
        return []
    return made


def _sources(one: Satellite, starts: Instant, folder: str) -> list[tuple[Source, str]]:
    if one.orbit is not None:
        return [designed(one.orbit, starts, one.name)]
    if one.walker is not None:
        w = one.walker
        made = walker(
            w.total,
            w.planes,
            w.phasing,
            math.radians(w.inclination_deg),
            w.altitude_km * 1e3,
            starts,
            pattern=w.pattern,
            raan_rad=math.radians(w.raan_deg),
            name=one.name,
        )
        text = f"Walker {w.pattern} {w.inclination_deg:g}°: {w.total}/{w.planes}/{w.phasing}, {w.altitude_km:g} km"
        return [(design, text) for design in made]
    if one.tle is not None:
        line1, line2 = (line.rstrip() for line in one.tle)
        return [(TwoLine(line1, line2, one.name), f"SGP4 from the TLE of object {line1[2:7]}, epoch {line1[18:32]}")]
    assert one.omm is not None, "one of the four was chosen"
    message = parse_omm(read_text(one.omm, folder))
    return [(message, f"SGP4 from the OMM of {message.name or message.object_id}")]


def designed(orbit: Orbit, starts: Instant, name: str) -> tuple[Design, str]:
    """Mean elements and their words; `DataError` where there is no such orbit."""
    axis_m = EARTH_RADIUS_M + orbit.altitude_km * 1e3
    if orbit.inclination == "sun-synchronous":
        inclination = sun_synchronous_inclination_rad(axis_m, orbit.eccentricity)
        words = f"sun-synchronous {math.degrees(inclination):.2f}°"
    else:
        inclination = math.radians(orbit.inclination)
        words = f"{orbit.inclination:g}°"
    if orbit.ltan is not None:
        hour, minute = orbit.ltan.split(":")
        node = raan_of_local_time_rad(int(hour) + int(minute) / 60.0, starts)
        where = f"LTAN {orbit.ltan}"
    else:
        node = math.radians(orbit.raan_deg or 0.0)
        where = f"RAAN {orbit.raan_deg or 0.0:g}°"
    true_anomaly = math.radians(orbit.phase_deg - orbit.argp_deg)
    turn = 2.0 * math.pi
    elements = (axis_m, orbit.eccentricity, inclination, node % turn, math.radians(orbit.argp_deg) % turn)
    design = Design(*elements, mean_anomaly_rad(true_anomaly, orbit.eccentricity) % turn, starts, name)
    shape = f", e {orbit.eccentricity:g}" if orbit.eccentricity else ""
    return design, f"{orbit.altitude_km:g} km, {words}, {where}{shape}"


def mean_anomaly_rad(true_anomaly_rad: float, eccentricity: float) -> float:
    """Kepler's equation the easy way round: true to eccentric to mean anomaly."""
    ratio = math.sqrt((1.0 - eccentricity) / (1.0 + eccentricity))
    eccentric = 2.0 * math.atan2(ratio * math.sin(true_anomaly_rad / 2.0), math.cos(true_anomaly_rad / 2.0))
    return eccentric - eccentricity * math.sin(eccentric)


def _check_perigees(sources: list[Source]) -> None:
    """A design below `LOWEST_PERIGEE_KM` is refused; SGP4's own elements are tried by flying them."""
    for source in sources:
        if isinstance(source, Design):
            perigee_km = (source.semi_major_axis_m * (1.0 - source.eccentricity) - EARTH_RADIUS_M) / 1e3
            if perigee_km < LOWEST_PERIGEE_KM:
                shown = f"{perigee_km:.1f} km"
                raise DataError(
                    "perigee altitude", shown, f"raise it above {LOWEST_PERIGEE_KM:g} km: it cannot stay up"
                )


# Stations, channels, tasks ------------------------------------------------------------------------------------------


def grounds(mission: Mission) -> tuple[Ground, ...]:
    """Every station, its site's values under its own."""
    return tuple(_ground(one) for one in mission.station)


def _ground(one: Station) -> Ground:
    site = catalogue().stations.get(one.site or "")

    def pick(key: str, default: Any) -> Any:
        own = getattr(one, key)
        return own if own is not None else getattr(site, key) if site is not None else default

    return Ground(
        one.name,
        one.site or "",
        pick("latitude_deg", 0.0),
        _east(pick("longitude_deg", 0.0)),
        pick("height_m", 0.0),
        pick("mask_deg", 5.0),
        pick("jurisdiction", ""),
    )


def _east(longitude_deg: float) -> float:
    return longitude_deg - 360.0 if longitude_deg > 180.0 else longitude_deg


def channels(mission: Mission, crafts: tuple[Craft, ...]) -> tuple[Channel, ...]:
    """Every directed channel, sorted by (sender, receiver): the most specific link, then the fastest, wins."""
    names = Names(mission)
    power_w = {craft.name: craft.bus.radio_tx_w for craft in crafts}
    best: dict[tuple[str, str], tuple[int, Channel]] = {}
    for link in mission.link:
        specific = sum(end not in ("satellite", "station") for end in link.between)
        for first, second in _pairs(link, names):
            for channel in _both_ways(link, first, second, names, power_w):
                key = (channel.sender, channel.receiver)
                known = best.get(key)
                if known is None or (specific, channel.rate_bps) > (known[0], known[1].rate_bps):
                    best[key] = (specific, channel)
    return tuple(best[key][1] for key in sorted(best))


def _pairs(link: Link, names: Names) -> list[tuple[str, str]]:
    """Pairs of names, a satellite before a station; two different nodes each."""
    ends = [_expand(end, names) for end in link.between]
    satellites = set(names.satellites)
    made: list[tuple[str, str]] = []
    for one in ends[0]:
        for other in ends[1]:
            if one == other or (one in satellites and other in satellites):
                continue
            made.append((other, one) if other in satellites else (one, other))
    return made


def _expand(end: str, names: Names) -> list[str]:
    return {"satellite": names.satellites, "station": names.stations}.get(end, [end])


def _both_ways(link: Link, first: str, second: str, names: Names, power_w: dict[str, float]) -> list[Channel]:
    radio = catalogue().links.get(link.radio or "")
    band = link.band or (radio.band if radio else "")
    up = link.up_kbps if link.up_kbps is not None else radio.up_kbps if radio else 0.0
    down = link.down_kbps if link.down_kbps is not None else radio.down_kbps if radio else 0.0
    ground = first not in power_w and first in names.stations
    transmit_w = 0.0 if ground else radio.transmit_w if radio else power_w.get(first, 0.0)
    loss = link.frame_loss_ppm or 0
    made = [
        Channel(second, first, band, round(up * 1000), 0.0, loss, ground),
        Channel(first, second, band, round(down * 1000), transmit_w, loss, ground),
    ]
    return [channel for channel in made if channel.rate_bps > 0]


def tasks(mission: Mission, starts: Instant) -> tuple[Task, ...]:
    """Every job with its instants in nanoseconds."""
    return tuple(_task(job, starts) for job in mission.job)


def _task(job: Job, starts: Instant) -> Task:
    artefact = job.artefact or ""
    workload = artefact.removeprefix(WORKLOAD) if artefact.startswith(WORKLOAD) else ""
    return Task(
        name=job.name,
        workload=workload,
        path="" if workload else artefact,
        operations=job.modelled.operations if job.modelled else 0,
        integer=job.modelled is not None and job.modelled.precision == "int8",
        input_bytes=job.modelled.input_bytes if job.modelled else 0,
        output_bytes=job.modelled.output_bytes if job.modelled else 0,
        inputs=job.input,
        starts=Instant(starts + hours(job.start_h)),
        at=tuple(Instant(starts + hours(at_h)) for at_h in sorted(job.at_h or ())),
        period_ns=round((job.every_min or 0.0) * MINUTE),
        submit_at=job.submit_at,
        target=job.target,
        deadline_ns=round(job.deadline_min * MINUTE),
        value=job.value,
        verify=job.verify,
        fuel_limit=job.fuel_limit,
        memory_limit_bytes=job.memory_limit_mb * 2**20,
    )
