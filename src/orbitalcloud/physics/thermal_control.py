"""Thermal control that acts: heaters, louvres, variable emissivity, loop heat pipes, pumped loops, heat pumps.

Each step of `power_heat` asks `decide` what every control will do, and what it asks of the bus; when the bus has
answered with the share it can serve, `apply` acts on the step's own copies of conduction, emission and heat. A control
is not set by the temperatures of the step's start. `decide` predicts those of its end (linearly implicit Euler on the
whole network, so that nodes that move together are known to), asks by how many kelvins a watt of the control would
move them, and solves its law for the setting that fits the temperature it leads to; one control after another, each
knowing those before it. So a stiff network (1 J/K, steps of 10 s) settles in a control's band instead of leaping
through it. Every law takes more heat, or gives less, as its node warms: the solution is one, and bracketed.

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
from orbitalcloud.physics.constants import STEFAN_BOLTZMANN_W_M2_K4
from orbitalcloud.physics.heat import ThermalNetwork, factorise, flows, solve

Floats = NDArray[np.float64]
HEATER, SURFACE, LOOP, PUMP, HEAT_PUMP = 0.0, 1.0, 2.0, 3.0, 4.0
# Columns of the control table. FIRST and LAST are the set points (K); A to D by kind, see each `row`
KIND, AT, OTHER, FIRST, LAST, WATTS, A, B, C, D = range(10)
WIDTH = 10
# Columns of a control's state: whether it is on (a heat pump: its COP), its setting (0–1), electric J drawn,
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
        """Row of the control table; A and B are the emissivities; C and D, its faces' area and that × ε, come after."""
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


def control_table(controls: Sequence[Control], network: ThermalNetwork) -> Floats:
    """(n_controls, 10) for the kernel; `DataError` for what cannot work."""
    table = np.array([control.row(network.index) for control in controls], dtype=np.float64).reshape(-1, WIDTH)
    for row in table:
        if row[KIND] != SURFACE:
            continue
        own = [face for face in network.faces if network.index(face.node) == int(row[AT])]
        row[C] = sum(face.area_m2 for face in own)
        row[D] = sum(face.area_m2 * face.emissivity for face in own)
    return table


def _two(where: str, index: Callable[[str], int], first: str, second: str) -> tuple[float, float]:
    if first == second:
        raise DataError(where, first, "join two different nodes")
    return float(index(first)), float(index(second))


def _rising(where: str, low_k: float, high_k: float, low: str, high: str) -> None:
    if not 10.0 <= low_k < high_k <= 2000.0:
        raise DataError(f"{where}: set points", f"{low} {low_k:g} K, {high} {high_k:g} K", f"put {low} below {high}")


def _positive(where: str, name: str, value: float) -> None:
    if not 0.0 < value <= 1e9:
        raise DataError(f"{where}: {name}", value, "choose more than 0, at most 1e9")


def _not_negative(where: str, name: str, value: float) -> None:
    if not 0.0 <= value <= 1e9:
        raise DataError(f"{where}: {name}", value, "choose 0 to 1e9")


@njit(cache=True)
def cop(cold_k, hot_k, carnot_share, most):  # type: ignore[no-untyped-def]
    """Heat lifted per electric watt, by a share of Carnot's."""
    lift = hot_k - cold_k
    return most if lift * most <= carnot_share * cold_k else carnot_share * cold_k / lift


@njit(cache=True)
def _surface(control, seen):  # type: ignore[no-untyped-def]
    """Of the control's node: area, area × ε, and the Earth infrared on both in W (by the view of the moment)."""
    infrared, view = seen
    i = int(control[AT])
    return control[C], control[D], view[0, i] * infrared, view[1, i] * infrared


@njit(cache=True)
def _conductance(control, setting):  # type: ignore[no-untyped-def]
    """W/K of a loop heat pipe at a setting."""
    return control[B] + setting * (control[A] - control[B])


@njit(cache=True)
def _emissivity(control, setting):  # type: ignore[no-untyped-def]
    """Of a variable surface at a setting."""
    return control[A] + setting * (control[B] - control[A])


