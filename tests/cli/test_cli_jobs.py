"""`orbital job`: a job's price, its run and its refusals, as a person at the shell meets them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from orbitalcloud.cli.run import run
from orbitalcloud.compute import Artefact, execute
from orbitalcloud.compute.tensors import write_tensor

DATA = write_tensor(np.ones((2, 8), np.float32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [onnx.helper.make_tensor_value_info("x", kind, [2, 8])],
        [onnx.helper.make_tensor_value_info("y", kind, [2, 3])],
        [onnx.numpy_helper.from_array(rng.random((8, 3), np.float32), "w")],
    )
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "net.onnx").write_bytes(made.SerializeToString())
    (tmp_path / "x.npy").write_bytes(DATA)
    (tmp_path / "job.toml").write_text(
        'name = "tiny"\nartefact = "net.onnx"\ninput = ["x.npy"]\ndeadline_min = 30\n[limits]\nmemory_mb = 8\n'
    )
    return tmp_path


def test_check_prices_a_manifest_and_an_artefact_alike(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["job", "check", str(folder / "job.toml"), "--json"]) == 0
    one = json.loads(capsys.readouterr().out)
    assert one["usage"]["operations"] == 2 * 2 * 8 * 3
    assert run(["job", "check", str(folder / "net.onnx"), "--input", str(folder / "x.npy"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["prices"] == one["prices"]
    assert run(["job", "check", str(folder / "job.toml")]) == 0
    assert "jetson-orin-nano-8gb" in capsys.readouterr().out


def test_run_gives_the_bytes_and_says_how_it_failed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["job", "run", str(folder / "job.toml"), "--out", str(folder / "out")]) == 0
    expected = execute(Artefact.of((folder / "net.onnx").read_bytes()), DATA).output
    assert (folder / "out" / "0.bin").read_bytes() == expected
    with (folder / "job.toml").open("a") as file:
        file.write("operations = 10\n")
    capsys.readouterr()
    assert run(["job", "run", str(folder / "job.toml")]) == 1
    assert "operations: 96 operations needed, 10 allowed" in capsys.readouterr().out


def test_prepare_writes_a_model_of_the_exact_class(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["job", "prepare", str(folder / "net.onnx"), "--input", str(folder / "x.npy"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["before"]["verification"], told["after"]["verification"]) == ("tolerance", "exact")
    made = Artefact.of((folder / "net-int8.onnx").read_bytes())
    assert told["canary"]["artefact"] == made.digest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["job", "check", "{}/x.npy", "--input", "{}/x.npy"], "ONNX"),
        (["job", "check", "{}/net.onnx"], "give --input FILE"),
        (["job", "fly", "{}/job.toml"], "say one of: check, run, prepare"),
        (["job", "run", "{}/none.toml"], "No such file"),
        (["submit", "{}/job.toml", "--mission", "genesis-1", "--at", "nowhere"], "nowhere"),
        (["calibrate", "No Name"], "lower-case"),
    ],
)
def test_refusals_are_one_line(folder: Path, capsys, arguments: list[str], words: str, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    assert run([one.format(folder) for one in arguments]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.err.startswith("orbital: ")
