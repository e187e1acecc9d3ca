"""A hundred nodes and a million bundles in one simulated day: within 2 GB? The last line is 2 GB over the peak.

Sixty satellites (550 km, 53°), 39 stations and the centre that these have a line to; the contacts are those of SGP4
above 25° with their light times, 20 Mbit/s. Two hundred flows of five thousand bundles of 1 kB: two from each satellite
to the centre, one from there to each of forty satellites, and forty between stations. Each node is the agent that
flies, with the store that it flies with; what it saves is kept as a reboot would need it. The medium is as lean as it
can be: frames leave at the contact's rate and arrive after light time.
"""

from __future__ import annotations

import heapq
import math
import resource
import sys
import time
from collections.abc import Iterable
from typing import Any

from asking import BELOW_GOAL, answer, table

from orbitalcloud.core import Contact, Instant, records
from orbitalcloud.core.effects import Record, Save, Send, Wake
from orbitalcloud.core.time import DAY, parse_instant
from orbitalcloud.network import AgentLimits, BundleAgent, ContactPlan, Delivered
from orbitalcloud.physics import GroundSite, Orbits, TwoLine, contact_windows

START = parse_instant("2026-03-20T12:00:00Z")
END = Instant(START + DAY)
SATELLITES, STATIONS, MASK_DEG = 60, 39, 25.0
PLANES = 6
BUNDLES, FLOW_BUNDLES, BURST, PAYLOAD_BYTES = 1_000_000, 5_000, 25, 900
RATE_BPS = 20_000_000
LIMIT_BYTES = 2 * 10**9
LIMITS = AgentLimits(store_bytes=1 << 30, store_bundles=200_000)
CENTRE, LINE_NS = "centre", 40_000_000
LIGHT_M_S = 299_792_458.0

OPEN, CLOSE, ARRIVE, FIRE, MAKE = 1, 0, 2, 3, 4


def sites() -> list[GroundSite]:
    """Stations spread over the latitudes that the satellites pass, by the golden angle."""
    angle = math.pi * (3 - math.sqrt(5))
    mask_rad, found = math.radians(MASK_DEG), []
    for index in range(STATIONS):
        latitude = math.asin(0.8 * (2 * (index + 0.5) / STATIONS - 1))
        found.append(GroundSite(latitude, (index * angle + math.pi) % (2 * math.pi) - math.pi, 0.0, mask_rad))
    return found


