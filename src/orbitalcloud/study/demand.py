"""What a mission's jobs ask of each satellite: accelerator time run by run, bytes up, bytes down.

A packaged or given artefact that is small enough is really executed once on each of its inputs: its time is priced
from what it used and its output is as long as it was. What is too large to try is estimated: ONNX is counted exactly,
WASM by the whole declared fuel, the output by what the network itself plans with. Jobs for `any` satellite from the
ground are spread evenly; work raised on board is each satellite's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.compute import Artefact, Limits, Usage, cost, estimate, workload
from orbitalcloud.core import SECOND, Instant
from orbitalcloud.mission import Craft, Loaded, Task
from orbitalcloud.mission.check_values import ON_BOARD
from orbitalcloud.mission.files import read_bytes
from orbitalcloud.mission.physical import accelerator_of
from orbitalcloud.node.jobdesk import EXPECTED_RESULT_BYTES
from orbitalcloud.study.trial import STEP_NS
from orbitalcloud.twin.build import INLINE_BYTES
from orbitalcloud.twin.cells import own_cells

Floats = NDArray[np.float64]

TRIED_OPERATIONS, TRIED_FUEL = 50_000_000_000, 200_000_000
"""What is executed to see its output: under half a second of one core each."""

RESULT_BYTES, REQUEST_BYTES = 950, 450
"""Beside an output: receipt, manifest and bundle blocks; beside an input: manifest and blocks. As genesis-1 flies."""

PAYMENT_UP_BYTES, PAYMENT_DOWN_BYTES = 414, 229
"""A payment order and word of its settlement up; the signed transaction down. As genesis-1 flies."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Over the whole mission: seconds of the accelerator; bytes that must come up; bytes down."""

    busy_s: float
    up_bytes: float
    down_bytes: float


@dataclass(frozen=True, slots=True)
class Piece:
    """One run of a task, a mean over its inputs: what it uses, and the bytes that go up and come down for it."""

    usages: tuple[Usage, ...]
    up_bytes: float
    down_bytes: float


def pieces(loaded: Loaded) -> dict[str, Piece]:
    """The mean run of every task; reads artefacts and inputs, and tries what is small."""
    return {task.name: _piece(loaded, task) for task in loaded.tasks}


def _piece(loaded: Loaded, task: Task) -> Piece:
    if task.operations:
        usage = Usage(task.operations, 0, 0, task.input_bytes, task.output_bytes, integer=task.integer)
        return Piece((usage,), task.input_bytes + REQUEST_BYTES, task.output_bytes + RESULT_BYTES)
    inputs = [read_bytes(name, loaded.folder) for name in task.inputs]
    if task.workload:
        item = workload(task.workload)
        artefact, inputs = item.artefact(), inputs or item.inputs()
        limits = Limits(min(task.fuel_limit, item.limits.fuel), task.memory_limit_bytes, item.limits.output_bytes)
    else:
        artefact = Artefact.of(read_bytes(task.path, loaded.folder), task.path)
        limits = Limits(task.fuel_limit, task.memory_limit_bytes)
    usages, outputs = zip(*(_run(artefact, data, limits) for data in inputs), strict=True)
    inline = len(artefact.data) if len(artefact.data) <= INLINE_BYTES else 0
    up = sum(map(len, inputs)) / len(inputs) + inline + REQUEST_BYTES
    return Piece(usages, up, sum(outputs) / len(outputs) + RESULT_BYTES)


@lru_cache(maxsize=64)
def _run(artefact: Artefact, data: bytes, limits: Limits) -> tuple[Usage, int]:
    """What a run uses, and how many bytes it gives; tried where it is small, once a process."""
    expected = estimate(artefact, data, limits)
    if expected.operations <= TRIED_OPERATIONS and expected.fuel <= TRIED_FUEL:
        outcome = own_cells().run(artefact, data, limits)
        if outcome.ok:
            return outcome.usage, len(outcome.output)
    return expected, EXPECTED_RESULT_BYTES


def run_s(piece: Piece, craft: Craft) -> float:
    """Seconds of one run on this satellite's accelerator, the longest over its inputs."""
    accelerator = accelerator_of(craft)
    return max(cost(usage, accelerator).duration_ns for usage in piece.usages) / SECOND


