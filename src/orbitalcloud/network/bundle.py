"""Bundles as data and as bytes: BPv7, RFC 9171, strict.

`encode(bundle)` gives the one encoding; `decode(data)` takes nothing else, and `encode(decode(data)) == data` for all
that it takes. What RFC 9171 asks of a sender beyond well-formed bytes (a protected primary block, an age where there is
no clock) is checked apart, by `require_conformant`, because the RFC's own examples break it.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import MILLISECOND, Instant
from orbitalcloud.network import cbor
from orbitalcloud.network.crc import CRC32C, WIDTH, block_crc
from orbitalcloud.network.eid import NULL, Eid, read_eid

VERSION = 7
DTN_EPOCH_MS = 946_684_800_000
"""2000-01-01T00:00:00Z in POSIX milliseconds, from which DTN time counts (RFC 9171 4.2.6)."""

# Bundle processing control flags (RFC 9171 4.2.3).
IS_FRAGMENT, IS_ADMINISTRATIVE, MUST_NOT_FRAGMENT = 0x01, 0x02, 0x04
STATUS_REPORTS = 0x04000 | 0x10000 | 0x20000 | 0x40000

# Block processing control flags (RFC 9171 4.2.4).
REPLICATE, REPORT_UNPROCESSED, DELETE_UNPROCESSED, DISCARD_UNPROCESSED = 0x01, 0x02, 0x04, 0x10

# Block types (RFC 9171 4.3, RFC 9172 11.1); 192-255 are for private use.
PAYLOAD, PREVIOUS_NODE, BUNDLE_AGE, HOP_COUNT, BLOCK_INTEGRITY, BLOCK_CONFIDENTIALITY = 1, 6, 7, 10, 11, 12
PRIORITY = 220
PATH_NOW = 221
"""Private block of this project: one unsigned integer, larger is more urgent. RFC 9171 has no class of service."""

# Tolerances: what implementations get wrong, accepted only where it is asked for, one by one (docs/decisions/0038).
NO_PRIMARY_CRC = "primary-crc"
"""Neither CRC nor BIB on the primary block (4.3.1): ION, uD3TN, bp7-rs and ESA BP write and take it."""
PAYLOAD_NUMBER = "payload-number"
"""A payload block whose number is not 1 (4.1): ION 4.1.3 and pyD3TN take it."""
BLOCK_NUMBER = "block-number"
"""Block numbers used twice (4.1): ION 4.1.3 takes it. Never together with security blocks, which name numbers."""
NO_AGE = "age-missing"
"""Creation time 0 without a bundle age block (4.4.2): its age counts from its arrival."""
ANONYMOUS = "anonymous"
"""From `dtn:none` and without must-not-fragment, or asking for reports (4.2.3)."""
TOLERANCES = frozenset((NO_PRIMARY_CRC, PAYLOAD_NUMBER, BLOCK_NUMBER, NO_AGE, ANONYMOUS))
STRICT: frozenset[str] = frozenset()

MAX_BYTES = 64 << 20
MAX_BLOCKS = 64
_UNIQUE = frozenset((PAYLOAD, PREVIOUS_NODE, BUNDLE_AGE, HOP_COUNT))


class Block(msgspec.Struct, frozen=True, gc=False):
    """A canonical block: `data` is the content of its byte string."""

    type: int
    number: int
    data: bytes
    flags: int = 0
    crc: int = CRC32C


class Bundle(msgspec.Struct, frozen=True):
    """A bundle: the primary block's fields, then the canonical blocks in order, the payload last.

    `created_ms` is DTN time (0: the source had no clock); `offset` and `total_bytes` count in the whole bundle's
    payload and mean something only where `flags` say fragment.
    """

    destination: Eid
    source: Eid
    created_ms: int
    sequence: int
    lifetime_ms: int
    blocks: tuple[Block, ...]
    report_to: Eid = NULL
    flags: int = 0
    crc: int = CRC32C
    offset: int = 0
    total_bytes: int = 0

    @property
    def payload(self) -> bytes:
        """The payload block's data."""
        return self.blocks[-1].data

    @property
    def is_fragment(self) -> bool:
        """Whether it carries only a part of its payload."""
        return bool(self.flags & IS_FRAGMENT)

    @property
    def whole_id(self) -> str:
        """`source/creation ms-sequence` in POSIX milliseconds: what all fragments of one bundle share."""
        return name_of(self.source, self.created_ms, self.sequence)

    @property
    def id(self) -> str:
        """`whole_id`, and for a fragment `+offset.length`."""
        whole = self.whole_id
        return f"{whole}+{self.offset}.{len(self.payload)}" if self.flags & IS_FRAGMENT else whole

    def block(self, kind: int) -> Block | None:
        """The first block of this type."""
        for block in self.blocks:
            if block.type == kind:
                return block
        return None

    @property
    def previous_node(self) -> Eid | None:
        """Who forwarded it last, where it says."""
        block = self.block(PREVIOUS_NODE)
        return read_eid(block.data, 0)[0] if block else None

    @property
    def age_ms(self) -> int | None:
        """Milliseconds since its creation as counted by those who carried it, where it says."""
        block = self.block(BUNDLE_AGE)
        return cbor.read_unsigned(block.data, 0)[0] if block else None

    @property
    def hops(self) -> tuple[int, int] | None:
        """(limit, count), where it says."""
        block = self.block(HOP_COUNT)
        return _read_hops(block.data) if block else None

    @property
    def priority(self) -> int:
        """The private priority block's value, 1 without one or where its data is something else."""
        block = self.block(PRIORITY)
        if block is None:
            return 1
        return block.data[0] if len(block.data) == 1 and block.data[0] < 24 else 1

    @property
    def path_now_ms(self) -> int | None:
        """How long a bundle that wants a path now may wait at each node, by its private block; None: any path is good.

        What is no such number, or one of 2³² or more, is no wish.
        """
        block = self.block(PATH_NOW)
        if block is None:
            return None
        try:
            value, end = cbor.read_unsigned(block.data, 0)
        except RemoteProtocolError:
            return None
        return value if end == len(block.data) and value < 1 << 32 else None

    @property
    def created(self) -> Instant:
        """Creation as an `Instant`; only where `created_ms` is not 0."""
        assert self.created_ms, "the source had no clock"
        return Instant((self.created_ms + DTN_EPOCH_MS) * MILLISECOND)


