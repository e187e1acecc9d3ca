"""The fleet's radiation through a mission: dose on the way, the Anomaly's edges, and upsets drawn from the rates.

Rates are found along the orbits a day at a time, minute by minute, the Anomaly being where it is in the mission's year.
Upsets are a Poisson process with the orbit's own rate, so they come where the protons are. A satellite whose orbit
leaves the tables (100 to 2,000 km) has no dose from that day on: `dose_urad` says −1, and nothing is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core import DAY, MINUTE, SECOND, Instant, Seed
from orbitalcloud.mission import Loaded
from orbitalcloud.physics import Orbits, subpoint
from orbitalcloud.physics.radiation import ANOMALY_FLUX_CM2_S, flux_at
from orbitalcloud.physics.radiation_track import Exposed, charted, phases, rates_along
from orbitalcloud.physics.radiation_upsets import Device, devices_of
from orbitalcloud.twin.timeline import AnomalyTurns, UpsetStrikes

Floats = NDArray[np.float64]
Struck = tuple[Instant, str, AnomalyTurns | UpsetStrikes]

UNCHARTED = -1
STEP_NS = MINUTE
"""A satellite crosses the Anomaly in some ten minutes; between samples doses are straight lines."""
HALVINGS = 6
"""Of the step in which the Anomaly's edge lies: it is found to a second. The maps end there as at a wall."""
BLOCK = 500
"""Satellites whose rates are found at once: 60 MB of arrays a day."""
YEAR_NS = round(365.25 * DAY)
_WHOLE = 2**53  # draws are multiples of its inverse, as floats have them


@dataclass(frozen=True, slots=True)
class Day:
    """One day's samples from `start`: dose and whether inside (n_satellites, n_times), expected upsets (n_devices,
    n_times) of each satellite, dose and upsets from the day's beginning on; `charted`: the tables reach all day."""

    start: Instant
    charted: tuple[bool, ...]
    places: NDArray[np.float32]
    """Unit vector (ITRS, of geodetic latitude) and height in metres, (n_satellites, n_times, 4)."""
    dose_rad: Floats
    inside: NDArray[np.bool_]
    expected: tuple[Floats, ...]


