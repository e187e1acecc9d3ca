"""The report's section that names the worst orbit: the tightest first, then every orbit of that satellite."""

from __future__ import annotations

from orbitalcloud.view.flight import Flight
from orbitalcloud.view.orbits import Revolution, Worst, all_revolutions, worst_of
from orbitalcloud.view.page import text
from orbitalcloud.view.words import celsius, duration, moment, percent

ORBITS_SHOWN = 120
WORST_SATELLITES = 8


def orbits_section(flight: Flight) -> str:
    """Which orbit was the worst, why, and how the others were; of many satellites, of the one that it was of."""
    found = list(all_revolutions(flight))
    worst = worst_of(found)
    if worst is None:
        return '<p class="none">No telemetry over a whole orbit.</p>'
    many = len(flight.satellites) > 1
    tight = worst.tightest.satellite
    own = [one for one in found if one.satellite == tight]
    own_worst = worst_of(own) or worst
    said = "".join(f"<li>{text(_said(one, why, flight, many))}</li>" for one, why in _pair(worst))
    more = _by_satellite(flight, found) if many else ""
    title = f"<h3>Every orbit of {text(tight)}</h3>" if many else ""
    return f'<ul class="lead">{said}</ul>{more}{title}{_table(flight, own[:ORBITS_SHOWN], own_worst, len(own))}'


def _pair(worst: Worst) -> tuple[tuple[Revolution, str], tuple[Revolution, str]]:
    return (worst.charge, "charge"), (worst.heat, "heat")


def _said(one: Revolution, why: str, flight: Flight, many: bool) -> str:
    who = f"{one.satellite}, orbit {one.number}" if many else f"orbit {one.number}"
    start = flight.header.start
    when = f"{moment(one.start, start)} to {moment(one.end, start)} UTC"
    if why == "charge":
        left = f"{100 * one.charge_margin:.0f} % of the room above the reserve left"
        return f"Worst for charge: {who} ({when}): down to {percent(one.lowest)}, {left}."
    limit = f"{one.side} limit {celsius(one.limit_k, 0)}, {100 * one.heat_margin:.0f} % of its room left"
    return f"Worst for heat: {who} ({when}): {one.node} at {celsius(one.value_k)}, {limit}."


_CHART = {"charge": "power", "heat": "heat"}
_HEADS = (
    ("orbit", False), ("from (UTC)", False), ("eclipse", True), ("made", True), ("used", True), ("balance", True),
    ("lowest charge", True), ("discharge", True), ("nearest limit", False), ("at", True), ("room left", False),
)  # fmt: skip


def _table(flight: Flight, shown: list[Revolution], worst: Worst, count: int) -> str:
    head = "".join(_cell("th", text(name), right) for name, right in _HEADS)
    rows = "".join(_row(flight, one, worst) for one in shown)
    cut = count - len(shown)
    more = f'<p class="note">and {cut} more; orbital get orbits has all.</p>' if cut > 0 else ""
    return (
        f'<div class="grid"><div class="scroll"><table class="orbits"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></div>{more}"
    )


def _row(flight: Flight, one: Revolution, worst: Worst) -> str:
    marks = [name for name, which in (("charge", worst.charge), ("heat", worst.heat)) if which is one]
    badge = "".join(f' <a class="badge" href="#{_CHART[mark]}">worst {mark}</a>' for mark in marks)
    balance = (one.made_j - one.used_j) / 3600.0
    cells = (
        (f'<b id="orbit-{one.number}">{one.number}</b>{badge}', False),
        (text(moment(one.start, flight.header.start)), False),
        (text(duration(one.eclipse_s)) if one.eclipse_s else "none", True),
        (f"{one.made_j / 3600.0:.1f} Wh", True),
        (f"{one.used_j / 3600.0:.1f} Wh", True),
        (f"{balance:+.1f} Wh".replace("-", "−"), True),
        (percent(one.lowest), True),
        (percent(1.0 - one.lowest), True),
        (text(f"{one.node}, {one.side}"), False),
        (text(celsius(one.value_k)), True),
        (_gauge(one.margin), False),
    )
    tds = "".join(_cell("td", cell, right) for cell, right in cells)
    return f'<tr class="worst">{tds}</tr>' if marks else f"<tr>{tds}</tr>"


def _cell(tag: str, cell: str, right: bool) -> str:
    """A cell of what is HTML already."""
    return f'<{tag} class="n">{cell}</{tag}>' if right else f"<{tag}>{cell}</{tag}>"


def _gauge(margin: float) -> str:
    """How much of the room was used, as in the margins section, and what is left of it in percent."""
    used = min(1.0, max(0.0, 1.0 - margin))
    tone = "bad" if margin < 0.0 else "warn" if used > 0.9 else "good"
    said = "broken" if margin < 0.0 else f"{100 * margin:.0f} %"
    return f'<span class="room {tone}"><span class="gauge"><i style="width:{used * 100:.1f}%"></i></span>{said}</span>'


def _by_satellite(flight: Flight, found: list[Revolution]) -> str:
    """The satellites with the worst orbits, each with its tightest."""
    tightest: dict[str, Revolution] = {}
    for one in found:
        if one.satellite not in tightest or one.margin < tightest[one.satellite].margin:
            tightest[one.satellite] = one
    chosen = sorted(tightest.values(), key=lambda one: one.margin)[:WORST_SATELLITES]
    rows = "".join(
        f"<tr><td>{text(one.satellite)}</td><td>{one.number}</td>"
        f"<td>{text(moment(one.start, flight.header.start))}</td>"
        f"<td>{text(_what(one))}</td><td>{_gauge(one.margin)}</td></tr>"
        for one in chosen
    )
    head = "".join(f"<th>{name}</th>" for name in ("satellite", "orbit", "from (UTC)", "bound by", "room left"))
    title = f"The tightest {len(chosen)} of {len(tightest)} satellites, each by its worst orbit"
    return (
        f'<h3>{text(title)}</h3><div class="grid"><div class="scroll"><table class="orbits">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></div>"
    )


def _what(one: Revolution) -> str:
    if one.charge_margin <= one.heat_margin:
        return f"charge, {percent(one.lowest)}"
    return f"{one.node}, {one.side}, {celsius(one.value_k)}"
