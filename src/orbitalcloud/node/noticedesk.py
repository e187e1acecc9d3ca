"""The notice desk: what a node tells all others of itself, and what it makes of what they tell.

    contact opens ─► own notices renewed where they are old ─► gossip ─► bundles to that neighbour
    bundle of a neighbour ─► judged on the board ─► news: to the Log, the ends of keys saved, contacts off: the plan

The board is soft: after a reboot it fills again from the first neighbour. Only the ends of keys are saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from orbitalcloud.core import HOUR, SECOND, Contact, Instant, RemoteProtocolError, records
from orbitalcloud.core.effects import Effect, Record, Save, Wake
from orbitalcloud.network import BundleAgent, ContactPlan, Delivered, key_name
from orbitalcloud.network.contact_watch import ContactWatch, amended
from orbitalcloud.network.gossip import Gossip, GossipLimits, Summary, read_message
from orbitalcloud.network.identity import public_of
from orbitalcloud.network.link_state import announced
from orbitalcloud.network.notice_board import NoticeBoard
from orbitalcloud.network.notices import (
    CAPACITY,
    CONTACTS,
    MAX_WINDOWS,
    Any,
    Capacity,
    Contacts,
    End,
    Introduction,
    Off,
    Signed,
    Window,
    sign_notice,
)
from orbitalcloud.node.config import NoticeFacts
from orbitalcloud.node.linkdesk import LinkDesk
from orbitalcloud.node.orders import CallOff

SERVICE = "notices"
PURPOSE = "notices"
TIMER = "notices/push"
END_KEY = "notice-end/"
BUNDLE_LIFETIME_NS = HOUR
CONTACTS_EVERY_NS = 6 * HOUR
ANNOUNCED = 8
"""Contacts to come that a notice names: it is renewed long before a satellite has used up so many."""
SILENCE_NS = 12 * HOUR
"""A neighbour that was not met is called off for this long, or until it is met again."""
MAX_TOLD = 256

_NEVER = Instant(0)

Step = Effect | Delivered
Offer = tuple[str, tuple[str, ...], int, int, int, tuple[int, ...]]
"""A `Capacity`'s accelerator, kinds, waiting, backlog_s, charge_ppm and free_j."""


