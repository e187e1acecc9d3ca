"""The link desk: which links a live node has and says so, and what follows from those that others say they have.

A link that is up is announced for `hold_ns`, and again when a third of that is over; a change is announced at once, but
no oftener than the boards of others take it. The plan of announced links is made anew only where it says something
else, or soon will have ended.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from orbitalcloud.core import MINUTE, SECOND, Contact, Instant
from orbitalcloud.network.notices import MAX_WINDOWS, Window

BURST = 8
"""Announcements at once, and one a minute after that: half of what `BoardLimits` takes of one key."""


@dataclass(slots=True)
class LinkDesk:
    """One node's links. Only those that it gossips over are announced."""

    hold_ns: int
    up: dict[str, tuple[Instant, int]] = field(default_factory=dict)
    """Neighbour → (since when, bits a second), the oldest first."""
    _told: deque[Instant] = field(default_factory=lambda: deque(maxlen=BURST))
    _said: tuple[str, ...] = ()
    _plan: dict[tuple[str, str, Instant, int], Instant] = field(default_factory=dict)
    """(from, to, since, rate) → until when, as last gone by."""

    def opened(self, now: Instant, peer: str, rate_bps: int) -> None:
        """A link to `peer` is up."""
        self.up[peer] = now, rate_bps

    def closed(self, peer: str) -> None:
        """It is not any more."""
        self.up.pop(peer, None)

    def due(self, now: Instant) -> bool:
        """Whether there is something to announce, and it may be."""
        if self._told and now - self._told[-1] >= self.hold_ns // 3:
            return True
        free = len(self._told) < BURST or now - self._told[0] >= BURST * MINUTE
        return free and self._said != self._chosen()

    def windows(self, now: Instant) -> tuple[Window, ...]:
        """What to announce now; of more links than a notice has room for, those that have been up longest."""
        self._told.append(now)
        self._said = self._chosen()
        closes_s = (now + self.hold_ns) // SECOND
        return tuple(
            Window(peer, since // SECOND, closes_s, rate)
            for peer, (since, rate) in self.up.items()
            if peer in self._said
        )

    def differs(self, now: Instant, contacts: Iterable[Contact]) -> bool:
        """Whether a plan of these contacts is to be gone by from now on."""
        found = {(one.sender, one.receiver, one.opens, one.rate_bps): one.closes for one in contacts}
        known, soon = self._plan, now + self.hold_ns // 3
        if found.keys() == known.keys() and not any(known[one] < min(soon, found[one]) for one in found):
            return False
        self._plan = found
        return True

    def _chosen(self) -> tuple[str, ...]:
        return tuple(peer for peer, _ in zip(self.up, range(MAX_WINDOWS), strict=False))
