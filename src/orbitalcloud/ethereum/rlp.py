"""Recursive Length Prefix, the encoding of Ethereum's execution layer: strict, and bounded before it reads.

An item is `bytes` or a list of items. The decoder accepts the one canonical encoding of an item and nothing else, so
that `encode(decode(data)) == data` always holds: what was hashed is what was read. It walks with a stack of its own
instead of recursing, because libraries beside us raise Python's recursion limit (`recursion.py`) and a depth bomb would
then end the process. A length is compared with the bytes that are there before anything is taken.

The `rlp` package is not used for bytes from outside: it recurses as deep as the sender likes, has no bound on items,
and takes two and a half times as long a node. Tests hold this decoder to it wherever both answer.

Source: Ethereum yellow paper, appendix B. Refusals are `RemoteProtocolError("rlp", …)`.
"""

from __future__ import annotations

from typing import TypeAlias

from orbitalcloud.core import RemoteProtocolError

Item: TypeAlias = "bytes | list[Item]"

MAX_DEPTH = 8
"""Lists within lists. The deepest that exist are access lists and logs (4) and inlined trie nodes (5)."""
MAX_ITEMS = 1_000_000
"""Items of one decoding. The largest receipt that 60 M gas can buy has 160,000 logs of four items (375 gas a log)."""


def decode(data: bytes, *, max_depth: int = MAX_DEPTH, max_items: int = MAX_ITEMS) -> Item:
    """The one item that `data` encodes; `RemoteProtocolError('rlp')` if it is not exactly and canonically one."""
    size = len(data)
    if not size:
        raise RemoteProtocolError("rlp", "no bytes where an item should be")
    top: list[Item] = []
    into, end, at, room = top, size, 0, max_items
    open_lists: list[tuple[list[Item], int]] = []
    while True:
        room -= 1
        if room < 0:
            raise RemoteProtocolError("rlp", f"more than {max_items} items")
        prefix = data[at]
        if prefix < 0x80:
            stop = at + 1
            into.append(data[at:stop])
        elif prefix < 0xB8:
            begin, stop = at + 1, at + prefix - 0x7F
            if stop > end or (prefix == 0x81 and data[begin] < 0x80):
                raise _misfit(data, at, stop, end)
            into.append(data[begin:stop])
        else:
            begin, stop = _extent(data, at, end)
            if prefix < 0xC0:
                into.append(data[begin:stop])
            else:
                if len(open_lists) == max_depth:
                    raise RemoteProtocolError("rlp", f"lists nested more than {max_depth} deep")
                open_lists.append((into, end))
                inner: list[Item] = []
                into.append(inner)
                into, end, stop = inner, stop, begin
        at = stop
        while at == end:
            if not open_lists:
                return top[0]
            into, end = open_lists.pop()
        if into is top:
            raise RemoteProtocolError("rlp", f"{size - at} bytes after the item")


def _extent(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Where the payload of the long string or list at `at` begins and stops; it must lie before `end`."""
    prefix = data[at]
    base = 0xC0 if prefix >= 0xC0 else 0x80
    if prefix - base <= 55:
        begin, stop = at + 1, at + 1 + prefix - base
    else:
        begin = at + 1 + prefix - base - 55
        if begin > end:
            raise _misfit(data, at, begin, end)
        if data[at + 1] == 0:
            raise RemoteProtocolError("rlp", f"a length with leading zeros at byte {at}")
        length = int.from_bytes(data[at + 1 : begin], "big")
        if length < 56:
            raise RemoteProtocolError("rlp", f"a length of {length} in long form at byte {at}")
        stop = begin + length
    if stop > end:
        raise _misfit(data, at, stop, end)
    return begin, stop


def _misfit(data: bytes, at: int, stop: int, end: int) -> RemoteProtocolError:
    if stop > end:
        return RemoteProtocolError("rlp", f"the item at byte {at} needs {stop - at} bytes of {end - at}")
    return RemoteProtocolError("rlp", f"byte {data[at + 1]:#04x} wears a prefix that it does not need at byte {at}")


def encode(item: Item) -> bytes:
    """The canonical bytes of an item of our own making."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(len(item), 0x80) + item
    payload = b"".join([encode(each) for each in item])
    return _prefix(len(payload), 0xC0) + payload


def _prefix(length: int, base: int) -> bytes:
    if length < 56:
        return bytes((base + length,))
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((base + 55 + len(size),)) + size


def integer(value: int) -> bytes:
    """An unsigned integer as RLP holds it: big-endian, no leading zeros, zero is empty."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def read_integer(item: Item, what: str, max_bytes: int = 32) -> int:
    """The unsigned integer in `item`; `RemoteProtocolError('rlp')` for a list, leading zeros or too many bytes."""
    if not isinstance(item, bytes):
        raise RemoteProtocolError("rlp", f"{what} is a list, not an integer")
    if len(item) > max_bytes or item[:1] == b"\0":
        raise RemoteProtocolError("rlp", f"{what} has leading zeros or more than {max_bytes} bytes")
    return int.from_bytes(item, "big")


def read_bytes(item: Item, what: str, size: int | None = None) -> bytes:
    """The byte string in `item`; `RemoteProtocolError('rlp')` for a list or another size than `size`."""
    if not isinstance(item, bytes):
        raise RemoteProtocolError("rlp", f"{what} is a list, not bytes")
    if size is not None and len(item) != size:
        raise RemoteProtocolError("rlp", f"{what} has {len(item)} bytes, not {size}")
    return item


def read_list(item: Item, what: str, size: int | None = None) -> list[Item]:
    """The list in `item`; `RemoteProtocolError('rlp')` for bytes or another number of items than `size`."""
    if isinstance(item, bytes):
        raise RemoteProtocolError("rlp", f"{what} is bytes, not a list")
    if size is not None and len(item) != size:
        raise RemoteProtocolError("rlp", f"{what} has {len(item)} items, not {size}")
    return item
