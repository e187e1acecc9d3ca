"""Where a bundle goes, hop by hop: each node on the way notes when the trace reached it, and says so to who asked.

    asker ──Trace──► a ──Trace──► b ──Trace──► target          over the hop that a bundle would take then
    asker ◄──────────┴────────────┴────────────┘               hops so far, from each

A trace is addressed to the next neighbour and waits for its contact as any bundle does. It needs nodes that know it;
what others do with a bundle is told by RFC 9171's status reports alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from orbitalcloud.core import DataError, Instant, RemoteProtocolError
from orbitalcloud.core.time import HOUR
from orbitalcloud.network import BundleAgent, Delivered, Output, parse_eid
from orbitalcloud.node.orders import decode_order, encode_order

TRACE = "trace"
"""The service that traces are for."""
MAX_HOPS = 32
LIFETIME_NS = 24 * HOUR
_SIZE_BYTES = 1024
"""What a bundle is taken to have when its next hop is asked for."""

Name = Annotated[str, Meta(min_length=1, max_length=1023)]


class Hop(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A node, and when the trace reached it."""

    node: Name
    at: Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Trace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="trace/1"):
    """On its way to the node `target`; `end` says why it went no further, empty while it does or where it is there."""

    target: Name
    report_to: Name
    hops: Annotated[tuple[Hop, ...], Meta(max_length=MAX_HOPS)] = ()
    end: Annotated[str, Meta(max_length=300)] = ""

    @property
    def arrived(self) -> bool:
        """Whether the last hop is the target."""
        return bool(self.hops) and self.hops[-1].node == self.target


def passed_on(agent: BundleAgent, now: Instant, item: Delivered) -> Iterator[Output]:
    """A trace has reached this node: report it, and send it on."""
    trace = decode_order(item.payload, Trace)
    to = parse_eid(trace.report_to)
    if to.is_null or to.service == TRACE:
        raise RemoteProtocolError("trace", f"{trace.report_to} is no endpoint for its reports")
    came_round = any(hop.node == agent.name for hop in trace.hops)
    if len(trace.hops) == MAX_HOPS:
        raise RemoteProtocolError("trace", f"it made {MAX_HOPS} hops")
    trace = msgspec.structs.replace(trace, hops=(*trace.hops, Hop(agent.name, now)))
    neighbour = None if trace.arrived else agent.next_hop(now, trace.target, _SIZE_BYTES)
    if not trace.arrived and (came_round or neighbour is None):
        why = "it goes in a circle" if came_round else f"{agent.name} knows no way to {trace.target} now"
        trace, neighbour = msgspec.structs.replace(trace, end=why[:300]), None
    body = encode_order(trace)
    yield from agent.submit(now, to.node, to.service, body, "trace report", LIFETIME_NS)
    if neighbour is not None:
        yield from agent.submit(now, neighbour, TRACE, body, "trace", LIFETIME_NS)


def read_trace(data: bytes) -> Trace:
    """What a report says; `DataError` where it is none: anybody can write to the service that waits for it."""
    try:
        return decode_order(data, Trace)
    except RemoteProtocolError as error:
        raise DataError("trace", error.check, error.detail[:200]) from None
