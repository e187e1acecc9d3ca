"""Each validation case holds within its stated tolerance."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("cases_compute", Path(__file__).with_name("cases_compute.py"))
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)


@pytest.mark.parametrize("case", _module.CASES, ids=lambda c: f"{c['case']}: {c['quantity']}")
def test_case(case: dict) -> None:
    assert abs(case["ours"]() - case["theirs"]) <= case["tolerance"]
