"""What the air takes from a radio signal over a station, for a share of the time: ITU-R models, from a packaged table.

`tools/make_atmosphere.py` made the table with `itur` 0.4: gases by P.676-12, cloud by P.840-7, rain by P.618-13 with
P.837-7, P.838-3 and P.839-4, scintillation by P.618-13 for an antenna of 1 m. Between its nodes each contribution is
interpolated in its logarithm over frequency, elevation (as log cosecant) and log percentage.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbitalcloud.core.errors import DataError

Floats = NDArray[np.float64]

LOWEST_ELEVATION_RAD = float(np.radians(5.0))
"""P.618's scintillation and rain models end here, and so do budgets."""
_COUNTS, _FLOOR_DB = 1000.0, 1e-3


@dataclass(frozen=True, slots=True)
class Attenuation:
    """Decibels, each in the shape of the elevations. `total_db` joins them as P.618-13 §2.5 does."""

    gas_db: Floats
    cloud_db: Floats
    rain_db: Floats
    scintillation_db: Floats

    @property
    def total_db(self) -> Floats:
        """Gases, and the root of squares of (rain + cloud) and scintillation."""
        return np.asarray(self.gas_db + np.hypot(self.rain_db + self.cloud_db, self.scintillation_db))

    @property
    def absorbed_db(self) -> Floats:
        """What also shines: all but scintillation."""
        return np.asarray(self.gas_db + self.cloud_db + self.rain_db)


@dataclass(frozen=True, slots=True)
class _Table:
    names: tuple[str, ...]
    frequency: Floats  # log GHz
    elevation: Floats  # −log sin, ascending
    percent: Floats  # log
    log: NDArray[np.uint16]  # (n_stations, 4, n_frequencies, n_elevations, n_percentages)
    liquid_cloud: Floats


@cache
def _table() -> _Table:
    path = files("orbitalcloud") / "data" / "physics" / "atmosphere.npz"
    with path.open("rb") as file, np.load(file) as packed:
        return _Table(
            tuple(str(name) for name in packed["names"]),
            np.log(packed["frequency_ghz"]),
            -np.log(np.sin(np.radians(packed["elevation_deg"][::-1]))),
            np.log(packed["percent"]),
            np.ascontiguousarray(packed["log"][:, :, :, ::-1, :]),
            packed["liquid_cloud_percent"],
        )


def stations() -> tuple[str, ...]:
    """The stations of the table: the catalogue's, and the eight of the ITU's validation examples."""
    return _table().names


def _index(station: str) -> int:
    names = _table().names
    if station not in names:
        raise DataError("link: station", station, f"choose one with an atmosphere: {', '.join(names[:10])}")
    return names.index(station)


def liquid_cloud_share(station: str) -> float:
    """Share of the year with liquid water in the column over a station (P.840-7): an optical link sees less sky yet,
    for clouds of ice are not in it."""
    return float(_table().liquid_cloud[_index(station)]) / 100.0


def _bracket(nodes: Floats, values: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Index of the node below and the share of the step beyond it, within the nodes."""
    index = np.clip(np.searchsorted(nodes, values, side="right") - 1, 0, len(nodes) - 2)
    share = np.clip((values - nodes[index]) / (nodes[index + 1] - nodes[index]), 0.0, 1.0)
    return index, share


def checked(what: str, values: ArrayLike, low: float, high: float, unit: str) -> Floats:
    """Finite numbers within bounds, or `DataError` with the first that is not."""
    array = np.asarray(values, dtype=np.float64)
    wrong = ~((array >= low) & (array <= high))
    if wrong.any():
        raise DataError(f"link: {what}", float(array[wrong].flat[0]), f"give {low:g} to {high:g} {unit}".rstrip())
    return array


def attenuation(station: str, elevation_rad: ArrayLike, frequency_hz: float, availability: float = 0.99) -> Attenuation:
    """Attenuation that is exceeded for no more than 1 − availability of an average year.

    Elevations of 5° to 90°, frequencies to 40 GHz (below 1 GHz that of 1 GHz, a few hundredths of a decibel),
    availability 0.95 to 0.9999: gases and cloud are P.618's, taken at 1 % where less is asked for.
    """
    table, place = _table(), _index(station)
    elevation = checked("elevation", elevation_rad, LOWEST_ELEVATION_RAD - 1e-9, np.pi / 2 + 1e-9, "rad, 5° to 90°")
    ghz = float(checked("frequency", frequency_hz, 1e8, 40e9, "Hz")) / 1e9
    percent = 100.0 * (1.0 - float(checked("availability", availability, 0.95, 0.9999, "of the time")))
    i, u = _bracket(table.frequency, np.asarray(np.log(ghz)))
    k, w = _bracket(table.percent, np.asarray(np.log(percent)))
    corner = table.log[place].astype(np.float64) / _COUNTS
    by_elevation = np.zeros(corner.shape[:1] + corner.shape[2:3])  # (4, n_elevations)
    for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = (u if a else 1.0 - u) * (w if b else 1.0 - w)
        by_elevation += weight * corner[:, int(i) + a, :, int(k) + b]
    j, v = _bracket(table.elevation, -np.log(np.sin(np.minimum(elevation, np.pi / 2))))
    logs = by_elevation[:, j] * (1.0 - v) + by_elevation[:, j + 1] * v
    gas, cloud, rain, scintillation = np.expm1(logs) * _FLOOR_DB
    return Attenuation(gas, cloud, rain, scintillation)


def sky_noise_k(absorbed_db: ArrayLike, medium_k: float = 275.0) -> Floats:
    """Temperature that an absorbing sky shines with (P.618-13 §3; 275 K is its mean for cloud and rain), kelvin."""
    return np.asarray(medium_k * (1.0 - 10.0 ** (-np.asarray(absorbed_db, float) / 10.0)))
