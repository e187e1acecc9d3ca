"""Checksummed matrix products: a model rewritten so that it also says how far each product is from its own checksum.

Huang and Abraham 1984 (doi 10.1109/TC.1984.1676475): a product of a matrix with constant weights, summed over its
columns, must equal the product with the weights' column sum, which was taken on the ground before anything could flip.
For a convolution the columns are its output channels. The sum costs one more channel and a reduction, so about
1 / channels of the product; it sees flips of the weights, of the product's own arithmetic and of what lies between a
product's output and its check. It does not see grouped convolutions (their channels have no common input), products of
two computed tensors, requantised products (`QLinear…`, which round) and element-wise operators: `coverage` says how
many of the weights' bytes are under a checksum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.onnx_graph import parse_model
from orbitalcloud.compute.tensors import Tensor
from orbitalcloud.core.errors import DataError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

RESIDUALS = "orbital/residuals"
"""The output that a checksummed model has more: float32 (number of products,), each relative to its largest value."""
LEAST_OPSET = 13
"""From here on ReduceSum takes its axes as an input (https://onnx.ai/onnx/operators/onnx__ReduceSum.html)."""
FLOAT_TOLERANCE, HALF_TOLERANCE = 1e-3, 5e-3
"""Largest residual of a sound product. Rounding moves a sum of n values by about √n roundings of the largest: 2⁻²⁴ in
single precision and 2⁻¹¹ in half, where values are rounded before they are summed: the U-Net's most is 4.3e-4."""


@dataclass(frozen=True, slots=True)
class Checksummed:
    """A model with checksums. `tolerances` (products,) bound its residuals; `coverage_ppm` is the share of weights."""

    artefact: Artefact
    tolerances: tuple[float, ...]
    coverage_ppm: int

    def broken(self, residuals: Tensor) -> int:
        """How many products are off their checksum; NaN counts."""
        sound = residuals.astype(np.float64).ravel() <= np.array(self.tolerances)
        return int(np.count_nonzero(~sound))


@lru_cache(maxsize=4)
def with_checksums(artefact: Artefact) -> Checksummed:
    """The ONNX `artefact` with a checksum beside every product that can have one, its own weights first and unchanged.

    `DataError` for a module, for an older operator set, and where no product can have one.
    """
    if artefact.kind != "onnx":
        raise DataError("guard", "checksum", f"matrix products are seen in ONNX models only, this is {artefact.kind}")
    model = parse_model(artefact.data)
    opset = next((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), 0)
    if opset < LEAST_OPSET:
        raise DataError("guard", f"operator set {opset}", f"checksums need {LEAST_OPSET} or newer: export it again")
    weights = _weights(model)
    whole = sum(weight.nbytes for weight in weights.values())
    maker, nodes, covered = _Maker(), list[Any](), 0
    for node in model.graph.node:
        nodes.append(node)
        weight = _constant_weight(node, weights)
        if weight is not None:
            nodes += maker.check(node, weight, weights)
            covered += weight.nbytes
    if not maker.tolerances:
        raise DataError("guard", "checksum", "no product of this model has constant, ungrouped, unrounded weights")
    nodes += maker.gathered()
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(maker.constants)
    model.graph.output.append(maker.output())
    data = model.SerializeToString(deterministic=True)
    share = round(1e6 * covered / whole) if whole else 0
    return Checksummed(Artefact("onnx", data), tuple(maker.tolerances), share)


def _weights(model: ModelProto) -> dict[str, Tensor]:
    from onnx import numpy_helper

    return {one.name: np.asarray(numpy_helper.to_array(one)) for one in model.graph.initializer}


def _constant_weight(node: NodeProto, weights: Mapping[str, Tensor]) -> Tensor | None:
    """The weights of a product that can be summed over its output columns, or None."""
    if node.op_type not in ("Conv", "MatMul", "Gemm", "MatMulInteger") or len(node.input) < 2:
        return None
    weight = weights.get(node.input[1])
    if weight is None or weight.ndim < 2:
        return None
    if node.op_type == "Conv" and _attribute(node, "group", 1) != 1:
        return None
    if node.op_type == "MatMulInteger":
        return weight if len(node.input) == 2 else None
    if node.op_type == "Gemm" and _attribute(node, "transA", 0):
        return None
    biased = node.op_type in ("Conv", "Gemm") and len(node.input) > 2 and bool(node.input[2])
    if biased and node.input[2] not in weights:
        return None
    return weight if weight.dtype in (np.float32, np.float16) else None


def _attribute(node: NodeProto, name: str, default: int) -> int:
    return next((int(one.i) for one in node.attribute if one.name == name), default)


def _factor(node: NodeProto, name: str) -> float:
    return next((float(one.f) for one in node.attribute if one.name == name), 1.0)


class _Maker:
    """Makes checks one after another; `constants` and `tolerances` grow with them."""

    def __init__(self) -> None:
        self.constants: list[Any] = []
        self.tolerances: list[float] = []
        self._axes: dict[int, str] = {}

    def check(self, node: NodeProto, weight: Tensor, weights: Mapping[str, Tensor]) -> Iterator[NodeProto]:
        """The operators that compare one product's column sum with its checksum."""
        from onnx import TensorProto, helper

        number = len(self.tolerances)
        integer = node.op_type == "MatMulInteger"
        kind = TensorProto.INT32 if integer else TensorProto.FLOAT
        self.tolerances.append(0.0 if integer else HALF_TOLERANCE if weight.dtype == np.float16 else FLOAT_TOLERANCE)
        names = {part: f"orbital/{number}/{part}" for part in ("x", "y", "sum", "check", "off", "size", "worst", "top")}
        yield helper.make_node("Cast", [node.input[0]], [names["x"]], to=kind)
        yield helper.make_node("Cast", [node.output[0]], [names["y"]], to=kind)
        axis = 1 if node.op_type == "Conv" else -1
        yield helper.make_node("ReduceSum", [names["y"], self._axis(axis)], [names["sum"]], keepdims=1)
        yield self._product(node, weight, weights, names)
        yield helper.make_node("Sub", [names["sum"], names["check"]], [names["off"]])
        yield from self._ratio(number, names, integer)

    def _product(
        self, node: NodeProto, weight: Tensor, weights: Mapping[str, Tensor], names: Mapping[str, str]
    ) -> NodeProto:
        """The same product with the weights' column sum: one output column."""
        from onnx import helper

        inputs = [names["x"]]
        wide = weight.astype(np.int64 if node.op_type == "MatMulInteger" else np.float64)
        bias = weights[node.input[2]] if len(node.input) > 2 and node.input[2] else None
        if node.op_type == "Conv":
            inputs.append(self._constant(f"{names['check']}/w", wide.sum(0, keepdims=True).astype(np.float32)))
            if bias is not None:
                inputs.append(self._constant(f"{names['check']}/b", bias.astype(np.float64).sum().reshape(1)))
            attributes = [one for one in node.attribute if one.name != "group"]
            made = helper.make_node("Conv", inputs, [names["check"]])
            made.attribute.extend(attributes)
            return made
        if node.op_type != "Gemm":
            column = wide.sum(-1, keepdims=True)
            exact = np.int32 if node.op_type == "MatMulInteger" else np.float32
            inputs.append(self._constant(f"{names['check']}/w", column.astype(exact)))
            return helper.make_node("MatMul", inputs, [names["check"]])
        column = wide.sum(0 if _attribute(node, "transB", 0) else 1).reshape(-1, 1) * _factor(node, "alpha")
        columns = wide.shape[0 if _attribute(node, "transB", 0) else 1]
        shift = np.zeros((1, 1))
        if bias is not None:
            rows = np.broadcast_to(bias, (*([1] * (2 - bias.ndim)), *bias.shape[:-1], columns))
            shift = rows.astype(np.float64).sum(-1, keepdims=True) * _factor(node, "beta")
        inputs.append(self._constant(f"{names['check']}/w", column.astype(np.float32)))
        inputs.append(self._constant(f"{names['check']}/b", shift.astype(np.float32)))
        return helper.make_node("Gemm", inputs, [names["check"]])

    def _ratio(self, number: int, names: Mapping[str, str], integer: bool) -> Iterator[NodeProto]:
        from onnx import TensorProto, helper

        worst = f"{names['worst']}/far"
        yield helper.make_node("Abs", [names["off"]], [f"{names['off']}/abs"])
        yield helper.make_node("ReduceMax", [f"{names['off']}/abs"], [worst], keepdims=0)
        if integer:
            yield helper.make_node("Cast", [worst], [f"{names['worst']}/1"], to=TensorProto.FLOAT)
        else:
            yield helper.make_node("Abs", [names["y"]], [names["size"]])
            yield helper.make_node("ReduceMax", [names["size"]], [names["top"]], keepdims=0)
            least = self._shared("orbital/least", np.float32(1e-30))
            yield helper.make_node("Max", [names["top"], least], [f"{names['top']}/safe"])
            yield helper.make_node("Div", [worst, f"{names['top']}/safe"], [f"{names['worst']}/1"])
        shape = self._shared("orbital/one", np.array([1], np.int64))
        yield helper.make_node("Reshape", [f"{names['worst']}/1", shape], [f"orbital/{number}"])

    def gathered(self) -> list[NodeProto]:
        """All residuals in one tensor."""
        from onnx import helper

        names = [f"orbital/{number}" for number in range(len(self.tolerances))]
        return [helper.make_node("Concat", names, [RESIDUALS], axis=0)]

    def output(self) -> Any:
        """The declaration of the output."""
        from onnx import TensorProto, helper

        return helper.make_tensor_value_info(RESIDUALS, TensorProto.FLOAT, [len(self.tolerances)])

    def _axis(self, axis: int) -> str:
        return self._shared(f"orbital/axis{axis}", np.array([axis], np.int64))

    def _shared(self, name: str, value: Any) -> str:
        return name if any(one.name == name for one in self.constants) else self._constant(name, value)

    def _constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        array = np.asarray(value)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name
