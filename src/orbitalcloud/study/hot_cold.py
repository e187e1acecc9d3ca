"""The hot and the cold case of every thermal node over a year, which node binds, and what would relax it.

The orbit is flown for a day at seven beta angles between the year's least and greatest, each time in two
environments: hot (strongest sunlight, albedo and Earth infrared, aged coatings and panels, payload at work) and cold
(weakest, new coatings, payload idle). The day is flown again and again until it repeats itself; the extremes within
the orbits of its last quarter are kept. Controls (heaters, louvres, pumps) act as in flight.

The pairs are those of SSP 41000 (the Station's specification, `STANDARD`), which stack the extremes of Sun, albedo
and infrared at once: what flies is milder than both.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DAY, SECOND, Instant
from orbitalcloud.mission import Craft
from orbitalcloud.mission.physical import ZERO_CELSIUS_K, design_of, hot_limit_c
from orbitalcloud.mission.resolved import Bus
from orbitalcloud.physics import Design, EnergyHeat, Geometry, Orbits, beta_angle_rad, geometry, mean_design
from orbitalcloud.physics.earth_light import STANDARD, EarthCase

Floats = NDArray[np.float64]
Side = Literal["hot", "cold"]
_BETAS = 7
_STEP_S = 30.0
_MOST_DAYS = 60
_SAME_K = 0.02  # a day repeats itself: no node differs by more from the day before


@dataclass(frozen=True, slots=True)
class NodeCase:
    """One node: its extremes in kelvin, its limits, and the case (beta angle and environment) each extreme is in."""

    node: str
    cold_k: float
    hot_k: float
    cold_limit_k: float
    hot_limit_k: float
    cold_case: str
    hot_case: str

    @property
    def hot_margin_k(self) -> float:
        """Kelvins to the hot limit; negative beyond it."""
        return self.hot_limit_k - self.hot_k

    @property
    def cold_margin_k(self) -> float:
        """Kelvins to the cold limit; negative beyond it."""
        return self.cold_k - self.cold_limit_k


@dataclass(frozen=True, slots=True)
class HotCold:
    """Every node's cases; the node and side with the least margin, and what a change of the design would do to it.

    `k_per_radiator_m2` is the change of the binding extreme for a square metre more of radiator (at the design's own
    size, so per square metre, not for a whole one), `k_per_payload_w` for a watt more dissipated at the payload.
    """

    nodes: tuple[NodeCase, ...]
    binds: str
    side: Side
    margin_k: float
    k_per_radiator_m2: float
    k_per_payload_w: float

    @property
    def text(self) -> str:
        """What binds, in a sentence."""
        case = next(node for node in self.nodes if node.node == self.binds)
        at, limit = (case.hot_k, case.hot_limit_k) if self.side == "hot" else (case.cold_k, case.cold_limit_k)
        where = case.hot_case if self.side == "hot" else case.cold_case
        return (
            f"{self.binds} binds on the {self.side} side: {at - ZERO_CELSIUS_K:.1f} °C {where}, "
            f"limit {limit - ZERO_CELSIUS_K:g} °C"
        )


def hot_cold_cases(
    craft: Craft,
    starts: Instant,
    *,
    payload_hot_w: float | None = None,
    payload_cold_w: float | None = None,
    end_of_life_years: float = 5.0,
) -> HotCold:
    """The cases of one satellite over the year from `starts`.

    The payload's watts are the accelerator's active and idle power unless given. The hot case takes coatings and
    panels at `end_of_life_years` or the bus's age, whichever is more; the cold case takes new ones. Equal satellites
    in equal planes are answered from memory.
    """
    hot_w = craft.accelerator.active_w if payload_hot_w is None else payload_hot_w
    cold_w = craft.accelerator.idle_w if payload_cold_w is None else payload_cold_w
    limits = tuple(hot_limit_c(craft, node) + ZERO_CELSIUS_K for node in craft.bus.heat)
    source = year_orbit(craft)
    return _cases(craft.bus, source, starts, hot_w, cold_w, end_of_life_years, limits)


def year_orbit(craft: Craft) -> Design:
    """The orbit as a design that can be flown for a year, by its mean elements; its phase is put to zero, so that
    satellites of one plane share their answer."""
    return dataclasses.replace(mean_design(craft.orbit), mean_anomaly_rad=0.0, name="")


@lru_cache(maxsize=64)
def _cases(
    bus: Bus,
    source: Design,
    starts: Instant,
    hot_w: float,
    cold_w: float,
    end_of_life_years: float,
    limits_k: tuple[float, ...],
) -> HotCold:
    orbits = Orbits.of([source], ["orbit"])
    lights = [(beta, geometry(orbits, at, Instant(at + DAY), _STEP_S)) for beta, at in beta_dates(orbits, starts)]
    old = msgspec.structs.replace(bus, age_years=max(bus.age_years, end_of_life_years))
    new = msgspec.structs.replace(bus, age_years=0.0)
    hot = [_extremes(old, light, STANDARD["hot"], hot_w)[1] for _, light in lights]
    cold = [_extremes(new, light, STANDARD["cold"], cold_w)[0] for _, light in lights]
    nodes = []
    for i, node in enumerate(bus.heat):
        hottest = max(range(len(lights)), key=lambda k: float(hot[k][i]))
        coldest = min(range(len(lights)), key=lambda k: float(cold[k][i]))
        nodes.append(
            NodeCase(
                node.name,
                float(cold[coldest][i]),
                float(hot[hottest][i]),
                node.cold_limit_c + ZERO_CELSIUS_K,
                limits_k[i],
                f"at beta {round(lights[coldest][0])}°",
                f"at beta {round(lights[hottest][0])}°",
            )
        )
    margins = [(node.hot_margin_k, "hot", i) for i, node in enumerate(nodes)]
    margins += [(node.cold_margin_k, "cold", i) for i, node in enumerate(nodes)]
    margin, side, i = min(margins)
    values = hot if side == "hot" else cold
    pick = max if side == "hot" else min
    k = pick(range(len(lights)), key=lambda k: float(values[k][i]))
    first = old if side == "hot" else new
    case, watts, row = STANDARD[side], hot_w if side == "hot" else cold_w, 1 if side == "hot" else 0
    here = float(values[k][i])
    area = radiator_m2(bus)
    wider = _extremes(resized(first, 1.02), lights[k][1], case, watts)[row][i] if area > 0.0 else here
    warmer = _extremes(first, lights[k][1], case, watts + 1.0)[row][i]
    return HotCold(
        tuple(nodes),
        nodes[i].node,
        "hot" if side == "hot" else "cold",
        margin,
        float(wider - here) / (0.02 * area) if area > 0.0 else 0.0,
        float(warmer - here),
    )


def radiator_m2(bus: Bus) -> float:
    """Area of the radiator's faces."""
    return sum(face.area_m2 for node in bus.heat if node.name == bus.roles.radiator for face in node.faces)


