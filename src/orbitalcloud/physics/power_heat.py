"""Power and heat together: the panels' output depends on their temperature, and every watt ends as heat somewhere.

`EnergyHeat` integrates a fleet over a `Geometry`. Each satellite has its own clock: `advance` moves one to an instant
under constant loads, `advance_all` moves all. A call divides [now, until] at the points of the geometry's grid
(10 s), so no step is longer than that; the same calls give the same bits. In each step:

1. sunlight at the step's middle on every panel, by its mount, its temperature and its age: the power offered;
2. the bus sheds classes of loads by the charge, serves the rest, charges the battery or draws on it, within its limits
   (`battery.bus_step`);
3. what the panels absorbed less what they delivered, what faces absorb from Sun and Earth, what loads dissipate and
   what the battery loses becomes heat at its node; temperatures move by one stable step (`heat.heat_step`).

Energy: generated = load + stored + losses + curtailed, asked = load + unserved + shed, each to rounding
(`power_account` checks it). Loads have classes: below its charge a class is shed until the charge has recovered; when
the bus cannot give what is asked, the most needed class is served first and the rest is counted as unserved. Where a
restart charge is set, a platform that is not fully served is a brown-out: all is off until the battery has that
charge again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import Instant, iso
from orbitalcloud.physics.array import SolarArray, Vector, unit
from orbitalcloud.physics.battery import POINTS, Battery
from orbitalcloud.physics.battery_ageing import COLDEST_K, HOTTEST_K, Duty, worn
from orbitalcloud.physics.battery_cells import IDEAL
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
    AMPERES,
    BUS,
    CHARGE,
    CLASSES,
    COLUMNS,
    CURTAILED,
    DUTY_S,
    EMPTY,
    ENERGY,
    FULL,
    GENERATED,
    HELD,
    HIGHEST,
    ILLUMINATION,
    LEVEL,
    LOAD,
    LOSSES,
    LOWEST,
    OFFERED,
    PLATFORM,
    RADIATED,
    SHED,
    SHORT,
    STARTED,
    THROUGH,
    UNSERVED,
    VOLTS,
    WARMTH,
    advance_fleet,
    advance_one,
)
from orbitalcloud.physics.self_shadow import SIDE, table
from orbitalcloud.physics.thermal_control import DRAWN, STATE, WIDTH, Control, VariableSurface, control_table

__all__ = ["EMPTY", "FULL", "SHORT", "EnergyHeat", "Reading", "SatelliteDesign", "Shedding"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shedding:
    """States of charge (0–1) below which the bus switches a class of loads off, and how far above it goes on again.

    After a brown-out nothing is switched on below `restart`, nor before the charge has risen by `restore_by`; a
    restart of 0 knows no brown-out: what there is goes to the loads.
    """

    heating: float = 0.0
    radio: float = 0.0
    payload: float = 0.0
    restore_by: float = 0.02
    restart: float = 0.0

    def __post_init__(self) -> None:
        for name in ("heating", "radio", "payload", "restore_by", "restart"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise DataError(f"shedding: {name}", getattr(self, name), "choose 0 to less than 1")
        if not self.heating <= self.radio <= self.payload:
            order = f"heating {self.heating:g}, radio {self.radio:g}, payload {self.payload:g}"
            raise DataError("shed", order, "shed the payload first and the heating last: heating ≤ radio ≤ payload")
        if self.payload + self.restore_by >= 1.0:
            raise DataError("shed.restore_by", self.restore_by, "leave room: payload + restore_by below 1")


@dataclass(frozen=True, slots=True)
class SatelliteDesign:
    """One satellite's power and heat: array, battery, network, and which nodes the first two warm.

    `sun_axis` is the body axis that a satellite which turns as a whole holds to the Sun (its +z as near to the Earth as
    that leaves); None: nadir-pointing.
    """

    array: SolarArray
    battery: Battery
    thermal: ThermalNetwork
    array_node: str = "array"
    battery_node: str = "body"
    initial_state_of_charge: float = 1.0
    initial_temperature_k: float = 293.15
    albedo: float = EARTH_ALBEDO
    earth_infrared_w_m2: float = EARTH_INFRARED_W_M2
    shedding: Shedding = field(default_factory=Shedding)
    sun_axis: Vector | None = None
    controls: tuple[Control, ...] = ()

    def __post_init__(self) -> None:
        if self.sun_axis is not None:
            unit(self.sun_axis, "satellite: sun_axis")
        self.thermal.index(self.array_node)
        self.thermal.index(self.battery_node)
        self._check_controls()
        if not 0.0 <= self.initial_state_of_charge <= 1.0:
            raise DataError("battery: initial state of charge", self.initial_state_of_charge, "choose 0 to 1")
        if not 10.0 <= self.initial_temperature_k <= 1000.0:
            raise DataError("initial temperature", self.initial_temperature_k, "choose 10 to 1000 K")

    def _check_controls(self) -> None:
        control_table(self.controls, self.thermal)
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

    def panel_of(self) -> list[int]:
        """The panel that each of the first rows of `faces` is the front of; −1 for a back."""
        found: list[int] = []
        for index, panel in enumerate(self.array.panels):
            found += [index, -1] if panel.deployed else [index]
        return found

    def sun_in_body(self, sun_nadir: Vector) -> Vector:
        """The Sun's direction in this satellite's axes, of its direction in nadir-pointing ones."""
        return sun_nadir if self.sun_axis is None else unit(self.sun_axis, "satellite: sun_axis")

    def bus_row(self) -> tuple[float, ...]:
        """(BUS,): the battery's row, then the columns ARRAY_NODE … IV of `power_kernel`."""
        rules = self.shedding
        direct = float(self.array.cells) if self.array.tracker == "direct" else 0.0
        return (
            *self.battery.row(),
            self.thermal.index(self.array_node),
            self.thermal.index(self.battery_node),
            self.albedo,
            self.earth_infrared_w_m2,
            len(self.thermal.nodes),
            rules.heating,
            rules.radio,
            rules.payload,
            rules.restore_by,
            rules.restart,
            *(unit(self.sun_axis, "satellite: sun_axis") if self.sun_axis is not None else (0.0, 0.0, 0.0)),
            direct,
            *self.array.cell.row(),
        )


