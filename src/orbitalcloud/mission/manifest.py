"""A job's manifest: what is run on what, what it may use, who may not see it, by when, and what it is worth.

    name = "flood-map"
    artefact = "water.wasm"              # or ["prepare.onnx", "network.onnx"]: a pipeline
    digest = "sha256:…"                  # optional: what the artefact must be
    input = ["tile-1.npy", "tile-2.npy"] # one run each
    deadline_min = 300                   # or deadline = 2026-03-20T18:00:00Z
    value = 3
    [limits]
    fuel = 50_000_000

Decoded as strictly as a mission; relative paths start where the manifest lies. What cannot be run is refused here, with
its reason, before anything is sent.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from orbitalcloud.compute import Artefact, Limits
from orbitalcloud.compute.jobs import MAX_INPUT_BYTES
from orbitalcloud.compute.onnx_runtime import input_tensors
from orbitalcloud.compute.pipeline import pipeline, stages_of
from orbitalcloud.compute.usage import Failure
from orbitalcloud.core import MINUTE, DataError, Instant, MissionError
from orbitalcloud.core.time import instant_of
from orbitalcloud.mission.files import read_bytes
from orbitalcloud.mission.lines import line_at, lines_of
from orbitalcloud.mission.problems import did_you_mean, key_text

MOST_BYTES = 65_536
_AT = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_LINE = re.compile(r"\(at line (\d+), column \d+\)")

Country = Annotated[str, Meta(pattern=r"^[a-z]{2}$")]
Size = Annotated[int, Meta(ge=1, le=4096)]


class Resources(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run may use at most; `operations` 0 means as counted, `wall_s` bounds the process where it is real."""

    fuel: Annotated[int, Meta(ge=1, le=10**15)] = 10_000_000_000
    operations: Annotated[int, Meta(ge=0, le=10**18)] = 0
    memory_mb: Annotated[int, Meta(ge=1, le=65_536)] = 512
    output_mb: Annotated[float, Meta(gt=0, le=64)] = 16.0
    wall_s: Annotated[float, Meta(gt=0, le=86_400)] = 900.0

    def as_limits(self) -> Limits:
        """As the runtimes take them."""
        return Limits(self.fuel, self.memory_mb * 2**20, round(self.output_mb * 2**20), self.operations)


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as written; exactly one of `deadline` and `deadline_min` is given."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
    artefact: str | Annotated[tuple[str, ...], Meta(min_length=2, max_length=16)]
    input: Annotated[tuple[str, ...], Meta(min_length=1, max_length=10_000)]
    digest: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    output: Annotated[str, Meta(max_length=400)] = ""
    licence: Annotated[str, Meta(max_length=200)] = ""
    forbidden: Annotated[tuple[Country, ...], Meta(max_length=64)] = ()
    deadline: datetime | None = None
    deadline_min: Annotated[float, Meta(gt=0, le=527_040)] | None = None
    value: Annotated[int, Meta(ge=0, le=1_000_000)] = 1
    verify: Annotated[str, Meta(pattern=r"^(none|replicate:[1-9])$")] = "none"
    limits: Resources = Resources()


@dataclass(frozen=True, slots=True)
class JobFile:
    """A job that can be run: its manifest, its code, its inputs by name, when it is due, and where it was read."""

    manifest: Manifest
    artefact: Artefact
    inputs: tuple[tuple[str, bytes], ...]
    deadline_ns: int
    """From submission."""
    path: str

    @property
    def limits(self) -> Limits:
        return self.manifest.limits.as_limits()


def load_job(path: str | Path, now: Instant) -> JobFile:
    """Read, check and resolve a manifest; `now` is when it is submitted.

    `MissionError` with file, line and key for what is wrong: in the file itself, or with what it names (not a model or
    module, another digest, an input that is too large or does not fit, a deadline that has passed).
    """
    place = Path(path).expanduser()
    try:
        with place.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise MissionError(str(path), 0, "", error.strerror or str(error), "give a job's manifest (TOML)") from None
    return loads_job(data, str(path), str(place.parent), now)


def loads_job(data: bytes, path: str, folder: str, now: Instant) -> JobFile:
    """As `load_job`, from the bytes of a manifest whose relative paths start in `folder`."""
    manifest, lines = decode_manifest(data, path)

    def wrong(key: tuple[str | int, ...], value: object, remedy: str) -> MissionError:
        return MissionError(path, line_at(lines, key), key_text(key), value, remedy)

    deadline_ns = _deadline_ns(manifest, now, wrong)
    try:
        artefact = read_artefact(manifest.artefact, folder)
    except DataError as error:
        raise wrong(("artefact",), error.value, f"{error.place}: {error.remedy}") from None
    if manifest.digest is not None and artefact.digest != manifest.digest:
        raise wrong(("digest",), manifest.digest, f"the artefact is {artefact.digest}: give that, or the right file")
    inputs = []
    for number, name in enumerate(manifest.input):
        try:
            given = read_bytes(name, folder, MAX_INPUT_BYTES)
            check_input(artefact, given, manifest.limits.as_limits(), name)
        except DataError as error:
            raise wrong(("input", number), error.value, f"{error.place}: {error.remedy}") from None
        inputs.append((name, given))
    return JobFile(manifest, artefact, tuple(inputs), deadline_ns, path)


