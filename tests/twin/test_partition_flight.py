"""The packaged mission `partition`, flown: each fault acts through the twin and is found by the nodes' own code."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from orbitalcloud.core import MissionError, records
from orbitalcloud.mission import load, loads
from orbitalcloud.mission.peace import without_faults
from orbitalcloud.twin import Flight, Folder
from orbitalcloud.view.fold import fold
from orbitalcloud.view.network_checks import CHECKS, fate, messages
from orbitalcloud.view.network_story import longest_wait, phases, resilience_rows, told, way
from orbitalcloud.view.report import report_html
from orbitalcloud.view.verdict import verdict

TEXT = load("partition").text
HOUR = 3600 * 10**9


def fly(loaded, folder, stop_at=0):
    """A flight's folder; where `stop_at`, stopped after so many events and taken up again from its checkpoint."""
    place = Folder.create(folder)
    with Flight.begin(loaded, place, 11) as flight:
        while flight.due() is not None:
            flight.step()
            if stop_at and flight.carrier.events == stop_at:
                break
        if stop_at:
            flight.stop()
        else:
            flight.finish()
    if stop_at:
        with Flight.resume(place) as flight:
            while flight.due() is not None:
                flight.step()
            flight.finish()
    return place


@pytest.fixture(scope="module")
def flown(tmp_path_factory):
    place = fly(load("partition"), tmp_path_factory.mktemp("partition") / "f")
    entries = list(place.entries())
    return entries, fold(entries)


def test_the_day_ends_with_nothing_lost_doubled_or_unexplained(flown):
    _, flight = flown
    assert {name: list(check(flight)) for name, check in CHECKS} == {name: [] for name, _ in CHECKS}
    assert {fate(flight, one) for one in messages(flight)} == {"delivered"}
    assert verdict(flight).closes


def test_every_fault_bites_and_is_found(flown):
    entries, flight = flown
    faults = {fault.fault: fault for fault in flight.faults}
    assert len(faults) == 7

    def turned(subject, fault, rule):
        span = faults[fault]
        return any(
            one.subject == subject and not one.trusted and one.why.rule == rule and span.at <= one.at
            for one in flight.reliance
        )

    assert turned("sat-005", "satellite-lost", "silent")
    assert turned("punta-arenas", "station-outage", "unanswered")
    assert turned("svalbard", "jurisdiction-cut", "silent")
    assert turned("own plan", "stale-plan", "plan")
    assert turned("sat-008", "lying-contacts", "silent")
    robbed = Counter(entry.node for entry in entries if isinstance(entry, records.BundleSwallowed))
    assert set(robbed) <= {"sat-004", "sat-001"}
    assert robbed["sat-004"]
    again = [entry for entry in entries if isinstance(entry, records.BundleRepeated)]
    assert any("sat-004" in entry.avoid for entry in again)
    met = [one for one in flight.contacts if {one.node, one.peer} >= {"sat-008"} and one.peer in flight.stations]
    lie = faults["lying-contacts"]
    assert met
    assert not any(lie.at <= one.opened < lie.ends for one in met), "what was announced was not kept"


def test_what_is_gone_sends_nothing(flown):
    entries, flight = flown
    lost = next(fault for fault in flight.faults if fault.fault == "satellite-lost")
    sent = [entry.at for entry in entries if entry.node == "sat-005" and isinstance(entry, records.BundleSent)]
    assert not any(lost.at < at < lost.ends for at in sent)
    assert any(at > lost.ends for at in sent), "it came back"
    cut = next(fault for fault in flight.faults if fault.fault == "jurisdiction-cut")
    for one in entries:
        if isinstance(one, records.BundleReceived) and cut.at + 10**10 < one.at < cut.ends:
            assert {one.node, one.peer}.isdisjoint({"svalbard", "tromso"})


def test_the_report_tells_where_a_message_went_and_why_it_waited(flown):
    _, flight = flown
    page = report_html(flight, "sha256:0", "orbital fly partition", peace=flight)
    for words in ("Before, during and after each fault", "nothing is delivered twice", "why it took so long", "wire"):
        assert words in page
    slow = max(messages(flight), key=lambda one: one.delay_s)
    node, long_ns, why = longest_wait(slow)
    assert why, "a wait of hours has a reason"
    assert long_ns <= slow.delivered - slow.created
    assert node in told(flight, slow)
    path = way(slow)
    assert path[0] == slow.source
    assert path[-1] == slow.delivered_to


def test_the_rows_count_every_message_of_their_span(flown):
    _, flight = flown
    rows = resilience_rows(flight)
    assert len(rows) == 3 * len(flight.faults)
    for phase, row in zip(phases(flight), rows, strict=True):
        made = [one for one in messages(flight) if phase.begins <= one.created < phase.ends]
        assert row["made"] == len(made)
        worst = max((one.delay_s for one in made), default=None)
        assert row["worst_s"] == worst


# Smaller ------------------------------------------------------------------------------------------------------------

FAULTS = """
[[fault]]
kind = "stale-plan"
at_h = 0.2
target = "sat-002"
duration_min = 60
shift_min = 47
missing = 0.3

[[fault]]
kind = "jurisdiction-cut"
at_h = 0.3
target = "CL"
how = "forbidden"
duration_min = 90

[[fault]]
kind = "satellite-lost"
at_h = 0.5
target = "sat-005"
"""
SHORT = without_faults(TEXT).replace("days  = 1", "days  = 0.1").replace("end_h = 22\n", "")


def test_a_flight_with_faults_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    mission = tmp_path / "m.toml"
    mission.write_text(SHORT + FAULTS)
    whole = fly(load(str(mission)), tmp_path / "a").status().digest
    assert fly(load(str(mission)), tmp_path / "b", stop_at=900).status().digest == whole


def test_without_confirmation_the_checks_say_what_a_black_hole_took(tmp_path: Path) -> None:
    text = SHORT.replace("confirm = true", "confirm = false")
    for number in (2, 5, 8, 11):
        text += f'[[fault]]\nkind = "black-hole"\nat_h = 0\ntarget = "sat-{number:03d}"\nduration_min = 144\n'
    mission = tmp_path / "m.toml"
    mission.write_text(text)
    flight = fold(fly(load(str(mission)), tmp_path / "f").entries())
    found = {name: list(check(flight)) for name, check in CHECKS}
    assert found["nothing is lost"], "custody alone cannot know, and the check sees it"


def test_in_peace_nothing_is_injected_and_all_else_is_the_same():
    calm = loads(without_faults(TEXT).encode(), "partition.toml", ".").mission
    whole = load("partition").mission
    assert calm.fault == ()
    assert calm.message == whole.message
    assert calm.network == whole.network


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('kind = "jurisdiction-cut"\nat_h = 1\ntarget = "XX"\nduration_min = 5', "CL"),
        ('kind = "satellite-lost"\nat_h = 1\ntarget = "svalbard"', "sat-001"),
        ('kind = "selective-drop"\nat_h = 1\ntarget = "sat-001"\nduration_min = 5\nto = "nobody"', "choose"),
    ],
)
def test_a_fault_that_strikes_nobody_is_told_with_who_there_is(line, wanted):
    with pytest.raises(MissionError, match=wanted):
        loads(f"{SHORT}\n[[fault]]\n{line}\n".encode(), "m.toml", ".")


def test_a_message_to_oneself_is_refused():
    text = SHORT.replace('to = "punta-arenas"', 'to = "svalbard"', 1)
    with pytest.raises(MissionError, match="svalbard"):
        loads(text.encode(), "m.toml", ".")
