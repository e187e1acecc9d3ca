"""A resolved mission as `physics` and the meter take it: orbits, sites, power and heat, and the computer on board."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.compute import Accelerator
from orbitalcloud.mission.resolved import Bus, Craft, Loaded
from orbitalcloud.physics import (
    Battery,
    Conductor,
    EnergyHeat,
    Face,
    Geometry,
    GroundSite,
    Node,
    Omm,
    Orbits,
    Panel,
    SatelliteDesign,
    SolarArray,
    ThermalNetwork,
    TwoLine,
    mean_design,
    secular_rates,
)

ZERO_CELSIUS_K = 273.15


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


def satellite_design(craft: Craft) -> SatelliteDesign:
    """Power and heat of one satellite. The converter's loss is taken from the cells' efficiency: its heat, a few
    watts, stays in the array instead of the body."""
    bus = craft.bus
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
        )
        for p in bus.array.panels
    )
    array = SolarArray(
        panels,
        bus.array.efficiency * bus.array.converter_efficiency,
        bus.array.temperature_coefficient_per_k,
        bus.array.packing,
        bus.array.degradation_per_year,
        bus.age_years,
    )
    battery = Battery(
        bus.battery.capacity_wh * 3600.0,
        bus.battery.charge_efficiency,
        bus.battery.discharge_efficiency,
        bus.battery.max_charge_w,
        bus.battery.max_discharge_w,
    )
    return SatelliteDesign(
        array,
        battery,
        network_of(bus),
        initial_state_of_charge=bus.battery.initial_charge,
        initial_temperature_k=bus.heat[node_index(craft, "body")].initial_c + ZERO_CELSIUS_K,
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


def network_of(bus: Bus) -> ThermalNetwork:
    """The thermal network, its nodes in the bus's order."""
    return ThermalNetwork(
        tuple(Node(node.name, node.heat_capacity_j_per_k) for node in bus.heat),
        tuple(
            Face(node.name, face.area_m2, face.normal, face.absorptivity, face.emissivity)
            for node in bus.heat
            for face in node.faces
        ),
        tuple(Conductor(*pair.between, pair.conductance_w_per_k) for pair in bus.couplings),
    )


def node_index(craft: Craft, name: str) -> int:
    """The column of a thermal node."""
    return [node.name for node in craft.bus.heat].index(name)


def energy_heat(loaded: Loaded, geometry: Geometry) -> EnergyHeat:
    """The fleet's batteries and temperatures at the epoch, each node at its own `initial_c`."""
    state = EnergyHeat([satellite_design(craft) for craft in loaded.satellites], geometry)
    for index, craft in enumerate(loaded.satellites):
        for column, node in enumerate(craft.bus.heat):
            state.temperature_k[index, column] = node.initial_c + ZERO_CELSIUS_K
    state.start_at(loaded.starts)
    return state


def accelerator_of(craft: Craft) -> Accelerator:
    """The computer of one satellite, as the meter prices it."""
    item = craft.accelerator
    return Accelerator(
        name=craft.accelerator_name,
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
