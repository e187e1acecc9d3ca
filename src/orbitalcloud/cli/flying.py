"""`orbital fly` and `orbital serve`: a flight with its progress line, and the summary at its end."""

from __future__ import annotations

import signal
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orbitalcloud.cli import output
from orbitalcloud.cli.flights import FLIGHTS, existing, how_to_go_on, newest_unfinished, reproduction, write_report
from orbitalcloud.core import DataError, Instant, Interrupted
from orbitalcloud.core.records import Entry
from orbitalcloud.mission import load
from orbitalcloud.mission.peace import load_in_peace
from orbitalcloud.twin import Flight, Folder, Status, free_name
from orbitalcloud.twin.folder import LOG_FILE, MISSION_FILE, DiskError
from orbitalcloud.view.fold import fold
from orbitalcloud.view.progress import Progress
from orbitalcloud.view.verdict import Verdict, verdict
from orbitalcloud.view.words import count, duration, scaled

if TYPE_CHECKING:
    from orbitalcloud.view.flight import Flight as Folded

MARGINS_SHOWN = 5
WITH_BAR = 140
"""Columns of a terminal from which the bar has room beside the words."""

Watch = Callable[[Entry], None]
Tick = Callable[[Instant], None]


@dataclass(slots=True)
class Line:
    """The progress line's ends: what sees entries, what sees time, and the passes that are to come."""

    watch: Watch | None = None
    tick: Tick | None = None
    passes: dict[str, list[tuple[Instant, str]]] = field(default_factory=dict)

    def expect(self, flight: Flight) -> None:
        """Learn the passes of a flight that is about to begin."""
        stations = {ground.name for ground in flight.fleet.loaded.stations}
        for contact in flight.fleet.plan.contacts:
            if contact.receiver in stations and contact.sender not in stations:
                self.passes.setdefault(contact.sender, []).append((contact.opens, contact.receiver))

    def next_pass(self, satellite: str, now: int) -> tuple[int, str] | None:
        """The first pass of `satellite` that opens after `now`."""
        known = self.passes.get(satellite, [])
        index = bisect_right(known, now, key=lambda one: one[0])
        return known[index] if index < len(known) else None


def fly(
    mission: str | None, seed: int | None, out: Path | None, resume: bool, as_json: bool, in_peace: bool = False
) -> int:
    """Fly, or go on with an interrupted flight; `in_peace`: without the mission's faults."""
    if resume:
        if seed is not None or out is not None or in_peace:
            raise DataError(
                "orbital fly --resume",
                "--seed, --out or --without-faults",
                "leave it out: the flight has its seed and place",
            )
        return _resume(existing(Path(mission)) if mission is not None else newest_unfinished(), as_json)
    if mission is None:
        raise DataError(
            "fly", "no mission", "say which, such as genesis-1 or ./my.toml, or --resume and a flight's folder"
        )
    loaded = load(mission)
    number = loaded.mission.seed if seed is None else seed
    folder = Folder.create(out or free_name(FLIGHTS, loaded.mission.name + ("-in-peace" if in_peace else "")))
    if in_peace:
        loaded = load_in_peace(mission, str(folder.path.absolute() / MISSION_FILE))
    with settled(folder), progress() as line, Flight.begin(loaded, folder, number, line.watch) as flight:
        status = _run(flight, line)
    return _end(folder, status, as_json)


def _resume(folder: Folder, as_json: bool) -> int:
    folder.claim()
    with settled(folder), progress() as line, Flight.resume(folder, line.watch) as flight:
        status = _run(flight, line)
    return _end(folder, status, as_json)


def _run(flight: Flight, line: Line) -> Status:
    from orbitalcloud.sim import run

    line.expect(flight)
    return run(flight, line.tick)


def serve(mission: str, speed: float, seed: int | None, out: Path | None, keys: Path | None, as_json: bool) -> int:
    """The same against the real clock."""
    import asyncio

    from orbitalcloud import live

    live.check_speed(speed)
    loaded = load(mission)
    number = loaded.mission.seed if seed is None else seed
    folder = Folder.create(out or free_name(FLIGHTS, f"{loaded.mission.name}-live"))

    held: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    async def flown(line: Line) -> live.Served:
        if held:
            raise KeyboardInterrupt
        _hear(before)
        return await live.serve(loaded, folder, number, speed, None, line.watch, line.tick, line.expect, keys)

    # Ctrl-C waits until there is a loop to take it: between two lines here it would leave one half made. A mask of
    # signals would not do: any other thread may be given it, and Python then raises in this one.
    _hear(lambda *_: held.append(1))
    try:
        output.say(f"{loaded.mission.name} at {speed:g} times the real clock; Ctrl-C stops it")
        with settled(folder), progress() as line:
            served = asyncio.run(flown(line))
    finally:
        _hear(before)
    output.say(f"latest event: {duration(served.latest_s)} after its moment")
    return _end(folder, served.status, as_json)


def _hear(handler: Any) -> None:
    """Let `handler` take Ctrl-C; outside the main thread nobody does, and whoever runs us there stops us otherwise."""
    with suppress(ValueError):
        signal.signal(signal.SIGINT, handler)


