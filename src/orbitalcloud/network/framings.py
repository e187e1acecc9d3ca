"""Bundles in a byte stream, one after the other: STCP and MTCP. Neither acknowledges, neither knows who speaks.

STCP (ION): the bundle's length in four bytes, big-endian, and the bundle; a length of 0 keeps the connection alive.
MTCP (draft-ietf-dtn-mtcpcl; pyD3TN, ud3tn, dtn7): each bundle a definite CBOR byte string; an empty one does nothing.
A datagram (ION's UDP) is one bundle and needs no framing.
"""

from __future__ import annotations

from collections.abc import Callable

from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.network import cbor

STCP_KEEPALIVE = b"\0\0\0\0"
DATAGRAM_BYTES = 65_507
"""The largest bundle in one UDP datagram over IPv4: 65,535 less 20 of IP and 8 of UDP."""

Head = tuple[int, int]
"""(bytes of the head, bytes of the bundle)"""


def encode_stcp(bundle: bytes) -> bytes:
    """A bundle of less than 4 GiB as STCP frames it."""
    return len(bundle).to_bytes(4, "big") + bundle


def encode_mtcp(bundle: bytes) -> bytes:
    """A bundle as MTCP frames it."""
    return cbor.byte_string(bundle)


def _stcp_head(data: bytes, at: int) -> Head | None:
    if at + 4 > len(data):
        return None
    return 4, int.from_bytes(data[at : at + 4], "big")


def _mtcp_head(data: bytes, at: int) -> Head | None:
    """A byte string's head; any width of its length will do, since this is not part of the bundle."""
    first = data[at]
    if first >> 5 != cbor.BYTES:
        raise RemoteProtocolError("mtcp-type", f"0x{first:02x} begins no byte string")
    low = first & 31
    if low < 24:
        return 1, low
    if low > 27:
        raise RemoteProtocolError("mtcp-length", f"0x{first:02x} has no definite length")
    end = at + 1 + (1 << (low - 24))
    if end > len(data):
        return None
    return end - at, int.from_bytes(data[at + 1 : end], "big")


class StreamDecoder:
    """Bundles out of a stream's pieces. Never holds more than one bundle of `bundle_bytes` and the piece just fed.

    After a `fault` the stream makes no sense any more; what came before it is given all the same.
    """

    __slots__ = ("_chunks", "_have", "_head", "_need", "bundle_bytes", "fault", "keepalives")

    def __init__(self, head: Callable[[bytes, int], Head | None], bundle_bytes: int) -> None:
        self._head, self.bundle_bytes = head, bundle_bytes
        self._chunks: list[bytes] = []
        self._have = self._need = 0
        self.keepalives = 0
        self.fault: RemoteProtocolError | None = None

    @property
    def held_bytes(self) -> int:
        """Bytes of a bundle that is not whole yet."""
        return self._have

    def feed(self, data: bytes) -> list[bytes]:
        """The bundles that these bytes complete; look at `fault` after it."""
        if self.fault is not None:
            return []
        self._chunks.append(data)
        self._have += len(data)
        if self._have < self._need:
            return []
        whole = data if len(self._chunks) == 1 else b"".join(self._chunks)
        bundles, at = [], 0
        self._need = 0
        while at < len(whole):
            head = self._look(whole, at)
            if head is None:
                break
            size = head[1]
            end = at + head[0] + size
            if end > len(whole):
                self._need = end - at
                break
            if size:
                bundles.append(whole[at + head[0] : end])
            else:
                self.keepalives += 1
            at = end
        rest = b"" if self.fault else whole[at:]
        self._chunks = [rest] if rest else []
        self._have = len(rest)
        return bundles

    def _look(self, data: bytes, at: int) -> Head | None:
        """The head at `at`; None if it is not whole, or wrong."""
        try:
            head = self._head(data, at)
            if head is not None and head[1] > self.bundle_bytes:
                raise RemoteProtocolError("oversize", f"{head[1]} bytes, at most {self.bundle_bytes} are taken")
        except RemoteProtocolError as error:
            self.fault = error
            return None
        return head


def stcp_decoder(bundle_bytes: int) -> StreamDecoder:
    """For a stream of STCP."""
    return StreamDecoder(_stcp_head, bundle_bytes)


def mtcp_decoder(bundle_bytes: int) -> StreamDecoder:
    """For a stream of MTCP."""
    return StreamDecoder(_mtcp_head, bundle_bytes)
