"""`orbital net routes`: what HDTN and ION find in their own plans, with times, volumes and reasons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orbitalcloud.cli.run import run

DATA = Path(__file__).parents[1] / "data" / "network"
TUTORIAL = str(DATA / "cgrTutorial.json")


def asked(capsys, code, *words):  # type: ignore[no-untyped-def]
    assert run(["net", "routes", *words]) == code
    return capsys.readouterr()


def test_the_routes_of_hdtns_tutorial(capsys):
    """TestYen.cpp: seven routes of a byte (its own has none) with these delivery times, in seconds."""
    words = ("ipn:1", "ipn:5", "--plan", TUTORIAL, "--alternatives", "9", "--size", "0", "--json")
    found = json.loads(asked(capsys, 0, *words).out)
    assert [int(route["delay_s"]) for route in found["routes"]] == [3, 4, 11, 31, 31, 51, 51]
    best = found["routes"][0]
    assert [contact["to"] for contact in best["contacts"]] == ["ipn:3", "ipn:4", "ipn:5"]
    assert "next best via ipn:2" in best["why"]["text"]
    assert best["delay_s"] == pytest.approx(3 * (1 + 125 / 186_282), abs=1e-6)  # with SABR's margin
    volume = min((60 - 0) * 125_000, round((30 - 1.000671) * 125_000), round((10 - 2.001342) * 125_000))
    assert best["volume_bytes"] == pytest.approx(volume, abs=1)


def test_in_a_table_and_with_few_hops(capsys):
    said = asked(capsys, 0, "ipn:1", "ipn:5", "--plan", TUTORIAL, "--hops", "1", "--at", "2000-01-01T00:00:02Z")
    assert "ipn:1 → ipn:5: of all ways the first to be there, at 2000-01-01T00:00:11Z" in said.out
    assert "ipn:3" not in said.out


def test_without_a_route_it_says_why(capsys):
    said = asked(capsys, 1, "ipn:1", "ipn:5", "--plan", TUTORIAL, "--at", "30d", "--now")
    assert "no path from ipn:1 to ipn:5 is open now" in said.err
    said = asked(capsys, 1, "ipn:1", "ipn:5", "--plan", TUTORIAL, "--at", "30d", "--json")
    assert json.loads(said.out)["why"]["rule"] == "route"
    said = asked(capsys, 1, "ipn:1", "ipn:4", "--plan", TUTORIAL, "--hops", "1")
    assert "the earliest route has 2 hops, it may take 1 more" in said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("ipn:1", "ipn:9", "--plan", TUTORIAL), "say one of: ipn:1"),
        (("ipn:1", "ipn:1", "--plan", TUTORIAL), "give two nodes"),
        (("ipn:1", "--plan", TUTORIAL), "give MISSION FROM TO"),
        (("ipn:1", "ipn:2"), "give MISSION FROM TO"),
        (("ipn:1", "ipn:2", "--plan", "/nowhere"), "No such file"),
        (("ipn:1", "ipn:5", "--plan", TUTORIAL, "--at", "soon"), "write a number and s, m, h or d"),
        (("ipn:1", "ipn:5", "--plan", str(DATA / "README.md")), "a plan with contacts"),
    ],
)
def test_what_cannot_be_asked_is_said(capsys, words, says):
    assert says in asked(capsys, 2, *words).err


def test_of_a_mission(capsys):
    words = ("genesis-1", "genesis-1", "svalbard", "--size", "100000", "--json")
    found = json.loads(asked(capsys, 0, *words).out)
    assert [route["hops"] for route in found["routes"]] == [1, 2, 3]
    assert found["routes"][0]["arrives"] == "2026-03-20T12:18:38Z"