@dataclass(slots=True)
class NoticeDesk:
    """One node's notices. `offer` of each call is what the node could do for others just then."""

    name: str
    facts: NoticeFacts
    agent: BundleAgent
    private: bytes = field(default=b"", repr=False)
    board: NoticeBoard = field(init=False)
    gossip: Gossip = field(init=False)
    watch: ContactWatch = field(init=False)
    in_view: dict[str, None] = field(default_factory=dict)
    up_since: Instant = _NEVER
    _epoch: int = 0
    _sequence: int = 0
    _off: tuple[Off, ...] = ()
    _silences: tuple[Off, ...] = ()
    _at: dict[str, Instant] = field(default_factory=dict)
    """When each kind was last published."""
    _told: dict[tuple[str, str], None] = field(default_factory=dict)
    _known: dict[bytes, None] = field(default_factory=dict)
    """Keys that were heard of since the boot."""
    _cut: tuple[tuple[str, Off], ...] = ()
    """What the plan goes without."""
    links: LinkDesk | None = None
    """Of a live node (`NoticeFacts.link_hold_ns`)."""
    _plan: ContactPlan = field(init=False)
    """What the node was given, before what others announce and call off."""

    def __post_init__(self) -> None:
        """Nothing is heard yet."""
        self._plan = self.facts.plan
        if self.facts.link_hold_ns:
            self.links = LinkDesk(self.facts.link_hold_ns)

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        """Without the key, which the node gives back."""
        return None, {name: getattr(self, name) for name in self.__slots__} | {"private": b""}

    def start(self, now: Instant, private: bytes, boot: int, saved: Mapping[str, bytes]) -> Iterator[Step]:
        """A boot: an empty board but for the ends of keys; the node introduces itself."""
        self.private, self._epoch, self.up_since = private, boot, now
        if self.links is not None:  # a salvaged store may have forgotten its boots: one version twice would end the key
            self._epoch = now // SECOND << 16 | boot & 0xFFFF
        self.board = NoticeBoard(public_of(private), self.facts.names)
        self.gossip = Gossip(self.board, self._gossip_limits())
        self.watch = ContactWatch(self.name)
        for key in sorted(saved):
            if key.startswith(END_KEY):
                try:
                    yield from self._take_one(now, "own store", saved[key], proof=saved[key][:1] == b"\x92")
                except RemoteProtocolError as error:
                    yield self._refused(now, "own store", error)
                    yield Save(key, None)
        yield from self._publish(now, Introduction(*self._head(now, 30 * 24 * HOUR), self.facts.operator))

    def opened(self, now: Instant, peer: str, offer: Offer, rate_bps: int = 0) -> Iterator[Step]:
        """A contact: tell the neighbour what it does not know."""
        self.in_view[peer] = None
        if self.links is not None:
            self.links.opened(now, peer, rate_bps)
        key = self.facts.names.key(peer)
        if key is not None:
            self.board.meet(key)
            self.watch.opened(now, key)
        yield from self._judge(now)
        yield from self._renew(now, offer)
        yield from self._send(now, peer, self.gossip.opened(now, peer))
        if len(self.in_view) == 1:
            yield Wake(Instant(now + self.gossip.limits.push_ns), TIMER)

    def closed(self, now: Instant, peer: str) -> None:
        """It is over."""
        self.in_view.pop(peer, None)
        if self.links is not None:
            self.links.closed(peer)
        key = self.facts.names.key(peer)
        if key is not None:
            self.watch.closed(now, key)

    def fired(self, now: Instant, offer: Offer) -> Iterator[Step]:
        """Contacts that stay open: what is new since, to each neighbour."""
        if not self.in_view:
            return
        yield from self._renew(now, offer)
        if self.links is not None:
            yield from self._replan(now)
        tell = self.gossip.push if self.links is None else self.gossip.opened
        for peer in list(self.in_view):
            yield from self._send(now, peer, tell(now, peer))
        yield Wake(Instant(now + self.gossip.limits.push_ns), TIMER)

    def take(self, now: Instant, item: Delivered) -> Iterator[Step]:
        """A neighbour's bundle. Answers go only to who is in view; what is refused is told once for each reason."""
        message = read_message(item.payload, self.gossip.limits.message_bytes)
        if not isinstance(message, Summary):
            for wires, proof in ((message.notices, False), (message.proofs, True)):
                for wire in wires:
                    try:
                        yield from self._take_one(now, item.source, wire, proof)
                    except RemoteProtocolError as error:
                        if (item.source, error.check) not in self._told and len(self._told) < MAX_TOLD:
                            self._told[item.source, error.check] = None
                            yield self._refused(now, item.source, error)
        elif item.source in self.in_view:
            yield from self._send(now, item.source, self.gossip.heard(now, item.source, message))

    def call_off(self, now: Instant, order: CallOff) -> Iterator[Step]:
        """The node's operator says that it will not be there: everybody is told."""
        now_s = now // SECOND
        still = [off for off in self._off if off.ends_s > now_s]
        self._off = (*still, Off(order.peer, order.begins_s, order.ends_s, order.text))[-MAX_WINDOWS:]
        yield from self._tell_contacts(now)
        for peer in list(self.in_view):
            yield from self._send(now, peer, self.gossip.push(now, peer))

    def silent(self, now: Instant, peers: tuple[str, ...]) -> Iterator[Step]:
        """Whom this node has not met where the plan says that it should: its contacts with them are off for a while."""
        begins_s = now // SECOND
        ends_s = begins_s + SILENCE_NS // SECOND
        self._silences = tuple(Off(peer, begins_s, ends_s, "not met") for peer in peers[:MAX_WINDOWS])
        yield from self._tell_contacts(now)
        yield from self._replan(now)
        for peer in list(self.in_view):
            yield from self._send(now, peer, self.gossip.push(now, peer))

    def replan(self, now: Instant, plan: ContactPlan) -> Iterator[Step]:
        """The node is given another plan: go by that, and by what others announce and call off."""
        self._plan = plan
        yield from self.agent.replan(now, self._amended(now))

    # Inside ----------------------------------------------------------------------------------------------------------

    def _gossip_limits(self) -> GossipLimits:
        facts = self.facts
        limits = GossipLimits(contact_bytes=facts.contact_bytes, push_ns=facts.push_ns, repair_ns=facts.repair_ns)
        return limits if self.links is None else replace(limits, relay_ns=0)  # links are passed on as they come and go

    def _head(self, now: Instant, lifetime_ns: int) -> tuple[bytes, str, int, int, int, int]:
        self._sequence += 1
        issued_s = now // SECOND
        return self.board.own, self.name, self._epoch, self._sequence, issued_s, issued_s + lifetime_ns // SECOND

    def _publish(self, now: Instant, notice: Any) -> Iterator[Step]:
        if self.board.end(self.board.own) is not None:
            return  # nobody would believe it
        signed = sign_notice(notice, self.private)
        self.board.publish(signed)
        self._at[signed.kind] = now
        yield Record(
            records.NoticePublished(
                at=now, node=self.name, notice=signed.kind, size_bytes=len(signed.wire), text=summary(notice)
            )
        )

    def _renew(self, now: Instant, offer: Offer) -> Iterator[Step]:
        every = self.facts.every_ns
        if self.links is None and now - self._at.get(CAPACITY, -every) >= every:  # a live node computes for nobody yet
            head = self._head(now, 3 * every)
            terms = (self.facts.jurisdiction, self.facts.price_gwei_per_kj)
            yield from self._publish(now, Capacity(*head, *offer, *terms))
        due = now - self._at.get(CONTACTS, -CONTACTS_EVERY_NS) >= CONTACTS_EVERY_NS
        if due or (self.links is not None and self.links.due(now)):
            yield from self._tell_contacts(now)

    def _tell_contacts(self, now: Instant) -> Iterator[Step]:
        planned = (
            Window(one.receiver, max(one.opens, now) // SECOND, one.closes // SECOND, one.rate_bps)
            for one in self._plan.departures(self.name).passes
            if one.closes > now
        )
        chosen = tuple(window for _, window in zip(range(ANNOUNCED), planned, strict=False))
        lifetime_ns, off = 4 * CONTACTS_EVERY_NS, (*self._off, *self._silences)[-MAX_WINDOWS:]
        if self.links is not None:
            chosen, lifetime_ns = (*self.links.windows(now), *chosen)[:MAX_WINDOWS], self.facts.link_hold_ns
        yield from self._publish(now, Contacts(*self._head(now, lifetime_ns), chosen, off))

    def _take_one(self, now: Instant, peer: str, wire: bytes, proof: bool) -> Iterator[Step]:
        item = self.board.take_proof(now, peer, wire) if proof else self.board.take(now, peer, wire)
        if item is None:
            return
        self.gossip.learned(now, peer, item)
        if isinstance(item, End):
            yield Save(END_KEY + key_name(item.key), item.wire)
            text = f"{item.reason}: {item.text}"
            yield Record(records.KeyEnded(at=now, node=self.name, subject=self._called(item.key), peer=peer, text=text))
            return
        notice = item.notice
        if notice.key not in self._known:
            self._known[notice.key] = None
            yield self._taken(now, peer, item)
        elif isinstance(notice, Contacts) and notice.off:
            yield self._taken(now, peer, item)
        if isinstance(notice, Contacts):
            self.watch.expect(notice.key, notice.planned)
            if notice.off or self._cut:
                yield from self._replan(now)

    def _replan(self, now: Instant) -> Iterator[Step]:
        """Go by the plan without what believed nodes call off, and with the links that both ends announce."""
        off: list[tuple[str, Off]] = []
        for notice in self.board.contacts(now):
            name = self.facts.names.name(notice.key)
            if notice.off and self.watch.believes(notice.key):
                off.extend((name, one) for one in notice.off)
        chosen = tuple(sorted(off, key=lambda one: (one[0], one[1].begins_s, one[1].ends_s, one[1].peer)))
        other_links = self.links is not None and self.links.differs(now, self._announced(now))
        if chosen != self._cut or other_links:
            self._cut = chosen
            yield from self.agent.replan(now, self._amended(now))

    def _amended(self, now: Instant) -> ContactPlan:
        plan = self._plan
        if self.links is not None:
            plan = ContactPlan((*plan.contacts, *self._announced(now)))
        return amended(plan, self._cut)

    def _announced(self, now: Instant) -> list[Contact]:
        return announced(now, self.board.contacts(now), self._addressed)

    def _addressed(self, notice: Contacts) -> str | None:
        """The name that bundles for the notice's node bear, where it is its key's or bound to it here."""
        believed = self.facts.names.key(notice.name) == notice.key and self.watch.believes(notice.key)
        return notice.name if believed else None

    def _judge(self, now: Instant) -> Iterator[Step]:
        for key in self.watch.judge(now, self.up_since):
            kept, missed = self.watch.counts(key)
            text = f"{self._called(key)} missed {missed} of {kept + missed} announced"
            error = RemoteProtocolError("contact-word", text)
            yield self._refused(now, self._called(key), error)
            self.agent.shun({self._called(key): "word"})
            yield from self._replan(now)

    def _called(self, key: bytes) -> str:
        return self.facts.names.name(key)

    def _taken(self, now: Instant, peer: str, item: Signed) -> Record:
        subject, text = self._called(item.notice.key), summary(item.notice)
        return Record(
            records.NoticeTaken(at=now, node=self.name, subject=subject, notice=item.kind, peer=peer, text=text)
        )

    def _refused(self, now: Instant, peer: str, error: RemoteProtocolError) -> Record:
        return Record(
            records.NoticeRefused(at=now, node=self.name, peer=peer, check=error.check, detail=error.detail[:200])
        )

    def _send(self, now: Instant, peer: str, messages: list[bytes]) -> Iterator[Step]:
        for message in messages:
            yield from self.agent.submit(now, peer, SERVICE, message, PURPOSE, BUNDLE_LIFETIME_NS, 0)


def summary(notice: Any) -> str:
    """A notice in a line, for people."""
    if isinstance(notice, Capacity):
        free = sum(notice.free_j) / 3600
        machine = notice.accelerator or "no accelerator"
        hours = len(notice.free_j)
        return (
            f"{machine}, {notice.waiting} waiting ({notice.backlog_s / 60:.0f} min), "
            f"charge {notice.charge_ppm / 1e4:.0f} %, {free:.0f} Wh free in {hours} h"
        )
    if isinstance(notice, Contacts):
        off = "; ".join(f"off for {(one.ends_s - one.begins_s) / 60:.0f} min: {one.text}" for one in notice.off)
        return f"{len(notice.planned)} contacts to come" + (f"; {off}" if off else "")
    if isinstance(notice, Introduction):
        return f"{key_name(notice.key)}" + (f", operator {key_name(notice.operator)}" if notice.operator else "")
    return f"{key_name(notice.subject)} revoked: {notice.reason}"
