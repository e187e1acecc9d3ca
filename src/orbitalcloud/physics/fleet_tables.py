"""A design as the fleet's kernel takes it: its faces in rows by direction, its network over capacities, its blocks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.physics import fleet_kernel as kernel
from orbitalcloud.physics.constants import EARTH_RADIUS_M, SOLAR_CONSTANT_W_M2
from orbitalcloud.physics.fleet_light import LANES, ROW
from orbitalcloud.physics.heat import (
    ALPHA,
    AREA,
    BODY,
    CELL,
    EPSILON,
    INDEX,
    MOUNT,
    NODE,
    NX,
    NY,
    NZ,
    ONE_AXIS,
    ONE_AXIS_BACK,
    TRACKING,
    earth_view_factor,
    radiation_to,
)
from orbitalcloud.physics.power_heat import SatelliteDesign

Floats = NDArray[np.float64]

MOST_PARTS = 40
_SAMPLES = 128


@dataclass(frozen=True, slots=True)
class Tables:
    """One design for the kernel."""

    bus: Floats
    """(9,): the battery's row, the cells' temperature coefficient, albedo, Earth infrared"""
    fixed: Floats
    """(n_rows, 14): pairs of opposite faces of the body"""
    following: Floats
    """(n_rows, 14): panels that follow the Sun, by axis"""
    body: Floats
    """(n_faces, 4): node, cosine to nadir, absorbed albedo and Earth infrared by view factor, m²"""
    capacity: Floats
    """(n_nodes,), J/K"""
    conduction: Floats
    """(n_nodes, n_nodes), W/K"""
    exchange: Floats
    """(n_nodes, n_nodes), W/K⁴"""
    emission: Floats
    """(n_nodes,), W/K⁴"""
    array_node: int
    battery_node: int

    @property
    def n_nodes(self) -> int:
        return len(self.capacity)

    def shape(self, varied: bool) -> kernel.Shape:
        """What is compiled for designs like this one, on orbits whose radius changes along them (`varied`) or not."""
        conductors, links = _pairs(self.conduction), _pairs(self.exchange)
        at = self.fixed[:, kernel.AT_NODE].astype(int).tolist()
        behind = self.following[:, kernel.AT_NODE].astype(int).tolist()
        turns = (self.following[:, kernel.ONE_AXIS] > 0.0).astype(int).tolist()
        glazed = (self.following[:, kernel.GLASS] > 1.0).astype(int).tolist()
        return kernel.Shape(
            self.n_nodes,
            self.array_node,
            self.battery_node,
            (len(at), len(behind), len(conductors), len(links)),
            (_some(at), _some(_axis(row) for row in self.fixed), _some(_celled(row) for row in self.fixed)),
            (_some(behind), _some(turns), _some(glazed)),
            (_some(i for i, _ in conductors), _some(j for _, j in conductors)),
            (_some(i for i, _ in links), _some(j for _, j in links)),
            tuple(int(i in self.body[:, 0]) for i in range(self.n_nodes)),
            tuple(int(watts > 0.0) for watts in self.emission),
            varied,
        )

    @property
    def kernel_tables(self) -> tuple[Floats, Floats, Floats]:
        """As `fleet_kernel` takes them: bus, and the rows as columns, at least one of each."""
        return self.bus, _columns(self.fixed), _columns(self.following)

    def network(self, step_s: float) -> tuple[Floats, Floats, Floats, Floats, int]:
        """As `fleet_kernel` names it, with the parts that a step needs."""
        conduction = np.array([self.conduction[i, j] for i, j in _pairs(self.conduction)] or [0.0])
        exchange = np.array([self.exchange[i, j] for i, j in _pairs(self.exchange)] or [0.0])
        return self.capacity, conduction, exchange, self.emission, self.parts(step_s)

    def parts(self, step_s: float) -> int:
        """How many parts of a step keep it stable and free of overshoot.

        Exchange is explicit (Adams–Bashforth, stable while rate · h < 1 and the rate is at most twice the diagonal);
        emission overshoots only on warming, and not while 4 K T³ h / C < 2 at the hottest.
        """
        hot_k = self._hot_k()
        spread = 2.0 * self.conduction.sum(axis=1) + 8.0 * self.exchange.sum(axis=1) * hot_k**3
        need = np.maximum(spread * step_s / 0.8, 4.0 * self.emission * hot_k**3 * step_s / 2.0) / self.capacity
        return max(1, math.ceil(float(need.max()) - 1e-9))

    def _hot_k(self) -> Floats:
        """What a node alone would reach in full sunlight on all its faces at once, held to 300–450 K."""
        heat = np.zeros(self.n_nodes)
        np.add.at(heat, self.fixed[:, kernel.AT_NODE].astype(int), 2.0 * self.fixed[:, kernel.BOTH_SIDES])
        np.add.at(heat, self.following[:, kernel.AT_NODE].astype(int), self.following[:, kernel.SUN_AREA])
        heat *= SOLAR_CONSTANT_W_M2
        return np.clip((heat / np.maximum(self.emission, 1e-30)) ** 0.25, 300.0, 450.0)


def _pairs(coupling: Floats) -> list[tuple[int, int]]:
    """Which nodes are coupled."""
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(coupling) > 0.0)]


def _some(whole: Iterable[int]) -> tuple[int, ...]:
    return tuple(whole) or (0,)


def _columns(rows: Floats) -> Floats:
    return np.ascontiguousarray(rows.T) if len(rows) else np.zeros((kernel.COLUMNS, 1))


def _axis(row: Floats) -> int:
    """0, 1 or 2 where the row's axis is one of the body's, 3 where it is another."""
    along = np.abs(row[[kernel.AXIS_X, kernel.AXIS_Y, kernel.AXIS_Z]]) > 0.0
    return int(np.argmax(along)) if along.sum() == 1 else 3


def _celled(row: Floats) -> int:
    return 0 if row[kernel.CELLS] <= 0.0 else 2 if row[kernel.GLASS] > 1.0 else 1


@lru_cache(maxsize=256)
def tables_of(design: SatelliteDesign) -> Tables:
    """The tables of a design."""
    faces, thermal = design.faces(), design.thermal
    capacity = thermal.capacities_j_k()
    conduction, (exchange, emission) = thermal.conduction_w_k(), radiation_to(thermal, faces)
    bus = (
        *design.battery.row()[:6],
        design.array.temperature_coefficient_per_k,
        design.albedo,
        design.earth_infrared_w_m2,
    )
    body = faces[faces[:, MOUNT] == BODY]
    fixed, following = _fixed_rows(body), _following_rows(faces[faces[:, MOUNT] != BODY])
    return Tables(
        np.array(bus),
        fixed,
        following,
        np.column_stack([body[:, NODE], body[:, NZ], body[:, AREA] * body[:, ALPHA], body[:, AREA] * body[:, EPSILON]]),
        capacity,
        conduction,
        exchange,
        emission,
        thermal.index(design.array_node),
        thermal.index(design.battery_node),
    )


def _rows(rows: list[Floats]) -> Floats:
    rows = sorted(rows, key=lambda row: float(row[kernel.AT_NODE]))
    return np.array(rows).reshape(-1, kernel.COLUMNS)


def _fixed_rows(body: Floats) -> Floats:
    """Faces of the body by node and axis: max(0, c) is (c + |c|) / 2, so opposite faces share a row. A face with cells
    has its own, since cells do not work from behind."""
    found: dict[tuple[float, ...], Floats] = {}
    for face in body:
        normal = face[[NX, NY, NZ]]
        first = normal[np.argmax(np.abs(normal) > 1e-12)]
        sign = 1.0 if face[CELL] > 0.0 else math.copysign(1.0, first)
        axis = sign * normal
        key = (face[NODE], *np.round(axis, 12), float(len(found)) if face[CELL] > 0.0 else -1.0)
        row = found.setdefault(key, np.zeros(kernel.COLUMNS))
        row[[kernel.AXIS_X, kernel.AXIS_Y, kernel.AXIS_Z]] = axis
        row[kernel.EVENLY] += 0.5 * sign * face[AREA] * face[ALPHA]
        row[kernel.BOTH_SIDES] += 0.5 * face[AREA] * face[ALPHA]
        row[kernel.CELLS], row[kernel.GLASS], row[kernel.AT_NODE] = face[CELL], face[INDEX], face[NODE]
    return _rows([row for row in found.values() if row[kernel.BOTH_SIDES] > 0.0 or row[kernel.CELLS] > 0.0])


def _following_rows(faces: Floats) -> Floats:
    """Sides of panels that follow the Sun by node, axis and, with cells, cover."""
    found: dict[tuple[float, ...], Floats] = {}
    for face in faces:
        turns = face[MOUNT] in (ONE_AXIS, ONE_AXIS_BACK)
        axis = face[[NX, NY, NZ]] if turns else np.zeros(3)
        front = face[MOUNT] in (TRACKING, ONE_AXIS)
        side = 1.0 if front else -1.0
        row = found.setdefault((face[NODE], float(turns), *axis), np.zeros(kernel.COLUMNS))
        row[[kernel.AXIS_X, kernel.AXIS_Y, kernel.AXIS_Z]] = axis
        row[kernel.ONE_AXIS], row[kernel.AT_NODE] = turns, face[NODE]
        row[kernel.INFRARED_SUM] += face[AREA] * face[EPSILON]
        row[kernel.INFRARED_DIFFERENCE] += side * face[AREA] * face[EPSILON]
        row[kernel.ALBEDO_SUM] += face[AREA] * face[ALPHA]
        row[kernel.ALBEDO_DIFFERENCE] += side * face[AREA] * face[ALPHA]
        if front:
            row[kernel.SUN_AREA] += face[AREA] * face[ALPHA]
            row[kernel.CELLS] += face[CELL]
            row[kernel.GLASS] = max(row[kernel.GLASS], face[INDEX])
    return _rows(list(found.values()))


@njit(cache=True)
def _views(cosine, ratio, out):  # type: ignore[no-untyped-def]
    """`earth_view_factor` of cosines (k,) at radii (n,) in Earth radii, (n, k)."""
    for i in range(ratio.shape[0]):
        for k in range(cosine.shape[0]):
            out[i, k] = earth_view_factor(cosine[k], ratio[i])


def views(cosine: Floats, radius_m: Floats) -> Floats:
    """View factors to the Earth of cosines to nadir (k,) at radii (n,), (n, k)."""
    out = np.empty((len(radius_m), len(cosine)))
    _views(np.ascontiguousarray(cosine), np.maximum(1.0, radius_m / EARTH_RADIUS_M), out)
    return out


@lru_cache(maxsize=1)
def _fit() -> tuple[Floats, Floats]:
    """Cosines (k,), and the matrix (terms, k) that takes an even function's values there to its coefficients."""
    cosine = np.sqrt(0.5 - 0.5 * np.cos(np.pi * (np.arange(_SAMPLES) + 0.5) / _SAMPLES))
    return cosine, np.linalg.pinv((cosine**2)[:, None] ** np.arange(kernel.EVEN_TERMS))


