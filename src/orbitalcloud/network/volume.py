"""What of the contacts' volume is promised: bookings by priority, after SABR (CCSDS 734.3-B-1).

A bundle sees as taken only what is booked at its priority or a higher one, so it may book over lower ones; those that
then exceed a contact, the lowest first, are displaced and have to find another way. When the next node has taken a
bundle, its booking of the first contact is over and those of the contacts beyond stay until they close.
"""

from __future__ import annotations

from collections.abc import Iterable

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.time import Instant

_MANY = 4096


class Bookings:
    """Bytes booked on contacts, by priority and by bundle; one node's own view."""

    __slots__ = ("_contacts", "_holders", "_sums", "freed")

    def __init__(self) -> None:
        self._sums: dict[Contact, dict[int, int]] = {}
        self._holders: dict[Contact, dict[str, tuple[int, int]]] = {}
        self._contacts: dict[str, tuple[Contact, ...]] = {}
        self.freed = 0
        """Grows whenever volume becomes free: a search that found none need not be repeated before."""

    def __bool__(self) -> bool:
        return bool(self._sums)

    def booked_bytes(self, contact: Contact, priority: int) -> int:
        """What is booked on a contact at this priority or a higher one."""
        sums = self._sums.get(contact)
        return 0 if sums is None else sum(size for level, size in sums.items() if level >= priority)

    def residual_bytes(self, contact: Contact, priority: int, at: Instant) -> int:
        """What a bundle of this priority can still book of the contact's volume from `at` on; not below 0."""
        return max(0, contact.room_bytes(at) - self.booked_bytes(contact, priority))

    def book(self, now: Instant, bundle: str, contacts: Iterable[Contact], size_bytes: int, priority: int) -> list[str]:
        """Book these contacts; the bundles that no longer fit beside it, lowest priority and latest booking first.

        The caller has looked at `residual_bytes`, so that only lower priorities can be too much.
        """
        self.unbook(bundle)
        if len(self._sums) > _MANY:
            self._forget_closed(now)
        chosen = tuple(contacts)
        displaced: dict[str, None] = {}
        for contact in chosen:
            sums = self._sums.setdefault(contact, {})
            sums[priority] = sums.get(priority, 0) + size_bytes
            holders = self._holders.setdefault(contact, {})
            holders[bundle] = (priority, size_bytes)
            if len(sums) > 1:
                displaced |= dict.fromkeys(self._too_much(now, contact, priority))
        self._contacts[bundle] = chosen
        return list(displaced)

    def _too_much(self, now: Instant, contact: Contact, priority: int) -> list[str]:
        over = sum(self._sums[contact].values()) - contact.room_bytes(now)
        found: list[str] = []
        if over <= 0:
            return found
        lower = [
            (level, -order, name, size)
            for order, (name, (level, size)) in enumerate(self._holders[contact].items())
            if level < priority
        ]
        for _, _, name, size in sorted(lower):
            if over <= 0:
                break
            found.append(name)
            over -= size
        return found

    def unbook(self, bundle: str) -> None:
        """The bundle goes another way, or nowhere any more."""
        for contact in self._contacts.pop(bundle, ()):
            self._free(contact, bundle)

    def spent(self, bundle: str) -> None:
        """The next node has taken it: it will use the contacts beyond, and cannot be displaced from them."""
        contacts = self._contacts.pop(bundle, ())
        for index, contact in enumerate(contacts):
            if index == 0:
                self._free(contact, bundle)
            else:
                self._holders.get(contact, {}).pop(bundle, None)

    def _free(self, contact: Contact, bundle: str) -> None:
        holders = self._holders.get(contact)
        held = holders.pop(bundle, None) if holders is not None else None
        if held is None:
            return
        level, size = held
        self.freed += 1
        sums = self._sums[contact]
        sums[level] -= size
        if not sums[level]:
            del sums[level]
        if not sums:
            del self._sums[contact], self._holders[contact]

    def _forget_closed(self, now: Instant) -> None:
        for contact in [contact for contact in self._sums if contact.closes <= now]:
            del self._sums[contact]
            self._holders.pop(contact, None)

    def clear(self) -> None:
        """Forget all: the plan is another."""
        self._sums.clear()
        self._holders.clear()
        self._contacts.clear()
        self.freed += 1
