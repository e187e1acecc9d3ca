"""`orbital flows` as text, JSON, CSV and a page: the same figures in each, and a word for what is wrong."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from orbitalcloud.cli.run import run
from orbitalcloud.mission import load
from orbitalcloud.study.connectivity import connectivity

MISSION = """
name = "small"
epoch = 2026-03-20T12:00:00Z
days = 0.02
[[satellite]]
name = "s"
bus = "microsat-150kg"
walker = { total = 264, planes = 12, phasing = 1, inclination_deg = 53, altitude_km = 1200 }
[connectivity]
topology = "+grid"
relays = true
step_s = 120
isl_mbps = 30
user_up_mbps = 20
user_down_mbps = 100
gateway_up_mbps = 50
gateway_down_mbps = 40
[[station]]
name = "hub"
latitude_deg = 45
longitude_deg = 5
mask_deg = 10
jurisdiction = "FR"
[[flow]]
name = "ocean"
source = "london"
destination = "new-york"
[[flow]]
source = "paris"
destination = "any-station"
demand_mbps = 5
"""
POLE = """
[[terminal]]
name = "pole"
latitude_deg = 89
longitude_deg = 0
[[flow]]
source = "pole"
destination = "hub"
"""


@pytest.fixture
def mission(tmp_path):
    place = tmp_path / "small.toml"
    place.write_text(MISSION)
    return str(place)


class Reader(HTMLParser):
    """Headings, figures, what is open, and what would be fetched."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.texts, self.fetched, self.paths = [], Counter(), [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen[tag] += 1
        given = dict(attrs)
        self.fetched += [given[key] for key in ("src", "href") if given.get(key, "#")[0] != "#"]
        self.paths += [given["d"]] if tag == "path" else []
        if tag not in {"meta", "link", "br", "img", "input"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in {"style", "script"}:
            self.texts.append(data)


def test_text_says_every_flow_and_topology(mission, capsys):
    assert run(["flows", mission]) == 0
    said = capsys.readouterr().out
    rows = [line for line in said.splitlines() if line.startswith("│")]
    assert len(rows) == 6
    for flow in ("ocean", "paris-any-station"):
        assert [row.split("│")[2].strip() for row in rows if flow in row] == ["+grid, relays", "none, relays", "none"]
    study = connectivity(load(mission))
    median = 1e3 * study.variants[0].flows[1].rtt_quantiles_s()[1]
    assert f"{median:.1f}" in next(row for row in rows if "paris" in row)
    assert "528 links between satellites" in said
    assert "Coverage above 25°" in said


def test_json_and_csv_have_the_same_figures(mission, capsys):
    assert run(["flows", mission, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert run(["flows", mission, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 3 * 2 * made["instants"] == 3 * 2 * 15
    for variant in made["variants"]:
        assert variant["links"]["mean"] == (528.0 if variant["topology"].startswith("+grid") else 0.0)
        for flow in variant["flows"]:
            mine = [row for row in rows if (row["topology"], row["flow"]) == (variant["topology"], flow["name"])]
            there = [float(row["rtt_ms"]) for row in mine if row["rtt_ms"]]
            assert flow["available"] == pytest.approx(len(there) / len(mine))
            assert flow["mean_mbps"] == pytest.approx(math.fsum(float(row["rate_mbps"]) for row in mine) / len(mine))
            assert dict(Counter(row["bound_by"] for row in mine if row["bound_by"])) == flow["bound_by"]
            firsts = [row["first"] for row in mine]
            both = [(a, b) for a, b in pairwise(firsts) if a and b]
            assert flow["handovers"] == sum(a != b for a, b in both)
            if there:
                assert flow["rtt_ms"]["least"] == pytest.approx(min(there), abs=1e-6)
                assert flow["rtt_ms"]["most"] == pytest.approx(max(there), abs=1e-6)
            else:
                assert set(flow["rtt_ms"].values()) == {None}
    assert len(made["coverage"]["at_least"]) == 181


def test_the_page_is_whole_and_fetches_nothing(mission, tmp_path, capsys):
    place = tmp_path / "page.html"
    assert run(["flows", mission, "--out", str(place)]) == 0
    assert str(place) in capsys.readouterr().err
    reader = Reader()
    reader.feed(place.read_text("utf-8"))
    assert reader.open == []
    assert reader.fetched == []
    assert reader.seen["section"] == 6
    assert reader.seen["figure"] >= 5  # two flows through the day and their distributions, coverage
    whole = "".join(reader.texts)
    for word in (
        "Paths",
        "Flows",
        "Round-trip time",
        "Distribution",
        "Throughput",
        "Coverage by latitude",
        "bound by demand",
    ):
        assert word in whole
    assert "ocean" in whole
    assert not re.search(r"\b(nan|inf|None)\b", whole)
    for path in reader.paths:
        assert re.fullmatch(r"[-MmLlHhVvzZ0-9. ]*", path)


def test_a_flow_that_never_connects_is_the_answer_no(mission, tmp_path, capsys):
    place = tmp_path / "pole.toml"
    place.write_text(MISSION + POLE)
    assert run(["flows", str(place), "--out", str(tmp_path / "page.html")]) == 1
    assert "pole-hub: no path at any instant" in capsys.readouterr().out
    assert "pole-hub: no path at any instant." in (tmp_path / "page.html").read_text("utf-8")


def test_what_is_wrong_is_said_in_a_line(mission, tmp_path, capsys):
    assert run(["flows", mission, "--json", "--csv"]) == 2
    assert "give one of them" in capsys.readouterr().err
    assert run(["flows", "genesis-1"]) == 2
    assert "no [connectivity]" in capsys.readouterr().err
    assert run(["flows", mission, "--out", str(tmp_path / "no" / "such" / "page.html")]) == 2
    assert "page.html" in capsys.readouterr().err
    place = tmp_path / "long.toml"
    place.write_text(MISSION.replace("days = 0.02", "days = 300").replace("step_s = 120", "step_s = 1"))
    assert run(["flows", str(place)]) == 2
    assert "longer step_s" in capsys.readouterr().err


def test_progress_is_told_from_nothing_to_all(mission):
    heard = []
    connectivity(load(mission), lambda share, what: heard.append((share, what)))
    shares = [share for share, _ in heard]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert {what for _, what in heard} >= {"flows, topology +grid, relays", "flows, topology none"}
