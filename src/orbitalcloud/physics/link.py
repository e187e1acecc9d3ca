"""Radio link budgets: from a radio, a range and an elevation to a data rate that varies through the pass.

    link = RADIOS["x-band-cubesat"]                     # of link_radios, or your own RadioLink
    rate_bps(elevation_rad, range_m, "svalbard", link, availability=0.99)
    pass_volume_bytes(orbits, window, site, link)

EIRP − free space − pointing − air + G/T gives C/N0; the best pair of symbol rate and modulation whose Es/N0 closes with
the margin gives the rate. Rain also warms the sky that the station sees. Decibels are of power; shapes broadcast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import SECOND
from orbitalcloud.physics.access import GroundSite, Window, position_itrs_m
from orbitalcloud.physics.constants import SPEED_OF_LIGHT_M_S
from orbitalcloud.physics.frames import look_angles
from orbitalcloud.physics.link_atmosphere import LOWEST_ELEVATION_RAD, Attenuation, attenuation, checked, sky_noise_k
from orbitalcloud.physics.link_coding import TABLES
from orbitalcloud.physics.orbit import Orbits

Floats = NDArray[np.float64]

BOLTZMANN_DBW_K_HZ = 10.0 * math.log10(1.380649e-23)
"""−228.599 dB, exact (SI)."""
BANDS_HZ = MappingProxyType({"uhf": (3e8, 1e9), "s": (2e9, 4e9), "x": (8e9, 12e9), "ka": (17.3e9, 40e9)})
"""By ITU's and IEEE's habit (IEEE 521); "ka" from the 17.3 GHz of satellite use."""


@dataclass(frozen=True, slots=True)
class RadioLink:
    """One direction of a radio: who sends, who listens, and how."""

    name: str
    band: str
    frequency_hz: float
    transmit_w: float
    """Radiated by the amplifier, not the supply's power."""
    transmit_gain_dbi: float
    receive_gain_dbi: float
    system_temperature_k: float
    """Of the listener under a clear sky, at the antenna."""
    symbol_rates_baud: tuple[float, ...]
    coding: str
    """A name of `link_coding.TABLES`."""
    transmit_loss_db: float = 0.0
    pointing_loss_db: float = 0.0
    polarisation_loss_db: float = 0.0
    implementation_loss_db: float = 0.0
    margin_db: float = 3.0
    source: str = ""

    def __post_init__(self) -> None:
        if self.band not in BANDS_HZ:
            raise DataError(
                f"link {self.name}: band", self.band, f"choose one of {', '.join(BANDS_HZ)}, or an OpticalLink"
            )
        checked(f"{self.name}: frequency of band {self.band}", self.frequency_hz, *BANDS_HZ[self.band], "Hz")
        checked(f"{self.name}: transmit_w", self.transmit_w, 1e-6, 1e5, "W")
        checked(f"{self.name}: system_temperature_k", self.system_temperature_k, 1.0, 1e5, "K")
        for name in ("transmit_gain_dbi", "receive_gain_dbi"):
            checked(f"{self.name}: {name}", getattr(self, name), -50.0, 100.0, "dBi")
        for name in (
            "transmit_loss_db",
            "pointing_loss_db",
            "polarisation_loss_db",
            "implementation_loss_db",
            "margin_db",
        ):
            checked(f"{self.name}: {name}", getattr(self, name), 0.0, 100.0, "dB")
        if not 1 <= len(self.symbol_rates_baud) <= 64:
            raise DataError(f"link {self.name}: symbol_rates_baud", self.symbol_rates_baud, "give 1 to 64 rates")
        checked(f"{self.name}: symbol_rates_baud", self.symbol_rates_baud, 1.0, 1e11, "baud")
        if self.coding not in TABLES:
            raise DataError(f"link {self.name}: coding", self.coding, f"choose one of {', '.join(TABLES)}")

    @property
    def eirp_dbw(self) -> float:
        """Power that an isotropic source would need."""
        return 10.0 * math.log10(self.transmit_w) + self.transmit_gain_dbi - self.transmit_loss_db

    @property
    def g_over_t_db_k(self) -> float:
        """The listener's figure of merit under a clear sky."""
        return self.receive_gain_dbi - 10.0 * math.log10(self.system_temperature_k)


def dish_gain_dbi(diameter_m: float, frequency_hz: float, efficiency: float = 0.6) -> float:
    """Gain of a paraboloid: efficiency · (π D f / c)²."""
    checked("diameter_m", diameter_m, 1e-3, 1e3, "m")
    checked("efficiency", efficiency, 1e-3, 1.0, "")
    checked("frequency", frequency_hz, 1e6, 1e15, "Hz")
    return 10.0 * math.log10(efficiency * (math.pi * diameter_m * frequency_hz / SPEED_OF_LIGHT_M_S) ** 2)


def free_space_loss_db(range_m: ArrayLike, frequency_hz: float) -> Floats:
    """20 log₁₀(4π d f / c) (ITU-R P.525)."""
    distance = checked("range", range_m, 1.0, 1e12, "m")
    checked("frequency", frequency_hz, 1e6, 1e15, "Hz")
    return np.asarray(20.0 * np.log10(4.0 * np.pi * distance * frequency_hz / SPEED_OF_LIGHT_M_S))


