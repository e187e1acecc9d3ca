"""CCSDS Orbit Ephemeris Message (CCSDS 502.0-B-2, section 5) in KVN.

The Log holds geodetic positions, so the honest frame is the Earth-fixed one: REF_FRAME = ITRF2014 (annex A,
"ITRFyyyy"). Heights are rounded to a metre and angles to a millionth of a degree there, and
velocities are differences of those positions: a comment in the message says so.
"""

from __future__ import annotations

import re

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import Instant, iso
from orbitalcloud.view.flight import Flight
from orbitalcloud.view.geodesy import positions_itrs_m, velocities_m_s

_COMMENT = (
    "COMMENT Positions are the satellite's geodetic telemetry (WGS 84; 1 microdegree, 1 m) turned Cartesian.\n"
    "COMMENT Velocities are finite differences (4th order inside, 2nd at the ends) in this rotating frame."
)


def export_oem(flight: Flight, satellite: str = "") -> str:
    """The OEM of one satellite (may be left out where there is only one); km and km/s, UTC, Earth-fixed."""
    if not satellite and len(flight.satellites) == 1:
        satellite = next(iter(flight.satellites))
    if satellite not in flight.satellites:
        known = ", ".join(list(flight.satellites)[:8]) or "none"
        raise DataError("satellite", satellite, f"an OEM is of one satellite; this flight has: {known}")
    series = flight.satellites[satellite].series
    if len(series) < 2:
        raise DataError(satellite, len(series), "an ephemeris needs at least two readings: fly longer")
    position_km = positions_itrs_m(series) / 1000
    velocity_km_s = velocities_m_s(series.at_ns, position_km)
    times = [_time(at) for at in series.at_ns.tolist()]
    lines = [
        f"{at} " + " ".join(f"{x:.6f}" for x in place) + " " + " ".join(f"{v:.9f}" for v in speed)
        for at, place, speed in zip(times, position_km.tolist(), velocity_km_s.tolist(), strict=True)
    ]
    return "\n".join([_head(flight, satellite, times[0], times[-1]), *lines]) + "\n"


def _time(at: int) -> str:
    """The standard's calendar format, without the Z (TIME_SYSTEM says UTC)."""
    return iso(Instant(at), 3).removesuffix("Z")


def _head(flight: Flight, satellite: str, first: str, last: str) -> str:
    name = _value(satellite)
    return f"""CCSDS_OEM_VERS = 2.0
COMMENT Mission {_value(flight.header.mission)}, seed {flight.header.seed}. CREATION_DATE is the flight's start.
CREATION_DATE = {_time(flight.header.start)}
ORIGINATOR = ORBITAL-CLOUD

META_START
OBJECT_NAME = {name}
OBJECT_ID = {name}
CENTER_NAME = EARTH
REF_FRAME = ITRF2014
TIME_SYSTEM = UTC
START_TIME = {first}
STOP_TIME = {last}
INTERPOLATION = HERMITE
INTERPOLATION_DEGREE = 7
META_STOP
{_COMMENT}"""


def _value(text: str) -> str:
    """A KVN value is printable ASCII on one line."""
    return re.sub(r"[^ -~]", "?", text)
