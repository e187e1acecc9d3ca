"""What a job will cost, before it is sent: seconds and joules on each accelerator of the catalogue, bytes, minutes.

A run that is small enough is tried, in a cell, on its first input: its cost is then what it used. Otherwise an ONNX
model is counted exactly and a WASM module is priced at all the fuel that it may use. Bytes are those of the bundles as
genesis-1 flies; minutes of contact are those bytes at the rates of a mission's channels.
"""

from __future__ import annotations

from dataclasses import dataclass

from orbitalcloud.compute import Outcome, Usage, cost, estimate, verification_of
from orbitalcloud.core import SECOND, DataError
from orbitalcloud.mission import Loaded
from orbitalcloud.mission.catalogue import catalogue
from orbitalcloud.mission.manifest import JobFile
from orbitalcloud.mission.physical import meter_entry
from orbitalcloud.node.jobdesk import EXPECTED_RESULT_BYTES
from orbitalcloud.study.demand import REQUEST_BYTES, RESULT_BYTES, TRIED_FUEL, TRIED_OPERATIONS
from orbitalcloud.twin.cells import Bounds, own_cells


@dataclass(frozen=True, slots=True)
class Price:
    """One run on one accelerator; `why_not` where it does not fit there."""

    accelerator: str
    seconds: float
    joules: float
    throttled_seconds: float
    throttled_joules: float
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Minutes that a run's bytes take between a station and a satellite, at their channels' rates."""

    station: str
    satellite: str
    up_min: float
    first_up_min: float
    down_min: float


@dataclass(frozen=True, slots=True)
class Quote:
    """A job's price. `tried` says that it was executed to know; `up_bytes` is a later run's, without the artefact."""

    name: str
    digest: str
    kind: str
    verification: str
    runs: int
    tried: bool
    usage: Usage
    up_bytes: int
    first_up_bytes: int
    down_bytes: int
    prices: tuple[Price, ...]
    contacts: tuple[Contact, ...]


def quote(job: JobFile, mission: Loaded | None = None) -> Quote:
    """Price a job; `DataError` with the runtime's own reason where its first input makes it fail."""
    data = job.inputs[0][1]
    usage, down, tried = estimate(job.artefact, data, job.limits), EXPECTED_RESULT_BYTES, False
    if (usage.operations <= TRIED_OPERATIONS and usage.fuel <= TRIED_FUEL) or job.artefact.kind != "onnx":
        outcome = run(job, 0)
        if outcome.failure:
            raise DataError(f"job {job.manifest.name}", outcome.failure, outcome.text)
        usage, down, tried = outcome.usage, len(outcome.output), True
    first = len(job.artefact.data) + len(data) + REQUEST_BYTES
    later, down = len(data) + REQUEST_BYTES, down + RESULT_BYTES
    prices = tuple(_price(name, usage) for name in catalogue().accelerators)
    contacts = _contacts(mission, later, first, down) if mission is not None else ()
    return Quote(
        job.manifest.name,
        job.artefact.digest,
        job.artefact.kind,
        verification_of(job.artefact),
        len(job.inputs),
        tried,
        usage,
        later,
        first,
        down,
        prices,
        contacts,
    )


def run(job: JobFile, number: int) -> Outcome:
    """Execute the job on its input of that number, here, under its limits, in a cell."""
    wall_s = job.manifest.limits.wall_s
    bounds = Bounds(wall_s=wall_s, cpu_s=max(1, round(wall_s)))
    return own_cells().run(job.artefact, job.inputs[number][1], job.limits, bounds, job.manifest.name)


def _price(name: str, usage: Usage) -> Price:
    accelerator = meter_entry(name, catalogue().accelerators[name])
    full, slow = cost(usage, accelerator), cost(usage, accelerator, throttled=True)
    needed = usage.memory_bytes
    why_not = "" if needed <= accelerator.memory_bytes else f"needs {needed} bytes of {accelerator.memory_bytes}"
    seconds, throttled = full.duration_ns / SECOND, slow.duration_ns / SECOND
    return Price(name, seconds, full.energy_mj / 1e3, throttled, slow.energy_mj / 1e3, why_not)


def _contacts(loaded: Loaded, later: int, first: int, down: int) -> tuple[Contact, ...]:
    rates = {(channel.sender, channel.receiver): channel.rate_bps for channel in loaded.channels}
    return tuple(
        Contact(
            station.name,
            craft.name,
            later * 8 / rates[station.name, craft.name] / 60,
            first * 8 / rates[station.name, craft.name] / 60,
            down * 8 / rates[craft.name, station.name] / 60,
        )
        for station in loaded.stations
        for craft in loaded.satellites
        if rates.get((station.name, craft.name)) and rates.get((craft.name, station.name))
    )
