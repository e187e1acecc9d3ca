"""How a live process is told to end: Ctrl-C, or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stop_requests() -> Iterator[asyncio.Event]:
    """An event that is set when the person presses Ctrl-C or the process is told to end."""
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    numbers: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in numbers:
            loop.add_signal_handler(number, asked.set)
    except (RuntimeError, ValueError, NotImplementedError):
        numbers = ()  # not in the main thread: whoever runs us there stops us otherwise
    try:
        yield asked
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
