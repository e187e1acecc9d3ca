"""The report's section about radiation: dose, the Anomaly as a place on the map, and the upsets that came."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from orbitalcloud.core.time import MINUTE
from orbitalcloud.view.flight import Flight, Satellite
from orbitalcloud.view.map import land_layers, map_frame, project, runs, track
from orbitalcloud.view.page import attribute, facts, grid, text
from orbitalcloud.view.tables import table
from orbitalcloud.view.words import count, percent

FEW = 3
DAY_MIN = 1440.0
TRACKS_SHOWN, UPSETS_SHOWN = 100, 500


def radiation_section(flight: Flight) -> str:
    """For one satellite or a fleet; says so where the Log knows nothing of it."""
    satellites = [one for one in flight.satellites.values() if one.anomaly or one.upsets or _known(one)]
    if not satellites:
        return (
            '<p class="none">No dose is known: the Log has none, or the orbits leave the tables (100 to 2,000 km).</p>'
        )
    upsets = grid(table(flight, "upsets"), note=_NOTE) if any(one.upsets for one in satellites) else _none(satellites)
    return _map(satellites) + _said(flight, satellites) + upsets


_NOTE = (
    "Drawn from AP-8’s protons behind each satellite’s shielding, uncertain by a factor of two as its authors say, "
    "and from the devices’ cross-sections. What upsets did to jobs stands under the work."
)


def _known(satellite: Satellite) -> bool:
    return len(satellite.series) > 0 and float(satellite.series.dose_rad.max()) >= 0.0


def _none(satellites: Sequence[Satellite]) -> str:
    devices = sorted({device for one in satellites for device in one.devices})
    return f'<p class="none">No upset of {text(", ".join(devices) or "any device")}.</p>'


def _said(flight: Flight, satellites: Sequence[Satellite]) -> str:
    if len(satellites) <= FEW:
        return f'<div class="columns">{"".join(_facts(flight, one) for one in satellites)}</div>'
    doses = [float(one.series.dose_rad.max()) for one in satellites if _known(one)]
    inside, outside = _split(satellites)
    dose = f"{min(doses):.3g} to {max(doses):.3g} rad(Si) each, " if doses else ""
    return (
        f"<p>{text(dose)}{text(count(inside + outside, 'upset'))} in {len(satellites)} satellites, {inside} of them in "
        "the South Atlantic Anomaly.</p>"
    )


def _split(satellites: Sequence[Satellite]) -> tuple[int, int]:
    """Upsets in the Anomaly, and outside."""
    inside = sum(upset.in_anomaly for one in satellites for upset in one.upsets)
    return inside, sum(len(one.upsets) for one in satellites) - inside


def _facts(flight: Flight, satellite: Satellite) -> str:
    start, end = flight.span
    days = max((end - start) / (DAY_MIN * MINUTE), 1e-9)
    minutes = sum(stop - begin for begin, stop in satellite.anomaly) / MINUTE
    inside, outside = _split([satellite])
    dose = float(satellite.series.dose_rad.max()) if _known(satellite) else None
    return facts(
        [
            ("satellite", satellite.name),
            ("shielding", f"{satellite.shielding_mm:g} mm of aluminium" if satellite.shielding_mm else ""),
            ("dose", "" if dose is None else f"{dose:.3g} rad(Si), {dose / days * 365.25:,.0f} a year at this rate"),
            ("in the Anomaly", f"{minutes / days:.0f} min a day, {percent(minutes / days / DAY_MIN)}"),
            ("passes of it", len(satellite.anomaly)),
            ("upsets in it", inside),
            ("upsets outside", outside),
            ("devices", _counted(satellite.devices)),
        ]
    )


def _counted(devices: Sequence[str]) -> str:
    """`jetson-module, 8 × sram-4mbit`."""
    counts = {device: devices.count(device) for device in devices}
    return ", ".join(device if times == 1 else f"{times} × {device}" for device, times in counts.items())


# The map ------------------------------------------------------------------------------------------------------------


def _map(satellites: Sequence[Satellite]) -> str:
    layers = [land_layers()]
    shown = satellites[:TRACKS_SHOWN]
    for satellite in shown:
        layers.append(f'<path class="track anomaly" d="{_inside(satellite) or "M0 0"}"/>')
    layers.append(_marks(satellites))
    label = attribute("Where satellites were in the South Atlantic Anomaly, and where upsets struck")
    caption = '<i class="anomaly">in the Anomaly: protons above 30 MeV over 1 cm⁻² s⁻¹</i><i class="upset">upset</i>'
    return map_frame("".join(layers), label, caption)


def _inside(satellite: Satellite) -> str:
    """Path data of the track in the Anomaly."""
    series = satellite.series
    if len(series) < 2:
        return ""
    within = np.zeros(len(series), dtype=np.int64)
    for begin, end in satellite.anomaly:
        first, last = np.searchsorted(series.at_ns, [begin, end])
        within[first:last] = 1
    pieces = (
        track(series.longitude_deg[begin:end], series.latitude_deg[begin:end])
        for begin, end in runs(within)
        if within[begin]
    )
    return "".join(pieces)


def _marks(satellites: Sequence[Satellite]) -> str:
    upsets = [upset for one in satellites for upset in one.upsets][:UPSETS_SHOWN]
    if not upsets:
        return ""
    longitude = np.array([upset.longitude_udeg for upset in upsets]) / 1e6
    latitude = np.array([upset.latitude_udeg for upset in upsets]) / 1e6
    x, y = project(longitude, latitude)
    return "".join(
        f'<circle class="upset{"" if upset.in_anomaly else " outside"}" cx="{across:.0f}" cy="{up:.0f}" r="52">'
        f"<title>{text(upset.node)}: {text(upset.device)}</title></circle>"
        for upset, across, up in zip(upsets, x.tolist(), y.tolist(), strict=True)
    )
