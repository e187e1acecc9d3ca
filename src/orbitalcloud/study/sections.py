"""The sheet's own sections: orbit, light, power, work and links, each from what was flown and found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orbitalcloud.core import Instant, iso
from orbitalcloud.mission import Craft
from orbitalcloud.physics import Design, secular_rates
from orbitalcloud.study.demand import Demand
from orbitalcloud.study.later import LIFE_YEARS, Later
from orbitalcloud.study.margins import Envelope
from orbitalcloud.study.sheet import Entry, Section, StationContact
from orbitalcloud.study.trial import Seen
from orbitalcloud.study.year import DAYS, Year, local_time_drift_min_year, local_time_h, mean_altitude_km

SEASONS_NAMED = 3
SYNCHRONOUS_MIN_YEAR = 60.0
"""A node that drifts less than this against the mean Sun is meant to keep its local time."""


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What is known of one satellite when its sections are written; as in `SatelliteSheet` where names are equal."""

    craft: Craft
    mean_orbit: Design
    starts: Instant
    period_min: float
    inclination_deg: float
    beta_deg: tuple[float, float]
    eclipses_per_day: float
    longest_eclipse_min: float
    sunlit: float
    idle_load_w: float
    lowest_idle: float
    nonstop: Seen
    payload_nonstop_c: float
    duty: float
    sustainable_duty: float
    asks: Demand
    days: float
    contacts: tuple[StationContact, ...]
    seen: Envelope
    year: Year
    later: Later | None


def own_sections(facts: Facts) -> tuple[Section, ...]:
    """All of them, in the order in which an engineer reads."""
    return (_orbit(facts), _light(facts), _power(facts), _work(facts))


def day(at: Instant) -> str:
    """`2026-06-21`."""
    return iso(at)[:10]


def _orbit(facts: Facts) -> Section:
    orbit = facts.mean_orbit
    rates = secular_rates(orbit.semi_major_axis_m, orbit.eccentricity, orbit.inclination_rad)
    hours = local_time_h(orbit, orbit.epoch)
    minute = round(hours * 60.0) % 1440
    clock = f"{minute // 60:02d}:{minute % 60:02d}"
    drift = local_time_drift_min_year(rates.raan_rad_s)
    entries = (
        Entry("period_min", "period", "min", facts.period_min, digits=2),
        Entry("inclination_deg", "inclination", "°", facts.inclination_deg, digits=2),
        Entry("altitude_km", "mean altitude", "km", mean_altitude_km(orbit)),
        Entry("ltan_h", "local time of the node (LTAN)", "h", hours, note=f"{clock} mean solar time", digits=2),
        Entry("ltan_drift_min_year", "LTAN drift, orbit held", "min/year", drift, note=_round_words(drift)),
    )
    return Section("orbit", "orbit", entries)


def _round_words(drift_min_year: float) -> str:
    """For an orbit that is not sun-synchronous, how long the node takes round the clock."""
    if abs(drift_min_year) < SYNCHRONOUS_MIN_YEAR:
        return "by the Earth's oblateness alone"
    return f"not sun-synchronous: round the clock in {1440.0 * 365.25 / abs(drift_min_year):.1f} days"


