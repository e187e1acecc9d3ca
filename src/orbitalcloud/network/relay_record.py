"""What became of bundles that were given to relays: those on a way that delivered are credited, on one that did not,
blamed. Only one's own bundles count: hearsay would let anybody blacken anybody.

A relay that shares a failing way with a dropper is blamed beside it, and cleared by the ways on which it delivers. Who
fell below half is left out for `PAROLE_NS`; then one more failure is enough.
"""

from __future__ import annotations

from collections.abc import Iterable

from orbitalcloud.core.time import HOUR, Instant
from orbitalcloud.core.why import Why

MISSES = 3
WHOLE_PPM = 1_000_000
TRUSTED_PPM = 500_000
PAROLE_NS = 6 * HOUR
MAX_RELAYS = 4096

Turn = tuple[str, bool, Why]
"""(relay, trusted from now on, why)."""


class RelayRecord:
    """Deliveries and failures by relay, and who is left out until when."""

    __slots__ = ("_counts", "_until")

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}
        self._until: dict[str, Instant] = {}

    @property
    def distrusted(self) -> frozenset[str]:
        """Who is left out now."""
        return frozenset(self._until)

    def weight_ppm(self, relay: str) -> int:
        """All, until it has failed `MISSES` times; then the share of ways that delivered (Laplace's rule)."""
        good, bad = self._counts.get(relay, (0, 0))
        return WHOLE_PPM if bad < MISSES else WHOLE_PPM * (good + 1) // (good + bad + 2)

    def credit(self, relays: Iterable[str]) -> list[Turn]:
        """A bundle was confirmed that went this way; who is trusted again."""
        turns: list[Turn] = []
        for relay in relays:
            if (counts := self._of(relay)) is not None:
                counts[0] += 1
            if relay in self._until and self.weight_ppm(relay) >= TRUSTED_PPM:
                del self._until[relay]
                turns.append((relay, True, self._why(relay, True)))
        return turns

    def blame(self, now: Instant, relays: Iterable[str]) -> list[Turn]:
        """A bundle was not confirmed that went this way; who is left out from now on."""
        turns: list[Turn] = []
        for relay in relays:
            if (counts := self._of(relay)) is not None:
                counts[1] += 1
            if relay not in self._until and self.weight_ppm(relay) < TRUSTED_PPM:
                self._until[relay] = Instant(now + PAROLE_NS)
                turns.append((relay, False, self._why(relay, False)))
        return turns

    def parole(self, now: Instant) -> list[Turn]:
        """Who is tried again: with one failure less than it takes."""
        turns: list[Turn] = []
        for relay in [name for name, until in self._until.items() if until <= now]:
            why = Why(True, "parole", f"{relay} was left out for {PAROLE_NS // HOUR} h and is tried again")
            del self._until[relay]
            self._counts[relay] = [0, MISSES - 1]
            turns.append((relay, True, why))
        return turns

    def next_parole(self) -> Instant | None:
        """When somebody is next to be tried again."""
        return min(self._until.values(), default=None)

    def _of(self, relay: str) -> list[int] | None:
        if relay not in self._counts and len(self._counts) >= MAX_RELAYS:
            return None
        return self._counts.setdefault(relay, [0, 0])

    def _why(self, relay: str, trusted: bool) -> Why:
        good, bad = self._counts.get(relay, (0, 0))
        text = f"of {good + bad} bundles whose way led through {relay}, {bad} were not confirmed"
        return Why(trusted, "delivery", text, bad, good + bad, "bundle")
