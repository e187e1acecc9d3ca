"""A resolved mission as `physics` and the meter take it: orbits, sites, power and heat, and the computer on board."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.compute import Accelerator
from orbitalcloud.core import Instant
from orbitalcloud.mission import resolved
from orbitalcloud.mission.resolved import Bus, Craft, HeatNode, Loaded
from orbitalcloud.mission.thermal import ZERO_CELSIUS_K as ZERO_CELSIUS_K
from orbitalcloud.mission.thermal import network_of, thermal_control
from orbitalcloud.physics import (
    BATTERY_CELLS,
    SOLAR_CELLS,
    Battery,
    Duty,
    EnergyHeat,
    Geometry,
    GroundSite,
    Omm,
    Orbits,
    Panel,
    SatelliteDesign,
    SolarArray,
    TwoLine,
    Wear,
    mean_design,
    remaining_power,
    secular_rates,
    worn,
)
from orbitalcloud.physics import geometry as geometry_of
from orbitalcloud.physics.constants import EARTH_MU_M3_S2, EARTH_RADIUS_M
from orbitalcloud.physics.earth_light import STANDARD


def orbits_of(loaded: Loaded) -> Orbits:
    """The fleet, satellite i being `loaded.satellites[i]`."""
    return Orbits.of([craft.orbit for craft in loaded.satellites], [craft.name for craft in loaded.satellites])


def sites_of(loaded: Loaded) -> list[GroundSite]:
    """The stations, in order."""
    return [
        GroundSite(
            math.radians(one.latitude_deg),
            math.radians(one.longitude_deg),
            one.height_m,
            math.radians(one.mask_deg),
            one.name,
        )
        for one in loaded.stations
    ]


ORDINARY_RADIATION = 0.015
"""Share of the power lost a year to radiation where the orbit is outside the packaged maps (150 to 1,950 km): that of
gallium arsenide in low orbits (Space Mission Analysis and Design, 3rd ed., §11.4)."""


def radiation_per_year(craft: Craft) -> float:
    """The share of its array's power that a satellite loses to trapped radiation in a year: the mean over its age, as
    the first years cost most; the mission's own where it says one."""
    said, years = craft.bus.array.radiation_per_year, craft.bus.age_years
    if said is not None or years <= 0.0:
        return said or 0.0
    axis_m = np.cbrt(EARTH_MU_M3_S2 * (period_s(craft) / (2.0 * math.pi)) ** 2)
    altitude_m = float(axis_m) - EARTH_RADIUS_M
    if not 150e3 <= altitude_m <= 1950e3:
        return ORDINARY_RADIATION
    return float(1.0 - remaining_power(altitude_m, math.radians(inclination_deg(craft)), years) ** (1.0 / years))


def array_of(bus: Bus, radiation: float = 0.0) -> SolarArray:
    """The solar array. The converter's loss is taken from the cells' efficiency: its heat, a few watts, stays in the
    array instead of the body."""
    panels = tuple(
        Panel(
            p.area_m2,
            p.mount,
            p.direction,
            p.deployed,
            p.absorptivity,
            p.emissivity,
            p.back_absorptivity,
            p.back_emissivity,
            _centre_m(p),
            p.aspect,
        )
        for p in bus.array.panels
    )
    cells = BATTERY_CELLS[bus.battery.cell]
    return SolarArray(
        panels,
        bus.array.efficiency * bus.array.converter_efficiency,
        bus.array.temperature_coefficient_per_k,
        bus.array.packing,
        bus.array.degradation_per_year,
        bus.age_years,
        radiation_per_year=radiation,
        cycling_per_year=bus.array.cycling_per_year,
        cell=SOLAR_CELLS[bus.array.cell],
        tracker=bus.array.tracker,
        strings=bus.array.strings,
        cells=bus.array.cells,
        direct_v=bus.battery.series * cells.energy_j / 3600.0 / cells.capacity_ah,
        body_m=bus.body_m,
    )


def _centre_m(panel: resolved.Panel) -> tuple[float, float, float] | None:
    """Half its length out from where the panel hangs."""
    if panel.root_m is None:
        return None
    length = math.sqrt(panel.area_m2 * panel.aspect)
    scale = 1.0 + 0.5 * length / max(1e-9, math.hypot(*panel.root_m))
    x, y, z = (scale * part for part in panel.root_m)
    return x, y, z


def battery_of(bus: Bus) -> Battery:
    """The battery as it is at the bus's age."""
    item, cell = bus.battery, BATTERY_CELLS[bus.battery.cell]
    new = Battery(
        item.capacity_wh * 3600.0,
        item.charge_efficiency,
        item.discharge_efficiency,
        item.max_charge_w,
        item.max_discharge_w,
        cell=cell,
        series=item.series,
        lock_out_k=None if item.lock_out_c is None else item.lock_out_c + ZERO_CELSIUS_K,
    )
    days = bus.age_years * 365.25
    if not days or cell.name == "ideal":
        return new
    duty = Duty(
        days,
        item.mean_c + ZERO_CELSIUS_K,
        new.voltage(item.mean_charge, 0.0, 298.15) / item.series,
        2.0 * item.cycle_depth * item.cycles_per_day * days,
        item.cycle_depth,
    )
    return replace(new, wear=worn(Wear(), duty))


