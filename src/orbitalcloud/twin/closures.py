"""Contacts that do not come though they were planned: satellites lost, countries cut off, passes that are not kept.

A closure shuts every link between its `nodes` and those it keeps them from. What was open closes, what should open is
held back, and opens late where its time is not over when the closure ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from orbitalcloud.core import Contact, Instant
from orbitalcloud.twin.medium import Medium
from orbitalcloud.twin.timeline import LinkOpens


@dataclass(frozen=True, slots=True)
class Closure:
    """No link between one of `nodes` and one of `others` (empty: and anybody)."""

    nodes: frozenset[str]
    others: frozenset[str] = frozenset()

    def shuts(self, a: str, b: str) -> bool:
        """Whether it shuts the link between two nodes."""
        return self._one_way(a, b) or self._one_way(b, a)

    def _one_way(self, a: str, b: str) -> bool:
        return a in self.nodes and (not self.others or b in self.others)


@dataclass(slots=True)
class Closures:
    """What is shut now, and the contacts held back by it."""

    active: list[Closure] = field(default_factory=list)
    held: dict[tuple[str, str], LinkOpens] = field(default_factory=dict)

    def hold(self, event: LinkOpens) -> bool:
        """Whether this contact must not open now; it is then held back."""
        contact = event.contact
        if not self._shut(contact):
            return False
        self.held[contact.sender, contact.receiver] = event
        return True

    def drop(self, contact: Contact) -> bool:
        """The contact's time is over; whether it was held back."""
        known = self.held.get((contact.sender, contact.receiver))
        if known is None or known.contact != contact:
            return False
        del self.held[contact.sender, contact.receiver]
        return True

    def shut(self, closure: Closure, medium: Medium) -> list[Contact]:
        """It begins: the open contacts that it ends, closed in `medium`, in the order of names."""
        self.active.append(closure)
        ended: list[Contact] = []
        for pair in sorted(medium.links):
            link = medium.links[pair]
            if closure.shuts(*pair):
                self.held[pair] = LinkOpens(link.contact, link.until)
                medium.close(link.contact)
                ended.append(link.contact)
        return ended

    def free(self, closure: Closure, now: Instant) -> list[LinkOpens]:
        """It ends: what may open now, in the order of names."""
        if closure in self.active:
            self.active.remove(closure)
        opens = [self.held[pair] for pair in sorted(self.held) if not self._shut(self.held[pair].contact)]
        for event in opens:
            del self.held[event.contact.sender, event.contact.receiver]
        return [event for event in opens if event.until > now]

    def _shut(self, contact: Contact) -> bool:
        return any(one.shuts(contact.sender, contact.receiver) for one in self.active)
