"""TOML values into `Mission`, strictly: every unknown key, wrong type and value out of bounds, each with its line.

`msgspec` stops at the first error, so a wrong value is noted, taken out and the conversion tried again.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

import msgspec
from msgspec import inspect

from orbitalcloud.mission.lines import Path
from orbitalcloud.mission.problems import MOST, Problems, did_you_mean
from orbitalcloud.mission.types import HeatChange, Mission, Satellite

_AT = re.compile(r"^(.*?)(?: - at `(\$.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_BOUND = re.compile(r"Expected `(\w+)` (<=?|>=?) (\S+)")
_WORDS = {"<": "below", "<=": "of at most", ">": "above", ">=": "of at least"}
_TYPES = {"float": "a number", "int": "a whole number", "str": "text", "object": "a table", "array": "a list"}


def convert(data: dict[str, Any], problems: Problems) -> Mission | None:
    """The mission, or None with everything found in `problems`."""
    _refuse_non_finite(data, (), problems)
    removed: set[Path] = set()
    for _ in range(MOST):
        try:
            mission = msgspec.convert(data, Mission)
        except msgspec.ValidationError as error:
            if not _take_out(data, str(error), problems, removed):
                return None
        else:
            return None if problems.found else mission
    return None


def _refuse_non_finite(value: object, path: Path, problems: Problems) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        problems.add(path, str(value), "write a finite number")
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_non_finite(item, (*path, key), problems)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_non_finite(item, (*path, index), problems)


def _take_out(data: dict[str, Any], text: str, problems: Problems, removed: set[Path]) -> bool:
    """Note one error of msgspec's and remove what caused it; False if nothing more can be learnt by trying again."""
    match = _AT.match(text)
    assert match is not None, "the pattern takes any text"
    message, place = match.group(1), match.group(2) or "$"
    path = _path(place, data)
    unknown, missing = _UNKNOWN.fullmatch(message), _MISSING.fullmatch(message)
    if unknown:
        key = unknown.group(1)
        value = _at(data, path)[key]
        problems.add((*path, key), value, f"unknown key: {did_you_mean(key, _known_keys(path, data))}")
        return _remove(data, (*path, key), removed)
    if missing:
        key = missing.group(1)
        misspelt = any(known[:-1] == path and f'"{key}"' in remedy for known, _, remedy in problems.found)
        if (*path, key) not in removed and not misspelt:
            problems.add((*path, key), "missing", f"add {key} = …{_described((*path, key), data)}")
        return False
    problems.add(path, _shown(_at(data, path)), _remedy(message, path, data))
    return _remove(data, path, removed)


def _path(place: str, data: dict[str, Any]) -> Path:
    """`$.satellite[0].heat[...].area_m2` as a path; `...` stands for a key of a dict, which is looked for."""
    path: Path = ()
    for name, index in _STEP.findall(place):
        step = _guilty_node(_at(data, path)) if index == "..." else int(index) if index else name
        path = (*path, step)
    return path


def _guilty_node(nodes: dict[str, Any]) -> str:
    """Which entry of the only dict in a mission (`heat`) does not convert; its key itself if all do."""
    for key, value in nodes.items():
        try:
            msgspec.convert(value, HeatChange)
        except msgspec.ValidationError:
            return key
    return next(iter(nodes))


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _remove(data: dict[str, Any], path: Path, removed: set[Path]) -> bool:
    """Delete the nearest key at or above `path` that stands in a dict (list elements would shift the lines)."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    if not path:
        return False
    del _at(data, path[:-1])[path[-1]]
    removed.add(path)
    return True


# What the types say about a path ------------------------------------------------------------------------------------


def _type_at(path: Path, data: Any) -> inspect.Type:
    """The type that the mission has at `path`; a union of tables is decided by the `kind` that the file gives."""
    here: Any = inspect.type_info(Mission)
    for step in path:
        here = _plain(here, data)
        data = data.get(step) if isinstance(data, dict) else data[step] if isinstance(step, int) else None
        if isinstance(here, inspect.StructType):
            found = [field.type for field in here.fields if field.encode_name == step]
            here = found[0] if found else inspect.AnyType()
        elif isinstance(here, inspect.VarTupleType):
            here = here.item_type
        elif isinstance(here, inspect.TupleType) and isinstance(step, int):
            here = here.item_types[min(step, len(here.item_types) - 1)]
        elif isinstance(here, inspect.DictType):
            here = here.value_type
    kind: inspect.Type = _plain(here, data)
    return kind


def _plain(kind: Any, data: Any) -> Any:
    """Without metadata; of a union, the member that fits the data."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if not isinstance(kind, inspect.UnionType):
        return kind
    members = [_plain(one, data) for one in kind.types if not isinstance(one, inspect.NoneType)]
    tables = [one for one in members if isinstance(one, inspect.StructType)]
    if tables and isinstance(data, dict):
        return next((one for one in tables if one.tag == data.get("kind")), tables[0])
    return next((one for one in members if isinstance(one, inspect.LiteralType)), members[0])


