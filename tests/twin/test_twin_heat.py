"""The World of a mission with a network, controls and an Earth of its own: it flies, checkpoints and adds up."""

from __future__ import annotations

import pickle

from orbitalcloud.core import HOUR, Instant
from orbitalcloud.twin import World
from small_missions import SMALL, load_text

MARK = 'orbit = { altitude_km = 547, inclination = "sun-synchronous", ltan = "10:30" }\n'
ADDED = """
heat.cells = { heat_capacity_j_per_k = 900, hot_limit_c = 45, cold_limit_c = 0, initial_c = 5 }
roles = { battery = "cells" }

[[satellite.coupling]]
between = ["cells", "body"]
conductance_w_per_k = 0.1

[[satellite.control]]
kind = "heater"
node = "cells"
power_w = 5
on_below_c = 18
off_above_c = 20

[[satellite.control]]
kind = "louvre"
node = "radiator"
closed_below_c = 10
open_above_c = 24
"""


def world(extra: str, light: str) -> World:
    assert MARK in SMALL
    text = SMALL.replace(MARK, MARK + extra) + f'\n[environment]\nearth_light = "{light}"\n'
    made = World(load_text(text))
    made.draw("sat", "platform", 16_000, made.starts)
    return made


def kelvin(made: World, hours: float) -> dict[str, float]:
    readings = made.readings("sat", Instant(made.starts + round(hours * HOUR)))
    nodes = [node.name for node in made.loaded.satellites[0].bus.heat]
    return {name: value / 1000.0 for name, value in zip(nodes, readings.temperatures_mk, strict=True)}


def test_a_heater_on_a_node_of_its_own_holds_the_cells() -> None:
    made = world(ADDED, "seasonal")
    for step in range(12, 28):
        assert 291.0 < kelvin(made, 0.25 * step)["cells"] < 300.0  # charging warms them beyond the thermostat
    account, _ = made.account("sat", Instant(made.starts + 7 * HOUR))
    assert account.load_j > 16.0 * 7 * 3600.0 + 1800.0  # the platform, and some of the heater


def test_louvres_and_the_earth_s_light_reach_the_radiator() -> None:
    plain, shut = (kelvin(world(extra, "constant"), 6.0)["radiator"] for extra in ("", ADDED))
    assert shut > plain + 3.0
    cold, hot = (kelvin(world("", light), 6.0)["radiator"] for light in ("cold", "hot"))
    assert cold < plain < hot


def test_a_checkpoint_keeps_the_controls() -> None:
    straight, kept = world(ADDED, "seasonal"), world(ADDED, "seasonal")
    kelvin(kept, 2.0)
    kelvin(straight, 2.0)
    kept = pickle.loads(pickle.dumps(kept))
    assert kelvin(kept, 5.0) == kelvin(straight, 5.0)
