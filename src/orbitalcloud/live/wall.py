"""The clock of a live node: UTC that never goes back and never stands still."""

from __future__ import annotations

import time

from orbitalcloud.core import SECOND, Instant

STEP_NS = SECOND
"""A difference to the machine's UTC that is a step of that clock, and not its drift."""


class WallClock:
    """UTC as at the start, carried on by the monotonic clock.

    Where the machine's UTC steps ahead (a suspended laptop, a first answer of NTP), it follows; where it steps back, it
    stays ahead, because what has been dated must not be dated again.
    """

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now(self) -> Instant:
        """The instant."""
        return Instant(time.monotonic_ns() + self._offset_ns)

    def follow(self) -> int:
        """Look at the machine's UTC; gives by how many nanoseconds it was ahead of ours where it stepped, else 0."""
        ahead = time.time_ns() - self.now()
        if ahead > STEP_NS:
            self._offset_ns += ahead
        return ahead if abs(ahead) > STEP_NS else 0
