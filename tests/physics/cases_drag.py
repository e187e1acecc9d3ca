"""Density, decay, lifetime and drift of local time against other people's numbers. See tools/validate.py."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from orbitalcloud.core.time import DAY, Instant, parse_instant
from orbitalcloud.physics import density as air
from orbitalcloud.physics.decay import Decay, decay, drag_m2_kg, drag_rates, lifetime_days
from orbitalcloud.physics.density import density_kg_m3
from orbitalcloud.physics.design import Design, circular, raan_of_local_time_rad, sun_synchronous
from orbitalcloud.physics.solar_activity import ap_of_kp, kp_of_ap, solar_cycle
from orbitalcloud.physics.station_keeping import local_time_drift, mean_drag, propellant_kg
from validation import row

DATA = Path(__file__).resolve().parents[1] / "data" / "physics"

# Density ------------------------------------------------------------------------------------------------------------

# NRLMSIS 2.1 by pymsis 0.13.0, mean of 4,000 random places and days of a year (this project's probe, 2026-11): at
# (F10.7, Ap) the densities at 200, 300, … 800 km, kg/m³
MSIS21 = {
    (65, 0): (1.413e-10, 5.737e-12, 4.732e-13, 5.766e-14, 1.207e-14, 4.639e-15, 2.497e-15),
    (140, 15): (2.461e-10, 2.164e-11, 3.375e-12, 6.720e-13, 1.567e-13, 4.307e-14, 1.474e-14),
    (250, 45): (3.819e-10, 5.221e-11, 1.142e-11, 3.067e-12, 9.326e-13, 3.108e-13, 1.126e-13),
}
# MSISE-90 for mean activity, as quoted at space.stackexchange.com/questions/48256 (ECSS-E-10-04A's F10.7 140, Ap 15)
MSISE90 = {200: 2.91e-10, 300: 2.58e-11, 400: 3.89e-12, 500: 7.30e-13, 600: 1.56e-13, 700: 3.91e-14}


def mean_density(height_km: float, f107_sfu: float, ap: float) -> float:
    return float(density_kg_m3(height_km * 1e3, f107_sfu, float(kp_of_ap(ap))))


@cache
def off_grid() -> tuple[float, float]:
    """Mean and standard deviation of ln(ours/NRLMSIS 2.1) at the packaged random places."""
    with np.load(DATA / "density_offgrid.npz") as archive:
        d = {name: archive[name].astype(float) for name in archive.files}
    ours = [
        float(density_kg_m3(h * 1e3, f, kp, latitude_rad=math.radians(lat), local_time_h=local, day_of_year=day))
        for h, f, kp, lat, local, day in zip(
            d["altitude_km"], d["f107_sfu"], d["kp"], d["latitude_deg"], d["local_time_h"], d["day"], strict=True
        )
    ]
    ratio = np.log(np.array(ours) / d["density_kg_m3"])
    return float(ratio.mean()), float(ratio.std())


# Orekit's numerical flight (J2, WGS 84, air that turns, 3e-12 kg/m³ at 400 km falling by e in 60 km, C_D A/m 0.02) over
# three or five days: mean elements (a m, e, i, ω rad) by Eckstein-Hechler or Brouwer-Lyddane midway; m/day; tolerance
SINKING = [
    ("sun-synchronous", (6849962.3, 0.003673, 1.6981287, 0.97716), -67.982, 0.003),
    ("51.6°, e 0.02", (6937106.4, 0.0200119, 0.9006067, 0.57756), -48.235, 0.003),
    ("63.4°, e 0.1", (7539421.1, 0.1010131, 1.1067689, 1.50586), -27.965, 0.012),
    ("28.5°", (6779959.2, 0.00066, 0.4972562, -1.96166), -249.471, 0.003),
]


def sinking_m_day(elements: tuple[float, float, float, float]) -> float:
    axis_m, e, inclination, perigee = elements
    heights = 100e3 + air._SCALE_M * np.expm1(air._STRETCH * np.arange(air._NODES))
    profile = np.zeros((air._NODES, air.N_PLACES))
    profile[:, 0] = math.log(3e-12) - (heights - 400e3) / 60e3
    return float(drag_rates(profile, axis_m, e, inclination, perigee, 0.3, 0.02)[0]) * 86_400.0


# Decays that happened -----------------------------------------------------------------------------------------------


def life_of(epoch: str, altitude_km: float, inclination_deg: float, drag: float) -> float:
    """Days to re-entry of a circular orbit under the Sun that was."""
    start = parse_instant(epoch)
    orbit = circular(altitude_km * 1e3, math.radians(inclination_deg), start, raan_rad=1.0)
    return lifetime_days(orbit, drag, solar_cycle(start))


def calibrated(epoch: str, orbit: Design, at_days: float, altitude_m: float) -> tuple[float, Decay]:
    """The C_D A/m with which an orbit is at an altitude after some days, and its course."""
    sun, low, high = solar_cycle(parse_instant(epoch)), 1e-4, 1.0
    for _ in range(40):
        drag = math.sqrt(low * high)
        course = decay(orbit, drag, sun)
        there = -np.interp(at_days, course.days, -course.altitude_m) if course.lifetime_days > at_days else 0.0
        low, high = (drag, high) if there > altitude_m else (low, drag)
    return drag, course


@cache
def tiangong() -> tuple[float, Decay]:
    """From 296.0 km (26 November 2017) to 216.2 km (25 March 2018)."""
    epoch = "2017-11-26T00:00:00Z"
    orbit = circular(296.0e3, math.radians(42.65), parse_instant(epoch), raan_rad=1.0)
    return calibrated(epoch, orbit, 119.0, 216.2e3)


@cache
def goce() -> tuple[float, Decay]:
    """From 224.0 km, where the fuel ended (21 October 2013, 3 h), to 218.5 km three days and ten hours later."""
    epoch = "2013-10-21T03:00:00Z"
    return calibrated(epoch, sun_synchronous(224.0e3, 18.0, parse_instant(epoch)), 3.4, 218.5e3)


GOCE_KG = 1052.0


def goce_drag_mn(altitude_km: float, f107_sfu: float) -> float:
    orbit = sun_synchronous(altitude_km * 1e3, 18.0, parse_instant("2013-10-21T03:00:00Z"))
    return mean_drag(orbit, goce()[0], f107_sfu, 1.6).deceleration_m_s2 * GOCE_KG * 1e3


CUBE_M2 = (4 * 0.1 * 0.1135 + 2 * 0.1 * 0.1) / 4  # a tumbling 1U: a quarter of its surface (Cauchy)

# Local time ---------------------------------------------------------------------------------------------------------

OREKIT = json.loads((DATA / "orekit_plane_drift.json").read_text())


@cache
def plane_drift(local_time_h: str) -> tuple[float, float]:
    """(inclination, degrees; local time, minutes) that two years change, the axis such that one year agrees."""
    rows = np.array(OREKIT["rows"][local_time_h])
    epoch = parse_instant("2021-01-01T00:00:00Z")

    def course(altitude_m: float) -> tuple[np.ndarray, np.ndarray]:
        orbit = circular(altitude_m, math.radians(rows[0, 1]), epoch, ltan_h=float(local_time_h))
        found = local_time_drift(orbit, 2.0)
        local = np.interp(rows[:, 0], found.days, np.unwrap(found.local_time_h, period=24.0))
        return np.interp(rows[:, 0], found.days, np.degrees(found.inclination_rad)), local

    low, high = 690e3, 715e3
    for _ in range(30):
        middle = 0.5 * (low + high)
        early = course(middle)[1][73] > rows[73, 2]
        low, high = (middle, high) if early else (low, middle)
    tilt, local = course(middle)
    return _fitted(rows[:, 0], tilt), float(local[-1] - local[0]) * 60.0


def _fitted(days: np.ndarray, tilt: np.ndarray) -> float:
    """Slope of the inclination, degrees a year: the fit leaves out the fortnight's swing of the Moon."""
    return float(np.polyfit(days / 365.25, tilt, 1)[0])