@njit(cache=True)
def _shape(control, setting, skin, conduction, emission, source):  # type: ignore[no-untyped-def]
    """What a loop heat pipe or a variable surface at `setting` does to the network's matrices and heat."""
    i, j = int(control[AT]), int(control[OTHER])
    if control[KIND] == LOOP:
        passed = _conductance(control, setting)
        conduction[i, j] += passed
        conduction[j, i] += passed
    elif control[KIND] == SURFACE:
        area, grey, area_ir, grey_ir = skin
        emissivity = _emissivity(control, setting)
        emission[i] += STEFAN_BOLTZMANN_W_M2_K4 * (emissivity * area - grey)
        source[i] += emissivity * area_ir - grey_ir


@njit(cache=True)
def _carried(conductance, gap, slope):  # type: ignore[no-untyped-def]
    """Watts through a conductance put between two nodes `gap` K apart that close by `slope` K for a watt."""
    return conductance * gap / max(1e-9, 1.0 + conductance * slope)


@njit(cache=True)
def _balance(control, setting, before, x, here, skin, ahead):  # type: ignore[no-untyped-def]
    """Kelvins by which the node, the control at `setting`, would end below `x`; rises with setting and x.

    `here` is (setting before, K at the node for a watt there, K the gap closes for a watt carried, K of carried).
    """
    old, own, slope, carried = here
    i, j = int(control[AT]), int(control[OTHER])
    if control[KIND] == LOOP:
        change = _conductance(control, setting) - _conductance(control, old)
        return x - ahead[i] + carried * _carried(change, ahead[i] - ahead[j], slope)
    if control[KIND] == SURFACE:
        area, _, area_ir, _ = skin
        change = _emissivity(control, setting) - _emissivity(control, old)
        t = before[i]
        fourth = t * t * t * (4.0 * x - 3.0 * t)  # x⁴ in a line from the step's start, as the step itself takes it
        return x - ahead[i] + own * change * (STEFAN_BOLTZMANN_W_M2_K4 * area * fourth - area_ir)
    cold, _, _ = _lifted(control, setting, ahead, here)
    return x - cold


@njit(cache=True)
def _lifted(control, setting, ahead, here):  # type: ignore[no-untyped-def]
    """(K of the cold node, K of the hot one, COP) at the step's end of a heat pump at `setting`.

    `here` is K for a watt: (cold at cold, cold at hot, hot at cold, hot at hot). A higher COP widens the gap, which
    lowers the COP: the solution is one.
    """
    cold_cold, cold_hot, hot_cold, hot_hot = here
    watts = control[WATTS] * setting
    i, j = int(control[AT]), int(control[OTHER])
    low, high = 0.0, control[B]
    cold, hot, middle = ahead[i], ahead[j], high
    for _ in range(24):
        cold = ahead[i] + watts * (cold_hot * (1.0 + middle) - cold_cold * middle)
        hot = ahead[j] + watts * (hot_hot * (1.0 + middle) - hot_cold * middle)
        if cop(max(1.0, cold), max(1.0, hot), control[A], control[B]) >= middle:
            if middle == control[B]:
                break
            low = middle
        else:
            high = middle
        middle = 0.5 * (low + high)
    return cold, hot, middle


@njit(cache=True)
def _proportional(control, before, here, skin, ahead):  # type: ignore[no-untyped-def]
    """The setting (0–1) at which the node's temperature at the step's end asks for just that setting."""
    low, high = control[FIRST], control[LAST]
    if _balance(control, 0.0, before, low, here, skin, ahead) >= 0.0:
        return 0.0
    if _balance(control, 1.0, before, high, here, skin, ahead) <= 0.0:
        return 1.0
    bottom, top = 0.0, 1.0
    for _ in range(24):
        middle = 0.5 * (bottom + top)
        if _balance(control, middle, before, low + middle * (high - low), here, skin, ahead) < 0.0:
            bottom = middle
        else:
            top = middle
    return 0.5 * (bottom + top)


