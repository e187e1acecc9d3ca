"""What a satellite expects of its energy: sunlight to come, and the charge that follows from it.

The forecast is deliberately simpler than the World (constant array power in sunlight, no temperature): a node plans
with what it can know. Where it errs, the Governor, who sees the real readings, has the last word.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orbitalcloud.core import HOUR, SECOND, Instant

Interval = tuple[int, int]
"""Half-open [begin, end) in nanoseconds."""

_FAR = 1 << 62


@dataclass(frozen=True, slots=True)
class Load:
    """Power above idle over [begin, end)."""

    power_mw: int
    begin: int
    end: int


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
        index = bisect_right(self.sunlight, (at, _FAR)) - 1
        return index >= 0 and at < self.sunlight[index][1]

    def spare_mj(self, hours: int) -> tuple[int, ...]:
        """Energy above idle power in each hour to come, none below 0; the first has the battery's surplus too."""
        spare = []
        for hour in range(hours):
            begin, end = self.now + hour * HOUR, self.now + (hour + 1) * HOUR
            edges = [begin, *self.edges(begin, end), end]
            lit_ns = sum(b - a for a, b in pairwise(edges) if self.sunlit_at(a))
            spare.append((self.array_mw * lit_ns - self.idle_mw * HOUR) // SECOND)
        spare[0] += max(0, self.charge_mj - self.reserve_mj)
        return tuple(max(0, one) for one in spare)

    def edges(self, begin: int, end: int) -> list[int]:
        """Instants in (begin, end) at which sunlight begins or ends, in order."""
        first = max(0, bisect_right(self.sunlight, (begin, _FAR)) - 1)
        edges: list[int] = []
        for rise, set_ in self.sunlight[first:]:
            if rise >= end:
                break
            edges.extend(edge for edge in (rise, set_) if begin < edge < end)
        return edges

    def next_sunrise(self, at: int) -> int | None:
        """The first forecast sunrise after `at`, if any is known."""
        index = bisect_right(self.sunlight, (at, _FAR))
        return self.sunlight[index][0] if index < len(self.sunlight) else None

    def lowest_charge_mj(self, loads: Sequence[Load], since: int, until: int) -> int:
        """The lowest charge over [since, until] under `loads`, starting from the charge now."""
        lowest = self.battery_mj
        for here, charge_mj, end, power_mw in self._segments(loads, until, (since,)):
            after_mj = self._after(charge_mj, power_mw, end - here)
            if end >= since:
                lowest = min(lowest, after_mj)
            if here >= since:
                lowest = min(lowest, charge_mj)
        return lowest if until > self.now else min(lowest, self.charge_mj)

    def first_at_reserve(self, loads: Sequence[Load], since: int, until: int) -> int | None:
        """The first instant in [since, until] at which the charge is at or above the reserve."""
        for here, charge_mj, end, power_mw in self._segments(loads, until, (since,)):
            if here < since:
                continue
            if charge_mj >= self.reserve_mj:
                return here
            if power_mw > 0:
                reached = here + -(-(self.reserve_mj - charge_mj) * SECOND // power_mw)
                if reached <= end:
                    return reached
        return None

    def _segments(
        self, loads: Sequence[Load], until: int, marks: tuple[int, ...]
    ) -> Iterator[tuple[int, int, int, int]]:
        """(begin, charge at its begin, end, net power) of each stretch of constant power from now to `until`."""
        edges = {*self.edges(self.now, until), *marks, until}
        for load in loads:
            edges |= {load.begin, load.end}
        here, charge_mj = int(self.now), self.charge_mj
        for end in sorted(edge for edge in edges if self.now < edge <= until):
            power_mw = (self.array_mw if self.sunlit_at(here) else 0) - self.idle_mw
            power_mw -= sum(load.power_mw for load in loads if load.begin <= here < load.end)
            yield here, charge_mj, end, power_mw
            charge_mj = self._after(charge_mj, power_mw, end - here)
            here = end

    def _after(self, charge_mj: int, power_mw: int, time_ns: int) -> int:
        return max(0, min(self.battery_mj, charge_mj + power_mw * time_ns // SECOND))
