"""A flight's folder: what is in it, when it is whole, and how it is written so that it never pretends to be.

flight.json      status (`flying`, `interrupted`, `complete`), mission, seed, digest: replaced in one step
mission.toml     the mission as flown
log.jsonl        the Log; its SHA-256 is the flight's digest
receipts/        one signed receipt a job
results/         one output a job that was executed and came down
proofs/          one proof a transaction of somebody's that a block was proved to have
report.html      everything in one page
checkpoint.bin   only while the flight is not complete; holds the nodes' stores, so it is readable by its owner alone

A file that is being written has `.part` behind its name; none is left behind.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from orbitalcloud.core import DataError, Instant, iso, read_log
from orbitalcloud.core.records import Entry

STATUS_FILE, LOG_FILE, CHECKPOINT_FILE, REPORT_FILE = "flight.json", "log.jsonl", "checkpoint.bin", "report.html"
MISSION_FILE = "mission.toml"
PART = ".part"
TAIL_BYTES = 65_536
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class DiskError(DataError):
    """The disk is full, or a file may not be written: nothing is wrong with the mission or the flight."""


class Status(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`flight.json`: what a folder claims to be. `files` are the mission's by name, with their SHA-256; `keys` is the
    folder of the boards' device keys, where they do not follow from the seed."""

    status: str
    mission: str
    mission_path: str
    mission_digest: str
    seed: int
    software: str
    reached: str
    keys: str = ""
    files: dict[str, str] = {}
    digest: str = ""
    entries: int = 0
    timing_s: dict[str, float] = {}

    @property
    def complete(self) -> bool:
        return self.status == "complete"