def _light(facts: Facts) -> Section:
    year = facts.year
    longest, when = year.longest
    has_eclipse = longest > 0.0
    seasons = "; ".join(f"{day(one.first)} to {day(one.last)}" for one in year.seasons[:SEASONS_NAMED])
    more = len(year.seasons) - SEASONS_NAMED
    seasons += f"; and {more} more" if more > 0 else ""
    per_day = 1440.0 / facts.period_min
    least, most = facts.beta_deg
    entries = (
        Entry("lit_share_pct", "in sunlight", "%", 100.0 * facts.sunlit, 100.0 * year.lit_share),
        Entry("eclipse_share_pct", "in eclipse", "%", 100.0 * (1.0 - facts.sunlit), 100.0 * (1.0 - year.lit_share)),
        Entry("beta_min_deg", "beta angle, least", "°", least, float(year.beta_deg.min())),
        Entry("beta_max_deg", "beta angle, greatest", "°", most, float(year.beta_deg.max())),
        Entry("eclipses_per_day", "eclipses a day", "", facts.eclipses_per_day, per_day if has_eclipse else 0.0,
              note="in season" if 0.0 < year.eclipse_days < DAYS else ""),
        Entry("longest_eclipse_min", "longest eclipse", "min", facts.longest_eclipse_min, longest,
              note=f"{'on' if year.every_day else 'about'} {day(when)}" if has_eclipse else ""),
        Entry("eclipse_days_year", "days with eclipses", "", year=year.eclipse_days,
              note=_season_words(year, seasons), digits=0),
        Entry("sunlight_max_w_m2", "sunlight, greatest", "W/m²", year=float(year.sunlight_w_m2.max())),
        Entry("sunlight_min_w_m2", "sunlight, least", "W/m²", year=float(year.sunlight_w_m2.min())),
    )  # fmt: skip
    note = "year: from the mission's day on, the orbit held"
    return Section("light", "light", entries, note if year.every_day else note + "; one revolution every five days")


def _season_words(year: Year, seasons: str) -> str:
    if not year.seasons:
        return "no eclipse all year"
    return "all year" if year.eclipse_days > DAYS - 1 else seasons


def _power(facts: Facts) -> Section:
    seen, later = facts.seen, facts.later
    new, old = (later.new, later.old) if later is not None else (None, None)

    def three(name: str, words: str, unit: str, take: Callable[[Envelope], float], note: str = "") -> Entry:
        mission, year, late = (None if one is None else take(one) for one in (seen, new, old))
        return Entry(name, words, unit, mission, year, late, note)

    entries = (
        three("array_mean_w", "array, orbit average", "W", lambda one: one.array_w),
        Entry("load_idle_w", "load without jobs", "W", facts.idle_load_w),
        three("load_jobs_w", "load with jobs", "W", lambda one: one.load_w),
        Entry("discharge_idle_pct", "deepest discharge without jobs", "%", 100.0 * (1.0 - facts.lowest_idle)),
        three("discharge_jobs_pct", "deepest discharge with jobs", "%", _depth, _worst(later)),
        Entry("discharge_nonstop_pct", "deepest discharge, computing nonstop", "%", _depth(facts.nonstop)),
        Entry("payload_nonstop_c", "payload hottest, computing nonstop", "°C", facts.payload_nonstop_c),
    )
    note = (
        f"year and end of life (after {LIFE_YEARS:g} years): the worst of the year's darkest, brightest and beta days"
    )
    return Section("power", "power", entries, note if later is not None else "")


def _depth(one: Envelope | Seen) -> float:
    return 100.0 * (1.0 - one.lowest)


def _worst(later: Later | None) -> str:
    return "" if later is None else f"{later.worst_why} day, {day(later.worst_day)}"


def _work(facts: Facts) -> Section:
    contacts = facts.contacts
    entries = [
        Entry("busy_pct", "accelerator busy with jobs", "%", 100.0 * facts.duty),
        Entry("sustainable_pct", "busy share that the array could feed", "%", 100.0 * facts.sustainable_duty),
    ]
    entries += _traffic(facts, contacts)
    return Section("work", "work and contact", tuple(entries))


def _traffic(facts: Facts, contacts: tuple[StationContact, ...]) -> Iterator[Entry]:
    up, down = sum(one.up_mb_per_day for one in contacts), sum(one.down_mb_per_day for one in contacts)
    minutes = sum(one.minutes_per_day for one in contacts)
    yield Entry("contact_min_per_day", "contact a day, all stations", "min", minutes)
    yield Entry("up_gb_per_day", "contacts can carry up a day", "GB", up / 1e3, digits=3)
    yield Entry("down_gb_per_day", "contacts can carry down a day", "GB", down / 1e3, digits=3)
    yield Entry(
        "up_asked_mb_per_day", "the mission asks up a day", "MB", facts.asks.up_bytes / facts.days / 1e6, digits=2
    )
    yield Entry(
        "down_asked_mb_per_day", "the mission asks down a day", "MB", facts.asks.down_bytes / facts.days / 1e6, digits=2
    )
