"""`Ephemeris`: a satellite that flies a table of states, such as an Orbit Ephemeris Message gives.

Between the states it interpolates as the table says, Hermite or Lagrange of a degree, in the table's own frame.
Outside its span by up to `CARRIED_NS` it is carried on from the nearest state by its own forces (zonals, Sun and Moon),
so that planners may look a day beyond a mission's end; farther away it is a `DataError` that names the span.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import erfa
import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import HOUR, SECOND, Instant, iso
from orbitalcloud.physics.constants import EARTH_ROTATION_RAD_S
from orbitalcloud.physics.forces import Ball, Forces
from orbitalcloud.physics.frames import gcrs_to_teme, teme_to_itrs
from orbitalcloud.physics.heavens import teme_matrices
from orbitalcloud.physics.numerical import Numerical, state_of
from orbitalcloud.physics.time import julian_tt

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Frame = Literal["TEME", "GCRS", "EME2000", "TOD", "ITRS"]
CARRIED_NS = 26 * HOUR
_UNSAID = Instant(-(2**62))  # the first or the last of the states
_HIGHEST = 31  # degree: 16 states with velocities


@dataclass(frozen=True, eq=False)
class Segment:
    """States (n, 6) in `frame`, m and m/s, at instants (n,) that rise; valid in [start, stop]."""

    frame: Frame
    times_ns: Times
    states: Floats
    method: Literal["hermite", "lagrange"] = "hermite"
    degree: int = 7
    start: Instant = _UNSAID
    stop: Instant = _UNSAID

    def __post_init__(self) -> None:
        times = np.ascontiguousarray(self.times_ns, dtype=np.int64)
        states = np.ascontiguousarray(self.states, dtype=np.float64)
        if times.ndim != 1 or states.shape != (len(times), 6) or not len(times):
            raise DataError("ephemeris", f"states of shape {states.shape}", "give six numbers at each instant")
        if not np.isfinite(states).all():
            at = iso(Instant(int(times[np.argwhere(~np.isfinite(states))[0, 0]])))
            raise DataError("ephemeris", f"not a number at {at}", "give finite positions and velocities")
        if (np.diff(times) <= 0).any():
            at = iso(Instant(int(times[1 + int(np.argmax(np.diff(times) <= 0))])))
            raise DataError("ephemeris", f"an instant that does not rise, {at}", "put the states in order of time")
        if not 1 <= self.degree <= _HIGHEST:
            raise DataError("ephemeris: degree of interpolation", self.degree, f"choose 1 to {_HIGHEST}")
        needed = (self.degree + 2) // 2 if self.method == "hermite" else self.degree + 1
        if len(times) < max(2, needed):
            remedy = f"give {max(2, needed)} at least, or interpolate with a lower degree"
            raise DataError("ephemeris", f"{len(times)} states", remedy)
        start = Instant(int(times[0])) if self.start == _UNSAID else self.start
        stop = Instant(int(times[-1])) if self.stop == _UNSAID else self.stop
        if not times[0] <= start <= stop <= times[-1]:
            shown = f"valid {iso(start)} to {iso(stop)}"
            raise DataError("ephemeris", shown, "keep it within the instants of its states")
        for key, value in (("times_ns", times), ("states", states), ("start", start), ("stop", stop)):
            object.__setattr__(self, key, value)


@dataclass(frozen=True, eq=False)
class Ephemeris:
    """A satellite's segments in order of time; where two are valid the later one speaks."""

    segments: tuple[Segment, ...]
    name: str = ""

    def __post_init__(self) -> None:
        if not self.segments:
            raise DataError(f"ephemeris {self.name}".strip(), "no segment", "give states")
        starts = [segment.start for segment in self.segments]
        if starts != sorted(starts):
            shown = ", ".join(iso(at) for at in starts[:4])
            raise DataError(f"ephemeris {self.name}".strip(), shown, "put the segments in order of time")

    def __reduce__(self) -> tuple[object, ...]:
        return Ephemeris, (self.segments, self.name)

    @property
    def span(self) -> tuple[Instant, Instant]:
        """First and last instant for which there are states."""
        return self.segments[0].start, max(segment.stop for segment in self.segments)

    def covers(self, start: Instant, end: Instant) -> None:
        """`DataError` naming the span, or the first gap in it, unless there are states throughout [start, end]."""
        first, last = self.span
        if start < first or end > last:
            remedy = f"end the mission within, or give states for {iso(start)} to {iso(end)}"
            raise DataError(self._where, f"{iso(first)} to {iso(last)}", remedy)
        reached = first
        for segment in self.segments:
            if segment.start > reached and segment.start > start and reached < end:
                shown = f"no states from {iso(reached)} to {iso(segment.start)}"
                raise DataError(self._where, shown, "fill the gap, or fly beside it")
            reached = max(reached, segment.stop)

    @property
    def _where(self) -> str:
        return f"ephemeris {self.name}".strip()

    def state_teme(self, times: Times) -> Floats:
        """States (n_times, 6) in TEME."""
        out = np.empty((len(times), 6))
        first, last = self.span
        for way, outside in ((0, times < first), (1, times > last)):
            if outside.any():
                out[outside] = self._carried(way, times[outside])
        left = (times >= first) & (times <= last)
        for segment in reversed(self.segments):
            here = left & (times >= segment.start) & (times <= segment.stop)
            if here.any():
                out[here] = in_teme(segment.frame, times[here], interpolated(segment, times[here]))
                left &= ~here
        if left.any():
            at = iso(Instant(int(times[np.argmax(left)])))
            raise DataError(self._where, f"no states at {at}", "fill the gap between its segments")
        return out

    def _carried(self, way: int, times: Times) -> Floats:
        first, last = self.span
        away = max(first - int(times.min()), int(times.max()) - last)
        if away > CARRIED_NS:
            at = iso(Instant(int(times.min() if way == 0 else times.max())))
            raise DataError(self._where, f"{iso(first)} to {iso(last)}", f"give states for {at} as well")
        return state_of(self._ends[way], times, teme_matrices(times), self.name)

    @cached_property
    def _ends(self) -> tuple[Numerical, Numerical]:
        """What flies on before the first state and after the last."""
        made = []
        for at in self.span:
            one = np.array([at], dtype=np.int64)
            state = from_teme_to_gcrs(one, self.state_teme(one))[0]
            forces = Forces(sunlight=False)
            place, speed = tuple(state[:3].tolist()), tuple(state[3:].tolist())
            made.append(Numerical(place, speed, at, Ball(1.0, 0.0), forces, self.name))
        return made[0], made[1]


