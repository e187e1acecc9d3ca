"""Density of the upper air, 100–1500 km: a packaged fit of NRLMSIS 2.1 by altitude, F10.7, Kp, place and season.

`tools/make_density.py` made the table: at 36 altitudes, 10 values of F10.7 and 7 of Kp, coefficients of ln ρ in 13
terms of latitude and local solar time, each with an annual and a semi-annual wave. Longitude is averaged over. Against
NRLMSIS 2.1 itself at random places, dates and activities the density is within 7 % (standard deviation; 4 % at 150 km,
5 % at 300 km, 10 % at 700 km), its mean over the globe within 1 %. What satellites feel differs from such models by
15–20 %, in storms by more (Emmert et al. 2021, doi 10.1029/2020EA001321; 2022, doi 10.1029/2022JA030896).

For kernels, choose the activity and season once, then ask in `njit` code:

    profile = density_profile(f107_sfu, kp, day_of_year)              # (36, 13), or without the day: the year's mean
    rho = density_at(profile, altitude_m, sin_latitude, cos_hour, sin_hour)                            # kg/m³

`hour` is the local solar time as an angle: 0 at midnight, π at noon; that is the right ascension of the place less the
Sun's, plus π. Altitude and latitude are geodetic (WGS 84). Below 100 km `density_at` holds its lowest value (the
caller ends a flight there), above 1500 km it falls on as it fell there. The array form `density_kg_m3` refuses both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError

Floats = NDArray[np.float64]

LOWEST_M, HIGHEST_M = 100e3, 1500e3
N_PLACES, N_SEASONS = 13, 5
YEAR_DAYS = 365.2422
"""Tropical year, the period of the seasons' waves."""


@dataclass(frozen=True, slots=True)
class DensityTable:
    """`log` is (n_f107, n_kp, n_altitudes, 13 places × 5 seasons); nodes of F10.7 and Kp; `scale_m` and `stretch` place
    the altitudes: node k is at LOWEST_M + scale_m (e^(stretch k) − 1)."""

    log: Floats
    f107_sfu: Floats
    kp: Floats
    stretch: float


@cache
def density_table() -> DensityTable:
    """The packaged table."""
    with (files("orbitalcloud") / "data" / "physics" / "density.npz").open("rb") as file, np.load(file) as archive:
        packed: dict[str, NDArray[Any]] = {name: archive[name] for name in archive.files}
    terms = packed["terms"] * float(packed["step"])
    log = np.concatenate([packed["mean"][..., None].astype(np.float64), terms], axis=-1)
    return DensityTable(np.ascontiguousarray(log), packed["f107_sfu"], packed["kp"], float(packed["stretch"]))


def check_activity(f107_sfu: float, kp: float) -> None:
    """`DataError` where there is no table of such a Sun."""
    table = density_table()
    for name, value, nodes in (("f107_sfu", f107_sfu, table.f107_sfu), ("kp", kp, table.kp)):
        if not nodes[0] <= value <= nodes[-1]:
            raise DataError(f"density: {name}", value, f"choose {nodes[0]:g} to {nodes[-1]:g}, as the table has")


# From activity and season to a profile ------------------------------------------------------------------------------


@njit(cache=True)
def _four(nodes, value):  # type: ignore[no-untyped-def]
    """First of the four nodes about a value, and their Lagrange weights."""
    n = nodes.shape[0]
    first = min(max(np.searchsorted(nodes, value, side="right") - 2, 0), n - 4)
    weights = np.ones(4)
    for a in range(4):
        for b in range(4):
            if a != b:
                weights[a] *= (value - nodes[first + b]) / (nodes[first + a] - nodes[first + b])
    return first, weights


@njit(cache=True)
def at_kp_and_f107(log, kp_nodes, f107_nodes, kp, f107_sfu, angle, seasonal, out):  # type: ignore[no-untyped-def]
    """Fill `out` (n_altitudes, 13) from the whole table; `angle` is that of the year, used if `seasonal`."""
    i, wf = _four(f107_nodes, f107_sfu)
    j, wk = _four(kp_nodes, kp)
    wave = np.zeros(5)
    wave[0] = 1.0
    if seasonal:
        wave[1], wave[2] = math.cos(angle), math.sin(angle)
        wave[3], wave[4] = math.cos(2.0 * angle), math.sin(2.0 * angle)
    out[:] = 0.0
    for a in range(4):
        for b in range(4):
            weight = wf[a] * wk[b]
            for k in range(out.shape[0]):
                row = log[i + a, j + b, k]
                for p in range(13):
                    part = 0.0
                    for s in range(5):
                        part += wave[s] * row[5 * p + s]
                    out[k, p] += weight * part


def density_profile(f107_sfu: float, kp: float, day_of_year: float | None = None) -> Floats:
    """What `density_at` reads, (36, 13): ln(kg/m³) in its terms of place, for a day (0 is 1 January, 0 h) or the year.

    Without the day it is the year's mean of the logarithm, which gives 1 to 5 % less than the mean of the density.
    `f107_sfu` is the 10.7 cm flux (10⁻²² W m⁻² Hz⁻¹), taken as equal to its 81-day mean; `kp` the planetary index,
    constant. `DataError` outside 60–400 and 0–9.
    """
    check_activity(f107_sfu, kp)
    if day_of_year is not None and not math.isfinite(day_of_year):
        raise DataError("density: day_of_year", day_of_year, "give a number of days")
    table = density_table()
    out = np.empty((table.log.shape[2], N_PLACES))
    angle = 2.0 * math.pi * (day_of_year or 0.0) / YEAR_DAYS
    at_kp_and_f107(table.log, table.kp, table.f107_sfu, kp, f107_sfu, angle, day_of_year is not None, out)
    return out


