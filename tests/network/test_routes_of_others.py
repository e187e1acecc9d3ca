"""The routes of HDTN, ION, pydtnsim and A-SABR are ours, hop by hop, or one of ours is there as early.

HDTN's first hops in its larger plans are those of a tie (everybody is two hops away at 2 s): ours takes the smaller
name. A-SABR's three labellings are ties too: its contact and hybrid parenting prefer fewer hops, as ours does; its node
parenting does not. Earliest arrivals of these cases are rows of cases_network.py.
"""

from __future__ import annotations

import gzip
import json

import pytest

from network import cases_network
from orbitalcloud.core import SECOND, Contact, Instant
from orbitalcloud.network import ContactPlan, route
from orbitalcloud.network.alternatives import alternatives, anchored
from orbitalcloud.network.contact_tree import contact_tree, table_of_plan
from orbitalcloud.network.plan_files import read_plan
from orbitalcloud.network.routing import Terms

DATA = cases_network.DATA
START = Instant(0)


def plan_of(name: str) -> ContactPlan:
    place = DATA / name
    text = gzip.decompress(place.read_bytes()).decode() if name.endswith("gz") else place.read_text()
    return ContactPlan(read_plan(text, START, str))


@pytest.mark.parametrize(
    ("name", "contacts", "theirs"),
    [
        ("10nodes.json", 362, ("3686",)),
        ("50nodes.json.gz", None, ("3545", "3513")),
        ("100nodes.json.gz", None, ("2374", "1215")),
    ],
)
def test_first_hops_of_hdtn(name, contacts, theirs):
    """TestDijkstra.cpp, `dijkstra` and `cmr_dijkstra`."""
    plan = plan_of(name)
    assert contacts is None or len(plan) == contacts
    ours = route(plan, "20", "40", START, 0)
    assert ours.first_hop in theirs
    for hop in theirs:
        others = {c for c in plan.contacts if c.sender == "20" and c.receiver != hop}
        assert route(plan, "20", "40", START, 0, Terms(others)).arrival == ours.arrival
    table = table_of_plan(plan)
    tree = contact_tree(table, table.names.index("20"), START, 0)
    assert tree.route_to("40").arrival == ours.arrival


def test_yens_routes_of_hdtn():
    """TestYen.cpp: seven routes, their first hops and their delivery times."""
    found = alternatives(plan_of("cgrTutorial.json"), "1", "5", START, 0, 10)
    assert [one.arrival // SECOND for one in found] == [3, 4, 11, 31, 31, 51, 51]
    assert [one.first_hop for one in found[:3]] == ["3", "2", "5"]


ION = json.loads((DATA / "ion-4.1.3-cgrfetch.json").read_text())["cases"]


@pytest.mark.parametrize("case", ION, ids=lambda case: f"{case['plan']}-{case['to']}")
def test_routes_of_ion(case):
    """Every route that ION proposes is one of Yen's, over the same nodes and as early but for ION's whole seconds."""
    plan = cases_network.ion_plan(case)
    now = Instant(case["computed_at"] * SECOND)
    ours = alternatives(plan, str(case["from"]), str(case["to"]), now, case["payload"], 20)
    for theirs in case["routes"]:
        hops = [str(hop[1]) for hop in theirs["hops"]]
        same = [one.arrival / SECOND for one in ours if [c.receiver for c in one.contacts] == hops]
        assert min(same) <= theirs["arrival_s"] + 1.01
    assert bool(ours) == bool(case["routes"])
    if ours:
        assert [str(hop[1]) for hop in case["routes"][0]["hops"]] == [c.receiver for c in ours[0].contacts]


PYDTNSIM = json.loads((DATA / "pydtnsim-0.1.1.json").read_text())["cases"]


@pytest.mark.parametrize("case", PYDTNSIM, ids=lambda case: f"{case['algorithm'][-6:]}-{case['plan']}-{case['to']}")
def test_routes_of_pydtnsim(case):
    """`cgr_anchor`: the same list. `cgr_basic`: each of its routes is one of Yen's, which has more."""
    plan = ContactPlan(
        Contact(f"node{x}", f"node{y}", *(Instant(at * SECOND) for at in span), case["data_rate"], "x", light)
        for a, b, *span in case["contacts"]
        for x, y in ((a, b), (b, a))
        for light in [case["delay"] * SECOND]
    )
    ends = f"node{case['from']}", f"node{case['to']}"
    listed = [[(hop[1], hop[2]) for hop in one["hops"]] for one in case["routes"]]
    search = anchored if case["algorithm"].endswith("anchor") else alternatives
    found = search(plan, *ends, START, 0, 20)
    ours = [[(c.receiver, c.opens // SECOND) for c in one.contacts] for one in found]
    if search is anchored:
        assert ours == listed
    assert all(one in ours for one in listed)
    assert ours[:1] == listed[:1]


@pytest.mark.parametrize(
    ("name", "to", "arrival_s", "hops"),
    [("dijkstra_accuracy_contact_plan_1.cp", 3, 30, "23"), ("dijkstra_accuracy_contact_plan_2.cp", 4, 50, "1234")],
)
def test_routes_of_a_sabr(name, to, arrival_s, hops):
    """Its contact parenting, hop by hop. The second's hybrid parenting has three hops at the same time; so has Yen."""
    plan = cases_network.asabr_plan(name)
    found = alternatives(plan, "0", str(to), START, 0, 9)
    assert {one.arrival // SECOND for one in found} == {arrival_s}
    ways = ["".join(c.receiver for c in one.contacts) for one in found]
    assert hops in ways
    assert min(map(len, ways)) == (2 if to == 3 else 3)
