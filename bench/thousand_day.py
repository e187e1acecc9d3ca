"""A thousand satellites for a day at 60 s: orbit, shadow, array, battery and five thermal nodes; goal: 100 × Basilisk.

User CPU, all in one run. Ours is `fly_fleet` called again in a warm process, whole: from the list of designed orbits
to the summary's arrays. Against it:
- Basilisk 2.12 with orbit (point mass), eclipse, panel, battery and a one-node thermal model of the same satellites,
  in full; only its flying counts, building the simulation (some seconds) is left out;
- orbital-compute 0.3.0: its `Simulation` (SGP4, a cylinder, battery, one node, its contacts, no jobs) of a few
  satellites, scaled to a thousand; the table also says what its physics alone would be, which has no goal;
- SGP4's array call (`SatrecArray.sgp4`, C++) for the positions of as many satellites at as many times and nothing
  else.

The last line is the least of the three ratios, each over its goal (100, 1,000, 1), times 100.
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
from fleet_design import DESIGN, LOADS_W
from sgp4.api import WGS72, Satrec, SatrecArray

from orbitalcloud.core.time import DAY, Instant, parse_instant
from orbitalcloud.physics import Orbits, fly_fleet, sun_teme_m, walker
from orbitalcloud.physics.time import julian_utc

PEERS = Path(__file__).resolve().parent / "peers"
START = parse_instant("2026-03-20T12:00:00Z")
SATELLITES, STEP_S = 1000, 60.0
STEPS = round(86_400 / STEP_S)
SLICE_SATELLITES, HOURS = 8, 24
BASILISK, ORBITAL_COMPUTE, SGP4 = 100, 1000, 1
BASILISK_STEPS = (("bsk==2.12.0",),)
ORBITAL_COMPUTE_STEPS = (("orbital-compute==0.3.0",),)


def timed(call: object, times: int = 5) -> float:
    """Median CPU seconds of a call in this process, after one that warms it."""
    assert callable(call), "a function"
    took = []
    for _ in range(times + 1):
        begun = process_time()
        call()
        took.append(process_time() - begun)
    return median(took[1:])


def sgp4_s() -> float:
    """CPU seconds of SGP4's array call for the same number of states."""
    records = []
    for index in range(SATELLITES):
        one = Satrec()
        angle = 2.0 * math.pi * index / SATELLITES
        one.sgp4init(WGS72, "i", index + 1, 27838.5, 1e-5, 0.0, 0.0, 1e-4, 0.0, 0.925, angle, 0.0659, angle)
        records.append(one)
    fleet = SatrecArray(records)
    jd, fraction = julian_utc(START + np.arange(STEPS, dtype=np.int64) * round(STEP_S * 1e9))
    return timed(lambda: fleet.sgp4(jd, fraction), 3)


def basilisk(orbits: Orbits) -> dict[str, object]:
    """Basilisk's day, as basilisk_day.py prints it."""
    python = environment("basilisk", BASILISK_STEPS)
    position, velocity = orbits.state_teme(START)
    states = [[r.tolist(), v.tolist()] for r, v in zip(position[:, 0], velocity[:, 0], strict=True)]
    given = SCRATCH / "basilisk_day.json"
    given.write_text(json.dumps({"step_s": STEP_S, "sun_m": sun_teme_m(START)[0].tolist(), "states": states}))
    _, kilobytes, printed = user_cpu_s([str(python), str(PEERS / "basilisk_day.py"), str(given)], single_threaded())
    given.unlink()
    return {**json.loads(printed.strip().splitlines()[-1]), "peak_kb": kilobytes}


def orbital_compute() -> dict[str, float]:
    """orbital-compute's slice, as orbital_compute_day.py prints it."""
    python = environment("orbital-compute", ORBITAL_COMPUTE_STEPS)
    command = [str(python), str(PEERS / "orbital_compute_day.py"), str(SLICE_SATELLITES), str(HOURS)]
    _, _, printed = user_cpu_s([*command, str(STEP_S)], single_threaded())
    return json.loads(printed.strip().splitlines()[-1])


def main() -> int:
    orbits = Orbits.of(walker(SATELLITES, 25, 1, math.radians(53.0), 550e3, START))
    end = Instant(START + DAY)
    try:
        theirs, slower = basilisk(orbits), orbital_compute()
    except CannotAskError as error:
        print(f"thousand_day: cannot be asked here.\n{error}", file=sys.stderr)
        return CANNOT_ASK
    mine = timed(lambda: fly_fleet(DESIGN, orbits, LOADS_W, START, end, STEP_S))
    positions = sgp4_s()
    scaled, bare = (slower[name] / slower["count"] * SATELLITES for name in ("whole_s", "physics_s"))
    ratios = [float(str(theirs["fly_s"])) / mine, scaled / mine, positions / mine]
    shares = [ratio / goal for ratio, goal in zip(ratios, (BASILISK, ORBITAL_COMPUTE, SGP4), strict=True)]
    rows = [
        (f"ours, {SATELLITES:,} × {STEPS:,} steps, five nodes", f"{mine:.3f} s"),
        ("Basilisk, the same, one node", f"{theirs['fly_s']:.1f} s ({ratios[0]:.0f} times ours, goal {BASILISK})"),
        ("  built before, left out", f"{theirs['build_s']:.1f} s, peak {int(str(theirs['peak_kb'])) / 1024:.0f} MB"),
        ("orbital-compute, scaled", f"{scaled:.0f} s ({ratios[1]:.0f} times ours, goal {ORBITAL_COMPUTE:,})"),
        (f"  its slice, {slower['count']} satellites", f"{slower['whole_s']:.2f} s"),
        ("  its physics alone, scaled", f"{bare:.1f} s ({bare / mine:.0f} times ours)"),
        ("SGP4's array call, positions alone", f"{positions:.2f} s ({ratios[2]:.1f} times ours, goal {SGP4})"),
    ]
    table("A thousand satellites for a day at 60 s, user CPU of one core", rows)
    return answer("thousand_day", 100.0 * min(shares), 100)


if __name__ == "__main__":
    sys.exit(main())
