"""BUPT-1: the packaged mission against the flight, and what was fitted still fits."""

from __future__ import annotations

from typing import Any

import pytest

from orbitalcloud.mission import load
from study import cases_bupt


@pytest.mark.parametrize("case", cases_bupt.CASES, ids=lambda case: case["case"])
def test_case(case: dict[str, Any]) -> None:
    ours = case["ours"]()
    assert abs(ours - case["theirs"]) <= case["tolerance"], f"ours {ours}, theirs {case['theirs']} {case['unit']}"


@pytest.mark.parametrize(("minute", "theirs"), [(8.5, 8.0), (57.0, 17.0), (531.0, 30.0)])
def test_what_was_fitted_fits(minute: float, theirs: float) -> None:
    # whole degrees; the three numbers of the mission are rounded too
    assert cases_bupt.one().at(minute, cases_bupt.B) == pytest.approx(theirs, abs=1.0)


def test_the_idle_discharge_is_that_of_the_pack_that_was_chosen() -> None:
    # 16 % quoted, without a decimal; 77 Wh is the catalogue's
    assert cases_bupt.depth(0.0) == pytest.approx(16.0, abs=1.5)


def test_the_mission_says_what_it_changes_of_the_catalogue() -> None:
    craft = load("bupt-1").satellites[0]
    boards = [node for node in craft.bus.heat if node.name.startswith("board-")]
    assert [node.heat_capacity_j_per_k for node in boards] == [300.0, 300.0]
    body = next(node for node in craft.bus.heat if node.name == "body")
    assert {face.absorptivity for face in body.faces} == {0.38}
    assert craft.accelerator_name == "atlas-200-dk"
