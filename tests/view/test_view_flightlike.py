"""How the real drivers speak: fibre that never closes, results that say no, orders refused before they have a hash."""

from __future__ import annotations

from synthetic import START, described

from orbitalcloud.core import records as r
from orbitalcloud.core.time import DAY, HOUR, MINUTE, SECOND
from orbitalcloud.core.why import Why
from orbitalcloud.view.flight import Flight, passes
from orbitalcloud.view.fold import fold
from orbitalcloud.view.tables import table
from orbitalcloud.view.verdict import verdict

OK = Why(True, "signature", "signed")


def flown(*told: r.Entry) -> Flight:
    stations = [r.StationDescribed(START, name, 0, 0, 5_000, "NO") for name in ("a", "b")]
    begin = r.FlightStarted(START, "", "m", "sha256:0", 1, START + DAY, "test", 30)
    return fold([begin, described("s"), *stations, *told, r.FlightEnded(START + DAY, "", 0)])


def submitted(job: str = "j") -> r.JobSubmitted:
    return r.JobSubmitted(START, "a", job, "mask", "sha256:0", "s", 1, START + 2 * DAY, True)


def finished(job: str = "j") -> r.JobFinished:
    return r.JobFinished(START + MINUTE, "s", job, "sha256:1", 1, 1, 0, SECOND, 1_500, True, False)


def down(why: Why, job: str = "j") -> r.ResultDelivered:
    return r.ResultDelivered(START + HOUR, "a", job, "s", "", 0, 1_000, why)


def test_fibre_ends_with_the_flight_and_is_no_pass() -> None:
    open_end = START + 2 * DAY
    flight = flown(
        r.ContactOpened(START, "a", "b", "fibre", 10**9, open_end, 0),
        r.ContactOpened(START, "s", "a", "x", 10**6, START + MINUTE, 45_000),
        r.ContactClosed(START + MINUTE, "s", "a", 3, 999),
    )
    assert [contact.duration_s for contact in flight.contacts] == [86_400.0, 60.0]
    assert [(one.node, one.peer, one.down_bytes) for one in passes(flight)] == [("s", "a", 999)]
    (row, _) = table(flight, "stations").rows
    assert (row["contacts"], row["contact_s"], row["received_bytes"]) == (1, 60.0, 999)


def test_people_wait_from_the_submission_on() -> None:
    job = flown(submitted(), finished(), down(OK)).jobs["j"]
    assert (job.state, job.delay_s) == ("delivered", 3_600.0)


def test_a_result_that_says_no_is_no_result() -> None:
    no = Why(False, "reserve", "too low")
    refused = flown(submitted(), r.JobRefused(START + SECOND, "s", "j", no), down(no))
    assert refused.jobs["j"].state == "refused"
    failed = flown(submitted(), r.JobFailed(START + SECOND, "s", "j", "trap"), down(Why(False, "trap", "x")))
    assert failed.jobs["j"].state == "failed"
    for flight in (refused, failed):
        assert verdict(flight).tally.delivered == 0


def test_a_result_whose_receipt_does_not_verify_is_rejected() -> None:
    flight = flown(submitted(), finished(), down(Why(False, "signature", "another key")))
    assert flight.jobs["j"].state == "rejected"
    assert not verdict(flight).closes
    assert [margin.name for margin in verdict(flight).broken] == ["results rejected"]


def test_orders_refused_before_they_have_a_hash_are_kept_apart() -> None:
    no = Why(False, "policy", "too much")
    flight = flown(r.TransactionRefused(START, "s", "", no), r.TransactionRefused(START + 1, "s", "", no))
    assert [row["state"] for row in table(flight, "transactions").rows] == ["refused", "refused"]


def test_the_first_word_about_a_settlement_counts() -> None:
    signed = r.TransactionSigned(START, "s", "0x1", "0xa", "0xb", "5", 0, 1)
    first = r.TransactionSettled(START + MINUTE, "a", "0x1", 1, 3, 21_000, "evm")
    later = r.TransactionSettled(START + HOUR, "s", "0x1", 1, 3, 21_000, "as told by a")
    transaction = flown(signed, first, later).transactions["0x1"]
    assert (transaction.settled, transaction.chain, transaction.node) == (START + MINUTE, "evm", "s")


def test_parts_of_parts_are_delivered_with_the_whole() -> None:
    room = Why(True, "room", "")
    flight = flown(
        r.BundleCreated(START, "s", "b", "dtn://a/results", 10, "result of j"),
        r.BundleFragmented(START, "s", "b", ("b#0", "b#5"), room),
        r.BundleFragmented(START, "s", "b#5", ("b#5", "b#7"), room),
        r.BundleDelivered(START + MINUTE, "a", "b", "dtn://s/", 10, 60_000),
    )
    assert {bundle.state for bundle in flight.bundles.values()} == {"delivered"}
    assert verdict(flight).tally.bundles == 1


def test_an_update_labelled_tampered_that_was_believed_breaks_the_flight() -> None:
    believed = r.HeadAdvanced(START, "s", "tampered update", 1, 5, 5, "0x", 512, False, 1, 1)
    (broken,) = verdict(flown(believed)).broken
    assert broken.name == "tampered updates let through"


LYING = r.FaultInjected(START, "a", "lying-station", "status")
SIGNED = r.TransactionSigned(START, "s", "0x1", "0xa", "0xb", "5", 0, 1, 99)


def test_what_is_proved_on_board_stands_over_what_a_station_said() -> None:
    told = r.TransactionSettled(START + MINUTE, "a", "0x1", 1, 3, 21_000, "evm")
    proved = r.TransactionSettled(START + HOUR, "s", "0x1", 0, 4, 22_000, "devnet, proved", 120)
    flight = flown(LYING, SIGNED, told, proved)
    found = flight.transactions["0x1"]
    assert (found.state, found.block, found.gas_used, found.settled) == ("reverted", 4, 22_000, START + MINUTE)
    assert (found.signed_slot, found.proved, found.proved_slot) == (99, START + HOUR, 120)
    assert verdict(flight).broken == ()


def test_a_lie_about_a_payment_that_was_believed_breaks_the_flight() -> None:
    believed = r.TransactionSettled(START + HOUR, "s", "0x1", 0, 4, 22_000, "as told by a")
    (broken,) = verdict(flown(LYING, SIGNED, believed)).broken
    assert broken.name == "lies about payments believed"


def test_a_refused_proof_is_no_answer_to_a_tampered_update() -> None:
    tampered = r.FaultInjected(START, "s", "tampered-update", "a bit")
    proof = r.UpdateRefused(START + MINUTE, "s", "settlement of 0x1… from a", "proof-hash", "", "devnet")
    names = [margin.name for margin in verdict(flown(tampered, proof, r.FlightEnded(START + HOUR, "", 4))).broken]
    assert names == ["tampered updates let through"]


def test_two_chains_are_followed_each_by_itself() -> None:
    """A development chain's slots are small: no head of mainnet went back."""
    mainnet = r.HeadAdvanced(START, "s", "u", 1, 900, 901, "0x", 512, False, 1, 1)
    own = r.HeadAdvanced(START + MINUTE, "s", "head from a", 0, 5, 6, "0x", 32, False, 2_000, 12, "devnet", 600_000)
    flight = flown(mainnet, own)
    assert verdict(flight).broken == ()
    assert [row["network"] for row in table(flight, "heads").rows] == ["mainnet", "devnet"]
    assert [row["energy_j"] for row in table(flight, "heads").rows] == [0.0, 0.6]
