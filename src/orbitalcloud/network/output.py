"""What an agent gives back: the driver's effects, and payloads that have arrived."""

from __future__ import annotations

import msgspec

from orbitalcloud.core.effects import Effect
from orbitalcloud.core.time import Instant


class Delivered(msgspec.Struct, frozen=True):
    """A payload for this node: from which node, to which service, made when. Given once per bundle."""

    bundle_id: str
    source: str
    service: str
    payload: bytes
    created: Instant
    sender: str = ""
    """The source as an endpoint, to which an answer goes."""


Output = Effect | Delivered
Out = list[Output]
