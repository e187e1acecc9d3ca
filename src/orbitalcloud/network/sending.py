"""Spending contacts: which bundle goes to which neighbour, cut how, asked after when.

One frame after another leaves at the contact's rate. A bundle stays in the store until the neighbour's report takes it
over; a report that does not come is asked for, first soon, then ever more rarely; a contact that closes puts its
bundles back to be routed again.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from orbitalcloud.core import effects, records
from orbitalcloud.core.contact import Contact
from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import MILLISECOND, Instant
from orbitalcloud.core.why import Why
from orbitalcloud.network import cbor
from orbitalcloud.network.bundle import BUNDLE_AGE, MAX_BYTES, TOLERANCES, Bundle, decode, encode, with_block
from orbitalcloud.network.convergence import (
    DATA_OVERHEAD,
    MAX_ENTRIES,
    MISSING,
    REPORT_OVERHEAD,
    TAKEN,
    Report,
    Segment,
    encode_reports,
    encode_segment,
    transfer_name,
)
from orbitalcloud.network.fragment import fragment, overhead_bytes, split
from orbitalcloud.network.limits import AgentLimits
from orbitalcloud.network.output import Out
from orbitalcloud.network.peer import Peer, Transfer
from orbitalcloud.network.prophet import Prophet
from orbitalcloud.network.routes import Ask, Routes
from orbitalcloud.network.routing import ContactPlan, Route
from orbitalcloud.network.store import BundleStore, Entry

LINK_TIMER = "net/link/"
DISPATCH_TIMER = "net/dispatch"


class Sender:
    """The sending half of an agent: peers, their queues and transfers, over the agent's store."""

    __slots__ = ("_dispatch_at", "_given", "limits", "lost", "name", "observing", "peers", "prophet", "routes", "store")

    def __init__(self, name: str, plan: ContactPlan, store: BundleStore, limits: AgentLimits) -> None:
        self.name, self.store, self.limits = name, store, limits
        self.routes = Routes(plan, name, limits.fragment_least_bytes, limits.grace_ns)
        self.prophet = Prophet(name)
        self.observing = False
        """Whether contacts are held against the plan, and so a bundle that comes round is not passed round again."""
        self._given: dict[tuple[str, str], Instant] = {}
        self.lost = False
        """Whether the plan is known to be of another day, so that any neighbour is better than a route."""
        self.peers: dict[str, Peer] = {}
        self._dispatch_at: Instant | None = None

    # Contacts --------------------------------------------------------------------------------------------------------

    def peer(self, name: str) -> Peer | None:
        """The neighbour of this name, made if there is room for another.

        Where there is none, those are forgotten with whom nothing is going on: software of others (dtn7zero) makes a
        connection for each bundle, and each is a neighbour that never comes again.
        """
        found = self.peers.get(name)
        if found is None and len(self.peers) >= self.limits.peers:
            self.peers = {known: peer for known, peer in self.peers.items() if not peer.is_idle}
        if found is None and len(self.peers) < self.limits.peers:
            found = self.peers[name] = Peer(name)
        return found

    def opened(self, now: Instant, contact: Contact, out: Out) -> None:
        """A contact to `contact.receiver` is there."""
        peer = self.peer(contact.receiver)
        if peer is None:
            return
        if peer.contact is not None:
            self.closed(now, peer.contact, out)
        peer.open(now, contact)
        out.append(
            effects.Record(
                records.ContactOpened(
                    at=now,
                    node=self.name,
                    peer=peer.name,
                    band=contact.band,
                    rate_bps=contact.rate_bps,
                    until=contact.closes,
                    elevation_mdeg=contact.elevation_mdeg,
                    capacity_bytes=contact.capacity_bytes,
                    doppler_hz=contact.doppler_hz,
                    doppler_rate_hz_s=contact.doppler_rate_hz_s,
                )
            )
        )
        self.dispatch_all(now, out)
        self.pump(now, peer, out)

    def closed(self, now: Instant, contact: Contact, out: Out) -> None:
        """The contact is over."""
        peer = self.peers.get(contact.receiver)
        if peer is None or peer.contact is None or peer.contact.opens != contact.opens:
            return
        pending = [entry for entry in self.store.outbound() if entry.carrier == peer.name]
        frames, sent_bytes, told = peer.frames, peer.sent_bytes, peer.told
        peer.close(now)
        if peer.wake_at is not None:
            peer.wake_at = None
            out.append(effects.Wake(None, LINK_TIMER + peer.name))
        out.append(
            effects.Record(
                records.ContactClosed(at=now, node=self.name, peer=peer.name, frames=frames, sent_bytes=sent_bytes)
            )
        )
        for entry in pending:
            if entry.transfer and entry.id not in told:
                text = f"the contact to {peer.name} closed before the bundle was acknowledged"
                self._waits(now, entry, Why(False, "acknowledgement", text, entry.attempts, 0, "attempt"), out)
            entry.carrier = ""
        self.dispatch_all(now, out)

    # Choosing the neighbour ------------------------------------------------------------------------------------------

    def dispatch_all(self, now: Instant, out: Out) -> None:
        """Give every bundle that waits to the open contact that its route begins with, and send."""
        touched: dict[str, Peer] = {}
        for entry in self.store.outbound():
            if not entry.carrier:
                peer = self._assign(now, entry, out)
                if peer is not None:
                    touched[peer.name] = peer
        for peer in touched.values():
            self.pump(now, peer, out)

    def dispatch(self, now: Instant, entry: Entry, out: Out) -> None:
        """The same for one bundle."""
        peer = self._assign(now, entry, out)
        if peer is not None:
            self.pump(now, peer, out)

    def _assign(self, now: Instant, entry: Entry, out: Out) -> Peer | None:
        peer = self.peers.get(entry.destination)
        self.routes.bookings.unbook(entry.id)
        ask = asked(entry)
        if peer is not None and peer.contact is not None:
            self._displace(now, entry, self.routes.book_direct(now, entry.id, ask), out)
        else:
            found = self._path_now(now, entry, ask) or self.routes.find(now, ask, self._is_open)
            if found is not None:
                self._displace(now, entry, self.routes.book(now, entry.id, ask, found), out)
                first: str | None = found.first_hop
            else:
                open_to = [name for name in self.prophet.neighbours if self._is_open(name)]
                first = self.prophet.carrier(now, entry.id, entry.destination, entry.previous, open_to)
            if self.lost and (found is None or not self._is_open(found.first_hop)):
                first = self._anybody(entry) or first
            peer = self.peers.get(first) if first is not None else None
            if peer is None or peer.contact is None:
                self._explain(now, entry, ask, found, out)
                return None
        if peer.waited.get(entry.id, now) > now:
            peer = None if peer.name == entry.destination else self._next_best(now, entry, ask, out)
            if peer is None:
                return None
        if self.observing and peer.name != entry.destination and self._was_given(now, entry, peer, out):
            return None
        entry.carrier = peer.name
        if entry.held_by == peer.name and entry.transfer in peer.transfers:
            heapq.heappush(peer.again, (entry.rank, entry.transfer))
        else:
            self._detach(entry)
            heapq.heappush(peer.queue, entry.rank)
        return peer

    def _was_given(self, now: Instant, entry: Entry, peer: Peer, out: Out) -> bool:
        """Whether this neighbour had the bundle a moment ago and it came round: then it waits, or goes elsewhere."""
        given = self._given.get((entry.id, peer.name))
        if given is None or now >= given + self.limits.retry_ns:
            return False
        text = f"it came round after {peer.name} had taken it: the plan sees a way there that is not"
        entry.carrier, peer.waited[entry.id] = "", Instant(given + self.limits.retry_ns)
        self._waits(now, entry, Why(False, "loop", text), out)
        self._look_again(given + self.limits.retry_ns, out)
        return True

    def _anybody(self, entry: Entry) -> str | None:
        """Whom to give a bundle to where this node's plan is not believed: a neighbour in view, who may know better."""
        shy = {entry.previous, *entry.avoid, *self.routes.excluded, *self.routes.shunned}
        return min((name for name in self.peers if self._is_open(name) and name not in shy), default=None)

    def forsake(self, now: Instant, peer: Peer, out: Out) -> None:
        """A contact in which nothing is answered: what it was to carry finds another way, and is asked after later."""
        for entry in self.store.outbound():
            if entry.carrier == peer.name:
                entry.carrier, entry.told = "", True
                text = f"{peer.name} does not answer, though there is a contact to it"
                peer.waited[entry.id] = Instant(now + self.limits.retry_ns)
                self._waits(now, entry, Why(False, "unanswered", text, peer.unanswered, 0, "question"), out)
        peer.unanswered = 0
        self._look_again(now + self.limits.retry_ns, out)

    def _path_now(self, now: Instant, entry: Entry, ask: Ask) -> Route | None:
        """The path now of a bundle that wishes for one, where there is one; else it goes as others do."""
        if entry.path_now_ns is None:
            return None
        found = self.routes.told(now, ask, "now", entry.path_now_ns)
        return found if isinstance(found, Route) and self._keeps_to(now, found, entry) else None

    def _keeps_to(self, now: Instant, found: Route, entry: Entry) -> bool:
        """Whether a path's first contact is there, and it keeps the bundle's lifetime and hops."""
        peer = self.peers.get(found.first_hop)
        there = found.contacts[0].opens > now or (peer is not None and peer.contact is not None)
        refused = peer is not None and peer.waited.get(entry.id, now) > now
        return there and not refused and found.arrival < entry.expires and len(found.contacts) <= entry.hops_left

    def no_path(self, now: Instant, entry: Entry) -> Why | None:
        """Why a bundle made here that wishes for a path now has none."""
        if entry.path_now_ns is None or self._is_open(entry.destination):
            return None
        found = self.routes.told(now, asked(entry), "now", entry.path_now_ns)
        if isinstance(found, Why):
            return found
        if self._keeps_to(now, found, entry):
            return None
        names = " → ".join((self.name, *[contact.receiver for contact in found.contacts]))
        text = f"the path now by the plan, {names}, has a first link that is down, or is too long for the bundle"
        return Why(False, "path", text)

    def _next_best(self, now: Instant, entry: Entry, ask: Ask, out: Out) -> Peer | None:
        """Where the best way's neighbour would not take the bundle: the neighbour of the best of the others."""
        refused = frozenset(p.name for p in self.peers.values() if p.waited.get(entry.id, now) > now)
        found = self.routes.find(now, ask, self._is_open, refused)
        if found is None or found.first_hop in refused:
            return None
        self.routes.bookings.unbook(entry.id)
        self._displace(now, entry, self.routes.book(now, entry.id, ask, found), out)
        peer = self.peers.get(found.first_hop)
        return peer if peer is not None and peer.contact is not None else None

    def next_hop(self, now: Instant, destination: str, size_bytes: int) -> str | None:
        """The neighbour that a route to this node begins with; itself where it is one."""
        if self._is_open(destination):
            return destination
        found = self.routes.find(now, Ask(destination, size_bytes), self._is_open)
        return None if found is None else found.first_hop

    def _is_open(self, name: str) -> bool:
        peer = self.peers.get(name)
        return peer is not None and peer.contact is not None

    def _displace(self, now: Instant, by: Entry, displaced: list[str], out: Out) -> None:
        """Bundles of lower priority have to find another way; one whose transfer has begun goes on."""
        for name in displaced:
            entry = self.store.get(name)
            if entry is None or entry.transfer:
                continue
            entry.carrier = ""
            text = f"{by.id}, which is more urgent, takes its place in a contact"
            if not entry.told:
                entry.told = True
                self._waits(now, entry, Why(False, "displaced", text, -entry.rank[0], -by.rank[0], "priority"), out)
            self._assign(now, entry, out)

    def _explain(self, now: Instant, entry: Entry, ask: Ask, found: Route | None, out: Out) -> None:
        """Say once why a bundle waits; where a planned contact should have brought it on, look again after that."""
        if found is not None:
            self._look_again(max(found.contacts[0].opens, now) + self.limits.grace_ns, out)
        if entry.told:
            return
        entry.told = True
        self._waits(now, entry, self.routes.why_wait(now, ask, found), out)

    def _look_again(self, at: int, out: Out) -> None:
        if self._dispatch_at is None or at < self._dispatch_at:
            self._dispatch_at = Instant(at)
            out.append(effects.Wake(self._dispatch_at, DISPATCH_TIMER))

    def look_again(self, now: Instant, out: Out) -> None:
        """The dispatch timer is due."""
        self._dispatch_at = None
        self.dispatch_all(now, out)

    def _detach(self, entry: Entry) -> None:
        """Forget the transfer of a bundle that leaves the store or goes another way."""
        if entry.transfer:
            self.peers[entry.held_by].transfers.pop(entry.transfer, None)
            entry.transfer, entry.held_by = b"", ""

    def release(self, entry: Entry, out: Out) -> None:
        """The bundle is no longer this node's affair."""
        self._detach(entry)
        self.routes.bookings.unbook(entry.id)
        self.prophet.forget(entry.id)
        self.store.remove(entry.id)
        out.append(effects.Save(entry.key, None))

    def _waits(self, now: Instant, entry: Entry, why: Why, out: Out) -> None:
        out.append(effects.Record(records.BundleWaits(at=now, node=self.name, bundle=entry.id, why=why)))

    def _set_aside(
        self, now: Instant, peer: Peer, entry: Entry, why: Why, out: Out, until: Instant | None = None
    ) -> None:
        """This contact will not carry it, or not before `until`; say so once."""
        entry.carrier = ""
        if until is None:
            assert peer.contact is not None
            until = peer.contact.closes
        peer.waited[entry.id] = until
        if entry.id not in peer.told:
            peer.told[entry.id] = None
            self._waits(now, entry, why, out)

    def _pause(self, now: Instant, peer: Peer, entry: Entry, why: Why, out: Out) -> None:
        """Not to this peer for some minutes, but by the next best way where there is one."""
        until = Instant(now + self.limits.retry_ns)
        self._set_aside(now, peer, entry, why, out, until)
        self._look_again(until, out)
        self.dispatch(now, entry, out)

    # Sending ---------------------------------------------------------------------------------------------------------

    def fired(self, now: Instant, peer: Peer, out: Out) -> None:
        """The link's timer is due."""
        peer.wake_at = None
        self.pump(now, peer, out)

    def pump(self, now: Instant, peer: Peer, out: Out) -> None:
        """Send while the link is free, then set the timer for when there is more to do."""
        contact = peer.contact
        if contact is None:
            return
        peer.collect_overdue(now)
        more = peer.has_work
        while more and peer.busy_until <= now + self.limits.burst_ns:
            frame = self._next_frame(now, peer, out)
            if frame is None:
                more = False
                break
            start = Instant(max(now, peer.busy_until))
            peer.busy_until = Instant(start + contact.serialisation_ns(len(frame), start))
            peer.frames += 1
            peer.sent_bytes += len(frame)
            out.append(effects.Send(peer.name, frame))
            more = peer.has_work
        wanted = peer.busy_until if more else peer.next_deadline()
        if wanted is not None and wanted < contact.closes and (peer.wake_at is None or wanted < peer.wake_at):
            peer.wake_at = wanted
            out.append(effects.Wake(wanted, LINK_TIMER + peer.name))

    def _next_frame(self, now: Instant, peer: Peer, out: Out) -> bytes | None:
        """The next frame for this link: reports, then questions, then the best ranked bundle's next range."""
        assert peer.contact is not None
        start = Instant(max(now, peer.busy_until))
        room = peer.contact.room_bytes(start)
        if peer.reports:
            return _report_frame(peer, room)
        room -= DATA_OVERHEAD
        if room < 0:
            return None
        while peer.questions:
            asked = peer.transfers.get(peer.questions.popleft())
            if asked is not None:
                return self._frame(peer, asked, asked.question(), start)
        most = peer.segment_bytes(start, self.limits)
        while (transfer := self._choose(now, start, peer, out)) is not None:
            if not transfer.gaps:
                return self._frame(peer, transfer, transfer.question(), start)
            if min(most, transfer.gaps[0][1] - transfer.gaps[0][0]) > room:
                self._out_of_room(now, peer, transfer, room, out)
                continue
            if transfer.fresh:
                self._announce(now, peer, transfer, out)
            segment = transfer.next_segment(most)
            if transfer.gaps:
                heapq.heappush(peer.again, (transfer.rank, transfer.name))
            return self._frame(peer, transfer, segment, start)
        return None

    def _frame(self, peer: Peer, transfer: Transfer, segment: Segment, start: Instant) -> bytes:
        assert peer.contact is not None
        frame = encode_segment(segment)
        if segment.checkpoint:
            peer.await_report(transfer, Instant(start + peer.contact.serialisation_ns(len(frame), start)), self.limits)
        return frame

    def _announce(self, now: Instant, peer: Peer, transfer: Transfer, out: Out) -> None:
        transfer.fresh = False
        entry = self.store.get(transfer.bundle)
        assert entry is not None, "a transfer ends with its bundle"
        entry.attempts += 1
        sent = records.BundleSent(
            at=now,
            node=self.name,
            bundle=entry.id,
            peer=peer.name,
            size_bytes=transfer.remaining_bytes,
            attempt=entry.attempts,
        )
        out.append(effects.Record(sent))

    def _out_of_room(self, now: Instant, peer: Peer, transfer: Transfer, room: int, out: Out) -> None:
        entry = self.store.get(transfer.bundle)
        assert entry is not None, "a transfer ends with its bundle"
        text = f"{transfer.remaining_bytes} bytes are left to send and the contact to {peer.name} has room for {room}"
        self._set_aside(now, peer, entry, Why(False, "room", text, transfer.remaining_bytes, room, "byte"), out)

    def _choose(self, now: Instant, start: Instant, peer: Peer, out: Out) -> Transfer | None:
        """The transfer to go on with: the best ranked of those in hand and those not begun."""
        while True:
            in_hand = _first_in_hand(peer)
            if peer.queue and (in_hand is None or (peer.queue[0] < in_hand.rank and not self._window_full(peer))):
                if self._window_full(peer):
                    return None
                entry = self.store.get(heapq.heappop(peer.queue)[3])
                if entry is None or entry.carrier != peer.name or entry.transfer:
                    continue
                begun = self._begin(now, start, peer, entry, out)
                if begun is not None:
                    return begun
                continue
            if in_hand is not None:
                heapq.heappop(peer.again)
            return in_hand

    def _window_full(self, peer: Peer) -> bool:
        return len(peer.transfers) >= self.limits.window

    def _begin(self, now: Instant, start: Instant, peer: Peer, entry: Entry, out: Out) -> Transfer | None:
        """Begin the bundle's transfer, cutting the bundle if only a part fits; None where it has to wait."""
        if entry.clock_at is not None:
            self._grow_older(now, entry)
        room = peer.room_bytes(start, self.limits)
        if not entry.suspect and len(entry.wire) > room:
            first = self._cut(now, peer, entry, room, out)
            if first is None:
                return None
            entry = first
        transfer = Transfer(transfer_name(entry.wire), entry.id, entry.rank, entry.wire)
        if not entry.suspect:
            transfer.gaps = [(0, len(entry.wire))]
        entry.suspect = False
        entry.transfer, entry.held_by = transfer.name, peer.name
        peer.transfers[transfer.name] = transfer
        return transfer

    def _grow_older(self, now: Instant, entry: Entry) -> None:
        bundle = decode(entry.wire, MAX_BYTES, TOLERANCES)
        assert entry.clock_at is not None
        age = (bundle.age_ms or 0) + max(0, now - entry.clock_at) // MILLISECOND
        entry.clock_at = now
        self.store.rewrite(entry, encode(with_block(bundle, BUNDLE_AGE, cbor.unsigned(min(age, cbor.LARGEST)))))

    def _cut(self, now: Instant, peer: Peer, entry: Entry, room: int, out: Out) -> Entry | None:
        """Cut off what this contact still carries, if that is worth it; the first part's entry, else None."""
        assert peer.contact is not None
        parts = self._parts(entry, room, peer.contact.bundle_bytes)
        if parts:
            return self._cut_into(now, peer, entry, parts, room, out)
        size = len(entry.wire)
        text = f"the bundle has {size} bytes and the contact to {peer.name} has room for {max(0, room)}"
        self._set_aside(now, peer, entry, Why(False, "room", text, size, max(0, room), "byte"), out)
        return None

    def _parts(self, entry: Entry, room: int, at_once: int) -> Sequence[Bundle]:
        """The fragments that the bundle goes in: two where time ends, many where the link takes so much `at_once`."""
        limits, size = self.limits, len(entry.wire)
        worth = 0 if room == at_once else size * limits.fragment_least_ppm // 1_000_000
        least = max(limits.fragment_least_bytes, worth)
        if not entry.cuttable or room < least:
            return ()
        bundle = decode(entry.wire, MAX_BYTES, TOLERANCES)
        part = min(room - overhead_bytes(bundle), len(bundle.payload) - 1)
        if room == at_once:
            return fragment(bundle, room) if 2 * part >= room and size <= part * limits.fragments_most else ()
        return split(bundle, part) if part >= least else ()

    def _cut_into(
        self, now: Instant, peer: Peer, entry: Entry, pieces: Sequence[Bundle], room: int, out: Out
    ) -> Entry | None:
        halves = [Entry(piece, encode(piece), now, entry.expires, source=entry.source) for piece in pieces]
        grown = sum(len(half.wire) for half in halves) - len(entry.wire)
        refusal = self.store.refusal(grown)
        if refusal is not None:
            self._set_aside(now, peer, entry, refusal, out)
            return None
        text = f"the bundle has {len(entry.wire)} bytes and the contact to {peer.name} has room for {room}"
        why = Why(True, "room", text, len(entry.wire), room, "byte")
        parts = tuple(half.id for half in halves)
        out.append(
            effects.Record(records.BundleFragmented(at=now, node=self.name, bundle=entry.id, parts=parts, why=why))
        )
        for half in halves:
            half.destination = entry.destination
            self.store.add(half)
            out.append(effects.Save(half.key, half.saved(now)))
            half.carrier, half.previous = peer.name, entry.previous
        self.release(entry, out)
        for half in halves[1:]:
            heapq.heappush(peer.queue, half.rank)
        return halves[0]

    # Reports ---------------------------------------------------------------------------------------------------------

    def report(self, now: Instant, peer: Peer, report: Report, out: Out) -> Entry | None:
        """Act on what the peer says of a transfer; the entry that it has taken over, where it has."""
        transfer = peer.transfers.get(report.transfer)
        if transfer is None:
            return None
        entry = self.store.get(transfer.bundle)
        assert entry is not None, "a transfer ends with its bundle"
        if report.status == TAKEN:
            self.routes.bookings.spent(entry.id)
            if self.observing:
                self._given[entry.id, peer.name] = now
                if len(self._given) > self.limits.finished_transfers:
                    del self._given[next(iter(self._given))]
            if peer.name != entry.destination and self.prophet.keeps(entry.id, peer.name, not entry.previous):
                self._detach(entry)
                entry.carrier = ""
            else:
                self.release(entry, out)
            return entry
        if report.status == MISSING:
            self._send_again(now, peer, transfer, entry, report, out)
        else:
            self._detach(entry)
            text = f"{peer.name} does not take it now"
            self._pause(now, peer, entry, Why(False, "refused", text), out)
        return None

    def _send_again(self, now: Instant, peer: Peer, transfer: Transfer, entry: Entry, report: Report, out: Out) -> None:
        if report.gaps[-1][1] > len(transfer.wire):
            raise RemoteProtocolError("report-gaps", f"{report.gaps[-1]} of {len(transfer.wire)} bytes")
        transfer.deadline = None
        transfer.questions = 0
        transfer.tries += 1
        if transfer.tries > self.limits.tries:
            text = f"{peer.name} asked for it {transfer.tries} times"
            why = Why(False, "tries", text, transfer.tries, self.limits.tries, "try")
            transfer.tries = 0
            self._pause(now, peer, entry, why, out)
            return
        transfer.gaps = list(report.gaps)
        transfer.fresh = True
        if peer.contact is None or entry.carrier != peer.name:
            return
        start = Instant(max(now, peer.busy_until))
        if transfer.remaining_bytes == len(transfer.wire) > peer.room_bytes(start, self.limits):
            self._detach(entry)  # Nothing is there yet, so it may still be cut.
            heapq.heappush(peer.queue, entry.rank)
        else:
            heapq.heappush(peer.again, (transfer.rank, transfer.name))


def asked(entry: Entry) -> Ask:
    """What a route is sought by for a stored bundle."""
    size, priority = len(entry.wire), -entry.rank[0]
    return Ask(entry.destination, size, priority, entry.expires, entry.previous, entry.hops_left, entry.avoid)


def _first_in_hand(peer: Peer) -> Transfer | None:
    """The best ranked transfer that has something to send or to ask; others are taken off the heap."""
    while peer.again:
        transfer = peer.transfers.get(peer.again[0][1])
        if transfer is not None and (transfer.gaps or transfer.deadline is None):
            return transfer
        heapq.heappop(peer.again)
    return None


def _report_frame(peer: Peer, room: int) -> bytes | None:
    chosen: list[Report] = []
    size = REPORT_OVERHEAD
    for report in peer.reports.values():
        size += report.size_bytes
        if size > room or len(chosen) == MAX_ENTRIES:
            break
        chosen.append(report)
    for report in chosen:
        del peer.reports[report.transfer]
    return encode_reports(chosen) if chosen else None
