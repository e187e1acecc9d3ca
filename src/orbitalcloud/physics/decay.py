"""How an orbit sinks, turns and ends: mean elements over months and centuries under drag, oblateness, Sun and Moon.

Drag is averaged over the orbit by quadrature in the eccentric anomaly: density of `physics.density` at the geodetic
altitude, latitude and local solar time of each point (the periodic J2 term of the radius counted: 4.5 km on a polar
orbit), velocity against air that turns with the Earth, along the track. The node and the perigee turn by J2, J2² and
J4 as in `physics.design`. Sun (along its true path) and Moon (averaged over its month) tilt the plane: averaged over
a circular orbit of the satellite, which is what drifts the local time of sun-synchronous orbits. Midpoint steps, small
against the scale height: second order.

Left out: the air's winds other than rotation, lift, radiation pressure, and Sun and Moon on eccentricity: orbits with
a perigee in the air and an apogee above 10,000 km need them and are refused. A satellite is taken to be lost at a
perigee of 120 km.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY
from orbitalcloud.physics.constants import (
    EARTH_FLATTENING,
    EARTH_J2,
    EARTH_J4,
    EARTH_MU_M3_S2,
    EARTH_RADIUS_M,
    EARTH_ROTATION_RAD_S,
    MEAN_SUN_RAD_S,
)
from orbitalcloud.physics.density import HIGHEST_M, YEAR_DAYS, at_kp_and_f107, density_at, density_table
from orbitalcloud.physics.design import Design
from orbitalcloud.physics.solar_activity import Activity

Floats = NDArray[np.float64]

RE_ENTRY_M = 120e3
"""The conventional interface (ESA 120 km, NASA 400,000 ft): below it nothing stays up for an orbit."""
LONGEST_YEARS = 200.0
HIGHEST_APOGEE_M = 10_000e3
_STEP = 0.08  # of a scale height by which perigee or semi-major axis may sink in a step
_LONGEST_STEP_DAYS = 5.0
_MOST_STEPS = 60_000
_J2000_DAYS = 10_957.5  # 2000-01-01 12 h, days since 1970
_SUN_RATE2 = 1.32712440018e20 / 149_597_870_700.0**3  # μ/r³ of the Sun at 1 au (IAU 2012 B2, IERS 2010)
_MOON_RATE2 = 4.9028001e12 / 384_399e3**3 / (1.0 - 0.0549**2) ** 1.5  # of the Moon, mean over its ellipse
_OBLIQUITY = math.radians(23.4393)
_MOON_TILT = math.radians(5.145)
# Columns of the state and of a history
AXIS, ECCENTRICITY, INCLINATION, PERIGEE, NODE = range(5)


# Rates --------------------------------------------------------------------------------------------------------------


@njit(cache=True)
def _sun(days):  # type: ignore[no-untyped-def]
    """Mean longitude, and true longitude and distance (au) of the Sun; days since 1970 (Astronomical Almanac, C5)."""
    d = days - _J2000_DAYS
    mean = math.radians((280.460 + 0.9856474 * d) % 360.0)
    g = math.radians((357.528 + 0.9856003 * d) % 360.0)
    true = mean + math.radians(1.915) * math.sin(g) + math.radians(0.020) * math.sin(2.0 * g)
    return mean, true, 1.00014 - 0.01671 * math.cos(g) - 0.00014 * math.cos(2.0 * g)


@njit(cache=True)
def _plane_rates(a, e, inclination, node, days):  # type: ignore[no-untyped-def]
    """Rates of inclination, perigee and of the node against the mean Sun, rad/s; `node` is that angle."""
    motion = math.sqrt(EARTH_MU_M3_S2 / a**3)
    c, s = math.cos(inclination), math.sin(inclination)
    c2 = c * c
    ratio2 = (EARTH_RADIUS_M / (a * (1.0 - e * e))) ** 2
    k1 = 1.5 * EARTH_J2 * ratio2 * motion
    k2 = 0.5 * k1 * EARTH_J2 * ratio2
    k3 = -0.46875 * EARTH_J4 * ratio2 * ratio2 * motion
    node_rate = (-k1 + 0.5 * k2 * (4.0 - 19.0 * c2) + 2.0 * k3 * (3.0 - 7.0 * c2)) * c
    perigee_rate = 0.5 * k1 * (5.0 * c2 - 1.0) + 0.0625 * k2 * (7.0 - 114.0 * c2 + 395.0 * c2 * c2)
    perigee_rate += k3 * (3.0 - 36.0 * c2 + 49.0 * c2 * c2)
    mean, true, distance = _sun(days)
    cn, sn = math.cos(node + mean), math.sin(node + mean)
    hx, hy, hz = s * sn, -s * cn, c
    ce, se = math.cos(_OBLIQUITY), math.sin(_OBLIQUITY)
    # Sun: dĥ/dt = −(3 μ/2 r³ n)(ŝ·ĥ)(ĥ × ŝ), the mean over a circular orbit
    x, y, z = math.cos(true), math.sin(true) * ce, math.sin(true) * se
    pull = -1.5 * _SUN_RATE2 / (distance**3 * motion) * (x * hx + y * hy + z * hz)
    tx, ty, tz = pull * (hy * z - hz * y), pull * (hz * x - hx * z), pull * (hx * y - hy * x)
    # Moon: the same, averaged over its orbit of normal k: +(3 μ/4 r³ n)(k·ĥ)(ĥ × k)
    at = math.radians((125.0445 - 0.0529539 * (days - _J2000_DAYS)) % 360.0)
    kx, ky, kz = math.sin(_MOON_TILT) * math.sin(at), -math.sin(_MOON_TILT) * math.cos(at), math.cos(_MOON_TILT)
    ky, kz = ky * ce - kz * se, ky * se + kz * ce
    pull = 0.75 * _MOON_RATE2 / motion * (kx * hx + ky * hy + kz * hz)
    tx, ty, tz = tx + pull * (hy * kz - hz * ky), ty + pull * (hz * kx - hx * kz), tz + pull * (hx * ky - hy * kx)
    tilt = tx * c * sn - ty * c * cn - tz * s
    turn = (tx * cn + ty * sn) / s if s > 1e-6 else 0.0
    return tilt, perigee_rate, node_rate + turn - MEAN_SUN_RAD_S


@njit(cache=True)
def drag_rates(profile, a, e, inclination, perigee, node, drag):  # type: ignore[no-untyped-def]
    """Mean da/dt (m/s) and de/dt (1/s) and the mean deceleration (m/s²); `drag` is C_D A/m, m²/kg."""
    count = min(24 + 4 * int(math.sqrt(a * e / 1e3)), 400) if e > 0.0 else 24
    c, s = math.cos(inclination), math.sin(inclination)
    cn, sn = math.cos(node), math.sin(node)
    beta = math.sqrt(1.0 - e * e)
    p = a * beta * beta
    momentum = math.sqrt(EARTH_MU_M3_S2 * p)
    j = EARTH_J2 * EARTH_RADIUS_M * EARTH_RADIUS_M / p
    swell, ripple = 0.75 * j / p * beta * (1.0 - 3.0 * c * c), 0.25 * j * s * s
    sink = shape = slow = 0.0
    for k in range(count):
        anomaly = 2.0 * math.pi * (k + 0.5) / count
        ca = math.cos(anomaly)
        weight = 1.0 - e * ca  # of time in eccentric anomaly
        r = a * weight
        true = math.atan2(beta * math.sin(anomaly), ca - e)
        u = perigee + true
        cu, su = math.cos(u), math.sin(u)
        x, y, z = cn * cu - sn * su * c, sn * cu + cn * su * c, su * s
        radius = r * (1.0 + swell) + ripple * (2.0 * cu * cu - 1.0)
        altitude = radius - EARTH_RADIUS_M * (1.0 - EARTH_FLATTENING * z * z)
        across = max(math.sqrt(x * x + y * y), 1e-9)
        rho = density_at(profile, altitude, z, -x / across, -y / across)
        v2 = EARTH_MU_M3_S2 * (2.0 / r - 1.0 / a)
        along = v2 - EARTH_ROTATION_RAD_S * momentum * c  # v · v_rel
        wind2 = v2 - 2.0 * EARTH_ROTATION_RAD_S * momentum * c + (EARTH_ROTATION_RAD_S * radius) ** 2 * (1.0 - z * z)
        force = 0.5 * rho * drag * math.sqrt(max(wind2, 0.0)) * weight / count
        sink -= force * along
        shape -= force * along / v2 * (e + math.cos(true))
        slow += force * along / math.sqrt(v2)
    return 2.0 * a * a / EARTH_MU_M3_S2 * sink, 2.0 * shape, slow


# Integration --------------------------------------------------------------------------------------------------------


@njit(cache=True)
def _scale_height(profile, altitude_m):  # type: ignore[no-untyped-def]
    """Metres over which the air thins by e, at a perigee."""
    low = density_at(profile, altitude_m, 0.0, 0.0, 1.0)
    high = density_at(profile, altitude_m + 5e3, 0.0, 0.0, 1.0)
    return 5e3 / max(math.log(low / high), 5e3 / 500e3)


@njit(cache=True)
def _moved(state, profile, drag, held, days):  # type: ignore[no-untyped-def]
    """Rates of a state (5,) a second."""
    out = np.zeros(5)
    a, e, inclination, perigee, node = state
    if not held:
        out[0], out[1], _ = drag_rates(profile, a, e, inclination, perigee, node, drag)
        if e <= 0.0:
            out[1] = 0.0
    out[2], out[3], out[4] = _plane_rates(a, e, inclination, node, days)
    return out


@njit(cache=True)
def _air(log, kps, f107s, sun_f107, sun_kp, at, days, profile):  # type: ignore[no-untyped-def]
    """Fill the profile of a day, `at` steps into the activity's series."""
    x = min(max(at, 0.0), sun_f107.shape[0] - 1.000001)
    k = int(x)
    f107 = sun_f107[k] + (x - k) * (sun_f107[k + 1] - sun_f107[k])
    kp = sun_kp[k] + (x - k) * (sun_kp[k + 1] - sun_kp[k])
    angle = 2.0 * math.pi * (days % YEAR_DAYS) / YEAR_DAYS
    at_kp_and_f107(log, kps, f107s, kp, f107, angle, True, profile)


