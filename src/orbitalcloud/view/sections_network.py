"""The report's section on the network: what arrived and when, where bundles went, and why they waited."""

from __future__ import annotations

from orbitalcloud.core.time import SECOND
from orbitalcloud.view.columns import Column, Row, Table, utc
from orbitalcloud.view.flight import Bundle, Flight
from orbitalcloud.view.network_checks import fate, messages, stays
from orbitalcloud.view.network_picture import traffic_picture
from orbitalcloud.view.network_story import (
    BESIDE_PEACE,
    RESILIENCE,
    checked,
    network_faults,
    node_of,
    reasons,
    resilience_rows,
    shortened,
    slowest,
    spread,
    told,
    way,
)
from orbitalcloud.view.notices import notice_bytes_a_day
from orbitalcloud.view.page import grid, text
from orbitalcloud.view.sections_world import LANES_SHOWN, frame_of
from orbitalcloud.view.tables import table
from orbitalcloud.view.timeline import Bar, Lane, Mark, timeline
from orbitalcloud.view.words import count, duration, moment, scaled, short

SLOWEST_SHOWN = 14
FAULTS_SHOWN = 12


def network_section(flight: Flight, peace: Flight | None = None) -> str:
    """Every bundle's journey."""
    wholes = [bundle for bundle in flight.bundles.values() if not bundle.parent]
    if not wholes:
        return '<p class="none">No bundle was made.</p>'
    delivered = [bundle for bundle in wholes if bundle.delivered]
    delays = sorted(bundle.delay_s for bundle in delivered)
    middle = (
        f", half of them within {duration(delays[len(delays) // 2])}, all within {duration(delays[-1])}"
        if delays
        else ""
    )
    waits = sum(hop.what == "waits" for bundle in wholes for hop in bundle.hops)
    said = (
        f"{len(delivered)} of {count(len(wholes), 'bundle')} delivered{middle}; "
        f"{count(waits, 'wait')}, {count(sum(bool(b.fragments) for b in wholes), 'bundle')} cut into fragments, "
        f"{count(len(flight.frames_lost), 'frame')} lost"
    )
    order = sorted(wholes, key=lambda bundle: (bool(bundle.delivered), -bundle.delay_s))[: LANES_SHOWN // 2]
    lanes = [_bundle_lane(flight, bundle) for bundle in sorted(order, key=lambda bundle: bundle.created)]
    title = (
        "Journeys" if len(lanes) == len(wholes) else f"Journeys: the {len(lanes)} of {len(wholes):,} that took longest"
    )
    keys = (("stored", "stored"), ("sent", "sent"), ("later", "waits"), ("done", "delivered"), ("no", "dropped"))
    listed = f"<details><summary>Every bundle</summary>{grid(table(flight, 'bundles'))}</details>"
    drawn = timeline(frame_of(flight, ""), lanes, title, keys) if not messages(flight) else _messages(flight, peace)
    return f'<p class="lead">{text(said)}.</p>{drawn}{listed}{_notices(flight)}'


# People's messages --------------------------------------------------------------------------------------------------


def _messages(flight: Flight, peace: Flight | None) -> str:
    """Delivery by kind, what held, the slowest hop by hop with the faults above them, and each fault's before and
    after."""
    found = spread(flight, messages(flight))
    said = (
        f"{found.delivered:,} of {count(found.made, 'message')} of people arrived, half of them within "
        f"{duration(found.median_s or 0)} and 95 % within {duration(found.p95_s or 0)}; {found.again} were sent again, "
        f"{found.open} are on the way, {found.expired} outlived their lifetime"
    )
    traffic = grid(table(flight, "messages"))
    parts = [f'<p class="lead">{text(said)}.</p>', _holds(flight), traffic, _slowest(flight), traffic_picture(flight)]
    return "".join((*parts, _before_and_after(flight, peace), _reasons(flight), _trust(flight)))


def _holds(flight: Flight) -> str:
    """What must hold of every flight, and whether it does."""
    shown = []
    for name, broken in checked(flight):
        tone = "bad" if broken else "good"
        what = (
            f"{name}: no, {broken[0]}" + (f" and {len(broken) - 1} more" if len(broken) > 1 else "") if broken else name
        )
        shown.append(f'<li class="{tone}">{text(what)}</li>')
    return f'<ul class="holds">{"".join(shown)}</ul>'


def _slowest(flight: Flight) -> str:
    """Of the messages that took longest, where each lay and why."""
    chosen = sorted(slowest(flight, SLOWEST_SHOWN), key=lambda one: one.created)
    lanes = [*_fault_lanes(flight), *(_message_lane(flight, one) for one in chosen)]
    keys = (
        ("fault", "fault"),
        ("lay", "waits at a node"),
        ("stored", "on its way"),
        ("later", "sent again"),
        ("no", "dropped by a relay"),
        ("done", "delivered"),
    )
    title = f"The {len(chosen)} messages that took longest, below what went wrong"
    columns = (
        Column("message", "message"),
        Column("state", "state"),
        Column("delay_s", "took", lambda value: duration(value) if value else "", right=True),
        Column("way", "way"),
        Column("why", "why it took so long"),
    )
    rows: tuple[Row, ...] = tuple(_story_row(flight, one) for one in chosen)
    return timeline(frame_of(flight, ""), lanes, title, keys) + grid(Table("messages", columns, rows))


def _story_row(flight: Flight, one: Bundle) -> Row:
    return {
        "message": one.purpose.removeprefix("message "),
        "state": fate(flight, one),
        "delay_s": one.delay_s if one.delivered else None,
        "way": shortened(way(one)),
        "why": told(flight, one),
    }


def _fault_lanes(flight: Flight) -> list[Lane]:
    """The network's faults, a lane each."""
    last, start = flight.span[1], flight.header.start
    return [
        Lane(
            fault.fault,
            fault.node,
            (Bar(fault.at, fault.ends or last, "fault", f"{moment(fault.at, start)} {fault.node}: {fault.text}"),),
        )
        for fault in network_faults(flight)[:FAULTS_SHOWN]
    ]


def _message_lane(flight: Flight, one: Bundle) -> Lane:
    start, last = flight.header.start, flight.span[1]
    bars = [Bar(one.created, one.delivered or last, "stored", f"{one.source} to {node_of(one.destination)}")]
    for node, begins, ends, why in stays(one):
        said = f": {why[-1].why}" if why else ""
        long = duration((ends - begins) / SECOND)
        bars.append(Bar(begins, ends, "lay", f"{moment(begins, start)}, {long} at {node}{said}"))
    tones = {"swallowed": "no", "dropped": "no", "sent again": "later", "delivered": "done"}
    marks = [
        Mark(hop.at, tones[hop.what], f"{moment(hop.at, start)} {hop.node} {hop.what} {hop.why or hop.peer}")
        for hop in one.hops
        if hop.what in tones
    ]
    took = duration(one.delay_s) if one.delivered else fate(flight, one)
    return Lane(
        one.purpose.removeprefix("message "),
        f"{took} · {one.source} → {node_of(one.destination)}",
        tuple(bars),
        tuple(marks),
    )


def _before_and_after(flight: Flight, peace: Flight | None) -> str:
    """Each fault's three lines, beside the same mission in peace where there is one."""
    rows = resilience_rows(flight, peace)
    if not rows:
        return ""
    note = "Messages count where they were made; before and after are as long as the fault."
    if peace is None:
        note += " Fly the mission --without-faults and make this report --against it for the same in peace."
    shown = Table("resilience", RESILIENCE if peace is None else BESIDE_PEACE, tuple(rows))
    return f"<h3>Before, during and after each fault</h3>{grid(shown, note=note)}"


def _reasons(flight: Flight) -> str:
    columns = (
        Column("why", "why messages waited, were sent again or dropped"),
        Column("times", "times", "{:,}".format, right=True),
    )
    rows: tuple[Row, ...] = tuple({"why": why, "times": times} for why, times in reasons(flight))
    return grid(Table("reasons", columns, rows)) if rows else ""


def _trust(flight: Flight) -> str:
    """Whom nodes counted on no more, and when again."""
    if not flight.reliance:
        return ""
    columns = (
        Column("at", "at (UTC)", lambda value: value[5:19].replace("T", " ")),
        Column("node", "node"),
        Column("subject", "about"),
        Column("said", "says"),
        Column("why", "why"),
    )
    rows: tuple[Row, ...] = tuple(
        {
            "at": utc(one.at),
            "node": one.node,
            "subject": one.subject,
            "said": "counts on it again" if one.trusted else "does not count on it",
            "why": str(one.why),
        }
        for one in flight.reliance
    )
    said = f"Whom nodes did not count on, {count(len(rows), 'change')}"
    return f"<details><summary>{text(said)}</summary>{grid(Table('changes of trust', columns, rows))}</details>"


def _notices(flight: Flight) -> str:
    """What nodes told each other of themselves, and its cost."""
    rows = table(flight, "notices")
    if not rows.rows:
        return ""
    bundles, a_day = notice_bytes_a_day(flight)
    said = f"{count(len(rows.rows), 'node')} told of themselves in {count(bundles, 'bundle')} of signed notices"
    shown = grid(rows, hide=("capacity_utc", "signed_bytes"))
    listed = f"<details><summary>Notices</summary>{shown}</details>"
    return f'<p class="lead">{text(said)}, {scaled(a_day, "B")} a day.</p>{listed}'


def _bundle_lane(flight: Flight, bundle: Bundle) -> Lane:
    start, last = flight.header.start, flight.span[1]
    end = bundle.delivered or bundle.dropped or last
    bars = (Bar(bundle.created, end, "stored", f"{bundle.source} to {bundle.destination}, {bundle.state}"),)
    tones = {"sent": "sent", "waits": "later", "cut": "later", "delivered": "done", "dropped": "no"}
    marks = [
        Mark(hop.at, tones[hop.what], f"{moment(hop.at, start)} {hop.what} {hop.peer or hop.why or ''}")
        for hop in bundle.hops
        if hop.what in tones
    ]
    name = bundle.purpose or short(bundle.name)
    target = bundle.destination.removeprefix("dtn://").partition("/")[0]
    note = f"{bundle.source} → {target} · {scaled(bundle.size_bytes, 'B')}"
    return Lane(name, note, bars, tuple(marks[:40]))
