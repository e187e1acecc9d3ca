"""Is compiling paid once? User CPU of a first process with an empty cache of kernels over a second; goal: 5.

Each flies a fleet for an hour by `fly_fleet`, by `EnergyHeat`, and looks for contacts. The second must write no kernel.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from asking import CANNOT_ASK, SCRATCH, CannotAskError, answer, table, user_cpu_s

HERE = Path(__file__).resolve().parent
PLACE = SCRATCH / "kernel-cache"
GOAL = 5
WORK = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from fleet_design import DESIGN, LOADS_W
from orbitalcloud.core.time import HOUR, Instant, parse_instant
from orbitalcloud.physics import EnergyHeat, GroundSite, Orbits, contact_windows, fly_fleet, geometry, walker
start = parse_instant("2026-03-20T12:00:00Z")
end, orbits = Instant(start + HOUR), Orbits.of(walker(4, 2, 1, 0.9, 550e3, start))
fly_fleet(DESIGN, orbits, LOADS_W, start, end)
EnergyHeat([DESIGN] * 4, geometry(orbits, start, end)).advance_all(end, [LOADS_W] * 4)
contact_windows(orbits, [GroundSite(0.5, 0.1)], start, end)
"""


def main() -> int:
    shutil.rmtree(PLACE, ignore_errors=True)
    seconds, files = [], []
    try:
        for _ in range(3):
            took, _, _ = user_cpu_s([sys.executable, "-c", WORK], {**os.environ, "NUMBA_CACHE_DIR": str(PLACE)})
            seconds.append(took)
            files.append(sum(1 for _ in PLACE.rglob("*.nbc")))
    except CannotAskError as error:
        print(f"kernel_cache: cannot be asked here.\n{error}", file=sys.stderr)
        return CANNOT_ASK
    finally:
        shutil.rmtree(PLACE, ignore_errors=True)
    assert files[1] == files[0], f"the second process compiled {files[1] - files[0]} kernels again"
    rows = [
        ("first process, empty cache", f"{seconds[0]:.1f} s, {files[0]} kernels kept"),
        ("second", f"{seconds[1]:.2f} s, none compiled"),
        ("third", f"{seconds[2]:.2f} s"),
    ]
    table("Compiling kernels, user CPU of fresh processes", rows)
    return answer("kernel_cache", seconds[0] / min(seconds[1:]), GOAL)


if __name__ == "__main__":
    sys.exit(main())
