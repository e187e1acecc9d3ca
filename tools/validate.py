"""`make validate`: every validation case of the tests, run and compared.

The cases are the lists `CASES` of tests/PACKAGE/cases_PACKAGE.py, the same that pytest checks. Prints source, theirs,
ours, difference and tolerance of each, and exits 1 if one is outside. `--json` prints data, `--markdown` writes
docs/validation.md, `--only WORD` takes the cases that have the word in their package, name or source.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation.md"
KEYS = {"case", "source", "quantity", "unit", "theirs", "tolerance", "ours", "note"}
HEAD = ("case", "quantity", "unit", "theirs", "ours", "difference", "tolerance", "within", "source", "note")


@dataclass(frozen=True, slots=True)
class Case:
    """One number of somebody else's, and the function that makes ours; both in `unit`."""

    package: str
    case: str
    source: str
    quantity: str
    unit: str
    theirs: float
    tolerance: float
    note: str
    ours: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Row:
    """A case that was run."""

    package: str
    case: str
    quantity: str
    unit: str
    theirs: float
    ours: float | None
    difference: float | None
    tolerance: float
    within: bool
    source: str
    note: str

    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of `HEAD`."""
        places = decimals(self.tolerance)
        ours = "no number" if self.ours is None else number(self.ours, places)
        difference = "–" if self.difference is None else number(self.difference, places)
        within = "yes" if self.within else "NO"
        figures = (number(self.theirs, 15), ours, difference, f"{self.tolerance:g}", within)
        return (self.case, self.quantity, self.unit or "–", *figures, self.source, self.note)


def cases(root: Path = ROOT) -> list[Case]:
    """All cases, by package; a list that is shaped wrongly is an assertion."""
    sys.path.insert(0, str(root / "tests"))  # where cases find each other, as they do under pytest
    found: list[Case] = []
    for place in sorted(root.glob("tests/*/cases_*.py")):
        for item in importlib.import_module(f"{place.parent.name}.{place.stem}").CASES:
            assert set(item) == KEYS, f"{place}: {item.get('case')}: keys {sorted(set(item) ^ KEYS)}"
            found.append(Case(package=place.parent.name, **item))
    names = [(case.package, case.case, case.quantity, case.source) for case in found]
    twice = {" / ".join(name) for name in names if names.count(name) > 1}
    assert not twice, f"two cases with one name: {sorted(twice)}"
    return found


def run(case: Case) -> Row:
    """Compute ours and compare. What raises, or gives no number, is outside."""
    note = case.note
    try:
        value: float | None = float(case.ours())
    except Exception as error:
        value, note = None, f"{type(error).__name__}: {error}"
    if value is not None and math.isnan(value):
        value = None
    difference = None if value is None else value - case.theirs
    within = difference is not None and abs(difference) <= case.tolerance
    return Row(
        case.package,
        case.case,
        case.quantity,
        case.unit,
        float(case.theirs),
        value,
        difference,
        float(case.tolerance),
        within,
        case.source,
        note,
    )


def decimals(tolerance: float) -> int:
    """Digits after the point that a tolerance makes worth showing: one more than its own first."""
    return 15 if tolerance <= 0 else max(0, 1 - math.floor(math.log10(tolerance)))


def number(value: float, places: int) -> str:
    """A number with at most `places` decimals, trailing zeros cut."""
    text = f"{value:.{places}f}" if places < 15 else f"{value:.15g}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def run_all(chosen: list[Case]) -> Iterator[Row]:
    """Run one after the other; on a terminal, say which."""
    shown = sys.stderr.isatty()
    for index, case in enumerate(chosen, 1):
        if shown:
            print(
                f"\r\033[K{index}/{len(chosen)} {case.package}: {case.case[:60]}", end="", file=sys.stderr, flush=True
            )
        yield run(case)
    if shown:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def packages(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by package, in the order in which they come."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.package, []).append(row)
    return found


def summary(rows: list[Row]) -> str:
    """The last line."""
    outside = sum(not row.within for row in rows)
    return f"{len(rows)} cases: {len(rows) - outside} within their tolerance, {outside} outside"


def print_table(rows: list[Row]) -> None:
    """Text, as wide as the terminal, or 200 columns where there is none."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    console = Console(highlight=False, width=None if terminal else 200, no_color=not terminal)
    for package, some in packages(rows).items():
        table = Table(title=package, title_justify="left", box=None, pad_edge=False)
        for name in HEAD:
            table.add_column(name, justify="right" if name in HEAD[3:7] else "left", no_wrap=name in HEAD[2:8])
        for row in some:
            table.add_row(*(Text(cell) for cell in row.cells()), style=None if row.within else "bold red")
        console.print(table)
        console.print()
    print(summary(rows))


def markdown(rows: list[Row]) -> str:
    """The page docs/validation.md."""
    parts = [INTRODUCTION, f"**{summary(rows)}.**\n"]
    for package, some in packages(rows).items():
        parts.append(f"## {package}\n")
        lines = ["| " + " | ".join(HEAD) + " |", "|---|---|---|--:|--:|--:|--:|---|---|---|"]
        lines += ["| " + " | ".join(_cell(cell) for cell in row.cells()) + " |" for row in some]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts) + "\n" + DISAGREEMENTS


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 where every case is within its tolerance, 1 where one is not, 2 where there is none."""
    parser = argparse.ArgumentParser(prog="validate", description="Run every validation case and compare.")
    parser.add_argument("--json", action="store_true", help="print data as JSON")
    parser.add_argument("--markdown", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--only", default="", help="cases that have this in their package, name or source")
    options = parser.parse_args(arguments)
    if options.markdown and options.only:
        parser.error("--markdown writes the whole page: leave --only out")
    word = options.only.lower()
    chosen = [case for case in cases() if word in f"{case.package} {case.case} {case.source}".lower()]
    if not chosen:
        print(f"validate: no case has {options.only!r} in its package, name or source", file=sys.stderr)
        return 2
    rows = list(run_all(chosen))
    if options.markdown:
        PAGE.write_text(markdown(rows))
        print(f"{PAGE.relative_to(ROOT)}: {summary(rows)}")
    elif options.json:
        data: list[dict[str, Any]] = [asdict(row) for row in rows]
        print(json.dumps({"cases": data, "summary": summary(rows)}, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print_table(rows)
    return 0 if all(row.within for row in rows) else 1


INTRODUCTION = """\
# Validation

