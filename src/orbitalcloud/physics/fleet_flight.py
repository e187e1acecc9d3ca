"""The three ways in which `fleet` flies: circular designs and given light through the kernel, the rest exactly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import SECOND, Instant
from orbitalcloud.physics import fleet_kernel as kernel
from orbitalcloud.physics import fleet_light as sky
from orbitalcloud.physics.constants import EARTH_RADIUS_M
from orbitalcloud.physics.design import Design, secular_rates
from orbitalcloud.physics.fleet_light import CHUNK, LANES, LIGHT_SIZE, ROW
from orbitalcloud.physics.fleet_scope import simpler, unmodelled
from orbitalcloud.physics.fleet_tables import MOST_PARTS, Tables, block, reset, tables_of
from orbitalcloud.physics.geometry import LIT, RADIUS, SUN_X, SUN_Z, Geometry, earth_on_grid, light_on_grid
from orbitalcloud.physics.orbit import Orbits, Source, mean_design
from orbitalcloud.physics.power_heat import EnergyHeat, SatelliteDesign
from orbitalcloud.physics.sun import irradiance_w_m2, sun_teme_m

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

_MOST_RANGE = 0.04
"""Greatest over least radius, less one, between whose ends view factors are straight lines: within 0.1 W/m²."""
_MOST_STEPS = CHUNK * 8192
_MOST_LIT_STEPS = 8640
_MOST_TRACE = 400_000_000
_SHORT_PERIOD_M = 15e3  # the terms of J2 that mean elements of SGP4 leave out, and margin


@dataclass(frozen=True, slots=True)
class Span:
    """The steps of a flight: `settle` of them uncounted, then `steps`; a row of the traces each `every`, 0 for none."""

    start: Instant
    step_ns: int
    settle: int
    steps: int
    every: int

    @property
    def step_s(self) -> float:
        return self.step_ns / SECOND

    @property
    def counted(self) -> Instant:
        """When counting begins."""
        return self.at(self.settle)

    @property
    def end(self) -> Instant:
        return self.at(self.settle + self.steps)

    def at(self, step: int) -> Instant:
        """When a step begins."""
        return Instant(self.start + step * self.step_ns)

    def parts(self, most: int) -> list[tuple[int, int]]:
        """(first step, steps): the span cut where counting begins, and so that no part is longer than `most`."""
        cuts = [*range(0, self.settle, most), *range(self.settle, self.settle + self.steps, most)]
        ends = [*cuts[1:], self.settle + self.steps]
        return [(first, last - first) for first, last in zip(cuts, ends, strict=True)]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Who flies: designs by satellite, orbits, loads (n, n_nodes), radio (n,), first temperatures (n, n_nodes); whether
    under an Earth by place and season, and whether simplified."""

    designs: tuple[SatelliteDesign, ...]
    orbits: Orbits
    loads_w: Floats
    radio_w: Floats
    first_k: Floats
    seasonal_earth: bool = False
    simplified: bool = False

    @property
    def capacity_j(self) -> Floats:
        """(n,)"""
        return np.array([design.battery.usable_j for design in self.designs])

    @property
    def first_j(self) -> Floats:
        """Energy in the batteries before the first step, (n,)."""
        return self.capacity_j * [design.initial_state_of_charge for design in self.designs]


_METERS = {
    "generated_j": kernel.GENERATED,
    "load_j": kernel.LOAD,
    "losses_j": kernel.LOSSES,
    "curtailed_j": kernel.CURTAILED,
    "unserved_j": kernel.UNSERVED,
    "sunlit_s": kernel.SUNLIT,
    "longest_eclipse_s": kernel.LONGEST,
    "lowest_j": kernel.LOWEST,
    "highest_j": kernel.HIGHEST,
    "final_j": kernel.ENERGY,
}
_TEMPERATURES = {"hottest_k": kernel.HOTTEST, "coldest_k": kernel.COLDEST, "final_k": kernel.TEMPERATURE}


class Tally:
    """A summary while it is filled: (n,), temperatures (n, n_nodes), traces (n, n_samples) and with nodes."""

    def __init__(self, fleet: Fleet, span: Span) -> None:
        count, n_nodes = fleet.loads_w.shape
        samples = span.steps // span.every if span.every else 0
        if count * samples * (1 + n_nodes) > _MOST_TRACE:
            raise DataError("fleet: trace_s", span.every * span.step_s, "keep less often: this is more than 1.6 GB")
        self.first_j, self.final_j, self.lowest_j, self.highest_j = (np.zeros(count) for _ in range(4))
        self.generated_j, self.load_j, self.losses_j = (np.zeros(count) for _ in range(3))
        self.curtailed_j, self.unserved_j = np.zeros(count), np.zeros(count)
        self.sunlit_s, self.longest_eclipse_s = np.zeros(count), np.zeros(count)
        self.hottest_k, self.coldest_k, self.final_k = (np.zeros((count, n_nodes)) for _ in range(3))
        self.exact = np.zeros(count, dtype=np.bool_)
        self.charge: Floats32 = np.zeros((count, samples), dtype=np.float32)
        self.temperature_k: Floats32 = np.zeros((count, samples, n_nodes), dtype=np.float32)