@dataclass(frozen=True, slots=True)
class Tables:
    """The distinct designs of a fleet as arrays for the kernel, padded to the largest."""

    faces: Floats
    """(n_designs, n_faces, 11)"""
    n_faces: NDArray[np.int64]
    panel_of: NDArray[np.int64]
    """(n_designs, n_faces): the panel whose cells a face carries, or −1"""
    shade: NDArray[np.float32]
    """(n_shadows, n_panels, 2, SIDE, SIDE), `self_shadow.table`; no panels where no design casts a shadow"""
    shadow_of: NDArray[np.int64]
    """(n_designs,): which of them, as designs that differ in their batteries' wear cast the same"""
    coupling: Floats
    """(n_designs, 2, n_nodes, n_nodes): conduction W/K, radiation W/K⁴"""
    nodes: Floats
    """(n_designs, 2, n_nodes): capacity J/K, emission W/K⁴"""
    bus: Floats
    """(n_designs, BUS): `SatelliteDesign.bus_row`"""
    store: Floats
    """(n_designs, 2, POINTS): `Battery.tables`"""
    controls: Floats
    """(n_designs, n_controls, 10): `thermal_control`'s table"""
    n_controls: NDArray[np.int64]


def _tables(designs: Sequence[SatelliteDesign]) -> Tables:
    count = len(designs)
    n_nodes = max(len(design.thermal.nodes) for design in designs)
    faces = [design.faces() for design in designs]
    casters = list(dict.fromkeys(replace(design.array, packing=1.0) for design in designs))
    shadows = [table(array) for array in casters]
    shadow_of = np.array([casters.index(replace(design.array, packing=1.0)) for design in designs], dtype=np.int64)
    padded = np.zeros((count, max(1, *(len(f) for f in faces)), INDEX + 1))
    panel_of = np.full(padded.shape[:2], -1, dtype=np.int64)
    shade = np.ones((len(shadows), max(len(one) for one in shadows), 2, SIDE, SIDE), dtype=np.float32)
    for one, seen in zip(shade, shadows, strict=True):
        one[: len(seen)] = seen if len(seen) else 1.0
    coupling, nodes = np.zeros((count, 2, n_nodes, n_nodes)), np.ones((count, 2, n_nodes))
    bus, store = np.zeros((count, BUS)), np.zeros((count, 2, POINTS))
    n_controls = np.array([len(design.controls) for design in designs], dtype=np.int64)
    controls = np.zeros((count, int(n_controls.max()), WIDTH))
    for d, design in enumerate(designs):
        n = len(design.thermal.nodes)
        padded[d, : len(faces[d])] = faces[d]
        held = design.panel_of()
        panel_of[d, : len(held)] = held
        coupling[d, 0, :n, :n] = design.thermal.conduction_w_k()
        coupling[d, 1, :n, :n], nodes[d, 1, :n] = radiation_to(design.thermal, faces[d])
        nodes[d, 0, :n] = design.thermal.capacities_j_k()
        controls[d, : len(design.controls)] = control_table(design.controls, design.thermal)
        bus[d], store[d] = design.bus_row(), design.battery.tables()
    n_faces = np.array([len(f) for f in faces], dtype=np.int64)
    return Tables(padded, n_faces, panel_of, shade, shadow_of, coupling, nodes, bus, store, controls, n_controls)


