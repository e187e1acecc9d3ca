"""Tables say the same as text, JSON and CSV; details tell one thing's story; the progress line follows along."""

from __future__ import annotations

import csv
import io
import json

import pytest
from rich.console import Console
from synthetic import HOSTILE, START, entries

from orbitalcloud.core import records as r
from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import MINUTE, SECOND
from orbitalcloud.core.why import Why
from orbitalcloud.view.detail import detail, detail_json, render_detail
from orbitalcloud.view.flight import Flight
from orbitalcloud.view.fold import fold
from orbitalcloud.view.printing import render, to_csv, to_json
from orbitalcloud.view.progress import Progress, progress_line
from orbitalcloud.view.tables import KINDS, table
from orbitalcloud.view.words import duration, ether, scaled, short


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "messages"])  # the made-up day has none
def test_json_and_csv_hold_the_same_rows(flight: Flight, kind: str) -> None:
    shown = table(flight, kind)
    rows = json.loads(to_json(shown))
    lines = list(csv.DictReader(io.StringIO(to_csv(shown))))
    assert len(rows) == len(lines) == len(shown.rows) > 0
    for row, line in zip(rows, lines, strict=True):
        assert line == {key: "" if value is None else str(value) for key, value in row.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_has_its_key_in_every_row(flight: Flight, kind: str) -> None:
    shown = table(flight, kind)
    for column in shown.columns:
        assert all(column.name in row for row in shown.rows), column.name
    empty = table(fold([]), kind)
    assert empty.rows == ()
    assert to_csv(empty).startswith(shown.columns[0].name)


@pytest.mark.parametrize("kind", KINDS)
def test_text_fits_a_terminal_and_hides_nothing_hostile(flight: Flight, kind: str) -> None:
    console = Console(width=200, file=io.StringIO(), record=True)
    render(table(flight, kind), console)
    out = console.export_text()
    assert len(out.splitlines()) > len(table(flight, kind).rows)
    assert "\x1b" not in out


def test_control_characters_of_the_log_do_not_reach_a_terminal() -> None:
    told = fold([r.FaultInjected(START, "s\x1b[2J", "reboot", "a\x07b [bold red]c[/]")])
    console = Console(width=120, file=io.StringIO(), record=True)
    render(table(told, "faults"), console)
    out = console.export_text()
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[bold red]c[/]" in out


def test_an_unknown_kind_names_the_known_ones(flight: Flight) -> None:
    with pytest.raises(DataError, match="satellites, orbits, stations"):
        table(flight, "rockets")


def test_a_job_tells_its_story(flight: Flight) -> None:
    told = detail(flight, "jobs", "wasm-forest-005")
    events = [row["event"] for row in told.story.rows]
    assert events[0] == "submitted"
    assert events[-1] == "refused"
    assert "bundle delivered" in events
    assert HOSTILE in json.loads(detail_json(told))["why"]
    console = Console(width=100, file=io.StringIO(), record=True)
    render_detail(told, console)
    assert "licence" in console.export_text()


def test_a_bundle_tells_its_journey(flight: Flight) -> None:
    told = detail(flight, "bundles", "in-cloud-mask-000")
    assert [row["event"] for row in told.story.rows] == ["created", "waits", "sent", "received", "delivered"]


def test_names_may_be_cut_short_but_not_ambiguous(flight: Flight) -> None:
    digest = next(iter(flight.receipts))
    assert detail(flight, "receipts", digest.removeprefix("sha256:")[:10]).name == digest
    with pytest.raises(DataError, match="say which"):
        detail(flight, "jobs", "cloud-")
    with pytest.raises(DataError, match="this flight has genesis-1"):
        detail(flight, "satellites", "nobody")


def test_progress_follows_the_log() -> None:
    progress = Progress()
    job = r.JobStarted(START, "genesis-1", "j", "orin", 1, False, Why(True, "plan", ""))
    for entry in entries():
        progress.update(entry)
    assert progress.fraction == 1.0
    assert "23 of 28 results" in progress.line()
    assert "charge" in progress_line(progress)
    progress.update(job)
    assert "job j" in progress.line()
    assert "next pass troll in 21 min" in progress.line((progress.now + 21 * MINUTE, "troll"))
    assert Progress().line() == "00:00 UTC · 0 of 0 results"


def test_progress_says_the_contact_it_is_in() -> None:
    progress = Progress()
    for entry in entries(seconds=600):
        progress.update(entry)
    progress.update(r.ContactOpened(progress.now, "genesis-1", "troll", "x", 1, progress.now + 90 * SECOND, 1))
    assert "over troll for 90 s" in progress.line()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (duration(0.0405), "40.5 ms"),
        (duration(90), "90 s"),
        (duration(5_700), "95 min"),
        (duration(10_000), "2 h 47 min"),
        (duration(-300), "−5 min"),
        (scaled(999.6, "J"), "1 kJ"),
        (scaled(41.25, "J"), "41.2 J"),
        (scaled(156_000_000, "B"), "156 MB"),
        (scaled(0, "B"), "0 B"),
        (ether(1_500_000_000_000_000), "0.0015 ETH"),
        (ether(10**9), "1 gwei"),
        (ether(7), "7 wei"),
        (short("sha256:" + "ab" * 32), "sha256:abababab…abab"),
        (short("cloud-mask-000"), "cloud-mask-000"),
    ],
)
def test_words(said: str, meant: str) -> None:
    assert said == meant
