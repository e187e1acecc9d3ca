"""The network's table: how bundles are secured, which status reports are asked for, what breaches are let pass."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from orbitalcloud.mission.parts import Part

Security = Annotated[
    Literal["none", "signed", "sealed"],
    Meta(description="signed by its source (BPSec, COSE, Ed25519), or signed and encrypted for the mission's nodes"),
]
Source = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9:.-]{0,63}\*?$|^\*$", description="a node, a beginning and *, or *")
]
Status = Literal["received", "forwarded", "delivered", "deleted"]
Tolerance = Literal["primary-crc", "payload-number", "block-number", "age-missing", "anonymous"]


class SecurityRule(Part, frozen=True, kw_only=True):
    """What every node demands of the bundles of one source; the first rule that covers a source holds."""

    source: Source
    security: Security


class Network(Part, frozen=True, kw_only=True):
    """How all nodes treat bundles: `security` is what they give their own and, where no `rule` says otherwise, demand
    of others. `reports` are the status reports that bundles ask for, `tolerate` the breaches of RFC 9171 that are let
    pass, `source_share` the most of a store that one source's bundles may take."""

    security: Security = "signed"
    rule: Annotated[tuple[SecurityRule, ...], Meta(max_length=256)] = ()
    relays_verify: Annotated[bool, Meta(description="relays check signatures too, not only where a bundle ends")] = True
    reports: Annotated[tuple[Status, ...], Meta(max_length=4)] = ()
    tolerate: Annotated[tuple[Tolerance, ...], Meta(max_length=8)] = ()
    confirm: Annotated[bool, Meta(description="messages are awaited end to end and sent again, another way")] = True
    observe: Annotated[bool, Meta(description="contacts are held against the plan: silent neighbours are told of")] = (
        False
    )
    source_share: Annotated[float, Meta(gt=0, le=1)] = 0.5
