"""Where the device keys of the nodes' boards are: apart from their stores, so that a copy of a store opens nothing.

`SeedKeys` makes them from the mission's seed, so that the same flight is the same flight (decision 13: such keys guard
play money). `FileKeys` draws them, once, and keeps each in a file that its owner alone may read: for a flight on the
real clock, and the place where a board with a secure element puts its own.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orbitalcloud.core import DataError, Seed

KEY_BYTES = 32


class KeyStore(Protocol):
    """The key stores of all boards of a flight."""

    def provision(self, node: str, slot: str) -> None:
        """Before the first start: put a key into a slot, unless there is one."""
        ...

    def key(self, node: str, slot: str) -> bytes:
        """The key of a slot, 32 bytes; empty if there is none."""
        ...

    def erase(self, node: str, slot: str) -> None:
        """Destroy the key of a slot, if there is one."""
        ...


@dataclass(frozen=True, slots=True)
class SeedKeys:
    """Keys that follow from the seed. They cannot be destroyed: the carrier remembers which it must not give out."""

    seed: Seed

    def provision(self, node: str, slot: str) -> None:
        """Nothing is kept."""

    def key(self, node: str, slot: str) -> bytes:
        """The key of a slot."""
        return self.seed.child(node).child(f"device key {slot}").bytes(KEY_BYTES)

    def erase(self, node: str, slot: str) -> None:
        """Nothing is kept."""


@dataclass(frozen=True, slots=True)
class FileKeys:
    """Keys drawn from the machine's own entropy, one a file of mode 0600 in a folder of mode 0700."""

    folder: Path

    def provision(self, node: str, slot: str) -> None:
        """Draw a key; `DataError` if it cannot be kept."""
        place = self._place(node, slot)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (
                suppress(FileExistsError),
                os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
            ):
                file.write(os.urandom(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DataError(str(place), error.strerror or str(error), "name a folder that can be written") from None

    def key(self, node: str, slot: str) -> bytes:
        """The key of a slot; `DataError` if its file is not what was written, or others may read it."""
        place = self._place(node, slot)
        try:
            if place.stat().st_mode & 0o077:
                raise DataError(str(place), "others may read it", "chmod 600, and wipe what was sealed under it")
            found = place.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise DataError(str(place), error.strerror or str(error), "make it readable for its owner") from None
        if len(found) != KEY_BYTES:
            raise DataError(str(place), f"{len(found)} bytes", f"a device key has {KEY_BYTES}: restore it")
        return found

    def erase(self, node: str, slot: str) -> None:
        """Overwrite the file and remove it. A disk that moves its blocks may keep the old ones: a board has fuses."""
        place = self._place(node, slot)
        try:
            with place.open("r+b") as file:
                file.write(bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            place.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise DataError(str(place), error.strerror or str(error), "destroy this file: the order came") from None

    def _place(self, node: str, slot: str) -> Path:
        return self.folder / f"{node}.{slot}.key"
