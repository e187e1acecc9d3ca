"""What the network did for people: delivery and delay by class, and before, during and after each fault.

A message counts where it was made: one that was made before a fault and held up by it stands in the line before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orbitalcloud.core.records import FaultInjected
from orbitalcloud.core.time import HOUR, SECOND
from orbitalcloud.view import columns as c
from orbitalcloud.view.columns import Column, Row
from orbitalcloud.view.flight import Bundle, Flight, Hop
from orbitalcloud.view.network_checks import CHECKS, fate, messages, stays
from orbitalcloud.view.words import duration, moment

OF_THE_NETWORK = frozenset(
    (
        "satellite-lost",
        "station-outage",
        "jurisdiction-cut",
        "stale-plan",
        "lying-contacts",
        "black-hole",
        "selective-drop",
        "frame-loss",
        "reboot",
        "tampered-bundle",
    )
)
NAMED = 3
"""Relays that a sentence names; of more it gives the number."""
PHASES = ("before", "during", "after")


@dataclass(frozen=True, slots=True)
class Spread:
    """Of some messages: how many, what became of them, and the delays of those that arrived, in seconds."""

    made: int
    delivered: int
    expired: int
    open: int
    again: int
    median_s: float | None
    p95_s: float | None
    worst_s: float | None

    @property
    def share(self) -> float | None:
        """Delivered of made."""
        return self.delivered / self.made if self.made else None


def spread(flight: Flight, chosen: Sequence[Bundle]) -> Spread:
    """What became of these."""
    delays = sorted(one.delay_s for one in chosen if one.delivered)
    fates = [fate(flight, one) for one in chosen]
    return Spread(
        len(chosen),
        len(delays),
        fates.count("expired"),
        fates.count("open"),
        sum(any(hop.what == "sent again" for hop in one.hops) for one in chosen),
        quantile(delays, 0.5),
        quantile(delays, 0.95),
        delays[-1] if delays else None,
    )


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The least value that at least this share of them does not exceed (nearest rank); None of nothing."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else None


def kind_of(one: Bundle) -> str:
    """`north-south` of the purpose `message north-south-003`."""
    words = one.purpose.removeprefix("message ")
    return words.rpartition("-")[0] or words


# Traffic ------------------------------------------------------------------------------------------------------------


def traffic_rows(flight: Flight) -> list[Row]:
    """By kind of message: how many were made and arrived, how long that took, how many were sent again."""
    kinds: dict[str, list[Bundle]] = {}
    for one in messages(flight):
        kinds.setdefault(kind_of(one), []).append(one)
    rows = [_traffic(flight, kind, chosen) for kind, chosen in kinds.items()]
    return [*rows, _traffic(flight, "all", messages(flight))] if len(rows) > 1 else rows


def _traffic(flight: Flight, kind: str, chosen: list[Bundle]) -> Row:
    found = spread(flight, chosen)
    ends = f"{chosen[0].source} → {node_of(chosen[0].destination)}" if kind != "all" else ""
    return {
        "kind": kind,
        "way": ends,
        "made": found.made,
        "delivered": found.delivered,
        "expired": found.expired,
        "open": found.open,
        "sent_again": found.again,
        "median_s": found.median_s,
        "p95_s": found.p95_s,
        "worst_s": found.worst_s,
    }


def node_of(destination: str) -> str:
    """The node of an endpoint, for people."""
    return destination.removeprefix("dtn://").partition("/")[0]


TRAFFIC: tuple[Column, ...] = (
    c.text("kind", "messages"),
    c.text("way", "from → to"),
    c.number("made", "made"),
    c.number("delivered", "delivered"),
    c.number("expired", "expired"),
    c.number("open", "on the way"),
    c.number("sent_again", "sent again"),
    c.lasting("median_s", "median"),
    c.lasting("p95_s", "95 %"),
    c.lasting("worst_s", "worst"),
)


# Faults -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Phase:
    """Before, during or after a fault: messages made in [begins, ends)."""

    fault: FaultInjected
    name: str
    begins: int
    ends: int

    def of(self, flight: Flight) -> Spread:
        """What became of the messages of a flight that were made then."""
        return spread(flight, [one for one in messages(flight) if self.begins <= one.created < self.ends])


def network_faults(flight: Flight) -> list[FaultInjected]:
    """The faults that strike the network."""
    return [fault for fault in flight.faults if fault.fault in OF_THE_NETWORK]


def phases(flight: Flight) -> list[Phase]:
    """Each fault's three spans of equal length, cut at the flight's ends; a fault without an end lasts an hour."""
    start, end = flight.span
    found = []
    for fault in network_faults(flight):
        until = fault.ends or fault.at + HOUR
        long_ns = until - fault.at
        edges = (fault.at - long_ns, fault.at, until, until + long_ns)
        for name, begins, ends in zip(PHASES, edges[:-1], edges[1:], strict=True):
            found.append(Phase(fault, name, max(start, begins), min(end, ends)))
    return found


def resilience_rows(flight: Flight, peace: Flight | None = None) -> list[Row]:
    """Delivery and delay before, during and after each fault; of `peace`, the same mission flown without, the same."""
    rows: list[Row] = []
    for phase in phases(flight):
        found = phase.of(flight)
        row: Row = {
            "fault": phase.fault.fault,
            "target": phase.fault.node,
            "phase": phase.name,
            "from_utc": c.utc(phase.begins),
            "made": found.made,
            "delivered_share": found.share,
            "sent_again": found.again,
            "median_s": found.median_s,
            "p95_s": found.p95_s,
            "worst_s": found.worst_s,
        }
        if peace is not None:
            calm = phase.of(peace)
            row |= {"peace_share": calm.share, "peace_median_s": calm.median_s, "peace_p95_s": calm.p95_s}
        rows.append(row)
    return rows


RESILIENCE: tuple[Column, ...] = (
    c.text("fault", "fault"),
    c.text("target", "strikes"),
    c.text("phase", "messages made"),
    c.time("from_utc", "from (UTC)", wide=True),
    c.number("made", "made"),
    c.share("delivered_share", "delivered"),
    c.number("sent_again", "sent again"),
    c.lasting("median_s", "median"),
    c.lasting("p95_s", "95 %"),
    c.lasting("worst_s", "worst"),
)
BESIDE_PEACE: tuple[Column, ...] = (
    *RESILIENCE,
    c.share("peace_share", "delivered in peace"),
    c.lasting("peace_median_s", "median in peace"),
    c.lasting("peace_p95_s", "95 % in peace"),
)


# Journeys -----------------------------------------------------------------------------------------------------------


def slowest(flight: Flight, most: int) -> list[Bundle]:
    """The messages that waited longest, the undelivered first."""
    last = flight.span[1]

    def waited(one: Bundle) -> float:
        return one.delay_s if one.delivered else (last - one.created) / SECOND + 1e9

    return sorted(messages(flight), key=lambda one: (-waited(one), one.created))[:most]


def way(one: Bundle) -> list[str]:
    """The nodes that the copy which arrived went through, or the last copy so far, in order."""
    at: dict[str, str] = {}
    for hop in one.hops:
        if hop.what == "received":
            at[hop.node] = hop.peer
        if hop.what == "delivered":
            break
    last = one.delivered_to or (one.hops[-1].node if one.hops else one.source)
    path = [last]
    while path[-1] != one.source and path[-1] in at and at[path[-1]] not in path:
        path.append(at[path[-1]])
    return path[::-1]


def longest_wait(one: Bundle) -> tuple[str, int, tuple[Hop, ...]] | None:
    """(node, ns, reasons) of its longest stay anywhere; what it lay at a relay that dropped it is not one."""
    found = [(ends - begins, node, reasons) for node, begins, ends, reasons in stays(one)]
    if not found:
        return None
    long_ns, node, reasons = max(found, key=lambda item: item[0])
    return node, long_ns, reasons


def told(flight: Flight, one: Bundle) -> str:
    """A message's story in a sentence: where it went, where it lay longest and why, what was done about it."""
    start = flight.header.start
    parts = [f"made {moment(one.created, start)}"]
    for hop in one.hops:
        if hop.what == "swallowed":
            parts.append(f"dropped by {hop.node} {moment(hop.at, start)}")
        elif hop.what == "sent again":
            parts.append(f"sent again {moment(hop.at, start)}{_around(hop.peer)}")
    wait = longest_wait(one)
    if wait is not None and wait[1] > SECOND:
        why = f", for {said.text}" if wait[2] and (said := wait[2][-1].why) is not None else ""
        parts.append(f"lay {duration(wait[1] / SECOND)} at {wait[0]}{why}")
    if one.delivered:
        parts.append(f"there {moment(one.delivered, start)}")
    else:
        parts.append(fate(flight, one))
    return "; ".join(parts)


