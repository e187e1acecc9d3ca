"""`report`, `get`, `export`: what a person sees of a flight, each a fold over its Log."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orbitalcloud.cli import output
from orbitalcloud.cli.flights import find, folded, reproduction, write_report
from orbitalcloud.core import DataError

if TYPE_CHECKING:
    from orbitalcloud.view.flight import Flight

FORMS = ("czml", "oem", "omm", "tle", "ion", "csv", "parquet")
TELEMETRY = "telemetry"


def report(path: Path | None, against: Path | None, as_json: bool) -> int:
    """Make the report anew; exit 1 where the flight is not complete, for then it is of a part only."""
    from orbitalcloud.cli.fitting import print_table
    from orbitalcloud.view.columns import Table
    from orbitalcloud.view.network_story import BESIDE_PEACE, resilience_rows

    folder = find(path)
    flight, status = folded(folder)
    peace = _peace(flight, against)
    place = write_report(folder, flight, status, reproduction(status), peace=peace)
    if as_json:
        rows = {} if peace is None else {"resilience": resilience_rows(flight, peace)}
        output.data({"report": str(place), "complete": status.complete, "digest": status.digest, **rows})
    else:
        if peace is not None:
            print_table(Table("resilience", BESIDE_PEACE, tuple(resilience_rows(flight, peace))), output.console())
        print(place)
    return 0 if status.complete else 1


def _peace(flight: Flight, against: Path | None) -> Flight | None:
    """The other flight, of the same mission over the same time; `DataError` where it is of another."""
    if against is None:
        return None
    other, _ = folded(find(against))
    ours, theirs = flight.header, other.header
    if (ours.mission, ours.start, ours.end) != (theirs.mission, theirs.start, theirs.end):
        raise DataError("--against", str(against), f"fly {ours.mission} --without-faults, and compare with that")
    return other


def plural(kind: str) -> str:
    """The kind of table that a word means: `jobs` of `job` or `Jobs`; `DataError` with the nearest otherwise."""
    from orbitalcloud.view.tables import KINDS

    word = kind.lower()
    for known in KINDS:
        if word in (known, known.removesuffix("s")):
            return known
    raise output.choose("kind", kind, KINDS)


def get(kind: str, name: str | None, path: Path | None, as_json: bool, as_csv: bool) -> int:
    """A table, or one row with its story."""
    from orbitalcloud.cli.fitting import print_table
    from orbitalcloud.view import detail, printing, tables

    if as_json and as_csv:
        raise DataError("get", "--json and --csv", "give one of them")
    kind = plural(kind)
    flight, _ = folded(find(path))
    table = tables.table(flight, kind)
    if name is not None:
        shown = detail.detail(flight, kind, name)
        if as_json:
            print(detail.detail_json(shown))
            return 0
        if not as_csv:
            console = output.console()
            with output.tidy(console):
                detail.render_detail(shown, console)
            return 0
        table = replace(table, rows=(shown.fields,))
    if as_json:
        print(printing.to_json(table))
    elif as_csv:
        sys.stdout.write(printing.to_csv(table))
    else:
        print_table(table, output.console())
    return 0


def export(path: Path | None, form: str, satellite: str, kind: str, out: Path | None, as_json: bool) -> int:
    """Write the flight in another form."""
    if form not in FORMS:
        raise output.choose("--as", form, FORMS)
    if kind != TELEMETRY:
        kind = plural(kind)
    folder = find(path)
    if form in ("omm", "tle"):
        from orbitalcloud.cli.elements import elements

        _write(elements(folder, form, satellite, as_json), out, as_json, form == "omm", form)
        return 0
    if form == "ion":
        from orbitalcloud.cli.elements import contact_plan

        _write(contact_plan(folder), out, as_json, False, form)
        return 0
    flight, _ = folded(folder)
    if form == "parquet":
        from orbitalcloud.view.export import export_parquet

        place = out or folder.path / "telemetry.parquet"
        output.write_file(place, lambda beside: export_parquet(flight, beside))
        _done(place, as_json)
        return 0
    _write(_text(flight, form, satellite, kind), out, as_json, form == "czml", form)
    return 0


def _write(text: str, out: Path | None, as_json: bool, is_json: bool, form: str) -> None:
    """To a file, or to stdout: as it is, or as the one string of a JSON object where it is not JSON already."""
    if out is not None:
        data = text.encode()
        output.write_file(out, lambda beside: beside.write_bytes(data))
        _done(out, as_json)
    elif as_json and not is_json:
        output.data({"as": form, "text": text})
    else:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")


def _text(flight: Flight, form: str, satellite: str, kind: str) -> str:
    if form == "czml":
        from orbitalcloud.view.czml import export_czml

        return export_czml(flight)
    if form == "oem":
        from orbitalcloud.view.oem import export_oem

        return export_oem(flight, satellite)
    from orbitalcloud.view.export import export_csv

    return export_csv(flight, kind)


def _done(place: Path, as_json: bool) -> None:
    if as_json:
        output.data({"file": str(place), "bytes": place.stat().st_size})
    else:
        print(place)
