"""How a live node is, in numbers and words that a person asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from orbitalcloud.network import endpoint

if TYPE_CHECKING:
    from orbitalcloud.live.host import NodeHost


class LinkStatus(msgspec.Struct, frozen=True):
    """One link that is up."""

    peer: str
    kind: str
    rate_bps: int
    reliable: bool


class BundleStatus(msgspec.Struct, frozen=True):
    """One bundle in the store: for whom, how large, until when, and in whose hands (empty: it waits)."""

    bundle: str
    destination: str
    size_bytes: int
    expires: int
    carrier: str


class NodeStatus(msgspec.Struct, frozen=True):
    """The whole: `counts` are the Log's entries by kind since the start, `mail` letters by service."""

    name: str
    endpoint: str
    public_key: str
    begun: int
    now: int
    links: tuple[LinkStatus, ...]
    stored_bundles: int
    stored_bytes: int
    bundles: tuple[BundleStatus, ...]
    mail: dict[str, int]
    mail_bytes: int
    journal_bytes: int
    journal_live_bytes: int
    counts: dict[str, int]


SHOWN_BUNDLES = 1000
"""The bundles that a status lists, by destination; how many there are it says in full."""


def status_of(host: NodeHost) -> NodeStatus:
    """The state of the host's node now."""
    node, journal = host.node, host.journal
    links = [link for links in host.links.values() for link in links]
    return NodeStatus(
        name=node.name,
        endpoint=endpoint(node.name).text,
        public_key=node.public_key,
        begun=host.begun,
        now=host.clock.now(),
        links=tuple(LinkStatus(link.peer, link.kind, link.rate_bps, link.reliable) for link in links),
        stored_bundles=node.agent.stored_bundles,
        stored_bytes=node.agent.stored_bytes,
        bundles=tuple(
            BundleStatus(held.id, held.destination, len(held.wire), held.expires, held.carrier)
            for held in node.agent.stored(SHOWN_BUNDLES)
        ),
        mail=node.mail.services(),
        mail_bytes=node.mail.used_bytes,
        journal_bytes=journal.size_bytes if journal is not None else 0,
        journal_live_bytes=journal.live_bytes if journal is not None else 0,
        counts={kind.__name__: host.counts[kind] for kind in sorted(host.counts, key=lambda kind: kind.__name__)},
    )
