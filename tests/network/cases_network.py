"""Numeric validation cases of `network`: other people's routes and secured bundles."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orbitalcloud.core import SECOND, Contact, Instant
from orbitalcloud.network import ContactPlan, Keyring, Route, alternatives, decode, route
from orbitalcloud.network.security import examine
from orbitalcloud.network.security.keys import Use

DATA = Path(__file__).parents[1] / "data" / "network"


def _contact(sender: int, receiver: int, opens: int, closes: int, rate_bps: int, light_s: int) -> Contact:
    times = Instant(opens * SECOND), Instant(closes * SECOND)
    return Contact(str(sender), str(receiver), *times, rate_bps, "x", light_s * SECOND)


def ion_plan(case: dict[str, Any]) -> ContactPlan:
    """A plan of the ION file."""
    return ContactPlan(
        _contact(c["frm"], c["to"], c["start"], c["end"], c["rate_Bps"] * 8, c["owlt"]) for c in case["contacts"]
    )


def hdtn_plan(name: str) -> ContactPlan:
    """An HDTN contact-plan file."""
    contacts = json.loads((DATA / name).read_text())["contacts"]
    return ContactPlan(
        _contact(c["source"], c["dest"], c["startTime"], c["endTime"], c["rateBitsPerSec"], c["owlt"]) for c in contacts
    )


def asabr_plan(name: str) -> ContactPlan:
    """An A-SABR contact-plan file: `contact from to start end rate delay`."""
    lines = [line.split() for line in (DATA / name).read_text().splitlines()]
    return ContactPlan(_contact(*(int(part) for part in words[1:])) for words in lines if words[:1] == ["contact"])


def find(plan: ContactPlan, source: int, destination: int, now_s: int = 0, size_bytes: int = 0) -> Route | None:
    """A look-up in seconds and numbers."""
    return route(plan, str(source), str(destination), Instant(now_s * SECOND), size_bytes)


def arrival_s(found: Route | None) -> float:
    """The arrival in seconds, -1 without a route."""
    return -1.0 if found is None else found.arrival / SECOND


def _ion() -> Iterator[dict[str, Any]]:
    text = json.loads((DATA / "ion-4.1.3-cgrfetch.json").read_text())
    for case in text["cases"]:
        theirs = case["routes"][0]["arrival_s"] if case["routes"] else -1.0
        arguments = (ion_plan(case), case["from"], case["to"], case["computed_at"], case["payload"])
        yield {
            "case": f"earliest arrival, {case['plan']} {case['from']} to {case['to']}",
            "source": "ION 4.1.3 cgrfetch, run for this project",
            "quantity": "arrival",
            "unit": "s",
            "theirs": float(theirs),
            # ION's clock has whole seconds (`computed_at` is read one later or earlier) and no transmission time here.
            "tolerance": 1.01,
            "ours": lambda arguments=arguments: arrival_s(find(*arguments)),
            "note": "-1: no route",
        }


def _others() -> Iterator[dict[str, Any]]:
    rows = [
        ("dijkstra_accuracy_contact_plan_1.cp", asabr_plan, 0, 3, 30.0, "A-SABR @1277e36, node parenting"),
        ("dijkstra_accuracy_contact_plan_2.cp", asabr_plan, 0, 4, 50.0, "A-SABR @1277e36, node parenting"),
        ("cgrTutorial.json", hdtn_plan, 1, 5, 3.0, "HDTN @ad79ba0 TestYen.cpp, best delivery time; Fraire et al. 2021"),
    ]
    for name, read, source, destination, theirs, origin in rows:
        yield {
            "case": f"earliest arrival, {name}",
            "source": origin,
            "quantity": "arrival",
            "unit": "s",
            "theirs": theirs,
            "tolerance": 0.0,
            "ours": lambda n=name, r=read, s=source, d=destination: arrival_s(find(r(n), s, d)),
            "note": "bundle of 0 bytes",
        }


def _lists() -> Iterator[dict[str, Any]]:
    """Lists of routes: how many, and the last one's arrival."""
    plan = hdtn_plan("cgrTutorial.json")
    for quantity, unit, theirs, ours in (
        ("routes", "", 7.0, lambda found: float(len(found))),
        ("arrival of the last", "s", 51.0, lambda found: found[-1].arrival / SECOND),
    ):
        yield {
            "case": "Yen's routes, cgrTutorial.json",
            "source": "HDTN @ad79ba0 TestYen.cpp",
            "quantity": quantity,
            "unit": unit,
            "theirs": theirs,
            "tolerance": 0.0,
            "ours": lambda ours=ours: ours(alternatives(plan, "1", "5", Instant(0), 0, 10)),
            "note": "",
        }


