"""Trapped protons and electrons, the dose behind aluminium, and the South Atlantic Anomaly as a place.

    flux_at(lat, lon, height, above_mev=30.0)        # cm⁻² s⁻¹, whatever shape the places have
    dose_rate_rad_s(lat, lon, height, shield_mm=3.0) # rad(Si)/s
    in_anomaly(lat, lon, height)                     # a mask
    mean_dose_rad_year(550e3, inclination_rad, shield_mm=3.0)

Places are WGS 84 latitude and longitude (rad) and height (m), as `access.subpoint` gives them, (n_satellites, n_times).
AE-8 and AP-8 are averages over months of 1958–1979; their authors give a factor of two (Sawyer & Vette 1976, NSSDC
76-06; Vette 1991, NSSDC 91-24), and the tables follow them within the interpolation. Dose is silicon's at the centre
of an aluminium sphere, by SHIELDOSE-2. Cosmic rays and solar protons are not in the dose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.frames import geodetic_of_itrs
from orbitalcloud.physics.radiation_tables import (
    FIRST_HEIGHT_KM,
    LAST_HEIGHT_KM,
    Map,
    axis,
    dose_map,
    flux_map,
    magnetic_coordinates,
    magnetic_field,
    read_map,
)

Floats = NDArray[np.float64]
Solar = Literal["min", "max", "worst"]
"""Phase of the solar cycle; "worst" takes protons at minimum and electrons at maximum, as SPENVIS users do."""
Particle = Literal["proton", "electron"]

YEAR_S = 365.25 * 86400.0
ANOMALY_FLUX_CM2_S = 1.0
"""Where protons above 30 MeV exceed this, we say Anomaly: quiet orbit outside has less than a tenth of it."""

_EPOCH = {"proton-min": ("1960", 1964.0), "proton-max": ("1970", 1970.0)}
_ELECTRON_EPOCH = ("1960", 1964.0)
_DRIFT_WEST_DEG_YEAR, _DRIFT_NORTH_DEG_YEAR = 0.28, 0.08
"""Badhwar 1997 (J. Geophys. Res. 102, 2343): ±0.03° a year each, from Skylab and Mir."""


@dataclass(frozen=True, slots=True)
class Places:
    """Checked places: (3, n) of degrees, degrees, kilometres, and the shape of what was asked."""

    rows: Floats
    shape: tuple[int, ...]


def places_of(latitude_rad: ArrayLike, longitude_rad: ArrayLike, height_m: ArrayLike) -> Places:
    """Broadcast and check places. `DataError` where a value is no number or the tables do not reach."""
    latitude, longitude, height = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (latitude_rad, longitude_rad, height_m))
    )
    rows = np.stack([np.degrees(latitude).ravel(), np.degrees(longitude).ravel(), height.ravel() / 1e3])
    if not np.isfinite(rows).all():
        raise DataError("radiation: places", "not a number", "give finite latitudes, longitudes and heights")
    if rows.shape[1] and np.abs(rows[0]).max() > 90.0 + 1e-9:
        raise DataError("radiation: latitude", f"{np.abs(rows[0]).max():.6g}°", "give radians, −π/2 to π/2")
    if rows.shape[1] and np.abs(rows[1]).max() > 1080.0:
        raise DataError("radiation: longitude", f"{np.abs(rows[1]).max():.6g}°", "give radians, −π to π")
    if rows.shape[1]:
        low, high = rows[2].min(), rows[2].max()
        if low < FIRST_HEIGHT_KM or high > LAST_HEIGHT_KM:
            value = f"{low:.6g} to {high:.6g} km"
            raise DataError(
                "radiation: height", value, f"the tables reach from {FIRST_HEIGHT_KM:g} to {LAST_HEIGHT_KM:g} km"
            )
    return Places(np.ascontiguousarray(rows), latitude.shape)


def bounded(what: str, value: float, low: float, high: float, unit: str) -> float:
    """A finite number within bounds, or `DataError`."""
    if not (math.isfinite(value) and low <= value <= high):
        raise DataError(f"radiation: {what}", value, f"choose {low:g} to {high:g} {unit}")
    return float(value)


def models(solar: Solar) -> tuple[str, str]:
    """Names of the proton and the electron map."""
    if solar not in ("min", "max", "worst"):
        raise DataError("radiation: solar", solar, "choose min, max or worst")
    return ("proton-max" if solar == "max" else "proton-min"), ("electron-min" if solar == "min" else "electron-max")


def epoch_of(model: str) -> tuple[str, float]:
    """The field in which a map is drawn, and the year for which its Anomaly stands where it is."""
    return _EPOCH.get(model, _ELECTRON_EPOCH)


def drifted(rows: Floats, year: float | None, made: float) -> Floats:
    """Places (3, n) moved to where the field of the year `made` had what they have in `year`; None moves nothing."""
    if year is None:
        return rows
    since = bounded("year", year, 1950.0, 2100.0, "") - made
    north = np.clip(rows[0] - _DRIFT_NORTH_DEG_YEAR * since, -90.0, 90.0)
    return np.stack([north, rows[1] + _DRIFT_WEST_DEG_YEAR * since, rows[2]])


def _read(model: str, table: Map, places: Places, year: float | None) -> Floats:
    epoch, made = epoch_of(model)
    return read_map(magnetic_field(epoch), table, drifted(places.rows, year, made))


def flux_at(
    latitude_rad: ArrayLike,
    longitude_rad: ArrayLike,
    height_m: ArrayLike,
    *,
    above_mev: float = 30.0,
    particle: Particle = "proton",
    solar: Solar = "min",
    year: float | None = None,
) -> Floats:
    """Omnidirectional flux of trapped particles above an energy, cm⁻² s⁻¹, in the shape of the places.

    Protons from 10 to 300 MeV, electrons from 0.5 to 3 MeV, at 100 to 2,000 km. Without `year` the Anomaly lies where
    the maps have it (1964, solar maximum 1970); with it, it has drifted since at Badhwar's rate.
    """
    if particle not in ("proton", "electron"):
        raise DataError("radiation: particle", particle, "choose proton or electron")
    energies = axis(f"{particle}_mev")
    energy = bounded("above_mev", above_mev, energies[0], energies[-1], "MeV")
    places = places_of(latitude_rad, longitude_rad, height_m)
    model = models(solar)[particle == "electron"]
    return _read(model, flux_map(model, energy), places, year).reshape(places.shape)


def dose_rate_rad_s(
    latitude_rad: ArrayLike,
    longitude_rad: ArrayLike,
    height_m: ArrayLike,
    *,
    shield_mm: float,
    solar: Solar = "worst",
    year: float | None = None,
) -> Floats:
    """Dose rate in silicon of trapped protons, electrons and their bremsstrahlung, rad/s (0.01 Gy/s).

    `shield_mm` of aluminium all around, 0.1 to 30 mm; another material by its mass per area (2.7 g/cm³).
    """
    protons, electrons = dose_parts_rad_s(
        latitude_rad, longitude_rad, height_m, shield_mm=shield_mm, solar=solar, year=year
    )
    return protons + electrons


def dose_parts_rad_s(
    latitude_rad: ArrayLike,
    longitude_rad: ArrayLike,
    height_m: ArrayLike,
    *,
    shield_mm: float,
    solar: Solar = "worst",
    year: float | None = None,
) -> tuple[Floats, Floats]:
    """`dose_rate_rad_s` by what makes it: (protons, electrons and their bremsstrahlung)."""
    depths = axis("depths_mm")
    depth = bounded("shield_mm", shield_mm, depths[0], depths[-1], "mm of aluminium")
    places = places_of(latitude_rad, longitude_rad, height_m)
    protons, electrons = (
        _read(model, dose_map(model, depth), places, year).reshape(places.shape) for model in models(solar)
    )
    return protons, electrons


def in_anomaly(
    latitude_rad: ArrayLike,
    longitude_rad: ArrayLike,
    height_m: ArrayLike,
    *,
    over_cm2_s: float = ANOMALY_FLUX_CM2_S,
    solar: Solar = "min",
    year: float | None = None,
) -> NDArray[np.bool_]:
    """Where the flux of protons above 30 MeV exceeds `over_cm2_s`; above 1,200 km that is a belt, no longer a spot."""
    limit = bounded("over_cm2_s", over_cm2_s, 0.0, 1e9, "cm⁻² s⁻¹")
    return np.asarray(flux_at(latitude_rad, longitude_rad, height_m, solar=solar, year=year) > limit)


def shell_at(latitude_rad: ArrayLike, longitude_rad: ArrayLike, height_m: ArrayLike) -> Floats:
    """McIlwain's L in the field of 1960, in the shape of the places; 30 stands for a line as good as open."""
    places = places_of(latitude_rad, longitude_rad, height_m)
    return np.asarray(magnetic_coordinates(magnetic_field("1960"), places.rows)[1].reshape(places.shape))


