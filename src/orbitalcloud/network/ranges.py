"""Bytes that arrive in pieces: what is there, what is missing, whether two pieces contradict each other."""

from __future__ import annotations

from bisect import bisect_right

from orbitalcloud.core.errors import RemoteProtocolError

MAX_PIECES = 65_536


class Pieces:
    """A byte string of known size put together from ranges that may overlap, and then must agree."""

    __slots__ = ("_chunks", "_starts", "held_bytes", "total_bytes")

    def __init__(self, total_bytes: int) -> None:
        self.total_bytes = total_bytes
        self.held_bytes = 0
        self._starts: list[int] = []
        self._chunks: list[bytes] = []

    @property
    def complete(self) -> bool:
        """Whether every byte is there."""
        return self.held_bytes == self.total_bytes

    def add(self, offset: int, data: bytes) -> None:
        """Take what is new in `data` at `offset`; `RemoteProtocolError` where it disagrees with what is held."""
        end = offset + len(data)
        if end > self.total_bytes:
            raise RemoteProtocolError("piece-range", f"bytes {offset} to {end} of {self.total_bytes}")
        fresh: list[tuple[int, bytes]] = []
        at = offset
        index = max(0, bisect_right(self._starts, offset) - 1)
        for start, chunk in zip(self._starts[index:], self._chunks[index:], strict=True):
            if start >= end:
                break
            stop = start + len(chunk)
            if stop <= at:
                continue
            if start > at:
                fresh.append((at, data[at - offset : start - offset]))
                at = start
            until = min(stop, end)
            if data[at - offset : until - offset] != chunk[at - start : until - start]:
                raise RemoteProtocolError("overlap-disagrees", f"bytes {at} to {until} came twice and differ")
            at = until
        if at < end:
            fresh.append((at, data[at - offset :]))
        if len(self._starts) + len(fresh) > MAX_PIECES:
            raise RemoteProtocolError("pieces", f"more than {MAX_PIECES} pieces")
        for start, chunk in fresh:
            where = bisect_right(self._starts, start)
            self._starts.insert(where, start)
            self._chunks.insert(where, chunk)
            self.held_bytes += len(chunk)

    def gaps(self, most: int) -> list[tuple[int, int]]:
        """The first `most` missing ranges as (start, end)."""
        found: list[tuple[int, int]] = []
        at = 0
        for start, chunk in zip(self._starts, self._chunks, strict=True):
            if start > at:
                found.append((at, start))
            at = start + len(chunk)
        if at < self.total_bytes:
            found.append((at, self.total_bytes))
        return found[:most]

    def join(self) -> bytes:
        """The whole byte string; only when complete."""
        assert self.complete, "bytes are missing"
        return b"".join(self._chunks)
