"""What every node shares: its key, its bundle agent, and the one `handle` through which everything happens.

A node is a pure state machine. `handle(now, event)` yields effects and does nothing else: no clock, no socket, no
chance of its own. The driver performs the effects in order, so what is saved before a send survives if the send does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from orbitalcloud.compute import public_key, signing_key
from orbitalcloud.core import SECOND, Contact, DataError, Instant, RemoteProtocolError, records
from orbitalcloud.core.effects import Effect, Record, Save
from orbitalcloud.core.events import (
    Commanded,
    ContactClosed,
    ContactOpened,
    Event,
    Finished,
    Fired,
    Received,
    Sensed,
    Started,
)
from orbitalcloud.network import BundleAgent, ContactPlan, Delivered
from orbitalcloud.network.security import Guard, NodeKeys
from orbitalcloud.node.config import NetworkFacts
from orbitalcloud.node.noticedesk import SERVICE as NOTICE_SERVICE
from orbitalcloud.node.noticedesk import TIMER as NOTICE_TIMER
from orbitalcloud.node.noticedesk import NoticeDesk, Offer
from orbitalcloud.node.orders import CallOff, SendMessage, decode_order
from orbitalcloud.node.vault import IDENTITY, NETWORK, opened, sealed

MESSAGES = "messages"
"""The service that people's messages go to."""

CHAIN = "@chain"
"""The peer name of a station's Ethereum JSON-RPC node; no node can have it, for a mission's names have no `@`."""

KEY_BYTES = 32
"""Size of the node's Ed25519 private key. It is saved sealed, and never leaves the node."""


