"""`Orbits`: where a fleet is, whatever each satellite's orbit came from. Frame TEME, metres.

    orbits = Orbits.of([TwoLine(line1, line2), parse_omm(text), sun_synchronous(547e3, 6.0, epoch)])
    orbits.position_teme_m(times_ns)      # (n_satellites, n_times, 3)

Two-line elements and OMMs fly by SGP4 (the `sgp4` package, WGS 72 constants as the elements are made with);
designs by `design`'s secular rates; `Numerical` starts by integration, an `Ephemeris` by interpolation. An `Orbits`
holds its sources, so it pickles; what it has integrated it does not carry along, but makes again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from sgp4.api import SGP4_ERRORS, WGS72, Satrec, SatrecArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, Instant, iso
from orbitalcloud.physics.constants import EARTH_POLAR_RADIUS_M
from orbitalcloud.physics.design import Design, design_table
from orbitalcloud.physics.ephemeris import Ephemeris
from orbitalcloud.physics.heavens import teme_matrices
from orbitalcloud.physics.mean import mean_of
from orbitalcloud.physics.numerical import Numerical, state_of
from orbitalcloud.physics.omm import Omm
from orbitalcloud.physics.time import UNIX_EPOCH_JD, julian_utc, nanoseconds

Floats = NDArray[np.float64]
_DAY_S = 86400.0
_SGP4_DAY_ZERO_JD = 2433281.5  # 1949-12-31, the epoch of sgp4init's day count

_DECIMAL, _POWER, _DIGITS = r" *[+-]?\d*\.\d+ *", r"[ +-][\d ]{5}[ +-]\d", r"[\d ]+"
_TLE_COLUMNS = {
    1: {"epoch": (18, 32, r"[\d ]{5}\.[\d ]+"), "B*": (53, 61, _POWER)},
    2: {
        "inclination": (8, 16, _DECIMAL),
        "node": (17, 25, _DECIMAL),
        "eccentricity": (26, 33, _DIGITS),
        "argument of perigee": (34, 42, _DECIMAL),
        "mean anomaly": (43, 51, _DECIMAL),
        "mean motion": (52, 63, _DECIMAL),
    },
}
"""What SGP4 reads from columns of the lines (from 0), and its form (CelesTrak's NORAD two-line element set format); the
derivatives of line 1 it does not use."""


@dataclass(frozen=True, slots=True)
class TwoLine:
    """A NORAD two-line element set; checked for form and checksum when made."""

    line1: str
    line2: str
    name: str = ""

    def __post_init__(self) -> None:
        for number, line in ((1, self.line1), (2, self.line2)):
            where = f"TLE {self.name} line {number}".replace("  ", " ")
            if len(line) != 69 or not line.isascii() or line[:2] != f"{number} ":
                raise DataError(where, line, f"give the 69 characters that begin with '{number} '")
            for what, (first, last, form) in _TLE_COLUMNS[number].items():
                if not re.fullmatch(form, line[first:last]):
                    raise DataError(where, line[first:last], f"copy the line again: no {what} stands in its columns")
            total = sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10
            if line[68] != str(total):
                raise DataError(where, line, f"its checksum should be {total}: copy the line again")
        if self.line1[2:7] != self.line2[2:7]:
            raise DataError(f"TLE {self.name}".strip(), self.line2[2:7], f"line 1 is of {self.line1[2:7]}")


Source = TwoLine | Omm | Design | Numerical | Ephemeris


def satrec(source: TwoLine | Omm, where: str) -> Satrec:
    """SGP4's own record of the elements; `DataError` told at `where`."""
    if isinstance(source, TwoLine):
        try:
            record = Satrec.twoline2rv(source.line1, source.line2)
        except ValueError as error:
            raise DataError(where, str(error), "copy both lines again") from None
    else:
        turn = math.pi / 180.0
        record = Satrec()
        record.sgp4init(
            WGS72,
            "i",
            min(source.catalogue_number, 339_999),
            source.epoch / DAY + (UNIX_EPOCH_JD - _SGP4_DAY_ZERO_JD),
            source.bstar,
            source.mean_motion_dot * math.pi / 1_036_800.0,  # rev/day² halved → rad/min², as SGP4 counts it
            source.mean_motion_ddot * 2.0 * math.pi / 2_985_984_000.0,
            source.eccentricity,
            source.argp_deg * turn,
            source.inclination_deg * turn,
            source.mean_anomaly_deg * turn,
            source.mean_motion_rev_day * math.pi / 720.0,
            source.raan_deg * turn,
        )
        # sgp4init took the epoch as one float of days since 1949; two parts keep its nanoseconds
        jd, fraction = julian_utc(source.epoch)
        record.jdsatepoch, record.jdsatepochF = float(jd[0]), float(fraction[0])
    if record.error:
        raise DataError(where, SGP4_ERRORS.get(record.error, f"SGP4 error {record.error}"), "check the elements")
    return record


def mean_design(source: Source, name: str = "") -> Design:
    """The mean elements of a source as a `Design`; of two lines or an OMM those that SGP4 recovers, at their epoch.

    SGP4's mean elements are Brouwer's (Hoots & Roehrich 1980), as a `Design`'s are; only the Earth's constants differ.
    Of what is integrated or tabled the mean over two periods of its osculating elements, single-averaged.
    """
    if isinstance(source, Design):
        return source
    if isinstance(source, Numerical | Ephemeris):
        return _averaged(source, name or source.name)
    record = satrec(source, name or source.name)
    epoch = round((record.jdsatepoch - UNIX_EPOCH_JD) * DAY) + round(record.jdsatepochF * DAY)
    angles = (record.nodeo, record.argpo, record.mo)
    axis_m = record.a * record.radiusearthkm * 1e3
    return Design(axis_m, record.ecco, record.inclo, *angles, Instant(epoch), name or source.name)


def _averaged(source: Numerical | Ephemeris, name: str) -> Design:
    """The mean orbit around the epoch of a start, or at the beginning of a table."""

    def states(times: NDArray[np.int64]) -> Floats:
        r, v = Orbits.of([source], [name]).state_teme(times)
        return np.concatenate([r[0], v[0]], axis=1)

    middle = source.epoch if isinstance(source, Numerical) else source.span[0]
    return mean_of(states, middle, name)


def epoch_of(source: Source) -> Instant:
    """When a source's elements or start hold; of a table, its first instant."""
    if isinstance(source, TwoLine):
        record = satrec(source, source.name)
        return Instant(round((record.jdsatepoch - UNIX_EPOCH_JD) * DAY) + round(record.jdsatepochF * DAY))
    return source.span[0] if isinstance(source, Ephemeris) else source.epoch


def _eccentricity(source: Source) -> float:
    if isinstance(source, TwoLine):
        return float("0." + source.line2[26:33].strip())  # its form was proven when its satrec was made
    return math.nan if isinstance(source, Numerical | Ephemeris) else source.eccentricity


class Orbits:
    """n satellites; index = position in the list of sources."""

    def __init__(self, sources: Sequence[Source], names: Sequence[str] | None = None) -> None:
        self.sources = tuple(sources)
        given = tuple(names) if names is not None else tuple(source.name for source in self.sources)
        assert len(given) == len(self.sources), "one name a source"
        self.names = tuple(name or f"satellite {index}" for index, name in enumerate(given))
        _ = self._sgp4, self._designs  # so that wrong elements are told where they were given

    @classmethod
    def of(cls, sources: Sequence[Source], names: Sequence[str] | None = None) -> Orbits:
        """A fleet from its sources, each a `TwoLine`, an `Omm`, a `Design`, a `Numerical` or an `Ephemeris`."""
        return cls(sources, names)

    def __len__(self) -> int:
        return len(self.sources)

    def __reduce__(self) -> tuple[object, ...]:
        return Orbits, (self.sources, self.names)

    def subset(self, indices: Sequence[int]) -> Orbits:
        """The satellites of `indices`, in that order."""
        return Orbits([self.sources[i] for i in indices], [self.names[i] for i in indices])

    def one(self, index: int) -> Orbits:
        """A fleet of satellite `index` alone, made once."""
        if index not in self._alone:
            self._alone[index] = self.subset([index])
        return self._alone[index]

    @cached_property
    def _alone(self) -> dict[int, Orbits]:
        return {}

    @cached_property
    def _sgp4(self) -> tuple[NDArray[np.int64], SatrecArray | None]:
        which = [i for i, source in enumerate(self.sources) if isinstance(source, TwoLine | Omm)]
        records = [satrec(self.sources[i], self.names[i]) for i in which]  # type: ignore[arg-type]
        return np.array(which, dtype=np.int64), SatrecArray(records) if records else None

    @cached_property
    def _designs(self) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
        which = [i for i, source in enumerate(self.sources) if isinstance(source, Design)]
        designs = [source for source in self.sources if isinstance(source, Design)]
        epochs = np.array([design.epoch for design in designs], dtype=np.int64)
        return np.array(which, dtype=np.int64), design_table(designs), epochs

    @cached_property
    def eccentricity(self) -> Floats:
        """Of the mean elements that SGP4 or a design flies by, (n,); NaN for what is integrated or tabled."""
        return np.array([_eccentricity(source) for source in self.sources], dtype=np.float64)

    def state_teme(self, times_ns: ArrayLike) -> tuple[Floats, Floats]:
        """Positions (m) and velocities (m/s) in TEME, each (n_satellites, n_times, 3).

        `DataError` names the first satellite that SGP4 gives up or that is inside the Earth, and when.
        """
        times = nanoseconds(times_ns)
        shape = (len(self), len(times), 3)
        position, velocity = np.empty(shape), np.empty(shape)
        which, records = self._sgp4
        if records is not None:
            error, r_km, v_km_s = records.sgp4(*julian_utc(times))
            if error.any():
                self._give_up(which, error, times)
            position[which], velocity[which] = r_km * 1e3, v_km_s * 1e3
        which, table, epochs = self._designs
        if len(which):
            kepler_states(table, epochs, times, which, position, velocity)
        self._tabled(times, position, velocity)
        lost = ~((position**2).sum(axis=2) >= EARTH_POLAR_RADIUS_M**2)  # no number is lost too
        if lost.any():
            satellite, at = np.argwhere(lost)[0]
            words = "inside the Earth" if np.isfinite(position[satellite, at]).all() else "nowhere"
            raise DataError(
                self.names[satellite],
                f"{words} at {iso(Instant(int(times[at])))}",
                "raise its perigee, or take newer elements",
            )
        return position, velocity

    def _tabled(self, times: NDArray[np.int64], position: Floats, velocity: Floats) -> None:
        """Fill the rows of what is integrated or interpolated."""
        which = [i for i, source in enumerate(self.sources) if isinstance(source, Numerical | Ephemeris)]
        if not which or not len(times):
            return
        turn = teme_matrices(times)
        for i in which:
            source = self.sources[i]
            if isinstance(source, Numerical):
                states = state_of(source, times, turn, self.names[i])
            else:
                assert isinstance(source, Ephemeris), "which holds nothing else"
                states = source.state_teme(times)
            position[i], velocity[i] = states[:, :3], states[:, 3:]

    def position_teme_m(self, times_ns: ArrayLike) -> Floats:
        """Positions in TEME, metres, (n_satellites, n_times, 3)."""
        return self.state_teme(times_ns)[0]

    def velocity_teme_m_s(self, times_ns: ArrayLike) -> Floats:
        """Velocities in TEME, m/s, (n_satellites, n_times, 3)."""
        return self.state_teme(times_ns)[1]

    def _give_up(self, which: NDArray[np.int64], error: NDArray[np.uint8], times: NDArray[np.int64]) -> None:
        row, at = np.argwhere(error)[0]
        text = SGP4_ERRORS.get(int(error[row, at]), f"SGP4 error {error[row, at]}")
        raise DataError(
            self.names[which[row]],
            f"{text} (at {iso(Instant(int(times[at])))})",
            "take elements nearer to that time, or end the mission before it decays",
        )


@njit(cache=True)
def kepler_states(table, epochs, times, which, position, velocity):  # type: ignore[no-untyped-def]
    """Fill rows `which` of position and velocity (n, n_times, 3) from elements (k, 9) drifting at secular rates."""
    for row in range(table.shape[0]):
        a, e, inclination, node0, argp0, mean0, mean_rate, argp_rate, node_rate = table[row]
        root = math.sqrt(1.0 - e * e)
        ci, si = math.cos(inclination), math.sin(inclination)
        out = which[row]
        for k in range(times.shape[0]):
            seconds = (times[k] - epochs[row]) * 1e-9
            mean = (mean0 + mean_rate * seconds) % (2.0 * math.pi)
            anomaly = mean + e * math.sin(mean)
            if e > 0.0:
                for _ in range(30):
                    step = (anomaly - e * math.sin(anomaly) - mean) / (1.0 - e * math.cos(anomaly))
                    anomaly -= step
                    if abs(step) < 1e-14:
                        break
            c, s = math.cos(anomaly), math.sin(anomaly)
            x, y = a * (c - e), a * root * s
            rate = mean_rate / (1.0 - e * c)
            vx, vy = -a * s * rate - argp_rate * y, a * root * c * rate + argp_rate * x
            argp, node = argp0 + argp_rate * seconds, node0 + node_rate * seconds
            cw, sw, cn, sn = math.cos(argp), math.sin(argp), math.cos(node), math.sin(node)
            px, py, pz = cn * cw - sn * sw * ci, sn * cw + cn * sw * ci, sw * si
            qx, qy, qz = -cn * sw - sn * cw * ci, -sn * sw + cn * cw * ci, cw * si
            rx, ry = x * px + y * qx, x * py + y * qy
            position[out, k, 0], position[out, k, 1], position[out, k, 2] = rx, ry, x * pz + y * qz
            velocity[out, k, 0] = vx * px + vy * qx - node_rate * ry
            velocity[out, k, 1] = vx * py + vy * qy + node_rate * rx
            velocity[out, k, 2] = vx * pz + vy * qz
