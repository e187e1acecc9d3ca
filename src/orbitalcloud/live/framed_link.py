"""An STCP or MTCP neighbour over a socket: bundles one after the other, nothing comes back.

A bundle counts as taken when the socket took its bytes; when the connection breaks, those still on their way are lost.
A dialled link sends, an accepted one receives; MTCP may bring bundles both ways.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter, deque
from typing import cast

from orbitalcloud.live.hub import Hub
from orbitalcloud.network.carriage import HandedOver, whole_frame
from orbitalcloud.network.framings import (
    STCP_KEEPALIVE,
    encode_mtcp,
    encode_stcp,
    mtcp_decoder,
    stcp_decoder,
)
from orbitalcloud.network.making import without_sums

BUFFER_BYTES = 1 << 20
"""Above this much in the transport's buffer, bundles wait in the link's queue."""
KEEPALIVE_S = 15.0
"""ION's interval (STCP_KEEPALIVE_PERIOD)."""
SILENCE_S = {"stcp": 600.0, "mtcp": 3600.0}
"""An accepted connection that brings nothing this long is closed; MTCP's peers send no keep-alives."""
PROGRESS_BYTES = 1024
"""What must come of a bundle under way within `KEEPALIVE_S` × 4."""


class FramedLink(asyncio.Protocol):
    """One connection. `rate_bps` 0: it only receives. `sums` false: bundles leave without CRCs (`without_sums`)."""

    reliable = False

    def __init__(
        self,
        hub: Hub,
        kind: str,
        node: str,
        rate_bps: int,
        bundle_bytes: int,
        queue_bytes: int = 64 << 20,
        busy: bool = False,
        sums: bool = True,
    ) -> None:
        self.kind, self.peer, self.rate_bps, self.queue_bytes = kind, node, rate_bps, queue_bytes
        self.bundle_bytes = bundle_bytes
        self.established = False
        self.reason = ""
        self._hub, self._busy_now = hub, busy
        self._loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._frame, self._sums = encode_stcp if kind == "stcp" else encode_mtcp, sums
        self._decoder = (stcp_decoder if kind == "stcp" else mtcp_decoder)(bundle_bytes)
        self._handed = HandedOver(bundle_bytes)
        self._queue: deque[tuple[bytes, bytes]] = deque()
        self._queued_bytes = 0
        self._writing = True
        self._turn_due = self._attached = self._connected = False
        self._said = self._heard = self._loop.time()
        self._trickle = 0
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    # Link ----------------------------------------------------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        """Queue the frame's bundle; a full queue drops it, and the agent asks after it later."""
        if not self._attached or not self.rate_bps:
            return
        ready = self._handed.send(frame)
        if ready is not None:
            name, bundle = ready
            if self._queue and self._queued_bytes + len(bundle) > self.queue_bytes:
                self._handed.counts["queue-full"] += 1
            else:
                self._queue.append(ready)
                self._queued_bytes += len(bundle)
                self._handed.waits(name)
        if not self._turn_due:
            self._turn_due = True
            self._loop.call_soon(self._turn)

    def close(self, reason: str = "") -> None:
        """Close the connection when what the socket took has left."""
        if not self._connected:
            self._busy_now = True
            return
        self._end(reason or "we closed the connection")

    def abort(self) -> None:
        """Close it at once."""
        self._busy_now = True
        if self._connected:
            self._transport.abort()

    def pause_reading(self) -> None:
        """Read no more until `resume_reading`: the peer's TCP feels it."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    @property
    def counts(self) -> Counter[str]:
        """How often which rule was broken or bound was met, by its name."""
        return self._handed.counts

    # asyncio.Protocol ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there: nothing more is needed."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=BUFFER_BYTES)
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._connected = True
        if self._busy_now:
            self._transport.close()
            return
        if not self.peer:
            host, port = self._transport.get_extra_info("peername")[:2]
            self.peer = f"{self.kind}.{host}.{port}".replace(":", "-")
        self.established = self._attached = True
        self._timer = self._loop.call_later(KEEPALIVE_S, self._look)
        self._hub.attach(self)

    def data_received(self, data: bytes) -> None:
        """Bytes from the peer."""
        self._trickle += len(data)
        bundles = self._decoder.feed(data)
        if bundles or not self._decoder.held_bytes or self._trickle >= PROGRESS_BYTES:
            self._heard, self._trickle = self._loop.time(), 0
        for bundle in bundles:
            if self._attached:
                self._hub.received(self, whole_frame(bundle))
        fault = self._decoder.fault
        if fault is not None:
            self._handed.counts[fault.check] += 1
            self._end(str(fault))

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self._writing = False

    def resume_writing(self) -> None:
        """It has room again."""
        self._writing = True
        self._turn()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._end(f"the connection broke: {error}" if error else "the peer closed the connection")
        if not self.gone.done():
            self.gone.set_result(None)

    # -----------------------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        self._turn_due = False
        parts: list[bytes] = []
        size = 0
        while self._queue and self._writing:
            name, bundle = self._queue.popleft()
            self._queued_bytes -= len(bundle)
            parts.append(self._frame(bundle if self._sums else without_sums(bundle)))
            size += len(bundle)
            self._handed.handed(name)
            if size >= BUFFER_BYTES or not self._queue:
                self._transport.write(b"".join(parts))
                parts, size, self._said = [], 0, self._loop.time()
        for frame in self._handed.take_frames():
            if self._attached:
                self._hub.received(self, frame)

    def _look(self) -> None:
        """Every `KEEPALIVE_S`: say something if nothing was said, close if nothing is heard."""
        now = self._loop.time()
        if self.kind == "stcp" and self.rate_bps and now - self._said >= KEEPALIVE_S:
            self._transport.write(STCP_KEEPALIVE)
            self._said = now
        silence = now - self._heard
        if not self.rate_bps and silence > (4 * KEEPALIVE_S if self._decoder.held_bytes else SILENCE_S[self.kind]):
            self._handed.counts["idle"] += 1
            self._end("the peer has been silent too long")
            return
        self._timer = self._loop.call_later(KEEPALIVE_S, self._look)

    def _end(self, reason: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._attached:
            self._attached = False
            self.reason = reason
            self._hub.detach(self, reason)
        self._transport.close()
