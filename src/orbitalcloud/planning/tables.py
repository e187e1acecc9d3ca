"""A `Problem` as arrays, for the kernels: segments of constant power, passes, and every start that could be.

A satellite's horizon is cut at slots, shadow edges and the queue, so that power is constant in each segment: charge is
then linear and temperature monotone between boundaries, and limits that hold at boundaries hold at every instant.
Starts that are infeasible even on an idle satellite are dropped here: no plan has them, and every bound is tighter.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import SECOND, DataError
from orbitalcloud.planning.kernels import open_starts
from orbitalcloud.planning.problem import MAX_OPTIONS, MILLION, Craft, Problem

NO_RISE_MK = 1
"""A job may warm a node by less than this where it is over its limit without any job."""
MARGIN_MJ, MARGIN_MK = 1e-2, 1e-4
"""What the kernels keep clear of limits, thousands of times their rounding, so that exact arithmetic agrees."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Sky(NamedTuple):
    """Of S satellites, L segments at most, T slots, P passes, K sets of forbidden places. Times: ns after `starts`."""

    segments: Ints
    """(S,) how many each has."""
    slot_segment: Ints
    """(S, T + 1) the segment that begins with a slot."""
    seconds: Floats
    """(S, L)"""
    net_mw: Floats
    """(S, L) sun less idle loads and queue."""
    idle_charge: Floats
    """(S, L + 1) mJ at each boundary without jobs."""
    floor: Floats
    """(S, L + 1) the least mJ allowed there."""
    runs_above: Floats
    """(S,) mJ below which nothing runs."""
    capacity: Floats
    charge_share: Floats
    discharge_share: Floats
    decay: Floats
    """(S, L) what is left of a rise after a segment."""
    gain: Floats
    """(S, L) mK that a milliwatt adds over a segment."""
    room: Floats
    """(S, L + 1) mK that jobs may add."""
    free: NDArray[np.uint8]
    """(S, T) slots that the queue leaves."""
    pass_first: Ints
    """(S + 1,) into the pass arrays."""
    opens: Ints
    closes: Ints
    up: Ints
    down: Ints
    allowed: NDArray[np.uint8]
    """(K, P)"""
    slot_ns: int


class Work(NamedTuple):
    """Of J jobs, Q pairs of a job and a satellite that it could run on, O starts."""

    value: Floats
    deadline: Ints
    law: Ints
    """(J,) row of `allowed`."""
    input: Ints
    output: Ints
    pair_first: Ints
    """(J + 1,)"""
    craft: Ints
    """(Q,)"""
    ready: Ints
    slots: Ints
    power: Floats
    option_first: Ints
    """(Q + 1,)"""
    start: Ints
    """(O,) slots"""


class Tables(NamedTuple):
    """Both, and where rounding is clear of the limits."""

    sky: Sky
    work: Work


def tables_of(problem: Problem) -> Tables:
    """Compile a problem; `DataError` where it has more starts than can be held."""
    sky = _sky(problem)
    laws = sorted({tuple(sorted(job.forbidden)) for job in problem.jobs} | {()})
    passages = [one for craft in problem.crafts for one in craft.passages]
    allowed = np.ones((len(laws), len(passages)), dtype=np.uint8)
    for row, law in enumerate(laws):
        for column, one in enumerate(passages):
            allowed[row, column] = not (one.station in law or one.jurisdiction in law)
    sky = sky._replace(allowed=allowed)
    work = _pairs(problem, {law: row for row, law in enumerate(laws)})
    first, start = open_starts(sky, work, MAX_OPTIONS)
    if first[-1] < 0:
        raise DataError("plan", "too many starts", f"take longer slots or fewer jobs: at most {MAX_OPTIONS} are held")
    return Tables(sky, work._replace(option_first=first, start=start))


def _pairs(problem: Problem, laws: dict[tuple[str, ...], int]) -> Work:
    index = {craft.name: row for row, craft in enumerate(problem.crafts)}
    anywhere = [(craft.name, int(problem.starts)) for craft in problem.crafts]
    first, rows = [0], []
    for job in problem.jobs:
        for name, ready in job.places or anywhere:
            craft = problem.crafts[index[name]]
            run = job.runs[craft.kind]
            if run is not None and name not in job.forbidden:
                ready_ns = max(0, ready - problem.starts)
                rows.append((index[name], ready_ns, problem.slots_of(run), problem.mean_power_mw(run)))
        first.append(len(rows))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4)
    far = 1 << 62
    return Work(
        value=np.array([job.value for job in problem.jobs], dtype=np.float64),
        deadline=np.array([min(far, job.deadline - problem.starts) for job in problem.jobs], dtype=np.int64),
        law=np.array([laws[tuple(sorted(job.forbidden))] for job in problem.jobs], dtype=np.int64),
        input=np.array([job.input_bytes for job in problem.jobs], dtype=np.int64),
        output=np.array([job.output_bytes for job in problem.jobs], dtype=np.int64),
        pair_first=np.array(first, dtype=np.int64),
        craft=columns[:, 0].copy(),
        ready=columns[:, 1].copy(),
        slots=columns[:, 2].copy(),
        power=columns[:, 3].astype(np.float64),
        option_first=np.zeros(len(rows) + 1, dtype=np.int64),
        start=np.zeros(0, dtype=np.int64),
    )


