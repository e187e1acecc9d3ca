"""`orbital verify`: a receipt against its signature, its satellite's key, its result, and by running the job again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from orbitalcloud.cli import output
from orbitalcloud.cli.reading_files import read_bounded
from orbitalcloud.compute import (
    WORKLOADS,
    Artefact,
    Receipt,
    parse_receipt,
    verify_by_execution,
    verify_output,
    verify_receipt,
)
from orbitalcloud.compute.receipt import MAX_BYTES
from orbitalcloud.core import DataError, Why, digest_of, records
from orbitalcloud.twin.cells import own_cells
from orbitalcloud.twin.folder import STATUS_FILE, Folder

MAX_DATA_BYTES = 512 * 2**20


def verify(
    things: Sequence[Path],
    key: str | None,
    result: Path | None,
    execute: bool,
    artefact: Path | None,
    data: Path | None,
    as_json: bool,
) -> int:
    """Every check that can be made with what is at hand; the first that fails decides."""
    if len(things) != 1:
        raise DataError("verify", f"{len(things)} receipts", "give one receipt; updates (.ssz) may come in a row")
    thing = things[0]
    if not execute and (artefact is not None or data is not None):
        raise DataError("verify", "--artefact or --input", "these are for --execute: add it, or leave them out")
    receipt = _receipt(thing)
    wanted = None if key is None else _key(key)
    folder = _flight_of(thing)
    stranger: Why | None = None
    if wanted is None and folder is not None:
        wanted = _logged_key(folder, receipt.satellite)
        if wanted is None:
            text = f"the flight in {folder.path} has no satellite {receipt.satellite}"
            stranger = Why(False, "satellite", text)
    if result is None and folder is not None:
        beside = folder.path / "results" / f"{thing.stem}.bin"
        result = beside if beside.is_file() else None
    checks: list[Why] = []
    steps = iter([stranger]) if stranger else _checks(receipt, wanted or "", result, execute, artefact, data)
    for why in steps:
        checks.append(why)
        if not why.ok:
            break
    holds = all(why.ok for why in checks)
    if as_json:
        found = {"holds": holds, "job": receipt.job, "satellite": receipt.satellite, "digest": receipt.digest}
        output.data({**found, "key_known": bool(wanted), "checks": msgspec.to_builtins(checks)})
        return 0 if holds else 1
    for why in checks:
        print(output.printable(f"{'✓' if why.ok else '✗'} {why}"))
    if holds:
        _say_unchecked(bool(wanted), result is not None, execute)
    return 0 if holds else 1


def _say_unchecked(key: bool, result: bool, execute: bool) -> None:
    """What a yes does not mean."""
    if not key:
        output.say("not checked: whose key this is. Outside its flight's folder, --key says whose it must be")
    if not result and not execute:
        output.say("not checked: the result. --output gives it, --execute makes it again")


def _receipt(thing: Path) -> Receipt:
    data = read_bounded(thing, MAX_BYTES)
    try:
        return parse_receipt(data)
    except DataError as error:
        reason = " ".join(error.remedy.split())
        field = "" if error.place == "receipt" else f"{error.place} "
        remedy = f"give receipts/JOB.json of a flight ({field}{reason})"
        raise DataError(str(thing), "not a receipt", remedy) from None


def _key(text: str) -> str:
    key = text.strip().lower().removeprefix("0x")
    if len(key) != 64 or set(key) - set("0123456789abcdef"):
        raise DataError("--key", text, "give the 64 hex digits of an Ed25519 public key")
    return key


def _checks(
    receipt: Receipt, key: str, result: Path | None, execute: bool, artefact: Path | None, data: Path | None
) -> Iterator[Why]:
    yield verify_receipt(receipt, key)
    claimed = read_bounded(result, MAX_DATA_BYTES) if result is not None else None
    if claimed is not None:
        yield verify_output(receipt, claimed)
    if execute:
        code = _artefact(receipt, artefact)
        yield verify_by_execution(receipt, code, _input(receipt, data), claimed, run=own_cells().run)


def _artefact(receipt: Receipt, path: Path | None) -> Artefact:
    """The code to run again: the file given, or the packaged workload with the receipt's digest."""
    if path is not None:
        return Artefact.of(read_bounded(path, MAX_DATA_BYTES), str(path))
    for workload in WORKLOADS.values():
        artefact = workload.artefact()
        if artefact.digest == receipt.artefact:
            return artefact
    raise DataError("artefact", receipt.artefact, "no packaged workload has this digest: give it with --artefact FILE")


def _input(receipt: Receipt, path: Path | None) -> bytes:
    if path is not None:
        return read_bounded(path, MAX_DATA_BYTES)
    for workload in WORKLOADS.values():
        for data in workload.inputs():
            if digest_of(data) == receipt.input:
                return data
    raise DataError("input", receipt.input, "no packaged input has this digest: give it with --input FILE")


def _flight_of(thing: Path) -> Folder | None:
    parent = thing.resolve().parent.parent
    return Folder.open(parent) if (parent / STATUS_FILE).is_file() else None


def _logged_key(folder: Folder, satellite: str) -> str | None:
    for entry in folder.entries():
        if isinstance(entry, records.NodeStarted) and entry.node == satellite:
            return entry.public_key
    return None
