"""Rain and cloud over a station as they come and go: time series with the ITU's statistics.

One Gaussian noise a station drives both, filtered twice (ITU-R P.1853-1):

- rain follows a Markov process X with β = 2e-4 1/s (Maseng & Bakken 1981, doi 10.1109/TCOM.1981.1095050). Its rank is
  a share of the year, and P.618 says what rain attenuation is exceeded for that share; so each frequency and elevation
  has P.618's law exactly, where P.1853 fits a log-normal to it. It rains as often as P.837 says;
- the liquid water of clouds follows a process of a quick and a slow part, β 7.17e-4 and 2.01e-5 1/s, mapped onto
  P.840's log-normal law.

So a minute's weather holds for all frequencies and elevations of its station, and rain comes with cloud. Fast
scintillation is left to the link's margin. An optical link is stopped by any liquid cloud; clouds of ice are not in it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import NormalDist

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.seed import Seed
from orbitalcloud.core.time import MINUTE, Instant
from orbitalcloud.physics.link_atmosphere import LOWEST_ELEVATION_RAD, Attenuation, attenuation

Floats = NDArray[np.float64]

STEP_NS = MINUTE
"""The weather of a minute is one: its correlation takes more than an hour to fade."""
RAIN_BETA = 2e-4
CLOUD_BETA = (7.17e-4, 2.01e-5)
CLOUD_SHARE = (0.349, 0.830)
"""1/s and shares of ITU-R P.1853-1, annex 1."""

_PERCENT = (0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0, 2.0, 5.0)  # the nodes of the packaged table
_ELEVATION = np.radians([5.0, 6.0, 8.0, 10.0, 13.0, 17.0, 22.0, 30.0, 40.0, 50.0, 66.0, 90.0])
_CLOUD_AT = 0.02  # P.840's share of the year at which the table's cloud attenuation is scaled
_NORMAL = NormalDist()
_DAY = 1440


@dataclass(frozen=True, slots=True)
class Climate:
    """What the ITU's maps say of a station: shares of the year with rain and with liquid cloud, and the mean and
    deviation of the logarithm of the clouds' water in kg/m² (None where there is none to speak of)."""

    rain_share: float
    cloud_share: float
    liquid_mean: float | None
    liquid_deviation: float | None


@cache
def _climates() -> dict[str, Climate]:
    text = (files("orbitalcloud") / "data" / "physics" / "weather.json").read_text()
    return {
        name: Climate(
            row["rain_percent"] / 100.0, row["cloud_percent"] / 100.0, row["liquid_mean_ln"], row["liquid_deviation_ln"]
        )
        for name, row in json.loads(text).items()
    }


def climate(station: str) -> Climate:
    """A station's climate; `DataError` for one that the packaged table has not."""
    found = _climates().get(station)
    if found is None:
        raise DataError("weather: station", station, f"choose one with a climate: {', '.join(_climates())}")
    return found


@dataclass(frozen=True, slots=True)
class RainLaw:
    """P.618's yearly law of rain at one station and frequency, by the quantile of a normal number.

    `dry` is the quantile below which it does not rain; `quantile` (n,) ascends, `log_db` (n, n_elevations) goes with
    it.
    """

    dry: float
    quantile: Floats
    log_db: Floats

    def attenuation_db(self, elevation_rad: Floats, gauss: Floats) -> Floats:
        """Decibels of rain at elevations and values of the process, (n,) each: between the nodes, and beyond the
        last, straight in the logarithm; from none where it begins to rain, straight to the first."""
        k, u = _between(-np.log(np.sin(_ELEVATION[::-1])), -np.log(np.sin(elevation_rad)))
        table = self.log_db[:, ::-1]
        j = np.clip(np.searchsorted(self.quantile, gauss, side="right") - 1, 0, len(self.quantile) - 2)
        below, above = (table[i, k] * (1.0 - u) + table[i, k + 1] * u for i in (j, j + 1))
        share = (gauss - self.quantile[j]) / (self.quantile[j + 1] - self.quantile[j])
        heavy = np.exp(below + (above - below) * np.maximum(share, 0.0))
        begun = np.clip((gauss - self.dry) / (self.quantile[0] - self.dry), 0.0, 1.0)
        return np.asarray(heavy * begun)


def _between(nodes: Floats, values: Floats) -> tuple[NDArray[np.int64], Floats]:
    index = np.clip(np.searchsorted(nodes, values, side="right") - 1, 0, len(nodes) - 2)
    return index, np.clip((values - nodes[index]) / (nodes[index + 1] - nodes[index]), 0.0, 1.0)


@cache
def rain_law(station: str, frequency_hz: float) -> RainLaw | None:
    """The law; None where it rains too seldom for the table."""
    share = climate(station).rain_share
    points = [percent for percent in reversed(_PERCENT) if percent / 100.0 < 0.99 * share]
    if len(points) < 2:
        return None
    rain = np.array([attenuation(station, _ELEVATION, frequency_hz, 1.0 - p / 100.0).rain_db for p in points])
    quantile = np.array([_NORMAL.inv_cdf(1.0 - p / 100.0) for p in points])
    return RainLaw(_NORMAL.inv_cdf(1.0 - share), quantile, np.log(np.maximum(rain, 1e-4)))


