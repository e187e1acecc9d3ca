"""What people ask of a network node: letters to send, mail to take. Bodies of `Commanded` events, as `orders` are."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from orbitalcloud.core.time import DAY

POST, TAKE = "post", "take"
"""The verbs of a `NetworkNode`."""

PASSING_NUMBERS = range(1 << 31, 1 << 32)
"""Service numbers that somebody made for one answer. Not larger ones: ION 4.1.3 keeps 32 bits of a service number."""
MAX_LETTERS = 1024
"""In one `Post`: they are saved together."""

Endpoint = Annotated[str, Meta(min_length=1, max_length=1023)]
Service = Annotated[str, Meta(max_length=200)]


class Letter(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A payload to an endpoint; answers go to `source_service` of the node that sends it."""

    destination: Endpoint
    payload: bytes
    lifetime_ns: Annotated[int, Meta(ge=0, le=2**62)] = DAY
    priority: Annotated[int, Meta(ge=0, le=23)] = 1
    source_service: Service = ""
    reports: bool = False
    """Whether each node on the way is asked to say that it forwarded or delivered it (RFC 9171 6.1)."""


class Post(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="post/1"):
    """Letters to send, in this order, until one is refused.

    With a `stream`, they are numbered from `first` on, and a number that was taken once is not taken again: a sender
    that does not know whether it was heard says the same again. Numbers of one stream come in order.
    """

    letters: Annotated[tuple[Letter, ...], Meta(min_length=1, max_length=MAX_LETTERS)]
    stream: Service = ""
    first: Annotated[int, Meta(ge=0, le=2**62)] = 0


class Take(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="take/1"):
    """The mail of `service` up to number `through` was read and may be forgotten."""

    service: Service
    through: Annotated[int, Meta(ge=0, le=2**62)]


class Mail(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="mail/1"):
    """A payload that arrived for a service: from which endpoint, made when, under which id.

    Its `number` is larger than that of any earlier mail of its node.
    """

    number: Annotated[int, Meta(ge=0, le=2**62)]
    source: str
    created_ns: int
    bundle: str
    payload: bytes
