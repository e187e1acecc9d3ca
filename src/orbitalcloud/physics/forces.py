"""What moves a satellite besides the Earth's central pull: the forces of numerical propagation, in GCRS.

- The Earth's zonal harmonics J2 to J6 about its axis of figure (EGM96). Sectoral and tesseral terms are left out:
  they move a low satellite by some hundreds of metres, within the day, and not its orbit.
- Sun and Moon as points (ERFA), relative to the Earth.
- Sunlight on a ball of the given area, with the shadow of `shadow` (oblate Earth, penumbra).
- Drag on a ball of the given area in air that turns with the Earth; its density is a profile of `density`.

Left out, with their size on a low orbit: tides (metres in a day), relativity (tens of metres along the track in a day,
as a change of the period that the start absorbs), the Earth's own radiation (a tenth of the Sun's), winds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.constants import (
    ASTRONOMICAL_UNIT_M,
    EARTH_FLATTENING,
    EARTH_J2,
    EARTH_J3,
    EARTH_J4,
    EARTH_J5,
    EARTH_J6,
    EARTH_J7_TO_J21,
    EARTH_MU_M3_S2,
    EARTH_RADIUS_M,
    EARTH_ROTATION_RAD_S,
    MOON_MU_M3_S2,
    SOLAR_CONSTANT_W_M2,
    SPEED_OF_LIGHT_M_S,
    SUN_MU_M3_S2,
)
from orbitalcloud.physics.density import density_at
from orbitalcloud.physics.heavens import MOON, POLE, SUN, vector, weights
from orbitalcloud.physics.shadow import seen_from

Floats = NDArray[np.float64]
HIGHEST_DEGREE = 21
_HARMONICS = np.array([0.0, 0.0, EARTH_J2, EARTH_J3, EARTH_J4, EARTH_J5, EARTH_J6, *EARTH_J7_TO_J21])
_SQUASH = 1.0 - EARTH_FLATTENING
_E2 = EARTH_FLATTENING * (2.0 - EARTH_FLATTENING)
_LIGHT_PRESSURE = SOLAR_CONSTANT_W_M2 / SPEED_OF_LIGHT_M_S * ASTRONOMICAL_UNIT_M**2
# What `Forces.knobs` holds
DEGREE, BODIES, DRAG, LIGHT = range(4)


@dataclass(frozen=True, slots=True)
class Ball:
    """A satellite as air and sunlight meet it: one area for each, whatever its attitude ("cannonball")."""

    mass_kg: float
    drag_area_m2: float
    drag_coefficient: float = 2.2
    srp_area_m2: float = 0.0
    srp_coefficient: float = 1.3

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mass_kg) and self.mass_kg > 0.0):
            raise DataError("satellite: mass", self.mass_kg, "give more than 0 kg")
        for field in ("drag_area_m2", "drag_coefficient", "srp_area_m2", "srp_coefficient"):
            value = getattr(self, field)
            if not (math.isfinite(value) and value >= 0.0):
                raise DataError(f"satellite: {field}", value, "give a finite number, 0 or more")


@dataclass(frozen=True, eq=False)
class Forces:
    """Which forces act. `zonal_degree` 0 leaves a point mass (to 21); `air` is a profile of `density.density_profile`,
    and None leaves no drag."""

    zonal_degree: int = 6
    sun_and_moon: bool = True
    sunlight: bool = True
    air: Floats | None = None

    def __post_init__(self) -> None:
        if self.air is not None and (self.air.ndim != 2 or not np.isfinite(self.air).all()):
            raise DataError("forces: air", f"shape {self.air.shape}", "give a finite profile of density_profile")
        if not 0 <= self.zonal_degree <= HIGHEST_DEGREE:
            raise DataError("forces: zonal degree", self.zonal_degree, f"choose 0 to {HIGHEST_DEGREE}")

    def profile(self) -> Floats:
        """The air's profile; an empty one where there is no drag."""
        return np.zeros((0, 13)) if self.air is None else np.ascontiguousarray(self.air, dtype=np.float64)

    def knobs(self, ball: Ball) -> Floats:
        """What the kernel takes, (4,): degree, Sun and Moon or not, C_D A / 2m and C_R A P r² / m."""
        drag = 0.5 * ball.drag_coefficient * ball.drag_area_m2 / ball.mass_kg if self.air is not None else 0.0
        light = ball.srp_coefficient * ball.srp_area_m2 / ball.mass_kg * _LIGHT_PRESSURE if self.sunlight else 0.0
        return np.array([self.zonal_degree, float(self.sun_and_moon), drag, light])


@njit(cache=True)
def lit_at(seconds, x, y, z, rows):  # type: ignore[no-untyped-def]
    """Share of the Sun's disc seen from a GCRS position, at `seconds` after the first row of the heavens."""
    sx, sy, sz = vector(rows, weights(seconds), SUN)
    return seen_from(x, y, z, sx, sy, sz, _SQUASH, EARTH_RADIUS_M)


