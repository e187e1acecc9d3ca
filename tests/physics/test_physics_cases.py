"""Every numeric validation case, as `make validate` prints them."""

from __future__ import annotations

from typing import Any

import pytest

import validation
from physics import cases_physics


@pytest.mark.parametrize("case", cases_physics.CASES, ids=validation.name)
def test_case(case: dict[str, Any]) -> None:
    validation.holds(case)
