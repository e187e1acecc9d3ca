"""From a checked mission to what flies: the catalogue fills in, orbits get elements. `channels` makes the links."""

from __future__ import annotations

from typing import Any

import msgspec

from orbitalcloud.core import HOUR, MINUTE, DataError, Instant
from orbitalcloud.mission.catalogue import accelerator, catalogue, check_power
from orbitalcloud.mission.charge_levels import charge_levels
from orbitalcloud.mission.check_thermal import check_thermal
from orbitalcloud.mission.check_values import WORKLOAD, satellite_names
from orbitalcloud.mission.lines import Path
from orbitalcloud.mission.orbits import ORBIT_KEYS, sources
from orbitalcloud.mission.problems import Problems
from orbitalcloud.mission.resolved import Bus, Craft, Ground, Task
from orbitalcloud.mission.thermal import finished
from orbitalcloud.mission.types import Job, Mission, Satellite, Station
from orbitalcloud.physics import Shedding, Source

_FLYING = ("drag_area_m2", "disposal_area_m2", "drag_coefficient", "srp_area_m2", "srp_coefficient", "propulsion")
_INITIAL_C = 15.0  # of a node that a mission adds
_COMPLETE = {"heat_capacity_j_per_k", "hot_limit_c", "cold_limit_c"}


def hours(at_h: float) -> int:
    """Hours as nanoseconds, to the nearest."""
    return round(at_h * HOUR)


# Satellites ---------------------------------------------------------------------------------------------------------


def crafts(mission: Mission, starts: Instant, ends: Instant, problems: Problems, folder: str) -> tuple[Craft, ...]:
    """Every satellite with its hardware and orbit; what is wrong goes to `problems`."""
    made: list[Craft] = []
    for index, one in enumerate(mission.satellite):
        path: Path = ("satellite", index)
        bus = _bus(one, path, problems)
        orbits = _orbits(one, bus, mission, (starts, ends), path, problems, folder)
        name = one.accelerator or (bus.accelerator if bus else "")
        levels = _levels(one)
        if bus is None or levels is None:
            continue
        try:
            machine = accelerator(name, folder)
        except DataError:  # `check_values` has noted it
            continue
        for each, (source, text) in zip(satellite_names(one), orbits, strict=False):
            devices = machine.devices if one.devices is None else one.devices
            own = (*levels, one.sun_axis, devices)
            made.append(Craft(each, one.bus, bus, name, machine, source, text, one.reserve, *own, one.planner))
    return tuple(made)


def _levels(one: Satellite) -> tuple[float, float, Shedding] | None:
    """None where `check_values` has noted what is wrong with them."""
    try:
        return charge_levels(one)
    except DataError:
        return None


def _bus(one: Satellite, path: Path, problems: Problems) -> Bus | None:
    """The catalogue's bus with the mission's changes."""
    base = catalogue().buses.get(one.bus)
    if base is None:
        return None
    plain: dict[str, Any] = msgspec.to_builtins(base)
    for key in ("age_years", "mass_kg", "idle_w", "radio_tx_w", "safe_w", "shielding_mm", *_FLYING):
        if getattr(one, key) is not None:
            plain[key] = msgspec.to_builtins(getattr(one, key))
    if one.array is not None:
        _change_array(plain["array"], plain.get("body_m"), _given(one.array))
    if one.battery is not None:
        plain["battery"].update(_given(one.battery))
    _change_network(plain, one)
    try:
        bus = finished(msgspec.convert(plain, Bus), catalogue().coatings, one.name)
        check_power(bus, one.name)
        check_thermal(bus, one.name)
        _check_propellant(bus)
    except msgspec.ValidationError as error:  # a bound that the catalogue's type has, and the mission's has not
        words = str(error).replace("`", "").replace("Expected float", "write a number").replace(" - at $.", ": ")
        problems.add(path, one.name, f"the changed bus cannot fly: {words}")
        return None
    except DataError as error:
        problems.add(path, one.name, f"the changed bus cannot fly: {error}")
        return None
    return bus


def _change_network(bus: dict[str, Any], one: Satellite) -> None:
    """Nodes changed and added, couplings replaced and added, roles and controls: the mission's own."""
    if one.own_network:
        bus["heat"], bus["couplings"], bus["control"] = [], [], []
    bus["heat"] = list(bus["heat"])
    known = {node["name"]: node for node in bus["heat"]}
    for name, change in one.heat.items():
        given = _given(change)
        if name in known:
            known[name].update(given)
        elif set(given) >= _COMPLETE:  # what is missing was noted by check_values
            bus["heat"].append({"name": name, "initial_c": _INITIAL_C, **given})
    pairs = {frozenset(coupling.between) for coupling in one.coupling}
    bus["couplings"] = [pair for pair in bus["couplings"] if frozenset(pair["between"]) not in pairs]
    bus["couplings"] += msgspec.to_builtins(one.coupling)
    if one.roles is not None:
        bus["roles"] = msgspec.to_builtins(one.roles)
    bus["control"] = [*bus["control"], *msgspec.to_builtins(one.control)]


def _check_propellant(bus: Bus) -> None:
    if bus.propulsion is not None and bus.propulsion.propellant_kg >= bus.mass_kg:
        remedy = f"choose less than mass_kg, {bus.mass_kg:g}: the propellant is part of it"
        raise DataError("propulsion.propellant_kg", bus.propulsion.propellant_kg, remedy)


def _given(change: msgspec.Struct) -> dict[str, Any]:
    return {key: value for key, value in msgspec.to_builtins(change).items() if value is not None}


def _change_array(array: dict[str, Any], body_m: list[float] | None, change: dict[str, Any]) -> None:
    area, mount, wings = change.pop("area_m2", None), change.pop("mount", None), change.pop("wings", None)
    whole = sum(panel["area_m2"] for panel in array["panels"])
    for number, panel in enumerate(array["panels"]):
        if wings is not None:
            panel["root_m"] = wing_root_m(wings, body_m, number)
        if area is not None:
            panel["area_m2"] *= area / whole
        if mount is not None:
            panel["mount"] = mount
    array.update(change)


def wing_root_m(wings: str, body_m: list[float] | None, number: int) -> list[float] | None:
    """Where a wing begins, a tenth of the body's side outside it; to either side by turns."""
    if wings == "apart" or body_m is None:
        return None
    axis, side = "xyz".index(wings), 1.0 if number % 2 == 0 else -1.0
    return [side * 0.6 * body_m[k] if k == axis else 0.0 for k in range(3)]


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
        guards=job.guard,
        fuel_limit=job.fuel_limit,
        memory_limit_bytes=job.memory_limit_mb * 2**20,
    )