@njit(cache=True)
def _zonal(x, y, z, px, py, pz, degree):  # type: ignore[no-untyped-def]
    """Acceleration of the Earth with its zonal harmonics about the unit pole p."""
    r2 = x * x + y * y + z * z
    r = math.sqrt(r2)
    s = (x * px + y * py + z * pz) / r
    radial, polar = -1.0, 0.0  # along r and along the pole, in units of μ/r²
    before, legendre = 1.0, s  # P(n−1), P(n)
    slope_before, slope = 0.0, 1.0  # and their derivatives
    ratio = EARTH_RADIUS_M / r
    power = ratio
    for n in range(1, degree + 1):
        following = ((2 * n + 1) * s * legendre - n * before) / (n + 1)
        steeper = slope_before + (2 * n + 1) * legendre  # P'(n+1)
        radial += _HARMONICS[n] * power * steeper
        polar -= _HARMONICS[n] * power * slope
        before, legendre, slope_before, slope = legendre, following, slope, steeper
        power *= ratio
    pull = EARTH_MU_M3_S2 / r2
    radial *= pull / r
    polar *= pull
    return radial * x + polar * px, radial * y + polar * py, radial * z + polar * pz


@njit(cache=True)
def _third(x, y, z, bx, by, bz, mu):  # type: ignore[no-untyped-def]
    """Acceleration by a body at b, less the Earth's own."""
    dx, dy, dz = bx - x, by - y, bz - z
    near = mu / (dx * dx + dy * dy + dz * dz) ** 1.5
    far = mu / (bx * bx + by * by + bz * bz) ** 1.5
    return near * dx - far * bx, near * dy - far * by, near * dz - far * bz


@njit(cache=True)
def _drag(x, y, z, vx, vy, vz, px, py, pz, sx, sy, sz, factor, air):  # type: ignore[no-untyped-def]
    """Acceleration by air that turns with the Earth about the pole p; the Sun at s gives the local time."""
    r = math.sqrt(x * x + y * y + z * z)
    sine = (x * px + y * py + z * pz) / r
    # along the geocentric radius to the ellipsoid, times the cosine of the deflection: within a metre
    height = r - EARTH_RADIUS_M * _SQUASH / math.sqrt(1.0 - _E2 * (1.0 - sine * sine))
    height *= 1.0 - 2.0 * EARTH_FLATTENING**2 * sine * sine * (1.0 - sine * sine)
    tangent = sine / math.sqrt(max(1.0 - sine * sine, 1e-12)) / (1.0 - _E2)  # of the geodetic latitude
    east = px * (sy * z - sz * y) + py * (sz * x - sx * z) + pz * (sx * y - sy * x)
    towards = sx * x + sy * y + sz * z - (sx * px + sy * py + sz * pz) * sine * r
    across = math.sqrt(east * east + towards * towards) + 1e-300
    # the hour is counted from midnight, where the Sun is opposite
    density = density_at(air, height, tangent / math.sqrt(1.0 + tangent * tangent), -towards / across, -east / across)
    w = EARTH_ROTATION_RAD_S
    ux, uy, uz = vx - w * (py * z - pz * y), vy - w * (pz * x - px * z), vz - w * (px * y - py * x)
    brake = -factor * density * math.sqrt(ux * ux + uy * uy + uz * uz)
    return brake * ux, brake * uy, brake * uz


@njit(cache=True)
def acceleration(seconds, x, y, z, vx, vy, vz, knobs, rows, air):  # type: ignore[no-untyped-def]
    """m/s² in GCRS at `seconds` after the first row of the heavens `rows`; `knobs` of `Forces.knobs`."""
    four = weights(seconds)
    px, py, pz = vector(rows, four, POLE)
    ax, ay, az = _zonal(x, y, z, px, py, pz, int(knobs[DEGREE]))
    if knobs[BODIES] == 0.0 and knobs[DRAG] == 0.0 and knobs[LIGHT] == 0.0:
        return ax, ay, az
    sx, sy, sz = vector(rows, four, SUN)
    if knobs[BODIES] > 0.0:
        mx, my, mz = vector(rows, four, MOON)
        gx, gy, gz = _third(x, y, z, sx, sy, sz, SUN_MU_M3_S2)
        hx, hy, hz = _third(x, y, z, mx, my, mz, MOON_MU_M3_S2)
        ax, ay, az = ax + gx + hx, ay + gy + hy, az + gz + hz
    if knobs[LIGHT] > 0.0:
        lit = seen_from(x, y, z, sx, sy, sz, _SQUASH, EARTH_RADIUS_M)
        if lit > 0.0:
            dx, dy, dz = x - sx, y - sy, z - sz
            push = knobs[LIGHT] * lit / (dx * dx + dy * dy + dz * dz) ** 1.5
            ax, ay, az = ax + push * dx, ay + push * dy, az + push * dz
    if knobs[DRAG] > 0.0:
        gx, gy, gz = _drag(x, y, z, vx, vy, vz, px, py, pz, sx, sy, sz, knobs[DRAG], air)
        ax, ay, az = ax + gx, ay + gy, az + gz
    return ax, ay, az
