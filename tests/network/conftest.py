"""A laboratory for agents: an event heap, links with rate and light time, losses, reboots. Time is a number in it."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orbitalcloud.core import Contact, Instant
from orbitalcloud.core.effects import Record, Save, Send, Wake
from orbitalcloud.network import AgentLimits, BundleAgent, ContactPlan, Delivered

T0 = Instant(1_774_008_000_000_000_000)
"""2026-03-20T12:00:00Z."""


class Lab:
    """Agents on a plan. `lose(sender, receiver, frame)` says whether a frame is eaten on its way."""

    def __init__(
        self,
        contacts: list[Contact],
        limits: AgentLimits | None = None,
        lose: Callable[[str, str, bytes], bool] = lambda sender, receiver, frame: False,
    ) -> None:
        self.plan = ContactPlan(contacts)
        self.limits, self.lose = limits, lose
        self.now = T0
        self.heap: list[tuple[int, int, int, Callable[[], None]]] = []
        self.sequence = 0
        names = sorted({name for c in contacts for name in (c.sender, c.receiver)})
        self.agents = {name: BundleAgent(name, self.plan, limits) for name in names}
        self.saved: dict[str, dict[str, bytes]] = {name: {} for name in names}
        self.saved_bytes = dict.fromkeys(names, 0)
        self.delivered: list[tuple[str, Delivered]] = []
        self.records: list[Any] = []
        self.frames: list[tuple[int, str, str, bytes]] = []
        self.effects = 0
        self.open: dict[tuple[str, str], Contact] = {}
        self.line_free: dict[tuple[str, str], int] = {}
        self.timers: dict[tuple[str, str], int] = {}
        for contact in contacts:
            self.at(contact.opens, lambda c=contact: self._open(c), 1)
            self.at(contact.closes, lambda c=contact: self._close(c), 0)

    def at(self, when: int, action: Callable[[], None], priority: int = 2) -> None:
        self.sequence += 1
        heapq.heappush(self.heap, (when, priority, self.sequence, action))

    def run(self, until: int | None = None) -> None:
        while self.heap and (until is None or self.heap[0][0] < until):
            when, _, _, action = heapq.heappop(self.heap)
            self.now = Instant(when)
            action()

    def submit(
        self, source: str, destination: str, payload: bytes, lifetime_s: int = 86_400, priority: int = 1
    ) -> None:
        outputs = self.agents[source].submit(
            self.now, destination, "job", payload, "test", lifetime_s * 1_000_000_000, priority
        )
        self.perform(source, outputs)

    def perform(self, node: str, outputs: Iterator[Any] | list[Any]) -> None:
        for output in outputs:
            self.effects += 1
            if isinstance(output, Send):
                self._send(node, output.peer, output.frame)
            elif isinstance(output, Wake):
                self._wake(node, output)
            elif isinstance(output, Save):
                if output.value is None:
                    self.saved[node].pop(output.key, None)
                else:
                    self.saved[node][output.key] = output.value
                    self.saved_bytes[node] += len(output.value)
            elif isinstance(output, Record):
                self.records.append(output.entry)
            else:
                assert isinstance(output, Delivered), output
                self.delivered.append((node, output))

    def reboot(self, node: str) -> None:
        """Memory is lost, what was saved is not; open contacts are told again."""
        self.agents[node] = BundleAgent(node, self.plan, self.limits)
        for timer in [key for key in self.timers if key[0] == node]:
            del self.timers[timer]
        self.perform(node, self.agents[node].restore(self.now, dict(self.saved[node])))
        for (sender, _), contact in sorted(self.open.items()):
            if sender == node:
                self.perform(node, self.agents[node].opened(self.now, contact))

    def of(self, kind: type) -> list[Any]:
        return [entry for entry in self.records if type(entry) is kind]

    def _open(self, contact: Contact) -> None:
        self.open[contact.sender, contact.receiver] = contact
        self.line_free[contact.sender, contact.receiver] = self.now
        self.perform(contact.sender, self.agents[contact.sender].opened(self.now, contact))

    def _close(self, contact: Contact) -> None:
        del self.open[contact.sender, contact.receiver]
        self.perform(contact.sender, self.agents[contact.sender].closed(self.now, contact))

    def _send(self, sender: str, receiver: str, frame: bytes) -> None:
        contact = self.open[sender, receiver]
        left = max(self.now, self.line_free[sender, receiver]) + contact.serialisation_ns(len(frame))
        self.line_free[sender, receiver] = left
        self.frames.append((self.now, sender, receiver, frame))
        if left > contact.closes or self.lose(sender, receiver, frame):
            return
        self.at(left + contact.light_time_ns, lambda: self._arrive(receiver, sender, frame))

    def _arrive(self, receiver: str, sender: str, frame: bytes) -> None:
        self.perform(receiver, self.agents[receiver].received(self.now, sender, frame))

    def _wake(self, node: str, wake: Wake) -> None:
        if wake.at is None:
            self.timers.pop((node, wake.timer), None)
            return
        assert wake.at >= self.now, (wake, self.now)
        self.sequence += 1
        number = self.timers[node, wake.timer] = self.sequence
        self.at(wake.at, lambda: self._fire(node, wake.timer, number))

    def _fire(self, node: str, timer: str, number: int) -> None:
        if self.timers.get((node, timer)) == number:
            del self.timers[node, timer]
            assert self.agents[node].owns(timer)
            self.perform(node, self.agents[node].fired(self.now, timer))


def both_ways(a: str, b: str, opens_s: float, closes_s: float, rate_bps: int, light_ms: int = 3) -> list[Contact]:
    """The two directed contacts of a link, in seconds after T0."""
    opens, closes = Instant(T0 + int(opens_s * 1e9)), Instant(T0 + int(closes_s * 1e9))
    return [Contact(x, y, opens, closes, rate_bps, "x", light_ms * 1_000_000, 45_000) for x, y in ((a, b), (b, a))]


@pytest.fixture
def lab() -> type[Lab]:
    """The laboratory's class."""
    return Lab


@pytest.fixture
def link() -> Callable[..., list[Contact]]:
    """`both_ways`."""
    return both_ways
