"""What the Earth sends back: albedo and infrared by latitude and season, and the hot and cold pairs of a standard.

The seasonal field is zonal, a Legendre series in the sine of the latitude: the albedo's yearly mean is that of CERES
(2018, all sky), its season and the infrared's shape are those of Knocke, Ries & Tapley 1988 (doi
10.2514/6.1988-4292: A₁ = 0.10 cos ω(t − t₀), infrared exitance S/4 × (−0.07 cos ω(t − t₀) P₁ − 0.18 P₂), t₀ 22
December), around the global mean of 240 W/m² of CERES EBAF. It knows no clouds, deserts or weather: a real minute
may be a third off (NASA/TM-2001-211221).

A satellite sees the cap inside its horizon. Averaging P_l(sin latitude) over a ring around the point below gives
P_l(cos ring) P_l(sin latitude) (addition theorem), so that the mean over the cap, weighted as a nadir-pointing plate
sees it, is exact and cheap: each degree is multiplied by a factor of the altitude.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, Instant, parse_instant

Floats = NDArray[np.float64]
_RINGS = 128  # altitudes of the table of factors, even in the cap's half-angle
_POINTS = 200  # rings of a cap


@dataclass(frozen=True, slots=True)
class EarthCase:
    """Sunlight outside the shadow, albedo (0–1) and Earth infrared at the Earth's surface."""

    sunlight_w_m2: float
    albedo: float
    infrared_w_m2: float


STANDARD = {
    "hot": EarthCase(1423.0, 0.40, 286.0),
    "cold": EarthCase(1321.0, 0.20, 206.0),
    "mean": EarthCase(1371.0, 0.31, 241.0),
}
"""The pairs of SSP 41000, System Specification for the International Space Station (its hot, cold and mean design
environment), as the Thermal & Fluids Analysis Workshop of 2015 quotes them; a secondary source."""


@dataclass(frozen=True, slots=True)
class EarthField:
    """Legendre coefficients (2, n): rows the yearly mean and the part that goes with the cosine of the season."""

    albedo: Floats
    infrared_w_m2: Floats
    zero: Instant
    days: float


@lru_cache(maxsize=1)
def earth_field() -> EarthField:
    """The packaged field, `tools/make_earth_light.py`."""
    place = resources.files("orbitalcloud") / "data" / "physics" / "earth_light.json"
    try:
        table = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError("physics/earth_light.json", str(error), "reinstall the package") from None
    n = len(table["albedo"])

    def rows(mean: str, season: str) -> Floats:
        made = np.zeros((2, n))
        made[0, : len(table[mean])] = table[mean]
        made[1, : len(table[season])] = table[season]
        return made

    albedo, infrared = rows("albedo", "albedo_season"), rows("infrared_w_m2", "infrared_season_w_m2")
    return EarthField(albedo, infrared, parse_instant(table["season_zero"]), float(table["season_days"]))


def season(times_ns: ArrayLike) -> Floats:
    """Cosine of the season: 1 on 22 December, −1 half a year later."""
    field = earth_field()
    days = (np.asarray(times_ns, dtype=np.int64) - field.zero) / DAY
    return np.asarray(np.cos(2.0 * np.pi * days / field.days))


def albedo_at(latitude_rad: ArrayLike, times_ns: ArrayLike) -> Floats:
    """Albedo of the ground below at a geocentric latitude, broadcast."""
    mean, year = earth_field().albedo
    s = np.sin(np.asarray(latitude_rad, dtype=np.float64))
    legval = np.polynomial.legendre.legval
    return np.asarray(np.clip(legval(s, mean) + season(times_ns) * legval(s, year), 0.0, 1.0))


def infrared_w_m2_at(latitude_rad: ArrayLike, times_ns: ArrayLike) -> Floats:
    """Infrared leaving the ground below at a geocentric latitude, W/m², broadcast."""
    mean, year = earth_field().infrared_w_m2
    s = np.sin(np.asarray(latitude_rad, dtype=np.float64))
    legval = np.polynomial.legendre.legval
    return np.asarray(legval(s, mean) + season(times_ns) * legval(s, year))


def cap_factors(ratio: float, degrees: int) -> Floats:
    """Factors (degrees,) of P₀, P₁, … for the cap seen from `ratio` Earth radii, weighted as from a nadir plate."""
    if not ratio >= 1.0:
        raise DataError("earth light: distance", ratio, "be above the ground: one Earth radius or more")
    half = math.acos(1.0 / ratio)
    angle = half * (np.arange(_POINTS) + 0.5) / _POINTS
    c = np.cos(angle)
    distance2 = 1.0 + ratio * ratio - 2.0 * ratio * c
    weight = (ratio * c - 1.0) * (ratio - c) * np.sin(angle) / np.maximum(distance2, 1e-12) ** 2
    if ratio <= 1.0 + 1e-9:
        return np.ones(degrees)
    factors = (weight[:, None] * np.polynomial.legendre.legvander(c, degrees - 1)).sum(axis=0) / weight.sum()
    return np.asarray(factors)


@lru_cache(maxsize=1)
def kernel_table() -> Floats:
    """(128, 4, n): by half-angle of the cap from 0 to π/2, the coefficients of albedo's mean and season and of the
    infrared's, each times its factor."""
    field = earth_field()
    series = np.vstack([field.albedo, field.infrared_w_m2])
    halves = np.linspace(0.0, 0.5 * np.pi, _RINGS)
    ratios = 1.0 / np.cos(np.minimum(halves, 0.5 * np.pi - 1e-4))
    return np.array([series * cap_factors(float(ratio), series.shape[1]) for ratio in ratios])


@njit(cache=True)
def seen_earth(table, sine, inverse_ratio, year):  # type: ignore[no-untyped-def]
    """(albedo, infrared in W/m²) of the cap seen from above latitude asin(`sine`), `inverse_ratio` Earth radii⁻¹ from
    the centre, at the season's cosine `year`; `table` is `kernel_table`."""
    at = math.acos(min(1.0, inverse_ratio)) / (0.5 * math.pi) * (table.shape[0] - 1)
    k = min(int(at), table.shape[0] - 2)
    u = at - k
    albedo, infrared = 0.0, 0.0
    before, here = 0.0, 1.0
    for degree in range(table.shape[2]):
        low, high = table[k, :, degree], table[k + 1, :, degree]
        albedo += here * ((1.0 - u) * (low[0] + year * low[1]) + u * (high[0] + year * high[1]))
        infrared += here * ((1.0 - u) * (low[2] + year * low[3]) + u * (high[2] + year * high[3]))
        before, here = here, ((2.0 * degree + 1.0) * sine * here - degree * before) / (degree + 1.0)
    return min(1.0, max(0.0, albedo)), infrared
