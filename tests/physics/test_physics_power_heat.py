"""Power and heat: what is conserved, what converges, and the closed forms that the kernel must meet."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, HOUR, MINUTE, SECOND, Instant, parse_instant
from orbitalcloud.physics import (
    EMPTY,
    FULL,
    SHORT,
    Battery,
    Conductor,
    EnergyHeat,
    Environment,
    Face,
    Geometry,
    GroundSite,
    Node,
    Orbits,
    Panel,
    RadiativeLink,
    SatelliteDesign,
    SolarArray,
    ThermalNetwork,
    absorbed_w,
    array_power_w,
    circular,
    contact_windows,
    geometry,
    illumination_at,
    steady_state,
    sun_synchronous,
    walker,
)
from orbitalcloud.physics.array import cover_transmission
from orbitalcloud.physics.constants import STEFAN_BOLTZMANN_W_M2_K4
from orbitalcloud.physics.heat import earth_view_factor, heat_step

EPOCH = parse_instant("2026-03-20T12:00:00Z")
SOLSTICE = parse_instant("2026-06-21T00:00:00Z")
NETWORK = ThermalNetwork(
    (Node("array", 1500.0), Node("body", 9000.0), Node("payload", 800.0), Node("radiator", 1200.0)),
    (
        Face("body", 0.06, (1.0, 0.0, 0.0), 0.3, 0.8),
        Face("body", 0.06, (-1.0, 0.0, 0.0), 0.3, 0.8),
        Face("body", 0.03, (0.0, 0.0, 1.0), 0.3, 0.8),
        Face("radiator", 0.06, (0.0, 1.0, 0.0), 0.1, 0.9),
        Face("body", 0.06, (0.0, -1.0, 0.0), 0.3, 0.8),
    ),
    (
        Conductor("array", "body", 0.3),
        Conductor("body", "payload", 1.0),
        Conductor("payload", "radiator", 3.0),
    ),
    (RadiativeLink("array", "body", 0.02),),
)
DESIGN = SatelliteDesign(
    SolarArray((Panel(0.15),), packing=0.9, age_years=2.0),
    Battery(100 * 3600.0, 0.96, 0.95, 60.0, 80.0, 0.1, 0.98),
    NETWORK,
    initial_state_of_charge=0.6,
)
LOADS = np.array([0.0, 6.0, 9.0, 0.0])


def steady_light(lit: float = 1.0, sun: tuple[float, float, float] = (0.0, 1.0, 0.0), steps: int = 8640) -> Geometry:
    """A sky that does not change, on the 10 s grid."""
    light = np.zeros((1, steps + 1, 5), dtype=np.float32)
    light[:] = (lit, *sun, 6.9e6)
    return Geometry(EPOCH, 10 * SECOND, light, np.full(steps + 1, 1361.0))


def real_light(hours: int = 6, ltan_h: float = 10.5, step_s: float = 10.0) -> Geometry:
    return geometry(Orbits.of([sun_synchronous(550e3, ltan_h, EPOCH)]), EPOCH, Instant(EPOCH + hours * HOUR), step_s)


def imbalance(fleet: EnergyHeat, start_j: float) -> float:
    stored = fleet.energy_j[0] - start_j
    spent = fleet.load_j[0] + stored + fleet.losses_j[0] + fleet.curtailed_j[0]
    return abs(float(fleet.generated_j[0] - spent)) / max(1.0, float(fleet.generated_j[0]) + start_j)


@settings(max_examples=40, deadline=None)
@given(
    area=st.floats(0.0, 2.0),
    capacity_wh=st.floats(0.1, 500.0),
    charge=st.floats(0.0, 1.0),
    efficiency=st.tuples(st.floats(0.5, 1.0), st.floats(0.5, 1.0)),
    limits=st.tuples(st.floats(0.0, 200.0), st.floats(0.0, 200.0)),
    loads=st.lists(
        st.tuples(st.integers(1, 4000), st.floats(0.0, 300.0), st.floats(0.0, 20.0)), min_size=1, max_size=8
    ),
)
def test_energy_is_conserved_to_rounding(
    area: float,
    capacity_wh: float,
    charge: float,
    efficiency: tuple[float, float],
    limits: tuple[float, float],
    loads: list[tuple[int, float, float]],
) -> None:
    battery = Battery(capacity_wh * 3600.0, *efficiency, *limits, 0.1, 0.95)
    design = replace(DESIGN, array=SolarArray((Panel(area),)), battery=battery, initial_state_of_charge=charge)
    fleet = EnergyHeat([design], LIGHT)
    start_j = float(fleet.energy_j[0])
    asked = 0.0
    at = int(EPOCH)
    for seconds, watts, radio_w in loads:
        at = min(at + seconds * SECOND, LIGHT.end)
        asked += (watts + radio_w) * (at - fleet.now_ns[0]) / SECOND
        fleet.advance(0, Instant(at), np.array([0.0, 0.0, watts, 0.0]), radio_w)
    assert imbalance(fleet, start_j) < 1e-12
    assert float(fleet.load_j[0] + fleet.unserved_j[0]) == pytest.approx(asked, rel=1e-12, abs=1e-9)
    low, high = min(0.1, charge), max(0.95, charge)
    assert low - 1e-12 <= fleet.state_of_charge[0] <= high + 1e-12
    assert np.isfinite(fleet.state).all()
    assert fleet.temperature_k.min() > 0.0


LIGHT = real_light()


def test_all_power_ends_as_heat_and_leaves_by_radiation() -> None:
    """Long under one sky, temperatures are the steady state of the network with what the panels did not deliver."""
    sky = steady_light(steps=60 * 8640)
    fleet = EnergyHeat([DESIGN], sky)
    fleet.advance(0, sky.end, LOADS, 3.0)
    reading = fleet.reading(0)
    served = float(LOADS.sum()) + 3.0
    panel = DESIGN.array.panels[0]
    faces = (*NETWORK.faces, Face("array", 0.15, (0.0, 1.0, 0.0), panel.absorptivity, panel.emissivity))
    back = Face("array", 0.15, (0.0, -1.0, 0.0), panel.back_absorptivity, panel.back_emissivity)
    network = replace(NETWORK, faces=(*faces, back))
    sun = Environment(1361.0, 1.0, (0.0, 1.0, 0.0), 6.9e6)
    expected = steady_state(network, {"array": -served, "body": 6.0, "payload": 9.0}, sun)
    assert reading.state_of_charge == pytest.approx(0.98)
    for name, kelvin in expected.items():
        assert reading.temperature_k[name] == pytest.approx(kelvin, abs=0.01)


def test_the_kernel_offers_the_power_of_the_plain_formula() -> None:
    for mount, direction in (("sun-tracking", (0, 0, 1)), ("one-axis", (1, 0, 0)), ("body-fixed", (1, 1, -1))):
        sun = tuple(np.array([0.48, 0.6, -0.64]))
        array = SolarArray((Panel(0.2, mount, direction),), cover_index=1.4)
        design = replace(DESIGN, array=array, initial_temperature_k=340.0)
        fleet = EnergyHeat([design], steady_light(0.7, sun))
        fleet.advance(0, Instant(EPOCH + 1), np.zeros(4))
        expected = array_power_w(array, 1361.0, 0.7, sun, 340.0)
        assert expected > 0.0
        assert fleet.reading(0).offered_w == pytest.approx(expected, rel=1e-6)


def test_array_power_of_basilisk_cases() -> None:
    """simpleSolarPanel: 1 m², efficiency 1, 1361 W/m²."""
    array = SolarArray(
        (Panel(1.0, "body-fixed", (0, 0, 1)),), efficiency=1.0, packing=1.0, temperature_coefficient_per_k=0.0
    )
    for angle_deg, distance, lit, expected in (
        (0, 1.0, 1, 1361.0),
        (60, 1.0, 1, 680.5),
        (90, 1.0, 1, 0.0),
        (0, 1.52, 1, 589.0754847645429),
        (0, 1.0, 0, 0.0),
    ):
        angle = math.radians(angle_deg)
        sun = (math.sin(angle), 0.0, math.cos(angle))
        assert array_power_w(array, 1361.0 / distance**2, lit, sun, 301.15) == pytest.approx(expected, abs=1e-7)


def test_cells_age_warm_and_reflect() -> None:
    new = SolarArray((Panel(1.0),), efficiency=0.3, packing=1.0, degradation_per_year=0.02)
    assert array_power_w(new, 1000.0, 1.0, (0, 0, 1), 301.15) == pytest.approx(300.0)
    assert array_power_w(replace(new, age_years=5.0), 1000.0, 1.0, (0, 0, 1), 301.15) == pytest.approx(300 * 0.98**5)
    assert array_power_w(new, 1000.0, 1.0, (0, 0, 1), 351.15) == pytest.approx(300 * (1 - 0.11))
    assert cover_transmission(1.0, 1.5) == pytest.approx(1.0)
    assert cover_transmission(math.cos(math.radians(60)), 1.5) == pytest.approx((1 - 0.0892) / 0.96, abs=2e-4)  # Hecht


def test_a_call_at_a_time_or_all_at_once_is_the_same_to_the_bit() -> None:
    whole, parts = EnergyHeat([DESIGN], LIGHT), EnergyHeat([DESIGN], LIGHT)
    whole.advance(0, LIGHT.end, LOADS)
    for at in range(EPOCH, LIGHT.end + 1, 10 * SECOND * 7):
        parts.advance(0, Instant(at), LOADS)
    parts.advance(0, LIGHT.end, LOADS)
    parts.advance(0, EPOCH, LOADS)  # its past: nothing happens
    assert np.array_equal(whole.state, parts.state)


def test_a_fleet_moves_as_its_satellites_do() -> None:
    orbits = Orbits.of(walker(4, 2, 1, math.radians(60.0), 600e3, EPOCH))
    sky = geometry(orbits, EPOCH, Instant(EPOCH + 3 * HOUR))
    loads = np.arange(16, dtype=float).reshape(4, 4)
    three = ThermalNetwork((Node("array", 800.0), Node("body", 5000.0)), NETWORK.faces[:3])
    designs = [DESIGN, replace(DESIGN, thermal=three), DESIGN, replace(DESIGN, battery=Battery(1e5))]
    fleet, singly = EnergyHeat(designs, sky), EnergyHeat(designs, sky)
    flags = fleet.advance_all(sky.end, loads)
    alone = [singly.advance(i, sky.end, loads[i]) for i in range(4)]
    assert flags.tolist() == alone
    assert np.array_equal(fleet.state, singly.state)
    assert len(fleet.reading(1).temperature_k) == 2


def test_it_pickles_and_goes_on_over_the_next_geometry() -> None:
    orbits = Orbits.of([sun_synchronous(550e3, 10.5, EPOCH)])
    middle, end = Instant(EPOCH + 2 * HOUR + 7 * SECOND), Instant(EPOCH + 4 * HOUR)
    whole = EnergyHeat([DESIGN], geometry(orbits, EPOCH, end))
    whole.advance(0, middle, LOADS)
    half = EnergyHeat([DESIGN], geometry(orbits, EPOCH, middle))
    half.advance(0, middle, LOADS)
    again: EnergyHeat = pickle.loads(pickle.dumps(half))
    again.use(geometry(orbits, middle, end))
    assert np.array_equal(again.state, whole.state)
    for fleet in (whole, again):
        fleet.advance(0, end, LOADS)
    assert np.allclose(whole.state, again.state, rtol=1e-9)
    assert again.reading(0).at == end


def test_a_forecast_leaves_the_satellite_where_it_is() -> None:
    fleet = EnergyHeat([DESIGN], LIGHT)
    fleet.advance(0, Instant(EPOCH + HOUR), LOADS)
    kept = fleet.state.copy()
    times = [EPOCH + 2 * HOUR, EPOCH + 3 * HOUR]
    energy, temperature = fleet.forecast(0, times, LOADS, 2.0)
    assert np.array_equal(fleet.state, kept)
    fleet.advance(0, Instant(times[1]), LOADS, 2.0)
    assert energy[1] == fleet.energy_j[0]
    assert np.array_equal(temperature[1], fleet.temperature_k[0])


def test_a_full_battery_curtails_and_an_empty_one_leaves_loads_unserved() -> None:
    fleet = EnergyHeat([DESIGN], steady_light(1.0))
    flags = fleet.advance(0, Instant(EPOCH + DAY // 2), LOADS)
    assert flags == FULL
    assert fleet.state_of_charge[0] == pytest.approx(0.98)
    assert fleet.curtailed_j[0] > 0.0
    assert fleet.unserved_j[0] == 0.0
    dark = EnergyHeat([DESIGN], steady_light(0.0))
    flags = dark.advance(0, Instant(EPOCH + DAY // 2), LOADS)
    assert flags == EMPTY | SHORT
    assert dark.state_of_charge[0] == pytest.approx(0.1)
    assert float(dark.load_j[0]) == pytest.approx(0.5 * 100 * 3600 * 0.95, rel=1e-9)
    assert dark.advance(0, Instant(EPOCH + DAY), np.zeros(4)) == EMPTY


def test_a_battery_gives_no_more_than_its_greatest_power() -> None:
    fleet = EnergyHeat([DESIGN], steady_light(0.0))
    flags = fleet.advance(0, Instant(EPOCH + MINUTE), np.array([0.0, 0.0, 100.0, 0.0]))
    assert flags == SHORT
    assert float(fleet.load_j[0]) == pytest.approx(80.0 * 60.0)
    assert float(fleet.unserved_j[0]) == pytest.approx(20.0 * 60.0)


def test_an_isolated_plate_cools_by_the_closed_form() -> None:
    """C dT/dt = −ε σ A T⁴, so T⁻³ grows linearly; halving the step quarters the error (second order)."""
    capacity, area = 2000.0, 1.0
    k = 0.9 * STEFAN_BOLTZMANN_W_M2_K4 * area
    exact = (350.0**-3 + 3.0 * k * 3600.0 / capacity) ** (-1.0 / 3.0)
    errors = []
    for parts in (45, 90, 180, 360):
        temperature = np.array([350.0])
        none, work = np.zeros((1, 1)), np.empty((6, 1))
        for _ in range(parts):
            heat_step(temperature, 3600.0 / parts, np.array([capacity]), np.zeros(1), none, none, np.array([k]), work)
        errors.append(abs(float(temperature[0]) - exact))
    assert errors[-1] < 0.01
    assert all(a / b > 3.3 for a, b in pairwise(errors))


@settings(max_examples=60, deadline=None)
@given(
    capacity=st.floats(1e-3, 1e6),
    conductance=st.floats(0.0, 1e6),
    start=st.tuples(st.floats(30.0, 900.0), st.floats(30.0, 900.0)),
    heat=st.floats(0.0, 1e4),
    step=st.floats(0.01, 600.0),
)
def test_stiff_networks_never_explode(
    capacity: float, conductance: float, start: tuple[float, float], heat: float, step: float
) -> None:
    """Whatever the step, temperatures stay finite and positive, and settle at the steady state."""
    network = ThermalNetwork(
        (Node("chip", capacity), Node("plate", 1e3)),
        (Face("plate", 1.0, (0.0, 0.0, -1.0), 0.2, 0.9), Face("chip", 0.1, (0.0, 0.0, -1.0), 0.2, 0.9)),
        (Conductor("chip", "plate", conductance),),
    )
    temperature = np.array(start)
    emission = STEFAN_BOLTZMANN_W_M2_K4 * np.array([0.09, 0.9])
    source = np.array([heat, 0.0])
    args = (network.capacities_j_k(), source, network.conduction_w_k(), np.zeros((2, 2)), emission, np.empty((7, 2)))
    for _ in range(50):
        heat_step(temperature, step, *args)
        assert np.isfinite(temperature).all()
        assert temperature.min() > 0.0
        assert temperature.max() < 2e7
    for _ in range(3000):
        heat_step(temperature, 600.0, *args)
    settled = steady_state(network, {"chip": heat})
    if heat > 1.0 and capacity < 1e3 and conductance > 1.0:
        assert temperature[0] == pytest.approx(settled["chip"], rel=1e-3)
        assert temperature[1] == pytest.approx(settled["plate"], rel=1e-3)


def test_halving_the_grid_halves_the_error() -> None:
    """The panels' output takes the temperature at a step's start: first order, 2e-4 of the energy at 10 s."""
    fleets = [EnergyHeat([DESIGN], real_light(step_s=step)) for step in (20.0, 10.0, 5.0, 1.25)]
    for fleet in fleets:
        fleet.advance(0, Instant(EPOCH + 6 * HOUR), LOADS)
    made = np.array([float(fleet.generated_j[0]) for fleet in fleets])
    errors = np.abs(made[:3] / made[3] - 1.0)
    assert errors[1] < 3e-4
    assert errors[0] > 1.6 * errors[1] > 1.6 * 1.6 * errors[2]
    assert np.abs(fleets[1].temperature_k - fleets[3].temperature_k).max() < 0.05


@pytest.mark.parametrize("tilt_deg", [0.0, 30.0, 60.0, 75.0, 90.0, 110.0, 150.0, 180.0])
@pytest.mark.parametrize("ratio", [1.0 + 1e-9, 1.08, 1.5, 6.6])
def test_the_view_factor_is_the_integral_over_the_earths_disc(tilt_deg: float, ratio: float) -> None:
    edge = math.asin(1.0 / ratio)
    theta = (np.arange(2000) + 0.5) * edge / 2000
    phi = (np.arange(720) + 0.5) * 2 * math.pi / 720
    tilt = math.radians(tilt_deg)
    cosine = math.cos(tilt) * np.cos(theta)[:, None] + math.sin(tilt) * np.sin(theta)[:, None] * np.cos(phi)
    weight = np.sin(theta)[:, None] * (edge / 2000) * (2 * math.pi / 720) / math.pi
    assert earth_view_factor(math.cos(tilt), ratio) == pytest.approx(
        float((np.maximum(cosine, 0) * weight).sum()), abs=2e-4
    )


def test_a_steady_network_loses_what_it_gets() -> None:
    sun = Environment(1361.0, 1.0, (0.3, 0.9, -0.3))
    state = steady_state(NETWORK, {"payload": 20.0, "body": 5.0}, sun)
    gets = 25.0 + float(absorbed_w(NETWORK, sun).sum())
    loses = sum(STEFAN_BOLTZMANN_W_M2_K4 * f.emissivity * f.area_m2 * state[f.node] ** 4 for f in NETWORK.faces)
    assert loses == pytest.approx(gets, rel=1e-6)
    assert state["payload"] > state["radiator"]


def test_a_node_that_cannot_lose_heat_is_named() -> None:
    network = ThermalNetwork((Node("a", 1.0), Node("b", 1.0)), (Face("a", 1.0, (0, 0, 1), 0.1, 0.9),))
    with pytest.raises(DataError, match="node b"):
        steady_state(network, {})
    with pytest.raises(DataError, match="node"):
        steady_state(network, {"c": 1.0})


@pytest.mark.parametrize(
    "make",
    [
        lambda: Battery(0.0),
        lambda: Battery(1.0, charge_efficiency=1.1),
        lambda: Battery(1.0, min_state_of_charge=0.9, max_state_of_charge=0.5),
        lambda: Battery(math.nan),
        lambda: SolarArray((Panel(-1.0),)),
        lambda: SolarArray((Panel(1.0, "body-fixed", (0.0, 0.0, 0.0)),)),
        lambda: SolarArray((), efficiency=1.5),
        lambda: ThermalNetwork((Node("a", 0.0),)),
        lambda: ThermalNetwork((Node("a", 1.0), Node("a", 1.0))),
        lambda: ThermalNetwork((Node("a", 1.0),), (Face("b", 1.0, (0, 0, 1), 0.1, 0.1),)),
        lambda: ThermalNetwork((Node("a", 1.0),), (Face("a", 1.0, (0, 0, 1), 1.1, 0.1),)),
        lambda: ThermalNetwork((Node("a", 1.0),), (), (Conductor("a", "a", 1.0),)),
        lambda: SatelliteDesign(SolarArray(()), Battery(1.0), ThermalNetwork((Node("x", 1.0),))),
        lambda: geometry(Orbits.of([sun_synchronous(5e5, 6.0, EPOCH)]), EPOCH, EPOCH, 1e6),
    ],
)
def test_impossible_hardware_is_refused(make: object) -> None:
    with pytest.raises(DataError):
        make()  # type: ignore[operator]


def test_light_averaged_over_steps_is_the_light_of_the_orbit() -> None:
    for at, ltan_h in ((EPOCH, 12.0), (SOLSTICE, 18.0), (SOLSTICE, 9.0)):
        orbits = Orbits.of([sun_synchronous(550e3, ltan_h, at)])
        sky = geometry(orbits, at, Instant(at + 3 * HOUR))
        fine = illumination_at(orbits, at + SECOND // 2 + np.arange(3 * 3600, dtype=np.int64) * SECOND)[0]
        assert np.abs(sky.illumination[0][: 3 * 360] - fine.reshape(-1, 10).mean(axis=1)).max() < 0.03
        assert float(sky.illumination[0].mean()) == pytest.approx(float(fine.mean()), abs=2e-5)


def test_the_body_frame_looks_down_and_forward() -> None:
    """At noon over the subsolar point the Sun is straight up; a quarter orbit on, it is behind."""
    orbits = Orbits.of([circular(500e3, 0.0, EPOCH, ltan_h=12.0)])
    sky = geometry(orbits, EPOCH, Instant(EPOCH + HOUR))
    assert sky.sun_body[0, 0] == pytest.approx([0.0, 0.0, -1.0], abs=0.05)
    quarter = int(sky.sun_body[0, :, 0].argmin())
    assert sky.sun_body[0, quarter, 0] == pytest.approx(-1.0, abs=0.01)
    assert 20 * 60 < quarter * 10 < 28 * 60
    assert np.linalg.norm(sky.sun_body[0], axis=1) == pytest.approx(np.ones(361), abs=1e-6)
    assert sky.radius_m[0, 0] == pytest.approx(6878137.0)


def test_a_hundred_satellites_for_a_day_are_cheap_in_space() -> None:
    """Shapes and sizes of a big run: a day of a hundred satellites holds 17 MB of light, six stations' windows."""
    orbits = Orbits.of(walker(100, 10, 1, math.radians(97.6), 550e3, EPOCH))
    sky = geometry(orbits, EPOCH, Instant(EPOCH + DAY))
    assert sky.light.nbytes < 20e6
    sites = [
        GroundSite(math.radians(x), math.radians(2.0 * x), 0.0, math.radians(5)) for x in (78, -72, 50, 0, 35, -30)
    ]
    assert len(contact_windows(orbits, sites, EPOCH, Instant(EPOCH + DAY))) > 1000
    fleet = EnergyHeat([DESIGN] * 100, sky)
    fleet.advance_all(sky.end, np.tile(LOADS, (100, 1)))
    assert np.isfinite(fleet.state).all()