def theirs(local_time_h: str) -> tuple[float, float]:
    rows = np.array(OREKIT["rows"][local_time_h])
    return _fitted(rows[:, 0], rows[:, 1]), float(rows[-1, 2] - rows[0, 2]) * 60.0


def crossing_years(course: Decay, hours: float) -> float:
    """When the node first passes a local time."""
    side = np.sign(course.local_time_h - hours)
    k = int(np.nonzero(side[1:] != side[:-1])[0][0])
    x, t = course.local_time_h, course.days
    return float(t[k] + (hours - x[k]) / (x[k + 1] - x[k]) * (t[k + 1] - t[k])) / 365.25


@cache
def terra_years() -> float:
    """From 10:15 to 9:00 at the descending node: left alone, then 6 km lower from October 2022."""
    epoch = parse_instant("2020-05-01T00:00:00Z")
    first = local_time_drift(sun_synchronous(699.6e3, 22.52, epoch), 4.0)
    at = crossing_years(first, 22.25) * 365.25
    there = Instant(epoch + round(at * DAY))
    tilt = float(np.interp(at, first.days, first.inclination_rad))
    lower = circular(693.6e3, tilt, there, ltan_h=22.25)
    return crossing_years(local_time_drift(replace(lower, raan_rad=raan_of_local_time_rad(22.25, there)), 5.0), 21.0)


