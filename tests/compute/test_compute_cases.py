"""Each validation case holds within its stated tolerance."""

from __future__ import annotations

import pytest

from compute import cases_compute


@pytest.mark.parametrize("case", cases_compute.CASES, ids=lambda c: f"{c['case']}: {c['quantity']}")
def test_case(case: dict) -> None:
    assert abs(case["ours"]() - case["theirs"]) <= case["tolerance"]
