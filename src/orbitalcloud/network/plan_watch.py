"""The plan held against what happens: neighbours that fall silent, and a plan that is not of this day.

A planned pass in which a neighbour was not met, or met and never heard though it was spoken to, is a miss; after
`MISSES` in a row the neighbour is silent, and nothing is routed through it until it is met again. A link that should be
there for hours and has been gone for `GONE_NS` makes its neighbour silent as well. Where several neighbours are missed
and others come that no plan knows of, it is not they: the node's own plan is stale. Then it does not trust its routes.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.time import MINUTE, Instant, iso
from orbitalcloud.core.why import Why
from orbitalcloud.network.routing import ContactPlan

WATCH_TIMER = "net/plan"
MISSES = 2
GONE_NS = 10 * MINUTE
ABOUT_NS = 5 * MINUTE
"""A contact that comes this much off its planned time is still that contact."""
STALE_MISSES, STALE_SURPRISES = 3, 3
KEPT_TO_TRUST = 3
OWN_PLAN = "own plan"

Turn = tuple[str, bool, Why]
"""(neighbour or `OWN_PLAN`, trusted from now on, why)."""


@dataclass(slots=True)
class _Seen:
    """The last contact with a neighbour, and what came of the planned ones."""

    opened: int = -1
    closed: int = -1
    """−1 while it lasts."""
    heard: int = -1
    mute: bool = False
    """Spoken to in its last contact, and not heard."""
    misses: int = 0

    def met_within(self, opens: int, closes: int) -> bool:
        ended = self.closed if self.closed >= 0 else closes
        return self.opened >= 0 and self.opened < closes and ended > opens


class PlanWatch:
    """One node's own contacts against its plan."""

    __slots__ = ("_next", "_passes", "_seen", "_since", "_surprises", "doubts", "missed", "name", "plan", "silent")

    def __init__(self, name: str, plan: ContactPlan, now: Instant) -> None:
        self.name = name
        self.silent: dict[str, str] = {}
        """Neighbours not to be counted on, and the reason in a word."""
        self.doubts = False
        """Whether the plan itself is not believed."""
        self._seen: dict[str, _Seen] = {}
        self.missed: set[str] = set()
        self.use(now, plan)

    def use(self, now: Instant, plan: ContactPlan) -> None:
        """Go by another plan: what is over by `now` is held against nobody, and all doubts are gone."""
        self.plan, self.doubts, self._since = plan, False, now
        self._surprises = 0
        self.missed.clear()
        self.silent.clear()
        departures = plan.departures(self.name)
        self._passes = tuple(sorted(departures.passes, key=lambda contact: contact.closes))
        self._next = bisect_left([contact.closes for contact in self._passes], now)

    def opened(self, now: Instant, peer: str) -> list[Turn]:
        """A contact to `peer`: whoever was silent gets another chance."""
        seen = self._seen.setdefault(peer, _Seen())
        seen.opened, seen.closed, seen.mute = now, -1, False
        turns: list[Turn] = []
        if not self._foreseen(now, peer):
            self._surprises += 1
            turns = self._doubt(now)
        if self.silent.pop(peer, None):
            turns.append((peer, True, Why(True, "met", f"{peer} was met again")))
        return turns

    def heard(self, now: Instant, peer: str) -> None:
        """A frame came from it."""
        seen = self._seen.setdefault(peer, _Seen())
        seen.heard, seen.misses = now, 0

    def closed(self, now: Instant, peer: str, frames: int) -> None:
        """The contact is over, in which `frames` were sent."""
        seen = self._seen.setdefault(peer, _Seen())
        seen.closed = now
        seen.mute = frames > 0 and seen.heard < seen.opened

    def unanswered(self, now: Instant, peer: str) -> list[Turn]:
        """An open contact in which nothing is answered."""
        return self._silence(peer, Why(False, "unanswered", f"{peer} has not answered since {iso(now)} or before"))

    def next_due(self) -> Instant | None:
        """When to `judge` next: a planned pass is over, or a link that should be there has been gone for too long."""
        due = [self._passes[self._next].closes] if self._next < len(self._passes) else []
        for contact in self.plan.departures(self.name).links:
            seen = self._seen.get(contact.receiver)
            if seen is None or contact.receiver in self.silent or self.doubts:
                continue
            if contact.opens <= seen.closed < contact.closes - GONE_NS:
                due.append(Instant(seen.closed + GONE_NS))
        return min(due, default=None)

    def judge(self, now: Instant) -> list[Turn]:
        """Close the account of planned passes that are over, and look at links that should be there."""
        turns: list[Turn] = []
        while self._next < len(self._passes) and self._passes[self._next].closes <= now:
            contact = self._passes[self._next]
            self._next += 1
            if contact.opens >= self._since:
                turns += self._held(now, contact)
        for contact in self.plan.departures(self.name).links:
            seen = self._seen.get(contact.receiver)
            if seen is None or seen.closed < 0 or not contact.opens <= now < contact.closes:
                continue
            if now - seen.closed >= GONE_NS:
                text = f"the link to {contact.receiver} should be there and is not, since {iso(Instant(seen.closed))}"
                turns += self._silence(contact.receiver, Why(False, "silent", text))
        return turns

    # Inside ----------------------------------------------------------------------------------------------------------

    def _held(self, now: Instant, contact: Contact) -> list[Turn]:
        peer = contact.receiver
        seen = self._seen.setdefault(peer, _Seen())
        if seen.met_within(contact.opens - ABOUT_NS, contact.closes + ABOUT_NS) and not seen.mute:
            seen.misses = 0
            self.missed.discard(peer)
            if self.doubts and len(self.missed) < STALE_MISSES - KEPT_TO_TRUST + 1:
                self.doubts, self._surprises = False, 0
                return [(OWN_PLAN, True, Why(True, "plan", "planned contacts come again"))]
            return []
        seen.misses += 1
        self.missed.add(peer)
        doubted = self._doubt(now)
        if seen.misses < MISSES or self.doubts:
            return doubted
        what = "met and not heard" if seen.mute else "not met"
        text = f"{peer} was {what} in the last {seen.misses} planned contacts"
        return [*doubted, *self._silence(peer, Why(False, "silent", text, seen.misses, MISSES, "contact"))]

    def _silence(self, peer: str, why: Why) -> list[Turn]:
        if peer in self.silent or self.doubts:
            return []
        self.silent[peer] = why.rule
        return [(peer, False, why)]

    def _doubt(self, now: Instant) -> list[Turn]:
        if self.doubts or len(self.missed) < STALE_MISSES or self._surprises < STALE_SURPRISES:
            return []
        self.doubts = True
        text = f"{len(self.missed)} neighbours were missed and {self._surprises} came that it does not know of"
        turns: list[Turn] = [(OWN_PLAN, False, Why(False, "plan", text, len(self.missed), STALE_MISSES, "neighbour"))]
        turns += [(peer, True, Why(True, "plan", "it is the plan that is wrong")) for peer in sorted(self.silent)]
        self.silent.clear()
        return turns

    def _foreseen(self, now: Instant, peer: str) -> bool:
        return any(one.opens - ABOUT_NS <= now < one.closes + ABOUT_NS for one in self.plan.between(self.name, peer))
