"""Arrays, batteries and the bus: what is conserved, what never happens, and what other programs and papers say."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import validation
from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, HOUR, MINUTE, SECOND, Instant, parse_instant
from orbitalcloud.physics import (
    BALANCED,
    BATTERY_CELLS,
    SHORT,
    Battery,
    Cell,
    Duty,
    EnergyHeat,
    Environment,
    Face,
    Geometry,
    Node,
    Orbits,
    Panel,
    SatelliteDesign,
    Shedding,
    SolarArray,
    SolarCell,
    ThermalNetwork,
    Wear,
    absorbed_w,
    account,
    array_power_w,
    geometry,
    sun_synchronous,
    worn,
)
from orbitalcloud.physics.battery import charge_share
from orbitalcloud.physics.power_kernel import CLASSES, HEATING, PAYLOAD, PLATFORM, RADIO
from orbitalcloud.physics.self_shadow import looked_up, octahedral, shares, table
from orbitalcloud.physics.solar_cells import AZUR_3G30C, iv_current, panel_share
from physics import cases_power

EPOCH = parse_instant("2026-03-20T12:00:00Z")
NMC = BATTERY_CELLS["nmc-18650"]
NETWORK = ThermalNetwork((Node("array", 1e3), Node("body", 1e9)), (Face("body", 0.5, (0.0, 0.0, 1.0), 0.3, 0.8),))
PACK = Battery(40 * 3600.0, 0.98, 0.98, 60.0, 80.0, cell=NMC)
WINGS = tuple(Panel(0.12, centre_m=(0.0, side * 0.38, 0.0), aspect=2.0) for side in (1.0, -1.0))
ARRAY = SolarArray(WINGS, body_m=(0.226, 0.226, 0.34))
DESIGN = SatelliteDesign(ARRAY, PACK, NETWORK, initial_state_of_charge=0.7)
RULES = Shedding(0.1, 0.15, 0.2, 0.03, 0.06)


@pytest.mark.parametrize("case", cases_power.CASES, ids=validation.name)
def test_case(case: dict[str, Any]) -> None:
    validation.holds(case)


def sky(lit: float = 1.0, sun: tuple[float, float, float] = (0.0, 0.0, -1.0), hours: int = 24) -> Geometry:
    light = np.zeros((1, 360 * hours + 1, 5), dtype=np.float32)
    light[:] = (lit, *sun, 6.9e6)
    return Geometry(EPOCH, 10 * SECOND, light, np.full(360 * hours + 1, 1361.0))


ORBIT = geometry(Orbits.of([sun_synchronous(550e3, 10.5, EPOCH)]), EPOCH, Instant(EPOCH + 8 * HOUR))


def loads(platform: float = 0.0, heating: float = 0.0, radio: float = 0.0, payload: float = 0.0) -> np.ndarray:
    """(CLASSES, 2), all in the body."""
    made = np.zeros((CLASSES, 2))
    for kind, watts in ((PLATFORM, platform), (HEATING, heating), (RADIO, radio), (PAYLOAD, payload)):
        made[kind, 1] = watts
    return made


# What must hold whatever the design ----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    area=st.floats(0.0, 1.0),
    capacity_wh=st.floats(0.5, 200.0),
    charge=st.floats(0.0, 1.0),
    celsius=st.floats(-40.0, 70.0),
    cell=st.sampled_from(sorted(BATTERY_CELLS)),
    years=st.floats(0.0, 6.0),
    tracker=st.sampled_from(["peak-power", "direct"]),
    shed=st.booleans(),
    steps=st.lists(st.tuples(st.integers(1, 5000), *(st.floats(0.0, 80.0) for _ in range(4))), min_size=1, max_size=6),
)
def test_energy_adds_up_and_the_charge_stays_within_its_limits(
    area: float,
    capacity_wh: float,
    charge: float,
    celsius: float,
    cell: str,
    years: float,
    tracker: Any,
    shed: bool,
    steps: list[tuple[int, float, float, float, float]],
) -> None:
    wear = worn(Wear(), Duty(years * 365.25, 293.15, 3.9, 2000.0 * years, 0.2))
    battery = Battery(capacity_wh * 3600.0, 0.97, 0.95, 60.0, 80.0, 0.05, 0.98, BATTERY_CELLS[cell], 4, wear)
    design = SatelliteDesign(
        SolarArray((Panel(area),), tracker=tracker),
        battery,
        NETWORK,
        initial_state_of_charge=charge,
        initial_temperature_k=celsius + 273.15,
        shedding=RULES if shed else Shedding(),
    )
    fleet, at, asked = EnergyHeat([design], ORBIT), int(EPOCH), 0.0
    for seconds, *watts in steps:
        then, at = at, min(at + seconds * SECOND, int(ORBIT.end))
        fleet.advance(0, Instant(at), loads(*watts))
        asked += sum(watts) * (at - then) / SECOND
    made = account(fleet, 0)
    assert made.residual <= BALANCED / 1000
    assert made.load_j + made.unserved_j + made.shed_j == pytest.approx(asked, rel=1e-9, abs=1e-6)
    assert min(0.05, charge) - 1e-9 <= fleet.state_of_charge[0] <= max(0.98, charge) + 1e-9
    assert min(made.generated_j, made.load_j, made.losses_j, made.curtailed_j, made.unserved_j, made.shed_j) >= -1e-6
    assert np.isfinite(fleet.state).all()


def test_halving_the_step_converges() -> None:
    """Voltage and resistance are taken at a step's start: first order, through a night and through charging."""
    for lit, charge in ((0.0, 0.9), (1.0, 0.3)):
        ends = []
        for step_s in (40, 20, 10, 1):
            light = np.zeros((1, 2400 // step_s + 1, 5), dtype=np.float32)
            light[:] = (lit, 0.0, 0.0, -1.0, 6.9e6)
            dark = Geometry(EPOCH, step_s * SECOND, light, np.full(light.shape[1], 700.0))
            fleet = EnergyHeat([replace(DESIGN, initial_state_of_charge=charge)], dark)
            fleet.advance(0, dark.end, loads(20.0))
            ends.append(float(fleet.state_of_charge[0]))
        errors = [abs(one - ends[-1]) for one in ends[:3]]
        assert errors[2] < 2e-4
        assert errors[0] > 1.6 * errors[1] > 1.6 * 1.6 * errors[2]


# The battery ---------------------------------------------------------------------------------------------------------


def test_charging_tapers_at_the_greatest_voltage() -> None:
    fleet = EnergyHeat([replace(DESIGN, initial_state_of_charge=0.9)], sky())
    amperes, volts = [], []
    for minute in range(1, 120):
        fleet.advance(0, Instant(EPOCH + minute * MINUTE), loads())
        reading = fleet.reading(0)
        amperes.append(reading.battery_a)
        volts.append(reading.battery_v)
    assert max(volts) == pytest.approx(4 * NMC.most_v, rel=1e-9)
    held = [a for a, v in zip(amperes, volts, strict=True) if v > 4 * NMC.most_v - 1e-6]
    assert len(held) > 5
    assert held == sorted(held, reverse=True)


def test_a_cold_battery_takes_no_charge_but_gives() -> None:
    cold = replace(DESIGN, initial_temperature_k=272.0)
    sunny, dark = EnergyHeat([cold], sky()), EnergyHeat([cold], sky(0.0))
    sunny.advance(0, Instant(EPOCH + HOUR), loads(10.0))
    assert sunny.state_of_charge[0] == pytest.approx(0.7)
    assert sunny.curtailed_j[0] > 0.0
    dark.advance(0, Instant(EPOCH + HOUR), loads(10.0))
    assert dark.state_of_charge[0] < 0.5
    assert dark.unserved_j[0] == pytest.approx(0.0, abs=1e-6)
    heated = replace(PACK, lock_out_k=263.15)
    milder = EnergyHeat([replace(cold, battery=heated)], sky())
    milder.advance(0, Instant(EPOCH + HOUR), loads(10.0))
    assert milder.state_of_charge[0] > 0.7


def test_charge_is_derated_by_temperature() -> None:
    row = np.array(PACK.row())
    found = [charge_share(celsius + 273.15, row) for celsius in (-1.0, 0.0, 5.0, 10.0, 25.0, 45.0, 47.5, 51.0)]
    assert found == pytest.approx([0.0, 0.2, 0.6, 1.0, 1.0, 1.0, 0.5, 0.0])


def test_cold_and_age_cost_energy_on_the_way() -> None:
    """The same night on a warm, a cold and a worn battery: losses are I²R, R grows with both, and I a little with R."""
    lost = []
    old = replace(PACK, wear=Wear(0.0, 0.0, 0.0, 1.0))
    for battery, celsius in ((PACK, 25.0), (PACK, 0.0), (old, 25.0)):
        night = replace(DESIGN, battery=battery, initial_temperature_k=celsius + 273.15)
        fleet = EnergyHeat([night], sky(0.0))
        fleet.advance(0, Instant(EPOCH + HOUR // 2), loads(20.0))
        lost.append(float(fleet.losses_j[0]) - 20.0 * 1800 * (1 / 0.98 - 1))
    assert lost[1] / lost[0] == pytest.approx(math.exp(2500 * (1 / 273.15 - 1 / 298.15)), rel=0.1)
    assert lost[2] / lost[0] == pytest.approx(2.0, rel=0.1)


def test_wear_in_pieces_is_wear_at_once() -> None:
    whole = worn(Wear(), Duty(1000.0, 300.0, 3.9, 3000.0, 0.3))
    pieces = Wear()
    for _ in range(50):
        pieces = worn(pieces, Duty(20.0, 300.0, 3.9, 60.0, 0.3))
    assert pieces.capacity == pytest.approx(whole.capacity, rel=1e-12)
    assert pieces.resistance == pytest.approx(whole.resistance, rel=1e-12)


def test_a_flight_wears_its_battery_by_what_it_did() -> None:
    fleet = EnergyHeat([DESIGN], ORBIT)
    fleet.advance(0, ORBIT.end, loads(20.0))
    duty = fleet.duty(0)
    assert duty is not None
    assert duty.days == pytest.approx(1 / 3)
    assert duty.temperature_k == pytest.approx(293.15, abs=1.0)
    assert 0.2 < duty.depth < 0.6
    older = fleet.aged()
    assert older.designs[0].battery.wear == worn(Wear(), duty)
    assert older.duty(0) is None
    assert older.energy_j[0] == fleet.energy_j[0]
    assert older.state_of_charge[0] > fleet.energy_j[0] / PACK.capacity_j


# The bus --------------------------------------------------------------------------------------------------------------


def test_loads_are_shed_the_least_needed_first_and_come_back_in_turn() -> None:
    design = replace(DESIGN, shedding=RULES, initial_state_of_charge=0.3)
    fleet = EnergyHeat([design], sky(0.0))
    order, shares_at = [], []
    for step in range(1, 8 * 360):
        fleet.advance(0, Instant(EPOCH + step * 10 * SECOND), loads(6.0, 2.0, 3.0, 8.0))
        reading = fleet.reading(0)
        if not order or order[-1] != reading.powered:
            order.append(reading.powered)
            shares_at.append(reading.state_of_charge)
    assert order == [4, 3, 2, 1, 0]
    assert shares_at[1:4] == pytest.approx([0.2, 0.15, 0.1], abs=0.002)
    lit = EnergyHeat([design], sky(1.0), fleet.state, fleet.now_ns)
    back = []
    for step in range(8 * 360, 14 * 360):
        lit.advance(0, Instant(EPOCH + step * 10 * SECOND), loads(6.0, 2.0, 3.0, 8.0))
        reading = lit.reading(0)
        if not back or back[-1][0] != reading.powered:
            back.append((reading.powered, reading.state_of_charge))
    assert [level for level, _ in back] == [0, 1, 2, 3, 4]
    assert [share for _, share in back[1:]] == pytest.approx([0.06, 0.13, 0.18, 0.23], abs=0.005)
    assert account(lit, 0).residual < BALANCED


def test_what_is_short_is_taken_from_the_least_needed() -> None:
    weak = replace(PACK, max_discharge_w=10.0)
    fleet = EnergyHeat([replace(DESIGN, battery=weak)], sky(0.0))
    assert fleet.advance(0, Instant(EPOCH + MINUTE), loads(6.0, 2.0, 3.0, 8.0), 0.0) == SHORT
    assert float(fleet.load_j[0]) == pytest.approx(10.0 * 60)
    assert fleet.reading(0).radiated_j == 0.0
    fleet.advance(0, Instant(EPOCH + 2 * MINUTE), loads(6.0, 0.0, 0.0, 8.0), 2.0)
    assert fleet.reading(0).radiated_j == pytest.approx(2.0 * 60), "the radio goes before the payload"


# The array -----------------------------------------------------------------------------------------------------------


def test_the_shadow_table_is_the_rays_between_its_points() -> None:
    """Everywhere within the map's step of an edge; on the mean, half a percent."""
    made, rng, errors = table(ARRAY), np.random.default_rng(4), []
    for _ in range(400):
        sun = rng.normal(size=3)
        sun /= np.linalg.norm(sun)
        exact = shares(ARRAY, tuple(sun.tolist()))
        u, v = octahedral(*sun)
        for p in range(2):
            errors.append([abs(looked_up(made[p, k], u, v) - exact[p, k]) for k in range(2)])
    assert np.mean(errors, axis=0)[0] < 0.005
    assert np.mean(errors, axis=0)[1] < 0.01
    assert np.mean(np.array(errors)[:, 0] > 0.05) < 0.05


def test_turning_the_whole_satellite_changes_nothing() -> None:
    """Body, wings and Sun turned by the same quarter turns: the same shares."""
    sun = np.array([0.35, 0.8, -0.49])
    sun /= np.linalg.norm(sun)
    turned = tuple(replace(p, centre_m=(p.centre_m[1], p.centre_m[2], p.centre_m[0])) for p in WINGS if p.centre_m)
    other = SolarArray(turned, body_m=(0.226, 0.34, 0.226))
    x, y, z = sun.tolist()
    assert shares(other, (y, z, x)) == pytest.approx(shares(ARRAY, (x, y, z)), abs=0.03)


def test_wings_in_line_with_the_sun_shadow_each_other() -> None:
    along, across = shares(ARRAY, (0.0, 1.0, 0.0)), shares(ARRAY, (1.0, 0.0, 0.0))
    assert along[0, 0] == 1.0
    assert along[1, 0] == pytest.approx(0.0, abs=0.05)
    assert along[1, 1] == pytest.approx(0.0, abs=0.05)
    assert across == pytest.approx(np.ones((2, 2)))


def test_strings_and_bypass_diodes_against_summing_voltages() -> None:
    """The other way round: at a common current add the cells' voltages, and look for the best power."""
    row = np.array(AZUR_3G30C.row())
    volts = np.linspace(0.0, 2.7, 2701)
    amps = np.array([iv_current(v, 0.0, row) for v in volts])
    for dark in ((0, 0, 0), (2, 0, 0), (8, 0, 0), (3, 3, 3), (8, 8, 8), (7, 1, 0)):
        grid = np.linspace(0.0, 8 * 2.7, 4001)
        total = np.zeros_like(grid)
        for k in dark:
            if k < 8:
                string_v = (8 - k) * volts - 0.7 * k
                total += np.interp(grid, string_v, amps, right=0.0)
        expected = float(np.max(grid * total)) / (3 * 8 * 2.411 * 0.5044 / 0.5202)
        assert panel_share(np.array(dark), 8, 0.0, row) == pytest.approx(expected, abs=0.004)


def test_a_battery_too_high_for_its_strings_gets_nothing_and_one_well_below_loses_the_rest() -> None:
    """Direct transfer gives the current at the battery's voltage; a tracker all of it."""
    tracked = SolarArray((Panel(1.0),), temperature_coefficient_per_k=0.0)
    direct = replace(tracked, tracker="direct", cells=8)
    whole = array_power_w(tracked, 1361.0, 1.0, (0, 0, 1), 301.15)
    for bus_v, share in ((14.8, 14.8 / (8 * 2.411) * 0.5202 / 0.5044), (8 * 2.411, 1.0), (22.0, 0.0)):
        assert array_power_w(direct, 1361.0, 1.0, (0, 0, 1), 301.15, bus_v) == pytest.approx(whole * share, abs=0.01)
    hot = array_power_w(direct, 1361.0, 1.0, (0, 0, 1), 373.15, 8 * 2.411)
    assert hot < 0.5 * whole, "hot cells' voltage falls below the battery's"
    fleet = EnergyHeat([replace(DESIGN, array=replace(direct, panels=WINGS, body_m=None))], sky())
    volts = fleet.reading(0).battery_v
    fleet.advance(0, Instant(EPOCH + 1), loads())
    expected = array_power_w(fleet.designs[0].array, 1361.0, 1.0, (0.0, 0.0, -1.0), 293.15, volts)
    assert fleet.reading(0).offered_w == pytest.approx(expected, rel=1e-9)


def test_a_satellite_that_turns_to_the_sun_sees_it_always_the_same() -> None:
    """Body-fixed panels on the axis give what tracking ones do, over an orbit, and the Earth goes round the body."""
    fixed = SolarArray((Panel(0.2, "body-fixed", (1.0, 0.0, 0.0)),))
    tracking = SolarArray((Panel(0.2),))
    held = EnergyHeat([replace(DESIGN, array=fixed, sun_axis=(1.0, 0.0, 0.0))], ORBIT)
    turned = EnergyHeat([replace(DESIGN, array=tracking)], ORBIT)
    for fleet in (held, turned):
        fleet.advance(0, ORBIT.end, loads(10.0))
    assert held.generated_j[0] == pytest.approx(turned.generated_j[0], rel=1e-3)
    network = ThermalNetwork((Node("array", 1e3), Node("body", 1e3)), (Face("body", 1.0, (1.0, 0.0, 0.0), 0.5, 0.5),))
    noon = sky(1.0, (0.0, 0.0, -1.0))
    one = EnergyHeat([replace(DESIGN, array=SolarArray(()), thermal=network, sun_axis=(1.0, 0.0, 0.0))], noon)
    one.advance(0, noon.end, loads())
    plain = replace(network, faces=(Face("body", 1.0, (0.0, 0.0, -1.0), 0.5, 0.5),))
    kelvin = one.reading(0).temperature_k["body"]
    gets = absorbed_w(plain, Environment(1361.0, 1.0, (0.0, 0.0, -1.0), 6.9e6))[1]
    assert 0.5 * 5.670374419e-8 * kelvin**4 == pytest.approx(float(gets), rel=1e-3)


def test_yearly_losses_multiply() -> None:
    array = SolarArray((), degradation_per_year=0.01, radiation_per_year=0.02, cycling_per_year=0.005, age_years=3.0)
    assert array.health == pytest.approx((0.99 * 0.98 * 0.995) ** 3)


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: Battery(1e5, cell=NMC, series=0),
        lambda: Battery(1e5, cell=NMC, lock_out_k=400.0),
        lambda: Battery(math.nan, cell=NMC),
        lambda: Cell("x", 0.0, (3.0, 4.0), (0.1, 0.1), 2.5, 4.2, 1.0, 1.0, 0.0),
        lambda: Cell("x", 1.0, (4.0, 3.0), (0.1, 0.1), 2.5, 4.2, 1.0, 1.0, 0.0),
        lambda: Cell("x", 1.0, (3.0, math.nan), (0.1, 0.1), 2.5, 4.2, 1.0, 1.0, 0.0),
        lambda: Cell("x", 1.0, (3.0, 4.0), (0.1,), 2.5, 4.2, 1.0, 1.0, 0.0),
        lambda: SolarCell("x", 0.0, 0.5, 0.4, 2.4, 2.7, 0.0, 0.0, 0.0, 0.0),
        lambda: SolarCell("x", 1e-3, 0.5, 0.6, 2.4, 2.7, 0.0, 0.0, 0.0, 0.0),
        lambda: SolarCell("x", 1e-3, 0.5, 0.4, 2.8, 2.7, 0.0, 0.0, 0.0, 0.0),
        lambda: SolarArray((), tracker="clever"),  # type: ignore[arg-type]
        lambda: SolarArray((), strings=0),
        lambda: SolarArray((), body_m=(0.1, 0.0, 0.1)),
        lambda: SolarArray((Panel(1.0, aspect=0.0),)),
        lambda: SolarArray((Panel(1.0, centre_m=(math.nan, 0.0, 0.0)),)),
        lambda: SolarArray((), radiation_per_year=math.nan),
        lambda: Shedding(0.3, 0.2, 0.1),
        lambda: Shedding(payload=0.99, restore_by=0.02),
        lambda: Shedding(restart=math.nan),
        lambda: Duty(1.0, math.nan, 3.7, 1.0, 0.1),
        lambda: replace(DESIGN, sun_axis=(0.0, 0.0, 0.0)),
    ],
)
def test_impossible_hardware_is_refused(make: Any) -> None:
    with pytest.raises(DataError) as told:
        make()
    assert told.value.remedy


def test_a_day_of_a_whole_fleet_balances() -> None:
    """The checker over designs that shed, brown out and charge, at the end of a day."""
    orbit = geometry(
        Orbits.of([sun_synchronous(550e3, h, EPOCH) for h in (6.0, 10.5, 12.0)]), EPOCH, Instant(EPOCH + DAY)
    )
    fleet = EnergyHeat([replace(DESIGN, shedding=RULES)] * 3, orbit)
    fleet.advance_all(orbit.end, np.stack([loads(20.0, 1.0, 2.0, watts) for watts in (5.0, 15.0, 40.0)]))
    assert all(account(fleet, i).residual < 1e-12 for i in range(3))
    assert fleet.shed_j[2] > 0.0
