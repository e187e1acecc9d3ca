"""How numbers are said to people, the same in every table, page and progress line."""

from __future__ import annotations

from datetime import UTC, datetime

from orbitalcloud.core.time import SECOND

KELVIN = 273.15
"""0 °C in kelvins: the definition of the Celsius scale (SI Brochure, 9th edition, 2.3.1)."""

_STEPS = ("", "k", "M", "G", "T", "P")


def clock(at: int, seconds: bool = False) -> str:
    """`14:05` (UTC) of an instant."""
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%H:%M:%S" if seconds else "%H:%M")


def moment(at: int, start: int = 0) -> str:
    """`14:05:09`, or with the day in front when it is not the day of `start`."""
    when = datetime.fromtimestamp(at // SECOND, UTC)
    same = start and datetime.fromtimestamp(start // SECOND, UTC).date() == when.date()
    return when.strftime("%H:%M:%S" if same else "%d %b %H:%M:%S")


def day(at: int) -> str:
    """`20 March 2026`."""
    when = datetime.fromtimestamp(at // SECOND, UTC)
    return f"{when.day} {when.strftime('%B %Y')}"


def duration(seconds: float) -> str:
    """A length of time in its two leading units: `95 min`, `3 h 20 min`, `1.25 s`, `40 ms`."""
    sign, seconds = ("−", -seconds) if seconds < 0 else ("", seconds)
    if seconds < 1:
        return f"{sign}{seconds * 1000:.3g} ms"
    if seconds < 120:
        return f"{sign}{seconds:.3g} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{sign}{minutes} min"
    hours, left = divmod(minutes, 60)
    if hours < 48:
        return f"{sign}{hours} h {left:02d} min"
    return f"{sign}{hours // 24} d {hours % 24} h"


def scaled(value: float, unit: str) -> str:
    """Three digits with an SI prefix: `1.23 MB`, `430 J`, `41 mJ`."""
    size = abs(value)
    if 0 < size < 0.0995 and unit != "B":
        size, value, unit = (
            (size * 1e3, value * 1e3, "m" + unit) if size >= 1e-4 else (size * 1e6, value * 1e6, "µ" + unit)
        )
    step = 0
    while size >= 999.5 and step < len(_STEPS) - 1:
        size, value, step = size / 1000, value / 1000, step + 1
    text = f"{value:.0f}" if size >= 99.95 or value == int(value) else f"{value:.3g}"
    return f"{text} {_STEPS[step]}{unit}"


def percent(share: float, digits: int = 1) -> str:
    """`42.5 %` of a share 0–1."""
    return f"{share * 100:.{digits}f} %"


def celsius(kelvins: float, digits: int = 1) -> str:
    """`21.5 °C`, with a true minus sign."""
    return f"{kelvins - KELVIN:.{digits}f} °C".replace("-", "−")


def ether(wei: int) -> str:
    """Wei as ether where that reads well, else gwei or wei; exact digits, no float."""
    for unit, digits in (("ETH", 18), ("gwei", 9)):
        if abs(wei) >= 10 ** (digits - 6):
            whole, rest = divmod(abs(wei), 10**digits)
            text = f"{whole}.{rest:0{digits}d}".rstrip("0").rstrip(".")
            return f"{'−' if wei < 0 else ''}{text} {unit}"
    return f"{wei} wei"


def short(text: str, keep: int = 8) -> str:
    """A long digest, hash or address by its ends: `sha256:1f2e3d4c…9a0b`."""
    scheme, colon, body = text.partition(":")
    if not colon:
        scheme, body = "", text
    head = keep + 2 if body.startswith("0x") else keep
    cut = body if len(body) <= 24 else f"{body[:head]}…{body[-4:]}"
    return f"{scheme}{colon}{cut}"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 job`, `2 jobs`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
