"""A node's host: it runs one network node against the real clock, over links, with its memory on disk.

One call of the node is one batch of the journal. What a call sends, and what people are answered, leaves only when the
batch is on the medium, together with those of all calls that came while the disk was busy (group commit):

    frames, commands ──► node.handle ──► saves ──► journal.write ──► sync (a thread) ──┐
                             │                                                         ▼
                             └─────────── sends, answers wait here ───────────► links, people

So a kill at any instant finds either a call that nobody heard of, or one that is kept.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from orbitalcloud.core import SECOND, Contact, Instant, Unreachable, records
from orbitalcloud.core.effects import Effect, Record, Save, Send, Wake
from orbitalcloud.core.events import Commanded, ContactClosed, ContactOpened, Event, Fired, Received, Started
from orbitalcloud.core.time import DAY
from orbitalcloud.live.hub import Link
from orbitalcloud.live.journal import Journal
from orbitalcloud.live.wall import WallClock
from orbitalcloud.network import ContactPlan
from orbitalcloud.network.convergence import REPORT
from orbitalcloud.node.post import NetworkNode

KEPT_ENTRIES = 4096
"""The newest entries of the node's Log that a person may ask for."""
FAR_NS = 3650 * DAY
"""A link is a contact from now until nobody knows when."""
BOOT_KEY = "host-boot"
"""How often the node was started."""
CLOCK_CHECK_S = 10.0
WRITE_AT_BYTES = 16 << 20
"""Buffered saves that are written without waiting for the loop to come round."""

Watch = Callable[[records.Entry], object]


class Answered(NamedTuple):
    """What a command led to: the node's entries of that call; `durable` is done when all of it is on the medium."""

    entries: list[records.Entry]
    durable: asyncio.Future[None]


