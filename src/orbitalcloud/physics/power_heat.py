"""Power and heat together: the panels' output depends on their temperature, and every watt ends as heat somewhere.

`EnergyHeat` integrates a fleet over a `Geometry`. Each satellite has its own clock: `advance` moves one to an instant
under constant loads, `advance_all` moves all. A call divides [now, until] at the points of the geometry's grid
(10 s), so no step is longer than that; the same calls give the same bits. In each step:

1. sunlight at the step's middle on every panel, by its mount, its temperature and its age: the power offered;
2. the bus serves the loads, charges the battery or draws on it, within its limits (`battery.bus_step`);
3. what the panels absorbed less what they delivered, what faces absorb from Sun and Earth, what loads dissipate and
   what the battery loses becomes heat at its node; temperatures move by one stable step (`heat.heat_step`).

Energy: generated = load + stored + losses + curtailed, asked = load + unserved, each to rounding. When the battery
is empty the loads get what there is, all in the same proportion, and the rest is counted as unserved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import Instant, iso
from orbitalcloud.physics.array import SolarArray, unit
from orbitalcloud.physics.battery import Battery
from orbitalcloud.physics.constants import EARTH_ALBEDO, EARTH_INFRARED_W_M2
from orbitalcloud.physics.geometry import Geometry
from orbitalcloud.physics.heat import (
    BODY,
    INDEX,
    ONE_AXIS,
    ONE_AXIS_BACK,
    TRACKING,
    TRACKING_BACK,
    ThermalNetwork,
    face_table,
    radiation_to,
)
from orbitalcloud.physics.power_kernel import (
    CHARGE,
    COLUMNS,
    CURTAILED,
    EMPTY,
    ENERGY,
    FULL,
    GENERATED,
    ILLUMINATION,
    LOAD,
    LOSSES,
    OFFERED,
    RADIATED,
    SHORT,
    UNSERVED,
    advance_fleet,
    advance_one,
)
from orbitalcloud.physics.thermal_control import DRAWN, STATE, WIDTH, Control, VariableSurface, control_table

__all__ = ["EMPTY", "FULL", "SHORT", "EnergyHeat", "Reading", "SatelliteDesign"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SatelliteDesign:
    """One satellite's power and heat: array, battery, network, and which nodes the first two warm."""

    array: SolarArray
    battery: Battery
    thermal: ThermalNetwork
    array_node: str = "array"
    battery_node: str = "body"
    initial_state_of_charge: float = 1.0
    initial_temperature_k: float = 293.15
    albedo: float = EARTH_ALBEDO
    earth_infrared_w_m2: float = EARTH_INFRARED_W_M2
    controls: tuple[Control, ...] = ()

    def __post_init__(self) -> None:
        self.thermal.index(self.array_node)
        self.thermal.index(self.battery_node)
        self._check_controls()
        if not 0.0 <= self.initial_state_of_charge <= 1.0:
            raise DataError("battery: initial state of charge", self.initial_state_of_charge, "choose 0 to 1")
        if not 10.0 <= self.initial_temperature_k <= 1000.0:
            raise DataError("initial temperature", self.initial_temperature_k, "choose 10 to 1000 K")

    def _check_controls(self) -> None:
        control_table(self.controls, self.thermal.index)
        varied: list[str] = []
        for control in self.controls:
            if isinstance(control, VariableSurface):
                own = [face for face in self.thermal.faces if face.node == control.node]
                sees = {self.thermal.faces[sight.face].node for sight in self.thermal.sights}
                seen = {sight.node for sight in self.thermal.sights}
                where = f"variable surface of {control.node}"
                if not own or control.node == self.array_node:
                    raise DataError(where, "no faces of its own", "choose a node with faces, not the array's")
                if control.node in sees | seen or control.node in varied:
                    raise DataError(where, "faces that see others, or vary twice", "vary faces that see space only")
                varied.append(control.node)

    def faces(self) -> Floats:
        """The face table (n_faces, 11): the panels, then the body's faces."""
        node = float(self.thermal.index(self.array_node))
        rows: list[tuple[float, ...]] = []
        for panel in self.array.panels:
            front, back = {
                "sun-tracking": (TRACKING, TRACKING_BACK),
                "one-axis": (ONE_AXIS, ONE_AXIS_BACK),
                "body-fixed": (BODY, BODY),
            }[panel.mount]
            n = unit(panel.direction, "solar panel: direction")
            cell = (self.array.cell_area_m2(panel), self.array.temperature_coefficient_per_k, self.array.cover_index)
            rows.append((node, panel.area_m2, panel.absorptivity, panel.emissivity, front, *n, *cell))
            if panel.deployed:
                m = (-n[0], -n[1], -n[2]) if panel.mount == "body-fixed" else n
                optics = (panel.back_absorptivity, panel.back_emissivity)
                rows.append((node, panel.area_m2, *optics, back, *m, 0.0, 0.0, 1.0))
        return face_table(rows + self.thermal.face_rows())


