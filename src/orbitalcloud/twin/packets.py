"""Packets over a constellation, without a socket or a clock: queues, rates, light times, losses, and the way to go.

Each open contact is a link with a bounded queue. What becomes of a packet on it is the simulator's own answer
(`Medium.send`): it leaves after those before it, takes its size over the rate, and arrives a light time later. At each
node it takes the next link of the way that is the quickest now. A packet without a way, or without room, is dropped as
a router drops it; everything that is dropped is counted by its reason.

    enter(now, node, target, packet) ──► queue ─ rate ─ light time ──► … ──► due(now)
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from orbitalcloud.core import MILLISECOND, SECOND, Contact, Instant
from orbitalcloud.twin.contacts import Opening
from orbitalcloud.twin.medium import LightTime, Medium

Pair = tuple[str, str]
Delays = Callable[[Sequence[Pair], Instant], Sequence[int]]
"""(links, at) → the light time of each in ns, all at once: what ways are chosen by."""

USUAL_BYTES = 1500
"""The packet whose time on a link counts when ways are compared: Ethernet's MTU."""
CLOSED = -1
_USUAL_BIT_NS = 8 * USUAL_BYTES * SECOND
NOT_OURS, NO_WAY, FULL, MEMORY, HOPS = "not ours", "no way", "queue full", "memory", "hop limit"


@dataclass(frozen=True, slots=True)
class PacketLimits:
    """Bounds. A queue holds `queue_ns` of its link's rate, as routers are sized by time (RFC 8290 1), but always
    `queue_least_bytes`."""

    queue_ns: int = 250 * MILLISECOND
    queue_least_bytes: int = 32 * USUAL_BYTES
    most_bytes: int = 256 << 20
    """On their way in all."""
    hops: int = 64
    ways_ns: int = SECOND
    """How old the choice of ways may be while no link opens or closes."""


@dataclass(slots=True)
class Lane:
    """What one direction of a pair has carried, and what waits on it."""

    packets: int = 0
    bytes: int = 0
    lost: int = 0
    full: int = 0
    latest: int = 0
    """The last arrival so far: no packet overtakes another on one link."""
    waiting_bytes: int = 0
    waiting: deque[tuple[Instant, int]] = field(default_factory=deque)
    """(when it has left, its size), the next one first."""

    def backlog_bytes(self, now: Instant) -> int:
        """What has not left by now."""
        while self.waiting and self.waiting[0][0] <= now:
            self.waiting_bytes -= self.waiting.popleft()[1]
        return self.waiting_bytes


@dataclass(frozen=True, slots=True)
class _Transit:
    target: str
    packet: bytes
    hops: int


