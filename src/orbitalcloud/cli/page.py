"""The page that `orbital check` prints: a satellite's sheet in groups, or a fleet's spread and its worst satellite."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median
from typing import TYPE_CHECKING

from orbitalcloud.view.words import count

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from orbitalcloud.study.sheet import Entry, Margin, SatelliteSheet, Scope, Section, Sheet, StationContact

SCOPES: tuple[Scope, ...] = ("mission", "year", "end of life")
WHOLE_AT_MOST = 3
"""Satellites that are each shown in full; of more, the spread, the tightest and the first of these."""

WORST_SHOWN = 5
STATIONS_SHOWN = 16


def print_sheet(sheet: Sheet, console: Console) -> None:
    """Verdict first, then the numbers that it rests on."""
    _say(console, f"{'✓' if sheet.closes else '✗'} {sheet.verdict}")
    if len(sheet.satellites) <= WHOLE_AT_MOST:
        for one in sheet.satellites:
            _satellite(one, console)
        _notes(sheet, console)
        return
    _fleet(sheet, console)
    _satellite(sheet.worst, console)
    _notes(sheet, console)


def _notes(sheet: Sheet, console: Console) -> None:
    if sheet.notes:
        console.print()
    for note in sheet.notes:
        _indented(console, note, "dim", 2)


def number(value: float, digits: int = 1) -> str:
    """A number with a true minus sign and no negative zero."""
    text = f"{value:,.{digits}f}"
    return (text[1:] if float(text.replace(",", "")) == 0.0 and text.startswith("-") else text).replace("-", "−")


def share(value: float) -> str:
    """`12.5 %` of 0.125; of a share below a thousandth, `< 0.1 %`."""
    return "< 0.1 %" if 0.0 < value < 0.0005 else f"{number(100 * value)} %"


# One satellite ------------------------------------------------------------------------------------------------------


def _satellite(one: SatelliteSheet, console: Console) -> None:
    console.print()
    _say(console, f"{one.name} · {one.bus} · {one.orbit}", "bold")
    for section in one.sections:
        if section.name not in ("claims", "heat_cases"):
            _section(section, console)
        if section.name == "power":
            _heat(one, console)
            for cases in (part for part in one.sections if part.name == "heat_cases"):
                _section(cases, console)
        if section.name == "work":
            _contacts(one.contacts, console)
    _margins(one, console)
    _relaxers(one, console)
    for section in one.sections:
        if section.name == "claims":
            _section(section, console)


def _section(section: Section, console: Console) -> None:
    """A group's quantities; its times as columns, where it has more than the mission's."""
    scopes = [scope for scope in SCOPES if any(scope in dict(entry.values) for entry in section.entries)]
    lone = len(scopes) == 1
    titles = [("", "", True)] if lone else [(scope, "", True) for scope in scopes]
    grid = _grid(console, section.title, ("", "", False), *titles, ("", "dim", False), header=not lone)
    for entry in section.entries:
        values = dict(entry.values)
        cells = [said(values[scope], entry) if scope in values else "" for scope in scopes]
        grid.add_row(entry.words, *cells, entry.note)
    console.print(grid)
    if section.note:
        _indented(console, section.note, "dim")


def said(value: float, entry: Entry) -> str:
    """A value with its digits and unit."""
    gap = "" if entry.unit in ("", "°") else " "
    return f"{number(value, entry.digits)}{gap}{entry.unit}"


def _pairs(console: Console, title: str, lines: Iterable[tuple[str, str]]) -> None:
    grid = _grid(console, title, ("", "", False), ("", "", False), header=False)
    for name, text in lines:
        grid.add_row(name, text)
    console.print(grid)


def _heat(one: SatelliteSheet, console: Console) -> None:
    """Coldest and hottest of each node: in the mission, and over the year's design days, new to old."""
    later = any(node.year_coldest_c is not None for node in one.nodes)
    titles = ["cold limit", "coldest", "hottest", *(("coldest, year", "hottest, year") if later else ()), "hot limit"]
    grid = _grid(console, "heat, in the mission and on the year's design days", ("node", "", False), *_right(*titles))
    for node in one.nodes:
        values = [node.cold_limit_c, node.coldest_c, node.hottest_c]
        if node.year_coldest_c is not None and node.year_hottest_c is not None:
            values += [node.year_coldest_c, node.year_hottest_c]
        grid.add_row(node.node, *(f"{number(value)} °C" for value in (*values, node.hot_limit_c)))
    console.print(grid)


def _contacts(contacts: Iterable[StationContact], console: Console) -> None:
    seen = sorted(contacts, key=lambda one: -one.minutes_per_day)
    if not seen:
        _pairs(console, "contact", [("none", "the mission has no station that this satellite can talk to")])
        return
    titles = _right("passes", "minutes", "longest gap", "up", "down")
    grid = _grid(console, "contact a day", ("station", "", False), *titles)
    for one in seen[:STATIONS_SHOWN]:
        grid.add_row(
            one.station,
            number(one.passes_per_day),
            number(one.minutes_per_day),
            f"{number(one.longest_gap_h)} h",
            f"{number(one.up_mb_per_day)} MB",
            f"{number(one.down_mb_per_day)} MB",
        )
    if len(seen) > STATIONS_SHOWN:
        grid.add_row(f"and {len(seen) - STATIONS_SHOWN} more")
    console.print(grid)


