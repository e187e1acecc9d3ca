"""Designed orbits: mean elements that drift under the Earth's oblateness.

`Design` holds Brouwer mean elements. They move at the secular rates of J2, J2² and J4 (Brouwer 1959, in the form of
Hoots & Roehrich 1980, Spacetrack Report 3, whose small-eccentricity J4 terms are kept), the node by J6 too; the
position is that of the Keplerian ellipse of the moment. The frame is the true equator and mean equinox of date, that is
TEME.

Left out: drag, Sun and Moon, and the periodic terms of J2 and J3. A satellite with these mean elements would fly up
to 8 km from here, on a polar orbit 4.5 km higher on the mean: its grazing eclipses of 21 minutes are 7 s shorter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, HOUR, Instant
from orbitalcloud.physics.constants import (
    EARTH_J2,
    EARTH_J4,
    EARTH_J6,
    EARTH_MU_M3_S2,
    EARTH_RADIUS_M,
    MEAN_SUN_RAD_S,
)
from orbitalcloud.physics.frames import gmst_rad

_TURN = 2.0 * math.pi


@dataclass(frozen=True, slots=True)
class Design:
    """Mean elements at `epoch`, TEME: metres and radians. `frozen`: the perigee stands, as J3 undoes what J2 does."""

    semi_major_axis_m: float
    eccentricity: float
    inclination_rad: float
    raan_rad: float
    argp_rad: float
    mean_anomaly_rad: float
    epoch: Instant
    name: str = ""
    frozen: bool = False

    def __post_init__(self) -> None:
        where = f"orbit {self.name}".strip()
        for field in ("semi_major_axis_m", "inclination_rad", "raan_rad", "argp_rad", "mean_anomaly_rad"):
            if not math.isfinite(getattr(self, field)):
                raise DataError(f"{where}: {field}", getattr(self, field), "give a finite number")
        if not 0.0 <= self.eccentricity < 1.0:
            raise DataError(f"{where}: eccentricity", self.eccentricity, "choose 0 ≤ e < 1: only an ellipse comes back")
        if not 0.0 <= self.inclination_rad <= math.pi:
            raise DataError(f"{where}: inclination", self.inclination_rad, "choose 0 to π rad (0° to 180°)")
        perigee_m = self.semi_major_axis_m * (1.0 - self.eccentricity) - EARTH_RADIUS_M
        if perigee_m < 0.0:
            raise DataError(
                f"{where}: perigee altitude", f"{perigee_m / 1e3:.1f} km", "raise it: the orbit meets the ground"
            )
        if self.semi_major_axis_m > 1e9:
            raise DataError(f"{where}: semi-major axis", self.semi_major_axis_m, "keep it within 1e9 m of the Earth")


@dataclass(frozen=True, slots=True)
class SecularRates:
    """Rates of the mean anomaly, the argument of perigee and the node, rad/s."""

    mean_anomaly_rad_s: float
    argp_rad_s: float
    raan_rad_s: float

    @property
    def nodal_period_s(self) -> float:
        """Time from one ascending node to the next."""
        return _TURN / (self.mean_anomaly_rad_s + self.argp_rad_s)


def secular_rates(semi_major_axis_m: float, eccentricity: float, inclination_rad: float) -> SecularRates:
    """The mean rates of an orbit under J2, J2² and J4, and of its node under J6."""
    motion = math.sqrt(EARTH_MU_M3_S2 / semi_major_axis_m**3)
    beta2 = 1.0 - eccentricity**2
    beta = math.sqrt(beta2)
    c = math.cos(inclination_rad)
    c2, c4 = c * c, c**4
    ratio2 = (EARTH_RADIUS_M / (semi_major_axis_m * beta2)) ** 2
    k1 = 1.5 * EARTH_J2 * ratio2 * motion
    k2 = 0.5 * k1 * EARTH_J2 * ratio2
    k3 = -0.46875 * EARTH_J4 * ratio2**2 * motion
    return SecularRates(
        motion + 0.5 * k1 * beta * (3.0 * c2 - 1.0) + 0.0625 * k2 * beta * (13.0 - 78.0 * c2 + 137.0 * c4),
        0.5 * k1 * (5.0 * c2 - 1.0)
        + 0.0625 * k2 * (7.0 - 114.0 * c2 + 395.0 * c4)
        + k3 * (3.0 - 36.0 * c2 + 49.0 * c4),
        (-k1 + 0.5 * k2 * (4.0 - 19.0 * c2) + 2.0 * k3 * (3.0 - 7.0 * c2)) * c
        + _node_by_j6(ratio2, eccentricity, c, motion),
    )


def _node_by_j6(ratio2: float, eccentricity: float, c: float, motion: float) -> float:
    """The node's rate by J6, rad/s: 7e-4°/day Sun-synchronously, a minute of local time in a year.

    From the mean of P6 over the orbit (Kaula 1966, "Theory of Satellite Geodesy", 3.4 and table 2). Only the node shows
    it: along the track it is part of what is called the mean semi-major axis.
    """
    s2, e2 = 1.0 - c * c, eccentricity**2
    shape = (231.0 * 0.9375 * s2 * s2 - 315.0 * 0.75 * s2 + 52.5) / 16.0
    return -2.0 * motion * EARTH_J6 * ratio2**3 * (1.0 + 5.0 * e2 + 1.875 * e2 * e2) * shape * c


def sun_synchronous_inclination_rad(semi_major_axis_m: float, eccentricity: float = 0.0) -> float:
    """The inclination whose node keeps pace with the mean Sun; `DataError` where there is none (above ~5,970 km)."""

    def excess(inclination: float) -> float:
        return secular_rates(semi_major_axis_m, eccentricity, inclination).raan_rad_s - MEAN_SUN_RAD_S

    low, high = math.pi / 2.0, math.pi
    if excess(high) < 0.0:
        altitude_km = (semi_major_axis_m - EARTH_RADIUS_M) / 1e3
        raise DataError("orbit: altitude", f"{altitude_km:.0f} km", "choose less than 5,970 km to be sun-synchronous")
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) < 0.0 else (low, middle)
    return 0.5 * (low + high)


def raan_of_local_time_rad(local_time_h: float, epoch: Instant) -> float:
    """The node's right ascension (TEME) whose mean local solar time at `epoch` is `local_time_h` (0–24).

    The mean Sun stands at the right ascension of Greenwich at 12 h UT, less what UTC has passed since.
    """
    if not 0.0 <= local_time_h <= 24.0:
        raise DataError("orbit: local time of the node", local_time_h, "choose 0 to 24 hours")
    utc_h = (epoch % DAY) / HOUR
    greenwich = float(gmst_rad(epoch)[0])
    return (greenwich + (local_time_h - utc_h) * _TURN / 24.0) % _TURN


def circular(
    altitude_m: float,
    inclination_rad: float,
    epoch: Instant,
    *,
    raan_rad: float | None = None,
    ltan_h: float | None = None,
    argument_of_latitude_rad: float = 0.0,
    name: str = "",
) -> Design:
    """A circular orbit at a mean altitude above 6378.137 km, its node given by right ascension or by local time."""
    if (raan_rad is None) == (ltan_h is None):
        raise DataError("orbit: node", f"raan {raan_rad}, ltan {ltan_h}", "give one of raan_rad and ltan_h")
    node = raan_rad if raan_rad is not None else raan_of_local_time_rad(ltan_h or 0.0, epoch)
    axis_m = EARTH_RADIUS_M + altitude_m
    return Design(axis_m, 0.0, inclination_rad, node, 0.0, argument_of_latitude_rad % _TURN, epoch, name)


def sun_synchronous(
    altitude_m: float, ltan_h: float, epoch: Instant, *, argument_of_latitude_rad: float = 0.0, name: str = ""
) -> Design:
    """A circular sun-synchronous orbit whose ascending node crosses at mean local time `ltan_h`."""
    if altitude_m < 0.0 or not math.isfinite(altitude_m):
        raise DataError("orbit: altitude", f"{altitude_m / 1e3:.1f} km", "raise it: the orbit meets the ground")
    inclination = sun_synchronous_inclination_rad(EARTH_RADIUS_M + altitude_m)
    return circular(
        altitude_m,
        inclination,
        epoch,
        ltan_h=ltan_h,
        argument_of_latitude_rad=argument_of_latitude_rad,
        name=name,
    )


def walker(
    total: int,
    planes: int,
    phasing: int,
    inclination_rad: float,
    altitude_m: float,
    epoch: Instant,
    *,
    pattern: Literal["delta", "star"] = "delta",
    raan_rad: float = 0.0,
    argument_of_latitude_rad: float = 0.0,
    name: str = "",
) -> list[Design]:
    """A Walker constellation i: total/planes/phasing; nodes over 360° (delta) or 180° (star), plane after plane."""
    if not 1 <= total <= 100_000 or planes < 1 or total % planes:
        raise DataError("walker", f"{total}/{planes}/{phasing}", "make it a multiple of the planes, 100,000 at most")
    if not 0 <= phasing < planes:
        raise DataError("walker: phasing", phasing, f"choose 0 to {planes - 1}")
    if pattern not in ("delta", "star"):
        raise DataError("walker: pattern", pattern, 'write "delta" or "star"')
    span = _TURN if pattern == "delta" else math.pi
    per_plane = total // planes
    return [
        circular(
            altitude_m,
            inclination_rad,
            epoch,
            raan_rad=(raan_rad + span * plane / planes) % _TURN,
            argument_of_latitude_rad=argument_of_latitude_rad + _TURN * (slot / per_plane + phasing * plane / total),
            name=f"{name}-{plane + 1}-{slot + 1}" if name else "",
        )
        for plane in range(planes)
        for slot in range(per_plane)
    ]


def design_table(designs: list[Design]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(n, 9): a, e, i, Ω, ω, M at epoch, then the rates of M, ω and Ω, as the kernel of `orbit` takes them."""
    rows = []
    for one in designs:
        rates = secular_rates(one.semi_major_axis_m, one.eccentricity, one.inclination_rad)
        if one.frozen:  # what stops the perigee passes to the mean anomaly: from node to node nothing changes
            rates = SecularRates(rates.mean_anomaly_rad_s + rates.argp_rad_s, 0.0, rates.raan_rad_s)
        rows.append(
            (
                one.semi_major_axis_m,
                one.eccentricity,
                one.inclination_rad,
                one.raan_rad,
                one.argp_rad,
                one.mean_anomaly_rad,
                rates.mean_anomaly_rad_s,
                rates.argp_rad_s,
                rates.raan_rad_s,
            )
        )
    return np.array(rows, dtype=np.float64).reshape(-1, 9)
