"""Thermal control that acts: heaters, louvres, variable emissivity, loop heat pipes, pumped loops, heat pumps.

Each step of `power_heat` asks `decide` what every control will do, given the temperatures at the step's start, and
what it asks of the bus; when the bus has answered with the share it can serve, `apply` acts on the step's own copies
of conduction, emission and heat. A control's setting is not that of the step's start: `decide` solves for the
temperature that its node would have at the step's end (backward Euler of that node, neighbours held) with the
control's law inside, so that a stiff network (1 J/K, steps of 10 s) settles in its band instead of leaping through it.
Every law removes more heat, or adds less, as its node warms, so the solution is one, and bracketed.

Electricity ends as heat: at the node of a heater or a driven surface, at the evaporator of a loop heat pipe, at the
far node of a pump or a heat pump.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.constants import EARTH_RADIUS_M, STEFAN_BOLTZMANN_W_M2_K4
from orbitalcloud.physics.heat import AREA, EPSILON, NODE, earth_view_factor, face_cosines

Floats = NDArray[np.float64]
HEATER, SURFACE, LOOP, PUMP, HEAT_PUMP = 0.0, 1.0, 2.0, 3.0, 4.0
# Columns of the control table. FIRST and LAST are the set points (K); A to D by kind, see each `row`
KIND, AT, OTHER, FIRST, LAST, WATTS, A, B, C, D = range(10)
WIDTH = 10
# Columns of a control's state: whether it is on (a heat pump: its warm end in K), its setting (0–1), electric J drawn,
# heat J moved
ON, SETTING, DRAWN, MOVED = range(4)
STATE = 4


@dataclass(frozen=True, slots=True)
class Heater:
    """Electric heat at a node, on below `on_below_k`, off above `off_above_k`."""

    node: str
    power_w: float
    on_below_k: float
    off_above_k: float

    def row(self, index: Callable[[str], int]) -> tuple[float, ...]:
        """Row of the control table."""
        where = f"heater at {self.node}"
        _rising(where, self.on_below_k, self.off_above_k, "on_below", "off_above")
        _positive(where, "power_w", self.power_w)
        return HEATER, index(self.node), -1.0, self.on_below_k, self.off_above_k, self.power_w, 0.0, 0.0, 0.0, 0.0


@dataclass(frozen=True, slots=True)
class VariableSurface:
    """The emissivity of a node's own faces rises in a line between two temperatures: louvres by their effective
    emissivity (Gilmore ch. 9: 0.14 to 0.74), thermochromic or, with `power_w`, electrochromic coatings.

    The solar absorptivity stays that of the faces; Earth infrared is absorbed with the emissivity of the moment.
    """

    node: str
    cold_k: float
    hot_k: float
    cold_emissivity: float
    hot_emissivity: float
    power_w: float = 0.0

    def row(self, index: Callable[[str], int]) -> tuple[float, ...]:
        """Row of the control table; A and B are the emissivities."""
        where = f"variable surface of {self.node}"
        _rising(where, self.cold_k, self.hot_k, "cold", "hot")
        if not 0.0 <= self.cold_emissivity < self.hot_emissivity <= 1.0:
            span = f"{self.cold_emissivity} to {self.hot_emissivity}"
            raise DataError(f"{where}: emissivity", span, "let it rise with temperature, within 0 to 1")
        _not_negative(where, "power_w", self.power_w)
        ends = self.cold_emissivity, self.hot_emissivity
        return SURFACE, index(self.node), -1.0, self.cold_k, self.hot_k, self.power_w, *ends, 0.0, 0.0


@dataclass(frozen=True, slots=True)
class LoopHeatPipe:
    """A loop heat pipe: a conductance from `evaporator` to `condenser` that opens over `band_k` above the set point.

    It starts when the open loop could carry `start_up_w`, stops when it carries less than `shut_off_w`, and then
    passes `parasitic_w_k` only; it is a diode (Ku 1999, SAE 1999-01-2007). `control_w` warms the compensation chamber
    in proportion to how far the loop is closed.
    """

    evaporator: str
    condenser: str
    conductance_w_k: float
    set_point_k: float
    band_k: float = 5.0
    parasitic_w_k: float = 0.0
    start_up_w: float = 0.0
    shut_off_w: float = 0.0
    control_w: float = 0.0

    def row(self, index: Callable[[str], int]) -> tuple[float, ...]:
        """Row of the control table; A to D: conductances open and shut, watts to start and to stop."""
        where = f"loop heat pipe {self.evaporator}–{self.condenser}"
        _rising(where, self.set_point_k, self.set_point_k + self.band_k, "set point", "set point + band_k")
        _positive(where, "conductance_w_k", self.conductance_w_k)
        for name in ("parasitic_w_k", "start_up_w", "shut_off_w", "control_w"):
            _not_negative(where, name, getattr(self, name))
        if self.parasitic_w_k >= self.conductance_w_k:
            raise DataError(f"{where}: parasitic_w_k", self.parasitic_w_k, "choose less than the open conductance")
        if self.shut_off_w > self.start_up_w:
            raise DataError(f"{where}: shut_off_w", self.shut_off_w, "choose no more than start_up_w")
        ends = _two(where, index, self.evaporator, self.condenser)
        band = self.set_point_k, self.set_point_k + self.band_k
        conductances = self.conductance_w_k, self.parasitic_w_k
        return LOOP, *ends, *band, self.control_w, *conductances, self.start_up_w, self.shut_off_w


@dataclass(frozen=True, slots=True)
class PumpedLoop:
    """A pumped fluid loop: a conductance from `source` to `sink` while its pump runs, on a thermostat at `source`.

    It is bypassed where it would carry heat back. The pump's power ends at the sink.
    """

    source: str
    sink: str
    conductance_w_k: float
    pump_w: float
    on_above_k: float
    off_below_k: float

    def row(self, index: Callable[[str], int]) -> tuple[float, ...]:
        """Row of the control table; A is the conductance."""
        where = f"pumped loop {self.source}–{self.sink}"
        _rising(where, self.off_below_k, self.on_above_k, "off_below", "on_above")
        _positive(where, "conductance_w_k", self.conductance_w_k)
        _positive(where, "pump_w", self.pump_w)
        ends = _two(where, index, self.source, self.sink)
        return PUMP, *ends, self.off_below_k, self.on_above_k, self.pump_w, self.conductance_w_k, 0.0, 0.0, 0.0


@dataclass(frozen=True, slots=True)
class HeatPump:
    """A heat pump from `cold` to `hot`: heat lifted = electric power × COP, and both end at `hot`.

    COP = min(`max_cop`, `carnot_share` · T_cold / (T_hot − T_cold)), `max_cop` where it runs downhill. Its power rises
    in a line from nothing at `start_k` of the cold node to `power_w` at `full_k`.
    """

    cold: str
    hot: str
    power_w: float
    carnot_share: float
    start_k: float
    full_k: float
    max_cop: float = 10.0

    def row(self, index: Callable[[str], int]) -> tuple[float, ...]:
        """Row of the control table; A is Carnot's share, B the greatest COP."""
        where = f"heat pump {self.cold}–{self.hot}"
        _rising(where, self.start_k, self.full_k, "starts_at", "full_at")
        _positive(where, "power_w", self.power_w)
        if not 0.0 < self.carnot_share <= 1.0:
            raise DataError(f"{where}: carnot_share", self.carnot_share, "choose more than 0, 1 at most")
        if not 0.0 < self.max_cop <= 50.0:
            raise DataError(f"{where}: max_cop", self.max_cop, "choose more than 0, 50 at most")
        ends = _two(where, index, self.cold, self.hot)
        return HEAT_PUMP, *ends, self.start_k, self.full_k, self.power_w, self.carnot_share, self.max_cop, 0.0, 0.0


