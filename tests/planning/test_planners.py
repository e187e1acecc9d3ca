"""Every plan of every planner holds by exact arithmetic, and no plan at all is worth more than the bound."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitalcloud.core import MINUTE, DataError, Instant, Seed, Why
from orbitalcloud.planning import Load
from orbitalcloud.planning.answers import Placed, Plan
from orbitalcloud.planning.checker import faults
from orbitalcloud.planning.dual import bound_of, evaluate, rows_of
from orbitalcloud.planning.planners import PLANNERS, Effort, make_plan
from orbitalcloud.planning.problem import Cell, Craft, Job, Lump, Passage, Problem, Run
from orbitalcloud.planning.tables import tables_of

SLOT = 15 * MINUTE
WH = 3_600_000
EFFORT = Effort(100, 500)


def craft(name="a", **changes):
    fields = {
        "kind": 0,
        "sunlight": ((0, 60 * MINUTE), (95 * MINUTE, 155 * MINUTE)),
        "array_mw": 60_000,
        "idle_mw": 15_000,
        "battery": Cell(40 * WH, 25 * WH, 12 * WH, 950_000, 950_000),
        "heat": Lump(5_000_000, 550, 293_150, 293_150, 320_150),
        "passages": (
            Passage("x", 20 * MINUTE, 27 * MINUTE, 1000, 5000, "NO"),
            Passage("y", 110 * MINUTE, 118 * MINUTE, 1000, 5000, "CL"),
        ),
    }
    return Craft(name, **{**fields, **changes})


def job(name, value=10, slots=1, deadline=160, watts=20, **more):
    return Job(name, value, deadline * MINUTE, (Run(slots * SLOT, watts * 1000),), **more)


def problem(jobs, crafts=None, slots=8):
    return Problem(Instant(0), SLOT, slots, tuple(crafts or (craft(), craft("b"))), tuple(jobs))


drawn_jobs = st.lists(
    st.builds(
        lambda value, slots, deadline, watts: (value, slots, deadline, watts),
        st.integers(1, 50),
        st.integers(1, 3),
        st.integers(30, 130),
        st.integers(5, 45),
    ),
    min_size=1,
    max_size=4,
)
drawn_craft = st.builds(
    lambda charge, array, limit: craft(
        battery=Cell(40 * WH, charge * WH, 12 * WH, 950_000, 950_000),
        array_mw=array * 1000,
        heat=Lump(5_000_000, 550, 293_150, 293_150, 293_150 + limit * 1000),
    ),
    st.integers(11, 40),
    st.integers(10, 60),
    st.integers(2, 30),
)


def hand_made(asked, starts):
    """A plan that places each job on the satellite `a` at these slots (None: not), judged by the checker alone."""
    placed = []
    for one, slot in zip(asked.jobs, starts, strict=True):
        if slot is None:
            placed.append(Placed(one.name, Why(False, "x", "x")))
        else:
            begin = asked.starts + slot * SLOT
            placed.append(Placed(one.name, Why(True, "x", "x"), "a", begin, begin + one.runs[0].duration_ns))
    value = sum(one.value for one, slot in zip(asked.jobs, starts, strict=True) if slot is not None)
    return Plan("hand", tuple(placed), value, None, 0, 0, 0, 0)


def best_possible(asked):
    """The best of all plans, each tried."""
    choices = []
    for one in asked.jobs:
        alone = replace(asked, jobs=(one,))
        choices.append([None, *(k for k in range(asked.slots) if not faults(alone, hand_made(alone, [k])))])
    combinations = sorted(
        itertools.product(*choices),
        key=lambda starts: -sum(one.value for one, k in zip(asked.jobs, starts, strict=True) if k is not None),
    )
    for starts in combinations:
        made = hand_made(asked, starts)
        if not faults(asked, made):
            return made.value
    raise AssertionError("the empty plan holds")


@settings(max_examples=20, deadline=None)
@given(drawn_jobs.filter(lambda drawn: len(drawn) <= 3), drawn_craft)
def test_no_plan_at_all_is_worth_more_than_the_bound_and_search_finds_the_best_of_tiny_problems(drawn, only):
    asked = problem([job(f"j{k}", *one) for k, one in enumerate(drawn)], [only])
    best = best_possible(asked)
    made = make_plan(asked, "best", effort=EFFORT)
    assert made.value <= best <= made.bound
    assert made.value >= 0.8 * best


@settings(max_examples=25, deadline=None)
@given(drawn_jobs, drawn_craft, st.sampled_from(PLANNERS), st.integers(0, 1500), st.integers(0, 9000))
def test_every_plan_of_every_planner_holds_by_exact_arithmetic(drawn, first, planner, up, down):
    jobs = [job(f"j{k}", *one, input_bytes=up * (k % 2), output_bytes=down) for k, one in enumerate(drawn)]
    asked = problem(
        [*jobs, job("law", 30, 1, 150, output_bytes=10, forbidden=frozenset({"CL", "b"}))], [first, craft("b")]
    )
    made = make_plan(asked, planner, effort=EFFORT)
    assert faults(asked, made) == []
    assert all(one.why.text and one.why.ok == (one.craft is not None) for one in made.placed)


@settings(max_examples=15, deadline=None)
@given(drawn_jobs, drawn_craft, st.integers(0, 10**9))
def test_any_prices_bound_every_plan(drawn, only, seed):
    asked = problem([job(f"j{k}", *one) for k, one in enumerate(drawn)], [only])
    tables = tables_of(asked)
    rows = rows_of(tables)
    if not len(tables.work.start):
        return
    prices = bound_of(tables, 100).prices
    shaken = prices * [Seed.of(seed).below(2000, k) / 1000 for k in range(len(prices))]
    assert evaluate(tables, rows, shaken) >= best_possible(asked)


def test_the_linear_relaxation_solved_by_somebody_else_is_nearly_the_bound():
    """SciPy's HiGHS on the same rows, written out as a matrix by unit starts."""
    import numpy as np
    from scipy.optimize import linprog

    from orbitalcloud.planning.dual import rows_product

    jobs = [job(f"j{k}", 10 + 7 * k % 13, 1 + k % 3, 60 + 10 * k, 20, output_bytes=1500) for k in range(10)]
    tables = tables_of(problem(jobs))
    rows = rows_of(tables)
    count = len(tables.work.start)
    matrix = np.stack([rows_product(*tables, rows, unit) for unit in np.eye(count)], axis=1)
    finite = np.isfinite(rows.limit)
    answer = linprog(-tables.work.value[rows.job], matrix[finite], rows.limit[finite], bounds=(0, 1), method="highs")
    found = bound_of(tables, 4000).value
    assert -answer.fun <= found <= -answer.fun * 1.01


