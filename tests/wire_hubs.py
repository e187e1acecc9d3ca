"""A hub for tests of the wires: takes every bundle that arrives (or what `judge` says), keeps all reports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orbitalcloud.network.carriage import report_frames, whole_frame
from orbitalcloud.network.convergence import TAKEN, Report, Segment, decode_frame


class FakeHub:
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

    async def until(self, holds: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait for something to become true; each attach, detach and frame is a reason to look."""

        async def look() -> None:
            while not holds():
                self.changed.clear()
                await self.changed.wait()

        await asyncio.wait_for(look(), seconds)

    def send(self, bundle: bytes) -> None:
        """Over the first link."""
        self.links[0].send(whole_frame(bundle))
