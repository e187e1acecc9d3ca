"""A float model made one of integers: nearly as accurate, and the same bits however it is run."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from orbitalcloud.compute import execute, verification_of
from orbitalcloud.compute.tensors import read_tensors, write_tensor
from orbitalcloud.core import DataError, digest_of
from orbitalcloud.study.prepare import operators, prepare


def network(last: str = "") -> bytes:
    """Convolution, ReLU, convolution to 3 classes over 12 × 12 pixels of 2 bands; weights drawn."""
    rng = np.random.default_rng(5)
    weights = [rng.normal(0, 0.4, shape).astype(np.float32) for shape in ((8, 2, 3, 3), (3, 8, 1, 1))]
    kind = onnx.TensorProto.FLOAT
    nodes = [
        onnx.helper.make_node("Conv", ["x", "w0"], ["a"], pads=[1, 1, 1, 1]),
        onnx.helper.make_node("Relu", ["a"], ["b"]),
        onnx.helper.make_node("Conv", ["b", "w1"], ["c" if last else "y"]),
        *([onnx.helper.make_node(last, ["c"], ["y"])] if last else []),
    ]
    graph = onnx.helper.make_graph(
        nodes,
        "g",
        [onnx.helper.make_tensor_value_info("x", kind, [1, 2, 12, 12])],
        [onnx.helper.make_tensor_value_info("y", kind, [1, 3, 12, 12])],
        [onnx.numpy_helper.from_array(w, f"w{n}") for n, w in enumerate(weights)],
    )
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    return made.SerializeToString()


RNG = np.random.default_rng(6)
IMAGES = [RNG.normal(0, 1, (1, 2, 12, 12)).astype(np.float32) for _ in range(12)]
INPUTS = [write_tensor(image) for image in IMAGES]


def _float_classes(image):
    """The truth: the float network itself, by onnx's reference evaluator, which is not ONNX Runtime."""
    evaluator = onnx.reference.ReferenceEvaluator(onnx.load_from_string(network()))
    return np.argmax(evaluator.run(None, {"x": image})[0], axis=1).astype(np.uint8)


@pytest.fixture(scope="module")
def prepared():
    import onnx.reference  # noqa: F401

    return prepare(network(), INPUTS, [write_tensor(_float_classes(image)) for image in IMAGES])


def test_it_is_exact_now_and_says_what_it_lost(prepared) -> None:
    assert (prepared.before.verification, prepared.after.verification) == ("tolerance", "exact")
    assert prepared.before.accuracy == prepared.before.kappa == 1.0, "the labels are its own"
    assert 0.9 < prepared.after.accuracy < 1.0
    assert prepared.after.kappa < prepared.after.accuracy
    assert prepared.agreement == pytest.approx(prepared.after.accuracy)
    assert operators(prepared.artefact)["QLinearConv"] == 2


def test_its_bits_do_not_depend_on_how_it_is_run(prepared) -> None:
    levels = onnxruntime.GraphOptimizationLevel
    seen = set()
    for level in (levels.ORT_DISABLE_ALL, levels.ORT_ENABLE_BASIC, levels.ORT_ENABLE_ALL):
        for threads in (1, 2):
            options = onnxruntime.SessionOptions()
            options.graph_optimization_level, options.intra_op_num_threads = level, threads
            options.log_severity_level = 4
            session = onnxruntime.InferenceSession(prepared.artefact.data, options, providers=["CPUExecutionProvider"])
            seen.add(session.run(None, {"x": IMAGES[0]})[0].tobytes())
    assert len(seen) == 1
    ours = execute(prepared.artefact, INPUTS[0])
    assert read_tensors(ours.output)[""].tobytes() in seen
    assert (prepared.canary_input, prepared.canary_output) == (digest_of(INPUTS[0]), digest_of(ours.output))


def test_a_model_that_adds_up_floats_stays_in_the_tolerance_class() -> None:
    made = prepare(network("Sigmoid"), INPUTS[:3])
    assert made.after.verification == "tolerance"
    assert made.after.accuracy is None
    assert verification_of(made.artefact) == "tolerance"


def test_what_cannot_be_prepared_is_refused() -> None:
    with pytest.raises(DataError, match="ranges"):
        prepare(network(), [])
    with pytest.raises(DataError, match="one for each"):
        prepare(network(), INPUTS, INPUTS[:1])
    with pytest.raises(DataError, match="class axis"):
        prepare(network(), INPUTS[:1], [write_tensor(np.zeros((5, 5), np.uint8))])
    with pytest.raises(DataError, match="shape"):
        prepare(network(), [write_tensor(np.zeros(3, np.float32))])
