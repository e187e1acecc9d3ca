"""The page of `orbital flows --out`: round trips through the day and their distribution, rates, coverage, a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.time import Instant, iso
from orbitalcloud.study.connectivity import ConnectivityStudy, FlowSeries
from orbitalcloud.view.map import land_layers, map_frame, project, track
from orbitalcloud.view.page import attribute, page, text, tile
from orbitalcloud.view.svg import Frame, Line, chart

Floats = NDArray[np.float64]
_WIDE, _HIGH = 10_000, 4_000


def page_of(made: ConnectivityStudy) -> str:
    """The document."""
    own = made.variants[0]
    sections = (
        ("map", "Paths", _map(made)),
        ("rtt", "Round-trip time", _times(made)),
        ("cdf", "Distribution", "".join(_distribution(flow) for flow in own.flows if flow.available > 0.0)),
        ("rates", "Throughput", _rates(made)),
        ("coverage", "Coverage by latitude", _coverage(made)),
    )
    whole = sum(flow.available == 1.0 for flow in own.flows)
    never = sum(flow.available == 0.0 for flow in own.flows)
    tiles = [
        tile("Always connected", f"{whole} of {len(own.flows)}", f"flows with a path all the time, {own.topology}"),
        tile("Never connected", f"{never}", "no satellite above both masks, or none linked", "bad" if never else ""),
        tile("Satellites", f"{made.satellites:,}", f"every {made.settings.step_s:g} s, {len(made.times_ns)} instants"),
    ]
    head = (
        f'<header><p class="kicker">Connectivity</p><h1>{text(made.mission)}</h1>'
        f'<p class="meta">{text(iso(Instant(int(made.times_ns[0]))))} · topology {text(own.topology)}</p>'
        f'<div class="tiles">{"".join(tiles)}</div></header>'
    )
    return page(f"{made.mission}: connectivity", head, sections)


def _map(made: ConnectivityStudy) -> str:
    layers = [land_layers()]
    for one in made.variants[0].drawn:
        layers.append(f'<path class="track contact" d="{track(one.longitude_deg, one.latitude_deg)}"/>')
    longitude = np.array([place.longitude_deg for place in made.ground.places])
    latitude = np.array([place.latitude_deg for place in made.ground.places])
    dots = "".join(
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="38"><title>{text(place.name)}</title></circle>'
        for x, y, place in zip(*project(longitude, latitude), made.ground.places, strict=True)
    )
    layers.append(f'<g class="station">{dots}</g>')
    return map_frame("".join(layers), attribute("paths of the flows"), "Each flow's first path, by satellites' places")


def _times(made: ConnectivityStudy) -> str:
    """A chart for each flow that is ever connected, its topologies in one."""
    start, end = int(made.times_ns[0]), int(made.times_ns[-1]) + round(made.settings.step_s * 1e9)
    out = []
    for number, flow in enumerate(made.variants[0].flows):
        lines = []
        for variant, tone in zip(made.variants, ("blue", "sun"), strict=False):
            series = variant.flows[number].rtt_s
            there = np.isfinite(series)
            if there.any():
                lines.append(Line(variant.topology, made.times_ns[there], 1e3 * series[there], tone))
        if lines:
            frame = Frame(start, end, "ms", height=130)
            out.append(chart(frame, lines, title=f"{flow.name}, ms there and back"))
        else:
            out.append(f'<p class="none">{text(flow.name)}: no path at any instant.</p>')
    return "".join(out)


def _distribution(flow: FlowSeries) -> str:
    there = np.sort(flow.rtt_s[np.isfinite(flow.rtt_s)]) * 1e3
    shares = np.arange(1, len(there) + 1) / len(there)
    pad = max(0.5, 0.04 * float(np.ptp(there)))
    return _plot(there, [(shares, "blue")], float(there[0]) - pad, float(there[-1]) + pad, "ms", flow.name)


def _coverage(made: ConnectivityStudy) -> str:
    rows = [(made.coverage.at_least[:, k - 1], tone) for k, tone in ((1, "blue"), (2, "teal"), (4, "sun"))]
    title = f"share of time with at least 1 (blue), 2 (teal), 4 (amber) satellites above {made.coverage.mask_deg:g}°"
    return _plot(made.coverage.latitude_deg, rows, -90.0, 90.0, "°", title)


def _plot(x: Floats, rows: list[tuple[Floats, str]], low: float, high: float, unit: str, title: str) -> str:
    """Shares 0 … 1 over some quantity, in the style of the report's charts."""
    across = (x - low) / (high - low)
    paths = "".join(f'<path class="grid" d="M0 {round(_HIGH * share)}H{_WIDE}"/>' for share in (0.0, 0.25, 0.5, 0.75))
    for values, tone in rows:
        points = " ".join(
            f"{a * _WIDE:.0f} {(1.0 - b) * _HIGH:.0f}" for a, b in zip(across.tolist(), values.tolist(), strict=True)
        )
        paths += f'<path class="line {tone}" d="M{points}"/>'
    ticks = "".join(
        f'<span style="left:{25 * k}%">{low + (high - low) * k / 4:.4g}{"" if unit == "°" else " "}{text(unit)}</span>'
        for k in range(5)
    )
    up = "".join(f'<span style="top:{25 * k}%">{100 - 25 * k} %</span>' for k in range(5))
    return (
        f'<figure class="chart"><figcaption>{text(title)}</figcaption><div class="box" style="height:150px">'
        f'<div class="up">{up}</div><div class="plot"><svg viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none" '
        f'role="img" aria-label="{attribute(title)}">{paths}</svg></div><div class="ends"></div></div>'
        f'<div class="across">{ticks}</div></figure>'
    )


def _rates(made: ConnectivityStudy) -> str:
    """Bars of the mean rates, a topology beside the other."""
    most = max(float(flow.rate_bps.mean()) for variant in made.variants for flow in variant.flows) or 1.0
    out = []
    for number, flow in enumerate(made.variants[0].flows):
        for variant in made.variants:
            one = variant.flows[number]
            mean = float(one.rate_bps.mean())
            whys = [why for why in one.why if why]
            bound = max(sorted(set(whys)), key=whys.count) if whys else "no path"
            tone = "good" if mean else "bad"
            out.append(
                f'<div class="margin {tone}"><b>{text(flow.name)}<small>{text(variant.topology)}</small></b>'
                f'<span class="gauge"><i style="width:{100 * mean / most:.1f}%"></i></span><span>{mean / 1e6:.1f}'
                f"</span><span>Mbit/s on the mean, bound by {text(bound)}</span><span></span></div>"
            )
    return "".join(out)
