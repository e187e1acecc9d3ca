"""The catalogue: buses, accelerators, ground-station sites, radios, coatings and coolings that mission files name.

Six TOML files in `data/catalogue`, one table an entry. Every value has a source, a date and a confidence: either of
its own, `{ value = 27.0, source = "…", date = "…", confidence = "datasheet" }`, or from its table, where `source`,
`date` and `confidence` beside plain values speak for all of them. A value with neither is an error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal, TypeVar, get_args

import msgspec

from orbitalcloud.core import DataError
from orbitalcloud.mission.check_thermal import check_thermal
from orbitalcloud.mission.files import read_text
from orbitalcloud.mission.physical import array_of, battery_of
from orbitalcloud.mission.resolved import Accelerator, Bus, Coating, Cooling, Radio, Site
from orbitalcloud.mission.thermal import finished
from orbitalcloud.physics import BATTERY_CELLS, SOLAR_CELLS
from orbitalcloud.physics.radiation_upsets import devices as radiation_devices

Confidence = Literal["measured", "datasheet", "published", "assumption"]
Entry = TypeVar("Entry", Bus, Accelerator, Site, Radio, Coating, Cooling)

_ORIGIN = ("source", "date", "confidence")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a value comes from: a citation, its date (YYYY or YYYY-MM or YYYY-MM-DD) and how far to trust it."""

    source: str
    date: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries by name; `about` and `provenance` by (kind, name) and dotted key, kind as the file's name."""

    buses: dict[str, Bus]
    accelerators: dict[str, Accelerator]
    stations: dict[str, Site]
    links: dict[str, Radio]
    coatings: dict[str, Coating]
    coolings: dict[str, Cooling]
    about: dict[tuple[str, str], str]
    provenance: dict[tuple[str, str], dict[str, Provenance]]


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The packaged catalogue, read once."""
    about: dict[tuple[str, str], str] = {}
    origins: dict[tuple[str, str], dict[str, Provenance]] = {}

    def section(kind: str, type_: type[Entry]) -> dict[str, Entry]:
        path = resources.files("orbitalcloud") / "data" / "catalogue" / f"{kind}.toml"
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise DataError(f"catalogue/{kind}.toml", str(error), "reinstall the package") from None
        found, words, sources = read(text, type_, f"catalogue/{kind}.toml")
        about.update({(kind, name): words[name] for name in words})
        origins.update({(kind, name): sources[name] for name in sources})
        return found

    coatings = section("coatings", Coating)
    place = "catalogue/buses.toml"
    buses = {name: finished(bus, coatings, f"{place}: {name}") for name, bus in section("buses", Bus).items()}
    for name, bus in buses.items():
        check_power(bus, f"{place}: {name}")
        check_thermal(bus, f"{place}: {name}")
    return Catalogue(
        buses,
        section("accelerators", Accelerator),
        section("stations", Site),
        section("links", Radio),
        coatings,
        section("coolings", Cooling),
        about,
        origins,
    )


def accelerator(name: str, folder: str) -> Accelerator:
    """The catalogue's entry of this name; or that of a file (`NAME.toml`, relative to `folder`) which holds one entry,
    as `orbital calibrate` writes it. `DataError` if there is none."""
    if not name.endswith(".toml"):
        book = catalogue().accelerators
        if name not in book:
            raise DataError("accelerator", name, f"name one of {', '.join(book)}; or a file, NAME.toml")
        return book[name]
    entries, _, _ = read(read_text(name, folder, 65_536), Accelerator, name)
    if len(entries) != 1:
        raise DataError(name, f"{len(entries)} entries", "a file of one's own holds one accelerator")
    return next(iter(entries.values()))


def read(
    text: str, type_: type[Entry], place: str
) -> tuple[dict[str, Entry], dict[str, str], dict[str, dict[str, Provenance]]]:
    """Entries, their `about` texts and the provenance of every value, from one catalogue file's text."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(place, str(error), "mend the TOML, or reinstall the package") from None
    entries: dict[str, Entry] = {}
    about: dict[str, str] = {}
    origins: dict[str, dict[str, Provenance]] = {}
    for name, table in tables.items():
        where = f"{place}: {name}"
        about[name] = table.pop("about", "")
        origins[name] = {}
        plain = _strip(table, {}, (), origins[name], where)
        if type_ is Bus:
            plain["heat"] = [{"name": node, **values} for node, values in plain.get("heat", {}).items()]
        try:
            entries[name] = msgspec.convert(plain, type_)
        except msgspec.ValidationError as error:
            raise DataError(where, str(error), "mend the catalogue") from None
    for name, entry in entries.items():
        for device in entry.devices if isinstance(entry, Accelerator) else ():
            if device not in radiation_devices():
                raise DataError(f"{place}: {name}.devices", device, f"name one of {', '.join(radiation_devices())}")
    return entries, about, origins


def _strip(
    table: dict[str, Any],
    inherited: dict[str, str],
    path: tuple[str, ...],
    origins: dict[str, Provenance],
    where: str,
) -> dict[str, Any]:
    """The table without its provenance, which goes to `origins` under each value's dotted key."""
    origin = {**inherited, **{key: table[key] for key in _ORIGIN if key in table}}
    plain: dict[str, Any] = {}
    for key, item in table.items():
        here = (*path, key)
        if key in _ORIGIN:
            continue
        if isinstance(item, dict) and "value" not in item:
            plain[key] = _strip(item, origin, here, origins, where)
        elif isinstance(item, list) and all(isinstance(part, dict) for part in item):
            plain[key] = [_strip(part, origin, (*here, str(n)), origins, where) for n, part in enumerate(item)]
        else:
            own = item if isinstance(item, dict) else {}
            plain[key] = own.get("value", item)
            origins[".".join(here)] = _provenance({**origin, **own}, f"{where}.{'.'.join(here)}")
    return plain


def _provenance(origin: dict[str, Any], where: str) -> Provenance:
    missing = [key for key in _ORIGIN if not origin.get(key)]
    if missing:
        raise DataError(where, "no " + ", ".join(missing), "give every value a source, a date and a confidence")
    if origin["confidence"] not in get_args(Confidence):
        raise DataError(where, origin["confidence"], f"write one of {', '.join(get_args(Confidence))}")
    return Provenance(str(origin["source"]), str(origin["date"]), origin["confidence"])


def check_power(bus: Bus, where: str) -> None:
    """A bus's solar cells and battery cells are known, and it can be built of them."""
    for key, name, known in (("array", bus.array.cell, SOLAR_CELLS), ("battery", bus.battery.cell, BATTERY_CELLS)):
        if name not in known:
            raise DataError(f"{where}.{key}.cell", name, f"name one of {', '.join(known)}")
    array_of(bus)
    battery_of(bus)


def lines(kind: str, name: str) -> Iterator[tuple[str, Any, Provenance]]:
    """(dotted key, value, provenance) of one entry, in the catalogue's order, for tables that people read."""
    book = catalogue()
    entry: Any = getattr(book, kind)[name]
    for key, origin in book.provenance[kind, name].items():
        yield key, _at(entry, key.split(".")), origin


def _at(thing: Any, path: list[str]) -> Any:
    for key in path:
        if isinstance(thing, tuple):
            thing = thing[int(key)] if key.isdigit() else next(item for item in thing if item.name == key)
        elif key == "kind" and not hasattr(thing, key):  # the tag of one of several tables
            thing = thing.__struct_config__.tag
        else:
            thing = getattr(thing, key)
    return thing
