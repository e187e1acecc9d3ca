"""A mission's jobs planned ahead, all at once: from its World's sunlight and contacts to a `planning.problem.Problem`.

What a node's own plan cannot see: every satellite and every job to come. Jobs are those of the mission file, each of
the time it takes on each accelerator (`study.demand`). Assumptions: a satellite's array gives its World's mean in the
sun; charge and discharge lose what the bus's path does; payload and radiator are one thermal lump that settles at the
payload's first temperature and loses heat by all outer faces, linearised at 20 °C; only direct passes carry bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

from orbitalcloud.core import MINUTE, DataError, Instant, Seed
from orbitalcloud.mission import Craft as Flown
from orbitalcloud.mission import Loaded, Task
from orbitalcloud.mission.check_values import ON_BOARD
from orbitalcloud.mission.physical import ZERO_CELSIUS_K, accelerator_of, battery_of, node_index
from orbitalcloud.planning import Interval
from orbitalcloud.planning.answers import Plan
from orbitalcloud.planning.planners import Effort, PlannerName, make_plan
from orbitalcloud.planning.problem import Cell, Craft, Job, Lump, Passage, Problem, Run
from orbitalcloud.study.demand import Piece, pieces, run_s
from orbitalcloud.twin.world import World

STEFAN_BOLTZMANN, ROOM_K = 5.670374419e-8, 293.15
MOST_JOBS = 20_000


def plan_ahead(
    loaded: Loaded, planner: PlannerName, slot_min: float, effort: Effort, *, bounded: bool = True
) -> tuple[Problem, Plan]:
    """The mission as a problem, and its plan."""
    problem = problem_of(loaded, round(slot_min * MINUTE))
    return problem, make_plan(problem, planner, Seed.of(loaded.mission.seed).child("plan"), effort, bounded=bounded)


def problem_of(loaded: Loaded, slot_ns: int) -> Problem:
    """Jobs and satellites of a mission from its start to its end, in slots of `slot_ns`."""
    world = World(loaded)
    kinds = sorted({craft.accelerator_name for craft in loaded.satellites})
    sunlight = world.sunlight()
    passages = _passages(loaded, world)
    crafts = tuple(
        _craft(craft, kinds.index(craft.accelerator_name), sunlight[craft.name], world.array_mw(craft.name), passages)
        for craft in loaded.satellites
    )
    jobs = tuple(_jobs(loaded, world, kinds))
    if len(jobs) > MOST_JOBS:
        raise DataError("plan: jobs", len(jobs), f"plan a shorter mission: at most {MOST_JOBS} are planned ahead")
    slots = (loaded.ends - loaded.starts) // slot_ns if slot_ns > 0 else 0
    return Problem(loaded.starts, slot_ns, int(slots), crafts, jobs)


def _passages(loaded: Loaded, world: World) -> dict[str, tuple[Passage, ...]]:
    """Each satellite's passes over stations: both directions of one contact together."""
    law = {ground.name: ground.jurisdiction for ground in loaded.stations}
    found: dict[str, dict[tuple[str, int, int], list[int]]] = {name: {} for name in world.names}
    for contact in world.contacts():
        for satellite, station, way in ((contact.receiver, contact.sender, 0), (contact.sender, contact.receiver, 1)):
            if satellite in found and station in law:
                key = (station, int(contact.opens), int(contact.closes))
                found[satellite].setdefault(key, [0, 0])[way] += contact.capacity_bytes
    return {
        name: tuple(
            Passage(station, opens, closes, up, down, law[station])
            for (station, opens, closes), (up, down) in sorted(rows.items(), key=lambda row: (row[0][1], row[0][0]))
        )
        for name, rows in found.items()
    }


def _craft(
    craft: Flown, kind: int, sunlight: tuple[Interval, ...], array_mw: int, passages: dict[str, tuple[Passage, ...]]
) -> Craft:
    battery, machine = battery_of(craft.bus), accelerator_of(craft)
    whole_mj = round(battery.usable_j * 1000)
    cell = Cell(
        whole_mj,
        round(whole_mj * craft.bus.battery.initial_charge),
        round(whole_mj * craft.reserve),
        round(craft.bus.battery.charge_efficiency * 1e6),
        round(craft.bus.battery.discharge_efficiency * 1e6),
    )
    idle_mw = round((craft.bus.idle_w + machine.idle_w) * 1000)
    return Craft(craft.name, kind, sunlight, array_mw, idle_mw, cell, _lump(craft), passages[craft.name])


def _lump(craft: Flown) -> Lump:
    """Payload and radiator as one node."""
    payload = craft.bus.heat[node_index(craft, "payload")]
    radiator = craft.bus.heat[node_index(craft, "radiator")]
    capacity = payload.heat_capacity_j_per_k + (radiator.heat_capacity_j_per_k if radiator is not payload else 0.0)
    faces = [face for node in craft.bus.heat for face in node.faces]
    emitting = sum(face.area_m2 * (0.9 if face.emissivity is None else face.emissivity) for face in faces)
    settles = round((payload.initial_c + ZERO_CELSIUS_K) * 1000)
    hot = round((min(payload.hot_limit_c, craft.accelerator.hot_limit_c) + ZERO_CELSIUS_K) * 1000)
    conductance = 4.0 * STEFAN_BOLTZMANN * ROOM_K**3 * emitting
    return Lump(round(capacity * 1000), max(1, round(conductance * 1000)), settles, settles, hot)


def _jobs(loaded: Loaded, world: World, kinds: list[str]) -> Iterator[Job]:
    work = pieces(loaded)
    sample = {craft.accelerator_name: craft for craft in loaded.satellites}
    for task in loaded.tasks:
        piece = work[task.name]
        runs = tuple(_run(piece, sample[kind]) for kind in kinds)
        raised = task.submit_at == ON_BOARD
        spread = raised and task.target == "any"
        for target in world.names if spread else (task.target,):
            for number, at in enumerate(_instants(world, task, target, loaded.ends), 1):
                name = (
                    f"{task.name}-{target}-{number:03d}"
                    if spread and len(world.names) > 1
                    else f"{task.name}-{number:03d}"
                )
                names = world.names if target == "any" else (target,)
                yield Job(
                    name,
                    task.value,
                    at + task.deadline_ns,
                    runs,
                    tuple((one, int(at)) for one in names),
                    0 if raised else round(piece.up_bytes),
                    round(piece.down_bytes) if loaded.stations else 0,
                )


def _run(piece: Piece, craft: Flown) -> Run:
    machine = accelerator_of(craft)
    return Run(max(1, round(run_s(piece, craft) * 1e9)), round((machine.active_w - machine.idle_w) * 1000))


def _instants(world: World, task: Task, target: str, ends: Instant) -> Iterator[Instant]:
    """When a task is submitted, as the flight will have it."""
    if task.at:
        yield from (at for at in task.at if at < ends)
        return
    period_ns, at = task.period_ns or world.period_ns(world.names[0] if target == "any" else target), task.starts
    while at < ends:
        yield at
        at = Instant(at + period_ns)
