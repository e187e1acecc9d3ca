"""The flight itself: when it began and ended, what flew, what was done to it."""

from __future__ import annotations

from orbitalcloud.core.records.base import Base


class FlightStarted(Base, frozen=True):
    """First entry: which mission, which seed, which software, from when to when."""

    mission: str
    mission_digest: str
    seed: int
    ends: int
    software: str
    telemetry_s: int


class FlightEnded(Base, frozen=True):
    """Last entry of a whole flight."""

    entries: int


class SatelliteDescribed(Base, frozen=True):
    """What a satellite is, so that a reader of the Log needs no mission file."""

    bus: str
    orbit: str
    period_ms: int
    inclination_mdeg: int
    battery_mj: int
    reserve_ppm: int
    array_mw: int
    thermal_nodes: tuple[str, ...]
    hot_limits_mk: tuple[int, ...]
    cold_limits_mk: tuple[int, ...]
    payload_node: int
    accelerator: str
    shielding_um: int = 0
    devices: tuple[str, ...] = ()


class StationDescribed(Base, frozen=True):
    """Where a station is and whose law holds there."""

    latitude_udeg: int
    longitude_udeg: int
    mask_mdeg: int
    jurisdiction: str


class NodeStarted(Base, frozen=True):
    """The node's software began, for the `boot`-th time, with this key and this much saved."""

    boot: int
    public_key: str
    saved_keys: int
    saved_bytes: int


class FaultInjected(Base, frozen=True):
    """The mission's timeline broke something on purpose, until `ends` (0: for good, or for a moment)."""

    fault: str
    text: str
    ends: int = 0


FlightEntry = FlightStarted | FlightEnded | SatelliteDescribed | StationDescribed | NodeStarted | FaultInjected
