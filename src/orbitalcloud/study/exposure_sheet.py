"""What radiation does to one satellite in the long run: dose, upsets, the Anomaly, and how long its devices last.

    sheet = radiation_sheet(loaded, loaded.satellites[0])
    sheet.dose_min.total_rad_year, sheet.years_to_tolerance, sheet.upsets_day

Averages over the orbit as it lies in the field of the maps' own epochs, as SPENVIS takes them, so that they can be run
again there; a flight instead moves the Anomaly to the mission's year. A factor of two is AP-8's and AE-8's own
uncertainty, and every rate here has it, beside that of the cross-sections. Not counted: solar protons and heavy ions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DAY, MINUTE, SECOND, Instant
from orbitalcloud.mission import Craft, Loaded
from orbitalcloud.physics import Design, Orbits, Source, subpoint
from orbitalcloud.physics.array_radiation import CELLS, Fluence, damage_rate_cm2_s
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.radiation import ANOMALY_FLUX_CM2_S, YEAR_S, Solar, circular_places, dose_parts_rad_s
from orbitalcloud.physics.radiation_track import Activity, Exposed, phases, rates_along
from orbitalcloud.physics.radiation_upsets import Device, devices_of

Floats = NDArray[np.float64]
Places = tuple[Floats, Floats, Floats]

TRACK_DAYS, TRACK_STEP_S = 20, 61
"""How an orbit that is no circle is sampled: 28,000 places that repeat no longitude."""
ROUND = 0.003
"""Below this eccentricity an orbit is taken as a circle at its mean altitude: 20 km of height either way."""
COVER_MM = 0.1
"""The cover glass of the sheet's array, 100 µm: the commonest in low orbits."""


@dataclass(frozen=True, slots=True)
class Dose:
    """rad(Si) a year behind the satellite's shielding."""

    protons_rad_year: float
    electrons_rad_year: float

    @property
    def total_rad_year(self) -> float:
        """Of both, bremsstrahlung included."""
        return self.protons_rad_year + self.electrons_rad_year


@dataclass(frozen=True, slots=True)
class UpsetRate:
    """One device's upsets a day, under the mission's solar activity."""

    device: str
    effect: str
    upsets_day: float
    inside_anomaly_day: float
    confidence: str
    upper_limit: bool
    tolerance_rad: float
    """0 where no tolerance is known."""
    years_to_tolerance: float
    """Until the dose reaches it, under the worse half of the cycle; infinity where none is known, or no dose comes."""


@dataclass(frozen=True, slots=True)
class RadiationSheet:
    """One satellite. `dose_min` and `dose_max` are of the solar cycle; rates of upsets and the array's fluence are of
    the mission's `solar_activity`; `array_fluence` is of 1 MeV electrons/cm² a year under 100 µm of glass."""

    satellite: str
    shielding_mm: float
    activity: Activity
    dose_min: Dose
    dose_max: Dose
    upsets: tuple[UpsetRate, ...]
    anomaly_minutes_day: float
    array_fluence: Fluence

    @property
    def worst_rad_year(self) -> float:
        """The dose of the worse half of the cycle."""
        return max(self.dose_min.total_rad_year, self.dose_max.total_rad_year)

    @property
    def upsets_day(self) -> float:
        """Of all devices."""
        return math.fsum(one.upsets_day for one in self.upsets)

    @property
    def anomaly_share(self) -> float:
        """Of the upsets, those in the Anomaly (0 where there are none)."""
        inside = math.fsum(one.inside_anomaly_day for one in self.upsets)
        return inside / self.upsets_day if self.upsets_day > 0.0 else 0.0

    @property
    def years_to_tolerance(self) -> float:
        """Of the device that gives out first."""
        return min((one.years_to_tolerance for one in self.upsets), default=math.inf)

    def array_remaining(self, years: float, cell: str = "xtj") -> float:
        """Share of the array's power as new that radiation leaves after `years`."""
        return CELLS[cell].remaining(max(0.0, years) * self.array_fluence.total_cm2)


