"""A hundred satellites for a day: `orbital fly walker-100` against PASEOS 0.2.1 at 60 s steps, in user CPU; goal: 50.

Ours is a fresh process from a warm numba cache: the whole command, mission file to report, with power, heat, shadow,
contacts, bundles, modelled jobs and the Log. Theirs is what of that PASEOS can do: `advance_time` with orbit, eclipse,
battery and one thermal node, and at each step whether each satellite sees one of the mission's six stations, which is
how PASEOS knows of contacts. It is measured on a slice of the day and scaled by its steps. No bundles, no jobs.

What flatters PASEOS, on purpose:
- pykep < 3, which it needs, is no longer on PyPI for Python 3.11. It gets bench/peers/pykep, a lean stand-in of ours,
  and the time spent in that is taken off: pykep counts as free.
- Its start-up (imports, a hundred actors) is taken off; ours is left in.

The table also says what the stepping alone would be, without looking for stations: a lower bound that compares our
contacts with none. The 708 s that this project's planners measured (the whole day, real pykep, another machine) stand
beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from statistics import median

from asking import CANNOT_ASK, SCRATCH, CannotAskError, answer, environment, single_threaded, table, user_cpu_s

HERE = Path(__file__).resolve().parent
ORBITAL = str(Path(sys.executable).parent / "orbital")
MISSION = "walker-100"
SATELLITES, SLICE_MINUTES, DAY_MINUTES = 100, 20, 1440
STATIONS, FLIGHTS = 6, 3
PUBLISHED_S = 708.0
GOAL = 50

# PASEOS's metadata pins numpy 1.23.5 and asks for pykep < 3, so its dependencies are named here instead.
STEPS = (
    ("--no-deps", "paseos==0.2.1"),
    (
        "numpy==1.26.4",
        "scikit-spatial==6.8.1",
        "matplotlib<3.11",
        "scipy",
        "dotmap>=1.3.30",
        "loguru>=0.6",
        "pyquaternion>=0.9.9",
        "skyfield>=1.45",
        "toml>=0.10.2",
        "trimesh>=4.0.7",
        "tqdm",
    ),
)


def ours() -> tuple[list[float], int]:
    """User CPU seconds of each measured flight, and the peak memory in kB; one flight before them warms the caches."""
    seconds, peak_kb = [], 0
    for _ in range(FLIGHTS + 1):
        out = SCRATCH / "flights" / MISSION
        shutil.rmtree(out, ignore_errors=True)
        # exit 1 says that the mission does not close, which is an answer and no failure
        took, kilobytes, _ = user_cpu_s([ORBITAL, "fly", MISSION, "--out", str(out), "--json"], fine=(0, 1))
        status = json.loads((out / "flight.json").read_text())
        assert status["status"] == "complete", "the flight reached its end"
        assert (out / "report.html").is_file(), "the report is part of what is measured"
        seconds.append(took)
        peak_kb = max(peak_kb, kilobytes)
    shutil.rmtree(SCRATCH / "flights", ignore_errors=True)
    return seconds[1:], peak_kb


def theirs() -> dict[str, float]:
    """PASEOS's slice, as paseos_flight.py prints it."""
    python = environment("paseos", STEPS)
    variables = {**single_threaded(), "PYTHONPATH": str(HERE / "peers"), "MPLBACKEND": "Agg"}
    command = [str(python), str(HERE / "peers" / "paseos_flight.py"), str(SATELLITES), str(SLICE_MINUTES)]
    _, kilobytes, printed = user_cpu_s(command, variables)
    found = json.loads(printed.strip().splitlines()[-1])
    return {**found, "first_s": found["halves_s"][0], "second_s": found["halves_s"][1], "peak_kb": kilobytes}


def main() -> int:
    try:
        peer = theirs()
        flights, peak_kb = ours()
    except CannotAskError as error:
        print(f"hundred_satellites: cannot be asked here.\n{error}", file=sys.stderr)
        return CANNOT_ASK
    mine = median(flights)
    steps = SATELLITES * DAY_MINUTES
    day_s = (peer["slice_s"] - peer["stand_in_s"]) / peer["steps"] * steps
    seeing_s = day_s + peer["sight_s"] * steps * STATIONS
    rows = [
        ("orbital fly walker-100, whole command", ", ".join(f"{took:.2f}" for took in flights) + " s"),
        ("  median", f"{mine:.2f} s, peak {peak_kb / 1024:.0f} MB"),
        (
            f"PASEOS, {SATELLITES} satellites × {SLICE_MINUTES} minutes",
            f"{peer['slice_s']:.2f} s, {peer['steps']:.0f} steps",
        ),
        ("  its halves", f"{peer['first_s']:.2f} s, {peer['second_s']:.2f} s"),
        ("  less our stand-in for pykep", f"{peer['stand_in_s']:.2f} s"),
        ("  start-up, left out", f"{peer['start_s']:.2f} s"),
        ("  a step", f"{day_s / steps * 1e3:.2f} ms, peak {peer['peak_kb'] / 1024:.0f} MB"),
        ("  one look for a station", f"{peer['sight_s'] * 1e3:.2f} ms"),
        ("PASEOS, scaled to the day, with six stations", f"{seeing_s:.0f} s ({seeing_s / mine:.0f} times ours)"),
        ("  its stepping alone, no contacts", f"{day_s:.0f} s ({day_s / mine:.0f} times ours)"),
        ("  the planners' earlier measurement", f"{PUBLISHED_S:.0f} s ({PUBLISHED_S / mine:.0f} times ours)"),
        ("PASEOS runs on our own lean stand-in for pykep 2 (bench/peers/pykep), whose time counts as nothing.", ""),
        (f"Its last satellite ends at {peer['kelvin']:.1f} K and charge {peer['charge']:.2f}.", ""),
    ]
    table(f"A hundred satellites for a day, user CPU, {os.cpu_count()} cores", rows)
    return answer("hundred_satellites", seeing_s / mine, GOAL)


if __name__ == "__main__":
    sys.exit(main())
