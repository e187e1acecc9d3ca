"""From a float model to one whose result every machine repeats bit by bit: integers, by static quantisation.

ONNX Runtime's own quantiser (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html) replaces
convolutions and matrix products by their 8-bit forms (QOperator, uint8 by uint8, which no vector saturates),
with ranges taken from the inputs given. What that costs is measured on the same kind of inputs, with labels where there
are some. The canary names what a machine must get for one input: one that gets other bytes is not of the exact class.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from orbitalcloud.compute import Artefact, Limits, verification_of
from orbitalcloud.compute.onnx_graph import model_of
from orbitalcloud.compute.onnx_runtime import input_tensors
from orbitalcloud.compute.quality import accuracy, confusion, kappa
from orbitalcloud.compute.tensors import Tensor, read_tensors
from orbitalcloud.compute.usage import Failure
from orbitalcloud.core import DataError, digest_of
from orbitalcloud.twin.cells import own_cells

QUANTISED = ("Conv", "MatMul")
"""Those with an 8-bit form among ONNX's own operators; others stay as they are."""
MAX_CLASSES = 1000


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one model on the given inputs: accuracy and Cohen's kappa against labels, None without labels."""

    verification: str
    bytes: int
    accuracy: float | None
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """The new artefact, both models' measures, how often their classes agree, and the canary's digests."""

    artefact: Artefact
    before: Measured
    after: Measured
    agreement: float
    canary_input: str
    canary_output: str
    runtime: str


def prepare(model: bytes, inputs: Sequence[bytes], labels: Sequence[bytes] = ()) -> Prepared:
    """Quantise, and measure before and after. `inputs` calibrate the ranges: give some dozens that are typical.

    `labels` are integer classes, one file for each input, of the first output's shape without its class axis.
    `DataError` for what is no such model, input or label, or cannot be quantised.
    """
    artefact = Artefact.of(model, "model")
    if artefact.kind != "onnx":
        raise DataError("model", artefact.kind, "give an ONNX model: WASM is exact as it is")
    if labels and len(labels) != len(inputs):
        raise DataError("labels", f"{len(labels)} files", f"one for each of {len(inputs)} inputs, or none")
    if not inputs:
        raise DataError("inputs", "none", "the ranges of the integers are taken from inputs: give some")
    try:
        feeds = [dict(input_tensors(artefact, data, Limits())) for data in inputs]
    except Failure as failure:
        raise DataError("input", failure.name, failure.text) from None
    made = Artefact.of(_quantised(artefact, feeds), "quantised model")
    old, new = [_outputs(one, inputs) for one in (artefact, made)]
    truth = [next(iter(read_tensors(one, "labels").values())) for one in labels]
    before, after = _measured(artefact, old, truth), _measured(made, new, truth)
    same = [
        _classes(a, truth[i] if truth else None) == _classes(b, truth[i] if truth else None)
        for i, (a, b) in enumerate(zip(old, new, strict=True))
    ]
    agreement = float(np.mean(np.concatenate([np.ravel(one) for one in same])))
    outcome = own_cells().run(made, inputs[0], Limits())
    return Prepared(made, before, after, agreement, digest_of(inputs[0]), digest_of(outcome.output), outcome.runtime)


def _quantised(artefact: Artefact, feeds: list[dict[str, Tensor]]) -> bytes:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """The inputs, once."""

        def __init__(self) -> None:
            self._left: Iterator[dict[str, Tensor]] = iter(feeds)

        def get_next(self) -> dict[str, Tensor] | None:
            return next(self._left, None)

    with tempfile.TemporaryDirectory(prefix="orbital-prepare-") as folder:
        place, source = Path(folder) / "quantised.onnx", Path(folder) / "model.onnx"
        source.write_bytes(artefact.data)
        try:
            quantize_static(
                str(source),
                str(place),
                Reader(),
                quant_format=QuantFormat.QOperator,
                op_types_to_quantize=list(QUANTISED),
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QUInt8,
            )
        except Exception as error:  # the quantiser raises nearly anything on graphs that it does not know
            raise DataError("model", type(error).__name__, f"it cannot be quantised: {str(error)[:200]}") from None
        return place.read_bytes()


def _outputs(artefact: Artefact, inputs: Sequence[bytes]) -> list[Tensor]:
    """The first output for every input."""
    found = []
    for data in inputs:
        outcome = own_cells().run(artefact, data, Limits(memory_bytes=2**30))
        if outcome.failure:
            raise DataError("model", outcome.failure, outcome.text)
        found.append(next(iter(read_tensors(outcome.output, "output").values())))
    return found


def _classes(output: Tensor, truth: Tensor | None) -> Any:
    """The decision: the largest along the class axis, the one that labels do not have (the last, without labels)."""
    if output.dtype.kind != "f":
        return output
    axes = range(output.ndim)
    axis = next(
        (a for a in axes if truth is not None and (*output.shape[:a], *output.shape[a + 1 :]) == truth.shape), None
    )
    if truth is not None and axis is None:
        raise DataError("labels", str(truth.shape), f"the output has shape {output.shape}: labels lack its class axis")
    return np.argmax(output, axis=-1 if axis is None else axis)


def _measured(artefact: Artefact, outputs: list[Tensor], truth: list[Tensor]) -> Measured:
    size, sure = len(artefact.data), verification_of(artefact)
    if not truth:
        return Measured(sure, size, None, None)
    found = [_classes(output, label) for output, label in zip(outputs, truth, strict=True)]
    classes = 1 + max(int(max(a.max(), b.max())) for a, b in zip(found, truth, strict=True))
    if classes > MAX_CLASSES or min(int(label.min()) for label in truth) < 0:
        raise DataError("labels", f"{classes} classes", f"labels are from 0 to {MAX_CLASSES - 1}")
    matrix = sum(confusion(label, one, classes) for label, one in zip(truth, found, strict=True))
    return Measured(sure, size, accuracy(np.asarray(matrix)), kappa(np.asarray(matrix)))


def operators(artefact: Artefact) -> dict[str, int]:
    """How many of each operator a model has."""
    counts: dict[str, int] = {}
    for node in model_of(artefact).graph.node:
        counts[node.op_type] = counts.get(node.op_type, 0) + 1
    return counts
