"""Guards against silent corruption: what a job may be protected by, what that costs, and what it catches.

    guarded = run_guarded(artefact, data, limits, ("digest", "restart"), flip)

`digest`    SHA-256 of artefact and input, before the run and after it; not of working memory or the output
`range`     each output within what sound runs gave on the ground, with room; blind to a wrong value that looks right
`checksum`  column checksums of the matrix products (`abft`), ONNX only; blind to what is under no product
`twice`     a second run from a fresh copy of artefact and input, compared with the first
`restart`   after a trip or a crash everything is loaded from storage, and run again

Without `restart` a job whose guard trips fails, by that guard's name. Storage (flash with error correction) is taken
as sound: what is struck is memory. Every guard's work is metered, so that it costs time and joules like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from orbitalcloud.compute.abft import RESIDUALS, with_checksums
from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.bitflips import Flip, execute_struck, flip_weight, flipped
from orbitalcloud.compute.meter import Accelerator, Cost, cost
from orbitalcloud.compute.runtime import execute
from orbitalcloud.compute.tensors import read_tensors, write_tensors
from orbitalcloud.compute.usage import Limits, Outcome, Usage
from orbitalcloud.core.encoding import digest_of
from orbitalcloud.core.errors import DataError

GUARDS = ("digest", "range", "checksum", "twice", "restart")

SHA256_PER_BYTE = 2
"""Instructions a byte: SHA256H does four rounds of a block's 64 (Arm ARM, C7.2), 16 groups of about eight instructions
for 64 bytes, and x86's SHA extensions as much; 40 MB took 29 ms here. A processor without them, by FIPS 180-4 section
6.2.2 (64 rounds of 24 operations, 48 words of 13), needs 34."""
COMPARES_PER_BYTE = 2
"""Of an output: below the least, above the most."""
RANGE_ROOM = 0.25
"""How far beyond the span of the sound outputs a value may lie, as a share of the span."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """What sound outputs looked like: bytes at least and at most, and each tensor's least and greatest value."""

    least_bytes: int
    most_bytes: int
    tensors: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Trip:
    """A guard that saw something, and what."""

    guard: str
    text: str


@dataclass(frozen=True, slots=True)
class Guarded:
    """A guarded run. `outcome` is what the node gets, its usage the first run's; `spent` is everything that was done,
    part by part, for the meter; `trips` says what was seen; `crashed` the failure of a run that the strike ended."""

    outcome: Outcome
    spent: tuple[Usage, ...]
    trips: tuple[Trip, ...] = ()
    crashed: str = ""

    def cost(self, accelerator: Accelerator, throttled: bool = False) -> Cost:
        """Time and energy of all of it."""
        return total(self.spent, accelerator, throttled)


def total(spent: Sequence[Usage], accelerator: Accelerator, throttled: bool = False) -> Cost:
    """Time and energy of several pieces of work, one after another."""
    parts = [cost(usage, accelerator, throttled) for usage in spent]
    return Cost(sum(part.duration_ns for part in parts), sum(part.energy_mj for part in parts))


def check_guards(names: Sequence[str], artefact: Artefact | None, place: str = "guard") -> None:
    """`DataError` for a guard that does not exist, that is named twice, or that cannot guard this artefact."""
    for name in names:
        if name not in GUARDS:
            raise DataError(place, name, f"choose among {', '.join(GUARDS)}")
    if len(set(names)) != len(names):
        raise DataError(place, ", ".join(names), "name each guard once")
    if "checksum" in names and artefact is not None:
        with_checksums(artefact)


def ranges_of(outputs: Sequence[bytes]) -> Ranges:
    """What these sound outputs allow; tensors by value, other bytes by length alone."""
    sizes = [len(output) for output in outputs]
    room = round(RANGE_ROOM * max(sizes, default=0))
    spans: dict[str, tuple[float, float]] = {}
    for output in outputs:
        try:
            tensors = read_tensors(output, "output")
        except DataError:
            return Ranges(max(0, min(sizes, default=0) - room), max(sizes, default=0) + room)
        for name, tensor in tensors.items():
            if tensor.size:
                values = tensor.astype(np.float64)
                low, high = spans.get(name, (np.inf, -np.inf))
                spans[name] = (min(low, float(values.min())), max(high, float(values.max())))
    wide = tuple((name, a - RANGE_ROOM * (b - a), b + RANGE_ROOM * (b - a)) for name, (a, b) in spans.items())
    return Ranges(min(sizes, default=0), max(sizes, default=0), wide)


def out_of_range(output: bytes, ranges: Ranges) -> str:
    """What of the output lies outside; empty if nothing does."""
    if not ranges.least_bytes <= len(output) <= ranges.most_bytes:
        return f"{len(output)} bytes, sound outputs have {ranges.least_bytes} to {ranges.most_bytes}"
    if not ranges.tensors:
        return ""
    try:
        tensors = read_tensors(output, "output")
    except DataError as error:
        return str(error)[:200]
    for name, low, high in ranges.tensors:
        if name not in tensors:
            return f"{name or 'the output'} is missing"
        values = tensors[name].astype(np.float64)
        if not bool(np.all((values >= low) & (values <= high))):
            return f"{name or 'the output'} leaves {low:.6g} to {high:.6g}"
    return ""


