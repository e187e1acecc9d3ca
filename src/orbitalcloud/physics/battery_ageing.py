"""How a lithium-ion battery ages: capacity and resistance after years of standing and cycling.

The model is that of Schmalstieg, Käbitz, Ecker and Sauer 2014 (doi 10.1016/j.jpowsour.2014.02.012), fitted to Sanyo
UR18650E cells (NMC, 2.15 Ah), 35–50 °C for the calendar and 35 °C, 1 C for the cycles:

    capacity    1 − α_c t^0.75 − β_c √Q      α_c = (7.543 V − 23.75) · 10⁶ exp(−6976 K / T)
    resistance  1 + α_r t^0.75 + β_r Q       α_r = (5.270 V − 16.32) · 10⁵ exp(−5986 K / T)
    β_c = 7.348e-3 (V̄ − 3.667)² + 7.600e-4 + 4.081e-3 ΔDOD
    β_r = 2.153e-4 (V̄ − 3.725)² − 1.521e-5 + 2.798e-4 ΔDOD

t in days, Q in ampere-hours through a cell of 2.15 Ah (so in throughput per capacity here), V the open-circuit
voltage, V̄ its mean, ΔDOD the cycle's depth. Cycling is not sensitive to temperature in it. The powers of t and Q are
carried from one stretch to the next with the loss held (dL/dt from α, then L), so that conditions may change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from orbitalcloud.core.errors import DataError

REFERENCE_AH = 2.15
"""Capacity of the cells of the paper: Q counts in ampere-hours of these."""

COLDEST_K, HOTTEST_K = 233.15, 353.15


@dataclass(frozen=True, slots=True)
class Wear:
    """What is lost, as shares of the new battery's capacity, and gained, as shares of its resistance."""

    calendar_loss: float = 0.0
    cycle_loss: float = 0.0
    calendar_gain: float = 0.0
    cycle_gain: float = 0.0

    @property
    def capacity(self) -> float:
        """Share of the capacity that is left; not below 0.05, where the model has long ceased to hold."""
        return max(0.05, 1.0 - self.calendar_loss - self.cycle_loss)

    @property
    def resistance(self) -> float:
        """Resistance relative to new."""
        return 1.0 + self.calendar_gain + self.cycle_gain


@dataclass(frozen=True, slots=True)
class Duty:
    """How a battery spends a stretch of time: days, mean temperature, mean open-circuit voltage of a cell, the charge
    through it (in and out, in capacities), and how deep its cycles go (0–1)."""

    days: float
    temperature_k: float
    cell_v: float
    throughput: float
    depth: float

    def __post_init__(self) -> None:
        for name, low, high in (
            ("days", 0.0, 1e5),
            ("temperature_k", COLDEST_K, HOTTEST_K),
            ("cell_v", 2.0, 4.5),
            ("throughput", 0.0, 1e7),
            ("depth", 0.0, 1.0),
        ):
            if not low <= getattr(self, name) <= high:
                raise DataError(f"battery's duty: {name}", getattr(self, name), f"choose {low:g} to {high:g}")


def calendar_rates(cell_v: float, temperature_k: float) -> tuple[float, float]:
    """(α_c, α_r) per day^0.75, not below zero: the fit's lines cross it at 3.149 and 3.097 V."""
    capacity = max(0.0, 7.543 * cell_v - 23.75) * 1e6 * math.exp(-6976.0 / temperature_k)
    return capacity, max(0.0, 5.270 * cell_v - 16.32) * 1e5 * math.exp(-5986.0 / temperature_k)


def cycle_rates(cell_v: float, depth: float) -> tuple[float, float]:
    """(β_c per √Ah, β_r per Ah), not below zero, of cycles about a mean voltage and of a depth (0–1)."""
    capacity = 7.348e-3 * (cell_v - 3.667) ** 2 + 7.600e-4 + 4.081e-3 * depth
    return capacity, max(0.0, 2.153e-4 * (cell_v - 3.725) ** 2 - 1.521e-5 + 2.798e-4 * depth)


def worn(before: Wear, duty: Duty) -> Wear:
    """The battery after another stretch."""
    alpha_c, alpha_r = calendar_rates(duty.cell_v, duty.temperature_k)
    beta_c, beta_r = cycle_rates(duty.cell_v, duty.depth)
    through_ah = duty.throughput * REFERENCE_AH
    return Wear(
        _grown(before.calendar_loss, alpha_c, duty.days, 0.75),
        _grown(before.cycle_loss, beta_c, through_ah, 0.5),
        _grown(before.calendar_gain, alpha_r, duty.days, 0.75),
        before.cycle_gain + beta_r * through_ah,
    )


def _grown(before: float, rate: float, more: float, power: float) -> float:
    """`rate · x^power` carried on by `more` from the x at which it would stand at `before`."""
    if rate <= 0.0:
        return before
    return float(rate * ((before / rate) ** (1.0 / power) + more) ** power)
