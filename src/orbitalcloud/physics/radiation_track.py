"""Radiation along tracks: dose rate, the flux that marks the Anomaly, and upset rates, in one walk over the places.

    exposed = Exposed(2.0, devices_of(["jetson-module"]))
    rates = rates_along(latitude, longitude, height, exposed, "minimum", year=2026.2)

The same maps as `radiation` and `radiation_upsets`, read together: a hundred satellites for a day, minute by minute,
are 144,000 places, and each costs one look at the magnetic field instead of one a map.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.radiation import Places, Solar, bounded, drifted, epoch_of, models, places_of
from orbitalcloud.physics.radiation_tables import (
    FIRST_HEIGHT_KM,
    LAST_HEIGHT_KM,
    Map,
    axis,
    dose_map,
    flux_map,
    magnetic_coordinates,
    magnetic_field,
    read_at,
)
from orbitalcloud.physics.radiation_upsets import Device, cosmic_flux_over_cutoff_cm2_s, penetrating_mev

Floats = NDArray[np.float64]
Activity = Literal["minimum", "mean", "maximum"]
"""Of the Sun. "mean" is the mean of what both models say: the cycle spends about half its time near each."""

_PHASES: dict[str, tuple[Solar, ...]] = {"minimum": ("min",), "mean": ("min", "max"), "maximum": ("max",)}


def phases(activity: Activity) -> tuple[Solar, ...]:
    """The models whose mean an activity of the Sun is; `DataError` for another word."""
    if activity not in _PHASES:
        raise DataError("radiation: solar_activity", activity, f"choose one of {', '.join(_PHASES)}")
    return _PHASES[activity]


@dataclass(frozen=True, slots=True)
class Exposed:
    """What is exposed: devices behind `shield_mm` of aluminium all around."""

    shield_mm: float
    devices: tuple[Device, ...] = ()

    def __post_init__(self) -> None:
        depths = axis("depths_mm")
        bounded("shielding_mm", self.shield_mm, depths[0], depths[-1], "mm of aluminium")


@dataclass(frozen=True, slots=True)
class Rates:
    """At places of one shape: dose in rad(Si)/s, protons above 30 MeV in cm⁻² s⁻¹, and upsets a second by device,
    (n_devices, *shape)."""

    dose_rad_s: Floats
    flux_cm2_s: Floats
    upsets_s: Floats


def charted(height_m: ArrayLike) -> NDArray[np.bool_]:
    """Where the tables reach, 100 to 2,000 km."""
    height_km = np.asarray(height_m, dtype=np.float64) / 1e3
    return np.asarray((height_km >= FIRST_HEIGHT_KM) & (height_km <= LAST_HEIGHT_KM))


def rates_along(
    latitude_rad: ArrayLike,
    longitude_rad: ArrayLike,
    height_m: ArrayLike,
    exposed: Exposed,
    activity: Activity = "mean",
    *,
    year: float | None = None,
) -> Rates:
    """Rates at WGS 84 places (rad, rad, m); `DataError` where the tables do not reach. `year` as for `flux_at`."""
    places = places_of(latitude_rad, longitude_rad, height_m)
    count = places.rows.shape[1]
    dose, flux, upsets = np.zeros(count), np.zeros(count), np.zeros((len(exposed.devices), count))
    chosen = phases(activity)
    walk = _Walk(places, year)
    for solar in chosen:
        proton, electron = models(solar)
        for model in (proton, electron):
            dose += walk.read(model, dose_map(model, exposed.shield_mm))
        flux += walk.read(proton, flux_map(proton, 30.0))
        for energy, rows in _by_energy(exposed):
            reaching = walk.read(proton, flux_map(proton, energy))
            reaching += walk.cosmic(energy, solar)
            for row in rows:
                upsets[row] += exposed.devices[row].cross_section_cm2 * reaching
    share = 1.0 / len(chosen)
    shape = places.shape
    return Rates(
        (dose * share).reshape(shape), (flux * share).reshape(shape), (upsets * share).reshape(len(upsets), *shape)
    )


def _by_energy(exposed: Exposed) -> Iterator[tuple[float, list[int]]]:
    """(energy outside that leaves the threshold behind the shield, the devices that it concerns)."""
    lowest = float(axis("proton_mev")[0])
    needs = [max(penetrating_mev(one.threshold_mev, exposed.shield_mm), lowest) for one in exposed.devices]
    for energy in sorted(set(needs)):
        yield energy, [row for row, need in enumerate(needs) if need == energy]


class _Walk:
    """Places with their magnetic coordinates, found once for each field that the maps are drawn in."""

    def __init__(self, places: Places, year: float | None) -> None:
        self._places, self._year = places, year
        self._found: dict[str, Floats] = {}
        shade = EARTH_RADIUS_M / (EARTH_RADIUS_M + places.rows[2] * 1e3)
        self._open_sky = 0.5 * (1.0 + np.sqrt(1.0 - shade**2))

    def _coordinates(self, model: str) -> Floats:
        epoch, made = epoch_of(model)
        if epoch not in self._found:
            rows = drifted(self._places.rows, self._year, made)
            self._found[epoch] = magnetic_coordinates(magnetic_field(epoch), rows)
        return self._found[epoch]

    def read(self, model: str, table: Map) -> Floats:
        return read_at(table, self._coordinates(model))

    def cosmic(self, above_mev: float, solar: Solar) -> Floats:
        shell = self._coordinates("proton-min")[1]
        return np.asarray(self._open_sky * cosmic_flux_over_cutoff_cm2_s(shell, above_mev, solar))
