"""The report's design section: what `orbital check` says of the flight's mission, beside what was flown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbitalcloud.cli.page import SCOPES, said
from orbitalcloud.core import DataError
from orbitalcloud.mission.physical import ZERO_CELSIUS_K
from orbitalcloud.view.design import Design, Group
from orbitalcloud.view.words import celsius, percent

if TYPE_CHECKING:
    from orbitalcloud.study.sheet import Margin, SatelliteSheet, Section, Sheet
    from orbitalcloud.view.flight import Flight, Satellite


MOST_SATELLITES = 3
"""Missions of more are not checked for their report: that is what `orbital check` is for."""


def designs_of(flight: Flight, mission_path: str, mission_digest: str, *, whole: bool = True) -> tuple[Design, ...]:
    """The sheets of a flight's satellites; nothing where the mission is gone, was changed, or is a fleet's.

    Without `whole` nothing later than the mission is asked, and nothing tried to relax it: a second instead of six.
    """
    from orbitalcloud.mission import load
    from orbitalcloud.study import check

    if not 0 < len(flight.satellites) <= MOST_SATELLITES:
        return ()
    try:
        loaded = load(mission_path)
        if loaded.digest != mission_digest:
            return ()
        sheet = check(loaded, later=whole, relax=whole)
    except DataError:  # the flight stands without it
        return ()
    return tuple(_design(one, sheet, flight.satellites.get(one.name)) for one in sheet.satellites)


def _design(one: SatelliteSheet, sheet: Sheet, flown: Satellite | None) -> Design:
    claims = [section for section in one.sections if section.name == "claims"]
    others = [section for section in one.sections if section.name != "claims"]
    groups = [_bounds(one, flown), *map(_group, claims), _margins(one), _relaxers(one), *map(_group, others)]
    words = f"The check of {one.name} says: {sheet.verdict}."
    if not one.relaxers:
        words += " Year, end of life, dose, lifetime and what would relax it: orbital report adds them."
    return Design(one.name, words, tuple(group for group in groups if group is not None))


def _group(section: Section) -> Group:
    """A section with its times as columns."""
    scopes = [scope for scope in SCOPES if any(scope in dict(entry.values) for entry in section.entries)]
    rows = []
    for entry in section.entries:
        values = dict(entry.values)
        cells = [said(values[scope], entry) if scope in values else "" for scope in scopes]
        rows.append((entry.words.strip(), *cells, entry.note))
    return Group(section.title, ("", *scopes, ""), tuple(rows), section.note)


def _bounds(one: SatelliteSheet, flown: Satellite | None) -> Group | None:
    """The sheet's bounds beside what telemetry shows: a bound that was passed is a fault of the sheet."""
    if flown is None or not len(flown.series):
        return None
    lowest = float(flown.series.charge.min())
    rows = [_bound("lowest charge", percent(one.lowest_charge_jobs), percent(lowest), one.lowest_charge_jobs <= lowest)]
    for node in one.nodes:
        if node.node not in flown.thermal_nodes:
            continue
        heat = flown.series.temperature_k[:, flown.thermal_nodes.index(node.node)]
        for words, sheet_c, kelvin, holds in (
            ("hottest", node.hottest_c, float(heat.max()), node.hottest_c + ZERO_CELSIUS_K >= float(heat.max()) - 0.05),
            ("coldest", node.coldest_c, float(heat.min()), node.coldest_c + ZERO_CELSIUS_K <= float(heat.min()) + 0.05),
        ):
            rows.append(_bound(f"{node.node} {words}", celsius(sheet_c + ZERO_CELSIUS_K), celsius(kelvin), holds))
    return Group("bounds of the check, and what was flown", ("", "sheet", "flown", ""), tuple(rows))


def _bound(words: str, sheet: str, flown: str, holds: bool) -> tuple[str, str, str, str]:
    return words, sheet, flown, "within" if holds else "passed"


def _margins(one: SatelliteSheet) -> Group:
    """The mission's margins, tightest first."""
    mine = sorted((margin for margin in one.margins if margin.scope == "mission"), key=lambda margin: margin.share)
    return Group("margins, tightest first", ("", "value", "limit", "margin"), tuple(map(_margin, mine)))


def _relaxers(one: SatelliteSheet) -> Group | None:
    """What was tried for them."""
    if not one.relaxers:
        return None
    names = {margin.key: margin.name for margin in one.margins}
    rows = tuple(
        (f"{'✓' if relaxer.enough else '✗'} {names[relaxer.margin]}", relaxer.text) for relaxer in one.relaxers
    )
    return Group("what would relax them (✓ ten points gained, or closed)", ("", ""), rows)


def _margin(margin: Margin) -> tuple[str, str, str, str]:
    value, limit = (f"{number:,.1f} {margin.unit}".replace("-", "−") for number in (margin.value, margin.limit))
    return margin.name, value, limit, percent(margin.share).replace("-", "−")
