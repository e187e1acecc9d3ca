"""Time as one integer: nanoseconds of UTC since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX).

An `Instant` is an argument everywhere below the drivers; nothing here reads a clock. Leap seconds enter
only where physics turns an `Instant` into TT or UT1 (`physics.time`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NewType

from orbitalcloud.core.errors import DataError

Instant = NewType("Instant", int)
"""Nanoseconds since the POSIX epoch, UTC."""

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_FORM = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)")


def parse_instant(text: str) -> Instant:
    """Read a UTC ISO 8601 date-time such as `2026-03-20T12:00:00.5Z`; `DataError` if it is anything else."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise DataError("instant", text, "write UTC ISO 8601 with a Z, such as 2026-03-20T12:00:00Z")
    day, clock, fraction = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}+00:00")
    except ValueError as error:
        raise DataError("instant", text, f"no such moment: {error}") from None
    return Instant(int(moment.timestamp()) * SECOND + int((fraction or "").ljust(9, "0")))


def instant_of(moment: datetime) -> Instant:
    """The `Instant` of a timezone-aware `datetime`, exact to its microseconds."""
    if moment.tzinfo is None:
        raise DataError("instant", moment.isoformat(), "give the time zone: a bare local time is ambiguous")
    whole = moment.astimezone(UTC)
    return Instant(int(whole.replace(microsecond=0).timestamp()) * SECOND + whole.microsecond * MICROSECOND)


def iso(at: Instant, digits: int = 0) -> str:
    """UTC ISO 8601 of an instant with `digits` decimals of a second (0–9), truncated."""
    seconds, rest = divmod(at, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}"[: len(text) + 1 + digits] + "Z" if digits else text + "Z"