def padded(values: Any, n_nodes: int) -> Any:
    """Temperatures (..., k) as (..., n_nodes): columns past a design's own nodes hold its first node's."""
    extra = n_nodes - values.shape[-1]
    return np.concatenate([values, np.repeat(values[..., :1], extra, axis=-1)], axis=-1) if extra else values


def fly(fleet: Fleet, span: Span) -> Tally:
    """Fly everyone, each in its way."""
    tally = Tally(fleet, span)
    known: dict[int, Tables | None] = {}
    ways: dict[tuple[int, bool], list[int]] = {}
    exact: list[int] = []
    for index, (design, source) in enumerate(zip(fleet.designs, fleet.orbits.sources, strict=True)):
        if id(design) not in known:
            known[id(design)] = _tables(design, fleet, span.step_s)
        low_m, high_m = radius_range_m(source)
        if known[id(design)] is None or high_m > (1.0 + _MOST_RANGE) * low_m:
            exact.append(index)
        else:
            circular = isinstance(source, Design) and source.eccentricity == 0.0
            ways.setdefault((id(known[id(design)]), circular), []).append(index)
    for (_, circular), members in ways.items():
        tables = known[id(fleet.designs[members[0]])]
        assert tables is not None, "told apart above"
        for first in range(0, len(members), LANES):
            Block(fleet, span, tally, tables, members[first : first + LANES]).fly(circular)
    if exact:
        _fly_exactly(fleet, span, tally, np.array(exact))
    return tally


def _tables(design: SatelliteDesign, fleet: Fleet, step_s: float) -> Tables | None:
    """A design's tables, or none where the kernel does not take it."""
    if fleet.seasonal_earth and not fleet.simplified:
        return None
    if unmodelled(design) and fleet.simplified:
        design = simpler(design)
    if unmodelled(design) or len(design.thermal.nodes) > kernel.MOST_NODES:
        return None
    tables = tables_of(design)
    return tables if tables.parts(step_s) <= MOST_PARTS else None


def radius_range_m(source: Source) -> tuple[float, float]:
    """Least and greatest distance from the Earth's centre to expect of an orbit, metres."""
    mean = mean_design(source)
    axis_m, eccentricity = mean.semi_major_axis_m, mean.eccentricity
    play_m = 0.0 if isinstance(source, Design) else _SHORT_PERIOD_M
    return float(axis_m * (1.0 - eccentricity) - play_m), float(axis_m * (1.0 + eccentricity) + play_m)


