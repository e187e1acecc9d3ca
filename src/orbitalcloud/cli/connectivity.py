"""`orbital flows`: what a mission's network does for its flows, as tables, JSON, CSV or a page."""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path

from rich.table import Table

from orbitalcloud.cli import output
from orbitalcloud.cli.missions import watched
from orbitalcloud.core import DataError, iso
from orbitalcloud.core.time import Instant
from orbitalcloud.mission import load
from orbitalcloud.study.connectivity import ConnectivityStudy, FlowSeries, connectivity, fibre_rtt_s

_HEADS = ("flow", "topology", "available", "RTT ms: least", "median", "95 %", "most", "fibre", "hops", "Mbit/s")
_CSV = ("at", "topology", "flow", "rtt_ms", "rate_mbps", "satellites", "first", "last", "path", "bound_by")


def flows(mission: str, out: Path | None, as_json: bool, as_csv: bool) -> int:
    """Study and print; exit 1 where a flow never has a path with the mission's own topology."""
    if as_json and as_csv:
        raise DataError("flows", "--json and --csv", "give one of them")
    with watched() as told:
        made = connectivity(load(mission), told)
    if as_json:
        output.data(plain(made))
    elif as_csv:
        _write_csv(made)
    else:
        _print(made)
    if out is not None:
        from orbitalcloud.cli.connectivity_page import page_of

        text = page_of(made)
        output.write_file(out, lambda place: place.write_text(text, "utf-8"))
        output.say(f"page: {out}")
    return 1 if any(flow.available == 0.0 for flow in made.variants[0].flows) else 0


def _print(made: ConnectivityStudy) -> None:
    table = Table(title=f"{made.mission}: {made.satellites} satellites, {len(made.times_ns)} instants")
    for head in (*_HEADS, "bound by", "handovers", "path changes"):
        table.add_column(head, justify="left" if head in (*_HEADS[:2], "bound by") else "right", no_wrap=True)
    for number in range(len(made.ground.flows)):
        for variant in made.variants:
            table.add_row(*_cells(variant.flows[number], variant.topology, fibre_rtt_s(made.ground, number)))
    console = output.console(180)
    with output.tidy(console):
        console.print(table)
        for flow in made.variants[0].flows:
            if flow.available == 0.0:
                console.print(f"{flow.name}: no path at any instant: no satellite above both masks, or none linked")
        for variant in made.variants:
            if variant.links.any():
                console.print(
                    f"{variant.topology}: {variant.links.mean():,.0f} links between satellites on the mean, "
                    f"{int(variant.link_changes.sum()):,} made or let go."
                )
        console.print(
            f"Light time there and back over the shortest path, and {made.settings.processing_ms:g} ms in each "
            "satellite each way. Fibre: along the great circle, shorter than any cable. Hops: satellites of the median "
            "path. Rates are max-min fair."
        )
        told = [60, 50, 40, 20, 0]
        shares = [made.coverage.at_least[90 + latitude] for latitude in told]
        words = "; ".join(
            f"{latitude}° N {100 * one[0]:.1f} % (two: {100 * one[1]:.1f} %)"
            for latitude, one in zip(told, shares, strict=True)
        )
        console.print(f"Coverage above {made.coverage.mask_deg:g}°: {words}.")


def _cells(flow: FlowSeries, topology: str, fibre_s: float) -> tuple[str, ...]:
    there = flow.satellites[flow.satellites >= 0]
    middle = str(int(sorted(there.tolist())[len(there) // 2])) if len(there) else "–"
    times = tuple("–" if math.isnan(value) else f"{1e3 * value:.1f}" for value in flow.rtt_quantiles_s())
    mean = f"{flow.rate_bps.mean() / 1e6:,.1f}"
    fibre = f"{1e3 * fibre_s:.1f}"
    changes = (str(flow.handovers), str(flow.path_changes))
    bound = next(iter(flow.bounds), "–")
    return (flow.name, topology, f"{100 * flow.available:.1f} %", *times, fibre, middle, mean, bound, *changes)


def plain(made: ConnectivityStudy) -> dict[str, object]:
    """For JSON: what has no number is null."""
    return {
        "mission": made.mission,
        "satellites": made.satellites,
        "instants": len(made.times_ns),
        "step_s": made.settings.step_s,
        "variants": [
            {
                "topology": variant.topology,
                "links": {"mean": float(variant.links.mean()), "changes": int(variant.link_changes.sum())},
                "flows": [
                    _plain_flow(flow, fibre_rtt_s(made.ground, number)) for number, flow in enumerate(variant.flows)
                ],
            }
            for variant in made.variants
        ],
        "coverage": {
            "mask_deg": made.coverage.mask_deg,
            "latitude_deg": made.coverage.latitude_deg.tolist(),
            "at_least": [[round(share, 6) for share in row] for row in made.coverage.at_least.tolist()],
        },
    }


def _plain_flow(flow: FlowSeries, fibre_s: float) -> dict[str, object]:
    least, median, high, most = (None if math.isnan(value) else 1e3 * value for value in flow.rtt_quantiles_s())
    stopped = {why: flow.why.count(why) for why in sorted(set(flow.why)) if why}
    return {
        "name": flow.name,
        "source": flow.source,
        "destination": flow.destination,
        "available": flow.available,
        "rtt_ms": {"least": least, "median": median, "95 %": high, "most": most},
        "fibre_ms": 1e3 * fibre_s,
        "mean_mbps": float(flow.rate_bps.mean()) / 1e6,
        "handovers": flow.handovers,
        "path_changes": flow.path_changes,
        "bound_by": stopped,
    }


def _write_csv(made: ConnectivityStudy) -> None:
    rows = csv.writer(sys.stdout)
    rows.writerow(_CSV)
    for variant in made.variants:
        for flow in variant.flows:
            for k, at in enumerate(made.times_ns.tolist()):
                there = math.isfinite(flow.rtt_s[k])
                rtt = f"{1e3 * flow.rtt_s[k]:.6f}" if there else ""
                route = [int(series[k]) for series in (flow.satellites, flow.first, flow.last, flow.path)]
                told = route if there else [""] * 4
                rate = f"{flow.rate_bps[k] / 1e6:.6f}"
                rows.writerow([iso(Instant(at)), variant.topology, flow.name, rtt, rate, *told, flow.why[k]])
