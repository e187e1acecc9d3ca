"""Shadow's numeric validation cases, as `make validate` prints them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cases_sky", Path(__file__).with_name("cases_sky.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["cases_sky"] = module
    spec.loader.exec_module(module)
    return module


CASES = _module()


@pytest.mark.parametrize("case", CASES.CASES, ids=lambda case: f"{case['case']}: {case['quantity']}")
def test_case(case: dict[str, Any]) -> None:
    ours = case["ours"]()
    assert abs(ours - case["theirs"]) <= case["tolerance"], f"ours {ours}, theirs {case['theirs']} {case['unit']}"


@pytest.mark.parametrize("name", ["SSO500_18h", "SSO650_18h", "I51.6_500"])
def test_half_a_years_drift_is_of_the_axis_alone(name: str) -> None:
    """From Eckstein and Hechler's axis taken for Brouwer's, eclipses come late by just what the rates say."""
    axis = CASES.EARTH_RADIUS_M + CASES.ECLIPSES[name]["alt"] * 1e3
    ours, theirs = CASES.nodal_rate_rad_s(axis, name), CASES.RATES[name]["argument_of_latitude_rad_s"]
    late_s = (theirs - ours) / ours * 170.0 * CASES.DAY_S
    drift = [CASES.worst_middle_s(name, "day_165_175", 165, 175, matched) for matched in (False, True)]
    assert late_s > 10.0
    assert drift[0] == pytest.approx(late_s, abs=6.0)
    assert drift[0] > drift[1]
