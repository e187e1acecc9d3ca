"""`orbital fly` and `orbital serve`: a flight with its progress line, and the summary at its end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orbitalcloud.cli import output
from orbitalcloud.cli.seeing import write_report
from orbitalcloud.core import DataError, Instant
from orbitalcloud.core.records import Entry
from orbitalcloud.mission import load
from orbitalcloud.twin import Folder, Status, free_name
from orbitalcloud.view.fold import fold
from orbitalcloud.view.progress import Progress
from orbitalcloud.view.verdict import Verdict, verdict

FLIGHTS = Path("flights")
MARGINS_SHOWN = 6

Watch = Callable[[Entry], None]
Tick = Callable[[Instant], None]


def fly(mission: str | None, seed: int | None, out: Path | None, resume: Path | None, as_json: bool) -> int:
    """Fly, or go on with an interrupted flight."""
    from orbitalcloud import sim

    if (mission is None) == (resume is None):
        raise DataError("orbital fly", mission or "nothing", "give a mission, or --resume and a flight's folder")
    if resume is not None:
        folder = Folder.open(resume)
        with progress() as (watch, tick):
            status = sim.resume(folder, watch, tick)
        return _end(folder, status, f"orbital fly --resume {resume}", as_json)
    assert mission is not None, "checked above"
    loaded = load(mission)
    number = loaded.mission.seed if seed is None else seed
    folder = Folder.create(out or free_name(FLIGHTS, loaded.mission.name))
    with progress() as (watch, tick):
        status = sim.fly(loaded, folder, number, watch, tick)
    again = f"orbital fly {mission}" + (f" --seed {seed}" if seed is not None else "")
    return _end(folder, status, again, as_json)


def serve(mission: str, speed: float, seed: int | None, out: Path | None, as_json: bool) -> int:
    """The same against the real clock."""
    import asyncio

    from orbitalcloud import live

    loaded = load(mission)
    number = loaded.mission.seed if seed is None else seed
    folder = Folder.create(out or free_name(FLIGHTS, f"{loaded.mission.name}-live"))
    output.say(f"{loaded.mission.name} at {speed:g} times the real clock; Ctrl-C stops it")
    with progress() as (watch, tick):
        served = asyncio.run(live.serve(loaded, folder, number, speed, None, watch, tick))
    output.say(f"latest event: {served.latest_s:.3f} s after its moment")
    return _end(folder, served.status, f"orbital serve {mission} --speed {speed:g}", as_json)


@contextmanager
def progress() -> Iterator[tuple[Watch | None, Tick | None]]:
    """A line that moves while a person watches; nothing where nobody does."""
    if not output.terminal():
        yield None, None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    state = Progress()
    columns = (BarColumn(bar_width=24), TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("preparing", total=1.0)

        def tick(now: Instant) -> None:
            bar.update(task, completed=state.fraction, description=state.line())

        yield state.update, tick


def _end(folder: Folder, status: Status, again: str, as_json: bool) -> int:
    flight = fold(folder.entries())
    judged = verdict(flight)
    place = write_report(folder, flight, status, again)
    if as_json:
        output.data(_summary(folder, status, judged, place))
    else:
        _tell(status, judged, place)
    return 0 if judged.closes else 1


def _summary(folder: Folder, status: Status, judged: Verdict, place: Path) -> dict[str, Any]:
    import msgspec

    return {
        "folder": str(folder.path),
        "report": str(place),
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


def _tell(status: Status, judged: Verdict, place: Path) -> None:
    print(judged.sentence)
    print()
    for margin in judged.margins[:MARGINS_SHOWN]:
        print(f"  {'✓' if margin.holds else '✗'} {margin.name:<28} {margin.node:<14} {margin.margin}")
    print()
    timing = status.timing_s
    output.say(
        f"flown in {timing['flying']:.1f} s of CPU, of which jobs {timing['jobs']:.1f} s, physics {timing['world']:.1f} s"
    )
    print(f"digest  {status.digest}")
    print(f"report  {place}")
