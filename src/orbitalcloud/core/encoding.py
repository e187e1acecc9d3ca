"""Canonical bytes: what is hashed and signed has one encoding.

Structures are JSON with sorted keys, no spaces, UTF-8 and no floats: for the integers and strings used here
this is RFC 8785 (JCS), so that a stranger can re-make the bytes in any language. Integers beyond ±2⁵³, where
JSON readers differ, are refused.

Where a radio pays for every byte (signed notices), the same structures are MessagePack: `canonical_pack`.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from orbitalcloud.core.errors import DataError

_EXACT = 2**53
_BRACKETS = re.compile(r"[\[{]|[\]}]")


def canonical_json(value: object) -> bytes:
    """The RFC 8785 bytes of dicts, lists, strings, booleans, null and integers within ±2⁵³ (Structs too)."""
    plain = msgspec.to_builtins(value)
    _check(plain, "$")
    return msgspec.json.encode(plain, order="sorted")


def canonical_pack(value: msgspec.Struct) -> bytes:
    """The MessagePack bytes of a Struct of integers, text, bytes, tuples and other such Structs, all `array_like`.

    There is one encoding of each value: arrays in the order of the fields, integers and lengths in their shortest form.
    Whoever reads such bytes packs what was read again and compares: what differs is refused.
    """
    return _PACKER.encode(value)


_PACKER = msgspec.msgpack.Encoder()


def _check(value: object, place: str) -> None:
    if isinstance(value, bool | str) or value is None:
        return
    if isinstance(value, int):
        if abs(value) > _EXACT:
            raise DataError(place, value, "write integers beyond 2^53 as text: JSON readers differ on them")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(item, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, f"{place}[{index}]")
    else:
        raise DataError(place, value, "signed structures hold integers, text, lists and objects: no floats")


def digest_of(data: bytes) -> str:
    """`sha256:<64 hex>`, the name by which artefacts, inputs and outputs are known."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def to_hex(data: bytes) -> str:
    """`0x…`, Ethereum's habit."""
    return "0x" + data.hex()


def from_hex(text: str, size: int | None = None) -> bytes:
    """Bytes of `0x…` (or bare hex); `DataError` if it is not hex or, where `size` is given, not that long."""
    try:
        data = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise DataError("hex", text, "write 0x followed by an even number of hex digits") from None
    if size is not None and len(data) != size:
        raise DataError("hex", text, f"write {size} bytes ({2 * size} hex digits), this has {len(data)}")
    return data


def nesting(text: str) -> int:
    """How deep brackets nest in JSON text (those inside strings counted too: no honest file comes near a limit).

    The standard parser recurses as deep as its text says, and the interpreter's own limit is a library's to raise.
    """
    depth = deepest = 0
    for bracket in _BRACKETS.finditer(text):
        depth += 1 if bracket[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest
