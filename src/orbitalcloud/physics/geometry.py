"""`Geometry`: the light a fleet flies through, on a time grid, as the coupled kernel of `power_heat` takes it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import SECOND, Instant, iso
from orbitalcloud.physics.constants import EARTH_FLATTENING, EARTH_RADIUS_M
from orbitalcloud.physics.earth_light import kernel_table, season, seen_earth
from orbitalcloud.physics.orbit import Orbits
from orbitalcloud.physics.shadow import seen_from
from orbitalcloud.physics.sun import irradiance_w_m2, sun_teme_m
from orbitalcloud.physics.track import STEP_S, hermite, linear, tracks

Floats = NDArray[np.float64]
# Columns of `Geometry.light`
LIT, SUN_X, SUN_Y, SUN_Z, RADIUS = range(5)
_PARTS = 16  # samples of a step in which the light changes


@dataclass(frozen=True, slots=True)
class Geometry:
    """Light on the grid `start + step_ns · k`, k = 0 … n_times − 1, which lies on whole steps since 1970.

    `light` is float32, (n_satellites, n_times, 5): mean illumination over [k, k + 1) (0–1); the Sun's unit vector in
    the nadir-pointing body frame (x forward, y against the orbit's normal, z nadir); distance from the Earth's centre
    in metres. `irradiance_w_m2` (n_times,) is sunlight outside the shadow.
    """

    start: Instant
    step_ns: int
    light: NDArray[np.float32]
    irradiance_w_m2: Floats
    earth: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0, 2), dtype=np.float32))
    """Albedo and Earth infrared (W/m² at the ground) that each satellite sees, (n_satellites, n_times, 2); with no
    times, those of each `SatelliteDesign` hold."""

    def __post_init__(self) -> None:
        if self.earth.size == 0:
            object.__setattr__(self, "earth", np.empty((self.light.shape[0], 0, 2), dtype=np.float32))
        assert self.earth.shape[0] == self.light.shape[0], "the Earth of these satellites"

    @property
    def end(self) -> Instant:
        return Instant(self.start + self.step_ns * (len(self.irradiance_w_m2) - 1))

    def times_ns(self) -> NDArray[np.int64]:
        """(n_times,)"""
        return self.start + self.step_ns * np.arange(len(self.irradiance_w_m2), dtype=np.int64)

    @property
    def illumination(self) -> NDArray[np.float32]:
        """Mean over each step, (n_satellites, n_times − 1)."""
        return self.light[:, :-1, LIT]

    @property
    def sun_body(self) -> NDArray[np.float32]:
        """The Sun's direction in the body frame, (n_satellites, n_times, 3)."""
        return self.light[:, :, SUN_X : SUN_Z + 1]

    @property
    def radius_m(self) -> NDArray[np.float32]:
        """(n_satellites, n_times)"""
        return self.light[:, :, RADIUS]


@njit(cache=True)
def _mean_lit(position, velocity, sun, low, step, squash):  # type: ignore[no-untyped-def]
    """Mean illumination over [low, low + step) seconds of a track, by midpoints of `_PARTS` parts."""
    total = 0.0
    for part in range(_PARTS):
        at = (low + (part + 0.5) * step / _PARTS) / STEP_S
        k = int(at)
        x, y, z = hermite(position, velocity, k, at - k)
        sx, sy, sz = linear(sun, k, at - k)
        total += seen_from(x, y, z, sx, sy, sz, squash, EARTH_RADIUS_M)
    return total / _PARTS


@njit(cache=True)
def _fill(position, velocity, sun, offset, step, squash, out):  # type: ignore[no-untyped-def]
    """Fill `out` (n_satellites, n_times, 5) from tracks; the grid starts `offset` s into them, steps of `step` s."""
    for i in range(position.shape[0]):
        r, v = position[i], velocity[i]
        lit = 0.0
        for m in range(out.shape[1]):
            at = (offset + m * step) / STEP_S
            k = int(at)
            u = at - k
            x, y, z = hermite(r, v, k, u)
            sx, sy, sz = linear(sun, k, u)
            vx, vy, vz = linear(v, k, u)
            hx, hy, hz = y * vz - z * vy, z * vx - x * vz, x * vy - y * vx
            radius = math.sqrt(x * x + y * y + z * z)
            h = math.sqrt(hx * hx + hy * hy + hz * hz)
            s = math.sqrt(sx * sx + sy * sy + sz * sz)
            fx, fy, fz = hy * z - hz * y, hz * x - hx * z, hx * y - hy * x
            out[i, m, SUN_X] = (fx * sx + fy * sy + fz * sz) / (h * radius * s)
            out[i, m, SUN_Y] = -(hx * sx + hy * sy + hz * sz) / (h * s)
            out[i, m, SUN_Z] = -(x * sx + y * sy + z * sz) / (radius * s)
            out[i, m, RADIUS] = radius
            here = seen_from(x, y, z, sx, sy, sz, squash, EARTH_RADIUS_M)
            if m:
                even = here == lit and (here == 0.0 or here == 1.0)
                low = offset + (m - 1) * step
                out[i, m - 1, LIT] = here if even else _mean_lit(r, v, sun, low, step, squash)
            out[i, m, LIT] = here
            lit = here


@njit(cache=True)
def _fill_earth(position, velocity, year, table, offset, step, out):  # type: ignore[no-untyped-def]
    """Fill `out` (n_satellites, n_times, 2) with albedo and infrared of the caps below; `year` (n_times,)."""
    for i in range(position.shape[0]):
        for m in range(out.shape[1]):
            at = (offset + m * step) / STEP_S
            k = int(at)
            x, y, z = hermite(position[i], velocity[i], k, at - k)
            radius = math.sqrt(x * x + y * y + z * z)
            out[i, m, 0], out[i, m, 1] = seen_earth(table, z / radius, EARTH_RADIUS_M / radius, year[m])


def geometry(
    orbits: Orbits,
    start: Instant,
    end: Instant,
    step_s: float = 10.0,
    *,
    oblate: bool = True,
    seasonal_earth: bool = False,
) -> Geometry:
    """The light over at least [start, end], on whole steps of `step_s` since 1970; sunlight is that at the Earth's
    centre (within 1e-4 of a low satellite's). With `seasonal_earth`, albedo and Earth infrared go with latitude and
    season (`earth_light`). `DataError` if the step is out of range or the run too big."""
    step_ns = round(step_s * SECOND)
    if not SECOND // 10 <= step_ns <= 600 * SECOND:
        raise DataError("geometry: step_s", step_s, "choose 0.1 to 600 s")
    first = start // step_ns * step_ns
    count = -(-(end - first) // step_ns) + 1
    if end < start:
        raise DataError("geometry", f"{iso(start)} to {iso(end)}", "let it end after its start")
    if len(orbits) * count > 200_000_000:
        raise DataError("geometry", f"{len(orbits)} satellites × {count} times", "ask for a day at a time")
    light = light_on_grid(orbits, Instant(first), count, step_ns, oblate=oblate)
    at = Instant(first)
    earth = earth_on_grid(orbits, at, count, step_ns) if seasonal_earth else np.empty((len(orbits), 0, 2), np.float32)
    times = first + step_ns * np.arange(count, dtype=np.int64)
    irradiance = irradiance_w_m2(np.linalg.norm(sun_teme_m(times), axis=1))
    return Geometry(at, step_ns, light, irradiance, earth)


def light_on_grid(
    orbits: Orbits, first: Instant, count: int, step_ns: int, *, oblate: bool = True
) -> NDArray[np.float32]:
    """`Geometry.light`, (n_satellites, count, 5), at `first + step_ns · k`; the last mean is the last point's."""
    light = np.empty((len(orbits), count, 5), dtype=np.float32)
    squash = 1.0 - EARTH_FLATTENING if oblate else 1.0
    for track in tracks(orbits, first, Instant(first + step_ns * (count - 1))):
        rows = track.position_m.shape[0]
        block = light[track.first : track.first + rows]
        offset = track.seconds(first)
        _fill(track.position_m, track.velocity_m_s, track.sun_m, offset, step_ns / SECOND, squash, block)
    return light


def earth_on_grid(orbits: Orbits, first: Instant, count: int, step_ns: int) -> NDArray[np.float32]:
    """`Geometry.earth`, (n_satellites, count, 2): albedo and infrared (W/m²) of the caps below, by place and season."""
    earth = np.empty((len(orbits), count, 2), dtype=np.float32)
    year = season(first + step_ns * np.arange(count, dtype=np.int64))
    for track in tracks(orbits, first, Instant(first + step_ns * (count - 1))):
        below = earth[track.first : track.first + track.position_m.shape[0]]
        offset = track.seconds(first)
        _fill_earth(track.position_m, track.velocity_m_s, year, kernel_table(), offset, step_ns / SECOND, below)
    return earth
