"""Orekit integrates one satellite for a week, some times: prints JSON with CPU seconds a satellite-day and the end.

    python orekit_orbits.py LONGEST_STEP_S

J2–J6, Sun, Moon, sunlight with the Earth's shadow; DormandPrince853 at 1e-5 m, as tools/make_orekit_orbits.py has them.
The first week warms the compiler up; of three more the fastest counts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import make_orekit_orbits as recipe

DAYS = 7.0


def week(longest_s: float) -> tuple[float, list[float]]:
    """CPU seconds, and where it is after a week (GCRF, m)."""
    made = recipe.propagator(recipe.ORBITS["sun-synchronous"][:6], "all", longest_s)
    begun = process_time()
    state = made.propagate(recipe.START.shiftedBy(DAYS * 86400.0))
    used = process_time() - begun
    return used, recipe.row(state.getPVCoordinates(recipe.GCRF))


def main() -> None:
    """One line of JSON."""
    longest_s = float(sys.argv[1])
    week(longest_s)
    runs = [week(longest_s) for _ in range(3)]
    print(json.dumps({"cpu_s_day": min(used for used, _ in runs) / DAYS, "end": runs[0][1]}))


main()
