"""`fly_fleet` against the exact flight kernel, `EnergyHeat` over `geometry`: the same physics by other means."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import validation
from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, HOUR, SECOND, Instant, parse_instant
from orbitalcloud.physics import (
    BATTERY_CELLS,
    Battery,
    Conductor,
    Design,
    EnergyHeat,
    Face,
    FleetSummary,
    Heater,
    Node,
    Orbits,
    Panel,
    RadiativeLink,
    SatelliteDesign,
    Shedding,
    SolarArray,
    ThermalNetwork,
    TwoLine,
    Wear,
    circular,
    fly_fleet,
    geometry,
    shadow_events,
    sun_synchronous,
)
from orbitalcloud.physics.fleet_tables import even_view, views
from physics import cases_fleet

EQUINOX = parse_instant("2026-03-20T12:00:00Z")
SOLSTICE = parse_instant("2026-06-21T00:00:00Z")
FACES = (
    Face("body", 0.05, (1.0, 0.0, 0.0), 0.35, 0.35),
    Face("body", 0.05, (-1.0, 0.0, 0.0), 0.35, 0.35),
    Face("body", 0.08, (0.0, 1.0, 0.0), 0.3, 0.4),
    Face("body", 0.07, (0.0, 0.0, 1.0), 0.35, 0.35),
    Face("body", 0.07, (0.0, 0.6, -0.8), 0.35, 0.35),
    Face("radiator", 0.07, (0.0, -1.0, 0.0), 0.2, 0.9),
)
JOINTS = (
    Conductor("payload", "radiator", 1.2),
    Conductor("payload", "body", 0.6),
    Conductor("body", "radiator", 0.8),
    Conductor("array", "body", 0.15),
    Conductor("battery", "body", 0.5),
)


def nodes(array_j_k: float = 540.0, radiator_j_k: float = 1350.0) -> tuple[Node, ...]:
    heavy = (Node("body", 11_000.0), Node("payload", 1000.0))
    return (Node("array", array_j_k), *heavy, Node("radiator", radiator_j_k), Node("battery", 800.0))


def design(
    *panels: Panel, network: ThermalNetwork | None = None, charge: float = 0.7, index: float = 1.0
) -> SatelliteDesign:
    return SatelliteDesign(
        SolarArray(panels or (Panel(0.12), Panel(0.12)), 0.28, -0.0025, 0.83, cover_index=index),
        Battery(77 * 3600.0, 0.96, 0.95, 40.0, 80.0, 0.1, 0.98),
        network or ThermalNetwork(nodes(), FACES, JOINTS),
        battery_node="battery",
        initial_state_of_charge=charge,
    )


LOADS = np.array([0.0, 8.0, 9.0, 0.0, 1.0])
FIXED = (
    Panel(0.1, "body-fixed", (0.0, -1.0, 0.0)),
    Panel(0.1, "body-fixed", (0.0, 0.0, -1.0), deployed=False),
    Panel(0.1, "body-fixed", (0.6, 0.0, -0.8)),
)
LINKED = ThermalNetwork(nodes(), FACES, JOINTS, (RadiativeLink("payload", "radiator", 0.03),))
LIGHT = ThermalNetwork(nodes(40.0, 25.0), FACES, JOINTS)  # time constants of 5 to 20 s
DESIGNS = {
    "tracking": design(),
    "tracking, glass": design(index=1.5),
    "one-axis": design(Panel(0.25, "one-axis", (0.0, 1.0, 0.0)), index=1.5),
    "fixed": design(*FIXED),
    "radiative": design(network=LINKED),
    "light plates": design(network=LIGHT),
    "empty": design(Panel(0.03), charge=0.12),
}


def orbits(epoch: Instant) -> Orbits:
    """Low and high, equatorial to retrograde, a dawn-dusk one in its season, and one near beta 90°."""
    many = [
        circular(h, math.radians(i), epoch, raan_rad=node, argument_of_latitude_rad=u)
        for h, i, node, u in (
            (400e3, 51.6, 0.3, 1.0),
            (550e3, 0.0, 0.0, 0.0),
            (550e3, 90.0, 1.0, 2.0),
            (800e3, 120.0, 4.0, 3.0),
            (1500e3, 30.0, 5.0, 5.5),
            (600e3, 66.6, 4.712, 0.4),
            (35_786e3, 5.0, 2.0, 0.1),
        )
    ]
    return Orbits.of([*many, sun_synchronous(547e3, 6.0, epoch), sun_synchronous(550e3, 10.5, epoch)])


def exactly(one: SatelliteDesign, fleet: Orbits, start: Instant, end: Instant, step_s: float) -> dict[str, np.ndarray]:
    """What the exact kernel says of the same flight."""
    count = len(fleet)
    light = geometry(fleet, start, end, step_s)
    flight = EnergyHeat([one] * count, light)
    energy, hot, cold = flight.energy_j.copy(), flight.temperature_k.copy(), flight.temperature_k.copy()
    loads = np.tile(LOADS, (count, 1))
    for at in light.times_ns()[1:]:
        flight.advance_all(Instant(int(at)), loads)
        energy = np.minimum(energy, flight.energy_j)
        hot, cold = np.maximum(hot, flight.temperature_k), np.minimum(cold, flight.temperature_k)
    capacity = one.battery.capacity_j
    return {
        "lowest_charge": energy / capacity,
        "final_charge": flight.energy_j / capacity,
        "generated_j": flight.generated_j.copy(),
        "unserved_j": flight.unserved_j.copy(),
        "hottest_k": hot,
        "coldest_k": cold,
        "final_k": flight.temperature_k.copy(),
        "sunlit_s": light.illumination.sum(axis=1, dtype=float) * step_s,
    }


def imbalance(summary: FleetSummary, one: SatelliteDesign) -> float:
    stored = (summary.final_charge - summary.first_charge) * one.battery.capacity_j
    rest = summary.generated_j - summary.load_j - summary.losses_j - summary.curtailed_j - stored
    asked = LOADS.sum() * summary.span_s
    worst = np.abs(rest).max() / summary.generated_j.max()
    return float(max(worst, np.abs(summary.load_j + summary.unserved_j - asked).max() / asked))


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize(("epoch", "step_s"), [(EQUINOX, 10.0), (SOLSTICE, 60.0)])
def test_it_agrees_with_the_exact_kernel(name: str, epoch: Instant, step_s: float) -> None:
    one, fleet, end = DESIGNS[name], orbits(epoch), Instant(epoch + 6 * HOUR)
    # a plate that warms within seconds overshoots in the exact kernel's 60 s steps: there its 10 s are the truth
    truth_s = 10.0 if name == "light plates" else step_s
    ours, theirs = fly_fleet(one, fleet, LOADS, epoch, end, step_s), exactly(one, fleet, epoch, end, truth_s)
    assert not ours.exact.any()
    fine = step_s == 10.0
    assert imbalance(ours, one) < 1e-12
    assert np.abs(ours.sunlit_s - theirs["sunlit_s"]).max() < (1.0 if fine else 6.0)
    charge = 2e-4 if fine else 6e-3 if name == "light plates" else 1e-3
    assert np.abs(ours.lowest_charge - theirs["lowest_charge"]).max() < charge
    assert np.abs(ours.final_charge - theirs["final_charge"]).max() < charge
    # the power takes the cells' temperature of the step's start, which a light plate has left within a 60 s step
    share = (5e-4 if name == "one-axis" else 2e-4) if fine else 5e-3 if name == "light plates" else 1e-3
    assert np.abs(ours.generated_j - theirs["generated_j"]).max() < share * theirs["generated_j"].max()
    assert np.abs(ours.unserved_j - theirs["unserved_j"]).max() < 2e-3 * LOADS.sum() * 6 * 3600
    slack = 0.1 if fine else 2.0 if name == "light plates" else 0.6
    for key in ("hottest_k", "coldest_k", "final_k"):
        assert np.abs(getattr(ours, key) - theirs[key]).max() < slack, key


def test_light_from_elements_and_ellipses() -> None:
    """SGP4 and eccentric designs have their light from tracks; a stretched ellipse goes through the exact kernel."""
    iss = TwoLine(
        "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927",
        "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537",
    )
    start = parse_instant("2008-09-21T00:00:00Z")
    stretched = Design(26_600e3, 0.7, 1.1, 0.2, 4.7, 0.0, start)
    near = Design(7_000e3, 0.015, 1.1, 0.2, 0.7, 0.0, start)
    fleet = Orbits.of([iss, near, stretched])
    end, one = Instant(start + 6 * HOUR), DESIGNS["fixed"]
    ours, theirs = fly_fleet(one, fleet, LOADS, start, end), exactly(one, fleet, start, end, 10.0)
    assert ours.exact.tolist() == [False, False, True]
    assert imbalance(ours, one) < 1e-12
    assert np.abs(ours.sunlit_s - theirs["sunlit_s"]).max() < 0.01
    assert np.abs(ours.final_charge - theirs["final_charge"]).max() < 2e-4
    assert np.abs(ours.hottest_k - theirs["hottest_k"]).max() < 0.1
    assert np.abs(ours.final_k[2] - theirs["final_k"][2]).max() < 1e-9


def test_halving_the_step_converges_at_second_order() -> None:
    """In light that does not change (a high orbit, no eclipse) the temperatures' error falls to a quarter."""
    epoch = SOLSTICE
    fleet = Orbits.of([circular(1500e3, math.radians(66.6), epoch, raan_rad=math.pi)])
    end = Instant(epoch + HOUR // 2)
    final = {
        h: fly_fleet(DESIGNS["radiative"], fleet, LOADS, epoch, end, h).final_k[0] for h in (60.0, 30.0, 15.0, 1.0)
    }
    errors = [np.abs(final[h] - final[1.0]).max() for h in (60.0, 30.0, 15.0)]
    assert errors[0] / errors[1] > 3.0
    assert errors[1] / errors[2] > 3.0
    assert errors[2] < 0.02


def test_a_plate_goes_to_its_steady_state_and_not_past_it() -> None:
    """A plate that radiates 400 W alone: (P / (ε A σ))^¼, from far below it and in steps far longer than it takes."""
    network = ThermalNetwork((Node("array", 5.0), Node("body", 5.0)), (Face("body", 1.0, (0.0, 1.0, 0.0), 0.0, 0.9),))
    one = SatelliteDesign(
        SolarArray((Panel(1e-9),)), Battery(1e9, 1.0, 1.0), network, initial_temperature_k=30.0, earth_infrared_w_m2=0.0
    )
    fleet = Orbits.of([circular(550e3, 1.0, EQUINOX, raan_rad=0.0)])
    summary = fly_fleet(one, fleet, [0.0, 400.0], EQUINOX, Instant(EQUINOX + HOUR), 60.0)
    expected = (400.0 / (5.670374419e-8 * 0.9)) ** 0.25
    assert summary.final_k[0, 1] == pytest.approx(expected, abs=1e-3)
    assert summary.hottest_k[0, 1] <= expected + 1e-3


def test_the_longest_eclipse_is_that_of_the_events() -> None:
    """Against `shadow_events`: from the middle of the penumbra in to its middle out, within the penumbra's bend."""
    fleet, end = orbits(SOLSTICE), Instant(SOLSTICE + 12 * HOUR)
    summary = fly_fleet(DESIGNS["tracking"], fleet, LOADS, SOLSTICE, end)
    edges: dict[int, list[tuple[int, str]]] = {}
    for event in shadow_events(fleet, SOLSTICE, end):
        edges.setdefault(event.satellite, []).append((event.at, event.kind))
    for satellite, found in edges.items():
        kinds = [kind for _, kind in found]
        longest = 0.0
        for k in range(len(found) - 3):
            if kinds[k : k + 4] == ["penumbra-in", "umbra-in", "umbra-out", "penumbra-out"]:
                a, b, c, d = (at / SECOND for at, _ in found[k : k + 4])
                longest = max(longest, 0.5 * (c + d) - 0.5 * (a + b))
        if longest:
            assert summary.longest_eclipse_s[satellite] == pytest.approx(longest, abs=1.0)
    assert summary.sunlit_share.max() <= 1.0


def test_a_mixed_fleet_is_each_satellite_alone() -> None:
    """Blocks, designs and order change nothing; what is settled is not counted; traces are the states on the way."""
    fleet = orbits(EQUINOX)
    kinds = [list(DESIGNS.values())[i % 4] for i in range(len(fleet))]
    end = Instant(EQUINOX + 3 * HOUR)
    together = fly_fleet(kinds, fleet, LOADS, EQUINOX, end, trace_s=600.0, settle_s=3600.0)
    for i in (0, 4, 8):
        alone = fly_fleet(kinds[i], fleet.one(i), LOADS, EQUINOX, end, settle_s=3600.0)
        assert alone.final_k[0].tolist() == together.final_k[i].tolist()
        assert alone.lowest_charge[0] == together.lowest_charge[i]
    traces = together.traces
    assert traces is not None
    assert traces.charge.shape == (len(fleet), 12)
    assert traces.temperature_k[:, -1] == pytest.approx(together.final_k, rel=1e-6)
    assert (traces.charge.min(axis=1) >= together.lowest_charge - 1e-6).all()
    assert together.start == EQUINOX + HOUR
    assert imbalance(together, kinds[0]) < 1e-12


def test_the_view_factor_s_fit() -> None:
    cosine = np.linspace(-1.0, 1.0, 201)
    for radius_m in (6.6e6, 6.9e6, 7.9e6, 4.2e7):
        radius = np.array([radius_m])
        even = even_view(radius)[0] @ (cosine**2) ** np.arange(even_view(radius).shape[1])[:, None]
        odd = cosine / (2.0 * (radius_m / 6_378_137.0) ** 2)
        assert np.abs(even + odd - views(cosine, radius)[0]).max() < 5e-4


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"step_s": 0.5}, "step_s"),
        ({"step_s": 7.0}, "end"),
        ({"loads_w": [1.0, 2.0]}, "loads_w"),
        ({"loads_w": [0.0, math.nan, 0.0, 0.0, 0.0]}, "loads_w"),
        ({"radio_w": -1.0}, "radio_w"),
        ({"first_temperature_k": 0.0}, "first_temperature_k"),
        ({"settle_s": 5.0}, "settle_s"),
        ({"end": EQUINOX}, "end"),
        ({"designs": [DESIGNS["fixed"]]}, "designs"),
    ],
)
def test_what_cannot_be_flown_is_told(change: dict[str, object], place: str) -> None:
    given: dict[str, object] = {
        "designs": DESIGNS["fixed"],
        "orbits": orbits(EQUINOX),
        "loads_w": LOADS,
        "start": EQUINOX,
        "end": Instant(EQUINOX + DAY),
    }
    with pytest.raises(DataError, match=place):
        fly_fleet(**{**given, **change})  # type: ignore[arg-type]