def resized(bus: Bus, scale: float) -> Bus:
    """The bus with its radiator's faces `scale` times as large."""
    heat = tuple(
        node
        if node.name != bus.roles.radiator
        else msgspec.structs.replace(
            node, faces=tuple(msgspec.structs.replace(face, area_m2=face.area_m2 * scale) for face in node.faces)
        )
        for node in bus.heat
    )
    return msgspec.structs.replace(bus, heat=heat)


def beta_dates(orbits: Orbits, starts: Instant) -> list[tuple[float, Instant]]:
    """(beta in degrees, date) of seven angles from the year's least to its greatest."""
    days = starts + DAY * np.arange(366, dtype=np.int64)
    beta = np.degrees(beta_angle_rad(orbits, days)[0])
    wanted = np.linspace(beta.min(), beta.max(), _BETAS)
    chosen = dict.fromkeys(int(np.argmin(np.abs(beta - one))) for one in wanted)
    return [(float(beta[k]), Instant(int(days[k]))) for k in chosen]


@dataclass(frozen=True, slots=True)
class Day:
    """A day that repeats itself: extremes of each node in kelvin (n_nodes,), mean electric watts that the thermal
    controls drew, the share of asked energy that went unserved, and whether it did repeat."""

    coldest_k: Floats
    hottest_k: Floats
    control_w: float
    unserved_share: float
    settled: bool


def repeated_day(bus: Bus, light: Geometry, case: EarthCase, payload_w: float) -> Day:
    """Fly a day of `light` again and again, in one environment and under constant loads, until it repeats itself."""
    design = dataclasses.replace(
        design_of(bus), albedo=case.albedo, earth_infrared_w_m2=case.infrared_w_m2, initial_state_of_charge=0.95
    )
    flat = dataclasses.replace(light, irradiance_w_m2=np.full_like(light.irradiance_w_m2, case.sunlight_w_m2))
    state = EnergyHeat([design], flat)
    loads = np.zeros((1, state.n_nodes))
    names = [node.name for node in bus.heat]
    loads[0, names.index(bus.roles.body)] += bus.idle_w
    loads[0, names.index(bus.roles.payload)] += payload_w
    state.temperature_k[0] = [node.initial_c + ZERO_CELSIUS_K for node in bus.heat]
    measure = Instant(flat.start + 3 * (flat.end - flat.start) // 4)
    before, settled = state.temperature_k[0].copy(), False
    for _ in range(_MOST_DAYS):
        state.start_at(flat.start)
        state.advance_all(measure, loads)
        settled = bool(np.abs(state.temperature_k[0] - before).max() < _SAME_K)
        if settled:
            break
        before = state.temperature_k[0].copy()
        state.advance_all(flat.end, loads)
    coldest, hottest = state.temperature_k[0].copy(), state.temperature_k[0].copy()
    drawn, missed, now = float(state.control_j[0]), float(state.unserved_j[0]), measure
    while now < flat.end:
        now = Instant(min(flat.end, now + 60 * SECOND))
        state.advance_all(now, loads)
        np.minimum(coldest, state.temperature_k[0], out=coldest)
        np.maximum(hottest, state.temperature_k[0], out=hottest)
    seconds = (flat.end - measure) / SECOND
    control_w = (float(state.control_j[0]) - drawn) / seconds
    asked_j = (float(loads.sum()) + control_w) * seconds
    unserved = (float(state.unserved_j[0]) - missed) / asked_j if asked_j > 0.0 else 0.0
    return Day(coldest, hottest, control_w, unserved, settled)


def _extremes(bus: Bus, light: Geometry, case: EarthCase, payload_w: float) -> tuple[Floats, Floats]:
    day = repeated_day(bus, light, case, payload_w)
    return day.coldest_k, day.hottest_k
