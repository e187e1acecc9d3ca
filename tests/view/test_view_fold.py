"""The fold says what the Log said: counted and measured here by other means."""

from __future__ import annotations

import time
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import HOT_K, START, STATIONS, WHY_LAW, described, entries, fleet

from orbitalcloud.core import records as r
from orbitalcloud.core.errors import DataError
from orbitalcloud.core.log import encode_entry, read_log
from orbitalcloud.core.time import MINUTE, SECOND
from orbitalcloud.core.why import Why
from orbitalcloud.view.flight import Flight, passes
from orbitalcloud.view.fold import _STEPS, fold

DAY = entries()


def of(kind: type) -> list[r.Entry]:
    return [entry for entry in DAY if isinstance(entry, kind)]


def test_every_kind_of_entry_has_a_step() -> None:
    assert set(_STEPS) == set(r.Entry.__args__)


def test_the_made_up_day_has_every_kind_but_the_brown_out_and_the_weather() -> None:
    left_out = {r.BrownOut, r.WeatherOutage, r.LoadsShed, r.SafeMode, r.EnergyAccount}
    left_out |= {r.TransactionDoubted, r.TransactionFinal, r.TransactionUndone}  # in test_chaindesk
    left_out |= {r.WalletWiped, r.TransactionHanded, r.TransactionReturned}  # flown in test_relay_flight
    left_out |= {r.BundleRefused, r.StatusReported}  # flown in test_network_flight
    left_out |= {r.BundleConfirmed, r.BundleRepeated, r.BundleUnconfirmed, r.BundleDuplicate}  # test_partition_flight
    left_out |= {r.BundleSwallowed, r.TrustChanged}  # the same
    assert {type(entry) for entry in DAY} == set(r.Entry.__args__) - left_out


def test_header(flight: Flight) -> None:
    head = flight.header
    assert (head.mission, head.seed, head.start, head.complete) == ("genesis-1", 7, START, True)
    assert head.entries == len(DAY)
    assert flight.span == (START, START + 86_400 * SECOND)


def test_telemetry_comes_back_in_si(flight: Flight) -> None:
    said = of(r.Telemetry)
    series = flight.satellites["genesis-1"].series
    assert len(series) == len(said) == 2_880
    assert series.at_ns.tolist() == [entry.at for entry in said]
    assert np.allclose(series.charge, [entry.charge_ppm / 1e6 for entry in said], rtol=0, atol=1e-12)
    assert np.allclose(series.temperature_k[:, 2], [e.temperatures_mk[2] / 1e3 for e in said], rtol=0, atol=1e-9)
    assert np.allclose(series.longitude_deg, [entry.longitude_udeg / 1e6 for entry in said], rtol=0, atol=1e-9)
    assert flight.satellites["genesis-1"].hot_limits_k == HOT_K
    assert list(flight.stations) == list(STATIONS)


def test_the_anomaly_and_its_upsets_come_back(flight: Flight) -> None:
    satellite = flight.satellites["genesis-1"]
    assert satellite.shielding_mm == 2.0
    assert satellite.devices == ("jetson-module", "lpddr-16gb")
    assert satellite.series.dose_rad[-1] == pytest.approx(50e-6 * (86_400 - 30))
    entered = [entry.at for entry in of(r.AnomalyCrossed) if entry.inside]
    assert [start for start, _ in satellite.anomaly] == entered
    assert len(entered) > 2
    assert list(satellite.upsets) == of(r.Upset)
    inside = [upset for upset in satellite.upsets if upset.in_anomaly]
    assert all(any(start <= one.at < end for start, end in satellite.anomaly) for one in inside)


def test_a_log_of_before_has_no_dose() -> None:
    old = [msgspec.structs.replace(entry, dose_urad=-1) if isinstance(entry, r.Telemetry) else entry for entry in DAY]
    series = fold(old).satellites["genesis-1"].series
    assert set(series.dose_rad.tolist()) == {-1.0}


def test_light_spans_cover_the_flight_without_gaps(flight: Flight) -> None:
    light = flight.satellites["genesis-1"].light
    assert all(one.end == two.start for one, two in pairwise(light))
    assert light[-1].end == flight.header.end
    assert {span.phase for span in light} == {"sunlight", "penumbra", "umbra"}


def test_contacts_are_paired(flight: Flight) -> None:
    assert len(flight.contacts) == len(of(r.ContactOpened)) == len(of(r.ContactClosed))
    assert sum(contact.sent_bytes for contact in flight.contacts) == sum(e.sent_bytes for e in of(r.ContactClosed))
    met = passes(flight)
    assert 2 * len(met) == len(flight.contacts)
    assert all(one.node == "genesis-1" and one.down_bytes > one.up_bytes > 0 for one in met)


def test_jobs_have_the_state_that_they_ended_in(flight: Flight) -> None:
    states = {name: job.state for name, job in flight.jobs.items()}
    assert sum(state == "delivered" for state in states.values()) == len(of(r.ResultDelivered))
    refused = {entry.job for entry in of(r.JobRefused)}
    assert {name for name, state in states.items() if state == "refused"} == refused
    assert flight.jobs["wasm-forest-005"].why == WHY_LAW
    assert states["wasm-forest-014"] == "failed"
    assert states["change-025"] == "result on its way"
    stopped = flight.jobs["cloud-mask-009"]
    assert [run.outcome for run in stopped.runs] == ["stopped", "finished"]
    energy = sum(entry.energy_mj for entry in of(r.JobFinished)) / 1000
    assert sum(job.energy_j for job in flight.jobs.values()) == pytest.approx(energy, abs=1e-9)
    assert all(job.receipt in flight.receipts for job in flight.jobs.values() if job.finished)