def test_a_network_too_large_or_quick_goes_through_the_exact_kernel() -> None:
    quick = replace(DESIGNS["fixed"], thermal=ThermalNetwork(nodes(0.05), FACES, JOINTS))
    fleet, end = Orbits.of([sun_synchronous(550e3, 10.5, EQUINOX)]), Instant(EQUINOX + HOUR)
    summary = fly_fleet(quick, fleet, LOADS, EQUINOX, end, trace_s=600.0)
    assert summary.exact.all()
    assert np.isfinite(summary.hottest_k).all()
    assert imbalance(summary, quick) < 1e-12


PLACED = tuple(Panel(0.12, "body-fixed", (0.0, 0.0, -1.0), centre_m=(0.0, y, 0.1)) for y in (-0.3, 0.3))
BEYOND = {
    "battery cells": replace(
        DESIGNS["tracking"],
        battery=Battery(77 * 3600.0, 0.96, 0.95, 40.0, 80.0, 0.1, 0.98, cell=BATTERY_CELLS["nmc-18650"]),
    ),
    "lock-out": replace(
        DESIGNS["tracking"], battery=Battery(77 * 3600.0, 0.96, 0.95, 40.0, 80.0, 0.1, 0.98, lock_out_k=273.15)
    ),
    "shadows": replace(
        DESIGNS["tracking"], array=SolarArray(PLACED, 0.28, -0.0025, 0.83, body_m=(0.2, 0.2, 0.3), strings=2, cells=4)
    ),
    "direct": replace(DESIGNS["tracking"], array=SolarArray((Panel(0.24),), 0.28, -0.0025, 0.83, tracker="direct")),
    "shedding": replace(DESIGNS["empty"], shedding=Shedding(restart=0.2)),
    "controls": replace(DESIGNS["tracking"], controls=(Heater("battery", 5.0, 290.0, 293.0),)),
    "turns to the Sun": replace(DESIGNS["fixed"], sun_axis=(0.0, 0.0, -1.0)),
}


