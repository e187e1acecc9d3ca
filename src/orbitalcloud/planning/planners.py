"""Several planners behind one interface: `make_plan(problem, planner, …)`.

- `greedy`: the most value for an accelerator's time first, each where the other jobs ask for least.
- `earliest-deadline`: the nearest deadline first, each at its earliest start.
- `look-ahead`: the nearest deadline first, each where sunlight to come gives most of its energy, so that batteries
  cycle least: the idea of PHOENIX (W. Liu et al., "In-Orbit Processing or Not? Sunlight-Aware Task Scheduling for
  Energy-Efficient Space Edge Computing Networks", INFOCOM 2024, arXiv:2407.07337), whose own system we do not have.
- `priced`: prices from the relaxation (`dual`) say what each start takes from others; best profit first.
- `ruin-and-recreate`: `priced`, then improved by search (`search`).
- `best`: the best of all of them.

Effort is counted in iterations and rounds, so that the same problem, seed and effort give the same plan; a caller with
a clock passes `more`, which is asked now and then whether to go on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DataError, Seed
from orbitalcloud.planning.answers import Plan
from orbitalcloud.planning.dual import Bound, bound_of
from orbitalcloud.planning.explain import told
from orbitalcloud.planning.kernels import Assignment, demanded, empty, fill
from orbitalcloud.planning.problem import Problem
from orbitalcloud.planning.search import ruin_and_recreate
from orbitalcloud.planning.tables import Tables, tables_of

PlannerName = Literal["greedy", "earliest-deadline", "look-ahead", "priced", "ruin-and-recreate", "best"]
PLANNERS: tuple[PlannerName, ...] = get_args(PlannerName)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try: iterations of the bound, rounds of search, and `more`, which says when to stop earlier."""

    iterations: int = 600
    rounds: int = 20_000
    more: Callable[[], bool] = lambda: True


def make_plan(
    problem: Problem, planner: PlannerName = "best", seed: Seed | None = None, effort: Effort | None = None,
    *, bounded: bool = True,
) -> Plan:  # fmt: skip
    """Plan a problem; with `bounded`, or where the planner needs prices, the plan carries its upper bound."""
    if planner not in PLANNERS:
        raise DataError("planner", planner, f"choose one of {', '.join(PLANNERS)}")
    effort, tables = effort or Effort(), tables_of(problem)
    priced = planner in ("priced", "ruin-and-recreate", "best")
    bound = bound_of(tables, effort.iterations, effort.more) if bounded or priced else None
    assignment = assign(tables, planner, seed or Seed.of(0), effort, bound)
    return told(problem, tables, planner, assignment, None if bound is None else math.floor(bound.value))


def assign(tables: Tables, planner: PlannerName, seed: Seed, effort: Effort, bound: Bound | None) -> Assignment:
    """The planner's work itself, on a compiled problem; `bound` is needed by those that use prices."""
    if planner == "ruin-and-recreate":
        assert bound is not None, "search goes by prices"
        return searched(tables, bound, seed, effort)
    if planner != "best":
        return listed(tables, planner, bound)
    assert bound is not None, "search goes by prices"
    found = [searched(tables, bound, seed, effort)]
    found += [listed(tables, name, bound) for name in ("priced", "greedy", "look-ahead", "earliest-deadline")]
    return max(found, key=lambda one: value_of(tables, one))


def value_of(tables: Tables, plan: Assignment) -> float:
    """What is placed is worth."""
    return float(tables.work.value[plan.pair >= 0].sum())


def listed(tables: Tables, planner: str, bound: Bound | None = None) -> Assignment:
    """A list-scheduling planner: an order of jobs, and a cost of each start."""
    sky, work = tables
    if planner == "priced":
        assert bound is not None, "it goes by prices"
        order, cost = np.argsort(-(work.value - cheapest(tables, bound.cost)), kind="stable"), bound.cost
    else:
        cost = work.start.astype(np.float64)
        order = np.argsort(work.deadline, kind="stable")
        if planner == "greedy":
            order, cost = np.argsort(-work.value / _shortest(tables), kind="stable"), demanded(sky, work)
        elif planner == "look-ahead":
            cost = cost + _from_battery(tables) * (sky.free.shape[1] + 1.0)
    plan = empty(sky, len(work.value))
    fill(sky, work, plan, order, cost)
    return plan


def searched(tables: Tables, bound: Bound, seed: Seed, effort: Effort) -> Assignment:
    """Ruin and recreate from the priced plan."""
    sky, work = tables
    plan = listed(tables, "priced", bound)
    best = (plan.pair.copy(), plan.slot.copy(), plan.parts.copy())
    job_of = np.repeat(np.arange(len(work.value)), np.diff(work.pair_first))
    by_pair = np.argsort(work.craft, kind="stable")
    by_first = np.searchsorted(work.craft[by_pair], np.arange(len(sky.segments) + 1))
    price = cheapest(tables, bound.cost)
    worth = work.value / np.maximum(price, 1e-3 * np.maximum(work.value, 1.0))
    chance = np.array([int.from_bytes(seed.child("ruin and recreate").bytes(8), "big") | 1], dtype=np.uint64)
    mean = max(1e-6, float(work.value.mean())) if len(work.value) else 1.0
    pieces = max(1, effort.rounds // 500)
    for piece in range(pieces):
        if not len(work.value) or not effort.more():
            break
        warm, cool = (0.12 * mean * 0.05 ** (k / pieces) for k in (piece, piece + 1))
        before = best[0].copy(), best[1].copy(), best[2].copy()
        top = float(work.value[before[0] >= 0].sum())
        rounds = effort.rounds // pieces
        now = ruin_and_recreate(
            sky, work, plan, best, by_first, by_pair, job_of, bound.cost, worth, rounds, warm, cool, chance
        )
        if now < top:
            for held, old in zip(best, before, strict=True):
                held[:] = old
    return plan._replace(pair=best[0], slot=best[1], parts=best[2])


def cheapest(tables: Tables, cost: Floats) -> Floats:
    """(J,) the least that any start of each job takes; 0 for a job without one."""
    work = tables.work
    least = np.full(len(work.value), np.inf)
    pair = np.repeat(np.arange(len(work.craft)), np.diff(work.option_first))
    job = np.repeat(np.arange(len(work.value)), np.diff(work.pair_first))[pair]
    np.minimum.at(least, job, cost)
    return np.where(np.isfinite(least), least, 0.0)


def _shortest(tables: Tables) -> Floats:
    work = tables.work
    least = np.full(len(work.value), np.inf)
    np.minimum.at(least, np.repeat(np.arange(len(work.value)), np.diff(work.pair_first)), work.slots)
    return np.where(np.isfinite(least), least, 1.0)


def _from_battery(tables: Tables) -> Floats:
    """(O,) whole kilojoules that each start takes from the battery, and not from the sun that falls meanwhile."""
    sky, work = tables
    pair = np.repeat(np.arange(len(work.craft)), np.diff(work.option_first))
    craft, power = work.craft[pair], work.power[pair]
    first, last = sky.slot_segment[craft, work.start], sky.slot_segment[craft, work.start + work.slots[pair]]
    out = np.zeros(len(work.start))
    for watts in np.unique(power):
        short = np.maximum(0.0, watts - np.maximum(sky.net_mw, 0.0)) * sky.seconds
        total = np.concatenate([np.zeros((len(short), 1)), np.cumsum(short, axis=1)], axis=1)
        mine = power == watts
        out[mine] = (total[craft, last] - total[craft, first])[mine]
    return np.floor(out / 1e6)
