"""Shadow's numeric validation cases: Orekit's eclipses of 2026 on six orbits, and its unit tests' edges to 10 ms."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from orbitalcloud.core.time import DAY, SECOND, Instant, parse_instant
from orbitalcloud.physics import Orbits, circular, secular_rates, shadow_events, sun_gcrs_m
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.frames import gcrs_to_teme
from orbitalcloud.physics.shadow import limb_separation
from validation import row

DATA = Path(__file__).parents[1] / "data" / "physics"
YEAR = parse_instant("2026-01-01T00:00:00Z")
DAYS, DAY_S = 365, 86400.0
ECLIPSES = json.loads((DATA / "eclipse_orekit_2026.json").read_text())
RATES = json.loads((DATA / "orekit_eckstein_hechler_rates.json").read_text())
UNIT_TESTS = json.loads((DATA / "orekit_eclipse.json").read_text())
TAI_UTC_1969_S = 10.0  # as physics.time counts before 1972

Spans = list[tuple[float, float]]


# A year on six orbits ------------------------------------------------------------------------------------------------


def nodal_rate_rad_s(axis_m: float, name: str) -> float:
    """Our mean rate of the argument of latitude of orbit `name` at another semi-major axis."""
    rates = secular_rates(axis_m, 0.0, math.radians(ECLIPSES[name]["inc_deg"]))
    return rates.mean_anomaly_rad_s + rates.argp_rad_s


def axis_of_their_rate_m(name: str) -> float:
    """The Brouwer semi-major axis that goes round as fast as Orekit's orbit: 3.3 to 6.1 m below Eckstein and Hechler's,
    whose mean differs from Brouwer's in the second order of J2."""
    axis = EARTH_RADIUS_M + ECLIPSES[name]["alt"] * 1e3
    theirs = RATES[name]["argument_of_latitude_rad_s"]
    return float(brentq(lambda a: nodal_rate_rad_s(a, name) - theirs, axis - 100.0, axis + 100.0, xtol=1e-6))


@lru_cache(maxsize=16)
def spans(name: str, kind: str, matched: bool) -> Spans:
    """Our eclipses of the year in seconds, by their "penumbra" or "umbra", those under way at its ends cut."""
    one = ECLIPSES[name]
    height = axis_of_their_rate_m(name) - EARTH_RADIUS_M if matched else one["alt"] * 1e3
    orbit = circular(height, math.radians(one["inc_deg"]), YEAR, raan_rad=one["raan0_rad"])
    found = shadow_events(Orbits.of([orbit]), YEAR, Instant(YEAR + DAYS * DAY))
    edges = [((event.at - YEAR) / SECOND, event.kind) for event in found if event.kind.startswith(kind)]
    if edges[0][1].endswith("out"):
        edges.insert(0, (0.0, kind))
    times = [at for at, _ in edges] + ([DAYS * DAY_S] if len(edges) % 2 else [])
    return list(zip(times[::2], times[1::2], strict=True))