class Block:
    """Up to LANES satellites of one design in the kernel; the lanes that are left over repeat the last."""

    def __init__(self, fleet: Fleet, span: Span, tally: Tally, tables: Tables, members: list[int]) -> None:
        self.fleet, self.span, self.tally, self.tables = fleet, span, tally, tables
        self.members = np.array(members)
        self.n = tables.n_nodes
        lanes = np.array([*members, *[members[-1]] * (LANES - len(members))])
        self.sources = [fleet.orbits.sources[i] for i in lanes]
        self.range_m = np.array([radius_range_m(source) for source in self.sources])
        self.w = block(
            tables,
            self.range_m[:, 0],
            self.range_m[:, 1],
            fleet.loads_w[lanes, : self.n],
            fleet.radio_w[lanes],
            np.array([fleet.designs[i].battery.usable_j * fleet.designs[i].initial_state_of_charge for i in lanes]),
            fleet.first_k[lanes, : self.n],
        )
        samples = tally.charge.shape[1]
        self.traces = np.zeros((samples, LANES)), np.zeros((samples, self.n, LANES))

    def fly(self, circular: bool) -> None:
        """Fly the whole span and enter it in the tally."""
        span, tables = self.span, self.tables
        fly = kernel.flight_of(tables.shape(varied=not circular))
        network, scratch = tables.network(span.step_s), np.zeros(sky.SCRATCH_SIZE)
        part = self.fleet.orbits.subset([] if circular else self.members.tolist())
        orbits = _orbit_rows(self.sources, span.start) if circular else np.zeros(0)
        light, suns = np.zeros((CHUNK, LIGHT_SIZE)), np.zeros((0, 4))
        for first, steps in span.parts(_MOST_STEPS if circular else _MOST_LIT_STEPS):
            counted = first - span.settle
            if counted == 0:
                reset(self.w, self.n)
                self.tally.first_j[self.members] = self._row(kernel.ENERGY)
            if circular:
                suns = _suns(span, first, steps)
            else:
                light = self._light(part, first, steps)
            sun = (orbits, suns, scratch, light, _irradiance(span, first, steps))
            traced = (span.every if counted >= 0 else 0, max(0, counted), *self.traces)
            begin = first * span.step_s
            fly(self.w, *sun, begin, span.step_s, tables.kernel_tables, network, *traced)
        self._enter()

    def designed_chunk(self) -> Floats:
        """The light of the span's first chunk on circular designs, (CHUNK, LIGHT_SIZE): what a bench flies through."""
        light, scratch = np.zeros((CHUNK, LIGHT_SIZE)), np.zeros(sky.SCRATCH_SIZE)
        suns = _suns(self.span, 0, CHUNK)
        orbits = _orbit_rows(self.sources, self.span.start)
        sky.designed_light(orbits, 0.0, self.span.step_s, CHUNK, suns[0], suns[1], scratch, light)
        return light

    def _row(self, row: int) -> Floats:
        return self.w[row : row + len(self.members)]

    def _light(self, part: Orbits, first: int, steps: int) -> Floats:
        """The kernel's light (steps, LIGHT_SIZE) from `geometry`'s tracks."""
        grid = light_on_grid(part, self.span.at(first), steps + 1, self.span.step_ns)
        out = np.zeros((steps, 5, ROW))
        low_m, high_m = self.range_m[: len(self.members)].T
        sun = 0.5 * (grid[:, :-1, SUN_X : SUN_Z + 1].astype(np.float64) + grid[:, 1:, SUN_X : SUN_Z + 1])
        sun /= np.linalg.norm(sun, axis=2, keepdims=True)
        radius_m = 0.5 * (grid[:, :-1, RADIUS].astype(np.float64) + grid[:, 1:, RADIUS])
        count = len(self.members)
        out[:, 0, :count] = grid[:, :-1, LIT].T
        out[:, 1:4, :count] = sun.transpose(1, 2, 0)
        out[:, 4, :count] = ((radius_m - low_m[:, None]) / np.maximum(1.0, high_m - low_m)[:, None]).T
        out[:, :, count:LANES] = out[:, :, count - 1 : count]
        return out.reshape(steps, LIGHT_SIZE)

    def _enter(self) -> None:
        tally, members, count = self.tally, self.members, len(self.members)
        for name, row in _METERS.items():
            getattr(tally, name)[members] = self._row(row)
        n_nodes = tally.final_k.shape[1]
        for name, row in _TEMPERATURES.items():
            found = self.w[row : row + self.n * ROW].reshape(self.n, ROW)[:, :count].T
            getattr(tally, name)[members] = padded(found, n_nodes)
        if tally.charge.size:
            charge, temperature = self.traces
            tally.charge[members] = (charge[:, :count] / self.fleet.capacity_j[members]).T
            tally.temperature_k[members] = padded(temperature[:, :, :count].transpose(2, 0, 1), n_nodes)


def new_block(fleet: Fleet, span: Span, tally: Tally, members: list[int]) -> Block:
    """A block of satellites of one design, ready to fly."""
    return Block(fleet, span, tally, tables_of(fleet.designs[members[0]]), members)


def _orbit_rows(sources: list[Source], start: Instant) -> Floats:
    rows = []
    for source in sources:
        assert isinstance(source, Design), "circular designs only"
        rates = secular_rates(source.semi_major_axis_m, 0.0, source.inclination_rad)
        seconds = (start - source.epoch) / SECOND
        rate = rates.mean_anomaly_rad_s + rates.argp_rad_s
        u = source.mean_anomaly_rad + source.argp_rad + rate * seconds
        node = source.raan_rad + rates.raan_rad_s * seconds
        height = source.semi_major_axis_m / EARTH_RADIUS_M
        rows.append((u % (2.0 * np.pi), rate, node, rates.raan_rad_s, source.inclination_rad, height))
    return np.pad(np.array(rows).T, ((0, 0), (0, ROW - LANES))).reshape(-1)


