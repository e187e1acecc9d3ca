"""A slice of a constellation's day under orbital-compute 0.3.0. Runs in its own environment.

`orbital_compute_day.py SATELLITES STEPS STEP_S` prints one line of JSON: user CPU seconds to build and of the steps.
What its `Simulation._step_node` does of physics and no more: SGP4 position with its cylinder's eclipse, `PowerModel`,
`ThermalModel` (one node). Scheduler, contacts and telemetry are left out.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from resource import RUSAGE_SELF, getrusage

from orbital_compute.orbit import starlink_shell_1_sample
from orbital_compute.power import PowerConfig, PowerModel
from orbital_compute.thermal import ThermalConfig, ThermalModel


def user_s() -> float:
    """User CPU seconds of this process."""
    return getrusage(RUSAGE_SELF).ru_utime


def main() -> None:
    count, steps, step_s = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    begun = user_s()
    fleet = [(one, PowerModel(PowerConfig()), ThermalModel(ThermalConfig())) for one in starlink_shell_1_sample(count)]
    built = user_s()
    now = datetime(2026, 3, 26, tzinfo=UTC)
    dark = 0
    for _ in range(steps):
        for satellite, power, thermal in fleet:
            place = satellite.position_at(now)
            power.step(step_s, place.in_eclipse, 0.0)
            thermal.step(step_s, 120.0, place.in_eclipse)
            dark += place.in_eclipse
        now += timedelta(seconds=step_s)
    flown = user_s()
    print(json.dumps({"count": len(fleet), "build_s": built - begun, "fly_s": flown - built, "dark": int(dark)}))


if __name__ == "__main__":
    main()
