"""Heat: a network of nodes that absorb sunlight, albedo and Earth infrared, conduct, and radiate as T⁴.

Each node has a heat capacity; faces give it outer area with a solar absorptivity and an infrared emissivity;
conductors and radiative links join nodes. Per face, with A its area, n its normal (body frame: +x forward, +y against
the orbit's normal, +z nadir), s the Sun, F its view factor to the Earth:

    sunlight        α A S · illumination · max(0, n·s)
    albedo          α A S · albedo · F · max(0, cos of the Sun's zenith angle below the satellite)
    Earth infrared  ε A · OLR · F          (Kirchhoff: infrared is absorbed with the emissivity)
    emission        ε A σ T⁴

The albedo form is the usual first-order one (Gilmore, Spacecraft Thermal Control Handbook, ch. 2): the reflecting cap
takes the Sun's angle at the point below. Steps are linearly implicit (Rosenbrock), stable for stiff networks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.array import Vector, unit
from orbitalcloud.physics.constants import (
    EARTH_ALBEDO,
    EARTH_INFRARED_W_M2,
    EARTH_RADIUS_M,
    SOLAR_CONSTANT_W_M2,
    STEFAN_BOLTZMANN_W_M2_K4,
)
from orbitalcloud.physics.view_factor import exchange

Floats = NDArray[np.float64]

# How a face is mounted (column MOUNT of the face table)
BODY, TRACKING, TRACKING_BACK, ONE_AXIS, ONE_AXIS_BACK = 0.0, 1.0, 2.0, 3.0, 4.0
# Columns of the face table
NODE, AREA, ALPHA, EPSILON, MOUNT, NX, NY, NZ, CELL, COEFFICIENT, INDEX = range(11)
_SPACE_K = 2.725  # the cosmic background, Fixsen 2009, doi 10.1088/0004-637X/707/2/916


@dataclass(frozen=True, slots=True)
class Node:
    """A lump at one temperature."""

    name: str
    capacity_j_k: float


@dataclass(frozen=True, slots=True)
class Face:
    """Outer area of a node, fixed to the body, with its outward normal in body axes."""

    node: str
    area_m2: float
    normal: Vector
    absorptivity: float
    emissivity: float


@dataclass(frozen=True, slots=True)
class Conductor:
    """A conductive coupling in W/K."""

    first: str
    second: str
    conductance_w_k: float


@dataclass(frozen=True, slots=True)
class RadiativeLink:
    """A radiative coupling σ · `exchange_area_m2` · (T₁⁴ − T₂⁴); the exchange area is ε A F of the pair."""

    first: str
    second: str
    exchange_area_m2: float


@dataclass(frozen=True, slots=True)
class Sight:
    """Face number `face` of a network sees the outside of `node`, with this view factor from the face."""

    face: int
    node: str
    view_factor: float


@dataclass(frozen=True, slots=True)
class ThermalNetwork:
    """Nodes, what is outside of them, what joins them, and which faces see other nodes."""

    nodes: tuple[Node, ...]
    faces: tuple[Face, ...] = ()
    conductors: tuple[Conductor, ...] = ()
    links: tuple[RadiativeLink, ...] = ()
    sights: tuple[Sight, ...] = ()

    def __post_init__(self) -> None:
        names = self.names
        if not 1 <= len(names) <= 64 or len(set(names)) != len(names):
            raise DataError("thermal network: nodes", names, "name 1 to 64 nodes, each once")
        for node in self.nodes:
            _check(f"node {node.name}: capacity_j_k", node.capacity_j_k, 1e-6, 1e12)
        for face in self.faces:
            self.index(face.node)
            unit(face.normal, f"face of {face.node}: normal")
            _check(f"face of {face.node}: area_m2", face.area_m2, 0.0, 1e7)
            _check(f"face of {face.node}: absorptivity", face.absorptivity, 0.0, 1.0)
            _check(f"face of {face.node}: emissivity", face.emissivity, 0.0, 1.0)
        for one in self.conductors:
            self._pair(one.first, one.second)
            _check(f"conductor {one.first}–{one.second}: conductance_w_k", one.conductance_w_k, 0.0, 1e9)
        for other in self.links:
            self._pair(other.first, other.second)
            _check(f"link {other.first}–{other.second}: exchange_area_m2", other.exchange_area_m2, 0.0, 1e9)
        for sight in self.sights:
            assert 0 <= sight.face < len(self.faces), "a sight of one of the network's faces"
            self._pair(self.faces[sight.face].node, sight.node)
            _check(f"face of {self.faces[sight.face].node}: view factor", sight.view_factor, 0.0, 1.0)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(node.name for node in self.nodes)

    def index(self, name: str) -> int:
        """A node's place in every array of this network."""
        if name not in self.names:
            raise DataError("thermal network: node", name, f"choose one of {', '.join(self.names)}")
        return self.names.index(name)

    def _pair(self, first: str, second: str) -> None:
        if self.index(first) == self.index(second):
            raise DataError("thermal network: coupling", first, "couple two different nodes")

    def capacities_j_k(self) -> Floats:
        """(n_nodes,)"""
        return np.array([node.capacity_j_k for node in self.nodes])

    def conduction_w_k(self) -> Floats:
        """Symmetric (n_nodes, n_nodes), zero diagonal."""
        matrix = np.zeros((len(self.nodes), len(self.nodes)))
        for one in self.conductors:
            i, j = self.index(one.first), self.index(one.second)
            matrix[i, j] += one.conductance_w_k
            matrix[j, i] += one.conductance_w_k
        return matrix

    def radiation_w_k4(self) -> Floats:
        """σ × exchange area, symmetric (n_nodes, n_nodes), zero diagonal."""
        matrix = np.zeros((len(self.nodes), len(self.nodes)))
        for link in self.links:
            i, j = self.index(link.first), self.index(link.second)
            matrix[i, j] += STEFAN_BOLTZMANN_W_M2_K4 * link.exchange_area_m2
            matrix[j, i] += STEFAN_BOLTZMANN_W_M2_K4 * link.exchange_area_m2
        return matrix

    def face_rows(self) -> list[tuple[float, ...]]:
        """Rows of the face table (`NODE` … `INDEX`) of the body's faces."""
        return [
            (
                float(self.index(face.node)),
                face.area_m2,
                face.absorptivity,
                face.emissivity,
                BODY,
                *unit(face.normal, "face"),
                0.0,
                0.0,
                1.0,
            )
            for face in self.faces
        ]


