"""A contact: a time in which one node can send to another. Physics makes them, the network spends them."""

from __future__ import annotations

from dataclasses import dataclass

from orbitalcloud.core.time import SECOND, Instant


@dataclass(frozen=True, slots=True)
class Contact:
    """A directed opportunity `sender → receiver` over the half-open time [opens, closes).

    `rate_bps` is the information rate in bits per second; `light_time_ns` the one-way delay at mid-contact (the
    driver may use the exact one); `elevation_mdeg` the culmination above the station's horizon in millidegrees,
    0 where that has no meaning; `band` the radio or optical band, `"fibre"` on the ground.
    """

    sender: str
    receiver: str
    opens: Instant
    closes: Instant
    rate_bps: int
    band: str
    light_time_ns: int = 0
    elevation_mdeg: int = 0

    @property
    def duration_ns(self) -> int:
        return self.closes - self.opens

    def serialisation_ns(self, size_bytes: int) -> int:
        """How long `size_bytes` occupy this link, rounded up to a nanosecond."""
        return -(-size_bytes * 8 * SECOND // self.rate_bps)

    def room_bytes(self, now: Instant) -> int:
        """How many bytes can still leave before the contact closes."""
        left = self.closes - max(now, self.opens)
        return max(0, left * self.rate_bps // (8 * SECOND))
