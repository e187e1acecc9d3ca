"""The verdict: does the flight close, and what binds first. Everything here is computed from the folded Log.

A margin is the distance from a limit, as a share of the room there was (`margin_ppm`): for charge the room between the
reserve and full, for a thermal node the room between its limits, for a job the time between submission and deadline,
for what must never happen all or nothing. Negative means broken. The tightest comes first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from orbitalcloud.core.records import UpdateRefused
from orbitalcloud.core.time import SECOND
from orbitalcloud.view.flight import Bundle, Flight, Job, Satellite
from orbitalcloud.view.words import celsius, clock, count, duration, percent

WHOLE = 1_000_000
BALANCED = 1e-9
"""As `physics.BALANCED`: what rounding may leave of the energy of a flight."""
SOFT = ("notices", "status report", "encounter")
"""How the purposes of bundles begin that nodes write to each other, and again: one that was too late is no loss."""
EXCUSED = frozenset({"administrative", "block", "duplicate", "malformed", "refused", "signature"})
"""Rules under which dropping a bundle is what the network should do."""


@dataclass(frozen=True, slots=True)
class Margin:
    """One requirement and how far the flight stayed from breaking it. `value` and `limit` are in `unit`; `at` is when
    it was tightest (0 where that has no meaning).
    """

    name: str
    node: str
    value: float
    limit: float
    unit: str
    margin_ppm: int
    margin: str
    at: int

    @property
    def holds(self) -> bool:
        return self.margin_ppm >= 0


@dataclass(frozen=True, slots=True)
class Tally:
    """How the work went, in numbers of jobs and bundles."""

    jobs: int
    delivered: int
    late: int
    failed: int
    refused: int
    open: int
    overdue: int
    bundles: int
    bundles_delivered: int
    bundles_dropped: int
    energy_j: float
    executed: int

    @property
    def joules_per_result(self) -> float | None:
        """Accelerator energy of all runs that finished, shared among the results that came down."""
        results = self.delivered + self.late
        return self.energy_j / results if results else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`closes` is True when every margin holds and the Log is whole."""

    closes: bool
    complete: bool
    margins: tuple[Margin, ...]
    tally: Tally
    sentence: str

    @property
    def broken(self) -> tuple[Margin, ...]:
        return tuple(margin for margin in self.margins if not margin.holds)


def verdict(flight: Flight) -> Verdict:
    """Judge a flight; tightest margin first."""
    found: list[Margin] = []
    for satellite in flight.satellites.values():
        found += _charge(satellite)
        found += _heat(satellite)
        found.append(_brown_outs(satellite))
        found += _power_modes(satellite)
    found += _work(flight)
    found += _never(flight)
    found.sort(key=lambda margin: (margin.margin_ppm, margin.node, margin.name))
    complete = flight.header.complete
    closes = complete and all(margin.holds for margin in found)
    tally = tally_of(flight)
    return Verdict(closes, complete, tuple(found), tally, _sentence(flight, closes, found, tally))


def tally_of(flight: Flight) -> Tally:
    """Count the work."""
    jobs = list(flight.jobs.values())
    states = [job.state for job in jobs]
    wholes = [bundle for bundle in flight.bundles.values() if not bundle.parent]
    return Tally(
        jobs=len(jobs),
        delivered=states.count("delivered"),
        late=states.count("late"),
        failed=states.count("failed") + states.count("rejected"),
        refused=states.count("refused"),
        open=sum(job.open for job in jobs),
        overdue=sum(_overdue(job, flight.header.last) for job in jobs),
        bundles=len(wholes),
        bundles_delivered=sum(bundle.state == "delivered" for bundle in wholes),
        bundles_dropped=sum(bundle.state == "dropped" for bundle in wholes),
        energy_j=sum(job.energy_j for job in jobs),
        executed=sum(bool(job.finished) and job.executed for job in jobs),
    )


def _overdue(job: Job, last: int) -> bool:
    return bool(job.open and job.deadline and job.deadline < last)


# Power and heat -----------------------------------------------------------------------------------------------------


def _charge(satellite: Satellite) -> Iterator[Margin]:
    series = satellite.series
    if not len(series):
        return
    index = int(np.argmin(series.charge))
    low, reserve = float(series.charge[index]), satellite.reserve
    yield Margin(
        "charge against the reserve",
        satellite.name,
        low,
        reserve,
        "share",
        _ppm(low - reserve, 1 - reserve),
        f"{percent(low)} at the lowest, reserve {percent(reserve, 0)}",
        int(series.at_ns[index]),
    )


