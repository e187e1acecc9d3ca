"""Every numeric case of links between satellites and of budgets through passes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest


def _cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in ("cases_isl", "cases_links2"):
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += module.CASES
    return found


@pytest.mark.parametrize("case", _cases(), ids=lambda case: f"{case['case']}: {case['quantity']}")
def test_case(case: dict[str, Any]) -> None:
    ours = case["ours"]()
    assert abs(ours - case["theirs"]) <= case["tolerance"], f"ours {ours}, theirs {case['theirs']} {case['unit']}"
