"""Contact plans of live nodes: the `a contact` and `a range` lines of an ION contact plan (ionrc(5)).

    a contact +0 +3600 1 2 125000              from 1 to 2, an hour from now, 125,000 bytes a second
    a contact 2026/11/24-06:00:00 2026/11/24-06:08:00 alice relay-1 2500000
    a range   +0 +3600 1 2 1                   one light second between them, both ways

Times are UTC, or seconds from `now` after a +. A node is a number (`ipn:1`) or a name as in `dtn://alice/`. What else
ION's administration knows is ignored, with its number of lines.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from orbitalcloud.core import Contact, DataError, Instant
from orbitalcloud.core.time import SECOND, instant_of
from orbitalcloud.network import endpoint

MAX_PLAN_BYTES = 64 << 20
MAX_CONTACTS = 1_000_000
MAX_RATE_BYTES_S = 10**12
_FORM = "write a contact FROM-TIME TO-TIME NODE NODE BYTES-PER-SECOND, or a range FROM-TIME TO-TIME NODE NODE SECONDS"
_Span = tuple[Instant, Instant, str, str, int]


def read_plan(place: Path, now: Instant) -> tuple[Contact, ...]:
    """The contacts of a plan file; `DataError` names the line that is wrong."""
    try:
        with place.open("rb") as file:
            data = file.read(MAX_PLAN_BYTES + 1)
    except OSError as error:
        raise DataError("plan", str(place), error.strerror or "cannot be read") from None
    if len(data) > MAX_PLAN_BYTES:
        raise DataError("plan", str(place), f"at most {MAX_PLAN_BYTES} bytes are read")
    return parse_plan(data.decode(errors="replace"), now, str(place))


def parse_plan(text: str, now: Instant, place: str = "plan") -> tuple[Contact, ...]:
    """The same of its text."""
    contacts: list[_Span] = []
    ranges: dict[tuple[str, str], list[_Span]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if len(words) < 2 or words[0] != "a" or words[1] not in ("contact", "range"):
            continue
        span = _span(words, now, f"{place}:{number}", line)
        if words[1] == "contact":
            contacts.append(span)
        else:
            ranges.setdefault((span[2], span[3]), []).append(span)
        if len(contacts) > MAX_CONTACTS:
            raise DataError(f"{place}:{number}", line.strip(), f"at most {MAX_CONTACTS} contacts are read")
    return tuple(_contact(one, ranges) for one in contacts if one[4])


def _span(words: list[str], now: Instant, place: str, line: str) -> _Span:
    try:
        begin, end, one, other, amount = words[2:7]
        first, last = _instant(begin, now), _instant(end, now)
        a, b, value = _node(one), _node(other), int(amount)
    except (ValueError, DataError):
        raise DataError(place, line.strip(), _FORM) from None
    if first >= last or not 0 <= value <= MAX_RATE_BYTES_S:
        raise DataError(place, line.strip(), "a contact ends after it begins, and its amount is a whole number")
    return first, last, a, b, value


def _contact(one: _Span, ranges: dict[tuple[str, str], list[_Span]]) -> Contact:
    """With the light time of the range that holds when it opens; a range one way holds both ways (ionrc(5))."""
    opens, closes, a, b, rate = one
    found = ranges.get((a, b)) or ranges.get((b, a)) or ()
    light_s = next((span[4] for span in found if span[0] <= opens < span[1]), 0)
    return Contact(a, b, opens, closes, 8 * rate, "plan", light_s * SECOND)


def _instant(text: str, now: Instant) -> Instant:
    if text.startswith("+"):
        return Instant(now + int(text[1:]) * SECOND)
    return instant_of(datetime.strptime(text, "%Y/%m/%d-%H:%M:%S").replace(tzinfo=UTC))


def _node(text: str) -> str:
    return endpoint(f"ipn:{int(text)}").node if text.isdecimal() else endpoint(text).node