Control = Heater | VariableSurface | LoopHeatPipe | PumpedLoop | HeatPump


def control_table(controls: Sequence[Control], index: Callable[[str], int]) -> Floats:
    """(n_controls, 10) for the kernel; `index` gives a node's place. `DataError` for what cannot work."""
    return np.array([control.row(index) for control in controls], dtype=np.float64).reshape(-1, WIDTH)


def _two(where: str, index: Callable[[str], int], first: str, second: str) -> tuple[float, float]:
    if first == second:
        raise DataError(where, first, "join two different nodes")
    return float(index(first)), float(index(second))


def _rising(where: str, low_k: float, high_k: float, low: str, high: str) -> None:
    if not 10.0 <= low_k < high_k <= 2000.0:
        raise DataError(f"{where}: set points", f"{low} {low_k:g} K, {high} {high_k:g} K", f"put {low} below {high}")


def _positive(where: str, name: str, value: float) -> None:
    if not 0.0 < value <= 1e9:
        raise DataError(f"{where}: {name}", value, "choose more than 0")


def _not_negative(where: str, name: str, value: float) -> None:
    if not 0.0 <= value <= 1e9:
        raise DataError(f"{where}: {name}", value, "choose 0 or more")


@njit(cache=True)
def cop(cold_k, hot_k, carnot_share, most):  # type: ignore[no-untyped-def]
    """Heat lifted per electric watt, by a share of Carnot's."""
    lift = hot_k - cold_k
    return most if lift * most <= carnot_share * cold_k else carnot_share * cold_k / lift


