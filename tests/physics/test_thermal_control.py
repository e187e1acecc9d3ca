"""Thermal controls: what they hold, what they cost, what is conserved, and that stiff networks stay calm."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import HOUR, SECOND, Instant, parse_instant
from orbitalcloud.physics import (
    Battery,
    Conductor,
    Control,
    EnergyHeat,
    Face,
    Geometry,
    Heater,
    HeatPump,
    LoopHeatPipe,
    Node,
    Orbits,
    Panel,
    PumpedLoop,
    SatelliteDesign,
    Shedding,
    SolarArray,
    ThermalNetwork,
    VariableSurface,
    geometry,
    sun_synchronous,
)
from orbitalcloud.physics.constants import STEFAN_BOLTZMANN_W_M2_K4 as SIGMA
from orbitalcloud.physics.thermal_control import DRAWN, MOVED, SETTING

EPOCH = parse_instant("2026-03-20T12:00:00Z")


def dark(steps: int = 8640) -> Geometry:
    """A place with neither Sun nor warm Earth, for a day."""
    light = np.zeros((1, steps + 1, 5), dtype=np.float32)
    light[:] = (0.0, 0.0, 1.0, 0.0, 6.9e6)
    return Geometry(EPOCH, 10 * SECOND, light, np.zeros(steps + 1))


NIGHT = dark()
ORBIT = geometry(Orbits.of([sun_synchronous(550e3, 10.5, EPOCH)]), EPOCH, Instant(EPOCH + 6 * HOUR))


def craft(*controls: Control, capacity: float = 2000.0, conductance: float = 2.0, area: float = 0.1) -> SatelliteDesign:
    """A payload joined to a radiator that sees space away from the Earth, and a speck of an array apart."""
    network = ThermalNetwork(
        (Node("array", 100.0), Node("payload", capacity), Node("radiator", capacity)),
        (
            Face("radiator", area, (0.0, 0.0, -1.0), 0.0, 0.8),
            Face("array", 0.01, (0.0, 0.0, -1.0), 0.0, 0.8),
        ),
        (Conductor("payload", "radiator", conductance),) if conductance else (),
    )
    return SatelliteDesign(
        SolarArray((Panel(1e-9, deployed=False),)),
        Battery(1e9, 1.0, 1.0),
        network,
        battery_node="payload",
        controls=controls,
        earth_infrared_w_m2=0.0,
        initial_temperature_k=280.0,
    )


def flown(design: SatelliteDesign, payload_w: float, hours: float = 24.0) -> EnergyHeat:
    state = EnergyHeat([design], NIGHT)
    state.advance(0, Instant(EPOCH + round(hours * HOUR)), np.array([0.0, payload_w, 0.0]))
    return state


def swing(design: SatelliteDesign, payload_w: float, node: int) -> tuple[float, float]:
    """(least, greatest) temperature of a node over the last six hours of a day, step by step."""
    state = flown(design, payload_w, 18.0)
    seen = []
    for step in range(2160):
        state.advance(0, Instant(EPOCH + 18 * HOUR + (step + 1) * 10 * SECOND), np.array([0.0, payload_w, 0.0]))
        seen.append(float(state.temperature_k[0, node]))
    return min(seen), max(seen)


def balance_k(payload_k: float) -> float:
    """Where 2 W/K from the payload meets what 0.1 m² of ε 0.8 radiates."""
    low, high = 0.0, payload_k
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if 0.08 * SIGMA * middle**4 < 2.0 * (payload_k - middle) else (low, middle)
    return low


HEATER = Heater("payload", 60.0, 275.0, 278.0)
CONTROLS: list[Control] = [
    HEATER,
    VariableSurface("radiator", 270.0, 284.0, 0.14, 0.74),
    LoopHeatPipe("payload", "radiator", 20.0, 280.0, 5.0, 0.01, 2.0, 1.0, 1.5),
    PumpedLoop("payload", "radiator", 20.0, 5.0, 290.0, 280.0),
    HeatPump("payload", "radiator", 20.0, 0.4, 280.0, 290.0),
]
JOINED = {0: 2.0, 1: 2.0, 2: 0.0, 3: 0.0, 4: 0.1}


@pytest.mark.parametrize("index", range(len(CONTROLS)))
def test_electricity_and_heat_are_conserved(index: int) -> None:
    """Stored + radiated = dissipated, the radiated integral taken from the fourth powers, step by step."""
    design = craft(CONTROLS[index], conductance=JOINED[index], capacity=4000.0)
    state = EnergyHeat([design], NIGHT)
    loads = np.array([0.0, 30.0, 0.0])
    start_j, radiated_j = state.energy_j[0], 0.0
    first = state.temperature_k[0].copy()
    skin = VariableSurface in [type(one) for one in design.controls]
    for step in range(2000):
        before = state.temperature_k[0].copy()
        state.advance(0, Instant(EPOCH + (step + 1) * 10 * SECOND), loads)
        after = state.temperature_k[0]
        middle = 0.5 * (before + after)
        fourth = (before**4 + 4.0 * middle**4 + after**4) / 6.0
        emissivity = 0.14 + 0.6 * state.controls(0)[0, SETTING] if skin else 0.8
        radiated_j += 10.0 * SIGMA * (0.1 * emissivity * fourth[2] + 0.01 * 0.8 * fourth[0])
    stored = (np.array([100.0, 4000.0, 4000.0]) * (state.temperature_k[0] - first)).sum()
    dissipated = 30.0 * 20_000.0 + state.control_j[0] + state.losses_j[0]
    # the trapezium of T⁴ is not the scheme's own: agreement is that of two second-order rules
    assert stored + radiated_j == pytest.approx(dissipated, rel=2e-4)
    # the bus delivered what the loads and the controls took, to rounding
    assert state.load_j[0] == pytest.approx(30.0 * 20_000.0 + state.control_j[0], rel=1e-12)
    assert start_j - state.energy_j[0] == pytest.approx(state.load_j[0] + state.losses_j[0], rel=1e-9)


def test_a_heater_holds_its_band_and_its_watts_are_the_deficit() -> None:
    low, high = swing(craft(HEATER), 0.0, 1)
    assert 274.9 <= low < high <= 278.1
    state = flown(craft(HEATER), 0.0)
    mean_w = state.control_j[0] / 86_400.0
    # between the losses at both ends of the band: strap of 2 W/K and 0.1 m² of ε 0.8 to space
    least, most = (2.0 * (at - balance_k(at)) for at in (275.0, 278.0))
    assert least * 0.99 < mean_w < most * 1.01


def test_louvres_hold_a_payload_warmer_when_idle_and_no_hotter_than_open_when_busy() -> None:
    louvres = VariableSurface("radiator", 270.0, 284.0, 0.14, 0.74)
    for watts in (8.0, 20.0):
        kept = flown(craft(louvres, capacity=200.0), watts).temperature_k[0, 2]
        emissivity = watts / (0.1 * SIGMA * kept**4)
        expected = 0.14 + 0.6 * np.clip((kept - 270.0) / 14.0, 0.0, 1.0)
        assert emissivity == pytest.approx(expected, rel=2e-3)
    assert flown(craft(louvres, capacity=200.0), 40.0).temperature_k[0, 2] == pytest.approx(
        (40.0 / (0.074 * SIGMA)) ** 0.25, rel=1e-3
    )


def test_a_loop_heat_pipe_regulates_shuts_off_and_does_not_carry_back() -> None:
    loop = CONTROLS[2]
    low, high = swing(craft(loop, conductance=0.0), 15.0, 1)
    assert 280.0 < low <= high < 285.1
    cold = flown(craft(loop, conductance=0.0), 0.1)  # what leaks is ten milliwatts a kelvin
    assert cold.controls(0)[0, SETTING] == 0.0
    assert cold.temperature_k[0, 1] > cold.temperature_k[0, 2] + 9.0
    backwards = replace(craft(loop, conductance=0.0), initial_temperature_k=300.0)
    state = EnergyHeat([backwards], NIGHT)
    state.temperature_k[0] = [280.0, 270.0, 330.0]
    state.advance(0, Instant(EPOCH + HOUR), np.zeros(3))
    assert state.temperature_k[0, 1] < 271.0


def test_a_heat_pump_raises_the_radiator_above_the_payload() -> None:
    pump = HeatPump("payload", "radiator", 20.0, 0.4, 280.0, 290.0)
    state = flown(craft(pump, capacity=200.0, conductance=0.0, area=0.07), 30.0)
    _, payload, radiator = state.temperature_k[0]
    assert radiator > payload + 10.0
    last = state.controls(0)[0].copy()
    state2 = flown(craft(pump, capacity=200.0, conductance=0.0, area=0.07), 30.0, 23.0)
    drawn, moved = last[DRAWN] - state2.controls(0)[0, DRAWN], last[MOVED] - state2.controls(0)[0, MOVED]
    assert moved == pytest.approx(30.0 * 3600.0, rel=1e-3)  # all of the payload's heat goes through it
    assert moved / drawn == pytest.approx(0.4 * payload / (radiator - payload), rel=1e-3)  # Carnot's share
    assert 0.056 * SIGMA * radiator**4 == pytest.approx((moved + drawn) / 3600.0, rel=1e-3)


@pytest.mark.parametrize("index", range(len(CONTROLS)))
def test_stiff_networks_settle(index: int) -> None:
    """1 J/K and steps of 10 s: time constants of a twentieth of the step and less. A thermostat may miss its band of
    3 K or 10 K by as much again (the step's second order overshoots a jump), what is proportional stands still."""
    design = craft(CONTROLS[index], capacity=1.0, conductance=JOINED[index])
    for watts in (0.5, 8.0, 30.0):
        low, high = swing(design, watts, 1)
        assert np.isfinite([low, high]).all()
        assert 1.0 < low <= high < 2000.0
        assert high - low < {0: 7.5, 3: 21.0}.get(index, 0.01), (index, watts, low, high)


def test_a_brown_out_reaches_the_controls() -> None:
    starved = replace(craft(HEATER), battery=Battery(3600.0 * 5.0, 1.0, 1.0), initial_state_of_charge=1.0)
    state = flown(starved, 0.0)
    assert state.energy_j[0] == pytest.approx(0.0, abs=1e-6)
    assert state.temperature_k[0, 1] < 200.0
    assert state.control_j[0] == pytest.approx(state.load_j[0])


def test_heaters_are_shed_as_the_heating_class() -> None:
    """Below the charge set for heating the heater is off, what it asked is counted as shed, and it comes back."""
    rules = Shedding(heating=0.5, radio=0.5, payload=0.5, restore_by=0.1)
    low = replace(craft(HEATER), battery=Battery(1e9, 1.0, 1.0), initial_state_of_charge=0.4, shedding=rules)
    state = flown(low, 0.0, 6.0)
    assert state.control_j[0] == 0.0
    assert state.shed_j[0] > 10.0 * 3600.0
    assert flown(replace(low, initial_state_of_charge=0.7), 0.0, 6.0).control_j[0] > 10.0 * 3600.0


def test_same_calls_same_bits_and_pickles() -> None:
    design = craft(*CONTROLS[:2])
    one, other = EnergyHeat([design], ORBIT), EnergyHeat([design], ORBIT)
    loads = np.array([0.0, 12.0, 0.0])
    one.advance(0, Instant(EPOCH + HOUR), loads)
    one = pickle.loads(pickle.dumps(one))
    one.advance(0, Instant(EPOCH + 2 * HOUR), loads)
    other.advance(0, Instant(EPOCH + HOUR), loads)
    other.advance(0, Instant(EPOCH + 2 * HOUR), loads)
    assert np.array_equal(one.state, other.state)
    kept = one.state.copy()
    one.forecast(0, [EPOCH + 3 * HOUR], loads)
    assert np.array_equal(one.state, kept)


def test_a_design_without_controls_flies_as_beside_one_with() -> None:
    plain, busy = craft(), craft(*CONTROLS[:2])
    alone = EnergyHeat([plain], NIGHT)
    light = np.repeat(NIGHT.light, 2, axis=0)
    both = EnergyHeat([plain, busy], Geometry(EPOCH, NIGHT.step_ns, light, NIGHT.irradiance_w_m2))
    loads = np.array([0.0, 12.0, 0.0])
    alone.advance(0, Instant(EPOCH + HOUR), loads)
    both.advance_all(Instant(EPOCH + HOUR), np.array([loads, loads]))
    assert np.array_equal(alone.temperature_k[0], both.temperature_k[0])
    assert not np.array_equal(both.temperature_k[0], both.temperature_k[1])


@settings(max_examples=25, deadline=None)
@given(
    capacity=st.floats(1.0, 1e4),
    watts=st.floats(0.0, 80.0),
    index=st.integers(0, len(CONTROLS) - 1),
    start_k=st.floats(150.0, 450.0),
)
def test_every_control_keeps_every_temperature_physical(
    capacity: float, watts: float, index: int, start_k: float
) -> None:
    design = replace(craft(CONTROLS[index], capacity=capacity, conductance=0.1), initial_temperature_k=start_k)
    state = flown(design, watts, 3.0)
    assert np.isfinite(state.state).all()
    assert (state.temperature_k[0] > 20.0).all()
    assert (state.temperature_k[0] < 1500.0).all()


@pytest.mark.parametrize(
    ("control", "says"),
    [
        (Heater("payload", 5.0, 278.0, 275.0), "on_below"),
        (Heater("payload", 0.0, 275.0, 278.0), "power_w"),
        (Heater("paylod", 5.0, 275.0, 278.0), "paylod"),
        (Heater("payload", float("nan"), 275.0, 278.0), "power_w"),
        (VariableSurface("radiator", 284.0, 270.0, 0.14, 0.74), "cold"),
        (VariableSurface("radiator", 270.0, 284.0, 0.74, 0.14), "emissivity"),
        (VariableSurface("payload", 270.0, 284.0, 0.14, 0.74), "no faces"),
        (VariableSurface("array", 270.0, 284.0, 0.14, 0.74), "no faces"),
        (LoopHeatPipe("payload", "payload", 5.0, 280.0), "two different"),
        (LoopHeatPipe("payload", "radiator", 5.0, 280.0, parasitic_w_k=6.0), "parasitic"),
        (LoopHeatPipe("payload", "radiator", 5.0, 280.0, start_up_w=1.0, shut_off_w=2.0), "shut_off"),
        (PumpedLoop("payload", "radiator", 5.0, 2.0, 280.0, 290.0), "off_below"),
        (HeatPump("payload", "radiator", 5.0, 1.5, 280.0, 290.0), "carnot"),
        (HeatPump("payload", "radiator", 5.0, 0.5, 280.0, float("nan")), "full_at"),
    ],
)
def test_what_cannot_work_is_refused(control: Control, says: str) -> None:
    with pytest.raises(DataError, match=says):
        craft(control)
