"""One flight as one self-contained HTML file: a fold of the Log, drawn. The same Log gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence

from orbitalcloud.view.design import Design, design_section
from orbitalcloud.view.flight import Flight
from orbitalcloud.view.page import attribute, page, text, tile
from orbitalcloud.view.sections_ethereum import ethereum_section
from orbitalcloud.view.sections_guards import trust_section
from orbitalcloud.view.sections_network import network_section
from orbitalcloud.view.sections_orbits import orbits_section
from orbitalcloud.view.sections_radiation import radiation_section
from orbitalcloud.view.sections_work import (
    faults_section,
    jobs_section,
    receipts_section,
    refusals_section,
    reproduce_section,
)
from orbitalcloud.view.sections_world import (
    contacts_section,
    heat_section,
    margins_section,
    orbit_section,
    power_section,
)
from orbitalcloud.view.verdict import Margin, Verdict, verdict
from orbitalcloud.view.words import celsius, clock, count, day, duration, percent, scaled, short


def report_html(
    flight: Flight, digest: str, reproduce: str, designs: Sequence[Design] = (), peace: Flight | None = None
) -> str:
    """The page. `digest` is that of the Log, `reproduce` the commands that make the flight again; `designs` what a
    check of the mission said of its satellites, where somebody above this layer asked it; `peace` the same mission
    flown without its faults, to compare with."""
    judged = verdict(flight)
    sections = (
        ("margins", "Margins", margins_section(flight, judged)),
        ("orbits", "Worst orbit", orbits_section(flight)),
        ("orbit", "Orbit", orbit_section(flight)),
        ("power", "Power", power_section(flight)),
        ("heat", "Heat", heat_section(flight)),
        ("radiation", "Radiation", radiation_section(flight)),
        ("contacts", "Contacts", contacts_section(flight)),
        *((("design", "Design", design_section(designs)),) if designs else ()),
        ("work", "Work", jobs_section(flight, judged.tally) + trust_section(flight)),
        ("refusals", "Refusals", refusals_section(flight)),
        ("network", "Network", network_section(flight, peace)),
        ("receipts", "Receipts", receipts_section(flight)),
        ("ethereum", "Ethereum", ethereum_section(flight)),
        ("faults", "Faults", faults_section(flight)),
        ("reproduce", "Reproduce", reproduce_section(flight, digest, reproduce)),
    )
    title = flight.header.mission or "flight"
    return page(title, _masthead(flight, judged, digest), sections)


def _masthead(flight: Flight, judged: Verdict, digest: str) -> str:
    head = flight.header
    state = "closes" if judged.closes else "interrupted" if not judged.complete else "does not close"
    tone = "good" if judged.closes else "warn" if not judged.complete else "bad"
    start, end = flight.span
    when = f"{day(start)}, {clock(start)} UTC · {duration((end - start) / 1e9)}"
    who = count(len(flight.satellites), "satellite") + ", " + count(len(flight.stations), "station")
    meta = " · ".join(part for part in (when, who, f"seed {head.seed}", head.software) if part)
    return (
        f'<header><p class="kicker">Flight report</p><h1>{text(head.mission or "A flight")}</h1>'
        f'<p class="meta">{text(meta)}</p>'
        f'<p class="verdict {tone}"><b>{text(state)}</b>{text(judged.sentence)}</p>'
        f'<div class="tiles">{"".join(_tiles(flight, judged))}</div>'
        f'<p class="digest"><code title="{attribute(digest)}">{text(digest)}</code></p></header>'
    )


def _tiles(flight: Flight, judged: Verdict) -> list[str]:
    tally = judged.tally
    tiles = [_charge_tile(judged.margins), _heat_tile(judged.margins)]
    if tally.jobs:
        late = f"{tally.late} late, " if tally.late else ""
        note = f"{late}{tally.refused} refused, {tally.failed} failed, {tally.open} open"
        tone = "bad" if tally.failed or tally.late or tally.overdue else "good"
        tiles.append(tile("Results delivered", f"{tally.delivered + tally.late:,} of {tally.jobs:,}", note, tone))
    if tally.joules_per_result is not None:
        note = "; ".join(_energy(flight, executed) for executed in (True, False)).strip("; ")
        tiles.append(tile("Energy per result, modelled included", scaled(tally.joules_per_result, "J"), note))
    if flight.heads:
        own = [head for head in flight.heads if head.network != "mainnet"]  # the chain that is paid on, if followed
        head = (own or flight.heads)[-1]
        note = f"{head.network} at slot {head.finalized_slot:,}, {short(head.finalized_root, 4)}"
        tiles.append(tile("Head lag", duration(head.lag_s), note))
    return [one for one in tiles if one]


def _energy(flight: Flight, executed: bool) -> str:
    """`23 executed at 41 mJ`: the runs of one sort and their mean."""
    energies = [job.energy_j for job in flight.jobs.values() if job.finished and job.executed == executed]
    sort = "executed" if executed else "modelled"
    return f"{len(energies):,} {sort} at {scaled(sum(energies) / len(energies), 'J')}" if energies else ""


def _charge_tile(margins: tuple[Margin, ...]) -> str:
    found = [margin for margin in margins if margin.name == "charge against the reserve"]
    if not found:
        return ""
    worst = found[0]
    note = f"reserve {percent(worst.limit, 0)}, {worst.node} at {clock(worst.at)} UTC"
    return tile("Lowest charge", percent(worst.value), note, "good" if worst.holds else "bad")


def _heat_tile(margins: tuple[Margin, ...]) -> str:
    found = [margin for margin in margins if margin.unit == "K"]
    if not found:
        return ""
    worst = found[0]
    room = abs(worst.limit - worst.value) * (1 if worst.holds else -1)
    said = worst.name.replace(" against its", ",")
    note = f"{said} {celsius(worst.limit, 0)}, at {clock(worst.at)} UTC"
    return tile("Tightest heat margin", f"{room:.1f} K".replace("-", "−"), note, "good" if worst.holds else "bad")
