"""Flying: step the carrier until the mission ends, write the Log, checkpoint, and leave a folder that says what it is."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import process_time
from types import FrameType
from typing import BinaryIO

from orbitalcloud import __version__
from orbitalcloud.core import HOUR, DataError, Instant, Interrupted, Log, iso, records
from orbitalcloud.core.records import Entry
from orbitalcloud.mission import Loaded, load
from orbitalcloud.twin import Carrier, Fleet, Folder, Status, World, carrier_of, describe, disk_error, fleet_of, freeze, thaw
from orbitalcloud.twin.folder import CHECKPOINT_FILE, LOG_FILE, MISSION_FILE

CHECKPOINT_NS = 4 * HOUR
"""Simulated time between checkpoints: at most this much is flown twice after a crash."""

MAX_CHECKPOINT_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class Flown:
    """How a flight ended."""

    folder: Folder
    status: Status
    carrier: Carrier = field(repr=False)


Watch = Callable[[Entry], None]
Tick = Callable[[Instant], None]


def fly(loaded: Loaded, folder: Folder, seed: int, watch: Watch | None = None, tick: Tick | None = None) -> Flown:
    """Fly a mission into an empty folder.

    `watch` sees every entry, `tick` the simulated time now and then. `Interrupted` if the person stops it, with the
    folder ready for `resume`; `DataError` if the disk is full.
    """
    status = Status(
        status="flying",
        mission=loaded.mission.name,
        mission_path=os.path.abspath(loaded.path),
        mission_digest=loaded.digest,
        seed=seed,
        software=f"orbital-cloud {__version__}",
        reached=iso(loaded.starts),
    )
    folder.write(MISSION_FILE, loaded.text.encode())
    folder.write_status(status)
    begun = process_time()
    carrier, fleet = carrier_of(loaded, seed)
    timing = {"building": process_time() - begun}
    with _open_log(folder, 0) as file:
        log = Log(_writer(file, folder))
        carrier.log, carrier.watch = log, watch
        first = records.FlightStarted(
            at=loaded.starts,
            node="",
            mission=loaded.mission.name,
            mission_digest=loaded.digest,
            seed=seed,
            ends=loaded.ends,
            software=status.software,
            telemetry_s=loaded.mission.telemetry_s,
        )
        for entry in (first, *describe(carrier.world, loaded)):
            log.append(entry)
            if watch is not None:
                watch(entry)
        return _run(carrier, fleet, folder, file, status, timing, tick)


def resume(folder: Folder, watch: Watch | None = None, tick: Tick | None = None) -> Flown:
    """Go on with an interrupted flight from its last checkpoint, to the digest of an unbroken one."""
    status = folder.status()
    if status.complete:
        raise DataError("flight folder", str(folder.path), "this flight is complete: there is nothing to resume")
    if status.software != f"orbital-cloud {__version__}":
        raise DataError("software", status.software, f"this is {__version__}: resume with the version that began it")
    loaded = load(status.mission_path)
    if loaded.digest != status.mission_digest:
        raise DataError(status.mission_path, loaded.digest[:23], "the mission was changed since: fly it anew")
    place = folder.path / CHECKPOINT_FILE
    if not place.is_file():
        raise DataError(str(place), "missing", "it stopped before its first checkpoint: fly it anew")
    data = place.read_bytes()
    size, data = int.from_bytes(data[:8], "big"), data[8:]
    begun = process_time()
    fleet, _ = fleet_of(loaded, World(loaded))
    carrier = thaw(data, fleet, str(place))
    timing = {"building": process_time() - begun}
    prefix = _prefix(folder, size)
    if watch is not None:
        for entry in folder.entries():
            watch(entry)
    with _open_log(folder, size) as file:
        carrier.log, carrier.watch = Log(_writer(file, folder), prefix), watch
        return _run(carrier, fleet, folder, file, status, timing, tick)


def _run(
    carrier: Carrier,
    fleet: Fleet,
    folder: Folder,
    file: BinaryIO,
    status: Status,
    timing: dict[str, float],
    tick: Tick | None,
) -> Flown:
    log = carrier.log
    assert log is not None, "the caller opened the Log"
    begun = process_time()
    ends = fleet.loaded.ends
    saved_at = carrier.now
    with _stop_requests() as stop:
        while (due := carrier.next_due()) is not None and due < ends:
            if stop:
                _checkpoint(carrier, fleet, folder, file)
                folder.write_status(_with(status, status="interrupted", reached=iso(carrier.now)))
                raise Interrupted(f"stopped at {iso(carrier.now)}; go on with: orbital fly --resume {folder.path}")
            if due - saved_at >= CHECKPOINT_NS:
                _checkpoint(carrier, fleet, folder, file)
                saved_at = due
            carrier.step()
            if tick is not None and not carrier.events & 63:
                tick(carrier.now)
    end = records.FlightEnded(at=ends, node="", entries=log.entries + 1)
    log.append(end)
    if carrier.watch is not None:
        carrier.watch(end)
    _flush(file, folder)
    timing["flying"] = process_time() - begun
    timing["jobs"], timing["world"] = carrier.execution_s, carrier.world_s
    timing = {name: round(seconds, 3) for name, seconds in timing.items()}
    whole = _with(
        status, status="complete", reached=iso(ends), digest=log.digest, entries=log.entries, timing_s=timing
    )
    _write_products(carrier, folder)
    folder.write_status(whole)
    (folder.path / CHECKPOINT_FILE).unlink(missing_ok=True)
    return Flown(folder, whole, carrier)


def _write_products(carrier: Carrier, folder: Folder) -> None:
    """Receipts as files are written from the Log; outputs lie in the stores of the stations that received them."""
    for name in sorted(carrier.saved):
        for key in sorted(carrier.saved[name]):
            if key.startswith("result/"):
                folder.write(f"results/{_safe(key.removeprefix('result/'))}.bin", carrier.saved[name][key])
    for entry in folder.entries():
        if isinstance(entry, records.ReceiptSigned):
            folder.write(f"receipts/{_safe(entry.job)}.json", entry.receipt.encode() + b"\n")


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)


# Log and checkpoint on disk -------------------------------------------------------------------------------------------


@contextmanager
def _open_log(folder: Folder, size: int) -> Iterator[BinaryIO]:
    try:
        file = folder.log_path.open("r+b" if size else "wb")
    except OSError as error:
        raise disk_error(folder.log_path, error) from None
    try:
        file.truncate(size)
        file.seek(size)
        yield file
    finally:
        try:
            file.close()
        except OSError as error:
            raise disk_error(folder.log_path, error) from None


def _writer(file: BinaryIO, folder: Folder) -> Callable[[bytes], object]:
    def write(line: bytes) -> None:
        try:
            file.write(line)
        except OSError as error:
            raise disk_error(folder.path / LOG_FILE, error) from None

    return write


def _flush(file: BinaryIO, folder: Folder) -> None:
    try:
        file.flush()
        os.fsync(file.fileno())
    except OSError as error:
        raise disk_error(folder.path / LOG_FILE, error) from None


def _checkpoint(carrier: Carrier, fleet: Fleet, folder: Folder, file: BinaryIO) -> None:
    """The Log to disk first, then a checkpoint that names its length: what comes after is cut off on resuming."""
    assert carrier.log is not None, "a flight has its Log"
    _flush(file, folder)
    size = carrier.log.size_bytes.to_bytes(8, "big")
    folder.write(CHECKPOINT_FILE, size + freeze(carrier, fleet), mode=0o600)


def _prefix(folder: Folder, size: int) -> bytes:
    with folder.log_path.open("rb") as file:
        prefix = file.read(size)
    if len(prefix) != size:
        raise DataError(str(folder.log_path), f"{len(prefix)} bytes", f"the checkpoint needs {size}: fly it anew")
    return prefix


def _with(status: Status, **changes: object) -> Status:
    import msgspec

    return msgspec.structs.replace(status, **changes)


@contextmanager
def _stop_requests() -> Iterator[list[int]]:
    """A list that fills when the person presses Ctrl-C or the process is told to end; a second Ctrl-C is immediate."""
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    try:
        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not in the main thread: whoever runs us there stops us otherwise
        yield asked
        return
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