def _check(place: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise DataError(place, value, f"choose {low:g} to {high:g}")


@dataclass(frozen=True, slots=True)
class Environment:
    """What surrounds a satellite at a moment: sunlight, its direction in body axes (unit), distance from the Earth."""

    irradiance_w_m2: float = SOLAR_CONSTANT_W_M2
    illumination: float = 1.0
    sun_body: Vector = (0.0, 0.0, -1.0)
    radius_m: float = EARTH_RADIUS_M + 550e3
    albedo: float = EARTH_ALBEDO
    earth_infrared_w_m2: float = EARTH_INFRARED_W_M2


@njit(cache=True)
def earth_view_factor(cosine, ratio):  # type: ignore[no-untyped-def]
    """View factor from a small flat plate to a sphere: cosine of normal to the centre, ratio distance / radius (≥ 1).

    Closed form of Chung & Sumitra 1972 (doi 10.1115/1.3449967): whole sphere seen, part of it, or none.
    """
    h2 = ratio * ratio
    horizon = math.sqrt(max(0.0, h2 - 1.0))
    if cosine * ratio >= 1.0:
        return cosine / h2
    if cosine * ratio <= -1.0:
        return 0.0
    sine = math.sqrt(1.0 - cosine * cosine)
    first = math.asin(min(1.0, horizon / (ratio * sine)))
    second = math.acos(max(-1.0, min(1.0, -horizon * cosine / sine)))
    third = horizon * math.sqrt(max(0.0, 1.0 - h2 * cosine * cosine))
    return 0.5 - first / math.pi + (cosine * second - third) / (math.pi * h2)


@njit(cache=True)
def face_cosines(face, sx, sy, sz):  # type: ignore[no-untyped-def]
    """(cosine to the Sun, at least 0; cosine to nadir) of a row of the face table, Sun unit in body axes."""
    mount = face[MOUNT]
    if mount == BODY:
        return max(0.0, face[NX] * sx + face[NY] * sy + face[NZ] * sz), face[NZ]
    if mount == TRACKING:
        return 1.0, sz
    if mount == TRACKING_BACK:
        return 0.0, -sz
    along = face[NX] * sx + face[NY] * sy + face[NZ] * sz
    across = math.sqrt(max(1e-30, 1.0 - along * along))
    nadir = (sz - along * face[NZ]) / across
    return (across, nadir) if mount == ONE_AXIS else (0.0, -nadir)


@njit(cache=True)
def absorb(faces, sx, sy, sz, flux, lit, radius_m, albedo, infrared, out):  # type: ignore[no-untyped-def]
    """Add absorbed watts of each face to its node in `out` (n_nodes,); `flux` is sunlight, `lit` the illumination."""
    ratio = max(1.0, radius_m / EARTH_RADIUS_M)
    day = max(0.0, -sz) * albedo * flux
    for f in range(faces.shape[0]):
        face = faces[f]
        to_sun, to_earth = face_cosines(face, sx, sy, sz)
        view = earth_view_factor(to_earth, ratio)
        heat = face[ALPHA] * (flux * lit * to_sun + day * view) + face[EPSILON] * infrared * view
        out[int(face[NODE])] += face[AREA] * heat


@njit(cache=True)
def flows(temperature, source, conduction, radiation, emission, out):  # type: ignore[no-untyped-def]
    """Net watts into each node: source + conduction + exchange − emission, (n_nodes,)."""
    n = temperature.shape[0]
    for i in range(n):
        t = temperature[i]
        t4 = t * t * t * t
        total = source[i] - emission[i] * t4
        for j in range(n):
            if conduction[i, j] != 0.0:
                total += conduction[i, j] * (temperature[j] - t)
            if radiation[i, j] != 0.0:
                u = temperature[j]
                total += radiation[i, j] * (u * u * u * u - t4)
        out[i] = total


@njit(cache=True)
def factorise(temperature, capacity, weight, conduction, radiation, emission, matrix):  # type: ignore[no-untyped-def]
    """LU of C − weight · J in `matrix` (n, n), J the Jacobian of `flows`: diagonally dominant, so no pivots. On the
    diagonal stands one over U's."""
    n = temperature.shape[0]
    for i in range(n):
        t3 = temperature[i] ** 3
        diagonal = 4.0 * emission[i] * t3
        for j in range(n):
            diagonal += conduction[i, j] + 4.0 * radiation[i, j] * t3
            matrix[i, j] = -weight * (conduction[i, j] + 4.0 * radiation[i, j] * temperature[j] ** 3)
        matrix[i, i] = capacity[i] + weight * diagonal
    for k in range(n):
        over = 1.0 / matrix[k, k]
        matrix[k, k] = over
        for i in range(k + 1, n):
            if matrix[i, k] != 0.0:
                matrix[i, k] *= over
                for j in range(k + 1, n):
                    matrix[i, j] -= matrix[i, k] * matrix[k, j]


@njit(cache=True)
def solve(matrix, right):  # type: ignore[no-untyped-def]
    """Solve in place from `factorise`'s LU."""
    n = right.shape[0]
    for i in range(n):
        for j in range(i):
            right[i] -= matrix[i, j] * right[j]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            right[i] -= matrix[i, j] * right[j]
        right[i] *= matrix[i, i]


@njit(cache=True)
def heat_step(temperature, seconds, capacity, source, conduction, radiation, emission, work):  # type: ignore[no-untyped-def]
    """Move `temperature` (n,) by one step in place; `work` is scratch (n + 3, n).

    ROS2 (Verwer et al. 1999, doi 10.1137/S1064827597326651) with γ = 1 − 1/√2: second order, L-stable. Where its
    inner stage would leave half to twice a node's temperature, the step is the linearly implicit Euler one.
    """
    n = temperature.shape[0]
    gamma = 1.0 - 1.0 / math.sqrt(2.0)
    matrix, k1, k2, stage = work[:n], work[n], work[n + 1], work[n + 2]
    factorise(temperature, capacity, gamma * seconds, conduction, radiation, emission, matrix)
    flows(temperature, source, conduction, radiation, emission, k1)
    solve(matrix, k1)
    fair = True
    for i in range(n):
        stage[i] = temperature[i] + seconds * k1[i]
        fair = fair and 0.5 * temperature[i] <= stage[i] <= 2.0 * temperature[i]
    if fair:
        flows(stage, source, conduction, radiation, emission, k2)
        for i in range(n):
            k2[i] -= 2.0 * capacity[i] * k1[i]
        solve(matrix, k2)
        for i in range(n):
            stage[i] = temperature[i] + seconds * (1.5 * k1[i] + 0.5 * k2[i])
            fair = fair and stage[i] > 0.25 * temperature[i]
    if not fair:
        factorise(temperature, capacity, seconds, conduction, radiation, emission, matrix)
        flows(temperature, source, conduction, radiation, emission, k1)
        solve(matrix, k1)
        for i in range(n):
            stage[i] = temperature[i] + seconds * k1[i]
    for i in range(n):
        temperature[i] = stage[i]


def emission_w_k4(faces: Floats, n_nodes: int) -> Floats:
    """Σ ε A σ of each node, (n_nodes,), from a face table."""
    out = np.zeros(n_nodes)
    np.add.at(out, faces[:, NODE].astype(int), STEFAN_BOLTZMANN_W_M2_K4 * faces[:, EPSILON] * faces[:, AREA])
    return out


def radiation_to(network: ThermalNetwork, faces: Floats) -> tuple[Floats, Floats]:
    """(σ × exchange area between nodes (n, n), σ × εA to space (n,)) of a network whose whole face table is `faces`,
    its own faces last.

    Faces with sights and the outsides of the nodes that they see make an enclosure of grey surfaces open to space
    (`view_factor.exchange`); a node's outside is one surface of its whole area and mean emissivity. What a face sees
    of the Earth is not made less: where something stands before the Earth, its infrared is counted too high.
    """
    n = len(network.nodes)
    radiation, emission = network.radiation_w_k4(), emission_w_k4(faces, n)
    if not network.sights:
        return radiation, emission
    first = len(faces) - len(network.faces)
    own = sorted({first + sight.face for sight in network.sights})
    surfaces = [[row] for row in own]
    place: dict[int, int] = {}
    for node in dict.fromkeys(network.index(sight.node) for sight in network.sights):
        rows = [row for row in range(len(faces)) if int(faces[row, NODE]) == node and row not in own]
        seeing = [own.index(row) for row in own if int(faces[row, NODE]) == node]
        if not rows and not seeing:
            raise DataError(f"thermal network: node {network.names[node]}", "seen, but no outside", "give it a face")
        place[node] = seeing[0] if seeing else len(surfaces)
        if not seeing:
            surfaces.append(rows)
    area = np.array([faces[rows, AREA].sum() for rows in surfaces])
    grey = np.array([(faces[rows, AREA] * faces[rows, EPSILON]).sum() for rows in surfaces])
    view = np.zeros((len(surfaces), len(surfaces)))
    for sight in network.sights:
        view[own.index(first + sight.face), place[network.index(sight.node)]] += sight.view_factor
    pairs, open_m2 = exchange(area, grey / area, view)
    nodes = [int(faces[rows[0], NODE]) for rows in surfaces]
    for a, i in enumerate(nodes):
        emission[i] += STEFAN_BOLTZMANN_W_M2_K4 * (open_m2[a] - grey[a])
        for b, j in enumerate(nodes):
            if i != j:
                radiation[i, j] += STEFAN_BOLTZMANN_W_M2_K4 * pairs[a, b]
    return radiation, emission


def face_table(rows: Sequence[tuple[float, ...]]) -> Floats:
    """The face table (n_faces, 11)."""
    return np.array(rows, dtype=np.float64).reshape(-1, INDEX + 1)


def absorbed_w(network: ThermalNetwork, environment: Environment) -> Floats:
    """What each node absorbs from Sun and Earth, (n_nodes,)."""
    out = np.zeros(len(network.nodes))
    absorb(
        face_table(network.face_rows()),
        *unit(environment.sun_body, "environment: sun_body"),
        environment.irradiance_w_m2,
        environment.illumination,
        environment.radius_m,
        environment.albedo,
        environment.earth_infrared_w_m2,
        out,
    )
    return out


def steady_state(
    network: ThermalNetwork, heat_w: Mapping[str, float], environment: Environment | None = None
) -> dict[str, float]:
    """The temperatures (K) at which every node loses what it gets, for internal heat by node and an environment.

    Without an environment there is only cold space. `DataError` where a node has no way to lose heat.
    """
    source = np.zeros(len(network.nodes))
    for name, watts in heat_w.items():
        source[network.index(name)] += watts
    if environment is not None:
        source += absorbed_w(network, environment)
    radiation, emission = radiation_to(network, face_table(network.face_rows()))
    source += emission * _SPACE_K**4
    conduction = network.conduction_w_k()
    _reach_space(network, conduction + radiation, emission)
    temperature = _newton(source, conduction, radiation, emission)
    return dict(zip(network.names, temperature.tolist(), strict=True))


def _reach_space(network: ThermalNetwork, joined: Floats, emission: Floats) -> None:
    reached = emission > 0.0
    for _ in network.nodes:
        reached |= (joined[:, reached] > 0.0).any(axis=1)
    if not reached.all():
        name = network.names[int(np.argmin(reached))]
        raise DataError(f"thermal network: node {name}", "no path to space", "give it a face, or couple it to one")


def _newton(source: Floats, conduction: Floats, radiation: Floats, emission: Floats) -> Floats:
    """Newton in T from a warm start, steps held to half a temperature; the Jacobian is an M-matrix, so it converges."""
    n = len(source)
    temperature = np.full(n, 300.0)
    matrix, out = np.empty((n, n)), np.empty(n)
    for _ in range(500):
        flows_of(temperature, source, conduction, radiation, emission, out)
        factor_of(temperature, np.zeros(n), conduction, radiation, emission, matrix, out)
        step = np.clip(out, -0.5 * temperature, temperature)
        temperature += step
        if np.max(np.abs(step) / temperature) < 1e-13:
            break
    return temperature


@njit(cache=True)
def flows_of(temperature, source, conduction, radiation, emission, out):  # type: ignore[no-untyped-def]
    """`flows`, callable from Python."""
    flows(temperature, source, conduction, radiation, emission, out)


@njit(cache=True)
def factor_of(temperature, capacity, conduction, radiation, emission, matrix, right):  # type: ignore[no-untyped-def]
    """Solve (C − J) x = right in place: one Newton step."""
    factorise(temperature, capacity, 1.0, conduction, radiation, emission, matrix)
    solve(matrix, right)
