"""Heat's validation cases, as `make validate` prints them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest


def _cases() -> list[dict[str, Any]]:
    spec = importlib.util.spec_from_file_location("cases_heat", Path(__file__).with_name("cases_heat.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cases: list[dict[str, Any]] = module.CASES
    return cases


@pytest.mark.parametrize("case", _cases(), ids=lambda case: f"{case['case']}: {case['quantity']}")
def test_case(case: dict[str, Any]) -> None:
    ours = case["ours"]()
    assert abs(ours - case["theirs"]) <= case["tolerance"], f"ours {ours}, theirs {case['theirs']} {case['unit']}"
