"""The subset of CBOR that bundles are written in, byte for byte and strict (RFC 8949 4.2.1: shortest heads only).

Each `read_` takes the bytes and a position and gives the value and the position after it; anything but the one
right encoding raises `RemoteProtocolError`. Nothing here recurses, so depth is not a question.
"""

from __future__ import annotations

from orbitalcloud.core.errors import RemoteProtocolError

UNSIGNED, BYTES, TEXT, ARRAY = 0, 2, 3, 4
BREAK = 0xFF
INDEFINITE_ARRAY = 0x9F
LARGEST = 2**64 - 1

_NAMES = {UNSIGNED: "unsigned integer", BYTES: "byte string", TEXT: "text string", ARRAY: "array"}
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_LEAST = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}
_TINY = tuple(bytes((value,)) for value in range(256))


def head(major: int, value: int) -> bytes:
    """The shortest head of this major type for 0 ≤ value < 2⁶⁴."""
    first = major << 5
    if value < 24:
        return _TINY[first | value]
    if value < 1 << 8:
        return bytes((first | 24, value))
    if value < 1 << 16:
        return _TINY[first | 25] + value.to_bytes(2, "big")
    if value < 1 << 32:
        return _TINY[first | 26] + value.to_bytes(4, "big")
    return _TINY[first | 27] + value.to_bytes(8, "big")


def unsigned(value: int) -> bytes:
    """An unsigned integer."""
    return _TINY[value] if value < 24 else head(UNSIGNED, value)


def byte_string(data: bytes) -> bytes:
    """A definite byte string."""
    return head(BYTES, len(data)) + data


def text_string(text: str) -> bytes:
    """A definite text string in UTF-8."""
    data = text.encode()
    return head(TEXT, len(data)) + data


def read_head(data: bytes, at: int, major: int) -> tuple[int, int]:
    """The argument of the head at `at`, which must be of this major type, and the position after it."""
    try:
        first = data[at]
    except IndexError:
        raise RemoteProtocolError("truncated", f"ends at byte {at}") from None
    if first >> 5 != major:
        raise RemoteProtocolError("type", f"byte {at}: 0x{first:02x} is not an {_NAMES[major]}")
    low = first & 31
    if low < 24:
        return low, at + 1
    width = _WIDTHS.get(low)
    if width is None:
        raise RemoteProtocolError("indefinite", f"byte {at}: 0x{first:02x} has no definite length")
    end = at + 1 + width
    if end > len(data):
        raise RemoteProtocolError("truncated", f"ends inside the head at byte {at}")
    value = int.from_bytes(data[at + 1 : end], "big")
    if value < _LEAST[width]:
        raise RemoteProtocolError("not-shortest", f"byte {at}: {value} is written in {width} bytes")
    return value, end


def read_unsigned(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned integer and the position after it."""
    if at < len(data) and data[at] < 24:
        return data[at], at + 1
    return read_head(data, at, UNSIGNED)


def read_bytes(data: bytes, at: int, largest: int = LARGEST) -> tuple[bytes, int]:
    """A byte string of at most `largest` bytes and the position after it."""
    size, start = read_head(data, at, BYTES)
    return _slice(data, start, size, largest)


def read_text(data: bytes, at: int, largest: int = LARGEST) -> tuple[str, int]:
    """A text string of at most `largest` bytes of valid UTF-8 and the position after it."""
    size, start = read_head(data, at, TEXT)
    raw, end = _slice(data, start, size, largest)
    try:
        return raw.decode(), end
    except UnicodeDecodeError:
        raise RemoteProtocolError("utf-8", f"byte {start}: text is not UTF-8") from None


def read_array(data: bytes, at: int) -> tuple[int, int]:
    """How many items the definite array at `at` has, and where the first begins."""
    return read_head(data, at, ARRAY)


def _slice(data: bytes, start: int, size: int, largest: int) -> tuple[bytes, int]:
    if size > largest:
        raise RemoteProtocolError("oversize", f"byte {start}: {size} bytes, at most {largest} are taken")
    end = start + size
    if end > len(data):
        raise RemoteProtocolError("truncated", f"byte {start}: {size} bytes announced, {len(data) - start} are there")
    return data[start:end], end
