"""A year of light: beta angle, sunlight, eclipses and their seasons, day by day, of a satellite kept on its orbit.

The year begins with the mission. The orbit is that of the satellite's mean elements with their secular drift (J2, J2²,
J4): what station-keeping would hold. Two-line elements give theirs too (`physics.orbit.mean_design`), for SGP4 is not
made for a year ahead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DAY, HOUR, MINUTE, SECOND, Instant
from orbitalcloud.physics import Design, Orbits, ShadowEvent, beta_angle_rad, shadow_events, sun_teme_m
from orbitalcloud.physics.constants import EARTH_MU_M3_S2, EARTH_RADIUS_M, MEAN_SUN_RAD_S
from orbitalcloud.physics.frames import gmst_rad
from orbitalcloud.physics.sun import irradiance_w_m2

Floats = NDArray[np.float64]

DAYS = 365
EVERY_ECLIPSE_OF = 6
"""Orbits up to this many are searched for every eclipse of the year; of more, one revolution each `SAMPLE_DAYS`."""

SAMPLE_DAYS = 5
EDGE = 2 * HOUR  # looked at before and after the year, for eclipses over its midnights
TURN = 2.0 * math.pi


@dataclass(frozen=True, slots=True)
class Season:
    """Days on which there are eclipses, first and last included; midnights UTC."""

    first: Instant
    last: Instant

    @property
    def days(self) -> int:
        return int((self.last - self.first) // DAY) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Year:
    """The year of one orbit, sampled at `at` (n_days,), instants.

    `lit` is the share of the Sun's disc seen, a mean over the day's revolutions; `longest_min` each day's longest
    eclipse from penumbra to penumbra; `sunlight_w_m2` at the Earth. `every_day` says whether all days were looked at.
    """

    orbit: Design
    at: NDArray[np.int64]
    lit: Floats
    longest_min: Floats
    beta_deg: Floats
    sunlight_w_m2: Floats
    every_day: bool

    @property
    def lit_share(self) -> float:
        """Of the year."""
        return float(self.lit.mean())

    @property
    def longest(self) -> tuple[float, Instant]:
        """The year's longest eclipse in minutes, and its day."""
        day = int(self.longest_min.argmax())
        return float(self.longest_min[day]), Instant(int(self.at[day]))

    @property
    def eclipse_days(self) -> float:
        """Days of the year with an eclipse."""
        return round(float((self.longest_min > 0.0).mean()) * DAYS, 6)

    @property
    def seasons(self) -> tuple[Season, ...]:
        """The eclipse seasons, in order; one from end to end where there is no day without."""
        step = int(self.at[1] - self.at[0])
        dark = np.concatenate([[False], self.longest_min > 0.0, [False]]).astype(int)
        begins, ends = np.flatnonzero(np.diff(dark) == 1), np.flatnonzero(np.diff(dark) == -1)
        return tuple(
            Season(_midnight(int(self.at[a])), _midnight(int(self.at[b - 1]) + step - DAY))
            for a, b in zip(begins, ends, strict=True)
        )

    def design_days(self) -> dict[str, Instant]:
        """The days that size a satellite: darkest, brightest, and the Sun farthest to either side of the orbit."""
        warmth = self.lit * self.sunlight_w_m2
        found = {
            "darkest": int(self.lit.argmin()),
            "brightest": int(warmth.argmax()),
            "Sun farthest left": int(self.beta_deg.argmax()),
            "Sun farthest right": int(self.beta_deg.argmin()),
        }
        seen: dict[int, str] = {}
        for name, day in found.items():
            seen.setdefault(day, name)
        return {name: Instant(int(self.at[day])) for day, name in seen.items()}


