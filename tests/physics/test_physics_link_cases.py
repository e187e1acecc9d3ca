"""Every numeric case of links between satellites and of budgets through passes."""

from __future__ import annotations

from typing import Any

import pytest

import validation
from physics import cases_isl, cases_links2


@pytest.mark.parametrize("case", [*cases_isl.CASES, *cases_links2.CASES], ids=validation.name)
def test_case(case: dict[str, Any]) -> None:
    validation.holds(case)
