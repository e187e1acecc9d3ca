"""The links between nodes: which are open, when each is free again, and what becomes of a frame.

A frame leaves when the frames before it have left, takes its size over the contact's rate, and arrives a light time
later, unless the contact closes first or a fault eats it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from orbitalcloud.core import Contact, Instant, Seed

LightTime = Callable[[str, str, Instant], int]
"""(sender, receiver, at) → one-way light time in ns; the World's."""


@dataclass(slots=True)
class OpenLink:
    """A contact in progress; frames before `free_at` occupy it. It ends at `until`, at the latest when it was to."""

    contact: Contact
    free_at: Instant
    until: Instant


@dataclass(frozen=True, slots=True)
class Loss:
    """A fault: frames to or from `node` are lost with this probability over [begins, ends)."""

    node: str
    begins: Instant
    ends: Instant
    loss_ppm: int


@dataclass(slots=True)
class Medium:
    """Open links and what troubles them. Each direction draws its own chances, so that no link moves another's."""

    seed: Seed
    base_loss_ppm: dict[tuple[str, str], int] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    blocks: list[Loss] = field(default_factory=list)
    links: dict[tuple[str, str], OpenLink] = field(default_factory=dict)
    draws: dict[tuple[str, str], int] = field(default_factory=dict)

    def open(self, contact: Contact, until: Instant | None = None) -> None:
        """The contact begins; `until` where it ends before its time."""
        ends = contact.closes if until is None else min(until, contact.closes)
        self.links[contact.sender, contact.receiver] = OpenLink(contact, contact.opens, ends)

    def close(self, contact: Contact) -> None:
        """The contact is over; frames on their way still arrive."""
        link = self.links.get((contact.sender, contact.receiver))
        if link is not None and link.contact == contact:
            del self.links[contact.sender, contact.receiver]

    def open_from(self, sender: str) -> list[Contact]:
        """The contacts that `sender` can use now, by receiver's name."""
        found = [link.contact for (origin, _), link in self.links.items() if origin == sender]
        return sorted(found, key=lambda contact: contact.receiver)

    def send(
        self, sender: str, receiver: str, size_bytes: int, now: Instant, light_time_ns: LightTime
    ) -> tuple[Instant, str]:
        """(arrival, "") of a frame handed over now, or (now, reason) where it is lost."""
        link = self.links.get((sender, receiver))
        if link is None:
            return now, "no open contact"
        leaves = Instant(max(now, link.free_at))
        gone = Instant(leaves + link.contact.serialisation_ns(size_bytes, leaves))
        if gone > link.until:
            return now, "the contact closes before the frame has left"
        link.free_at = gone
        if self._eaten(sender, receiver, now):
            return now, "lost on the link"
        return Instant(gone + light_time_ns(sender, receiver, gone)), ""

    def is_out(self, node: str, now: Instant) -> bool:
        """Whether nothing gets in or out of a node at all."""
        return any(
            loss.node == node and loss.loss_ppm == 1_000_000 and loss.begins <= now < loss.ends for loss in self.losses
        )

    def is_blocked(self, node: str, now: Instant) -> bool:
        """Whether a station may not speak to the chain."""
        return any(block.node == node and block.begins <= now < block.ends for block in self.blocks)

    def _eaten(self, sender: str, receiver: str, now: Instant) -> bool:
        chances = [self.base_loss_ppm.get((sender, receiver), 0)]
        chances += [
            loss.loss_ppm for loss in self.losses if loss.node in (sender, receiver) and loss.begins <= now < loss.ends
        ]
        for chance in chances:
            if chance:
                index = self.draws[sender, receiver] = self.draws.get((sender, receiver), 0) + 1
                if self.seed.child(f"{sender} to {receiver}").chance(chance, index):
                    return True
        return False
