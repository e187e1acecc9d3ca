"""CBOR items inside security blocks: integers of both signs and small maps, strict and bounded.

`network.cbor` reads what bundles are made of; COSE headers need a little more. Heads are the shortest, lengths are
definite, map keys are unique integers, nesting and counts are limited: everything else is a `RemoteProtocolError`.
Written maps are deterministic (RFC 8949 4.2.1).
"""

from __future__ import annotations

from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.network import cbor

NEGATIVE, MAP, SIMPLE = 1, 5, 7
NULL = b"\xf6"
MAX_DEPTH = 4
MAX_ITEMS = 32

Item = int | bytes | str | bool | None | list["Item"] | dict[int, "Item"]


def integer(value: int) -> bytes:
    """An integer of either sign, |value| < 2⁶⁴."""
    return cbor.unsigned(value) if value >= 0 else cbor.head(NEGATIVE, -1 - value)


def read_integer(data: bytes, at: int) -> tuple[int, int]:
    """An integer of either sign and the position after it."""
    if at < len(data) and data[at] >> 5 == NEGATIVE:
        value, at = cbor.read_head(data, at, NEGATIVE)
        return -1 - value, at
    return cbor.read_unsigned(data, at)


def write_map(pairs: dict[int, bytes]) -> bytes:
    """A map of integers to encoded items, keys in the order of their encodings."""
    fields = sorted((integer(key), value) for key, value in pairs.items())
    return cbor.head(MAP, len(fields)) + b"".join(key + value for key, value in fields)


def write_scope(scope: dict[int, int]) -> bytes:
    """A map of integers to unsigned integers."""
    return write_map({key: cbor.unsigned(value) for key, value in scope.items()})


def read_item(data: bytes, at: int, depth: int = 0) -> tuple[Item, int]:
    """Any one of the items that COSE headers are made of, and the position after it."""
    if depth > MAX_DEPTH:
        raise RemoteProtocolError("depth", f"byte {at}: nested deeper than {MAX_DEPTH}")
    major = data[at] >> 5 if at < len(data) else cbor.UNSIGNED
    if major in (cbor.UNSIGNED, NEGATIVE):
        return read_integer(data, at)
    if major == cbor.BYTES:
        return cbor.read_bytes(data, at)
    if major == cbor.TEXT:
        return cbor.read_text(data, at)
    if major == cbor.ARRAY:
        return _read_array(data, at, depth)
    if major == MAP:
        return _read_map(data, at, depth)
    simple = {0xF4: False, 0xF5: True, 0xF6: None}
    if data[at] in simple:
        return simple[data[at]], at + 1
    raise RemoteProtocolError("type", f"byte {at}: 0x{data[at]:02x} is no item of a security block")


def read_whole(data: bytes) -> Item:
    """The one item that `data` is."""
    value, end = read_item(data, 0)
    if end != len(data):
        raise RemoteProtocolError("trailing-bytes", f"{len(data) - end} bytes after the item")
    return value


def read_scope(data: bytes, at: int) -> tuple[dict[int, int], int]:
    """A map of integers to unsigned integers and the position after it."""
    if at >= len(data) or data[at] >> 5 != MAP:
        raise RemoteProtocolError("type", f"byte {at}: an AAD scope is a map")
    found, end = _read_map(data, at, 0)
    scope = {key: value for key, value in found.items() if type(value) is int and value >= 0}
    if len(scope) != len(found):
        raise RemoteProtocolError("type", f"byte {at}: an AAD scope has unsigned values")
    return scope, end


def _read_array(data: bytes, at: int, depth: int) -> tuple[list[Item], int]:
    count, at = cbor.read_array(data, at)
    _bound(count, at)
    items: list[Item] = []
    for _ in range(count):
        value, at = read_item(data, at, depth + 1)
        items.append(value)
    return items, at


def _read_map(data: bytes, at: int, depth: int) -> tuple[dict[int, Item], int]:
    count, at = cbor.read_head(data, at, MAP)
    _bound(count, at)
    pairs: dict[int, Item] = {}
    for _ in range(count):
        key, at = read_integer(data, at)
        if key in pairs:
            raise RemoteProtocolError("map-key", f"byte {at}: {key} stands twice")
        pairs[key], at = read_item(data, at, depth + 1)
    return pairs, at


def _bound(count: int, at: int) -> None:
    if count > MAX_ITEMS:
        raise RemoteProtocolError("oversize", f"byte {at}: {count} items, at most {MAX_ITEMS} are taken")
