"""The same satellite under each kind of thermal control: temperatures, electricity, radiator and mass, side by side.

Each kind flies the mission's own orbit and date, in the hot environment with the payload always at work and in the
cold one with it idle (`hot_cold.repeated_day`, the standard's pairs), so that kinds differ by what they do and not by
luck. Then the radiator is resized, for each, to the least at which payload and battery stay within their hot limits.
Sizes follow one rule for all (`_controls`); masses are the catalogue's (`coolings.toml`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from orbitalcloud.core import DAY, Instant
from orbitalcloud.mission import Craft, Loaded
from orbitalcloud.mission.catalogue import catalogue
from orbitalcloud.mission.controls import (
    Control,
    Heater,
    HeatPump,
    LoopHeatPipe,
    Louvre,
    PumpedLoop,
    VariableEmissivity,
)
from orbitalcloud.mission.physical import ZERO_CELSIUS_K, hot_limit_c, node_index
from orbitalcloud.mission.resolved import Bus, HeatNode
from orbitalcloud.mission.types import Coupling
from orbitalcloud.physics import Geometry, Orbits, geometry
from orbitalcloud.physics.earth_light import STANDARD
from orbitalcloud.study.hot_cold import Day, radiator_m2, repeated_day, resized, year_orbit

KINDS = (
    "fixed",
    "heaters",
    "louvres",
    "variable-emissivity",
    "loop-heat-pipe",
    "pumped-loop",
    "heat-pump",
    "throttling",
)
_STEP_S = 30.0
_DROP_K = 5.0  # payload over radiator at full load, what a loop is sized for
_LIFT_K = 20.0  # by which a heat pump is sized to raise the radiator over the payload
_SHUT_W_PER_K = 0.02  # what a loop passes when it is shut
_BISECTIONS = 12
_LEAST, _MOST = 0.02, 50.0  # times the bus's own radiator


@dataclass(frozen=True, slots=True)
class Cooled:
    """One kind of control. Temperatures in °C: coldest in the cold environment, hottest in the hot one.

    `cold_j_per_day` and `hot_j_per_day` are the controls' electricity; `radiator_m2` is the least that holds the hot
    limits (`inf` where none does); `added_kg` is the control's hardware and the radiator's change from the bus's own;
    `payload_share` is what the payload keeps of its full power; `closes` says that limits hold, at the bus's own
    radiator, and that the bus serves everything.
    """

    kind: str
    payload_coldest_c: float
    payload_hottest_c: float
    battery_coldest_c: float
    battery_hottest_c: float
    cold_j_per_day: float
    hot_j_per_day: float
    radiator_m2: float
    added_kg: float
    payload_share: float
    closes: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every kind for one satellite of a mission; `own_m2` is the radiator that its bus has."""

    satellite: str
    own_m2: float
    payload_w: float
    kinds: tuple[Cooled, ...]


def compare_cooling(loaded: Loaded) -> tuple[Comparison, ...]:
    """One comparison for each different satellite of the mission (bus, computer, plane); a second or two each."""
    made: dict[object, Comparison] = {}
    for craft in loaded.satellites:
        orbit = year_orbit(craft)
        key = (craft.bus, craft.accelerator_name, orbit.raan_rad, orbit.semi_major_axis_m, orbit.inclination_rad)
        if key not in made:
            end = Instant(loaded.starts + DAY)
            light = geometry(Orbits.of([craft.orbit], [craft.name]), loaded.starts, end, _STEP_S)
            made[key] = _compare(craft, light)
    return tuple(made.values())


def _compare(craft: Craft, light: Geometry) -> Comparison:
    kinds = tuple(_cooled(craft, light, kind) for kind in KINDS)
    return Comparison(craft.name, radiator_m2(craft.bus), craft.accelerator.active_w, kinds)


def _cooled(craft: Craft, light: Geometry, kind: str) -> Cooled:
    bus = fitted(craft, kind)
    full_w, idle_w = craft.accelerator.active_w, craft.accelerator.idle_w
    share = 1.0
    if kind == "throttling":
        share = _largest(lambda part: _holds(craft, bus, light, idle_w + part * (full_w - idle_w)))
    payload_w = idle_w + share * (full_w - idle_w)
    hot = repeated_day(bus, light, STANDARD["hot"], payload_w)
    cold = repeated_day(bus, light, STANDARD["cold"], idle_w)
    area = _least_radiator_m2(craft, bus, light, payload_w)
    payload, battery = node_index(craft, "payload"), node_index(craft, "battery")
    return Cooled(
        kind,
        float(cold.coldest_k[payload]) - ZERO_CELSIUS_K,
        float(hot.hottest_k[payload]) - ZERO_CELSIUS_K,
        float(cold.coldest_k[battery]) - ZERO_CELSIUS_K,
        float(hot.hottest_k[battery]) - ZERO_CELSIUS_K,
        cold.control_w * 86_400.0,
        hot.control_w * 86_400.0,
        area,
        _mass_kg(kind, area, payload_w) + (area - radiator_m2(bus)) * catalogue().coolings["radiator"].mass_kg_per_m2,
        payload_w / full_w,
        _within(craft, hot) and _warm_enough(craft, cold) and hot.unserved_share < 1e-3 and cold.unserved_share < 1e-3,
    )


