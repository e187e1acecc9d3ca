"""The loop: step the flight until the mission ends, or until the person stops it between two events."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from orbitalcloud.core import Instant
from orbitalcloud.mission import Loaded
from orbitalcloud.twin import Flight, Folder, Status, Watch

Tick = Callable[[Instant], None]


def fly(loaded: Loaded, folder: Folder, seed: int, watch: Watch | None = None, tick: Tick | None = None) -> Status:
    """Fly a mission into an empty folder.

    `watch` sees every entry, `tick` the simulated time now and then. Raises `Interrupted` if the person stops it, with
    the folder ready for `resume`, and `DataError` if the disk is full.
    """
    with Flight.begin(loaded, folder, seed, watch) as flight:
        return run(flight, tick)


def resume(folder: Folder, watch: Watch | None = None, tick: Tick | None = None) -> Status:
    """Go on with an interrupted flight, to the digest of an unbroken one."""
    with Flight.resume(folder, watch) as flight:
        return run(flight, tick)


def run(flight: Flight, tick: Tick | None = None) -> Status:
    """Step to the end."""
    with stop_requests() as stop:
        while flight.due() is not None:
            if stop:
                raise flight.stop()
            flight.step()
            if tick is not None and not flight.carrier.events & 63:
                tick(flight.carrier.now)
    return flight.finish()


@contextmanager
def stop_requests() -> Iterator[list[int]]:
    """A list that fills when the person presses Ctrl-C or the process is told to end; a second Ctrl-C is immediate."""
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    try:
        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not in the main thread: whoever runs us there stops us otherwise
        yield asked
        return
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
