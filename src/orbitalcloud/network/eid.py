"""Endpoint identifiers: who a bundle is for and from (RFC 9171 4.2.5.1, RFC 9758 for `ipn`).

Two schemes: `dtn:none`, `dtn://node/service`; `ipn:node.service`, `ipn:allocator.node.service`. An `Eid` keeps the
bytes that it was read from, because `ipn` has two encodings of one name and a relay must not change either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from orbitalcloud.core.errors import DataError, RemoteProtocolError
from orbitalcloud.network import cbor

DTN, IPN = 1, 2
TEXT_LIMIT = 1023
"""Longest scheme-specific part that is taken, in bytes; RFC 9171 sets none."""

_HIERARCHY = re.compile(r"//([A-Za-z0-9\-._~!$&'()*+,;=%]+)/([!-~]*)")
_NUMBERS = re.compile(r"ipn:(?:(0|[1-9]\d{0,9})\.)?(0|[1-9]\d{0,19})\.(0|[1-9]\d{0,19})")


@dataclass(frozen=True, slots=True)
class Eid:
    """An endpoint: its URI, its node's name, its service; equal when the URIs are."""

    text: str
    node: str = field(compare=False)
    service: str = field(compare=False)
    encoded: bytes = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.text

    @property
    def is_null(self) -> bool:
        """`dtn:none`, and every `ipn` name of node 0 (RFC 9758 3.4.1 asks to treat those alike)."""
        return not self.node


@lru_cache(maxsize=65_536)
def endpoint(node: str, service: str = "") -> Eid:
    """`dtn://node/service`, and of a node `ipn:N`, `ipn:N.service`; with no service the node's administrative endpoint.

    `DataError` where `node` is no node's name: with a slash in it, it would name another node.
    """
    if node.startswith("ipn:"):
        return parse_eid(f"{node}.{service or 0}")
    if not node or "/" in node:
        raise DataError("node name", node, "letters, digits and -._~ make a node's name")
    return parse_eid(f"dtn://{node}/{service}")


@lru_cache(maxsize=65_536)
def parse_eid(text: str) -> Eid:
    """Read a `dtn:` or `ipn:` URI; `DataError` if it is neither."""
    if text == "dtn:none":
        return NULL
    numbers = _NUMBERS.fullmatch(text)
    if numbers is not None:
        allocator, node, service = (int(part or 0) for part in numbers.groups())
        if node >> 32 == 0 and allocator >> 32 == 0 and service <= cbor.LARGEST:
            if not allocator:
                return _ipn(0, node, service, b"\x82\x02\x82" + cbor.unsigned(node) + cbor.unsigned(service))
            parts = cbor.unsigned(allocator) + cbor.unsigned(node) + cbor.unsigned(service)
            return _ipn(allocator, node, service, b"\x82\x02\x83" + parts)
    found = _HIERARCHY.fullmatch(text.removeprefix("dtn:")) if text.startswith("dtn:") else None
    if found is None or len(text) > TEXT_LIMIT:
        raise DataError("endpoint", text, "write dtn://node/service, ipn:node.service or dtn:none")
    return Eid(text, found[1], found[2], b"\x82\x01" + cbor.text_string(text[4:]))


def read_eid(data: bytes, at: int) -> tuple[Eid, int]:
    """The endpoint encoded at `at`, and the position after it; `RemoteProtocolError` if it is malformed."""
    start = data[at : at + 5]
    if start[:3] == NULL.encoded:
        return NULL, at + 3
    # The common short forms, whose end is plain to see; what is in them is checked once, by `_decode`.
    if len(start) == 5:
        if start[:2] == b"\x82\x01" and 0x60 <= start[2] < 0x78 and at + 3 + (start[2] & 31) <= len(data):
            end = at + 3 + (start[2] & 31)
            return _decode(data[at:end]), end
        if start[:3] == b"\x82\x02\x82" and start[3] < 24 and start[4] < 24:
            return _decode(start), at + 5
    end = _end(data, at)
    return _decode(data[at:end]), end


def _end(data: bytes, at: int) -> int:
    """Where the endpoint at `at` ends, so that its bytes can be looked up among those already understood."""
    count, at = cbor.read_array(data, at)
    if count != 2:
        raise RemoteProtocolError("eid-shape", f"an endpoint is an array of 2, not {count}")
    scheme, at = cbor.read_unsigned(data, at)
    if scheme == DTN:
        size, at = cbor.read_head(data, at, cbor.TEXT)
        if size > TEXT_LIMIT or at + size > len(data):
            raise RemoteProtocolError("eid-dtn", f"{size} bytes of text; at most {TEXT_LIMIT}, all present")
        return at + size
    if scheme != IPN:
        raise RemoteProtocolError("eid-scheme", f"scheme {scheme}: only dtn (1) and ipn (2) are known")
    count, at = cbor.read_array(data, at)
    if count not in (2, 3):
        raise RemoteProtocolError("eid-ipn", f"{count} numbers; 2 or 3 are allowed")
    for _ in range(count):
        _, at = cbor.read_unsigned(data, at)
    return at


@lru_cache(maxsize=65_536)
def _decode(data: bytes) -> Eid:
    """The endpoint that `data`, bounded by `_end`, is."""
    if data[1] == DTN:
        rest, _ = cbor.read_text(data, 2)
        found = _HIERARCHY.fullmatch(rest)
        if found is None:
            raise RemoteProtocolError("eid-dtn", f"{rest[:60]!r} is not //node/service")
        return Eid("dtn:" + rest, found[1], found[2], data)
    count, at = cbor.read_array(data, 2)
    numbers = []
    for _ in range(count):
        number, at = cbor.read_unsigned(data, at)
        numbers.append(number)
    allocator, node = numbers[:2] if count == 3 else (numbers[0] >> 32, numbers[0] & 0xFFFF_FFFF)
    if allocator >> 32 or node >> 32:
        raise RemoteProtocolError("eid-ipn", "allocator and node number have 32 bits each")
    return _ipn(allocator, node, numbers[-1], data)


def _ipn(allocator: int, node: int, service: int, encoded: bytes) -> Eid:
    name = f"{allocator}.{node}" if allocator else str(node)
    null = allocator == 0 and node == 0
    return Eid(f"ipn:{name}.{service}", "" if null else f"ipn:{name}", str(service), encoded)


NULL = Eid("dtn:none", "", "", b"\x82\x01\x00")
"""Nobody."""
