"""What a mission's jobs ask of each satellite: accelerator time, bytes up, bytes down.

Costs are the meter's estimates before the run: exact for ONNX, the whole declared fuel for WASM, as given for
modelled jobs. Jobs for `any` satellite from the ground are spread evenly; work raised on board is each satellite's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from orbitalcloud.compute import Artefact, Limits, Usage, cost, estimate, workload
from orbitalcloud.core import SECOND
from orbitalcloud.mission import Craft, Loaded, Task
from orbitalcloud.mission.check_values import ON_BOARD
from orbitalcloud.mission.files import read_bytes
from orbitalcloud.mission.physical import accelerator_of


@dataclass(frozen=True, slots=True)
class Demand:
    """Over the whole mission: seconds of the accelerator; bytes that must come up; bytes down, as far as known."""

    busy_s: float
    up_bytes: float
    down_bytes: float


@dataclass(frozen=True, slots=True)
class Piece:
    """One run of a task, a mean over its inputs."""

    usages: tuple[Usage, ...]
    input_bytes: float
    output_bytes: float


def pieces(loaded: Loaded) -> dict[str, Piece]:
    """The mean run of every task; reads artefacts and inputs."""
    return {task.name: _piece(loaded, task) for task in loaded.tasks}


def _piece(loaded: Loaded, task: Task) -> Piece:
    if task.operations:
        usage = Usage(task.operations, 0, 0, task.input_bytes, task.output_bytes, integer=task.integer)
        return Piece((usage,), task.input_bytes, task.output_bytes)
    inputs = [read_bytes(name, loaded.folder) for name in task.inputs]
    if task.workload:
        item = workload(task.workload)
        artefact, inputs = item.artefact(), inputs or item.inputs()
        limits = Limits(min(task.fuel_limit, item.limits.fuel), task.memory_limit_bytes)
    else:
        artefact = Artefact.of(read_bytes(task.path, loaded.folder), task.path)
        limits = Limits(task.fuel_limit, task.memory_limit_bytes)
    usages = tuple(estimate(artefact, data, limits) for data in inputs)
    return Piece(usages, sum(map(len, inputs)) / len(inputs), 0.0)


def demand(loaded: Loaded, craft: Craft, period_s: float, runs: dict[str, Piece]) -> Demand:
    """What all tasks together ask of one satellite."""
    accelerator = accelerator_of(craft)
    busy_s = up = down = 0.0
    for task in loaded.tasks:
        piece = runs[task.name]
        count = _count(loaded, task, craft, period_s)
        seconds = sum(cost(usage, accelerator).duration_ns for usage in piece.usages) / len(piece.usages) / SECOND
        busy_s += count * seconds
        down += count * piece.output_bytes
        if task.submit_at != ON_BOARD:
            up += count * piece.input_bytes
    chain = loaded.mission.ethereum
    if chain is not None:
        up += sum(len(read_bytes(update.file, loaded.folder)) for update in chain.updates)
    return Demand(busy_s, up, down)


def _count(loaded: Loaded, task: Task, craft: Craft, period_s: float) -> float:
    """How many runs of the task this satellite gets."""
    if task.target not in ("any", craft.name):
        return 0.0
    if task.at:
        count = float(sum(at < loaded.ends for at in task.at))
    else:
        period_ns = task.period_ns or round(period_s * SECOND)
        count = float(-(-(loaded.ends - task.starts) // period_ns))
    shared = task.submit_at != ON_BOARD and task.target == "any"
    return count / len(loaded.satellites) if shared else count
