"""Hubs for tests of the wires: one that answers by a rule, and one that is a whole node."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from orbitalcloud.core import SECOND, Contact, Instant, records
from orbitalcloud.core.effects import Record, Save, Send, Wake
from orbitalcloud.network import AgentLimits, BundleAgent, ContactPlan, Delivered
from orbitalcloud.network.carriage import report_frames, whole_frame
from orbitalcloud.network.convergence import DATA, DATA_OVERHEAD, TAKEN, Report, Segment, decode_frame


class Waiting:
    """Something that tests wait on: each attach, detach and frame is a reason to look."""

    changed: asyncio.Event

    async def until(self, holds: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait for something to become true."""

        async def look() -> None:
            while not holds():
                self.changed.clear()
                await self.changed.wait()

        await asyncio.wait_for(look(), seconds)


class FakeHub(Waiting):
    """Answers a whole bundle at once with `judge(bundle)`, a report status, or not at all where it gives None."""

    def __init__(self, judge: Callable[[bytes], int | None] = lambda bundle: TAKEN) -> None:
        self.judge = judge
        self.links: list = []
        self.detached: list[tuple[str, str]] = []
        self.bundles: list[tuple[str, bytes]] = []
        self.reports: list[Report] = []
        self.changed = asyncio.Event()

    def attach(self, link) -> None:
        self.links.append(link)
        self.changed.set()

    def detach(self, link, reason: str) -> None:
        self.links.remove(link)
        self.detached.append((link.peer, reason))
        self.changed.set()

    def received(self, link, frame: bytes) -> None:
        content = decode_frame(frame)
        if isinstance(content, Segment):
            self.bundles.append((link.peer, content.data))
            status = self.judge(content.data)
            if status is not None:
                for answer in report_frames([Report(content.transfer, status)]):
                    link.send(answer)
        else:
            self.reports.extend(content)
        self.changed.set()

    def send(self, bundle: bytes) -> None:
        """Over the first link."""
        self.links[0].send(whole_frame(bundle))


class AgentHub(Waiting):
    """A whole node on the wires: a real bundle agent, contacts as long as links last, timers of the loop, a dict."""

    def __init__(self, name: str, plan: list[Contact]) -> None:
        self.name = name
        limits = AgentLimits(segment_least_bytes=32 << 20)
        self.agent = BundleAgent(name, ContactPlan(plan), limits)
        self.delivered: list[bytes] = []
        self.refused: list = []
        self.breaks = self.asked = 0
        self.saved: dict[str, bytes] = {}
        self.links: dict[str, tuple] = {}
        self.timers: dict[str, asyncio.TimerHandle] = {}
        self.changed = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    def now(self) -> Instant:
        return Instant(time.time_ns())

    def attach(self, link) -> None:
        now = self.now()
        contact = Contact(self.name, link.peer, now, Instant(now + 3600 * SECOND), link.rate_bps, link.kind)
        self.links[link.peer] = (link, contact)
        self.perform(self.agent.opened(now, contact))
        self.changed.set()

    def detach(self, link, reason: str) -> None:
        if self.links.get(link.peer, (None,))[0] is link:
            self.breaks += 1
            _, contact = self.links.pop(link.peer)
            self.perform(self.agent.closed(self.now(), contact))
        self.changed.set()

    def received(self, link, frame: bytes) -> None:
        self.perform(self.agent.received(self.now(), link.peer, frame))
        self.changed.set()

    def submit(self, to: str, payload: bytes) -> None:
        self.perform(self.agent.submit(self.now(), to, "x", payload, "test", 3600 * SECOND))

    def perform(self, outputs) -> None:
        for output in outputs:
            if isinstance(output, Send):
                self.asked += output.frame[0] == DATA and len(output.frame) == DATA_OVERHEAD
                self.links[output.peer][0].send(output.frame)
            elif isinstance(output, Wake):
                self.wake(output)
            elif isinstance(output, Save):
                if output.value is None:
                    self.saved.pop(output.key, None)
                else:
                    self.saved[output.key] = output.value
            elif isinstance(output, Delivered):
                self.delivered.append(output.payload)
            elif isinstance(output, Record) and isinstance(output.entry, records.FrameRefused):
                self.refused.append(output.entry)

    def wake(self, wake: Wake) -> None:
        old = self.timers.pop(wake.timer, None)
        if old is not None:
            old.cancel()
        if wake.at is not None:
            wait_s = max(0.0, (wake.at - self.now()) / 1e9)
            self.timers[wake.timer] = self.loop.call_later(wait_s, self.fire, wake.timer)

    def fire(self, timer: str) -> None:
        self.timers.pop(timer, None)
        self.perform(self.agent.fired(self.now(), timer))

    def stop(self) -> None:
        for timer in self.timers.values():
            timer.cancel()
