"""Rates through passes: from windows and a budget to steps of whole bits a second, under a clear sky or a weather.

`to_ground` and `across` look along each window in steps of `step_s`, many windows of one satellite at a time;
`rates_bps` asks the budget at the middle of each step, as `link.pass_volume_bytes` does; `steps_of` makes the integers
that a contact has. Doppler is of the same looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import SECOND, Instant
from orbitalcloud.physics.access import GroundSite
from orbitalcloud.physics.constants import EARTH_ROTATION_RAD_S, SPEED_OF_LIGHT_M_S
from orbitalcloud.physics.frames import itrs_of_geodetic, teme_to_itrs, up_of_geodetic
from orbitalcloud.physics.link import RadioLink, carrier_through_dbhz, rate_bps, rate_of_carrier_bps
from orbitalcloud.physics.link_atmosphere import LOWEST_ELEVATION_RAD
from orbitalcloud.physics.link_optical import OpticalLink, optical_rate_bps
from orbitalcloud.physics.orbit import Orbits
from orbitalcloud.physics.weather import Weather

Floats = NDArray[np.float64]
Span = tuple[Instant, Instant]
Budget = RadioLink | OpticalLink

STEP_S = 5.0
"""In which the rate is one: a pass's volume is within 1 % of that by steps of a second."""
CROSSING_STEP_S = 30.0
"""The same between satellites, where windows last for hours."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What is seen along one window, at the middles of its steps: (n,) each; `begins_ns` are the steps' beginnings.

    The elevation is 0 between satellites.
    """

    begins_ns: NDArray[np.int64]
    ends: Instant
    times_ns: NDArray[np.int64]
    elevation_rad: Floats
    range_m: Floats
    range_rate_m_s: Floats


