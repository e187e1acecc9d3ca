"""`orbital init` and `orbital check`."""

from __future__ import annotations

from pathlib import Path

import msgspec

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

    sheet = study(load(mission))
    if as_json:
        whole = msgspec.to_builtins(sheet)
        output.data({"closes": sheet.closes, "verdict": sheet.verdict, **whole})
    else:
        from orbitalcloud.cli.page import print_sheet

        console = output.console(100)
        with output.tidy(console):
            print_sheet(sheet, console)
    return 0 if sheet.closes else 1
