"""What a job will cost is what it then costs; a job submitted to a mission comes back with its result."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import onnx
import pytest

import orbitalcloud
from orbitalcloud.compute import cost, execute, workload
from orbitalcloud.compute.tensors import read_tensors, write_tensor
from orbitalcloud.core import DataError
from orbitalcloud.mission.catalogue import accelerator, catalogue
from orbitalcloud.mission.physical import meter_entry
from orbitalcloud.study.calibrate import Calibration, _watts_while, calibrate, entry_text
from orbitalcloud.study.jobs import quote, run
from orbitalcloud.study.submitting import with_job
from small_missions import SMALL, load_text


def classifier() -> bytes:
    """A small network as an exporter writes it: y = softmax-free argmax(relu(x W))."""
    rng = np.random.default_rng(3)
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("MatMul", ["x", "w"], ["h"]),
            onnx.helper.make_node("Relu", ["h"], ["y"]),
        ],
        "g",
        [onnx.helper.make_tensor_value_info("x", kind, [2, 16])],
        [onnx.helper.make_tensor_value_info("y", kind, [2, 4])],
        [onnx.numpy_helper.from_array(rng.random((16, 4), np.float32), "w")],
    )
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    return made.SerializeToString()


DATA = write_tensor(np.ones((2, 16), np.float32))


def test_a_quote_is_the_meter_s_price_of_what_a_run_uses() -> None:
    job = orbitalcloud.job(classifier(), [DATA], name="small")
    made = quote(job, load_text(SMALL))
    used = execute(job.artefact, DATA).usage
    assert made.tried
    assert made.usage == used
    assert used.operations == 2 * 2 * 16 * 4 + 2 * 4
    for price in made.prices:
        whole = cost(used, meter_entry(price.accelerator, catalogue().accelerators[price.accelerator]))
        assert (price.seconds, price.joules) == (whole.duration_ns / 1e9, whole.energy_mj / 1e3)
    assert {one.accelerator for one in made.prices} == set(catalogue().accelerators)
    assert made.first_up_bytes - made.up_bytes == len(job.artefact.data)
    rate = next(c.rate_bps for c in load_text(SMALL).channels if (c.sender, c.receiver) == ("svalbard", "sat"))
    contact = next(one for one in made.contacts if (one.station, one.satellite) == ("svalbard", "sat"))
    assert contact.up_min == pytest.approx(made.up_bytes * 8 / rate / 60)


def test_a_job_that_fails_is_not_priced() -> None:
    job = orbitalcloud.job("workload:water-map", [workload("water-map").inputs()[0]], fuel=1000)
    with pytest.raises(DataError, match="fuel"):
        quote(job)
    assert run(job, 0).failure == "fuel"


def test_a_model_submitted_comes_back_with_its_result(tmp_path: Path) -> None:
    mission = tmp_path / "m.toml"
    mission.write_text(SMALL)
    other = write_tensor(np.full((2, 16), 2, np.float32))
    job = orbitalcloud.job(classifier(), [DATA, other], name="small", deadline_min=150)
    flight = orbitalcloud.submit(job, mission, station="svalbard", hour=0.1, out=tmp_path / "flight")
    found = orbitalcloud.result(flight)
    assert found.complete
    assert [one.job.rpartition("-")[0] for one in found.runs] == ["small-0", "small-1"]
    for output, data in zip(found.outputs, (DATA, other), strict=True):
        assert output == execute(job.artefact, data).output
    assert read_tensors(found.outputs[1])[""].shape == (2, 4)
    assert all(one.joules > 0 and one.delay_min > 0 for one in found.runs)
    assert found._repr_html_().count("<tr>") == 3
    with pytest.raises(DataError, match="no such job"):
        orbitalcloud.result(flight, "another")


def test_a_submission_that_cannot_be_is_refused(tmp_path: Path) -> None:
    job = orbitalcloud.job(classifier(), [DATA], name="small", deadline_min=150)
    with pytest.raises(DataError, match="before the job is due"):
        with_job(load_text(SMALL), job, tmp_path, "svalbard", hour=23)
    with pytest.raises(DataError, match="submit_at"):
        with_job(load_text(SMALL), job, tmp_path, "nowhere")
    with pytest.raises(DataError, match="neither an ONNX"):
        orbitalcloud.job(b"junk" * 10, [DATA])


# Calibration ----------------------------------------------------------------------------------------------------------

MADE = Calibration("a machine", 10**11, 10**10, 10**9, None, None, "no counter", "2026-11-24")


def test_this_machine_is_measured() -> None:
    made = calibrate()
    assert 1e8 < made.fuel_per_s < 1e12
    assert 1e8 < made.float_ops_per_s < 1e13
    assert 1e8 < made.int8_ops_per_s < 1e14
    assert (made.active_w is None) == (made.idle_w is None)
    assert made.power_note


def test_the_entry_is_one_that_a_mission_can_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no counter"):
        entry_text(MADE, "mine")
    text = entry_text(MADE, "mine", active_w=20, idle_w=5)
    (tmp_path / "mine.toml").write_text(text)
    entry = accelerator("mine.toml", str(tmp_path))
    assert (entry.fuel_per_s, entry.active_w, entry.idle_w) == (10**9, 20.0, 5.0)
    assert tomllib.loads(text)["mine"]["fuel_per_s"]["confidence"] == "measured"
    named = SMALL.replace("[[satellite]]", f'[[satellite]]\naccelerator = "{tmp_path / "mine.toml"}"')
    loaded = load_text(named)
    assert loaded.satellites[0].accelerator == entry
    assert any(name.endswith("mine.toml") for name, _ in loaded.files)
    with pytest.raises(DataError, match="accelerator"):
        load_text(named.replace("mine.toml", "none.toml"))


def test_rapl_is_read_as_the_kernel_shows_it(tmp_path: Path) -> None:
    zone = tmp_path / "intel-rapl:0"
    zone.mkdir()
    (zone / "max_energy_range_uj").write_text("1000000000\n")
    (zone / "energy_uj").write_text("999000000\n")
    watts, _ = _watts_while(lambda: (zone / "energy_uj").write_text("1000000\n"), tmp_path)
    assert watts is not None
    assert watts > 2.0, "2 J over its wrap, in less than a second"
    assert _watts_while(lambda: None, tmp_path / "none")[0] is None