@njit(cache=True)
def _thermostat(control, state, ahead, own):  # type: ignore[no-untyped-def]
    """Setting of a heater: on or off by hysteresis; where it would cross its set point within the step, what ends at
    that point."""
    edge = control[LAST] if state[ON] > 0.0 else control[FIRST]
    missing = (edge - ahead[int(control[AT])]) / (own * control[WATTS])
    if state[ON] > 0.0:
        state[ON] = 1.0 if missing >= 1.0 else 0.0
    else:
        state[ON] = 1.0 if missing > 0.0 else 0.0
    return min(1.0, max(0.0, missing))


@njit(cache=True)
def _pump(control, state, ahead, slope, carried):  # type: ignore[no-untyped-def]
    """Setting of a pumped loop: as a heater's, the other way round; bypassed where it would carry heat back."""
    i, j = int(control[AT]), int(control[OTHER])
    gap = ahead[i] - ahead[j]
    edge = control[FIRST] if state[ON] > 0.0 else control[LAST]
    surplus = ahead[i] - edge
    if gap <= 0.0 or surplus <= 0.0:
        state[ON] = 0.0
        return 0.0
    most = carried * _carried(control[A], gap, slope)
    if most <= surplus:
        state[ON] = 1.0
        return 1.0
    state[ON] = 0.0 if state[ON] > 0.0 else 1.0
    watts = surplus / carried
    return min(1.0, watts / (control[A] * max(1e-9, gap - slope * watts)))


@njit(cache=True)
def _loop(control, state, before, here, ahead):  # type: ignore[no-untyped-def]
    """Setting of a loop heat pipe: starts, regulates, stops."""
    i, j = int(control[AT]), int(control[OTHER])
    gap = before[i] - before[j]
    if state[ON] == 0.0:
        if before[i] <= control[FIRST] or gap <= 0.0 or control[A] * gap < control[C]:
            return 0.0
        state[ON] = 1.0
    setting = _proportional(control, before, here, (0.0, 0.0, 0.0, 0.0), ahead)
    if gap <= 0.0 or (setting < 1.0 and _conductance(control, setting) * gap < control[D]):
        state[ON] = 0.0
        return 0.0
    return setting


@njit(cache=True)
def _response(matrix, node, seconds, out):  # type: ignore[no-untyped-def]
    """Kelvins at every node for a watt at `node` over the step, into `out` (n,)."""
    out[:] = 0.0
    if node >= 0:
        out[node] = seconds
        solve(matrix, out)


@njit(cache=True)
def resting(temperature, heat, seconds, network, controls, n_controls, states):  # type: ignore[no-untyped-def]
    """Whether there are only heaters, all off, whose nodes would stay above their set points at the present rate of
    loss for twice the step: nothing to decide, as nearly always."""
    capacity, conduction, radiation, emission = network
    for k in range(n_controls):
        if controls[k, KIND] != HEATER or states[k, ON] > 0.0:
            return False
        i = int(controls[k, AT])
        t = temperature[i]
        t4 = t * t * t * t
        loss = emission[i] * t4 - heat[i]
        for j in range(temperature.shape[0]):
            u = temperature[j]
            loss += conduction[i, j] * (t - u) + radiation[i, j] * (t4 - u * u * u * u)
        if t - 2.0 * seconds * max(0.0, loss) / capacity[i] <= controls[k, FIRST]:
            return False
        states[k, SETTING] = 0.0
    return True


