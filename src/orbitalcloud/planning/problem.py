"""One planning problem as data: jobs, satellites with their sun, battery, heat and passes, and a horizon in slots.

All integers: instants in nanoseconds, powers in milliwatts at the bus, energies in millijoules, temperatures in
millikelvins. A job takes whole slots of one satellite's accelerator, one job at a time, never interrupted; its energy
is spread evenly over them. What must hold:

- charge: the battery stays at or above its reserve at every instant. Sun, idle loads and the queue alone may take it
  lower (the plan cannot help that); then no job runs below the reserve, and none makes it worse.
- temperature: one lumped node, C dT/dt = P − G (T − sink), stays at or below its limit, likewise.
- input: all its bytes come up over passes that open after the job is ready and close before it starts.
- result: all its bytes go down over passes that open after its end and close by its deadline; so a deadline is when
  the result is on the ground, or, for a job without one, when the run is over. No pass carries more than its volume.
- places: a job's bytes never pass a station or jurisdiction, nor run on a satellite, that it forbids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from orbitalcloud.core import DataError, Instant
from orbitalcloud.planning.forecast import Interval, Load

MAX_SLOTS, MAX_OPTIONS = 20_000, 20_000_000
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Cell:
    """A battery: what it holds, holds now and must keep; the shares that charging and discharging leave over."""

    capacity_mj: int
    charge_mj: int
    reserve_mj: int
    charge_ppm: int = MILLION
    discharge_ppm: int = MILLION


@dataclass(frozen=True, slots=True)
class Lump:
    """The node that the accelerator heats: `sink_mk` is where it settles while nothing runs."""

    capacity_mj_per_k: int
    conductance_mw_per_k: int
    sink_mk: int
    now_mk: int
    limit_mk: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A pass over a station: what it carries up and down, in bytes, and whose law holds there."""

    station: str
    opens: int
    closes: int
    up_bytes: int
    down_bytes: int
    jurisdiction: str = ""


@dataclass(frozen=True, slots=True)
class Craft:
    """One satellite: what a `Forecast` says, and its kind of accelerator (an index into each job's `runs`)."""

    name: str
    kind: int
    sunlight: tuple[Interval, ...]
    array_mw: int
    idle_mw: int
    battery: Cell
    heat: Lump
    passages: tuple[Passage, ...] = ()
    queue: tuple[Load, ...] = ()
    """What already holds the accelerator."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a job takes on one kind of accelerator: time, and power above idle."""

    duration_ns: int
    power_mw: int


@dataclass(frozen=True, slots=True)
class Job:
    """Something to run once. `places` are the satellites that could, each with when it is ready there (an image, when
    it is taken); empty: any, from the horizon's beginning. `runs` has a run, or None, for each kind of accelerator."""

    name: str
    value: int
    deadline: int
    runs: tuple[Run | None, ...]
    places: tuple[tuple[str, int], ...] = ()
    input_bytes: int = 0
    output_bytes: int = 0
    forbidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Problem:
    """Jobs and satellites over `slots` slots of `slot_ns` from `starts` on."""

    starts: Instant
    slot_ns: int
    slots: int
    crafts: tuple[Craft, ...] = field(repr=False)
    jobs: tuple[Job, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.slots <= MAX_SLOTS or self.slot_ns <= 0:
            raise DataError("plan: slots", self.slots, f"choose 1 to {MAX_SLOTS} slots of some length")
        _unique("satellite", (craft.name for craft in self.crafts))
        _unique("job", (job.name for job in self.jobs))
        names = {craft.name for craft in self.crafts}
        for craft in self.crafts:
            _check_craft(craft)
        for job in self.jobs:
            _check_job(job, names, max((craft.kind for craft in self.crafts), default=0))

    @property
    def ends(self) -> int:
        """The end of the last slot."""
        return self.starts + self.slots * self.slot_ns

    def slots_of(self, run: Run) -> int:
        """How many slots a run holds."""
        return -(-run.duration_ns // self.slot_ns)

    def mean_power_mw(self, run: Run) -> int:
        """Its power spread over its slots, rounded up."""
        return -(-run.power_mw * run.duration_ns // (self.slots_of(run) * self.slot_ns))


def may_use(job: Job, passage: Passage) -> bool:
    """Whether the job's bytes may go over a pass."""
    return passage.station not in job.forbidden and passage.jurisdiction not in job.forbidden


def _unique(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"plan: {what}", name, "give each a name of its own")
        seen.add(name)


def _check_craft(craft: Craft) -> None:
    cell, lump, place = craft.battery, craft.heat, f"plan: satellite {craft.name}"
    if not 0 <= cell.reserve_mj <= cell.capacity_mj or not 0 <= cell.charge_mj <= cell.capacity_mj:
        raise DataError(f"{place}: battery", cell.charge_mj, f"keep charge and reserve within 0 to {cell.capacity_mj}")
    if not 0 < cell.charge_ppm <= MILLION or not 0 < cell.discharge_ppm <= MILLION:
        raise DataError(f"{place}: efficiency", min(cell.charge_ppm, cell.discharge_ppm), f"choose 1 to {MILLION} ppm")
    if lump.capacity_mj_per_k <= 0 or lump.conductance_mw_per_k <= 0:
        raise DataError(f"{place}: heat", lump.capacity_mj_per_k, "give the node a capacity and a conductance above 0")
    if craft.array_mw < 0 or craft.idle_mw < 0 or craft.kind < 0:
        raise DataError(f"{place}: power", min(craft.array_mw, craft.idle_mw), "give 0 or more milliwatts")
    spans = [*craft.sunlight, *((one.begin, one.end) for one in craft.queue)]
    spans += [(one.opens, one.closes) for one in craft.passages]
    if any(end < begin for begin, end in spans):
        raise DataError(f"{place}: spans", "an end before its beginning", "order every span's instants")
    if any(b[0] < a[1] for a, b in zip(craft.sunlight, craft.sunlight[1:], strict=False)):
        raise DataError(f"{place}: sunlight", "overlapping spans", "sort them and join those that touch")
    if any(one.up_bytes < 0 or one.down_bytes < 0 for one in craft.passages):
        raise DataError(f"{place}: pass", "bytes below 0", "give 0 or more")


def _check_job(job: Job, crafts: set[str], kind: int) -> None:
    place = f"plan: job {job.name}"
    if not 0 <= job.value <= 10**12:
        raise DataError(f"{place}: value", job.value, "choose 0 to 1,000,000,000,000")
    if job.input_bytes < 0 or job.output_bytes < 0:
        raise DataError(f"{place}: bytes", min(job.input_bytes, job.output_bytes), "give 0 or more")
    if len(job.runs) <= kind:
        raise DataError(f"{place}: runs", len(job.runs), f"say for each of the {kind + 1} kinds of accelerator")
    if any(run is not None and (run.duration_ns <= 0 or run.power_mw < 0) for run in job.runs):
        raise DataError(f"{place}: run", "no time or negative power", "a run takes time and power")
    unknown = [name for name, _ in job.places if name not in crafts]
    if unknown:
        raise DataError(f"{place}: places", unknown[0], "name satellites of the problem")
