"""What trapped radiation takes from a solar array: displacement damage under the cover glass, and the power left.

    fluence = yearly_fluence(550e3, inclination_rad, cover_mm=0.1)  # 1 MeV electrons/cm² a year that do as much
    remaining_power(550e3, inclination_rad, 5.0, cell="xtj")        # share of the power as new

The packaged maps (`tools/make_array_radiation.py`) hold the displacement dose of AP-8's protons and AE-8's electrons in
gallium arsenide under fused silica, by `displacement`; what a year of it does is read from the cell's own data sheet.
The maps are averages of 1958–1979 with a factor of two (see `radiation`), so the loss has one of its own: half to
double the fluence. Solar protons are not counted: in a polar orbit of an active year they may add as much again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.displacement import ELECTRON_1MEV_NIEL
from orbitalcloud.physics.radiation import YEAR_S, Solar, bounded, circular_places, epoch_of, models, places_of
from orbitalcloud.physics.radiation_tables import cover_axis, damage_map, magnetic_field, read_map

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's power after 1 MeV electrons: 1 − c log10(1 + fluence / fluence_x), the form of Anspaugh's GaAs handbook
    (JPL 96-9, 1996), through its maker's points."""

    name: str
    c: float
    fluence_x_cm2: float
    source: str

    def remaining(self, fluence_cm2: float) -> float:
        """Share of the power as new that is left after a fluence of 1 MeV electrons, cm⁻²."""
        fluence = bounded("fluence_cm2", fluence_cm2, 0.0, 1e20, "cm⁻²")
        return max(0.0, 1.0 - self.c * math.log10(1.0 + fluence / self.fluence_x_cm2))


def through(name: str, points: tuple[tuple[float, float], tuple[float, float]], source: str) -> Cell:
    """The curve of that form through two points (fluence in cm⁻², share that is left)."""
    (f1, p1), (f2, p2) = points
    if not (0.0 < f1 < f2 and 1.0 > p1 > p2 > 0.0):
        raise DataError(f"solar cell {name}", points, "give two fluences, rising, and two shares below 1, falling")
    wanted = (1.0 - p2) / (1.0 - p1)
    low, high = math.log(f1) - 20.0, math.log(f2) + 20.0  # of the logarithm of fluence_x
    if not _ratio(f1, f2, low) < wanted < _ratio(f1, f2, high):
        raise DataError(f"solar cell {name}", points, "the loss must grow with the fluence, and slower than it")
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if _ratio(f1, f2, middle) > wanted else (middle, high)
    fluence_x = math.exp(0.5 * (low + high))
    return Cell(name, (1.0 - p1) / math.log10(1.0 + f1 / fluence_x), fluence_x, source)


def _ratio(f1: float, f2: float, log_fluence_x: float) -> float:
    """Of the losses after two fluences."""
    return math.log1p(f2 / math.exp(log_fluence_x)) / math.log1p(f1 / math.exp(log_fluence_x))


CELLS = MappingProxyType(
    {
        "xtj": through(
            "xtj",
            ((1e14, 0.95), (5e14, 0.89)),
            "Spectrolab XTJ data sheet, second-hand: 0.95 after 1e14 and 0.89 after 5e14 electrons/cm² of 1 MeV",
        ),
    }
)
"""Cells whose curve is known, by the name that `remaining_power` takes."""


@dataclass(frozen=True, slots=True)
class Fluence:
    """1 MeV electrons/cm², at normal incidence on the bare cell, that damage as a year in orbit does, by particle."""

    protons_cm2: float
    electrons_cm2: float

    @property
    def total_cm2(self) -> float:
        """Of both."""
        return self.protons_cm2 + self.electrons_cm2


def damage_rate_cm2_s(
    latitude_rad: ArrayLike,
    longitude_rad: ArrayLike,
    height_m: ArrayLike,
    *,
    cover_mm: float = 0.1,
    solar: Solar = "worst",
) -> tuple[Floats, Floats]:
    """(by protons, by electrons): equivalent 1 MeV electrons per cm² and second through the cell's front, in the shape
    of the places. `cover_mm` of fused silica (2.2 g/cm³), 0.025 to 2 mm; the back is held to be shielded."""
    covers = cover_axis()
    cover = bounded("cover_mm", cover_mm, covers[0], covers[-1], "mm of cover glass")
    places = places_of(latitude_rad, longitude_rad, height_m)
    proton, electron = (
        read_map(magnetic_field(epoch_of(model)[0]), damage_map(model, cover), places.rows) / ELECTRON_1MEV_NIEL
        for model in models(solar)
    )
    return proton.reshape(places.shape), electron.reshape(places.shape)


@lru_cache(maxsize=256)
def yearly_fluence(
    altitude_m: float, inclination_rad: float, *, cover_mm: float = 0.1, solar: Solar = "worst"
) -> Fluence:
    """Of a circular orbit in the long run; altitude over the equatorial radius, 150 to 1,950 km."""
    places = circular_places(altitude_m, inclination_rad)
    protons, electrons = damage_rate_cm2_s(*places, cover_mm=cover_mm, solar=solar)
    return Fluence(float(protons.mean()) * YEAR_S, float(electrons.mean()) * YEAR_S)


def remaining_power(
    altitude_m: float,
    inclination_rad: float,
    years: float,
    *,
    cover_mm: float = 0.1,
    solar: Solar = "worst",
    cell: str = "xtj",
) -> float:
    """Share of an array's power as new that radiation leaves after `years` on a circular orbit, 0–1.

    Radiation alone: thermal cycling, darkened covers and lost strings come on top. `DataError` for an unknown cell and
    beyond 150 to 1,950 km, 0.025 to 2 mm, 0 to 100 years.
    """
    if cell not in CELLS:
        raise DataError("solar cell", cell, f"choose one of {', '.join(CELLS)}")
    age = bounded("years", years, 0.0, 100.0, "years")
    yearly = yearly_fluence(altitude_m, inclination_rad, cover_mm=cover_mm, solar=solar)
    return CELLS[cell].remaining(age * yearly.total_cm2)
