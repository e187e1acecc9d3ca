"""A mission's thermal network: any nodes, roles, couplings, coatings, sights, controls; bad ones are told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orbitalcloud.core import HOUR, DataError, Instant, MissionError
from orbitalcloud.mission import Loaded, loads
from orbitalcloud.mission.catalogue import catalogue
from orbitalcloud.mission.physical import energy_heat, light_of, node_index, orbits_of, satellite_design
from orbitalcloud.mission.schema import init_text
from orbitalcloud.mission.thermal import aged
from orbitalcloud.physics import Heater, VariableSurface

BASE = init_text("heat")
MARK = "reserve = 0.3 "


def mission(extra: str = "", tables: str = "", environment: str = "") -> Loaded:
    """The starter mission, its satellite with `extra` keys and tables after it."""
    head, tail = BASE.split("[[station]]", 1)
    assert MARK in head
    text = head.replace(MARK, f"{extra}\n{MARK}", 1) + tables + "\n[[station]]" + tail + "\n" + environment
    return loads(text.encode(), "my.toml", "/nowhere")


LIMITS = "hot_limit_c = 80, cold_limit_c = -60"
FRAME = "area_m2 = 0.3, normal = [1, 0, 0], absorptivity = 0.3, emissivity = 0.3"
FIN = 'area_m2 = 0.1, normal = [0, -1, 0], coating = "white-paint-z93", sees = [{ node = "wings", view_factor = 0.1 }]'
OWN = f"""
own_network = true
roles = {{ array = "wings", body = "frame", battery = "cells", payload = "gpu", radiator = "fin" }}
heat.wings = {{ heat_capacity_j_per_k = 500, {LIMITS} }}
heat.frame = {{ heat_capacity_j_per_k = 9000, {LIMITS}, faces = [{{ {FRAME} }}] }}
heat.cells = {{ heat_capacity_j_per_k = 900, {LIMITS} }}
heat.gpu   = {{ heat_capacity_j_per_k = 700, {LIMITS}, initial_c = 30 }}
heat.fin   = {{ heat_capacity_j_per_k = 700, {LIMITS}, faces = [{{ {FIN} }}] }}
heat.strap = {{ heat_capacity_j_per_k = 50, {LIMITS} }}
"""
JOINTS = "".join(
    f'[[satellite.coupling]]\nbetween = ["{one}", "{two}"]\nconductance_w_per_k = {value}\n'
    for one, two, value in (
        ("wings", "frame", 0.1),
        ("frame", "cells", 1),
        ("frame", "fin", 1),
        ("gpu", "strap", 3),
        ("strap", "fin", 3),
    )
)


def test_a_network_of_ones_own_flies() -> None:
    """Six nodes of other names, roles mapped, a coating, a sight: loads go to their roles, nothing is left cold."""
    loaded = mission(OWN, JOINTS)
    (craft,) = loaded.satellites
    assert [node.name for node in craft.bus.heat] == ["wings", "frame", "cells", "gpu", "fin", "strap"]
    assert node_index(craft, "payload") == 3
    assert node_index(craft, "battery") == 2
    design = satellite_design(craft)
    assert (design.array_node, design.battery_node) == ("wings", "cells")
    assert design.controls == ()
    state = energy_heat(
        loaded, light_of(loaded, orbits_of(loaded), loaded.starts, Instant(loaded.starts + 6 * HOUR), 30.0)
    )
    assert state.temperature_k[0, 3] == pytest.approx(303.15)
    loads_w = np.zeros(state.n_nodes)
    loads_w[node_index(craft, "payload")] = 15.0
    state.advance(0, Instant(loaded.starts + 6 * HOUR), loads_w)
    assert 250.0 < state.temperature_k[0].min() < state.temperature_k[0, 3] < 340.0


def test_nodes_are_added_and_couplings_replaced() -> None:
    tables = (
        '[[satellite.coupling]]\nbetween = ["radiator", "payload"]\nconductance_w_per_k = 7\n'
        '[[satellite.coupling]]\nbetween = ["body", "tank"]\nexchange_area_m2 = 0.05\n'
    )
    loaded = mission("heat.tank = { heat_capacity_j_per_k = 4000, hot_limit_c = 50, cold_limit_c = 5 }", tables)
    bus = loaded.satellites[0].bus
    assert [node.name for node in bus.heat] == ["array", "body", "payload", "radiator", "tank"]
    straps = [pair for pair in bus.couplings if set(pair.between) == {"payload", "radiator"}]
    assert [pair.conductance_w_per_k for pair in straps] == [7.0]
    network = satellite_design(loaded.satellites[0]).thermal
    assert network.radiation_w_k4()[1, 4] == pytest.approx(0.05 * 5.670374419e-8)


def test_coatings_age() -> None:
    """White silicone paint of Fortescue's table: 0.26 new; after its scale, 63 % of the way to 0.29."""
    paint = catalogue().coatings["white-paint-silicone"]
    assert aged(paint, 0.0) == (0.26, 0.83)
    assert aged(paint, paint.years_scale)[0] == pytest.approx(0.26 + 0.03 * (1.0 - math.exp(-1.0)))
    assert aged(paint, 30.0)[0] == pytest.approx(0.29)
    face = (
        'heat.radiator.faces = [{ area_m2 = 0.07, normal = [0, -1, 0], coating = "white-paint-s13g-lo" }]\nage_years = '
    )
    new, old = (satellite_design(mission(face + str(age)).satellites[0]).thermal.faces[-1] for age in (0, 5))
    assert (new.absorptivity, new.emissivity) == (0.20, 0.88)
    assert old.absorptivity == pytest.approx(0.48 - 0.28 * math.exp(-5.0 / 3.0))
    mixed = face.replace("coating", "emissivity = 0.5, coating") + "0"
    assert satellite_design(mission(mixed).satellites[0]).thermal.faces[-1].emissivity == 0.5


