"""Contact plans as other implementations write them: ION's `a contact` and `a range` lines, HDTN's JSON.

SABR (CCSDS 734.3-B-1) defines what a contact plan holds and leaves its file format to the implementation; ION's text
(ionrc(5)) is what most tools exchange. Node numbers become names by `name_of`, `ipn:N` unless told otherwise. Besides
numbers our ION files have names, as in `dtn://alice/`.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from orbitalcloud.core.contact import Contact
from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import SECOND, Instant
from orbitalcloud.network.eid import endpoint

MOST_BYTES = 256 << 20
MOST_CONTACTS = 4_000_000
_MOST_S = 1 << 33
_MOST_RATE = 10**15
_MOST_LIGHT_S = 10**6
_MOST_DEPTH = 64
_Range = tuple[int, int, int]
"""(begins, ends, light time), nanoseconds."""


def ipn(number: int) -> str:
    """The name of a numbered node."""
    return f"ipn:{number}"


def read_plan(text: str, reference: Instant, name_of: Callable[[int], str] = ipn) -> list[Contact]:
    """The contacts of a file of either kind; times that are relative count from `reference`. `DataError`."""
    if len(text) > MOST_BYTES:
        raise DataError("contact plan", f"{len(text)} characters", f"at most {MOST_BYTES} are read")
    read = read_hdtn if text.lstrip()[:1] in ("{", "[") else read_ion
    return read(text, reference, name_of)


def _number(place: str, word: str, most: int, least: int = 0) -> int:
    if not word.isascii() or not word.isdigit() or len(word) > 20 or not least <= int(word) <= most:
        raise DataError(place, word, f"a whole number from {least} to {most}")
    return int(word)


def _positive_ns(place: str, word: str) -> int:
    """Seconds, whole or with a decimal part, as nanoseconds."""
    whole, _, part = word.partition(".")
    if not (whole + part).isascii() or not (whole + part).isdigit() or len(part) > 9 or len(whole) > 7:
        raise DataError(place, word, f"seconds from 0 to {_MOST_LIGHT_S}")
    return int(whole or 0) * SECOND + int(part.ljust(9, "0"))


# ION ----------------------------------------------------------------------------------------------------------------


def read_ion(text: str, reference: Instant, name_of: Callable[[int], str] = ipn) -> list[Contact]:
    """`a contact START STOP FROM TO BYTES_PER_SECOND [CONFIDENCE]` and `a range START STOP FROM TO SECONDS` lines.

    A range is of both directions unless the opposite one is told too; without one light takes no time. `@ TIME`
    sets what `+seconds` count from; `#` begins a remark; ionadmin's other commands are passed over. A contact of rate 0
    is none.
    """
    contacts: list[tuple[str, int, int, str, str, int]] = []
    ranges: dict[tuple[str, str], list[_Range]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        place = f"contact plan, line {number}"
        if words[:1] == ["@"]:
            if len(words) != 2:
                raise DataError(place, line.strip(), "write: @ yyyy/mm/dd-hh:mm:ss")
            reference = _ion_time(place, words[1], reference)
        elif words[:2] == ["a", "contact"] or words[:2] == ["a", "range"]:
            if not 7 <= len(words) <= (10 if words[1] == "contact" else 7):
                raise DataError(place, line.strip(), f"write: a {words[1]} START STOP FROM TO VALUE")
            begins, ends = (_ion_time(place, word, reference) for word in words[2:4])
            if ends <= begins:
                raise DataError(place, line.strip(), "let it stop after its start")
            ends_at = [_node(f"{place}, node", word, name_of) for word in words[4:6]]
            if words[1] == "range":
                light = _positive_ns(f"{place}, range", words[6])
                ranges.setdefault((ends_at[0], ends_at[1]), []).append((begins, ends, light))
            else:
                rate = _number(f"{place}, rate", words[6], _MOST_RATE // 8)
                contacts.append((place, begins, ends, ends_at[0], ends_at[1], 8 * rate))
        if len(contacts) > MOST_CONTACTS:
            raise DataError(place, len(contacts), f"at most {MOST_CONTACTS} contacts are read")
    for found in ranges.values():
        found.sort()
    return _made(contacts, ranges)


def _node(place: str, word: str, name_of: Callable[[int], str]) -> str:
    if word.isdecimal():
        return name_of(_number(place, word, (1 << 64) - 1, 1))
    try:
        return endpoint(word).node
    except DataError as error:
        raise DataError(place, word, error.remedy) from None


def _ion_time(place: str, word: str, reference: Instant) -> Instant:
    if word.startswith("+"):
        return Instant(reference + _number(f"{place}, time", word[1:], _MOST_S) * SECOND)
    try:
        at = datetime.strptime(word, "%Y/%m/%d-%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise DataError(f"{place}, time", word, "write +seconds or yyyy/mm/dd-hh:mm:ss") from None
    return Instant(int(at.timestamp()) * SECOND)


def _made(
    contacts: Iterable[tuple[str, int, int, str, str, int]],
    ranges: Mapping[tuple[str, str], list[_Range]],
) -> list[Contact]:
    made = []
    for place, begins, ends, sender, receiver, rate in contacts:
        if sender == receiver:
            raise DataError(place, sender, "a contact is between two nodes")
        if rate:
            known = ranges.get((sender, receiver)) or ranges.get((receiver, sender)) or []
            index = bisect_right(known, (begins, 1 << 80, 0)) - 1
            light = known[index][2] if index >= 0 and known[index][1] > begins else 0
            times = Instant(begins), Instant(ends)
            made.append(Contact(sender, receiver, *times, rate, "plan", light))
    return made


def write_ion(contacts: Iterable[Contact], number_of: Callable[[str], int], reference: Instant) -> str:
    """The same as ION's text, in whole seconds from `reference`: openings rounded up, closings down, rates down.

    What is left of a contact then is shorter than it, never longer; one of less than a second goes, as does one that
    begins before the reference. A rate that varies is told as its mean.
    """
    lines = []
    for contact in sorted(contacts, key=lambda c: (c.opens, c.sender, c.receiver)):
        begins, ends = -((reference - contact.opens) // SECOND), (contact.closes - reference) // SECOND
        rate = contact.capacity_bytes * SECOND // contact.duration_ns
        if begins < 0 or ends <= begins or not rate:
            continue
        span = f"+{begins} +{ends} {number_of(contact.sender)} {number_of(contact.receiver)}"
        lines += [f"a contact {span} {rate}", f"a range {span} {-(-contact.light_time_ns // SECOND)}"]
    return "\n".join([*lines, ""])


def _shallow(text: str) -> bool:
    """Whether JSON nests little: what the interpreter does with deep nesting depends on a limit that libraries move."""
    depth = 0
    for bracket in re.finditer(r"[][{}]", text):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > _MOST_DEPTH:
            return False
    return True


# HDTN ---------------------------------------------------------------------------------------------------------------


def read_hdtn(text: str, reference: Instant, name_of: Callable[[int], str] = ipn) -> list[Contact]:
    """HDTN's `contacts`: source, dest, startTime, endTime, rateBitsPerSec, owlt; seconds from `reference`.

    HDTN's own plans have contacts that end before they begin; these are left out.
    """
    try:
        if not _shallow(text):
            raise RecursionError(f"nested more than {_MOST_DEPTH} deep")
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError("contact plan", str(error)[:80], "write JSON with a list named contacts") from None
    rows = read.get("contacts") if isinstance(read, dict) else None
    if not isinstance(rows, list) or len(rows) > MOST_CONTACTS:
        raise DataError("contact plan", type(rows).__name__, f"a list named contacts, of at most {MOST_CONTACTS}")
    contacts, made = [], []
    for index, row in enumerate(rows):
        place = f"contact plan, contacts[{index}]"
        if not isinstance(row, dict):
            raise DataError(
                place, type(row).__name__, "an object with source, dest, startTime, endTime, owlt and a rate"
            )
        begins, ends = (_whole(place, row, key, _MOST_S) for key in ("startTime", "endTime"))
        sender, receiver = (_whole(place, row, key, (1 << 64) - 1) for key in ("source", "dest"))
        if "rateBitsPerSec" in row or "rate" not in row:
            rate = _whole(place, row, "rateBitsPerSec", _MOST_RATE)
        else:
            rate = _whole(place, row, "rate", _MOST_RATE // 10**6) * 10**6  # as older files had it, in Mbit/s
        light = _positive_ns(f"{place}, owlt", str(row.get("owlt", 0)))
        times = reference + begins * SECOND, reference + ends * SECOND
        contacts.append((place, *times, name_of(sender), name_of(receiver), rate))
        made.append(light)
    plain = _made([c for c in contacts if c[5] and c[2] > c[1]], {})
    lights = [light for light, c in zip(made, contacts, strict=True) if c[5] and c[2] > c[1]]
    return [
        Contact(c.sender, c.receiver, c.opens, c.closes, c.rate_bps, c.band, light)
        for c, light in zip(plain, lights, strict=True)
    ]


def _whole(place: str, row: dict[str, Any], key: str, most: int) -> int:
    value = row.get(key)
    if type(value) is not int or not 0 <= value <= most:
        raise DataError(f"{place}, {key}", value, f"a whole number from 0 to {most}")
    return value
