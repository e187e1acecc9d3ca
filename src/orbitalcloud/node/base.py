"""What every node shares: its key, its bundle agent, and the one `handle` through which everything happens.

A node is a pure state machine. `handle(now, event)` yields effects and does nothing else: no clock, no socket, no
chance of its own. The driver performs the effects in order, so what is saved before a send survives if the send does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from orbitalcloud.compute import public_key, signing_key
from orbitalcloud.core import DataError, Instant, RemoteProtocolError, records
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

CHAIN = "@chain"
"""The peer name of a station's Ethereum JSON-RPC node; no node can have it, for a mission's names have no `@`."""

KEY, KEY_BYTES = "identity", 32
"""Where the node's Ed25519 private key is saved, and its size. It never leaves the node's store."""


class Node:
    """The common half of `Satellite` and `Station`. Subclasses fill in the hooks at the end."""

    def __init__(self, name: str, plan: ContactPlan) -> None:
        self.name = name
        self.agent = BundleAgent(name, plan)
        self._private = b""
        self._silent = False
        """Whether the node keeps from sending though contacts are open (a satellite's safe mode)."""

    def handle(self, now: Instant, event: Event) -> Iterator[Effect]:
        """React to one event; the effects are to be performed in the order given."""
        match event:
            case Sensed():
                yield from self._sensed(now, event)
            case Fired(timer):
                if self.agent.owns(timer):
                    yield from self._network(now, self.agent.fired(now, timer))
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
            case ContactClosed(contact):
                if not self._silent:
                    yield from self._network(now, self.agent.closed(now, contact))
                yield from self._closed(now, event)
            case Finished():
                yield from self._finished(now, event)
            case Commanded():
                try:
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
        self._private = event.saved.get(KEY, b"")
        if len(self._private) != KEY_BYTES:
            if self._private:
                lost = RemoteProtocolError(
                    "identity", f"the saved key has {len(self._private)} bytes: a new one is born"
                )
                yield self._refused_frame(now, "own store", len(self._private), lost)
            self._private = signing_key(event.entropy)
            yield Save(KEY, self._private)
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
        yield from self._restore(now, event.saved, event.entropy)
        yield from self._network(now, self.agent.restore(now, event.saved))

    def _network(self, now: Instant, steps: Iterable[Effect | Delivered]) -> Iterator[Effect]:
        """Pass the agent's effects on; give what it delivers to the service that it is addressed to."""
        for step in steps:
            if not isinstance(step, Delivered):
                yield step
                continue
            try:
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

    def _restore(self, now: Instant, saved: Mapping[str, bytes], entropy: bytes) -> Iterator[Effect]:
        raise AssertionError("a kind of node says what it restores")

    def _delivered(self, now: Instant, item: Delivered) -> Iterator[Effect]:
        raise AssertionError("a kind of node says what it takes")

    def _commanded(self, now: Instant, event: Commanded) -> Iterator[Effect]:
        raise RemoteProtocolError("order-verb", f"{self.name} has no verb {event.verb!r}")

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
