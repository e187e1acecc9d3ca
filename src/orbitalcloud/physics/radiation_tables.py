"""The packaged maps of trapped particles: magnetic coordinates of a place, and what the maps say there.

`tools/make_radiation.py` made them. A place becomes field strength and McIlwain's L by four-point Lagrange
interpolation on a 5° × 5° × 200 km grid; AE-8 and AP-8 are then read in L and Daly's angle
asin((B/B0 − 1)/(B/B0 at the atmosphere − 1)), in which their logarithm is nearly linear (Daly et al. 1996,
IEEE Trans. Nucl. Sci. 43(2)). The maps are of their own epochs' fields, as their authors demand: 1960 and 1970.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOMENT_G = 0.311653
"""McIlwain's dipole moment in gauss Earth radii³: B0 = MOMENT_G / L³, in which the maps are drawn."""
FIRST_HEIGHT_KM, LAST_HEIGHT_KM = 100.0, 2000.0
_GRID_DEG, _GRID_KM = 5.0, 200.0
_DECADE = 2000.0  # counts of a decade in the packed tables
_FAINT = math.log(1e-3)  # how far below its faintest value a map's empty node lies, for the cells at its edge


@dataclass(frozen=True, slots=True)
class Field:
    """Field strength in gauss and 1/L, each (37 latitudes, 72 longitudes, 11 heights) from −90°, −180°, 100 km."""

    strength_g: Floats
    inverse_shell: Floats


@dataclass(frozen=True, slots=True)
class Map:
    """One map: natural logarithms, (n_shells, n_levels); `empty` marks nothing. B/B0 at the ends of each shell."""

    log: Floats
    empty: float
    shells: Floats
    lowest: Floats
    cutoff: Floats


@cache
def _packed() -> dict[str, NDArray[Any]]:
    with (files("orbitalcloud") / "data" / "physics" / "radiation.npz").open("rb") as file, np.load(file) as archive:
        return {name: archive[name] for name in archive.files}


@cache
def magnetic_field(epoch: str) -> Field:
    """The field of "1960" (Jensen and Cain) or "1970" (GSFC 12/66)."""
    packed = _packed()
    return Field(packed[f"field-{epoch}"] * 1e-5, packed[f"inverse-{epoch}"] / 5e4)


def axis(name: str) -> Floats:
    """The values at which there are maps: "proton_mev", "electron_mev" or "depths_mm"."""
    return np.asarray(_packed()[name], dtype=np.float64)


@lru_cache(maxsize=512)
def flux_map(model: str, above_mev: float) -> Map:
    """Integral flux (cm⁻² s⁻¹) above an energy, log-log between the packaged energies."""
    energies = axis("proton_mev" if model.startswith("proton") else "electron_mev")
    return _between(model, 0, energies, above_mev, order=2)


@lru_cache(maxsize=512)
def dose_map(model: str, shield_mm: float) -> Map:
    """Dose rate (rad(Si)/s) behind aluminium, cubic in logarithms between the packaged thicknesses."""
    first = len(axis("proton_mev" if model.startswith("proton") else "electron_mev"))
    return _between(model, first, axis("depths_mm"), shield_mm, order=4)


@cache
def _packed_damage() -> dict[str, NDArray[Any]]:
    with (files("orbitalcloud") / "data" / "physics" / "array_damage.npz").open("rb") as file, np.load(file) as archive:
        return _packed() | {name: archive[name] for name in archive.files}


def cover_axis() -> Floats:
    """The thicknesses of cover glass (mm of fused silica) at which there are maps of damage."""
    return np.asarray(_packed_damage()["covers_mm"], dtype=np.float64)


@lru_cache(maxsize=64)
def damage_map(model: str, cover_mm: float) -> Map:
    """Displacement dose rate in a solar cell (MeV/g/s) under cover glass, cubic in logarithms of the thickness."""
    return _between(model, 0, cover_axis(), cover_mm, order=4, packed=_packed_damage())


