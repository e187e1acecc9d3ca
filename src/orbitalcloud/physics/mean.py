"""From a design's mean elements to the state that a satellite must have to fly them, and frozen orbits.

The mean is taken of the thing itself: the zonal harmonics J2 to J6 are integrated for some orbits on both sides of the
epoch, the osculating equinoctial elements are averaged over an orbit (twice: a triangle two periods long, so that an
error in the period counts only squared), and the start is moved until mean and design agree: in every element at
the epoch, and in the rate along the track, which fixes the semi-major axis to its second order in J2. The satellite
so keeps up with the design to some metres a day.

Mean here keeps the long-period terms (of J3, in half a turn of the perigee): it is the single average of
semi-analytical theories, which frozen orbits are told in, and not Brouwer's double one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import SECOND, Instant
from orbitalcloud.physics import equinoctial
from orbitalcloud.physics.constants import EARTH_J2, EARTH_J3, EARTH_MU_M3_S2, EARTH_RADIUS_M
from orbitalcloud.physics.design import Design, design_table
from orbitalcloud.physics.forces import HIGHEST_DEGREE, Ball, Forces
from orbitalcloud.physics.heavens import COLUMNS, POLE
from orbitalcloud.physics.numerical import march, place, step_for

Floats = NDArray[np.float64]
_ZONAL = Forces(sun_and_moon=False, sunlight=False)
_EVERY_ZONAL = Forces(HIGHEST_DEGREE, sun_and_moon=False, sunlight=False)
_POINT = Ball(1.0, 0.0)
_ROUND = 96  # samples an orbit
_AWAY = 3  # orbits from the epoch to the averages that give the rates
_CLOSE = 1e-10  # of the Earth's radius and of a radian: a millimetre


def osculating_teme(design: Design, field: Forces = _ZONAL) -> Floats:
    """The state (6,) in TEME at the design's epoch, m and m/s, with which a satellite flies that design.

    `DataError` where there is none, because it would come down on the way.
    """
    sense = equinoctial.sense_of(design.inclination_rad)
    period_s, table, seconds, meant = _meant(design, sense)
    wanted = equinoctial.of_keplerian(table[:, :6], sense)
    now = wanted.copy()
    for _ in range(12):
        off, rate = _off(design, now, field, sense, period_s, seconds, meant)
        motion = math.sqrt(EARTH_MU_M3_S2 / now[0, 0] ** 3)
        now[0, 1:] -= off[1:]
        late = _along(wanted[0], rate, sense) / motion
        now[0, 0] += 2.0 / 3.0 * now[0, 0] * late
        if abs(late) < _CLOSE and np.abs(off[1:]).max() < _CLOSE:
            break
    return np.asarray(equinoctial.states(now, sense)[0])


def _along(row: Floats, rate: Floats, sense: int) -> float:
    """How fast two orbits part along the track, rad/s: of ω + M + Ω cos i, for a node that turns otherwise (the design
    has no J6) is no delay."""
    q, p = float(row[3]), float(row[4])
    return float(rate[5] - 2.0 * sense / (1.0 + p * p + q * q) * (q * rate[4] - p * rate[3]))


def _meant(design: Design, sense: int) -> tuple[float, Floats, Floats, Floats]:
    """Anomalistic period, elements (1, 9), sample times (n,) in seconds, and the design's rows (n, 6) at those."""
    table = np.asarray(design_table([design]))
    period_s = 2.0 * math.pi / float(table[0, 6])
    seconds = np.asarray(np.arange(-(_AWAY + 1) * _ROUND, (_AWAY + 1) * _ROUND + 1) * (period_s / _ROUND))
    elements = np.repeat(table[:, :6], len(seconds), axis=0)
    for column, rate in ((5, 6), (4, 7), (3, 8)):
        elements[:, column] += table[0, rate] * seconds
    return period_s, table, seconds, equinoctial.of_keplerian(elements, sense)


