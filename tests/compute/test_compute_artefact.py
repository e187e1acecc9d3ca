"""An artefact is recognised by its bytes, and what a satellite cannot meter, repeat or contain is refused by name."""

from __future__ import annotations

import pickle

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from wasmtime import wat2wasm

from orbitalcloud.compute import Artefact, artefact
from orbitalcloud.core import DataError, digest_of

ABI = '(memory (export "memory") 1) (func (export "alloc") (param i32) (result i32) i32.const 16)'
RUN = '(func (export "run") (param i32 i32) (result i64) i64.const 0)'


def model(*nodes: onnx.NodeProto, **weights: np.ndarray) -> onnx.ModelProto:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["any"])
    graph = helper.make_graph(nodes, "g", [x], [y], [numpy_helper.from_array(w, n) for n, w in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_kind_and_digest_come_from_the_bytes() -> None:
    net = model(helper.make_node("Relu", ["x"], ["y"])).SerializeToString()
    module = bytes(wat2wasm(f"(module {ABI} {RUN})"))
    assert (Artefact.of(net).kind, Artefact.of(net).digest) == ("onnx", digest_of(net))
    assert (Artefact.of(module).kind, Artefact.of(module).digest) == ("wasm", digest_of(module))
    assert Artefact.of(module) == Artefact("wasm", module)
    assert Artefact.of(module) != Artefact.of(net)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "0 bytes"),
        (b"hello, I am not a model", "neither an ONNX model nor a WASM module"),
        (pickle.dumps({"weights": [1.0]}), "a Python pickle"),
        (b"PK\x03\x04" + bytes(100), "a ZIP archive"),
        (b"\x7fELF" + bytes(60), "a native program"),
        (b"GGUF" + bytes(60), "a GGUF language model"),
        (b"\0asm\x01\0\0\0\xff\xff\xff", "not a valid WASM module"),
        (b"\0asm\x0d\0\x01\0", "not a component"),
        (b"\x08\x08", "not an ONNX model: it has no version, operator set or graph"),
    ],
)
def test_other_bytes_get_one_clear_message(data: bytes, words: str) -> None:
    with pytest.raises(DataError) as caught:
        Artefact.of(data, "job cloud-mask")
    assert str(caught.value).startswith("job cloud-mask: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_truncated_model_is_refused(cut: int) -> None:
    net = model(helper.make_node("Add", ["x", "w"], ["y"]), w=np.ones(4, np.float32)).SerializeToString()
    with pytest.raises(DataError):
        Artefact.of(net[:-cut])


def test_control_flow_randomness_and_foreign_operators_are_refused() -> None:
    body = helper.make_graph([helper.make_node("Identity", ["x"], ["z"])], "b", [], [])
    loop = helper.make_node("If", ["x"], ["y"], then_branch=body, else_branch=body)
    for node, words in (
        (loop, "control flow cannot be metered"),
        (helper.make_node("RandomNormalLike", ["x"], ["y"]), "a result must be repeatable"),
        (helper.make_node("Shell", ["x"], ["y"], domain="evil"), "operator evil::Shell"),
        (helper.make_node("NoSuchOperator", ["x"], ["y"]), "ONNX's checker says"),
    ):
        with pytest.raises(DataError, match=words):
            Artefact.of(model(node).SerializeToString())


def test_weights_outside_the_file_are_refused() -> None:
    net = model(helper.make_node("Add", ["x", "w"], ["y"]), w=np.ones(4, np.float32))
    weight = net.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    with pytest.raises(DataError, match="in another file"):
        Artefact.of(net.SerializeToString())


def test_a_module_that_wants_its_host_is_refused() -> None:
    wasi = '(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))'
    with pytest.raises(DataError, match=r"imports wasi_snapshot_preview1\.fd_write: a module gets nothing"):
        Artefact.of(bytes(wat2wasm(f"(module {wasi} {ABI} {RUN})")))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (RUN, "no exported memory"),
        (ABI, "no exported function run"),
        (ABI + '(func (export "run") (param i32) (result i64) i64.const 0)', "run has another type"),
    ],
)
def test_a_module_must_keep_to_the_abi(body: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        Artefact.of(bytes(wat2wasm(f"(module {body})")))


def test_sizes_are_bounded_before_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefact, "MAX_ONNX_BYTES", 100)
    monkeypatch.setattr(artefact, "MAX_WASM_BYTES", 100)
    with pytest.raises(DataError, match="an ONNX model may have 100 bytes"):
        Artefact.of(bytes([8]) * 101)
    with pytest.raises(DataError, match="a WASM module may have 100 bytes"):
        Artefact.of(b"\0asm\x01\0\0\0" + bytes(93))