def _mass_kg(kind: str, area_m2: float, payload_w: float) -> float:
    if kind == "fixed":
        return 0.0
    item = catalogue().coolings[kind]
    return item.mass_kg + item.mass_kg_per_m2 * area_m2 + item.mass_kg_per_w * payload_w


# What is fitted -----------------------------------------------------------------------------------------------------


def fitted(craft: Craft, kind: str) -> Bus:
    """The bus with one kind of control in place of its own. Loops and heat pumps replace the strap between payload
    and radiator; the bus keeps what else it has."""
    bus = msgspec.structs.replace(craft.bus, control=tuple(_controls(craft, kind)))
    if kind not in ("loop-heat-pipe", "pumped-loop", "heat-pump"):
        return bus
    strap = {bus.roles.payload, bus.roles.radiator}
    kept = tuple(pair for pair in bus.couplings if set(pair.between) != strap)
    if (
        kind != "loop-heat-pipe"
    ):  # a heat pump at rest and a still loop conduct a little; a loop heat pipe says so itself
        between = bus.roles.payload, bus.roles.radiator
        kept = (*kept, Coupling(between=between, conductance_w_per_k=_SHUT_W_PER_K))
    return msgspec.structs.replace(bus, couplings=kept)


def _controls(craft: Craft, kind: str) -> Iterator[Control]:
    """Heaters for a watt in three of the platform's; surfaces that open over 14 K (Gilmore's louvres) up to 10 K below
    the payload's limit; loops that carry the payload's power over 5 K; a heat pump that lifts it 20 K."""
    bus, watts = craft.bus, craft.accelerator.active_w
    item = catalogue().coolings.get(kind)
    payload, radiator = bus.roles.payload, bus.roles.radiator
    ends = payload, radiator
    limit = hot_limit_c(craft, _node(bus, payload))
    start = limit - 25.0
    if kind == "heaters":
        for name in dict.fromkeys((bus.roles.battery or bus.roles.body, payload)):
            low = _node(bus, name).cold_limit_c + 5.0
            yield Heater(node=name, power_w=max(1.0, bus.idle_w / 3.0), on_below_c=low, off_above_c=low + 3.0)
    elif kind == "louvres" and item is not None:
        ends_e = {"closed_emissivity": item.cold_emissivity, "open_emissivity": item.hot_emissivity}
        yield Louvre(node=radiator, closed_below_c=start - 14.0, open_above_c=start, **ends_e)
    elif kind == "variable-emissivity" and item is not None:
        surface = {"cold_emissivity": item.cold_emissivity, "hot_emissivity": item.hot_emissivity}
        yield VariableEmissivity(node=radiator, cold_below_c=start - 30.0, hot_above_c=start, **surface)
    elif kind == "loop-heat-pipe":
        loop = {"conductance_w_per_k": watts / _DROP_K, "parasitic_w_per_k": _SHUT_W_PER_K}
        yield LoopHeatPipe(between=ends, set_point_c=start, start_up_w=0.1 * watts, shut_off_w=0.02 * watts, **loop)
    elif kind == "pumped-loop" and item is not None:
        pump_w = max(0.1, item.watts_per_w * watts)
        conductance = watts / _DROP_K
        points = {"on_above_c": start + 5.0, "off_below_c": start - 5.0}
        yield PumpedLoop(between=ends, conductance_w_per_k=conductance, pump_w=pump_w, **points)
    elif kind == "heat-pump" and item is not None:
        power_w = watts * _LIFT_K / (item.carnot_share * (limit - 10.0 + ZERO_CELSIUS_K))
        points = {"starts_at_c": start, "full_at_c": limit - 10.0}
        yield HeatPump(between=ends, power_w=power_w, carnot_share=item.carnot_share, **points)


def _node(bus: Bus, name: str) -> HeatNode:
    return next(node for node in bus.heat if node.name == name)


# What holds ---------------------------------------------------------------------------------------------------------


def _watched(craft: Craft) -> list[int]:
    return sorted({node_index(craft, "payload"), node_index(craft, "battery")})


def _within(craft: Craft, day: Day) -> bool:
    nodes = craft.bus.heat
    return all(float(day.hottest_k[i]) - ZERO_CELSIUS_K <= hot_limit_c(craft, nodes[i]) for i in _watched(craft))


def _warm_enough(craft: Craft, day: Day) -> bool:
    nodes = craft.bus.heat
    return all(float(day.coldest_k[i]) - ZERO_CELSIUS_K >= nodes[i].cold_limit_c for i in _watched(craft))


def _holds(craft: Craft, bus: Bus, light: Geometry, payload_w: float) -> bool:
    return _within(craft, repeated_day(bus, light, STANDARD["hot"], payload_w))


def _largest(holds: Callable[[float], bool]) -> float:
    """The largest share, 0–1, that holds; 0 where none does."""
    if holds(1.0):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _least_radiator_m2(craft: Craft, bus: Bus, light: Geometry, payload_w: float) -> float:
    """The least area, from a fiftieth to fifty times the bus's own, at which the hot limits hold; `inf` if none."""
    own = radiator_m2(bus)
    low, high = math.log(_LEAST), math.log(_MOST)
    if own <= 0.0 or not _holds(craft, resized(bus, _MOST), light, payload_w):
        return math.inf
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        good = _holds(craft, resized(bus, math.exp(middle)), light, payload_w)
        low, high = (low, middle) if good else (middle, high)
    return own * math.exp(high)
