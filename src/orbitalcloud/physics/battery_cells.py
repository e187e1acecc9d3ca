"""Lithium-ion cells that batteries are made of: published curves of voltage and resistance, and makers' limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.core.errors import DataError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: `open_v` and `ohms` (at 25 °C) at evenly spaced states of charge in ampere-hours, 0 to 1.

    Resistance is that of minutes at constant current (ohmic, charge transfer and diffusion), times
    exp(`resistance_b_k` (1/T − 1/298.15 K)). Rates are greatest currents in capacities an hour. No charge flows below
    the first of `charge_range_k`, a fifth of the rate at it, all of it from `full_charge_k` to the second;
    `discharge_range_k` bounds discharge.
    """

    name: str
    capacity_ah: float
    open_v: tuple[float, ...]
    ohms: tuple[float, ...]
    least_v: float
    most_v: float
    charge_rate: float
    discharge_rate: float
    resistance_b_k: float
    charge_range_k: tuple[float, float] = (273.15, 318.15)
    full_charge_k: float = 283.15
    discharge_range_k: tuple[float, float] = (253.15, 333.15)

    def __post_init__(self) -> None:
        place = f"battery cell {self.name}"
        if not 0.0 < self.capacity_ah < 1e6:
            raise DataError(f"{place}: capacity_ah", self.capacity_ah, "choose more than 0 Ah")
        if len(self.open_v) < 2 or len(self.ohms) != len(self.open_v):
            raise DataError(f"{place}: ohms", len(self.ohms), "give as many resistances as voltages, two at least")
        if not all(0.0 < low <= high < 100.0 for low, high in zip(self.open_v, self.open_v[1:], strict=False)):
            raise DataError(f"{place}: open_v", self.open_v, "let the open-circuit voltage rise with charge, above 0 V")
        if not all(0.0 <= one < 1e3 for one in self.ohms):
            raise DataError(f"{place}: ohms", self.ohms, "choose 0 Ω or more")

    @property
    def energy_j(self) -> float:
        """In a full cell: ∫ U dq."""
        return 3600.0 * self.capacity_ah * float(np.mean(0.5 * (np.array(self.open_v[1:]) + self.open_v[:-1])))

    def curves(self, share: Floats) -> tuple[Floats, Floats]:
        """(open-circuit voltage, resistance at 25 °C) at shares of the energy 0–1, each like `share`."""
        charge = np.linspace(0.0, 1.0, 20 * (len(self.open_v) - 1) + 1)
        grid = np.linspace(0.0, 1.0, len(self.open_v))
        volts = np.interp(charge, grid, self.open_v)
        energy = np.concatenate(([0.0], np.cumsum(0.5 * (volts[1:] + volts[:-1]))))
        at = np.interp(share, energy / energy[-1], charge)
        return np.interp(at, grid, self.open_v), np.interp(at, grid, self.ohms)

    def energy_share(self, charge: float) -> float:
        """The share of the energy that is left at a share of the ampere-hours, both 0–1."""
        volts = np.interp(grid := np.linspace(0.0, charge, 2001), np.linspace(0.0, 1.0, len(self.open_v)), self.open_v)
        return float(np.trapezoid(volts, grid) * 3600.0 * self.capacity_ah / self.energy_j)


# fmt: off
_18650_V = (
    3.331, 3.420, 3.491, 3.544, 3.581, 3.608, 3.627, 3.641, 3.655, 3.673, 3.697, 3.732, 3.775, 3.821, 3.869, 3.915,
    3.965, 4.019, 4.073, 4.118, 4.162,
)
_18650_OHM = (
    0.1917, 0.1732, 0.1546, 0.1385, 0.1264, 0.1177, 0.1114, 0.1067, 0.1033, 0.1006, 0.0984, 0.0967, 0.0953, 0.0944,
    0.0938, 0.0935, 0.0934, 0.0935, 0.0937, 0.0939, 0.0941,
)
_21700_V = (
    2.500, 3.066, 3.259, 3.374, 3.421, 3.477, 3.533, 3.576, 3.609, 3.641, 3.677, 3.723, 3.794, 3.862, 3.910, 3.954,
    4.006, 4.060, 4.090, 4.111, 4.199,
)
_21700_OHM = (
    0.3000, 0.2500, 0.2091, 0.1150, 0.0744, 0.0620, 0.0523, 0.0510, 0.0498, 0.0465, 0.0431, 0.0411, 0.0394, 0.0420,
    0.0449, 0.0455, 0.0460, 0.0474, 0.0488, 0.0420, 0.0357,
)
# fmt: on

IDEAL = Cell("ideal", 1.0, (3.6, 3.6), (0.0, 0.0), 0.0, 1e3, 1e9, 1e9, 0.0, (0.0, 1e4), 0.0, (0.0, 1e4))
"""No resistance, no limit, one voltage: for comparisons with models that have no battery of cells."""

NMC_18650 = Cell(
    "nmc-18650",
    2.15,
    _18650_V,
    _18650_OHM,
    2.5,
    4.2,
    1.0,
    3.0,
    2500.0,
)
"""Sanyo UR18650E (NMC, 18 × 65 mm), the cell of the ageing model. Voltage: Ecker et al. 2014 (doi
10.1016/j.jpowsour.2013.09.143) and fig. 1 of Schmalstieg et al. 2014, as read off in NREL's BLAST-Lite 1.1 (BSD-3).
Resistance: TUM's measurement of a like cell, the Molicel IHR18650A of 1.95 Ah (Schuster et al. 2015, doi
10.1016/j.est.2015.05.003), which TUM's SimSES 1.0 takes for this one too; its limits and rates are from there. Change
with temperature: as `NMC_21700`.
"""

NMC_21700 = Cell(
    "nmc-21700",
    4.95,
    _21700_V,
    _21700_OHM,
    2.5,
    4.2,
    0.7,
    1.5,
    2500.0,
)
"""LG M50 (NMC 811 and silicon–graphite, 21 × 70 mm, 5 Ah). Voltage at C/50 and resistance after ten minutes at C/2,
both at 25 °C, from the Doyle–Fuller–Newman model with the measured parameters of O'Regan et al. 2022 (doi
10.1016/j.electacta.2022.140700) in PyBaMM 26.10; 2500 K is its change at half charge between 0 and 25 °C (2,560 K;
2,340 K from there to 40 °C). Made by tools/make_battery.py. Rates: the maker's 0.7 C and 1.5 C.
"""

CELLS = {cell.name: cell for cell in (NMC_18650, NMC_21700, IDEAL)}
"""What a mission's `battery.cell` may name."""
