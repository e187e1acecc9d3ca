"""What a bundle must not go through: a private block that says whom the routers on its way should leave out.

The source of a bundle that was sent again, because nobody confirmed it, names the relays of the ways that failed. It is
a wish: a router that has no other way takes the one there is. The block says, too, the how manieth sending this is, so
that two sendings never have the same bytes: the convergence layer acknowledges a repetition without keeping it.
"""

from __future__ import annotations

from collections.abc import Collection

from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.network import cbor
from orbitalcloud.network.bundle import REPLICATE, Bundle, with_block

NOT_THROUGH = 222
"""Private block of this project (192 to 255 are for that): an array of the sending's number and an array of names."""
MAX_NAMES = 16
MAX_NAME_BYTES = 128
_NOTHING: tuple[int, frozenset[str]] = (1, frozenset())


def read_not_through(data: bytes) -> tuple[int, frozenset[str]]:
    """(number of the sending from 1, names of nodes) of the block's content; `RemoteProtocolError` if it is not one."""
    count, at = cbor.read_array(data, 0)
    if count != 2:
        raise RemoteProtocolError("not-through", f"an array of 2, not of {count}")
    sending, at = cbor.read_unsigned(data, at)
    size, at = cbor.read_array(data, at)
    if size > MAX_NAMES:
        raise RemoteProtocolError("not-through", f"{size} names, at most {MAX_NAMES} are taken")
    names = []
    for _ in range(size):
        name, at = cbor.read_text(data, at, MAX_NAME_BYTES)
        names.append(name)
    if at != len(data):
        raise RemoteProtocolError("trailing-bytes", f"{len(data) - at} bytes after the names")
    return sending, frozenset(names)


def not_through(bundle: Bundle) -> frozenset[str]:
    """Whom a bundle asks to be kept from; nobody where the block is missing or is not well formed: it is a wish."""
    return _read(bundle)[1]


def sending_of(bundle: Bundle) -> int:
    """The how manieth sending of the bundle this is, from 1."""
    return _read(bundle)[0]


def _read(bundle: Bundle) -> tuple[int, frozenset[str]]:
    block = bundle.block(NOT_THROUGH)
    if block is None:
        return _NOTHING
    try:
        return read_not_through(block.data)
    except RemoteProtocolError:
        return _NOTHING


def avoiding(bundle: Bundle, sending: int, names: Collection[str]) -> Bundle:
    """The bundle with the block in it; of more than `MAX_NAMES` the first by name."""
    chosen = sorted(names)[:MAX_NAMES]
    parts = [cbor.head(cbor.ARRAY, 2), cbor.unsigned(sending), cbor.head(cbor.ARRAY, len(chosen))]
    data = b"".join((*parts, *(cbor.text_string(name) for name in chosen)))
    return with_block(bundle, NOT_THROUGH, data, REPLICATE)
