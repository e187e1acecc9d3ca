"""The answer of `orbital check` as data: per satellite what it has, what its limits are, and what binds first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Margin:
    """A quantity beside its limit. `share` is the relative margin: 0 at the limit, negative beyond it."""

    name: str
    value: float
    limit: float
    unit: str
    share: float
    text: str


@dataclass(frozen=True, slots=True)
class NodeRange:
    """A thermal node's coldest and hottest moment, without and with jobs, and its limits."""

    node: str
    coldest_c: float
    hottest_c: float
    cold_limit_c: float
    hot_limit_c: float


@dataclass(frozen=True, slots=True)
class StationContact:
    """What one station sees of one satellite, a day's mean; the longest gap includes the mission's ends."""

    station: str
    passes_per_day: float
    minutes_per_day: float
    longest_gap_h: float
    up_mb_per_day: float
    down_mb_per_day: float


@dataclass(frozen=True, slots=True)
class SatelliteSheet:
    """One satellite. Powers are means over the mission; `duty` is the share of time that its jobs keep the
    accelerator busy, `sustainable_duty` the share that the array's mean power could feed; `…_nonstop` is what would
    happen if it never stopped. Charges are shares of the battery's capacity."""

    name: str
    bus: str
    orbit: str
    period_min: float
    inclination_deg: float
    sunlit_share: float
    eclipses_per_day: float
    longest_eclipse_min: float
    beta_min_deg: float
    beta_max_deg: float
    array_w: float
    idle_load_w: float
    job_load_w: float
    duty: float
    sustainable_duty: float
    reserve: float
    lowest_charge_idle: float
    lowest_charge_jobs: float
    lowest_charge_nonstop: float
    payload_nonstop_c: float
    nodes: tuple[NodeRange, ...]
    contacts: tuple[StationContact, ...]
    margins: tuple[Margin, ...]

    @property
    def binds(self) -> Margin:
        """The smallest relative margin."""
        return min(self.margins, key=lambda margin: margin.share)

    @property
    def closes(self) -> bool:
        """Whether every margin is at least zero."""
        return self.binds.share >= 0.0

    @property
    def deepest_discharge(self) -> float:
        """Depth of discharge with the mission's jobs, 0–1."""
        return 1.0 - self.lowest_charge_jobs


@dataclass(frozen=True, slots=True)
class Sheet:
    """A mission's check."""

    mission: str
    days: float
    satellites: tuple[SatelliteSheet, ...]

    @property
    def closes(self) -> bool:
        """Whether the design closes: every satellite does."""
        return all(one.closes for one in self.satellites)

    @property
    def worst(self) -> SatelliteSheet:
        """The satellite with the smallest margin."""
        return min(self.satellites, key=lambda one: one.binds.share)

    @property
    def verdict(self) -> str:
        """A sentence for a person."""
        worst = self.worst
        word = "closes" if self.closes else "does not close"
        return f"{self.mission} {word}: {worst.name} is bound first by {worst.binds.text}"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; numbers unrounded, `limit` and `margin` None where there is none."""

    satellite: str
    quantity: str
    value: float
    unit: str
    limit: float | None = None
    margin: float | None = None


def rows(sheet: Sheet) -> Iterator[Row]:
    """The sheet as lines, for a table, JSON or CSV."""
    for one in sheet.satellites:
        for quantity, value, unit in (
            ("orbital period", one.period_min, "min"),
            ("inclination", one.inclination_deg, "deg"),
            ("sunlit share", 100.0 * one.sunlit_share, "%"),
            ("eclipses a day", one.eclipses_per_day, ""),
            ("longest eclipse", one.longest_eclipse_min, "min"),
            ("beta angle, least", one.beta_min_deg, "deg"),
            ("beta angle, greatest", one.beta_max_deg, "deg"),
            ("array power, mean", one.array_w, "W"),
            ("load without jobs, mean", one.idle_load_w, "W"),
            ("load with jobs, mean", one.job_load_w, "W"),
            ("accelerator busy", 100.0 * one.duty, "%"),
            ("duty that the array could feed", 100.0 * one.sustainable_duty, "%"),
            ("depth of discharge without jobs", 100.0 * (1.0 - one.lowest_charge_idle), "%"),
            ("depth of discharge with jobs", 100.0 * one.deepest_discharge, "%"),
            ("depth of discharge if it never stops", 100.0 * (1.0 - one.lowest_charge_nonstop), "%"),
            ("payload if it never stops", one.payload_nonstop_c, "°C"),
        ):
            yield Row(one.name, quantity, value, unit)
        for contact in one.contacts:
            where = f"at {contact.station}"
            yield Row(one.name, f"passes a day {where}", contact.passes_per_day, "")
            yield Row(one.name, f"contact a day {where}", contact.minutes_per_day, "min")
            yield Row(one.name, f"longest gap {where}", contact.longest_gap_h, "h")
            yield Row(one.name, f"up a day {where}", contact.up_mb_per_day, "MB")
            yield Row(one.name, f"down a day {where}", contact.down_mb_per_day, "MB")
        for margin in one.margins:
            yield Row(one.name, margin.name, margin.value, margin.unit, margin.limit, margin.share)
