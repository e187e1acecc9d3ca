"""Who carried how much to whom: nodes on two rings, stations outside, a line a link as thick as its traffic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from orbitalcloud.view.flight import Flight
from orbitalcloud.view.network_story import links
from orbitalcloud.view.page import attribute, text
from orbitalcloud.view.words import scaled

WIDE, HIGH = 760, 520
MOST_SATELLITES = 40
"""With more, a ring has no room for names, and the table says it better."""
_INNER, _OUTER = 150, 205
_LEAST, _MOST = 0.8, 9.0

Point = tuple[float, float]


def traffic_picture(flight: Flight) -> str:
    """The picture as HTML; empty where nothing was carried or there are too many to draw."""
    carried = links(flight)
    if not carried or len(flight.satellites) > MOST_SATELLITES:
        return ""
    both: dict[tuple[str, str], int] = {}
    for (sender, receiver), size in carried.items():
        pair = (min(sender, receiver), max(sender, receiver))
        both[pair] = both.get(pair, 0) + size
    struck = {fault.node for fault in flight.faults}
    places = _places(flight)
    most = max(both.values())
    drawn = [
        _link(places, pair, size, most, carried) for pair, size in sorted(both.items()) if set(pair) <= set(places)
    ]
    nodes = [_node(name, at, name in flight.stations, name in struck) for name, at in places.items()]
    title = "Traffic of messages by link, both ways together"
    legend = (
        '<span class="legend"><i class="teal">station</i><i class="blue">satellite</i><i class="bad">struck</i></span>'
    )
    return (
        f'<figure class="chart network"><figcaption>{text(title)}{legend}</figcaption>'
        f'<svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{attribute(title)}">{"".join(drawn)}'
        f"{''.join(nodes)}</svg></figure>"
    )


def _places(flight: Flight) -> dict[str, Point]:
    """Satellites on the inner ring in their order; each station outside, in the direction of its longitude."""
    places = dict(_ring(list(flight.satellites), _INNER, 0.0))
    ordered = sorted(flight.stations.values(), key=lambda station: station.longitude_deg)
    return places | dict(_ring([station.name for station in ordered], _OUTER, 0.5))


def _ring(names: Sequence[str], radius: float, offset: float) -> list[tuple[str, Point]]:
    found = []
    for index, name in enumerate(names):
        angle = 2 * math.pi * (index + offset) / max(1, len(names)) - math.pi / 2
        found.append((name, (WIDE / 2 + 1.25 * radius * math.cos(angle), HIGH / 2 + radius * math.sin(angle))))
    return found


def _link(
    places: Mapping[str, Point],
    pair: tuple[str, str],
    size: int,
    most: int,
    carried: Mapping[tuple[str, str], int],
) -> str:
    (x0, y0), (x1, y1) = places[pair[0]], places[pair[1]]
    width = _LEAST + (_MOST - _LEAST) * math.sqrt(size / most)
    a, b = pair
    there, back = carried.get((a, b), 0), carried.get((b, a), 0)
    said = f"{a} → {b}: {scaled(there, 'B')}; {b} → {a}: {scaled(back, 'B')}"
    return (
        f'<line class="wire" x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke-width="{width:.2f}">'
        f"<title>{text(said)}</title></line>"
    )


def _node(name: str, at: Point, station: bool, struck: bool) -> str:
    x, y = at
    tone = ("station" if station else "craft") + (" struck" if struck else "")
    right = x >= WIDE / 2
    anchor = "start" if right else "end"
    aside = 11 if right else -11
    return (
        f'<circle class="{tone}" cx="{x:.1f}" cy="{y:.1f}" r="{6 if station else 5}"/>'
        f'<text class="{tone}" x="{x + aside:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}">{text(name)}</text>'
    )
