"""Kepler orbits under pykep's names: `keplerian` around any body, `jpl_lp` for the Earth around the Sun.

Each `eph` is a few lines of `math`, without arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import acos, atan2, cos, pi, radians, sin, sqrt
from time import process_time
from typing import Any

MU_SUN = 1.32712440018e20  # m³/s², the value that PASEOS compares with
MU_EARTH = 3.986004418e14
AU_M = 149_597_870_691.0  # of DE405, which pykep 2 used
EARTH_RADIUS_M = 6_378_000.0
J2000_MJD2000 = 0.5
CENTURY_DAYS = 36_525.0

# Earth-Moon barycentre, mean ecliptic of J2000: a [au], e, i, L, longitude of perihelion, node [°], and
# their rates a century.
# E. M. Standish and J. G. Williams, "Approximate Positions of the Planets", JPL, Table 1 (1800–2050).
EARTH = (1.00000261, 0.01671123, -0.00001531, 100.46457166, 102.93768193, 0.0)
EARTH_RATES = (0.00000562, -0.00004392, -0.01294668, 35999.37244981, 0.32327364, 0.0)

Vector = tuple[float, float, float]
spent: list[float] = [0.0]
"""CPU seconds inside `eph` so far."""


class _Planet:
    """What PASEOS reads of any of them."""

    def __init__(self, name: str, mu_central_body: float, mu_self: float, radius: float) -> None:
        self.name, self.radius = name, radius
        self.mu_central_body, self.mu_self = mu_central_body, mu_self

    def eph(self, when: Any) -> tuple[Vector, Vector]:
        """Position in m and velocity in m/s at an epoch."""
        begun = process_time()
        found = self._eph(when.mjd2000)
        spent[0] += process_time() - begun
        return found

    def _eph(self, mjd2000: float) -> tuple[Vector, Vector]:
        raise NotImplementedError


class keplerian(_Planet):  # pykep's own name for it
    """The two-body orbit through a position and a velocity."""

    def __init__(
        self,
        when: Any,
        position: Sequence[float],
        velocity: Sequence[float],
        mu_central_body: float,
        mu_self: float,
        radius: float,
        safe_radius: float,
        name: str,
    ) -> None:
        super().__init__(name, mu_central_body, mu_self, radius)
        self.safe_radius = safe_radius
        self._orbit = _elements(position, velocity, mu_central_body)
        self._epoch = when.mjd2000

    def _eph(self, mjd2000: float) -> tuple[Vector, Vector]:
        a, e, i, node, argument, mean = self._orbit
        motion = sqrt(self.mu_central_body / a**3)
        return _state(a, e, i, node, argument, mean + motion * (mjd2000 - self._epoch) * 86400.0, self.mu_central_body)


class jpl_lp(_Planet):  # pykep's own name for it
    """JPL's low-precision Earth, heliocentric and ecliptic."""

    def __init__(self, name: str) -> None:
        assert name == "earth", "PASEOS's benches orbit the Earth"
        super().__init__(name, MU_SUN, MU_EARTH, EARTH_RADIUS_M)

    def _eph(self, mjd2000: float) -> tuple[Vector, Vector]:
        centuries = (mjd2000 - J2000_MJD2000) / CENTURY_DAYS
        a, e, i, longitude, perihelion, node = (
            value + rate * centuries for value, rate in zip(EARTH, EARTH_RATES, strict=True)
        )
        angles = radians(i), radians(node), radians(perihelion - node), radians(longitude - perihelion)
        return _state(a * AU_M, e, *angles, MU_SUN)


def _elements(r: Sequence[float], v: Sequence[float], mu: float) -> tuple[float, float, float, float, float, float]:
    """a, e, i, node, argument of perigee, mean anomaly of an ellipse; angles from the node where they are undefined."""
    radius, speed2 = sqrt(_dot(r, r)), _dot(v, v)
    a = 1.0 / (2.0 / radius - speed2 / mu)
    h = (r[1] * v[2] - r[2] * v[1], r[2] * v[0] - r[0] * v[2], r[0] * v[1] - r[1] * v[0])
    momentum = sqrt(_dot(h, h))
    i = acos(max(-1.0, min(1.0, h[2] / momentum)))
    node = atan2(h[0], -h[1]) if abs(h[0]) + abs(h[1]) > 1e-9 * momentum else 0.0
    # In the orbit's plane, from the node: the angle of the satellite, then the eccentricity's vector.
    across = (-sin(node) * cos(i), cos(node) * cos(i), sin(i))
    latitude = atan2(_dot(r, across), r[0] * cos(node) + r[1] * sin(node))
    radial = _dot(r, v) / radius
    e_cos, e_sin = momentum**2 / (mu * radius) - 1.0, radial * momentum / mu
    e, true = sqrt(e_cos**2 + e_sin**2), atan2(e_sin, e_cos)
    eccentric = atan2(sqrt(1.0 - e * e) * sin(true), e + cos(true))
    return a, e, i, node, latitude - true, eccentric - e * sin(eccentric)


def _state(a: float, e: float, i: float, node: float, argument: float, mean: float, mu: float) -> tuple[Vector, Vector]:
    """Position and velocity from elements; Kepler's equation by Newton, which needs four steps at e < 0.1."""
    mean = (mean + pi) % (2.0 * pi) - pi
    anomaly = mean + e * sin(mean)
    for _ in range(20):
        step = (anomaly - e * sin(anomaly) - mean) / (1.0 - e * cos(anomaly))
        anomaly -= step
        if abs(step) < 1e-14:
            break
    minor, rate = sqrt(1.0 - e * e), sqrt(mu / a) / (1.0 - e * cos(anomaly))
    x, y = a * (cos(anomaly) - e), a * minor * sin(anomaly)
    u, w = -rate * sin(anomaly), rate * minor * cos(anomaly)
    cn, sn, ca, sa, ci, si = cos(node), sin(node), cos(argument), sin(argument), cos(i), sin(i)
    p = (cn * ca - sn * sa * ci, sn * ca + cn * sa * ci, sa * si)
    q = (-cn * sa - sn * ca * ci, -sn * sa + cn * ca * ci, ca * si)
    position = (x * p[0] + y * q[0], x * p[1] + y * q[1], x * p[2] + y * q[2])
    velocity = (u * p[0] + w * q[0], u * p[1] + w * q[1], u * p[2] + w * q[2])
    return position, velocity


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
