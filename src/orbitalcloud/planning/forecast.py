"""What a satellite expects of its energy: sunlight to come, and the charge that follows from it.

The forecast is deliberately simpler than the World (constant array power in sunlight, no temperature): a node plans
with what it can know. Where it errs, the Governor, who sees the real readings, has the last word.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from orbitalcloud.core import SECOND, Instant

Interval = tuple[int, int]
"""Half-open [begin, end) in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Energy to come for one satellite.

    `sunlight` are sorted, disjoint intervals of full or partial sun; powers in milliwatts at the bus, energies in
    millijoules. `array_mw` is what the array gives in sunlight, `idle_mw` what the platform takes always.
    """

    now: Instant
    sunlight: tuple[Interval, ...]
    array_mw: int
    idle_mw: int
    battery_mj: int
    charge_mj: int
    reserve_mj: int

    def sunlit_at(self, at: int) -> bool:
        """Whether `at` lies in a forecast interval of sunlight."""
        index = bisect_right(self.sunlight, (at, 1 << 62)) - 1
        return index >= 0 and at < self.sunlight[index][1]

    def edges(self, begin: int, end: int) -> list[int]:
        """Instants in (begin, end) at which sunlight begins or ends, in order."""
        first = max(0, bisect_right(self.sunlight, (begin, 1 << 62)) - 1)
        edges: list[int] = []
        for rise, set_ in self.sunlight[first:]:
            if rise >= end:
                break
            edges.extend(edge for edge in (rise, set_) if begin < edge < end)
        return edges

    def next_sunrise(self, at: int) -> int | None:
        """The first forecast sunrise after `at`, if any is known."""
        index = bisect_right(self.sunlight, (at, 1 << 62))
        return self.sunlight[index][0] if index < len(self.sunlight) else None

    def lowest_charge_mj(self, extra_mw: int, begin: int, end: int, until: int, charge_mj: int, at: int) -> int:
        """The lowest charge from `at` to `until` if `extra_mw` is drawn over [begin, end), starting at `charge_mj`."""
        marks = sorted({*self.edges(at, until), *(mark for mark in (begin, end) if at < mark < until), until})
        lowest, here = charge_mj, at
        for mark in marks:
            power_mw = (
                (self.array_mw if self.sunlit_at(here) else 0) - self.idle_mw - (extra_mw if begin <= here < end else 0)
            )
            charge_mj = min(self.battery_mj, charge_mj + power_mw * (mark - here) // SECOND)
            lowest, here = min(lowest, charge_mj), mark
        return lowest