# Satellites -----------------------------------------------------------------------------------------------------------


def _sky(problem: Problem) -> Sky:
    rows = [_craft(problem, craft) for craft in problem.crafts]
    most = max((len(row["net_mw"]) for row in rows), default=1)
    count, slots = len(rows), problem.slots
    passages = [one for craft in problem.crafts for one in craft.passages]

    def padded(name: str, extra: int) -> Floats:
        out = np.zeros((count, most + extra))
        for row, values in zip(out, rows, strict=True):
            row[: len(values[name])] = values[name]
        return out

    def each(values: Sequence[float]) -> Floats:
        return np.array(values, dtype=np.float64)

    def times(values: Sequence[int]) -> Ints:
        return np.array(values, dtype=np.int64)

    return Sky(
        segments=times([len(row["net_mw"]) for row in rows]),
        slot_segment=np.array([row["slot_segment"] for row in rows], dtype=np.int64).reshape(count, slots + 1),
        seconds=padded("seconds", 0),
        net_mw=padded("net_mw", 0),
        idle_charge=padded("idle_charge", 1),
        floor=padded("floor", 1),
        runs_above=each([float(craft.battery.reserve_mj) for craft in problem.crafts]),
        capacity=each([float(craft.battery.capacity_mj) for craft in problem.crafts]),
        charge_share=each([craft.battery.charge_ppm / MILLION for craft in problem.crafts]),
        discharge_share=each([craft.battery.discharge_ppm / MILLION for craft in problem.crafts]),
        decay=padded("decay", 0),
        gain=padded("gain", 0),
        room=padded("room", 1),
        free=np.array([row["free"] for row in rows], dtype=np.uint8).reshape(count, slots),
        pass_first=times([0, *np.cumsum([len(craft.passages) for craft in problem.crafts]).tolist()]),
        opens=times([one.opens - problem.starts for one in passages]),
        closes=times([one.closes - problem.starts for one in passages]),
        up=times([one.up_bytes for one in passages]),
        down=times([one.down_bytes for one in passages]),
        allowed=np.ones((1, len(passages)), dtype=np.uint8),
        slot_ns=problem.slot_ns,
    )


def _craft(problem: Problem, craft: Craft) -> dict[str, Any]:
    """One satellite's row, as lists of its own length."""
    marks = [problem.starts + k * problem.slot_ns for k in range(problem.slots + 1)]
    edges = {edge for span in craft.sunlight for edge in span}
    edges |= {edge for load in craft.queue for edge in (load.begin, load.end)}
    bounds = sorted({*marks, *(edge for edge in edges if problem.starts < edge < problem.ends)})
    place = {edge: k for k, edge in enumerate(bounds)}
    net, queue, seconds = [], [], []
    lit = iter([*craft.sunlight, (1 << 62, 1 << 62)])
    rise, dusk = next(lit)
    for begin, end in itertools.pairwise(bounds):
        while dusk <= begin:
            rise, dusk = next(lit)
        busy = sum(load.power_mw for load in craft.queue if load.begin <= begin < load.end)
        net.append((craft.array_mw if rise <= begin else 0) - craft.idle_mw - busy)
        queue.append(busy)
        seconds.append((end - begin) / SECOND)
    idle, floor = _idle_charge(craft, net, seconds)
    decay, gain, room = _warmth(craft, queue, seconds)
    free = [
        not any(load.begin < mark + problem.slot_ns and mark < load.end for load in craft.queue) for mark in marks[:-1]
    ]
    return {
        "net_mw": net,
        "seconds": seconds,
        "idle_charge": idle,
        "floor": floor,
        "decay": decay,
        "gain": gain,
        "room": room,
        "free": free,
        "slot_segment": [place[mark] for mark in marks],
    }


def _idle_charge(craft: Craft, net: Sequence[int], seconds: Sequence[float]) -> tuple[list[float], list[float]]:
    """Charge at each boundary with no job (below 0 it is a debt), and the least allowed there."""
    cell = craft.battery
    charge = [float(cell.charge_mj)]
    for power, time in zip(net, seconds, strict=True):
        share = cell.charge_ppm / MILLION if power >= 0 else MILLION / cell.discharge_ppm
        charge.append(min(float(cell.capacity_mj), charge[-1] + power * share * time))
    return charge, [min(cell.reserve_mj + MARGIN_MJ, one) for one in charge]


def _warmth(
    craft: Craft, queue: Sequence[int], seconds: Sequence[float]
) -> tuple[list[float], list[float], list[float]]:
    """Decay and gain of each segment, and how far jobs may warm the node at each boundary."""
    lump = craft.heat
    rate = lump.conductance_mw_per_k / lump.capacity_mj_per_k
    over, decay, gain = [float(lump.now_mk - lump.sink_mk)], [], []
    for busy, time in zip(queue, seconds, strict=True):
        decay.append(math.exp(-rate * time))
        gain.append(-math.expm1(-rate * time) * 1000.0 / lump.conductance_mw_per_k)
        over.append(over[-1] * decay[-1] + gain[-1] * busy)
    limit = lump.limit_mk - lump.sink_mk
    room = [max(float(NO_RISE_MK), limit - one) - MARGIN_MK for one in over]
    return decay, gain, room
