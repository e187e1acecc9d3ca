"""Files that a person names: read whole, never without bound."""

from __future__ import annotations

from pathlib import Path

from orbitalcloud.core import DataError


def read_bounded(path: Path, most_bytes: int) -> bytes:
    """The bytes of a file; `DataError` if it cannot be read or is larger than such a thing can be."""
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise DataError(str(path), error.strerror or str(error), "give a readable file") from None
    if len(data) > most_bytes:
        raise DataError(str(path), f"more than {most_bytes} bytes", "this is larger than such a thing can be")
    return data