class Folder:
    """The files of one flight."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made = False
        self._held: int | None = None

    def __del__(self) -> None:
        self.release()

    @classmethod
    def create(cls, path: Path) -> Folder:
        """A folder to be made when a flight begins; `DataError` if the name is taken."""
        if path.exists():
            raise DataError("flight folder", str(path), "it exists: choose another with --out, or remove it")
        return cls(path)

    def make(self) -> None:
        """Make the folder; `DataError` if that cannot be, or if somebody else was faster."""
        try:
            self.path.mkdir(parents=True, exist_ok=False)
        except OSError as error:
            raise DataError("flight folder", str(self.path), f"cannot be made: {error.strerror}") from None
        self._made = True
        self.claim()

    def claim(self) -> None:
        """Be the only process that writes here, until `release` or this process's end; `DataError` if another is."""
        if self._held is None:
            self._held = _lock(self.path)
        if self._held is None:
            raise DataError("flight folder", str(self.path), "another process flies it: wait, or stop that one first")

    def release(self) -> None:
        """Let others write."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    @property
    def busy(self) -> bool:
        """Whether another process is writing here."""
        if self._held is not None:
            return False
        held = _lock(self.path)
        if held is not None:
            os.close(held)
        return held is None

    @property
    def resumable(self) -> bool:
        """Whether there is something to go on with: from its checkpoint, or (seconds of work) from its start."""
        return not self.status().complete

    def abandon(self) -> None:
        """After a failure: remove the folder if its flight never began, else let it say that it was interrupted."""
        if not (self.path / STATUS_FILE).exists():
            if self._made:
                shutil.rmtree(self.path, ignore_errors=True)
            return
        status = self.status()
        if status.status == "flying":
            latest = self.latest()
            reached = status.reached if latest is None else iso(Instant(latest.at))
            self.write_status(msgspec.structs.replace(status, status="interrupted", reached=reached))

    def latest(self) -> Entry | None:
        """The last whole entry of the Log, whatever the flight's state."""
        try:
            with self.log_path.open("rb") as file:
                file.seek(max(0, self.log_path.stat().st_size - TAIL_BYTES))
                lines = [line for line in file if line.endswith(b"\n")]
            return next(read_log(lines[-1:], str(self.log_path)), None)
        except (OSError, DataError):
            return None

    @classmethod
    def open(cls, path: Path) -> Folder:
        """An existing flight's folder; `DataError` if it is none."""
        if not path.exists():
            raise DataError("flight folder", str(path), "no such folder: name one below ./flights")
        if not (path / STATUS_FILE).is_file():
            raise DataError("flight folder", str(path), f"there is no {STATUS_FILE} in it: fly a mission first")
        return cls(path)

    @property
    def log_path(self) -> Path:
        return self.path / LOG_FILE

    def status(self) -> Status:
        """What the folder claims to be."""
        place = self.path / STATUS_FILE
        try:
            return msgspec.json.decode(place.read_bytes(), type=Status)
        except (OSError, msgspec.DecodeError) as error:
            raise DataError(str(place), "unreadable", f"the flight's folder is damaged: {error}") from None

    def write_status(self, status: Status) -> None:
        """Replace `flight.json` in one step."""
        self.write(STATUS_FILE, msgspec.json.format(msgspec.json.encode(status), indent=2) + b"\n")

    def write(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """Write a file whole or not at all: beside it first, fsynced, then renamed; Ctrl-C leaves nothing beside it."""
        place = self.path / name
        beside = place.with_name(place.name + PART)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(place)
        except BaseException as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise disk_error(place, error) from None
            raise

    def sweep(self) -> None:
        """Remove what a killed process was writing: it is no use, and of a checkpoint it holds secrets."""
        self._remove([self.path / (name + PART) for name in (CHECKPOINT_FILE, STATUS_FILE, MISSION_FILE, REPORT_FILE)])

    def forget(self) -> None:
        """Remove the checkpoint, whole or in part: it holds the nodes' secrets."""
        self._remove([self.path / CHECKPOINT_FILE, self.path / (CHECKPOINT_FILE + PART)])

    def _remove(self, places: list[Path]) -> None:
        for place in places:
            try:
                place.unlink(missing_ok=True)
            except OSError as error:
                raise disk_error(place, error) from None

    def write_products(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Files that follow from the Log and the stations' stores; whole only in a folder that says it is complete."""
        for name, data in files:
            place = self.path / name
            try:
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(data)
            except OSError as error:
                raise disk_error(place, error) from None

    def lines(self, kind: str) -> Iterator[Entry]:
        """The Log's entries of one kind, such as `receipt-signed`; the others are not decoded."""
        begins = f'{{"kind":"{kind}"'.encode()
        with self.log_path.open("rb") as file:
            yield from read_log((line for line in file if line.startswith(begins)), str(self.log_path))

    def read(self, name: str, most_bytes: int) -> bytes:
        """The bytes of one of the folder's files; `DataError` if it is missing or larger than it may be."""
        place = self.path / name
        try:
            with place.open("rb") as file:
                data = file.read(most_bytes + 1)
        except OSError as error:
            remedy = "it stopped before its first checkpoint: fly it anew" if name == CHECKPOINT_FILE else "fly it anew"
            raise DataError(str(place), error.strerror or str(error), remedy) from None
        if len(data) > most_bytes:
            raise DataError(str(place), f"more than {most_bytes} bytes", "this is not what a flight writes")
        return data

    def log_before(self, size: int, digest: str) -> bytes:
        """The Log's first `size` bytes, as a checkpoint names them; `DataError` if they are not there or changed."""
        place = str(self.log_path)
        try:
            with self.log_path.open("rb") as file:
                there = os.fstat(file.fileno()).st_size
                if there < size:
                    raise DataError(place, f"{there} bytes", f"the checkpoint needs {size}: fly it anew")
                data = file.read(size)
        except OSError as error:
            remedy = "the checkpoint goes on with this Log: fly it anew"
            raise DataError(place, error.strerror or str(error), remedy) from None
        if "sha256:" + hashlib.sha256(data).hexdigest() != digest:
            raise DataError(place, f"its first {size} bytes", "changed since the checkpoint: fly it anew")
        return data

    def entries(self) -> Iterator[Entry]:
        """The Log's entries; `DataError` where a line is malformed or cut short."""
        try:
            with self.log_path.open("rb") as lines:
                yield from read_log(lines, str(self.log_path))
        except OSError as error:
            raise DataError(str(self.log_path), "unreadable", str(error.strerror)) from None


def disk_error(place: Path, error: OSError) -> DiskError:
    """A full disk or a missing right, as a message."""
    full = error.errno in _NO_ROOM
    remedy = "make room, or choose another place with --out" if full else "make it writable, or choose another --out"
    return DiskError(str(place), error.strerror or str(error), remedy)


def _lock(path: Path) -> int | None:
    """An exclusive lock on a folder as a descriptor to be closed; None if another process has it.

    It lies on the folder itself, leaves no file behind and ends with the process. Where a file system has no locks
    everybody gets one.
    """
    held = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    except OSError:
        pass
    return held


def free_name(parent: Path, name: str) -> Path:
    """`parent/name`, or with the first free number after it."""
    path = parent / name
    number = 2
    while path.exists():
        path = parent / f"{name}-{number}"
        number += 1
    return path
