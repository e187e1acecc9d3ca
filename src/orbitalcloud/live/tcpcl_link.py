"""A TCPCLv4 neighbour over a socket: `network.tcpcl` decides, this moves the bytes.

Everything that one read brings is handled together and everything that is to be said leaves in few writes; there is no
task and no timer per message. Back-pressure goes both ways: while the socket takes no more, segments stay in the
session; while the node has not spoken on what it got, or the hub says `pause_reading`, nothing more is read.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from typing import cast

from orbitalcloud.core import DataError, Instant, RemoteProtocolError
from orbitalcloud.live.hub import Hub
from orbitalcloud.live.tls import Security
from orbitalcloud.network.carriage import TransferCarriage
from orbitalcloud.network.eid import parse_eid
from orbitalcloud.network.tcpcl import Session
from orbitalcloud.network.tcpcl_events import Ended, Established, Event, Secure, SessionPolicy
from orbitalcloud.network.tcpcl_messages import TermReason

CHUNK_BYTES = 1 << 18
"""About how much goes to the socket in one write."""
BUFFER_BYTES = 1 << 20
"""Above this much in the transport's buffer, segments wait in the session."""
LINGER_S = 5.0
"""How long the last bytes of a session may take to leave."""


class TcpclLink(asyncio.Protocol):
    """One session. It attaches itself to the hub when the session is open, and detaches when it has ended."""

    kind = "tcpcl"
    reliable = True

    def __init__(
        self,
        hub: Hub,
        policy: SessionPolicy,
        active: bool,
        security: Security | None = None,
        rate_bps: int = 1_000_000_000,
        queue_bytes: int = 64 << 20,
    ) -> None:
        self.peer = ""
        self.rate_bps = rate_bps
        self.secured = False
        self.established = False
        self.reason = ""
        self.queue_bytes = queue_bytes
        self.bundle_bytes = 0
        self._hub, self._policy, self._active, self._security = hub, policy, active, security
        self._loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._early: list[bytes] | None = None
        self._securing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._turn_due = self._busy = self._held = self._reading_paused = self._attached = False
        self._connected = self._unwanted = False
        self._writing = True
        self._transport: asyncio.Transport
        self._session: Session
        self._carriage: TransferCarriage

    # Link ----------------------------------------------------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        """Take one frame of the agent's; it leaves with others at the end of the loop's turn."""
        if self._attached:
            self._carriage.send(frame)
            self._soon()

    def close(self, reason: str = "") -> None:
        """SESS_TERM; what has begun is finished first."""
        self.reason = self.reason or reason
        if not self._connected:
            self._unwanted = True
            return
        self._happened(self._session.terminate(self._now(), TermReason.UNKNOWN))

    def abort(self) -> None:
        """Cut the connection at once."""
        self._unwanted = True
        if self._connected:
            self._transport.abort()

    def pause_reading(self) -> None:
        """Read no more until `resume_reading`: the peer's TCP feels it."""
        self._held = True
        self._read_or_not()

    def resume_reading(self) -> None:
        """Read on."""
        self._held = False
        self._read_or_not()

    @property
    def counts(self) -> Counter[str]:
        """How often which rule was broken or bound was met, by its name."""
        return self._session.counts + self._carriage.counts

    # asyncio.Protocol ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TCP connection is there."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=BUFFER_BYTES)
        self._session = Session(self._now(), self._policy, self._active)
        self._carriage = TransferCarriage(self._session, self.queue_bytes)
        self._connected = True
        if self._unwanted:
            self._transport.abort()
        self._happened([])

    def data_received(self, data: bytes) -> None:
        """Bytes from the peer."""
        if self._early is not None:
            self._early.append(data)  # decrypted, and TLS not yet reported to us as done
            return
        self._happened(self._session.receive(self._now(), data))

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self._writing = False

    def resume_writing(self) -> None:
        """It has room again."""
        self._writing = True
        self._soon()

    def connection_lost(self, error: Exception | None) -> None:
        """The TCP connection is gone."""
        text = f"the connection broke: {error}" if error else "the peer closed the connection"
        self._happened(self._session.lost(self._now(), text))
        self._over()

    def _over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.gone.done():
            self.gone.set_result(None)

    # One turn ------------------------------------------------------------------------------------------------------

    def _now(self) -> Instant:
        return Instant(int(self._loop.time() * 1e9))

    def _soon(self) -> None:
        if not self._turn_due:
            self._turn_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_due = False
        self._happened([])

    def _happened(self, events: list[Event]) -> None:
        """Pass on what the session says, hand frames to the hub, write what is due."""
        if self._busy:  # the hub closed us while it was being told something
            self._pass_on(events)
            self._soon()
            return
        self._busy = True
        try:
            self._pass_on(events)
            for frame in self._carriage.take_frames():
                if self._attached:
                    self._hub.received(self, frame)
            self._flush()
            self._pass_on(self._session.settle())
            self._read_or_not()
        finally:
            self._busy = False
        self._set_timer()

    def _pass_on(self, events: list[Event]) -> None:
        self._carriage.happened(events)
        for event in events:
            if type(event) is Established:
                self.peer = parse_eid(event.node_id).node
                self.bundle_bytes = event.transfer_mtu
                self.secured, self.established, self._attached = event.secured, True, True
                self._hub.attach(self)
            elif type(event) is Secure:
                self._transport.pause_reading()
                self._securing = self._loop.create_task(self._secure())
            elif type(event) is Ended:
                self._end(event)

    def _flush(self) -> None:
        while self._writing and self._securing is None:
            data = self._session.data_to_send(self._now(), CHUNK_BYTES)
            if not data:
                return
            self._transport.write(data)

    def _read_or_not(self) -> None:
        pause = self._held or self._session.is_full
        if pause != self._reading_paused and self._securing is None and not self._transport.is_closing():
            self._reading_paused = pause
            if pause:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _set_timer(self) -> None:
        """One timer, moved only when it must come earlier: traffic mostly puts it off, and it looks when it is due."""
        at = self._session.next_deadline()
        if at is None:
            return
        when = at / 1e9
        if self._timer is None or self._timer.cancelled() or when < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(when, self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = self._now()
        deadline = self._session.next_deadline()
        self._happened(self._session.fired(now) if deadline is not None and now >= deadline else [])

    def _end(self, event: Ended) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.reason = self.reason or event.detail
        self._flush_last()
        if self._attached:
            self._attached = False
            self._hub.detach(self, self.reason)
        if not self._transport.is_closing():
            self._transport.close()
            self._timer = self._loop.call_later(LINGER_S, self._transport.abort)

    def _flush_last(self) -> None:
        data = self._session.data_to_send(self._now())
        if data and self._securing is None and not self._transport.is_closing():
            self._transport.write(data)

    # TLS -----------------------------------------------------------------------------------------------------------

    async def _secure(self) -> None:
        """Make the stream TLS and tell the session who the certificate says the peer is."""
        assert self._security is not None, "the policy said that we can"
        self._transport.write(self._session.data_to_send(self._now()))
        self._early = []
        try:
            transport = await self._loop.start_tls(
                self._transport,
                self,
                self._security.context(server=not self._active),
                server_side=not self._active,
                server_hostname=self._security.server_name() if self._active else None,
                ssl_handshake_timeout=self._policy.contact_patience_ns / 1e9,
            )
            if transport is None:
                raise ConnectionAbortedError("the connection broke in the handshake")
            certified = self._security.certified(transport.get_extra_info("ssl_object").getpeercert(binary_form=True))
        except (ssl.SSLError, OSError, RemoteProtocolError, DataError) as error:  # the last: our files went bad
            self._securing = None
            self._happened(self._session.lost(self._now(), f"tls: {error}"))
            self._over()  # asyncio tells the protocol of a failed handshake nothing
            return
        self._transport, self._securing = transport, None
        early, self._early = self._early, None
        self._happened(self._session.secured(self._now(), certified))
        for data in early:
            self.data_received(data)
