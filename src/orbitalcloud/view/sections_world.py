"""The report's sections about the World: verdict, orbit, power, heat, contacts; for one satellite or a fleet."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from orbitalcloud.core.time import SECOND
from orbitalcloud.view.flight import Flight, Floats, LightSpan, Pass, Satellite, Times, passes
from orbitalcloud.view.map import world_map
from orbitalcloud.view.orbits import Revolution, revolutions, worst_of
from orbitalcloud.view.page import facts, grid, text
from orbitalcloud.view.polar import polar_maps
from orbitalcloud.view.svg import Band, Frame, Limit, Line, Mark, chart
from orbitalcloud.view.tables import table
from orbitalcloud.view.timeline import Bar, Lane, timeline
from orbitalcloud.view.verdict import WHOLE, Margin, Verdict
from orbitalcloud.view.words import KELVIN, celsius, count, duration, moment, percent, scaled

FEW = 3
"""Up to this many satellites are shown one by one; more as a fleet."""

MARGINS_SHOWN = 16
LANES_SHOWN = 60


def frame_of(flight: Flight, unit: str, height: int = 200, decimals: int = 1) -> Frame:
    """The frame that all of a flight's charts share: same time across, so that they line up."""
    return Frame(*flight.span, unit, height, decimals)


# Verdict ------------------------------------------------------------------------------------------------------------


def margins_section(flight: Flight, judged: Verdict) -> str:
    """Every requirement with how much of its room was used, tightest first; those that hold whole in one line."""
    many = len(flight.satellites) > FEW
    measured = [margin for margin in judged.margins if margin.margin_ppm < WHOLE]
    if many:  # the worst of each kind says it; the others are in the tables
        worst: dict[str, Margin] = {}
        for margin in measured:
            worst.setdefault(margin.name, margin)
        measured = list(worst.values())
    whole = [margin for margin in judged.margins if margin.margin_ppm >= WHOLE]
    rows = "".join(_margin_row(margin, flight, many) for margin in measured[:MARGINS_SHOWN])
    cut = len(measured) - MARGINS_SHOWN
    more = f'<p class="note">and {count(cut, "wider margin")}.</p>' if cut > 0 else ""
    if many:
        more += f'<p class="note">Of each kind the worst of {len(flight.satellites)} satellites.</p>'
    names = list(dict.fromkeys(margin.name for margin in whole))
    never = f'<p class="note">And none of these: {text(", ".join(names))}.</p>' if names else ""
    return f'<div class="margins">{rows}</div>{more}{never}'


def _margin_row(margin: Margin, flight: Flight, many: bool) -> str:
    used = min(1.0, max(0.0, 1 - margin.margin_ppm / WHOLE))
    tone = "bad" if not margin.holds else "warn" if used > 0.9 else "good"
    when = f"{moment(margin.at, flight.header.start)}" if margin.at else ""
    shown = margin.node and (many or len(flight.satellites) > 1 or margin.node not in flight.satellites)
    where = f"<small>{text(margin.node)}</small>" if shown else ""
    share = "broken" if not margin.holds else f"{margin.margin_ppm / 10_000:.0f} % left"
    return (
        f'<div class="margin {tone}"><span>{text(margin.name)}{where}</span>'
        f'<div class="gauge"><i style="width:{used * 100:.1f}%"></i></div><span>{share}</span>'
        f"<span>{text(margin.margin)}</span><span>{text(when)}</span></div>"
    )


# Orbit --------------------------------------------------------------------------------------------------------------


def orbit_section(flight: Flight) -> str:
    """The map, and what the orbits are."""
    satellites = list(flight.satellites.values())
    if len(satellites) > FEW:
        note = f"<p>The last revolution of each of {len(satellites)} satellites, and where it was at the end.</p>"
        return note + world_map(flight, satellites) + grid(table(flight, "satellites"))
    about = "".join(_orbit_facts(satellite) for satellite in satellites)
    return world_map(flight, satellites) + polar_maps(flight, satellites) + f'<div class="columns">{about}</div>'


