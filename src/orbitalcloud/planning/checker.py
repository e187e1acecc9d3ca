"""Does a plan hold? By exact arithmetic over the problem itself, sharing no code with the planners.

Charge is followed in fractions; temperature, whose decay is an exponential, with thirty-five decimal digits. Nothing
is compiled, nothing is tabled: only `Problem` and what the plan says.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

from orbitalcloud.planning.answers import Placed, Plan
from orbitalcloud.planning.problem import MILLION, Craft, Job, Problem, may_use

TINY_MK = Decimal("1e-20")
_S = 10**9


def faults(problem: Problem, plan: Plan) -> list[str]:
    """Everything in which the plan breaks its problem; an empty list for a plan that holds."""
    jobs = {job.name: job for job in problem.jobs}
    crafts = {craft.name: craft for craft in problem.crafts}
    found = []
    told = [one.job for one in plan.placed]
    if sorted(told) != sorted(jobs):
        found.append("jobs: each is answered exactly once")
        return found
    by_craft: dict[str, list[tuple[Job, Placed]]] = {name: [] for name in crafts}
    for one in plan.placed:
        if not one.why.text:
            found.append(f"{one.job}: no reason")
        if one.craft is None:
            continue
        wrong = list(_alone(problem, jobs[one.job], crafts.get(one.craft), one))
        found += [f"{one.job}: {what}" for what in wrong]
        if not wrong:
            by_craft[one.craft].append((jobs[one.job], one))
    for name, placed in by_craft.items():
        found += [f"{name}: {what}" for what in _together(problem, crafts[name], placed)]
    if plan.value != sum(jobs[one.job].value for one in plan.placed if one.craft is not None):
        found.append("value: not the sum of what is placed")
    if plan.bound is not None and plan.bound < plan.value:
        found.append("bound: below the plan's own value")
    return found


def _alone(problem: Problem, job: Job, craft: Craft | None, one: Placed) -> Iterator[str]:
    """What is wrong with a placement whatever else there is."""
    if craft is None or one.start is None or one.finish is None:
        yield "placed nowhere"
        return
    run = job.runs[craft.kind]
    if run is None:
        yield "no such accelerator can run it"
        return
    places = dict(job.places) or {craft.name: int(problem.starts)}
    if craft.name not in places or craft.name in job.forbidden:
        yield "place: it may not run there"
        return
    held = -(-run.duration_ns // problem.slot_ns) * problem.slot_ns
    if (one.start - problem.starts) % problem.slot_ns or one.finish - one.start != held:
        yield "slots: it does not take its own"
    if (
        one.start < max(problem.starts, places[craft.name])
        or one.finish > problem.starts + problem.slots * problem.slot_ns
    ):
        yield "horizon: it runs before it is ready, or after the end"
    if one.finish > job.deadline:
        yield "deadline: it ends too late"
    for words, size, parts, since, until in (
        ("input", job.input_bytes, one.up, places[craft.name], one.start),
        ("result", job.output_bytes, one.down, one.finish, job.deadline),
    ):
        if sum(count for _, count in parts) != size or any(count <= 0 for _, count in parts):
            yield f"{words}: not all its bytes are carried"
        for index, _ in parts:
            if not 0 <= index < len(craft.passages):
                yield f"{words}: no such pass"
                continue
            passage = craft.passages[index]
            if passage.opens < since or passage.closes > until:
                yield f"{words}: a pass outside its time"
            if not may_use(job, passage):
                yield f"{words}: a place that it forbids"


def _together(problem: Problem, craft: Craft, placed: Sequence[tuple[Job, Placed]]) -> Iterator[str]:
    """What is wrong with all of one satellite's placements."""
    spans = sorted([(one.start or 0, one.finish or 0) for _, one in placed] + [(q.begin, q.end) for q in craft.queue])
    ours = {(one.start or 0, one.finish or 0) for _, one in placed}
    if any(b[0] < a[1] and (a in ours or b in ours) for a, b in itertools.pairwise(spans)):
        yield "accelerator: two at a time"
    for words, index in (("up", 0), ("down", 1)):
        used = [0] * len(craft.passages)
        for _, one in placed:
            for at, count in (one.up, one.down)[index]:
                used[at] += count
        for at, passage in enumerate(craft.passages):
            if used[at] > (passage.up_bytes, passage.down_bytes)[index]:
                yield f"pass {at}: {used[at]} bytes {words} are more than it carries"
    if not placed:
        return
    loads = []
    for job, one in placed:
        run = job.runs[craft.kind]
        assert run is not None, "checked before"
        slots = (one.finish or 0) - (one.start or 0)
        loads.append((one.start or 0, one.finish or 0, -(-run.power_mw * run.duration_ns // slots)))
    yield from _charge(problem, craft, loads)
    yield from _warmth(problem, craft, loads)


def _instants(problem: Problem, craft: Craft, loads: Sequence[tuple[int, int, int]]) -> list[int]:
    ends = problem.starts + problem.slots * problem.slot_ns
    edges = {int(problem.starts), ends}
    for begin, end in [*craft.sunlight, *((q.begin, q.end) for q in craft.queue), *((a, b) for a, b, _ in loads)]:
        edges |= {edge for edge in (begin, end) if problem.starts < edge < ends}
    return sorted(edges)


def _charge(problem: Problem, craft: Craft, loads: Sequence[tuple[int, int, int]]) -> Iterator[str]:
    cell = craft.battery
    with_jobs = idle = Fraction(cell.charge_mj)
    for begin, end in _pairs(_instants(problem, craft, loads)):
        sun = craft.array_mw if any(a <= begin < b for a, b in craft.sunlight) else 0
        rest = sun - craft.idle_mw - sum(q.power_mw for q in craft.queue if q.begin <= begin < q.end)
        power = sum(mw for a, b, mw in loads if a <= begin < b)
        runs = any(a <= begin < b for a, b, _ in loads)
        after = _flow(cell.charge_ppm, cell.discharge_ppm, cell.capacity_mj, with_jobs, rest - power, end - begin)
        idle = _flow(cell.charge_ppm, cell.discharge_ppm, cell.capacity_mj, idle, rest, end - begin)
        if runs and min(with_jobs, after) < cell.reserve_mj:
            yield f"reserve: {float(min(with_jobs, after)):.0f} mJ while a job runs, {cell.reserve_mj} must stay"
        elif after < min(Fraction(cell.reserve_mj), idle):
            yield f"reserve: {float(after):.0f} mJ, {cell.reserve_mj} must stay"
        with_jobs = after


def _flow(into: int, out: int, most: int, held: Fraction, power: int, time_ns: int) -> Fraction:
    share = Fraction(into, MILLION) if power >= 0 else Fraction(MILLION, out)
    return min(Fraction(most), held + power * share * Fraction(time_ns, _S))


def _warmth(problem: Problem, craft: Craft, loads: Sequence[tuple[int, int, int]]) -> Iterator[str]:
    lump = craft.heat
    with localcontext() as context:
        context.prec = 35
        over = idle = Decimal(lump.now_mk - lump.sink_mk)
        for begin, end in _pairs(_instants(problem, craft, loads)):
            queue = sum(q.power_mw for q in craft.queue if q.begin <= begin < q.end)
            power = sum(mw for a, b, mw in loads if a <= begin < b)
            left = (-Decimal(lump.conductance_mw_per_k) * (end - begin) / _S / lump.capacity_mj_per_k).exp()
            per_mw = Decimal(1000) / lump.conductance_mw_per_k * (1 - left)
            over = over * left + (queue + power) * per_mw
            idle = idle * left + queue * per_mw
            limit = max(Decimal(lump.limit_mk - lump.sink_mk), idle + 1)
            if over > limit + TINY_MK:
                yield f"heat: {over + lump.sink_mk:.3f} mK, the limit is {lump.limit_mk}"


def _pairs(edges: Sequence[int]) -> Iterator[tuple[int, int]]:
    return itertools.pairwise(edges)
