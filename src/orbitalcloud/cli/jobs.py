"""`orbital job`, `orbital submit` and `orbital calibrate`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from orbitalcloud.cli import output
from orbitalcloud.core import DataError

if TYPE_CHECKING:
    from orbitalcloud.mission import Loaded
    from orbitalcloud.mission.manifest import JobFile
    from orbitalcloud.study.jobs import Quote


def job(
    action: str,
    thing: Path,
    mission: str | None,
    data: Sequence[Path],
    labels: Sequence[Path],
    out: Path | None,
    as_json: bool,
) -> int:
    """Check or run; exit 1 where a run fails."""
    if action == "check":
        return _check(thing, mission, data, as_json)
    if action == "run":
        return _run(thing, out, as_json)
    if action == "prepare":
        return _prepare(thing, data, labels, out, as_json)
    raise output.choose("action", action, ["check", "run", "prepare"])


def _check(thing: Path, mission: str | None, data: Sequence[Path], as_json: bool) -> int:
    from orbitalcloud.mission import load
    from orbitalcloud.study.jobs import quote

    loaded = load(mission) if mission is not None else None
    made = quote(_job(thing, loaded, data), loaded)
    if as_json:
        output.data(asdict(made))
    else:
        _print_quote(made)
    return 0


def _job(thing: Path, loaded: Loaded | None, data: Sequence[Path]) -> JobFile:
    """A manifest, or an artefact with its input; due from a mission's epoch, else from now."""
    from orbitalcloud.core.time import instant_of
    from orbitalcloud.mission.manifest import load_job
    from orbitalcloud.study.submitting import job as made
    from orbitalcloud.study.submitting import now

    if thing.suffix == ".toml":
        return load_job(thing, instant_of(loaded.mission.epoch) if loaded is not None else now())
    if not data:
        raise DataError(str(thing), "no input", "give --input FILE, or a manifest (TOML) that names its inputs")
    return made(thing, list(data), name="job")


def _print_quote(made: Quote) -> None:
    print(f"{made.name}: {made.kind}, {made.verification} class, {made.digest}")
    used = made.usage
    how = "executed once here" if made.tried else "counted, not executed"
    print(f"one run: {used.operations:,} operations, {used.fuel:,} fuel, {used.memory_bytes:,} bytes of memory ({how})")
    print(f"up {made.first_up_bytes:,} bytes the first time, then {made.up_bytes:,}; down {made.down_bytes:,}")
    rows = [
        (
            one.accelerator,
            f"{one.seconds:.4g}",
            f"{one.joules:.4g}",
            f"{one.throttled_seconds:.4g}",
            f"{one.throttled_joules:.4g}",
            one.why_not,
        )
        for one in made.prices
    ]
    _table(("accelerator", "s", "J", "throttled s", "throttled J", ""), rows)
    if made.contacts:
        minutes = [
            (c.station, c.satellite, f"{c.first_up_min:.4g}", f"{c.up_min:.4g}", f"{c.down_min:.4g}")
            for c in made.contacts
        ]
        _table(("station", "satellite", "min up, first", "min up", "min down"), minutes)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table

    table = Table(*head, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(output.printable(cell) for cell in row))
    console = output.console(140)
    with output.tidy(console):
        console.print(table)


def _run(thing: Path, out: Path | None, as_json: bool) -> int:
    from orbitalcloud.core import digest_of
    from orbitalcloud.mission.manifest import load_job
    from orbitalcloud.study.jobs import run
    from orbitalcloud.study.submitting import now

    asked = load_job(thing, now())
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    told = []
    for number, (name, _) in enumerate(asked.inputs):
        outcome = run(asked, number)
        if out is not None and outcome.ok:
            output.write_file(out / f"{number}.bin", partial(_put, outcome.output))
        one = {"input": name, "failure": outcome.failure, "text": outcome.text, "output_bytes": len(outcome.output)}
        one |= {"output": digest_of(outcome.output) if outcome.ok else None, "runtime": outcome.runtime}
        told.append({**one, "usage": asdict(outcome.usage)})
        if not as_json:
            words = (
                f"{len(outcome.output)} bytes, {one['output']}" if outcome.ok else f"{outcome.failure}: {outcome.text}"
            )
            print(output.printable(f"{'✓' if outcome.ok else '✗'} {name}: {words}"))
    if as_json:
        output.data({"name": asked.manifest.name, "artefact": asked.artefact.digest, "runs": told})
    return 1 if any(one["failure"] for one in told) else 0