@contextmanager
def settled(folder: Folder) -> Iterator[None]:
    """Whatever ends a flight early leaves no folder that claims more than is in it, and says the way on."""
    try:
        yield
    except BaseException as error:
        with suppress(DataError):  # the disk that failed the flight may fail this too: then it goes on saying `flying`
            folder.abandon()
        if isinstance(error, DiskError) and folder.path.exists():
            raise DataError(error.place, error.value, f"{error.remedy}; then {how_to_go_on(folder)}") from None
        if isinstance(error, KeyboardInterrupt) and folder.path.exists():
            raise Interrupted(f"interrupted; {how_to_go_on(folder)}") from None
        raise
    finally:
        folder.release()


@contextmanager
def progress() -> Iterator[Line]:
    """A line that moves while a person watches; nothing where nobody does."""
    if not output.terminal():
        yield Line()
        return
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    state, line, console = Progress(), Line(), Console(file=sys.stderr)
    words = TextColumn("{task.description}", markup=False, table_column=Column(overflow="fold"))
    columns: list[ProgressColumn] = [TextColumn("{task.percentage:>3.0f} %"), words]
    if console.width >= WITH_BAR:
        columns.insert(0, BarColumn(bar_width=24))
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("preparing", total=1.0)

        def tick(now: Instant) -> None:
            said = state.line(line.next_pass(state.satellite, now))
            bar.update(task, completed=state.fraction, description=said)

        line.watch, line.tick = state.update, tick
        yield line


# The end ------------------------------------------------------------------------------------------------------------


def _end(folder: Folder, status: Status, as_json: bool) -> int:
    """Judge, report, tell. A report that cannot be written is an error that comes after the verdict."""
    flight = fold(folder.entries())
    judged = verdict(flight)
    failure: DataError | None = None
    try:
        place: Path | None = write_report(folder, flight, status, reproduction(status), whole=False)
    except DataError as error:
        place, failure = None, error
    if as_json:
        output.data(_summary(folder, status, judged, place))
    else:
        _tell(folder, flight, status, judged, place)
    if failure is not None:
        remedy = f"the flight is complete, its report is not written: make room, then orbital report {folder.path}"
        raise DataError(failure.place, failure.value, remedy)
    return 0 if judged.closes else 1


def _summary(folder: Folder, status: Status, judged: Verdict, place: Path | None) -> dict[str, Any]:
    import msgspec

    return {
        "folder": str(folder.path),
        "report": str(place) if place else None,
        "digest": status.digest,
        "entries": status.entries,
        "seed": status.seed,
        "closes": judged.closes,
        "verdict": judged.sentence,
        "margins": msgspec.to_builtins(judged.margins),
        "tally": msgspec.to_builtins(judged.tally),
        "joules_per_result": judged.tally.joules_per_result,
        "timing_s": status.timing_s,
    }


def _tell(folder: Folder, flight: Folded, status: Status, judged: Verdict, place: Path | None) -> None:
    print(f"{'✓' if judged.closes else '✗'} {judged.sentence}")
    print()
    shown = judged.margins[: max(MARGINS_SHOWN, len(judged.broken))][: 4 * MARGINS_SHOWN]
    wide = max((len(one.name) for one in shown), default=0)
    where = max((len(one.node) for one in shown), default=0)
    for one in shown:
        left = f"{max(-999, round(one.margin_ppm / 1e4)):>4} % left"
        print(f"  {'✓' if one.holds else '✗'} {one.name:<{wide}}  {one.node:<{where}}  {left}  {one.margin}")
    print()
    for note in _notes(flight, judged):
        print(f"  note    {note}")
    print(f"  digest  {status.digest}")
    print(f"  check   sha256sum {folder.path / LOG_FILE}")
    if place is not None:
        print(f"  report  {place}")
    whole, jobs, physics = (status.timing_s.get(name, 0.0) for name in ("flying", "jobs", "world"))
    if jobs + physics <= whole:  # a resumed flight's parts are of all its processes, the whole is of the last one
        parts = f"of which {duration(jobs)} were jobs executed and {duration(physics)} physics"
        output.say(f"\n{duration(whole)} of CPU, {parts}")


def _notes(flight: Folded, judged: Verdict) -> Iterator[str]:
    """What a reader of the verdict should know beside it."""
    tally = judged.tally
    for executed, word in ((True, "really executed"), (False, "modelled, not executed")):
        joules = [job.energy_j for job in flight.jobs.values() if job.finished and job.executed == executed]
        if joules:
            yield f"{count(len(joules), 'job')} {word}, {scaled(sum(joules) / len(joules), 'J')} each"
    if not flight.stations:
        yield "no station: nothing went up or came down"
    missing = [(number, word) for number, word in ((tally.refused, "refused"), (tally.failed, "failed")) if number]
    if tally.open:
        missing.append((tally.open, "still on the way at the end"))
    if missing:
        said = ", ".join(f"{number} {word}" for number, word in missing)
        yield f"{said}: orbital get jobs says why"