def _known_keys(path: Path, data: dict[str, Any]) -> list[str]:
    here = _type_at(path, data)
    keys = [field.encode_name for field in here.fields] if isinstance(here, inspect.StructType) else []
    return [*keys, "kind"] if isinstance(here, inspect.StructType) and here.tag else keys


def _described(path: Path, data: dict[str, Any]) -> str:
    """` (its description)` of a key that is not there, where the types carry one."""
    if path[-1] == "kind":
        return f" ({', '.join(_choices(path, data))})"
    here: Any = _type_at(path[:-1], data)
    for field in here.fields if isinstance(here, inspect.StructType) else ():
        extra = field.type.extra_json_schema if isinstance(field.type, inspect.Metadata) else None
        if field.encode_name == path[-1] and extra and "description" in extra:
            return f" ({extra['description']})"
    return ""


def _remedy(message: str, path: Path, data: dict[str, Any]) -> str:
    """A sentence for a person from msgspec's message."""
    if message.startswith("Invalid"):
        return did_you_mean(str(_at(data, path)), _choices(path, data))
    bound = _BOUND.match(message)
    if bound:
        kind, sign, limit = bound.groups()
        return f"write {_TYPES.get(kind, kind)} {_WORDS[sign]} {limit.removesuffix('.0')}"
    if "matching regex" in message:
        return f"write {_form(path)}"
    wrong = re.fullmatch(r"Expected `([\w| ]+)`, got `(\w+)`", message)
    if wrong:
        wanted = " or ".join(_TYPES.get(kind, kind) for kind in wrong.group(1).split(" | ") if kind != "null")
        choices = _choices(path, data)
        return f"write {wanted}" + (f" ({', '.join(choices)})" if choices else "")
    if "datetime" in message or "timezone" in message:
        return "write a date and time with its zone, such as 2026-03-20T12:00:00Z"
    return message[:1].lower() + message[1:]


def _choices(path: Path, data: dict[str, Any]) -> list[str]:
    if path[-1:] == ("kind",):
        union: Any = inspect.type_info(Satellite if "control" in path else Mission)
        name = "control" if "control" in path else "fault"
        union = next(field.type for field in union.fields if field.encode_name == name)
        while isinstance(union, inspect.Metadata):
            union = union.type
        return [str(one.tag) for one in union.item_type.types]
    here = _type_at(path, data)
    return [str(value) for value in here.values] if isinstance(here, inspect.LiteralType) else []


_FORMS = {
    "name": "lower-case letters, digits and hyphens, at most 48",
    "ltan": 'a local time "HH:MM" from 00:00 to 23:59',
    "checkpoint": "0x and 64 lower-case hex digits: a beacon block root",
    "to": "0x and 40 hex digits: an address",
    "jurisdiction": "a two-letter ISO 3166 country code",
    "verify": '"none" or "replicate:N" with N from 1 to 9',
    "chain": '"in-process" or the URL of a JSON-RPC node',
    "band": "lower-case letters, digits and hyphens, at most 16",
}


def _form(path: Path) -> str:
    return _FORMS.get(str(path[-1]) if path else "", "it as the mission schema says")


def _shown(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value
