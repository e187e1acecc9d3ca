"""`orbital plan`: a mission's jobs planned ahead, how far from the best possible that is, and who does what when."""

from __future__ import annotations

import msgspec
from rich.table import Table

from orbitalcloud.cli import output
from orbitalcloud.core import Instant, iso
from orbitalcloud.mission import load
from orbitalcloud.planning.answers import Plan
from orbitalcloud.planning.planners import PLANNERS, Effort
from orbitalcloud.planning.problem import Craft, Problem
from orbitalcloud.study.ahead import plan_ahead

WIDE, MOST_ROWS = 96, 40


def plan(mission: str, planner: str, slot_min: float, rounds: int, bound: bool, as_json: bool) -> int:
    """Print the plan; exit 1 where a job has no place in it."""
    chosen = next((name for name in PLANNERS if name == planner), None)
    if chosen is None:
        raise output.choose("--planner", planner, PLANNERS)
    problem, made = plan_ahead(load(mission), chosen, slot_min, Effort(rounds=rounds), bounded=bound)
    if as_json:
        plain = msgspec.to_builtins(made)
        output.data({**plain, "gap_ppm": made.gap_ppm, "starts": int(problem.starts), "slot_ns": problem.slot_ns})
    else:
        _print(problem, made)
    return 0 if not made.missed else 1


def _print(problem: Problem, made: Plan) -> None:
    console = output.console(140)
    with output.tidy(console):
        table = Table(title=f"{made.planner}: {made.count} of {len(made.placed)} jobs placed", title_justify="left")
        for head in ("job", "satellite", "starts", "why"):
            table.add_column(head, overflow="fold")
        for one in made.placed[:MOST_ROWS]:
            table.add_row(one.job, one.craft or "–", iso(Instant(one.start)) if one.start else "–", one.why.text)
        console.print(table)
        if len(made.placed) > MOST_ROWS:
            console.print(f"… and {len(made.placed) - MOST_ROWS} more: --json has all")
        console.print(f"{'':16}# runs   - sun   . shadow, {iso(problem.starts)} to {iso(Instant(problem.ends))}")
        for craft in problem.crafts[:MOST_ROWS]:
            console.print(f"{craft.name[:15]:<16}{_strip(problem, made, craft)}")
        console.print(summary(made))


def summary(made: Plan) -> str:
    """Value, bound and extremes in a line."""
    gap = "" if made.gap_ppm is None else f" of at most {made.bound} ({made.gap_ppm / 1e4:.1f} % below)"
    return (
        f"value {made.value}{gap}; {made.energy_mj / 1e6:.1f} kJ above idle; "
        f"deepest discharge {made.deepest_ppm / 1e4:.1f} %; "
        f"hottest {made.hottest_mk / 1000 - 273.15:.1f} °C; {made.missed} jobs without a place"
    )


def _strip(problem: Problem, made: Plan, craft: Craft) -> str:
    """A satellite's time in characters: work over sun over shadow."""
    width = min(WIDE, problem.slots)
    runs = [(one.start or 0, one.finish or 0) for one in made.placed if one.craft == craft.name]
    marks = []
    for k in range(width):
        begin, end = (problem.starts + (problem.ends - problem.starts) * at // width for at in (k, k + 1))
        middle = (begin + end) // 2
        lit = any(rise <= middle < dusk for rise, dusk in craft.sunlight)
        marks.append("#" if any(a < end and begin < b for a, b in runs) else "-" if lit else ".")
    return "".join(marks)
