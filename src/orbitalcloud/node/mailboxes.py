"""Mail that has arrived at a node, by service, kept until it is taken: durable, numbered, within a quota.

A number is given once. Who reads mail names the last number that it has read, as often as it likes, and is given what
is later: mail is neither lost nor read twice, whoever of the two stops in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import dropwhile, islice, takewhile

import msgspec

from orbitalcloud.core import Why
from orbitalcloud.core.effects import Save
from orbitalcloud.network import Delivered
from orbitalcloud.node.letters import Mail

PREFIX = "mail/"
NUMBER_KEY = "mail-number"
_RESERVED = 256
"""Numbers taken from the saved counter at a time."""


class Quota(msgspec.Struct, frozen=True):
    """How much mail a node keeps. One service may fill half: nobody can close the others by filling one."""

    bytes: int = 512 << 20
    letters: int = 200_000
    services: int = 4096


class Mailboxes:
    """The mail of one node. `refusal` is what the bundle agent asks before it takes a payload."""

    __slots__ = ("_boxes", "_count", "_next", "_reserved", "_sizes", "quota", "used_bytes")

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.used_bytes = 0
        self._count = 0
        self._boxes: dict[str, dict[int, Mail]] = {}
        self._sizes: dict[str, int] = {}
        self._next = self._reserved = 1

    def __len__(self) -> int:
        return self._count

    def services(self) -> dict[str, int]:
        """How much mail waits for each service."""
        return {service: len(box) for service, box in sorted(self._boxes.items())}

    def waiting(self, service: str) -> bool:
        """Whether there is mail for it."""
        return service in self._boxes

    def later(self, service: str, than: int, most: int) -> list[Mail]:
        """The mail of a service whose number is larger than `than`, in order, at most so many."""
        box = self._boxes.get(service, {})
        return [mail for _, mail in islice(dropwhile(lambda one: one[0] <= than, box.items()), most)]

    def refusal(self, service: str, size_bytes: int) -> Why | None:
        """Why mail of this size has no room; None if it has."""
        quota, box = self.quota, self._boxes.get(service)
        mine, own_bytes = (0, 0) if box is None else (len(box), self._sizes[service])
        if self._count >= quota.letters or 2 * mine >= quota.letters:
            text = f"{mine} letters wait for {service or 'the node'} and {self._count} in all; {quota.letters} are kept"
            return Why(False, "mail", text, self._count, quota.letters, "letter")
        if self.used_bytes + size_bytes > quota.bytes or 2 * (own_bytes + size_bytes) > quota.bytes:
            text = f"{own_bytes} bytes wait for {service or 'the node'} and {self.used_bytes} in all"
            return Why(False, "mail", text, self.used_bytes + size_bytes, quota.bytes, "byte")
        if box is None and len(self._boxes) >= quota.services:
            text = f"mail waits for {quota.services} services already"
            return Why(False, "mail", text, len(self._boxes) + 1, quota.services, "service")
        return None

    def put(self, item: Delivered) -> Iterator[Save]:
        """Keep what was delivered."""
        if self._next == self._reserved:
            self._reserved += _RESERVED
            yield Save(NUMBER_KEY, self._reserved.to_bytes(8, "big"))
        mail = Mail(self._next, item.sender, item.created, item.bundle_id, item.payload)
        self._next += 1
        self._hold(item.service, mail)
        yield Save(_key(item.service, mail.number), msgspec.msgpack.encode(mail))

    def take(self, service: str, through: int) -> Iterator[Save]:
        """Forget what was read: everything of this service up to this number."""
        box = self._boxes.get(service)
        if box is None:
            return
        for number in list(takewhile(lambda number: number <= through, box)):
            mail = box.pop(number)
            self._count -= 1
            self.used_bytes -= len(mail.payload)
            self._sizes[service] -= len(mail.payload)
            yield Save(_key(service, number), None)
        if not box:
            del self._boxes[service], self._sizes[service]

    def restore(self, saved: Mapping[str, bytes]) -> Iterator[str]:
        """Take up what was saved; yields the keys whose values are damaged."""
        for key in sorted(key for key in saved if key.startswith(PREFIX)):
            service, _, number = key.removeprefix(PREFIX).rpartition("/")
            try:
                mail = msgspec.msgpack.decode(saved[key], type=Mail)
                if f"{mail.number:016x}" != number:
                    raise msgspec.DecodeError("another number")
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield key
                continue
            self._hold(service, mail)
        counter = saved.get(NUMBER_KEY, b"")
        newest = max((number for box in self._boxes.values() for number in box), default=0)
        self._next = self._reserved = max(int.from_bytes(counter[:8], "big"), newest + 1, 1)

    def _hold(self, service: str, mail: Mail) -> None:
        self._boxes.setdefault(service, {})[mail.number] = mail
        self._sizes[service] = self._sizes.get(service, 0) + len(mail.payload)
        self._count += 1
        self.used_bytes += len(mail.payload)


def _key(service: str, number: int) -> str:
    return f"{PREFIX}{service}/{number:016x}"
