"""What TCPCLv4 entities say to each other, byte for byte (RFC 9174). Integers are big-endian.

The contact header is `"dtn!" | version 4 | flags`. After it every message begins with its type:

    XFER_SEGMENT 1 | flags | id u64 | START only: extensions u32, items | length u64 | data
    XFER_ACK     2 | flags of the segment | id u64 | bytes of the transfer so far u64
    XFER_REFUSE  3 | reason | id u64
    KEEPALIVE    4
    SESS_TERM    5 | flags | reason
    MSG_REJECT   6 | reason | the type that is rejected
    SESS_INIT    7 | keep-alive s u16 | segment MRU u64 | transfer MRU u64 | node id u16, text | extensions u32, items

An extension item is `flags | type u16 | length u16 | value` (4.8, 5.2.5). The MRUs are what their speaker takes.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct as Layout

import msgspec

from orbitalcloud.core.errors import RemoteProtocolError

MAGIC = b"dtn!"
VERSION = 4
CAN_TLS = 0x01
CONTACT_BYTES = 6

XFER_SEGMENT, XFER_ACK, XFER_REFUSE, KEEPALIVE, SESS_TERM, MSG_REJECT, SESS_INIT = range(1, 8)
END, START = 0x01, 0x02
REPLY = 0x01
CRITICAL = 0x01
TRANSFER_LENGTH = 0x0001
"""The one transfer extension of the RFC (5.2.5.1): how many bytes the whole transfer will have."""

WHOLE = Layout(">BBQIQ")
"""Head of a segment that begins a transfer and has no extensions."""
MIDDLE = Layout(">BBQQ")
"""Head of a segment that goes on; an acknowledgement's too."""
NUMBER = Layout(">Q")
_SESSION = Layout(">BHQQH")
_ITEM = Layout(">BHH")


class TermReason(IntEnum):
    """Why a session ends (6.1)."""

    UNKNOWN = 0
    IDLE_TIMEOUT = 1
    VERSION_MISMATCH = 2
    BUSY = 3
    CONTACT_FAILURE = 4
    RESOURCE_EXHAUSTION = 5


class RefuseReason(IntEnum):
    """Why a transfer is refused (5.2.4)."""

    UNKNOWN = 0
    COMPLETED = 1
    NO_RESOURCES = 2
    RETRANSMIT = 3
    NOT_ACCEPTABLE = 4
    EXTENSION_FAILURE = 5
    SESSION_TERMINATING = 6


class RejectReason(IntEnum):
    """Why a message is rejected (5.1.2)."""

    TYPE_UNKNOWN = 1
    UNSUPPORTED = 2
    UNEXPECTED = 3


class Item(msgspec.Struct, frozen=True):
    """An extension item of a session or a transfer; unknown ones may be skipped unless `critical`."""

    kind: int
    value: bytes
    critical: bool = False


class ContactHeader(msgspec.Struct, frozen=True):
    """What both sides say first."""

    version: int
    can_tls: bool


class Segment(msgspec.Struct, frozen=True, gc=False):
    """XFER_SEGMENT; `extensions` are the items' bytes, empty but on a START."""

    flags: int
    transfer: int
    extensions: bytes
    data: bytes


class Ack(msgspec.Struct, frozen=True, gc=False):
    """XFER_ACK."""

    flags: int
    transfer: int
    length: int


class Refuse(msgspec.Struct, frozen=True):
    """XFER_REFUSE."""

    reason: int
    transfer: int


class Keepalive(msgspec.Struct, frozen=True):
    """KEEPALIVE."""


class Term(msgspec.Struct, frozen=True):
    """SESS_TERM."""

    reply: bool
    reason: int


class Reject(msgspec.Struct, frozen=True):
    """MSG_REJECT."""

    reason: int
    kind: int


class Init(msgspec.Struct, frozen=True):
    """SESS_INIT; `extensions` are the items' bytes."""

    keepalive_s: int
    segment_mru: int
    transfer_mru: int
    node_id: str
    extensions: bytes = b""


Message = Segment | Ack | Refuse | Keepalive | Term | Reject | Init


def encode_contact(header: ContactHeader) -> bytes:
    """The contact header's six bytes."""
    return MAGIC + bytes((header.version, CAN_TLS if header.can_tls else 0))


def decode_contact(data: bytes) -> ContactHeader:
    """The contact header; `RemoteProtocolError` if the magic is not there. The version is for the session to judge."""
    if data[:4] != MAGIC:
        raise RemoteProtocolError("tcpcl-magic", f"0x{data[:4].hex()} is not the beginning of a contact header")
    return ContactHeader(data[4], bool(data[5] & CAN_TLS))


def encode_items(items: tuple[Item, ...]) -> bytes:
    """Extension items one after the other."""
    return b"".join(_ITEM.pack(CRITICAL if i.critical else 0, i.kind, len(i.value)) + i.value for i in items)


def decode_items(data: bytes) -> tuple[Item, ...]:
    """The items in these bytes; `RemoteProtocolError` where one reaches beyond them."""
    items, at = [], 0
    while at < len(data):
        start = at + _ITEM.size
        if start > len(data):
            raise RemoteProtocolError("extension-items", f"{len(data) - at} bytes are left for an item of 5 or more")
        flags, kind, size = _ITEM.unpack_from(data, at)
        at = start + size
        if at > len(data):
            raise RemoteProtocolError("extension-items", f"an item of {size} bytes with {len(data) - start} left")
        items.append(Item(kind, data[start:at], bool(flags & CRITICAL)))
    return tuple(items)


def encode(message: Message) -> bytes:
    """A message's bytes."""
    match message:
        case Segment():
            return segment_head(message.flags, message.transfer, message.extensions, len(message.data)) + message.data
        case Ack():
            return MIDDLE.pack(XFER_ACK, message.flags, message.transfer, message.length)
        case Refuse():
            return bytes((XFER_REFUSE, message.reason)) + NUMBER.pack(message.transfer)
        case Keepalive():
            return bytes((KEEPALIVE,))
        case Term():
            return bytes((SESS_TERM, REPLY if message.reply else 0, message.reason))
        case Reject():
            return bytes((MSG_REJECT, message.reason, message.kind))
        case Init():
            name = message.node_id.encode()
            head = _SESSION.pack(SESS_INIT, message.keepalive_s, message.segment_mru, message.transfer_mru, len(name))
            return head + name + len(message.extensions).to_bytes(4, "big") + message.extensions


def segment_head(flags: int, transfer: int, extensions: bytes, size: int) -> bytes:
    """All of an XFER_SEGMENT before its data."""
    if not flags & START:
        return MIDDLE.pack(XFER_SEGMENT, flags, transfer, size)
    if not extensions:
        return WHOLE.pack(XFER_SEGMENT, flags, transfer, 0, size)
    head = bytes((XFER_SEGMENT, flags)) + NUMBER.pack(transfer)
    return head + len(extensions).to_bytes(4, "big") + extensions + NUMBER.pack(size)


def transfer_length(total_bytes: int) -> Item:
    """The Transfer Length item; not critical, since whoever does not know it loses nothing."""
    return Item(TRANSFER_LENGTH, NUMBER.pack(total_bytes))
