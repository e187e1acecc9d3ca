"""A flight in progress: the carrier, the Log on disk and the checkpoints, for whichever driver steps it.

    with Flight.begin(loaded, folder, seed) as flight:      or Flight.resume(folder)
        while flight.due() is not None:
            flight.step()
        flight.finish()

Leaving the block early leaves a folder that says so and can be resumed from its last checkpoint.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from types import TracebackType

from msgspec.structs import replace

from orbitalcloud.core import DataError, Instant, Interrupted, Log, iso, records
from orbitalcloud.core.records import Entry
from orbitalcloud.core.version import VERSION
from orbitalcloud.mission import Loaded, load
from orbitalcloud.twin.build import Fleet, carrier_of, describe, fleet_of
from orbitalcloud.twin.carrier import Carrier
from orbitalcloud.twin.checkpoint import freeze, seal, thaw, unseal
from orbitalcloud.twin.folder import CHECKPOINT_FILE, MISSION_FILE, Folder, Status, disk_error
from orbitalcloud.twin.keystores import FileKeys, KeyStore
from orbitalcloud.twin.world import World

PIECE_BYTES = 65_536

CHECKPOINT_S = 5.0
"""CPU seconds between checkpoints: at most this much work is done twice after a crash."""

MAX_CHECKPOINT_BYTES = 4 << 30
SOFTWARE = f"orbital-cloud {VERSION}"

Watch = Callable[[Entry], None]


class Flight:
    """One flight of one mission into one folder; make it with `begin` or `resume`."""

    def __init__(
        self, folder: Folder, status: Status, carrier: Carrier, fleet: Fleet, prefix: bytes, watch: Watch | None
    ) -> None:
        self.folder, self.status, self.carrier, self.fleet = folder, status, carrier, fleet
        self.ends = fleet.loaded.ends
        self.timing = {"building": 0.0}
        self._begun = process_time()
        self._saved_at = self._begun
        self._file = LogFile(folder.log_path, len(prefix))
        self.log = Log(self._file.write, prefix)
        carrier.log, carrier.watch = self.log, watch

    @classmethod
    def begin(
        cls, loaded: Loaded, folder: Folder, seed: int, watch: Watch | None = None, keys: Path | None = None
    ) -> Flight:
        """Everything from the mission's epoch, into an empty folder; `keys` is a folder of device keys (`FileKeys`)."""
        status = Status(
            status="flying",
            mission=loaded.mission.name,
            mission_path=os.path.abspath(loaded.path),
            mission_digest=loaded.digest,
            seed=seed,
            software=SOFTWARE,
            reached=iso(loaded.starts),
            files=dict(loaded.files),
            keys=os.path.abspath(keys) if keys is not None else "",
        )
        begun = process_time()
        carrier, fleet = carrier_of(
            loaded, seed, _keys(status)
        )  # may find the mission wrong, so the folder is made after it
        folder.make()
        folder.write(MISSION_FILE, loaded.text.encode())
        folder.write_status(status)
        return cls._first(loaded, folder, status, (carrier, fleet), watch, process_time() - begun)

    @classmethod
    def _first(
        cls,
        loaded: Loaded,
        folder: Folder,
        status: Status,
        made: tuple[Carrier, Fleet],
        watch: Watch | None,
        building_s: float,
    ) -> Flight:
        """A flight at the mission's epoch, its first entries written."""
        carrier, fleet = made
        flight = cls(folder, status, carrier, fleet, b"", watch)
        flight.timing["building"] = building_s
        first = records.FlightStarted(
            at=loaded.starts,
            node="",
            mission=loaded.mission.name,
            mission_digest=loaded.digest,
            seed=status.seed,
            ends=loaded.ends,
            software=status.software,
            telemetry_s=loaded.mission.telemetry_s,
        )
        with flight._let_go_on_error():
            for entry in (first, *describe(carrier.world, loaded)):
                flight._say(entry)
        return flight

    @classmethod
    def _from_the_start(cls, loaded: Loaded, folder: Folder, status: Status, watch: Watch | None) -> Flight:
        """A flight that stopped before its first checkpoint is seconds old: it is flown again in its own folder."""
        begun = process_time()
        made = carrier_of(loaded, status.seed, _keys(status))
        return cls._first(loaded, folder, status, made, watch, process_time() - begun)

    @classmethod
    def resume(cls, folder: Folder, watch: Watch | None = None) -> Flight:
        """From the last checkpoint of an interrupted flight; the Log after it is flown again.

        `DataError` where what it stands on (software, mission, the mission's files, the Log) is not what it was.
        """
        status = folder.status()
        place = folder.path / CHECKPOINT_FILE
        if status.complete:
            raise DataError("flight folder", str(folder.path), "this flight is complete: there is nothing to resume")
        if status.software != SOFTWARE:
            raise DataError("software", status.software, f"this is {SOFTWARE}: resume with the one that began it")
        loaded = load(status.mission_path)
        _check_same(loaded, status)
        folder.sweep()
        if not place.is_file():
            return cls._from_the_start(loaded, folder, status, watch)
        sealed = unseal(folder.read(CHECKPOINT_FILE, MAX_CHECKPOINT_BYTES), str(place))
        prefix = folder.log_before(sealed.log_bytes, sealed.log_digest)
        begun = process_time()
        fleet, _ = fleet_of(loaded, World(loaded), status.seed)
        carrier = thaw(sealed.frozen, fleet, str(place))
        carrier.unlock(_keys(status))
        carrier.execution_s = carrier.world_s = 0.0  # timing tells of this process alone
        flight = cls(folder, status, carrier, fleet, prefix, watch)
        flight.timing["building"] = process_time() - begun
        with flight._let_go_on_error():
            if watch is not None:
                for entry in folder.entries():
                    watch(entry)
        return flight

    @contextmanager
    def _let_go_on_error(self) -> Iterator[None]:
        """What ends a flight before its `with` block has begun leaves no open file."""
        try:
            yield
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Flight:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.carrier.log = self.carrier.watch = None
        self._file.close()

    # Stepping --------------------------------------------------------------------------------------------------------

    def due(self) -> Instant | None:
        """When the next event before the mission's end is due; None when there is no more."""
        at = self.carrier.next_due()
        return at if at is not None and at < self.ends else None

    def step(self) -> None:
        """Handle the next event, after a checkpoint where one is due."""
        if not self.carrier.events & 255 and process_time() - self._saved_at >= CHECKPOINT_S:
            self.checkpoint()
            self._saved_at = process_time()
        self.carrier.step()

    def publish(self) -> None:
        """Let readers of the Log's file see what there is so far."""
        self._file.publish()

    def checkpoint(self) -> None:
        """The Log to disk first, then a checkpoint that names its bytes: what comes after is cut off on resuming."""
        self._file.flush()
        data = seal(self.log.size_bytes, self.log.digest, freeze(self.carrier, self.fleet))
        self.folder.write(CHECKPOINT_FILE, data, mode=0o600)

    def stop(self) -> Interrupted:
        """Checkpoint here and say that the flight was interrupted; the caller raises what this returns."""
        self.checkpoint()
        self.status = replace(self.status, status="interrupted", reached=iso(self.carrier.now))
        self.folder.write_status(self.status)
        text = f"stopped at {self.status.reached}; go on with: orbital fly --resume {self.folder.path}"
        return Interrupted(text)

    def finish(self) -> Status:
        """Close the Log, write receipts and results, remove secrets, and only then declare the folder complete."""
        for name in self.carrier.world.names:
            self._say(self._energy_account(name))
        self._say(records.FlightEnded(at=self.ends, node="", entries=self.log.entries + 1))
        self._file.flush()
        self.timing["flying"] = process_time() - self._begun
        self.timing["jobs"], self.timing["world"] = self.carrier.execution_s, self.carrier.world_s
        self.folder.write_products(self._products())
        self.status = replace(
            self.status,
            status="complete",
            reached=iso(self.ends),
            digest=self.log.digest,
            entries=self.log.entries,
            timing_s={name: round(seconds, 3) for name, seconds in self.timing.items()},
        )
        self.folder.forget()
        self.folder.write_status(self.status)
        return self.status

    def _energy_account(self, name: str) -> records.EnergyAccount:
        """The checker's line: where a satellite's energy went, and what its battery is still worth."""
        made, battery = self.carrier.world.account(name, self.ends)

        def millijoules(joules: float) -> int:
            return round(joules * 1000)

        return records.EnergyAccount(
            at=self.ends,
            node=name,
            generated_mj=millijoules(made.generated_j),
            load_mj=millijoules(made.load_j),
            losses_mj=millijoules(made.losses_j),
            stored_mj=millijoules(made.stored_j),
            curtailed_mj=millijoules(made.curtailed_j),
            unserved_mj=millijoules(made.unserved_j),
            shed_mj=millijoules(made.shed_j),
            residual_ppt=round(made.residual * 1e12),
            capacity_ppm=round(battery.wear.capacity * 1e6),
            resistance_ppm=round(battery.wear.resistance * 1e6),
        )

    # Files -----------------------------------------------------------------------------------------------------------

    def _say(self, entry: Entry) -> None:
        self.log.append(entry)
        if self.carrier.watch is not None:
            self.carrier.watch(entry)

    def _products(self) -> Iterator[tuple[str, bytes]]:
        """Receipts, which are in the Log, and outputs, which lie in the stores of the stations that received them."""
        for name in sorted(self.carrier.saved):
            for key, value in sorted(self.carrier.saved[name].items()):
                if key.startswith("result/"):
                    yield f"results/{file_name(key.removeprefix('result/'))}.bin", value
                elif key.startswith("proof/"):
                    yield f"proofs/{file_name(key.removeprefix('proof/'))}.bin", value
        for entry in self.folder.lines("receipt-signed"):
            assert isinstance(entry, records.ReceiptSigned), "the kind names the class"
            yield f"receipts/{file_name(entry.job)}.json", entry.receipt.encode() + b"\n"