def test_view_factors_come_from_corners() -> None:
    """Two unit squares at right angles along an edge: 0.20004 (Howell C-14)."""
    face = (
        "heat.radiator.faces = [{ area_m2 = 1, normal = [0, -1, 0], absorptivity = 0.1, emissivity = 0.9, "
        "corners_m = [[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]], "
        'sees = [{ node = "array", corners_m = [[0, 0, 0], [1, 0, 0], [1, -1, 0], [0, -1, 0]] }] }]'
    )
    (sight,) = satellite_design(mission(face).satellites[0]).thermal.sights
    assert (sight.node, sight.view_factor) == ("array", pytest.approx(0.20004, abs=2e-5))


def test_controls_are_the_bus_s_and_the_mission_s() -> None:
    tables = (
        '[[satellite.control]]\nkind = "louvre"\nnode = "radiator"\nclosed_below_c = 5\nopen_above_c = 19\n'
        '[[satellite.control]]\nkind = "heater"\nnode = "payload"\npower_w = 3\non_below_c = -5\noff_above_c = 0\n'
    )
    controls = satellite_design(mission("", tables).satellites[0]).controls
    assert controls[0] == Heater("body", 6.0, 273.15, 277.15)  # the catalogue's
    assert controls[1] == VariableSurface("radiator", 278.15, 292.15, 0.14, 0.74)
    assert controls[2] == Heater("payload", 3.0, 268.15, 273.15)


def test_the_earth_s_light_is_chosen() -> None:
    plain, hot, year = (
        mission("", "", f'[environment]\nearth_light = "{kind}"\n') for kind in ("constant", "hot", "seasonal")
    )
    lights = [light_of(one, orbits_of(one), one.starts, Instant(one.starts + HOUR), 60.0) for one in (plain, hot, year)]
    assert [light.earth.shape[1] for light in lights] == [0, 0, 61]
    designs = [energy_heat(one, light).designs[0] for one, light in zip((plain, hot, year), lights, strict=True)]
    assert (designs[1].albedo, designs[1].earth_infrared_w_m2) == (0.40, 286.0)
    assert designs[0] == designs[2] != designs[1]