def satellite_design(craft: Craft) -> SatelliteDesign:
    """Power and heat of one satellite."""
    design = design_of(craft.bus, radiation_per_year(craft))
    return replace(design, shedding=craft.shedding, sun_axis=craft.sun_axis)


def design_of(bus: Bus, radiation: float = 0.0) -> SatelliteDesign:
    """Power and heat of a bus, nadir-pointing and shedding nothing; `radiation` as `array_of` takes it."""
    return SatelliteDesign(
        array_of(bus, radiation),
        battery_of(bus),
        network_of(bus),
        bus.roles.array,
        bus.roles.battery or bus.roles.body,
        initial_state_of_charge=bus.battery.initial_charge,
        initial_temperature_k=next(n.initial_c for n in bus.heat if n.name == bus.roles.body) + ZERO_CELSIUS_K,
        controls=tuple(thermal_control(one) for one in bus.control),
    )


def period_s(craft: Craft) -> float:
    """From node to node for designs and what is integrated or tabled; by the mean motion of SGP4's elements."""
    orbit = craft.orbit
    if isinstance(orbit, TwoLine):
        return 86_400.0 / float(orbit.line2[52:63])
    if isinstance(orbit, Omm):
        return 86_400.0 / orbit.mean_motion_rev_day
    mean = mean_design(orbit)
    return secular_rates(mean.semi_major_axis_m, mean.eccentricity, mean.inclination_rad).nodal_period_s


def inclination_deg(craft: Craft) -> float:
    """Of the elements."""
    orbit = craft.orbit
    if isinstance(orbit, TwoLine):
        return float(orbit.line2[8:16])
    return orbit.inclination_deg if isinstance(orbit, Omm) else math.degrees(mean_design(orbit).inclination_rad)


def node_index(craft: Craft, name: str) -> int:
    """The column of the thermal node that plays a role (array, body, battery, payload, radiator), or has that name."""
    return [node.name for node in craft.bus.heat].index(node_of(craft.bus, name))


def hot_limit_c(craft: Craft, node: HeatNode) -> float:
    """A thermal node's hot limit; at the payload also the accelerator's own."""
    own = node.hot_limit_c
    return min(own, craft.accelerator.hot_limit_c) if node.name == craft.bus.roles.payload else own


def node_of(bus: Bus, role: str) -> str:
    """The name of the thermal node that plays a role; any other name stands for itself."""
    if role == "battery":
        return bus.roles.battery or bus.roles.body
    return str(getattr(bus.roles, role, role))


def energy_heat(loaded: Loaded, geometry: Geometry) -> EnergyHeat:
    """The fleet's batteries and temperatures at the epoch, each node at its own `initial_c`."""
    state = EnergyHeat([_under(loaded, satellite_design(craft)) for craft in loaded.satellites], geometry)
    for index, craft in enumerate(loaded.satellites):
        for column, node in enumerate(craft.bus.heat):
            state.temperature_k[index, column] = node.initial_c + ZERO_CELSIUS_K
    state.start_at(loaded.starts)
    return state


def _under(loaded: Loaded, design: SatelliteDesign) -> SatelliteDesign:
    """The design in the mission's `earth_light`, where that is one of a standard's extremes."""
    case = STANDARD.get(loaded.mission.environment.earth_light)
    if case is None:
        return design
    return replace(design, albedo=case.albedo, earth_infrared_w_m2=case.infrared_w_m2)


def light_of(loaded: Loaded, orbits: Orbits, start: Instant, end: Instant, step_s: float = 10.0) -> Geometry:
    """`physics.geometry` with the Earth that the mission's environment asks for."""
    seasonal = loaded.mission.environment.earth_light == "seasonal"
    return geometry_of(orbits, start, end, step_s, seasonal_earth=seasonal)


def accelerator_of(craft: Craft) -> Accelerator:
    """The computer of one satellite, as the meter prices it."""
    return meter_entry(craft.accelerator_name, craft.accelerator)


def meter_entry(name: str, item: resolved.Accelerator) -> Accelerator:
    """A catalogue entry as the meter prices it."""
    return Accelerator(
        name=name,
        int8_ops_per_s=item.int8_ops_per_s,
        float_ops_per_s=item.float_ops_per_s,
        utilisation=item.utilisation,
        fuel_per_s=item.fuel_per_s,
        idle_w=item.idle_w,
        active_w=item.active_w,
        throttled_w=item.throttled_w,
        throttled_ops_fraction=item.throttled_ops_fraction,
        boot_s=item.boot_s,
        memory_bytes=item.memory_bytes,
    )


def loads_w(loaded: Loaded, payload_w: NDArray[np.float64] | float, n_nodes: int) -> NDArray[np.float64]:
    """(n_satellites, n_nodes): the platform's idle load at `body` and `payload_w` (n_satellites,) at `payload`."""
    loads = np.zeros((len(loaded.satellites), n_nodes))
    payload = np.broadcast_to(np.asarray(payload_w, float), len(loaded.satellites))
    for index, craft in enumerate(loaded.satellites):
        loads[index, node_index(craft, "body")] += craft.bus.idle_w
        loads[index, node_index(craft, "payload")] += payload[index]
    return loads
