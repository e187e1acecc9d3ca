"""What nodes told each other of themselves: a row a node, and what that cost."""

from __future__ import annotations

from orbitalcloud.core import records as r
from orbitalcloud.core.time import DAY
from orbitalcloud.view.columns import Row, utc
from orbitalcloud.view.flight import Flight

PURPOSE = "notices"


def notice_rows(flight: Flight) -> list[Row]:
    """By node: how often it spoke, how many others know of it and since when, its last words, whom it refused."""
    rows: dict[str, Row] = {}
    first: dict[str, int] = {}
    for entry in flight.notices:
        if isinstance(entry, r.NoticePublished):
            row = rows.setdefault(entry.node, _row(entry.node))
            row["published"] += 1
            row["signed_bytes"] += entry.size_bytes
            first.setdefault(entry.node, entry.at)
            if entry.notice == "capacity":
                row["capacity"], row["capacity_utc"] = entry.text, utc(entry.at)
            elif entry.notice == "contacts":
                row["contacts"] = entry.text
        elif isinstance(entry, r.NoticeTaken):
            row = rows.setdefault(entry.subject, _row(entry.subject))
            row["_known"].add(entry.node)
            row["known_by_all_s"] = (entry.at - first.get(entry.subject, entry.at)) / 1e9
        elif isinstance(entry, r.NoticeRefused):
            rows.setdefault(entry.node, _row(entry.node))["refused"] += 1
        else:
            rows.setdefault(entry.subject, _row(entry.subject))["ended"] = entry.text
    for row in rows.values():
        row["known_by"] = len(row.pop("_known"))
    return list(rows.values())


def _row(node: str) -> Row:
    return {
        "node": node,
        "published": 0,
        "signed_bytes": 0,
        "_known": set(),
        "known_by": 0,
        "known_by_all_s": None,
        "capacity": None,
        "capacity_utc": None,
        "contacts": None,
        "refused": 0,
        "ended": None,
    }


def notice_bytes_a_day(flight: Flight) -> tuple[int, float]:
    """(bundles that carried notices, their bytes a day of flight)."""
    carried = [bundle for bundle in flight.bundles.values() if bundle.purpose == PURPOSE and not bundle.parent]
    begin, end = flight.span
    return len(carried), sum(bundle.size_bytes for bundle in carried) * DAY / max(1, end - begin)
