"""A job that cannot be run is refused where it is written, with the line and the reason, before it is sent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import wat2wasm

from orbitalcloud.compute import Artefact, workload
from orbitalcloud.compute.tensors import write_tensor
from orbitalcloud.core import MINUTE, DataError, MissionError
from orbitalcloud.core.time import parse_instant
from orbitalcloud.mission.manifest import decode_manifest, load_job, loads_job

NOW = parse_instant("2026-03-20T12:00:00Z")
GOOD = """name = "double"
artefact = "net.onnx"
input = ["x.npy"]
deadline_min = 30
value = 3
"""


def net(opset: int = 17) -> bytes:
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Add", ["x", "x"], ["y"])],
        "g",
        [onnx.helper.make_tensor_value_info("x", kind, [4])],
        [onnx.helper.make_tensor_value_info("y", kind, [4])],
    )
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=8)
    return made.SerializeToString()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.onnx").write_bytes(net())
    (tmp_path / "x.npy").write_bytes(write_tensor(np.ones(4, np.float32)))
    (tmp_path / "job.toml").write_text(GOOD)
    return tmp_path


def refused(folder: Path, text: str, match: str) -> MissionError:
    (folder / "job.toml").write_text(text)
    with pytest.raises(MissionError, match=match) as caught:
        load_job(folder / "job.toml", NOW)
    return caught.value


def test_a_good_manifest_becomes_a_job(folder: Path) -> None:
    job = load_job(folder / "job.toml", NOW)
    assert (job.manifest.name, job.artefact.digest) == ("double", Artefact.of(net()).digest)
    assert job.deadline_ns == 30 * MINUTE
    assert job.inputs == (("x.npy", (folder / "x.npy").read_bytes()),)


def test_several_artefacts_are_a_pipeline_and_workloads_have_names(folder: Path) -> None:
    (folder / "job.toml").write_text(GOOD.replace('"net.onnx"', '["net.onnx", "net.onnx"]'))
    assert load_job(folder / "job.toml", NOW).artefact.kind == "pipeline"
    (folder / "tile.npy").write_bytes(workload("water-map").inputs()[0])
    text = GOOD.replace("net.onnx", "workload:water-map").replace("x.npy", "tile.npy")
    (folder / "job.toml").write_text(text)
    assert load_job(folder / "job.toml", NOW).artefact == workload("water-map").artefact()


@pytest.mark.parametrize(
    ("old", "new", "line", "match"),
    [
        ("value = 3", "value = nan", 5, "finite"),
        ("value = 3", "value = -1", 5, "value"),
        ("value = 3", "worth = 3", 5, 'did you mean "value"|unknown key'),
        ("value = 3", 'digest = "sha256:' + "0" * 64 + '"', 5, "the artefact is sha256:"),
        ("deadline_min = 30", "deadline_min = 0", 4, "deadline_min"),
        ("deadline_min = 30", "deadline = 2026-03-20T11:59:00Z", 4, "passed 1.0 minutes ago"),
        ("deadline_min = 30", "deadline = 2026-03-20T13:00:00", 4, "zone"),
        ("deadline_min = 30", "", 0, "one of deadline"),
        ('"x.npy"', '"missing.npy"', 3, "no such file"),
        ('"net.onnx"', '"x.npy"', 2, "ONNX"),
        ('name = "double"', 'name = "Double!"', 1, "name"),
        ('name = "double"', "name = 3", 1, "str"),
        ('name = "double"', "", 0, "missing"),
        ("value = 3", "[limits]\nfuel = 0", 6, "fuel"),
        ("value = 3", "[limits]\nfule = 1", 6, "fuel"),
        ("value = 3", "value = ", 5, "mend the TOML"),
    ],
)
def test_what_is_wrong_has_a_line_and_a_reason(folder: Path, old: str, new: str, line: int, match: str) -> None:
    error = refused(folder, GOOD.replace(old, new), match)
    assert error.line == line


def test_artefacts_that_no_satellite_runs_are_refused(folder: Path) -> None:
    (folder / "net.onnx").write_bytes(b"this is no model")
    refused(folder, GOOD, "neither an ONNX model nor a WASM module|not an ONNX model")
    (folder / "net.onnx").write_bytes(net(opset=99))
    refused(folder, GOOD, "operator set 99")
    host = '(module (import "env" "system" (func)) (memory (export "memory") 1))'
    (folder / "net.onnx").write_bytes(bytes(wat2wasm(host)))
    refused(folder, GOOD, "imports env.system")


def test_inputs_that_do_not_fit_are_refused(folder: Path) -> None:
    (folder / "x.npy").write_bytes(write_tensor(np.ones(5, np.float32)))
    refused(folder, GOOD, r"shape \(5,\), the model takes \(4,\)")
    (folder / "x.npy").write_bytes(write_tensor(np.array([1, 2, np.nan, 4], np.float32)))
    refused(folder, GOOD, "a NaN or an infinity")
    with (folder / "x.npy").open("wb") as file:
        file.truncate(10 * 2**30)  # ten gigabytes that no disk holds
    refused(folder, GOOD, "more than 67108864 bytes")


def test_a_missing_manifest_and_a_huge_one_are_told(folder: Path) -> None:
    with pytest.raises(MissionError, match="No such file"):
        load_job(folder / "none.toml", NOW)
    with pytest.raises(MissionError, match="more than 65536 bytes"):
        loads_job(b"#" * 70_000, "big.toml", str(folder), NOW)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_data_error(data: bytes) -> None:
    with pytest.raises(DataError):
        decode_manifest(data, "fuzz.toml")


@given(st.sampled_from(GOOD.splitlines()), st.text("=[]{}\"'.\n0", max_size=6))
def test_a_spoilt_line_is_a_data_error_or_no_harm(line: str, junk: str) -> None:
    try:
        manifest, _ = decode_manifest(GOOD.replace(line, line + junk).encode(), "fuzz.toml")
    except DataError:
        return
    assert manifest.input, "what passes is whole"
