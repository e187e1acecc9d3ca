"""The steps of the fold that follow jobs, from submission to the delivered result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orbitalcloud.core import records as r
from orbitalcloud.core.time import SECOND
from orbitalcloud.core.why import Why
from orbitalcloud.view.flight import Job, Receipt, Run, Said
from orbitalcloud.view.fold_state import State


def _job(state: State, name: str, /, **changes: Any) -> None:
    state.jobs[name] = replace(state.jobs.get(name) or Job(name), **changes)


def _known(state: State, name: str) -> Job:
    return state.jobs.get(name) or Job(name)


def job_submitted(state: State, entry: r.JobSubmitted) -> None:
    _job(
        state,
        entry.job,
        name=entry.name,
        artefact=entry.artefact,
        source=entry.node,
        target=entry.target,
        input_bytes=entry.input_bytes,
        submitted=entry.at,
        deadline=entry.deadline,
        executed=entry.executed,
    )


def job_accepted(state: State, entry: r.JobAccepted) -> None:
    said = Said(entry.at, entry.node, entry.why, entry.promised)
    _job(state, entry.job, accepted=(*_known(state, entry.job).accepted, said))


def job_refused(state: State, entry: r.JobRefused) -> None:
    _job(state, entry.job, refused=(*_known(state, entry.job).refused, Said(entry.at, entry.node, entry.why)))


def job_deferred(state: State, entry: r.JobDeferred) -> None:
    said = Said(entry.at, entry.node, entry.why, entry.until)
    _job(state, entry.job, deferred=(*_known(state, entry.job).deferred, said))


def job_started(state: State, entry: r.JobStarted) -> None:
    expected_s = entry.expected_ns / SECOND
    run = Run(entry.node, entry.accelerator, entry.at, expected_s, entry.throttled, entry.why)
    _job(state, entry.job, runs=(*_known(state, entry.job).runs, run))


def _ended(job: Job, at: int, outcome: str, why: Why | None = None) -> tuple[Run, ...]:
    """The job's runs, the last one closed."""
    if not job.runs:
        return job.runs
    return (*job.runs[:-1], replace(job.runs[-1], end=at, outcome=outcome, stopped_why=why))


def job_stopped(state: State, entry: r.JobStopped) -> None:
    _job(state, entry.job, runs=_ended(_known(state, entry.job), entry.at, "stopped", entry.why))


def job_finished(state: State, entry: r.JobFinished) -> None:
    _job(
        state,
        entry.job,
        runs=_ended(_known(state, entry.job), entry.at, "finished"),
        finished=entry.at,
        executor=entry.node,
        output=entry.output,
        output_bytes=entry.output_bytes,
        operations=entry.operations,
        fuel=entry.fuel,
        duration_s=entry.duration_ns / SECOND,
        energy_j=entry.energy_mj / 1000,
        executed=entry.executed,
        throttled=entry.throttled,
    )


def job_failed(state: State, entry: r.JobFailed) -> None:
    runs = _ended(_known(state, entry.job), entry.at, "failed")
    _job(state, entry.job, runs=runs, failed=entry.at, failure=entry.failure)


def receipt_signed(state: State, entry: r.ReceiptSigned) -> None:
    state.receipts[entry.digest] = Receipt(entry.digest, entry.job, entry.node, entry.at, entry.receipt)
    if entry.job in state.jobs:
        _job(state, entry.job, receipt=entry.digest)


def result_delivered(state: State, entry: r.ResultDelivered) -> None:
    """The answer is down. People wait from the submission on; the entry's own delay is that of the last bundle."""
    submitted = _known(state, entry.job).submitted
    delay_s = (entry.at - submitted) / SECOND if submitted else entry.delay_ms / 1000
    executor = _known(state, entry.job).executor or entry.executor
    _job(state, entry.job, delivered=entry.at, delay_s=delay_s, delivered_why=entry.why, executor=executor)