@njit(cache=True)
def _filtered(noise, rho, state, out):  # type: ignore[no-untyped-def]
    """Markov processes of unit variance from one noise (n,), `rho` and `state` (k,), into `out` (k, n)."""
    for k in range(rho.shape[0]):
        a, b = rho[k], math.sqrt(1.0 - rho[k] * rho[k])
        value = state[k]
        for i in range(noise.shape[0]):
            value = a * value + b * noise[i]
            out[k, i] = value


def _noise(seed: Seed, day: int) -> Floats:
    """A day's standard normal numbers, a minute each, by Box and Muller."""
    words = np.frombuffer(seed.bytes(8 * _DAY, day), dtype=">u8")
    uniform = ((words >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    radius, angle = np.sqrt(-2.0 * np.log(uniform[0::2])), 2.0 * np.pi * uniform[1::2]
    return np.ravel(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))


@dataclass(frozen=True, slots=True)
class Weather:
    """A station's weather, minute by minute from `starts`: `rain` and `cloud` are the Gaussian processes, (n,) each."""

    station: str
    starts: Instant
    rain: Floats
    cloud: Floats

    def _index(self, times_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.clip((times_ns - self.starts) // STEP_NS, 0, len(self.rain) - 1)

    def cloudy(self, times_ns: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether there is liquid cloud overhead, (n,)."""
        share = climate(self.station).cloud_share
        above = _NORMAL.inv_cdf(1.0 - share) if 0.0 < share < 1.0 else (math.inf if share <= 0.0 else -math.inf)
        return np.asarray(self.cloud[self._index(times_ns)] > above)

    def air(self, times_ns: NDArray[np.int64], elevation_rad: Floats, frequency_hz: float) -> Attenuation:
        """What the air takes at these instants, (n,) each; elevations of 5° and more. Scintillation is left out."""
        index = self._index(times_ns)
        elevation = np.maximum(elevation_rad, LOWEST_ELEVATION_RAD)
        calm = attenuation(self.station, elevation, frequency_hz, 0.95)
        law = rain_law(self.station, frequency_hz)
        rain = law.attenuation_db(elevation, self.rain[index]) if law is not None else np.zeros(len(index))
        return Attenuation(calm.gas_db, self._cloud_db(index, elevation, frequency_hz), rain, np.zeros(len(index)))

    def _cloud_db(self, index: NDArray[np.int64], elevation: Floats, frequency_hz: float) -> Floats:
        """P.840 is linear in the water: the table's value at one share of the year, scaled by the water now."""
        here = climate(self.station)
        if here.liquid_mean is None or here.liquid_deviation is None or here.cloud_share <= _CLOUD_AT:
            return np.zeros(len(index))
        usual = _water(here, _CLOUD_AT)
        table = attenuation(self.station, elevation, frequency_hz, 1.0 - _CLOUD_AT).cloud_db
        minutes, back = np.unique(index, return_inverse=True)
        water = np.array([_water(here, 0.5 * math.erfc(g / math.sqrt(2.0))) for g in self.cloud[minutes].tolist()])
        return np.asarray(table * water[back] / usual)


def _water(here: Climate, share: float) -> float:
    """Liquid water that is exceeded for a share of the year, kg/m²; 0 where there is no cloud as often."""
    assert here.liquid_mean is not None, "the caller asked for clouds"
    assert here.liquid_deviation is not None, "the caller asked for clouds"
    if share >= here.cloud_share:
        return 0.0
    return math.exp(
        here.liquid_mean + here.liquid_deviation * _NORMAL.inv_cdf(1.0 - max(share / here.cloud_share, 1e-12))
    )


def weather(station: str, seed: Seed, starts: Instant, ends: Instant) -> Weather:
    """The weather over a station for [starts, ends), drawn from `seed`: another end changes nothing before it."""
    climate(station)
    days = max(1, -(-(ends - starts) // (_DAY * STEP_NS)))
    if days > 4000:
        raise DataError("weather: time span", f"{days} days", "ask for at most ten years")
    betas = np.array([RAIN_BETA, *CLOUD_BETA])
    rho = np.exp(-betas * STEP_NS / 1e9)
    # in a steady state from the first minute: an earlier day, and before that a start of unit variance
    first = _noise(seed.child("before"), 0)
    out = np.empty((3, _DAY * (days + 1)))
    noise = np.concatenate([first, *[_noise(seed, day) for day in range(days)]])
    start = np.full(3, _NORMAL.inv_cdf((int.from_bytes(seed.child("state").bytes(4), "big") + 0.5) / 2.0**32))
    _filtered(noise, rho, start, out)
    made = out[:, _DAY:]
    return Weather(station, starts, made[0], CLOUD_SHARE[0] * made[1] + CLOUD_SHARE[1] * made[2])
