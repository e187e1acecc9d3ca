"""What it costs to stay, and what makes a satellite leave in time.

Thrust against drag is the mean deceleration over an orbit, a year's seasons and local times; thrust for a kept local
time turns the plane back by the inclination that Sun and Moon give in a year. Both as velocity a year, and as
propellant by the rocket equation. Disposal: the smallest C_D A/m, and the highest circular altitude, from which an
orbit ends within a number of years.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY
from orbitalcloud.physics.constants import EARTH_MU_M3_S2, EARTH_RADIUS_M
from orbitalcloud.physics.decay import RE_ENTRY_M, Decay, check_drag, decay, drag_rates, lifetime_days, mean_sun_rad
from orbitalcloud.physics.density import YEAR_DAYS, density_profile
from orbitalcloud.physics.design import Design, secular_rates, sun_synchronous_inclination_rad
from orbitalcloud.physics.solar_activity import Activity

STANDARD_GRAVITY_M_S2 = 9.80665
"""Which turns specific impulse in seconds to metres a second (exact by definition, CGPM 1901)."""
DISPOSAL_YEARS = 5.0
"""Longest stay below 2,000 km after the mission: FCC 22-74 (2022), 47 CFR 25.114(d)(14) and 97.207(g)(1)(vii)."""
OLD_DISPOSAL_YEARS = 25.0
"""The older rule: IADC Space Debris Mitigation Guidelines (IADC-02-01, 2002), section 5.3.2."""
YEAR_S = 365.25 * 86_400.0
_SAMPLES = 73


@dataclass(frozen=True, slots=True)
class MeanDrag:
    """Means over an orbit and a year: how fast the semi-major axis falls, and the deceleration along the track."""

    sink_m_s: float
    deceleration_m_s2: float

    @property
    def sink_m_day(self) -> float:
        return self.sink_m_s * 86_400.0

    @property
    def delta_v_m_s_year(self) -> float:
        """Thrust that makes up for it, m/s a year."""
        return self.deceleration_m_s2 * YEAR_S


def mean_drag(orbit: Design, drag_m2_kg: float, f107_sfu: float, kp: float) -> MeanDrag:
    """Drag on an orbit that is kept where it is, under a constant Sun, over the year from its epoch."""
    check_drag(drag_m2_kg)
    rates = secular_rates(orbit.semi_major_axis_m, orbit.eccentricity, orbit.inclination_rad)
    first = orbit.epoch / DAY
    found = []
    for day in (np.arange(_SAMPLES) + 0.5) * (YEAR_DAYS / _SAMPLES):
        profile = density_profile(f107_sfu, kp, (first + day) % YEAR_DAYS)
        node = orbit.raan_rad + rates.raan_rad_s * day * 86_400.0 - mean_sun_rad(first + day)
        perigee = orbit.argp_rad + rates.argp_rad_s * day * 86_400.0
        elements = (orbit.semi_major_axis_m, orbit.eccentricity, orbit.inclination_rad, perigee, node)
        found.append(drag_rates(profile, *elements, drag_m2_kg))
    sink, _, slow = np.mean(np.array(found), axis=0)
    return MeanDrag(-float(sink), float(slow))


def local_time_drift(orbit: Design, years: float, drag_m2_kg: float = 0.0, activity: Activity | None = None) -> Decay:
    """How the local time of the node goes if nobody corrects the plane: `Decay.local_time_h` against `Decay.days`.

    With drag and an activity the orbit also sinks, which turns the node faster; without, its altitude is kept.
    """
    sinks = activity is not None and drag_m2_kg > 0.0
    sun = activity if activity is not None else Activity.level("mean", orbit.epoch)
    return decay(orbit, drag_m2_kg, sun, years=years, hold_altitude=not sinks)


def plane_delta_v_m_s_year(orbit: Design) -> float:
    """Velocity a year that turns back what Sun and Moon do to the inclination: 2 v sin(Δi/2)."""
    year = local_time_drift(orbit, 1.0)
    change = abs(float(year.inclination_rad[-1] - year.inclination_rad[0]))
    return 2.0 * math.sqrt(EARTH_MU_M3_S2 / orbit.semi_major_axis_m) * math.sin(change / 2.0)


def propellant_kg(mass_kg: float, delta_v_m_s: float, isp_s: float) -> float:
    """Propellant that gives a satellite of `mass_kg` (with it) a velocity: Tsiolkovsky's equation."""
    if not (mass_kg > 0.0 and isp_s > 0.0 and delta_v_m_s >= 0.0):
        raise DataError(
            "propellant", (mass_kg, delta_v_m_s, isp_s), "give mass and impulse above zero, velocity from 0"
        )
    return mass_kg * -math.expm1(-delta_v_m_s / (isp_s * STANDARD_GRAVITY_M_S2))


def delta_v_m_s(mass_kg: float, propellant_kg: float, isp_s: float) -> float:
    """Velocity that `propellant_kg`, part of `mass_kg`, gives."""
    if not (0.0 <= propellant_kg < mass_kg and isp_s > 0.0):
        raise DataError("propellant_kg", propellant_kg, f"choose less than the whole mass, {mass_kg} kg")
    return isp_s * STANDARD_GRAVITY_M_S2 * math.log(mass_kg / (mass_kg - propellant_kg))


# Disposal -----------------------------------------------------------------------------------------------------------


def drag_for_lifetime_m2_kg(orbit: Design, years: float, activity: Activity) -> float:
    """The smallest C_D A/m (m²/kg, to 2 %) with which the orbit ends within `years`; inf if 100 m²/kg is too little."""
    low, high = 1e-5, 100.0
    if lifetime_days(orbit, high, activity, years=years) == math.inf:
        return math.inf
    while high / low > 1.02:
        middle = math.sqrt(low * high)
        if lifetime_days(orbit, middle, activity, years=years) == math.inf:
            low = middle
        else:
            high = middle
    return high


def altitude_for_lifetime_m(orbit: Design, drag_m2_kg: float, years: float, activity: Activity) -> float:
    """The highest circular altitude (to 1 km) from which a satellite falls within `years`; sun-synchronous orbits
    change their inclination with it. The re-entry altitude where there is none."""
    polar = abs(orbit.inclination_rad - _synchronous(orbit.semi_major_axis_m, orbit.inclination_rad)) < 2e-3
    low, high = RE_ENTRY_M, 1500e3
    while high - low > 1e3:
        middle = 0.5 * (low + high)
        axis = EARTH_RADIUS_M + middle
        tilt = _synchronous(axis, orbit.inclination_rad) if polar else orbit.inclination_rad
        there = replace(orbit, semi_major_axis_m=axis, eccentricity=0.0, inclination_rad=tilt)
        if lifetime_days(there, drag_m2_kg, activity, years=years) == math.inf:
            high = middle
        else:
            low = middle
    return low


def _synchronous(axis_m: float, other_rad: float) -> float:
    """The sun-synchronous inclination, or the other where there is none."""
    try:
        return sun_synchronous_inclination_rad(axis_m)
    except DataError:
        return other_rad + 1.0