@pytest.mark.parametrize("what", BEYOND)
def test_what_the_kernel_does_not_compute_is_flown_exactly_or_named(what: str) -> None:
    one, fleet = BEYOND[what], Orbits.of([circular(550e3, 0.9, EQUINOX, raan_rad=0.4)])
    end = Instant(EQUINOX + 2 * HOUR)
    ours, theirs = fly_fleet(one, fleet, LOADS, EQUINOX, end), exactly(one, fleet, EQUINOX, end, 10.0)
    assert ours.exact.all()
    assert ours.left_out == ((),)
    assert ours.final_k == pytest.approx(theirs["final_k"], abs=1e-9)
    assert ours.final_charge == pytest.approx(theirs["final_charge"], abs=1e-12)
    study = fly_fleet(one, fleet, LOADS, EQUINOX, end, simplified=True)
    if what == "turns to the Sun":  # has no simpler likeness
        assert study.exact.all()
        assert study.left_out == ((),)
        return
    assert not study.exact.any()
    assert len(study.left_out[0]) == 1
    assert what in study.left_out[0][0]
    assert study.final_charge == pytest.approx(theirs["final_charge"], abs=0.12)


def test_an_earth_by_season_and_a_worn_battery() -> None:
    """The first is exact, or left out by name; the second the kernel has: its capacity is what is left of it."""
    fleet, end = Orbits.of([circular(550e3, 0.9, EQUINOX, raan_rad=0.4)]), Instant(EQUINOX + HOUR)
    varied = fly_fleet(DESIGNS["tracking"], fleet, LOADS, EQUINOX, end, seasonal_earth=True)
    study = fly_fleet(DESIGNS["tracking"], fleet, LOADS, EQUINOX, end, seasonal_earth=True, simplified=True)
    assert varied.exact.all()
    assert not study.exact.any()
    assert "Earth" in study.left_out[0][0]
    assert 0.001 < np.abs(varied.final_k - study.final_k).max() < 5.0
    battery = replace(DESIGNS["tracking"].battery, wear=Wear(0.1, 0.1))
    old = replace(DESIGNS["tracking"], battery=battery)
    ours, theirs = fly_fleet(old, fleet, LOADS, EQUINOX, end), exactly(old, fleet, EQUINOX, end, 10.0)
    assert not ours.exact.any()
    share = theirs["final_charge"] * battery.capacity_j / battery.usable_j
    assert ours.final_charge == pytest.approx(share, abs=2e-4)


def test_the_radio_goes_dark_before_the_platform() -> None:
    """As in the exact kernel: the radio's watts are no heat aboard, so whose are cut shows in the temperatures."""
    one, fleet = DESIGNS["empty"], Orbits.of([circular(550e3, 0.9, EQUINOX, raan_rad=0.4)])
    end = Instant(EQUINOX + 3 * HOUR)
    ours = fly_fleet(one, fleet, LOADS, EQUINOX, end, radio_w=6.0)
    light = geometry(fleet, EQUINOX, end, 10.0)
    flight = EnergyHeat([one], light)
    for at in light.times_ns()[1:]:
        flight.advance_all(Instant(int(at)), LOADS[None], np.array([6.0]))
    assert ours.unserved_j[0] > 1e4
    assert ours.unserved_j == pytest.approx(flight.unserved_j, rel=2e-3)
    assert ours.final_k == pytest.approx(flight.temperature_k, abs=0.1)


@pytest.mark.parametrize("case", cases_fleet.CASES, ids=validation.name)
def test_case(case: dict[str, Any]) -> None:
    validation.holds(case)
