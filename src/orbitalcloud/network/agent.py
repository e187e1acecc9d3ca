"""The bundle agent of one node: what a satellite or a station calls to send and to be told.

It is a pure state machine over instants and bytes. Every method gives the effects to perform, in order, and among them
a `Delivered` for each payload that has arrived for this node. A driver that performs the effects of one call together,
or in order and durably, loses nothing: a bundle is saved before its custody is acknowledged, and forgotten only when
the next node has acknowledged it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Protocol

from orbitalcloud.core import effects, records
from orbitalcloud.core.contact import Contact
from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import MILLISECOND, Instant, iso
from orbitalcloud.core.why import Why
from orbitalcloud.network import making
from orbitalcloud.network.bundle import Bundle, decode, encode, require_conformant
from orbitalcloud.network.convergence import REFUSED, TAKEN, Report, Segment, decode_frame, transfer_name
from orbitalcloud.network.eid import endpoint
from orbitalcloud.network.fragment import Reassembly
from orbitalcloud.network.limits import AgentLimits
from orbitalcloud.network.output import Delivered, Out, Output
from orbitalcloud.network.peer import Peer
from orbitalcloud.network.routing import ContactPlan
from orbitalcloud.network.seen import Seen
from orbitalcloud.network.sending import DISPATCH_TIMER, LINK_TIMER, Sender
from orbitalcloud.network.store import PREFIX, BundleStore, Entry, expiry, read_saved

TIMERS = "net/"
EXPIRY_TIMER = "net/expiry"
SEQUENCE = "sequence"
_RESERVED = 64
"""Sequence numbers taken from the saved counter at a time, so that it is not saved for each bundle."""

_Parts = tuple[Reassembly, list[str]]


class Desk(Protocol):
    """Where payloads for this node end up, asked before one is taken: what it has no room for stays the sender's."""

    def refusal(self, service: str, size_bytes: int) -> Why | None:
        """Why a payload of this size cannot be taken now."""
        ...


