"""The page of `orbital flows --out`: round trips through the day and their distribution, rates, coverage, a map."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.time import Instant, iso
from orbitalcloud.study.connectivity import ConnectivityStudy, FlowSeries, fibre_rtt_s
from orbitalcloud.view.columns import Row, Table, number
from orbitalcloud.view.columns import text as words
from orbitalcloud.view.map import land_layers, map_frame, project, track
from orbitalcloud.view.page import attribute, grid, page, text, tile
from orbitalcloud.view.svg import Frame, Line, chart

Floats = NDArray[np.float64]
_WIDE, _HIGH = 10_000, 4_000
_TONES = ("blue", "sun", "teal")
"""Of a mission's topologies, its own first."""
_COLUMNS = (
    words("flow", "Flow"),
    words("topology", "Topology"),
    number("available", "Available", ".1f", "%"),
    number("least", "RTT least, ms", ".1f"),
    number("median", "Median", ".1f"),
    number("high", "95 %", ".1f"),
    number("most", "Most", ".1f"),
    number("fibre", "Fibre, ms", ".1f"),
    number("rate", "Mbit/s", ",.1f"),
    number("handovers", "Handovers"),
    number("changes", "Path changes"),
)


def page_of(made: ConnectivityStudy) -> str:
    """The document."""
    own = made.variants[0]
    sections = (
        ("map", "Paths", _map(made)),
        ("flows", "Flows", _table(made)),
        ("rtt", "Round-trip time", _times(made)),
        ("cdf", "Distribution", "".join(_distribution(made, k) for k in range(len(own.flows)))),
        ("rates", "Throughput", _rates(made)),
        ("coverage", "Coverage by latitude", _coverage(made)),
    )
    whole = sum(flow.available == 1.0 for flow in own.flows)
    never = sum(flow.available == 0.0 for flow in own.flows)
    tiles = [
        tile("Always connected", f"{whole} of {len(own.flows)}", f"flows with a path all the time, {own.topology}"),
        tile("Never connected", f"{never}", "no satellite above both masks, or none linked", "bad" if never else ""),
        tile(
            "Satellites", f"{made.satellites:,}", f"every {made.settings.step_s:g} s, {len(made.times_ns):,} instants"
        ),
        tile(
            "Links between them",
            f"{own.links.mean():,.0f}",
            f"stand on the mean; {int(own.link_changes.sum()):,} made or let go",
        ),
    ]
    users = sum(not place.station for place in made.ground.places)
    head = (
        f'<header><p class="kicker">Connectivity</p><h1>{text(made.mission)}</h1>'
        f'<p class="meta">{text(iso(Instant(int(made.times_ns[0]))))} · topology {text(own.topology)}</p>'
        f'<p class="note" style="margin-bottom:28px">{len(own.flows)} flows; {users} terminals and '
        f"{len(made.ground.places) - users} stations on the ground.</p>"
        f'<div class="tiles">{"".join(tiles)}</div></header>'
    )
    return page(f"{made.mission}: connectivity", head, sections)


def _map(made: ConnectivityStudy) -> str:
    layers = [land_layers()]
    for variant, tone in zip(made.variants, ("contact", "sunlit", ""), strict=False):
        for one in variant.drawn if tone else ():
            layers.append(f'<path class="track {tone}" d="{track(one.longitude_deg, one.latitude_deg)}"/>')
    longitude = np.array([place.longitude_deg for place in made.ground.places])
    latitude = np.array([place.latitude_deg for place in made.ground.places])
    dots = "".join(
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="38"><title>{text(place.name)}</title></circle>'
        for x, y, place in zip(*project(longitude, latitude), made.ground.places, strict=True)
    )
    layers.append(f'<g class="station">{dots}</g>')
    shown = [variant.topology for variant in made.variants[:2] if variant.drawn]
    tones = dict(zip([variant.topology for variant in made.variants], ("green", "amber"), strict=False))
    caption = "Each flow's first path: " + ", ".join(f"{name} {tones[name]}" for name in shown)
    return map_frame("".join(layers), attribute("paths of the flows"), caption if shown else "No flow has a path")


def _table(made: ConnectivityStudy) -> str:
    rows: list[Row] = []
    for k in range(len(made.ground.flows)):
        for variant in made.variants:
            flow = variant.flows[k]
            times = [None if math.isnan(value) else 1e3 * value for value in flow.rtt_quantiles_s()]
            rows.append(
                {
                    "flow": flow.name,
                    "topology": variant.topology,
                    "available": 100.0 * flow.available,
                    **dict(zip(("least", "median", "high", "most"), times, strict=True)),
                    "fibre": 1e3 * fibre_rtt_s(made.ground, k),
                    "rate": float(flow.rate_bps.mean()) / 1e6,
                    "handovers": flow.handovers,
                    "changes": flow.path_changes,
                }
            )
    note = (
        "Light's way there and back over the shortest path of each instant"
        + (f", with {made.settings.processing_ms:g} ms in each satellite" if made.settings.processing_ms else "")
        + ". Nothing queues. Fibre: along the great circle, shorter than any cable."
    )
    return grid(Table("flows", _COLUMNS, tuple(rows)), note=note)


