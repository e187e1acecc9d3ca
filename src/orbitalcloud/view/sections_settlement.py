"""The report's part about what is settled on chain: a job's life to its payment, and a purse with a key in orbit."""

from __future__ import annotations

from collections.abc import Iterable

from orbitalcloud.core.records import PurseStep, WorkStep
from orbitalcloud.view.flight import Flight
from orbitalcloud.view.page import grid, text
from orbitalcloud.view.tables import table
from orbitalcloud.view.words import count, ether, moment, short

STORIES_SHOWN = 20


def settlement_part(flight: Flight) -> str:
    """HTML; empty where nothing is settled on chain."""
    if not (flight.work_steps or flight.purse_steps):
        return ""
    parts = []
    jobs = dict.fromkeys(step.job for step in flight.work_steps if step.escrow)
    if jobs:
        parts.append(f'<h3>Each job’s life, to its payment</h3><p class="lead">{text(_summary(flight, len(jobs)))}</p>')
        parts.append(_list(job_story(flight, job) for job in list(jobs)[:STORIES_SHOWN]))
    numbers = dict.fromkeys(step.number for step in flight.purse_steps if step.step != "refused")
    refused = [step for step in flight.purse_steps if step.step == "refused"]
    if flight.purse_steps:
        stories = [_proposal(flight, number) for number in numbers]
        parts.append("<h3>The purse with a key in orbit</h3>")
        parts.append(_list([*stories, *(_refused(flight, one) for one in refused)]))
    return "".join(parts) + "<h3>Steps on chain</h3>" + grid(table(flight, "settlement"))


def _list(stories: Iterable[str]) -> str:
    items = "".join(f"<li>{text(story)}</li>" for story in stories)
    return f"<ul>{items}</ul>"


def _summary(flight: Flight, jobs: int) -> str:
    of = {name: sum(one.step == name for one in flight.work_steps) for name in ("registered", "paid", "slashed")}
    proved = [one for one in flight.work_steps if one.step == "payment-proved"]
    total = ether(sum(int(one.value_wei) for one in proved))
    return (
        f"{count(of['registered'], 'satellite')} with a stake. {count(jobs, 'job')} in escrow: {of['paid']} paid, "
        f"{of['slashed']} ended with a liar’s stake. {count(len(proved), 'payment')}, {total}, proved aboard."
    )


def job_story(flight: Flight, job: str) -> str:
    """One job from its escrow to its payment, or to the liar's stake."""
    steps = [one for one in flight.work_steps if one.job == job]
    return f"{job}: " + "; ".join(_step(flight, one) for one in steps) + "."


def _step(flight: Flight, one: WorkStep) -> str:
    at = moment(one.at, flight.header.start)
    under = f" (proved under slot {one.proved_slot:,})" if one.proved_slot >= 0 else ""
    block = f" in block {one.block:,}" if one.block else ""
    match one.step:
        case "opened":
            said = f"{ether(int(one.value_wei))} locked in escrow{block} at {at}"
        case "sworn":
            said = f"{one.node} swore to its receipt at {at}{under}"
        case "posted":
            said = f"its root posted{block} at {at}"
        case "drawn":
            said = f"{one.node} drawn by lot at {at}{under}"
        case "not-drawn":
            said = f"{one.node} not drawn ({one.why.text})"
        case "verdict":
            said = f"{one.node} says that it found {'the same' if one.why.ok else 'another result'}"
        case "claimed":
            said = f"claimed{block} at {at}"
        case "paid":
            said = f"paid{block} at {at}"
        case "slashed":
            said = f"{short(one.who)} slashed{block} at {at}: {one.why.text}"
        case "payment-proved":
            said = f"{one.node} proved its {ether(int(one.value_wei))} at {at}{under}"
        case _:
            said = f"{one.node}, {at}: {one.step}, {one.why.text}"
    return said


def _proposal(flight: Flight, number: int) -> str:
    steps = [one for one in flight.purse_steps if one.number == number and one.step != "refused"]
    first = steps[0]
    head = f"Proposal {number}, {ether(int(first.value_wei))} to {short(first.to)}: "
    return head + "; ".join(_purse(flight, one) for one in steps) + "."


def _purse(flight: Flight, one: PurseStep) -> str:
    under = f" under slot {one.proved_slot:,}" if one.proved_slot >= 0 else ""
    words = {
        "co-signed": "signed in orbit, its purse proved",
        "passed": "the two on the ground agreed, and may, as proved",
        "vetoed": "veto signed in orbit, against what is proved",
        "veto-proved": "the veto proved to stand",
        "execution-sent": "its window proved to be over, sent to be executed",
        "executed": "proved to be executed",
        "too-late": "seen too late",
    }
    why = f" ({one.why.text})" if not one.why.ok else ""
    return f"{words.get(one.step, one.step)}{under} at {moment(one.at, flight.header.start)}{why}"


def _refused(flight: Flight, one: PurseStep) -> str:
    what = f"{ether(int(one.value_wei))} to {short(one.to)}" if one.to else f"proposal {one.number}"
    return f"Refused at {moment(one.at, flight.header.start)}: {what} ({one.why.rule}: {one.why.text})."
