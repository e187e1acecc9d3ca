"""SimpleSerialize: strict decoding, encoding and Merkle roots for the few kinds a light client meets.

A `Kind` knows how long its bytes may be, reads and writes them, and gives their hash tree root. Containers are
tables of (name, kind), so the containers of each fork are data (`codec.py`). Everything is bounded by the kind
before it is looked at, offsets must be exact, and nothing is copied twice.

Source: ethereum/consensus-specs, ssz/simple-serialize.md and ssz/merkle-proofs.md (v1.6.0-beta.0).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from orbitalcloud.core import RemoteProtocolError

ZERO32 = bytes(32)
_OFFSET = 4


def _zero_hashes(depth: int) -> tuple[bytes, ...]:
    hashes = [ZERO32]
    for _ in range(depth):
        hashes.append(sha256(hashes[-1] * 2).digest())
    return tuple(hashes)


_ZEROS = _zero_hashes(40)


class Kind(Protocol):
    """One SSZ type. `fixed` is its size in bytes, None if it varies; `largest` bounds it either way."""

    @property
    def fixed(self) -> int | None: ...
    @property
    def largest(self) -> int: ...
    def decode(self, data: bytes) -> Any: ...
    def encode(self, value: Any) -> bytes: ...
    def root(self, value: Any) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Uint:
    """An unsigned integer of `size` bytes, little-endian."""

    size: int

    @property
    def fixed(self) -> int | None:
        return self.size

    @property
    def largest(self) -> int:
        return self.size

    def decode(self, data: bytes) -> int:
        return int.from_bytes(data, "little")

    def encode(self, value: int) -> bytes:
        return value.to_bytes(self.size, "little")

    def root(self, value: int) -> bytes:
        return value.to_bytes(32, "little")


@dataclass(frozen=True, slots=True)
class Bytes:
    """A byte vector of `size` bytes. A bit vector whose length is a multiple of eight has the same bytes and root."""

    size: int

    @property
    def fixed(self) -> int | None:
        return self.size

    @property
    def largest(self) -> int:
        return self.size

    def decode(self, data: bytes) -> bytes:
        return data

    def encode(self, value: bytes) -> bytes:
        assert len(value) == self.size, f"a vector of {self.size} bytes cannot hold {len(value)}"
        return value

    def root(self, value: bytes) -> bytes:
        return merkleize(chunks(value))


@dataclass(frozen=True, slots=True)
class ByteList:
    """Up to `limit` bytes; its length is mixed into the root."""

    limit: int
    fixed: int | None = None

    @property
    def largest(self) -> int:
        return self.limit

    def decode(self, data: bytes) -> bytes:
        if len(data) > self.limit:
            raise RemoteProtocolError("ssz", f"a list of at most {self.limit} bytes has {len(data)}")
        return data

    def encode(self, value: bytes) -> bytes:
        assert len(value) <= self.limit, f"a list of at most {self.limit} bytes cannot hold {len(value)}"
        return value

    def root(self, value: bytes) -> bytes:
        data = merkleize(chunks(value), (self.limit + 31) // 32)
        return sha256(data + len(value).to_bytes(32, "little")).digest()


@dataclass(frozen=True, slots=True)
class Keys:
    """A vector of `count` compressed public keys of 48 bytes, kept as one `bytes`."""

    count: int

    @property
    def fixed(self) -> int | None:
        return self.count * 48

    @property
    def largest(self) -> int:
        return self.count * 48

    def decode(self, data: bytes) -> bytes:
        return data

    def encode(self, value: bytes) -> bytes:
        assert len(value) == self.count * 48, "the committee has another size"
        return value

    def root(self, value: bytes) -> bytes:
        pad = bytes(16)
        leaves = [sha256(value[at : at + 48] + pad).digest() for at in range(0, self.count * 48, 48)]
        return merkleize(leaves)


@dataclass(frozen=True, slots=True)
class Container:
    """A fixed table of fields, built by `make(**fields)` and read back by attribute."""

    make: Callable[..., Any]
    fields: tuple[tuple[str, Kind], ...]

    @property
    def fixed(self) -> int | None:
        sizes = [kind.fixed for _, kind in self.fields]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def largest(self) -> int:
        return sum(kind.largest + (_OFFSET if kind.fixed is None else 0) for _, kind in self.fields)

    @property
    def head(self) -> int:
        """Size in bytes of the fixed part, offsets included: where the first variable field begins."""
        return sum(_OFFSET if kind.fixed is None else kind.fixed for _, kind in self.fields)

    def decode(self, data: bytes) -> Any:
        """The value, or `RemoteProtocolError('ssz')` unless every byte has its one place."""
        head = self.head
        if len(data) < head or (self.fixed is not None and len(data) != head):
            raise RemoteProtocolError("ssz", f"{self._name} takes {head} bytes, got {len(data)}")
        values: dict[str, Any] = {}
        varying: list[tuple[str, Kind, int]] = []
        at = 0
        for name, kind in self.fields:
            size = kind.fixed
            if size is None:
                varying.append((name, kind, int.from_bytes(data[at : at + _OFFSET], "little")))
                at += _OFFSET
            else:
                values[name] = kind.decode(data[at : at + size])
                at += size
        self._decode_varying(data, head, varying, values)
        return self.make(**values)

    def _decode_varying(
        self, data: bytes, head: int, varying: list[tuple[str, Kind, int]], values: dict[str, Any]
    ) -> None:
        expected = head
        for index, (name, kind, begin) in enumerate(varying):
            end = varying[index + 1][2] if index + 1 < len(varying) else len(data)
            if index == 0 and begin != expected:
                raise RemoteProtocolError("ssz", f"{self._name}.{name} begins at {begin}, not at {expected}")
            if not begin <= end <= len(data):
                raise RemoteProtocolError("ssz", f"{self._name}.{name} runs from {begin} to {end} of {len(data)}")
            values[name] = kind.decode(data[begin:end])

    def encode(self, value: Any) -> bytes:
        head, tail, at = [], [], self.head
        for name, kind in self.fields:
            part = kind.encode(getattr(value, name))
            if kind.fixed is None:
                head.append(at.to_bytes(_OFFSET, "little"))
                tail.append(part)
                at += len(part)
            else:
                head.append(part)
        return b"".join(head + tail)

    def root(self, value: Any) -> bytes:
        return merkleize([kind.root(getattr(value, name)) for name, kind in self.fields])

    @property
    def _name(self) -> str:
        return getattr(self.make, "__name__", "container")


def chunks(data: bytes) -> list[bytes]:
    """`data` in 32-byte chunks, the last one padded with zeros."""
    return [data[at : at + 32].ljust(32, b"\0") for at in range(0, len(data), 32)] or [ZERO32]


def merkleize(leaves: Sequence[bytes], limit: int | None = None) -> bytes:
    """Root of `leaves` padded with zero chunks to the power of two that holds `limit` (or the leaves)."""
    depth = max((limit if limit is not None else len(leaves)) - 1, 0).bit_length()
    level = list(leaves)
    for height in range(depth):
        if len(level) & 1:
            level.append(_ZEROS[height])
        level = [sha256(level[at] + level[at + 1]).digest() for at in range(0, len(level), 2)]
    return level[0]


def branch_root(leaf: bytes, branch: Sequence[bytes], gindex: int) -> bytes:
    """The root that `branch` (bottom first) leads to from `leaf` at generalized index `gindex`."""
    assert len(branch) == gindex.bit_length() - 1, "one sibling a level"
    node = leaf
    for height, sibling in enumerate(branch):
        node = sha256(sibling + node if gindex >> height & 1 else node + sibling).digest()
    return node


def is_valid_branch(leaf: bytes, branch: Sequence[bytes], gindex: int, root: bytes) -> bool:
    """The specification's `is_valid_normalized_merkle_branch`: surplus siblings at the bottom must be zero."""
    extra = len(branch) - (gindex.bit_length() - 1)
    if extra < 0 or any(sibling != ZERO32 for sibling in branch[:extra]):
        return False
    return branch_root(leaf, branch[extra:], gindex) == root