def _orbit_facts(satellite: Satellite) -> str:
    series = satellite.series
    some = len(series) > 0
    pairs: list[tuple[str, object]] = [
        ("satellite", satellite.name),
        ("bus", satellite.bus),
        ("orbit", satellite.orbit),
        ("period", f"{satellite.period_s / 60:.2f} min" if satellite.period_s else ""),
        ("inclination", f"{satellite.inclination_deg:.2f}°" if satellite.period_s else ""),
        ("height", f"{series.height_m.min() / 1000:.0f} to {series.height_m.max() / 1000:.0f} km" if some else ""),
        ("in sunlight", percent(float(series.sunlit.mean())) if some else ""),
        ("eclipses", eclipses(satellite)),
        ("accelerator", satellite.accelerator),
    ]
    return facts(pairs)


def eclipses(satellite: Satellite) -> str:
    """`15, the longest 35 min`: whole shadows, penumbra included."""
    lengths = [(end - start) / SECOND for start, end in shadows(satellite.light)]
    return f"{len(lengths)}, the longest {duration(max(lengths))}" if lengths else ""


def shadows(light: Sequence[LightSpan]) -> list[tuple[int, int]]:
    """Times without full sunlight, neighbours joined."""
    out: list[tuple[int, int]] = []
    for span in light:
        if span.phase == "sunlight":
            continue
        if out and out[-1][1] == span.start:
            out[-1] = (out[-1][0], span.end)
        else:
            out.append((span.start, span.end))
    return out


# Power and heat, satellite by satellite -----------------------------------------------------------------------------


def power_section(flight: Flight) -> str:
    """Charge against the reserve, generation against load."""
    satellites = list(flight.satellites.values())
    if len(satellites) > FEW:
        return fleet_power(flight, satellites)
    return "".join(power_charts(flight, satellite) for satellite in satellites)


def power_charts(flight: Flight, satellite: Satellite) -> str:
    """Two charts of one satellite."""
    series = satellite.series
    if not len(series):
        return f'<p class="none">No telemetry of {text(satellite.name)}.</p>'
    index = int(series.charge.argmin())
    said = (
        f"{satellite.name}: lowest charge {percent(float(series.charge[index]))} at "
        f"{moment(int(series.at_ns[index]), flight.header.start)} UTC; on average "
        f"{scaled(float(series.generated_w.mean()), 'W')} made and {scaled(float(series.load_w.mean()), 'W')} used"
        + (f"; battery {satellite.battery_j / 3600:,.0f} Wh" if satellite.battery_j else "")
    )
    charge = Line("charge", series.at_ns, series.charge * 100, "blue")
    reserve = [Limit(f"reserve {satellite.reserve * 100:.0f}", satellite.reserve * 100)] if satellite.reserve else []
    frame = Frame(*flight.span, "%", 210, 1, 0.0, 100.0)
    watts = [
        Line("made", series.at_ns, series.generated_w, "sun"),
        Line("used", series.at_ns, series.load_w, "teal"),
    ]
    return (
        f'<p class="lead">{text(said)}.</p>'
        + chart(frame, [charge], reserve, satellite.light, title="State of charge, %", marks=_mark(satellite, "charge"))
        + chart(Frame(*flight.span, "W", 210, 1, 0.0), watts, (), satellite.light, title="Array and load, W")
    )


def heat_section(flight: Flight) -> str:
    """Every thermal node against its limits."""
    satellites = list(flight.satellites.values())
    if len(satellites) > FEW:
        return fleet_heat(flight, satellites)
    return "".join(heat_charts(flight, satellite) for satellite in satellites)


def heat_charts(flight: Flight, satellite: Satellite) -> str:
    """One small chart a node of one satellite."""
    series = satellite.series
    if not len(series):
        return ""
    nodes = count(len(satellite.thermal_nodes), "thermal node")
    title = f'<p class="lead">{text(satellite.name)}: {nodes}, each drawn with its limits.</p>'
    charts = [
        chart(
            frame_of(flight, "°C", 170),
            [Line("", series.at_ns, series.temperature_k[:, index] - KELVIN, "payload" if at_work else "blue")],
            _heat_limits(satellite, index),
            satellite.light,
            title=f"{node} · {_range(series.temperature_k[:, index])}",
            marks=_mark(satellite, "heat", node),
        )
        for index, node in enumerate(satellite.thermal_nodes)
        for at_work in (index == satellite.payload_node,)
    ]
    return f'{title}<div class="multiples">{"".join(charts)}</div>'


def _mark(satellite: Satellite, why: str, node: str = "") -> list[Mark]:
    """The worst orbit as a mark: for charge, or for heat on the chart of the node that it is of."""
    worst = worst_of(revolutions(satellite))
    if worst is None:
        return []
    one: Revolution = worst.charge if why == "charge" else worst.heat
    return [Mark(f"orbit {one.number}, the worst", one.start, one.end)] if node in ("", one.node) else []


