"""`Numerical`: a satellite flown by integrating its forces, and `Arc`, the states that this gives.

    start = numerical(design, starts, Ball(20.0, 0.1), Forces(air=air))      # or of a TwoLine, an Omm
    Orbits.of([start]).position_teme_m(times)

DOP853 with a fixed step in GCRS, on a grid that starts at the epoch; between two grid points the quintic Hermite of
position, velocity and acceleration. The step is a fixed share of the time around the perigee (120 s on a low orbit: the
integration is within 1 cm after a week, the interpolation within 1 mm). A step on which the light changes is taken in
`_PARTS`, since a jump of a force costs a method of eighth order its order. An `Arc` grows, forwards and backwards, as
far as it is asked; what it says of an instant does not depend on that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, SECOND, Instant, iso
from orbitalcloud.physics.constants import EARTH_MU_M3_S2, EARTH_RADIUS_M
from orbitalcloud.physics.dop853 import COUPLING, NODES, STAGES, WEIGHTS
from orbitalcloud.physics.forces import LIGHT, Ball, Forces, acceleration, lit_at
from orbitalcloud.physics.heavens import around

Floats = NDArray[np.float64]

STEPS_S = (20.0, 30.0, 60.0, 120.0, 240.0, 300.0, 600.0, 900.0)
_STEP_RAD = 0.14
"""Most that a satellite turns about the Earth in a step, at its perigee: 45 steps an orbit if it is round."""
_PARTS = 8
_LOWEST_M = 90e3  # no orbit is left below: the Kármán limit of a dense satellite, ESA's break-up altitude
_MOST_DAYS = 3 * 366


@dataclass(frozen=True, eq=False)
class Numerical:
    """A start in GCRS (m, m/s) at `epoch`, and what acts on it from there on. `step_s` 0 chooses the step."""

    position_m: tuple[float, float, float]
    velocity_m_s: tuple[float, float, float]
    epoch: Instant
    ball: Ball = field(default_factory=lambda: Ball(1.0, 0.0))
    forces: Forces = field(default_factory=Forces)
    name: str = ""
    step_s: float = 0.0

    def __post_init__(self) -> None:
        where = f"orbit {self.name}".strip()
        state = (*self.position_m, *self.velocity_m_s)
        if len(state) != 6 or not all(math.isfinite(x) for x in state):
            raise DataError(f"{where}: state", state, "give six finite numbers")
        axis_m, eccentricity = shape(state)
        if not eccentricity < 1.0 or axis_m <= 0.0:
            raise DataError(f"{where}: eccentricity", eccentricity, "slow it down: only an ellipse comes back")
        perigee_m = axis_m * (1.0 - eccentricity) - EARTH_RADIUS_M
        if perigee_m < 0.0:
            raise DataError(
                f"{where}: perigee altitude", f"{perigee_m / 1e3:.1f} km", "raise it: the orbit meets the ground"
            )
        if self.step_s and not 1.0 <= self.step_s <= 900.0:
            raise DataError(f"{where}: step_s", self.step_s, "choose 1 to 900 s")
        if self.step_s == 0.0:
            object.__setattr__(self, "step_s", step_for(state))

    def __reduce__(self) -> tuple[object, ...]:
        return Numerical, tuple(getattr(self, one.name) for one in fields(self))

    @cached_property
    def arc(self) -> Arc:
        """What was integrated so far. It is not pickled: it comes out the same."""
        return Arc(self)


def shape(state: tuple[float, ...]) -> tuple[float, float]:
    """(semi-major axis in metres, eccentricity) of the Kepler orbit through a state of six numbers."""
    x, y, z, vx, vy, vz = state
    r = math.sqrt(x * x + y * y + z * z)
    energy = 0.5 * (vx * vx + vy * vy + vz * vz) - EARTH_MU_M3_S2 / max(r, 1.0)
    turn = math.hypot(y * vz - z * vy, z * vx - x * vz, x * vy - y * vx)
    eccentricity = math.sqrt(max(0.0, 1.0 + 2.0 * energy * turn * turn / EARTH_MU_M3_S2**2))
    return (-0.5 * EARTH_MU_M3_S2 / energy if energy < 0.0 else math.inf), eccentricity


def step_for(state: tuple[float, ...]) -> float:
    """The longest of `STEPS_S` in which the satellite turns `_STEP_RAD` at most, at its perigee."""
    axis_m, eccentricity = shape(state)
    perigee_m = axis_m * (1.0 - eccentricity)
    rate = math.sqrt(EARTH_MU_M3_S2 * (1.0 + eccentricity) / perigee_m**3)
    fitting = [step for step in STEPS_S if step * rate <= _STEP_RAD]
    return fitting[-1] if fitting else STEPS_S[0]


class Arc:
    """The states of one `Numerical` on its grid, as far as they were asked for."""

    def __init__(self, source: Numerical) -> None:
        self.source = source
        self.step_ns = round(source.step_s * SECOND)
        start = np.array([*source.position_m, *source.velocity_m_s])
        self._nodes = [self._first(start), self._first(start)]  # forwards, backwards in time
        self._ended = [False, False]  # it came down there

    def _first(self, start: Floats) -> Floats:
        return np.concatenate([start, np.zeros(3)])[None, :]

    def nodes(self, low: int, high: int, name: str) -> tuple[Floats, int]:
        """Rows (n, 9) of position, velocity and acceleration in GCRS around [low, high], and the first one's instant.

        `DataError` where the satellite has come down by then, or the span is years away from the epoch.
        """
        epoch = self.source.epoch
        if max(abs(low - epoch), abs(high - epoch)) > _MOST_DAYS * DAY:
            away = max(abs(low - epoch), abs(high - epoch)) / DAY
            raise DataError(name, f"{away:.0f} days from its start", f"integrate at most {_MOST_DAYS} days")
        first = min((low - epoch) // self.step_ns, 0)
        last = max(-(-(high - epoch) // self.step_ns), first + 1, 1)
        for way, count in ((0, last), (1, -first)):
            self._reach(way, count, name)
        forwards, backwards = self._nodes
        rows = np.concatenate([backwards[-first:0:-1], forwards[: last + 1]]) if first else forwards[: last + 1]
        low_node = max(0, (low - epoch) // self.step_ns - first)
        return rows[low_node:], epoch + (first + low_node) * self.step_ns

    def _reach(self, way: int, count: int, name: str) -> None:
        """Have nodes 0 … count, forwards (0) or backwards (1)."""
        known = self._nodes[way]
        missing = count + 1 - len(known)
        if missing > 0 and not self._ended[way]:
            step_s = self.source.step_s if way == 0 else -self.source.step_s
            at = self.source.epoch + (1 - 2 * way) * (len(known) - 1) * self.step_ns
            made = fly(known[-1, :6], Instant(at), step_s, missing, self.source.ball, self.source.forces)
            if not np.isfinite(made).all():
                remedy = "give it a smaller area or more mass: these forces tear it away within a step"
                raise DataError(name, f"no state after {iso(Instant(at))}", remedy)
            self._nodes[way] = np.concatenate([known[:-1], made])
            self._ended[way] = len(made) < missing + 1
        if len(self._nodes[way]) < count + 1:
            at = self.source.epoch + (1 - 2 * way) * (len(self._nodes[way]) - 1) * self.step_ns
            remedy = "raise it, or end the mission before"
            raise DataError(name, f"below {_LOWEST_M / 1e3:.0f} km at {iso(Instant(at))}", remedy)


def fly(start: Floats, at: Instant, step_s: float, count: int, ball: Ball, forces: Forces) -> Floats:
    """Integrate `count` steps of `step_s` (negative: backwards) from a GCRS state (6,) at `at`.

    Rows (count + 1, 9) of position, velocity and acceleration, the start first; fewer where it came down.
    """
    end = at + round(count * step_s * SECOND)
    rows, first = around(min(at, end), max(at, end))
    return march(start, (at - first) / SECOND, step_s, count, ball, forces, rows)


def march(
    start: Floats, seconds: float, step_s: float, count: int, ball: Ball, forces: Forces, heavens: Floats
) -> Floats:
    """As `fly`, under a table of `heavens` that the start is `seconds` into."""
    out = np.empty((count + 1, 9))
    knobs, air = forces.knobs(ball), forces.profile()
    made = _march(np.asarray(start, float), seconds, step_s, knobs, heavens, air, out)
    return out[:made]


@njit(cache=True)
def _step(seconds, h, state, stages, result, knobs, rows, air):  # type: ignore[no-untyped-def]
    """One step of h seconds from `state` (6,) into `result`; the acceleration at its start is in `stages[0, 3:]`."""
    for s in range(1, STAGES):
        for j in range(6):
            total = 0.0
            for m in range(s):
                total += COUPLING[s, m] * stages[m, j]
            result[j] = state[j] + h * total
        x, y, z, vx, vy, vz = result[0], result[1], result[2], result[3], result[4], result[5]
        stages[s, 0], stages[s, 1], stages[s, 2] = vx, vy, vz
        stages[s, 3], stages[s, 4], stages[s, 5] = acceleration(
            seconds + NODES[s] * h, x, y, z, vx, vy, vz, knobs, rows, air
        )
    for j in range(6):
        total = 0.0
        for s in range(STAGES):
            total += WEIGHTS[s] * stages[s, j]
        result[j] = state[j] + h * total


@njit(cache=True)
def _begin(seconds, state, stages, knobs, rows, air):  # type: ignore[no-untyped-def]
    """The first stage: derivatives at the state itself."""
    x, y, z, vx, vy, vz = state[0], state[1], state[2], state[3], state[4], state[5]
    stages[0, 0], stages[0, 1], stages[0, 2] = vx, vy, vz
    stages[0, 3], stages[0, 4], stages[0, 5] = acceleration(seconds, x, y, z, vx, vy, vz, knobs, rows, air)


@njit(cache=True)
def _march(start, seconds, h, knobs, rows, air, out):  # type: ignore[no-untyped-def]
    """Fill `out` (n, 9); how many rows were made before the satellite came down."""
    state, result, stages = start.copy(), np.empty(6), np.empty((STAGES, 6))
    light = knobs[LIGHT] > 0.0
    lit = lit_at(seconds, state[0], state[1], state[2], rows) if light else 1.0
    for n in range(out.shape[0]):
        now = seconds + n * h
        _begin(now, state, stages, knobs, rows, air)
        for j in range(6):
            out[n, j] = state[j]
        for j in range(3):
            out[n, 6 + j] = stages[0, 3 + j]
        height = math.sqrt(state[0] ** 2 + state[1] ** 2 + state[2] ** 2) - EARTH_RADIUS_M
        if not height > _LOWEST_M:
            return n + 1
        if n == out.shape[0] - 1:
            break
        _step(now, h, state, stages, result, knobs, rows, air)
        if light:
            after = lit_at(now + h, result[0], result[1], result[2], rows)
            if after != lit or 0.0 < lit < 1.0:
                for part in range(_PARTS):
                    small = h / _PARTS
                    _begin(now + part * small, state, stages, knobs, rows, air)
                    _step(now + part * small, small, state, stages, result, knobs, rows, air)
                    state[:] = result
                after = lit_at(now + h, result[0], result[1], result[2], rows)
            lit = after
        state[:] = result
    return out.shape[0]


def place(nodes: Floats, first: int, step_s: float, times: NDArray[np.int64], turn: Floats | None) -> Floats:
    """States (n_times, 6) between nodes (n, 9), turned by `turn` (n_times, 9) if given: see `teme_matrices`."""
    out = np.empty((len(times), 6))
    seconds = (times - first) / SECOND
    _place(nodes, seconds / step_s, step_s, turn if turn is not None else np.empty((0, 9)), out)
    return out


@njit(cache=True)
def _place(nodes, places, h, turn, out):  # type: ignore[no-untyped-def]
    for n in range(places.shape[0]):
        k = min(max(int(places[n]), 0), nodes.shape[0] - 2)
        u = places[n] - k
        for j in range(3):
            low, high = nodes[k, j], nodes[k + 1, j]
            v0, v1 = h * nodes[k, 3 + j], h * nodes[k + 1, 3 + j]
            a0, a1 = h * h * nodes[k, 6 + j], h * h * nodes[k + 1, 6 + j]
            d = high - low
            c3 = 10.0 * d - 6.0 * v0 - 4.0 * v1 - 1.5 * a0 + 0.5 * a1
            c4 = -15.0 * d + 8.0 * v0 + 7.0 * v1 + 1.5 * a0 - a1
            c5 = 6.0 * d - 3.0 * (v0 + v1) + 0.5 * (a1 - a0)
            out[n, j] = low + u * (v0 + u * (0.5 * a0 + u * (c3 + u * (c4 + u * c5))))
            out[n, 3 + j] = (v0 + u * (a0 + u * (3.0 * c3 + u * (4.0 * c4 + u * 5.0 * c5)))) / h
        if turn.shape[0]:
            for part in range(0, 6, 3):
                x, y, z = out[n, part], out[n, part + 1], out[n, part + 2]
                for j in range(3):
                    out[n, part + j] = turn[n, 3 * j] * x + turn[n, 3 * j + 1] * y + turn[n, 3 * j + 2] * z


def state_of(source: Numerical, times: NDArray[np.int64], turn: Floats | None = None, name: str = "") -> Floats:
    """States (n_times, 6) at instants: in GCRS, or in TEME by the matrices `teme_matrices(times)`; m and m/s."""
    nodes, first = source.arc.nodes(int(times.min()), int(times.max()), name or f"orbit {source.name}".strip())
    return place(nodes, first, source.step_s, times, turn)
