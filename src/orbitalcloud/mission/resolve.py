"""From a checked mission to what flies: the catalogue fills in, orbits get elements. `channels` makes the links."""

from __future__ import annotations

from typing import Any

import msgspec

from orbitalcloud.core import HOUR, MINUTE, DataError, Instant
from orbitalcloud.mission.catalogue import catalogue, check_heat
from orbitalcloud.mission.check_values import WORKLOAD, satellite_names
from orbitalcloud.mission.lines import Path
from orbitalcloud.mission.orbits import ORBIT_KEYS, sources
from orbitalcloud.mission.problems import Problems
from orbitalcloud.mission.resolved import Bus, Craft, Ground, Task
from orbitalcloud.mission.types import Job, Mission, Satellite, Station
from orbitalcloud.physics.orbit import Source

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
        orbits = _orbits(one, bus, mission, (starts, ends), path, problems, folder)
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
    one: Satellite,
    bus: Bus | None,
    mission: Mission,
    span: tuple[Instant, Instant],
    path: Path,
    problems: Problems,
    folder: str,
) -> list[tuple[Source, str]]:
    """A source and its words per satellite, tried over the mission."""
    key = next((key for key in ORBIT_KEYS if getattr(one, key) is not None), None)
    if key is None or bus is None:
        return []
    try:
        return sources(one, bus, mission.environment, span, folder)
    except DataError as error:
        problems.add((*path, key), error.value, f"{error.remedy} ({error.place})")
        return []


# Stations and tasks --------------------------------------------------------------------------------------------------


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
        one.air or one.site or "",
    )


def _east(longitude_deg: float) -> float:
    return longitude_deg - 360.0 if longitude_deg > 180.0 else longitude_deg


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