@njit(cache=True)
def integrate(  # type: ignore[no-untyped-def]
    log,
    kps,
    f107s,
    sun_f107,
    sun_kp,
    sun_start,
    sun_step,
    state,
    drag,
    held,
    first,
    span,
    fraction,
    longest,
    times,
    history,
):
    """Fill `times` (days) and `history` (n, 5) until re-entry or `span` days; returns (rows filled, re-entered).

    Days are since 1970. `fraction` bounds a step in scale heights, `longest` in days; `held` keeps the altitude.
    """
    now, n = state.copy(), 0
    profile = np.empty((log.shape[2], 13))
    day = 0.0
    while True:
        times[n], history[n] = day, now
        n += 1
        if now[0] * (1.0 - now[1]) - EARTH_RADIUS_M <= RE_ENTRY_M:
            return n, True
        if day >= span or n == times.shape[0]:
            return n, False
        _air(log, kps, f107s, sun_f107, sun_kp, (first + day - sun_start) / sun_step, first + day, profile)
        rates = _moved(now, profile, drag, held, first + day)
        low = now[0] * (1.0 - now[1]) - EARTH_RADIUS_M
        height = _scale_height(profile, low)
        sinking = max(-(rates[0] * (1.0 - now[1]) - now[0] * rates[1]), -rates[0] * (1.0 - now[1]), 1e-30)
        fall = fraction * height / sinking / 86400.0
        if now[1] > 0.0:
            # the apogee comes down faster than the perigee, the perigee's drag changes with it
            fall = min(fall, 2.0 * fraction * max(now[0] * now[1], height) / max(-rates[0], 1e-30) / 86400.0)
        step = min(longest, fall, span - day)
        half = now + rates * (0.5 * step * 86400.0)
        half[1] = max(half[1], 0.0)
        middle = first + day + 0.5 * step
        _air(log, kps, f107s, sun_f107, sun_kp, (middle - sun_start) / sun_step, middle, profile)
        rates = _moved(half, profile, drag, held, middle)
        now = now + rates * (step * 86400.0)
        if now[1] <= 0.0 or (now[1] < 1e-7 and state[1] == 0.0):
            now[1] = 0.0
        day += step


