"""`report`, `get`, `logs`, `export`: what a person sees of a flight, each a fold over its Log."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from orbitalcloud.cli import output
from orbitalcloud.core import DataError, Instant, iso, read_log
from orbitalcloud.core.log import encode_entry
from orbitalcloud.core.records import Entry
from orbitalcloud.twin.folder import REPORT_FILE, STATUS_FILE, Folder, Status

if TYPE_CHECKING:
    from orbitalcloud.view.flight import Flight

FLIGHTS = Path("flights")
POLL_S = 0.5
FORMS = ("czml", "oem", "csv", "parquet")


def find(path: Path | None) -> Folder:
    """The flight in `path`; without one, the newest below ./flights."""
    if path is not None:
        return Folder.open(path)
    made = sorted(FLIGHTS.glob(f"*/{STATUS_FILE}"), key=lambda place: place.stat().st_mtime)
    if not made:
        raise DataError("flights", str(FLIGHTS.resolve()), "there is none: orbital fly genesis-1, or name one's folder")
    return Folder.open(made[-1].parent)


def _folded(folder: Folder) -> tuple[Flight, Status]:
    from orbitalcloud.view.fold import fold

    status = folder.status()
    if not status.complete:
        output.say(
            f"orbital: this flight is {status.status}, it reached {status.reached}: orbital fly --resume {folder.path}"
        )
        return fold(_whole_lines(folder)), status
    return fold(folder.entries()), status


def _whole_lines(folder: Folder) -> Iterator[Entry]:
    """The entries of a flight that may be going on: a last line that is cut short is not yet one."""
    with folder.log_path.open("rb") as lines:
        yield from read_log((line for line in lines if line.endswith(b"\n")), str(folder.log_path))


def write_report(folder: Folder, flight: Flight, status: Status, again: str) -> Path:
    """Write `report.html` into the folder."""
    from orbitalcloud.view.report import report_html

    folder.write(REPORT_FILE, report_html(flight, status.digest, again).encode())
    return folder.path / REPORT_FILE


def report(path: Path | None, as_json: bool) -> int:
    """Make the report anew."""
    folder = find(path)
    flight, status = _folded(folder)
    place = write_report(folder, flight, status, f"orbital fly {status.mission} --seed {status.seed}")
    if as_json:
        output.data({"report": str(place), "complete": status.complete, "digest": status.digest})
    else:
        print(place)
    return 0 if status.complete else 1


def get(kind: str, name: str | None, path: Path | None, as_json: bool, as_csv: bool) -> int:
    """A table, or one row with its story."""
    from orbitalcloud.view import detail, tables

    flight, _ = _folded(find(path))
    if name is not None:
        shown = detail.detail(flight, kind, name)
        if as_json:
            print(detail.detail_json(shown))
        else:
            detail.render_detail(shown, output.console())
        return 0
    table = tables.table(flight, kind)
    if as_json:
        print(tables.to_json(table))
    elif as_csv:
        sys.stdout.write(tables.to_csv(table))
    else:
        tables.render(table, output.console())
    return 0


def logs(name: str | None, path: Path | None, kind: str | None, last: int | None, follow: bool, as_json: bool) -> int:
    """The Log's entries: JSON lines with --json, else a line for people."""
    folder = find(path)

    def wanted(entry: Entry) -> bool:
        tag = str(entry.__struct_config__.tag)
        return (name is None or entry.node == name) and (kind is None or tag == kind)

    chosen = (entry for entry in _whole_lines(folder) if wanted(entry))
    for entry in deque(chosen, maxlen=last) if last else chosen:
        _print(entry, as_json)
    if follow and not folder.status().complete:
        _follow(folder, wanted, as_json)
    return 0


def _follow(folder: Folder, wanted: Callable[[Entry], bool], as_json: bool) -> None:
    with folder.log_path.open("rb") as file:
        file.seek(0, 2)
        rest = b""
        while True:
            grown = file.read()
            whole, _, rest = (rest + grown).rpartition(b"\n")
            if whole:
                for entry in read_log((line + b"\n" for line in whole.split(b"\n")), str(folder.log_path)):
                    if wanted(entry):
                        _print(entry, as_json)
                sys.stdout.flush()
            elif folder.status().complete:
                return
            else:
                time.sleep(POLL_S)


def _print(entry: Entry, as_json: bool) -> None:
    if as_json:
        print(encode_entry(entry).decode())
        return
    fields: dict[str, Any] = msgspec.to_builtins(entry)
    at, node, kind = Instant(fields.pop("at")), fields.pop("node"), fields.pop("kind")
    words = " ".join(f"{key}={_word(value)}" for key, value in fields.items())
    print(f"{iso(at, 3)} {node or '-'} {kind} {words}")


def _word(value: object) -> str:
    if isinstance(value, dict) and "text" in value:
        return json.dumps(f"{value['rule']}: {value['text']}", ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def export(path: Path | None, form: str, satellite: str, kind: str, out: Path | None, as_json: bool) -> int:
    """Write the flight in another form."""
    if form not in FORMS:
        raise DataError("--as", form, f"say one of: {', '.join(FORMS)}")
    folder = find(path)
    flight, _ = _folded(folder)
    if form == "parquet":
        from orbitalcloud.view.export import export_parquet

        place = out or folder.path / "telemetry.parquet"
        export_parquet(flight, place)
        _done(place, as_json)
        return 0
    text = _text(flight, form, satellite, kind)
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text)
        _done(out, as_json)
    return 0


def _text(flight: Flight, form: str, satellite: str, kind: str) -> str:
    if form == "czml":
        from orbitalcloud.view.czml import export_czml

        return export_czml(flight)
    if form == "oem":
        from orbitalcloud.view.oem import export_oem

        return export_oem(flight, satellite)
    from orbitalcloud.view.export import export_csv

    return export_csv(flight, kind)


def _done(place: Path, as_json: bool) -> None:
    if as_json:
        output.data({"file": str(place), "bytes": place.stat().st_size})
    else:
        print(place)
