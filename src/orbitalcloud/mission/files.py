"""The files of a mission: where they are, and their bytes, bounded before they are read.

A name in a mission is a path relative to the mission's file, or `packaged:FOLDER/FILE` for data of the package.
"""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from orbitalcloud.core import DataError

PACKAGED = "packaged:"
MOST_BYTES = 256 * 2**20


def locate(name: str, folder: str) -> Traversable:
    """The file that `name` means in a mission that lies in `folder`; it need not exist."""
    if name.startswith(PACKAGED):
        parts = PurePosixPath(name.removeprefix(PACKAGED)).parts
        if not parts or ".." in parts or parts[0] == "/":
            raise DataError(name, name, "write packaged:FOLDER/FILE, such as packaged:ethereum/update_1422_electra.ssz")
        return resources.files("orbitalcloud").joinpath("data", *parts)
    return Path(folder) / Path(name).expanduser()


def read_bytes(name: str, folder: str, most_bytes: int = MOST_BYTES) -> bytes:
    """The bytes of a mission's file; `DataError` if it is missing, unreadable, empty or larger than `most_bytes`."""
    path = locate(name, folder)
    try:
        with path.open("rb") as file:
            data: bytes = file.read(most_bytes + 1)
    except FileNotFoundError:
        raise DataError(name, "no such file", f"put it at {path}, or correct the name") from None
    except OSError as error:
        raise DataError(name, error.strerror or str(error), f"make {path} a readable file") from None
    if not data:
        raise DataError(name, "0 bytes", f"{path} is empty: fetch it again")
    if len(data) > most_bytes:
        raise DataError(name, f"more than {most_bytes} bytes", f"{path} is too large for what it should be")
    return data


def read_text(name: str, folder: str, most_bytes: int = 4_000_000) -> str:
    """As `read_bytes`, decoded as UTF-8."""
    data = read_bytes(name, folder, most_bytes)
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise DataError(name, data[:20].hex(), "it is not text in UTF-8: give the right file") from None