def _times(made: ConnectivityStudy) -> str:
    """A chart for each flow that is ever connected, its topologies in one."""
    start, end = int(made.times_ns[0]), int(made.times_ns[-1]) + round(made.settings.step_s * 1e9)
    out = []
    for k, flow in enumerate(made.variants[0].flows):
        lines = []
        for variant, tone in zip(made.variants, _TONES, strict=False):
            series = variant.flows[k].rtt_s
            there = np.isfinite(series)
            if there.any():
                lines.append(Line(variant.topology, made.times_ns[there], 1e3 * series[there], tone))
        if lines:
            frame = Frame(start, end, "ms", height=130)
            out.append(chart(frame, lines, title=f"{flow.name}, ms there and back"))
        else:
            out.append(f'<p class="none">{text(flow.name)}: no path at any instant.</p>')
    return "".join(out)


def _distribution(made: ConnectivityStudy, number: int) -> str:
    """The share of the instants with a path on which a round trip is at most so long, for each topology."""
    curves: list[tuple[str, Floats, Floats, str]] = []
    for variant, tone in zip(made.variants, _TONES, strict=False):
        series = variant.flows[number].rtt_s
        there = np.sort(series[np.isfinite(series)]) * 1e3
        if len(there):
            chosen = np.unique(np.linspace(0, len(there) - 1, 200).round().astype(np.int64))
            curves.append((variant.topology, there[chosen], (chosen + 1) / len(there), tone))
    if not curves:
        return ""
    least, most = min(float(x[0]) for _, x, _, _ in curves), max(float(x[-1]) for _, x, _, _ in curves)
    low, high, ticks = _round_axis(least, most)
    return _plot(curves, low, high, ticks, " ms", made.variants[0].flows[number].name)


def _round_axis(least: float, most: float) -> tuple[float, float, list[float]]:
    """An axis over some values with ends and ticks on round numbers."""
    rough = max(most - least, 0.4) / 4.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= rough)
    first, last = math.floor(least / step), math.floor(most / step) + 1
    return first * step, last * step, [k * step for k in range(first, last + 1)]


def _coverage(made: ConnectivityStudy) -> str:
    rows = [
        (f"at least {k}", made.coverage.latitude_deg, made.coverage.at_least[:, k - 1], tone)
        for k, tone in ((1, "blue"), (2, "teal"), (4, "sun"))
    ]
    title = f"share of time and longitudes with satellites above {made.coverage.mask_deg:g}°"
    return _plot(rows, -90.0, 90.0, [-90.0, -60.0, -30.0, 0.0, 30.0, 60.0, 90.0], "°", title)


def _plot(
    curves: list[tuple[str, Floats, Floats, str]], low: float, high: float, ticks: list[float], unit: str, title: str
) -> str:
    """Shares 0 … 1 over some quantity, in the style of the report's charts; (name, x, share, tone) each."""
    paths = "".join(f'<path class="grid" d="M0 {round(_HIGH * share)}H{_WIDE}"/>' for share in (0.0, 0.25, 0.5, 0.75))
    for _, x, shares, tone in curves:
        across = (x - low) / (high - low)
        points = " ".join(
            f"{a * _WIDE:.0f} {(1.0 - b) * _HIGH:.0f}" for a, b in zip(across.tolist(), shares.tolist(), strict=True)
        )
        paths += f'<path class="line {tone}" d="M{points}"/>'
    marks = "".join(
        f'<span{_odd(k)} style="left:{100.0 * (tick - low) / (high - low):.2f}%">'
        f"{f'{tick:.6g}'.replace('-', '−')}{text(unit)}</span>"
        for k, tick in enumerate(ticks)
    )
    up = "".join(f'<span style="top:{25 * k}%">{100 - 25 * k} %</span>' for k in range(5))
    legend = "".join(f'<i class="{tone}">{text(name)}</i>' for name, _, _, tone in curves)
    return (
        f'<figure class="chart"><figcaption>{text(title)}<span class="legend">{legend}</span></figcaption>'
        f'<div class="box" style="height:150px"><div class="up">{up}</div><div class="plot">'
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none" '
        f'role="img" aria-label="{attribute(title)}">{paths}</svg></div><div class="ends"></div></div>'
        f'<div class="across">{marks}</div></figure>'
    )


def _odd(k: int) -> str:
    return ' class="odd"' if k % 2 else ""


def _rates(made: ConnectivityStudy) -> str:
    """Bars of the mean rates, a topology beside the other, and what binds them for which share of the time."""
    most = max(float(flow.rate_bps.mean()) for variant in made.variants for flow in variant.flows) or 1.0
    out = []
    for k in range(len(made.ground.flows)):
        for variant in made.variants:
            one = variant.flows[k]
            mean = float(one.rate_bps.mean())
            out.append(
                f'<div class="margin {"good" if mean else "bad"}"><b>{text(one.name)}'
                f'<small>{text(variant.topology)}</small></b><span class="gauge">'
                f'<i style="width:{100 * mean / most:.1f}%"></i></span><span>{mean / 1e6:,.1f}</span>'
                f"<span>{text(_bound(one))}</span><span></span></div>"
            )
    note = "Mean rates in Mbit/s, the instants without a path as zero; max-min fair among the flows of each instant."
    return f'{"".join(out)}<p class="note">{note}</p>'


def _bound(flow: FlowSeries) -> str:
    told = [why if share == 1.0 else f"{why} {100.0 * share:.0f} %" for why, share in flow.bounds.items()]
    return f"bound by {', '.join(told)}" if told else "no path"
