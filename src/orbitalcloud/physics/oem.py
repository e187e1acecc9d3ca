"""Orbit Ephemeris Messages (CCSDS 502.0-B-3, section 5), as KVN or XML text, into `Ephemeris`.

Frames TEME, GCRF and ICRF, EME2000, TOD and any ITRF; time systems UTC, TAI, TT, TDB (as TT: 2 ms at most) and GPS.
Several segments with their interpolation; accelerations and covariances are passed over. The text is bounded before
it is read, XML may not declare entities, and every error names its line (of XML: its segment and state).
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np

from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import DAY, SECOND, Instant, parse_instant
from orbitalcloud.physics.ephemeris import Ephemeris, Frame, Segment
from orbitalcloud.physics.time import tai_minus_utc_s

MOST_BYTES = 64_000_000
_MOST_SEGMENTS = 1000
_FRAMES: dict[str, Frame] = {
    "TEME": "TEME",
    "GCRF": "GCRS",
    "ICRF": "GCRS",
    "EME2000": "EME2000",
    "J2000": "EME2000",
    "TOD": "TOD",
}
_AHEAD_OF_TAI_S = {"TAI": 0.0, "TT": 32.184, "TDB": 32.184, "GPS": -19.0}
_DAY_OF_YEAR = re.compile(r"(\d{4})-(\d{3})T(.*)")
_NEEDED = ("REF_FRAME", "TIME_SYSTEM", "CENTER_NAME", "START_TIME", "STOP_TIME")
_Row = tuple[str, list[str], str]  # epoch, six words, place


def parse_oem(text: str) -> Ephemeris:
    """The satellite of an OEM; `DataError` naming the line where it is not one, or not near the Earth."""
    if len(text) > MOST_BYTES:
        raise DataError("OEM", f"{len(text)} characters", f"split it: {MOST_BYTES} are read at most")
    bare = text.lstrip("\ufeff \t\r\n")
    if not bare:
        raise DataError("OEM", "empty text", "give an OEM as KVN or XML")
    found = _from_xml(bare) if bare[0] == "<" else _from_kvn(text)
    if not found:
        raise DataError("OEM", "no segment", "give META_START … META_STOP and lines of states")
    if len(found) > _MOST_SEGMENTS:
        raise DataError("OEM", f"{len(found)} segments", f"split it: {_MOST_SEGMENTS} are read at most")
    names = {meta.get("OBJECT_ID", "") for meta, _, _ in found}
    if len(names) > 1:
        raise DataError("OEM", ", ".join(sorted(names)[:4]), "give one satellite a message")
    segments = tuple(_segment(meta, rows, where) for meta, rows, where in found)
    return Ephemeris(segments, found[0][0].get("OBJECT_NAME", "")[:80])


# Text to words ------------------------------------------------------------------------------------------------------


def _from_kvn(text: str) -> list[tuple[dict[str, str], list[_Row], str]]:
    found: list[tuple[dict[str, str], list[_Row], str]] = []
    part = "header"
    for number, line in enumerate(text.splitlines(), 1):
        bare, where = line.strip().lstrip("\ufeff"), f"OEM line {number}"
        if not bare or bare.startswith("COMMENT"):
            continue
        if part == "header" and not found and number == 1 and not bare.startswith("CCSDS_OEM_VERS"):
            raise DataError(where, bare[:60], "begin with CCSDS_OEM_VERS = 2.0 (or 1.0, 3.0)")
        if bare == "META_START":
            if part == "meta":
                raise DataError(where, bare, "close the segment before with META_STOP")
            found.append(({}, [], where))
            part = "meta"
        elif bare == "META_STOP":
            if part != "meta":
                raise DataError(where, bare, "open it with META_START")
            part = "data"
        elif bare in ("COVARIANCE_START", "COVARIANCE_STOP"):
            part = "covariance" if bare.endswith("START") else "data"
        elif part in ("header", "meta"):
            key, equals, value = (word.strip() for word in bare.partition("="))
            if not equals:
                raise DataError(where, bare[:60], "write KEYWORD = VALUE")
            if part == "meta":
                found[-1][0][key] = value
        elif part == "data":
            words = bare.split()
            if len(words) not in (7, 10):
                raise DataError(where, bare[:60], "write an epoch, three positions (km) and three velocities (km/s)")
            found[-1][1].append((words[0], words[1:7], where))
    if part == "meta":
        raise DataError(found[-1][2], "META_START", "close it with META_STOP and give states")
    return found


def _from_xml(text: str) -> list[tuple[dict[str, str], list[_Row], str]]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DataError("OEM", "a DOCTYPE", "remove it: an OEM needs none, and entities are not expanded")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError("OEM", str(error), "give well-formed XML") from None
    if _local(root.tag) == "ndm":
        root = next((child for child in root if _local(child.tag) == "oem"), root)
    if _local(root.tag) != "oem":
        raise DataError("OEM", f"<{_local(root.tag)}>", "give an <oem>")
    found: list[tuple[dict[str, str], list[_Row], str]] = []
    for segment in (element for element in root.iter() if _local(element.tag) == "segment"):
        where = f"OEM segment {len(found) + 1}"
        meta = {_local(leaf.tag): (leaf.text or "").strip() for leaf in segment.iter() if len(leaf) == 0}
        rows: list[_Row] = []
        for state in (element for element in segment.iter() if _local(element.tag) == "stateVector"):
            leaf = {_local(child.tag): (child.text or "").strip() for child in state}
            words = [leaf.get(key, "") for key in ("X", "Y", "Z", "X_DOT", "Y_DOT", "Z_DOT")]
            rows.append((leaf.get("EPOCH", ""), words, f"{where}, state {len(rows) + 1}"))
        found.append((meta, rows, where))
    return found


def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


# Words to states ----------------------------------------------------------------------------------------------------


def _segment(meta: dict[str, str], rows: list[_Row], where: str) -> Segment:
    for key in _NEEDED:
        if not meta.get(key):
            raise DataError(f"{where}: {key}", "missing", "the standard wants it in each segment")
    if meta["CENTER_NAME"].upper() != "EARTH":
        raise DataError(f"{where}: CENTER_NAME", meta["CENTER_NAME"], "write EARTH: only its satellites can be flown")
    system = meta["TIME_SYSTEM"].upper()
    if system != "UTC" and system not in _AHEAD_OF_TAI_S:
        raise DataError(f"{where}: TIME_SYSTEM", system, f"write UTC, {', '.join(_AHEAD_OF_TAI_S)}")
    if not rows:
        raise DataError(where, "no states", "give lines of an epoch, positions and velocities")
    times = np.array([_instant(epoch, system, place) for epoch, _, place in rows], dtype=np.int64)
    states = np.array([_numbers(words, place) for _, words, place in rows]) * 1e3
    for before, after, row in zip(times[:-1], times[1:], rows[1:], strict=True):
        if after <= before:
            raise DataError(row[2], row[0], "let each epoch be later than the one before")
    method = meta.get("INTERPOLATION", "HERMITE").upper()
    if method not in ("HERMITE", "LAGRANGE", "LINEAR"):
        raise DataError(f"{where}: INTERPOLATION", method, "write HERMITE, LAGRANGE or LINEAR")
    degree = _degree(meta, method, len(rows), where)
    start = meta.get("USEABLE_START_TIME") or meta.get("START_TIME") or ""
    stop = meta.get("USEABLE_STOP_TIME") or meta.get("STOP_TIME") or ""
    first, last = _instant(start, system, f"{where}: START_TIME"), _instant(stop, system, f"{where}: STOP_TIME")
    frame = _frame(meta["REF_FRAME"], where)
    try:
        return Segment(
            frame,
            times,
            states,
            "hermite" if method == "HERMITE" else "lagrange",
            degree,
            Instant(max(first, int(times[0]))),
            Instant(min(last, int(times[-1]))),
        )
    except DataError as error:
        raise DataError(where, error.value, error.remedy) from None


def _frame(text: str, where: str) -> Frame:
    name = text.upper()
    if name in _FRAMES:
        return _FRAMES[name]
    if re.fullmatch(r"ITRF[- ]?\d*", name):
        return "ITRS"
    raise DataError(f"{where}: REF_FRAME", text, f"write {', '.join(_FRAMES)} or an ITRF")


def _degree(meta: dict[str, str], method: str, count: int, where: str) -> int:
    """As given; 7 where nothing is, or what so few states allow."""
    if method == "LINEAR":
        return 1
    text = meta.get("INTERPOLATION_DEGREE", "")
    if not text:
        return min(7, 2 * count - 1 if method == "HERMITE" else count - 1)
    if not re.fullmatch(r"\d{1,3}", text):
        raise DataError(f"{where}: INTERPOLATION_DEGREE", text, "write a whole number")
    return int(text)


def _numbers(words: list[str], where: str) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = [math.nan]
    if not all(math.isfinite(value) for value in values):
        raise DataError(where, " ".join(words)[:60] or "missing", "write six finite numbers, km and km/s")
    if math.hypot(*values[:3]) > 2e6:
        raise DataError(where, " ".join(words[:3]), "give kilometres within 2,000,000 of the Earth's centre")
    return values


def _instant(text: str, system: str, where: str) -> Instant:
    wrong = DataError(where, text or "missing", "write a time such as 2026-03-20T12:00:00.000 or 2026-079T12:00:00")
    ordinal = _DAY_OF_YEAR.fullmatch(text)
    try:
        if ordinal:
            year, day, clock = ordinal.groups()
            if not 1 <= int(day) <= 366:
                raise wrong
            whole = parse_instant(f"{year}-01-01T{clock.removesuffix('Z')}Z") + (int(day) - 1) * DAY
        else:
            whole = parse_instant(text.removesuffix("Z") + "Z")
    except DataError:
        raise wrong from None
    if system == "UTC":
        return Instant(whole)
    tai = whole - round(_AHEAD_OF_TAI_S[system] * SECOND)
    guess = tai - int(tai_minus_utc_s(tai)[0]) * SECOND
    return Instant(tai - int(tai_minus_utc_s(guess)[0]) * SECOND)
