"""The live driver's clock, as an argument: the real one, or one that a test moves."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Protocol


class Clock(Protocol):
    """Seconds that pass, and a way to let some pass."""

    def now(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Come back after `seconds`."""
        ...


class RealClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        return monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
