"""What a TCPCLv4 session is told at its beginning, and what it says to its driver."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from orbitalcloud.core.time import SECOND


class SessionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are, what we demand of the peer, and every bound of a session."""

    node_id: str
    """Our own, a URI: `dtn://svalbard/`, `ipn:2.0`."""
    expected_node_id: str = ""
    """The peer's, if only one will do."""
    can_tls: bool = False
    require_tls: bool = False
    """Without TLS no session (RFC 9174 recommends it)."""
    require_authentication: bool = True
    """Under TLS, the peer's SESS_INIT must name a node that its certificate names."""
    proven: Callable[[str], bool] | None = None
    """Whether a node id may be spoken for only under TLS, also where sessions without it are made."""
    keepalive_s: int = 30
    """What we ask for; the session has the lesser of both sides', 0 for none."""
    segment_mru: int = 1 << 20
    transfer_mru: int = 32 << 20
    segment_bytes: int = 1 << 18
    """Longest segment that we send; a longer bundle goes as several."""
    busy: bool = False
    """Turn the peer away with that reason as soon as it has said its contact header."""
    least_mru: int = 64
    """A peer that takes less is refused: it would have a bundle cut to dust."""
    contact_patience_ns: int = 60 * SECOND
    """For the contact header, for TLS and for SESS_INIT, each."""
    idle_ns: int = 600 * SECOND
    """Without keep-alives, a session ends after this long a silence; with them, after two intervals (5.1.1)."""
    least_progress_bytes: int = 1024
    """A message under way counts as a sign of life only if this much of it comes within that time."""
    answer_patience_ns: int = 120 * SECOND
    """A peer that takes transfers and acknowledges none of their bytes this long is given up."""
    verdict_patience_ns: int = 60 * SECOND
    """A bundle on which the node gives no verdict this long is refused, so that those behind it can be answered."""
    ending_patience_ns: int = 30 * SECOND
    """After SESS_TERM, for what has begun."""
    rejects_most: int = 32
    """Messages rejected before we end the session."""
    waiting_transfers: int = 4096
    waiting_bytes: int = 64 << 20
    """Bundles that wait for the node's verdict; above either, no more is read (`is_full`)."""


class Secure(msgspec.Struct, frozen=True):
    """The stream must become TLS now, before another byte is read or written; then call `secured`."""


class Established(msgspec.Struct, frozen=True):
    """The session is open."""

    node_id: str
    secured: bool
    keepalive_s: int
    segment_mtu: int
    transfer_mtu: int


class Arrived(msgspec.Struct, frozen=True, gc=False):
    """A bundle has come whole; answer with `accept` or `refuse`."""

    transfer: int
    bundle: bytes


class Acknowledged(msgspec.Struct, frozen=True, gc=False):
    """The peer has all of this transfer of ours."""

    transfer: int


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The peer does not want this transfer of ours; `reason` as in `RefuseReason`, or unknown to us."""

    transfer: int
    reason: int


class Ended(msgspec.Struct, frozen=True):
    """No more: write what `data_to_send` still gives and close the stream."""

    reason: int
    detail: str


Event = Secure | Established | Arrived | Acknowledged | Refused | Ended
