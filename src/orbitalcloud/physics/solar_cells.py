"""Solar cells by their four points: current and voltage as makers print them, at any temperature and sunlight.

A cell's curve is the four-parameter form of H. S. Rauschenbach, *Solar Cell Array Design Handbook* (1980, §9.4):

    I(V) = Isc · [1 − C₁ (exp(V / (C₂ Voc)) − 1)]
    C₂ = (Vmp/Voc − 1) / ln(1 − Imp/Isc),  C₁ = (1 − Imp/Isc) exp(−Vmp / (C₂ Voc))

It meets (0, Isc) and (Vmp, Imp) exactly and (Voc, 0) within C₁, some 1e-12. The single-diode equation with the series
resistance that puts its own peak at the same point (pvlib) gives the same current within 0.15 % of Isc below Vmp, where
arrays work, and up to 5 % less of it between Vmp and Voc. Currents follow sunlight; its logarithm in the voltages is
left out (at 60° of slant some 2 % of the power).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from numba import njit

from orbitalcloud.core.errors import DataError

RATED_W_M2 = 1367.0
"""AM0 as AZUR SPACE rates its cells (WRC)."""


@dataclass(frozen=True, slots=True)
class SolarCell:
    """A cell's data sheet: volts and amperes at 28 °C and `rated_w_m2`, and their changes per kelvin."""

    name: str
    area_m2: float
    short_a: float
    peak_a: float
    peak_v: float
    open_v: float
    short_a_k: float
    peak_a_k: float
    peak_v_k: float
    open_v_k: float
    rated_w_m2: float = RATED_W_M2
    bypass_v: float = 0.7
    """What a bypass diode costs where it carries the string's current past a dark cell: a silicon junction."""

    def __post_init__(self) -> None:
        place = f"solar cell {self.name}"
        if not 0.0 < self.area_m2 < 10.0:
            raise DataError(f"{place}: area_m2", self.area_m2, "choose more than 0 m²")
        if not 0.0 < self.peak_a < self.short_a < 1e3:
            raise DataError(
                f"{place}: peak_a", self.peak_a, "choose more than 0 and less than the short-circuit current"
            )
        if not 0.0 < self.peak_v < self.open_v < 1e3:
            raise DataError(
                f"{place}: peak_v", self.peak_v, "choose more than 0 and less than the open-circuit voltage"
            )

    @property
    def efficiency(self) -> float:
        """At the peak-power point, as rated."""
        return self.peak_a * self.peak_v / (self.area_m2 * self.rated_w_m2)

    @property
    def power_coefficient_per_k(self) -> float:
        """Relative change of the peak power per kelvin, about 28 °C: to first order the sum of its factors'."""
        return self.peak_a_k / self.peak_a + self.peak_v_k / self.peak_v

    def row(self) -> tuple[float, ...]:
        """The eight numbers that `iv_current` and `iv_power_share` take, with currents relative to the short-circuit
        one: peak A, peak V, open V, and their changes per kelvin with that of the short-circuit current; bypass V."""
        a = self.short_a
        return (
            self.peak_a / a,
            self.peak_v,
            self.open_v,
            self.short_a_k / a,
            self.peak_a_k / a,
            self.peak_v_k,
            self.open_v_k,
            self.bypass_v,
        )


@njit(cache=True)
def iv_current(voltage, warmer, row):  # type: ignore[no-untyped-def]
    """Current at `voltage` of one cell, as a share of the rated short-circuit current, `warmer` K above 28 °C.

    Not below zero: a blocking diode stands in each string.
    """
    short = 1.0 + row[3] * warmer
    ratio = min(0.9999, (row[0] + row[4] * warmer) / short)
    peak, opened = row[1] + row[5] * warmer, row[2] + row[6] * warmer
    if opened <= 0.0 or peak <= 0.0 or peak >= opened or voltage >= opened:
        return 0.0
    c2 = (peak / opened - 1.0) / math.log(1.0 - ratio)
    c1 = (1.0 - ratio) * math.exp(-peak / (c2 * opened))
    return max(0.0, short * (1.0 - c1 * (math.exp(voltage / (c2 * opened)) - 1.0)))


@njit(cache=True)
def iv_power_share(voltage, warmer, row):  # type: ignore[no-untyped-def]
    """Power at `voltage` of one cell as a share of its rated peak power at 28 °C."""
    return max(0.0, voltage) * iv_current(voltage, warmer, row) / (row[0] * row[1])


@njit(cache=True)
def panel_share(dark, cells, voltage, row):  # type: ignore[no-untyped-def]
    """What a panel of strings with dark cells gives, as a share of the whole panel lit, at 28 °C.

    `dark` (n_strings,) counts each string's dark cells of `cells`, each bypassed by its own diode; strings are parallel
    behind blocking diodes. `voltage` > 0 holds the strings there (per cell of the string: direct energy transfer); 0
    lets a tracker find the best voltage for all of them together.
    """
    n = dark.shape[0]
    if voltage > 0.0:
        whole = iv_current(voltage, 0.0, row)
        if whole <= 0.0:
            return 0.0
        return _strings(dark, cells, voltage * cells, row) / (n * whole)
    best = 0.0
    for step in range(1, 121):
        volts = row[2] * cells * step / 120.0
        best = max(best, volts * _strings(dark, cells, volts, row))
    return min(1.0, best / (n * cells * row[0] * row[1]))


@njit(cache=True)
def _strings(dark, cells, volts, row):  # type: ignore[no-untyped-def]
    """Sum of the strings' currents at a common voltage."""
    total = 0.0
    for k in dark:
        if k < cells:
            total += iv_current((volts + k * row[7]) / (cells - k), 0.0, row)
    return total


AZUR_3G30C = SolarCell(
    "azur-3g30c-advanced", 30.18e-4, 0.5202, 0.5044, 2.411, 2.700, 0.32e-3, 0.28e-3, -6.1e-3, -6.0e-3
)
"""GaInP/GaInAs/Ge triple junction. AZUR SPACE, data sheet HNR 0003429-01, begin of life, 1367 W/m², 28 °C."""

AZUR_3G30C_AFTER = {
    2.5e14: replace(AZUR_3G30C, short_a=0.5185, peak_a=0.5032, peak_v=2.345, open_v=2.616),
    5e14: replace(AZUR_3G30C, short_a=0.5140, peak_a=0.5006, peak_v=2.290, open_v=2.564),
    1e15: replace(AZUR_3G30C, short_a=0.5019, peak_a=0.4866, peak_v=2.246, open_v=2.522),
}
"""The same cell after that many electrons of 1 MeV per cm² (the same data sheet)."""

CELLS = {AZUR_3G30C.name: AZUR_3G30C}
"""What a mission's `array.cell` may name."""
