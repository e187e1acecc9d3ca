"""Opening wires: what a node listens on and whom it dials, as one set that is closed as one.

A wire is written `KIND://[NODE@]HOST:PORT[?rate_bps=N&crc=none]`. KIND is `tcpcl`, `stcp`, `mtcp` or `udp`; NODE
names the neighbour where the protocol itself does not (all but TCPCLv4, where it is the only node that will do, if
given). `crc=none` is for STCP and MTCP neighbours that read no CRCs, as dtn7zero.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import msgspec

from orbitalcloud.core import DataError
from orbitalcloud.live.framed_link import FramedLink
from orbitalcloud.live.hub import Hub
from orbitalcloud.live.tcpcl_link import TcpclLink
from orbitalcloud.live.tls import Security
from orbitalcloud.live.udp_link import UdpPort
from orbitalcloud.network.eid import parse_eid
from orbitalcloud.network.tcpcl_events import SessionPolicy

KINDS = ("tcpcl", "stcp", "mtcp", "udp")
DEFAULT_PORT = 4556
"""TCPCL's and UDPCL's registered port."""
RATES_BPS = {"tcpcl": 1_000_000_000, "stcp": 1_000_000_000, "mtcp": 1_000_000_000, "udp": 1_000_000}
"""How fast the hub hands bytes over if the wire does not say."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One thing to listen on or to dial."""

    kind: str
    host: str
    port: int
    node: str = ""
    rate_bps: int = 0
    sums: bool = True
    """Whether bundles leave with the CRCs that they have."""

    @property
    def pace_bps(self) -> int:
        """The rate that was given, or the kind's."""
        return self.rate_bps or RATES_BPS[self.kind]


MOST_S, NEAR_S = 60.0, 5.0
"""The longest wait before a neighbour is dialled again: a minute (RFC 9174 4.1), and where nobody but ourselves is
troubled by it, on this machine and in private networks (RFC 6890), less."""


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long a dialler waits: `first_s`, then twice as long each time, to `most_s`."""

    first_s: float = 1.0
    most_s: float = MOST_S

    def wait_s(self, failures: int) -> float:
        """Before the next attempt after so many failures in a row, with a quarter of chance in it."""
        return float(min(self.most_s, self.first_s * 2 ** min(failures, 30))) * random.uniform(0.75, 1.0)


def back_off_for(address: str, most_s: float = 0) -> BackOff:
    """How to dial this address: `most_s` apart at most, or, if that is 0, as is fit for how near it is."""
    if not most_s:
        try:
            near = ipaddress.ip_address(address.partition("%")[0]).is_private
        except ValueError:
            near = address == "localhost" or address.endswith((".localhost", ".local"))
        most_s = NEAR_S if near else MOST_S
    return BackOff(min(1.0, most_s / 10), most_s)


def parse_wire(text: str) -> Wire:
    """Read a wire; `DataError` if it is none."""
    remedy = "write KIND://[NODE@]HOST:PORT[?rate_bps=N] with KIND one of " + ", ".join(KINDS)
    remedy += "; stcp and mtcp may say crc=none too"
    try:
        parts = urlsplit(text)
        port, query = parts.port, dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        rate = query.pop("rate_bps", "0")
        sums = query.pop("crc", "") if parts.scheme in ("stcp", "mtcp") else ""
        known = parts.scheme in KINDS and parts.hostname and not (parts.path.strip("/") or parts.fragment or query)
        if not known or not rate.isdecimal() or sums not in ("", "none"):
            raise ValueError
    except ValueError:
        raise DataError("wire", text, remedy) from None
    return Wire(
        parts.scheme, parts.hostname or "", DEFAULT_PORT if port is None else port, _node(text), int(rate), not sums
    )


def _node(text: str) -> str:
    """The part before the @, in its own spelling: `ipn:2`, `svalbard`."""
    place = text.split("://", 1)[1].split("/", 1)[0].split("?", 1)[0]
    return place.rpartition("@")[0]


def node_id(node: str) -> str:
    """The node id of a node's name, as SESS_INIT and certificates have it: `dtn://svalbard/`, `ipn:2.0`."""
    return parse_eid(f"{node}.0" if node.startswith("ipn:") else f"dtn://{node}/").text


