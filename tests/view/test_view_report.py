"""The page: one file, nothing loaded, nothing of the Log taken for markup, well-formed, small."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import numpy as np
import pytest
from cases_view import CASES
from synthetic import HOSTILE, START, described, entries, fleet, telemetry

from orbitalcloud.core import records as r
from orbitalcloud.core.why import Why
from orbitalcloud.view.flight import Flight
from orbitalcloud.view.fold import fold
from orbitalcloud.view.map import HIGH, WIDE, coastline, project, track
from orbitalcloud.view.polar import polar_maps, project_cap
from orbitalcloud.view.report import report_html
from orbitalcloud.view.svg import thin, time_ticks
from orbitalcloud.view.verdict import verdict

DIGEST = "sha256:" + "4f" * 32
VOID = {"meta", "input", "br"}


@pytest.fixture(scope="module")
def html(flight: Flight) -> str:
    return report_html(flight, DIGEST, "orbital fly genesis-1 --seed 7")


class Reader(HTMLParser):
    """Checks nesting, and gathers text, attributes and ids."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"script", "style"}:
            self.text.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def test_it_loads_nothing(html: str) -> None:
    for load in (
        r"https?://",
        r"\bsrc\s*=",
        r"url\(",
        r"@import",
        r"<link",
        r"<iframe",
        r"<object",
        r"<img",
        "fetch\\(",
    ):
        assert not re.search(load, html), load
    assert "default-src 'none'" in html


def test_it_is_well_formed_and_its_anchors_exist(html: str) -> None:
    reader = read(html)
    assert len(reader.ids) == len(set(reader.ids))
    links = [value[1:] for name, value in reader.attributes if name == "href"]
    assert set(links) <= set(reader.ids)
    assert len(links) == 14 + 4  # sections; the worst orbits lead to their charts and back


def test_it_says_what_the_issue_asks_for(flight: Flight, html: str) -> None:
    text = " ".join(read(html).text)
    for needed in (
        "Margins",
        "Orbit",
        "Power",
        "Heat",
        "Contacts",
        "Work",
        "Refusals",
        "Network",
        "Receipts",
        "Ethereum",
    ):
        assert needed in text
    assert verdict(flight).sentence in text
    assert DIGEST in text
    assert "orbital fly genesis-1 --seed 7" in text
    assert flight.satellites["genesis-1"].wallet in text
    assert flight.heads[-1].finalized_root in text
    for job in flight.jobs.values():
        for said in (*job.refused, *job.deferred):
            assert said.why.text in text
    for receipt in flight.receipts.values():
        assert receipt.digest in text


def test_the_same_log_gives_the_same_page(html: str) -> None:
    assert report_html(fold(entries()), DIGEST, "orbital fly genesis-1 --seed 7") == html


def test_nothing_of_the_log_becomes_markup() -> None:
    evil = f'"><img src=x onerror=alert(1)>{HOSTILE}</script></style>&amp;'
    why = Why(False, evil, evil, 1, 2, evil)

    def spoil(entry: r.Entry) -> r.Entry:
        """Every text of the entry that people may choose, made hostile."""
        changes: dict[str, object] = {}
        for field in msgspec.structs.fields(type(entry)):
            value = getattr(entry, field.name)
            if isinstance(value, Why):
                changes[field.name] = why
            elif isinstance(value, str) and field.name not in {"value_wei", "phase"}:
                changes[field.name] = evil + value
            elif field.name == "thermal_nodes":
                changes[field.name] = tuple(evil + name for name in value)
        return msgspec.structs.replace(entry, **changes)

    html = report_html(fold(spoil(entry) for entry in entries(seconds=43_200)), evil, evil)
    reader = read(html)
    assert "img" not in reader.tags
    assert reader.tags.count("script") == 2
    assert not any(name.startswith("on") for name, _ in reader.attributes)
    packed = re.search(r'<script type="application/json" id="positions">(.*?)</script>', html)
    assert packed
    assert json.loads(packed[1])["s_x_y"]


@pytest.mark.parametrize("length", [0, 1, 2, 40, 1_000])
def test_any_beginning_of_a_log_makes_a_page(length: int) -> None:
    read(report_html(fold(entries()[:length]), "", ""))