def _around(names: str) -> str:
    """` around a, b`, or how many they are where that is shorter to read."""
    many = names.count(",") + 1
    return "" if not names else f" around {names}" if many <= NAMED else f" around {many} relays"


def shortened(path: Sequence[str]) -> str:
    """A way as `a → b → c`, its middle left out where it is long."""
    if len(path) > 2 * NAMED:
        path = (*path[:NAMED], f"{len(path) - 2 * NAMED + 1} more", *path[-NAMED + 1 :])
    return " → ".join(path)


def checked(flight: Flight) -> list[tuple[str, list[str]]]:
    """(what must hold, what breaks it) of every check."""
    return [(name, list(check(flight))) for name, check in CHECKS]


def reasons(flight: Flight) -> list[tuple[str, int]]:
    """Why messages waited, were refused or dropped: (rule, how often), the most frequent first."""
    counts: dict[str, int] = {}
    for one in messages(flight):
        for hop in one.hops:
            if hop.why is not None:
                label = f"{hop.what}: {hop.why.rule}"
                counts[label] = counts.get(label, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def links(flight: Flight) -> dict[tuple[str, str], int]:
    """Bytes of messages and their fragments by (sender, receiver)."""
    carried: dict[tuple[str, str], int] = {}
    for one in flight.bundles.values():
        whole = one
        while whole.parent and whole.parent in flight.bundles:
            whole = flight.bundles[whole.parent]
        if not whole.purpose.startswith("message "):
            continue
        for hop in one.hops:
            if hop.what == "received":
                carried[hop.peer, hop.node] = carried.get((hop.peer, hop.node), 0) + hop.size_bytes
    return carried
