"""Bundles of a flight are signed by their sources: a relay that alters them is caught, and what is good goes on."""

from __future__ import annotations

import pytest

from orbitalcloud.core import records
from orbitalcloud.mission import load
from orbitalcloud.twin import Flight, Folder
from orbitalcloud.view.detail import bundle_story
from orbitalcloud.view.fold import fold
from small_missions import SMALL

JOB = """
[[job]]
name = "protein"
artefact = "workload:protein-fitness"
at_h = [0.05, 0.1]
submit_at = "LAND"
deadline_min = 240
"""
BASE = (
    SMALL[: SMALL.index("[[link]]")].replace("days = 0.3", "days = 0.2")
    + """
[[link]]
between = ["sat", "inuvik"]
radio = "s-band-duplex"

[[link]]
between = ["station", "station"]
radio = "fibre"
"""
    + JOB.replace("LAND", "svalbard")
)
"""Svalbard reaches the satellite only through Inuvik, which is the relay."""

LYING = '\n[[fault]]\nkind = "tampered-bundle"\nat_h = 0\ntarget = "inuvik"\nduration_min = DURATION\n'


def flown(text, folder, cut=False):
    """The entries of a flight, taken up again from a checkpoint in its middle where `cut`; without notices."""
    text = text.replace("[[satellite]]", "[notices]\nenabled = false\n\n[[satellite]]", 1)
    place = Folder.create(folder)
    mission = folder.with_suffix(".toml")
    mission.write_text(text)
    with Flight.begin(load(str(mission)), place, 7) as flight:
        while flight.due() is not None:
            flight.step()
            if cut and flight.carrier.events == 200:
                break
        if cut:
            flight.stop()
        else:
            flight.finish()
    if cut:
        with Flight.resume(place) as flight:
            while flight.due() is not None:
                flight.step()
            flight.finish()
    return list(place.entries())


def of(entries, kind):
    return [entry for entry in entries if isinstance(entry, kind)]


def head(text):
    return text.replace("[[satellite]]", "[network]\nNETWORK\n\n[[satellite]]", 1)


def test_what_arrives_is_signed_by_its_source(tmp_path):
    entries = flown(BASE, tmp_path / "f")
    arrived = of(entries, records.BundleDelivered)
    assert len(arrived) == 4, "two jobs up, two results down"
    assert {entry.security for entry in arrived} == {"signed by dtn://svalbard/", "signed by dtn://sat/"}
    assert {entry.reason for entry in of(entries, records.BundleDropped)} <= {0}


def test_a_relay_that_alters_bundles_is_caught_and_nothing_false_is_delivered(tmp_path):
    entries = flown(BASE + LYING.replace("DURATION", "280"), tmp_path / "f")
    refused = of(entries, records.BundleRefused)
    assert {(entry.peer, entry.why.rule, entry.reason) for entry in refused} == {("inuvik", "security-failed", 15)}
    assert of(entries, records.BundleDelivered) == []
    bundle = fold(entries).bundles[refused[0].bundle]
    assert any("security-failed" in str(line["text"]) for line in bundle_story(bundle))


def test_unsigned_nothing_is_noticed(tmp_path):
    """The control: the same lie without signatures goes through, or breaks what reads it."""
    text = head(BASE).replace("NETWORK", 'security = "none"') + LYING.replace("DURATION", "280")
    entries = flown(text, tmp_path / "f")
    assert of(entries, records.BundleRefused) == []
    assert [entry.security for entry in of(entries, records.BundleDelivered)][:1] == [""]


@pytest.mark.parametrize("cut", [False, True])
def test_sealed_bundles_open_only_where_they_end_and_reports_come_home(tmp_path, cut):
    text = head(BASE).replace("NETWORK", 'security = "sealed"\nreports = ["received", "forwarded", "delivered"]')
    entries = flown(text, tmp_path / "f", cut)
    arrived = of(entries, records.BundleDelivered)
    assert len(arrived) == 4
    assert all("sealed by" in entry.security and "signed by" in entry.security for entry in arrived)
    told = of(entries, records.StatusReported)
    job = next(entry for entry in arrived if entry.node == "sat").bundle
    said = {(entry.reporter, entry.status) for entry in told if entry.bundle == job}
    assert said >= {("dtn://inuvik/", "received"), ("dtn://inuvik/", "forwarded"), ("dtn://sat/", "delivered")}
    assert all(entry.time_ms > 0 for entry in told)
