"""Cesium's CZML 1.0 (github.com/AnalyticalGraphicsInc/czml-writer, "CZML Guide"): satellites, stations and contacts.

Positions are Earth-fixed (`referenceFrame: FIXED`) from the geodetic telemetry; a satellite's point is pale in
sunlight and dark in shadow, and a contact is a line between its two ends while it is open.
"""

from __future__ import annotations

import json
from typing import Any

from orbitalcloud.core.time import Instant, iso
from orbitalcloud.view.flight import Flight, Satellite, Station, passes
from orbitalcloud.view.geodesy import positions_itrs_m

_SUN, _SHADE, _LINK, _GROUND = [255, 214, 120, 255], [96, 108, 140, 255], [96, 220, 180, 220], [240, 240, 245, 255]
Packet = dict[str, Any]


def export_czml(flight: Flight) -> str:
    """The whole flight as one CZML document (JSON text)."""
    start, end = flight.span
    packets = [_document(flight, start, end)]
    packets += [_station(station) for station in flight.stations.values()]
    packets += [_satellite(satellite, start, end) for satellite in flight.satellites.values() if len(satellite.series)]
    packets += _links(flight, start, end)
    return json.dumps(packets, separators=(",", ":"), allow_nan=False)


def _time(at: int) -> str:
    return iso(Instant(at), 3)


def _interval(start: int, end: int) -> str:
    return f"{_time(start)}/{_time(end)}"


def _document(flight: Flight, start: int, end: int) -> Packet:
    whole = _interval(start, end)
    clock = {
        "interval": whole,
        "currentTime": _time(start),
        "multiplier": 60,
        "range": "LOOP_STOP",
        "step": "SYSTEM_CLOCK_MULTIPLIER",
    }
    return {"id": "document", "name": flight.header.mission or "flight", "version": "1.0", "clock": clock}


def _station(station: Station) -> Packet:
    return {
        "id": f"station/{station.name}",
        "name": station.name,
        "position": {"cartographicDegrees": [station.longitude_deg, station.latitude_deg, 0]},
        "point": {"pixelSize": 8, "color": {"rgba": _GROUND}},
        "label": {"text": station.name, "font": "12px sans-serif", "pixelOffset": {"cartesian2": [10, 0]}},
    }


def _satellite(satellite: Satellite, start: int, end: int) -> Packet:
    series = satellite.series
    epoch = int(series.at_ns[0])
    seconds = ((series.at_ns - epoch) * 1e-9).round(3).tolist()
    places = positions_itrs_m(series).round(1).tolist()
    flat = [value for second, place in zip(seconds, places, strict=True) for value in (second, *place)]
    spans = [
        {"interval": _interval(span.start, span.end), "rgba": _SUN if span.phase == "sunlight" else _SHADE}
        for span in satellite.light
    ]
    return {
        "id": f"satellite/{satellite.name}",
        "name": satellite.name,
        "description": f"{satellite.bus}, {satellite.orbit}".replace("<", "&lt;"),
        "availability": _interval(start, end),
        "position": {
            "epoch": _time(epoch),
            "referenceFrame": "FIXED",
            "interpolationAlgorithm": "LAGRANGE",
            "interpolationDegree": 5,
            "cartesian": flat,
        },
        "point": {"pixelSize": 10, "color": spans or {"rgba": _SUN}},
        "label": {"text": satellite.name, "font": "12px sans-serif", "pixelOffset": {"cartesian2": [12, 0]}},
        "path": {"leadTime": 0, "trailTime": satellite.period_s or 5_400, "width": 1},
    }


def _links(flight: Flight, start: int, end: int) -> list[Packet]:
    """One packet for each pair that ever met, shown while a contact is open."""
    meetings: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for one in passes(flight):
        meetings.setdefault((one.node, one.peer), []).append((one.opened, min(one.closed, end)))
    return [
        {
            "id": f"contact/{node}/{peer}",
            "name": f"{node} – {peer}",
            "availability": _interval(start, end),
            "polyline": {
                "positions": {"references": [f"{_id(flight, node)}#position", f"{_id(flight, peer)}#position"]},
                "arcType": "NONE",
                "width": 2,
                "material": {"solidColor": {"color": {"rgba": _LINK}}},
                "show": _shown(spans, start, end),
            },
        }
        for (node, peer), spans in meetings.items()
        if _id(flight, node) and _id(flight, peer)
    ]


def _id(flight: Flight, node: str) -> str:
    if node in flight.satellites and len(flight.satellites[node].series):
        return f"satellite/{node}"
    return f"station/{node}" if node in flight.stations else ""


def _shown(spans: list[tuple[int, int]], start: int, end: int) -> list[Packet]:
    """Intervals that cover the whole flight, true where a contact is open."""
    out: list[Packet] = []
    at = start
    for opened, closed in sorted(spans):
        if opened > at:
            out.append({"interval": _interval(at, opened), "boolean": False})
        if closed > opened:
            out.append({"interval": _interval(opened, closed), "boolean": True})
        at = max(at, closed)
    if at < end:
        out.append({"interval": _interval(at, end), "boolean": False})
    return out
