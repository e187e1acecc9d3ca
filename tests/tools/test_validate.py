"""docs/validation.md lists exactly the cases that exist, and `make validate` says no when one is outside."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("validate", ROOT / "tools" / "validate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["validate"] = module
    spec.loader.exec_module(module)
    return module


validate = _load()


def _case(theirs: float, tolerance: float, ours: object) -> object:
    return validate.Case("p", "c", "s", "q", "m", theirs, tolerance, "", ours)


def test_the_page_lists_exactly_the_cases_that_exist() -> None:
    expected = Counter((case.package, case.case, case.quantity) for case in validate.cases())
    listed: Counter[tuple[str, str, str]] = Counter()
    package = ""
    for line in validate.PAGE.read_text().splitlines():
        if line.startswith("## "):
            package = line[3:]
        elif line.startswith("| ") and not line.startswith("| case |"):
            cells = [cell.strip() for cell in line.replace("\\|", "\0").strip("|").split("|")]
            listed[package, cells[0].replace("\0", "|"), cells[1].replace("\0", "|")] += 1
    assert listed == expected, "run `make docs`"


@pytest.mark.parametrize(
    ("ours", "within"),
    [(lambda: 10.5, True), (lambda: 10.6, False), (lambda: float("nan"), False), (lambda: 1 / 0, False)],
    ids=["at the edge", "outside", "not a number", "raises"],
)
def test_what_counts_as_within(ours: object, within: bool) -> None:
    assert validate.run(_case(10.0, 0.5, ours)).within is within


def test_the_answer_is_the_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(validate, "cases", lambda: [_case(1.0, 0.0, lambda: 1.0), _case(1.0, 0.0, lambda: 2.0)])
    assert validate.main([]) == 1
    assert "2 cases: 1 within their tolerance, 1 outside" in capsys.readouterr().out
    monkeypatch.setattr(validate, "cases", lambda: [_case(1.0, 0.0, lambda: 1.0)])
    assert validate.main(["--json"]) == 0
    assert validate.main(["--only", "no such word"]) == 2


def test_as_many_digits_as_the_tolerance_deserves() -> None:
    assert validate.number(615.4912345, validate.decimals(2.0)) == "615.5"
    assert validate.number(0.6231076, validate.decimals(1e-4)) == "0.62311"
    assert validate.number(11518368.0, validate.decimals(0)) == "11518368"
    assert validate.number(-0.0001, 2) == "0"
