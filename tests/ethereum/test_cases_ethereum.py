"""The rows of docs/validation.md that belong to this package."""

from __future__ import annotations

from typing import Any

import pytest

from ethereum import cases_ethereum


@pytest.mark.parametrize("case", cases_ethereum.CASES, ids=lambda case: case["case"])
def test_validation_case(case: dict[str, Any]) -> None:
    assert abs(case["ours"]() - case["theirs"]) <= case["tolerance"]
