"""The emulation's process: packets from TUN devices into the packet network, and out again when they are due.

One loop, one thread, nothing that waits: `select` with a time-out of microseconds is as exact as the kernel's timers
(about 0.1 ms), where asyncio rounds up to milliseconds. How late packets were handed over is measured.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from orbitalcloud.core import SECOND, Instant
from orbitalcloud.live.namespaces import Namespace
from orbitalcloud.twin.addresses import Directory
from orbitalcloud.twin.packets import PacketNetwork

AT_ONCE = 32
"""Packets taken from one device before the others and the clock have their turn."""
LONGEST_S = 0.5
PACKET_BYTES = 65_536
PATIENCE_S = 2.0
"""How long a command may take to end when it is told to."""


@dataclass(slots=True)
class Lateness:
    """How long after their moment packets were handed over, in ns: mean and worst."""

    packets: int = 0
    sum_ns: int = 0
    worst_ns: int = 0
    refused: int = 0
    """Packets that the node's kernel did not take."""

    def note(self, late_ns: int) -> None:
        """One packet."""
        self.packets += 1
        self.sum_ns += late_ns
        self.worst_ns = max(self.worst_ns, late_ns)


@dataclass(slots=True)
class Emulator:
    """Nodes' devices on one side, the packet network on the other. `begins` is the clock at the start of `run`."""

    network: PacketNetwork
    directory: Directory
    nodes: Sequence[Namespace]
    begins: Instant
    late: Lateness = field(default_factory=Lateness)

    def run(self, length_ns: int, stop: int, child: subprocess.Popen[bytes] | None = None) -> None:
        """Carry packets for so long, or until the descriptor `stop` can be read or the child has ended."""
        names = {one.tun: one.node for one in self.nodes}
        devices = {one.node: one.tun for one in self.nodes}
        ended = os.pidfd_open(child.pid) if child is not None else -1
        watched = [*names, stop, *([ended] if ended >= 0 else [])]
        gc.collect()
        gc.freeze()  # nothing of the mission is garbage: a collection would walk it all while packets wait
        start_ns = time.monotonic_ns() - self.begins
        try:
            while (now := Instant(time.monotonic_ns() - start_ns)) < self.begins + length_ns:
                self._hand_over(now, devices)
                ready, _, _ = select.select(watched, [], [], self._wait_s(time.monotonic_ns() - start_ns))
                if stop in ready or ended in ready:
                    return
                for file in ready:
                    self._take(file, names[file], start_ns)
        finally:
            gc.unfreeze()
            if ended >= 0:
                os.close(ended)

    def _wait_s(self, now: int) -> float:
        due = self.network.next_at()
        return LONGEST_S if due is None else min(LONGEST_S, max(0.0, (due - now) / SECOND))

    def _take(self, file: int, node: str, start_ns: int) -> None:
        for _ in range(AT_ONCE):
            try:
                packet = os.read(file, PACKET_BYTES)
            except OSError:  # nothing more to read
                return
            sender, target = self.directory.ends(packet)
            now = Instant(time.monotonic_ns() - start_ns)
            self.network.enter(now, node, target if sender == node else "", packet)

    def _hand_over(self, now: Instant, devices: dict[str, int]) -> None:
        for arrived, target, packet in self.network.due(now):
            self.late.note(now - arrived)
            device = devices.get(target)
            try:
                if device is not None:
                    os.write(device, packet)
            except OSError:
                self.late.refused += 1


@contextmanager
def stop_file() -> Iterator[int]:
    """A descriptor that can be read once the person pressed Ctrl-C, or the process was told to end."""
    ours, theirs = socket.socketpair()
    for one in (ours, theirs):
        one.setblocking(False)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    woken = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        yield ours.fileno()
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        ours.close()
        theirs.close()


def end(child: subprocess.Popen[bytes]) -> int:
    """The child's exit status, after it (and its group, if that is its own) was told to end and, later, was ended."""
    leads = child.poll() is None and os.getpgid(child.pid) == child.pid
    for number in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is not None:
            break
        with suppress(ProcessLookupError):
            (os.killpg if leads else os.kill)(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE_S)
    return child.wait()