def demand(loaded: Loaded, craft: Craft, period_s: float, runs: dict[str, Piece]) -> Demand:
    """What all tasks together ask of one satellite."""
    accelerator = accelerator_of(craft)
    busy_s = up = down = 0.0
    for task in loaded.tasks:
        piece = runs[task.name]
        count = _count(loaded, task, craft, period_s)
        seconds = sum(cost(usage, accelerator).duration_ns for usage in piece.usages) / len(piece.usages) / SECOND
        busy_s += count * seconds
        down += count * piece.down_bytes
        if task.submit_at != ON_BOARD:
            up += count * piece.up_bytes
    chain = loaded.mission.ethereum
    if chain is not None:
        up += sum(len(read_bytes(update.file, loaded.folder)) for update in chain.updates)
    payments = sum(payment.satellite == craft.name for payment in loaded.mission.payment)
    return Demand(busy_s, up + payments * PAYMENT_UP_BYTES, down + payments * PAYMENT_DOWN_BYTES)


def _count(loaded: Loaded, task: Task, craft: Craft, period_s: float) -> float:
    """How many runs of the task this satellite gets."""
    if task.target not in ("any", craft.name):
        return 0.0
    if task.at:
        count = float(sum(at < loaded.ends for at in task.at))
    else:
        count = float(-(-(loaded.ends - task.starts) // _every_ns(task, period_s)))
    return count / _shared(loaded, task)


def _every_ns(task: Task, period_s: float) -> int:
    return task.period_ns or round(period_s * SECOND)


def _shared(loaded: Loaded, task: Task) -> int:
    """Among how many satellites the task's runs are spread."""
    return len(loaded.satellites) if task.submit_at != ON_BOARD and task.target == "any" else 1


# The accelerator's time, run by run -----------------------------------------------------------------------------------


def releases(
    loaded: Loaded, craft: Craft, period_s: float, runs: dict[str, Piece], starts: Instant, ends: Instant
) -> tuple[NDArray[np.int64], Floats]:
    """(instants, seconds of each run) of every run that the satellite gets within [starts, ends), in time order.

    A task given by hours has them in the mission only; one with a period goes on, as on any later day. Where ground
    requests are shared among satellites, this one gets every n-th.
    """
    instants, lengths = [np.empty(0, np.int64)], [np.empty(0)]
    for task in loaded.tasks:
        if task.target not in ("any", craft.name):
            continue
        every_ns = _every_ns(task, period_s) * _shared(loaded, task)
        if task.at:
            at = np.array([one for one in task.at if starts <= one < ends], dtype=np.int64)[:: _shared(loaded, task)]
        else:
            first = task.starts + max(0, -(-(starts - task.starts) // every_ns)) * every_ns
            at = np.arange(first, ends, every_ns, dtype=np.int64)
        instants.append(at)
        lengths.append(np.full(len(at), run_s(runs[task.name], craft)))
    whole, seconds = np.concatenate(instants), np.concatenate(lengths)
    order = np.argsort(whole, kind="stable")
    return whole[order], seconds[order]


def gathered(instants: NDArray[np.int64], starts: Instant, period_s: float, phase: float) -> NDArray[np.int64]:
    """The runs of each revolution since `starts` released together, at `phase` (0–1) of it: the critical instant, when
    everything that can wait for the accelerator waits for it at once (Liu & Layland 1973, doi 10.1145/321738.321743).
    """
    period_ns = round(period_s * SECOND)
    turn = (instants - starts) // period_ns
    return np.asarray(starts + turn * period_ns + round(phase * period_ns), dtype=np.int64)


def busy_share(
    instants: NDArray[np.int64], seconds: Floats, starts: Instant, n_steps: int, *, whole: bool = False
) -> Floats:
    """The accelerator's share of each step in use, (n_steps,), if runs follow one another as they were released.

    With `whole`, a run longer than a step has all of each step that it touches, so that its peak is not smoothed.
    """
    edges = np.arange(n_steps + 1) * (STEP_NS / SECOND)
    if not len(instants):
        return np.zeros(n_steps)
    release = (instants - starts) / SECOND
    total = np.cumsum(seconds)
    ends = total + np.maximum.accumulate(release - (total - seconds))
    at = np.stack([ends - seconds, ends], axis=1).ravel()
    used = np.stack([total - seconds, total], axis=1).ravel()
    done = np.interp(edges, np.maximum.accumulate(at), used, left=0.0)
    share = np.clip(np.diff(done) / (STEP_NS / SECOND), 0.0, 1.0)
    if whole:
        touching = np.zeros(n_steps + 1, dtype=np.int64)
        long = seconds >= STEP_NS / SECOND
        np.add.at(touching, np.clip(np.searchsorted(edges, (ends - seconds)[long], "right") - 1, 0, n_steps), 1)
        np.add.at(touching, np.clip(np.searchsorted(edges, ends[long], "left"), 0, n_steps), -1)
        share[np.cumsum(touching)[:-1] > 0] = 1.0
    return np.asarray(share)