def _heat(satellite: Satellite) -> Iterator[Margin]:
    series = satellite.series
    if not len(series):
        return
    for index, node in enumerate(satellite.thermal_nodes):
        hot, cold = satellite.hot_limits_k[index], satellite.cold_limits_k[index]
        if not math.isfinite(hot):
            continue
        column = series.temperature_k[:, index]
        top, bottom = int(np.argmax(column)), int(np.argmin(column))
        warmest, coldest = float(column[top]), float(column[bottom])
        yield Margin(
            f"{node} against its hot limit",
            satellite.name,
            warmest,
            hot,
            "K",
            _ppm(hot - warmest, hot - cold),
            _room(hot - warmest, warmest, hot),
            int(series.at_ns[top]),
        )
        yield Margin(
            f"{node} against its cold limit",
            satellite.name,
            coldest,
            cold,
            "K",
            _ppm(coldest - cold, hot - cold),
            _room(coldest - cold, coldest, cold),
            int(series.at_ns[bottom]),
        )


def _room(room_k: float, value_k: float, limit_k: float) -> str:
    spare = f"{room_k:.1f} K to spare" if room_k >= 0 else f"{-room_k:.1f} K beyond"
    return f"{spare} ({celsius(value_k)}, limit {celsius(limit_k, 0)})"


def _brown_outs(satellite: Satellite) -> Margin:
    spans = satellite.brown_outs
    at = spans[0].start if spans else 0
    seconds = sum(span.end - span.start for span in spans) / SECOND
    text = f"{count(len(spans), 'brown-out')}, {duration(seconds)} down" if spans else "none"
    return _nothing("brown-outs", satellite.name, len(spans), text, at)


def _power_modes(satellite: Satellite) -> Iterator[Margin]:
    """Safe modes and shed loads, where there were any, and whether the energy adds up."""
    entered = [entry for entry in satellite.safe_modes if entry.active]
    if entered:
        text = f"entered {count(len(entered), 'time')}"
        yield _nothing("safe modes", satellite.name, len(entered), text, entered[0].at)
    cut = [entry for entry in satellite.sheds if entry.off]
    if cut:
        text = ", ".join(sorted({load for entry in cut for load in entry.off})) + " switched off"
        yield _nothing("loads shed", satellite.name, len(cut), text, cut[0].at)
    if (made := satellite.energy) is not None:
        share = made.residual_ppt / 1e12
        text = f"{made.generated_mj / 3.6e6:,.1f} Wh generated, accounted for within {share * 1e6:.1g} ppm"
        room = WHOLE if share <= BALANCED else -WHOLE
        yield Margin("energy accounted for", satellite.name, share, BALANCED, "share", room, text, made.at)


# Work ---------------------------------------------------------------------------------------------------------------


def _work(flight: Flight) -> Iterator[Margin]:
    jobs = list(flight.jobs.values())
    timed = [job for job in jobs if job.answered and job.deadline and job.submitted]
    if timed:
        worst = min(timed, key=lambda job: _ppm(job.deadline - job.delivered, job.deadline - job.submitted))
        slack_s = (worst.deadline - worst.delivered) / SECOND
        yield Margin(
            "results against their deadline",
            worst.name or worst.job,
            worst.delay_s,
            (worst.deadline - worst.submitted) / SECOND,
            "s",
            _ppm(worst.deadline - worst.delivered, worst.deadline - worst.submitted),
            f"{duration(slack_s)} to spare" if slack_s >= 0 else f"{duration(-slack_s)} late",
            worst.delivered,
        )
    if jobs:
        overdue = [job for job in jobs if _overdue(job, flight.header.last)]
        failed = [job for job in jobs if job.state == "failed"]
        rejected = [job for job in jobs if job.state == "rejected"]
        yield _nothing("jobs overdue", "", len(overdue), _names(overdue), _first(overdue))
        yield _nothing("jobs failed", "", len(failed), _names(failed), failed[0].failed if failed else 0)
        at = rejected[0].delivered if rejected else 0
        yield _nothing("results rejected", "", len(rejected), _names(rejected), at)
    lost = [bundle for bundle in flight.bundles.values() if _lost(bundle)]
    if flight.bundles:
        text = f"{count(len(lost), 'bundle')} dropped undelivered" if lost else "none"
        yield _nothing("bundles lost", "", len(lost), text, lost[0].dropped if lost else 0)