class Wires:
    """The wires of one node. All methods are for the event loop's thread."""

    def __init__(
        self,
        hub: Hub,
        policy: SessionPolicy,
        security: Security | None = None,
        back_off: BackOff | None = None,
        sessions: int = 256,
        redial_s: float = 0,
    ) -> None:
        """`sessions`: how many accepted connections are kept; beyond them a peer hears that we are busy.

        Diallers wait as `back_off` says for all, else as `back_off_for` does for each.
        """
        self.links: set[TcpclLink | FramedLink] = set()
        self._hub, self._policy, self._security = hub, policy, security
        self._back_off, self._redial_s, self._sessions = back_off, redial_s, sessions
        self._servers: list[asyncio.Server] = []
        self._ports: list[UdpPort] = []
        self._diallers: list[asyncio.Task[None]] = []
        self._closing = False

    async def listen(self, wire: Wire) -> int:
        """Take connections (or datagrams) there; the port, which the system chose if the wire's is 0."""
        if wire.kind == "udp":
            return await self._open_udp(wire)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: self._accepted(wire), wire.host, wire.port)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def dial(self, wire: Wire) -> None:
        """Keep a link to this neighbour: again and again, with growing waits, until `close`.

        `DataError` for a UDP neighbour without an address or a name.
        """
        if wire.kind == "udp":
            if not wire.node:
                raise DataError("wire", f"udp://{wire.host}:{wire.port}", "name the neighbour: udp://NODE@HOST:PORT")
            if not self._ports:
                await self._open_udp(Wire("udp", "0.0.0.0", 0))
            await self._ports[0].add(wire.node, wire.host, wire.port, wire.pace_bps)
            return
        self._diallers.append(asyncio.get_running_loop().create_task(self._keep(wire)))

    async def close(self, reason: str = "the node stops", patience_s: float = 5.0) -> None:
        """End every link in an orderly way, and those that take longer than `patience_s` at once."""
        self._closing = True
        for server in self._servers:
            server.close()
        for task in self._diallers:
            task.cancel()
        await asyncio.gather(*self._diallers, return_exceptions=True)
        for port in self._ports:
            port.close(reason)
        for link in list(self.links):
            link.close(reason)
        waits = [link.gone for link in self.links]
        if waits:
            await asyncio.wait(waits, timeout=patience_s)
        for link in list(self.links):
            link.abort()

    # -----------------------------------------------------------------------------------------------------------------

    async def _open_udp(self, wire: Wire) -> int:
        port = await UdpPort.open(self._hub, wire.host, wire.port)
        self._ports.append(port)
        return port.port

    def _accepted(self, wire: Wire) -> asyncio.Protocol:
        busy = self._closing or len(self.links) >= self._sessions
        return self._made(wire, active=False, busy=busy)

    def _made(self, wire: Wire, active: bool, busy: bool = False) -> TcpclLink | FramedLink:
        if wire.kind == "tcpcl":
            expected = node_id(wire.node) if wire.node else ""
            policy = msgspec.structs.replace(
                self._policy,
                expected_node_id=expected or self._policy.expected_node_id,
                can_tls=self._security is not None,
                proven=self._security.binds if self._security is not None else None,
                busy=busy,
            )
            made: TcpclLink | FramedLink = TcpclLink(self._hub, policy, active, self._security, wire.pace_bps)
        else:
            rate = wire.pace_bps if active else 0
            most = self._policy.transfer_mru
            made = FramedLink(self._hub, wire.kind, wire.node, rate, most, busy=busy, sums=wire.sums)
        self.links.add(made)
        made.gone.add_done_callback(lambda _: self.links.discard(made))
        return made

    async def _keep(self, wire: Wire) -> None:
        loop, failures = asyncio.get_running_loop(), 0
        back_off = self._back_off or back_off_for(wire.host, self._redial_s)
        while not self._closing:
            try:
                _, link = await loop.create_connection(lambda: self._made(wire, active=True), wire.host, wire.port)
            except OSError:
                failures += 1
            else:
                await asyncio.shield(link.gone)
                failures = 0 if link.established else failures + 1
            await asyncio.sleep(back_off.wait_s(failures))
