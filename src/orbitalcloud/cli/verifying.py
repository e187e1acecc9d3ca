"""`orbital verify`: a receipt against its signature, its satellite's key, its result, and by running the job again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from orbitalcloud.cli import output
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
from orbitalcloud.twin.folder import STATUS_FILE, Folder

MAX_DATA_BYTES = 512 * 2**20


def verify(
    thing: Path,
    key: str | None,
    result: Path | None,
    execute: bool,
    artefact: Path | None,
    data: Path | None,
    as_json: bool,
) -> int:
    """Every check that can be made with what is at hand; the first that fails decides."""
    receipt = parse_receipt(_read(thing, MAX_BYTES))
    folder = _flight_of(thing)
    if key is None and folder is not None:
        key = _logged_key(folder, receipt.satellite)
    if result is None and folder is not None:
        beside = folder.path / "results" / f"{thing.stem}.bin"
        result = beside if beside.is_file() else None
    checks: list[Why] = []
    for why in _checks(receipt, key or "", result, execute, artefact, data):
        checks.append(why)
        if not why.ok:
            break
    holds = all(why.ok for why in checks)
    if as_json:
        output.data({"holds": holds, "job": receipt.job, "checks": msgspec.to_builtins(checks)})
    else:
        for why in checks:
            print(f"{'✓' if why.ok else '✗'} {why}")
        if not key:
            output.say("whose key it must be was not given: --key says that; this says only that the key signed it")
    return 0 if holds else 1


def _checks(
    receipt: Receipt, key: str, result: Path | None, execute: bool, artefact: Path | None, data: Path | None
) -> Iterator[Why]:
    yield verify_receipt(receipt, key)
    claimed = _read(result, MAX_DATA_BYTES) if result is not None else None
    if claimed is not None:
        yield verify_output(receipt, claimed)
    if execute:
        code = _artefact(receipt, artefact)
        yield verify_by_execution(receipt, code, _input(receipt, data), claimed)


def _artefact(receipt: Receipt, path: Path | None) -> Artefact:
    """The code to run again: the file given, or the packaged workload with the receipt's digest."""
    if path is not None:
        return Artefact.of(_read(path, MAX_DATA_BYTES), str(path))
    for workload in WORKLOADS.values():
        artefact = workload.artefact()
        if artefact.digest == receipt.artefact:
            return artefact
    raise DataError("artefact", receipt.artefact, "no packaged workload has this digest: give it with --artefact FILE")


def _input(receipt: Receipt, path: Path | None) -> bytes:
    if path is not None:
        return _read(path, MAX_DATA_BYTES)
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


def _read(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise DataError(str(path), error.strerror or str(error), "give a readable file") from None
    if len(data) > most_bytes:
        raise DataError(str(path), f"more than {most_bytes} bytes", "this is larger than such a thing can be")
    return data