def _grid(spans: Sequence[Span], step_s: float) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Each span's step beginnings, and all middles in one array."""
    step = round(step_s * SECOND)
    if not SECOND // 10 <= step <= 600 * SECOND:
        raise DataError("rates: step_s", step_s, "choose 0.1 to 600 s")
    begins = [np.arange(opens, closes, step, dtype=np.int64) for opens, closes in spans]
    middles = [(row + np.append(row[1:], closes)) // 2 for row, (_, closes) in zip(begins, spans, strict=True)]
    return begins, np.concatenate(middles) if middles else np.empty(0, dtype=np.int64)


def _split(
    spans: Sequence[Span], begins: list[NDArray[np.int64]], times: NDArray[np.int64], columns: Sequence[Floats]
) -> list[Looks]:
    made, at = [], 0
    for row, (_, closes) in zip(begins, spans, strict=True):
        part = slice(at, at + len(row))
        at += len(row)
        made.append(Looks(row, closes, times[part], *(column[part] for column in columns)))
    return made


def ground_states(
    orbits: Orbits, satellite: int, sites: Sequence[GroundSite], which: NDArray[np.int64], times_ns: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """Elevation (rad), range (m) and range rate (m/s), (n,) each, of a satellite from `sites[which[k]]` at times k."""
    position, velocity = (array[0] for array in orbits.one(satellite).state_teme(times_ns))
    turn = teme_to_itrs(times_ns)
    r, v = np.einsum("kab,kb->ka", turn, position), np.einsum("kab,kb->ka", turn, velocity)
    v[:, 0] += EARTH_ROTATION_RAD_S * r[:, 1]
    v[:, 1] -= EARTH_ROTATION_RAD_S * r[:, 0]
    latitude, longitude = [site.latitude_rad for site in sites], [site.longitude_rad for site in sites]
    line = r - itrs_of_geodetic(latitude, longitude, [site.height_m for site in sites])[which]
    far = np.sqrt(np.einsum("ka,ka->k", line, line))
    height = np.einsum("ka,ka->k", line, up_of_geodetic(latitude, longitude)[which]) / far
    return np.arcsin(np.clip(height, -1.0, 1.0)), far, np.einsum("ka,ka->k", line, v) / far


def to_ground(
    orbits: Orbits, satellite: int, site: GroundSite, spans: Sequence[Span], step_s: float = STEP_S
) -> list[Looks]:
    """The looks from a site to one satellite along each span."""
    begins, times = _grid(spans, step_s)
    columns = ground_states(orbits, satellite, [site], np.zeros(len(times), dtype=np.int64), times)
    return _split(spans, begins, times, columns)


def across(
    orbits: Orbits, first: int, second: int, spans: Sequence[Span], step_s: float = CROSSING_STEP_S
) -> list[Looks]:
    """The looks from one satellite to another along each span."""
    begins, times = _grid(spans, step_s)
    far, rate = crossing_states(orbits, first, second, times)
    return _split(spans, begins, times, (np.zeros(len(times)), far, rate))


def crossing_states(orbits: Orbits, first: int, second: int, times_ns: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Range (m) and range rate (m/s) between two satellites, (n,) each."""
    (one,), (moves,) = orbits.one(first).state_teme(times_ns)
    (other,), (runs,) = orbits.one(second).state_teme(times_ns)
    line = other - one
    far = np.sqrt(np.einsum("ka,ka->k", line, line))
    return far, np.einsum("ka,ka->k", line, runs - moves) / far


def rates_bps(
    looks: Looks, link: Budget, air: str | None, availability: float = 0.99, sky: Weather | None = None
) -> Floats:
    """The information rate in each step, (n,). `air` names the station's air, None between satellites.

    Without a `sky`, a radio sees the air exceeded for 1 − availability of the year and a laser a cloudless one.
    """
    if isinstance(link, OpticalLink):
        return _light_bps(looks, link, air, sky)
    if sky is None or air is None:
        return rate_bps(looks.elevation_rad, looks.range_m, air, link, availability)
    usable = looks.elevation_rad >= LOWEST_ELEVATION_RAD
    through = sky.air(looks.times_ns, looks.elevation_rad, link.frequency_hz)
    return np.where(usable, rate_of_carrier_bps(carrier_through_dbhz(looks.range_m, link, through), link), 0.0)


def _light_bps(looks: Looks, link: OpticalLink, air: str | None, sky: Weather | None) -> Floats:
    if air is None:
        return optical_rate_bps(link, looks.range_m)
    usable = looks.elevation_rad >= LOWEST_ELEVATION_RAD
    if sky is not None:
        usable &= ~sky.cloudy(looks.times_ns)
    safe = np.where(usable, looks.elevation_rad, np.pi / 2)
    return np.where(usable, optical_rate_bps(link, looks.range_m, safe, link.clear_zenith_db), 0.0)


def steps_of(looks: Looks, rates: Floats) -> tuple[tuple[Instant, int], ...]:
    """(from when, whole bits a second) of each step."""
    return tuple(zip(map(Instant, looks.begins_ns.tolist()), np.floor(rates).astype(np.int64).tolist(), strict=True))


def trimmed(
    steps: tuple[tuple[Instant, int], ...], ends: Instant
) -> tuple[tuple[tuple[Instant, int], ...], Instant] | None:
    """Steps without what carries nothing at either end, and when they end; None where nothing is carried at all."""
    useful = [index for index, (_, rate) in enumerate(steps) if rate > 0]
    if not useful:
        return None
    last = useful[-1] + 1
    return steps[useful[0] : last], steps[last][0] if last < len(steps) else ends


def doppler(range_rate_m_s: Floats, times_ns: NDArray[np.int64], frequency_hz: float) -> tuple[int, int]:
    """(Hz, Hz/s): the largest shift and its fastest change, as sizes, over looks along one window."""
    if frequency_hz <= 0.0 or not len(range_rate_m_s):
        return 0, 0
    scale = frequency_hz / SPEED_OF_LIGHT_M_S
    shift = round(float(np.abs(range_rate_m_s).max()) * scale)
    if len(range_rate_m_s) < 2:
        return shift, 0
    change = np.diff(range_rate_m_s) / (np.diff(times_ns) / SECOND)
    return shift, round(float(np.abs(change).max()) * scale)


def outage_share(station: str, link: Budget, elevation_rad: float, range_m: float, sky: Weather) -> float:
    """The share of a drawn weather's minutes in which this link carries nothing at one place in the sky."""
    count = len(sky.rain)
    times = sky.starts + np.arange(count, dtype=np.int64) * 60 * SECOND
    full, far = np.full(count, elevation_rad), np.full(count, range_m)
    looks = Looks(times, Instant(int(times[-1]) + 60 * SECOND), times, full, far, np.zeros(count))
    return float((rates_bps(looks, link, station, sky=sky) <= 0.0).mean())