Written by `make docs` from the cases that `make validate` prints and `make test` checks; do not edit it by hand.

A case counts here when somebody else made its number: another program, a paper, a standard, an official vector, a
measured ground truth. The tolerance is meant to be what the source's digits and a named difference of models leave;
some were fixed with the difference in view (the cloud mask's, the means under `study`, BUPT-1's). So beside each case
stands what we get: judge by the difference, not by the "yes".

What this page does not claim:

- **Calibration is no validation.** The test of the whole is BUPT-1 (12U, 490 km), whose telemetry we found first-hand
  (data of MobiCom '24) beside the figures quoted second-hand (arXiv 2608.21034). Three numbers of the mission
  `bupt-1` (a board's heat capacity, its conductance, the body's absorptivity) are fitted to its test of one
  accelerator, and the battery's size to its idle depth of discharge: 30 °C after nine hours and 16 % are therefore in
  no row. The rows of BUPT-1 are what came out with nothing left to choose, most of them of the test of two. Their
  tolerance is wide, because two like boards read 11 K apart in flight; [bupt-1.md](bupt-1.md) has the assumptions,
  and the two figures that we miss.
- **Some numbers came to us second-hand**, by this project's planners, and some they computed themselves before the code
  existed, with other code; the rows say so. That guards against slips, not against a shared misunderstanding.
- **Agreement of one quantity is agreement of that quantity.** Drag is held against density models and against
  satellites that came down, each with an area that had to be derived or guessed; decay to the day is nobody's.
  Battery ageing is a published model, reproduced to its digits: that is no flight's battery, and for shallow cycles
  of a cool satellite the model is harsh. Dose is AP-8's and AE-8's (and within a factor of two of the truth, as they
  are), without solar protons and heavy ions; one row compares upsets with a flight, device cross-sections are
  assumptions where the table says so. Link budgets are held against the ITU's tables and others' budgets; the radios'
  values are assumptions of a class where the catalogue says so, and no measured pass is matched. All of these fly:
  drag in `propagation = "numerical"`, SGP4 and the lifetime (secular designs keep their altitude), the others as the
  mission asks. Attitude is perfect, nadir- or Sun-pointing, and nothing here validates it. The cabling, finishes and
  couplings of the catalogue's buses are first designs of ours; BUPT-1 tests those of one of them.

"""

DISAGREEMENTS = """\
## Where we disagree with a source, or agree only loosely

- **A year of eclipses against Orekit** (`tests/physics/test_physics_sky.py`, three orbits, 2026). Orekit's orbit has
  the short- and long-period terms of J2 to J6, ours the secular drift (J2, J2², J4) alone, so this is a comparison of
  models: the middle of eclipses agrees within 2.7 s in the first ten days and within 17 s after half a year, the
  daily share in shadow within 0.023 in a grazing season and 0.0011 on the mean of the year, the days with eclipses of
  a season within one. The shadow itself agrees with Orekit's unit tests within 0.02 s. Who needs the eclipse to the
  second flies `propagation = "numerical"`, whose orbit is Orekit's within centimetres in a week (the rows "numerical
  orbit").
- **BUPT-1's boards** ([bupt-1.md](bupt-1.md)). Two accelerators take ours 65 minutes to 30 °C and the flight 44;
  board A is 6 K too warm at 64 minutes; ten minutes after the switch-off ours has fallen by 8.4 K and the flight by
  10. A board is one lump here. The last two are in no row, as they lie outside what their readings leave. That the
  second accelerator was "switched off at about 110 min" is in the telemetry (104.8), but 1 K below its warmest: no
  limit that a Governor could be held to.
- **Starcloud's radiator** takes the Earth's infrared with the solar absorptivity. We reproduce its figure for the
  sake of comparison and report the one by Kirchhoff's law, 8 % lower, beside it. The package computes the second.
- **Basilisk's sensor test** has a Stefan–Boltzmann constant 1.6 % too high. The two rows take its step with the
  right constant, so they are not its published numbers.
- **The dawn-dusk eclipse** of quicksat is over a spherical Earth; on WGS 84, which we fly, ours is 15 s shorter.
- **SGP4's satellite 33334** is refused by the reference and by us; its rows in the published file are what the
  reference printed before it noticed.
- **ION's routes** are computed on a clock of whole seconds and without transmission time; ours arrive within 1.01 s.
- **Trapped radiation** is AP-8 and AE-8 with ESA's interpolation (Daly 1996): on the ISS's orbit it is within 8 % of
  SPENVIS's dose from 0.5 to 20 mm of aluminium, where the models' first interpolation gives 0.72 to 0.94 of it. The
  package `aep8` has the first: our proton fluxes are 13 to 26 % above its, and the tolerance of those rows says so.
  Tolerances of the SPENVIS rows were set with the difference in view. Suncatcher's silent-corruption ratio also gave
  the cross-section that is used for it: that row is a check of arithmetic.
- **Cloud mask**: our tiles do not overlap as ukis-csmask's own program's do; the seams cost half a point of accuracy.
"""

if __name__ == "__main__":
    sys.exit(main())
