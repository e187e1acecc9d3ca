"""Sections that other studies bring: each provider takes a mission, a craft and its mean orbit and gives a `Part`.

To add one, write a function of that form and name it in `PROVIDERS`: its entries and margins then stand in the page,
in `--json`, in the rows and in the report. A provider is asked once for a group of like satellites.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from orbitalcloud.core import DataError
from orbitalcloud.mission import Craft, Loaded
from orbitalcloud.mission.physical import ZERO_CELSIUS_K
from orbitalcloud.physics import Design, secular_rates
from orbitalcloud.study.exposure_sheet import radiation_sheet
from orbitalcloud.study.hot_cold import HotCold, hot_cold_cases
from orbitalcloud.study.later import LIFE_YEARS
from orbitalcloud.study.orbit_life import OrbitLife, orbit_life
from orbitalcloud.study.sheet import Entry, Margin, Section
from orbitalcloud.study.wings import Wings, wings_of
from orbitalcloud.study.year import local_time_drift_min_year, local_time_h


@dataclass(frozen=True, slots=True)
class Part:
    """What providers bring for one satellite."""

    sections: tuple[Section, ...] = ()
    margins: tuple[Margin, ...] = ()


Memo = dict[object, OrbitLife | HotCold | Wings | None]
"""What like satellites of one check share."""

Provider = Callable[[Loaded, Craft, Design, Memo], Part]


def provided(loaded: Loaded, craft: Craft, mean_orbit: Design, memo: Memo) -> Part:
    """All providers' sections and margins, in their order."""
    parts = [provider(loaded, craft, mean_orbit, memo) for provider in PROVIDERS]
    return Part(
        tuple(section for part in parts for section in part.sections),
        tuple(margin for part in parts for margin in part.margins),
    )


# Radiation ----------------------------------------------------------------------------------------------------------


def radiation(loaded: Loaded, craft: Craft, mean_orbit: Design, memo: Memo) -> Part:
    """Dose behind the satellite's shielding, upsets, time in the Anomaly, what belts take from the array."""
    try:
        found = radiation_sheet(loaded, craft)
    except DataError:  # the orbit leaves the tables: above 2,000 km
        return Part()
    shield = f"behind {found.shielding_mm:g} mm of aluminium"
    entries = [
        Entry("dose_rad_year", "dose, worse half of the solar cycle", "rad/year", year=found.worst_rad_year,
              note=shield),
        Entry("dose_life_rad", f"dose in {LIFE_YEARS:g} years", "rad", late=LIFE_YEARS * found.worst_rad_year),
        Entry("anomaly_min_day", "in the South Atlantic Anomaly", "min/day", year=found.anomaly_minutes_day),
        Entry("upsets_day", "upsets of all devices", "a day", year=found.upsets_day, digits=4),
        Entry("array_remaining_pct", "array's power after radiation", "%",
              late=100.0 * found.array_remaining(LIFE_YEARS), note="of a new one's; no other loss counted"),
    ]  # fmt: skip
    note = "trapped particles by AP-8, AE-8 and SHIELDOSE-2, within a factor of two; no solar protons, no heavy ions"
    margins = []
    if math.isfinite(found.years_to_tolerance) and found.years_to_tolerance > 0.0:
        share = 1.0 - LIFE_YEARS / found.years_to_tolerance
        text = f"radiation: the first device's tolerance after {found.years_to_tolerance:.1f} years"
        margins.append(
            Margin("life against dose tolerance", LIFE_YEARS, found.years_to_tolerance, "years", max(-1.0, share),
                   text, "dose_tolerance_years", "end of life")
        )  # fmt: skip
    return Part((Section("radiation", "radiation", tuple(entries), note),), tuple(margins))


# The orbit's life ---------------------------------------------------------------------------------------------------


def life(loaded: Loaded, craft: Craft, mean_orbit: Design, memo: Memo) -> Part:
    """Lifetime, the five-year rule, what keeping the orbit costs, and how the node's local time drifts."""
    found = _life(loaded, craft, mean_orbit, memo)
    if found is None:
        return Part()
    years = found.lifetime_years
    note = f"{_years(found.early_years)} (active Sun) to {_years(found.late_years)} (quiet Sun)"
    entries = [
        Entry("lifetime_years", "lifetime, uncontrolled", "years", years, note=note),
        Entry("disposal_area_m2", "drag area that goes in five years", "m²", found.area_needed_m2,
              digits=3),
        Entry("tumbling_area_m2", "drag area that it has, tumbling", "m²", found.surface.disposal_area_m2, digits=3),
        Entry("disposal_altitude_km", "altitude that goes in five years", "km", found.altitude_needed_m / 1e3),
        Entry("sink_m_day", "altitude lost while not held", "m/day", found.sink_m_day),
        Entry("delta_v_drag_m_s_year", "velocity to hold the altitude", "m/s/year", found.drag_delta_v_m_s_year),
    ]  # fmt: skip
    if found.sun_synchronous:
        entries += [
            Entry("delta_v_plane_m_s_year", "velocity to hold the plane", "m/s/year", found.plane_delta_v_m_s_year),
            Entry("ltan_drift_min_year", "LTAN drift, plane not held", "min/year", found.local_time_drift_min_year,
                  note="its first year: Sun and Moon tilt the plane"),
        ]  # fmt: skip
    if found.propellant_kg_year is not None:
        entries.append(Entry("propellant_kg_year", "propellant", "kg/year", found.propellant_kg_year, digits=3))
    said = f"disposal: {_years(years)} years in orbit once uncontrolled, the rule is five"
    margin = Margin("disposal in five years", years, 5.0, "years", found.disposal_margin, said, "lifetime_years",
                    "end of life")  # fmt: skip
    kept = tuple(one for one in entries if all(math.isfinite(value) for _, value in one.values))
    return Part((Section("life", "the orbit's life", kept),), (margin,) if math.isfinite(years) else ())