@lru_cache(maxsize=64)
def _suns(span: Span, first: int, steps: int) -> Floats:
    """The Sun's unit vector (TEME) and distance at the ends of the chunks, (chunks + 1, 4)."""
    ends = np.minimum(np.arange(-(-steps // CHUNK) + 1) * CHUNK, steps) + first
    sun = sun_teme_m(span.start + span.step_ns * ends.astype(np.int64))
    distance = np.linalg.norm(sun, axis=1)
    return np.column_stack([sun / distance[:, None], distance])


@lru_cache(maxsize=64)
def _irradiance(span: Span, first: int, steps: int) -> Floats:
    """Sunlight at the middle of each step, (steps,), W/m²: a line between instants ten minutes apart."""
    k = np.arange(first, first + steps)
    middle = span.step_ns * k + span.step_ns // 2
    sparse = np.linspace(middle[0], middle[-1] + 1, 2 + int((middle[-1] - middle[0]) // (600 * SECOND)))
    sun = sun_teme_m(span.start + sparse.astype(np.int64))
    return np.interp(middle, sparse, irradiance_w_m2(np.linalg.norm(sun, axis=1)))


def _fly_exactly(fleet: Fleet, span: Span, tally: Tally, members: NDArray[np.int64]) -> None:
    """Through `EnergyHeat`, a step at a time, under a day of light at once."""
    part = fleet.orbits.subset(members.tolist())
    flown: EnergyHeat | None = None
    run, base = np.zeros(len(members)), np.zeros((5, len(members)))
    for first, steps in span.parts(_MOST_LIT_STEPS):
        begin = span.at(first)
        light = light_on_grid(part, begin, steps + 1, span.step_ns)
        times = begin + span.step_ns * np.arange(steps + 1, dtype=np.int64)
        irradiance = irradiance_w_m2(np.linalg.norm(sun_teme_m(times), axis=1))
        earth = (earth_on_grid(part, begin, steps + 1, span.step_ns),) if fleet.seasonal_earth else ()
        geometry = Geometry(begin, span.step_ns, light, irradiance, *earth)
        if flown is None:
            flown = EnergyHeat([fleet.designs[i] for i in members], geometry)
            n = flown.n_nodes
            flown.temperature_k[:] = fleet.first_k[members, :n]
            loads, radio = np.ascontiguousarray(fleet.loads_w[members, :n]), fleet.radio_w[members]
        else:
            flown.use(geometry)
        counted = first - span.settle
        if counted == 0:
            _begin_exactly(tally, members, flown, base)
        for k in range(steps):
            flown.advance_all(span.at(first + k + 1), loads, radio)
            if counted >= 0:
                dark_s = (1.0 - light[:, k, LIT].astype(np.float64)) * span.step_s
                run = np.where(dark_s > 0.0, run + dark_s, 0.0)
                _note_exactly(tally, members, flown, span, dark_s, run)
                if span.every and (counted + k + 1) % span.every == 0:
                    row = (counted + k + 1) // span.every - 1
                    tally.charge[members, row] = flown.state_of_charge
                    tally.temperature_k[members, row] = padded(flown.temperature_k, tally.final_k.shape[1])
    assert flown is not None, "a span has steps"
    for name, total, before in zip(_ENERGIES, _energies(flown), base, strict=True):
        getattr(tally, name)[members] = total - before
    tally.final_j[members] = flown.energy_j
    tally.final_k[members] = padded(flown.temperature_k, tally.final_k.shape[1])
    tally.exact[members] = True


_ENERGIES = ("generated_j", "load_j", "losses_j", "curtailed_j", "unserved_j")


def _energies(flown: EnergyHeat) -> list[Floats]:
    """As `_ENERGIES` names them; what was shed counts as unserved here."""
    totals = [getattr(flown, name) for name in _ENERGIES]
    totals[-1] = totals[-1] + flown.shed_j
    return totals


def _begin_exactly(tally: Tally, members: NDArray[np.int64], flown: EnergyHeat, base: Floats) -> None:
    base[:] = _energies(flown)
    tally.first_j[members] = tally.lowest_j[members] = tally.highest_j[members] = flown.energy_j
    tally.hottest_k[members] = tally.coldest_k[members] = padded(flown.temperature_k, tally.final_k.shape[1])


def _note_exactly(
    tally: Tally, members: NDArray[np.int64], flown: EnergyHeat, span: Span, dark_s: Floats, run: Floats
) -> None:
    temperature = padded(flown.temperature_k, tally.final_k.shape[1])
    tally.lowest_j[members] = np.minimum(tally.lowest_j[members], flown.energy_j)
    tally.highest_j[members] = np.maximum(tally.highest_j[members], flown.energy_j)
    tally.hottest_k[members] = np.maximum(tally.hottest_k[members], temperature)
    tally.coldest_k[members] = np.minimum(tally.coldest_k[members], temperature)
    tally.sunlit_s[members] += span.step_s - dark_s
    tally.longest_eclipse_s[members] = np.maximum(tally.longest_eclipse_s[members], run)