def circular_places(altitude_m: float, inclination_rad: float, samples: int = 20_000) -> tuple[Floats, Floats, Floats]:
    """Latitude, longitude (rad) and height (m) that a circular orbit fills evenly in the long run, (samples,) each.

    A lattice of the generalised golden ratio over the argument of latitude and the node's longitude: no chance in it.
    `altitude_m` is above the equatorial radius; the height above the ellipsoid varies with latitude.
    """
    bounded("altitude", altitude_m / 1e3, 150.0, 1950.0, "km")
    bounded("inclination", math.degrees(inclination_rad), 0.0, 180.0, "°")
    if not 100 <= samples <= 10_000_000:
        raise DataError("radiation: samples", samples, "choose 100 to 10,000,000")
    k = np.arange(samples) + 0.5
    along, node = 2.0 * np.pi * ((k * 0.7548776662466927) % 1.0), 2.0 * np.pi * ((k * 0.5698402909980532) % 1.0)
    flat, steep = np.sin(along) * math.cos(inclination_rad), np.sin(along) * math.sin(inclination_rad)
    x = np.cos(along) * np.cos(node) - flat * np.sin(node)
    y = np.cos(along) * np.sin(node) + flat * np.cos(node)
    return geodetic_of_itrs((EARTH_RADIUS_M + altitude_m) * np.stack([x, y, steep], axis=-1))


def mean_flux_cm2_s(
    altitude_m: float,
    inclination_rad: float,
    *,
    above_mev: float = 30.0,
    particle: Particle = "proton",
    solar: Solar = "min",
) -> float:
    """Long-run mean of `flux_at` on a circular orbit."""
    places = circular_places(altitude_m, inclination_rad)
    return float(flux_at(*places, above_mev=above_mev, particle=particle, solar=solar).mean())


def mean_dose_rad_year(altitude_m: float, inclination_rad: float, *, shield_mm: float, solar: Solar = "worst") -> float:
    """Long-run dose of a circular orbit, rad(Si) a year of 365.25 days."""
    places = circular_places(altitude_m, inclination_rad)
    return float(dose_rate_rad_s(*places, shield_mm=shield_mm, solar=solar).mean() * YEAR_S)
