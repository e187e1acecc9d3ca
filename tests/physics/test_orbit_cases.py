"""The numeric validation cases of orbits, as `make validate` prints them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cases_orbit", Path(__file__).with_name("cases_orbit.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["cases_orbit"] = module
    spec.loader.exec_module(module)
    return module


CASES = _module()


@pytest.mark.parametrize("case", CASES.CASES, ids=lambda case: f"{case['case']}: {case['quantity']}")
def test_case(case: dict[str, Any]) -> None:
    ours = case["ours"]()
    assert abs(ours - case["theirs"]) <= case["tolerance"], f"ours {ours}, theirs {case['theirs']} {case['unit']}"


def test_the_pole_is_applied() -> None:
    """Vallado's example without polar motion is 16 m away: the case above would see it missing."""
    assert np.linalg.norm(CASES.VALLADO_ITRS_M - CASES.VALLADO_PEF_M) > 10.0
    turned = (CASES.teme_to_itrs(CASES.VALLADO_AT) @ CASES.VALLADO_TEME_M)[0]
    assert np.linalg.norm(turned - CASES.VALLADO_PEF_M) > 10.0
