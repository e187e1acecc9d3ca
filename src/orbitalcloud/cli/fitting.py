"""A flight's table on a terminal: what says nothing is left blank, and columns that do not fit are left out whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbitalcloud.cli import output
from orbitalcloud.view.columns import Column, Row, Table
from orbitalcloud.view.printing import render

if TYPE_CHECKING:
    from rich.console import Console

GAP = 2
WRAPPED = 28
"""What a column of sentences needs at least: rich breaks it into lines."""
_SENTENCES = frozenset({"why", "text", "orbit"})
_SETTLED = frozenset({"delivered", "settled", "advanced", "rotated"})

_FIRST_TO_GO = {
    "satellites": ("bus", "boots", "orbit", "sunlit_mean_share", "load_mean_w", "generated_mean_w", "reserve_share"),
    "orbits": ("eclipse_s", "heat_side", "discharge_share", "used_j", "made_j"),
    "stations": ("mask_deg", "jurisdiction", "contact_s"),
    "contacts": ("band", "frames", "rate_bps"),
    "jobs": ("name", "promised_utc", "executed", "executor", "energy_j"),
    "messages": ("open", "expired", "way"),
    "resilience": ("sent_again", "made", "worst_s"),
    "bundles": ("created_utc", "sent", "destination", "size_bytes", "delivered_utc"),
    "receipts": ("digest", "node"),
    "transactions": ("chain", "gas_used", "nonce", "proved_slot", "settled_utc", "to", "proved_utc"),
    "heads": ("optimistic_slot", "energy_j", "size_bytes", "participants", "period", "network", "lag_s"),
    "settlement": ("block", "who", "proved_slot", "node"),
    "faults": (),
    "strikes": ("bit", "extra_j", "device"),
    "guards": ("late", "extra_j"),
    "verdicts": ("energy_j", "policy"),
    "upsets": ("bit", "height_m", "effect"),
    "notices": ("ended", "refused", "contacts", "known_by_all_s", "signed_bytes", "capacity"),
}
"""Per kind, the columns that a narrow terminal does without, the least missed first; JSON and CSV have them all."""


def print_table(table: Table, console: Console) -> None:
    """Print it for a person; says on stderr what was left out."""
    shown = Table(table.kind, table.columns, tuple(map(_quiet, table.rows)))
    shown, gone = fitting(shown, console.width)
    with output.tidy(console):
        render(shown, console)
    if gone:
        titles = ", ".join(column.title for column in gone)
        output.say(f"left out, for the terminal is narrow: {titles} (--json and --csv have them)")


def fitting(table: Table, width: int) -> tuple[Table, list[Column]]:
    """The table without the columns that do not fit into `width`, and those."""
    gone: list[Column] = []
    kept = list(table.columns)
    for name in _FIRST_TO_GO[table.kind]:
        if _width(table.rows, kept) <= width:
            break
        gone += [column for column in kept if column.name == name and _widest(table.rows, column)]
        kept = [column for column in kept if column not in gone]
    return Table(table.kind, tuple(kept), table.rows), gone


def _width(rows: tuple[Row, ...], columns: list[Column]) -> int:
    widths = [wide for column in columns if not column.wide and (wide := _widest(rows, column))]
    return sum(widths) + GAP * (len(widths) - 1)


def _widest(rows: tuple[Row, ...], column: Column) -> int:
    """The characters that a column takes; 0 where it has no value at all, for then it is not shown."""
    texts = [len(column.say(row[column.name])) for row in rows if row[column.name] not in (None, "")]
    if not texts:
        return 0
    widest = max(*texts, len(column.title)) if len(texts) > 1 else max(texts[0], len(column.title))
    return min(widest, WRAPPED) if column.name in _SENTENCES else widest


def _quiet(row: Row) -> Row:
    """A row whose end is good needs no reason."""
    return {**row, "why": ""} if row.get("why") and row.get("state", row.get("outcome")) in _SETTLED else row