class PacketNetwork:
    """All links and all packets on their way. Instants must not go back from call to call."""

    def __init__(
        self,
        medium: Medium,
        openings: Sequence[Opening],
        light_time: LightTime,
        delays: Delays,
        limits: PacketLimits | None = None,
        watch: Callable[[Instant, Contact, bool], object] | None = None,
        silent: Container[str] = (),
    ) -> None:
        """`openings` in order of opening; `silent` nodes pass nothing on.

        `watch` is told of each contact that opens (True) or closes.
        """
        self.medium, self.limits = medium, limits or PacketLimits()
        self.counts: Counter[str] = Counter()
        """Packets: `entered`, `delivered`, and dropped by reason."""
        self.lanes: dict[Pair, Lane] = {}
        self.on_way = self.on_way_bytes = 0
        self._light_time, self._delays, self._watch = light_time, delays, watch
        self._openings, self._opened = openings, 0
        self._events: list[tuple[Instant, int, str, _Transit | Contact]] = []
        self._sequence = 0
        self._out: list[tuple[Instant, str, bytes]] = []
        self._silent = silent
        self._ways: Ways | None = None
        self._ways_at: Instant | None = None

    def enter(self, now: Instant, node: str, target: str, packet: bytes) -> None:
        """`node` sends a packet for `target`."""
        self._run_to(now)
        self.counts["entered"] += 1
        if not target or not node or node == target:
            self.counts[NOT_OURS] += 1
        elif self.on_way_bytes + len(packet) > self.limits.most_bytes:
            self.counts[MEMORY] += 1
        else:
            self.on_way += 1
            self.on_way_bytes += len(packet)
            self._forward(now, node, _Transit(target, packet, self.limits.hops))

    def due(self, now: Instant) -> list[tuple[Instant, str, bytes]]:
        """(when, target, packet) of everything that has arrived, in order of arrival."""
        self._run_to(now)
        out, self._out = self._out, []
        return out

    def next_at(self) -> Instant | None:
        """When there is something to do next."""
        soonest = [self._events[0][0]] if self._events else []
        if self._opened < len(self._openings):
            soonest.append(self._openings[self._opened].contact.opens)
        return min(soonest) if soonest else None

    def way(self, now: Instant, node: str, target: str) -> tuple[str, ...]:
        """The nodes that a packet would pass now, both ends included; empty where there is no way."""
        self._run_to(now)
        found = [node]
        while found[-1] != target:
            step = self._ways_now(now).next_hop(found[-1], target)
            if step is None:
                return ()
            found.append(step)
        return tuple(found)

    # -----------------------------------------------------------------------------------------------------------------

    def _run_to(self, now: Instant) -> None:
        """Everything up to `now` in the order in which it happens: links close before others open."""
        while True:
            opens = self._openings[self._opened].contact.opens if self._opened < len(self._openings) else None
            first = self._events[0] if self._events else None
            if first is not None and first[0] <= now and (opens is None or first[0] <= opens):
                heappop(self._events)
                self._happen(first[0], first[2], first[3])
            elif opens is not None and opens <= now:
                self._open(self._openings[self._opened])
                self._opened += 1
            else:
                return

    def _happen(self, at: Instant, node: str, what: _Transit | Contact) -> None:
        if isinstance(what, Contact):
            self.medium.close(what)
            self._ways = None
            if self._watch is not None:
                self._watch(at, what, False)
        elif what.target == node:
            self._leave(what, "delivered")
            self._out.append((at, node, what.packet))
        else:
            self._forward(at, node, what)

    def _open(self, opening: Opening) -> None:
        contact = opening.contact
        self.medium.open(contact, opening.until)
        lane = self.lanes.setdefault((contact.sender, contact.receiver), Lane())
        lane.waiting.clear()
        lane.waiting_bytes = 0
        self._ways = None
        self._push(min(opening.until, contact.closes), "", contact)
        if self._watch is not None:
            self._watch(contact.opens, contact, True)

    def _forward(self, at: Instant, node: str, transit: _Transit) -> None:
        step = self._ways_now(at).next_hop(node, transit.target) if transit.hops else None
        if step is None:
            self._leave(transit, NO_WAY if transit.hops else HOPS)
            return
        lane, size = self.lanes[node, step], len(transit.packet)
        link = self.medium.links[node, step]
        room = max(self.limits.queue_least_bytes, link.contact.rate_at(at) * self.limits.queue_ns // (8 * SECOND))
        if lane.backlog_bytes(at) + size > room:
            lane.full += 1
            self._leave(transit, FULL)
            return
        before = link.free_at
        arrives, reason = self.medium.send(node, step, size, at, self._light_time)
        if link.free_at > before:  # it left, whatever became of it
            lane.packets += 1
            lane.bytes += size
            lane.waiting.append((link.free_at, size))
            lane.waiting_bytes += size
        if reason:
            lane.lost += 1
            self._leave(transit, reason)
            return
        lane.latest = max(lane.latest, arrives)
        self._push(Instant(lane.latest), step, _Transit(transit.target, transit.packet, transit.hops - 1))

    def _leave(self, transit: _Transit, how: str) -> None:
        self.counts[how] += 1
        self.on_way -= 1
        self.on_way_bytes -= len(transit.packet)

    def _push(self, at: Instant, node: str, what: _Transit | Contact) -> None:
        self._sequence += 1
        heappush(self._events, (at, self._sequence, node, what))

    def _ways_now(self, at: Instant) -> Ways:
        if self._ways is None:
            self._ways = Ways(list(self.medium.links), self._silent)
            self._ways_at = None
        if self._ways_at is None or at - self._ways_at >= self.limits.ways_ns:
            self._ways.choose(self._costs(self._ways.links, at))
            self._ways_at = at
        return self._ways

    def _costs(self, links: Sequence[Pair], at: Instant) -> list[int]:
        """Light time and the time of a usual packet on each link; `CLOSED` where nothing passes."""
        out = {loss.node for loss in self.medium.losses if self.medium.is_out(loss.node, at)}
        rates = [self.medium.links[pair].contact.rate_at(at) for pair in links]
        return [
            CLOSED if not rate or (out and not out.isdisjoint(pair)) else light + _USUAL_BIT_NS // rate
            for pair, rate, light in zip(links, rates, self._delays(links, at), strict=True)
        ]


class Ways:
    """The quickest ways over links (Dijkstra, doi 10.1007/BF01386390), found a target at a time.

    None leads through a `silent` node. Links stay, what they cost may be told again.
    """

    __slots__ = ("_costs", "_into", "_next", "_silent", "links")

    def __init__(self, links: Sequence[Pair], silent: Container[str] = ()) -> None:
        self.links, self._silent = links, silent
        self._into: dict[str, list[tuple[str, int]]] = {}
        for number, (sender, receiver) in enumerate(links):
            self._into.setdefault(receiver, []).append((sender, number))
        self._costs: Sequence[int] = ()
        self._next: dict[str, dict[str, str]] = {}

    def choose(self, costs: Sequence[int]) -> None:
        """From now on the links cost this; `CLOSED` ones are none."""
        self._costs, self._next = costs, {}

    def next_hop(self, node: str, target: str) -> str | None:
        """Where a packet at `node` goes next; None where no way leads to the target."""
        found = self._next.get(target)
        if found is None:
            found = self._next[target] = self._toward(target)
        return found.get(node)

    def _toward(self, target: str) -> dict[str, str]:
        """The next hop of every node that can reach the target; of equal ways the one first by name."""
        steps: dict[str, str] = {}
        least: dict[str, int] = {target: 0}
        heap: list[tuple[int, str, str]] = [(0, target, "")]
        done: set[str] = set()
        costs, into = self._costs, self._into
        while heap:
            cost, node, step = heappop(heap)
            if node in done:
                continue
            done.add(node)
            if step:
                steps[node] = step
                if node in self._silent:
                    continue
            for before, number in into.get(node, ()):
                price = costs[number]
                if price != CLOSED and before not in done and cost + price <= least.get(before, cost + price):
                    least[before] = cost + price
                    heappush(heap, (cost + price, before, node))
        return steps
