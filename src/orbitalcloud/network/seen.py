"""Which bundles were already dealt with, until they would have expired anyway."""

from __future__ import annotations

import heapq

from orbitalcloud.core import effects
from orbitalcloud.core.time import Instant
from orbitalcloud.network.output import Out

PREFIX = "seen/"


class Seen:
    """Delivered ids with an expiry, at most `most`, saved so that a reboot delivers nothing twice.

    What was only handed on is not here: a bundle may come round again by a changed route, and must then be kept.
    """

    __slots__ = ("_by_expiry", "_ids", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self._ids: dict[str, None] = {}
        self._by_expiry: list[tuple[int, str]] = []

    def __contains__(self, bundle: str) -> bool:
        return bundle in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def remember(self, now: Instant, bundle: str, expires: Instant, out: Out) -> None:
        """Remember the id until `expires`; forget those whose time is over, and the oldest if there are too many."""
        if bundle in self._ids:
            return
        self._ids[bundle] = None
        heapq.heappush(self._by_expiry, (expires, bundle))
        out.append(effects.Save(PREFIX + bundle, expires.to_bytes(8, "big", signed=True)))
        while self._by_expiry and (self._by_expiry[0][0] <= now or len(self._ids) > self.most):
            _, old = heapq.heappop(self._by_expiry)
            del self._ids[old]
            out.append(effects.Save(PREFIX + old, None))

    def restore(self, now: Instant, key: str, value: bytes, out: Out) -> None:
        """Take up a saved id; other keys are ignored, a damaged or expired value is forgotten."""
        if not key.startswith(PREFIX):
            return
        expires = int.from_bytes(value, "big", signed=True)
        if len(value) != 8 or expires <= now:
            out.append(effects.Save(key, None))
            return
        self._ids[key.removeprefix(PREFIX)] = None
        heapq.heappush(self._by_expiry, (expires, key.removeprefix(PREFIX)))