@dataclass(frozen=True, slots=True)
class Tables:
    """The distinct designs of a fleet as arrays for the kernel, padded to the largest."""

    faces: Floats
    """(n_designs, n_faces, 11)"""
    n_faces: NDArray[np.int64]
    coupling: Floats
    """(n_designs, 2, n_nodes, n_nodes): conduction W/K, radiation W/K⁴"""
    nodes: Floats
    """(n_designs, 2, n_nodes): capacity J/K, emission W/K⁴"""
    bus: Floats
    """(n_designs, 11): `Battery.row`, array node, battery node, albedo, Earth infrared, number of nodes"""
    controls: Floats
    """(n_designs, n_controls, 10): `thermal_control`'s table"""
    n_controls: NDArray[np.int64]


def _tables(designs: Sequence[SatelliteDesign]) -> Tables:
    n_nodes = max(len(design.thermal.nodes) for design in designs)
    faces = [design.faces() for design in designs]
    padded = np.zeros((len(designs), max(1, *(len(f) for f in faces)), INDEX + 1))
    coupling, nodes = np.zeros((len(designs), 2, n_nodes, n_nodes)), np.ones((len(designs), 2, n_nodes))
    bus = np.zeros((len(designs), 11))
    n_controls = np.array([len(design.controls) for design in designs], dtype=np.int64)
    controls = np.zeros((len(designs), int(n_controls.max()), WIDTH))
    for d, design in enumerate(designs):
        n = len(design.thermal.nodes)
        padded[d, : len(faces[d])] = faces[d]
        coupling[d, 0, :n, :n] = design.thermal.conduction_w_k()
        coupling[d, 1, :n, :n], nodes[d, 1, :n] = radiation_to(design.thermal, faces[d])
        nodes[d, 0, :n] = design.thermal.capacities_j_k()
        controls[d, : len(design.controls)] = control_table(design.controls, design.thermal.index)
        bus[d] = (
            *design.battery.row(),
            design.thermal.index(design.array_node),
            design.thermal.index(design.battery_node),
            design.albedo,
            design.earth_infrared_w_m2,
            n,
        )
    n_faces = np.array([len(f) for f in faces], dtype=np.int64)
    return Tables(padded, n_faces, coupling, nodes, bus, controls, n_controls)


@dataclass(frozen=True, slots=True)
class Reading:
    """A satellite's meters at `at`: totals in joules since the start, `*_w` of the last step."""

    at: Instant
    energy_j: float
    state_of_charge: float
    temperature_k: dict[str, float]
    illumination: float
    offered_w: float
    charge_w: float
    generated_j: float
    load_j: float
    losses_j: float
    curtailed_j: float
    unserved_j: float
    radiated_j: float