@njit(cache=True)
def decide(temperature, heat, seconds, network, controls, n_controls, states, seen, work):  # type: ignore[no-untyped-def]
    """Set every control for a step of `seconds`; returns the electric watts that they ask for in all.

    `heat` (n,) is what nodes get without control, `network` (capacity, conduction, radiation, emission); heat,
    conduction and emission are scratch here. `states` (n_controls, 4) is kept from step to step; `seen` is
    (Earth infrared in W/m², each node's area times its view of the Earth, and that times ε, (2, n)); `work` is scratch
    (n + 3, n).
    """
    capacity, conduction, radiation, emission = network
    n = temperature.shape[0]
    for k in range(n_controls):
        skin = _surface(controls[k], seen)
        _shape(controls[k], states[k, SETTING], skin, conduction, emission, heat)
    matrix, ahead, first, second = work[:n], work[n], work[n + 1], work[n + 2]
    factorise(temperature, capacity, seconds, conduction, radiation, emission, matrix)
    flows(temperature, heat, conduction, radiation, emission, ahead)
    solve(matrix, ahead)
    for i in range(n):
        ahead[i] = temperature[i] + seconds * ahead[i]
    asked = 0.0
    for k in range(n_controls):
        control, state = controls[k], states[k]
        kind, old = control[KIND], state[SETTING]
        i, j = int(control[AT]), int(control[OTHER])
        _response(matrix, i, seconds, first)
        _response(matrix, j, seconds, second)
        carried = first[i] - second[i]
        slope = carried + second[j] - first[j] if j >= 0 else 0.0
        here = (old, first[i], slope, carried)
        taken, given = 0.0, 0.0
        if kind == HEATER:
            setting = _thermostat(control, state, ahead, first[i])
            asked += control[WATTS] * setting
            taken = -control[WATTS] * setting
        elif kind == SURFACE:
            skin = _surface(control, seen)
            setting = _proportional(control, temperature, here, skin, ahead)
            asked += control[WATTS] * setting
            taken = _balance(control, setting, temperature, ahead[i], here, skin, ahead) / first[i]
        elif kind == LOOP:
            setting = _loop(control, state, temperature, here, ahead)
            asked += control[WATTS] * (1.0 - setting) * state[ON]
            change = _conductance(control, setting) - _conductance(control, old)
            taken = _carried(change, ahead[i] - ahead[j], slope)
            given = taken
        elif kind == PUMP:
            setting = _pump(control, state, ahead, slope, carried)
            asked += control[WATTS] * setting
            taken = _carried(control[A] * setting, ahead[i] - ahead[j], slope)
            given = taken
        else:
            here = (first[i], second[i], first[j], second[j])
            setting = _proportional(control, temperature, here, (0.0, 0.0, 0.0, 0.0), ahead)
            _, _, state[ON] = _lifted(control, setting, ahead, here)
            asked += control[WATTS] * setting
            taken = control[WATTS] * setting * state[ON]
            given = taken + control[WATTS] * setting
        for node in range(n):  # the next control sees what this one will do
            ahead[node] += given * second[node] - taken * first[node]
        state[SETTING] = setting
    return asked


@njit(cache=True)
def apply(temperature, source, seconds, share, conduction, emission, controls, n_controls, states, seen):  # type: ignore[no-untyped-def]
    """Act for one step on `conduction` (n, n), `emission` (n,) and `source` (n,), which are the step's own.

    `share` (0–1) is what the bus serves of the watts that `decide` asked for.
    """
    for k in range(n_controls):
        control, state = controls[k], states[k]
        kind, setting = control[KIND], state[SETTING]
        i, j = int(control[AT]), int(control[OTHER])
        watts = control[WATTS] * setting * share
        moved = 0.0
        if kind == HEATER:
            source[i] += watts
            moved = watts
        elif kind == SURFACE:
            skin = _surface(control, seen)
            held = setting * share if control[WATTS] > 0.0 else setting
            _shape(control, held, skin, conduction, emission, source)
            source[i] += watts
        elif kind == LOOP:
            watts = control[WATTS] * (1.0 - setting) * state[ON] * share
            _shape(control, setting, (0.0, 0.0, 0.0, 0.0), conduction, emission, source)
            source[i] += watts
            moved = _conductance(control, setting) * (temperature[i] - temperature[j])
        elif kind == PUMP:
            passed = control[A] * setting * share
            conduction[i, j] += passed
            conduction[j, i] += passed
            source[j] += watts
            moved = passed * (temperature[i] - temperature[j])
        else:
            moved = watts * state[ON]
            source[i] -= moved
            source[j] += moved + watts
        state[DRAWN] += watts * seconds
        state[MOVED] += moved * seconds
