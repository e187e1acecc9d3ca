"""A pipeline is its stages, one after the other, under one name and one set of limits."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import wat2wasm

from orbitalcloud.compute import Artefact, Limits, estimate, execute, runtime_of, verification_of
from orbitalcloud.compute.onnx_scan import MAX_NODES, check_sizes
from orbitalcloud.compute.pipeline import MAX_STAGES, parse_pipeline, pipeline, stages_of
from orbitalcloud.compute.tensors import read_tensors, write_tensor
from orbitalcloud.core import DataError


def wasm(run: str) -> Artefact:
    code = f"""(module (memory (export "memory") 1)
      (func (export "alloc") (param i32) (result i32) i32.const 1024)
      (func (export "run") (param i32 i32) (result i64) {run}))"""
    return Artefact.of(bytes(wat2wasm(code)))


ECHO = wasm("(i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1)))")


def scale(factor: float) -> Artefact:
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Mul", ["x", "f"], ["y"])],
        "g",
        [onnx.helper.make_tensor_value_info("x", kind, [4])],
        [onnx.helper.make_tensor_value_info("y", kind, [4])],
        [onnx.numpy_helper.from_array(np.float32(factor), "f")],
    )
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    return Artefact.of(made.SerializeToString())


DATA = write_tensor(np.arange(4, dtype=np.float32))


def test_stages_compose_and_readings_add_up() -> None:
    stages = [scale(2), ECHO, scale(5)]
    outcome = execute(pipeline(stages), DATA)
    assert read_tensors(outcome.output)[""].tolist() == [0.0, 10.0, 20.0, 30.0]
    alone, given = [], DATA
    for stage in stages:
        alone.append(execute(stage, given))
        given = alone[-1].output
    assert outcome.usage.operations == sum(one.usage.operations for one in alone) == 8
    assert outcome.usage.fuel == sum(one.usage.fuel for one in alone) > 0
    assert outcome.usage.memory_bytes == max(one.usage.memory_bytes for one in alone)
    assert (outcome.usage.input_bytes, outcome.usage.output_bytes) == (len(DATA), len(given))


def test_its_bytes_are_its_name_and_give_it_back() -> None:
    made = pipeline([scale(2), ECHO])
    again = Artefact.of(made.data)
    assert (again.kind, again.digest) == ("pipeline", made.digest)
    assert [stage.digest for stage in stages_of(again)] == [scale(2).digest, ECHO.digest]
    assert made.digest != pipeline([ECHO, scale(2)]).digest


def test_it_is_as_exact_as_its_weakest_stage() -> None:
    assert verification_of(pipeline([ECHO, ECHO])) == "exact"
    assert verification_of(pipeline([ECHO, scale(2)])) == "tolerance"
    assert {"wasmtime", "onnxruntime"} == {
        part.split()[0] for part in runtime_of(pipeline([ECHO, scale(2)])).split(" + ")
    }


def test_a_failure_names_its_stage_and_limits_are_shared() -> None:
    bad = pipeline([ECHO, scale(1)])
    outcome = execute(bad, b"not a tensor")
    assert outcome.failure == "shape"
    assert outcome.text.startswith("stage 2 of 2")
    one = execute(ECHO, b"x").usage.fuel
    assert execute(pipeline([ECHO, ECHO]), b"x", Limits(fuel=2 * one)).ok
    starved = execute(pipeline([ECHO, ECHO]), b"x", Limits(fuel=one))
    assert (starved.failure, starved.usage.fuel) == ("fuel", one), "the first stage used it all"
    assert execute(pipeline([scale(1), scale(2)]), DATA, Limits(operations=7)).failure == "operations"


def test_its_estimate_is_what_a_run_counts_where_shapes_are_declared() -> None:
    made = pipeline([scale(2), scale(3)])
    assert estimate(made, DATA, Limits()).operations == execute(made, DATA).usage.operations


def test_what_is_no_pipeline_is_refused() -> None:
    with pytest.raises(DataError, match="1 stages"):
        pipeline([ECHO])
    with pytest.raises(DataError, match="stages"):
        pipeline([ECHO] * (MAX_STAGES + 1))
    with pytest.raises(DataError, match="in a pipeline"):
        pipeline([ECHO, pipeline([ECHO, ECHO])])
    made = pipeline([ECHO, ECHO])
    with pytest.raises(DataError, match="not a pipeline"):
        Artefact.of(made.data[:-1])
    with pytest.raises(DataError, match=r"pipeline\[1\]"):
        parse_pipeline(b"OPL1" + b"\x91\x92" + _binary(ECHO.data) + _binary(b"junk"))


def _binary(data: bytes) -> bytes:
    return b"\xc5" + len(data).to_bytes(2, "big") + data


@given(st.binary(max_size=200))
def test_nonsense_is_a_data_error(data: bytes) -> None:
    with pytest.raises(DataError):
        parse_pipeline(b"OPL1" + data)


# A model's size, before a parser builds it ---------------------------------------------------------------------------


def test_a_million_operators_are_named_before_they_are_parsed() -> None:
    node = onnx.helper.make_node("Relu", ["x"], ["x"]).SerializeToString()
    one = b"\x0a" + bytes([len(node)]) + node
    graph = one * 1_000_000
    size = len(graph)
    varint = bytearray()
    while size:
        varint.append(size & 127 | (128 if size > 127 else 0))
        size >>= 7
    with pytest.raises(DataError, match=f"more than {MAX_NODES} operators"):
        Artefact.of(b"\x08\x08" + b"\x3a" + bytes(varint) + graph, "huge.onnx")


def test_the_scan_counts_what_onnx_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    from orbitalcloud.compute import onnx_scan, workload

    data = workload("protein-fitness").artefact().data
    nodes = len(onnx.load_from_string(data).graph.node)
    monkeypatch.setattr(onnx_scan, "MAX_NODES", nodes)
    check_sizes(data)
    monkeypatch.setattr(onnx_scan, "MAX_NODES", nodes - 1)
    with pytest.raises(DataError, match="operators"):
        check_sizes(data)


@given(st.binary(max_size=300))
def test_the_scan_ends_on_any_bytes(data: bytes) -> None:
    check_sizes(data)