def run_guarded(
    artefact: Artefact,
    data: bytes,
    limits: Limits,
    guards: Sequence[str] = (),
    flip: Flip | None = None,
    ranges: Ranges | None = None,
) -> Guarded:
    """Execute under these guards, with `flip` (if any) in the first run; never raises for what the job does.

    `range` needs `ranges` and watches for nothing without; `DataError` as of `check_guards`.
    """
    check_guards(guards, artefact)
    first, broken = _run(artefact, data, limits, "checksum" in guards, flip)
    spent, trips = [first.usage], list[Trip]()
    if "digest" in guards:
        spent.append(_hashing(artefact, data))
        trips += _scrubbed(artefact, data, flip)
    if broken:
        trips.append(Trip("checksum", broken))
    if "range" in guards and first.ok and ranges is not None:
        spent.append(Usage(fuel=COMPARES_PER_BYTE * len(first.output)))
        if outside := out_of_range(first.output, ranges):
            trips.append(Trip("range", outside))
    if "twice" in guards:
        second, _ = _run(artefact, data, limits, "checksum" in guards, None)
        spent.append(second.usage)
        if (second.output, second.failure) != (first.output, first.failure):
            trips.append(Trip("twice", "a second run from storage ends otherwise"))
    return _ended(artefact, data, limits, guards, Guarded(first, tuple(spent), tuple(trips)), flip)


def _ended(
    artefact: Artefact, data: bytes, limits: Limits, guards: Sequence[str], first: Guarded, flip: Flip | None
) -> Guarded:
    crashed = first.outcome.failure or "" if flip is not None else ""
    if "restart" in guards and (first.trips or crashed):
        again, _ = _run(artefact, data, limits, "checksum" in guards, None)
        outcome = replace(again, usage=first.outcome.usage)
        return Guarded(outcome, (*first.spent, again.usage), first.trips, crashed)
    if first.trips and first.outcome.ok:
        worst = first.trips[0]
        failed = replace(first.outcome, output=b"", failure=f"guard-{worst.guard}", text=worst.text)
        return replace(first, outcome=failed, crashed=crashed)
    return replace(first, crashed=crashed)


def guard_work(artefact: Artefact, data: bytes, usage: Usage, guards: Sequence[str]) -> tuple[Usage, ...]:
    """What a run of this usage takes with its guards where nothing trips: for the plan."""
    work = [_checked(artefact, data, usage) if "checksum" in guards else usage]
    if "digest" in guards:
        work.append(_hashing(artefact, data))
    if "range" in guards:
        work.append(Usage(fuel=COMPARES_PER_BYTE * usage.output_bytes))
    if "twice" in guards:
        work.append(work[0])
    return tuple(work)


def _checked(artefact: Artefact, data: bytes, usage: Usage) -> Usage:
    """The run with a column more for every product, as the meter counts it for this input."""
    from orbitalcloud.compute.meter import count_model
    from orbitalcloud.compute.onnx_runtime import input_tensors
    from orbitalcloud.compute.usage import Failure

    try:
        shapes = {name: one.shape for name, one in input_tensors(artefact, data, Limits(memory_bytes=2**40)).items()}
        more = count_model(with_checksums(artefact).artefact, shapes)
    except (Failure, DataError):
        return usage
    return replace(usage, operations=more.operations)


def _hashing(artefact: Artefact, data: bytes) -> Usage:
    return Usage(fuel=2 * SHA256_PER_BYTE * (len(artefact.data) + len(data)))


def _scrubbed(artefact: Artefact, data: bytes, flip: Flip | None) -> list[Trip]:
    """Take the digests of what lies in memory, struck or not, and compare them with the names of job and artefact."""
    held, given = artefact.data, data
    if flip is not None and flip.place == "weights":
        held = flip_weight(artefact, flip.bit).data
    if flip is not None and flip.place == "input":
        given = flipped(data, flip.bit)
    if digest_of(held) != artefact.digest:
        return [Trip("digest", "the artefact in memory is not the one of that name")]
    return [Trip("digest", "the input in memory is not the job's")] if digest_of(given) != digest_of(data) else []


def _run(artefact: Artefact, data: bytes, limits: Limits, checksum: bool, flip: Flip | None) -> tuple[Outcome, str]:
    """A run, and which products were off their checksum; the checksums are taken off the output."""
    if not checksum:
        return (execute(artefact, data, limits) if flip is None else execute_struck(artefact, data, limits, flip)), ""
    made = with_checksums(artefact)
    late = flip if flip is not None and flip.place == "output" else None  # after the checks were taken off
    early = None if late is not None else flip
    room = replace(limits, output_bytes=limits.output_bytes + 4096 + 4 * len(made.tolerances), memory_bytes=2**62)
    made_run = made.artefact, data, room
    outcome = execute(*made_run) if early is None else execute_struck(*made_run, early)
    if outcome.failure == "output-value" and RESIDUALS in outcome.text:
        return replace(outcome, output=b""), "a checksum is not a number"
    if not outcome.ok:
        return outcome, ""
    tensors = read_tensors(outcome.output, "output")
    residuals = tensors.pop(RESIDUALS)
    if len(tensors) == 1:
        tensors = {"": next(iter(tensors.values()))}
    plain = write_tensors(tensors)
    if late is not None and plain:
        plain = flipped(plain, late.bit % (8 * len(plain)))
    count = made.broken(residuals)
    text = f"{count} of {len(made.tolerances)} products are off their checksum" if count else ""
    return replace(outcome, output=plain, usage=replace(outcome.usage, output_bytes=len(plain))), text
