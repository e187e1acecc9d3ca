"""How long an orbit lasts, what it costs to hold it, and whether it is left in time: one satellite of a mission.

Lifetimes are of the satellite that nobody holds any more, with the area it has when tumbling; station-keeping and the
altitude lost are of the satellite in flight, its attitude held. The forecast of the Sun starts at the mission's epoch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DAY
from orbitalcloud.mission import Craft, Loaded
from orbitalcloud.mission.surface import Surface, surface_of
from orbitalcloud.physics import Design, Orbits, beta_angle_rad
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.decay import drag_m2_kg, lifetime_days
from orbitalcloud.physics.orbit import mean_design
from orbitalcloud.physics.solar_activity import LEVELS, Activity, Level, activity_of, solar_cycle
from orbitalcloud.physics.station_keeping import (
    DISPOSAL_YEARS,
    OLD_DISPOSAL_YEARS,
    altitude_for_lifetime_m,
    delta_v_m_s,
    drag_for_lifetime_m2_kg,
    local_time_drift,
    mean_drag,
    plane_delta_v_m_s_year,
    propellant_kg,
)

Floats = NDArray[np.float64]

_SYNCHRONOUS_MIN_YEAR = 60.0  # an orbit whose node drifts less than this against the Sun is meant to be synchronous


@dataclass(frozen=True, slots=True)
class OrbitLife:
    """What `orbit_life` finds. Years are inf where they are more than 200; masses and years of propellant are None
    without propulsion.

    Lifetimes (years, from the epoch to 120 km, uncontrolled): under the forecast of the Sun (median; `early_years` and
    `late_years` with its 95th and 5th percentiles), and under the constant `minimum`, `mean` and `maximum` activity.
    `disposal_margin` is 1 − lifetime/5 years: below 0 the rule of FCC 22-74 is broken; `old_disposal_margin` the same
    for the 25 years of the IADC. `area_needed_m2` and `altitude_needed_m` would just meet the five years.

    In flight, at the mission's activity (`f107_sfu`, `kp`): altitude lost in metres a day and a year, velocity a year
    against drag and for the plane (sun-synchronous orbits only), propellant a year and how many years it lasts.
    `local_time_drift_min_year` is the node's drift in the first uncontrolled year against the mean Sun, and
    `inclination_drift_deg_year` that of the inclination.
    """

    name: str
    surface: Surface
    f107_sfu: float
    kp: float
    lifetime_years: float
    early_years: float
    late_years: float
    minimum_years: float
    mean_years: float
    maximum_years: float
    disposal_margin: float
    old_disposal_margin: float
    area_needed_m2: float
    altitude_needed_m: float
    altitude_m: float
    sink_m_day: float
    sink_m_year: float
    drag_delta_v_m_s_year: float
    plane_delta_v_m_s_year: float
    propellant_kg_year: float | None
    propellant_years: float | None
    sun_synchronous: bool
    local_time_drift_min_year: float
    inclination_drift_deg_year: float

    @property
    def meets_five_years(self) -> bool:
        """Whether the satellite is gone five years after the epoch."""
        return self.disposal_margin >= 0.0


def orbit_life(loaded: Loaded, craft: Craft) -> OrbitLife:
    """The life of one satellite's orbit; a second or two for high orbits.

    `DataError` for orbits with a perigee in the air and an apogee above 10,000 km: Sun and Moon decide those.
    """
    orbit = mean_design(craft.orbit, craft.name)
    if isinstance(craft.orbit, Design):
        orbit = replace(orbit, name=craft.name)
    environment = loaded.mission.environment
    f107, kp = activity_of(environment.solar_activity, environment.f107_sfu, environment.kp)
    surface = surface_of(craft.bus, _mean_cos_beta(orbit))
    held = drag_m2_kg(surface.drag_coefficient, surface.drag_area_m2, surface.mass_kg)
    loose = drag_m2_kg(surface.drag_coefficient, surface.disposal_area_m2, surface.mass_kg)
    forecast = solar_cycle(orbit.epoch)
    life = _years(orbit, loose, forecast)
    levels: dict[Level, float] = {level: _years(orbit, loose, Activity.level(level, orbit.epoch)) for level in LEVELS}
    drag = mean_drag(orbit, held, f107, kp)
    year = local_time_drift(orbit, 1.0)
    drift_min, tilt_deg = _drift(year.local_time_h, year.inclination_rad)
    synchronous = abs(drift_min) < _SYNCHRONOUS_MIN_YEAR
    plane = plane_delta_v_m_s_year(orbit) if synchronous else 0.0
    burnt, lasts = _propellant(craft, drag.delta_v_m_s_year + plane)
    return OrbitLife(
        name=craft.name,
        surface=surface,
        f107_sfu=f107,
        kp=kp,
        lifetime_years=life,
        early_years=_years(orbit, loose, solar_cycle(orbit.epoch, chance="high")),
        late_years=_years(orbit, loose, solar_cycle(orbit.epoch, chance="low")),
        minimum_years=levels["minimum"],
        mean_years=levels["mean"],
        maximum_years=levels["maximum"],
        disposal_margin=1.0 - life / DISPOSAL_YEARS,
        old_disposal_margin=1.0 - life / OLD_DISPOSAL_YEARS,
        area_needed_m2=drag_for_lifetime_m2_kg(orbit, DISPOSAL_YEARS, forecast)
        * (surface.mass_kg / surface.drag_coefficient),
        altitude_needed_m=altitude_for_lifetime_m(orbit, loose, DISPOSAL_YEARS, forecast),
        altitude_m=orbit.semi_major_axis_m - EARTH_RADIUS_M,
        sink_m_day=drag.sink_m_day,
        sink_m_year=drag.sink_m_day * 365.25,
        drag_delta_v_m_s_year=drag.delta_v_m_s_year,
        plane_delta_v_m_s_year=plane,
        propellant_kg_year=burnt,
        propellant_years=lasts,
        sun_synchronous=synchronous,
        local_time_drift_min_year=drift_min,
        inclination_drift_deg_year=tilt_deg,
    )


def _years(orbit: Design, drag: float, sun: Activity) -> float:
    """Lifetime in years."""
    return lifetime_days(orbit, drag, sun) / 365.25


def _mean_cos_beta(orbit: Design) -> float:
    """Mean over a year from the epoch of the cosine of the angle between the Sun and the orbit's plane."""
    times = orbit.epoch + (np.arange(73) * 5 * DAY).astype(np.int64)
    return float(np.cos(beta_angle_rad(Orbits.of([orbit]), times)).mean())


def _drift(local_time_h: Floats, inclination_rad: Floats) -> tuple[float, float]:
    """Minutes that the node gained in a year (unwrapped from noon to noon), and degrees of inclination."""
    hours = np.unwrap(local_time_h, period=24.0)
    return float(hours[-1] - hours[0]) * 60.0, math.degrees(float(inclination_rad[-1] - inclination_rad[0]))


def _propellant(craft: Craft, a_year_m_s: float) -> tuple[float | None, float | None]:
    """Kilograms in the first year, and years that the propellant lasts."""
    motor = craft.bus.propulsion
    if motor is None:
        return None, None
    whole = delta_v_m_s(craft.bus.mass_kg, motor.propellant_kg, motor.isp_s)
    lasts = whole / a_year_m_s if a_year_m_s > 0.0 else math.inf
    return propellant_kg(craft.bus.mass_kg, a_year_m_s, motor.isp_s), lasts