def name_of(source: Eid, created_ms: int, sequence: int) -> str:
    """The id of the whole bundle that `source` made with this timestamp; see `Bundle.whole_id`."""
    moment = created_ms + DTN_EPOCH_MS if created_ms else 0
    return f"{_stem(source.text)}/{moment}-{sequence}"


@lru_cache(maxsize=65_536)
def _stem(source: str) -> str:
    """How a bundle's id begins: its source, without what every `dtn` name begins and ends with."""
    return source[6:].rstrip("/") if source.startswith("dtn://") else source


def dtn_ms(at: Instant) -> int:
    """An instant in whole milliseconds of DTN time."""
    return at // MILLISECOND - DTN_EPOCH_MS


# Writing ------------------------------------------------------------------------------------------------------------


def encode(bundle: Bundle) -> bytes:
    """The bundle's bytes, CRCs computed."""
    return b"".join((b"\x9f", _primary(bundle), *[_canonical(block) for block in bundle.blocks], b"\xff"))


def _primary(bundle: Bundle) -> bytes:
    unsigned = cbor.unsigned
    kind, flags = bundle.crc, bundle.flags
    items = 8 + (2 if flags & IS_FRAGMENT else 0) + (1 if kind else 0)
    body = (
        bytes((0x80 | items, VERSION))
        + unsigned(flags)
        + unsigned(kind)
        + bundle.destination.encoded
        + bundle.source.encoded
        + bundle.report_to.encoded
        + b"\x82"
        + unsigned(bundle.created_ms)
        + unsigned(bundle.sequence)
        + unsigned(bundle.lifetime_ms)
    )
    if flags & IS_FRAGMENT:
        body += unsigned(bundle.offset) + unsigned(bundle.total_bytes)
    return _sealed(kind, body) if kind else body


def _canonical(block: Block) -> bytes:
    kind, number, flags, data = block.type, block.number, block.flags, block.data
    if kind < 24 and number < 24 and flags < 24:
        start = bytes((0x86 if block.crc else 0x85, kind, number, flags, block.crc))
    else:
        start = b"\x86" if block.crc else b"\x85"
        start += cbor.unsigned(kind) + cbor.unsigned(number) + cbor.unsigned(flags) + cbor.unsigned(block.crc)
    body = start + cbor.head(cbor.BYTES, len(data)) + data
    return _sealed(block.crc, body) if block.crc else body


def _sealed(kind: int, body: bytes) -> bytes:
    body += b"\x44" if kind == CRC32C else b"\x42"
    return body + block_crc(kind, body)


# Reading ------------------------------------------------------------------------------------------------------------


