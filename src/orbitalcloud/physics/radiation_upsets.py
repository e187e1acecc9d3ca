"""How often a computer is upset, in the Anomaly and out of it: proton flux behind its shield times its cross-section.

    device = devices()["tpu-v6e-hbm"]
    upset_rate_s(lat, lon, height, device, shield_mm=10.0)      # upsets a second, in the shape of the places
    exposure(altitude_m, inclination_rad, device, shield_mm=10.0)

Two fluxes count: trapped protons (`radiation`) and cosmic-ray protons over the geomagnetic cut-off. A proton counts if
the shield leaves it the device's threshold. Heavy ions do not count, for want of cross-sections of these devices: for
old or sensitive parts they rule outside the Anomaly.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.radiation import (
    ANOMALY_FLUX_CM2_S,
    Solar,
    bounded,
    circular_places,
    flux_at,
    models,
    shell_at,
)

Floats = NDArray[np.float64]

PROTON_REST_MEV = 938.272088
"""CODATA 2018."""
_MODULATION_MV = {"min": 400.0, "max": 1000.0}
"""Of the heliosphere, typical of a minimum and a maximum in Usoskin et al. 2011 (doi 10.1029/2010JA016105)."""
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Device:
    """One effect in one device: events a second = cross-section · flux of protons above the threshold."""

    name: str
    about: str
    effect: str
    cross_section_cm2: float
    threshold_mev: float
    upper_limit: bool
    """No event was seen: the cross-section is the greatest that the test allows."""
    source: str
    confidence: str
    bits: int = 0
    """Memory over which the upset bit is drawn; 0 where the effect is in no memory cell that could be named."""
    tolerance_rad: float = 0.0
    """Dose up to which the part was seen to work; 0 where nobody said."""
    tolerance_source: str = ""

    def __post_init__(self) -> None:
        bounded(f"device {self.name}: bits", self.bits, 0.0, 1e15, "bits")
        bounded(f"device {self.name}: tolerance_rad", self.tolerance_rad, 0.0, 1e9, "rad(Si)")
        bounded(f"device {self.name}: cross_section_cm2", self.cross_section_cm2, 0.0, 1.0, "cm²")
        bounded(f"device {self.name}: threshold_mev", self.threshold_mev, 10.0, 100.0, "MeV")


@dataclass(frozen=True, slots=True)
class Exposure:
    """Long-run means of one device on one orbit."""

    upsets_day: float
    upsets_day_in_anomaly: float
    """Of these, those that happen in the Anomaly: the two parts add up."""
    upsets_day_outside: float
    share_of_time_in_anomaly: float


@cache
def devices() -> MappingProxyType[str, Device]:
    """The packaged devices by name."""
    text = (files("orbitalcloud") / "data" / "physics" / "devices.toml").read_text("utf-8")
    return MappingProxyType({name: Device(name=name, **row) for name, row in tomllib.loads(text).items()})


def devices_of(names: Sequence[str]) -> tuple[Device, ...]:
    """The packaged devices of these names; `DataError` for one that is not packaged."""
    book = devices()
    for name in names:
        if name not in book:
            raise DataError("radiation: device", name, f"name one of {', '.join(book)}")
    return tuple(book[name] for name in names)


@cache
def _range_table() -> tuple[Floats, Floats]:
    """(energies in MeV, ranges in mm) of protons in aluminium, by Bethe's formula from 1 MeV (16 µm there)."""
    energy = np.geomspace(1.0, 1000.0, 4001)
    gamma = 1.0 + energy / PROTON_REST_MEV
    beta2 = 1.0 - gamma**-2
    logarithm = np.log(2.0 * 0.51099895e6 * beta2 * gamma**2 / 166.0)  # mean excitation 166 eV, ICRU 49
    stopping = 0.307075 * (13.0 / 26.9815385) / beta2 * (logarithm - beta2)  # MeV cm²/g
    steps = np.diff(energy) * 0.5 * (1.0 / stopping[1:] + 1.0 / stopping[:-1])
    return energy, (np.concatenate([[0.0], np.cumsum(steps)]) + 0.0039) / 2.699 * 10.0


def proton_range_mm(energy_mev: ArrayLike) -> Floats:
    """Path of a proton of 1 to 1,000 MeV in aluminium until it stops, without shell corrections (1.5 % at 20 MeV)."""
    energy, mm = _range_table()
    return np.asarray(np.interp(np.asarray(energy_mev, dtype=np.float64), energy, mm))


def penetrating_mev(threshold_mev: float, shield_mm: float) -> float:
    """The energy outside of a proton that has `threshold_mev` left behind the shield."""
    depth = bounded("shield_mm", shield_mm, 0.0, 30.0, "mm of aluminium")
    energy, mm = _range_table()
    return float(np.interp(proton_range_mm(threshold_mev) + depth, mm, energy))


