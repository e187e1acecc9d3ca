"""What must hold of every flight's bundles, each check a small function that names what breaks it.

They see only the Log. An empty answer is good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from orbitalcloud.core.time import MINUTE, SECOND
from orbitalcloud.view.flight import Bundle, Flight, Hop
from orbitalcloud.view.words import moment, scaled

MESSAGE = "message "
"""How the purpose of people's messages begins."""
UNEXPLAINED_NS = MINUTE
"""A stay at a node that is longer than this needs a reason in the Log."""


def messages(flight: Flight) -> list[Bundle]:
    """People's messages, fragments left out, in the order in which they were made."""
    return [one for one in flight.bundles.values() if one.purpose.startswith(MESSAGE) and not one.parent]


def fate(flight: Flight, one: Bundle) -> str:
    """`delivered`; `expired`, its lifetime over and somebody says so; `open`, a node answers for it when the Log ends:
    a relay that has it, or its source that will send it again; `lost` otherwise."""
    if one.delivered:
        return "delivered"
    said = [hop.why.rule for hop in one.hops if hop.what in ("dropped", "unconfirmed") and hop.why is not None]
    if "lifetime" in said:
        return "expired"
    if one.awaited and not one.unconfirmed:
        return "open"
    return "open" if _held(flight, one) else "lost"


def lost(flight: Flight) -> Iterator[str]:
    """Messages that nobody has and nobody gave up."""
    for one in messages(flight):
        if fate(flight, one) == "lost":
            yield f"{one.name} ({one.purpose}) is nowhere: {one.hops[-1].node} {one.hops[-1].what}"


def doubled(flight: Flight) -> Iterator[str]:
    """Bundles of any kind that were given to an application more than once."""
    for one in flight.bundles.values():
        if one.deliveries > 1:
            yield f"{one.name} ({one.purpose}) was delivered {one.deliveries} times"


def unexplained(flight: Flight) -> Iterator[str]:
    """Stays of messages at a node of more than a minute for which nobody gave a reason."""
    for one in messages(flight):
        for node, begins, ends, reasons in stays(one):
            if ends - begins > UNEXPLAINED_NS and not reasons and not _cut_here(one, node):
                long_s = (ends - begins) / SECOND
                when = moment(begins, flight.header.start)
                yield f"{one.name} ({one.purpose}) lay {long_s:.0f} s at {node} from {when}, nobody says why"


def overbooked(flight: Flight) -> Iterator[str]:
    """Contacts that carried more than they hold."""
    for one in flight.contacts:
        if 0 < one.capacity_bytes < one.sent_bytes:
            sent, room = scaled(one.sent_bytes, "B"), scaled(one.capacity_bytes, "B")
            yield f"{one.node} sent {sent} to {one.peer}, whose contact holds {room}"


CHECKS: tuple[tuple[str, Callable[[Flight], Iterator[str]]], ...] = (
    ("nothing is lost", lost),
    ("nothing is delivered twice", doubled),
    ("every wait has its reason", unexplained),
    ("no contact carries more than it holds", overbooked),
)


def stays(one: Bundle) -> Iterator[tuple[str, int, int, tuple[Hop, ...]]]:
    """(node, from, to, reasons) of each time that the bundle lay somewhere until it was put on a link."""
    since: dict[str, int] = {}
    reasons: dict[str, list[Hop]] = {}
    for hop in one.hops:
        if hop.what in ("created", "received", "sent again"):
            since.setdefault(hop.node, hop.at)
        elif hop.what == "waits":
            reasons.setdefault(hop.node, []).append(hop)
        elif hop.what in ("sent", "swallowed", "dropped", "delivered") and hop.node in since:
            yield hop.node, since.pop(hop.node), hop.at, tuple(reasons.pop(hop.node, ()))


def _held(flight: Flight, one: Bundle) -> bool:
    """Whether the last that was heard of it, or of one of its fragments, is that somebody has it."""
    parts = [flight.bundles[name] for name in one.fragments if name in flight.bundles and name != one.name]
    if parts:
        return all(_held(flight, part) for part in parts)
    last = next((hop for hop in reversed(one.hops) if not hop.what.startswith(("reported", "refused"))), None)
    return last is not None and last.what not in ("swallowed", "dropped", "unconfirmed")


def _cut_here(one: Bundle, node: str) -> bool:
    return any(hop.what == "cut" and hop.node == node for hop in one.hops)
