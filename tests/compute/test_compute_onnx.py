"""ONNX models run on tensors from the wire, inside their limits, and never throw."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from orbitalcloud.compute import Artefact, Limits, execute, verification_of
from orbitalcloud.compute.tensors import SINGLE, read_tensors, write_tensor, write_tensors

Shapes = dict[str, list[int | str]]


def build(
    nodes: list[onnx.NodeProto], inputs: Shapes, outputs: Shapes, kind: int = TensorProto.FLOAT, **weights: np.ndarray
) -> Artefact:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(n, kind, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, kind, s) for n, s in outputs.items()],
        [numpy_helper.from_array(w, n) for n, w in weights.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return Artefact.of(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())


def add() -> Artefact:
    return build([helper.make_node("Add", ["a", "b"], ["y"])], {"a": [2, "n"], "b": [2, "n"]}, {"y": [2, "n"]})


def test_several_inputs_come_by_name_and_one_output_goes_bare() -> None:
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((2, 3), np.float32)
    outcome = execute(add(), write_tensors({"b": b, "a": a}))
    assert outcome.failure is None, outcome.text
    assert np.array_equal(read_tensors(outcome.output)[SINGLE], a + b)
    assert outcome.usage.operations == 6
    assert outcome.usage.output_bytes == len(outcome.output)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"junk", "shape"),
        (write_tensor(np.ones((2, 3), np.float32)), "shape"),
        (write_tensors({"a": np.ones((2, 3), np.float32), "b": np.ones((3, 3), np.float32)}), "shape"),
        (write_tensors({"a": np.ones((2, 3)), "b": np.ones((2, 3))}), "shape"),
        (write_tensors({"a": np.full((2, 3), np.inf, np.float32), "b": np.ones((2, 3), np.float32)}), "output-value"),
    ],
)
def test_input_that_does_not_fit_is_an_outcome(data: bytes, name: str) -> None:
    outcome = execute(add(), data)
    assert (outcome.failure, outcome.output) == (name, b"")
    assert outcome.text


def test_limits_are_checked_before_the_run() -> None:
    data = write_tensors({"a": np.ones((2, 500), np.float32), "b": np.ones((2, 500), np.float32)})
    assert execute(add(), data, Limits(operations=999)).failure == "operations"
    assert execute(add(), data, Limits(operations=1000)).failure is None
    assert execute(add(), data, Limits(memory_bytes=11_999)).failure == "memory"
    assert execute(add(), data, Limits(memory_bytes=12_000)).failure is None
    assert execute(add(), data, Limits(output_bytes=4000)).failure == "output-size"


def test_a_model_that_asks_for_terabytes_is_stopped_by_arithmetic() -> None:
    nodes = [
        helper.make_node("ConstantOfShape", ["s"], ["big"]),
        helper.make_node("ReduceSum", ["big"], ["t"], keepdims=0),
        helper.make_node("Add", ["x", "t"], ["y"]),
    ]
    bomb = build(nodes, {"x": [1]}, {"y": [1]}, s=np.array([1_000_000, 1_000_000]))
    assert execute(bomb, write_tensor(np.ones(1, np.float32))).failure == "memory"


def test_a_cost_that_depends_on_the_data_is_refused() -> None:
    nodes = [helper.make_node("NonZero", ["x"], ["i"]), helper.make_node("Cast", ["i"], ["y"], to=1)]
    found = build(nodes, {"x": [4]}, {"y": [1, "k"]})
    outcome = execute(found, write_tensor(np.ones(4, np.float32)))
    assert outcome.failure == "unmetered"
    assert "depends on the data" in outcome.text


def test_an_index_out_of_range_fails_at_run_time_as_an_outcome() -> None:
    nodes = [helper.make_node("Gather", ["w", "x"], ["y"])]
    take = build(nodes, {"x": [2]}, {"y": [2]}, TensorProto.INT64, w=np.arange(5))
    assert execute(take, write_tensor(np.array([0, 99]))).failure == "runtime"


def test_an_unchecked_artefact_cannot_slip_through() -> None:
    outcome = execute(Artefact("onnx", b"not a model"), b"")
    assert outcome.failure == "artefact"


def test_threads_and_repetition_do_not_change_the_bits() -> None:
    draw = np.random.default_rng(1)
    weights = {f"w{i}": draw.normal(size=(96, 96)).astype(np.float32) for i in range(3)}
    names = ["x", "h1", "h2", "y"]
    nodes = [helper.make_node("MatMul", [names[i], f"w{i}"], [names[i + 1]]) for i in range(3)]
    net = build(nodes, {"x": [64, 96]}, {"y": [64, 96]}, **weights)
    data = write_tensor(draw.normal(size=(64, 96)).astype(np.float32))
    assert len({execute(net, data, threads=n).output for n in (1, 1, 2)}) == 1
    assert verification_of(net) == "tolerance"


@pytest.mark.parametrize(
    ("weight", "kind"),
    [
        (np.array([[63], [-63]], np.int8), "exact"),
        (np.array([[64], [0]], np.int8), "tolerance"),  # u8 x s8 pairs saturate on x86 before VNNI
        (np.array([[255], [7]], np.uint8), "exact"),
    ],
)
def test_integer_models_are_exact_where_no_machine_saturates(weight: np.ndarray, kind: str) -> None:
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [3, 2])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [3, 1])],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    artefact = Artefact.of(model.SerializeToString())
    assert verification_of(artefact) == kind
    x = np.array([[255, 255], [0, 1], [9, 4]], np.uint8)
    product = read_tensors(execute(artefact, write_tensor(x)).output)[SINGLE]
    assert np.array_equal(product, x.astype(int) @ weight.astype(int)) or kind == "tolerance"
