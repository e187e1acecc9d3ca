"""Heat's validation cases, as `make validate` prints them."""

from __future__ import annotations

from typing import Any

import pytest

import validation
from physics import cases_heat


@pytest.mark.parametrize("case", cases_heat.CASES, ids=validation.name)
def test_case(case: dict[str, Any]) -> None:
    validation.holds(case)
