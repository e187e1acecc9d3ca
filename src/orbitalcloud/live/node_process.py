"""A network node as a process: its folder opened, its host started, its wires laid, until it is told to end."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orbitalcloud.core import MINUTE, SECOND, Contact, DataError, Instant
from orbitalcloud.live.control import ControlServer
from orbitalcloud.live.host import NodeHost
from orbitalcloud.live.node_config import (
    NodeConfig,
    bound_names,
    node_name,
    read_key,
    shared_secret,
    source_rules,
    static_routes,
)
from orbitalcloud.live.node_folder import SOCKET, NodeFolder
from orbitalcloud.live.node_log import NodeLog
from orbitalcloud.live.stopping import stop_requests
from orbitalcloud.live.tls import ByAuthority, ByKey, Security
from orbitalcloud.live.wires import Wires, node_id, parse_wire
from orbitalcloud.network import AgentLimits, ContactPlan, Petnames, endpoint, parse_eid
from orbitalcloud.network.bundle import TOLERANCES
from orbitalcloud.network.identity import eid_key, key_eid
from orbitalcloud.network.security import source_policy
from orbitalcloud.network.tcpcl_events import SessionPolicy
from orbitalcloud.node.config import NoticeFacts
from orbitalcloud.node.mailboxes import Quota
from orbitalcloud.node.post import NetworkNode
from orbitalcloud.node.vault import NETWORK

FLUSH_S = 1.0
"""The Log's file is at most this much behind."""
ROUTE_RATE_BPS = 1_000_000_000
"""What a static route is taken to carry: only who comes first matters of it."""
GARBAGE = 50_000, 50, 100
"""How seldom Python looks for cycles: a node's many objects live long and form none, and each look takes them all."""
LINK_HOLD_NS = 30 * MINUTE
"""How long a link is taken to be there after its ends last said so, where nobody says otherwise."""
GOSSIP_EVERY_NS = 2 * SECOND
GOSSIP_BYTES = 1 << 20
"""Notices to one neighbour at once, and in an hour."""
WINDOW = 4096
"""Transfers in flight to one neighbour: what two disks that sync for some milliseconds leave room for."""


class Ready(msgspec.Struct, frozen=True):
    """A node that has begun: what its people and its neighbours need to know of it."""

    name: str
    endpoint: str
    public_key: str
    store: str
    listens: tuple[str, ...]
    peers: tuple[str, ...]
    stored_bundles: int
    mail: int
    cut_bytes: int
    salvaged: tuple[str, ...]


def limits_of(config: NodeConfig) -> AgentLimits:
    """The agent's bounds as configured; `DataError` names a tolerance that there is not.

    Over sockets a frame is a whole bundle: nothing is gained by cutting it.
    """
    usual = AgentLimits()
    unknown = sorted(set(config.tolerate) - TOLERANCES)
    if unknown:
        raise DataError("tolerate", unknown[0], "write some of " + ", ".join(sorted(TOLERANCES)))
    return AgentLimits(
        store_bytes=config.store_mib << 20,
        store_bundles=config.store_bundles,
        seen_ids=config.remembered,
        tolerate=frozenset(config.tolerate),
        segment_least_bytes=usual.bundle_bytes,
        segment_most_bytes=usual.bundle_bytes,
        window=WINDOW,
        finished_transfers=4 * WINDOW,
        reports=4 * WINDOW,
    )


async def run_node(
    config: NodeConfig,
    ready: Callable[[Ready], None],
    salvage: bool = False,
    plan: Iterable[Contact] = (),
) -> None:
    """Run until SIGTERM or Ctrl-C. `ready` is told once everything listens.

    Raises `DataError` for what a person can mend before it begins, and `Unreachable` where the disk fails later.
    """
    gc.set_threshold(*GARBAGE)
    with stop_requests() as asked, NodeFolder(Path(config.store), salvage) as folder:
        name = node_name(config.name) if config.name else folder.name
        log = NodeLog(Path(config.log)) if config.log else None
        node = node_of(config, name, folder)
        secrets = {NETWORK: secret} if (secret := shared_secret(config)) else {}
        contacts = (*plan, *routes_of(config, name))
        host = NodeHost(node, folder.journal, contacts, log.append if log else None, secrets=secrets)
        control = ControlServer(host, folder.folder / SOCKET)
        security = security_of(config, name, folder.private)
        wires = Wires(host, policy_of(config, name), security, redial_s=config.redial_s)
        try:
            host.start()
            listens = await _lay(wires, config)
            await control.start()
            ready(_ready(host, folder, listens, config))
            await _until(asked, host, log)
        finally:
            await control.stop()
            await wires.close()
            await host.stop()
            if log is not None:
                log.close()


