"""What a journal asks of a file system, and the real one. A test has another, which loses what was not synced."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Protocol

from orbitalcloud.core import DataError

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
LOCK_FILE = "lock"


class Disk(Protocol):
    """A folder of files that grow at their end.

    What `append` and `cut` did is safe from a power cut after `sync`; that a file is there, or no more, after
    `sync_folder`.
    """

    def names(self) -> list[str]:
        """The files that are there."""
        ...

    def read(self, name: str) -> bytes:
        """All of a file."""
        ...

    def create(self, name: str) -> None:
        """A new empty file; one of this name that is there is emptied."""
        ...

    def append(self, name: str, data: bytes) -> None:
        """Write at its end."""
        ...

    def sync(self, name: str) -> None:
        """Come back when what was appended is on the medium."""
        ...

    def cut(self, name: str, size: int) -> None:
        """Keep its first `size` bytes only."""
        ...

    def remove(self, name: str) -> None:
        """Delete it."""
        ...

    def sync_folder(self) -> None:
        """Come back when the names are on the medium."""
        ...


class FolderDisk:
    """A real folder (0700), with one file open for appending at a time. Raises `OSError` as the system does."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        self.folder = folder
        self._name, self._file = "", -1

    def names(self) -> list[str]:
        return sorted(place.name for place in self.folder.iterdir() if place.is_file())

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def create(self, name: str) -> None:
        self.close()
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        self._name, self._file = name, os.open(self.folder / name, flags, PRIVATE_FILE)

    def append(self, name: str, data: bytes) -> None:
        file, rest = self._opened(name), memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]

    def sync(self, name: str) -> None:
        os.fdatasync(self._opened(name))

    def cut(self, name: str, size: int) -> None:
        os.ftruncate(self._opened(name), size)
        os.fsync(self._opened(name))

    def remove(self, name: str) -> None:
        if name == self._name:
            self.close()
        (self.folder / name).unlink()

    def sync_folder(self) -> None:
        file = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def close(self) -> None:
        """Close the file that is open."""
        if self._file >= 0:
            os.close(self._file)
        self._name, self._file = "", -1

    def _opened(self, name: str) -> int:
        if name != self._name:
            self.close()
            self._name, self._file = name, os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        return self._file


class Lock:
    """One process a store: the kernel's lock on a file, gone with the process however it ends."""

    def __init__(self, folder: Path) -> None:
        """Take it; `DataError` names the process that has it."""
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        self._file = os.open(folder / LOCK_FILE, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.pread(self._file, 20, 0).decode(errors="replace").strip() or "another process"
            os.close(self._file)
            remedy = f"process {owner} has it open: stop that node first, or give this one a store of its own"
            raise DataError("store", str(folder), remedy) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give it back."""
        os.close(self._file)
