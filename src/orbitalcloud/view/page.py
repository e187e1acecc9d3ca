"""The pieces of the page as HTML text. Everything that comes from a Log passes `text` or `attribute` on its way in."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files

from orbitalcloud.view.columns import Column, Row, Table
from orbitalcloud.view.printing import cells

MAX_ROWS = 300
"""Rows of one table in the page; the rest is in the Log, and the page says so."""

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
"""The browser itself forbids every load: the page is one file, whatever a Log may contain."""


def text(value: object) -> str:
    """Text for between tags."""
    return html.escape(str(value), quote=False)


def attribute(value: object) -> str:
    """Text for between double quotes."""
    return html.escape(str(value), quote=True)


def embedded(name: str, value: object) -> str:
    """JSON for the page's script, in which no text can end the element."""
    packed = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for letter in "<>&":
        packed = packed.replace(letter, f"\\u{ord(letter):04x}")
    return f'<script type="application/json" id="{attribute(name)}">{packed}</script>'


def page(title: str, masthead: str, sections: Sequence[tuple[str, str, str]], extra: str = "") -> str:
    """The whole document; `sections` are (anchor, heading, body); the style sheet and the script are inline."""
    here = files("orbitalcloud") / "view"
    style = (here / "report.css").read_text("utf-8")
    script = (here / "report.js").read_text("utf-8")
    links = "".join(f'<a href="#{attribute(anchor)}">{text(heading)}</a>' for anchor, heading, _ in sections)
    bodies = "".join(
        f'<section id="{attribute(anchor)}"><h2><small>{number:02d}</small>{text(heading)}</h2>{body}</section>'
        for number, (anchor, heading, body) in enumerate(sections, 1)
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>\n{style}</style></head><body>"
        f'<nav><div><b>{text(title)}</b>{links}<button id="theme" type="button" '
        'aria-label="Dark or light">◐</button></div></nav>'
        f"<main>{masthead}{bodies}</main>{extra}<script>\n{script}</script></body></html>\n"
    )


def tile(label: str, value: str, note: str, tone: str = "") -> str:
    """One figure with its name above and its meaning below."""
    number, _, unit = value.partition(" ")
    small = f"<small>{text(unit)}</small>" if unit else ""
    return (
        f'<div class="tile {tone}"><h3>{text(label)}</h3><p class="value">{text(number)}{small}</p>'
        f"<p>{text(note)}</p></div>"
    )


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """A list of names and values; empty values are left out."""
    rows = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in pairs if value not in (None, ""))
    return f'<dl class="facts">{rows}</dl>'


def pill(state: str) -> str:
    """A state as a small coloured word."""
    return f'<em class="pill {_TONES.get(state, "")}">{text(state)}</em>'


_TONES = {
    "delivered": "good",
    "settled": "good",
    "finished": "good",
    "advanced": "good",
    "rotated": "good",
    "yes": "good",
    "late": "bad",
    "rejected": "bad",
    "failed": "bad",
    "dropped": "bad",
    "reverted": "bad",
    "brown-out": "bad",
    "refused": "warn",
    "deferred": "warn",
    "stopped": "warn",
    "throttled": "warn",
    "waiting": "warn",
}
_PILLS = {"state", "outcome", "event", "said"}
_CODES = {"digest", "hash", "to", "job", "bundle", "receipt"}


def grid(shown: Table, hide: Sequence[str] = (), note: str = "") -> str:
    """A table of the page: sortable, with a search where it is long, empty columns left out."""
    rows = shown.rows[:MAX_ROWS]
    if not rows:
        return f'<p class="none">No {text(shown.kind)}.</p>'
    empty = {column.name for column in shown.columns if all(row[column.name] in (None, "") for row in shown.rows)}
    chosen = tuple(c for c in shown.columns if not c.wide and c.name not in empty and c.name not in hide)
    narrow = Table(shown.kind, chosen, rows)
    head = "".join(f'<th{_right(column)} tabindex="0">{text(column.title)}</th>' for column in chosen)
    body = "".join(f"<tr>{_cells(narrow, row)}</tr>" for row in rows)
    search = '<input type="search" placeholder="Find in this table" aria-label="Find">' if len(rows) > 12 else ""
    cut = len(shown.rows) - len(rows)
    more = f"The first {len(rows)} of {len(shown.rows):,}; orbital get {shown.kind} --json has all." if cut else ""
    foot = " ".join(part for part in (note, more) if part)
    below = f'<p class="note">{text(foot)}</p>' if foot else ""
    return (
        f'<div class="grid">{search}<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{below}</div>"
    )


def _right(column: Column) -> str:
    return ' class="n"' if column.right else ""


def _cells(shown: Table, row: Row) -> str:
    out = []
    for column, said in zip(shown.columns, cells(shown, row), strict=True):
        whole = row[column.name]
        if column.name in _PILLS:
            out.append(f"<td>{pill(said)}</td>")
        elif column.name in _CODES:
            out.append(f'<td><code title="{attribute(whole or "")}">{text(said)}</code></td>')
        elif column.name in {"why", "text"}:
            out.append(f'<td class="why">{why(said) if column.name == "why" else text(said)}</td>')
        else:
            value = f' data-v="{whole}"' if column.right and isinstance(whole, int | float) else ""
            out.append(f"<td{_right(column)}{value}>{text(said)}</td>")
    return "".join(out)


def why(said: str) -> str:
    """A Why as `rule: sentence`, the rule set apart."""
    rule, colon, sentence = said.partition(": ")
    return f"<b>{text(rule)}</b> {text(sentence)}" if colon else text(said)