def test_a_deferred_job_says_why_it_waits() -> None:
    why = Why(False, "heat", "too hot", 344, 343, "K")
    told = [
        r.JobSubmitted(START, "svalbard", "a", "a", "sha256:0", "s", 1, START + MINUTE, True),
        r.JobDeferred(START + 1, "s", "a", START + MINUTE, why),
    ]
    job = fold(told).jobs["a"]
    assert (job.state, job.why, job.open) == ("deferred", why, True)
    job = fold([*told, r.JobAccepted(START + 2, "s", "a", START + MINUTE, Why(True, "plan", "ok"))]).jobs["a"]
    assert job.state == "planned"


def test_bundles_tell_their_journey(flight: Flight) -> None:
    whole = flight.bundles["big-scene"]
    assert whole.state == "delivered"
    assert [hop.what for hop in whole.hops] == ["created", "cut", "delivered"]
    parts = [flight.bundles[name] for name in whole.fragments]
    assert all(part.parent == "big-scene" and part.state == "delivered" for part in parts)
    assert flight.bundles["late-0"].state == "dropped"
    waiting = flight.bundles["out-change-025"]
    assert waiting.state == "waiting"
    assert waiting.waits_why is not None
    assert waiting.waits_why.rule == "contact"


def test_transactions_and_heads(flight: Flight) -> None:
    assert sorted(one.state for one in flight.transactions.values()) == ["refused", "settled"]
    assert [head.rotated for head in flight.heads].count(True) == 1
    assert [update.check for update in flight.refused_updates] == ["finality_branch"]


def test_brown_outs_are_spans() -> None:
    (span,) = fold(entries(brown_out=True)).satellites["genesis-1"].brown_outs
    assert (span.end - span.start, span.unserved_j, span.recovered) == (7 * MINUTE, 4_200.0, True)
    down = fold([described("s"), r.BrownOut(START, "s", True, 0), r.LightChanged(START + SECOND, "s", "umbra")])
    assert [(one.end - one.start, one.recovered) for one in down.satellites["s"].brown_outs] == [(SECOND, False)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, len(DAY)))
def test_a_log_that_breaks_off_folds_and_says_so(length: int) -> None:
    cut = fold(DAY[:length])
    assert cut.header.complete == (length == len(DAY))
    assert cut.header.entries == length
    assert cut.span[0] < cut.span[1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, len(DAY)))
def test_a_log_that_begins_in_the_middle_folds(first: int) -> None:
    assert fold(DAY[first:]).header.entries == len(DAY) - first


def test_readings_that_change_shape_are_refused() -> None:
    told = [entry for entry in DAY if isinstance(entry, r.Telemetry)][:1]
    with pytest.raises(DataError, match="temperatures"):
        fold([described("genesis-1"), *told, r.Telemetry(START, "genesis-1", 1, 1, 1, 1, (1, 2), 1, 1, 1)])


def test_wei_that_is_no_number_is_refused() -> None:
    with pytest.raises(DataError, match="wei"):
        fold([r.TransactionSigned(START, "s", "0x0", "0x1", "0x2", "9" * 5_000, 0, 1)])


def test_a_hundred_satellites_fold_in_seconds() -> None:
    lines = [encode_entry(entry) + b"\n" for entry in fleet(100, step=300)]
    started = time.process_time()
    whole = fold(read_log(lines))
    spent = time.process_time() - started
    assert len(whole.satellites) == 100
    assert spent / len(lines) < 40e-6, f"{spent:.2f} s for {len(lines)} lines"


def test_what_became_of_a_settlement_is_folded_in_order() -> None:
    """Doubted, settled, undone, settled again, final: the last word counts, and none is lost."""
    name = "0x" + "77" * 32
    said = [
        r.TransactionSigned(1, "sat", name, "0xa", "0xb", "5", 0, 1, 3),
        r.TransactionDoubted(2, "sat", name, Why(False, "second-opinion", "")),
        r.TransactionSettled(3, "sat", name, 1, 9, 21_000, "devnet, proved", 10),
        r.TransactionUndone(4, "sat", name, Why(False, "reorganised", "")),
    ]
    (one,) = fold(said).transactions.values()
    assert (one.state, one.proved_slot, one.doubted, one.undone) == ("on its way", -1, 2, 4)
    said += [r.TransactionSettled(5, "sat", name, 1, 12, 21_000, "devnet, proved", 14)]
    (one,) = fold([*said, r.TransactionFinal(6, "sat", name, 12, 99)]).transactions.values()
    assert (one.state, one.block, one.proved_slot, one.final, one.final_slot) == ("settled", 12, 14, 6, 99)


@pytest.mark.parametrize("wei", ["", "-1", "1.5", "x", "9" * 79, "\u0665"])
def test_an_amount_that_no_chain_has_is_refused(wei: str) -> None:
    why = Why(True, "a", "b")
    for entry in (
        r.WorkStep(1, "n", "j", "e", "paid", "w", why, wei),
        r.PurseStep(1, "n", "p", 0, "vetoed", "t", wei, why),
    ):
        with pytest.raises(DataError):
            fold([entry])
