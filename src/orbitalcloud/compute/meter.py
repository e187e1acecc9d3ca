"""The meter: how much arithmetic a job is, and what that costs in time and energy on a given accelerator.

An ONNX model is counted statically, operator by operator, from its graph and the shapes of its inputs, so the price is
known before the run and is the same on every machine. One multiply-accumulate is two operations, the habit of
accelerator data sheets (TOPS); an element-wise operator is one per output element; moving data is none. A WASM
module is metered by fuel as it runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.onnx_graph import Shape, Shapes, input_shapes, is_exact, model_of, resolve
from orbitalcloud.compute.usage import Failure, Limits, Usage

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_MOVES = frozenset((
    "Cast", "CastLike", "Concat", "Constant", "ConstantOfShape", "DepthToSpace", "Dropout", "Expand", "Flatten",
    "Gather", "GatherElements", "GatherND", "Identity", "OneHot", "Pad", "Range", "Reshape", "Reverse",
    "ScatterElements", "ScatterND", "Shape", "Size", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose",
    "Unsqueeze",
))  # fmt: skip
_ELEMENTWISE = frozenset((
    "Abs", "Acos", "Acosh", "Add", "And", "Asin", "Asinh", "Atan", "Atanh", "BitShift", "BitwiseAnd", "BitwiseNot",
    "BitwiseOr", "BitwiseXor", "Ceil", "Celu", "Clip", "Cos", "Cosh", "Div", "Elu", "Equal", "Erf", "Exp", "Floor",
    "Gelu", "Greater", "GreaterOrEqual", "HardSigmoid", "HardSwish", "IsInf", "IsNaN", "LeakyRelu", "Less",
    "LessOrEqual", "Log", "Max", "Min", "Mish", "Mod", "Mul", "Neg", "Not", "Or", "PRelu", "Pow", "Reciprocal", "Relu",
    "Round", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Sub", "Tan", "Tanh",
    "ThresholdedRelu", "Where", "Xor", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear",
))  # fmt: skip
_REDUCTIONS = frozenset((
    "ArgMax", "ArgMin", "CumSum", "GlobalAveragePool", "GlobalMaxPool", "ReduceL1",
    "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "TopK",
))  # fmt: skip
_PER_INPUT = {
    "BatchNormalization": 2,  # one scale and one shift: the statistics are constants
    "GroupNormalization": 7,
    "InstanceNormalization": 7,  # mean (1), variance (3), normalise (2), scale and shift fused (1)
    "LayerNormalization": 7,
    "LogSoftmax": 5,  # max, subtract, exp, sum, divide
    "LpNormalization": 3,
    "ReduceL2": 2,
    "ReduceLogSumExp": 4,
    "ReduceSumSquare": 2,
    "Softmax": 5,
}
_WEIGHT_AT = {"QLinearConv": 3, "QLinearMatMul": 3}


def _convolution(node: NodeProto, shapes: Shapes) -> int:
    weight = shapes[node.input[_WEIGHT_AT.get(node.op_type, 1)]][0]
    return 2 * _out(node, shapes) * math.prod(weight[1:])


def _transposed(node: NodeProto, shapes: Shapes) -> int:
    return 2 * math.prod(shapes[node.input[0]][0]) * math.prod(shapes[node.input[1]][0][1:])


def _product(node: NodeProto, shapes: Shapes) -> int:
    return 2 * _out(node, shapes) * shapes[node.input[0]][0][-1]


def _gemm(node: NodeProto, shapes: Shapes) -> int:
    rows, columns = shapes[node.input[0]][0]
    inner = rows if _integer(node, "transA", 0) else columns
    bias = len(node.input) > 2 and bool(node.input[2])
    return (2 * inner + bias) * _out(node, shapes)


def _pooling(node: NodeProto, shapes: Shapes) -> int:
    kernel = next(attribute.ints for attribute in node.attribute if attribute.name == "kernel_shape")
    return _out(node, shapes) * int(math.prod(kernel))


def _resize(node: NodeProto, shapes: Shapes) -> int:
    """Nearest moves data; linear blends 2 and cubic 4 neighbours along each resized axis."""
    mode = next((a.s.decode() for a in node.attribute if a.name == "mode"), "nearest")
    taps = {"nearest": 0, "linear": 2, "cubic": 4}[mode]
    before, after = shapes[node.input[0]][0], shapes[node.output[0]][0]
    axes = sum(a != b for a, b in zip(before, after, strict=True))
    return 2 * int(taps**axes) * _out(node, shapes) if taps and axes else 0


_RULES: dict[str, Callable[[NodeProto, Shapes], int]] = {
    "Conv": _convolution,
    "ConvInteger": _convolution,
    "QLinearConv": _convolution,
    "ConvTranspose": _transposed,
    "MatMul": _product,
    "MatMulInteger": _product,
    "QLinearMatMul": _product,
    "Gemm": _gemm,
    "AveragePool": _pooling,
    "MaxPool": _pooling,
    "LpPool": _pooling,
    "Resize": _resize,
    "Upsample": _resize,
}


def _out(node: NodeProto, shapes: Shapes) -> int:
    return math.prod(shapes[node.output[0]][0])


def _integer(node: NodeProto, name: str, default: int) -> int:
    return next((int(a.i) for a in node.attribute if a.name == name), default)


def count_node(node: NodeProto, shapes: Shapes) -> int:
    """Operations of one operator. Raises `Failure('unmetered')` where the rule or a shape is not known."""
    kind = node.op_type
    try:
        if kind in _MOVES:
            return 0
        if kind in _RULES:
            bias = kind in ("Conv", "ConvTranspose") and len(node.input) > 2 and bool(node.input[2])
            return _RULES[kind](node, shapes) + bias * _out(node, shapes)
        if kind in _ELEMENTWISE:
            return _out(node, shapes) * max(1, len(node.input) - 1 if kind in ("Max", "Min", "Sum", "Mean") else 1)
        if kind in _REDUCTIONS or kind in _PER_INPUT:
            return _PER_INPUT.get(kind, 1) * math.prod(shapes[node.input[0]][0])
    except KeyError as missing:
        raise Failure("unmetered", f"the shape of {missing} at operator {kind} is not known") from None
    raise Failure("unmetered", f"operator {node.domain or 'ai.onnx'}::{kind} has no rule in the meter")


def count_operations(model: ModelProto, inputs: Mapping[str, Shape]) -> tuple[int, int]:
    """(operations, bytes of weights plus the tensors at the widest operator) of one run with inputs of these shapes."""
    nodes, shapes = resolve(model, inputs)
    weights = {w.name for w in model.graph.initializer}
    stored = sum(math.prod(shapes[name][0]) * shapes[name][1] for name in weights)
    widest = 0
    operations = 0
    for node in nodes:
        if any(name and name not in shapes for name in node.output):
            raise Failure("unmetered", f"the shape of {node.output[0]} ({node.op_type}) depends on the data")
        operations += count_node(node, shapes)
        touched = {name for name in (*node.input, *node.output) if name in shapes and name not in weights}
        widest = max(widest, sum(math.prod(shapes[name][0]) * shapes[name][1] for name in touched))
    return operations, stored + widest


@lru_cache(maxsize=64)
def _counted(artefact: Artefact, inputs: tuple[tuple[str, Shape], ...]) -> tuple[int, int, bool]:
    model = model_of(artefact)
    return (*count_operations(model, dict(inputs)), is_exact(model))


def count_model(artefact: Artefact, inputs: Mapping[str, Shape], input_bytes: int = 0) -> Usage:
    """The static count of an ONNX artefact as a `Usage`; raises `Failure` (`unmetered`, `artefact`)."""
    try:
        operations, memory, integer = _counted(artefact, tuple(inputs.items()))
    except Failure:
        raise
    except Exception as error:  # onnx raises InferenceError, TypeError, ValueError, KeyError, … for odd graphs
        raise Failure("artefact", f"its graph cannot be analysed: {' '.join(str(error).split())[:200]}") from None
    return Usage(operations=operations, memory_bytes=memory, input_bytes=input_bytes, integer=integer)


@dataclass(frozen=True, slots=True)
class Accelerator:
    """What the catalogue says about the computer that runs jobs.

    `int8_ops_per_s` times `utilisation` is the sustained rate for models of integer operators, `float_ops_per_s` times
    `utilisation` for all others (they run as float32); `fuel_per_s` is the rate for WASM. Powers are the payload's
    whole draw in that state. Throttled, it makes `throttled_ops_fraction` of the rate, at `throttled_w`.
    """

    name: str
    int8_ops_per_s: float
    float_ops_per_s: float
    utilisation: float
    fuel_per_s: float
    idle_w: float
    active_w: float
    throttled_w: float
    throttled_ops_fraction: float
    boot_s: float = 0.0
    memory_bytes: int = 4 * 2**30

    def __post_init__(self) -> None:
        rates = (self.int8_ops_per_s, self.float_ops_per_s, self.utilisation, self.fuel_per_s)
        powers = (self.active_w, self.throttled_w)
        assert all(math.isfinite(x) and x > 0 for x in (*rates, *powers)), (
            "an accelerator computes, and draws power to do it"
        )
        assert 0 < self.throttled_ops_fraction <= 1, "throttled_ops_fraction is a share of the full rate"
        assert self.utilisation <= 1, "utilisation is a share of the peak"


@dataclass(frozen=True, slots=True)
class Cost:
    """Time on the accelerator (ns) and energy from the bus (mJ)."""

    duration_ns: int
    energy_mj: int


def cost(usage: Usage, accelerator: Accelerator, throttled: bool = False) -> Cost:
    """What a run with these meter readings takes on `accelerator`; at least a nanosecond and a millijoule."""
    share = accelerator.throttled_ops_fraction if throttled else 1.0
    power_w = accelerator.throttled_w if throttled else accelerator.active_w
    peak = accelerator.int8_ops_per_s if usage.integer else accelerator.float_ops_per_s
    seconds = usage.operations / (peak * accelerator.utilisation * share)
    seconds += usage.fuel / (accelerator.fuel_per_s * share)
    return Cost(max(1, round(seconds * 1e9)), max(1, round(seconds * power_w * 1e3)))


def estimate(artefact: Artefact, data: bytes, limits: Limits) -> Usage:
    """The usage to plan with, before the run: the static count for ONNX, the whole declared fuel for WASM.

    Of a pipeline, stages that only an earlier one's output could size are counted from their declared shapes, free
    dimensions as 1, and the declared fuel is counted once. An ONNX job that will fail at its door (input does not fit,
    not metered) is estimated at its input bytes alone.
    """
    if artefact.kind == "pipeline":
        return _estimated_stages(artefact, data, limits)
    if artefact.kind == "wasm":
        return Usage(fuel=limits.fuel, memory_bytes=limits.memory_bytes, input_bytes=len(data))
    from orbitalcloud.compute.onnx_runtime import input_tensors

    try:
        feeds = input_tensors(artefact, data, limits)
        return count_model(artefact, {name: t.shape for name, t in feeds.items()}, len(data))
    except Failure:
        return Usage(input_bytes=len(data))


def _estimated_stages(artefact: Artefact, data: bytes, limits: Limits) -> Usage:
    from orbitalcloud.compute.pipeline import joined, stages_of

    stages = stages_of(artefact)
    used = Usage(integer=True)
    for number, stage in enumerate(stages):
        if stage.kind == "wasm":
            more = Usage(fuel=0 if used.fuel else limits.fuel, memory_bytes=limits.memory_bytes)
        else:
            more = estimate(stage, data, limits) if number == 0 else _declared(stage)
        used = joined(used, more, stage)
    return replace(used, input_bytes=len(data), integer=used.integer and used.operations > 0)


def _declared(artefact: Artefact) -> Usage:
    shapes = {name: tuple(n or 1 for n in shape) for name, shape in input_shapes(model_of(artefact)).items()}
    try:
        return count_model(artefact, shapes)
    except Failure:
        return Usage()
