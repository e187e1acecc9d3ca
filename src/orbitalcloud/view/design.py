"""What a check of the mission said beside what was flown: the sheet's numbers as plain values, and their section.

`view` may not ask `study`: the verbs do, and hand over `Design`s. Everything here is text and numbers to be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orbitalcloud.view.page import text


@dataclass(frozen=True, slots=True)
class Group:
    """A titled table: heads, rows of cells as text, and a note."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Design:
    """One satellite as it was checked: the verdict's words, and groups of numbers."""

    satellite: str
    said: str
    groups: tuple[Group, ...]


def design_section(designs: Sequence[Design]) -> str:
    """Every design's groups, the claims first as they come."""
    return "".join(_design(one) for one in designs)


def _design(one: Design) -> str:
    groups = "".join(_group(group) for group in one.groups)
    return f'<p class="lead">{text(one.said)}</p><div class="designs">{groups}</div>'


def _group(group: Group) -> str:
    numbers = [index > 0 and bool(name) for index, name in enumerate(group.heads)]
    head = "".join(f"<th{_side(right)}>{text(name)}</th>" for right, name in zip(numbers, group.heads, strict=True))
    rows = "".join(
        "<tr>"
        + "".join(f"<td{_side(right)}>{text(cell)}</td>" for right, cell in zip(numbers, row, strict=True))
        + "</tr>"
        for row in group.rows
    )
    note = f'<p class="note">{text(group.note)}</p>' if group.note else ""
    return (
        f'<div><h3>{text(group.title)}</h3><div class="grid"><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></div>{note}</div>"
    )


def _side(right: bool) -> str:
    """Words to the left, numbers, which stand under a title, to the right."""
    return ' class="n"' if right else ""
