"""`orbital logs`: the Log's entries, as its own lines or in words, and on as the flight goes on."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec

from orbitalcloud.cli import output
from orbitalcloud.cli.flights import find, how_to_go_on, warn
from orbitalcloud.core import Instant, iso, read_log, records
from orbitalcloud.core.log import encode_entry
from orbitalcloud.core.records import Entry
from orbitalcloud.twin.folder import Folder, disk_error

POLL_S = 0.25

Wanted = Callable[[Entry], bool]


def logs(name: str | None, path: Path | None, kind: str | None, last: int | None, follow: bool, as_json: bool) -> int:
    """The Log's entries: its own JSON lines with --json, else a line for people."""
    kinds = sorted(kind_of(one) for one in get_args(Entry))
    if kind is not None and kind not in kinds:
        raise output.choose("--kind", kind, kinds)
    folder = find(path)
    status = folder.status()
    live = follow and not status.complete and folder.busy
    if not live:
        warn(folder, status)
        if name is not None:
            _check_name(name, folder)

    def wanted(entry: Entry) -> bool:
        return (name is None or entry.node == name) and (kind is None or kind_of(entry) == kind)

    tail = Tail(folder)
    _print_all(tail.entries(), wanted, last, as_json)
    if live:
        _follow(tail, wanted, as_json)
    return 0


def kind_of(entry: Any) -> str:
    """The word that says in the Log what an entry is."""
    return str(entry.__struct_config__.tag)


class Tail:
    """Whole lines of a Log as they are written, each once; it remembers where it is."""

    def __init__(self, folder: Folder) -> None:
        self.folder, self._at = folder, 0

    def entries(self) -> Iterator[Entry]:
        """What is new since the last call; a line that is cut short is left for the next."""
        place = self.folder.log_path
        try:
            with place.open("rb") as file:
                file.seek(self._at)
                yield from read_log(self._whole(file), str(place))
        except OSError as error:
            raise disk_error(place, error) from None

    def _whole(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            if not line.endswith(b"\n"):
                return
            self._at += len(line)
            yield line


def _check_name(name: str, folder: Folder) -> None:
    described = (records.SatelliteDescribed, records.StationDescribed)
    nodes: list[str] = []
    for entry in Tail(folder).entries():
        if isinstance(entry, described):
            nodes.append(entry.node)
        elif nodes:
            break
    if name not in nodes:
        raise output.choose("node", name, nodes)


def _follow(tail: Tail, wanted: Wanted, as_json: bool) -> None:
    """Print what comes until the flight ends, well or not."""
    folder = tail.folder
    while True:
        ended = not folder.busy  # asked before reading: what it wrote last is then read too
        _print_all(tail.entries(), wanted, None, as_json)
        sys.stdout.flush()
        if ended:
            break
        time.sleep(POLL_S)
    status = folder.status()
    if not status.complete:
        output.say(f"orbital: the flight was interrupted; {how_to_go_on(folder)}")


def _print_all(entries: Iterable[Entry], wanted: Wanted, last: int | None, as_json: bool) -> None:
    chosen = (entry for entry in entries if wanted(entry))
    for entry in deque(chosen, maxlen=last) if last else chosen:
        _print(entry, as_json)


def _print(entry: Entry, as_json: bool) -> None:
    if as_json:
        print(encode_entry(entry).decode())
        return
    fields: dict[str, Any] = msgspec.to_builtins(entry)
    at, node, kind = Instant(fields.pop("at")), fields.pop("node"), fields.pop("kind")
    words = " ".join(f"{key}={_word(value)}" for key, value in fields.items())
    print(output.printable(f"{iso(at, 3)} {node or '-'} {kind} {words}"))


def _word(value: object) -> str:
    if isinstance(value, dict) and "text" in value:
        return json.dumps(f"{value['rule']}: {value['text']}", ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)
