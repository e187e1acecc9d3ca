"""How a live node is, in numbers and words that a person asks for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from orbitalcloud.core.time import SECOND
from orbitalcloud.network import endpoint, key_name

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


class KnownStatus(msgspec.Struct, frozen=True):
    """A node of which notices tell: whom it says that it has a link to, and until when that holds."""

    name: str
    key: str
    links: tuple[str, ...]
    until: int
    ended: str = ""
    """Why its key is not believed any more, if so."""


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
    known: tuple[KnownStatus, ...]
    mail: dict[str, int]
    mail_bytes: int
    journal_bytes: int
    journal_live_bytes: int
    counts: dict[str, int]


SHOWN_NODES = 1000
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
        known=tuple(islice(_known(host), SHOWN_NODES)),
        mail=node.mail.services(),
        mail_bytes=node.mail.used_bytes,
        journal_bytes=journal.size_bytes if journal is not None else 0,
        journal_live_bytes=journal.live_bytes if journal is not None else 0,
        counts={kind.__name__: host.counts[kind] for kind in sorted(host.counts, key=lambda kind: kind.__name__)},
    )


def _known(host: NodeHost) -> Iterator[KnownStatus]:
    """Who is heard of, by name; a name that is no key's stands only where it is bound here."""
    desk = host.node.notices
    if desk is None:
        return
    names, board = desk.facts.names, desk.board
    linked = {notice.key: notice for notice in board.contacts(host.clock.now())}
    keys = {signed.notice.key for signed in board.held()} | {end.key for end in board.ends()}
    for name, key in sorted((names.name(key), key) for key in keys):
        end, said = board.end(key), linked.get(key)
        links = tuple(window.peer for window in said.planned) if said is not None else ()
        until = said.expires_s * SECOND if said is not None else 0
        yield KnownStatus(name, key_name(key), links, until, "" if end is None else f"{end.reason}: {end.text}")
