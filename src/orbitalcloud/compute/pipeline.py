"""A pipeline: artefacts run one after the other, the output of one being the input of the next, under one name.

A pipeline is an artefact itself (`OPL1`, then the MessagePack of its stages), so it has one digest, travels, is
metered, receipted and executed again like any other. Limits are the pipeline's: fuel and operations are shared by its
stages, memory binds each. It is priced as integers only if all of its stages are, and compared by digest only if all
can be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from orbitalcloud.compute.artefact import MAX_ONNX_BYTES, PIPELINE_MAGIC, Artefact
from orbitalcloud.compute.usage import Limits, Outcome, Usage
from orbitalcloud.core.errors import DataError

MAX_STAGES = 16

Run = Callable[[Artefact, bytes, Limits], Outcome]


class _Stages(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    stages: Annotated[tuple[bytes, ...], Meta(min_length=2, max_length=MAX_STAGES)]


def pipeline(stages: Sequence[Artefact], place: str = "pipeline") -> Artefact:
    """The artefact that runs these in turn; `DataError` for fewer than 2, more than 16, or one in another."""
    if not 2 <= len(stages) <= MAX_STAGES:
        raise DataError(place, f"{len(stages)} stages", f"a pipeline has 2 to {MAX_STAGES}")
    if any(stage.kind == "pipeline" for stage in stages):
        raise DataError(place, "a pipeline in a pipeline", "list all stages in one")
    data = PIPELINE_MAGIC + msgspec.msgpack.encode(_Stages(tuple(stage.data for stage in stages)))
    if len(data) > MAX_ONNX_BYTES:
        raise DataError(place, f"{len(data)} bytes", f"a pipeline may have {MAX_ONNX_BYTES} bytes")
    return Artefact("pipeline", data)


def parse_pipeline(data: bytes, place: str = "pipeline") -> tuple[Artefact, ...]:
    """The stages, each recognised and checked; `DataError` if the bytes are not such a pipeline."""
    if len(data) > MAX_ONNX_BYTES:
        raise DataError(place, f"{len(data)} bytes", f"a pipeline may have {MAX_ONNX_BYTES} bytes")
    try:
        parts = msgspec.msgpack.decode(data[len(PIPELINE_MAGIC) :], type=_Stages).stages
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(
            place, f"{len(data)} bytes", f"not a pipeline of 2 to {MAX_STAGES} artefacts: {error}"
        ) from None
    stages = tuple(Artefact.of(part, f"{place}[{number}]") for number, part in enumerate(parts))
    if any(stage.kind == "pipeline" for stage in stages):
        raise DataError(place, "a pipeline in a pipeline", "list all stages in one")
    return stages


@lru_cache(maxsize=8)
def stages_of(artefact: Artefact) -> tuple[Artefact, ...]:
    """The stages of a pipeline; of anything else, itself. `DataError` if it is not what it says."""
    return parse_pipeline(artefact.data) if artefact.kind == "pipeline" else (artefact,)


def run_pipeline(artefact: Artefact, data: bytes, limits: Limits, run: Run) -> Outcome:
    """Run stage after stage by `run`; a failure says in which stage, with what was used until then."""
    try:
        stages = stages_of(artefact)
    except DataError as error:
        return Outcome(b"", Usage(input_bytes=len(data)), "artefact", str(error))
    used, given, runtimes = Usage(integer=True), data, list[str]()
    for number, stage in enumerate(stages, 1):
        last = number == len(stages)
        outcome = run(stage, given, _left(limits, used, last))
        used = joined(used, outcome.usage, stage)
        if outcome.runtime not in runtimes:
            runtimes.append(outcome.runtime)
        if outcome.failure:
            text = f"stage {number} of {len(stages)}: {outcome.text}"
            return Outcome(b"", _of_whole(used, data, b""), outcome.failure, text, " + ".join(runtimes))
        given = outcome.output
    return Outcome(given, _of_whole(used, data, given), runtime=" + ".join(runtimes))


def joined(used: Usage, more: Usage, stage: Artefact) -> Usage:
    """Readings of the stages so far, and of one more: sums, the widest memory, integers only where all are."""
    integer = used.integer and (more.integer or stage.kind == "wasm")
    return replace(
        used,
        operations=used.operations + more.operations,
        fuel=used.fuel + more.fuel,
        memory_bytes=max(used.memory_bytes, more.memory_bytes),
        integer=integer,
    )


def _of_whole(used: Usage, data: bytes, output: bytes) -> Usage:
    return replace(used, input_bytes=len(data), output_bytes=len(output), integer=used.integer and used.operations > 0)


def _left(limits: Limits, used: Usage, last: bool) -> Limits:
    """What a stage may still use: intermediate outputs are bounded as memory is."""
    operations = max(1, limits.operations - used.operations) if limits.operations else 0
    output_bytes = limits.output_bytes if last else max(limits.output_bytes, limits.memory_bytes)
    return Limits(max(0, limits.fuel - used.fuel), limits.memory_bytes, output_bytes, operations)
