"""One door to all runtimes: an artefact, its input, limits → an outcome."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.onnx_graph import is_exact, model_of
from orbitalcloud.compute.onnx_runtime import run_onnx
from orbitalcloud.compute.onnx_runtime import runtime_name as onnx_name
from orbitalcloud.compute.pipeline import run_pipeline, stages_of
from orbitalcloud.compute.usage import Limits, Outcome
from orbitalcloud.compute.wasm_runtime import run_wasm
from orbitalcloud.compute.wasm_runtime import runtime_name as wasm_name

Verification = Literal["exact", "tolerance"]


def execute(artefact: Artefact, data: bytes, limits: Limits | None = None, threads: int = 1) -> Outcome:
    """Run `artefact` on `data`, in this process. Never raises for what the artefact or the data do: that is the
    outcome's `failure`. A stranger's code belongs in a process of its own: `twin.cells`."""
    bounds = limits or Limits()
    if artefact.kind == "pipeline":
        return run_pipeline(artefact, data, bounds, lambda stage, given, left: execute(stage, given, left, threads))
    if artefact.kind == "wasm":
        return run_wasm(artefact, data, bounds)
    return run_onnx(artefact, data, bounds, threads)


def runtime_of(artefact: Artefact) -> str:
    """Name, version and what else the result depends on, as a receipt states it."""
    names = (wasm_name() if stage.kind == "wasm" else onnx_name() for stage in stages_of(artefact))
    return " + ".join(dict.fromkeys(names))


@lru_cache(maxsize=64)
def verification_of(artefact: Artefact) -> Verification:
    """How a re-execution is compared: `exact` (same bytes on any machine) or `tolerance` (floating point)."""
    exact = all(stage.kind == "wasm" or is_exact(model_of(stage)) for stage in stages_of(artefact))
    return "exact" if exact else "tolerance"
