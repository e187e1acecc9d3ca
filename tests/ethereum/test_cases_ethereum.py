"""The rows of docs/validation.md that belong to this package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest


def cases() -> list[dict[str, Any]]:
    spec = importlib.util.spec_from_file_location("cases_ethereum", Path(__file__).with_name("cases_ethereum.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["case"])
def test_validation_case(case: dict[str, Any]) -> None:
    assert abs(case["ours"]() - case["theirs"]) <= case["tolerance"]
