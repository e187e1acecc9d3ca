"""Where a mission's satellites fly: what `[[satellite]]` writes, as the sources that `physics.Orbits` takes."""

from __future__ import annotations

import math
from dataclasses import replace

from orbitalcloud.core import DAY, DataError, Instant, iso, parse_instant
from orbitalcloud.mission.files import read_text
from orbitalcloud.mission.resolved import Bus
from orbitalcloud.mission.surface import surface_of
from orbitalcloud.mission.types import Environment, Orbit, Satellite
from orbitalcloud.physics import (
    Ball,
    Design,
    Forces,
    Orbits,
    Source,
    TwoLine,
    cluster,
    density_profile,
    epoch_of,
    frozen,
    numerical,
    parse_oem,
    parse_omm,
    raan_of_local_time_rad,
    sun_synchronous_inclination_rad,
    walker,
)
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.oem import MOST_BYTES as MOST_OEM_BYTES
from orbitalcloud.physics.solar_activity import activity_of

ORBIT_KEYS = ("orbit", "walker", "tle", "omm", "oem")

LOWEST_PERIGEE_KM = 120.0
"""The conventional re-entry interface (ESA 120 km, NASA 400,000 ft): below it nothing stays up for an orbit."""

MOST_M2_PER_KG = 100.0
"""Area by mass of the lightest thing that is flown by its forces: a bare film of 7 µm; a satellite has 0.01."""

OLDEST_DAYS = 30.0
"""How far from the mission's start SGP4's elements may be. Their error grows by 1 to 3 km a day at first, then with the
square (Vallado & Cefola 2012, IAC-12-C1.6.11): after a month a low satellite may be minutes early or late."""


def sources(
    one: Satellite, bus: Bus, environment: Environment, span: tuple[Instant, Instant], folder: str
) -> list[tuple[Source, str]]:
    """A source and its words for each satellite that `one` makes, flown over the span to see that it stays up.

    `DataError` where it cannot be flown from `span[0]` to `span[1]`.
    """
    made = _elements(one, span, folder)
    _check_perigees([source for source, _ in made])
    if one.propagation == "numerical":
        ball, forces, words = _forces(bus, environment, span[0])
        made = [(numerical(source, span[0], ball, forces), f"{text}; {words}") for source, text in made]
    # the World looks for eclipses a day ahead of its end
    ends = [span[0], span[1] + DAY] if one.propagation == "numerical" else list(span)
    Orbits.of([source for source, _ in made], [one.name] * len(made)).position_teme_m(ends)
    return made


def _forces(bus: Bus, environment: Environment, starts: Instant) -> tuple[Ball, Forces, str]:
    """What acts on a bus, and its words. The air is that of the day on which the mission starts."""
    surface = surface_of(bus)
    ball = Ball(
        surface.mass_kg, surface.drag_area_m2, surface.drag_coefficient, surface.srp_area_m2, surface.srp_coefficient
    )
    for key, area_m2 in (("drag_area_m2", surface.drag_area_m2), ("srp_area_m2", surface.srp_area_m2)):
        if area_m2 > MOST_M2_PER_KG * surface.mass_kg:
            remedy = f"integrate at most {MOST_M2_PER_KG:g} m² a kilogram: give a smaller {key} or more mass_kg"
            raise DataError(key, f"{area_m2:g} m² on {surface.mass_kg:g} kg", remedy)
    f107, kp = activity_of(environment.solar_activity, environment.f107_sfu, environment.kp)
    day = (starts - _new_year(starts)) / DAY
    words = f"integrated with J2–J6, Sun, Moon, sunlight and drag at F10.7 {f107:.0f}, Kp {kp:.1f}"
    return ball, Forces(air=density_profile(f107, kp, day)), words


def _new_year(at: Instant) -> Instant:
    return parse_instant(f"{iso(at)[:4]}-01-01T00:00:00Z")


def _elements(one: Satellite, span: tuple[Instant, Instant], folder: str) -> list[tuple[Source, str]]:
    starts = span[0]
    if one.orbit is not None:
        return _designs(one, one.orbit, starts)
    if one.walker is not None:
        return _walker(one, starts)
    if one.oem is not None:
        table = parse_oem(read_text(one.oem, folder, MOST_OEM_BYTES))
        table.covers(*span)
        return [(table, f"the OEM of {table.name or one.oem}")]
    if one.tle is not None:
        line1, line2 = (line.rstrip() for line in one.tle)
        source: TwoLine = TwoLine(line1, line2, one.name)
        return [(source, f"SGP4 from the TLE of object {line1[2:7]}, epoch {line1[18:32]}{_age(source, starts)}")]
    assert one.omm is not None, "one of the five was chosen"
    message = parse_omm(read_text(one.omm, folder))
    return [(message, f"SGP4 from the OMM of {message.name or message.object_id}{_age(message, starts)}")]


def _age(source: Source, starts: Instant) -> str:
    """How old elements are at the start, in words; `DataError` beyond `OLDEST_DAYS`."""
    days = (starts - epoch_of(source)) / DAY
    if abs(days) > OLDEST_DAYS:
        shown = (
            f"epoch {iso(epoch_of(source))[:16]}, {abs(days):.0f} days {'before' if days > 0 else 'after'} the start"
        )
        remedy = f"take elements within {OLDEST_DAYS:g} days of the mission's epoch, or move the mission to them"
        raise DataError("the elements' age", shown, remedy)
    return "" if abs(days) < 0.05 else f", {abs(days):.1f} days {'before' if days > 0 else 'after'} the start"


def _designs(one: Satellite, orbit: Orbit, starts: Instant) -> list[tuple[Source, str]]:
    design, text = designed(orbit, starts, one.name)
    if one.cluster is None:
        return [(design, text)]
    c = one.cluster
    words = f"{text}; cluster of {c.satellites}, {c.spacing_m:g} m apart"
    return [(member, words) for member in cluster(design, c.satellites, c.spacing_m)]


def _walker(one: Satellite, starts: Instant) -> list[tuple[Source, str]]:
    w = one.walker
    assert w is not None, "asked where there is one"
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
    turn = 2.0 * math.pi
    design = Design(
        axis_m, orbit.eccentricity, inclination, node % turn, math.radians(orbit.argp_deg) % turn, 0.0, starts
    )
    design = replace(frozen(design) if orbit.frozen else design, name=name)
    true_anomaly = math.radians(orbit.phase_deg) - design.argp_rad
    design = replace(design, mean_anomaly_rad=mean_anomaly_rad(true_anomaly, design.eccentricity) % turn)
    shape = f", e {orbit.eccentricity:g}" if orbit.eccentricity else ""
    if orbit.frozen:
        shape = f", frozen at e {design.eccentricity:.6f}"
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
