"""How many bundles of 1 kB a second cross a TCPCLv4 link between two processes? Goal: 20,000, without custody on disk.

Both ends are the link as a node has it: the agent's data frames in (named and summed), transfers over loopback, each
acknowledged by the other side's word, the agent's report frames out. No agent and no disk on either side. The limit in
the same run: the same bundles through bare asyncio with an 18-byte answer to each, which is what the transport costs.
Wall time, since the goal is one; best of three. The last line is our rate over the goal.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import timeit
from time import perf_counter, process_time

from asking import answer, table

from orbitalcloud.live.wires import Wire, Wires, node_id
from orbitalcloud.network.carriage import report_frames, whole_frame
from orbitalcloud.network.convergence import TAKEN, Report, Segment, decode_frame
from orbitalcloud.network.tcpcl_events import SessionPolicy

BUNDLES, SIZE, WINDOW, ROUNDS = 40_000, 1000, 2048, 3
GOAL_PER_S = 20_000
HOST, ANSWER, BUNDLE = "127.0.0.1", bytes(18), bytes(1000)


class Sink:
    """The receiving node: takes everything."""

    def attach(self, link) -> None:
        """A neighbour."""

    def detach(self, link, reason: str) -> None:
        """None any more."""

    def received(self, link, frame: bytes) -> None:
        """A bundle: it is taken."""
        content = decode_frame(frame)
        assert isinstance(content, Segment), "only bundles come here"
        for reports in report_frames([Report(content.transfer, TAKEN)]):
            link.send(reports)


class Source:
    """The sending node: keeps a window of bundles on their way until all are acknowledged."""

    def __init__(self) -> None:
        self.link = None
        self.ready, self.done = asyncio.Event(), asyncio.Event()
        self.bundles = [n.to_bytes(4, "big") * (SIZE // 4) for n in range(BUNDLES)]
        self.sent = self.taken = 0

    def attach(self, link) -> None:
        """The sink is there."""
        self.link = link
        self.ready.set()

    def detach(self, link, reason: str) -> None:
        """It is gone."""

    def received(self, link, frame: bytes) -> None:
        """Reports."""
        reports = decode_frame(frame)
        assert isinstance(reports, list), "only reports come here"
        self.taken += len(reports)
        self.more()
        if self.taken == BUNDLES:
            self.done.set()

    def more(self) -> None:
        """Send up to the window."""
        while self.sent < min(BUNDLES, self.taken + WINDOW):
            self.link.send(whole_frame(self.bundles[self.sent]))
            self.sent += 1


class BareSink(asyncio.Protocol):
    """Answers every 1 kB."""

    def __init__(self) -> None:
        self.have = 0

    def connection_made(self, transport) -> None:
        """Somebody is there."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Count and answer."""
        whole, self.have = divmod(self.have + len(data), SIZE)
        self.transport.write(ANSWER * whole)


class BareSource(asyncio.Protocol):
    """Sends with the same window."""

    def __init__(self) -> None:
        self.sent = self.have = 0
        self.done = asyncio.Event()
        self.bundles = [n.to_bytes(4, "big") * (SIZE // 4) for n in range(BUNDLES)]

    def connection_made(self, transport) -> None:
        """The sink is there."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers."""
        self.have += len(data)
        self.more()
        if self.have == BUNDLES * len(ANSWER):
            self.done.set()

    def more(self) -> None:
        """Send up to the window, each bundle by itself put on the transport's list."""
        end = min(BUNDLES, self.have // len(ANSWER) + WINDOW)
        self.transport.write(b"".join(self.bundles[self.sent : end]))
        self.sent = end


async def receive() -> None:
    """The other process: a link and a bare socket, until stdin closes."""
    wires = Wires(Sink(), SessionPolicy(node_id=node_id("sink")))
    loop = asyncio.get_running_loop()
    bare = await loop.create_server(BareSink, HOST, 0)
    print(await wires.listen(Wire("tcpcl", HOST, 0)), bare.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    await wires.close()
    bare.close()


async def over_link(port: int) -> tuple[float, float]:
    """Bundles a second, and our share of a core."""
    source = Source()
    wires = Wires(source, SessionPolicy(node_id=node_id("source")))
    await wires.dial(Wire("tcpcl", HOST, port))
    await source.ready.wait()
    begun, worked = perf_counter(), process_time()
    source.more()
    await source.done.wait()
    took, work = perf_counter() - begun, process_time() - worked
    await wires.close()
    return BUNDLES / took, work / took


async def over_bare(port: int) -> float:
    """Bundles a second through the transport alone."""
    _, source = await asyncio.get_running_loop().create_connection(BareSource, HOST, port)
    begun = perf_counter()
    source.more()
    await source.done.wait()
    took = perf_counter() - begun
    source.transport.close()
    return BUNDLES / took


def main() -> int:
    with subprocess.Popen(
        [sys.executable, __file__, "sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sink:
        assert sink.stdout is not None, "asked for above"
        port, bare_port = (int(word) for word in sink.stdout.readline().split())
        ours = max(asyncio.run(over_link(port)) for _ in range(ROUNDS))
        bare = max(asyncio.run(over_bare(bare_port)) for _ in range(ROUNDS))
        sink.communicate("")
    frame_us = min(timeit.repeat(lambda: decode_frame(whole_frame(BUNDLE)), number=10_000, repeat=5)) * 100
    rows = [
        ("TCPCLv4 link, ours", f"{ours[0]:,.0f} bundles/s ({ours[0] * SIZE * 8 / 1e6:,.0f} Mbit/s)"),
        ("  the sender's share of a core", f"{100 * ours[1]:.0f} %"),
        ("bare asyncio, an answer to each kB", f"{bare:,.0f} bundles/s"),
        ("a frame of the agent's, written and read", f"{frame_us:.1f} µs of each side's {1e6 / ours[0]:.1f} µs"),
        ("  ours over it", f"{ours[0] / bare:.3f} (not the question)"),
    ]
    table(f"{BUNDLES:,} bundles of {SIZE} bytes between two processes over loopback", rows)
    return answer("tcpcl_link", ours[0] / GOAL_PER_S, 1)


if __name__ == "__main__":
    if sys.argv[1:] == ["sink"]:
        asyncio.run(receive())
    else:
        sys.exit(main())
