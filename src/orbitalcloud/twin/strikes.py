"""What an upset does to the job that runs: one bit of it is turned and it is executed with that, or it crashes.

Where a device's bit is known (`lpddr-8gb`), the job lies at the memory's beginning and a bit beyond it strikes nothing.
Errors without a place (cores, silent corruption) turn one of the job's bits, each as likely. An interrupt, or an error
that memory notices and cannot correct, ends the process. A strike counts for the whole run: a job here is one
inference, too short to ask which part of it came before. Between runs a model stays in memory, where it is struck as
well (`lying_flip`): it then stays wrong until it is loaded again, by a restart, a reboot or another model's run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from orbitalcloud.compute import Artefact, Limits, Outcome
from orbitalcloud.compute.bitflips import Flip, Place, draw_flip, flip_at, footprint, weight_bits
from orbitalcloud.compute.guards import Guarded, Ranges, Trip, run_guarded
from orbitalcloud.core import Instant, Seed
from orbitalcloud.core.effects import Run
from orbitalcloud.twin.timeline import UpsetStrikes

ENDS_THE_PROCESS = ("interrupt", "uncorrectable", "reboot")


@dataclass(frozen=True, slots=True)
class Going:
    """The run on a satellite's accelerator, how it would end undisturbed (`clean`), and what it ends as now."""

    effect: Run
    begun: Instant
    clean: Outcome
    fate: str = ""


@dataclass(frozen=True, slots=True)
class Strike:
    """What came of an upset. `fate`: `harmless` (the same output), `caught` (a guard saw it, or the crash was run
    again), `crashed` or `silent` (another output that nobody noticed)."""

    place: str
    bit: int
    fate: str
    guarded: Guarded


def strike(
    going: Going,
    event: UpsetStrikes,
    artefact: Artefact,
    limits: Limits,
    ranges: Ranges | None,
    seed: Seed,
    lying: Flip | None = None,
) -> Strike | None:
    """Execute the run as struck, by the upset now or by one before that turned `lying` of the model in memory; None
    where the upset hit nothing of the job's. The same for the same seed."""
    guards, data = going.effect.guards, going.effect.data
    if lying is None and _ends_the_process(event.effect, seed):
        text = f"upset: {event.device}: {event.effect}"
        if "restart" in guards:
            usage = going.clean.usage
            return Strike("process", -1, "caught", Guarded(going.clean, (usage,), (Trip("restart", text),), text))
        failed = replace(going.clean, output=b"", failure="upset", text=text[7:])
        return Strike("process", -1, "crashed", Guarded(failed, (), (), text))
    flip = lying or _flip(event, footprint(artefact, data, going.clean.output, limits), seed)
    if flip is None:
        return None
    guarded = run_guarded(artefact, data, limits, guards, flip, ranges)
    if "checksum" in guards and guarded.outcome.ok:  # its products are not fused, and so round otherwise
        sound = run_guarded(artefact, data, limits, guards, None, ranges)
        if sound.outcome.output == guarded.outcome.output:
            guarded = replace(guarded, outcome=going.clean)
    return Strike(flip.place, flip.bit, fate_of(guarded, going.clean, "restart" in guards), guarded)


def lying_flip(event: UpsetStrikes, artefact: Artefact) -> Flip | None:
    """The bit of a model that an upset turns while it lies in memory between two runs, where the device's bit is known.

    A module is made anew from its compiled form for every run: nothing of it lies there.
    """
    if event.bit < 0 or artefact.kind != "onnx" or event.bit >= weight_bits(artefact):
        return None
    return Flip("weights", event.bit)


def fate_of(guarded: Guarded, clean: Outcome, restarts: bool) -> str:
    """In one word; what a guard saw is caught, even where the output would have been the same."""
    if guarded.trips or (guarded.crashed and restarts):
        return "caught"
    if guarded.outcome.failure and not clean.failure:
        return "crashed"
    same = (guarded.outcome.output, guarded.outcome.failure) == (clean.output, clean.failure)
    return "harmless" if same else "silent"


def _ends_the_process(effect: str, seed: Seed) -> bool:
    ends = any(word in effect for word in ENDS_THE_PROCESS)
    return ends and ("silent" not in effect or seed.child("either").chance(500_000))  # a device with both: half each


def _flip(event: UpsetStrikes, sizes: Mapping[Place, int], seed: Seed) -> Flip | None:
    whole = sum(sizes.values())
    if event.bit >= 0:
        return flip_at(sizes, event.bit) if event.bit < whole else None
    return draw_flip(sizes, seed) if whole else None
