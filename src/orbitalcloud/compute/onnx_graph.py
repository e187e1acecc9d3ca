"""ONNX models as graphs: parse them, refuse what cannot be metered or repeated, and find every tensor's shape.

A model runs on a satellite only if its cost can be told before it runs and if it gives the same answer twice. So
control flow (`If`, `Loop`, `Scan`), random operators and weights outside the file are refused with a reason: such
programs belong in a WASM module, where fuel bounds them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.onnx_scan import MAX_NODES, check_sizes
from orbitalcloud.compute.tensors import Tensor
from orbitalcloud.core.errors import DataError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

Shape = tuple[int, ...]
Shapes = dict[str, tuple[Shape, int]]
"""Tensor name → (shape, bytes of one element)."""

_DOMAINS = {"", "ai.onnx"}
"""Only ONNX's own operators: shapes, and so costs, of others cannot be inferred."""
_CONTROL_FLOW = {"If", "Loop", "Scan", "SequenceMap"}
_RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"}
_FOLD_LIMIT = 65_536
"""Constants up to this many elements are computed ahead: shape arithmetic is small, weights are not touched."""
_BROADCAST = {"Add", "Sub", "Mul", "Div", "Mod", "Min", "Max", "Equal", "Less", "Greater", "Where", "Pow", "And", "Or"}
_NO_LARGER = {
    "Cast", "Ceil", "Concat", "Constant", "Floor", "Identity", "Neg", "Not", "Reshape", "Shape", "Size", "Slice",
    "Split", "Sqrt", "Squeeze", "Transpose", "Unsqueeze", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum",
}  # fmt: skip
"""Operators whose output has no more elements than their inputs together."""


def parse_model(data: bytes, place: str = "model") -> ModelProto:
    """Bytes → ONNX protobuf. Protobuf accepts nearly any bytes, so the parts every model must have are looked for."""
    import onnx
    from google.protobuf.message import DecodeError

    check_sizes(data, place)
    try:
        model = onnx.load_from_string(data)
    except DecodeError:
        raise DataError(place, _first_bytes(data), "neither an ONNX model nor a WASM module: protobuf fails") from None
    if model.ir_version < 3 or not model.opset_import or not model.graph.node:
        raise DataError(place, _first_bytes(data), "not an ONNX model: it has no version, operator set or graph")
    return model


def _first_bytes(data: bytes) -> str:
    return f"{len(data)} bytes beginning {data[:12]!r}"


def check_model(model: ModelProto, place: str = "model") -> None:
    """Raise `DataError` unless the graph is well formed, self-contained, finite and repeatable."""
    import onnx

    graph = model.graph
    if len(graph.node) > MAX_NODES:
        raise DataError(place, f"{len(graph.node)} operators", f"a model may have {MAX_NODES}")
    newest = onnx.defs.onnx_opset_version()
    for entry in model.opset_import:
        if entry.domain in _DOMAINS and not 7 <= entry.version <= newest:
            raise DataError(place, f"operator set {entry.version}", f"export with an operator set from 7 to {newest}")
    for node in graph.node:
        _check_node(node, place)
    for weight in graph.initializer:
        if weight.external_data or weight.data_location == onnx.TensorProto.EXTERNAL:
            raise DataError(place, f"weights of {weight.name} in another file", "save the model as one file")
    if graph.sparse_initializer or model.functions:
        raise DataError(place, "sparse weights or local functions", "inline them: they are not metered")
    if not graph.output:
        raise DataError(place, "no outputs", "a model must name its outputs")
    try:
        onnx.checker.check_model(model, full_check=False)
    except (onnx.checker.ValidationError, UnicodeDecodeError, RuntimeError, ValueError) as error:
        raise DataError(place, "ONNX's checker says", first_line(error)) from None