@dataclass(eq=False)
class EnergyHeat:
    """The state of a fleet's batteries and temperatures, and the way forward. Plain arrays: it pickles.

    `designs[i]` is satellite i's; equal designs share their tables. `geometry` may be replaced by a later one whose
    span holds every satellite's clock (`use`), so that long missions need no more than a day of it at a time.
    """

    designs: Sequence[SatelliteDesign]
    geometry: Geometry
    state: Floats = field(default_factory=lambda: np.empty((0, 0)))
    """(n_satellites, 10 + n_nodes + 4 n_controls): meters, temperatures, states of the thermal controls"""
    now_ns: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """(n_satellites,)"""

    def __post_init__(self) -> None:
        count = len(self.designs)
        assert 0 < count == self.geometry.light.shape[0], "one design a satellite of the geometry"
        kinds = list(dict.fromkeys(self.designs))
        place = {design: index for index, design in enumerate(kinds)}
        self._which = np.array([place[design] for design in self.designs], dtype=np.int64)
        self._tables = _tables(kinds)
        n_nodes = self._tables.nodes.shape[2]
        width = COLUMNS + n_nodes + STATE * self._tables.controls.shape[1]
        if not self.state.size:
            self.state = np.zeros((count, width))
            for i, design in enumerate(self.designs):
                self.state[i, ENERGY] = design.battery.capacity_j * design.initial_state_of_charge
                self.state[i, COLUMNS : COLUMNS + n_nodes] = design.initial_temperature_k
            self.now_ns = np.full(count, self.geometry.start, dtype=np.int64)
        assert self.state.shape == (count, width), "a state of this fleet"
        self._capacity_j = np.array([design.battery.capacity_j for design in self.designs])
        self._zero = np.zeros(count)
        self._bind()

    def _bind(self) -> None:
        """The kernel's fixed arguments, gathered once: a call of `advance` should cost microseconds."""
        g, t = self.geometry, self._tables
        assert g.start <= int(self.now_ns.min()), "the geometry begins after a satellite's clock"
        self._row = (int(t.nodes.shape[2]),)
        self._start, self._end = int(g.start), int(g.end)
        grid = (self._start, g.step_ns, g.irradiance_w_m2)
        tables = (self._which, t.faces, t.n_faces, t.coupling, t.nodes, t.bus, t.controls, t.n_controls, g.earth)
        self._fixed = (grid, g.light, tables, self.state, self.now_ns)

    def use(self, geometry: Geometry) -> None:
        """Go on over another geometry of the same fleet, one that begins no later than any satellite's clock."""
        assert geometry.light.shape[0] == len(self.designs), "a geometry of this fleet"
        self.geometry = geometry
        self._bind()

    def start_at(self, at: Instant) -> None:
        """Set every clock to `at` before the first step, without integrating."""
        assert self._start <= at <= self._end, "a start within the geometry"
        self.now_ns[:] = at

    @property
    def n_nodes(self) -> int:
        """The columns of loads and temperatures: nodes of the largest design."""
        return int(self._tables.nodes.shape[2])

    def advance(self, sat: int, until: Instant, load_w: Floats, radio_w: float = 0.0) -> int:
        """Move satellite `sat` to `until` under constant `load_w` (n_nodes,), dissipated at its nodes, and `radio_w`,
        drawn from the bus and sent away. Returns FULL | EMPTY | SHORT. An `until` in its past changes nothing."""
        assert until <= self._end, f"the geometry ends at {iso(Instant(self._end))}"
        load = np.ascontiguousarray(load_w, dtype=np.float64)
        assert load.shape == self._row, "one load a node"
        assert 0 <= sat < len(self.designs), "a satellite of this fleet"
        return int(advance_one(sat, until, *self._fixed, load, float(radio_w)))

    def advance_all(self, until: Instant, loads_w: Floats, radio_w: Floats | None = None) -> NDArray[np.int64]:
        """Move every satellite to `until` under `loads_w` (n_satellites, n_nodes); returns flags (n_satellites,)."""
        assert until <= self._end, f"the geometry ends at {iso(Instant(self._end))}"
        flags = np.zeros(len(self.designs), dtype=np.int64)
        loads = np.ascontiguousarray(loads_w, dtype=np.float64)
        radio = self._zero if radio_w is None else np.ascontiguousarray(radio_w, dtype=np.float64)
        assert loads.shape == (len(flags), *self._row), "one load a satellite and node"
        assert radio.shape == flags.shape, "one radio a satellite"
        advance_fleet(until, *self._fixed, loads, radio, flags)
        return flags

    def forecast(
        self, sat: int, times_ns: Sequence[int], load_w: Floats, radio_w: float = 0.0
    ) -> tuple[Floats, Floats]:
        """(energy (n_times,) J, temperatures (n_times, n_nodes) K) at future instants under constant loads.

        The satellite itself is not moved.
        """
        kept, clock = self.state[sat].copy(), int(self.now_ns[sat])
        energy, temperature = np.empty(len(times_ns)), np.empty((len(times_ns), self.n_nodes))
        try:
            for row, at in enumerate(times_ns):
                self.advance(sat, Instant(int(at)), load_w, radio_w)
                energy[row], temperature[row] = self.state[sat, ENERGY], self.temperature_k[sat]
        finally:
            self.state[sat], self.now_ns[sat] = kept, clock
        return energy, temperature

    @property
    def energy_j(self) -> Floats:
        """(n_satellites,), a view"""
        return self.state[:, ENERGY]

    @property
    def temperature_k(self) -> Floats:
        """(n_satellites, n_nodes), a view; columns past a design's own nodes mean nothing"""
        return self.state[:, COLUMNS : COLUMNS + self.n_nodes]

    def controls(self, sat: int) -> Floats:
        """The thermal controls of one satellite in its design's order: whether on, setting 0–1, electric joules
        drawn, joules of heat moved since the start, (n_controls, 4)."""
        rows = self.state[sat, COLUMNS + self.n_nodes :].reshape(-1, STATE)
        return np.asarray(rows[: len(self.designs[sat].controls)])

    @property
    def control_j(self) -> Floats:
        """Electric energy that the thermal controls drew, (n_satellites,); it is part of `load_j`."""
        rows = self.state[:, COLUMNS + self.n_nodes :]
        return np.asarray(rows[:, DRAWN::STATE].sum(axis=1))

    @property
    def state_of_charge(self) -> Floats:
        """(n_satellites,), 0–1"""
        return np.asarray(self.state[:, ENERGY] / self._capacity_j)

    @property
    def generated_j(self) -> Floats:
        """Electric energy that the panels offered, (n_satellites,), a view; so are the next four."""
        return self.state[:, GENERATED]

    @property
    def load_j(self) -> Floats:
        """Served to loads and radio."""
        return self.state[:, LOAD]

    @property
    def losses_j(self) -> Floats:
        """Lost in charging and discharging: heat at the battery's node."""
        return self.state[:, LOSSES]

    @property
    def curtailed_j(self) -> Floats:
        """Offered but not taken: it stayed in the panels as heat."""
        return self.state[:, CURTAILED]

    @property
    def unserved_j(self) -> Floats:
        """Asked but not served."""
        return self.state[:, UNSERVED]

    def reading(self, sat: int) -> Reading:
        """The meters of one satellite."""
        row = self.state[sat]
        names = self.designs[sat].thermal.names
        temperatures = row[COLUMNS : COLUMNS + len(names)].tolist()
        return Reading(
            at=Instant(int(self.now_ns[sat])),
            energy_j=float(row[ENERGY]),
            state_of_charge=float(row[ENERGY] / self._capacity_j[sat]),
            temperature_k=dict(zip(names, temperatures, strict=True)),
            illumination=float(row[ILLUMINATION]),
            offered_w=float(row[OFFERED]),
            charge_w=float(row[CHARGE]),
            generated_j=float(row[GENERATED]),
            load_j=float(row[LOAD]),
            losses_j=float(row[LOSSES]),
            curtailed_j=float(row[CURTAILED]),
            unserved_j=float(row[UNSERVED]),
            radiated_j=float(row[RADIATED]),
        )

    def __getstate__(self) -> tuple[object, ...]:
        return tuple(self.designs), self.geometry, self.state, self.now_ns

    def __setstate__(self, kept: tuple[object, ...]) -> None:
        self.designs, self.geometry, self.state, self.now_ns = kept  # type: ignore[assignment]
        self.__post_init__()