@dataclass(frozen=True, slots=True)
class Decay:
    """The course of an orbit: (n,) each, at `days` since the design's epoch. `lifetime_days` is inf if it stays up.

    `local_time_h` is the mean local solar time of the ascending node; the altitude is the mean semi-major axis less
    6378.137 km.
    """

    days: Floats
    semi_major_axis_m: Floats
    eccentricity: Floats
    inclination_rad: Floats
    local_time_h: Floats
    lifetime_days: float

    @property
    def altitude_m(self) -> Floats:
        return self.semi_major_axis_m - EARTH_RADIUS_M


def mean_sun_rad(days_since_1970: float) -> float:
    """The mean longitude of the Sun, which is the right ascension of the mean Sun (as `integrate` counts it)."""
    return float(_sun(days_since_1970)[0])


def check_drag(drag_m2_kg: float) -> None:
    """C_D A/m must be a number of at least 0."""
    if not 0.0 <= drag_m2_kg < 1e4:
        raise DataError("drag: C_D·A/m", drag_m2_kg, "give an area and a mass above zero (m²/kg)")


def drag_m2_kg(drag_coefficient: float, area_m2: float, mass_kg: float) -> float:
    """C_D A/m, m²/kg; its inverse is the ballistic coefficient. `DataError` for areas and masses that cannot be."""
    for name, value in (("drag coefficient", drag_coefficient), ("area_m2", area_m2), ("mass_kg", mass_kg)):
        if not 0.0 < value < 1e9:
            raise DataError(f"drag: {name}", value, "give a number above zero")
    return drag_coefficient * area_m2 / mass_kg


