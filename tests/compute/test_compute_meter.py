"""Operations are counted as by hand; time and energy follow from the catalogue's numbers."""

from __future__ import annotations

import math

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from orbitalcloud.compute import Accelerator, Limits, Usage, cost, estimate, workload
from orbitalcloud.compute.cloud_mask import cloud_mask_artefact
from orbitalcloud.compute.imagery import quadrants, reflectance
from orbitalcloud.compute.meter import count_operations
from orbitalcloud.compute.onnx_graph import model_of
from orbitalcloud.compute.usage import Failure


def count(nodes: list[onnx.NodeProto], x: tuple[int, ...], y: tuple[int, ...], **weights: np.ndarray) -> int:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [f"d{i}" for i in range(len(x))])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, y)],
        [numpy_helper.from_array(w, n) for n, w in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return count_operations(model, {"x": x})[0]


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


IMAGE = (1, 4, 8, 8)
NODE = helper.make_node
TWICE = {"r": zeros(0), "k": np.array([1, 1, 2, 2], np.float32)}
BY_HAND = [
    # 6 filters of 4x3x3 at 8x8 places, and one bias each
    ("Conv", IMAGE, (1, 6, 8, 8), {"w": zeros(6, 4, 3, 3), "b": zeros(6)}, {"pads": [1] * 4}, 2 * 64 * 6 * 36 + 64 * 6),
    ("Conv", IMAGE, (1, 4, 4, 4), {"w": zeros(4, 1, 3, 3)}, {"group": 4, "pads": [1] * 4, "strides": [2, 2]}, 1152),
    ("ConvTranspose", IMAGE, (1, 5, 16, 16), {"w": zeros(4, 5, 2, 2)}, {"strides": [2, 2]}, 2 * 256 * 5 * 4),
    ("MatMul", (7, 10), (7, 3), {"w": zeros(10, 3)}, {}, 2 * 7 * 10 * 3),
    ("MatMul", (2, 7, 10), (2, 7, 3), {"w": zeros(10, 3)}, {}, 2 * 2 * 7 * 10 * 3),
    ("Gemm", (7, 10), (7, 3), {"w": zeros(3, 10), "b": zeros(3)}, {"transB": 1}, 2 * 7 * 10 * 3 + 7 * 3),
    ("Gemm", (10, 7), (7, 3), {"w": zeros(10, 3)}, {"transA": 1}, 2 * 7 * 10 * 3),
    ("MaxPool", IMAGE, (1, 4, 4, 4), {}, {"kernel_shape": [2, 2], "strides": [2, 2]}, 4 * 16 * 4),
    ("GlobalAveragePool", IMAGE, (1, 4, 1, 1), {}, {}, 256),
    ("Add", IMAGE, IMAGE, {"w": zeros(4, 1, 1)}, {}, 256),
    ("Sigmoid", IMAGE, IMAGE, {}, {}, 256),
    ("Softmax", (3, 10), (3, 10), {}, {}, 150),
    ("BatchNormalization", IMAGE, IMAGE, {n: zeros(4) for n in "sbmv"}, {}, 512),
    ("Transpose", IMAGE, (8, 8, 4, 1), {}, {}, 0),
    ("Resize", IMAGE, (1, 4, 16, 16), TWICE, {"mode": "nearest"}, 0),
    ("Resize", IMAGE, (1, 4, 16, 16), TWICE, {"mode": "linear"}, 2 * 4 * 1024),
]


@pytest.mark.parametrize(("kind", "x", "y", "weights", "attributes", "expected"), BY_HAND)
def test_one_operator_by_hand(
    kind: str, x: tuple[int, ...], y: tuple[int, ...], weights: dict, attributes: dict, expected: int
) -> None:
    assert count([NODE(kind, ["x", *weights], ["y"], **attributes)], x, y, **weights) == expected


def test_padding_computed_from_shapes_is_seen_through() -> None:
    """What PyTorch writes for static padding: sizes, ConstantOfShape, Concat, Cast, Pad, then the convolution."""
    nodes = [
        NODE("ConstantOfShape", ["n"], ["none"], value=helper.make_tensor("v", TensorProto.INT64, [1], [0])),
        NODE("Concat", ["none", "by"], ["pads"], axis=0),
        NODE("Pad", ["x", "pads"], ["padded"]),
        NODE("Conv", ["padded", "w"], ["y"], strides=[2, 2]),
    ]
    weights = {"n": np.array([6]), "by": np.array([1, 1]), "w": zeros(6, 4, 3, 3)}
    assert count(nodes, IMAGE, (1, 6, 4, 4), **weights) == 2 * 16 * 6 * 36


def test_an_operator_without_a_rule_is_named() -> None:
    with pytest.raises(Failure, match="Det has no rule in the meter"):
        count([NODE("Det", ["x"], ["d"]), NODE("Unsqueeze", ["d", "a"], ["y"])], (3, 3), (1,), a=np.array([0]))


def test_the_unets_convolutions_are_those_that_really_happen() -> None:
    """Every convolution's output is fetched from a run and counted by its real size, without shape inference."""
    import onnxruntime

    model = onnx.ModelProto()
    model.CopyFrom(model_of(cloud_mask_artefact()))
    convolutions = [n for n in model.graph.node if n.op_type == "Conv"]
    weights = {w.name: tuple(w.dims) for w in model.graph.initializer}
    for node in convolutions:
        model.graph.output.append(helper.make_empty_tensor_value_info(node.output[0]))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    results = session.run([n.output[0] for n in convolutions], {"reflectance": quadrants(reflectance())[0]})
    each = [2 * math.prod(weights[n.input[1]][1:]) + (len(n.input) > 2) for n in convolutions]
    real = sum(result.size * operations for result, operations in zip(results, each, strict=True))
    counted, _ = count_operations(model_of(cloud_mask_artefact()), {"reflectance": (256, 256, 6)})
    assert len(convolutions) == 170
    assert real < counted < 1.06 * real  # the rest is activations, normalisation, pooling


GPU = Accelerator(
    "test", 40e12, 10e12, 0.1, 2e9, idle_w=2.0, active_w=15.0, throttled_w=9.0, throttled_ops_fraction=0.5
)


def test_cost_is_operations_over_rate_and_power_times_time() -> None:
    assert cost(Usage(operations=10**12), GPU) == cost(Usage(operations=10**12), GPU)
    full = cost(Usage(operations=2 * 10**12), GPU)
    assert (full.duration_ns, full.energy_mj) == (2_000_000_000, 30_000)
    slow = cost(Usage(operations=2 * 10**12), GPU, throttled=True)
    assert (slow.duration_ns, slow.energy_mj) == (4_000_000_000, 36_000)
    integers = cost(Usage(operations=2 * 10**12, integer=True), GPU)
    assert (integers.duration_ns, integers.energy_mj) == (500_000_000, 7_500), "integers have a rate of their own"
    fuel = cost(Usage(fuel=10**9), GPU)
    assert (fuel.duration_ns, fuel.energy_mj) == (500_000_000, 7_500)
    nothing = cost(Usage(), GPU)
    assert (nothing.duration_ns, nothing.energy_mj) == (1, 1)


@pytest.mark.parametrize("wrong", [{"utilisation": 1.5}, {"fuel_per_s": 0.0}, {"active_w": math.nan}])
def test_an_impossible_accelerator_is_a_broken_invariant(wrong: dict[str, float]) -> None:
    fields = {
        "int8_ops_per_s": 4e12,
        "float_ops_per_s": 1e12,
        "utilisation": 0.2,
        "fuel_per_s": 1e9,
        "idle_w": 1.0,
        "active_w": 5.0,
    }
    with pytest.raises(AssertionError):
        Accelerator("x", **(fields | {"throttled_w": 3.0, "throttled_ops_fraction": 0.5} | wrong))


def test_estimates_come_before_the_run() -> None:
    cloud, water = workload("cloud-mask"), workload("water-map")
    assert estimate(cloud.artefact(), cloud.inputs()[0], cloud.limits).operations == 9_414_477_368
    assert estimate(cloud.artefact(), b"junk", cloud.limits) == Usage(input_bytes=4)
    assert estimate(water.artefact(), b"", Limits(fuel=77, memory_bytes=5)).fuel == 77
