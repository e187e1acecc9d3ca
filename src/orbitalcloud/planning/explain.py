"""From the kernels' arrays to a `Plan`: where each job is and why there, or which limits refused every start."""

from __future__ import annotations

import numpy as np

from orbitalcloud.core import Instant, Why, iso
from orbitalcloud.planning.answers import Parts, Placed, Plan, Track
from orbitalcloud.planning.kernels import (
    ACCELERATOR,
    DOWNLINK,
    HEAT,
    PARTS,
    RESERVE,
    UPLINK,
    Assignment,
    empty,
    fits,
    put,
)
from orbitalcloud.planning.problem import Job, Problem
from orbitalcloud.planning.tables import Tables

RULES = {ACCELERATOR: "queue", RESERVE: "reserve", HEAT: "heat", UPLINK: "uplink", DOWNLINK: "downlink"}
WORDS = {
    "queue": "the accelerator is taken",
    "reserve": "the battery would fall below its reserve",
    "heat": "the node would pass its limit",
    "uplink": "passes have no room for its input",
    "downlink": "passes have no room for its result before the deadline",
}

CHOSEN = {
    "greedy": "the one that other jobs ask for least, of those left when the jobs worth more for their time had theirs",
    "earliest-deadline": "the earliest that was left when the jobs due before it had theirs",
    "look-ahead": "the one that takes least from the battery of those left when the jobs due before it had theirs",
    "priced": "the one that takes least from other jobs, at the prices of the bound, of those left",
    "ruin-and-recreate": "kept by the search, which goes by the prices of the bound",
    "best": "of the most valuable plan that was found",
}


def told(problem: Problem, tables: Tables, planner: str, found: Assignment, bound: int | None) -> Plan:
    """The plan that an assignment's `pair`, `slot` and `parts` say."""
    sky, work = tables
    whole = empty(sky, len(work.value))
    for j in np.flatnonzero(found.pair >= 0):
        put(sky, work, whole, j, found.pair[j], found.slot[j], found.parts[j])
    placed = tuple(_answer(problem, tables, whole, planner, j, job) for j, job in enumerate(problem.jobs))
    done = whole.pair >= 0
    pairs = whole.pair[done]
    energy_mj = float((work.power[pairs] * work.slots[pairs]).sum()) * problem.slot_ns / 1e9
    tracks = tuple(_track(problem, tables, whole, s) for s in range(len(problem.crafts)))
    deepest = max((_deepest_ppm(problem, track, k) for k, track in enumerate(tracks)), default=0)
    return Plan(
        planner=planner,
        placed=placed,
        value=sum(job.value for job, one in zip(problem.jobs, placed, strict=True) if one.craft is not None),
        bound=bound,
        energy_mj=round(energy_mj),
        deepest_ppm=deepest,
        hottest_mk=max((max(track.temperature_mk) for track in tracks), default=0),
        missed=int((~done).sum()),
        tracks=tracks,
    )


def _deepest_ppm(problem: Problem, track: Track, k: int) -> int:
    capacity = problem.crafts[k].battery.capacity_mj
    return (capacity - min(track.charge_mj)) * 1_000_000 // max(1, capacity)


def _track(problem: Problem, tables: Tables, plan: Assignment, s: int) -> Track:
    sky, lump = tables.sky, problem.crafts[s].heat
    count = int(sky.segments[s])
    at = np.concatenate([[0.0], np.cumsum(sky.seconds[s, :count])]) * 1e9
    over, warm = float(lump.now_mk - lump.sink_mk), []
    loads = [problem.starts + round(one) for one in at.tolist()]
    for k in range(count + 1):
        warm.append(round(lump.sink_mk + over + plan.rise[s, k]))
        if k < count:
            busy = sum(q.power_mw for q in problem.crafts[s].queue if q.begin <= loads[k] < q.end)
            over = over * float(sky.decay[s, k]) + float(sky.gain[s, k]) * busy
    charge = tuple(round(one) for one in plan.charge[s, : count + 1].tolist())
    return Track(problem.crafts[s].name, tuple(loads), charge, tuple(warm))


def _answer(problem: Problem, tables: Tables, plan: Assignment, planner: str, j: int, job: Job) -> Placed:
    work, sky = tables.work, tables.sky
    q = int(plan.pair[j])
    if q < 0:
        return Placed(job.name, _no(problem, tables, plan, j, job))
    s, slot = int(work.craft[q]), int(plan.slot[j])
    start = Instant(problem.starts + slot * problem.slot_ns)
    finish = Instant(start + int(work.slots[q]) * problem.slot_ns)
    begin = int(sky.pass_first[s])
    up, down = (_parts(plan.parts[j, way], begin) for way in (0, 1))
    craft = problem.crafts[s]
    first, last = int(sky.slot_segment[s, slot]), int(sky.segments[s])
    lowest = int(plan.charge[s, first : last + 1].min() * 1e6 / max(1, craft.battery.capacity_mj))
    reserve = craft.battery.reserve_mj * 1_000_000 // max(1, craft.battery.capacity_mj)
    starts = int(work.option_first[work.pair_first[j + 1]] - work.option_first[work.pair_first[j]])
    text = (
        f"{craft.name}, {iso(start)}: worth {job.value}; of {starts} starts that an idle satellite could give, "
        f"{CHOSEN[planner]}; "
        f"the charge stays at {lowest / 1e4:.1f} % from then on, reserve {reserve / 1e4:.1f} %"
    )
    return Placed(job.name, Why(True, "plan", text, lowest, reserve, "ppm"), craft.name, start, finish, up, down)


def _parts(parts: np.ndarray[tuple[int, ...], np.dtype[np.int64]], begin: int) -> Parts:
    return tuple((int(at) - begin, int(count)) for at, count in parts.tolist() if at >= 0 and count > 0)


def _no(problem: Problem, tables: Tables, plan: Assignment, j: int, job: Job) -> Why:
    """Which limit refused each start, counted; or that no start was ever possible."""
    sky, work = tables
    spare = np.empty((2, PARTS, 2), np.int64)
    counts = dict.fromkeys(RULES.values(), 0)
    total = possible = 0
    for q in range(work.pair_first[j], work.pair_first[j + 1]):
        for o in range(work.option_first[q], work.option_first[q + 1]):
            total += 1
            reason = int(fits(sky, work, plan, j, q, work.start[o], spare))
            if reason in RULES:
                counts[RULES[reason]] += 1
            else:
                possible += 1
    if not total:
        text = (
            f"no satellite could run it even if idle: {work.pair_first[j + 1] - work.pair_first[j]} were tried, "
            f"from when "
            f"each is ready to {iso(Instant(job.deadline))}"
        )
        return Why(False, "deadline", text, 0, 1, "start")
    if possible:
        text = f"{possible} of {total} starts were left; this planner took none of them"
        return Why(False, "search", text, possible, total, "start")
    most = max(counts, key=lambda rule: counts[rule])
    listed = "; ".join(f"{WORDS[rule]} at {count}" for rule, count in counts.items() if count)
    return Why(False, most, f"every one of its {total} starts is refused: {listed}", counts[most], total, "start")