@dataclass(frozen=True, slots=True)
class _Path:
    """Where a satellite goes: a circle (m, rad), or what flies from `starts` on."""

    altitude_m: float
    inclination_rad: float
    source: Source | None = None
    starts: Instant | None = None

    def places(self) -> Places:
        if self.source is None or self.starts is None:
            return circular_places(self.altitude_m, self.inclination_rad)
        step = TRACK_STEP_S * SECOND
        times = self.starts + step * np.arange(TRACK_DAYS * DAY // step, dtype=np.int64)
        latitude, longitude, height_m = subpoint(Orbits.of([self.source], ["the orbit"]), times)
        return latitude[0], longitude[0], height_m[0]


def radiation_sheet(loaded: Loaded, craft: Craft) -> RadiationSheet:
    """The sheet of one satellite; like ones in like orbits are computed once.

    `DataError` where the orbit leaves the tables, 100 to 2,000 km, or a device is not packaged.
    """
    activity = loaded.mission.environment.solar_activity
    found = _sheet(_path(loaded, craft), craft.bus.shielding_mm, craft.devices, activity)
    return replace(found, satellite=craft.name)


def _path(loaded: Loaded, craft: Craft) -> _Path:
    orbit = craft.orbit
    if isinstance(orbit, Design) and orbit.eccentricity <= ROUND:
        return _Path(round(orbit.semi_major_axis_m - EARTH_RADIUS_M, 1), round(orbit.inclination_rad, 7))
    return _Path(0.0, 0.0, orbit, loaded.starts)


@lru_cache(maxsize=1024)
def _sheet(path: _Path, shield_mm: float, names: tuple[str, ...], activity: Activity) -> RadiationSheet:
    places = path.places()
    exposed = Exposed(shield_mm, devices_of(names))
    least, most = (_dose(places, shield_mm, solar) for solar in ("min", "max"))
    rates = rates_along(*places, exposed, activity)
    inside = rates.flux_cm2_s > ANOMALY_FLUX_CM2_S
    worst = max(least.total_rad_year, most.total_rad_year)
    return RadiationSheet(
        satellite="",
        shielding_mm=shield_mm,
        activity=activity,
        dose_min=least,
        dose_max=most,
        upsets=tuple(_upsets(device, rates.upsets_s[i], inside, worst) for i, device in enumerate(exposed.devices)),
        anomaly_minutes_day=float(inside.mean()) * DAY / MINUTE,
        array_fluence=_fluence(places, activity),
    )


def _dose(places: Places, shield_mm: float, solar: Solar) -> Dose:
    protons, electrons = dose_parts_rad_s(*places, shield_mm=shield_mm, solar=solar)
    return Dose(float(protons.mean()) * YEAR_S, float(electrons.mean()) * YEAR_S)


def _upsets(device: Device, rate_s: Floats, inside: NDArray[np.bool_], worst_rad_year: float) -> UpsetRate:
    per_day = DAY / SECOND / len(rate_s)
    lasts = device.tolerance_rad > 0.0 and worst_rad_year > 0.0
    return UpsetRate(
        device=device.name,
        effect=device.effect,
        upsets_day=math.fsum(rate_s) * per_day,
        inside_anomaly_day=math.fsum(rate_s[inside]) * per_day,
        confidence=device.confidence,
        upper_limit=device.upper_limit,
        tolerance_rad=device.tolerance_rad,
        years_to_tolerance=device.tolerance_rad / worst_rad_year if lasts else math.inf,
    )


def _fluence(places: Places, activity: Activity) -> Fluence:
    solars = phases(activity)
    rates = [damage_rate_cm2_s(*places, cover_mm=COVER_MM, solar=solar) for solar in solars]
    protons, electrons = (float(np.mean([pair[k].mean() for pair in rates])) * YEAR_S for k in (0, 1))
    return Fluence(protons, electrons)
