"""A battery of lithium-ion cells: open-circuit voltage, resistance, limits by temperature, and a step of its bus.

The state is the energy that the cells hold, E = ∫ U dq; the *state of charge* is the share of it, E over that of a full
battery (the share of ampere-hours differs from it by 5 % at most). Open-circuit voltage U and resistance R follow from
it by the cell's tables, R also from temperature. Over a step, with I the current at the cells:

    charge     P = U I + R I²,  U + I R ≤ the greatest voltage,   I ≤ the greatest current at this temperature
    discharge  P = U I − R I²,  U − I R ≥ the least voltage,      I ≤ the greatest current at this temperature

so a full battery takes a falling current (constant voltage), a cold one no charge at all below its lock-out, and an
empty, cold or aged one sags. Energy is conserved to rounding: offered = served + stored + lost + curtailed, asked =
served + unserved. A battery without resistance or limits is the same equations with `IDEAL` cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError
from orbitalcloud.physics.battery_ageing import Wear
from orbitalcloud.physics.battery_cells import IDEAL, Cell

Floats = NDArray[np.float64]

POINTS = 65
"""Of the tables of voltage and resistance against the state of charge, evenly spaced."""

# Columns of `Battery.row`
FLOOR, CEILING, IN_SHARE, OUT_SHARE, MOST_IN_W, MOST_OUT_W, FULL_J = range(7)
LEAST_V, MOST_V, MOST_IN_A, MOST_OUT_A, KELVIN_B, LOCK_OUT_K, FULL_RATE_K = range(7, 14)
HOT_IN_K, COLD_OUT_K, HOT_OUT_K = range(14, 17)
ROW = 17

RAMP_K = 5.0
"""Over this many kelvins a limit goes to nothing past the ends of a cell's discharge and hot charge ranges."""


@dataclass(frozen=True, slots=True)
class Battery:
    """A pack of `series` cells (or parallel groups) of one kind, as new, and how it has worn.

    `capacity_j` is the energy in full cells as new; the efficiencies are those of the converters and wiring between
    bus and cells; powers are limits at the bus. `lock_out_k` replaces the cell's own temperature of no charge.
    """

    capacity_j: float
    charge_efficiency: float = 0.97
    discharge_efficiency: float = 0.97
    max_charge_w: float = 1e9
    max_discharge_w: float = 1e9
    min_state_of_charge: float = 0.0
    max_state_of_charge: float = 1.0
    cell: Cell = IDEAL
    series: int = 4
    wear: Wear = field(default_factory=Wear)
    lock_out_k: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.capacity_j < 1e15:
            raise DataError("battery: capacity_j", self.capacity_j, "choose more than 0 J")
        for name in ("charge_efficiency", "discharge_efficiency"):
            if not 0.01 <= getattr(self, name) <= 1.0:
                raise DataError(f"battery: {name}", getattr(self, name), "choose 0.01 to 1")
        for name in ("max_charge_w", "max_discharge_w"):
            if not 0.0 <= getattr(self, name) < 1e15:
                raise DataError(f"battery: {name}", getattr(self, name), "choose 0 W or more")
        if not 0.0 <= self.min_state_of_charge < self.max_state_of_charge <= 1.0:
            span = f"{self.min_state_of_charge} to {self.max_state_of_charge}"
            raise DataError("battery: state of charge", span, "choose 0 ≤ min < max ≤ 1")
        if not 1 <= self.series <= 1000:
            raise DataError("battery: series", self.series, "choose 1 to 1000 cells in series")
        if self.lock_out_k is not None and not 0.0 <= self.lock_out_k < self.cell.charge_range_k[1]:
            remedy = f"choose less than {self.cell.charge_range_k[1]:g} K, the end of the cell's charging range"
            raise DataError("battery: lock_out_k", self.lock_out_k, remedy)

    @property
    def usable_j(self) -> float:
        """The energy in full cells as they are now."""
        return self.capacity_j * self.wear.capacity

    @property
    def cells(self) -> float:
        """How many cells that is; no whole number where the capacity was chosen freely."""
        return self.capacity_j / self.cell.energy_j

    def tables(self) -> Floats:
        """(2, POINTS): open-circuit voltage (V) and resistance at 25 °C (Ω) of the pack, by state of charge 0–1."""
        share = np.linspace(0.0, 1.0, POINTS)
        volts, ohms = self.cell.curves(share)
        scale = self.series**2 / self.cells * self.wear.resistance
        return np.stack([volts * self.series, ohms * scale])

    def row(self) -> tuple[float, ...]:
        """The columns FLOOR … HOT_OUT_K of the kernel's table."""
        cell, full = self.cell, self.usable_j
        amperes = cell.capacity_ah * self.cells / self.series
        low, high = cell.charge_range_k
        lock_out = low if self.lock_out_k is None else self.lock_out_k
        return (
            full * self.min_state_of_charge,
            full * self.max_state_of_charge,
            self.charge_efficiency,
            self.discharge_efficiency,
            self.max_charge_w,
            self.max_discharge_w,
            full,
            cell.least_v * self.series,
            cell.most_v * self.series,
            cell.charge_rate * amperes,
            cell.discharge_rate * amperes,
            cell.resistance_b_k,
            lock_out,
            max(lock_out, cell.full_charge_k),
            high,
            *cell.discharge_range_k,
        )

    def voltage(self, state_of_charge: float, current_a: float, temperature_k: float) -> float:
        """Terminal voltage of the pack; a positive current charges."""
        volts, ohms = cells_at(state_of_charge, temperature_k, self.tables(), np.array(self.row()))
        return float(volts + current_a * ohms)


