"""Flights on disk as the verbs find them: which one is meant, what state it is in, how it is folded and reported."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from orbitalcloud.cli import output
from orbitalcloud.core import DataError, read_log
from orbitalcloud.core.records import Entry
from orbitalcloud.twin.folder import REPORT_FILE, STATUS_FILE, Folder, Status, disk_error

if TYPE_CHECKING:
    from orbitalcloud.view.flight import Flight

FLIGHTS = Path("flights")


def existing(path: Path) -> Folder:
    """The flight in the folder `path`, or of that name below ./flights."""
    named = FLIGHTS / path
    if not path.exists() and (named / STATUS_FILE).is_file():
        return Folder.open(named)
    return Folder.open(path)


def find(path: Path | None) -> Folder:
    """The flight in `path`; without one, the newest below ./flights."""
    if path is not None:
        return existing(path)
    made = sorted(FLIGHTS.glob(f"*/{STATUS_FILE}"), key=lambda place: place.stat().st_mtime)
    if not made:
        raise DataError("flights", str(FLIGHTS.resolve()), "there is none: orbital fly genesis-1, or name one's folder")
    return Folder.open(made[-1].parent)


def newest_unfinished() -> Folder:
    """The newest flight below ./flights that is not complete and that nobody is flying."""
    made = sorted(FLIGHTS.glob(f"*/{STATUS_FILE}"), key=lambda place: place.stat().st_mtime, reverse=True)
    for place in made:
        folder = Folder.open(place.parent)
        if folder.resumable and not folder.busy:
            return folder
    raise DataError("flights", str(FLIGHTS.resolve()), "none here waits to be resumed: name the folder of one")


def how_to_go_on(folder: Folder) -> str:
    """What to do with a flight that ended early."""
    return f"go on with: orbital fly --resume {folder.path}"


def warn(folder: Folder, status: Status) -> None:
    """Say that a flight is not complete, and what can be done."""
    if status.complete:
        return
    if folder.busy:
        output.say(f"orbital: {folder.path} is still flying: this is what there is so far")
    elif status.status == "interrupted":
        output.say(f"orbital: {folder.path} was interrupted at {status.reached}; {how_to_go_on(folder)}")
    else:
        output.say(f"orbital: {folder.path} broke off at {folder.status().reached} or later; {how_to_go_on(folder)}")


def folded(folder: Folder) -> tuple[Flight, Status]:
    """The flight as far as it went; says so on stderr where that is not to its end."""
    from orbitalcloud.view.fold import fold

    status = folder.status()
    warn(folder, status)
    if not status.complete:
        return fold(whole_lines(folder)), status
    require_digest(folder, status)
    return fold(folder.entries()), status


def require_digest(folder: Folder, status: Status) -> None:
    """A complete flight's Log has the digest that the flight printed; `DataError` if a byte of it was changed since."""
    try:
        with folder.log_path.open("rb") as file:
            found = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise disk_error(folder.log_path, error) from None
    if found != status.digest:
        raise DataError(
            str(folder.log_path), found[:23] + "…", f"the flight's digest is {status.digest[:23]}…: fly again"
        )


def whole_lines(folder: Folder) -> Iterator[Entry]:
    """The entries of a flight that may be going on: a last line that is cut short is not yet one."""
    try:
        with folder.log_path.open("rb") as lines:
            yield from read_log((line for line in lines if line.endswith(b"\n")), str(folder.log_path))
    except OSError as error:
        raise disk_error(folder.log_path, error) from None


def reproduction(status: Status) -> str:
    """The command that flies the same flight again."""
    from orbitalcloud.mission import find as find_mission
    from orbitalcloud.mission import packaged

    mission = status.mission_path
    if status.mission in packaged() and os.path.abspath(find_mission(status.mission)) == mission:
        mission = status.mission
    elif not os.path.relpath(mission).startswith(".."):
        mission = f"./{os.path.relpath(mission)}"
    return f"orbital fly {mission} --seed {status.seed}"


def write_report(
    folder: Folder, flight: Flight, status: Status, again: str, *, whole: bool = True, peace: Flight | None = None
) -> Path:
    """Write `report.html` into the folder, with what a check says of the mission; not all of it without `whole`."""
    from orbitalcloud.cli.design import designs_of
    from orbitalcloud.view.report import report_html

    mission = (status.mission_path, flight.header.mission_digest)
    designs = designs_of(flight, *mission, whole=whole) if status.complete else ()
    folder.write(REPORT_FILE, report_html(flight, status.digest, again, designs, peace).encode())
    return folder.path / REPORT_FILE
