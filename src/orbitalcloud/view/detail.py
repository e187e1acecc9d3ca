"""One thing of a flight in full: what it is, and its story. A job shows why it waits, a bundle its journey."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.records import GuardTripped, JobVerified, UpsetStruckJob
from orbitalcloud.view.columns import Column, Row, Table, Value, utc
from orbitalcloud.view.flight import Bundle, Flight, Job
from orbitalcloud.view.network_story import kind_of, slowest, told
from orbitalcloud.view.printing import render
from orbitalcloud.view.tables import KINDS, table

if TYPE_CHECKING:
    from rich.console import Console

_KEYS = {
    "satellites": ("name",),
    "orbits": ("node",),
    "stations": ("name",),
    "contacts": ("node", "peer"),
    "jobs": ("job", "name"),
    "bundles": ("bundle",),
    "receipts": ("digest", "job"),
    "notices": ("node",),
    "messages": ("kind",),
    "resilience": ("fault", "target"),
    "transactions": ("hash",),
    "heads": ("node",),
    "settlement": ("about", "node"),
    "faults": ("node",),
    "upsets": ("node", "device"),
    "strikes": ("job", "node"),
    "guards": ("guards",),
    "verdicts": ("job",),
}
SLOWEST = 20
"""Messages of a kind whose story is told: those that waited longest."""
_STORY = (
    Column("at_utc", "at (UTC)", lambda value: value[5:23].replace("T", " ") if value else ""),
    Column("node", "node"),
    Column("event", "event"),
    Column("text", "what"),
)


@dataclass(frozen=True, slots=True)
class Detail:
    """`fields` are the row of the table; `story` what happened to it in time order (may be empty)."""

    kind: str
    name: str
    fields: Row
    story: Table


def detail(flight: Flight, kind: str, name: str) -> Detail:
    """The one `name` of `kind`: its name, or a beginning that only one has. `DataError` helps with others."""
    rows = table(flight, kind).rows
    keys = _KEYS[kind]
    exact = [row for row in rows if any(row[key] == name for key in keys)]
    found = exact or [row for row in rows if any(_begins(row[key], name) for key in keys)]
    if not found:
        known = ", ".join(str(row[keys[0]]) for row in rows[:8]) or f"no {kind} at all"
        raise DataError(kind, name, f"this flight has {known}")
    if len({str(row[keys[0]]) for row in found}) > 1:
        many = ", ".join(str(row[keys[0]]) for row in found[:8])
        raise DataError(kind, name, f"more than one begins so, say which: {many}")
    row = found[-1]
    return Detail(kind, str(row[keys[0]]), row, _story(flight, kind, row, found))


def _begins(value: Value, name: str) -> bool:
    text = str(value or "")
    return bool(name) and (text.startswith(name) or text.partition(":")[2].startswith(name))


def _story(flight: Flight, kind: str, row: Row, found: list[Row]) -> Table:
    rows: Iterable[Row] = ()
    if kind == "messages":
        chosen = [one for one in slowest(flight, len(flight.bundles)) if kind_of(one) == row["kind"]]
        rows = [_line(one.created, one.source, one.state, told(flight, one))[1] for one in chosen[:SLOWEST]]
    elif kind == "jobs":
        rows = job_story(flight, flight.jobs[str(row["job"])])
    elif kind == "bundles":
        rows = bundle_story(flight.bundles[str(row["bundle"])])
    elif kind == "satellites":
        rows = (entry for entry in table(flight, "faults").rows if entry["node"] == row["name"])
    elif kind in {
        "resilience",
        "contacts",
        "heads",
        "settlement",
        "faults",
        "upsets",
        "strikes",
        "guards",
        "verdicts",
    }:
        full = table(flight, kind)
        return Table(kind, full.columns, tuple(found))
    return Table("story", _STORY, tuple(rows))


def _line(at: int, node: str, event: str, text: object = "") -> tuple[int, Row]:
    return at, {"at_utc": utc(at), "node": node, "event": event, "text": str(text)}


def _trust_line(one: UpsetStruckJob | GuardTripped | JobVerified) -> tuple[int, Row]:
    """What struck a job, who noticed, and what its copies said."""
    match one:
        case UpsetStruckJob():
            return _line(one.at, one.node, f"struck: {one.fate}", f"{one.device}: a bit of its {one.place}")
        case GuardTripped():
            return _line(one.at, one.node, f"guard {one.guard}", one.text + (": run again" if one.again else ""))
        case JobVerified():
            return _line(one.at, one.node, "copies compared", one.why)


def job_story(flight: Flight, job: Job) -> list[Row]:
    """Everything that was said about a job, the journeys of its bundles included where their purpose names it."""
    lines = [_line(job.submitted, job.source, "submitted", f"to {job.target}")] if job.submitted else []
    lines += [_line(said.at, said.node, "deferred", said.why) for said in job.deferred]
    lines += [_line(said.at, said.node, "refused", said.why) for said in job.refused]
    lines += [_line(said.at, said.node, "accepted", f"promised {utc(said.until)}; {said.why}") for said in job.accepted]
    for run in job.runs:
        lines.append(_line(run.start, run.node, "started", run.why if run.throttled else run.accelerator))
        if run.end and run.outcome != "failed":
            lines.append(_line(run.end, run.node, run.outcome, run.stopped_why or f"{job.energy_j:.3f} J"))
    if job.failed:
        lines.append(_line(job.failed, job.executor or job.target, "failed", job.failure))
    if job.delivered:
        lines.append(_line(job.delivered, job.source, "delivered", job.delivered_why or ""))
    for bundle in flight.bundles.values():
        if job.job in bundle.purpose.split():
            lines += [_line(hop.at, hop.node, f"bundle {hop.what}", hop.why or hop.peer) for hop in bundle.hops]
    lines += [_trust_line(one) for one in flight.trust if one.job == job.job]
    return [row for _, row in sorted(lines, key=lambda line: line[0])]


def bundle_story(bundle: Bundle) -> list[Row]:
    """A bundle's hops, waits and end."""
    return [
        _line(
            hop.at, hop.node, hop.what + (f" (attempt {hop.attempt})" if hop.attempt > 1 else ""), hop.why or hop.peer
        )[1]
        for hop in bundle.hops
    ]


def detail_json(shown: Detail) -> str:
    """The fields and the story as one JSON object."""
    whole = {"kind": shown.kind, "name": shown.name, **shown.fields, "story": list(shown.story.rows)}
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False)


def render_detail(shown: Detail, console: Console) -> None:
    """Print one thing: its fields, then its story."""
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable(box=None, pad_edge=False, show_header=False)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in shown.fields.items():
        if value not in (None, ""):
            text = "".join(letter if letter.isprintable() else " " for letter in str(value))
            grid.add_row(name, Text(text))
    console.print(grid)
    if shown.story.rows:
        console.print()
        render(shown.story, console)


assert set(_KEYS) == set(KINDS)