def _heat_limits(satellite: Satellite, index: int) -> list[Limit]:
    limits = [("hot", satellite.hot_limits_k[index]), ("cold", satellite.cold_limits_k[index])]
    return [
        Limit(f"{name} {kelvins - KELVIN:.0f}".replace("-", "−"), kelvins - KELVIN, f"limit {name}")
        for name, kelvins in limits
        if math.isfinite(kelvins) and kelvins > 0
    ]


def _range(kelvins: Floats) -> str:
    low, high = celsius(float(kelvins.min()), 0).removesuffix(" °C"), celsius(float(kelvins.max()), 0)
    return f"{low} to {high}"


# Power and heat of a fleet ------------------------------------------------------------------------------------------


def fleet_power(flight: Flight, satellites: Sequence[Satellite]) -> str:
    """The fleet's charge as bands, then the two satellites that came closest to their reserve."""
    flown = [satellite for satellite in satellites if len(satellite.series)]
    grid_ns = _grid(flight)
    whole = np.stack([np.interp(grid_ns, s.series.at_ns, s.series.charge) * 100 for s in flown]) if flown else None
    if whole is None:
        return '<p class="none">No telemetry.</p>'
    worst = sorted(flown, key=lambda s: float(s.series.charge.min()) - s.reserve)[:2]
    reserves = sorted({round(s.reserve * 100) for s in flown})
    limits = [Limit(f"reserve {value}", float(value)) for value in reserves[:2]]
    bands = _bands(grid_ns, whole)
    middle = Line("median", grid_ns, np.median(whole, axis=0), "blue")
    title = f"State of charge of {len(flown)} satellites, %: all, the middle 80 %, the median"
    overview = chart(Frame(*flight.span, "%", 240, 1, 0.0, 100.0), [middle], limits, (), bands, title)
    watts = [
        Line("made", grid_ns, _sum(grid_ns, flown, "generated_w"), "sun"),
        Line("used", grid_ns, _sum(grid_ns, flown, "load_w"), "teal"),
    ]
    total = chart(Frame(*flight.span, "W", 190, 0, 0.0), watts, title="Arrays and loads, summed over the fleet, W")
    details = "".join(power_charts(flight, satellite) for satellite in worst)
    return f"{overview}{total}<h3>The two that came closest to their reserve</h3>{details}"


def fleet_heat(flight: Flight, satellites: Sequence[Satellite]) -> str:
    """Each thermal node's bands over the fleet, then the satellite with the least room."""
    flown = [satellite for satellite in satellites if len(satellite.series) and satellite.thermal_nodes]
    if not flown:
        return '<p class="none">No telemetry.</p>'
    grid_ns = _grid(flight)
    charts = []
    for node in dict.fromkeys(name for satellite in flown for name in satellite.thermal_nodes):
        owners = [satellite for satellite in flown if node in satellite.thermal_nodes]
        whole = np.stack([np.interp(grid_ns, s.series.at_ns, _column(s, node)) for s in owners]) - KELVIN
        tight = min(owners, key=lambda s: s.hot_limits_k[s.thermal_nodes.index(node)])
        limits = _heat_limits(tight, tight.thermal_nodes.index(node))
        middle = Line("", grid_ns, np.median(whole, axis=0), "blue")
        title = f"{node} · {_range(whole + KELVIN)}"
        charts.append(chart(frame_of(flight, "°C", 170), [middle], limits, (), _bands(grid_ns, whole), title))
    worst = min(flown, key=_heat_room)
    details = heat_charts(flight, worst)
    return f'<div class="multiples">{"".join(charts)}</div><h3>The one with the least room</h3>{details}'


def _heat_room(satellite: Satellite) -> float:
    heat = satellite.series.temperature_k
    hot, cold = np.array(satellite.hot_limits_k), np.array(satellite.cold_limits_k)
    return float(np.minimum(hot - heat.max(axis=0), heat.min(axis=0) - cold).min())


def _column(satellite: Satellite, node: str) -> Floats:
    return satellite.series.temperature_k[:, satellite.thermal_nodes.index(node)]


def _grid(flight: Flight) -> Times:
    return np.linspace(*flight.span, 241).astype(np.int64)