def first_line(error: Exception) -> str:
    """The first line of a library's message, shortened: the rest is its stack."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]


def _check_node(node: NodeProto, place: str) -> None:
    if node.domain not in _DOMAINS:
        raise DataError(place, f"operator {node.domain}::{node.op_type}", f"use the domains {sorted(_DOMAINS)}")
    if node.op_type in _CONTROL_FLOW or any(a.HasField("g") or a.graphs for a in node.attribute):
        raise DataError(place, f"operator {node.op_type}", "control flow cannot be metered: put it in a WASM module")
    if node.op_type in _RANDOM:
        raise DataError(place, f"operator {node.op_type}", "a result must be repeatable: give random numbers as input")
    for attribute in node.attribute:
        if attribute.HasField("t") and attribute.t.external_data:
            raise DataError(place, f"constant of {node.name} in another file", "save the model as one file")


@lru_cache(maxsize=4)
def model_of(artefact: Artefact) -> ModelProto:
    """The parsed and checked model, kept for the few artefacts a satellite alternates between. Do not change it."""
    model = parse_model(artefact.data)
    check_model(model)
    return model


def is_exact(model: ModelProto) -> bool:
    """True if every machine computes the same bits: integers only, in products that no vector instruction saturates.

    x86 before VNNI multiplies uint8 by int8 in pairs that saturate at 16 bits, so int8 weights must keep within ±63
    (ONNX Runtime calls it `reduce_range`); uint8 by uint8 is safe. Measured over versions 1.20 to 1.32 on AVX2, plain
    x86 and aarch64.
    """
    import onnx

    integers = {getattr(onnx.TensorProto, f"{sign}INT{bits}") for sign in ("", "U") for bits in (8, 16, 32, 64)}
    integers.add(onnx.TensorProto.BOOL)
    weights = {weight.name: weight for weight in model.graph.initializer}
    if any(weight.data_type not in integers for weight in weights.values()):
        return _exact_scales(model, weights)  # without copying the weights into shape inference
    try:
        inferred = onnx.shape_inference.infer_shapes(model)
    except (onnx.shape_inference.InferenceError, UnicodeDecodeError, RuntimeError, ValueError):
        return False
    values = [*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output]
    kinds = {value.name: value.type.tensor_type.elem_type for value in values}
    kinds |= {name: weight.data_type for name, weight in weights.items()}
    outputs = [name for node in model.graph.node for name in node.output if name]
    if not all(name in kinds for name in outputs) or not set(kinds.values()) <= integers:
        return False
    products = [node for node in model.graph.node if node.op_type in ("MatMulInteger", "ConvInteger")]
    return all(_cannot_saturate(node, kinds, weights) for node in products)


_ROUNDED_ONCE = {
    "Add", "ArgMax", "Clip", "Concat", "Div", "Flatten", "Identity", "Max", "MaxPool", "Min", "Mul", "Pad", "Relu",
    "Reshape", "Slice", "Squeeze", "Sub", "Transpose", "Unsqueeze", "QuantizeLinear", "DequantizeLinear",
}  # fmt: skip
"""Float operators that IEEE 754 rounds once an element, so that no order of summing shows."""
_SCALED_PRODUCTS = {"QLinearConv": 5, "QLinearMatMul": 5}
"""Integer products with float scales, and where their weight's zero point stands."""


def _exact_scales(model: ModelProto, weights: Mapping[str, TensorProto]) -> bool:
    """True for a model quantised to integer products (QOperator, uint8) with scales: floats are only rounded once.

    Measured as above; what adds up floats, or computes exponentials, is not.
    """
    import onnx

    products = [node for node in model.graph.node if node.op_type in _SCALED_PRODUCTS]
    if not products or any(node.op_type not in _ROUNDED_ONCE | set(_SCALED_PRODUCTS) for node in model.graph.node):
        return False
    return all(
        place in weights and weights[place].data_type == onnx.TensorProto.UINT8
        for node in products
        for place in (node.input[2], node.input[3], node.input[_SCALED_PRODUCTS[node.op_type]])
    )


def _cannot_saturate(node: NodeProto, kinds: Mapping[str, int], weights: Mapping[str, TensorProto]) -> bool:
    import onnx

    if kinds[node.input[0]] != onnx.TensorProto.UINT8 or node.input[1] not in weights:
        return False
    weight = onnx.numpy_helper.to_array(weights[node.input[1]])
    return weight.dtype == np.uint8 or int(np.abs(weight.astype(np.int32)).max(initial=0)) <= 63


def input_shapes(model: ModelProto) -> dict[str, tuple[int | None, ...]]:
    """Declared input names and shapes; None where a size is free."""
    weights = {w.name for w in model.graph.initializer}
    return {
        value.name: tuple(d.dim_value if d.HasField("dim_value") else None for d in value.type.tensor_type.shape.dim)
        for value in model.graph.input
        if value.name not in weights
    }