def _prepare(thing: Path, data: Sequence[Path], labels: Sequence[Path], out: Path | None, as_json: bool) -> int:
    """Quantise; exit 1 where the result is still not of the exact class."""
    from orbitalcloud.cli.reading_files import read_bounded
    from orbitalcloud.compute.artefact import MAX_ONNX_BYTES
    from orbitalcloud.compute.jobs import MAX_INPUT_BYTES
    from orbitalcloud.study.prepare import prepare

    given = [[read_bounded(place, MAX_INPUT_BYTES) for place in places] for places in (data, labels)]
    made = prepare(read_bounded(thing, MAX_ONNX_BYTES), *given)
    place = out or thing.with_name(f"{thing.stem}-int8.onnx")
    output.write_file(place, partial(_put, made.artefact.data))
    canary = {"artefact": made.artefact.digest, "input": made.canary_input, "output": made.canary_output}
    told = {"model": str(place), "before": asdict(made.before), "after": asdict(made.after)}
    if as_json:
        output.data({**told, "agreement": made.agreement, "canary": {**canary, "runtime": made.runtime}})
    else:
        rows = [
            (name, one.verification, f"{one.bytes:,}", _share(one.accuracy), _share(one.kappa))
            for name, one in (("before", made.before), ("after", made.after))
        ]
        _table(("", "class", "bytes", "accuracy", "kappa"), rows)
        print(f"classes agree on {made.agreement:.4f}")
        print(f"canary {canary['input']} → {canary['output']}")
        print(place)
    return 0 if made.after.verification == "exact" else 1


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _put(data: bytes, place: Path) -> None:
    place.write_bytes(data)


def submit(
    manifest: Path, mission: str, at: str | None, hour: float, seed: int | None, out: Path | None, as_json: bool
) -> int:
    """Fly the mission with the job in it."""
    from orbitalcloud.study.submitting import HEAD, result
    from orbitalcloud.study.submitting import submit as fly_with

    folder = fly_with(manifest, mission, station=at or "", hour=hour, seed=seed, out=out)
    found = result(folder)
    if as_json:
        runs = [{**asdict(run), "output": None if run.output is None else len(run.output)} for run in found.runs]
        output.data({"name": found.name, "flight": str(found.folder), "complete": found.complete, "runs": runs})
    else:
        _table(HEAD, found.rows())
        output.say(f"flight: {found.folder}; next: orbital get job {found.runs[0].job} --flight {found.folder}")
    return 0 if found.complete else 1


def calibrate(name: str, active_w: float | None, idle_w: float | None, out: Path | None, as_json: bool) -> int:
    """Measure; print, and write the entry where it can be made."""
    from orbitalcloud.study.calibrate import calibrate as measure
    from orbitalcloud.study.calibrate import entry_text

    if not name or set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise DataError("name", name, "lower-case letters, digits and hyphens")
    made = measure()
    if as_json:
        output.data(asdict(made))
    else:
        print(f"machine  {output.printable(made.machine)}, one core")
        print(f"int8     {made.int8_ops_per_s:.4g} operations/s")
        print(f"float32  {made.float_ops_per_s:.4g} operations/s")
        print(f"WASM     {made.fuel_per_s:.4g} fuel/s")
        known = made.active_w is not None and made.idle_w is not None
        watts = f"{made.idle_w:.2f} W idle, {made.active_w:.2f} W at work ({made.power_note})" if known else ""
        print(f"power    {watts or 'not known: ' + made.power_note}")
    if out is not None:
        text = entry_text(made, name, active_w, idle_w)
        output.write_file(out, lambda place: place.write_text(text, encoding="utf-8"))
        output.say(f"in a mission: [[satellite]] … accelerator = {json.dumps(str(out))}")
    return 0
