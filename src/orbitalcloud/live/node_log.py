"""A running node's Log in a file: a JSON line an entry, and one older file, so that it ends up bounded."""

from __future__ import annotations

from pathlib import Path

from orbitalcloud.core import DataError, records
from orbitalcloud.core.log import encode_entry

MOST_BYTES = 64 << 20
BUFFER_BYTES = 1 << 16


class NodeLog:
    """Entries go to `place`; when it is full it becomes `place.1`. It is for people: nothing waits for it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        try:
            self._file = place.open("ab", buffering=BUFFER_BYTES)
        except OSError as error:
            raise DataError("log", str(place), error.strerror or "cannot be written") from None
        self._size = self._file.tell()

    def append(self, entry: records.Entry) -> None:
        """Write one."""
        line = encode_entry(entry) + b"\n"
        if self._size + len(line) > MOST_BYTES:
            self._file.close()
            self.place.replace(self.place.with_name(self.place.name + ".1"))
            self._file = self.place.open("ab", buffering=BUFFER_BYTES)
            self._size = 0
        self._file.write(line)
        self._size += len(line)

    def flush(self) -> None:
        """Let readers see what has been written."""
        self._file.flush()

    def close(self) -> None:
        """Write the last of it."""
        self._file.close()