def _placed_plan():
    asked = problem(
        [job("up", input_bytes=900, deadline=119), job("down", 20, 2, 119, output_bytes=4000), job("free", 5)],
        [craft()],
    )
    made = make_plan(asked, "best", effort=EFFORT)
    assert made.missed == 0
    assert faults(asked, made) == []
    return asked, made


def _with(made, name, **changes):
    return replace(made, placed=tuple(replace(p, **changes) if p.job == name else p for p in made.placed))


def test_the_checker_names_each_kind_of_sabotage():
    asked, made = _placed_plan()
    by_name = {one.job: one for one in made.placed}
    down = by_name["down"]
    moved = _with(made, "free", start=down.start, finish=Instant(down.start + SLOT))
    late = Instant(asked.starts + 7 * SLOT)
    cases = {
        "accelerator": moved,
        "deadline": _with(made, "down", start=late, finish=Instant(late + 2 * SLOT)),
        "not all its bytes": _with(made, "up", up=((0, 100),)),
        "outside its time": _with(made, "up", start=Instant(0), finish=Instant(SLOT)),
        "no such pass": _with(made, "up", up=((9, 900),)),
        "slots": _with(made, "free", start=Instant(1), finish=Instant(1 + SLOT)),
        "nowhere": _with(made, "free", craft="z"),
        "value": replace(made, value=made.value + 1),
        "bound": replace(made, bound=made.value - 1),
        "exactly once": replace(made, placed=made.placed[1:]),
        "no reason": _with(made, "free", why=Why(True, "plan", "")),
    }
    for word, broken in cases.items():
        assert any(word in fault for fault in faults(asked, broken)), word


def test_the_checker_names_reserve_heat_volume_and_law():
    heavy = problem([job("h", 1, 4, 160, 60)], [craft(array_mw=20_000)])
    assert any("reserve" in fault for fault in faults(heavy, hand_made(heavy, [0])))
    hot = problem([job("h", 1, 4, 160, 40)], [craft(heat=Lump(2_000_000, 550, 293_150, 293_150, 300_000))])
    assert any("heat" in fault for fault in faults(hot, hand_made(hot, [0])))
    asked, made = _placed_plan()
    narrow = replace(asked, crafts=(craft(passages=tuple(replace(p, down_bytes=3999) for p in craft().passages)),))
    assert any("more than it carries" in fault for fault in faults(narrow, made))
    forbidding = replace(asked, jobs=tuple(replace(one, forbidden=frozenset({"NO", "y"})) for one in asked.jobs))
    assert any("forbids" in fault for fault in faults(forbidding, made))


def test_the_same_seed_and_effort_give_the_same_plan():
    jobs = [job(f"j{k}", 5 + k % 7, 1 + k % 3, 50 + 5 * k) for k in range(16)]
    first, again = (make_plan(problem(jobs), "best", Seed.of(3), EFFORT) for _ in range(2))
    assert first == again


def test_a_job_that_no_start_fits_says_which_limits_refused_it():
    queue = (Load(1000, 0, 4 * SLOT),)
    asked = problem([job("a", 9, 4, 130), job("b", 8, 4, 130), job("late", deadline=5)], [craft(queue=queue)])
    made = {one.job: one for one in make_plan(asked, "best", effort=EFFORT).placed}
    assert made["late"].why.rule == "deadline"
    refused = [one for one in made.values() if one.craft is None and one.job != "late"]
    assert len(refused) == 1
    assert refused[0].why.rule in ("queue", "reserve")
    assert refused[0].why.value > 0


def test_what_cannot_be_is_said():
    with pytest.raises(DataError, match="choose one of"):
        make_plan(problem([job("a")]), "magic")
    with pytest.raises(DataError, match="a name of its own"):
        problem([job("a"), job("a")])
    with pytest.raises(DataError, match="keep charge"):
        problem([job("a")], [craft(battery=Cell(1, 2, 0))])


def test_a_flying_planner_can_be_chosen_and_the_best_is_worth_no_less_than_any():
    from orbitalcloud.planning import FLYING, Forecast, Request, plan

    sun = tuple((k * 95 * MINUTE, (k * 95 + 60) * MINUTE) for k in range(4))
    forecast = Forecast(0, sun, 60_000, 20_000, 40 * WH, 30 * WH, 12 * WH)
    asks = [
        Request("soon", 30_000, 50 * MINUTE, Instant(60 * MINUTE), 1),
        Request("dear", 30_000, 30 * MINUTE, Instant(65 * MINUTE), 90),
    ]
    worth = {}
    for planner in FLYING:
        placed = [one.job for one in plan(asks, forecast, None, planner) if one.start is not None]
        worth[planner] = sum(one.value for one in asks if one.job in placed)
    assert worth["earliest-deadline"] == 1
    assert worth["greedy"] == worth["best"] == 90
