"""Run an ONNX model on the CPU so that it gives the same bytes every time.

Measured for this project: with every optimisation on, the bits do not depend on the number of threads or the process;
they do depend on ONNX Runtime's version and on the instruction set, which is why a receipt names both. Inputs and
outputs are tensors on the wire (`tensors`).
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.meter import count_model
from orbitalcloud.compute.onnx_graph import input_shapes, model_of
from orbitalcloud.compute.tensors import SINGLE, Tensor, read_tensors, write_tensors
from orbitalcloud.compute.usage import Failure, Limits, Outcome, Usage, finished
from orbitalcloud.core.errors import DataError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(bool)": "bool",
} | {f"tensor({sign}int{bits})": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}


@lru_cache(maxsize=1)
def runtime_name() -> str:
    """`onnxruntime 1.32.0 cpu x86_64`: what a float result depends on."""
    import onnxruntime

    return f"onnxruntime {onnxruntime.__version__} cpu {platform.machine()}"


@lru_cache(maxsize=8)
def _session(artefact: Artefact, threads: int) -> InferenceSession:
    return _fresh_session(artefact, threads)


def _fresh_session(artefact: Artefact, threads: int) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(artefact.data, options, providers=["CPUExecutionProvider"])


def run_onnx(artefact: Artefact, data: bytes, limits: Limits, threads: int = 1) -> Outcome:
    """Execute; whatever the model or the input does wrong becomes a failure of the outcome."""
    usage = Usage(input_bytes=len(data))
    try:
        feeds = input_tensors(artefact, data, limits)
        usage = count_model(artefact, {name: t.shape for name, t in feeds.items()}, len(data))
        _check_budget(usage, limits)
        tensors = _run(artefact, feeds, threads)
        _check_outputs(tensors, limits)
        return finished(write_tensors(tensors), usage, limits, runtime_name())
    except Failure as failure:
        return Outcome(b"", failure.usage or usage, failure.name, failure.text, runtime_name())


def input_tensors(artefact: Artefact, data: bytes, limits: Limits) -> dict[str, Tensor]:
    """The wire input as the model's named tensors; raises `Failure('shape')` where they do not fit."""
    try:
        wanted = input_shapes(model_of(artefact))
    except DataError as error:
        raise Failure("artefact", str(error)) from None
    try:
        tensors = read_tensors(data, "input", limits.memory_bytes)
    except DataError as error:
        raise Failure("shape", str(error)) from None
    if list(tensors) == [SINGLE] and len(wanted) == 1:
        tensors = {next(iter(wanted)): tensors[SINGLE]}
    if set(tensors) != set(wanted):
        raise Failure("shape", f"inputs {sorted(tensors)} were given, the model takes {sorted(wanted)}")
    for name, shape in wanted.items():
        given = tensors[name].shape
        if len(given) != len(shape) or any(w not in (None, g) for g, w in zip(given, shape, strict=True)):
            raise Failure("shape", f"{name} has shape {given}, the model takes {shape}")
    return tensors


def _check_budget(usage: Usage, limits: Limits) -> None:
    if limits.operations and usage.operations > limits.operations:
        text = f"{usage.operations} operations needed, {limits.operations} allowed"
        raise Failure("operations", text, Usage(input_bytes=usage.input_bytes))
    if usage.memory_bytes > limits.memory_bytes:
        text = f"{usage.memory_bytes} bytes of weights and tensors needed, {limits.memory_bytes} allowed"
        raise Failure("memory", text, Usage(input_bytes=usage.input_bytes))


def run_graph(artefact: Artefact, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The outputs of a model that is run once: nothing of it is kept. `Failure` as in `run_onnx`; not metered."""
    return _run(artefact, dict(feeds), 1, kept=False)


def checked_outputs(tensors: dict[str, Tensor], limits: Limits) -> None:
    """`Failure` unless the outputs are numbers, finite and small enough."""
    _check_outputs(tensors, limits)


def _run(artefact: Artefact, feeds: dict[str, Tensor], threads: int, kept: bool = True) -> dict[str, Tensor]:
    from onnxruntime.capi import onnxruntime_pybind11_state as ort

    # ONNX Runtime has one exception class per status and no common base of its own.
    failures: tuple[type[Exception], ...] = (
        ort.Fail, ort.InvalidArgument, ort.InvalidGraph, ort.InvalidProtobuf, ort.NotImplemented, ort.NoSuchFile,
        ort.RuntimeException, ort.EPFail, RuntimeError, ValueError, MemoryError,
    )  # fmt: skip
    try:
        session = _session(artefact, threads) if kept else _fresh_session(artefact, threads)
    except failures as error:
        raise Failure("artefact", _one_line(error)) from None
    for value in session.get_inputs():
        if _TYPES.get(value.type) != str(feeds[value.name].dtype):
            raise Failure("shape", f"{value.name} is {feeds[value.name].dtype}, the model takes {value.type}")
    try:
        results: list[Any] = session.run(None, feeds)
    except failures as error:
        raise Failure("runtime", _one_line(error)) from None
    names = [value.name for value in session.get_outputs()]
    if len(names) == 1:
        names = [SINGLE]
    return dict(zip(names, results, strict=True))


def _check_outputs(tensors: dict[str, Tensor], limits: Limits) -> None:
    size = 0
    for name, tensor in tensors.items():
        if not isinstance(tensor, np.ndarray) or tensor.dtype.kind not in "biuf":
            raise Failure("output-value", f"output {name} is not a numeric tensor")
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            raise Failure("output-value", f"output {name} holds a NaN or an infinity")
        size += tensor.nbytes
    if size > limits.output_bytes:
        raise Failure("output-size", f"{size} bytes of output, {limits.output_bytes} allowed")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
