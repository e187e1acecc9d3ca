"""`orbital init` and `orbital check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from orbitalcloud.cli import output
from orbitalcloud.core import DataError
from orbitalcloud.mission import load

if TYPE_CHECKING:
    from orbitalcloud.study.sheet import Sheet

SCHEMA_FILE = "mission.schema.json"


def init(name: str, as_json: bool) -> int:
    """Write NAME.toml and the schema beside it; nothing is overwritten."""
    from orbitalcloud.mission.schema import schema_text
    from orbitalcloud.mission.starter import init_text

    place, schema = Path(f"{name}.toml"), Path(SCHEMA_FILE)
    text = init_text(name)
    if place.exists():
        raise DataError("mission file", str(place), "it exists: choose another name, or remove it")
    place.write_text(text)
    schema.write_text(schema_text())
    if as_json:
        output.data({"mission": str(place), "schema": str(schema)})
    else:
        print(place)
        output.say(f"next: orbital check ./{place}, then orbital fly ./{place}")
    return 0


def check(mission: str, as_json: bool) -> int:
    """Print the sheet; exit 1 where the mission does not close."""
    from orbitalcloud.study.check import check as study

    sheet = study(load(mission))
    if as_json:
        output.data(msgspec.to_builtins(sheet))
    else:
        _print(sheet)
    return 0 if sheet.closes else 1


def _print(sheet: Sheet) -> None:
    from rich.table import Table
    from rich.text import Text

    from orbitalcloud.study.sheet import rows

    console = output.console()
    grid = Table(box=None, pad_edge=False, show_header=False)
    for cells in rows(sheet):
        grid.add_row(*(Text(cell) for cell in cells))
    console.print(grid)