class NodeHost:
    """The `Hub` of one node. Everything happens in the event loop's thread, but for `sync`."""

    def __init__(
        self,
        node: NetworkNode,
        journal: Journal | None,
        plan: Iterable[Contact] = (),
        watch: Watch | None = None,
        clock: WallClock | None = None,
        secrets: Mapping[str, bytes] | None = None,
    ) -> None:
        """`journal` None: nothing outlives the process. `watch` sees every entry of the Log.

        `secrets` are the node's device keys: `network`, by which bundles are sealed.
        """
        self.node, self.journal, self.watch = node, journal, watch
        self.clock = clock or WallClock()
        self.plan, self._secrets = tuple(plan), dict(secrets or {})
        self.links: dict[str, list[Link]] = {}
        """By peer, the oldest first."""
        self._open: dict[str, tuple[Link, Contact]] = {}
        """By peer, the link by which bundles leave, and its contact."""
        self.counts: dict[type, int] = {}
        """The Log's entries so far, by class."""
        self.newest: deque[records.Entry] = deque(maxlen=KEPT_ENTRIES)
        self.begun = self.clock.now()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done with an error when the node cannot go on."""
        self._loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(1, "orbital-sync")
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._outbox: list[Send] = []
        self._promises: list[asyncio.Future[None]] = []
        self._syncing = self._settling = self._stopped = False
        self._readers: dict[str, set[asyncio.Future[None]]] = {}

    # Life ------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Wake the node with what it had saved."""
        saved = self.journal.forget_values() if self.journal is not None else {}
        boot = int.from_bytes(saved.pop(BOOT_KEY, b""), "big") + 1
        self._perform([Save(BOOT_KEY, boot.to_bytes(4, "big"))])
        self._handle(Started(saved, os.urandom(32), boot, self._secrets))
        if self.plan:
            self._perform(self.node.replan(self.clock.now(), ContactPlan(self.plan)))
        self._watch_clock()

    async def stop(self) -> None:
        """Close the links and bring everything to the medium."""
        for link in [link for links in self.links.values() for link in links]:
            link.close("the node is stopped")
        self._stopped = True
        for timer in self._timers.values():
            timer.cancel()
        while (self._syncing or (self.journal is not None and self.journal.waiting)) and not self.failed.done():
            self._settle()
            await asyncio.sleep(0.001)
        self._pool.shutdown()

    def _watch_clock(self) -> None:
        self.clock.follow()
        self._timers["clock"] = self._loop.call_later(CLOCK_CHECK_S, self._watch_clock)

    # The hub: links --------------------------------------------------------------------------------------------------

    def attach(self, link: Link) -> None:
        """A neighbour is there: a contact opens, unless the link only brings."""
        self.links.setdefault(link.peer, []).append(link)
        if link.rate_bps > 0:
            now = self.clock.now()
            contact = Contact(self.node.name, link.peer, now, Instant(now + FAR_NS), link.rate_bps, link.kind)
            self._open[link.peer] = link, contact
            self._handle(ContactOpened(contact))

    def detach(self, link: Link, reason: str) -> None:
        """It is gone: the contact closes, and what was not acknowledged is the node's again."""
        links = self.links.get(link.peer, [])
        if link not in links:
            return
        links.remove(link)
        if not links:
            del self.links[link.peer]
        used, contact = self._open.get(link.peer, (None, None))
        if used is not link or contact is None:
            return
        del self._open[link.peer]
        self._handle(ContactClosed(contact))
        other = next((one for one in reversed(links) if one.rate_bps > 0), None)
        if other is not None:
            links.remove(other)
            self.attach(other)

    def received(self, link: Link, frame: bytes) -> None:
        """A frame from the neighbour."""
        self._handle(Received(link.peer, frame))

    # People ----------------------------------------------------------------------------------------------------------

    def command(self, verb: str, body: bytes) -> Answered:
        """Have the node do what somebody asks."""
        entries: list[records.Entry] = []
        self._handle(Commanded(verb, body), entries)
        return Answered(entries, self.durable())

    def mail_for(self, service: str) -> asyncio.Future[None]:
        """A future that is done when the service has mail. Cancel it to wait no more."""
        future: asyncio.Future[None] = self._loop.create_future()
        if self.node.mail.waiting(service):
            future.set_result(None)
            return future
        self._readers.setdefault(service, set()).add(future)
        future.add_done_callback(lambda done: self._readers.get(service, set()).discard(done))
        return future

    def durable(self) -> asyncio.Future[None]:
        """A future that is done when all that the node has done so far is on the medium."""
        promise: asyncio.Future[None] = self._loop.create_future()
        if self.journal is None:
            promise.set_result(None)
        else:
            self._promises.append(promise)
            self._settle_soon()
        return promise

    # The node's effects ----------------------------------------------------------------------------------------------

    def _handle(self, event: Event, entries: list[records.Entry] | None = None) -> None:
        if self._stopped or self.failed.done():
            return
        try:
            self._perform(self.node.handle(self.clock.now(), event), entries)
        except Exception as error:  # a fault of ours: the memory may be half changed, what is on disk is not
            self.failed.set_exception(error)

    def _perform(self, effects: Iterable[Effect], entries: list[records.Entry] | None = None) -> None:
        saves: list[Save] = []
        for effect in effects:
            kind = type(effect)
            if kind is Save:
                saves.append(effect)  # type: ignore[arg-type]
            elif kind is Send:
                self._outbox.append(effect)  # type: ignore[arg-type]
            elif kind is Record:
                entry = effect.entry  # type: ignore[union-attr]
                self._note(entry)
                if entries is not None:
                    entries.append(entry)
            elif kind is Wake:
                self._wake(effect)  # type: ignore[arg-type]
        if saves and self.journal is not None:
            self.journal.add(saves)
            if self.journal.buffered_bytes > WRITE_AT_BYTES:
                self._settle()
        if self._outbox or saves:
            self._settle_soon()
        if self._readers and saves:
            self._tell_readers()

    def _note(self, entry: records.Entry) -> None:
        kind = type(entry)
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.newest.append(entry)
        if self.watch is not None:
            self.watch(entry)

    def _tell_readers(self) -> None:
        for service in [service for service in self._readers if self.node.mail.waiting(service)]:
            for future in self._readers.pop(service):
                if not future.done():
                    future.set_result(None)

    def _wake(self, wake: Wake) -> None:
        before = self._timers.pop(wake.timer, None)
        if before is not None:
            before.cancel()
        if wake.at is not None:
            late = max(0, wake.at - self.clock.now()) / SECOND
            self._timers[wake.timer] = self._loop.call_later(late, self._fire, wake)

    def _fire(self, wake: Wake) -> None:
        """The timer is due; where UTC moved, or the loop was early, once more."""
        assert wake.at is not None, "a cancelled timer does not fire"
        if wake.at > self.clock.now():
            self._wake(wake)
            return
        self._timers.pop(wake.timer, None)
        self._handle(Fired(wake.timer))

    # Group commit ----------------------------------------------------------------------------------------------------

    def _settle_soon(self) -> None:
        if not self._settling and not self._syncing:
            self._settling = True
            self._loop.call_soon(self._settle)

    def _settle(self) -> None:
        """Write what the calls so far have saved and sync it in the thread; then let out what they send."""
        self._settling = False
        if self._syncing or self.failed.done():
            return
        outbox, promises = self._outbox, self._promises
        self._outbox, self._promises = [], []
        if self.journal is None or not self.journal.waiting:
            self._let_out(outbox, promises)
            return
        try:
            self.journal.write()
        except OSError as error:
            self._fail(error)
            return
        self._syncing = True
        synced = self._loop.run_in_executor(self._pool, self.journal.sync)
        synced.add_done_callback(lambda done: self._synced(done, outbox, promises))

    def _synced(self, done: asyncio.Future[None], outbox: list[Send], promises: list[asyncio.Future[None]]) -> None:
        assert self.journal is not None, "somebody synced it"
        self._syncing = False
        try:
            done.result()
            self.journal.tidy()
        except OSError as error:
            self._fail(error)
            return
        self._let_out(outbox, promises)
        if self._outbox or self._promises or self.journal.waiting:
            self._settle()

    def _let_out(self, outbox: list[Send], promises: list[asyncio.Future[None]]) -> None:
        for send in outbox:
            if send.frame[0] == REPORT:  # each answers for what came by it
                for link in self.links.get(send.peer, ()):
                    link.send(send.frame)
            elif send.peer in self._open:
                self._open[send.peer][0].send(send.frame)
        for promise in promises:
            if not promise.done():
                promise.set_result(None)

    def _fail(self, error: OSError) -> None:
        """The disk does not keep what it is given: nothing more leaves, for nothing more can be promised."""
        if not self.failed.done():
            text = f"{error.filename or 'the store'}: {error.strerror}: the node stops; what it promised is kept"
            self.failed.set_exception(Unreachable(text))
        for promise in self._promises:
            promise.cancel()
