"""The Log: an append-only stream of entries, one JSON line each, and its digest.

The digest of a flight is the SHA-256 of those bytes, so `sha256sum log.jsonl` makes it again without this software.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

import msgspec

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.records import Entry

HASHED_AT_ONCE = 64
MAX_LINE_BYTES = 1 << 20
"""No entry is longer: the largest, a receipt, is a few kilobytes."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


class Log:
    """Appends entries to `write` (any callable that takes bytes) and hashes what it wrote.

    To go on with an unfinished log, pass the bytes already written as `prefix`.
    """

    def __init__(self, write: Callable[[bytes], object], prefix: bytes = b"") -> None:
        self._write = write
        self._hash = hashlib.sha256(prefix)
        self._unhashed: list[bytes] = []
        self.entries = prefix.count(b"\n")
        self.size_bytes = len(prefix)

    def append(self, entry: Entry) -> None:
        line = _encoder.encode(entry) + b"\n"
        self._write(line)
        self._unhashed.append(line)
        if len(self._unhashed) == HASHED_AT_ONCE:
            self._take_up()
        self.entries += 1
        self.size_bytes += len(line)

    @property
    def digest(self) -> str:
        """`sha256:<hex>` of everything appended so far."""
        self._take_up()
        return "sha256:" + self._hash.hexdigest()

    def _take_up(self) -> None:
        """Hash what has come since: many short lines at once cost a third."""
        self._hash.update(b"".join(self._unhashed))
        self._unhashed.clear()


def encode_entry(entry: Entry) -> bytes:
    """The line of an entry, without its newline."""
    return _encoder.encode(entry)


def read_log(lines: Iterable[bytes], place: str = "log.jsonl") -> Iterator[Entry]:
    """Entries of a log's lines; `DataError` names the line that is malformed, too long or cut short."""
    for number, line in enumerate(lines, 1):
        where = f"{place}:{number}"
        if len(line) > MAX_LINE_BYTES:
            raise DataError(where, f"{len(line)} bytes", f"a log line has at most {MAX_LINE_BYTES}")
        if not line.endswith(b"\n"):
            raise DataError(where, line[:60].decode(errors="replace"), "the log is cut short: fly again, or --resume")
        try:
            yield _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataError(where, line[:60].decode(errors="replace"), f"not a log entry: {error}") from None
