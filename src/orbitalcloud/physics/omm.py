"""Orbit Mean-Elements Messages (CCSDS 502.0-B-3) for SGP4, as XML, KVN or JSON text, into `Omm`.

JSON is the keyword form of CelesTrak and Space-Track. The text is bounded before it is read, and XML may not
declare entities.
"""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

from orbitalcloud.core.encoding import nesting
from orbitalcloud.core.errors import DataError
from orbitalcloud.core.time import Instant, parse_instant

_MOST_BYTES = 4_000_000
_MOST_MESSAGES = 20_000
_DAY_OF_YEAR = re.compile(r"(\d{4})-(\d{3})T(.*)")

MAX_NESTING = 16


@dataclass(frozen=True, slots=True)
class Omm:
    """Mean elements for SGP4 in the units of the message (degrees, revolutions a day), TEME, UTC."""

    name: str
    object_id: str
    catalogue_number: int
    epoch: Instant
    mean_motion_rev_day: float
    eccentricity: float
    inclination_deg: float
    raan_deg: float
    argp_deg: float
    mean_anomaly_deg: float
    bstar: float
    mean_motion_dot: float = 0.0
    mean_motion_ddot: float = 0.0


def parse_omm(text: str) -> Omm:
    """The one satellite of an OMM; `DataError` naming the keyword if it is not one that SGP4 can fly."""
    found = parse_omms(text)
    if len(found) != 1:
        raise DataError("OMM", f"{len(found)} satellites", "give a message with one satellite, or use parse_omms")
    return found[0]


def parse_omms(text: str) -> list[Omm]:
    """Every satellite of an OMM text in order."""
    if len(text) > _MOST_BYTES:
        raise DataError("OMM", f"{len(text)} characters", f"split it: {_MOST_BYTES} are read at most")
    bare = text.lstrip("\ufeff \t\r\n")
    if not bare:
        raise DataError("OMM", "empty text", "give an OMM as XML, KVN or JSON")
    if bare[0] == "<":
        messages = _from_xml(bare)
    elif bare[0] in "[{":
        messages = _from_json(bare)
    else:
        messages = _from_kvn(bare)
    if len(messages) > _MOST_MESSAGES:
        raise DataError("OMM", f"{len(messages)} satellites", f"split it: {_MOST_MESSAGES} are read at most")
    return [_omm(fields) for fields in messages]


def _from_xml(text: str) -> list[dict[str, str]]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DataError("OMM", "a DOCTYPE", "remove it: an OMM needs none, and entities are not expanded")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError("OMM", str(error), "give well-formed XML") from None
    bodies = [element for element in root.iter() if _local(element.tag) == "segment"]
    return [{_local(leaf.tag): (leaf.text or "").strip() for leaf in body.iter() if len(leaf) == 0} for body in bodies]


def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def _from_json(text: str) -> list[dict[str, str]]:
    if nesting(text) > MAX_NESTING:
        raise DataError("OMM", "nested too deeply", "give an object, or a list of objects, with the OMM keywords")
    try:
        value = json.loads(text)
    except ValueError as error:
        raise DataError("OMM", str(error), "give valid JSON") from None
    rows = value if isinstance(value, list) else [value]
    if not all(isinstance(row, dict) for row in rows):
        raise DataError("OMM", value, "give an object, or a list of objects, with the OMM keywords")
    return [{key: str(item) for key, item in row.items() if item is not None} for row in rows]


def _from_kvn(text: str) -> list[dict[str, str]]:
    messages: list[dict[str, str]] = [{}]
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("COMMENT"):
            continue
        key, equals, value = bare.partition("=")
        if not equals:
            raise DataError(f"OMM line {number}", bare, "write KEYWORD = VALUE")
        key = key.strip()
        if key == "CCSDS_OMM_VERS" and "MEAN_MOTION" in messages[-1]:
            messages.append({})
        messages[-1][key] = re.sub(r"\s*\[[^\]]*\]\s*$", "", value).strip()
    return messages


_FIXED = {
    "CENTER_NAME": ("EARTH",),
    "REF_FRAME": ("TEME",),
    "TIME_SYSTEM": ("UTC",),
    "MEAN_ELEMENT_THEORY": ("SGP4", "SGP/SGP4"),
    "EPHEMERIS_TYPE": ("0", "0.0"),
}


def _omm(fields: dict[str, str]) -> Omm:
    for key, allowed in _FIXED.items():
        if fields.get(key, allowed[0]).upper() not in allowed:
            raise DataError(f"OMM {key}", fields[key], f"write {allowed[0]}: only such elements can be flown by SGP4")
    return Omm(
        name=fields.get("OBJECT_NAME", "")[:80],
        object_id=fields.get("OBJECT_ID", "")[:20],
        catalogue_number=int(_number(fields, "NORAD_CAT_ID", 0, 999_999_999, 0.0)),
        epoch=_epoch(fields.get("EPOCH", "")),
        mean_motion_rev_day=_number(fields, "MEAN_MOTION", 0.05, 17.5),
        eccentricity=_number(fields, "ECCENTRICITY", 0.0, 0.999999),
        inclination_deg=_number(fields, "INCLINATION", 0.0, 180.0),
        raan_deg=_number(fields, "RA_OF_ASC_NODE", -360.0, 360.0),
        argp_deg=_number(fields, "ARG_OF_PERICENTER", -360.0, 360.0),
        mean_anomaly_deg=_number(fields, "MEAN_ANOMALY", -360.0, 360.0),
        bstar=_number(fields, "BSTAR", -1e3, 1e3, 0.0),
        mean_motion_dot=_number(fields, "MEAN_MOTION_DOT", -10.0, 10.0, 0.0),
        mean_motion_ddot=_number(fields, "MEAN_MOTION_DDOT", -10.0, 10.0, 0.0),
    )


def _number(fields: dict[str, str], key: str, low: float, high: float, default: float | None = None) -> float:
    text = fields.get(key, "")
    if not text and default is not None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise DataError(f"OMM {key}", text or "missing", f"write a number from {low:g} to {high:g}")
    return value


def _epoch(text: str) -> Instant:
    ordinal = _DAY_OF_YEAR.fullmatch(text)
    if ordinal:
        year, day, clock = ordinal.groups()
        start = parse_instant(f"{year}-01-01T{clock.removesuffix('Z')}Z")
        if not 1 <= int(day) <= 366:
            raise DataError("OMM EPOCH", text, "write a day of the year from 001 to 366")
        return Instant(start + (int(day) - 1) * 86_400_000_000_000)
    try:
        return parse_instant(text.removesuffix("Z") + "Z")
    except DataError:
        raise DataError("OMM EPOCH", text or "missing", "write UTC such as 2026-03-20T12:00:00.000000") from None