def _between(
    model: str, first: int, nodes: Floats, value: float, order: int, packed: dict[str, NDArray[Any]] | None = None
) -> Map:
    """The map at `value` on a logarithmic axis, by Lagrange polynomials over `order` nodes."""
    packed = _packed() if packed is None else packed
    start = int(np.clip(np.searchsorted(nodes, value, side="right") - order // 2, 0, len(nodes) - order))
    chosen = slice(first + start, first + start + order)
    counts, floors = packed[f"{model}-log"][chosen], packed[f"{model}-floor"][chosen]
    logs = np.log(floors)[:, None, None] + (counts.astype(np.float64) - 1.0) * (math.log(10.0) / _DECADE)
    x, at = np.log(nodes[start : start + order]), math.log(value)
    weights = [np.prod([(at - b) / (a - b) for b in x if b != a]) for a in x]
    mixed = np.tensordot(np.array(weights), logs, axes=1)
    here = (counts > 0).all(axis=0)
    empty = float(mixed[here].min() + _FAINT) if here.any() else -700.0
    shells, lowest, cutoff = (np.asarray(packed[k], float) for k in ("shells", f"{model}-lowest", f"{model}-cutoff"))
    return Map(np.ascontiguousarray(np.where(here, mixed, empty)), empty, shells, lowest, cutoff)


@njit(cache=True)
def _weights(u):  # type: ignore[no-untyped-def]
    """Lagrange weights of the nodes 0, 1, 2, 3 at u."""
    a, b, c, d = u, u - 1.0, u - 2.0, u - 3.0
    return -b * c * d / 6.0, a * c * d / 2.0, -a * b * d / 2.0, a * b * c / 6.0


@njit(cache=True)
def _magnetic(strength, inverse, latitude_deg, longitude_deg, height_km):  # type: ignore[no-untyped-def]
    """(B in gauss, L) at a place."""
    n_lat, n_lon, n_height = strength.shape
    y, x = (latitude_deg + 90.0) / _GRID_DEG, ((longitude_deg + 180.0) % 360.0) / _GRID_DEG
    z = (height_km - FIRST_HEIGHT_KM) / _GRID_KM
    j, i = min(max(int(y) - 1, 0), n_lat - 4), math.floor(x) - 1
    k = min(max(int(z) - 1, 0), n_height - 4)
    wy, wx, wz = _weights(y - j), _weights(x - i), _weights(z - k)
    field = shell = 0.0
    for a in range(4):
        for b in range(4):
            column = (i + b) % n_lon
            for c in range(4):
                weight = wy[a] * wx[b] * wz[c]
                field += weight * strength[j + a, column, k + c]
                shell += weight * inverse[j + a, column, k + c]
    return field, 1.0 / max(shell, 1.0 / 30.0)


@njit(cache=True)
def _read(log, empty, shells, lowest, cutoff, field, shell):  # type: ignore[no-untyped-def]
    """A map's value at field strength (gauss) and L; 0 outside."""
    if shell < shells[0] or shell >= shells[-1]:
        return 0.0
    s = np.searchsorted(shells, shell, side="right") - 1
    v = (shell - shells[s]) / (shells[s + 1] - shells[s])
    top = cutoff[s] + v * (cutoff[s + 1] - cutoff[s])
    ratio = field * shell**3 / MOMENT_G
    if ratio > top:
        return 0.0
    span = max(top - 1.0, 1e-3)
    low = math.asin(min(max((lowest[s] + v * (lowest[s + 1] - lowest[s]) - 1.0) / span, 0.0), 1.0))
    angle = math.asin(min(max((ratio - 1.0) / span, 0.0), 1.0))
    t = max((angle - low) / (0.5 * math.pi - low), 0.0) * (log.shape[1] - 1)
    k = min(int(t), log.shape[1] - 2)
    u = t - k
    value = (1.0 - v) * ((1.0 - u) * log[s, k] + u * log[s, k + 1])
    value += v * ((1.0 - u) * log[s + 1, k] + u * log[s + 1, k + 1])
    return 0.0 if value <= empty - 0.5 * _FAINT else math.exp(value)


@njit(cache=True)
def _fill_map(strength, inverse, log, empty, shells, lowest, cutoff, places, out):  # type: ignore[no-untyped-def]
    for n in range(out.shape[0]):
        field, shell = _magnetic(strength, inverse, places[0, n], places[1, n], places[2, n])
        out[n] = _read(log, empty, shells, lowest, cutoff, field, shell)


@njit(cache=True)
def _fill_at(log, empty, shells, lowest, cutoff, coordinates, out):  # type: ignore[no-untyped-def]
    for n in range(out.shape[0]):
        out[n] = _read(log, empty, shells, lowest, cutoff, coordinates[0, n], coordinates[1, n])


@njit(cache=True)
def _fill_shell(strength, inverse, places, out):  # type: ignore[no-untyped-def]
    for n in range(out.shape[1]):
        out[0, n], out[1, n] = _magnetic(strength, inverse, places[0, n], places[1, n], places[2, n])


def read_map(field: Field, table: Map, places: Floats) -> Floats:
    """A map at places (3, n): degrees, degrees, kilometres; (n,)."""
    out = np.empty(places.shape[1])
    _fill_map(
        field.strength_g,
        field.inverse_shell,
        table.log,
        table.empty,
        table.shells,
        table.lowest,
        table.cutoff,
        places,
        out,
    )
    return out


def read_at(table: Map, coordinates: Floats) -> Floats:
    """A map at magnetic coordinates (2, n) as `magnetic_coordinates` gives them; (n,)."""
    out = np.empty(coordinates.shape[1])
    _fill_at(table.log, table.empty, table.shells, table.lowest, table.cutoff, coordinates, out)
    return out


def magnetic_coordinates(field: Field, places: Floats) -> Floats:
    """Field strength in gauss and L at places (3, n), as (2, n); L is 30 where the line is as good as open."""
    out = np.empty((2, places.shape[1]))
    _fill_shell(field.strength_g, field.inverse_shell, places, out)
    return out