class BundleAgent:
    """Makes, keeps, forwards and delivers bundles for the node `name` over `plan`."""

    __slots__ = (
        "_expiry_at",
        "_parts",
        "_seen",
        "_sender",
        "_sequence",
        "_sequence_limit",
        "_store",
        "desk",
        "limits",
        "name",
    )

    def __init__(self, name: str, plan: ContactPlan, limits: AgentLimits | None = None) -> None:
        endpoint(name)  # A name that makes no endpoint is refused here, not in flight.
        self.name = name
        self.limits = limits or AgentLimits()
        self._store = BundleStore(self.limits.store_bytes, self.limits.store_bundles)
        self._sender = Sender(name, plan, self._store, self.limits)
        self._seen = Seen(self.limits.seen_ids)
        self._parts: dict[str, _Parts] = {}
        self._sequence = 0
        self._sequence_limit = 0
        self._expiry_at: Instant | None = None
        self.desk: Desk | None = None

    # What a person may ask -------------------------------------------------------------------------------------------

    def owns(self, timer: str) -> bool:
        """Whether `Fired(timer)` is for the agent."""
        return timer.startswith(TIMERS)

    @property
    def stored_bundles(self) -> int:
        """How many bundles (or fragments) the node is answerable for."""
        return len(self._store)

    @property
    def stored_bytes(self) -> int:
        """How many bytes they have, as encoded."""
        return self._store.used_bytes

    def stored(self, most: int) -> list[Entry]:
        """The first so many of what is stored, to be looked at."""
        return list(islice(self._store.entries(), most))

    def holds(self, bundle_id: str) -> bool:
        """Whether this bundle (or fragment) is in the store."""
        return bundle_id in self._store

    def next_hop(self, now: Instant, destination: str, size_bytes: int) -> str | None:
        """The neighbour to whom a bundle for this node would go now, or at its next contact; None without a way."""
        return self._sender.next_hop(now, destination, size_bytes)

    # Life ------------------------------------------------------------------------------------------------------------

    def restore(self, now: Instant, saved: Mapping[str, bytes]) -> list[Output]:
        """After `Started`: take up what was saved. Keys of others are ignored, damaged values dropped and recorded."""
        out: Out = []
        keys = sorted(saved)
        for key in keys:
            self._seen.restore(now, key, saved[key], out)
        for key in keys:
            if key.startswith(PREFIX):
                self._restore_bundle(now, key, saved[key], out)
        counter = saved.get(SEQUENCE, b"")
        if len(counter) == 8:
            self._sequence = self._sequence_limit = int.from_bytes(counter, "big")
        self._expire(now, out)
        self._sender.dispatch_all(now, out)
        self._watch_expiry(out)
        return out

    def _restore_bundle(self, now: Instant, key: str, value: bytes, out: Out) -> None:
        try:
            aged_at, bundle, wire = read_saved(value)
            if PREFIX + bundle.id != key:
                raise RemoteProtocolError("saved-key", f"holds {bundle.id}")
        except RemoteProtocolError as error:
            out.append(effects.Save(key, None))
            why = Why(False, error.check, f"what was saved is damaged: {error}")
            self._drop(now, key.removeprefix(PREFIX), why, out)
            return
        local = bundle.destination.node == self.name
        if local and bundle.whole_id in self._seen:
            out.append(effects.Save(key, None))
            return
        entry = Entry(bundle, wire, aged_at, expiry(bundle, aged_at, self.limits.retention_ns), local)
        entry.suspect = entry.told = True
        self._store.add(entry)
        if local:
            self._assemble(now, bundle, entry.expires, out)

    def replan(self, now: Instant, plan: ContactPlan) -> list[Output]:
        """Go by another contact plan from now on."""
        out: Out = []
        self._sender.routes.replace(plan)
        self._sender.dispatch_all(now, out)
        return out

    def opened(self, now: Instant, contact: Contact) -> list[Output]:
        """This node can send to `contact.receiver` from now on."""
        out: Out = []
        self._sender.opened(now, contact, out)
        return out

    def closed(self, now: Instant, contact: Contact) -> list[Output]:
        """It cannot any more."""
        out: Out = []
        self._sender.closed(now, contact, out)
        return out

    def fired(self, now: Instant, timer: str) -> list[Output]:
        """One of the agent's timers is due."""
        out: Out = []
        if timer == EXPIRY_TIMER:
            self._expiry_at = None
            self._expire(now, out)
            self._watch_expiry(out)
        elif timer == DISPATCH_TIMER:
            self._sender.look_again(now, out)
        else:
            peer = self._sender.peers.get(timer.removeprefix(LINK_TIMER))
            if peer is not None:
                self._sender.fired(now, peer, out)
        return out

    # Making bundles --------------------------------------------------------------------------------------------------

    def submit(
        self,
        now: Instant,
        destination: str,
        service: str,
        payload: bytes,
        purpose: str,
        lifetime_ns: int,
        priority: int = 1,
        source_service: str = "",
    ) -> Iterator[Output]:
        """Send `payload` to the service of a node. Larger `priority` (0 to 23) is more urgent.

        Answers go to `source_service` of this node.

        The first output is the record of the bundle, `BundleCreated`; where the store refuses it, `BundleDropped` with
        the Why follows. `DataError` if the names make no endpoint.
        """
        out: Out = []
        sequence = self._next_sequence(out)
        bundle = making.make_bundle(
            endpoint(destination, service),
            endpoint(self.name, source_service),
            now,
            sequence,
            lifetime_ns // MILLISECOND,
            payload,
            priority,
            self.limits.hops,
        )
        wire = encode(bundle)
        created = records.BundleCreated(
            at=now,
            node=self.name,
            bundle=bundle.id,
            destination=bundle.destination.text,
            size_bytes=len(wire),
            purpose=purpose,
        )
        out.insert(0, effects.Record(created))
        local = destination == self.name
        refusal = self._no_place(bundle) if local else self._store.refusal(len(wire))
        refusal = self._too_big(len(wire)) or refusal
        if local and refusal is None:
            self._deliver(now, bundle, expiry(bundle, now, self.limits.retention_ns), out)
        elif refusal is not None:
            self._drop(now, bundle.id, refusal, out)
        else:
            self._keep(now, bundle, wire, "", out)
        return iter(out)

    def _next_sequence(self, out: Out) -> int:
        if self._sequence == self._sequence_limit:
            self._sequence_limit += _RESERVED
            out.append(effects.Save(SEQUENCE, self._sequence_limit.to_bytes(8, "big")))
        self._sequence += 1
        return self._sequence - 1

    def _too_big(self, size_bytes: int) -> Why | None:
        most = self.limits.bundle_bytes
        if size_bytes <= most:
            return None
        return Why(False, "size", f"the bundle has {size_bytes} bytes, {most} are taken", size_bytes, most, "byte")

    def _no_place(self, bundle: Bundle) -> Why | None:
        return self.desk.refusal(bundle.destination.service, len(bundle.payload)) if self.desk is not None else None

    def _keep(self, now: Instant, bundle: Bundle, wire: bytes, previous: str, out: Out) -> None:
        """Store, save and send on."""
        entry = Entry(bundle, wire, now, expiry(bundle, now, self.limits.retention_ns))
        entry.previous = previous
        self._store.add(entry)
        out.append(effects.Save(entry.key, entry.saved(now)))
        self._watch_expiry(out)
        self._sender.dispatch(now, entry, out)

    # Receiving -------------------------------------------------------------------------------------------------------

    def received(self, now: Instant, peer: str, frame: bytes) -> list[Output]:
        """Bytes from a peer. Whatever is wrong with them becomes a `FrameRefused` record."""
        out: Out = []
        neighbour = self._sender.peer(peer)
        try:
            if neighbour is None:
                raise RemoteProtocolError("peers", f"{self.limits.peers} neighbours are known, the most")
            content = decode_frame(frame)
            if isinstance(content, Segment):
                self._take_segment(now, neighbour, content, out)
            else:
                for report in content:
                    self._sender.report(now, neighbour, report, out)
        except RemoteProtocolError as error:
            out.append(effects.Record(making.refused(now, self.name, peer, len(frame), error)))
        if neighbour is not None:
            self._sender.pump(now, neighbour, out)
        return out

    def _take_segment(self, now: Instant, peer: Peer, segment: Segment, out: Out) -> None:
        limits, inbound = self.limits, peer.inbound
        if inbound.is_finished(segment.transfer):
            if segment.checkpoint:
                peer.answer(Report(segment.transfer, TAKEN), limits.reports)
            return
        if segment.total_bytes > limits.bundle_bytes:
            peer.answer(Report(segment.transfer, REFUSED), limits.reports)
            detail = f"{segment.total_bytes} bytes, at most {limits.bundle_bytes} are taken"
            raise RemoteProtocolError("oversize", detail)
        whole = inbound.take(segment, limits)
        if whole is None:
            if segment.checkpoint:
                peer.answer(inbound.missing(segment), limits.reports)
            return
        if transfer_name(whole) != segment.transfer:
            raise RemoteProtocolError("transfer-name", "the bytes are not those that the transfer is named by")
        try:
            self._take_bundle(now, peer.name, whole, out)
        except RemoteProtocolError:
            peer.answer(Report(segment.transfer, REFUSED), limits.reports)
            raise
        inbound.finish(segment.transfer, limits.finished_transfers)
        peer.answer(Report(segment.transfer, TAKEN), limits.reports)

    def _take_bundle(self, now: Instant, peer: str, wire: bytes, out: Out) -> None:
        """Take custody of an encoded bundle; `RemoteProtocolError` where it stays the peer's.

        A transfer is named by its content, and a peer goes on acknowledging one that it once took. So a bundle that
        comes back must not be held, and offered again, in its earlier form: the peer would acknowledge it, holding it
        no more. Whoever acknowledges a form holds or has handed on one with more hops: of two copies that one is kept.
        """
        bundle = decode(wire, self.limits.bundle_bytes)
        require_conformant(bundle)
        held = self._store.get(bundle.id)
        if bundle.whole_id in self._seen or (held and (held.local or held.hops > making.hop_count(bundle))):
            return
        expires = expiry(bundle, now, self.limits.retention_ns)
        received = records.BundleReceived(at=now, node=self.name, bundle=bundle.id, peer=peer, size_bytes=len(wire))
        record = effects.Record(received)
        why = making.unwanted(bundle, now, expires, self.limits.clock_skew_ns)
        local = bundle.destination.node == self.name
        if why is not None or (local and not bundle.is_fragment):
            full = self._no_place(bundle) if why is None else None
            if full is not None:
                raise RemoteProtocolError(full.rule, full.text)
            out.append(record)
            if why is not None:
                self._drop(now, bundle.id, why, out)
            else:
                self._deliver(now, bundle, expires, out)
            return
        if not local:
            bundle = making.forwarded(bundle, endpoint(self.name))
            wire = encode(bundle)
        refusal = self._store.refusal(len(wire), held)
        if refusal is not None:
            raise RemoteProtocolError(refusal.rule, refusal.text)
        out.append(record)
        if local:
            self._take_fragment(now, bundle, wire, expires, out)
            return
        if held:
            self._sender.release(held, out)
        self._keep(now, bundle, wire, peer, out)

    # Delivering ------------------------------------------------------------------------------------------------------

    def _take_fragment(self, now: Instant, bundle: Bundle, wire: bytes, expires: Instant, out: Out) -> None:
        if bundle.total_bytes > self.limits.bundle_bytes:
            why = self._too_big(bundle.total_bytes)
            assert why is not None
            self._drop(now, bundle.id, why, out)
            return
        entry = Entry(bundle, wire, now, expires, local=True)
        self._store.add(entry)
        out.append(effects.Save(entry.key, entry.saved(now)))
        self._assemble(now, bundle, expires, out)
        self._watch_expiry(out)

    def _assemble(self, now: Instant, part: Bundle, expires: Instant, out: Out) -> None:
        """Add a stored fragment to the others; deliver when nothing is missing."""
        whole_id = part.whole_id
        if whole_id not in self._parts:
            self._parts[whole_id] = (Reassembly(part.total_bytes), [])
        assembly, names = self._parts[whole_id]
        try:
            assembly.add(part)
        except RemoteProtocolError as error:
            self._forget_local(part.id, out)
            self._drop(now, part.id, Why(False, error.check, error.detail), out)
            return
        names.append(part.id)
        if assembly.complete:
            self._deliver(now, assembly.bundle(), expires, out)

    def _forget_local(self, name: str, out: Out) -> None:
        out.append(effects.Save(self._store.remove(name).key, None))

    def _deliver(self, now: Instant, bundle: Bundle, expires: Instant, out: Out) -> None:
        created = bundle.created if bundle.created_ms else Instant(now - (bundle.age_ms or 0) * MILLISECOND)
        payload = bundle.payload
        delivered = records.BundleDelivered(
            at=now,
            node=self.name,
            bundle=bundle.id,
            source=bundle.source.text,
            size_bytes=len(payload),
            delay_ms=(now - created) // MILLISECOND,
        )
        out.append(effects.Record(delivered))
        source, service = bundle.source, bundle.destination.service
        out.append(Delivered(bundle.id, source.node, service, payload, created, source.text))
        self._seen.remember(now, bundle.id, expires, out)
        _, fragments = self._parts.pop(bundle.id, (None, ()))
        for name in fragments:
            self._forget_local(name, out)

    # Dropping --------------------------------------------------------------------------------------------------------

    def _expire(self, now: Instant, out: Out) -> None:
        for entry in self._store.expired(now):
            if entry.local:
                self._forget_local(entry.id, out)
                self._parts.pop(entry.whole_id, None)
            else:
                self._sender.release(entry, out)
            text = f"its lifetime ended at {iso(entry.expires)}"
            why = Why(False, "lifetime", text, now // MILLISECOND, entry.expires // MILLISECOND, "ms")
            self._drop(now, entry.id, why, out)

    def _watch_expiry(self, out: Out) -> None:
        at = self._store.next_expiry()
        if at is not None and (self._expiry_at is None or at < self._expiry_at):
            self._expiry_at = at
            out.append(effects.Wake(at, EXPIRY_TIMER))

    def _drop(self, now: Instant, bundle: str, why: Why, out: Out) -> None:
        out.append(effects.Record(records.BundleDropped(at=now, node=self.name, bundle=bundle, why=why)))
