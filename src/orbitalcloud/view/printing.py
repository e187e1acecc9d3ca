"""A table as text for people, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from orbitalcloud.view.columns import Row, Table

if TYPE_CHECKING:
    from rich.console import Console


def to_json(shown: Table) -> str:
    """The rows as one JSON array, for machines."""
    return json.dumps(list(shown.rows), indent=2, ensure_ascii=False, allow_nan=False)


def to_csv(shown: Table) -> str:
    """RFC 4180 text with a header line; empty for what is not known."""
    out = io.StringIO()
    names = list(shown.rows[0]) if shown.rows else [column.name for column in shown.columns]
    writer = csv.DictWriter(out, names, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(shown.rows)
    return out.getvalue()


def cells(shown: Table, row: Row) -> list[str]:
    """One row as people read it, in the order of the columns that are not `wide`."""
    return [
        "" if row[column.name] is None else column.say(row[column.name]) for column in shown.columns if not column.wide
    ]


def render(shown: Table, console: Console) -> None:
    """Print the table on a rich console; text from the Log is never taken for markup."""
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable(box=None, pad_edge=False, header_style="dim")
    empty = {c.name for c in shown.columns if all(row[c.name] in (None, "") for row in shown.rows)}
    columns = [c for c in shown.columns if not c.wide and c.name not in empty]
    for column in columns:
        wraps = column.name in {"why", "text", "orbit"}
        grid.add_column(column.title, justify="right" if column.right else "left", no_wrap=not wraps)
    for row in shown.rows:
        grid.add_row(*(Text("" if row[c.name] is None else _one_line(c.say(row[c.name]))) for c in columns))
    if shown.rows:
        console.print(grid)
    else:
        console.print(f"no {shown.kind} in this flight", style="dim", markup=False)


def _one_line(text: str) -> str:
    """Text of the Log without control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