def _good_operations(secured: list[tuple[str, Keyring]]) -> float:
    findings = [examine(decode(bytes.fromhex(text)), keys).findings for text, keys in secured]
    return float(sum(finding.status == "good" for found in findings for finding in found))


def rfc9173_keys(example: dict[str, Any]) -> Keyring:
    """The keys of an RFC 9173 example, for its security sources."""
    uses: list[tuple[Use, str]] = [("mac", "bib_key"), ("cipher", "bcb_key"), ("wrap", "kek")]
    nodes = ("ipn:2", "ipn:3")
    return Keyring({(u, n, b""): bytes.fromhex(example[k]) for u, k in uses if k in example for n in nodes})


def hdtn_keys(case: dict[str, Any]) -> Keyring:
    """HDTN's sample keys."""
    keys = (bytes.fromhex(case[name]) for name in ("bib_key", "bcb_key"))
    return Keyring(dict(zip([("mac", "ipn:1", b""), ("cipher", "ipn:1", b"")], keys, strict=True)))


def cose_keys() -> Keyring:
    """The keys of the COSE context's examples, A.2's public one too."""
    text = json.loads((DATA / "bpsec-cose-context.json").read_text())["keys"]
    entries: dict[tuple[Use, str, bytes], bytes] = {}
    uses: list[tuple[str, Use]] = [("A.1", "mac"), ("A.4", "cipher"), ("A.5", "wrap"), ("A.6", "derive")]
    for node, (name, use) in itertools.product(("src", "ipn:1"), uses):
        key, kid = text[f"Example{name}"], f"Example{name}".encode()
        entries[use, node, kid] = bytes.fromhex(key["-1"])
        if "5" in key:
            entries["iv", node, kid] = bytes.fromhex(key["5"])
    public = json.loads((DATA / "bpsec-cose-draft16-a2.json").read_text())
    entries["verify", "src", bytes.fromhex(public["kid"])] = b"\x04" + bytes.fromhex(public["x"] + public["y"])
    return Keyring(entries)


def _bpsec() -> Iterator[dict[str, Any]]:
    rfc = json.loads((DATA / "rfc9173-appendix-a.json").read_text())["examples"]
    hdtn = json.loads((DATA / "hdtn-live-bpsec.json").read_text())["cases"]
    cose = json.loads((DATA / "bpsec-cose-context.json").read_text())["bundles"]
    signed = json.loads((DATA / "bpsec-cose-draft16-a2.json").read_text())["hex"]
    examples = [(bundle["hex"], cose_keys()) for name, bundle in cose.items() if "WITH" in name]
    rows: list[tuple[str, str, float, list[tuple[str, Keyring]]]] = [
        ("examples A.1-A.4", "RFC 9173 appendix A", 8.0, [(e["final"], rfc9173_keys(e)) for e in rfc]),
        ("live bundles", "HDTN 1.3.1, run for this project", 5.0, [(c["bundle"], hdtn_keys(c)) for c in hdtn]),
        ("COSE MAC and cipher examples", "NASA-AMMOS/BSL @5fc1324, CCSDS interop", 9.0, examples),
        ("COSE_Sign1 example A.2", "draft-ietf-dtn-bpsec-cose-16", 1.0, [(signed, cose_keys())]),
    ]
    for case, origin, theirs, secured in rows:
        yield {
            "case": f"BPSec, {case}",
            "source": origin,
            "quantity": "good security operations",
            "unit": "",
            "theirs": theirs,
            "tolerance": 0.0,
            "ours": lambda secured=secured: _good_operations(secured),
            "note": "",
        }


CASES: list[dict[str, Any]] = [*_ion(), *_others(), *_lists(), *_bpsec()]