@cache
def _cosmic_table(phi_mv: float) -> tuple[Floats, Floats]:
    """(kinetic energies in MeV, isotropic flux above them in cm⁻² s⁻¹ sr⁻¹) of cosmic-ray protons at 1 au.

    The local spectrum of Burger et al. 2000 in the force field, as Usoskin et al. 2005 (doi 10.1029/2005JA011250).
    """
    energy = np.geomspace(0.01, 1000.0, 2001)  # GeV
    rest = PROTON_REST_MEV / 1e3
    outside = energy + phi_mv / 1e3
    momentum = np.sqrt(outside * (outside + 2.0 * rest))
    local = 1.9 * momentum**-2.78 / (1.0 + 0.4866 * momentum**-2.51)  # cm⁻² s⁻¹ sr⁻¹ GeV⁻¹
    flux = local * energy * (energy + 2.0 * rest) / (outside * (outside + 2.0 * rest))
    steps = np.diff(energy) * 0.5 * (flux[1:] + flux[:-1])
    above = np.concatenate([np.cumsum(steps[::-1])[::-1], [0.0]])
    return energy * 1e3, above


def cosmic_flux_free_cm2_s(above_mev: ArrayLike, solar: Solar = "min") -> Floats:
    """Cosmic-ray protons above an energy in free space at 1 au, from all sides, cm⁻² s⁻¹."""
    models(solar)
    energy, above = _cosmic_table(_MODULATION_MV["max" if solar == "max" else "min"])
    return np.asarray(4.0 * np.pi * np.interp(np.asarray(above_mev, dtype=np.float64), energy, above))


def cosmic_flux_at(
    latitude_rad: ArrayLike,
    longitude_rad: ArrayLike,
    height_m: ArrayLike,
    *,
    above_mev: float = 30.0,
    solar: Solar = "min",
) -> Floats:
    """Cosmic-ray protons at a place, cm⁻² s⁻¹: over the vertical cut-off, and without the sky that the Earth hides.

    Cut-off 16.237 L^−2.0353 GV (Shea, Smart & Gentile 1987, Phys. Earth Planet. Inter. 48).
    """
    shell = shell_at(latitude_rad, longitude_rad, height_m)
    shade = EARTH_RADIUS_M / (EARTH_RADIUS_M + np.broadcast_to(np.asarray(height_m, float), shell.shape))
    open_sky = 0.5 * (1.0 + np.sqrt(1.0 - shade**2))
    return np.asarray(open_sky * cosmic_flux_over_cutoff_cm2_s(shell, above_mev, solar))


def cosmic_flux_over_cutoff_cm2_s(shell: Floats, above_mev: float, solar: Solar) -> Floats:
    """Cosmic-ray protons over an energy and over the vertical cut-off of the shells L, from an open sky, cm⁻² s⁻¹."""
    bounded("above_mev", above_mev, 10.0, 1e5, "MeV")
    rigidity_mv = 16.237e3 * shell**-2.0353
    cutoff_mev = np.sqrt(rigidity_mv**2 + PROTON_REST_MEV**2) - PROTON_REST_MEV
    return cosmic_flux_free_cm2_s(np.maximum(cutoff_mev, above_mev), solar)


def upset_rate_s(
    latitude_rad: ArrayLike,
    longitude_rad: ArrayLike,
    height_m: ArrayLike,
    device: Device,
    *,
    shield_mm: float,
    solar: Solar = "min",
    year: float | None = None,
) -> Floats:
    """Upsets a second, in the shape of the places."""
    energy = max(penetrating_mev(device.threshold_mev, shield_mm), 10.0)
    trapped = flux_at(latitude_rad, longitude_rad, height_m, above_mev=energy, solar=solar, year=year)
    cosmic = cosmic_flux_at(latitude_rad, longitude_rad, height_m, above_mev=energy, solar=solar)
    return np.asarray(device.cross_section_cm2 * (trapped + cosmic))


def upset_chance_ppt(rate_s: ArrayLike, step_ns: int) -> NDArray[np.int64]:
    """Chance of at least one upset in a step, in parts of 10¹²: an integer to hold against a drawn one."""
    rate = np.asarray(rate_s, dtype=np.float64)
    if not (np.isfinite(rate).all() and (rate >= 0.0).all() and step_ns > 0):
        raise DataError("radiation: upset chance", f"step {step_ns} ns", "give finite rates ≥ 0 and a step > 0")
    return np.asarray(np.rint(-np.expm1(-rate * (step_ns / 1e9)) * 1e12), dtype=np.int64)


def exposure(
    altitude_m: float,
    inclination_rad: float,
    device: Device,
    *,
    shield_mm: float,
    solar: Solar = "min",
    over_cm2_s: float = ANOMALY_FLUX_CM2_S,
) -> Exposure:
    """Upsets of a device a day on a circular orbit, in the long run, in and out of the Anomaly."""
    places = circular_places(altitude_m, inclination_rad)
    rate = upset_rate_s(*places, device, shield_mm=shield_mm, solar=solar)
    inside = flux_at(*places, solar=solar) > over_cm2_s
    total, within = math.fsum(rate), math.fsum(rate[inside])
    scale = _DAY_S / len(rate)
    return Exposure(total * scale, within * scale, (total - within) * scale, float(inside.mean()))
