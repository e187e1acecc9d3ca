"""What an agent gives back: the driver's effects, and payloads that have arrived; and what it asks who takes those."""

from __future__ import annotations

from typing import Protocol

import msgspec

from orbitalcloud.core.effects import Effect
from orbitalcloud.core.time import Instant
from orbitalcloud.core.why import Why


class Delivered(msgspec.Struct, frozen=True):
    """A payload for this node: from which node, to which service, made when. Given once per bundle."""

    bundle_id: str
    source: str
    service: str
    payload: bytes
    created: Instant
    sender: str = ""
    """The source as an endpoint, to which an answer goes."""


class Desk(Protocol):
    """Where payloads for this node end up, asked before one is taken: what it has no room for stays the sender's."""

    def refusal(self, service: str, size_bytes: int) -> Why | None:
        """Why a payload of this size cannot be taken now."""
        ...


Output = Effect | Delivered
Out = list[Output]