def resolve(model: ModelProto, inputs: Mapping[str, Shape]) -> tuple[list[NodeProto], Shapes]:
    """The operators that remain after constant folding, and every tensor's shape for these input shapes.

    Tensors whose shape depends on the data are left out. ONNX's own inference does not look through shape arithmetic
    such as `ConstantOfShape → Concat → Pad`, which exporters write for static padding, so constants are folded first.
    """
    import onnx

    fixed = _without_weights(model)
    for value in fixed.graph.input:
        if value.name in inputs:
            dims = value.type.tensor_type.shape.dim
            for dim, size in zip(dims, inputs[value.name], strict=True):
                dim.dim_value = size
    for value in fixed.graph.output:
        value.type.tensor_type.ClearField("shape")
    fold_constants(fixed)
    inferred = onnx.shape_inference.infer_shapes(fixed, data_prop=True)
    return list(fixed.graph.node), dict(_static_shapes(inferred.graph)) | _weight_shapes(model)


def _without_weights(model: ModelProto) -> ModelProto:
    """A copy whose large weights are declared as inputs only: copying 40 MB for their shapes would be waste."""
    import onnx

    graph = model.graph
    light = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
    light.graph.name = graph.name
    light.graph.node.extend(graph.node)
    declared = {value.name for value in graph.input}
    light.graph.input.extend(graph.input)
    light.graph.output.extend(graph.output)
    for weight in graph.initializer:
        if math.prod(weight.dims) <= _FOLD_LIMIT:
            light.graph.initializer.append(weight)
        elif weight.name not in declared:
            light.graph.input.append(onnx.helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims))
    return light


def fold_constants(model: ModelProto) -> int:
    """Replace operators whose inputs are all small constants by their value, in place; returns how many."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    graph = model.graph
    known: dict[str, Tensor] = {}
    for weight in graph.initializer:
        if math.prod(weight.dims) <= _FOLD_LIMIT:
            known[weight.name] = onnx.numpy_helper.to_array(weight)
    weights = set(known)
    kept: list[Any] = []
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    for node in graph.node:
        names = [name for name in node.input if name]
        if any(name not in known for name in names) or not _folds_small(node, [known[name] for name in names]):
            kept.append(node)
            continue
        evaluator = ReferenceEvaluator(node, opsets=opsets)
        values = evaluator.run(None, {name: known[name] for name in names})
        known.update(zip(node.output, (np.asarray(v) for v in values), strict=True))
    used = {name for node in kept for name in node.input} | {value.name for value in graph.output}
    folded = len(graph.node) - len(kept)
    del graph.node[:]
    graph.node.extend(kept)
    for name in known:
        if name in used and name not in weights:
            graph.initializer.append(onnx.numpy_helper.from_array(known[name], name))
    return folded


def _folds_small(node: NodeProto, inputs: list[Tensor]) -> bool:
    """True if the operator is shape arithmetic and its value stays small: a crafted `Expand` may ask for terabytes."""
    kind = node.op_type
    if kind == "Constant":
        return all(math.prod(a.t.dims) <= _FOLD_LIMIT for a in node.attribute if a.HasField("t"))
    if kind in _NO_LARGER:
        size = sum(max(1, value.size) * max(1, value.ndim) for value in inputs)
    elif kind in _BROADCAST:
        size = math.prod(np.broadcast_shapes(*(value.shape for value in inputs)))
    elif kind == "ConstantOfShape":
        size = math.prod(int(n) for n in inputs[0].ravel())
    elif kind in ("Gather", "Expand", "Tile"):
        by = inputs[1].size if kind == "Gather" else math.prod(max(1, int(n)) for n in inputs[1].ravel())
        size = inputs[0].size * by
    elif kind == "Range":
        start, limit, delta = (float(value.ravel()[0]) for value in inputs)
        size = math.ceil((limit - start) / delta) if delta else _FOLD_LIMIT + 1
    else:
        return False
    return 0 <= size <= _FOLD_LIMIT


def _static_shapes(graph: GraphProto) -> Iterator[tuple[str, tuple[Shape, int]]]:
    for value in [*graph.input, *graph.value_info, *graph.output]:
        tensor = value.type.tensor_type
        if tensor.HasField("shape") and all(d.HasField("dim_value") and d.dim_value >= 0 for d in tensor.shape.dim):
            yield value.name, (tuple(d.dim_value for d in tensor.shape.dim), _item_bytes(tensor.elem_type))
    for weight in graph.initializer:
        yield weight.name, (tuple(weight.dims), _item_bytes(weight.data_type))


def _weight_shapes(model: ModelProto) -> Shapes:
    return {w.name: (tuple(w.dims), _item_bytes(w.data_type)) for w in model.graph.initializer}


def _item_bytes(element_type: int) -> int:
    import onnx

    try:
        return int(onnx.helper.tensor_dtype_to_np_dtype(element_type).itemsize)
    except KeyError:
        return 8
