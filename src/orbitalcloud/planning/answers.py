"""A plan as data: every job's answer with its Why, and what the whole is worth, against what any could be."""

from __future__ import annotations

from dataclasses import dataclass, field

from orbitalcloud.core import Instant, Why

Parts = tuple[tuple[int, int], ...]
"""(index into the satellite's passages, bytes), …"""


@dataclass(frozen=True, slots=True)
class Placed:
    """The answer for one job: where, when, over which passes; all None and empty where `why` says no."""

    job: str
    why: Why
    craft: str | None = None
    start: Instant | None = None
    finish: Instant | None = None
    up: Parts = ()
    down: Parts = ()


@dataclass(frozen=True, slots=True)
class Track:
    """One satellite under the plan, at the boundaries of its segments: charge and temperature of its lumped node."""

    craft: str
    at: tuple[int, ...] = field(repr=False)
    charge_mj: tuple[int, ...] = field(repr=False)
    temperature_mk: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every job's answer, in the problem's order. `missed` are jobs without one, `energy_mj` is above idle; the deepest
    discharge is that of all satellites, in ppm of capacity below full; no plan at all is worth more than `bound`."""

    planner: str
    placed: tuple[Placed, ...] = field(repr=False)
    value: int
    bound: int | None
    energy_mj: int
    deepest_ppm: int
    hottest_mk: int
    missed: int
    tracks: tuple[Track, ...] = field(repr=False, default=())

    @property
    def gap_ppm(self) -> int | None:
        """How far the plan is below its bound, in ppm of the bound: it may be better than that, never worse."""
        if self.bound is None:
            return None
        return 0 if not self.bound else (self.bound - self.value) * 1_000_000 // self.bound

    @property
    def count(self) -> int:
        """Jobs placed."""
        return len(self.placed) - self.missed
