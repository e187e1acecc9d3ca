"""Cutting bundles and putting them together again: RFC 9171 5.8 and 5.9."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from orbitalcloud.core.errors import LocalProtocolError, RemoteProtocolError
from orbitalcloud.network.bundle import (
    IS_FRAGMENT,
    MUST_NOT_FRAGMENT,
    PAYLOAD,
    REPLICATE,
    Block,
    Bundle,
    encode,
)
from orbitalcloud.network.eid import Eid
from orbitalcloud.network.ranges import Pieces

_HEAD_GROWTH = 32
"""The most by which a fragment's fixed part outgrows the whole's: two integers of 9 bytes, a longer payload head."""


def may_fragment(bundle: Bundle) -> bool:
    """Whether this bundle may be cut, and then put together again.

    A signed or sealed one may (RFC 9172 5.2: security is never added to a fragment, but what has it may be cut by
    RFC 9171's rules): its security is judged when it is whole. Nobody's may not: `dtn:none` with a time names many.
    """
    return not bundle.flags & MUST_NOT_FRAGMENT and not bundle.source.is_null


def overhead_bytes(bundle: Bundle) -> int:
    """An upper bound of the bytes that a fragment of `bundle` has besides its payload."""
    bare = Block(PAYLOAD, 1, b"", bundle.blocks[-1].flags, bundle.blocks[-1].crc)
    return len(encode(msgspec.structs.replace(bundle, blocks=(*bundle.blocks[:-1], bare)))) + _HEAD_GROWTH


def split(bundle: Bundle, first_bytes: int) -> tuple[Bundle, Bundle]:
    """Two fragments, the first with `first_bytes` of the payload; `LocalProtocolError` if it must not be cut."""
    if not may_fragment(bundle):
        raise LocalProtocolError(f"{bundle.id} must not be fragmented")
    size = len(bundle.payload)
    assert 0 < first_bytes < size, "both fragments carry something"
    return _part(bundle, 0, first_bytes), _part(bundle, first_bytes, size)


def fragment(bundle: Bundle, max_bytes: int) -> list[Bundle]:
    """Fragments whose encodings have at most `max_bytes` each; the bundle itself where it fits already.

    `LocalProtocolError` where it must not be cut or `max_bytes` leaves no room for payload.
    """
    if len(encode(bundle)) <= max_bytes:
        return [bundle]
    if not may_fragment(bundle):
        raise LocalProtocolError(f"{bundle.id} must not be fragmented")
    step = max_bytes - overhead_bytes(bundle)
    if step < 1:
        raise LocalProtocolError(f"{bundle.id}: {max_bytes} bytes leave no room for payload")
    size = len(bundle.payload)
    return [_part(bundle, start, min(start + step, size)) for start in range(0, size, step)]


def _part(bundle: Bundle, start: int, end: int) -> Bundle:
    payload = bundle.blocks[-1]
    kept = [block for block in bundle.blocks[:-1] if start == 0 or block.flags & REPLICATE]
    kept.append(Block(PAYLOAD, 1, payload.data[start:end], payload.flags, payload.crc))
    return msgspec.structs.replace(
        bundle,
        flags=bundle.flags | IS_FRAGMENT,
        offset=bundle.offset + start,
        total_bytes=bundle.total_bytes if bundle.is_fragment else len(payload.data),
        blocks=tuple(kept),
    )


class Reassembly:
    """The fragments of one bundle. Overlaps must agree; the extension blocks are those of the fragment at offset 0."""

    __slots__ = ("_first", "_name", "_pieces")

    def __init__(self, total_bytes: int) -> None:
        self._pieces = Pieces(total_bytes)
        self._first: Bundle | None = None
        self._name: tuple[Eid, int, int] | None = None

    @property
    def complete(self) -> bool:
        """Whether the whole payload is there."""
        return self._pieces.complete and self._first is not None

    def add(self, part: Bundle) -> None:
        """Take a fragment; `RemoteProtocolError` where it contradicts the others, which stay as they were."""
        name = (part.source, part.created_ms, part.sequence)
        if not part.is_fragment or self._name not in (None, name):
            raise RemoteProtocolError("fragment-name", f"{part.id} is not a fragment of this bundle")
        if part.total_bytes != self._pieces.total_bytes:
            raise RemoteProtocolError("fragment-total", f"{part.total_bytes}, others said {self._pieces.total_bytes}")
        self._pieces.add(part.offset, part.payload)
        self._name = name
        if part.offset == 0 and self._first is None:
            self._first = part

    def bundle(self) -> Bundle:
        """The whole bundle; only when complete."""
        assert self._first is not None, "the first fragment is missing"
        first = self._first
        payload = first.blocks[-1]
        whole = Block(PAYLOAD, 1, self._pieces.join(), payload.flags, payload.crc)
        return msgspec.structs.replace(
            first, flags=first.flags & ~IS_FRAGMENT, offset=0, total_bytes=0, blocks=(*first.blocks[:-1], whole)
        )


class Parts:
    """The fragments of many bundles at their destination, by the bundle's name."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[str, tuple[Reassembly, list[str]]] = {}

    def add(self, part: Bundle) -> Bundle | None:
        """Put a fragment to the others; the bundle when nothing is missing. `RemoteProtocolError` as `Reassembly`'s."""
        found = self._of.get(part.whole_id)
        if found is None:
            found = self._of[part.whole_id] = (Reassembly(part.total_bytes), [])
        assembly, names = found
        assembly.add(part)
        names.append(part.id)
        return assembly.bundle() if assembly.complete else None

    def forget(self, whole_id: str) -> Sequence[str]:
        """Let go what there is of a bundle; the names of its fragments that were taken."""
        return self._of.pop(whole_id, (None, ()))[1]
