"""What nodes told each other of themselves: a row a node, and what that cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from orbitalcloud.core import records as r
from orbitalcloud.core.time import DAY, SECOND
from orbitalcloud.view.columns import Row, utc
from orbitalcloud.view.flight import Flight

PURPOSE = "notices"


@dataclass(slots=True)
class _Spoken:
    """What one node said, and who heard of it."""

    first: int = 0
    published: int = 0
    signed_bytes: int = 0
    known: set[str] = field(default_factory=set)
    known_at: int = 0
    last: dict[str, r.NoticePublished] = field(default_factory=dict)
    refused: int = 0
    ended: str = ""


def notice_rows(flight: Flight) -> list[Row]:
    """By node: how often it spoke, how many others know of it and since when, its last words, whom it refused."""
    said: dict[str, _Spoken] = {}
    for entry in flight.notices:
        if isinstance(entry, r.NoticePublished):
            one = said.setdefault(entry.node, _Spoken(entry.at))
            one.published += 1
            one.signed_bytes += entry.size_bytes
            one.last[entry.notice] = entry
        elif isinstance(entry, r.NoticeTaken):
            one = said.setdefault(entry.subject, _Spoken(entry.at))
            if entry.node not in one.known:
                one.known.add(entry.node)
                one.known_at = entry.at
        elif isinstance(entry, r.NoticeRefused):
            said.setdefault(entry.node, _Spoken(entry.at)).refused += 1
        else:
            said.setdefault(entry.subject, _Spoken(entry.at)).ended = entry.text
    return [_row(node, one) for node, one in said.items()]


def _row(node: str, one: _Spoken) -> Row:
    capacity, contacts = one.last.get("capacity"), one.last.get("contacts")
    return {
        "node": node,
        "published": one.published,
        "signed_bytes": one.signed_bytes,
        "known_by": len(one.known),
        "known_by_all_s": (one.known_at - one.first) / SECOND if one.known else None,
        "capacity": capacity.text if capacity else None,
        "capacity_utc": utc(capacity.at) if capacity else None,
        "contacts": contacts.text if contacts else None,
        "refused": one.refused,
        "ended": one.ended or None,
    }


def notice_bytes_a_day(flight: Flight) -> tuple[int, float]:
    """(bundles that carried notices, their bytes a day of flight)."""
    carried = [bundle for bundle in flight.bundles.values() if bundle.purpose == PURPOSE and not bundle.parent]
    begin, end = flight.span
    return len(carried), sum(bundle.size_bytes for bundle in carried) * DAY / max(1, end - begin)
