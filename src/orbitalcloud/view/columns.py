"""What a table is made of: columns, and the ways in which their values are said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orbitalcloud.core.time import Instant, iso
from orbitalcloud.core.why import Why
from orbitalcloud.view.words import celsius, duration, percent, scaled, short

Value = str | int | float | bool | None
Row = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is the row's key; `title` and `say` are for people (`say` turns the value into text); `wide` columns are
    left out of text tables, for they are in JSON and CSV.
    """

    name: str
    title: str
    say: Callable[[Any], str] = str
    right: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of thing in a flight: its columns and its rows."""

    kind: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def text(name: str, title: str, *, wide: bool = False) -> Column:
    return Column(name, title, plain, wide=wide)


def plain(value: Value) -> str:
    if value is None:
        return ""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def digest(name: str, title: str) -> Column:
    return Column(name, title, lambda value: short(value) if value else "")


def number(name: str, title: str, form: str = ",.0f", unit: str = "") -> Column:
    tail = f" {unit}" if unit else ""
    return Column(
        name, title, lambda value: "" if value is None else f"{value:{form}}{tail}".replace("-", "−"), right=True
    )


def bytes(name: str, title: str) -> Column:
    return Column(name, title, lambda value: scaled(value, "B"), right=True)


def lasting(name: str, title: str) -> Column:
    return Column(name, title, lambda value: "" if value is None else duration(value), right=True)


def share(name: str, title: str) -> Column:
    return Column(name, title, lambda value: "" if value is None else percent(value), right=True)


def kelvin(name: str, title: str) -> Column:
    return Column(name, title, lambda value: "" if value is None else celsius(value), right=True)


def time(name: str, title: str, *, wide: bool = False) -> Column:
    return Column(name, title, lambda value: value[5:19].replace("T", " ") if value else "", wide=wide)


def utc(at: int) -> str | None:
    """ISO 8601 to the millisecond, or None for a time that never came (0)."""
    return iso(Instant(at), 3) if at else None


def why(why: Why | None) -> str | None:
    return str(why) if why else None