def _years(value: float) -> str:
    return f"{value:.1f}" if math.isfinite(value) else "over 200"


def _life(loaded: Loaded, craft: Craft, orbit: Design, memo: Memo) -> OrbitLife | None:
    """Like satellites of one shell share their answer: the plane matters little, and a lifetime takes a second."""
    key = ("life", craft.bus, _shape(orbit))
    found = memo.get(key)
    if found is None:
        try:
            found = memo[key] = orbit_life(loaded, replace(craft, orbit=orbit))
        except DataError:  # an orbit that the Sun and the Moon decide, or above the air
            return None
    assert isinstance(found, OrbitLife), "kept under its own key"
    return found


# Heat ---------------------------------------------------------------------------------------------------------------


def heat_cases(loaded: Loaded, craft: Craft, mean_orbit: Design, memo: Memo) -> Part:
    """Every node in the standard's hot and cold cases over a year, payload at full power and idle; what binds."""
    key = ("heat", craft.bus, craft.accelerator_name, _shape(mean_orbit))
    found = memo.get(key)
    if found is None:
        found = memo[key] = hot_cold_cases(replace(craft, orbit=mean_orbit), loaded.starts)
    assert isinstance(found, HotCold), "kept under its own key"
    entries = []
    for node in found.nodes:
        name = node.node.replace("-", "_")
        hot, cold = node.hot_k - ZERO_CELSIUS_K, node.cold_k - ZERO_CELSIUS_K
        entries.append(Entry(f"{name}_hot_c", f"{node.node}, hot case", "°C", late=hot, note=minus(node.hot_case)))
        entries.append(Entry(f"{name}_cold_c", f"{node.node}, cold case", "°C", year=cold, note=minus(node.cold_case)))
    per = f"{found.k_per_radiator_m2 / 10.0:+.1f} K for 0.1 m² of radiator, {found.k_per_payload_w:+.2f} K for a watt"
    note = minus(
        "Sun, albedo and infrared of SSP 41000 at their extremes at once, over the year's beta angles; hot: at end of "
        "life, computing nonstop (which draws on the array and cools it); cold: new, never computing. "
        f"{found.text}; {per}"
    )
    return Part((Section("heat_cases", "heat, standard hot and cold cases", tuple(entries), note),))


def minus(text: str) -> str:
    """True minus signs before digits."""
    return re.sub(r"(?<![\w])-(?=\d)", "−", text)


# The wings ----------------------------------------------------------------------------------------------------------


def wings(loaded: Loaded, craft: Craft, mean_orbit: Design, memo: Memo) -> Part:
    """What the array loses to the satellite's own shadow over a year, and would on other axes of the body."""
    rates = secular_rates(mean_orbit.semi_major_axis_m, mean_orbit.eccentricity, mean_orbit.inclination_rad)
    held = abs(local_time_drift_min_year(rates.raan_rad_s)) < 180.0
    plane = round(local_time_h(mean_orbit, mean_orbit.epoch), 1) if held else None  # others meet the Sun at all angles
    key = ("wings", craft.bus, craft.sun_axis, _shape(mean_orbit), plane)
    if key not in memo:
        memo[key] = wings_of(craft, mean_orbit, loaded.starts)
    found = memo[key]
    if found is None:
        return Part()
    assert isinstance(found, Wings), "kept under its own key"
    entries = [Entry("shadow_lost_pct", "array's year lost to its own shadow", "%", year=100.0 * found.lost)]
    entries += [
        Entry(f"shadow_lost_{axis}_pct", f'  with wings = "{axis}"', "%", year=100.0 * lost)
        for axis, lost in found.on.items()
    ]
    entries.append(Entry("shadow_lost_turned_pct", "  with sun_axis = [0, 0, -1]", "%", year=100.0 * found.turned))
    return Part((Section("wings", "self-shadow of the array", tuple(entries), found.advice),))


def _shape(orbit: Design) -> tuple[float, float, float]:
    return (round(orbit.semi_major_axis_m, -2), round(orbit.eccentricity, 4), round(orbit.inclination_rad, 3))


PROVIDERS: tuple[Provider, ...] = (wings, heat_cases, radiation, life)
