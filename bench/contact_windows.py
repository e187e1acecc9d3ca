"""Contact windows of a thousand satellites over twenty stations for a day; goals: 80 × Skyfield, 40 × brahe.

User CPU of the search alone, all in one run: ours whole (`contact_windows`, SGP4 included) in a warm process; Skyfield
1.55 `find_events` and brahe 1.8 `location_accesses` on a slice of the same satellites over all stations, scaled. The
passes that graze the mask are where searches lose some: of 2,000 pairs the mask is put 1e-5 rad below the highest
elevation that a one-second grid shows, and each must be found. The last line is the lesser of the two ratios over its
goal, times 80; a missed pass makes it zero. Orekit's own events stand in the tests (`access_orekit_5x20.json`).
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
from asking import CANNOT_ASK, SCRATCH, CannotAskError, answer, environment, single_threaded, table, user_cpu_s

from orbitalcloud.core.time import DAY, SECOND, Instant, parse_instant
from orbitalcloud.physics import GroundSite, Orbits, TwoLine, Window, contact_windows, position_itrs_m
from orbitalcloud.physics.frames import look_angles

START = parse_instant("2026-03-20T12:00:00Z")
END = Instant(START + DAY)
SATELLITES, STATIONS, MASK_DEG, GRAZING = 1000, 20, 5.0, 2000
GOALS = {"skyfield": 80.0, "brahe": 40.0}
SLICES = {"skyfield": 5, "brahe": 25}
RECIPES = {"skyfield": (("skyfield==1.55",),), "brahe": (("brahe==1.8.0",),)}


def elements() -> list[TwoLine]:
    """A Walker-like constellation at 550 km as two-line elements."""
    found = []
    for index in range(SATELLITES):
        plane, slot = divmod(index, 40)
        node, along = 360.0 * plane / 25, (360.0 * slot / 40 + 1.8 * plane) % 360.0
        one = f"1 {index:05d}U 26001A   26079.50000000  .00000000  00000-0  00000-0 0  999"
        two = f"2 {index:05d}  53.0000 {node:8.4f} 0001000   0.0000 {along:8.4f} 15.05500000    1"
        found.append(TwoLine(*(line + str(_checksum(line)) for line in (one, two))))
    return found


def _checksum(line: str) -> int:
    return sum(int(c) if c.isdigit() else c == "-" for c in line) % 10


def missed(orbits: Orbits, sites: list[GroundSite], windows: list[Window]) -> int:
    """Of GRAZING passes whose mask lies 1e-5 rad under their top, how many are not found."""
    lost = 0
    for window in windows[:: max(1, len(windows) // GRAZING)][:GRAZING]:
        site, one = sites[window.site], orbits.one(window.satellite)
        grid = window.culmination + SECOND * np.arange(-60, 61, dtype=np.int64)
        _, elevation, _ = look_angles(
            site.latitude_rad, site.longitude_rad, site.height_m, position_itrs_m(one, grid)[0]
        )
        top, at = float(elevation.max()), int(grid[elevation.argmax()])
        narrow = GroundSite(site.latitude_rad, site.longitude_rad, site.height_m, top - 1e-5)
        found = contact_windows(one, [narrow], Instant(at - 1800 * SECOND), Instant(at + 1800 * SECOND))
        lost += not any(each.opens <= at < each.closes for each in found)
    return lost


def peer(name: str, given: dict[str, object], lines: list[list[str]]) -> dict[str, float]:
    """What contact_windows.py of peers prints."""
    python = environment(name, RECIPES[name])
    place = SCRATCH / f"contact_windows_{name}.json"
    place.write_text(json.dumps({**given, "elements": lines[:: SATELLITES // SLICES[name]]}))
    script = Path(__file__).resolve().parent / "peers" / "contact_windows.py"
    _, _, printed = user_cpu_s([str(python), str(script), name, str(place)], single_threaded())
    place.unlink()
    return json.loads(printed.strip().splitlines()[-1])


def main() -> int:
    chance = np.random.default_rng(7)
    places = [(math.degrees(math.asin(chance.uniform(-0.95, 0.95))), chance.uniform(-180.0, 180.0)) for _ in range(20)]
    sites = [GroundSite(math.radians(a), math.radians(b), 0.0, math.radians(MASK_DEG)) for a, b in places]
    sources = elements()
    orbits = Orbits.of(sources)
    given = {
        "start_s": START // SECOND,
        "end_s": END // SECOND,
        "stations": [(latitude, longitude, MASK_DEG) for latitude, longitude in places],
    }
    try:
        peers = {name: peer(name, given, [[one.line1, one.line2] for one in sources]) for name in GOALS}
    except CannotAskError as error:
        print(f"contact_windows: cannot be asked here.\n{error}", file=sys.stderr)
        return CANNOT_ASK
    took: list[float] = []
    windows: list[Window] = []
    for _ in range(4):
        begun = process_time()
        windows = contact_windows(orbits, sites, START, END)
        took.append(process_time() - begun)
    mine = median(took[1:])
    lost = missed(orbits, sites, windows)
    rows = [(f"ours, {SATELLITES:,} × {STATIONS}", f"{mine:.2f} s, {len(windows):,} windows")]
    shares = []
    for name, found in peers.items():
        scaled = found["search_s"] / SLICES[name] * SATELLITES
        shares.append(scaled / mine / GOALS[name])
        rows.append((f"{name}, scaled", f"{scaled:.0f} s ({scaled / mine:.0f} times ours, goal {GOALS[name]:.0f})"))
        rows.append((f"  its slice of {SLICES[name]}", f"{found['search_s']:.2f} s, {found['windows']} windows"))
    rows.append((f"grazing passes missed, of {GRAZING:,}", str(lost)))
    table("Contact windows of a day, user CPU of one core", rows)
    return answer("contact_windows", 0.0 if lost else 80.0 * min(shares), 80)


if __name__ == "__main__":
    sys.exit(main())
