"""Two hosts in one event loop, joined by links without a socket."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from live.faulty_disk import FaultyDisk
from orbitalcloud.core import Seed
from orbitalcloud.live.host import NodeHost
from orbitalcloud.live.journal import Journal, opened
from orbitalcloud.network import AgentLimits
from orbitalcloud.node.mailboxes import Quota
from orbitalcloud.node.post import NetworkNode


@dataclass(eq=False)
class MemoryLink:
    """One end; what is sent arrives at the other in the next turn of the loop."""

    hub: NodeHost
    peer: str
    rate_bps: int = 1_000_000_000
    reliable: bool = True
    kind: str = "stcp"  # no encounters are told over such wires, so that what is sent is what a test sends
    other: MemoryLink | None = None
    sent: list[bytes] = field(default_factory=list)

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)
        if self.other is not None:
            asyncio.get_running_loop().call_soon(self.other._arrive, frame)

    def _arrive(self, frame: bytes) -> None:
        if self.other is not None:
            self.hub.received(self, frame)

    def close(self, reason: str = "") -> None:
        other, self.other = self.other, None
        if other is not None:
            self.hub.detach(self, reason)
            other.close(reason)


def join(a: NodeHost, b: NodeHost, kind: str = "stcp") -> tuple[MemoryLink, MemoryLink]:
    """A link is established between two hosts."""
    there, here = MemoryLink(a, b.node.name, kind=kind), MemoryLink(b, a.node.name, kind=kind)
    there.other, here.other = here, there
    a.attach(there)
    b.attach(here)
    return there, here


def journal_on(disk: FaultyDisk) -> Journal:
    return opened(disk, Seed.of(3).bytes, segment_bytes=4096)


def host_of(
    name: str, journal: Journal | None = None, quota: Quota | None = None, limits: AgentLimits | None = None
) -> NodeHost:
    """A started host."""
    host = NodeHost(NetworkNode(name, Seed.of(5).child(name).bytes(32), limits=limits, quota=quota), journal)
    host.start()
    return host