@njit(cache=True)
def _excess(i, x, before, seconds, network, heat):  # type: ignore[no-untyped-def]
    """Watts by which node i, at `x` K when the step ends, would lose more than it gets; rises with x."""
    capacity, conduction, radiation, emission = network
    x4 = x * x * x * x
    total = capacity[i] * (x - before[i]) / seconds - heat[i] + emission[i] * x4
    for j in range(before.shape[0]):
        u = before[j]
        if conduction[i, j] != 0.0:
            total += conduction[i, j] * (x - u)
        if radiation[i, j] != 0.0:
            total += radiation[i, j] * (x4 - u * u * u * u)
    return total


@njit(cache=True)
def _surface(control, faces, n_faces, light, infrared):  # type: ignore[no-untyped-def]
    """Of the control's node: area, area × ε, and both weighted by Earth infrared in W/m²."""
    _, sx, sy, sz, radius = light
    ratio = max(1.0, radius / EARTH_RADIUS_M)
    area, grey, area_ir, grey_ir = 0.0, 0.0, 0.0, 0.0
    for f in range(n_faces):
        face = faces[f]
        if face[NODE] == control[AT]:
            _, to_earth = face_cosines(face, sx, sy, sz)
            watts = earth_view_factor(to_earth, ratio) * infrared * face[AREA]
            area += face[AREA]
            grey += face[AREA] * face[EPSILON]
            area_ir += watts
            grey_ir += watts * face[EPSILON]
    return area, grey, area_ir, grey_ir


@njit(cache=True)
def _removed(control, x, share, before, skin):  # type: ignore[no-untyped-def]
    """Watts that a proportional control at setting `share` takes from its node at x K, beyond what is there anyway."""
    kind = control[KIND]
    if kind == SURFACE:
        area, grey, area_ir, grey_ir = skin
        emissivity = control[A] + share * (control[B] - control[A])
        return STEFAN_BOLTZMANN_W_M2_K4 * (emissivity * area - grey) * x**4 - (emissivity * area_ir - grey_ir)
    sink = before[int(control[OTHER])]
    if kind == LOOP:
        return (control[B] + share * (control[A] - control[B])) * max(0.0, x - sink)
    return control[WATTS] * share * skin[0]  # a heat pump: its COP stands in `skin`


@njit(cache=True)
def _proportional(control, before, seconds, network, heat, skin):  # type: ignore[no-untyped-def]
    """The setting (0–1) at which the node's temperature at the step's end asks for just that setting."""
    i = int(control[AT])
    low, high = control[FIRST], control[LAST]
    if _excess(i, low, before, seconds, network, heat) + _removed(control, low, 0.0, before, skin) >= 0.0:
        return 0.0
    if _excess(i, high, before, seconds, network, heat) + _removed(control, high, 1.0, before, skin) <= 0.0:
        return 1.0
    bottom, top = 0.0, 1.0
    for _ in range(30):
        middle = 0.5 * (bottom + top)
        x = low + middle * (high - low)
        if _excess(i, x, before, seconds, network, heat) + _removed(control, x, middle, before, skin) < 0.0:
            bottom = middle
        else:
            top = middle
    return 0.5 * (bottom + top)


@njit(cache=True)
def _thermostat(control, state, before, seconds, network, heat):  # type: ignore[no-untyped-def]
    """Setting of a heater: on or off by hysteresis; where it would cross its set point within the step, for the part
    of the step that ends at it."""
    i = int(control[AT])
    if state[ON] > 0.0:
        missing = _excess(i, control[LAST], before, seconds, network, heat)
        if missing >= control[WATTS]:
            return 1.0
        state[ON] = 0.0
        return max(0.0, missing) / control[WATTS]
    missing = _excess(i, control[FIRST], before, seconds, network, heat)
    if missing <= 0.0:
        return 0.0
    state[ON] = 1.0
    return min(1.0, missing / control[WATTS])


@njit(cache=True)
def _pump(control, state, before, seconds, network, heat):  # type: ignore[no-untyped-def]
    """Setting of a pumped loop: as a heater's, the other way round."""
    i = int(control[AT])
    sink = before[int(control[OTHER])]
    on = state[ON] > 0.0
    edge = control[FIRST] if on else control[LAST]
    surplus = -_excess(i, edge, before, seconds, network, heat)
    if before[i] <= sink or edge <= sink:
        state[ON] = 0.0 if before[i] <= sink else state[ON]
        return 0.0 if before[i] <= sink or not on else 1.0
    share = surplus / (control[A] * (edge - sink))
    if on:
        if share >= 1.0:
            return 1.0
        state[ON] = 0.0
        return max(0.0, share)
    if share <= 0.0:
        return 0.0
    state[ON] = 1.0
    return min(1.0, share)