def _deadline_ns(manifest: Manifest, now: Instant, wrong: Any) -> int:
    if (manifest.deadline is None) == (manifest.deadline_min is None):
        raise wrong(("deadline",), "none or two", "give one of deadline (a UTC time) and deadline_min")
    if manifest.deadline_min is not None:
        return round(manifest.deadline_min * MINUTE)
    assert manifest.deadline is not None, "one of them is given"
    if manifest.deadline.tzinfo is None:
        raise wrong(("deadline",), manifest.deadline.isoformat(), "write its zone, such as 2026-03-20T12:00:00Z")
    if not 1970 <= manifest.deadline.year <= 2199:
        raise wrong(("deadline",), manifest.deadline.isoformat(), "write a year from 1970 to 2199")
    left = instant_of(manifest.deadline) - now
    if left <= 0:
        raise wrong(("deadline",), manifest.deadline.isoformat(), f"it passed {-left / MINUTE:.1f} minutes ago")
    return left


def read_artefact(names: str | tuple[str, ...], folder: str) -> Artefact:
    """The code: one file, `workload:NAME`, or a pipeline of several; `DataError` for what a satellite cannot run."""
    if isinstance(names, tuple):
        return pipeline([read_artefact(name, folder) for name in names])
    if names.startswith("workload:"):
        from orbitalcloud.compute import workload

        return workload(names.removeprefix("workload:")).artefact()
    return Artefact.of(read_bytes(names, folder), names)


def check_input(artefact: Artefact, data: bytes, limits: Limits, place: str) -> None:
    """`DataError` unless the bytes fit the artefact: names, shapes and finite values, where it is a model; its size."""
    if len(data) > limits.memory_bytes:
        raise DataError(place, f"{len(data)} bytes", f"the job's memory is {limits.memory_bytes} bytes")
    first = stages_of(artefact)[0]
    if first.kind == "wasm":
        return
    try:
        tensors = input_tensors(first, data, limits)
    except Failure as failure:
        raise DataError(place, failure.name, failure.text) from None
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            raise DataError(place, f"a NaN or an infinity in {name or 'the tensor'}", "a result of it means nothing")


# The file itself ------------------------------------------------------------------------------------------------------


def decode_manifest(data: bytes, path: str) -> tuple[Manifest, dict[tuple[str | int, ...], int]]:
    """TOML bytes → the manifest and the lines of its keys; `MissionError` names the first thing that is wrong."""
    if len(data) > MOST_BYTES:
        raise MissionError(
            path, 0, "", f"more than {MOST_BYTES} bytes", "a manifest names files, it does not hold them"
        )
    try:
        text = data.decode("utf-8-sig")
        tables = tomllib.loads(text)
    except UnicodeDecodeError:
        raise MissionError(path, 0, "", data[:12].hex(), "write the manifest as TOML in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        at = _LINE.search(str(error))
        remedy = f"mend the TOML: {_LINE.sub('', str(error)).strip()}"
        raise MissionError(path, int(at.group(1)) if at else 0, "", "not TOML", remedy) from None
    except RecursionError:
        raise MissionError(path, 0, "", "nested too deeply", "a manifest needs two levels") from None
    lines = lines_of(text)
    for key, value in tables.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise MissionError(path, line_at(lines, (key,)), key, str(value), "write a finite number")
    try:
        return msgspec.convert(tables, Manifest), lines
    except msgspec.ValidationError as error:
        raise _told(str(error), tables, path, lines) from None


def _told(text: str, tables: dict[str, Any], path: str, lines: dict[tuple[str | int, ...], int]) -> MissionError:
    """msgspec's message as a line, a key and a remedy."""
    match = _AT.match(text)
    assert match is not None, "the pattern takes any text"
    message, place = match.group(1), match.group(2) or ""
    key: tuple[str | int, ...] = tuple(int(index) if index else name for name, index in _STEP.findall(place))
    value: Any = tables
    for step in key:
        value = value[step]
    kind: Any = Resources if key[:1] == ("limits",) else Manifest
    unknown, missing = _UNKNOWN.fullmatch(message), _MISSING.fullmatch(message)
    if unknown:
        name = unknown.group(1)
        remedy = f"unknown key: {did_you_mean(name, kind.__struct_fields__)}"
        return MissionError(path, line_at(lines, (*key, name)), key_text((*key, name)), value[name], remedy)
    if missing:
        name = missing.group(1)
        return MissionError(path, line_at(lines, key), key_text((*key, name)), "missing", f"add {name} = …")
    remedy = message[:1].lower() + message[1:]
    return MissionError(path, line_at(lines, key), key_text(key), value, remedy)