def _midnight(at: int) -> Instant:
    return Instant(at // DAY * DAY)


def local_time_h(orbit: Design, at: Instant) -> float:
    """Mean local solar time of the ascending node at the epoch, 0–24 h."""
    utc_h = (at % DAY) / (DAY / 24)
    return float((utc_h + (orbit.raan_rad - float(gmst_rad(at)[0])) * 24.0 / TURN) % 24.0)


def local_time_drift_min_year(raan_rad_s: float) -> float:
    """How the node's mean local time moves under the Earth's oblateness, minutes a year."""
    return (raan_rad_s - MEAN_SUN_RAD_S) * 365.25 * 86_400.0 * 1440.0 / TURN


def mean_altitude_km(orbit: Design) -> float:
    """Of the semi-major axis above the equator."""
    return (orbit.semi_major_axis_m - EARTH_RADIUS_M) / 1e3


def years(orbits: Sequence[Design], starts: Instant) -> list[Year]:
    """The year from `starts` of every orbit: all eclipses of a few, samples of many. A fifth of a second an orbit."""
    fleet = Orbits.of(orbits, [one.name or "orbit" for one in orbits])
    whole = len(orbits) <= EVERY_ECLIPSE_OF
    at = _midnight(starts) + DAY // 2 + np.arange(0, DAYS, 1 if whole else SAMPLE_DAYS, dtype=np.int64) * DAY
    beta = np.degrees(beta_angle_rad(fleet, at))
    sunlight = irradiance_w_m2(np.linalg.norm(sun_teme_m(at), axis=1))
    if whole:
        found = [_every_eclipse(fleet.subset([i]), at) for i in range(len(orbits))]
        lit, longest = np.stack([one[0] for one in found]), np.stack([one[1] for one in found])
    else:
        lit, longest = _samples(fleet, at)
    return [Year(orbits[i], at, lit[i], longest[i], beta[i], sunlight, whole) for i in range(len(orbits))]


def _every_eclipse(orbit: Orbits, at: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """(share lit, longest eclipse in minutes) of each UTC day, (n_days,). An eclipse over midnight darkens both days;
    its length is counted on the day on which it ends."""
    start = int(at[0]) - DAY // 2
    dark, longest = np.zeros(len(at)), np.zeros(len(at))
    for one in _eclipses(shadow_events(orbit, Instant(start - EDGE), Instant(start + len(at) * DAY + EDGE))):
        first, last = max(0, (one.begins - start) // DAY), (one.ends - start) // DAY
        for day in range(first, min(len(at), last + 1)):
            dark[day] += one.hidden_ns(start + day * DAY, start + (day + 1) * DAY)
        if 0 <= last < len(at):
            longest[last] = max(longest[last], one.minutes)
    return 1.0 - dark / DAY, longest


def _samples(fleet: Orbits, at: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """(share lit, longest eclipse), (n_orbits, n_days) each, from the first whole eclipse after each instant."""
    assert all(isinstance(one, Design) for one in fleet.sources), "mean elements"
    turns = [TURN / math.sqrt(EARTH_MU_M3_S2 / one.semi_major_axis_m**3) for one in fleet.sources]  # type: ignore[union-attr]
    span = round(2.1 * max(turns) * SECOND)
    lit, longest = np.ones((len(fleet), len(at))), np.zeros((len(fleet), len(at)))
    for day, noon in enumerate(at.tolist()):
        events: list[list[ShadowEvent]] = [[] for _ in turns]
        for event in shadow_events(fleet, Instant(noon), Instant(noon + span)):
            events[event.satellite].append(event)
        for i, own in enumerate(events):
            first = next(_eclipses(own), None)
            if first is not None:
                lit[i, day] = 1.0 - first.hidden_ns(first.begins, first.ends) / (turns[i] * SECOND)
                longest[i, day] = first.minutes
    return lit, longest


@dataclass(frozen=True, slots=True)
class _Eclipse:
    """From penumbra to penumbra, and the umbra within it (empty where there is none), in ns."""

    begins: int
    umbra: tuple[int, int]
    ends: int

    @property
    def minutes(self) -> float:
        return (self.ends - self.begins) / MINUTE

    def hidden_ns(self, since: int, until: int) -> float:
        """Within [since, until), the Sun's disc counted as half hidden in the penumbra."""
        deep = max(0, min(until, self.umbra[1]) - max(since, self.umbra[0]))
        return 0.5 * (deep + max(0, min(until, self.ends) - max(since, self.begins)))


def _eclipses(events: Sequence[ShadowEvent]) -> Iterator[_Eclipse]:
    """Every whole eclipse of one satellite."""
    begins, umbra = 0, (0, 0)
    for event in events:
        match event.kind:
            case "penumbra-in":
                begins, umbra = event.at, (0, 0)
            case "umbra-in":
                umbra = (event.at, event.at)
            case "umbra-out":
                umbra = (umbra[0], event.at)
            case _ if begins:
                yield _Eclipse(begins, umbra, event.at)
                begins = 0
