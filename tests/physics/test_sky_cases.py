"""Shadow's numeric validation cases, as `make validate` prints them."""

from __future__ import annotations

from typing import Any

import pytest

import validation
from physics import cases_sky


@pytest.mark.parametrize("case", cases_sky.CASES, ids=validation.name)
def test_case(case: dict[str, Any]) -> None:
    validation.holds(case)


@pytest.mark.parametrize("name", ["SSO500_18h", "SSO650_18h", "I51.6_500"])
def test_half_a_years_drift_is_of_the_axis_alone(name: str) -> None:
    """From Eckstein and Hechler's axis taken for Brouwer's, eclipses come late by just what the rates say."""
    axis = cases_sky.EARTH_RADIUS_M + cases_sky.ECLIPSES[name]["alt"] * 1e3
    ours, theirs = cases_sky.nodal_rate_rad_s(axis, name), cases_sky.RATES[name]["argument_of_latitude_rad_s"]
    late_s = (theirs - ours) / ours * 170.0 * cases_sky.DAY_S
    drift = [cases_sky.worst_middle_s(name, "day_165_175", 165, 175, matched) for matched in (False, True)]
    assert late_s > 10.0
    assert drift[0] == pytest.approx(late_s, abs=6.0)
    assert drift[0] > drift[1]