def yearly_tilt_deg(altitude_km: float, local_time_h: float) -> float:
    year = local_time_drift(
        sun_synchronous(altitude_km * 1e3, local_time_h, parse_instant("2010-01-01T00:00:00Z")), 1.0
    )
    return math.degrees(float(year.inclination_rad[-1] - year.inclination_rad[0]))


# The list -----------------------------------------------------------------------------------------------------------


def _densities(name: str, source: str, table: dict[tuple[int, int], tuple[float, ...]], share: float, note: str):  # type: ignore[no-untyped-def]
    """Rows in 1e-15 kg/m³, so that tables show their digits."""
    return [
        row(
            f"{name}, F10.7 {f107}, Ap {ap}",
            source,
            f"density at {height} km",
            "1e-15 kg/m³",
            rho * 1e15,
            share * rho * 1e15,
            lambda h=height, f=f107, a=ap: mean_density(h, f, a) * 1e15,
            note,
        )
        for (f107, ap), told in table.items()
        for height, rho in zip(range(200, 900, 100), told, strict=True)
        if height in (200, 400, 600, 800)
    ]


_PROBE = "pymsis 0.13.0, mean over globe and year (this project's probe)"
_ESA = "ESA, blogs.esa.int/rocketscience 2013-10-24 and 2013-11-10; kosmonauta.net 2013-11-04"
_OREKIT = "Orekit 13, numerical, zonal to degree 6, Sun, Moon, 2021 and 2022 (this project's probe)"

