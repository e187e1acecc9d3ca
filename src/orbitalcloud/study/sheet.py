"""The answer of `orbital check` as data: what each satellite has, what its limits are, what binds, what would relax it.

A `Sheet` is the single source of the page, of `--json` and of the report's design section. Every number is an `Entry`
of a `Section` with a stable machine name (`power.array_mean_w`), for up to three times: over the mission, over the
year's design days as new, and the same at the end of life; every limit is a `Margin`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Scope = Literal["mission", "year", "end of life"]
SCOPES: tuple[Scope, ...] = ("mission", "year", "end of life")


@dataclass(frozen=True, slots=True)
class Entry:
    """A quantity: over the mission, over the year as new, over the year at the end of life; None where not asked.

    `name` is stable and ends in the unit where there is one; `note` is a few words for people (a date, a source).
    """

    name: str
    words: str
    unit: str
    mission: float | None = None
    year: float | None = None
    late: float | None = None
    note: str = ""
    digits: int = 1

    @property
    def values(self) -> tuple[tuple[Scope, float], ...]:
        """The values there are, with their times."""
        all_three = zip(SCOPES, (self.mission, self.year, self.late), strict=True)
        return tuple((scope, value) for scope, value in all_three if value is not None)


@dataclass(frozen=True, slots=True)
class Section:
    """A group of entries under a title; `note` says what it rests on."""

    name: str
    title: str
    entries: tuple[Entry, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Margin:
    """A quantity beside its limit. `share` is the relative margin: 0 at the limit, negative beyond it."""

    name: str
    value: float
    limit: float
    unit: str
    share: float
    text: str
    key: str = ""
    scope: Scope = "mission"


@dataclass(frozen=True, slots=True)
class NodeRange:
    """A thermal node's coldest and hottest moment, without and with jobs, and its limits; the same over the year's
    design days, new or at the end of life, None where they were not flown."""

    node: str
    coldest_c: float
    hottest_c: float
    cold_limit_c: float
    hot_limit_c: float
    year_coldest_c: float | None = None
    year_hottest_c: float | None = None


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
class Relaxer:
    """A change that was tried, by flying it, and what it did to a margin; `then_binds` is the tightest one after it.

    `amount` is the change in `unit`; `enough` says whether it gains what was looked for and breaks nothing else.
    """

    margin: str
    knob: str
    words: str
    amount: float
    unit: str
    value_before: float
    value_after: float
    value_unit: str
    share_before: float
    share_after: float
    then_binds: str
    then_share: float
    enough: bool

    @property
    def text(self) -> str:
        """`+0.031 m² of radiator: 64.1 → 60.0 °C, margin +10.2 points; then binds: …`, or breaks."""
        of = "of " if self.unit else ""
        change = f"{self.amount:+.6g} {self.unit} {of}{self.words}".replace("  ", " ").replace("-", "−")
        after = "then breaks" if self.then_share < 0.0 else "then binds"
        value = f"{self.value_before:.1f} → {self.value_after:.1f} {self.value_unit}".replace("-", "−")
        gain = 100.0 * (self.share_after - self.share_before)
        return f"{change}: {value}, margin +{gain:.1f} points; {after}: {self.then_binds}"


@dataclass(frozen=True, slots=True)
class SatelliteSheet:
    """One satellite. Powers are means over the mission; `duty` is the share of time that its jobs keep the
    accelerator busy, `sustainable_duty` the share that the array's mean power could feed; `…_nonstop` is what would
    happen if it never stopped. Charges are shares of the battery's capacity. Satellites of one design on one plane
    share their power and heat: `flown_as` names the one that was flown for them."""

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
    sections: tuple[Section, ...] = ()
    relaxers: tuple[Relaxer, ...] = ()
    flown_as: str = ""

    @property
    def binds(self) -> Margin:
        """The smallest relative margin of the mission."""
        return min((one for one in self.margins if one.scope == "mission"), key=lambda margin: margin.share)

    @property
    def binds_later(self) -> Margin | None:
        """The smallest relative margin of the year and of the end of life, where those were flown."""
        later = [one for one in self.margins if one.scope != "mission"]
        return min(later, key=lambda margin: margin.share) if later else None

    @property
    def closes(self) -> bool:
        """Whether every margin of the mission is at least zero."""
        return self.binds.share >= 0.0

    @property
    def deepest_discharge(self) -> float:
        """Depth of discharge with the mission's jobs, 0–1."""
        return 1.0 - self.lowest_charge_jobs

    def value(self, name: str, scope: Scope = "mission") -> float:
        """An entry's value by its machine name (`light.lit_share_pct`); `KeyError` where there is none."""
        section, _, entry = name.partition(".")
        for one in (found for part in self.sections if part.name == section for found in part.entries):
            if one.name == entry and scope in dict(one.values):
                return dict(one.values)[scope]
        raise KeyError(f"{name} ({scope})")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A mission's check. `flown_days` of the mission were flown; `life_years` is what end of life means."""

    mission: str
    days: float
    satellites: tuple[SatelliteSheet, ...]
    flown_days: float = 0.0
    life_years: float = 0.0
    notes: tuple[str, ...] = field(default=())

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
        whose = "" if len(self.satellites) == 1 and worst.name == self.mission else f" on {worst.name}"
        said = f"{self.mission} {word}; bound first{whose} by {worst.binds.text}"
        later = [(one.binds_later.share, one) for one in self.satellites if one.binds_later is not None]
        if later:
            share, tight = min(later, key=lambda pair: pair[0])
            assert tight.binds_later is not None, "it was chosen for it"
            if share < 0.0:
                when = "in the year" if tight.binds_later.scope == "year" else "to its end of life"
                said += f". It does not hold {when}: {tight.binds_later.text}"
        return said


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; numbers unrounded, `limit` and `margin` None where there is none. `name` is stable."""

    satellite: str
    quantity: str
    value: float
    unit: str
    limit: float | None = None
    margin: float | None = None
    name: str = ""
    scope: Scope = "mission"


def rows(sheet: Sheet) -> Iterator[Row]:
    """The sheet as lines, for a table, JSON or CSV."""
    for one in sheet.satellites:
        for section in one.sections:
            for entry in section.entries:
                for scope, value in entry.values:
                    name = f"{section.name}.{entry.name}"
                    yield Row(one.name, entry.words, value, entry.unit, name=name, scope=scope)
        for contact in one.contacts:
            where = f"at {contact.station}"
            for name, quantity, value, unit in (
                ("passes_per_day", f"passes a day {where}", contact.passes_per_day, ""),
                ("minutes_per_day", f"contact a day {where}", contact.minutes_per_day, "min"),
                ("longest_gap_h", f"longest gap {where}", contact.longest_gap_h, "h"),
                ("up_mb_per_day", f"up a day {where}", contact.up_mb_per_day, "MB"),
                ("down_mb_per_day", f"down a day {where}", contact.down_mb_per_day, "MB"),
            ):
                yield Row(one.name, quantity, value, unit, name=f"contact.{contact.station}.{name}")
        for m in one.margins:
            yield Row(one.name, m.name, m.value, m.unit, m.limit, m.share, f"margin.{m.key}", m.scope)


def as_json(sheet: Sheet) -> dict[str, Any]:
    """The sheet for machines: verdict, then per satellite its values by machine name and time, margins, relaxers.

    Numbers are unrounded; None stands for what is not finite (a lifetime without end).
    """
    return {
        "mission": sheet.mission,
        "closes": sheet.closes,
        "verdict": sheet.verdict,
        "binds": {"satellite": sheet.worst.name, "margin": sheet.worst.binds.key},
        "days": sheet.days,
        "flown_days": sheet.flown_days,
        "life_years": sheet.life_years,
        "notes": list(sheet.notes),
        "satellites": [_satellite(one, sheet) for one in sheet.satellites],
    }


def _satellite(one: SatelliteSheet, sheet: Sheet) -> dict[str, Any]:
    from dataclasses import asdict

    values = {
        f"{section.name}.{entry.name}": {scope: _finite(value) for scope, value in entry.values}
        | ({"note": entry.note} if entry.note else {})
        for section in one.sections
        for entry in section.entries
    }
    return {
        "name": one.name,
        "bus": one.bus,
        "orbit": one.orbit,
        "closes": one.closes,
        "flown_as": one.flown_as,
        "values": values,
        "heat": [asdict(node) for node in one.nodes],
        "contacts": [asdict(contact) for contact in one.contacts],
        "margins": [asdict(margin) for margin in one.margins],
        "relaxers": [asdict(relaxer) for relaxer in one.relaxers],
    }


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