def decode(data: bytes, largest: int = MAX_BYTES, tolerate: frozenset[str] = STRICT) -> Bundle:
    """The bundle that `data` is, wholly; `RemoteProtocolError(check, detail)` for anything else.

    `tolerate` names checks (of `TOLERANCES`) that are let pass; what is taken is still written back byte for byte.
    """
    if len(data) > largest:
        raise RemoteProtocolError("oversize", f"{len(data)} bytes, at most {largest} are taken")
    if data[:1] != b"\x9f":
        raise RemoteProtocolError("outer-array", "a bundle is an indefinite-length array")
    fields, at = _read_primary(data, 1)
    blocks: list[Block] = []
    while True:
        if at >= len(data):
            raise RemoteProtocolError("truncated", f"ends at byte {at} without a break")
        if data[at] == cbor.BREAK:
            break
        if len(blocks) == MAX_BLOCKS:
            raise RemoteProtocolError("blocks", f"more than {MAX_BLOCKS} blocks")
        block, at = _read_canonical(data, at, largest)
        blocks.append(block)
    if at + 1 != len(data):
        raise RemoteProtocolError("trailing-bytes", f"{len(data) - at - 1} bytes after the bundle")
    _check_blocks(blocks, tolerate)
    bundle = Bundle(*fields[:5], tuple(blocks), *fields[5:])
    if bundle.is_fragment and bundle.offset + len(blocks[-1].data) > bundle.total_bytes:
        raise RemoteProtocolError("fragment-range", f"offset {bundle.offset} and its payload pass {bundle.total_bytes}")
    return bundle


_Primary = tuple[Eid, Eid, int, int, int, Eid, int, int, int, int]


def _read_primary(data: bytes, start: int) -> tuple[_Primary, int]:
    items, at = cbor.read_array(data, start)
    version, at = cbor.read_unsigned(data, at)
    if version != VERSION:
        raise RemoteProtocolError("version", f"{version}, not {VERSION}")
    flags, at = cbor.read_unsigned(data, at)
    kind, at = _read_crc_type(data, at)
    fragment = flags & IS_FRAGMENT
    if items != 8 + (2 if fragment else 0) + (1 if kind else 0):
        raise RemoteProtocolError("primary-length", f"{items} items with flags 0x{flags:x} and CRC type {kind}")
    destination, at = read_eid(data, at)
    source, at = read_eid(data, at)
    report_to, at = read_eid(data, at)
    if data[at : at + 1] != b"\x82":
        raise RemoteProtocolError("timestamp", "the creation timestamp is an array of 2")
    created, at = cbor.read_unsigned(data, at + 1)
    sequence, at = cbor.read_unsigned(data, at)
    lifetime, at = cbor.read_unsigned(data, at)
    offset = total = 0
    if fragment:
        offset, at = cbor.read_unsigned(data, at)
        total, at = cbor.read_unsigned(data, at)
    if kind:
        at = _check_crc(data, start, at, kind)
    return (destination, source, created, sequence, lifetime, report_to, flags, kind, offset, total), at


def _read_canonical(data: bytes, start: int, largest: int) -> tuple[Block, int]:
    head = data[start]
    if head not in (0x85, 0x86):
        raise RemoteProtocolError("block-length", f"byte {start}: 0x{head:02x} is not an array of 5 or 6")
    small = data[start + 1 : start + 5]
    if len(small) == 4 and max(small) < 24 and small[3] <= CRC32C:
        kind, number, flags, crc = small  # Each is its own encoding.
        at = start + 5
    else:
        kind, at = cbor.read_unsigned(data, start + 1)
        number, at = cbor.read_unsigned(data, at)
        flags, at = cbor.read_unsigned(data, at)
        crc, at = _read_crc_type(data, at)
    if (head == 0x86) != (crc != 0):
        raise RemoteProtocolError("block-length", f"block {number}: {head & 31} items with CRC type {crc}")
    content, at = cbor.read_bytes(data, at, largest)
    if crc:
        at = _check_crc(data, start, at, crc)
    return Block(kind, number, content, flags, crc), at


def _read_crc_type(data: bytes, at: int) -> tuple[int, int]:
    kind, at = cbor.read_unsigned(data, at)
    if kind > CRC32C:
        raise RemoteProtocolError("crc-type", f"{kind} is none of 0, 1, 2")
    return kind, at


def _check_crc(data: bytes, start: int, at: int, kind: int) -> int:
    width = WIDTH[kind]
    end = at + 1 + width
    if data[at : at + 1] != (b"\x44" if kind == CRC32C else b"\x42") or end > len(data):
        raise RemoteProtocolError("crc-field", f"byte {at}: no byte string of {width}")
    if block_crc(kind, data[start : at + 1]) != data[at + 1 : end]:
        raise RemoteProtocolError("crc", f"the block at byte {start} does not have the sum it says")
    return end