def _margins(one: SatelliteSheet, console: Console) -> None:
    """The mission's margins, tightest first; beside each the same over the year and at the end of life."""
    later = [scope for scope in SCOPES[1:] if any(margin.scope == scope for margin in one.margins)]
    titles = _right("value", "limit", "margin", *later)
    grid = _grid(console, "margins, tightest first", ("quantity", "", False), *titles)
    shares = {(margin.key, margin.scope): margin.share for margin in one.margins}
    first = {margin.key: margin for margin in reversed(one.margins)}
    order = {margin.key: margin for margin in one.margins if margin.scope == "mission"}
    for margin in sorted({**first, **order}.values(), key=lambda margin: margin.share):
        beside = [share(shares[margin.key, scope]) if (margin.key, scope) in shares else "" for scope in later]
        value, limit, own = _numbers(margin)
        worst = min(one_share for (key, _), one_share in shares.items() if key == margin.key)
        mark = "✓ " if worst >= 0.0 else "✗ "
        grid.add_row(mark + margin.name, value, limit, own if margin.scope == "mission" else "", *beside)
    console.print(grid)


def _relaxers(one: SatelliteSheet, console: Console) -> None:
    """What was tried for the tightest margins, and what it did."""
    if not one.relaxers:
        return
    names = {margin.key: margin.name for margin in one.margins}
    console.print()
    _say(console, "  what would relax the tightest, charge and payload (✓ ten points gained, or closed)", "dim")
    for relaxer in one.relaxers:
        _indented(console, f"{'✓' if relaxer.enough else '✗'} {names[relaxer.margin]}: {relaxer.text}")


def _numbers(margin: Margin) -> tuple[str, str, str]:
    digits = 2 if margin.unit == "MB/day" else 1
    value, limit = number(margin.value, digits), number(margin.limit, digits)
    return f"{value} {margin.unit}", f"{limit} {margin.unit}", share(margin.share)


# A fleet ------------------------------------------------------------------------------------------------------------


def _hottest_payload(one: SatelliteSheet) -> float:
    """Of a bus that gave its payload another name, the hottest of all its nodes."""
    return max(node.hottest_c for node in [n for n in one.nodes if n.node == "payload"] or one.nodes)


def _fleet(sheet: Sheet, console: Console) -> None:
    fleet = sheet.satellites
    closing = sum(one.closes for one in fleet)
    console.print()
    _say(console, f"{count(len(fleet), 'satellite')}, of which {closing:,} close", "bold")
    spreads: tuple[tuple[str, str, Callable[[SatelliteSheet], float]], ...] = (
        ("orbital period", "min", lambda one: one.period_min),
        ("in sunlight", "%", lambda one: 100 * one.sunlit_share),
        ("longest eclipse", "min", lambda one: one.longest_eclipse_min),
        ("array, mean", "W", lambda one: one.array_w),
        ("load with jobs, mean", "W", lambda one: one.job_load_w),
        ("lowest charge with jobs", "%", lambda one: 100 * one.lowest_charge_jobs),
        ("accelerator busy", "%", lambda one: 100 * one.duty),
        ("duty the array could feed", "%", lambda one: 100 * one.sustainable_duty),
        ("hottest payload", "°C", _hottest_payload),
        ("contact a day", "min", lambda one: sum(at.minutes_per_day for at in one.contacts)),
    )
    grid = _grid(console, "the fleet", ("quantity", "", False), *_right("least", "median", "most"))
    for name, unit, take in spreads:
        values = [take(one) for one in fleet]
        grid.add_row(name, *(f"{number(value)} {unit}" for value in (min(values), median(values), max(values))))
    console.print(grid)
    _stations(sheet, console)
    grid = _grid(
        console,
        f"the {WORST_SHOWN} tightest",
        ("satellite", "", False),
        ("bound first by", "", False),
        *_right("value", "limit", "margin"),
    )
    for one in sorted(fleet, key=lambda one: one.binds.share)[:WORST_SHOWN]:
        bound = one.binds
        grid.add_row(("✓ " if one.closes else "✗ ") + one.name, bound.name, *_numbers(bound))
    console.print(grid)


def _stations(sheet: Sheet, console: Console) -> None:
    """Per station: how many satellites see it, and their minutes a day."""
    minutes: dict[str, list[float]] = {}
    for one in sheet.satellites:
        for contact in one.contacts:
            minutes.setdefault(contact.station, []).append(contact.minutes_per_day)
    if not minutes:
        return
    titles = _right("satellites in sight", "least", "median", "most", "all together")
    grid = _grid(console, "contact minutes a day", ("station", "", False), *titles)
    for station, values in sorted(minutes.items(), key=lambda item: -sum(item[1]))[:STATIONS_SHOWN]:
        seen = sum(value > 0.0 for value in values)
        spread = (min(values), median(values), max(values), sum(values))
        grid.add_row(station, number(seen, 0), *(number(value) for value in spread))
    if len(minutes) > STATIONS_SHOWN:
        grid.add_row(f"and {len(minutes) - STATIONS_SHOWN} more")
    console.print(grid)


# Pieces -------------------------------------------------------------------------------------------------------------


def _right(*titles: str) -> tuple[tuple[str, str, bool], ...]:
    return tuple((title, "", True) for title in titles)


def _grid(console: Console, title: str, *columns: tuple[str, str, bool], header: bool = True) -> Table:
    """A group: its title on a line of its own, then a table indented below it."""
    from rich.table import Table

    console.print()
    _say(console, f"  {title}", "dim")
    grid = Table(box=None, pad_edge=True, show_header=header, header_style="dim", padding=(0, 2, 0, 2))
    for name, style, right in columns:
        grid.add_column(name, style=style, justify="right" if right else "left")
    return grid


def _indented(console: Console, text: str, style: str = "", columns: int = 4) -> None:
    """A line of words, or several, all as far in as the first."""
    from rich.padding import Padding
    from rich.text import Text

    console.print(Padding(Text(text, style=style), (0, 0, 0, columns)))


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False)
