"""How active the Sun is: F10.7 and Kp, as a constant level or month by month.

Months from 1957-10 to 2026-02 are observed; then comes NASA Marshall's forecast (MSAFE, March 2026) to 2041, whose
last eleven years, the mean of cycles 1 to 24, are repeated for ever. `tools/make_solar_activity.py` made the table.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, Instant, iso

Floats = NDArray[np.float64]
Level = Literal["minimum", "mean", "maximum"]

_AP = np.array(
    [0, 2, 3, 4, 5, 6, 7, 9, 12, 15, 18, 22, 27, 32, 39, 48, 56, 67, 80, 94, 111, 132, 154, 179, 207, 236, 300, 400],
    dtype=np.float64,
)
"""Equivalent amplitudes of Kp = 0, 1/3, … 9 (Bartels; GFZ Potsdam, doi 10.5880/Kp.0001)."""

LEVELS: dict[Level, tuple[float, float]] = {"minimum": (65.0, 0.0), "mean": (140.0, 15.0), "maximum": (250.0, 45.0)}
"""F10.7 and Ap of low, moderate and high long-term activity, ECSS-E-ST-10-04C (2008), table 6-3. Months since 1957 have
a mean of 123 and 13, and 90 % of them lie from 70 to 218 and from 5 to 25: the ends are meant to be kept within."""

MEAN_CYCLE_MONTHS = 132
MONTH_DAYS = 365.2422 / 12.0


def kp_of_ap(ap: ArrayLike) -> Floats:
    """The planetary index of an amplitude, linear between thirds; beyond 400 it is 9."""
    return np.asarray(np.interp(np.asarray(ap, float), _AP, np.arange(28) / 3.0))


def ap_of_kp(kp: ArrayLike) -> Floats:
    """The amplitude of a planetary index, linear between thirds."""
    return np.asarray(np.interp(np.asarray(kp, float), np.arange(28) / 3.0, _AP))


@dataclass(frozen=True, slots=True)
class Activity:
    """F10.7 (sfu) and Kp at even times, `step_days` apart from `start`, (n,); linear between, the ends held."""

    start: Instant
    step_days: float
    f107_sfu: Floats
    kp: Floats
    name: str = ""

    @classmethod
    def constant(cls, f107_sfu: float, kp: float, start: Instant = Instant(0), name: str = "") -> Activity:  # noqa: B008
        """The same Sun for ever."""
        if not (60.0 <= f107_sfu <= 400.0 and 0.0 <= kp <= 9.0):
            raise DataError("solar activity", f"F10.7 {f107_sfu}, Kp {kp}", "choose 60 to 400 sfu and Kp 0 to 9")
        return cls(start, 36_525.0, np.full(2, float(f107_sfu)), np.full(2, float(kp)), name)

    @classmethod
    def level(cls, level: Level, start: Instant = Instant(0)) -> Activity:  # noqa: B008
        """Low, moderate or high long-term activity for ever."""
        f107, ap = LEVELS[level]
        return cls.constant(f107, float(kp_of_ap(ap)), start, level)


def activity_of(level: Level, f107_sfu: float | None, kp: float | None) -> tuple[float, float]:
    """F10.7 and Kp of a mission's `[environment]`: what is given there, else the level's."""
    f107, ap = LEVELS[level]
    return (f107 if f107_sfu is None else f107_sfu, float(kp_of_ap(ap)) if kp is None else kp)


@cache
def _months() -> tuple[NDArray[np.int64], Floats]:
    """Months since January 1970 (n,), and F10.7 and Ap (n, 6): middle, low and high."""
    text = (files("orbitalcloud") / "data" / "physics" / "solar_activity.csv").read_text(encoding="ascii")
    rows = list(csv.reader(text.splitlines()))[1:]
    months = np.array([(int(row[0]) - 1970) * 12 + int(row[1]) - 1 for row in rows], dtype=np.int64)
    values = np.array([[float(row[k] or row[2 + k % 2]) for k in range(2, 8)] for row in rows])
    assert np.all(np.diff(months) == 1), "the table has every month once"
    return months, values


def solar_cycle(start: Instant, years: float = 200.0, chance: Literal["middle", "low", "high"] = "middle") -> Activity:
    """F10.7 and Kp by month from `start`: observed, then the forecast's median (or its 5th or 95th percentile).

    Means of months (observed) or of thirteen months (forecast) have no storms. `DataError` before October 1957.
    """
    months, values = _months()
    at = datetime.fromtimestamp(start / 1e9, tz=UTC)
    first = (at.year - 1970) * 12 + at.month - 1 - int(months[0])
    if first < 0:
        raise DataError("solar activity", iso(start), "choose a time after 1957-10: nobody measured before")
    index = first + np.arange(int(years * 12) + 3)
    late = index - len(months)
    index = np.where(late >= 0, len(months) - MEAN_CYCLE_MONTHS + late % MEAN_CYCLE_MONTHS, index)
    column = {"middle": 0, "low": 2, "high": 4}[chance]
    middle = datetime(at.year, at.month, 1, tzinfo=UTC).timestamp() * 1e9 + 0.5 * MONTH_DAYS * DAY
    kp = kp_of_ap(values[index, column + 1])
    return Activity(Instant(round(middle)), MONTH_DAYS, values[index, column].copy(), kp, f"cycle, {chance}")