def _bands(grid_ns: Times, whole: Floats) -> list[Band]:
    low, high = np.percentile(whole, [10, 90], axis=0)
    return [Band(grid_ns, whole.min(axis=0), whole.max(axis=0), "wide"), Band(grid_ns, low, high, "middle")]


def _sum(grid_ns: Times, satellites: Sequence[Satellite], name: str) -> Floats:
    total: Floats = np.zeros(len(grid_ns))
    for satellite in satellites:
        total += np.interp(grid_ns, satellite.series.at_ns, getattr(satellite.series, name))
    return total


# Contacts -----------------------------------------------------------------------------------------------------------


def contacts_section(flight: Flight) -> str:
    """Who met whom when, and what crossed."""
    met = passes(flight)
    if not met:
        return '<p class="none">No contact.</p>'
    pairs: dict[tuple[str, str], list[Pass]] = {}
    for one in met:
        pairs.setdefault((one.peer, one.node), []).append(one)
    frame = frame_of(flight, "")
    if len(pairs) <= LANES_SHOWN:
        lanes = [_pair_lane(flight, peer, node, own) for (peer, node), own in sorted(pairs.items())]
        drawn = timeline(frame, lanes, "Contacts", (("high", "30° and higher"), ("low", "lower")))
    else:
        lanes = _station_lanes(flight, met)[:LANES_SHOWN]
        drawn = timeline(frame, lanes, "Where at least one was in contact", (("high", "somebody overhead"),))
    down, up = sum(one.down_bytes for one in met), sum(one.up_bytes for one in met)
    least, most = min(one.duration_s for one in met), max(one.duration_s for one in met)
    said = (
        f"{count(len(met), 'pass', 'passes')} of {duration(least)} to {duration(most)}; "
        f"{scaled(down, 'B')} came down and {scaled(up, 'B')} went up"
    )
    if flight.weather_outages:
        said += f"; {_weather_words(flight)}"
    listed = f"<details><summary>Every contact, by direction</summary>{grid(table(flight, 'contacts'))}</details>"
    stations = grid(table(flight, "stations")) if flight.stations else ""
    return f'<p class="lead">{text(said)}.</p>{drawn}{stations}{listed}'


def _weather_words(flight: Flight) -> str:
    """How often rain and cloud cut a link, for how long in all, and of which bands."""
    since: dict[tuple[str, str, str], int] = {}
    lost: dict[str, list[int]] = {}
    for one in flight.weather_outages:
        key = (one.node, one.peer, one.band)
        if one.down:
            since[key] = one.at
        else:
            lost.setdefault(one.band, []).append(one.at - since.pop(key, one.at))
    for (_, _, band), begun in since.items():
        lost.setdefault(band, []).append(flight.span[1] - begun)
    parts = [
        f"{count(len(spans), 'time')} in {band}, {duration(sum(spans) / 1e9)} in all"
        for band, spans in sorted(lost.items())
    ]
    return "weather cut links " + " and ".join(parts)


def _pair_lane(flight: Flight, peer: str, node: str, own: Sequence[Pass]) -> Lane:
    """The passes of one satellite over one peer."""
    bars = tuple(
        Bar(
            one.opened,
            one.closed,
            "high" if one.elevation_deg >= 30 else "low",
            f"{moment(one.opened, flight.header.start)}, {duration(one.duration_s)}, up to {one.elevation_deg:.0f}°, "
            f"{scaled(one.down_bytes, 'B')} from and {scaled(one.up_bytes, 'B')} to {node}",
        )
        for one in own
    )
    name = peer if len(flight.satellites) == 1 else f"{peer} – {node}"
    return Lane(name, f"{len(own)} · {duration(sum(one.duration_s for one in own))}", bars)


def _station_lanes(flight: Flight, met: Sequence[Pass]) -> list[Lane]:
    """For each peer the union of its passes: when it had anybody, and for how much of the flight."""
    start, end = flight.span
    lanes = []
    for peer in sorted({one.peer for one in met}):
        spans: list[tuple[int, int]] = []
        own = [one for one in met if one.peer == peer]
        for one in own:  # in order of opening
            if spans and one.opened <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(spans[-1][1], one.closed))
            else:
                spans.append((one.opened, one.closed))
        share = sum(close - opened for opened, close in spans) / (end - start)
        bars = tuple(Bar(opened, close, "high", moment(opened, start)) for opened, close in spans)
        lanes.append(Lane(peer, f"{len(own):,} passes · {percent(share, 0)} covered", bars))
    return lanes
