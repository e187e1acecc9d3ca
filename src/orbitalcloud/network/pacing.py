"""A token bucket over instants: how a link that nobody acknowledges keeps to its rate."""

from __future__ import annotations

from orbitalcloud.core.time import SECOND, Instant

_BIT_NS = 8 * SECOND


class TokenBucket:
    """Lets bytes through at `rate_bps`, and up to `burst_bytes` at once after a pause.

    A datagram larger than the burst passes when the bucket is full and leaves it in debt, so that the mean holds.
    """

    __slots__ = ("_full", "_level", "_since", "rate_bps")

    def __init__(self, now: Instant, rate_bps: int, burst_bytes: int) -> None:
        assert rate_bps > 0, rate_bps
        assert burst_bytes > 0, burst_bytes
        self.rate_bps = rate_bps
        self._full = burst_bytes * _BIT_NS
        self._level = self._full
        self._since = now

    def take(self, now: Instant, size_bytes: int) -> bool:
        """Whether `size_bytes` may leave now; if so they are accounted for."""
        self._fill(now)
        wanted = size_bytes * _BIT_NS
        if self._level < min(wanted, self._full):
            return False
        self._level -= wanted
        return True

    def ready(self, now: Instant, size_bytes: int) -> Instant:
        """When `size_bytes` may leave."""
        self._fill(now)
        lacks = min(size_bytes * _BIT_NS, self._full) - self._level
        return now if lacks <= 0 else Instant(now - (-lacks // self.rate_bps))

    def _fill(self, now: Instant) -> None:
        if now > self._since:
            self._level = min(self._full, self._level + (now - self._since) * self.rate_bps)
            self._since = now