def doppler_hz(range_rate_m_s: ArrayLike, frequency_hz: float) -> Floats:
    """Shift of what is heard, −f ṙ / c: first order, 1e-5 of itself from the exact one."""
    rate = checked("range rate", range_rate_m_s, -2e4, 2e4, "m/s")
    return np.asarray(-rate * (frequency_hz / SPEED_OF_LIGHT_M_S))


def carrier_to_noise_dbhz(
    elevation_rad: ArrayLike, range_m: ArrayLike, station: str | None, link: RadioLink, availability: float = 0.99
) -> Floats:
    """C/N0 in dB Hz at the listener, the air's attenuation and its warmth included. For elevations of 5° to 90°.

    With `station` None there is no air, as between satellites, and the elevation does not matter.
    The clear sky's own glow is in the link's `system_temperature_k`; what rain and cloud add to it is added here, to a
    station that listens: the ground's side is assumed to be the listener.
    """
    if station is None:
        return np.asarray(_in_space_dbhz(range_m, link) + np.zeros(np.shape(elevation_rad)))
    return carrier_through_dbhz(range_m, link, attenuation(station, elevation_rad, link.frequency_hz, availability))


def _in_space_dbhz(range_m: ArrayLike, link: RadioLink) -> Floats:
    gains = link.eirp_dbw + link.g_over_t_db_k - BOLTZMANN_DBW_K_HZ - link.pointing_loss_db - link.polarisation_loss_db
    return np.asarray(gains - free_space_loss_db(range_m, link.frequency_hz))


def carrier_through_dbhz(range_m: ArrayLike, link: RadioLink, air: Attenuation) -> Floats:
    """C/N0 in dB Hz at a station that listens through this air."""
    wet = sky_noise_k(air.absorbed_db) - sky_noise_k(air.gas_db)
    warmer_db = 10.0 * np.log10(1.0 + wet / link.system_temperature_k)
    return np.asarray(_in_space_dbhz(range_m, link) - air.total_db - warmer_db)


def rate_of_carrier_bps(c_n0_dbhz: ArrayLike, link: RadioLink) -> Floats:
    """The best rate of information that closes with the link's losses and margin; 0 where none does."""
    ratio = np.asarray(c_n0_dbhz, dtype=np.float64) - link.implementation_loss_db - link.margin_db
    best = np.zeros(ratio.shape)
    for symbols in link.symbol_rates_baud:
        es_n0 = ratio - 10.0 * math.log10(symbols)
        for code in TABLES[link.coding]:
            closes = es_n0 >= code.required_es_n0_db
            best = np.where(closes, np.maximum(best, symbols * code.bits_per_symbol), best)
    return best


def rate_bps(
    elevation_rad: ArrayLike, range_m: ArrayLike, station: str | None, link: RadioLink, availability: float = 0.99
) -> Floats:
    """Data rate in the broadcast shape of elevation and range; 0 below 5°, where the models of the air end.

    With `station` None there is no air and no lowest elevation.
    """
    elevation, distance = np.broadcast_arrays(
        checked("elevation", elevation_rad, -np.pi / 2 - 1e-9, np.pi / 2 + 1e-9, "rad"),
        checked("range", range_m, 1.0, 1e12, "m"),
    )
    usable = (elevation >= LOWEST_ELEVATION_RAD) | (station is None)
    safe = np.where(usable, elevation, np.pi / 2)
    c_n0 = carrier_to_noise_dbhz(safe, distance, station, link, availability)
    return np.where(usable, rate_of_carrier_bps(c_n0, link), 0.0)


@dataclass(frozen=True, slots=True)
class PassProfile:
    """A pass at the middles of its steps, each (n_steps,); the last step may be shorter."""

    times_ns: NDArray[np.int64]
    duration_s: Floats
    elevation_rad: Floats
    range_m: Floats
    range_rate_m_s: Floats


def pass_profile(orbits: Orbits, window: Window, site: GroundSite, step_s: float = 1.0) -> PassProfile:
    """Geometry through a pass, in steps of `step_s`. The range rate is a central difference over 0.2 s (1 mm/s)."""
    step = round(float(checked("step_s", step_s, 0.1, 600.0, "s")) * SECOND)
    edges = np.append(np.arange(window.opens, window.closes, step, dtype=np.int64), window.closes)
    times = (edges[:-1] + edges[1:]) // 2
    tenth = SECOND // 10
    near = (times[:, None] + np.array([-tenth, 0, tenth], dtype=np.int64)).ravel()
    position = position_itrs_m(orbits.one(window.satellite), near)[0]
    _, elevation, distance = look_angles(site.latitude_rad, site.longitude_rad, site.height_m, position)
    distance = distance.reshape(-1, 3)
    rate = (distance[:, 2] - distance[:, 0]) / (2 * tenth / SECOND)
    return PassProfile(times, np.diff(edges) / SECOND, elevation.reshape(-1, 3)[:, 1], distance[:, 1], rate)


def pass_volume_bytes(
    orbits: Orbits,
    window: Window,
    site: GroundSite,
    link: RadioLink,
    *,
    station: str = "",
    availability: float = 0.99,
    step_s: float = 1.0,
) -> int:
    """Whole bytes that a pass carries at the rate of each moment. `station` names the air; else the site's name."""
    profile = pass_profile(orbits, window, site, step_s)
    rate = rate_bps(profile.elevation_rad, profile.range_m, station or site.name, link, availability)
    return math.floor(math.fsum(rate * profile.duration_s) / 8.0)