class Exposure:
    """Dose at an instant, and what happens when. What can be found again is not pickled with the World: see `kept`."""

    def __init__(self, loaded: Loaded, orbits: Orbits) -> None:
        self._starts, self._ends, self._orbits = loaded.starts, loaded.ends, orbits
        self._activity = loaded.mission.environment.solar_activity
        self._factor = loaded.mission.environment.upset_factor
        self._names = tuple(craft.name for craft in loaded.satellites)
        self._exposed = tuple(Exposed(c.bus.shielding_mm, devices_of(c.devices)) for c in loaded.satellites)
        alike: dict[Exposed, list[int]] = {}
        for row, exposed in enumerate(self._exposed):
            alike.setdefault(exposed, []).append(row)
        self._blocks = [
            (exposed, np.array(some), orbits if len(some) == len(orbits) else orbits.subset(some))
            for exposed, rows in alike.items()
            for some in (rows[first : first + BLOCK] for first in range(0, len(rows), BLOCK))
        ]
        self._day: Day | None = None
        self._said_day: Day | None = None
        self._said: dict[int, tuple[int, bool, list[float]]] = {}
        self._before: list[NDArray[np.int64]] = [np.zeros(len(self._names), np.int64)]
        """µrad at the beginning of each day that was reached; `UNCHARTED` where the tables have ended."""

    # Dose ------------------------------------------------------------------------------------------------------------

    def dose_urad(self, row: int, now: Instant) -> int:
        """µrad(Si) (10 nGy) behind the satellite's shielding since the mission's start; −1 beyond the tables."""
        number = max(0, now - self._starts) // DAY
        day = self._day
        if day is None or day.start != self._starts + number * DAY or len(self._before) <= number:
            day = self._at(number)
        if self._said_day is not day:
            self._said_day, self._said = day, {}
        said = self._said.get(row)
        if said is None:
            said = self._said[row] = (self._before[number][row].item(), day.charted[row], day.dose_rad[row].tolist())
        before, known, doses = said
        if before == UNCHARTED or not known:
            return UNCHARTED
        below, rest = divmod(now - day.start, STEP_NS)
        since = doses[min(below, len(doses) - 1)]
        if rest and below < len(doses) - 1:
            since += rest / STEP_NS * (doses[below + 1] - since)
        return before + round(since * 1e6)

    def kept(self) -> list[list[int]]:
        """What a checkpoint keeps: doses at the days' beginnings."""
        return [row.tolist() for row in self._before]

    def restore(self, kept: list[list[int]]) -> None:
        """Go on from what `kept` gave."""
        self._before = [np.array(row, dtype=np.int64) for row in kept]
        self._said_day = None

    def _at(self, number: int) -> Day:
        """The samples of a day, the doses before it being known."""
        while len(self._before) <= number:
            self._close(self._load(len(self._before) - 1))
        return self._load(number)

    def _close(self, day: Day) -> None:
        """Note the doses at the end of the last day reached."""
        before = self._before[-1]
        after = before + np.rint(day.dose_rad[:, -1] * 1e6).astype(np.int64)
        known = (before != UNCHARTED) & np.array(day.charted)
        self._before.append(np.where(known, after, UNCHARTED))

    def _load(self, number: int) -> Day:
        start = Instant(self._starts + number * DAY)
        if self._day is None or self._day.start != start:
            self._day = self._sample(start)
        return self._day

    def _sample(self, start: Instant) -> Day:
        steps = -(-min(DAY, max(self._ends - start, STEP_NS)) // STEP_NS)
        times = start + STEP_NS * np.arange(steps + 1, dtype=np.int64)
        shape = len(self._names), len(times)
        within = np.zeros(shape[0], dtype=np.bool_)
        places = np.zeros((*shape, 4), dtype=np.float32)
        dose, inside = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
        expected: list[Floats] = [np.zeros((0, shape[1]))] * shape[0]
        year = year_of(start)
        for exposed, rows, orbits in self._blocks:
            latitude, longitude, height = subpoint(orbits, times)
            places[rows] = np.stack([*_vectors(latitude, longitude), height], axis=-1)
            reached = np.all(charted(height), axis=1)
            known = rows[reached]
            place = latitude[reached], longitude[reached], height[reached]
            rates = rates_along(*place, exposed, self._activity, year=year)
            within[known] = True
            dose[known], inside[known] = _summed(rates.dose_rad_s), rates.flux_cm2_s > ANOMALY_FLUX_CM2_S
            hazard = _summed(rates.upsets_s * self._factor)
            for index, row in enumerate(known.tolist()):
                expected[row] = hazard[:, index]
        return Day(start, tuple(within.tolist()), places, dose, inside, tuple(expected))

    # Events ----------------------------------------------------------------------------------------------------------

    def happenings(self, seed: Seed) -> Iterator[Struck]:
        """Edges of the Anomaly and upsets of the whole mission, satellite by satellite within each day.

        Upsets follow from `seed.child("upsets/SATELLITE").child(DEVICE)` alone (`DEVICE/2` for a second one of a name):
        another satellite or device in the mission moves nobody's draws.
        """
        draws = [_draws(seed.child(f"upsets/{n}"), e.devices) for n, e in zip(self._names, self._exposed, strict=True)]
        lost: set[int] = set()
        inside = [False] * len(self._names)
        for number in range(-(-(self._ends - self._starts) // DAY)):
            day = self._at(number)
            edges = self._edges(day)
            for row, name in enumerate(self._names):
                if row in lost or not day.charted[row]:
                    lost.add(row)
                    continue
                if bool(day.inside[row, 0]) != inside[row]:
                    edges.setdefault(row, []).insert(0, day.start)
                for at in edges.get(row, ()):
                    inside[row] = not inside[row]
                    if at < self._ends:
                        yield at, name, AnomalyTurns(inside[row])
                for place, device in enumerate(self._exposed[row].devices):
                    for at, bit in draws[row][place].until(day.expected[row][place], day.start):
                        if at < self._ends:
                            yield at, name, self._struck(day, row, device, at, bit)

    def _edges(self, day: Day) -> dict[int, list[Instant]]:
        """When each satellite crosses the Anomaly's edge within the day, by halving the steps in which it does."""
        rows, steps = np.nonzero(day.inside[:, 1:] != day.inside[:, :-1])
        low, high = np.zeros(len(rows)), np.ones(len(rows))
        before, after = (day.places[rows, at].astype(np.float64) for at in (steps, steps + 1))
        was = day.inside[rows, steps]
        for _ in range(HALVINGS if len(rows) else 0):
            middle = 0.5 * (low + high)
            mixed = before + (after - before) * middle[:, None]
            latitude = np.arctan2(mixed[:, 2], np.hypot(mixed[:, 0], mixed[:, 1]))
            same = self._inside(latitude, np.arctan2(mixed[:, 1], mixed[:, 0]), mixed[:, 3], day.start) == was
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        found: dict[int, list[Instant]] = {}
        for row, step, share in zip(rows.tolist(), steps.tolist(), (0.5 * (low + high)).tolist(), strict=True):
            found.setdefault(row, []).append(Instant(day.start + round((step + share) * STEP_NS)))
        return found

    def _inside(self, latitude: Floats, longitude: Floats, height_m: Floats, at: Instant) -> NDArray[np.bool_]:
        solars, year = phases(self._activity), year_of(at)
        flux = sum(flux_at(latitude, longitude, height_m, solar=solar, year=year) for solar in solars)
        return np.asarray(flux > ANOMALY_FLUX_CM2_S * len(solars))

    def _struck(self, day: Day, row: int, device: Device, at: Instant, bit: int) -> UpsetStrikes:
        place = subpoint(self._orbits.one(row), np.array([at], dtype=np.int64))
        latitude, longitude, height_m = (float(part[0, 0]) for part in place)
        return UpsetStrikes(
            device.name,
            device.effect,
            round(math.degrees(latitude) * 1e6),
            round(math.degrees(longitude) * 1e6),
            round(height_m),
            bool(self._inside(*place, day.start)[0, 0]),
            bit,
        )


def _vectors(latitude_rad: Floats, longitude_rad: Floats) -> tuple[Floats, Floats, Floats]:
    flat = np.cos(latitude_rad)
    return flat * np.cos(longitude_rad), flat * np.sin(longitude_rad), np.sin(latitude_rad)


def _draws(seed: Seed, on_board: tuple[Device, ...]) -> list[_Draws]:
    """One of each device's own, in order."""
    names = [device.name for device in on_board]
    again = [names[: place + 1].count(name) for place, name in enumerate(names)]
    labels = [name if count == 1 else f"{name}/{count}" for name, count in zip(names, again, strict=True)]
    return [_Draws(seed.child(label), device) for label, device in zip(labels, on_board, strict=True)]


class _Draws:
    """One device's upsets: the n-th comes when as many are expected as n exponential draws of mean one add up to."""

    def __init__(self, seed: Seed, device: Device) -> None:
        self._seed, self._bits, self._count = seed, device.bits, 0
        self._passed, self._next = 0.0, 0.0
        self._draw()

    def _draw(self) -> None:
        self._next += -math.log((self._seed.child("wait").below(_WHOLE, self._count) + 1) / _WHOLE)
        self._count += 1

    def until(self, expected: Floats, start: Instant) -> Iterator[tuple[Instant, int]]:
        """(when, which bit or −1) of those that come while `expected` (n_times,) grows from 0 on a day's samples."""
        last = float(expected[-1])
        while self._next <= self._passed + last:
            wanted = self._next - self._passed
            k = int(np.searchsorted(expected, wanted))  # first sample with as many
            rise = float(expected[k] - expected[k - 1])
            share = (wanted - float(expected[k - 1])) / rise
            bit = self._seed.child("bit").below(self._bits, self._count - 1) if self._bits else -1
            yield Instant(start + round((k - 1 + share) * STEP_NS)), bit
            self._draw()
        self._passed += last


def year_of(at: Instant) -> float:
    """An instant as a year and its part, to a day or so."""
    begun = datetime.fromtimestamp(at // SECOND, UTC).year
    first = round(datetime(begun, 1, 1, tzinfo=UTC).timestamp()) * SECOND
    return begun + (at - first) / YEAR_NS


def _summed(rate_s: Floats) -> Floats:
    """The integral from the first sample on, by trapezoids, of rates (…, n_times) in 1/s."""
    steps = 0.5 * (rate_s[..., 1:] + rate_s[..., :-1]) * (STEP_NS / SECOND)
    return np.concatenate([np.zeros((*rate_s.shape[:-1], 1)), np.cumsum(steps, axis=-1)], axis=-1)