def node_of(config: NodeConfig, name: str, folder: NodeFolder) -> NetworkNode:
    """The node that the configuration describes, with the key in its folder."""
    if config.security == "sealed" and folder.journal.salvaged:
        remedy = "the store was damaged, and with it the count of what was sealed: give all of them a new secret"
        raise DataError("secret", config.secret, remedy)
    own = bytes.fromhex(folder.public_key)
    names = bound_names(config, name, own)
    rules = source_rules(config)
    guarded = config.security != "none" or rules
    gossips = config.gossip and not name.startswith("ipn:")
    return NetworkNode(
        name,
        folder.private,
        limits=limits_of(config),
        quota=Quota(config.mail_mib << 20, config.mail_letters),
        aliases={folder.name: name},
        policy=source_policy(config.security, rules, names) if guarded else None,
        names=names,
        notices=notice_facts(names) if gossips else None,
    )


def notice_facts(names: Petnames) -> NoticeFacts:
    """How a live node gossips: links come and go in seconds, and wires carry more than radios."""
    return NoticeFacts(
        names,
        ContactPlan(),
        contact_bytes=GOSSIP_BYTES,
        link_hold_ns=LINK_HOLD_NS,
        push_ns=GOSSIP_EVERY_NS,
        repair_ns=LINK_HOLD_NS // 3,
    )


def policy_of(config: NodeConfig, name: str) -> SessionPolicy:
    """What sessions are told and asked: who we are, and whether TLS is a must."""
    return SessionPolicy(node_id=endpoint(name).text, require_tls=config.require_tls)


def security_of(config: NodeConfig, name: str, private: bytes) -> Security | None:
    """How neighbours prove who they are; None where they need not."""
    if config.tls == "files":
        return ByAuthority(Path(config.tls_certificate), Path(config.tls_key), Path(config.tls_authority))
    if config.tls == "keys":
        keys = {endpoint(node_name(one)).text: read_key(one, text) for one, text in config.keys.items()}
        dialled = (parse_eid(node_id(wire.node)) for wire in map(parse_wire, config.peers) if wire.node)
        keys |= {eid.text: key for eid in dialled if (key := eid_key(eid)) is not None}
        own = Ed25519PrivateKey.from_private_bytes(private)
        return ByKey(endpoint(name).text, own, lambda: keys, lambda key: key_eid(key).text)
    if config.require_tls:
        raise DataError("require-tls", "no tls", 'say tls = "keys" or tls = "files" too')
    return None


async def _lay(wires: Wires, config: NodeConfig) -> tuple[str, ...]:
    """Listen and begin to call; where it listens, with the ports that the system chose."""
    listening, calling = [parse_wire(text) for text in config.listen], [parse_wire(text) for text in config.peers]
    found = []
    for wire in listening:
        try:
            port = await wires.listen(wire)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise DataError("listen", f"{wire.kind}://{wire.host}:{wire.port}", f"{reason}: give another") from None
        found.append(f"{wire.kind}://{wire.host}:{port}")
    for wire in calling:
        await wires.dial(wire)
    return tuple(found)


def routes_of(config: NodeConfig, name: str) -> list[Contact]:
    """Static routes as contacts that are always there: to the neighbour, and from it on."""
    begin, far = Instant(0), Instant(2**62)
    made = {}
    for destination, neighbour in static_routes(config):
        for one, other in ((name, neighbour), (neighbour, destination)):
            made[one, other] = Contact(one, other, begin, far, ROUTE_RATE_BPS, "route")
    return list(made.values())


async def _until(asked: asyncio.Event, host: NodeHost, log: NodeLog | None) -> None:
    """Come back when asked to end; raise what the host failed with."""
    ending = asyncio.ensure_future(asked.wait())
    awaited: set[asyncio.Future[Any]] = {ending, host.failed}
    while not ending.done():
        await asyncio.wait(awaited, timeout=FLUSH_S, return_when=asyncio.FIRST_COMPLETED)
        if log is not None:
            log.flush()
        if host.failed.done():
            ending.cancel()
            host.failed.result()


def _ready(host: NodeHost, folder: NodeFolder, listens: tuple[str, ...], config: NodeConfig) -> Ready:
    return Ready(
        name=host.node.name,
        endpoint=endpoint(host.node.name).text,
        public_key=folder.public_key,
        store=str(folder.folder),
        listens=listens,
        peers=config.peers,
        stored_bundles=host.node.agent.stored_bundles,
        mail=len(host.node.mail),
        cut_bytes=folder.journal.cut_bytes,
        salvaged=tuple(folder.journal.salvaged),
    )
