"""A flight orbit by orbit, and which was the worst: where an engineer looks first.

Revolutions are counted from the flight's start, each one period long; the last may be cut. Margins are those of the
verdict (`verdict.Margin`), within the revolution: charge between the reserve and full, a thermal node between its
limits. Energies are integrals of telemetry by the trapezoidal rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from orbitalcloud.core.time import SECOND
from orbitalcloud.view.flight import Flight, Floats, LightSpan, Satellite, Times

LEAST_READINGS = 2


@dataclass(frozen=True, slots=True)
class Revolution:
    """One orbit of one satellite, [start, end) in ns. Charges are shares; `node` and `side` (`hot`, `cold`) say which
    thermal limit was nearest, `value_k` how near; the two margins are shares of the room, negative when broken."""

    satellite: str
    number: int
    start: int
    end: int
    eclipse_s: float
    made_j: float
    used_j: float
    lowest: float
    lowest_at: int
    node: str
    side: str
    value_k: float
    limit_k: float
    charge_margin: float
    heat_margin: float

    @property
    def margin(self) -> float:
        """The smaller of the two."""
        return min(self.charge_margin, self.heat_margin)


def revolutions(satellite: Satellite) -> tuple[Revolution, ...]:
    """Every revolution of which there is telemetry, in order."""
    series = satellite.series
    if len(series) < LEAST_READINGS or satellite.period_s <= 0.0:
        return ()
    period_ns = round(satellite.period_s * SECOND)
    first = int(series.at_ns[0])
    made: list[Revolution] = []
    for number in range(int((int(series.at_ns[-1]) - first) // period_ns) + 1):
        start, end = first + number * period_ns, first + (number + 1) * period_ns
        begin, stop = np.searchsorted(series.at_ns, [start, end])
        if stop - begin >= LEAST_READINGS:
            made.append(_revolution(satellite, number + 1, slice(int(begin), int(stop) + 1), start, end))
    return tuple(made)


def _revolution(satellite: Satellite, number: int, part: slice, start: int, end: int) -> Revolution:
    series = satellite.series
    times, charge = series.at_ns[part], series.charge[part]
    index = int(charge.argmin())
    lowest, reserve = float(charge[index]), satellite.reserve
    node, side, value, limit, heat = _nearest(satellite, series.temperature_k[part])
    return Revolution(
        satellite.name,
        number,
        start,
        min(end, int(times[-1])),
        _dark_s(satellite.light, start, end),
        _integral(times, series.generated_w[part]),
        _integral(times, series.load_w[part]),
        lowest,
        int(times[index]),
        node,
        side,
        value,
        limit,
        (lowest - reserve) / (1.0 - reserve) if reserve < 1.0 else 0.0,
        heat,
    )


def _nearest(satellite: Satellite, heat: Floats) -> tuple[str, str, float, float, float]:
    """(node, side, kelvin, limit, margin) of the thermal limit that came nearest."""
    found: list[tuple[float, str, str, float, float]] = []
    for column, name in enumerate(satellite.thermal_nodes):
        hot, cold = satellite.hot_limits_k[column], satellite.cold_limits_k[column]
        if not math.isfinite(hot) or hot <= cold:
            continue
        warmest, coldest = float(heat[:, column].max()), float(heat[:, column].min())
        found.append(((hot - warmest) / (hot - cold), name, "hot", warmest, hot))
        found.append(((coldest - cold) / (hot - cold), name, "cold", coldest, cold))
    if not found:
        return "", "", 0.0, 0.0, 1.0
    margin, name, side, value, limit = min(found)
    return name, side, value, limit, margin


def _dark_s(light: Sequence[LightSpan], start: int, end: int) -> float:
    spans = (min(end, one.end) - max(start, one.start) for one in light if one.phase != "sunlight")
    return sum(max(0, span) for span in spans) / SECOND


def _integral(times: Times, watts: Floats) -> float:
    return float(np.sum((watts[1:] + watts[:-1]) * np.diff(times)) / 2.0 / SECOND)


@dataclass(frozen=True, slots=True)
class Worst:
    """The revolution with the least charge and that with the least thermal room, of all satellites' revolutions."""

    charge: Revolution
    heat: Revolution

    @property
    def tightest(self) -> Revolution:
        """That of the smaller margin."""
        return min(self.charge, self.heat, key=lambda one: one.margin)


def worst_of(found: Sequence[Revolution]) -> Worst | None:
    """The worst of some revolutions; None of none."""
    if not found:
        return None
    return Worst(min(found, key=lambda one: one.charge_margin), min(found, key=lambda one: one.heat_margin))


def all_revolutions(flight: Flight) -> Iterator[Revolution]:
    """Of every satellite, in order."""
    for satellite in flight.satellites.values():
        yield from revolutions(satellite)