def elements() -> list[TwoLine]:
    """A Walker constellation as two-line elements."""
    found = []
    for index in range(SATELLITES):
        plane, slot = divmod(index, SATELLITES // PLANES)
        node, along = 360.0 * plane / PLANES, (36.0 * slot + 6.0 * plane) % 360.0
        one = f"1 {index:05d}U 26001A   26079.50000000  .00000000  00000-0  00000-0 0  999"
        two = f"2 {index:05d}  53.0000 {node:8.4f} 0001000   0.0000 {along:8.4f} 15.05500000    1"
        found.append(TwoLine(*(line + str(_checksum(line)) for line in (one, two))))
    return found


def _checksum(line: str) -> int:
    return sum(int(c) if c.isdigit() else c == "-" for c in line) % 10


def contacts() -> list[Contact]:
    """Every pass and every line, in both directions."""
    found = []
    for one in contact_windows(Orbits.of(elements()), sites(), START, END):
        light_ns = int(one.range_m / LIGHT_M_S * 1e9)
        ends = f"sat-{one.satellite}", f"ground-{one.site}"
        for a, b in (ends, ends[::-1]):
            found.append(Contact(a, b, one.opens, one.closes, RATE_BPS, "x", light_ns))
    for site in range(STATIONS):
        for a, b in ((CENTRE, f"ground-{site}"), (f"ground-{site}", CENTRE)):
            found.append(Contact(a, b, START, END, 50 * RATE_BPS, "fibre", LINE_NS))
    return found


def flows() -> list[tuple[str, str]]:
    """Who sends to whom."""
    made = [(f"sat-{i}", CENTRE) for i in range(SATELLITES) for _ in range(2)]
    made += [(CENTRE, f"sat-{i}") for i in range(40)]
    made += [(f"ground-{j % STATIONS}", f"ground-{(j + 19) % STATIONS}") for j in range(40)]
    assert len(made) * FLOW_BUNDLES == BUNDLES
    return made


class Medium:
    """The heap, the open contacts, and what each node has saved."""

    def __init__(self, plan: ContactPlan) -> None:
        names = sorted({contact.sender for contact in plan.contacts})
        self.agents = {name: BundleAgent(name, plan, LIMITS) for name in names}
        self.saved: dict[str, dict[str, bytes]] = {name: {} for name in names}
        self.heap: list[tuple[int, int, int, Any]] = []
        self.count = 0
        self.timers: dict[tuple[str, str], int] = {}
        self.free: dict[tuple[str, str], tuple[Contact, int]] = {}
        self.delivered = self.dropped = self.made = self.twice = self.hops = 0
        self.most_stored = 0
        for contact in plan.contacts:
            self.at(contact.opens, OPEN, contact)
            self.at(contact.closes, CLOSE, contact)

    def at(self, when: int, kind: int, what: Any) -> None:
        self.count += 1
        heapq.heappush(self.heap, (when, kind, self.count, what))

    def run(self) -> None:
        while self.heap and self.heap[0][0] < END:
            when, kind, number, what = heapq.heappop(self.heap)
            now = Instant(when)
            if kind == ARRIVE:
                sender, receiver, frame = what
                self.perform(now, receiver, self.agents[receiver].received(now, sender, frame))
            elif kind == FIRE:
                if self.timers.get(what) == number:
                    del self.timers[what]
                    self.perform(now, what[0], self.agents[what[0]].fired(now, what[1]))
            elif kind == MAKE:
                self.make(now, *what)
            elif kind == OPEN:
                self.free[what.sender, what.receiver] = what, now
                self.perform(now, what.sender, self.agents[what.sender].opened(now, what))
            else:
                del self.free[what.sender, what.receiver]
                self.perform(now, what.sender, self.agents[what.sender].closed(now, what))

    def make(self, now: Instant, source: str, destination: str) -> None:
        for _ in range(BURST):
            outputs = self.agents[source].submit(now, destination, "data", bytes(PAYLOAD_BYTES), "flow", 2 * DAY)
            self.perform(now, source, outputs)
        self.made += BURST
        if not self.made % 1_000:
            self.most_stored = max(self.most_stored, sum(agent.stored_bundles for agent in self.agents.values()))

    def perform(self, now: Instant, node: str, outputs: Iterable[Any]) -> None:
        saved = self.saved[node]
        for output in outputs:
            kind = type(output)
            if kind is Save:
                if output.value is None:
                    saved.pop(output.key, None)
                else:
                    saved[output.key] = output.value
            elif kind is Send:
                self.send(now, node, output)
            elif kind is Wake:
                self.wake(node, output)
            elif kind is Delivered:
                self.delivered += 1
                self.twice += "seen/" + output.bundle_id in saved
            elif kind is Record:
                self.dropped += type(output.entry) is records.BundleDropped
                self.hops += type(output.entry) is records.BundleReceived

    def send(self, now: Instant, node: str, send: Send) -> None:
        contact, free = self.free[node, send.peer]
        left = max(now, free) + contact.serialisation_ns(len(send.frame))
        self.free[node, send.peer] = contact, left
        if left <= contact.closes:
            self.at(left + contact.light_time_ns, ARRIVE, (node, send.peer, send.frame))

    def wake(self, node: str, wake: Wake) -> None:
        if wake.at is None:
            self.timers.pop((node, wake.timer), None)
            return
        self.at(wake.at, FIRE, (node, wake.timer))
        self.timers[node, wake.timer] = self.count


def main() -> int:
    plan = ContactPlan(contacts())
    medium = Medium(plan)
    for index, flow in enumerate(flows()):
        step = DAY * BURST // FLOW_BUNDLES
        for burst in range(FLOW_BUNDLES // BURST):
            medium.at(START + burst * step + index * step // 200, MAKE, flow)
    begun = time.process_time()
    medium.run()
    cpu_s = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    stored = sum(agent.stored_bundles for agent in medium.agents.values())
    table(
        f"{len(medium.agents)} nodes, {len(plan):,} directed contacts, one day",
        [
            ("bundles made", f"{medium.made:,}"),
            ("delivered", f"{medium.delivered:,}, none twice" if not medium.twice else f"{medium.twice} TWICE"),
            ("still on their way", f"{stored:,}; at most {medium.most_stored:,} at a time"),
            ("dropped", f"{medium.dropped:,}"),
            ("hops", f"{medium.hops:,}"),
            ("peak memory", f"{peak / 1e9:.2f} GB (limit {LIMIT_BYTES / 1e9:g} GB)"),
            ("CPU", f"{cpu_s:.0f} s, {cpu_s / max(1, medium.hops) * 1e6:.0f} µs a bundle and hop"),
        ],
    )
    whole = medium.made == BUNDLES and medium.delivered + stored + medium.dropped == BUNDLES and not medium.twice
    code = answer("million_bundles", LIMIT_BYTES / peak, 1.0)
    return code if whole and not medium.dropped else BELOW_GOAL


if __name__ == "__main__":
    sys.exit(main())