class Node:
    """The common half of `Satellite` and `Station`. Subclasses fill in the hooks at the end."""

    def __init__(self, name: str, plan: ContactPlan, network: NetworkFacts | None = None) -> None:
        facts = network or NetworkFacts()
        self.name = name
        self._keys = NodeKeys(facts.public_keys)
        guard = Guard(name, facts.policy, self._keys, facts.relays_verify) if facts.policy is not None else None
        self.agent = BundleAgent(name, plan, facts.limits, guard, facts.aliases, facts.asks)
        self.notices: NoticeDesk | None = None
        self._private = b""
        self.plan, self.config_plan, self.facts = plan, plan, facts
        self._silences: tuple[str, ...] = ()
        """The silent neighbours that everybody was told of."""
        self._silent = False
        """Whether the node keeps from sending though contacts are open (a satellite's safe mode)."""

    def handle(self, now: Instant, event: Event) -> Iterator[Effect]:
        """React to one event; the effects are to be performed in the order given."""
        yield from self._handle(now, event)
        if self.facts.observe and not isinstance(event, Sensed):
            yield from self._tell_silences(now)

    def _handle(self, now: Instant, event: Event) -> Iterator[Effect]:
        match event:
            case Sensed():
                yield from self._sensed(now, event)
            case Fired(timer):
                if self.agent.owns(timer):
                    yield from self._network(now, self.agent.fired(now, timer))
                elif timer == NOTICE_TIMER and self.notices is not None:
                    yield from self._network(now, self.notices.fired(now, self._offer(now)))
                else:
                    yield from self._fired(now, timer)
            case Received(peer, frame):
                if peer == CHAIN:
                    yield from self._answered(now, frame)
                else:
                    yield from self._network(now, self.agent.received(now, peer, frame))
            case ContactOpened(contact):
                yield from self._opened(now, event)
                if not self._silent:
                    yield from self._network(now, self.agent.opened(now, contact))
                    if self.notices is not None and self._gossips(contact):
                        told = self.notices.opened(now, contact.receiver, self._offer(now), contact.rate_bps)
                        yield from self._network(now, told)
            case ContactClosed(contact):
                if self.notices is not None:
                    self.notices.closed(now, contact.receiver)
                if not self._silent:
                    yield from self._network(now, self.agent.closed(now, contact))
                yield from self._closed(now, event)
            case Finished():
                yield from self._finished(now, event)
            case Commanded():
                try:
                    if event.verb == "send-message":
                        yield from self._message(now, decode_order(event.body, SendMessage))
                        return
                    if event.verb == "call-off" and self.notices is not None:
                        order = decode_order(event.body, CallOff)
                        yield from self._network(now, self.notices.call_off(now, order))
                        return
                    yield from self._commanded(now, event)
                except RemoteProtocolError as error:
                    yield self._refused_frame(now, "command", len(event.body), error)
            case Started():
                yield from self._start(now, event)

    @property
    def public_key(self) -> str:
        """The node's Ed25519 public key, 64 hex digits; empty before the first start."""
        return public_key(self._private) if self._private else ""

    def _start(self, now: Instant, event: Started) -> Iterator[Effect]:
        yield from self._identify(now, event)
        self._unlock_guard(event.device_keys, event.boot)
        yield Record(
            records.NodeStarted(
                at=now,
                node=self.name,
                boot=event.boot,
                public_key=self.public_key,
                saved_keys=len(event.saved),
                saved_bytes=sum(len(value) for value in event.saved.values()),
            )
        )
        yield from self._restore(now, event)
        if self.notices is not None:
            yield from self._network(now, self.notices.start(now, self._private, event.boot, event.saved))
        yield from self._network(now, self.agent.restore(now, event.saved))
        if self.facts.observe:
            yield from self._network(now, self.agent.observe(now, self.plan))

    def replan(self, now: Instant, plan: ContactPlan) -> Iterator[Effect]:
        """Go by another contact plan from now on, in all that the node does."""
        self.plan = plan
        told = self.agent if self.notices is None else self.notices
        yield from self._network(now, told.replan(now, plan))
        if self.facts.observe:
            yield from self._network(now, self.agent.observe(now, plan))

    def forbid(self, now: Instant, stations: Mapping[str, str]) -> Iterator[Effect]:
        """Pass nothing on through these stations from now on: name → the reason, a short word."""
        yield from self._network(now, self.agent.exclude(now, stations, "jurisdiction"))

    def _message(self, now: Instant, order: SendMessage) -> Iterator[Effect]:
        lifetime_ns, purpose = order.lifetime_s * SECOND, f"message {order.name}"
        steps = self.agent.submit(
            now, order.target, MESSAGES, order.body, purpose, lifetime_ns, order.priority, confirm=self.facts.confirm
        )
        yield from self._network(now, steps)

    def _tell_silences(self, now: Instant) -> Iterator[Effect]:
        """Who of the neighbours is silent, everybody should know: their routes may lead through them."""
        silent = tuple(sorted(self.agent.contacts.silent))
        if silent != self._silences and self.notices is not None:
            self._silences = silent
            yield from self._network(now, self.notices.silent(now, silent))

    def _identify(self, now: Instant, event: Started) -> Iterator[Effect]:
        """The saved key, or a new one. On a board without a key store it is not saved: it lasts until the next boot."""
        self._private, saved = b"", event.saved.get(IDENTITY, b"")
        try:
            self._private = opened(saved, IDENTITY, event.device_keys) if saved else b""
        except DataError as error:
            lost = RemoteProtocolError(IDENTITY, f"{error}: a new key is born")
            yield self._refused_frame(now, "own store", len(saved), lost)
        if len(self._private) == KEY_BYTES:
            return
        self._private = signing_key(event.entropy)
        if IDENTITY in event.device_keys:
            yield Save(IDENTITY, sealed(self._private, IDENTITY, event.device_keys, event.entropy))

    def __getstate__(self) -> dict[str, object]:
        """A frozen node has no secrets in it; `unlock` gives them back."""
        return self.__dict__ | {"_private": b""}

    def unlock(self, saved: Mapping[str, bytes], device_keys: Mapping[str, bytes]) -> None:
        """After thawing: the secrets of what it had saved, opened again; `DataError` if that cannot be."""
        if IDENTITY in saved:
            self._private = opened(saved[IDENTITY], IDENTITY, device_keys)
        self._unlock_guard(device_keys, None)
        if self.notices is not None:
            self.notices.private = self._private

    def _unlock_guard(self, device_keys: Mapping[str, bytes], boot: int | None) -> None:
        self._keys.shared = device_keys.get(NETWORK, b"")
        if self.agent.guard is not None and self._private:
            self.agent.guard.unlock(self._private, boot)

    def _network(self, now: Instant, steps: Iterable[Effect | Delivered]) -> Iterator[Effect]:
        """Pass the agent's effects on; give what it delivers to the service that it is addressed to."""
        for step in steps:
            if not isinstance(step, Delivered):
                yield step
                continue
            try:
                if step.service == MESSAGES:
                    continue  # it is somebody's, who reads it here: the record of the delivery stands before
                if step.service == NOTICE_SERVICE and self.notices is not None:
                    yield from self._network(now, self.notices.take(now, step))
                else:
                    yield from self._delivered(now, step)
            except RemoteProtocolError as error:
                yield self._refused_frame(now, step.source, len(step.payload), error)
            except DataError as error:  # a value in an order that nothing here can use
                wrong = RemoteProtocolError("order-value", str(error))
                yield self._refused_frame(now, step.source, len(step.payload), wrong)

    def _refused_frame(self, now: Instant, peer: str, size_bytes: int, error: RemoteProtocolError) -> Record:
        return Record(
            records.FrameRefused(
                at=now, node=self.name, peer=peer, size_bytes=size_bytes, check=error.check, detail=error.detail[:200]
            )
        )

    # What a kind of node adds ----------------------------------------------------------------------------------------

    def _restore(self, now: Instant, event: Started) -> Iterator[Effect]:
        raise AssertionError("a kind of node says what it restores")

    def _delivered(self, now: Instant, item: Delivered) -> Iterator[Effect]:
        raise AssertionError("a kind of node says what it takes")

    def _commanded(self, now: Instant, event: Commanded) -> Iterator[Effect]:
        raise RemoteProtocolError("order-verb", f"{self.name} has no verb {event.verb!r}")

    def _offer(self, now: Instant) -> Offer:
        """What the node could do for others just now."""
        return "", (), 0, 0, 0, ()

    def _gossips(self, contact: Contact) -> bool:
        """Whether notices are exchanged in this contact."""
        return True

    def _sensed(self, now: Instant, event: Sensed) -> Iterator[Effect]:
        yield from ()

    def _fired(self, now: Instant, timer: str) -> Iterator[Effect]:
        yield from ()

    def _finished(self, now: Instant, event: Finished) -> Iterator[Effect]:
        yield from ()

    def _answered(self, now: Instant, frame: bytes) -> Iterator[Effect]:
        yield from ()

    def _opened(self, now: Instant, event: ContactOpened) -> Iterator[Effect]:
        yield from ()

    def _closed(self, now: Instant, event: ContactClosed) -> Iterator[Effect]:
        yield from ()
