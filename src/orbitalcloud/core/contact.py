"""A contact: a time in which one node can send to another. Physics makes them, the network spends them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from orbitalcloud.core.time import SECOND, Instant

Step = tuple[Instant, int]
"""(from when, bits per second)"""

_BIT_NS = 8 * SECOND
"""Bit-nanoseconds per byte at one bit a second: what the integers below count in."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A directed opportunity `sender → receiver` over the half-open time [opens, closes).

    `rate_bps` is the information rate in bits per second. Where the rate varies through the contact it is the highest,
    and `steps` has the rates in order: each holds from its instant to the next one's, the first from `opens`, the last
    to `closes`; 0 is a pause. `light_time_ns` is the one-way delay at mid-contact (the driver may use the exact one);
    `elevation_mdeg` the culmination above the station's horizon in millidegrees, 0 where that has no meaning; `band`
    the radio or optical band, `"fibre"` on the ground. `doppler_hz` and `doppler_rate_hz_s` are the largest shift and
    rate of change of what is heard, as sizes; 0 where the frequency is not known. `bundle_bytes` is the largest bundle
    that the link takes in one piece (a datagram, a peer's transfer MRU); 0 where it takes any.
    """

    sender: str
    receiver: str
    opens: Instant
    closes: Instant
    rate_bps: int
    band: str
    light_time_ns: int = 0
    elevation_mdeg: int = 0
    steps: tuple[Step, ...] = ()
    doppler_hz: int = 0
    doppler_rate_hz_s: int = 0
    bundle_bytes: int = 0

    def __post_init__(self) -> None:
        if self.steps:
            begins = [begin for begin, _ in self.steps]
            assert begins[0] == self.opens, "the first step begins with the contact"
            assert begins[-1] < self.closes, "no step begins after the end"
            assert all(a < b for a, b in pairwise(begins)), "steps come in order"
            assert all(rate >= 0 for _, rate in self.steps), "no rate is negative"
            assert self.rate_bps == max(rate for _, rate in self.steps), "the rate is the highest step"

    @property
    def duration_ns(self) -> int:
        return self.closes - self.opens

    @property
    def capacity_bytes(self) -> int:
        """All that it carries: the whole bytes in the integral of its rate."""
        return self.room_bytes(self.opens)

    def rate_at(self, at: Instant) -> int:
        """Bits per second at an instant of the contact; that of the nearer end outside of it."""
        if not self.steps:
            return self.rate_bps
        return self.steps[max(0, self._index(at))][1]

    def serialisation_ns(self, size_bytes: int, at: Instant | None = None) -> int:
        """How long `size_bytes` occupy this link from `at` (or the opening) on, rounded up to a nanosecond.

        Where the rate varies and the contact ends before the last bit has left, a time that ends after it.
        """
        if not self.steps:
            return -(-size_bytes * _BIT_NS // self.rate_bps)
        start = self.opens if at is None else max(at, self.opens)
        left = size_bytes * _BIT_NS
        for begin, end, rate in self._spans(start):
            if left <= (end - begin) * rate:
                return begin - start - (-left // rate if rate else 0)
            left -= (end - begin) * rate
        return max(self.closes - start, 0) + 1 if left else 0

    def room_bytes(self, now: Instant) -> int:
        """How many bytes can still leave before the contact closes."""
        start = max(now, self.opens)
        if not self.steps:
            return max(0, (self.closes - start) * self.rate_bps // _BIT_NS)
        return sum((end - begin) * rate for begin, end, rate in self._spans(start)) // _BIT_NS

    def _index(self, at: int) -> int:
        return bisect_right(self.steps, at, key=lambda step: step[0]) - 1

    def _spans(self, start: int) -> Iterator[tuple[int, int, int]]:
        """(begin, end, rate) of each step's part after `start`."""
        last = len(self.steps) - 1
        for index in range(max(0, self._index(start)), last + 1):
            end = self.steps[index + 1][0] if index < last else self.closes
            if end > start:
                yield max(start, self.steps[index][0]), end, self.steps[index][1]


def varying(
    sender: str,
    receiver: str,
    closes: Instant,
    steps: tuple[Step, ...],
    band: str,
    light_time_ns: int = 0,
    elevation_mdeg: int = 0,
    doppler: tuple[int, int] = (0, 0),
) -> Contact:
    """A contact of these steps, equal neighbours joined: from the first one's instant to `closes`."""
    joined = [step for index, step in enumerate(steps) if not index or step[1] != steps[index - 1][1]]
    highest = max(rate for _, rate in joined)
    kept = tuple(joined) if len(joined) > 1 else ()
    return Contact(sender, receiver, joined[0][0], closes, highest, band, light_time_ns, elevation_mdeg, kept, *doppler)