def even_view(radius_m: Floats) -> Floats:
    """Coefficients (n, terms) in the squared cosine of F(c) − c/(2 a²), which is even in c: within 4e-4 of it."""
    cosine, inverse = _fit()
    ratio = np.maximum(1.0, radius_m / EARTH_RADIUS_M)
    even = views(cosine, radius_m) - cosine / (2.0 * ratio**2)[:, None]
    return np.asarray(even @ inverse.T)


def block(
    tables: Tables, low_m: Floats, high_m: Floats, loads_w: Floats, radio_w: Floats, energy_j: Floats, first_k: Floats
) -> Floats:
    """A block's buffer at the start: radii at both ends of their range (LANES,), loads and temperatures
    (LANES, n_nodes), radio and battery (LANES,)."""
    w = np.zeros(kernel.BLOCK_SIZE)
    n = tables.n_nodes

    def put(row: int, values: Floats) -> None:
        for i in range(len(values)):
            w[row + i * ROW : row + i * ROW + LANES] = values[i]

    infrared = float(tables.bus[kernel.INFRARED])
    warm = loads_w.sum(axis=1)
    put(kernel.ENERGY, energy_j[None])
    put(kernel.ASKED, (warm + radio_w)[None])
    put(kernel.RADIO, radio_w[None])
    put(kernel.ONE_OVER_LOADS, np.where(warm > 0.0, 1.0 / np.where(warm > 0.0, warm, 1.0), 0.0)[None])
    put(kernel.LOADS, loads_w.T)
    put(kernel.TEMPERATURE, first_k.T)
    put(kernel.BEFORE, first_k.T)
    albedo = [_by_node(tables, radius_m, 2) for radius_m in (low_m, high_m)]
    steady = [infrared * _by_node(tables, radius_m, 3) for radius_m in (low_m, high_m)]
    even = [even_view(radius_m).T for radius_m in (low_m, high_m)]
    odd = [0.5 * (EARTH_RADIUS_M / radius_m) ** 2 for radius_m in (low_m, high_m)]
    for row, (low, high) in ((kernel.ALBEDO, albedo), (kernel.STEADY, steady), (kernel.EVEN, even)):
        put(row, low)
        put(row + kernel.MOST_NODES * ROW, high - low)
    put(kernel.ODD, odd[0][None])
    put(kernel.ODD_RISE, (odd[1] - odd[0])[None])
    reset(w, n)
    return w