LONELY = "heat.tank = { heat_capacity_j_per_k = 4000, hot_limit_c = 50, cold_limit_c = 5 }"
FACE = "heat.radiator.faces = [{ area_m2 = %s, normal = [0, -1, 0], %s }]"
SIX = '{ node = "%s", view_factor = 0.6 }'
GREY = "absorptivity = 0.1, emissivity = 0.9"


def coupling(one: str, two: str, value: str) -> str:
    return f'[[satellite.coupling]]\nbetween = ["{one}", "{two}"]\n{value}\n'


def control(kind: str, rest: str) -> str:
    return f'[[satellite.control]]\nkind = "{kind}"\n{rest}\n'


@pytest.mark.parametrize(
    ("extra", "tables", "says"),
    [
        (LONELY, "", ["tank", "no coupling and no face"]),
        (LONELY.replace("4000", "0"), "", ["heat_capacity_j_per_k", "0"]),
        (LONELY.replace("4000", "nan"), "", ["nan", "finite"]),
        ("heat.tank.hot_limit_c = 50", "", ["tank", "heat_capacity_j_per_k"]),
        ("heat.radiatr.hot_limit_c = 50", "", ['did you mean "radiator"']),
        ('roles = { payload = "gpu" }', "", ["roles.payload", "gpu"]),
        ("own_network = true", "", ["roles.array"]),
        ("", coupling("body", "tank", "conductance_w_per_k = 1"), ["tank", "name one of"]),
        ("", coupling("body", "body", "conductance_w_per_k = 1"), ["two different"]),
        ("", coupling("body", "payload", ""), ["nothing passes"]),
        ("", coupling("body", "payload", "conductance_w_per_k = nan"), ["nan"]),
        (FACE % ("0", GREY), "", ["area_m2", "above 0"]),
        (FACE % ("0.1", "absorptivity = 0.1"), "", ["no finish"]),
        (FACE % ("0.1", 'coating = "white-pant"'), "", ["white-pant", "white-paint-z93"]),
        (FACE % ("0.1", GREY + ', sees = [{ node = "array", view_factor = 1.2 }]'), "", ["view_factor", "1"]),
        (FACE % ("0.1", GREY + ', sees = [{ node = "array" }]'), "", ["no view factor"]),
        (FACE % ("0.1", GREY + ', sees = [{ node = "wing", view_factor = 0.1 }]'), "", ["wing"]),
        (
            FACE % ("0.1", GREY + ", sees = [" + ", ".join(SIX % name for name in ("array", "body")) + "]"),
            "",
            ["1.2", "1 or less"],
        ),
        ("", control("heater", 'node = "body"\npower_w = 5\non_below_c = 5\noff_above_c = 0'), ["on_below", "below"]),
        ("", control("heater", 'node = "bdy"\npower_w = 5\non_below_c = 0\noff_above_c = 5'), ["bdy"]),
        ("", control("heater", 'node = "body"\npower_w = 0\non_below_c = 0\noff_above_c = 5'), ["power_w"]),
        ("", control("louvre", 'node = "radiator"\nclosed_below_c = 20\nopen_above_c = 5'), ["set points"]),
        ("", control("louvre", 'node = "array"\nclosed_below_c = 2\nopen_above_c = 5'), ["no faces of its own"]),
        ("", control("lover", 'node = "radiator"'), ["lover", "louvre"]),
    ],
)  # fmt: skip
def test_a_network_that_cannot_be_is_told(extra: str, tables: str, says: list[str]) -> None:
    with pytest.raises((MissionError, DataError)) as caught:
        mission(extra, tables)
    for word in says:
        assert word in str(caught.value), str(caught.value)
