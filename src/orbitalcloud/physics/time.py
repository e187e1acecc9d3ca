"""Instants (UTC, POSIX nanoseconds) as the Julian dates of UTC, TT and UT1, from the tables of the IERS.

The tables are those packaged in `astropy-iers-data`, read once when first asked. UT1 − UTC is known from
1973-01-02 to about a year past the package's date. Past the end the last UT1 − TAI is continued at its last
value, since nobody knows better: the Earth's angle then drifts by up to about a second (0.46 km of ground
track at the equator, 60 ms in the time of a pass) in a year. `earth_rotation_span` says where the table ends,
so that a report can say so. Before 1973 there is a `DataError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import astropy_iers_data
import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, SECOND, Instant, iso

Floats = NDArray[np.float64]
Nanoseconds = NDArray[np.int64]

UNIX_EPOCH_JD = 2440587.5
_MJD_OF_UNIX_EPOCH = 40587
_TT_MINUS_TAI_S = 32.184  # IAU 1991 Recommendation IV
_ROW = 188  # bytes a line of finals2000A.all, newline included (readme.finals2000A of the IERS Rapid Service)


@dataclass(frozen=True, slots=True)
class EarthRotation:
    """Daily values at 0 h UTC from `first_mjd`: UT1 − TAI in seconds, pole x and y in radians, each (n_days,)."""

    first_mjd: int
    ut1_minus_tai_s: Floats
    pole_x_rad: Floats
    pole_y_rad: Floats


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DataError(path, str(error), "reinstall the package astropy-iers-data") from None


@lru_cache(maxsize=1)
def _leap_seconds() -> tuple[Nanoseconds, Floats]:
    """The instants (n,) from which TAI − UTC (n,), in whole seconds, holds."""
    path = astropy_iers_data.IERS_LEAP_SECOND_FILE
    rows = [line.split() for line in _read(path).decode("ascii", "replace").splitlines() if line[:1] == " "]
    try:
        since = [(int(float(row[0])) - _MJD_OF_UNIX_EPOCH) * DAY for row in rows]
        offset = [float(row[4]) for row in rows]
    except (ValueError, IndexError):
        raise DataError(path, "not a leap-second table", "reinstall the package astropy-iers-data") from None
    return np.array(since, dtype=np.int64), np.array(offset)


@lru_cache(maxsize=1)
def earth_rotation() -> EarthRotation:
    """The Earth's rotation and pole as published by the IERS (Bulletin A, finals2000A.all)."""
    path = astropy_iers_data.IERS_A_FILE
    data = _read(path)
    damaged = DataError(path, f"{len(data)} bytes", "reinstall the package astropy-iers-data: the table is damaged")
    if len(data) < _ROW or len(data) % _ROW:
        raise damaged
    rows = np.frombuffer(data, dtype="S1").reshape(-1, _ROW)

    def column(first: int, last: int) -> NDArray[np.bytes_]:
        return np.ascontiguousarray(rows[:, first:last]).view(f"S{last - first}")[:, 0]

    try:
        known = np.char.strip(column(58, 68)) != b""
        count = int(np.argmin(known)) if not known.all() else len(known)
        mjd = column(7, 15)[:count].astype(np.float64).astype(np.int64)
        ut1_utc = column(58, 68)[:count].astype(np.float64)
        pole = [np.radians(column(a, b)[:count].astype(np.float64) / 3600.0) for a, b in ((18, 27), (37, 46))]
    except ValueError:
        raise damaged from None
    if not count or np.any(np.diff(mjd) != 1):
        raise damaged
    tai_utc = tai_minus_utc_s((mjd - _MJD_OF_UNIX_EPOCH) * DAY)
    return EarthRotation(int(mjd[0]), ut1_utc - tai_utc, pole[0], pole[1])


def earth_rotation_span() -> tuple[Instant, Instant]:
    """First and last instant for which the packaged table of the Earth's rotation speaks."""
    table = earth_rotation()
    first = (table.first_mjd - _MJD_OF_UNIX_EPOCH) * DAY
    return Instant(first), Instant(first + (len(table.ut1_minus_tai_s) - 1) * DAY)


def rotation_note(ends: Instant) -> str:
    """What to say where times reach past the packaged table of the Earth's rotation: empty before its end."""
    last = earth_rotation_span()[1]
    if ends <= last:
        return ""
    return (
        f"the Earth's rotation is known to {iso(last)[:10]}: from then UT1 runs as atomic time, the pole stands still"
    )


def nanoseconds(times_ns: ArrayLike) -> Nanoseconds:
    """Instants as an int64 array (any shape); an `Instant` becomes shape (1,)."""
    return np.atleast_1d(np.asarray(times_ns, dtype=np.int64))


def tai_minus_utc_s(times_ns: ArrayLike) -> Floats:
    """TAI − UTC in seconds at each instant; 10 s before 1972, when today's UTC began."""
    times = nanoseconds(times_ns)
    since, offset = _leap_seconds()
    return offset[np.maximum(np.searchsorted(since, times, side="right") - 1, 0)]


def _split(times: Nanoseconds, shift_s: Floats) -> tuple[Floats, Floats]:
    day, rest = np.divmod(times, DAY)
    return day + UNIX_EPOCH_JD, (rest / SECOND + shift_s) / 86400.0


def julian_utc(times_ns: ArrayLike) -> tuple[Floats, Floats]:
    """UTC as a Julian date in two parts (midnight, fraction of a day), the form SGP4 takes."""
    times = nanoseconds(times_ns)
    return _split(times, np.zeros(times.shape))


def julian_tt(times_ns: ArrayLike) -> tuple[Floats, Floats]:
    """TT as a two-part Julian date. TDB differs by less than 2 ms: the Earth moves 60 m in that."""
    times = nanoseconds(times_ns)
    return _split(times, tai_minus_utc_s(times) + _TT_MINUS_TAI_S)


def julian_ut1(times_ns: ArrayLike) -> tuple[Floats, Floats]:
    """UT1 as a two-part Julian date, interpolated linearly between the days of the IERS table."""
    times = nanoseconds(times_ns)
    ut1_tai = _daily(times, earth_rotation().ut1_minus_tai_s)
    return _split(times, tai_minus_utc_s(times) + ut1_tai)


def pole_rad(times_ns: ArrayLike) -> tuple[Floats, Floats]:
    """The pole's x and y in radians (IERS convention), held at the last value past the table's end."""
    times = nanoseconds(times_ns)
    table = earth_rotation()
    return _daily(times, table.pole_x_rad), _daily(times, table.pole_y_rad)


def _daily(times: Nanoseconds, values: Floats) -> Floats:
    first = (earth_rotation().first_mjd - _MJD_OF_UNIX_EPOCH) * DAY
    if times.size and int(times.min()) < first:
        early = iso(Instant(int(times.min())))
        raise DataError("instant", early, "choose a time after 1973-01-02: the Earth's rotation is tabulated from then")
    days = (times - first) / DAY
    low = np.minimum(days.astype(np.int64), len(values) - 1)
    high = np.minimum(low + 1, len(values) - 1)
    return np.asarray(values[low] + (values[high] - values[low]) * (days - low) * (high > low))
