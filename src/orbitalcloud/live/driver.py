"""Serving: wait for each event's moment on the real clock, handle it, and run jobs beside the loop, each in its cell.

The twin's clock is the real one times `speed`. It does not pass a job that is being executed, because only the meter
says when the job ends; the wait counts as lateness like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from orbitalcloud.core import SECOND, DataError, Instant
from orbitalcloud.core.effects import Run
from orbitalcloud.live.clock import Clock, RealClock
from orbitalcloud.live.stopping import stop_requests
from orbitalcloud.mission import Loaded
from orbitalcloud.twin import Flight, Folder, Status, Watch

LONGEST_SLEEP_S = 0.25
"""The loop looks up at least this often, so that a stop request is not kept waiting."""


PUBLISH_S = 1.0
"""The Log's file is at most this much behind, for `orbital logs -f`."""


@dataclass(frozen=True, slots=True)
class Served:
    """How a live flight went: its folder's status, and the worst lateness of an event on the real clock."""

    status: Status
    events: int
    latest_s: float


async def serve(
    loaded: Loaded,
    folder: Folder,
    seed: int,
    speed: float = 1.0,
    clock: Clock | None = None,
    watch: Watch | None = None,
    tick: Callable[[Instant], None] | None = None,
    begun: Callable[[Flight], None] | None = None,
    keys: Path | None = None,
) -> Served:
    """Let the mission happen, `speed` times as fast as the real clock.

    `begun` is given the flight before its first event; `keys` is a folder of device keys, drawn if there are
    none. Raises `Interrupted` on Ctrl-C, with the folder ready for `orbital fly --resume`; one that comes while the
    flight is being made is heard before its first event.
    """
    check_speed(speed)
    with (
        stop_requests() as asked,
        Flight.begin(loaded, folder, seed, watch, keys) as flight,
        ThreadPoolExecutor(1, "orbital-job") as pool,
    ):
        if begun is not None:
            begun(flight)
        return await _Loop(flight, clock or RealClock(), speed, pool, tick, asked).run()


def check_speed(speed: float) -> None:
    """`DataError` if nothing can be served at this speed."""
    if not 0.0 < speed <= 1e6:
        raise DataError("speed", speed, "choose more than 0 and at most 1,000,000")


class _Loop:
    def __init__(
        self,
        flight: Flight,
        clock: Clock,
        speed: float,
        pool: ThreadPoolExecutor,
        tick: Callable[[Instant], None] | None,
        asked: asyncio.Event,
    ) -> None:
        self.flight, self.clock, self.speed, self.pool, self.tick = flight, clock, speed, pool, tick
        self.asked = asked
        self.jobs: list[asyncio.Future[None]] = []
        self.latest_s = 0.0

    async def run(self) -> Served:
        carrier = self.flight.carrier
        carrier.launch = self._launch
        begun = shown = self.clock.now()
        starts = carrier.now
        try:
            while (due := self.flight.due()) is not None:
                await self._until(begun + (due - starts) / SECOND / self.speed)
                if self.asked.is_set():
                    raise self.flight.stop()
                self.flight.step()
                for job in self.jobs:
                    await job
                self.jobs.clear()
                if self.clock.now() - shown > PUBLISH_S:
                    self.flight.publish()
                    shown = self.clock.now()
                if self.tick is not None:
                    self.tick(carrier.now)
        finally:
            carrier.launch = None
        return Served(self.flight.finish(), carrier.events, self.latest_s)

    async def _until(self, moment: float) -> None:
        await asyncio.sleep(0)  # signals are heard here, also where there is nothing to wait for
        while (left := moment - self.clock.now()) > 0 and not self.asked.is_set():
            await self.clock.sleep(min(left, LONGEST_SLEEP_S))
        self.latest_s = max(self.latest_s, self.clock.now() - moment)

    def _launch(self, name: str, effect: Run) -> None:
        """Execute a job in its process, a thread waiting for it; its `Finished` is pushed when the meter has spoken."""
        carrier, begun = self.flight.carrier, self.flight.carrier.now

        async def work() -> None:
            loop = asyncio.get_running_loop()
            outcome = await loop.run_in_executor(self.pool, carrier.execute, name, effect, self.speed <= 1.0)
            carrier.finish(name, effect, outcome, begun)

        self.jobs.append(asyncio.ensure_future(work()))
