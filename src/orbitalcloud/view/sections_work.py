"""The report's sections about the work: jobs, refusals, network, receipts, faults, how to reproduce."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from orbitalcloud.core.time import SECOND
from orbitalcloud.view.columns import Column, Row, Table, utc
from orbitalcloud.view.flight import Flight, Job, Receipt
from orbitalcloud.view.page import facts, grid, text
from orbitalcloud.view.sections_world import LANES_SHOWN, frame_of
from orbitalcloud.view.svg import Frame, Line, chart
from orbitalcloud.view.tables import table
from orbitalcloud.view.timeline import Bar, Lane, Mark, timeline
from orbitalcloud.view.verdict import Tally
from orbitalcloud.view.words import count, duration, moment, scaled, short

RECEIPTS_SHOWN = 60


# Jobs ---------------------------------------------------------------------------------------------------------------


def jobs_section(flight: Flight, tally: Tally) -> str:
    """What was asked, what was done, at how many joules."""
    if not flight.jobs:
        return '<p class="none">No job was submitted.</p>'
    done = sum(bool(job.finished) for job in flight.jobs.values())
    parts = [count(tally.delivered, "result") + " in time"]
    for number, word in (
        (tally.late, "late"),
        (tally.failed, "failed"),
        (tally.refused, "refused"),
        (tally.open, "open"),
    ):
        if number:
            parts.append(f"{number} {word}")
    modelled = done - tally.executed
    ran = f"{tally.executed:,} of {done:,} runs were really executed" + (
        f", {modelled:,} only modelled" if modelled else ""
    )
    said = f"{count(tally.jobs, 'job')}: {', '.join(parts)}. {ran}; {scaled(tally.energy_j, 'J')} went into them."
    whole = table(flight, "jobs")
    ordered = sorted(flight.jobs.values(), key=lambda job: job.submitted)
    if len(ordered) > LANES_SHOWN:
        return f'<p class="lead">{text(said)}</p>{_energy(flight)}{_flow(flight, ordered)}{grid(whole)}'
    lanes = [_job_lane(flight, job) for job in ordered]
    keys = (
        ("waits", "waits"),
        ("run", "runs"),
        ("home", "result on its way"),
        ("done", "delivered"),
        ("no", "refused or failed"),
    )
    drawn = timeline(frame_of(flight, ""), lanes, "Jobs, from submission to result", keys)
    return f'<p class="lead">{text(said)}</p>{_energy(flight)}{drawn}{grid(whole, hide=("promised_utc",))}'


def _job_lane(flight: Flight, job: Job) -> Lane:
    start, last = flight.header.start, flight.span[1]
    bars = []
    begun = job.runs[0].start if job.runs else 0
    over = job.refused[-1].at if job.refused and job.state == "refused" else job.failed
    if job.submitted:
        until = begun or over or last
        bars.append(Bar(job.submitted, until, "waits", f"submitted {moment(job.submitted, start)}"))
    for run in job.runs:
        end = run.end or last
        said = f"{run.outcome} on {run.node}, {moment(run.start, start)}, {duration((end - run.start) / SECOND)}"
        bars.append(Bar(run.start, end, "run", said))
    if job.finished:
        bars.append(Bar(job.finished, job.delivered or last, "home", f"finished {moment(job.finished, start)}"))
    marks = [Mark(said.at, "later", f"deferred: {said.why}") for said in job.deferred]
    if job.answered:
        marks.append(Mark(job.delivered, "late" if job.late else "done", f"delivered {moment(job.delivered, start)}"))
    if over:
        why = job.failure if job.failed else str(job.refused[-1].why)
        marks.append(Mark(over, "no", f"{job.state}: {why}"))
    note = scaled(job.energy_j, "J") if job.finished else job.state
    return Lane(job.name or short(job.job), note, tuple(bars), tuple(marks))


def _flow(flight: Flight, jobs: list[Job]) -> str:
    """Many jobs as totals over time: what was asked, what came back, what was refused."""
    start, end = flight.span
    lines = []
    for name, tone, moments in (
        ("asked", "blue", [job.submitted for job in jobs if job.submitted]),
        ("results", "teal", [job.delivered for job in jobs if job.answered]),
        ("refused", "red", [job.refused[-1].at for job in jobs if job.refused and job.state == "refused"]),
    ):
        at_ns = np.linspace(start, end, 361).astype(np.int64)
        total = np.searchsorted(np.sort(np.array(moments, dtype=np.int64)), at_ns, side="right")
        lines.append(Line(name, at_ns, total.astype(np.float64), tone))
    return chart(Frame(start, end, "jobs", 220, 0, 0.0), lines, title="Jobs so far")


def _energy(flight: Flight) -> str:
    """Joules per run by kind of job."""
    kinds: dict[str, list[Job]] = {}
    for job in flight.jobs.values():
        kinds.setdefault(job.name or job.job, []).append(job)
    rows = tuple(_energy_row(name, jobs) for name, jobs in kinds.items())

    def number(name: str, title: str, form: str, unit: str = "") -> Column:
        return Column(name, title, lambda value: f"{value:{form}}{unit}", right=True)

    columns = (
        Column("name", "kind of job"),
        number("jobs", "jobs", "d"),
        number("results", "results", "d"),
        Column("energy_per_run_j", "energy per run", lambda value: scaled(value, "J"), right=True),
        Column("duration_s", "run time", duration, right=True),
        Column("delay_s", "time to result", duration, right=True),
        Column("executed", "executed", lambda value: "yes" if value else "modelled"),
    )
    return grid(Table("kinds of job", columns, rows))


def _energy_row(name: str, jobs: list[Job]) -> Row:
    done = [job for job in jobs if job.finished]
    back = [job for job in jobs if job.answered]
    energy = sum(job.energy_j for job in done)
    return {
        "name": name,
        "jobs": len(jobs),
        "results": len(back),
        "energy_per_run_j": energy / len(done) if done else None,
        "duration_s": sum(job.duration_s for job in done) / len(done) if done else None,
        "delay_s": sum(job.delay_s for job in back) / len(back) if back else None,
        "executed": all(job.executed for job in jobs),
    }


# Every no -----------------------------------------------------------------------------------------------------------


def refusals_section(flight: Flight) -> str:
    """Every no that anybody said, with its reason: jobs, transactions, updates, frames, bundles."""
    rows = sorted(_refusals(flight), key=lambda row: str(row["at_utc"]))
    if not rows:
        return '<p class="none">Nobody was refused anything.</p>'
    rules: dict[str, int] = {}
    for row in rows:
        rule = str(row["why"]).partition(":")[0]
        rules[rule] = rules.get(rule, 0) + 1
    told = ", ".join(f"{rule} {times}" for rule, times in sorted(rules.items(), key=lambda item: -item[1])[:10])
    columns = (
        Column("at_utc", "at (UTC)", lambda value: value[5:19].replace("T", " ")),
        Column("node", "who says"),
        Column("said", "says"),
        Column("subject", "of"),
        Column("why", "why"),
        Column("value", "value against limit"),
    )
    times = count(len(rows), "refusal, deferral or drop", "refusals, deferrals and drops")
    lead = f'<p class="lead">{text(times)}, by rule: {text(told)}.</p>'
    return lead + grid(Table("refusals", columns, tuple(rows)))


def _refusals(flight: Flight) -> Iterable[Row]:
    for job in flight.jobs.values():
        name = job.job
        for said in job.refused:
            yield _no(said.at, said.node, "refused", name, said.why)
        for said in job.deferred:
            yield _no(said.at, said.node, "deferred", name, said.why)
        for run in job.runs:
            if run.stopped_why is not None:
                yield _no(run.end, run.node, "stopped", name, run.stopped_why)
            if run.throttled:
                yield _no(run.start, run.node, "throttled", name, run.why)
        if job.failed:
            yield _no(job.failed, job.executor or job.target, "failed", name, f"artefact: {job.failure}")
    for transaction in flight.transactions.values():
        if transaction.refused_why is not None:
            yield _no(
                transaction.refused, transaction.node, "refused", short(transaction.hash), transaction.refused_why
            )
    for update in flight.refused_updates:
        yield _no(update.at, update.node, "refused", f"update from {update.source}", f"{update.check}: {update.detail}")
    for frame in flight.frames_refused:
        yield _no(frame.at, frame.node, "refused", f"frame from {frame.peer}", f"{frame.check}: {frame.detail}")
    for bundle in flight.bundles.values():
        if bundle.dropped_why is not None:
            where = next(hop.node for hop in reversed(bundle.hops) if hop.what == "dropped")
            yield _no(bundle.dropped, where, "dropped", bundle.purpose, bundle.dropped_why)
        for hop in bundle.hops:
            if hop.what == "refused" and hop.why is not None:
                yield _no(hop.at, hop.node, "refused", f"{bundle.purpose} from {hop.peer}", hop.why)


def _no(at: int, node: str, said: str, subject: str, why: object) -> Row:
    value, limit, unit = (getattr(why, name, 0) for name in ("value", "limit", "unit"))
    against = f"{value:,} against {limit:,} {unit}" if unit and abs(value) < 10**12 else None
    return {"at_utc": utc(at), "node": node, "said": said, "subject": subject, "why": str(why), "value": against}


# Receipts -----------------------------------------------------------------------------------------------------------


def receipts_section(flight: Flight) -> str:
    """Who says what was run, under signature."""
    receipts = list(flight.receipts.values())
    if not receipts:
        return '<p class="none">No receipt was signed.</p>'
    verified = sum(bool(row["verified"]) for row in table(flight, "receipts").rows)
    said = (
        f"{count(len(receipts), 'receipt')} signed on board; {verified} came down and were verified by the submitter."
    )
    texts = "".join(_receipt(receipt) for receipt in receipts[:RECEIPTS_SHOWN])
    more = len(receipts) - RECEIPTS_SHOWN
    note = f'<p class="note">The first {RECEIPTS_SHOWN} of {len(receipts):,} in full.</p>' if more > 0 else ""
    full = f"<details><summary>The receipts as they were signed</summary>{note}{texts}</details>"
    return f'<p class="lead">{text(said)}</p>{grid(table(flight, "receipts"))}{full}'


def _receipt(receipt: Receipt) -> str:
    try:
        shown = json.dumps(json.loads(receipt.receipt), indent=2, ensure_ascii=False)
    except ValueError:
        shown = receipt.receipt
    return f'<div class="receipt"><code>{text(receipt.digest)}</code><pre>{text(shown)}</pre></div>'


# Faults and how to reproduce ----------------------------------------------------------------------------------------


def faults_section(flight: Flight) -> str:
    """What broke, on purpose or not."""
    rows = table(flight, "faults").rows
    if not rows:
        return '<p class="none">Nothing broke.</p>'
    injected = count(len(flight.faults), "fault")
    return f'<p class="lead">{text(injected)} injected by the mission.</p>' + grid(table(flight, "faults"))


def reproduce_section(flight: Flight, digest: str, reproduce: str) -> str:
    """What somebody else needs to get the same bytes."""
    head = flight.header
    pairs: list[tuple[str, object]] = [
        ("digest", digest),
        ("mission", f"{head.mission} {short(head.mission_digest)}".strip()),
        ("seed", head.seed),
        ("software", head.software),
        ("entries", f"{head.entries:,}"),
        ("from", utc(head.start)),
        ("to", utc(head.end)),
        ("log", "whole" if head.complete else "breaks off at " + (utc(head.last) or "")),
    ]
    said = "The digest is the SHA-256 of the flight’s Log: the same mission, seed and software give the same bytes."
    return f'<p class="lead">{said}</p><pre class="shell">{text(reproduce)}</pre>{facts(pairs)}'
