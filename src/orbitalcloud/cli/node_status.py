"""`orbital get KIND --store DIR`: what the node that runs there has and does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from orbitalcloud.cli import output
from orbitalcloud.core import Instant, iso, records
from orbitalcloud.core.time import SECOND
from orbitalcloud.live.control import Shown
from orbitalcloud.live.node_client import NodeClient

EVENTS = 1000
"""The newest entries of the Log that are asked for."""

Row = dict[str, Any]


def get(kind: str, name: str | None, store: Path, as_json: bool) -> int:
    """Print rows of one kind, those whose first column begins with `name`; exit 1 where there is no such row."""
    if kind.rstrip("s") not in (known.rstrip("s") for known in _KINDS):
        raise output.choose("kind", kind, _KINDS)
    rows_of = next(rows for known, rows in _KINDS.items() if known.rstrip("s") == kind.rstrip("s"))
    with NodeClient(store) as client:
        rows = rows_of(client.show(EVENTS if rows_of is _events else 0))
    if name is not None:
        rows = [row for row in rows if any(str(value).startswith(name) for value in row.values())]
    if as_json:
        output.data(rows)
    else:
        _print(rows)
    return 0 if rows or name is None else 1


def _node(shown: Shown) -> list[Row]:
    status = shown.status
    return [
        {
            "endpoint": status.endpoint,
            "public key": status.public_key,
            "up s": (status.now - status.begun) // SECOND,
            "links": len(status.links),
            "bundles": status.stored_bundles,
            "bytes": status.stored_bytes,
            "mail": sum(status.mail.values()),
            "journal bytes": status.journal_bytes,
        }
        | {kind: count for kind, count in status.counts.items() if kind.startswith(("Bundle", "Frame"))}
    ]


def _links(shown: Shown) -> list[Row]:
    return [
        {"neighbour": link.peer, "kind": link.kind, "rate bps": link.rate_bps, "acknowledges": link.reliable}
        for link in shown.status.links
    ]


def _known(shown: Shown) -> list[Row]:
    return [
        {
            "name": one.name,
            "links to": ", ".join(one.links) or "(nobody)",
            "until": iso(Instant(one.until)) if one.until else "",
            "ended": one.ended,
        }
        for one in shown.status.known
    ]


def _bundles(shown: Shown) -> list[Row]:
    return [
        {
            "bundle": one.bundle,
            "destination": one.destination,
            "bytes": one.size_bytes,
            "until": iso(Instant(one.expires)),
            "with": one.carrier or "waits",
        }
        for one in shown.status.bundles
    ]


def _mail(shown: Shown) -> list[Row]:
    return [{"service": service or "(the node)", "letters": count} for service, count in shown.status.mail.items()]


def _events(shown: Shown) -> list[Row]:
    return [_event(entry) for entry in shown.entries]


def _event(entry: records.Entry) -> Row:
    fields = msgspec.to_builtins(entry)
    why = fields.pop("why", None)
    rest = {key: value for key, value in fields.items() if key not in ("at", "node", "kind")}
    said = ", ".join(f"{key} {value}" for key, value in rest.items())
    text = f"{said}: {why['text']}" if why else said
    return {"at": iso(Instant(entry.at), 3), "kind": fields["kind"], "what": text}


_KINDS: dict[str, Callable[[Shown], list[Row]]] = {
    "node": _node,
    "links": _links,
    "known": _known,
    "bundles": _bundles,
    "mail": _mail,
    "events": _events,
}


def _print(rows: list[Row]) -> None:
    """One row as lines, several as a table."""
    from rich.table import Table

    if len(rows) == 1:
        for key, value in rows[0].items():
            print(f"{key}: {output.printable(str(value))}")
        return
    table = Table(box=None, pad_edge=False)
    for key in rows[0] if rows else ():
        table.add_column(key)
    for row in rows:
        table.add_row(*(output.printable(str(value)) for value in row.values()))
    shown = output.console()
    with output.tidy(shown):
        shown.print(table)