@njit(cache=True)
def cells_at(share, kelvin, tables, row):  # type: ignore[no-untyped-def]
    """(open-circuit voltage, resistance) of a pack at a state of charge and a temperature."""
    at = min(max(share, 0.0), 1.0) * (POINTS - 1)
    k = min(int(at), POINTS - 2)
    u = at - k
    volts = tables[0, k] + u * (tables[0, k + 1] - tables[0, k])
    ohms = tables[1, k] + u * (tables[1, k + 1] - tables[1, k])
    if row[KELVIN_B] > 0.0 and ohms > 0.0:
        ohms *= math.exp(row[KELVIN_B] * (1.0 / min(max(kelvin, 233.15), 353.15) - 1.0 / 298.15))
    return volts, ohms


@njit(cache=True)
def charge_share(kelvin, row):  # type: ignore[no-untyped-def]
    """Share of the greatest charge current that cells take at a temperature: 0 below the lock-out, 1 in the middle."""
    if kelvin < row[LOCK_OUT_K] or kelvin >= row[HOT_IN_K] + RAMP_K:
        return 0.0
    if kelvin > row[HOT_IN_K]:
        return (row[HOT_IN_K] + RAMP_K - kelvin) / RAMP_K
    if kelvin < row[FULL_RATE_K]:
        return 0.2 + 0.8 * (kelvin - row[LOCK_OUT_K]) / (row[FULL_RATE_K] - row[LOCK_OUT_K])
    return 1.0


@njit(cache=True)
def discharge_share(kelvin, row):  # type: ignore[no-untyped-def]
    """Share of the greatest discharge current that cells give at a temperature."""
    cold = (kelvin - row[COLD_OUT_K]) / RAMP_K + 1.0
    hot = (row[HOT_OUT_K] - kelvin) / RAMP_K + 1.0
    return min(1.0, max(0.0, min(cold, hot)))


@njit(cache=True)
def bus_step(energy_j, offered_w, asked_w, seconds, kelvin, row, tables):  # type: ignore[no-untyped-def]
    """(energy after, served W, curtailed W, lost W, amperes, volts) over a step; `row` and `tables` are a `Battery`'s.

    Sunlight serves the loads first, then the store; what neither takes is curtailed (left in the panels as heat). A
    positive current charges; the volts are those at the terminals.
    """
    volts, ohms = cells_at(energy_j / row[FULL_J], kelvin, tables, row)
    if offered_w >= asked_w:
        surplus = offered_w - asked_w
        current = min(row[MOST_IN_A] * charge_share(kelvin, row), _up_to(row[MOST_V] - volts, ohms))
        watts = min(surplus * row[IN_SHARE], row[MOST_IN_W] * row[IN_SHARE])
        current = min(current, 2.0 * watts / (volts + math.sqrt(volts * volts + 4.0 * ohms * watts)))
        current = min(current, max(0.0, row[CEILING] - energy_j) / (volts * seconds))
        stored = volts * current
        taken = min(surplus, (stored + ohms * current * current) / row[IN_SHARE])
        return energy_j + stored * seconds, asked_w, surplus - taken, taken - stored, current, volts + ohms * current
    need = min(asked_w - offered_w, row[MOST_OUT_W]) / row[OUT_SHARE]
    current = min(row[MOST_OUT_A] * discharge_share(kelvin, row), _up_to(volts - row[LEAST_V], ohms))
    if ohms > 0.0:
        current = min(current, 0.5 * volts / ohms)  # more would give less
    if volts * current - ohms * current * current > need:
        current = 2.0 * need / (volts + math.sqrt(volts * volts - 4.0 * ohms * need))
    drawn = volts * current
    most = max(0.0, energy_j - row[FLOOR]) / seconds
    if drawn > most:
        drawn, current = most, most / volts
    given = max(0.0, drawn - ohms * current * current) * row[OUT_SHARE]
    given = min(given, asked_w - offered_w)
    after = energy_j - drawn * seconds
    after = max(after, min(energy_j, row[FLOOR]))
    return after, offered_w + given, 0.0, drawn - given, -current, volts - ohms * current


@njit(cache=True)
def _up_to(room_v, ohms):  # type: ignore[no-untyped-def]
    """The current that fills a voltage's room over a resistance."""
    if room_v <= 0.0:
        return 0.0
    return room_v / ohms if ohms > 0.0 else 1e300