@njit(cache=True)
def _loop(control, state, before, seconds, network, heat):  # type: ignore[no-untyped-def]
    """Setting of a loop heat pipe: starts, regulates, stops."""
    i = int(control[AT])
    sink = before[int(control[OTHER])]
    if state[ON] == 0.0:
        ready = before[i] > control[FIRST] and control[A] * (before[i] - sink) >= control[C]
        if not ready or before[i] <= sink:
            return 0.0
        state[ON] = 1.0
    share = _proportional(control, before, seconds, network, heat, (0.0, 0.0, 0.0, 0.0))
    at = control[FIRST] + share * (control[LAST] - control[FIRST])
    if at <= sink or before[i] <= sink or share * control[A] * (max(at, before[i]) - sink) < control[D]:
        state[ON] = 0.0
        return 0.0
    return share


@njit(cache=True)
def _warm_end(control, setting, before, seconds, network, heat):  # type: ignore[no-untyped-def]
    """Temperature of a heat pump's hot node at the step's end if it goes on at `setting`."""
    i = int(control[OTHER])
    bottom, top = 3.0, 3000.0
    for _ in range(40):
        x = 0.5 * (bottom + top)
        given = control[WATTS] * setting * (1.0 + cop(before[int(control[AT])], x, control[A], control[B]))
        if _excess(i, x, before, seconds, network, heat) < given:
            bottom = x
        else:
            top = x
    return 0.5 * (bottom + top)


@njit(cache=True)
def decide(temperature, heat, seconds, network, controls, n_controls, states, earth):  # type: ignore[no-untyped-def]
    """Set every control for a step of `seconds`; returns the electric watts that they ask for in all.

    `heat` (n,) is what nodes get without control; `network` is (capacity, conduction, radiation, emission); `states`
    (n_controls, 4) is kept from step to step; `earth` is (faces, n_faces, light, Earth infrared W/m²).
    """
    asked = 0.0
    for k in range(n_controls):
        control, state = controls[k], states[k]
        kind = control[KIND]
        if kind == HEATER:
            setting = _thermostat(control, state, temperature, seconds, network, heat)
            asked += control[WATTS] * setting
        elif kind == SURFACE:
            faces, n_faces, light, infrared = earth
            skin = _surface(control, faces, n_faces, light, infrared)
            setting = _proportional(control, temperature, seconds, network, heat, skin)
            asked += control[WATTS] * setting
        elif kind == LOOP:
            setting = _loop(control, state, temperature, seconds, network, heat)
            asked += control[WATTS] * (1.0 - setting) * state[ON]
        elif kind == PUMP:
            setting = _pump(control, state, temperature, seconds, network, heat)
            asked += control[WATTS] * setting
        else:
            hot = _warm_end(control, state[SETTING], temperature, seconds, network, heat)
            lifted = cop(temperature[int(control[AT])], hot, control[A], control[B])
            setting = _proportional(control, temperature, seconds, network, heat, (lifted, hot, 0.0, 0.0))
            state[ON] = hot
            asked += control[WATTS] * setting
        state[SETTING] = setting
    return asked


@njit(cache=True)
def apply(temperature, source, seconds, share, conduction, emission, controls, n_controls, states, earth):  # type: ignore[no-untyped-def]
    """Act for one step on `conduction` (n, n), `emission` (n,) and `source` (n,), which are the step's own.

    `share` (0–1) is what the bus serves of the watts that `decide` asked for.
    """
    for k in range(n_controls):
        control, state = controls[k], states[k]
        kind = control[KIND]
        i, j = int(control[AT]), int(control[OTHER])
        setting = state[SETTING]
        watts = control[WATTS] * setting * share
        moved = 0.0
        if kind == HEATER:
            source[i] += watts
            moved = watts
        elif kind == SURFACE:
            faces, n_faces, light, infrared = earth
            area, grey, area_ir, grey_ir = _surface(control, faces, n_faces, light, infrared)
            held = setting * share if control[WATTS] > 0.0 else setting
            emissivity = control[A] + held * (control[B] - control[A])
            emission[i] += STEFAN_BOLTZMANN_W_M2_K4 * (emissivity * area - grey)
            source[i] += emissivity * area_ir - grey_ir + watts
        elif kind == LOOP:
            watts = control[WATTS] * (1.0 - setting) * state[ON] * share
            passed = control[B] + setting * (control[A] - control[B]) if state[ON] > 0.0 else control[B]
            conduction[i, j] += passed
            conduction[j, i] += passed
            source[i] += watts
            moved = passed * (temperature[i] - temperature[j])
        elif kind == PUMP:
            passed = control[A] * setting * share
            conduction[i, j] += passed
            conduction[j, i] += passed
            source[j] += watts
            moved = passed * (temperature[i] - temperature[j])
        else:
            moved = watts * cop(temperature[i], state[ON], control[A], control[B])
            source[i] -= moved
            source[j] += moved + watts
        state[DRAWN] += watts * seconds
        state[MOVED] += moved * seconds
