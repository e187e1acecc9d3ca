"""A few satellites' day under orbital-compute 0.3.0. Runs in its own environment.

`orbital_compute_day.py SATELLITES HOURS STEP_S` prints one line of JSON: user CPU seconds of its own `Simulation` as
it comes (its set-up looks for contacts; no jobs are given), and of what its steps do of physics alone (SGP4 position
with a cylinder's eclipse, `PowerModel`, `ThermalModel` of one node)."""

from __future__ import annotations

import json
import os
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from orbital_compute.orbit import starlink_shell_1_sample
from orbital_compute.power import PowerConfig, PowerModel
from orbital_compute.simulator import Simulation, SimulationConfig
from orbital_compute.thermal import ThermalConfig, ThermalModel


def user_s() -> float:
    """User CPU seconds of this process."""
    return getrusage(RUSAGE_SELF).ru_utime


def physics_s(count: int, steps: int, step_s: float) -> float:
    """User CPU seconds of position, power and heat alone."""
    fleet = [(one, PowerModel(PowerConfig()), ThermalModel(ThermalConfig())) for one in starlink_shell_1_sample(count)]
    begun, now = user_s(), datetime(2026, 3, 26, tzinfo=UTC)
    for _ in range(steps):
        for satellite, power, thermal in fleet:
            place = satellite.position_at(now)
            power.step(step_s, place.in_eclipse, 0.0)
            thermal.step(step_s, 120.0, place.in_eclipse)
        now += timedelta(seconds=step_s)
    return user_s() - begun


def main() -> None:
    count, hours, step_s = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    config = SimulationConfig(n_satellites=count, sim_duration_hours=hours, time_step_seconds=step_s, n_jobs=0)
    begun = user_s()
    with Path(os.devnull).open("w") as silent, redirect_stdout(silent):
        simulation = Simulation(config)
        simulation.setup()
        simulation.run()
    whole = user_s() - begun
    flown = len(simulation.nodes)
    physics = physics_s(count, round(hours * 3600 / step_s), step_s)
    print(json.dumps({"count": flown, "whole_s": whole, "physics_s": physics}))


if __name__ == "__main__":
    main()
