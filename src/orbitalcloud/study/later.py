"""Later than the mission: the days of a year that size a satellite, as new and at the end of its life."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from orbitalcloud.core import DAY, Instant
from orbitalcloud.mission import Craft, Loaded
from orbitalcloud.study.loads import Load, at_work, cold
from orbitalcloud.study.margins import Envelope, envelope, joined
from orbitalcloud.study.trial import fly
from orbitalcloud.study.year import Year

LIFE_YEARS = 5.0
"""What end of life means: an ordinary design life in low orbit, and the term by which FCC 22-74 wants it gone."""

OLDEST_YEARS = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """The year's design days of one satellite: worst of all as new and at the end of life, and day by day as new.

    `craft` is the satellite at the end of life; `worst_day` the day of its lowest charge and `worst_why` its name.
    """

    craft: Craft
    new: Envelope
    old: Envelope
    new_days: tuple[tuple[Instant, Envelope], ...]
    worst_day: Instant
    worst_why: str


def aged(craft: Craft, years: float) -> Craft:
    """The same satellite, years older: everything that ages by its bus's `age_years` does."""
    age = min(OLDEST_YEARS, craft.bus.age_years + years)
    return replace(craft, bus=msgspec.structs.replace(craft.bus, age_years=age))


def later_of(loaded: Loaded, load: Load, year: Year) -> Later:
    """Fly the year's design days, each after a day of settling in, with the mission's work and passes."""
    new = replace(load.craft, orbit=year.orbit)
    old = aged(new, LIFE_YEARS)
    days: list[tuple[str, Instant, Envelope, Envelope]] = []
    for why, noon in year.design_days().items():
        starts, ends = Instant(noon - DAY - DAY // 2), Instant(noon + DAY // 2)
        loads = [load.on(craft, starts, ends) for craft in (new, old)]
        trials = [trial for one in loads for trial in (cold(one), *at_work(one))]
        seen = fly(loaded, trials, starts, ends, lead_ns=DAY)
        half = len(seen) // 2
        days.append(
            (why, noon, *(envelope(part[1:], part[:1]) for part in (seen[:half], seen[half:])))  # type: ignore[arg-type]
        )
    news, olds = days[0][2], days[0][3]
    for _, _, one, other in days[1:]:
        news, olds = joined(news, one), joined(olds, other)
    worst = min(days, key=lambda day: day[3].lowest)
    return Later(old, news, olds, tuple((day[1], day[2]) for day in days), worst[1], worst[0])
