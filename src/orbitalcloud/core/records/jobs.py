"""Jobs, from submission to the delivered result."""

from __future__ import annotations

from orbitalcloud.core.records.base import Base
from orbitalcloud.core.why import Why


class JobSubmitted(Base, frozen=True):
    """A job entered the system at `node` (a station, or a satellite for one raised on board)."""

    job: str
    name: str
    artefact: str
    target: str
    input_bytes: int
    deadline: int
    executed: bool


class JobAccepted(Base, frozen=True):
    """A satellite took the job and promises its result by `promised`."""

    job: str
    promised: int
    why: Why


class JobRefused(Base, frozen=True):
    """The Governor said no for good."""

    job: str
    why: Why


class JobDeferred(Base, frozen=True):
    """The Governor said not now; it asks again at `until` or when something changes."""

    job: str
    until: int
    why: Why


class JobStarted(Base, frozen=True):
    """The accelerator began; `throttled` with its Why."""

    job: str
    accelerator: str
    expected_ns: int
    throttled: bool
    why: Why


class JobStopped(Base, frozen=True):
    """A run was abandoned before its end (heat, reserve, reboot); the job waits again."""

    job: str
    why: Why


class JobFinished(Base, frozen=True):
    """The accelerator is done."""

    job: str
    output: str
    output_bytes: int
    operations: int
    fuel: int
    duration_ns: int
    energy_mj: int
    executed: bool
    throttled: bool


class JobFailed(Base, frozen=True):
    """The artefact itself failed: fuel, memory, trap, shape, …"""

    job: str
    failure: str


class UpsetStruckJob(Base, frozen=True):
    """An upset of `device` struck the job that ran, as only the World knows it: in `place` (weights, input, memory,
    output, or the process) at `bit`, −1 where it has none.

    `fate`: `harmless` (the same output), `caught` (by a guard, or run again after a crash), `crashed`, `silent`
    (another output that nobody noticed), or `late` (the run was wrong already). `clean` and `struck` are
    the outputs' digests. `before`: it struck the model while it lay in memory between two runs.
    """

    job: str
    device: str
    place: str
    bit: int
    fate: str
    guards: tuple[str, ...]
    clean: str
    struck: str
    extra_mj: int
    before: bool = False


class GuardTripped(Base, frozen=True):
    """A guard on board saw that a run was not sound; `again`: it was run again from storage."""

    job: str
    guard: str
    text: str
    again: bool


class JobVerified(Base, frozen=True):
    """The copies of a job were compared: `why.ok` where enough agree, `right` and `wrong` the satellites by name."""

    job: str
    policy: str
    output: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    energy_mj: int
    why: Why


class ReceiptSigned(Base, frozen=True):
    """The receipt's JSON as signed; `digest` names it."""

    job: str
    digest: str
    receipt: str


class ResultDelivered(Base, frozen=True):
    """The submitter has the result, and its receipt verified there (`why` says how)."""

    job: str
    executor: str
    output: str
    output_bytes: int
    delay_ms: int
    why: Why


JobsEntry = (
    JobSubmitted
    | JobAccepted
    | JobRefused
    | JobDeferred
    | JobStarted
    | JobStopped
    | JobFinished
    | JobFailed
    | UpsetStruckJob
    | GuardTripped
    | JobVerified
    | ReceiptSigned
    | ResultDelivered
)
