"""The verdict is computed: it follows the Log where the Log is changed."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from synthetic import COLD_K, DAY_S, HOT_K, NODES, START, described, entries, telemetry

from orbitalcloud.core import records as r
from orbitalcloud.core.time import HOUR, MINUTE, SECOND
from orbitalcloud.core.why import Why
from orbitalcloud.view.flight import Flight
from orbitalcloud.view.fold import fold
from orbitalcloud.view.verdict import Margin, verdict

OK = Why(True, "plan", "ok")


def quiet(*more: r.Entry, change: dict[str, object] | None = None) -> Flight:
    """A flight with nothing in it but telemetry, and `more`."""
    end = START + DAY_S * SECOND

    def told() -> Iterator[r.Entry]:
        yield r.FlightStarted(START, "", "quiet", "sha256:0", 1, end, "test", 300)
        yield described("s")
        for entry in telemetry("s", DAY_S, 300):
            yield msgspec.structs.replace(entry, **change) if change and entry.at == START + 10 * HOUR else entry
        yield from more
        yield r.FlightEnded(end, "", 0)

    return fold(told())


def named(flight: Flight, name: str) -> Margin:
    (found,) = [margin for margin in verdict(flight).margins if margin.name == name]
    return found


def test_a_quiet_flight_closes_and_names_its_tightest_margin() -> None:
    judged = verdict(quiet())
    assert judged.closes
    assert not judged.broken
    ppm = [margin.margin_ppm for margin in judged.margins]
    assert ppm == sorted(ppm)
    assert judged.margins[0].name in judged.sentence
    assert "closes" in judged.sentence


def test_margins_are_those_of_the_readings(flight: Flight) -> None:
    said = [entry for entry in entries() if isinstance(entry, r.Telemetry)]
    charge = named(flight, "charge against the reserve")
    assert charge.value == pytest.approx(min(entry.charge_ppm for entry in said) / 1e6)
    assert charge.margin_ppm == pytest.approx((charge.value - 0.35) / 0.65 * 1e6, abs=1)
    for index, node in enumerate(NODES):
        warmest = max(entry.temperatures_mk[index] for entry in said) / 1000
        margin = named(flight, f"{node} against its hot limit")
        assert margin.value == pytest.approx(warmest)
        assert margin.margin_ppm == pytest.approx(
            (HOT_K[index] - warmest) / (HOT_K[index] - COLD_K[index]) * 1e6, abs=1
        )
        reading = next(entry for entry in said if entry.at == margin.at)
        assert reading.temperatures_mk[index] / 1000 == pytest.approx(warmest)


def test_one_reading_below_the_reserve_breaks_it() -> None:
    flight = quiet(change={"charge_ppm": 349_999})
    assert not verdict(flight).closes
    broken = verdict(flight).margins[0]
    assert (broken.name, broken.at, broken.holds) == ("charge against the reserve", START + 10 * HOUR, False)
    assert verdict(quiet(change={"charge_ppm": 350_000})).closes


def test_one_reading_above_a_hot_limit_breaks_it() -> None:
    hot = tuple(round(kelvin * 1000) + (index == 2) for index, kelvin in enumerate(HOT_K))
    cold = (*hot[:2], round(HOT_K[2] * 1000), *hot[3:])
    assert verdict(quiet(change={"temperatures_mk": hot})).broken[0].name == "payload against its hot limit"
    assert verdict(quiet(change={"temperatures_mk": cold})).closes


def test_late_results_and_overdue_jobs_break_it_refused_jobs_do_not() -> None:
    job = r.JobSubmitted(START, "svalbard", "a", "a", "sha256:0", "s", 1, START + HOUR, True)
    late = r.ResultDelivered(START + HOUR + 1, "svalbard", "a", "s", "sha256:1", 1, 1, OK)
    assert named(quiet(job, late), "results against their deadline").margin_ppm < 0
    assert verdict(quiet(job, late)).tally.late == 1
    assert not named(quiet(job), "jobs overdue").holds
    refused = r.JobRefused(START + MINUTE, "s", "a", Why(False, "reserve", "no"))
    assert verdict(quiet(job, refused)).closes


def test_brown_outs_and_failed_jobs_break_it() -> None:
    assert not named(quiet(r.BrownOut(START, "s", True, 0)), "brown-outs").holds
    assert not named(quiet(r.JobFailed(START, "s", "a", "trap")), "jobs failed").holds


def test_a_tampered_update_must_be_refused() -> None:
    fault = r.FaultInjected(START + HOUR, "svalbard", "tampered-update", "a bit")
    refusal = r.UpdateRefused(START + 2 * HOUR, "s", "svalbard", "branch", "no")
    early = msgspec.structs.replace(refusal, at=START)
    assert not verdict(quiet(fault)).closes
    assert not verdict(quiet(early, fault)).closes
    assert not verdict(quiet(fault, fault, refusal)).closes
    assert verdict(quiet(fault, refusal)).closes


def test_a_head_that_moves_back_was_deceived() -> None:
    def head(slot: int) -> r.HeadAdvanced:
        return r.HeadAdvanced(START, "s", "svalbard", 1, slot, slot, "0x", 512, False, 1, 1)

    assert verdict(quiet(head(10), head(11))).closes
    assert not verdict(quiet(head(11), head(10))).closes


def test_bundles_that_expire_are_lost_those_refused_are_not() -> None:
    made = r.BundleCreated(START, "s", "b", "svalbard", 10, "result")
    expired = r.BundleDropped(START + 1, "s", "b", Why(False, "lifetime", "over"))
    malformed = r.BundleDropped(START + 1, "s", "b", Why(False, "malformed", "bad"))
    assert not verdict(quiet(made, expired)).closes
    assert verdict(quiet(made, malformed)).closes


def test_an_interrupted_flight_never_closes() -> None:
    judged = verdict(fold(entries()[:-1]))
    assert not judged.closes
    assert not judged.complete
    assert "interrupted" in judged.sentence


def test_an_empty_log_has_a_verdict() -> None:
    assert not verdict(fold([])).closes
