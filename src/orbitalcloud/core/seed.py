"""Chance as a value. A `Seed` is a name in a tree; each child draws its own numbers.

Numbers come from BLAKE2b in counter mode over the seed's 32-byte key, so they are the same on every machine
and Python version, and adding a child moves nobody else's draws.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seed:
    """A node of the seed tree, named by 32 bytes."""

    key: bytes

    @classmethod
    def of(cls, number: int) -> Seed:
        """The root for a mission's `seed = NUMBER` (0 ≤ number < 2⁶⁴)."""
        return cls(hashlib.blake2b(number.to_bytes(8, "big"), digest_size=32, person=b"orbital-seed").digest())

    def child(self, name: str) -> Seed:
        """An independent seed for `name`."""
        return Seed(hashlib.blake2b(name.encode(), key=self.key, digest_size=32).digest())

    def bytes(self, count: int, index: int = 0) -> bytes:
        """`count` pseudo-random bytes, the `index`-th draw of this seed."""
        out = b""
        block = 0
        while len(out) < count:
            counter = index.to_bytes(8, "big") + block.to_bytes(8, "big")
            out += hashlib.blake2b(counter, key=self.key, digest_size=64).digest()
            block += 1
        return out[:count]

    def below(self, bound: int, index: int = 0) -> int:
        """An integer in [0, bound), the `index`-th draw; bias below 2⁻⁶⁴."""
        assert bound > 0, "an empty range has no draw"
        width = (bound.bit_length() + 7) // 8 + 8
        return int.from_bytes(self.bytes(width, index), "big") % bound

    def chance(self, parts_per_million: int, index: int = 0) -> bool:
        """True with a probability of `parts_per_million`."""
        return self.below(1_000_000, index) < parts_per_million
