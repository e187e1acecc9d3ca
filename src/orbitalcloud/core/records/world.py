"""The World: readings, light, radiation, power, contacts and weather."""

from __future__ import annotations

from orbitalcloud.core.records.base import Base
from orbitalcloud.core.why import Why


class Telemetry(Base, frozen=True):
    """Readings as the node got them."""

    charge_ppm: int
    generated_mw: int
    load_mw: int
    sunlit_ppm: int
    temperatures_mk: tuple[int, ...]
    latitude_udeg: int
    longitude_udeg: int
    height_m: int
    dose_urad: int = -1
    """µrad(Si), 10 nGy, behind the satellite's shielding since the mission's start; −1 where nobody knows."""


class LightChanged(Base, frozen=True):
    """The satellite crossed a shadow boundary: `sunlight`, `penumbra` or `umbra` from now on."""

    phase: str


class AnomalyCrossed(Base, frozen=True):
    """The satellite entered (`inside`) or left the South Atlantic Anomaly: protons above 30 MeV over 1 cm⁻² s⁻¹."""

    inside: bool


class Upset(Base, frozen=True):
    """A particle upset a device on board; `bit` is which of its memory's, −1 where it has none to name.

    What it does to the job that runs is told by `UpsetStruckJob`.
    """

    device: str
    effect: str
    latitude_udeg: int
    longitude_udeg: int
    height_m: int
    in_anomaly: bool
    bit: int


class BrownOut(Base, frozen=True):
    """The bus could not feed the platform and went `down` with all its loads, or is up again; unserved since the
    start.
    """

    down: bool
    unserved_mj: int


class LoadsShed(Base, frozen=True):
    """The bus switched classes of loads off or on by itself, by the charge: what has no power now (nothing: all has).

    `severity` as of F Prime's events: `warning` while anything is off, `activity` when all is on again.
    """

    severity: str
    off: tuple[str, ...]
    charge_ppm: int


class SafeMode(Base, frozen=True):
    """The satellite's software entered safe mode (`active`) or left it, and why."""

    severity: str
    active: bool
    why: Why


class EnergyAccount(Base, frozen=True):
    """A satellite's energy from start to end, and how far it is from adding up, in parts per 10¹² of all there was.

    Generated = load + losses + stored + curtailed. What was asked and not given: `unserved` by a bus that was on,
    `shed` by classes that were off. With the battery's health: capacity and resistance relative to new.
    """

    generated_mj: int
    load_mj: int
    losses_mj: int
    stored_mj: int
    curtailed_mj: int
    unserved_mj: int
    shed_mj: int
    residual_ppt: int
    capacity_ppm: int
    resistance_ppm: int


class ContactOpened(Base, frozen=True):
    """The node may send to `peer` until `until`: `capacity_bytes` in all, at most at `rate_bps`.

    `doppler_hz` and `doppler_rate_hz_s` are the largest shift and its fastest change, 0 where no frequency is known.
    """

    peer: str
    band: str
    rate_bps: int
    until: int
    elevation_mdeg: int
    capacity_bytes: int = 0
    doppler_hz: int = 0
    doppler_rate_hz_s: int = 0


class ContactClosed(Base, frozen=True):
    """The contact is over; what this node sent on it."""

    peer: str
    frames: int
    sent_bytes: int


class WeatherOutage(Base, frozen=True):
    """Rain or cloud over the station (`node`) cut the link with `peer` in `band` (`down`), or no longer does.

    `rain_mdb` and `cloud_mdb` are what they take at this moment, in thousandths of a decibel; -1 stands for cloud that
    stops light altogether. A pass that begins or ends in rain says so at its first and last instant.
    """

    peer: str
    band: str
    down: bool
    rain_mdb: int
    cloud_mdb: int


WorldEntry = (
    Telemetry
    | LightChanged
    | AnomalyCrossed
    | Upset
    | BrownOut
    | LoadsShed
    | SafeMode
    | EnergyAccount
    | ContactOpened
    | ContactClosed
    | WeatherOutage
)