CASES: list[dict[str, Any]] = [
    *_densities("NRLMSIS 2.1", _PROBE, MSIS21, 0.03, "two samples of places, each good to 1 %"),
    *(
        row(
            "MSISE-90, mean activity",
            "quoted at space.stackexchange.com/q/48256, second-hand",
            f"density at {height} km",
            "1e-15 kg/m³",
            rho * 1e15,
            0.2 * rho * 1e15,
            lambda h=height: mean_density(h, 140, 15) * 1e15,
            "models of this class differ by 15 to 20 %",
        )
        for height, rho in MSISE90.items()
    ),
    row("NRLMSIS 2.1, 2,000 random places", "pymsis 0.13.0", "mean of ln(ratio)", "", 0.0, 0.01, lambda: off_grid()[0]),
    row(
        "NRLMSIS 2.1, 2,000 random places",
        "pymsis 0.13.0",
        "spread of ln(ratio)",
        "",
        0.0,
        0.075,
        lambda: off_grid()[1],
        "what the fit leaves out, longitude above all: stated in physics/density.py",
    ),
    row("Kp 5", "Bartels' table, GFZ Potsdam", "ap", "2 nT", 48.0, 0.0, lambda: float(ap_of_kp(5.0))),
    *(
        row(
            f"drag of an exponential air, {name}",
            "Orekit 13, numerical flight (this project's probe)",
            "semi-major axis",
            "m/day",
            number,
            share * abs(number),
            lambda e=elements: sinking_m_day(e),
            "the periodic radius is kept to order e⁰: 0.7 km of 60 at e 0.1",
        )
        for name, elements, number, share in SINKING
    ),
    row(
        "Tiangong-1, seen from 216.2 km",
        "China Manned Space Agency: 296.0 km on 2017-11-26, 216.2 km on 2018-03-25, down on 2018-04-02 0:16 UTC",
        "days to re-entry",
        "d",
        8.01,
        1.6,
        lambda: tiangong()[1].lifetime_days - 119.0,
        "C_D A/m from the first two; re-entries are foretold to 20 % of what is left (IADC practice)",
    ),
    row(
        "GOCE after its fuel ended",
        _ESA,
        "days to re-entry",
        "d",
        20.89,
        4.2,
        lambda: goce()[1].lifetime_days,
        "C_D A/m from the first 3.4 days; 20 % as above",
    ),
    row("GOCE at 224 km", _ESA, "drag", "mN", 8.0, 1.7, lambda: goce_drag_mn(224.0, 132.5), "15 % and the digit given"),
    row(
        "GOCE at 192 km", _ESA, "drag", "mN", 24.0, 4.1, lambda: goce_drag_mn(192.0, 148.4), "15 % and the digit given"
    ),
    row(
        "KRAKsat (1U, 1.4 kg) from the ISS",
        "pl.wikipedia.org/wiki/Kraksat: out of the ISS (about 412 km, assumed) on 2019-07-03, down on 2022-01-17",
        "days in orbit",
        "d",
        929.0,
        186.0,
        lambda: life_of("2019-07-03T02:55:00Z", 412.0, 51.64, drag_m2_kg(2.2, CUBE_M2, 1.4)),
        "15 % for the density and 13 % for the area",
    ),
    row(
        "COPPER (1U) from 500 km",
        "orbita.zenite.nu, re-entries of February 2016: launched 2013-11-20, 806 days",
        "days in orbit",
        "d",
        806.0,
        169.0,
        lambda: life_of("2013-11-20T01:15:00Z", 500.0, 40.5, drag_m2_kg(2.2, CUBE_M2, 1.165)),
        "15 % for the density and 15 % for a mass of 1 to 1.33 kg",
    ),
    row(
        "LISSA, 7.5 kg, 0.0226 m², 510 km, from 2027",
        "ESA DRAMA, by the University of Michigan's STARLab (umstarlabsats), second-hand",
        "lifetime",
        "years",
        18.0,
        2.8,
        lambda: life_of("2027-01-01T00:00:00Z", 502.9, 97.4, drag_m2_kg(2.2, 0.0226, 7.5)) / 365.25,
        "15 %: DRAMA has NRLMSISE-00 and ESA's forecast of the Sun; semi-major axis 6,881 km",
    ),
    *(
        row(
            f"plane of a 705 km orbit, LTAN {local}",
            _OREKIT,
            "inclination",
            "°/year",
            theirs(local)[0],
            0.0015,
            lambda h=local: plane_drift(h)[0],
            "the Moon's fortnight swings it by 0.004°",
        )
        for local in OREKIT["rows"]
    ),
    *(
        row(
            f"plane of a 705 km orbit, LTAN {local}",
            _OREKIT,
            "local time in two years",
            "min",
            theirs(local)[1],
            0.6,
            lambda h=local: plane_drift(h)[1],
            "semi-major axis fitted to the first year: theirs is osculating",
        )
        for local in OREKIT["rows"]
    ),
    row(
        "IRS satellites, 10:30 at the descending node",
        "abstract on orbit resonance of Indian satellites, discovery.researcher.life, second-hand",
        "inclination",
        "°/year",
        -0.034,
        0.0015,
        lambda: yearly_tilt_deg(817.0, 22.5),
        "about 0.034, says the source; IRS-1C flew at 817 km",
    ),
    row(
        "Terra from 10:15 to 9:00",
        "NASA, modis.gsfc.nasa.gov news 100378 and lpdaac.usgs.gov, 2021: October 2022 to about December 2025",
        "time",
        "years",
        3.17,
        0.32,
        terra_years,
        "a forecast to the month; 10 % for the unknown tilt of its two exit manoeuvres",
    ),
    row(
        "rocket equation",
        "Δv = g₀ I ln(m₀/m₁), by hand: 100 kg, 100 m/s, 220 s",
        "propellant",
        "kg",
        4.529295,
        1e-6,
        lambda: propellant_kg(100.0, 100.0, 220.0),
    ),
]
