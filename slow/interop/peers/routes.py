"""pydtnsim's contact-graph routing, asked a line at a time. Runs in the peers' environment, never in ours.

`{"ask": "routes", "contacts": [[from, to, opens_s, closes_s], …], "pairs": [[from, to], …]}`: of each pair the routes
that `cgr_basic` and `cgr_anchor` propose at time 0, as their hops and `edt`, the instant of the last departure.
"""

from __future__ import annotations

from asked import serve
from pydtnsim import ContactGraph, ContactPlan
from pydtnsim.routing import cgr_anchor, cgr_basic

ALGORITHMS = {"basic": cgr_basic, "anchor": cgr_anchor}


def routes(ask: dict) -> list[dict]:
    """One answer a pair."""
    plan = ContactPlan(1000, 0)
    for sender, receiver, opens, closes in ask["contacts"]:
        plan.add_contact(sender, receiver, opens, closes, bidirectional=False)
    graph = ContactGraph(plan)
    found = []
    for source, destination in ask["pairs"]:
        said = {}
        for name, algorithm in ALGORITHMS.items():
            proposed = algorithm.load_route_list(graph, source, destination, 0)
            said[name] = [
                {"edt": one.edt, "hops": [[hop.from_node, hop.to_node, hop.from_time] for hop in one.transmission_plan]}
                for one in proposed
            ]
        found.append(said)
    return found


serve({"routes": routes})
