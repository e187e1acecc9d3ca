"""The contact plan of 1,584 satellites and a hundred stations for a day; goal: 4 times faster than a 10 s grid.

Ours is `contact_windows`, states of the satellites included. The peer is the usual way: elevations on a grid of 10 s
in numpy, a matrix product for each station, runs of visible points as contacts. Its time is that of a share of the
satellites, scaled. What it misses are passes that rise and set between two points of its grid, and of those that it
sees at one point alone it cannot say how long they are: a contact of no length carries nothing. How many follows from
the exact times, for its 10 s and for other grids; on the share both must be what the peer finds, and each of its
contacts one of ours. The mask is 25°, as with Starlink's first 1,584 satellites (FCC, SAT-MOD-20181108-00083).
"""

from __future__ import annotations

import math
import sys
from statistics import median
from time import process_time

import numpy as np
from asking import answer, table

from orbitalcloud.core.time import DAY, SECOND, Instant, parse_instant
from orbitalcloud.physics import GroundSite, Orbits, Window, contact_windows, position_itrs_m, walker
from orbitalcloud.physics.frames import itrs_of_geodetic, up_of_geodetic

START = parse_instant("2026-03-20T12:00:00Z")
END = Instant(START + DAY)
SATELLITES, STATIONS, MASK_DEG, STEP_S, SHARE, GOAL = 1584, 100, 25.0, 10, 8, 4.0


def fleet() -> Orbits:
    """A Walker of 72 planes at 550 km and 53°."""
    return Orbits.of(walker(SATELLITES, 72, 17, math.radians(53.0), 550e3, START))


def sites() -> list[GroundSite]:
    """A hundred places where people live: up to 60° north and south."""
    chance = np.random.default_rng(7)
    mask = math.radians(MASK_DEG)
    places = [(math.asin(chance.uniform(-0.87, 0.87)), chance.uniform(-math.pi, math.pi)) for _ in range(STATIONS)]
    return [GroundSite(latitude, longitude, 0.0, mask) for latitude, longitude in places]


def on_a_grid(orbits: Orbits, places: list[GroundSite]) -> tuple[list[tuple[int, int, int]], int]:
    """(satellite, site, first visible point) of every pass that the grid sees; how many it sees at one point alone."""
    times = START + STEP_S * SECOND * np.arange(DAY // (STEP_S * SECOND) + 1, dtype=np.int64)
    position = position_itrs_m(orbits, times)
    found: list[tuple[int, int, int]] = []
    single = 0
    for j, site in enumerate(places):
        place = itrs_of_geodetic(site.latitude_rad, site.longitude_rad, site.height_m)
        up = up_of_geodetic(site.latitude_rad, site.longitude_rad)
        line = position - place
        visible = line @ up >= math.sin(site.mask_rad) * np.sqrt(np.einsum("ika,ika->ik", line, line))
        before = np.pad(visible[:, :-1], ((0, 0), (1, 0)))
        after = np.pad(visible[:, 1:], ((0, 0), (0, 1)))
        single += int(np.count_nonzero((visible & ~before & ~after)[:, 1:-1]))
        satellites, points = np.nonzero(visible & ~before)
        found += [(i, j, k) for i, k in zip(satellites.tolist(), points.tolist(), strict=True)]
    return found, single


def lost(windows: list[Window], step_s: int) -> tuple[int, int]:
    """How many of the windows hold no point of such a grid, and how many only one; the day's ends cut passes short."""
    step = step_s * SECOND
    whole = [w for w in windows if w.opens > START and w.closes < END]
    points = [(w.closes - START) // step + (START - w.opens) // step + 1 for w in whole]
    return points.count(0), points.count(1)


def main() -> int:
    orbits, places = fleet(), sites()
    took = []
    for _ in range(4):
        begun = process_time()
        windows = contact_windows(orbits, places, START, END)
        took.append(process_time() - begun)
    ours = median(took[1:])
    chosen = list(range(0, SATELLITES, SHARE))
    part = orbits.subset(chosen)
    begun = process_time()
    seen, single = on_a_grid(part, places)
    theirs = (process_time() - begun) * SATELLITES / len(chosen)
    mine: dict[tuple[int, int], list[tuple[int, int]]] = {}
    count = 0
    for w in windows:
        if w.satellite % SHARE == 0:
            mine.setdefault((w.satellite // SHARE, w.site), []).append((w.opens, w.closes))
            count += 1
    slack = SECOND // 1000
    ours_too = sum(
        any(opens - slack <= START + k * STEP_S * SECOND <= closes + slack for opens, closes in mine.get((i, j), ()))
        for i, j, k in seen
    )
    ratio = theirs / ours
    part_of = [w for w in windows if w.satellite % SHARE == 0]
    agree = (count - len(seen), single) == lost(part_of, STEP_S)
    table(
        f"Contact plan of {SATELLITES:,} satellites over {STATIONS} stations, a day, CPU of one core",
        [
            ("ours", f"{ours:.2f} s, {len(windows):,} contacts"),
            (f"numpy on a grid of {STEP_S} s, 1 of {SHARE} scaled", f"{theirs:.1f} s ({ratio:.1f} times ours)"),
            ("  of its share we have", f"{ours_too:,} of {len(seen):,}"),
            *(
                (
                    f"  a grid of {step} s misses",
                    "{:,} of {:,}, and gives no length to {:,} more".format(*_told(windows, step)),
                )
                for step in (STEP_S, 20, 30)
            ),
        ],
    )
    return answer("contact_plan", ratio if ours_too == len(seen) and agree else 0.0, GOAL)


def _told(windows: list[Window], step_s: int) -> tuple[int, int, int]:
    none, single = lost(windows, step_s)
    return none, len(windows), single


if __name__ == "__main__":
    sys.exit(main())