def test_satellites_that_say_nothing_make_a_page() -> None:
    read(report_html(fold([described("s")]), "", ""))
    read(report_html(fold([described(f"s{index}") for index in range(9)]), "", ""))
    read(report_html(fold(list(telemetry("s", 600, 30))), "", ""))
    lonely = [r.ReceiptSigned(START, "s", "j", "sha256:1", "not json"), r.JobFailed(START, "s", "j", "trap")]
    read(report_html(fold(lonely), "", ""))


def test_sizes(html: str) -> None:
    assert len(html.encode()) < 2e6
    many = report_html(fold(fleet(100, step=120)), DIGEST, "orbital fly fleet")
    read(many)
    assert len(many.encode()) < 6e6


# The drawing --------------------------------------------------------------------------------------------------------


def test_thinning_keeps_the_peaks() -> None:
    at = np.arange(100_000, dtype=np.int64)
    values = np.sin(at / 300.0)
    values[54_321] = 9.0
    few_at, few = thin(at, values)
    assert len(few) < 900
    assert few.max() == 9.0
    assert few.min() == values.min()
    assert (np.diff(few_at) > 0).all()
    assert (few_at[0], few_at[-1]) == (0, 99_999)


def test_time_ticks_are_round_and_few() -> None:
    for minutes in (1, 7, 95, 1_440, 14_400, 525_600):
        ticks = time_ticks(START, START + minutes * 60 * 10**9)
        assert len(ticks) <= 10
        assert all(tick % (60 * 10**9) == 0 for tick in ticks)


def test_the_projection_is_natural_earth() -> None:
    # Height to width is 0.52 (Šavrič et al. 2011); poles are lines, shorter than the equator.
    x, y = project(np.array([-180.0, 180.0, 180.0, 0.0, 0.0]), np.array([0.0, 0.0, 90.0, 90.0, 0.0]))
    assert np.allclose(x[:2], [0, WIDE])
    assert pytest.approx(0.52, abs=0.001) == HIGH / WIDE
    assert WIDE / 2 < x[2] < WIDE
    assert y[3] == pytest.approx(0, abs=1e-9)
    assert y[4] == pytest.approx(HIGH / 2, abs=1e-9)


def test_a_track_is_cut_at_the_edge_of_the_map() -> None:
    path = track(np.array([170.0, 178.0, -176.0, -168.0]), np.array([0.0, 4.0, 7.0, 11.0]))
    first, second = path.split("M")[1:]
    start = [int(number) for number in re.findall(r"-?\d+", second)][:2]
    edge, _ = project(np.array([-180.0]), np.array([5.0]))
    assert start[0] == pytest.approx(edge[0], abs=1)
    assert "l" in first
    assert "l" in second


def test_the_caps_are_seen_from_above_each_pole() -> None:
    # Snyder (1987), eq. 25-1 to 25-3: radius grows with the distance from the pole; 90° E is right of Greenwich.
    for side in (1, -1):
        x, y = project_cap(np.array([0.0, 90.0, 123.0]), side * np.array([70.0, 70.0, 90.0]), side)
        assert np.allclose(x, [0, 500, 0], atol=1e-9)
        assert np.allclose(y, [side * 500, 0, 0], atol=1e-9)


def test_low_orbits_get_no_polar_maps() -> None:
    low = [
        msgspec.structs.replace(entry, latitude_udeg=entry.latitude_udeg // 2) for entry in telemetry("s", 6_000, 30)
    ]
    flight = fold(low)
    assert polar_maps(flight, list(flight.satellites.values())) == ""


def test_the_coastline_stays_on_the_map() -> None:
    assert all(np.abs(ring[:, 0]).max() <= 180 and np.abs(ring[:, 1]).max() <= 90 for ring in coastline())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_validation_case(case: dict[str, Any]) -> None:
    assert case["ours"]() == pytest.approx(case["theirs"], abs=case["tolerance"], rel=0)


def test_what_is_settled_on_chain_is_told_from_escrow_to_payment(flight):
    from orbitalcloud.view.sections_settlement import settlement_part

    shown = settlement_part(flight)
    assert "job-1: 5 wei locked in escrow in block 7" in shown
    assert "genesis-1 proved its 5 wei" in shown
    assert "under slot 900" in shown
    assert "Proposal 3, 70 wei" in shown
    assert "veto signed in orbit" in shown
    assert "not on the allow-list" in shown
