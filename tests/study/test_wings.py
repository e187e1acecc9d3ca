"""What wings lose to their own shadow: against geometry that needs no model, and said where a stranger reads it."""

from __future__ import annotations

import pytest

from orbitalcloud.mission import Craft, loads
from orbitalcloud.mission.physical import satellite_design
from orbitalcloud.physics import mean_design
from orbitalcloud.physics.self_shadow import shares
from orbitalcloud.study import check
from orbitalcloud.study.wings import Wings, wings_of

MISSION = """
name = "edge"
epoch = 2026-03-20T12:00:00Z
days = 1
[[satellite]]
name = "one"
bus = "cubesat-12u-edge"
orbit = {{ altitude_km = 550, inclination = "sun-synchronous", ltan = "{ltan}" }}
{more}
"""


def mission(ltan: str, more: str = "") -> bytes:
    return MISSION.format(ltan=ltan, more=more).encode()


def craft_of(ltan: str, more: str = "") -> Craft:
    return loads(mission(ltan, more), "m.toml", ".").satellites[0]


def wings(ltan: str, more: str = "") -> Wings:
    loaded = loads(mission(ltan, more), "m.toml", ".")
    craft = loaded.satellites[0]
    found = wings_of(craft, mean_design(craft.orbit), loaded.starts)
    assert found is not None
    return found


def test_of_two_wings_in_line_with_the_sun_one_is_dark() -> None:
    array = satellite_design(craft_of("06:00")).array
    assert shares(array, (0.0, 1.0, 0.0))[:, 0] == pytest.approx([1.0, 0.0], abs=1e-9)
    assert shares(array, (0.0, 0.0, 1.0))[:, 0] == pytest.approx([1.0, 1.0], abs=1e-9)


def test_at_dawn_the_catalogues_wings_lose_much_and_wings_on_x_little() -> None:
    found = wings("06:00")
    assert found.lost == found.on["y"]  # as the catalogue has them
    # never more than the wing behind; and most of it, as the Sun stays within 33° of the normal
    assert 0.3 < found.lost < 0.5
    assert found.on["x"] < 0.05
    assert found.best == "x"
    # the Sun on an axis across both wings meets neither the body nor the other wing
    assert found.turned == pytest.approx(0.0, abs=1e-9)
    assert 'wings = "x"' in found.advice


def test_in_the_morning_the_catalogue_is_right() -> None:
    found = wings("10:30")
    assert found.lost < found.on["x"]
    assert found.advice == ""


def test_wings_that_were_moved_lose_what_was_said() -> None:
    assert wings("06:00", 'array = { wings = "x" }').lost == pytest.approx(wings("06:00").on["x"], abs=1e-12)


def test_nothing_is_said_of_panels_without_a_place() -> None:
    loaded = loads(mission("06:00", 'array = { wings = "apart" }'), "m.toml", ".")
    craft = loaded.satellites[0]
    assert wings_of(craft, mean_design(craft.orbit), loaded.starts) is None


def test_check_says_it() -> None:
    sheet = check(loads(mission("06:00"), "m.toml", "."), relax=False)
    (one,) = sheet.satellites
    assert one.value("wings.shadow_lost_pct", "year") == pytest.approx(41.0, abs=4.0)
    (note,) = [note for note in sheet.notes if "wings" in note]
    assert note.startswith("one: panels shade each other")
    better = check(loads(mission("06:00", 'array = { wings = "x" }'), "m.toml", "."), relax=False)
    assert not [note for note in better.notes if "wings" in note]
