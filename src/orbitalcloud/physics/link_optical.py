"""Optical links: aperture gains, the beam's spread, received power, and bits by photons.

Between satellites only space spreads the beam; to the ground the clear air takes its zenith extinction times the
cosecant of the elevation, and a cloud takes all (`link_atmosphere.liquid_cloud_share` is the least of the time lost).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.physics.constants import SPEED_OF_LIGHT_M_S
from orbitalcloud.physics.link_atmosphere import LOWEST_ELEVATION_RAD, checked

Floats = NDArray[np.float64]

PLANCK_J_S = 6.62607015e-34
"""Exact (SI)."""


@dataclass(frozen=True, slots=True)
class OpticalLink:
    """A laser, two telescopes and a detector. Apertures are diameters; efficiencies are fractions of power."""

    transmit_w: float
    wavelength_m: float
    transmit_aperture_m: float
    receive_aperture_m: float
    transmit_efficiency: float = 0.8
    receive_efficiency: float = 0.8
    pointing_loss_db: float = 0.0
    margin_db: float = 0.0
    photons_per_bit: float = 100.0
    """The detector's need, its code included."""
    most_bps: float = 1e13
    clear_zenith_db: float = 0.0
    """What the clear air over a station takes straight up; for links that end on the ground."""

    def __post_init__(self) -> None:
        checked("transmit_w", self.transmit_w, 1e-6, 1e5, "W")
        checked("wavelength_m", self.wavelength_m, 1e-7, 2e-5, "m")
        for name in ("transmit_aperture_m", "receive_aperture_m"):
            checked(name, getattr(self, name), 1e-4, 100.0, "m")
        for name in ("transmit_efficiency", "receive_efficiency"):
            checked(name, getattr(self, name), 1e-6, 1.0, "")
        for name in ("pointing_loss_db", "margin_db", "clear_zenith_db"):
            checked(name, getattr(self, name), 0.0, 100.0, "dB")
        checked("photons_per_bit", self.photons_per_bit, 1e-3, 1e9, "")
        checked("most_bps", self.most_bps, 1.0, 1e18, "bit/s")


def aperture_gain_db(diameter_m: float, wavelength_m: float, efficiency: float = 1.0) -> float:
    """Gain over an isotropic source: efficiency · (π D / λ)²."""
    return 10.0 * math.log10(efficiency * (math.pi * diameter_m / wavelength_m) ** 2)


def received_w(
    link: OpticalLink, range_m: ArrayLike, elevation_rad: ArrayLike | None = None, zenith_db: float = 0.0
) -> Floats:
    """Power on the detector in the far field. With `elevation_rad`, through clear air of `zenith_db` straight up.

    Not more than was sent, less the losses: nearer than about `confocal_range_m` all of the beam is caught.
    """
    distance = checked("range", range_m, 1.0, 1e12, "m")
    spread = 20.0 * np.log10(link.wavelength_m / (4.0 * np.pi * distance))
    gain = aperture_gain_db(link.transmit_aperture_m, link.wavelength_m, link.transmit_efficiency)
    gain += aperture_gain_db(link.receive_aperture_m, link.wavelength_m, link.receive_efficiency)
    loss = np.asarray(link.pointing_loss_db + link.margin_db)
    caught = np.minimum(gain + spread, 10.0 * np.log10(link.transmit_efficiency * link.receive_efficiency))
    if elevation_rad is not None:
        elevation = checked("elevation", elevation_rad, LOWEST_ELEVATION_RAD - 1e-9, np.pi / 2 + 1e-9, "rad, 5° to 90°")
        loss = loss + checked("zenith_db", zenith_db, 0.0, 100.0, "dB") / np.sin(elevation)
    return np.asarray(link.transmit_w * 10.0 ** ((caught - loss) / 10.0))


def optical_rate_bps(
    link: OpticalLink, range_m: ArrayLike, elevation_rad: ArrayLike | None = None, zenith_db: float = 0.0
) -> Floats:
    """Bits a second that the received photons carry, up to the link's most."""
    photon_j = PLANCK_J_S * SPEED_OF_LIGHT_M_S / link.wavelength_m
    rate = received_w(link, range_m, elevation_rad, zenith_db) / (photon_j * link.photons_per_bit)
    return np.asarray(np.minimum(rate, link.most_bps))


def confocal_range_m(radius_m: float, wavelength_m: float) -> float:
    """How far a beam of this waist stays together, π a² / λ: within it, apertures of radius a catch nearly all.

    Suncatcher (arXiv 2511.19468) spaces its satellites by it.
    """
    checked("radius_m", radius_m, 1e-6, 100.0, "m")
    checked("wavelength_m", wavelength_m, 1e-7, 2e-5, "m")
    return math.pi * radius_m**2 / wavelength_m


def pointing_loss_db(offset_rad: ArrayLike, half_power_beamwidth_rad: float) -> Floats:
    """Loss of a beam that points beside by `offset_rad`: 12 (offset / width)² dB, a main lobe's, to 40 dB."""
    width = float(checked("half_power_beamwidth_rad", half_power_beamwidth_rad, 1e-9, 2.0 * np.pi, "rad"))
    offset = checked("pointing offset", offset_rad, -np.pi, np.pi, "rad")
    return np.asarray(np.minimum(12.0 * (offset / width) ** 2, 40.0))