def _off(
    design: Design, rows: Floats, field: Forces, sense: int, period_s: float, seconds: Floats, meant: Floats
) -> tuple[Floats, Floats]:
    """Mean of (flown − meant) at the epoch, and its rate a second, (6,) each, of a flight that starts as `rows`."""
    start = equinoctial.states(rows, sense)[0]
    flown = equinoctial.of_states(_zonal_states(start, seconds, field, design.name), sense)
    gap = flown - meant
    gap[:, 5] = np.unwrap((gap[:, 5] + math.pi) % (2.0 * math.pi) - math.pi)
    gap[:, 5] -= 2.0 * math.pi * round(gap[len(gap) // 2, 5] / (2.0 * math.pi))
    triangle = np.bartlett(2 * _ROUND + 1)
    triangle /= triangle.sum()
    middle, away = len(gap) // 2, _AWAY * _ROUND
    before, here, after = (triangle @ gap[c - _ROUND : c + _ROUND + 1] for c in (middle - away, middle, middle + away))
    return here, (after - before) / (2.0 * _AWAY * period_s)


def _zonal_states(start: Floats, seconds: Floats, field: Forces, name: str) -> Floats:
    """States (n, 6) under the zonals about the z axis at `seconds` around the start, which rise evenly through 0."""
    step_s = step_for(tuple(float(x) for x in start))
    count = math.ceil(float(seconds[-1]) / step_s) + 1
    heavens, middle_s = _still(2.0 * count * step_s), count * step_s + 3600.0
    halves = []
    for sign in (1.0, -1.0):
        made = march(start, middle_s, sign * step_s, count, _POINT, field, heavens)
        if len(made) < count + 1:
            raise DataError(f"orbit {name}".strip(), "comes down within an orbit or two", "raise its perigee")
        halves.append(made)
    nodes = np.concatenate([halves[1][:0:-1], halves[0]])
    times = np.round((seconds + count * step_s) * SECOND).astype(np.int64)
    return place(nodes, 0, step_s, times, None)


def _still(span_s: float) -> Floats:
    """Heavens that stand for `span_s`: the pole along z."""
    rows = np.zeros((math.ceil(span_s / 3600.0) + 4, COLUMNS))
    rows[:, POLE + 2] = 1.0
    return rows


def mean_of(states: Callable[[NDArray[np.int64]], Floats], middle: Instant, name: str) -> Design:
    """The single-averaged design at `middle` of whatever gives `states` (n, 6) in TEME at instants (n,)."""
    first = states(np.array([middle], dtype=np.int64))
    normal = np.cross(first[0, :3], first[0, 3:])
    sense = 1 if normal[2] >= 0.0 else -1
    axis_m = float(equinoctial.of_states(first, sense)[0, 0])
    triangle = np.bartlett(2 * _ROUND + 1)
    triangle /= triangle.sum()
    for _ in range(2):
        period_s = 2.0 * math.pi * math.sqrt(axis_m**3 / EARTH_MU_M3_S2)
        seconds = np.arange(-_ROUND, _ROUND + 1) * (period_s / _ROUND)
        rows = equinoctial.of_states(states(middle + np.round(seconds * SECOND).astype(np.int64)), sense)
        rows[:, 5] = np.unwrap(rows[:, 5])
        mean = triangle @ rows
        axis_m = float(mean[0])
    a, e, i, node, argp, anomaly = equinoctial.keplerian(mean[None], sense)[0].tolist()
    return Design(a, e, i, node, argp, anomaly, middle, name)


# Frozen orbits ------------------------------------------------------------------------------------------------------


def frozen(design: Design) -> Design:
    """The design with the mean eccentricity at which its perigee stands still at 90° under J2 to J21.

    First by J2 and J3 alone (Cook 1966, doi 10.1016/0032-0633(66)90070-8), then by all, integrated: the higher odd ones
    add a tenth to a Sun-synchronous orbit's and leave a sixth of an altimeter's at 66°. `DataError` near the critical
    inclinations and the equator, where there is none.
    """
    where = f"orbit {design.name}".strip()
    sine2 = math.sin(design.inclination_rad) ** 2
    if abs(1.0 - 1.25 * sine2) < 0.02:
        shown = f"{math.degrees(design.inclination_rad):.2f}°"
        raise DataError(f"{where}: frozen", shown, "keep a degree from 63.43° and 116.57°: any perigee stands there")
    e = -0.5 * EARTH_J3 / EARTH_J2 * EARTH_RADIUS_M / design.semi_major_axis_m * math.sin(design.inclination_rad)
    if e < 1e-7:
        raise DataError(f"{where}: frozen", "near the equator", "leave it out: there is no perigee to hold")
    first, second = e, 1.1 * e
    drift = _apse_rate(design, first)
    for _ in range(8):
        change = _apse_rate(design, second)
        if abs(second - first) < 1e-9 or change == drift:
            break
        first, second, drift = second, second - change * (second - first) / (change - drift), change
    if not 0.0 <= second < 0.1:
        raise DataError(f"{where}: frozen", second, "choose another inclination: no small eccentricity stands still")
    return _at_top(design, second)


def _at_top(design: Design, eccentricity: float) -> Design:
    return replace(design, eccentricity=eccentricity, argp_rad=math.pi / 2.0, frozen=True)


def _apse_rate(design: Design, eccentricity: float) -> float:
    """How fast e cos ω of the mean orbit moves, 1/s, with the perigee at 90°: that is −e ω̇."""
    tried = _at_top(design, eccentricity)
    sense = equinoctial.sense_of(tried.inclination_rad)
    start = osculating_teme(tried, _EVERY_ZONAL)
    period_s, _, seconds, meant = _meant(tried, sense)
    _, rate = _off(tried, equinoctial.of_states(start[None], sense), _EVERY_ZONAL, sense, period_s, seconds, meant)
    node = sense * tried.raan_rad
    return float(rate[1] * math.cos(node) + rate[2] * math.sin(node))
