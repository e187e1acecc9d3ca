"""The bundle agent of one node: what a satellite or a station calls to send and to be told.

It is a pure state machine over instants and bytes. Every method gives the effects to perform, in order, and among them
a `Delivered` for each payload that has arrived for this node. A bundle is saved before its custody is acknowledged, and
forgotten only when the next node has acknowledged it.

The driver's contract: the `Save`s of one call, with those that the application makes of what was `Delivered` in it, are
one atomic batch, durable before any `Send` of the call leaves. A driver that stops before the batch has done nothing:
the peer was not acknowledged and offers the bundle again. One that stops after it has delivered, and knows it: the
`Save` of `seen/…` stands before its `Delivered`, so that what is repeated is never a delivery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import msgspec

from orbitalcloud.core import effects, records
from orbitalcloud.core.contact import Contact
from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import MILLISECOND, MINUTE, Instant
from orbitalcloud.core.why import Why
from orbitalcloud.network import admin, cbor, making, prophet
from orbitalcloud.network.assurance import CONFIRM_TIMER, Assurance
from orbitalcloud.network.avoiding import avoiding, not_through, sending_of
from orbitalcloud.network.bundle import (
    BUNDLE_AGE,
    IS_ADMINISTRATIVE,
    IS_FRAGMENT,
    MAX_BYTES,
    TOLERANCES,
    Bundle,
    decode,
    encode,
    require_conformant,
    with_block,
)
from orbitalcloud.network.contacts_held import ContactsHeld
from orbitalcloud.network.convergence import Segment, decode_frame
from orbitalcloud.network.eid import NULL, endpoint
from orbitalcloud.network.ending import EXPIRY_TIMER, Ending
from orbitalcloud.network.fragment import Parts
from orbitalcloud.network.limits import AgentLimits
from orbitalcloud.network.output import Desk, Out, Output
from orbitalcloud.network.peer import Peer
from orbitalcloud.network.plan_watch import WATCH_TIMER
from orbitalcloud.network.reporting import ASKS, Reporter
from orbitalcloud.network.routes import Ask
from orbitalcloud.network.routing import ContactPlan, Route
from orbitalcloud.network.security.guard import Guard
from orbitalcloud.network.security.policy import Judgement
from orbitalcloud.network.seen import Seen
from orbitalcloud.network.sending import DISPATCH_TIMER, LINK_TIMER, Sender
from orbitalcloud.network.store import PREFIX, BundleStore, Entry, expiry, read_saved

TIMERS = "net/"
SEQUENCE = "sequence"
_RESERVED = 64
"""Sequence numbers taken from the saved counter at a time, so that it is not saved for each bundle."""


class _ForgedError(RemoteProtocolError):
    """Security said no: recorded already as a `BundleRefused`."""


class BundleAgent(Ending):
    """Makes, keeps, forwards and delivers bundles for the node `name` over `plan`.

    `guard` signs what is made here and judges what comes (None: neither). `aliases` are other names of nodes, such as
    `ipn:7`, to their names in the plan: a bundle to any of a node's names ends there. `asks` are the status reports
    that bundles made here ask for, to be sent to this node (`admin.ASK`).
    """

    __slots__ = (
        "_excluded",
        "_parts",
        "_reporter",
        "_seen",
        "_sender",
        "_sequence",
        "_sequence_limit",
        "_store",
        "aliases",
        "asks",
        "assurance",
        "contacts",
        "desk",
        "guard",
        "limits",
        "meddle",
        "name",
    )

    def __init__(
        self,
        name: str,
        plan: ContactPlan,
        limits: AgentLimits | None = None,
        guard: Guard | None = None,
        aliases: Mapping[str, str] | None = None,
        asks: int = 0,
    ) -> None:
        own = endpoint(name)  # A name that makes no endpoint is refused here, not in flight.
        self.name = name
        self.limits = limits or AgentLimits()
        self.guard, self.aliases, self.asks = guard, dict(aliases or {}), asks
        self.meddle: Callable[[Instant, Bundle], Bundle | None] | None = None
        """What a lying relay does to bundles on their way through (None: it drops them, having said that it took them);
        the twin's faults set it, nothing else."""
        limits = self.limits
        self._reporter = Reporter(own, limits)
        self._store = BundleStore(limits.store_bytes, limits.store_bundles, limits.source_ppm, limits.source_bytes)
        self._sender = Sender(name, plan, self._store, self.limits)
        self.assurance = Assurance(name, self._sender.routes, self.limits)
        self.contacts = ContactsHeld(self._sender)
        self._excluded: dict[str, dict[str, str]] = {}
        self._seen = Seen(self.limits.seen_ids)
        self._parts = Parts()
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

    def holds(self, bundle_id: str) -> bool:
        """Whether this bundle (or fragment) is in the store."""
        return bundle_id in self._store

    def route_to(
        self, now: Instant, destination: str, size_bytes: int, priority: int = 1, path: str = "soonest"
    ) -> Route | Why:
        """The route that a bundle of this size would take from here now, or why there is none; see `Routes.told`."""
        return self._sender.routes.told(now, Ask(destination, size_bytes, priority), path)

    def stored(self, most: int) -> list[Entry]:
        """The first so many of what is stored, to be looked at."""
        return list(islice(self._store.entries(), most))

    def next_hop(self, now: Instant, destination: str, size_bytes: int) -> str | None:
        """The neighbour to whom a bundle for this node would go now, or at its next contact; None without a way."""
        return self._sender.next_hop(now, destination, size_bytes)

    @property
    def reports_withheld(self) -> int:
        """Status reports that were asked for and not sent, since the last start, because there were too many."""
        return self._reporter.allowance.withheld

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
        if prophet.SAVED in saved:
            self._restore_encounters(now, saved[prophet.SAVED], out)
        counter = saved.get(SEQUENCE, b"")
        if len(counter) == 8:
            self._sequence = self._sequence_limit = int.from_bytes(counter, "big")
        self.assurance.restore(now, saved, out)
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
        local = self.node_of(bundle.destination) == self.name
        if local and bundle.whole_id in self._seen:
            out.append(effects.Save(key, None))
            return
        entry = self._entry(aged_at, bundle, wire, expiry(bundle, aged_at, self.limits.retention_ns), local)
        entry.suspect = entry.told = True
        self._store.add(entry)
        if local:
            self._assemble(now, bundle, entry.expires, out)

    def _restore_encounters(self, now: Instant, value: bytes, out: Out) -> None:
        try:
            self._sender.prophet.restore(now, value)
        except RemoteProtocolError as error:
            out.append(effects.Save(prophet.SAVED, None))
            out.append(effects.Record(making.refused(now, self.name, self.name, len(value), error)))

    def _save_encounters(self, now: Instant, out: Out) -> None:
        value = self._sender.prophet.saved(now)
        if value is not None:
            out.append(effects.Save(prophet.SAVED, value))

    def replan(self, now: Instant, plan: ContactPlan) -> list[Output]:
        """Go by another contact plan from now on."""
        out: Out = []
        self._sender.routes.replace(plan)
        self._sender.dispatch_all(now, out)
        return out

    def opened(self, now: Instant, contact: Contact) -> list[Output]:
        """This node can send to `contact.receiver` from now on."""
        out = self._amend(now, self.contacts.opened(now, contact))
        self._sender.opened(now, contact, out)
        answers = prophet.answers(self.name, contact)
        if answers and not self._sender.routes.foreseen(now, contact.receiver):
            self._sender.prophet.met(now, contact.receiver)
            self._save_encounters(now, out)
            vector = self._sender.prophet.vector(now)
            out += self.submit(now, contact.receiver, prophet.SERVICE, vector, "encounter", 10 * MINUTE, 3)
        return out

    def exclude(self, now: Instant, nodes: Mapping[str, str], by: str = "operator") -> list[Output]:
        """Relay through none of these from now on: name → the reason, a short word (`jurisdiction`, `lost`, …).

        Each `by` has a list of its own; a node is left out while anybody's has it.
        """
        out: Out = []
        self._excluded[by] = dict(nodes)
        self._sender.routes.exclude({name: why for one in self._excluded.values() for name, why in one.items()})
        self._sender.dispatch_all(now, out)
        return out

    def shun(self, nodes: Mapping[str, str]) -> None:
        """Relay through these only where there is no other way: name → the reason, a short word."""
        self._sender.routes.shunned.update(nodes)

    def observe(self, now: Instant, plan: ContactPlan) -> list[Output]:
        """Hold the contacts that come against this plan from now on (`plan_watch`)."""
        return self._amend(now, self.contacts.observe(now, plan))

    def _amend(self, now: Instant, turned: Out) -> Out:
        """What was seen of contacts: where it changed who is silent, routes change."""
        if self.contacts.changed():
            turned += self.exclude(now, self.contacts.silent, "silent")
        return turned

    def closed(self, now: Instant, contact: Contact) -> list[Output]:
        """It cannot any more."""
        frames = peer.frames if (peer := self._sender.peers.get(contact.receiver)) is not None else 0
        out: Out = []
        self._sender.closed(now, contact, out)
        return out + self._amend(now, self.contacts.closed(now, contact.receiver, frames))

    def fired(self, now: Instant, timer: str) -> list[Output]:
        """One of the agent's timers is due."""
        out: Out = []
        if timer == EXPIRY_TIMER:
            self._expiry_at = None
            self._expire(now, out)
            self._watch_expiry(out)
        elif timer == CONFIRM_TIMER:
            self._send_unconfirmed(now, out)
        elif timer == WATCH_TIMER:
            out += self._amend(now, self.contacts.fired(now))
        elif timer == DISPATCH_TIMER:
            self._sender.look_again(now, out)
        else:
            peer = self._sender.peers.get(timer.removeprefix(LINK_TIMER))
            if peer is not None:
                self._sender.fired(now, peer, out)
                out += self._amend(now, self.contacts.waited(now, peer))
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
        flags: int = 0,
        source_service: str = "",
        path_now_ms: int | None = None,
        confirm: bool = False,
    ) -> Iterator[Output]:
        """Send `payload` to the service of a node. Larger `priority` (0 to 23) is more urgent.

        Answers go to `source_service` of this node.
        `flags` are RFC 9171's for this bundle (`admin.ASK…`, `bundle.MUST_NOT_FRAGMENT`), besides the agent's `asks`.
        With `path_now_ms` it wants a path now, end to end, that waits no longer than this anywhere: without one it is
        dropped with the Why of it; should the path break on the way, it goes on as others do.
        `confirm`: wait for the destination's word, and send again without it (`assurance`).
        The first output is the record of the bundle, `BundleCreated`; where the store refuses it, `BundleDropped` with
        the Why follows. `DataError` if the names make no endpoint.
        """
        flags |= self.asks | (admin.ASK[admin.DELIVERED] if confirm else 0)
        own, to, source = endpoint(self.name), endpoint(destination, service), endpoint(self.name, source_service)
        out: Out = []
        sequence = self._next_sequence(out)
        lifetime_ms, report_to = lifetime_ns // MILLISECOND, own if flags & ASKS else NULL
        bundle = making.make_bundle(
            to, source, now, sequence, lifetime_ms, payload, priority, self.limits.hops, flags, report_to, path_now_ms
        )
        self._launch(now, bundle, purpose, out, confirm)
        return iter(out)

    def _launch(self, now: Instant, bundle: Bundle, purpose: str, out: Out, confirm: bool = False) -> None:
        """Secure, record, store and send a bundle made here."""
        bundle = self.assurance.prefer(bundle) if confirm else bundle
        local = self.node_of(bundle.destination) == self.name
        if self.guard is not None and not local:
            bundle = self.guard.protected(bundle)
        wire = encode(bundle)
        refusal = self._too_big(len(wire))
        if refusal is None:
            refusal = self._no_place(bundle) if local else self._no_path(now, bundle, wire)
        if refusal is None and not local:
            refusal = self._full(now, len(wire), bundle.priority, out)
        confirm = confirm and not local and refusal is None and self.assurance.room(len(wire))
        out.insert(0, effects.Record(making.created(now, self.name, bundle, len(wire), purpose, confirm)))
        if local and refusal is None:
            self._deliver(now, bundle, expiry(bundle, now, self.limits.retention_ns), "made here", out)
        elif refusal is not None:
            self._drop(now, bundle.id, refusal, out)
        else:
            if confirm:
                expires = expiry(bundle, now, self.limits.retention_ns)
                self.assurance.track(now, bundle, wire, self.node_of(bundle.destination), expires, out)
            self._keep(now, bundle, wire, "", out)

    def _send_unconfirmed(self, now: Instant, out: Out) -> None:
        """What was not confirmed in time goes out again; where the store has no room, that counts as a sending."""
        for bundle in self.assurance.fired(now, self._store.has_whole, out):
            wire = encode(bundle)
            if self._store.refusal(len(wire)) is None:
                self._keep(now, bundle, wire, "", out)

    def _no_path(self, now: Instant, bundle: Bundle, wire: bytes) -> Why | None:
        if bundle.path_now_ms is None:
            return None
        return self._sender.no_path(now, self._entry(now, bundle, wire, expiry(bundle, now, self.limits.retention_ns)))

    def _full(self, now: Instant, size_bytes: int, priority: int, out: Out) -> Why | None:
        """Why a bundle made here cannot be stored; less urgent ones made here make room for it (`victims`)."""
        refusal = self._store.refusal(size_bytes)
        victims = self._store.victims(size_bytes, priority) if refusal is not None else None
        if victims is None:
            return refusal
        for entry in victims:
            text = (
                f"it made room for a bundle of {size_bytes} bytes and priority {priority}; its own is {entry.priority}"
            )
            why = Why(False, "evicted", text, entry.priority, priority, "priority")
            self._sender.release(entry, out)
            self._drop_entry(now, entry, why, out)
        return None

    def _next_sequence(self, out: Out) -> int:
        if self._sequence == self._sequence_limit:
            self._sequence_limit += _RESERVED
            out.append(effects.Save(SEQUENCE, self._sequence_limit.to_bytes(8, "big")))
        self._sequence += 1
        return self._sequence - 1

    def _no_place(self, bundle: Bundle) -> Why | None:
        if self.desk is None or bundle.flags & IS_ADMINISTRATIVE:
            return None
        return self.desk.refusal(bundle.destination.service, len(bundle.payload))

    def _keep(self, now: Instant, bundle: Bundle, wire: bytes, previous: str, out: Out) -> None:
        """Store, save and send on."""
        entry = self._entry(now, bundle, wire, expiry(bundle, now, self.limits.retention_ns))
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
        self.contacts.heard(now, peer)
        try:
            if neighbour is None:
                raise RemoteProtocolError("peers", f"{self.limits.peers} neighbours are known, the most")
            content = decode_frame(frame)
            if isinstance(content, Segment):
                self._take_segment(now, neighbour, content, out)
            else:
                for report in content:
                    taken = self._sender.report(now, neighbour, report, out)
                    if taken is not None:
                        self.assurance.taken(now, taken.whole_id, peer, out)
                    if taken is not None and taken.flags & admin.ASK[admin.FORWARDED]:
                        subject = decode(taken.wire, MAX_BYTES, TOLERANCES)
                        self._report(now, subject, admin.FORWARDED, admin.NO_REASON, out)
        except RemoteProtocolError as error:
            out.append(effects.Record(making.refused(now, self.name, peer, len(frame), error)))
        if neighbour is not None:
            self._sender.pump(now, neighbour, out)
        return out

    def _take_segment(self, now: Instant, peer: Peer, segment: Segment, out: Out) -> None:
        whole = peer.take(segment, self.limits)
        if whole is None:
            return
        try:
            self._take_bundle(now, peer.name, whole, out)
        except _ForgedError:
            peer.refuse(segment.transfer, self.limits)
            return
        except RemoteProtocolError:
            peer.refuse(segment.transfer, self.limits)
            raise
        peer.finish(segment.transfer, self.limits)

    def _take_bundle(self, now: Instant, peer: str, wire: bytes, out: Out) -> None:
        """Take custody of an encoded bundle; `RemoteProtocolError` where it stays the peer's.

        A transfer is named by its content, and a peer goes on acknowledging one that it once took. So a bundle that
        comes back must not be held, and offered again, in its earlier form: the peer would acknowledge it, holding it
        no more. Whoever acknowledges a form holds or has handed on one with more hops: of two copies that one is kept.
        """
        limits = self.limits
        bundle = decode(wire, limits.bundle_bytes, limits.tolerate)
        require_conformant(bundle, limits.tolerate)
        if not bundle.created_ms and bundle.age_ms is None:  # tolerated: its age counts from here
            bundle = with_block(bundle, BUNDLE_AGE, cbor.unsigned(0))
            wire = encode(bundle)
        whole = bundle.whole_id
        name = bundle.id if bundle.is_fragment else whole
        held = self._store.get(name)
        local = self.node_of(bundle.destination) == self.name
        if whole in self._seen or (held and (held.local or held.hops > making.hop_count(bundle))):
            if local and whole in self._seen and sending_of(bundle) > 1:
                self._repeated(now, peer, bundle, out)
            return
        judged = self._judge(now, peer, bundle, local, out)
        expires = expiry(bundle, now, limits.retention_ns)
        received = records.BundleReceived(at=now, node=self.name, bundle=name, peer=peer, size_bytes=len(wire))
        record = effects.Record(received)
        why = making.unwanted(bundle, now, expires, limits.clock_skew_ns)
        if why is not None or (local and not bundle.is_fragment):
            full = self._no_place(bundle) if why is None else None
            if full is not None:
                raise RemoteProtocolError(full.rule, full.text)
            out.append(record)
            self._report_reception(now, bundle, out)
            if why is not None:
                self._drop_bundle(now, bundle, why, out)
            elif bundle.destination.service == prophet.SERVICE:
                self._hear(now, peer, judged.bundle or bundle, out)
            else:
                self._deliver(now, judged.bundle or bundle, expires, judged.verdict, out)
            return
        bundle = judged.bundle or bundle
        if not local:
            bundle = making.forwarded(bundle, endpoint(self.name))
            passed = self.meddle(now, bundle) if self.meddle is not None else bundle
            if passed is None:
                swallowed = records.BundleSwallowed(at=now, node=self.name, bundle=bundle.id, peer=peer)
                out += (record, effects.Record(swallowed))
                return
            bundle, wire = passed, encode(passed)
        refusal = self._store.refusal(len(wire), held, self.node_of(bundle.source) or "nobody")
        if refusal is not None:
            raise RemoteProtocolError(refusal.rule, refusal.text)
        out.append(record)
        self._report_reception(now, bundle, out)
        if local:
            self._take_fragment(now, bundle, wire, expires, out)
            return
        if held:
            self._sender.release(held, out)
        self._keep(now, bundle, wire, peer, out)

    def _repeated(self, now: Instant, peer: str, bundle: Bundle, out: Out) -> None:
        """A second sending of what was delivered here: dropped, and confirmed once more, for the first word was lost.

        The report goes round the same relays; of fragments, only the first is answered.
        """
        again = records.BundleDuplicate(at=now, node=self.name, bundle=bundle.id, peer=peer)
        out.append(effects.Record(again))
        if not bundle.is_fragment or not bundle.offset:
            whole = msgspec.structs.replace(bundle, flags=bundle.flags & ~IS_FRAGMENT)
            self._report(now, whole, admin.DELIVERED, admin.NO_REASON, out)

    def _hear(self, now: Instant, peer: str, bundle: Bundle, out: Out) -> None:
        """A neighbour's predictabilities: of itself, at first hand, or refused."""
        if self.node_of(bundle.source) != peer:
            raise RemoteProtocolError("prophet-source", f"{peer} brings what is of {bundle.source.node[:60]}")
        vector = prophet.read_vector(bundle.payload)
        out.append(effects.Record(making.delivered(now, self.name, bundle, min(now, bundle.created))))
        self._sender.prophet.heard(now, peer, vector)
        self._save_encounters(now, out)
        self._sender.dispatch_all(now, out)

    def _judge(self, now: Instant, peer: str, bundle: Bundle, local: bool, out: Out) -> Judgement:
        """What the guard says of a bundle; `_Forged` (recorded, and it stays the peer's) where it refuses it."""
        guard = self.guard
        if guard is None or bundle.is_fragment or not (local or guard.on_the_way):
            return Judgement(bundle, Why(True, "security", "not judged here"))
        judged = guard.judged(bundle, local)
        if judged.bundle is None:
            entry = records.BundleRefused(
                at=now, node=self.name, bundle=bundle.id, peer=peer, why=judged.why, reason=judged.reason
            )
            out.append(effects.Record(entry))
            raise _ForgedError(judged.why.rule, judged.why.text)
        return judged

    # Status reports --------------------------------------------------------------------------------------------------

    def _report_reception(self, now: Instant, bundle: Bundle, out: Out) -> None:
        reason = admin.UNSUPPORTED if making.asks_to_report(bundle) else admin.NO_REASON
        self._report(now, bundle, admin.RECEIVED, reason, out)

    def _report(self, now: Instant, subject: Bundle, status: int, reason: int, out: Out) -> None:
        """Send a status report where one is due."""
        if not self._reporter.due(now, subject, status):
            return
        mine: Out = []
        sequence = self._next_sequence(mine)
        report = self._reporter.bundle(now, subject, status, reason, sequence)
        if names := not_through(subject):
            report = avoiding(report, 1, names)
        self._launch(now, report, f"status report: {admin.STATUSES[status]}", mine)
        out += mine
