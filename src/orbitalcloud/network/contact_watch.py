"""What to make of others' words about contacts: plans amended by them, and words held against what was seen.

A node may speak of its own contacts only. What it calls off is cut out of the plan; what it announced and did not come
to is counted, and after `MISSES` of these its words lose weight. Only one's own eyes count: hearsay of another's
misses would let anybody blacken anybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.time import SECOND, Instant
from orbitalcloud.network.notices import Off, Window
from orbitalcloud.network.routing import ContactPlan

MISSES = 3
WHOLE_PPM = 1_000_000
BELIEVED_PPM = 500_000
MAX_EXPECTED = 64
"""Windows per key that are waited for: four notices' worth."""


def amended(plan: ContactPlan, called_off: Iterable[tuple[str, Off]]) -> ContactPlan:
    """The plan without what `(node, Off)` call off: both directions between them, each contact cut where it overlaps.

    The plan itself where nothing is touched. Contacts whose rate varies are dropped whole where any of it is off.
    """
    cuts = [(node, off.peer, off.begins_s * SECOND, off.ends_s * SECOND) for node, off in called_off]
    kept: list[Contact] = []
    changed = False
    for contact in plan.contacts:
        pieces = [contact]
        for node, peer, begins, ends in cuts:
            ours = {contact.sender, contact.receiver}
            if node in ours and (not peer or peer in ours):
                pieces = [part for piece in pieces for part in _outside(piece, begins, ends)]
        changed |= pieces != [contact]
        kept.extend(pieces)
    return ContactPlan(kept) if changed else plan


def _outside(contact: Contact, begins: int, ends: int) -> list[Contact]:
    """The parts of a contact outside [begins, ends)."""
    if begins >= contact.closes or ends <= contact.opens or begins >= ends:
        return [contact]
    if contact.steps:
        return []
    before = [replace(contact, closes=Instant(begins))] if begins > contact.opens else []
    return before + ([replace(contact, opens=Instant(ends))] if ends < contact.closes else [])


@dataclass(slots=True)
class _Record:
    expected: list[Window] = field(default_factory=list)
    kept: int = 0
    missed: int = 0


@dataclass(slots=True)
class ContactWatch:
    """Announced contacts with this node against those that opened."""

    name: str
    _records: dict[bytes, _Record] = field(default_factory=dict)
    _seen: dict[bytes, list[tuple[int, int]]] = field(default_factory=dict)
    """When there was a contact with the key: (opened, closed), the last ones."""

    def expect(self, key: bytes, windows: Iterable[Window]) -> None:
        """`key` announces: what is about this node is waited for, in place of what it said before and is to come."""
        record = self._records.setdefault(key, _Record())
        record.expected = [window for window in windows if window.peer == self.name][:MAX_EXPECTED]

    def opened(self, now: Instant, key: bytes) -> None:
        """A contact with the holder of `key`."""
        seen = self._seen.setdefault(key, [])
        seen.append((now, 1 << 62))
        del seen[:-MAX_EXPECTED]

    def closed(self, now: Instant, key: bytes) -> None:
        """It is over."""
        seen = self._seen.get(key, [])
        seen[:] = [(begin, now if end > now else end) for begin, end in seen]

    def judge(self, now: Instant, up_since: Instant) -> list[bytes]:
        """Close the account of windows that are over; the keys whose words have just lost their weight.

        A window that began before this node itself was up is held against nobody.
        """
        fallen = []
        now_s = now // SECOND
        for key, record in self._records.items():
            if not record.expected or min(window.closes_s for window in record.expected) > now_s:
                continue
            before = self.weight_ppm(key)
            for window in [window for window in record.expected if window.closes_s * SECOND <= now]:
                record.expected.remove(window)
                if window.opens_s * SECOND < up_since:
                    continue
                met = any(
                    begin < window.closes_s * SECOND and end > window.opens_s * SECOND
                    for begin, end in self._seen.get(key, ())
                )
                record.kept, record.missed = record.kept + met, record.missed + (not met)
            if before >= BELIEVED_PPM > self.weight_ppm(key):
                fallen.append(key)
        return fallen

    def counts(self, key: bytes) -> tuple[int, int]:
        """(announced and kept, announced and missed)."""
        record = self._records.get(key, _Record())
        return record.kept, record.missed

    def weight_ppm(self, key: bytes) -> int:
        """What its word is worth: all, until it has missed `MISSES`; then the share that it kept (Laplace's rule)."""
        kept, missed = self.counts(key)
        return WHOLE_PPM if missed < MISSES else WHOLE_PPM * (kept + 1) // (kept + missed + 2)

    def believes(self, key: bytes) -> bool:
        """Whether what it calls off is cut out of the plan."""
        return self.weight_ppm(key) >= BELIEVED_PPM