@lru_cache(maxsize=16)
def daily_share(name: str, kind: str) -> NDArray[np.float64]:
    """Which part of each day lies in shadow, (365,)."""
    share = np.zeros(DAYS)
    for into, out in spans(name, kind, False):
        for day in range(int(into // DAY_S), min(DAYS - 1, int(out // DAY_S)) + 1):
            share[day] += (min(out, (day + 1) * DAY_S) - max(into, day * DAY_S)) / DAY_S
    return share


def worst_day_percent(name: str, kind: str) -> float:
    return 100.0 * float(np.abs(daily_share(name, kind) - np.array(ECLIPSES[name][f"{kind}_frac_day"])).max())


def year_percent(name: str, kind: str) -> float:
    return 100.0 * float(daily_share(name, kind).mean())


def days_with(name: str, kind: str) -> int:
    return int((daily_share(name, kind) > 0.0).sum())


def worst_middle_s(name: str, slice_: str, low: int, high: int, matched: bool) -> float:
    """How far the middle of an eclipse in days [low, high) is from Orekit's; infinite if one is missing."""
    theirs = [(a + b) / 2.0 for a, b in ECLIPSES[name][f"penumbra_{slice_}"]]
    ours = [(a + b) / 2.0 for a, b in spans(name, "penumbra", matched) if a >= low * DAY_S and b <= high * DAY_S]
    if len(ours) != len(theirs):
        return math.inf
    return max(abs(a - b) for a, b in zip(ours, theirs, strict=True))


def node_deg_day(name: str) -> float:
    one = ECLIPSES[name]
    rates = secular_rates(EARTH_RADIUS_M + one["alt"] * 1e3, 0.0, math.radians(one["inc_deg"]))
    return math.degrees(rates.raan_rad_s) * DAY_S


# Orekit's unit tests -------------------------------------------------------------------------------------------------


def kepler_position(polar: bool) -> Callable[[float], NDArray[np.float64]]:
    """Position (GCRS, m) over seconds of the unit tests' two-body orbit; `polar`: its inclination made 90°."""
    start = UNIT_TESTS["initial"]
    mu, r, v = start["mu"], np.array(start["r_m"]), np.array(start["v_m_s"])
    h = np.cross(r, v)
    bent = np.cross(v, h) / mu - r / np.linalg.norm(r)
    e, axis = float(np.linalg.norm(bent)), 1.0 / (2.0 / float(np.linalg.norm(r)) - float(v @ v) / mu)
    p, w = bent / e, h / np.linalg.norm(h)
    first = math.atan2(float(r @ np.cross(w, p)), float(r @ p))  # true anomaly
    if polar:
        knot = np.cross([0.0, 0.0, 1.0], h)
        knot /= np.linalg.norm(knot)
        perigee = math.atan2(float(np.cross(knot, p) @ w), float(knot @ p))
        w = np.cross(knot, [0.0, 0.0, 1.0])
        p = math.cos(perigee) * knot + math.sin(perigee) * np.cross(w, knot)
    q = np.cross(w, p)
    eccentric = 2.0 * math.atan(math.sqrt((1.0 - e) / (1.0 + e)) * math.tan(first / 2.0))
    mean0 = eccentric - e * math.sin(eccentric)

    def position(seconds: float) -> NDArray[np.float64]:
        mean = mean0 + math.sqrt(mu / axis**3) * seconds
        x = mean
        for _ in range(20):
            x -= (x - e * math.sin(x) - mean) / (1.0 - e * math.cos(x))
        return np.asarray(axis * ((math.cos(x) - e) * p + math.sqrt(1.0 - e * e) * math.sin(x) * q))

    return position


def edge_s(polar: bool, near_s: float, sign: float, earth_m: float, sun_m: float, flattening: float) -> float:
    """When the limb of the Earth, flat about its pole of date, touches the Sun's: sign 1 outside, −1 inside."""
    epoch = parse_instant("1969-07-28T04:00:00Z") - round((TAI_UTC_1969_S + 32.184) * SECOND)
    position = kepler_position(polar)

    def gap(seconds: float) -> float:
        at = Instant(epoch + round(seconds * SECOND))
        turn = gcrs_to_teme(at)[0]
        r, sun = turn @ position(seconds), turn @ sun_gcrs_m(at)[0]
        separation, _, _ = limb_separation(*r, *sun, 1.0 - flattening, earth_m)
        return float(separation - sign * math.asin(sun_m / float(np.linalg.norm(sun - r))))

    return float(brentq(gap, near_s - 60.0, near_s + 60.0, xtol=1e-7))


def polar_worst_s(which: int) -> float:
    """The worst of the five umbra edges of case `which`, the Sun's radius Orekit's default."""
    one = UNIT_TESTS["cases"][which]
    return max(abs(edge_s(True, t, -1.0, 6378137.0, 6.957e8, one["flattening"]) - t) for t in one["t_s"])


_BALL = (6.4e6, 6.96e8, 0.0)  # radii of the Earth and the Sun, and flattening, of the first two
_UNIT = "Orekit EclipseDetectorTest"
_EH = "Orekit 13.1.9, Eckstein-Hechler, DE440"
_SHAPE = "their orbit has J3's eccentricity and J2's short periods: 7 km of height, which a secular one has not"
_AXIS = "from the axis of their rate, 3 to 6 m below theirs, whose mean differs in J2²; from theirs 8 to 19 s"


def _year_rows() -> list[dict[str, object]]:
    rows = []
    for name, one in ECLIPSES.items():
        title = f"eclipses of 2026, {name}"
        for kind in ("penumbra", "umbra"):
            theirs = np.array(one[f"{kind}_frac_day"])
            percent, days = 100.0 * float(theirs.mean()), int((theirs > 0.0).sum())
            rows += [
                row(title, _EH, f"{kind}, of the year", "%", percent, 0.2, partial(year_percent, name, kind)),
                row(title, _EH, f"{kind}, worst day", "%", 0.0, 2.3, partial(worst_day_percent, name, kind), _SHAPE),
                row(title, _EH, f"{kind}, days with it", "", days, 2, partial(days_with, name, kind)),
            ]
        early = partial(worst_middle_s, name, "intervals_first10d", 0, 10, False)
        late = partial(worst_middle_s, name, "day_165_175", 165, 175, True)
        if one["penumbra_intervals_first10d"]:
            rows.append(row(title, _EH, "worst middle, days 0 to 10", "s", 0.0, 3.5, early, _SHAPE))
        if one["penumbra_day_165_175"]:
            rows.append(row(title, _EH, "worst middle, days 165 to 175", "s", 0.0, 6.0, late, _AXIS))
        node = math.degrees(RATES[name]["node_rad_s"]) * DAY_S
        rows.append(
            row(title, _EH, "node", "°/day", node, 7e-6, partial(node_deg_day, name), "J2³ is in neither: 7e-6°/d")
        )
    return rows


CASES = [
    row("umbra entry, sphere", _UNIT, "time", "s", 2303.1835, 0.01, partial(edge_s, False, 2303.0, -1.0, *_BALL)),
    row("penumbra exit, sphere", _UNIT, "time", "s", 4388.155852, 0.01, partial(edge_s, False, 4388.0, 1.0, *_BALL)),
    row("polar orbit, sphere", _UNIT, "worst of five umbra edges", "s", 0.0, 0.01, lambda: polar_worst_s(2)),
    row("polar orbit, WGS 84", _UNIT, "worst of five umbra edges", "s", 0.0, 0.01, lambda: polar_worst_s(3)),
    *_year_rows(),
]
