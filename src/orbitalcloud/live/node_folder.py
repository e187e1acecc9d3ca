"""A live node's folder: its key, its journal, its lock, its socket. Nobody but its owner can look into it.

DIR/lock                   one process at a time
DIR/identity.key           the node's Ed25519 key, 64 hex digits; its name follows from it
DIR/journal/*.journal      what the node keeps (`live.journal`)
DIR/control.sock           where `orbital send`, `recv`, `ping` … find the node
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import TracebackType

from orbitalcloud.compute import public_key, signing_key
from orbitalcloud.core import DataError
from orbitalcloud.live.disk import PRIVATE_FILE, FolderDisk, Lock
from orbitalcloud.live.journal import Journal, opened
from orbitalcloud.network.identity import key_name

IDENTITY_FILE, JOURNAL_FOLDER, SOCKET = "identity.key", "journal", "control.sock"


class NodeFolder:
    """An open folder; `close` writes the last of the journal and gives the lock back."""

    def __init__(self, folder: Path, salvage: bool = False) -> None:
        """Open it, or make it. `DataError` if another process has it, its key is damaged or its journal is."""
        if folder.exists() and not folder.is_dir():
            raise DataError("store", str(folder), "it is a file: give a folder")
        self.folder = folder
        self.lock = Lock(folder)
        try:
            self.private = _identity(folder / IDENTITY_FILE)
            self.disk = FolderDisk(folder / JOURNAL_FOLDER)
            self.journal: Journal = opened(self.disk, os.urandom, salvage=salvage)
        except BaseException:
            self.lock.release()
            raise

    @property
    def public_key(self) -> str:
        """The node's public key, 64 hex digits."""
        return public_key(self.private)

    @property
    def name(self) -> str:
        """The name that follows from the key."""
        return key_name(bytes.fromhex(self.public_key))

    def close(self) -> None:
        """Leave it in order."""
        try:
            self.journal.close()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Leave it as it lies, as a kill would: after the disk has failed nothing more is written to it."""
        self.disk.close()
        self.lock.release()

    def __enter__(self) -> NodeFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close() if error is None else self.abandon()


def _identity(place: Path) -> bytes:
    """The key in this file, or a new one."""
    if not place.exists():
        _write_new(place, signing_key(os.urandom(32)).hex() + "\n")
    if place.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise DataError("node key", str(place), "others may read it: chmod 600, or remove it to be born anew")
    text = place.read_text(errors="replace").strip()
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise DataError("node key", str(place), "it is damaged: bring back a copy, or remove it to be born anew")
    return bytes.fromhex(text)


def _write_new(place: Path, text: str) -> None:
    """Written and synced under another name first: a key is there whole or not at all."""
    half = place.with_suffix(".new")
    file = os.open(half, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        os.write(file, text.encode())
        os.fsync(file)
    finally:
        os.close(file)
    half.rename(place)
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
