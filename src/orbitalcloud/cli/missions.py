"""`orbital init` and `orbital check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from orbitalcloud.cli import output
from orbitalcloud.core import DataError
from orbitalcloud.mission import load


def init(name: str, as_json: bool) -> int:
    """Write NAME.toml, and the schema for editors beside it; a file that is not ours is not overwritten."""
    from orbitalcloud.mission.schema import SCHEMA_NAME, init_text, schema_text

    place, schema = Path(f"{name}.toml"), Path(SCHEMA_NAME)
    text = init_text(name)
    if place.exists():
        raise DataError("mission file", str(place), "it exists: choose another name, or remove it")
    fresh = not schema.exists()
    if fresh:
        output.write_file(schema, lambda path: path.write_text(schema_text(), encoding="utf-8"))
    try:
        output.write_file(place, lambda path: path.write_text(text, encoding="utf-8"))
    except DataError:
        if fresh:
            schema.unlink(missing_ok=True)
        raise
    if as_json:
        output.data({"mission": str(place), "schema": str(schema)})
    else:
        print(place)
        output.say(f"next: orbital check ./{place}, then orbital fly ./{place}")
    return 0


def check(mission: str, as_json: bool) -> int:
    """Print the sheet; exit 1 where the mission does not close."""
    from orbitalcloud.study.check import check as study
    from orbitalcloud.study.sheet import as_json as machine

    loaded = load(mission)
    with watched() as told:
        sheet = study(loaded, told)
    if as_json:
        output.data(machine(sheet))
    else:
        from orbitalcloud.cli.page import print_sheet

        console = output.console(120)
        with output.tidy(console):
            print_sheet(sheet, console)
    return 0 if sheet.closes else 1


@contextmanager
def watched() -> Iterator[Callable[[float, str], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not output.terminal():
        yield lambda share, what: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    shown = Progress(TextColumn("{task.description}"), BarColumn(), console=Console(stderr=True), transient=True)
    with shown as bar:
        task = bar.add_task("", total=1.0)
        yield lambda share, what: bar.update(task, completed=share, description=what)