class LogFile:
    """The Log's file: lines are gathered and written in large pieces; a full disk is a `DataError` at the write."""

    def __init__(self, place: Path, size: int) -> None:
        """Open `place` at `size` bytes, and cut off what is behind."""
        self._place, self._lines = place, bytearray()
        try:
            self._file = place.open("r+b" if size else "wb", buffering=0)
            if size:
                self._file.truncate(size)
                self._file.seek(size)
        except OSError as error:
            raise disk_error(place, error) from None

    def write(self, line: bytes) -> None:
        self._lines += line
        if len(self._lines) >= PIECE_BYTES:
            self.publish()

    def publish(self) -> None:
        """Everything to the file, for others to read."""
        left = memoryview(bytes(self._lines))
        self._lines.clear()
        try:
            while left:
                left = left[self._file.write(left) or 0 :]
        except OSError as error:
            raise disk_error(self._place, error) from None

    def flush(self) -> None:
        """Everything to the disk itself."""
        self.publish()
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            if error.errno != errno.EINVAL:  # a device or pipe, which cannot be synced
                raise disk_error(self._place, error) from None

    def close(self) -> None:
        """Let go of the file; what was not flushed is dropped, as a killed process would."""
        self._file.close()


def _keys(status: Status) -> KeyStore | None:
    return FileKeys(Path(status.keys)) if status.keys else None


def _check_same(loaded: Loaded, status: Status) -> None:
    """`DataError` if the mission or a file of it is not what the flight began with."""
    for name, digest in loaded.files:
        before = status.files.get(name, digest)
        if digest != before:
            remedy = f"this file of the mission was changed since (it was {before[:23]}…): put it back, or fly it anew"
            raise DataError(name, f"{digest[:23]}…", remedy)
    if loaded.digest != status.mission_digest:
        raise DataError(status.mission_path, loaded.digest[:23], "the mission was changed since: fly it anew")


def file_name(name: str) -> str:
    """A job's name as a file's: what is neither letter, digit, hyphen, underscore nor dot becomes an underscore."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