def _by_node(tables: Tables, radius_m: Floats, column: int) -> Floats:
    """Σ area · optics · view factor of the body's faces, (n_nodes, LANES)."""
    out = np.zeros((tables.n_nodes, len(radius_m)))
    seen = views(tables.body[:, 1], radius_m)
    np.add.at(out, tables.body[:, 0].astype(int), tables.body[:, column, None] * seen.T)
    return out


def reset(w: Floats, n_nodes: int) -> None:
    """Begin to count: sums at zero, extremes at the present state."""
    for row in (
        kernel.GENERATED,
        kernel.LOAD,
        kernel.LOSSES,
        kernel.CURTAILED,
        kernel.UNSERVED,
        kernel.SUNLIT,
        kernel.RUN,
        kernel.LONGEST,
    ):
        w[row : row + LANES] = 0.0
    span = n_nodes * ROW
    now = w[kernel.TEMPERATURE : kernel.TEMPERATURE + span]
    w[kernel.HOTTEST : kernel.HOTTEST + span] = now
    w[kernel.COLDEST : kernel.COLDEST + span] = now
    energy = w[kernel.ENERGY : kernel.ENERGY + LANES]
    w[kernel.LOWEST : kernel.LOWEST + LANES] = energy
    w[kernel.HIGHEST : kernel.HIGHEST + LANES] = energy