def _lost(bundle: Bundle) -> bool:
    why = bundle.dropped_why
    if bundle.awaited and not bundle.unconfirmed:
        return False  # a copy was dropped on the way; its source sends it again
    if why is not None and why.rule in ("lifetime", "hops") and bundle.purpose.startswith(SOFT):
        return False
    return bundle.state == "dropped" and not bundle.parent and not (why and (why.ok or why.rule in EXCUSED))


def _names(jobs: list[Job]) -> str:
    names = [job.name or job.job for job in jobs[:3]]
    return ", ".join(names) + (f" and {len(jobs) - 3} more" if len(jobs) > 3 else "") if names else "none"


def _first(jobs: list[Job]) -> int:
    return min((job.deadline for job in jobs), default=0)


# What must never happen ---------------------------------------------------------------------------------------------


def _never(flight: Flight) -> Iterator[Margin]:
    tampered = [fault for fault in flight.faults if "tamper" in fault.fault]
    if flight.heads or flight.refused_updates or tampered:
        unanswered = _unanswered(flight) if flight.header.complete else 0
        deceived = _deceived(flight)
        refused = sum(not _of_proofs(update) for update in flight.refused_updates)
        said = f"{len(tampered)} sent, {refused} refused" if tampered else "none sent"
        yield _nothing(
            "tampered updates let through", "", unanswered + deceived, said, tampered[0].at if tampered else 0
        )
    lying = [fault for fault in flight.faults if fault.fault == "lying-station"]
    if lying:
        taken = sum(bool(one.proved) and one.proved_slot < 0 for one in flight.transactions.values())
        refused = sum(map(_of_proofs, flight.refused_updates))
        yield _nothing("lies about payments believed", "", taken, f"{refused} refused", lying[0].at)


def _of_proofs(update: UpdateRefused) -> bool:
    """Whether what was refused is a proof under a head, and no update."""
    return update.source.startswith(("settlement", "accounts"))


def _unanswered(flight: Flight) -> int:
    """Tampered updates that no later refusal answers, each refusal counted once."""
    refusals = sorted(update.at for update in flight.refused_updates if not _of_proofs(update))
    missing = 0
    for fault in sorted(fault.at for fault in flight.faults if "tamper" in fault.fault):
        later = next((at for at in refusals if at >= fault), None)
        if later is None:
            missing += 1
        else:
            refusals.remove(later)
    return missing


def _deceived(flight: Flight) -> int:
    """Times a light client believed what is labelled tampered, or moved its finalized head back: then it was deceived,
    before or after.
    """
    latest: dict[tuple[str, str], int] = {}
    times = 0
    for head in flight.heads:
        chain = head.node, head.network
        times += "tampered" in head.source or head.finalized_slot < latest.get(chain, 0)
        latest[chain] = head.finalized_slot
    return times


# Words --------------------------------------------------------------------------------------------------------------


def _ppm(room: float, whole: float) -> int:
    if whole <= 0:
        return WHOLE if room >= 0 else -WHOLE
    return max(-WHOLE, min(WHOLE, math.floor(room / whole * WHOLE)))


def _nothing(name: str, node: str, times: int, text: str, at: int) -> Margin:
    return Margin(name, node, float(times), 0.0, "times", -WHOLE if times else WHOLE, text, at)


def _sentence(flight: Flight, closes: bool, margins: list[Margin], tally: Tally) -> str:
    name = flight.header.mission or "The flight"
    results = tally.delivered + tally.late
    work = f"{results:,} of {count(tally.jobs, 'job')} came back with a result" if tally.jobs else "there was no work"
    if not flight.header.complete:
        return f"{name} was interrupted at {clock(flight.header.last)} UTC; so far {work}."
    if closes:
        tight = margins[0] if margins else None
        binds = f" Tightest: {_phrase(tight)}." if tight and tight.margin_ppm < WHOLE else ""
        return f"{name} closes; {work}.{binds}"
    broken = [margin for margin in margins if not margin.holds]
    more = f", and {len(broken) - 1} more" if len(broken) > 1 else ""
    return f"{name} does not close; {work}. Broken: {_phrase(broken[0])}{more}."


def _phrase(margin: Margin) -> str:
    where = f" on {margin.node}" if margin.node else ""
    when = f" at {clock(margin.at)} UTC" if margin.at else ""
    return f"{margin.name}{where}: {margin.margin}{when}"