def airless(orbit: Design) -> bool:
    """Whether an orbit stays above the table of the air, and so up for ever."""
    return orbit.semi_major_axis_m * (1.0 - orbit.eccentricity) - EARTH_RADIUS_M > HIGHEST_M


def decay(
    orbit: Design,
    drag_m2_kg: float,
    activity: Activity,
    *,
    years: float = LONGEST_YEARS,
    hold_altitude: bool = False,
    step: float = _STEP,
) -> Decay:
    """The orbit from its epoch until it re-enters, or for `years`; `hold_altitude` makes up all drag by thrust.

    `step` is the largest change in a step, in scale heights. `DataError` for orbits and activities without a table.
    """
    check_drag(drag_m2_kg)
    apogee = orbit.semi_major_axis_m * (1.0 + orbit.eccentricity) - EARTH_RADIUS_M
    if apogee > HIGHEST_APOGEE_M and not airless(orbit):
        raise DataError(
            f"orbit {orbit.name}: apogee".replace("  ", " "),
            f"{apogee / 1e3:.0f} km",
            f"keep it below {HIGHEST_APOGEE_M / 1e3:.0f} km: higher, Sun and Moon decide the perigee",
        )
    if not 0.0 < years <= LONGEST_YEARS or not 1e-4 <= step <= 1.0:
        raise DataError("decay", f"{years} years, step {step}", "choose up to 200 years and steps of 1e-4 to 1")
    table = density_table()
    first = orbit.epoch / DAY
    node = (orbit.raan_rad - float(_sun(first)[0])) % (2.0 * math.pi)
    state = np.array([orbit.semi_major_axis_m, orbit.eccentricity, orbit.inclination_rad, orbit.argp_rad, node])
    most = int(_MOST_STEPS * max(1.0, _STEP / step))
    times, history = np.empty(most), np.empty((most, 5))
    longest = _LONGEST_STEP_DAYS * min(1.0, step / _STEP)
    n, ended = integrate(
        table.log, table.kp, table.f107_sfu, activity.f107_sfu, activity.kp, activity.start / DAY, activity.step_days,
        state, drag_m2_kg, hold_altitude, first, years * 365.25, step, longest, times, history,
    )  # fmt: skip
    assert ended or n < most, "the steps were enough"
    rows = history[:n]
    local = (12.0 + rows[:, NODE] * (12.0 / math.pi)) % 24.0
    life = float(times[n - 1]) if ended else math.inf
    return Decay(
        times[:n].copy(), rows[:, AXIS].copy(), rows[:, ECCENTRICITY].copy(), rows[:, INCLINATION].copy(), local, life
    )


def lifetime_days(orbit: Design, drag_m2_kg: float, activity: Activity, *, years: float = LONGEST_YEARS) -> float:
    """Days until re-entry (perigee at 120 km); inf if that takes more than `years`."""
    check_drag(drag_m2_kg)
    if airless(orbit):
        return math.inf
    return decay(orbit, drag_m2_kg, activity, years=years).lifetime_days
