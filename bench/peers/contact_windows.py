"""Contact windows of a slice by Skyfield's find_events or brahe's location_accesses, in their own environment.

`contact_windows.py PEER FILE` reads lines of elements, stations (latitude °, longitude °, mask °) and the day from JSON
and prints one line of JSON: user CPU seconds of the search alone, and how many windows it found.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from resource import RUSAGE_SELF, getrusage


def user_s() -> float:
    """User CPU seconds of this process."""
    return getrusage(RUSAGE_SELF).ru_utime


def skyfield(given: dict) -> tuple[float, int]:
    """find_events of each satellite over each station; a rise is a window."""
    from skyfield.api import EarthSatellite, load, wgs84

    scale = load.timescale(builtin=True)
    day = [scale.from_datetime(datetime.fromtimestamp(given[name], UTC)) for name in ("start_s", "end_s")]
    fleet = [EarthSatellite(*lines, ts=scale) for lines in given["elements"]]
    begun, found = user_s(), 0
    for satellite in fleet:
        for latitude, longitude, mask in given["stations"]:
            _, events = satellite.find_events(wgs84.latlon(latitude, longitude), *day, altitude_degrees=mask)
            found += int((events == 0).sum())
    return user_s() - begun, found


def brahe(given: dict) -> tuple[float, int]:
    """location_accesses of all pairs at once, in its own search's defaults."""
    import brahe as bh

    bh.set_global_eop_provider(bh.StaticEOPProvider.from_zero())
    day = [datetime.fromtimestamp(given[name], UTC) for name in ("start_s", "end_s")]
    start, end = (bh.Epoch(t.year, t.month, t.day, t.hour, t.minute, float(t.second)) for t in day)
    places = [bh.PointLocation(longitude, latitude, 0.0) for latitude, longitude, _ in given["stations"]]
    fleet = [bh.SGPPropagator.from_tle(*lines, 60.0) for lines in given["elements"]]
    begun = user_s()
    found = bh.location_accesses(places, fleet, start, end, bh.ElevationConstraint(given["stations"][0][2]))
    return user_s() - begun, len(found)


def main() -> None:
    given = json.loads(Path(sys.argv[2]).read_text())
    took, found = {"skyfield": skyfield, "brahe": brahe}[sys.argv[1]](given)
    print(json.dumps({"search_s": took, "windows": found}))


if __name__ == "__main__":
    main()
