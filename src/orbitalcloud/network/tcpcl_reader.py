"""Messages out of a TCPCLv4 stream, whole ones only, whatever the pieces are in which it comes.

Every length is looked at before the bytes that it announces are waited for: nothing a peer says makes the reader hold
more than `segment_mru` and the bounds below.
"""

from __future__ import annotations

from struct import Struct as Layout

from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.network.tcpcl_messages import (
    CONTACT_BYTES,
    KEEPALIVE,
    MIDDLE,
    MSG_REJECT,
    REPLY,
    SESS_INIT,
    SESS_TERM,
    START,
    WHOLE,
    XFER_ACK,
    XFER_REFUSE,
    XFER_SEGMENT,
    Ack,
    ContactHeader,
    Init,
    Keepalive,
    Message,
    Refuse,
    Reject,
    Segment,
    Term,
    decode_contact,
)

NODE_ID_BYTES = 1023
"""Longest node id that is taken; the RFC allows 65,535."""
EXTENSION_BYTES = 4096
"""Most bytes of extension items that are taken, of a session or a transfer; the RFC allows 2³² − 1."""

_ID_AT, _EXTENSIONS_AT = 2, 10
_REFUSE = Layout(">BBQ")
_INIT = Layout(">BHQQH")


class MessageReader:
    """Feed it what arrives; take contact header and messages off it until they are None.

    `RemoteProtocolError` from `take` is final: where a message ends is not known any more. `check` is
    `message-type`, `segment-mru`, `extension-length` or `node-id`; `kind` is the type of the message at fault.
    """

    __slots__ = ("_at", "_chunks", "_data", "_have", "_need", "kind", "segment_mru")

    def __init__(self, segment_mru: int) -> None:
        self.segment_mru = segment_mru
        self.kind = 0
        self._data, self._at = b"", 0
        self._chunks: list[bytes] = []
        self._have = 0
        self._need = 0

    @property
    def buffered_bytes(self) -> int:
        """Bytes that have come and are not yet part of a message."""
        return self._have if self._chunks else len(self._data) - self._at

    def feed(self, data: bytes) -> None:
        """Bytes from the stream. They are joined only when enough are there for the message that has begun."""
        if not self._chunks:
            if self._at == len(self._data):
                self._data, self._at = data, 0
                return
            self._chunks.append(self._data[self._at :])
            self._have = len(self._chunks[0])
        self._chunks.append(data)
        self._have += len(data)
        if self._have >= self._need:
            self._data, self._at = b"".join(self._chunks), 0
            self._chunks.clear()

    def take_contact(self) -> ContactHeader | None:
        """The contact header; a first byte that is wrong is refused without waiting for the others."""
        if self._chunks:
            return None
        head = self._data[self._at : self._at + CONTACT_BYTES]
        if len(head) < CONTACT_BYTES:
            if head and not b"dtn!".startswith(head[:4]):
                decode_contact(head)
            self._need = CONTACT_BYTES
            return None
        self._at += CONTACT_BYTES
        return decode_contact(head)

    def take(self) -> Message | None:
        """The next whole message, or None until more has come."""
        data, at = self._data, self._at
        if self._chunks or at == len(data):
            return None
        self.kind = kind = data[at]
        if kind == XFER_SEGMENT:
            return self._segment(data, at)
        if kind == XFER_ACK:
            if at + MIDDLE.size > len(data):
                self._need = MIDDLE.size
                return None
            self._at = at + MIDDLE.size
            _, flags, transfer, length = MIDDLE.unpack_from(data, at)
            return Ack(flags, transfer, length)
        if kind == KEEPALIVE:
            self._at = at + 1
            return Keepalive()
        return self._rare(data, at, kind)

    def _segment(self, data: bytes, at: int) -> Segment | None:
        size, extensions = MIDDLE.size, b""
        if at + size > len(data):
            self._need = size
            return None
        _, flags, transfer, length = MIDDLE.unpack_from(data, at)
        if flags & START:
            items = length >> 32  # where others have their length, a START has its extensions' u32
            size = WHOLE.size + items
            if items > EXTENSION_BYTES:
                raise RemoteProtocolError("extension-length", f"{items} bytes, at most {EXTENSION_BYTES} are taken")
            if at + size > len(data):
                self._need = size
                return None
            begin = at + _EXTENSIONS_AT + 4
            extensions = data[begin : begin + items]
            length = int.from_bytes(data[begin + items : at + size], "big")
        if length > self.segment_mru:
            raise RemoteProtocolError("segment-mru", f"{length} bytes, at most {self.segment_mru} are taken")
        end = at + size + length
        if end > len(data):
            self._need = size + length
            return None
        self._at = end
        return Segment(flags, transfer, extensions, data[at + size : end])

    def _rare(self, data: bytes, at: int, kind: int) -> Message | None:
        if kind == SESS_INIT:
            return self._init(data, at)
        if kind == XFER_REFUSE:
            if at + _REFUSE.size > len(data):
                self._need = _REFUSE.size
                return None
            self._at = at + _REFUSE.size
            _, reason, transfer = _REFUSE.unpack_from(data, at)
            return Refuse(reason, transfer)
        if kind in (SESS_TERM, MSG_REJECT):
            if at + 3 > len(data):
                self._need = 3
                return None
            self._at = at + 3
            if kind == SESS_TERM:
                return Term(bool(data[at + 1] & REPLY), data[at + 2])
            return Reject(data[at + 1], data[at + 2])
        raise RemoteProtocolError("message-type", f"0x{kind:02x} is none")

    def _init(self, data: bytes, at: int) -> Init | None:
        if at + _INIT.size > len(data):
            self._need = _INIT.size
            return None
        _, keepalive_s, segment_mru, transfer_mru, name_bytes = _INIT.unpack_from(data, at)
        if name_bytes > NODE_ID_BYTES:
            raise RemoteProtocolError("node-id", f"{name_bytes} bytes, at most {NODE_ID_BYTES} are taken")
        size = _INIT.size + name_bytes + 4
        if at + size > len(data):
            self._need = size
            return None
        name = data[at + _INIT.size : at + size - 4]
        items = int.from_bytes(data[at + size - 4 : at + size], "big")
        if items > EXTENSION_BYTES:
            raise RemoteProtocolError("extension-length", f"{items} bytes, at most {EXTENSION_BYTES} are taken")
        end = at + size + items
        if end > len(data):
            self._need = size + items
            return None
        try:
            node_id = name.decode()
        except UnicodeDecodeError:
            raise RemoteProtocolError("node-id", "it is not UTF-8") from None
        self._at = end
        return Init(keepalive_s, segment_mru, transfer_mru, node_id, data[at + size : end])
