"""UDP neighbours: one raw bundle a datagram (as ION's udpcli and udpclo), paced by a token bucket.

For one-way links: nothing is acknowledged, so a bundle counts as taken when its datagram was handed to the socket, and
who sent one is only an address. A port hears the neighbours that were added; datagrams from others are counted and
dropped.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter, deque
from typing import cast

from orbitalcloud.core import DataError, Instant
from orbitalcloud.live.hub import Hub
from orbitalcloud.network.carriage import HandedOver, whole_frame
from orbitalcloud.network.framings import DATAGRAM_BYTES
from orbitalcloud.network.pacing import TokenBucket

BURST_S = 0.02
"""How much of a second's bytes may leave at once."""
RECEIVE_BUFFER_BYTES = 4 << 20
"""Asked of the system, so that a burst is not lost before we look."""


class UdpLink:
    """One neighbour of a `UdpPort`."""

    kind = "udp"
    reliable = False
    bundle_bytes = DATAGRAM_BYTES

    def __init__(self, port: UdpPort, node: str, address: tuple[str, int], rate_bps: int, queue_bytes: int) -> None:
        self.peer, self.rate_bps, self.queue_bytes = node, rate_bps, queue_bytes
        self.address = address
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._handed = HandedOver(DATAGRAM_BYTES)
        self._queue: deque[tuple[bytes, bytes]] = deque()
        self._queued_bytes = 0
        burst = max(1, int(rate_bps * BURST_S / 8))
        self._bucket = TokenBucket(self._now(), rate_bps, burst) if rate_bps else None
        self._due: asyncio.Handle | None = None

    def send(self, frame: bytes) -> None:
        """Queue the frame's bundle; a full queue drops it, and the agent asks after it later."""
        if self._bucket is None or not self._port.is_open:
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
        if self._due is None:
            self._due = self._loop.call_soon(self._turn)

    def close(self, reason: str = "") -> None:
        """Send no more to it, hear no more of it."""
        if self._due is not None:
            self._due.cancel()
        self._port.remove(self, reason or "we closed the link")

    @property
    def counts(self) -> Counter[str]:
        """How often which bound was met, by its name."""
        return self._handed.counts

    def _now(self) -> Instant:
        return Instant(int(self._loop.time() * 1e9))

    def _turn(self) -> None:
        """Let out what the rate allows, come back when it allows more."""
        self._due = None
        assert self._bucket is not None
        now = self._now()
        while self._queue and self._port.writing:
            name, bundle = self._queue[0]
            if not self._bucket.take(now, len(bundle)):
                wait_s = (self._bucket.ready(now, len(bundle)) - now) / 1e9
                self._due = self._loop.call_later(wait_s, self._turn)
                break
            self._queue.popleft()
            self._queued_bytes -= len(bundle)
            self._port.transmit(bundle, self.address)
            self._handed.handed(name)
        for frame in self._handed.take_frames():
            self._port.hub.received(self, frame)

    def wake(self) -> None:
        """The socket takes more."""
        if self._queue and self._due is None:
            self._due = self._loop.call_soon(self._turn)


class UdpPort(asyncio.DatagramProtocol):
    """A bound socket and its neighbours."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.counts: Counter[str] = Counter()
        self.writing = self.is_open = True
        self.port = 0
        self._links: dict[tuple[str, int], UdpLink] = {}
        self._hosts: dict[str, UdpLink] = {}
        self._transport: asyncio.DatagramTransport

    @classmethod
    async def open(cls, hub: Hub, host: str, port: int) -> UdpPort:
        """Bind; port 0 lets the system choose."""
        loop = asyncio.get_running_loop()
        _, made = await loop.create_datagram_endpoint(lambda: cls(hub), local_addr=(host, port))
        return made

    async def add(self, node: str, host: str, port: int, rate_bps: int, queue_bytes: int = 64 << 20) -> UdpLink:
        """A neighbour there; `rate_bps` 0 only to hear it."""
        loop = asyncio.get_running_loop()
        family = self._transport.get_extra_info("socket").family
        try:
            found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_DGRAM)
        except OSError as error:
            raise DataError("udp neighbour", f"{host}:{port}", f"give a host that has an address ({error})") from None
        address = cast("tuple[str, int]", found[0][4][:2])
        link = self._links[address] = UdpLink(self, node, address, rate_bps, queue_bytes)
        self._hosts.setdefault(address[0], link)
        self.hub.attach(link)
        return link

    def remove(self, link: UdpLink, reason: str) -> None:
        """A neighbour goes."""
        if self._links.pop(link.address, None) is link:
            if self._hosts.get(link.address[0]) is link:
                del self._hosts[link.address[0]]
            self.hub.detach(link, reason)

    def close(self, reason: str) -> None:
        """Every neighbour goes, the socket too."""
        for link in list(self._links.values()):
            link.close(reason)
        self.is_open = False
        self._transport.close()

    def transmit(self, bundle: bytes, address: tuple[str, int]) -> None:
        """Hand a datagram to the socket."""
        self._transport.sendto(bundle, address)

    # asyncio.DatagramProtocol ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is bound."""
        self._transport = cast("asyncio.DatagramTransport", transport)
        bound = transport.get_extra_info("socket")
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self.port = bound.getsockname()[1]

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """A bundle from an address: the neighbour of that port, or else of that host (ION sends from any port)."""
        link = self._links.get(address[:2]) or self._hosts.get(address[0])
        if link is None:
            self.counts["stranger"] += 1
        elif not data:
            self.counts["empty"] += 1
        else:
            self.hub.received(link, whole_frame(data))

    def error_received(self, error: Exception) -> None:
        """An ICMP error (nobody listens there): the link is one-way, so it is only counted."""
        self.counts["icmp"] += 1

    def pause_writing(self) -> None:
        """The socket's buffer is full."""
        self.writing = False

    def resume_writing(self) -> None:
        """It has room again."""
        self.writing = True
        for link in self._links.values():
            link.wake()
