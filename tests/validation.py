"""A row of a `cases_*.py`, and the one test that every such file gets. `tools/validate.py` collects the same rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def row(
    case: str,
    source: str,
    quantity: str,
    unit: str,
    theirs: float,
    tolerance: float,
    ours: Callable[[], float],
    note: str = "",
) -> dict[str, Any]:
    """One case: somebody else's number, how far off it may be, and how ours is computed."""
    return {
        "case": case,
        "source": source,
        "quantity": quantity,
        "unit": unit,
        "theirs": theirs,
        "tolerance": tolerance,
        "ours": ours,
        "note": note,
    }


def name(case: dict[str, Any]) -> str:
    """How a case is called among the tests."""
    return f"{case['case']}: {case['quantity']}"


def holds(case: dict[str, Any]) -> None:
    """Compute ours and compare; not a number is never within."""
    ours = case["ours"]()
    assert abs(ours - case["theirs"]) <= case["tolerance"], f"ours {ours}, theirs {case['theirs']} {case['unit']}"