@dataclass(frozen=True, slots=True)
class Reading:
    """A satellite's meters at `at`: totals in joules since the start, `*_w` and the battery's of the last step.

    `powered` is how many classes of loads have power (4: all), `battery_a` positive while it charges."""

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
    shed_j: float
    powered: int
    battery_v: float
    battery_a: float


@dataclass(eq=False)
class EnergyHeat:
    """The state of a fleet's batteries and temperatures, and the way forward. Plain arrays: it pickles.

    `designs[i]` is satellite i's; equal designs share their tables. `geometry` may be replaced by a later one whose
    span holds every satellite's clock (`use`), so that long missions need no more than a day of it at a time.
    """

    designs: Sequence[SatelliteDesign]
    geometry: Geometry
    state: Floats = field(default_factory=lambda: np.empty((0, 0)))
    """(n_satellites, COLUMNS + n_nodes + 4 n_controls): meters, temperatures, states of the thermal controls"""
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
                self.state[i, ENERGY] = design.battery.usable_j * design.initial_state_of_charge
                self.state[i, STARTED] = self.state[i, ENERGY]
                self.state[i, LEVEL] = CLASSES
                self.state[i, VOLTS] = design.battery.voltage(
                    design.initial_state_of_charge, 0.0, design.initial_temperature_k
                )
                self.state[i, LOWEST] = self.state[i, HIGHEST] = design.initial_state_of_charge
                self.state[i, COLUMNS : COLUMNS + n_nodes] = design.initial_temperature_k
            self.now_ns = np.full(count, self.geometry.start, dtype=np.int64)
        assert self.state.shape == (count, width), "a state of this fleet"
        self._capacity_j = np.array([design.battery.usable_j for design in self.designs])
        self._zero = np.zeros(count)
        self._bind()

    def _bind(self) -> None:
        """The kernel's fixed arguments, gathered once: a call of `advance` should cost microseconds."""
        g, t = self.geometry, self._tables
        assert g.start <= int(self.now_ns.min()), "the geometry begins after a satellite's clock"
        self._row = (int(t.nodes.shape[2]),)
        self._start, self._end = int(g.start), int(g.end)
        grid = (self._start, g.step_ns, g.irradiance_w_m2)
        panels = (t.faces, t.n_faces, t.panel_of, t.shade, t.shadow_of)
        tables = (self._which, *panels, t.coupling, t.nodes, t.bus, t.store, t.controls, t.n_controls, g.earth)
        self._fixed = (grid, g.light, tables, self.state, self.now_ns)

    def duty(self, sat: int) -> Duty | None:
        """How a satellite's battery was used since its wear was last counted; None where it was not, or knows no
        wear.
        """
        row, battery = self.state[sat], self.designs[sat].battery
        seconds = float(row[DUTY_S])
        if seconds <= 0.0 or battery.cell is IDEAL:
            return None
        volts = battery.voltage(float(row[HELD]) / seconds, 0.0, 298.15) / battery.series
        kelvin = min(max(float(row[WARMTH]) / seconds, COLDEST_K), HOTTEST_K)
        depth = min(1.0, max(0.0, float(row[HIGHEST] - row[LOWEST])))
        return Duty(seconds / 86_400.0, kelvin, volts, float(row[THROUGH]), depth)

    def aged(self) -> EnergyHeat:
        """The same fleet with its batteries' wear counted up to now, and their duty begun anew: once a day is enough.

        The depth of the cycles is the span of the charge since the last count, so counts lie some orbits apart.
        """
        designs = list(self.designs)
        for sat, design in enumerate(designs):
            if (duty := self.duty(sat)) is not None:
                designs[sat] = replace(design, battery=replace(design.battery, wear=worn(design.battery.wear, duty)))
                share = self.state[sat, ENERGY] / designs[sat].battery.usable_j
                self.state[sat, DUTY_S : THROUGH + 1] = 0.0
                self.state[sat, LOWEST] = self.state[sat, HIGHEST] = share
        return EnergyHeat(designs, self.geometry, self.state, self.now_ns)

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

    @property
    def light_ends(self) -> int:
        """Until when the geometry's light lasts."""
        return self._end

    def advance(self, sat: int, until: Instant, load_w: Floats, radio_w: float = 0.0) -> int:
        """Move satellite `sat` to `until` under constant loads (CLASSES, n_nodes), dissipated at their nodes, or
        (n_nodes,), all of the platform's class, and `radio_w`, drawn from the bus and sent away.

        Returns FULL | EMPTY | SHORT. An `until` in its past changes nothing."""
        assert until <= self._end, f"the geometry ends at {iso(Instant(self._end))}"
        load = _by_class(load_w, 1)
        assert load.shape == (CLASSES, *self._row), "one load a node"
        assert 0 <= sat < len(self.designs), "a satellite of this fleet"
        return int(advance_one(sat, until, *self._fixed, load, float(radio_w)))

    def advance_all(self, until: Instant, loads_w: Floats, radio_w: Floats | None = None) -> NDArray[np.int64]:
        """Move every satellite to `until` under `loads_w` (n_satellites, CLASSES, n_nodes), or (n_satellites, n_nodes),
        all of the platform's class; returns flags (n_satellites,)."""
        assert until <= self._end, f"the geometry ends at {iso(Instant(self._end))}"
        flags = np.empty(self.now_ns.shape[0], dtype=np.int64)
        loads = _by_class(loads_w, 2)
        assert loads.shape == (len(flags), CLASSES, *self._row), "one load a satellite, class and node"
        radio = self._zero
        if radio_w is not None:
            radio = np.ascontiguousarray(radio_w, dtype=np.float64)
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

    @property
    def shed_j(self) -> Floats:
        """Asked by classes that were switched off."""
        return self.state[:, SHED]

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
            shed_j=float(row[SHED]),
            powered=int(row[LEVEL]),
            battery_v=float(row[VOLTS]),
            battery_a=float(row[AMPERES]),
        )

    def __getstate__(self) -> tuple[object, ...]:
        return tuple(self.designs), self.geometry, self.state, self.now_ns

    def __setstate__(self, kept: tuple[object, ...]) -> None:
        self.designs, self.geometry, self.state, self.now_ns = kept  # type: ignore[assignment]
        self.__post_init__()


def _by_class(loads_w: Floats, plain: int) -> Floats:
    """Loads (…, CLASSES, n_nodes); those of `plain` dimensions name no class and are all the platform's."""
    if loads_w.ndim > plain and loads_w.dtype == np.float64 and loads_w.flags.c_contiguous:
        return loads_w  # as the World's are: a flight asks often
    loads = np.ascontiguousarray(loads_w, dtype=np.float64)
    if loads.ndim > plain:
        return loads
    whole = np.zeros((*loads.shape[:-1], CLASSES, loads.shape[-1]))
    whole[..., PLATFORM, :] = loads
    return whole
