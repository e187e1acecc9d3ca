"""The numeric validation cases of orbits, as `make validate` prints them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import validation
from physics import cases_orbit


@pytest.mark.parametrize("case", cases_orbit.CASES, ids=validation.name)
def test_case(case: dict[str, Any]) -> None:
    validation.holds(case)


def test_the_pole_is_applied() -> None:
    """Vallado's example without polar motion is 16 m away: the case above would see it missing."""
    assert np.linalg.norm(cases_orbit.VALLADO_ITRS_M - cases_orbit.VALLADO_PEF_M) > 10.0
    turned = (cases_orbit.teme_to_itrs(cases_orbit.VALLADO_AT) @ cases_orbit.VALLADO_TEME_M)[0]
    assert np.linalg.norm(turned - cases_orbit.VALLADO_PEF_M) > 10.0