# From a profile to densities ----------------------------------------------------------------------------------------

_STRETCH = 0.085  # of the table's altitudes; `density_table` is checked against it in the tests
_NODES = 36
_SCALE_M = (HIGHEST_M - LOWEST_M) / math.expm1(_STRETCH * (_NODES - 1))


@njit(cache=True)
def density_at(profile, altitude_m, sin_latitude, cos_hour, sin_hour):  # type: ignore[no-untyped-def]
    """kg/m³ at a geodetic altitude and latitude and a local solar time (0 at midnight), from a profile."""
    altitude = min(max(altitude_m, 100e3), 1500e3)
    x = math.log(1.0 + (altitude - 100e3) / _SCALE_M) / _STRETCH
    n = profile.shape[0]
    k = min(max(int(x) - 1, 0), n - 4)
    u = x - k
    a, b, c, d = u, u - 1.0, u - 2.0, u - 3.0
    w0, w1, w2, w3 = -b * c * d / 6.0, a * c * d / 2.0, -a * b * d / 2.0, a * b * c / 6.0
    t0, t1, t2, t3 = profile[k], profile[k + 1], profile[k + 2], profile[k + 3]
    s = float(sin_latitude)
    s2 = s * s
    e = math.sqrt(max(1.0 - s2, 0.0))
    ec, es = e * cos_hour, e * sin_hour
    total = 0.0
    for p in range(13):
        if p == 0:
            place = 1.0
        elif p == 1:
            place = s
        elif p == 2:
            place = 1.5 * s2 - 0.5
        elif p == 3:
            place = (2.5 * s2 - 1.5) * s
        elif p == 4:
            place = (35.0 * s2 * s2 - 30.0 * s2 + 3.0) / 8.0
        elif p == 11:
            place = ec * ec - es * es
        elif p == 12:
            place = 2.0 * ec * es
        else:  # 5 to 10: cosine and sine of the hour by cos φ, cos φ sin φ, cos φ sin² φ
            place = ec if p % 2 else es
            if p > 6:
                place *= s if p < 9 else s2
        total += place * (w0 * t0[p] + w1 * t1[p] + w2 * t2[p] + w3 * t3[p])
    if altitude_m > 1500e3:
        last = _SCALE_M * (math.exp(_STRETCH * (n - 1)) - math.exp(_STRETCH * (n - 2)))
        total += (profile[n - 1, 0] - profile[n - 2, 0]) * (altitude_m - 1500e3) / last
    return math.exp(total)


@njit(cache=True)
def _fill(profile, altitude, latitude, hour, out):  # type: ignore[no-untyped-def]
    for n in range(out.shape[0]):
        out[n] = density_at(profile, altitude[n], math.sin(latitude[n]), math.cos(hour[n]), math.sin(hour[n]))


@njit(cache=True)
def mean_density(profile, altitude_m):  # type: ignore[no-untyped-def]
    """kg/m³ averaged over the globe and the day: 12 even steps of sin(latitude), 12 hours."""
    total = 0.0
    for i in range(12):
        for j in range(12):
            hour = 2.0 * math.pi * j / 12.0
            total += density_at(profile, altitude_m, (i + 0.5) / 6.0 - 1.0, math.cos(hour), math.sin(hour))
    return total / 144.0


@njit(cache=True)
def _fill_mean(profile, altitude, out):  # type: ignore[no-untyped-def]
    for n in range(out.shape[0]):
        out[n] = mean_density(profile, altitude[n])


def density_kg_m3(
    altitude_m: ArrayLike,
    f107_sfu: float,
    kp: float,
    *,
    latitude_rad: ArrayLike | None = None,
    local_time_h: ArrayLike | None = None,
    day_of_year: float | None = None,
) -> Floats:
    """Density at altitudes, kg/m³, in the shape of the inputs together.

    With latitude (geodetic) and local solar time that of the place, with neither the mean over the globe and the day;
    without the day of the year the mean of the year. `DataError` outside the table's altitudes and activities.
    """
    if (latitude_rad is None) != (local_time_h is None):
        raise DataError("density: place", "half of it", "give latitude_rad and local_time_h together, or neither")
    altitude = np.asarray(altitude_m, float)
    wrong = altitude[~((altitude >= LOWEST_M) & (altitude <= HIGHEST_M))]
    if wrong.size:
        raise DataError("density: altitude_m", float(wrong.flat[0]), "choose 100e3 to 1500e3 m, as the table has")
    days = (np.arange(12) + 0.5) * (YEAR_DAYS / 12.0) if day_of_year is None else np.array([day_of_year])
    profiles = [density_profile(f107_sfu, kp, float(day)) for day in days]
    if latitude_rad is None or local_time_h is None:
        flat = np.ascontiguousarray(altitude).ravel()
        return _mean_of(profiles, _fill_mean, (flat,)).reshape(altitude.shape)
    latitude, local = np.asarray(latitude_rad, float), np.asarray(local_time_h, float)
    if not (np.isfinite(latitude).all() and np.isfinite(local).all()):
        raise DataError("density: place", "not a number", "give finite latitudes and local times")
    whole = np.broadcast_arrays(altitude, latitude, local * (math.pi / 12.0))
    flats = tuple(np.ascontiguousarray(part).ravel() for part in whole)
    return _mean_of(profiles, _fill, flats).reshape(whole[0].shape)


def _mean_of(profiles: list[Floats], fill: Callable[..., None], places: tuple[Floats, ...]) -> Floats:
    """Density at flat arrays of places, averaged over profiles."""
    total, out = np.zeros(places[0].size), np.empty(places[0].size)
    for profile in profiles:
        fill(profile, *places, out)
        total += out
    return np.asarray(total / len(profiles))
