"""Where wires meet the node: a `Link` is one established neighbour, a `Hub` is the node's host.

The bundle agent speaks data and report frames (`network.convergence`) and nothing else. A link carries them in the
neighbour's own protocol: a data frame becomes a transfer, a `TAKEN` report its acknowledgement, a `REFUSED` report its
refusal, and the other way round. So the agent is the same over a radio pass and over a socket.
"""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    """One established neighbour, made by `live`'s wires.

    `peer` is its node's name, proven where TLS says so. `rate_bps` is how fast the hub may hand bytes over; 0 where the
    link only brings (an accepted STCP connection), so that no contact is to be opened for it. `reliable` is true where
    the neighbour acknowledges each bundle: elsewhere a `TAKEN` that comes back only says that the bytes were handed
    to the socket. `kind` is "tcpcl", "udp", "stcp" or "mtcp". `bundle_bytes` is the largest bundle that it takes: the
    contact's, so that larger ones are cut where they may be.
    """

    @property
    def peer(self) -> str: ...

    @property
    def rate_bps(self) -> int: ...

    @property
    def reliable(self) -> bool: ...

    @property
    def kind(self) -> str: ...

    @property
    def bundle_bytes(self) -> int: ...

    def send(self, frame: bytes) -> None:
        """Take one frame of `network.convergence`; never blocks, never calls the hub back before it returns."""
        ...

    def close(self, reason: str = "") -> None:
        """End it in an orderly way; `Hub.detach` follows once, if `attach` was called."""
        ...


class Hub(Protocol):
    """The node's host. All three are called from the event loop's thread."""

    def attach(self, link: Link) -> None:
        """A neighbour is there: a contact opens."""
        ...

    def detach(self, link: Link, reason: str) -> None:
        """It is gone: the contact closes, and what was not acknowledged is the node's again."""
        ...

    def received(self, link: Link, frame: bytes) -> None:
        """A frame of `network.convergence` from the neighbour."""
        ...