def in_teme(frame: Frame, times: Times, states: Floats) -> Floats:
    """States (n, 6) at instants (n,) from `frame` into TEME, m and m/s."""
    if frame == "TEME":
        return states
    if frame == "ITRS":
        back = np.swapaxes(teme_to_itrs(times), 1, 2)
        place = np.einsum("nab,nb->na", back, states[:, :3])
        speed = np.einsum("nab,nb->na", back, states[:, 3:])
        speed[:, 0] -= EARTH_ROTATION_RAD_S * place[:, 1]
        speed[:, 1] += EARTH_ROTATION_RAD_S * place[:, 0]
        return np.concatenate([place, speed], axis=1)
    if frame == "TOD":  # TEME's equinox is the mean one
        turn = np.asarray(gcrs_to_teme(times) @ np.swapaxes(erfa.pnm00b(*julian_tt(times)), 1, 2))
    else:
        turn = teme_matrices(times).reshape(-1, 3, 3)
        if frame == "EME2000":
            turn = turn @ _bias().T
    return _turned(turn, states)


def from_teme_to_gcrs(times: Times, states: Floats) -> Floats:
    """States (n, 6) in GCRS."""
    return _turned(np.swapaxes(teme_matrices(times).reshape(-1, 3, 3), 1, 2), states)


def _turned(turn: Floats, states: Floats) -> Floats:
    parts = [np.einsum("nab,nb->na", turn, states[:, part : part + 3]) for part in (0, 3)]
    return np.concatenate(parts, axis=1)


def _bias() -> Floats:
    """GCRS → mean equator and equinox of J2000 (IAU 2000): 0.02″."""
    return np.asarray(erfa.bp00(2451545.0, 0.0)[0])


def interpolated(segment: Segment, times: Times) -> Floats:
    """States (n, 6) in the segment's frame."""
    out = np.empty((len(times), 6))
    base = int(segment.times_ns[0])
    seconds = (segment.times_ns - base) / SECOND
    wanted = (times - base) / SECOND
    if segment.method == "hermite":
        _hermite(seconds, segment.states, (segment.degree + 2) // 2, wanted, out)
    else:
        _lagrange(seconds, segment.states, segment.degree + 1, wanted, out)
    return out


@njit(cache=True)
def _window(seconds, at, count):  # type: ignore[no-untyped-def]
    """The first of `count` nodes around `at`."""
    low = np.searchsorted(seconds, at, side="right") - 1
    return min(max(low - (count - 1) // 2, 0), seconds.shape[0] - count)


@njit(cache=True)
def _hermite(seconds, states, count, wanted, out):  # type: ignore[no-untyped-def]
    """Newton's form on doubled nodes: positions and their derivatives are met at `count` nodes."""
    m = 2 * count
    z, c = np.empty(m), np.empty(m)
    for n in range(wanted.shape[0]):
        first = _window(seconds, wanted[n], count)
        scale = (seconds[first + count - 1] - seconds[first]) / (count - 1)
        for j in range(3):
            for k in range(count):
                z[2 * k] = z[2 * k + 1] = (seconds[first + k] - wanted[n]) / scale
                c[2 * k] = c[2 * k + 1] = states[first + k, j]
            for level in range(1, m):
                for k in range(m - 1, level - 1, -1):
                    if level == 1 and k % 2 == 1:
                        c[k] = states[first + k // 2, 3 + j] * scale
                    else:
                        c[k] = (c[k] - c[k - 1]) / (z[k] - z[k - level])
            value, slope = c[m - 1], 0.0
            for k in range(m - 2, -1, -1):
                slope = slope * -z[k] + value
                value = value * -z[k] + c[k]
            out[n, j], out[n, 3 + j] = value, slope / scale


@njit(cache=True)
def _lagrange(seconds, states, count, wanted, out):  # type: ignore[no-untyped-def]
    """Neville's scheme through `count` nodes, each of the six columns by itself."""
    c = np.empty(count)
    for n in range(wanted.shape[0]):
        first = _window(seconds, wanted[n], count)
        for j in range(6):
            for k in range(count):
                c[k] = states[first + k, j]
            for level in range(1, count):
                for k in range(count - level):
                    left, right = seconds[first + k], seconds[first + k + level]
                    c[k] = ((wanted[n] - right) * c[k] - (wanted[n] - left) * c[k + 1]) / (left - right)
            out[n, j] = c[0]
