"""A flight's folder: what is in it, when it is whole, and how it is written so that it never pretends to be.

flight.json      status (`flying`, `interrupted`, `complete`), mission, seed, digest: replaced in one step
mission.toml     the mission as flown
log.jsonl        the Log; its SHA-256 is the flight's digest
receipts/        one signed receipt a job
results/         one output a job that was executed and came down
report.html      everything in one page
checkpoint.bin   only while the flight is not complete; holds the nodes' stores, so it is readable by its owner alone
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from orbitalcloud.core import DataError, read_log
from orbitalcloud.core.records import Entry

STATUS_FILE, LOG_FILE, CHECKPOINT_FILE, REPORT_FILE = "flight.json", "log.jsonl", "checkpoint.bin", "report.html"
MISSION_FILE = "mission.toml"


class Status(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`flight.json`: what a folder claims to be."""

    status: str
    mission: str
    mission_path: str
    mission_digest: str
    seed: int
    software: str
    reached: str
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

    @classmethod
    def open(cls, path: Path) -> Folder:
        """An existing flight's folder; `DataError` if it is none."""
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
        """Write a file whole or not at all: beside it first, fsynced, then renamed."""
        place = self.path / name
        beside = place.with_name(place.name + ".part")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(place)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise disk_error(place, error) from None

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

    def entries(self) -> Iterator[Entry]:
        """The Log's entries; `DataError` where a line is malformed or cut short."""
        try:
            with self.log_path.open("rb") as lines:
                yield from read_log(lines, str(self.log_path))
        except OSError as error:
            raise DataError(str(self.log_path), "unreadable", str(error.strerror)) from None


def disk_error(place: Path, error: OSError) -> DataError:
    """A full disk or a missing right, as a message."""
    return DataError(
        str(place), error.strerror or str(error), "make room (or choose another place with --out), then fly --resume"
    )


def free_name(parent: Path, name: str) -> Path:
    """`parent/name`, or with the first free number after it."""
    path = parent / name
    number = 2
    while path.exists():
        path = parent / f"{name}-{number}"
        number += 1
    return path