def _check_blocks(blocks: list[Block], tolerate: frozenset[str]) -> None:
    """RFC 9171 4.1: one payload, last, numbered 1; numbers unique; no second previous-node, age or hop-count block."""
    if not blocks or blocks[-1].type != PAYLOAD:
        raise RemoteProtocolError("payload-last", "the last block is not a payload")
    if blocks[-1].number != 1 and PAYLOAD_NUMBER not in tolerate:
        raise RemoteProtocolError("payload-number", f"the payload block is number {blocks[-1].number}, not 1")
    if len(blocks) == 1:
        return
    numbers = {block.number for block in blocks}
    kinds = [block.type for block in blocks]
    if len(numbers) != len(blocks) or 0 in numbers:
        named = BLOCK_INTEGRITY in kinds or BLOCK_CONFIDENTIALITY in kinds
        if BLOCK_NUMBER not in tolerate or 0 in numbers or named:
            raise RemoteProtocolError("block-number", "block numbers are unique and 0 is the primary's")
    known = [block for block in blocks if block.type in _UNIQUE]
    if len({block.type for block in known}) != len(known):
        raise RemoteProtocolError("block-repeated", "a block type that may stand once stands twice")
    if BLOCK_CONFIDENTIALITY in kinds:
        return  # What is sealed cannot be looked into.
    for block in known[:-1]:
        _check_known(block)


def _check_known(block: Block) -> None:
    end = len(block.data)
    if block.type == PREVIOUS_NODE:
        _, end = read_eid(block.data, 0)
    elif block.type == BUNDLE_AGE:
        _, end = cbor.read_unsigned(block.data, 0)
    elif block.type == HOP_COUNT:
        _read_hops(block.data)
    if end != len(block.data):
        raise RemoteProtocolError("block-data", f"bytes after the value in block {block.number}")


@lru_cache(maxsize=4096)
def _read_hops(data: bytes) -> tuple[int, int]:
    if data[:1] != b"\x82":
        raise RemoteProtocolError("block-data", "a hop count is an array of 2")
    limit, at = cbor.read_unsigned(data, 1)
    count, at = cbor.read_unsigned(data, at)
    if at != len(data) or not 1 <= limit <= 255 or count > 255:
        raise RemoteProtocolError("block-data", f"hop limit {limit} and count {count}: up to 255 are allowed")
    return limit, count


def require_conformant(bundle: Bundle, tolerate: frozenset[str] = STRICT) -> None:
    """What RFC 9171 asks of the sender beyond its encoding; `RemoteProtocolError` names the rule that is broken."""
    if not bundle.crc and bundle.block(BLOCK_INTEGRITY) is None and NO_PRIMARY_CRC not in tolerate:
        raise RemoteProtocolError("primary-crc", "neither a CRC nor an integrity block on the primary (4.3.1)")
    if not bundle.created_ms and bundle.block(BUNDLE_AGE) is None and NO_AGE not in tolerate:
        raise RemoteProtocolError("age-missing", "creation time 0 needs a bundle age block (4.4.2)")
    asks = bundle.flags & STATUS_REPORTS
    if bundle.source.is_null and (asks or not bundle.flags & MUST_NOT_FRAGMENT) and ANONYMOUS not in tolerate:
        raise RemoteProtocolError("anonymous", "a bundle from nobody is not fragmented and asks for no reports (4.2.3)")
    if bundle.flags & IS_ADMINISTRATIVE and bundle.flags & STATUS_REPORTS:
        raise RemoteProtocolError("administrative", "an administrative record asks for no reports (4.2.3)")


# Changing -----------------------------------------------------------------------------------------------------------


def with_block(bundle: Bundle, kind: int, data: bytes, flags: int = 0) -> Bundle:
    """The bundle with its block of this type replaced, or added before the payload under the least free number."""
    blocks = bundle.blocks
    for index, block in enumerate(blocks):
        if block.type == kind:
            fresh = Block(kind, block.number, data, block.flags, block.crc)
            return msgspec.structs.replace(bundle, blocks=(*blocks[:index], fresh, *blocks[index + 1 :]))
    taken = {block.number for block in blocks}
    number = next(number for number in range(2, MAX_BLOCKS + 3) if number not in taken)
    return msgspec.structs.replace(bundle, blocks=(Block(kind, number, data, flags), *blocks))


def hop_count_data(limit: int, count: int) -> bytes:
    """The data of a hop-count block."""
    return b"\x82" + cbor.unsigned(limit) + cbor.unsigned(count)
