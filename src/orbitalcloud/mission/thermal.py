"""A bus's thermal side: its network as `physics` takes it, coatings aged, controls made; and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from orbitalcloud.core import DataError
from orbitalcloud.mission import controls, types
from orbitalcloud.mission.controls import Control
from orbitalcloud.mission.resolved import Bus, Coating
from orbitalcloud.mission.types import Face
from orbitalcloud.physics import (
    Conductor,
    Heater,
    HeatPump,
    LoopHeatPipe,
    Node,
    PumpedLoop,
    RadiativeLink,
    ThermalNetwork,
    VariableSurface,
    polygons,
)
from orbitalcloud.physics import Control as PhysicsControl
from orbitalcloud.physics import Face as PhysicsFace
from orbitalcloud.physics.heat import Sight

ZERO_CELSIUS_K = 273.15


def aged(coating: Coating, years: float) -> tuple[float, float]:
    """(absorptivity, emissivity) of a coating after `years`."""
    share = 1.0 - math.exp(-years / coating.years_scale)
    return (
        coating.absorptivity + share * (coating.absorptivity_old - coating.absorptivity),
        coating.emissivity + share * (coating.emissivity_old - coating.emissivity),
    )


def finished(bus: Bus, coatings: Mapping[str, Coating], where: str) -> Bus:
    """The bus with the coatings that its faces name; `DataError` for one that is not in the catalogue."""
    named = {face.coating: node.name for node in bus.heat for face in node.faces if face.coating is not None}
    for name, node in named.items():
        if name not in coatings:
            raise DataError(f"{where}.heat.{node}.faces.coating", name, f"choose one of {', '.join(sorted(coatings))}")
    return msgspec.structs.replace(bus, coatings=tuple((name, coatings[name]) for name in sorted(named)))


def optics(face: Face, years: float, coatings: Mapping[str, Coating], where: str) -> tuple[float, float]:
    """(absorptivity, emissivity) of a face: its own numbers, else its coating's at that age."""
    if face.coating is None:
        if face.absorptivity is None or face.emissivity is None:
            raise DataError(where, "no finish", "give absorptivity and emissivity, or a coating of the catalogue")
        return face.absorptivity, face.emissivity
    alpha, epsilon = aged(coatings[face.coating], years)
    return (
        alpha if face.absorptivity is None else face.absorptivity,
        epsilon if face.emissivity is None else face.emissivity,
    )


def network_of(bus: Bus) -> ThermalNetwork:
    """The thermal network, its nodes in the bus's order, coatings at the bus's age."""
    coatings = dict(bus.coatings)
    faces: list[PhysicsFace] = []
    sights: list[Sight] = []
    for node in bus.heat:
        for face in node.faces:
            where = f"face of {node.name}"
            sights += [
                Sight(len(faces), sight.node, view_factor(face, sight, f"{where}: sees {sight.node}"))
                for sight in face.sees
            ]
            finish = optics(face, bus.age_years, coatings, where)
            faces.append(PhysicsFace(node.name, face.area_m2, face.normal, *finish))
    return ThermalNetwork(
        tuple(Node(node.name, node.heat_capacity_j_per_k) for node in bus.heat),
        tuple(faces),
        tuple(Conductor(*one.between, one.conductance_w_per_k) for one in bus.couplings if one.conductance_w_per_k),
        tuple(RadiativeLink(*one.between, one.exchange_area_m2) for one in bus.couplings if one.exchange_area_m2),
        tuple(sights),
    )


def view_factor(face: Face, sight: types.Sight, where: str) -> float:
    """As given, or from the corners of the face and of what it sees."""
    if sight.view_factor is not None:
        return sight.view_factor
    if face.corners_m is None or sight.corners_m is None:
        raise DataError(where, "no view factor", "give view_factor, or corners_m of both the face and what it sees")
    return polygons(face.corners_m, sight.corners_m, where)


def _kelvin(celsius: float) -> float:
    return celsius + ZERO_CELSIUS_K


def thermal_control(one: Control) -> PhysicsControl:
    """A control of the mission file as `physics` takes it."""
    match one:
        case controls.Heater():
            return Heater(one.node, one.power_w, _kelvin(one.on_below_c), _kelvin(one.off_above_c))
        case controls.Louvre():
            band = _kelvin(one.closed_below_c), _kelvin(one.open_above_c)
            return VariableSurface(one.node, *band, one.closed_emissivity, one.open_emissivity)
        case controls.VariableEmissivity():
            band = _kelvin(one.cold_below_c), _kelvin(one.hot_above_c)
            return VariableSurface(one.node, *band, one.cold_emissivity, one.hot_emissivity, one.power_w)
        case controls.LoopHeatPipe():
            return LoopHeatPipe(
                *one.between,
                one.conductance_w_per_k,
                _kelvin(one.set_point_c),
                one.band_k,
                one.parasitic_w_per_k,
                one.start_up_w,
                one.shut_off_w,
                one.control_w,
            )
        case controls.PumpedLoop():
            points = _kelvin(one.on_above_c), _kelvin(one.off_below_c)
            return PumpedLoop(*one.between, one.conductance_w_per_k, one.pump_w, *points)
        case controls.HeatPump():
            points = _kelvin(one.starts_at_c), _kelvin(one.full_at_c)
            return HeatPump(*one.between, one.power_w, one.carnot_share, *points, one.max_cop)
