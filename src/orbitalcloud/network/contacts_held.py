"""What an agent does with what it sees of its contacts: the watch over its plan, told to the Log and to the sender."""

from __future__ import annotations

from orbitalcloud.core import effects, records
from orbitalcloud.core.contact import Contact
from orbitalcloud.core.time import Instant
from orbitalcloud.network.output import Out
from orbitalcloud.network.peer import Peer
from orbitalcloud.network.plan_watch import OWN_PLAN, WATCH_TIMER, PlanWatch, Turn
from orbitalcloud.network.routing import ContactPlan
from orbitalcloud.network.sending import Sender


class ContactsHeld:
    """A `PlanWatch` beside a `Sender`; it does nothing until `observe`."""

    __slots__ = ("_changed", "_sender", "_timer_at", "watch")

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self.watch: PlanWatch | None = None
        self._timer_at: Instant | None = None
        self._changed = False

    @property
    def silent(self) -> dict[str, str]:
        """Neighbours that are not counted on, with the reason in a word."""
        return {} if self.watch is None else dict(self.watch.silent)

    def changed(self) -> bool:
        """Whether `silent` is another than when this was last asked."""
        was, self._changed = self._changed, False
        return was

    def observe(self, now: Instant, plan: ContactPlan) -> Out:
        """Hold contacts against this plan from now on."""
        out: Out = []
        if self.watch is None:
            self.watch = PlanWatch(self._sender.name, plan, now)
        else:
            self.watch.use(now, plan)
        self._sender.lost, self._sender.observing, self._changed = False, True, True
        self._wake(self.watch.next_due(), out)
        return out

    def opened(self, now: Instant, contact: Contact) -> Out:
        """A contact begins."""
        return [] if self.watch is None else self._turned(now, self.watch.opened(now, contact.receiver))

    def heard(self, now: Instant, peer: str) -> None:
        """A frame came."""
        if self.watch is not None:
            self.watch.heard(now, peer)
            known = self._sender.peers.get(peer)
            if known is not None:
                known.unanswered = 0

    def closed(self, now: Instant, peer: str, frames: int) -> Out:
        """A contact is over in which so many frames were sent."""
        out: Out = []
        if self.watch is not None:
            self.watch.closed(now, peer, frames)
            self._wake(self.watch.next_due(), out)
        return out

    def waited(self, now: Instant, peer: Peer) -> Out:
        """The link's timer was due: perhaps nobody answers."""
        if self.watch is None or peer.unanswered < self._sender.limits.unanswered or peer.contact is None:
            return []
        out = self._turned(now, self.watch.unanswered(now, peer.name))
        self._sender.forsake(now, peer, out)
        return out

    def fired(self, now: Instant) -> Out:
        """The watch's timer is due."""
        self._timer_at = None
        if self.watch is None:
            return []
        out = self._turned(now, self.watch.judge(now))
        self._wake(self.watch.next_due(), out)
        return out

    def _turned(self, now: Instant, turns: list[Turn]) -> Out:
        out: Out = []
        for subject, trusted, why in turns:
            entry = records.TrustChanged(at=now, node=self._sender.name, subject=subject, trusted=trusted, why=why)
            out.append(effects.Record(entry))
            self._changed = True
            if subject == OWN_PLAN:
                self._sender.lost = not trusted
        return out

    def _wake(self, at: Instant | None, out: Out) -> None:
        if at is not None and (self._timer_at is None or at < self._timer_at):
            self._timer_at = at
            out.append(effects.Wake(at, WATCH_TIMER))
