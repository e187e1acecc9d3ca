"""A node of the network and nothing more: it carries everybody's bundles, keeps its people's mail, echoes and traces.

    people ──Post──►  NetworkNode  ──bundles──►  neighbours
    people ◄──mail──  NetworkNode  ◄──bundles──  neighbours

What is posted, carried or delivered is saved by the same call that takes it on, so that whoever is told "taken" can
forget it. Mail waits by service until its reader has named its number (`Take`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orbitalcloud.core import Contact, DataError, Instant, RemoteProtocolError, records
from orbitalcloud.core.effects import Effect, Record, Save, Wake
from orbitalcloud.core.events import Commanded, Event, Received, Started
from orbitalcloud.core.time import HOUR
from orbitalcloud.core.why import Why
from orbitalcloud.network import AgentLimits, ContactPlan, Delivered, Petnames, admin, endpoint, parse_eid
from orbitalcloud.network.security import KnownSources, Policy
from orbitalcloud.node.base import Node
from orbitalcloud.node.config import NetworkFacts, NoticeFacts
from orbitalcloud.node.letters import PASSING_NUMBERS, POST, TAKE, Letter, Post, Take
from orbitalcloud.node.mailboxes import Mailboxes, Quota
from orbitalcloud.node.noticedesk import SERVICE as NOTICES
from orbitalcloud.node.noticedesk import NoticeDesk
from orbitalcloud.node.orders import decode_order
from orbitalcloud.node.tracer import TRACE, passed_on
from orbitalcloud.node.web import ANSWERS

ECHO = frozenset({"ping", "echo", "2047"})
"""Services that send back what they are sent; `ipn:N.2047` is HDTN's and ION's habit."""
ECHO_LIFETIME_NS = HOUR
PASSING = ("ping-", "trace-", ANSWERS)
"""How services begin that somebody made for one answer; what comes for them too late is swept away."""
SWEEP_TIMER = "post/sweep"
SWEEP_NS = HOUR
REPORTS = admin.ASK[admin.FORWARDED] | admin.ASK[admin.DELIVERED]
GOSSIPED = frozenset({"tcpcl"})
"""Kinds of links over which notices go."""
_OWN_SERVICES = ECHO | {TRACE, NOTICES}
STREAM_KEY = "stream/"
MAX_STREAMS = 4096


class NetworkNode(Node):
    """Mailboxes, an echo and a relay under one `handle`. `private` is its Ed25519 key, which its host keeps.

    `aliases` are other names under which it is addressed, each with `name` as value. `policy`: what it signs and asks
    of others (None: nothing), by the keys that `names` bind and those that nodes are named by. `notices`: how it
    gossips (None: not at all).
    """

    def __init__(
        self,
        name: str,
        private: bytes,
        plan: ContactPlan | None = None,
        limits: AgentLimits | None = None,
        quota: Quota | None = None,
        aliases: Mapping[str, str] | None = None,
        policy: Policy | None = None,
        names: Petnames | None = None,
        notices: NoticeFacts | None = None,
    ) -> None:
        facts = NetworkFacts(policy, aliases=dict(aliases or {}), limits=limits or AgentLimits())
        super().__init__(name, plan or ContactPlan(), facts)
        self._private = private
        self.mail = Mailboxes(quota or Quota())
        self.agent.desk = self
        if self.agent.guard is not None:
            self.agent.guard.keys = KnownSources(names or Petnames(), self._keys, self._has_ended)
        if notices is not None:
            self.notices = NoticeDesk(name, notices, self.agent)
        self._streams: dict[str, int] = {}
        """Stream → the next number that is new."""

    def handle(self, now: Instant, event: Event) -> Iterator[Effect]:
        """As every node does; a frame's effects are gathered in one list, which costs half of passing each on."""
        if type(event) is Received:
            return iter(self._received(now, event))
        return super().handle(now, event)

    def _received(self, now: Instant, event: Received) -> list[Effect]:
        gathered: list[Effect] = []
        for step in self.agent.received(now, event.peer, event.frame):
            if type(step) is not Delivered:
                gathered.append(step)  # type: ignore[arg-type]
            elif step.service in _OWN_SERVICES:
                gathered += self._network(now, (step,))
            else:
                gathered += self.mail.put(step)
        return gathered

    def refusal(self, service: str, size_bytes: int) -> Why | None:
        """What the agent asks of a payload for this node: an echo needs no room, mail does."""
        return None if service in _OWN_SERVICES else self.mail.refusal(service, size_bytes)

    def replan(self, now: Instant, plan: ContactPlan) -> Iterator[Effect]:
        """Go by another contact plan from now on."""
        replanned = self.agent.replan(now, plan) if self.notices is None else self.notices.replan(now, plan)
        yield from self._network(now, replanned)

    def _gossips(self, contact: Contact) -> bool:
        """Over sessions alone, and with nodes whose names a notice can bear."""
        return contact.band in GOSSIPED and not contact.receiver.startswith("ipn:")

    def _has_ended(self, key: bytes) -> bool:
        return self.notices is not None and self.notices.board.end(key) is not None

    def _identify(self, now: Instant, event: Started) -> Iterator[Effect]:
        """Its key is its host's affair: the node's very name follows from it."""
        yield from ()

    def _restore(self, now: Instant, event: Started) -> Iterator[Effect]:
        for key in self.mail.restore(event.saved):
            yield from self._damaged(now, key, len(event.saved[key]))
        for key, value in sorted(event.saved.items()):
            if key.startswith(STREAM_KEY) and len(value) == 8:
                self._streams[key.removeprefix(STREAM_KEY)] = int.from_bytes(value, "big")
            elif key.startswith(STREAM_KEY):
                yield from self._damaged(now, key, len(value))

        yield Wake(Instant(now + SWEEP_NS), SWEEP_TIMER)

    def _fired(self, now: Instant, timer: str) -> Iterator[Effect]:
        """Forget answers for which nobody waits any more: older than an hour, to a service that was made for one."""
        for service in self.mail.services():
            if service.startswith(PASSING) or (service.isdecimal() and int(service) in PASSING_NUMBERS):
                old = [mail.number for mail in self.mail.later(service, 0, 4096) if mail.created_ns < now - SWEEP_NS]
                yield from self.mail.take(service, max(old, default=0))
        yield Wake(Instant(now + SWEEP_NS), SWEEP_TIMER)

    def _damaged(self, now: Instant, key: str, size: int) -> Iterator[Effect]:
        error = RemoteProtocolError("store", f"the saved {key[:60]} is damaged and was dropped")
        yield self._refused_frame(now, "own store", size, error)
        yield Save(key, None)

    # People ----------------------------------------------------------------------------------------------------------

    def _commanded(self, now: Instant, event: Commanded) -> Iterator[Effect]:
        if event.verb == POST:
            try:
                yield from self._post(now, decode_order(event.body, Post))
            except DataError as error:
                raise RemoteProtocolError("letter", str(error)) from None
        elif event.verb == TAKE:
            order = decode_order(event.body, Take)
            yield from self.mail.take(order.service, order.through)
        else:
            yield from super()._commanded(now, event)

    def next_number(self, stream: str) -> int:
        """The number from which on letters of this stream are new."""
        return self._streams.get(stream, 0)

    def _post(self, now: Instant, order: Post) -> Iterator[Effect]:
        stream, letters = order.stream, order.letters
        taken = 0
        if stream:
            new = self.next_number(stream)
            if order.first > new and new:
                raise RemoteProtocolError("stream", f"{stream} goes on with {new}, not with {order.first}")
            if stream not in self._streams and len(self._streams) >= MAX_STREAMS:
                raise RemoteProtocolError("stream", f"{MAX_STREAMS} streams are known, the most")
            letters = letters[max(0, new - order.first) :]
            taken = max(order.first, new)
        for letter in letters:  # all, before any is sent: half a `Post` with no number noted would be sent twice
            self._check(letter)
        for letter in letters:
            effects, refused = self._send(now, letter)
            yield from effects
            if refused:
                break
            taken += 1
        if stream and taken > self._streams.get(stream, -1):
            self._streams[stream] = taken
            yield Save(STREAM_KEY + stream, taken.to_bytes(8, "big"))

    def _check(self, letter: Letter) -> None:
        """`DataError` or `RemoteProtocolError` where its ends are no endpoints."""
        if parse_eid(letter.destination).is_null:
            raise RemoteProtocolError("destination", "dtn:none is nobody")
        endpoint(self.name, letter.source_service)

    def _send(self, now: Instant, letter: Letter) -> tuple[list[Effect], bool]:
        """Submit one letter; its effects, and whether it was refused, which the records among them say too."""
        to = parse_eid(letter.destination)
        outputs = self.agent.submit(
            now,
            to.node,
            to.service,
            letter.payload,
            "letter",
            letter.lifetime_ns,
            letter.priority,
            REPORTS if letter.reports else 0,
            letter.source_service,
        )
        effects = list(outputs) if to.node != self.name else list(self._network(now, outputs))
        refused = any(type(one) is Record and type(one.entry) is records.BundleDropped for one in effects)
        return effects, refused  # type: ignore[return-value]

    # Bundles ---------------------------------------------------------------------------------------------------------

    def _delivered(self, now: Instant, item: Delivered) -> Iterator[Effect]:
        if item.service in ECHO:
            yield from self._echo(now, item)
        elif item.service == NOTICES:
            return  # of a neighbour that gossips, to a node that does not
        elif item.service == TRACE:
            yield from self._network(now, passed_on(self.agent, now, item))
        else:
            yield from self.mail.put(item)

    def _echo(self, now: Instant, item: Delivered) -> Iterator[Effect]:
        """Send it back, but to no echo: two would never stop."""
        to = parse_eid(item.sender)
        if to.is_null or to.service in ECHO:
            return
        outputs = self.agent.submit(
            now, to.node, to.service, item.payload, "echo", ECHO_LIFETIME_NS, source_service=item.service
        )
        yield from self._network(now, outputs)
