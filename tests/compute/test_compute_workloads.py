"""The packaged jobs are real: results agree with independent programs and with measured truth."""

from __future__ import annotations

import importlib.resources
import json

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from scipy import stats

from orbitalcloud.compute import WORKLOADS, Artefact, execute, verification_of, workload
from orbitalcloud.compute.cloud_mask import unpack_mask
from orbitalcloud.compute.imagery import labels, pack_bands, quadrants, reflectance, unpack_bands
from orbitalcloud.compute.quality import spearman
from orbitalcloud.compute.tensors import SINGLE, read_tensors, write_tensor
from orbitalcloud.compute.workloads import read_water_map
from orbitalcloud.core import DataError, digest_of


@pytest.mark.parametrize("name", list(WORKLOADS))
def test_a_workload_runs_within_its_limits_and_repeats(name: str) -> None:
    work = workload(name)
    data = work.inputs()[0]
    first, again = (execute(work.artefact(), data, work.limits) for _ in range(2))
    assert first.failure is None, first.text
    assert first == again
    assert len(first.output) < 20_000 < len(data) or name == "protein-fitness"
    assert work.describe(first.output)
    assert Artefact.of(work.artefact().data) == work.artefact()


def test_an_unknown_workload_names_the_known() -> None:
    with pytest.raises(DataError, match="packaged are cloud-mask, water-map, protein-fitness"):
        workload("cloud-msk")


# Cloud mask ---------------------------------------------------------------------------------------------------------


def test_graph_surgery_changed_nothing() -> None:
    """The original network, normalised and decided by NumPy as ukis-csmask does it, gives the same classes."""
    import onnxruntime

    package = importlib.resources.files("ukis_csmask")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    network = package.joinpath("model_6b_l1c.onnx").read_bytes()
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    mean, deviation = json.loads(package.joinpath("model_6b_l1c.json").read_text())["data"]["dataset_statistics"]["img"]
    tile = quadrants(reflectance())[1]
    image = (tile / 10_000).astype(np.float32)
    image -= mean
    image /= deviation
    theirs = session.run(None, {"input": np.moveaxis(image, -1, 0)[None]})[0][0].argmax(0)
    work = workload("cloud-mask")
    tensors = read_tensors(execute(work.artefact(), write_tensor(tile), work.limits).output)
    ours = unpack_mask(tensors["mask"])
    assert np.count_nonzero(ours != theirs) <= 10  # of 65,536: ties within half-precision rounding
    assert tensors["pixels"].tolist() == np.bincount(ours.ravel(), minlength=3).tolist()


def test_the_artefact_is_the_same_bytes_for_the_same_package() -> None:
    from importlib.metadata import version

    if version("ukis-csmask") != "1.0.0":
        pytest.skip("the digest is that of ukis-csmask 1.0.0")
    assert workload("cloud-mask").artefact().digest == CLOUD_MASK_DIGEST


CLOUD_MASK_DIGEST = "sha256:1a8cb2f08d2f534b2db26210aa7742e534620c88b17a45b254baf52f343a896e"


# Water map ----------------------------------------------------------------------------------------------------------


def dswe(tile: np.ndarray) -> np.ndarray:
    """Tests passed per pixel, from the published rules in floating point (Jones 2019, doi 10.3390/rs11040374)."""
    b, g, r, n, s1, s2 = np.moveaxis(tile.astype(float), -1, 0)
    mndwi, ndvi = (g - s1) / (g + s1), (n - r) / (n + r)
    return (
        (mndwi > 0.124).astype(int)
        + (g + r > n + s1)
        + (b + 2.5 * g - 1.5 * (n + s1) - 0.25 * s2 > 0)
        + ((mndwi > -0.44) & (s1 < 900) & (n < 1500) & (ndvi < 0.7))
        + ((mndwi > -0.5) & (b < 1000) & (s1 < 3000) & (s2 < 1000) & (n < 2500))
    )


def test_the_module_computes_the_published_rules() -> None:
    work = workload("water-map")
    for tile, data in zip(quadrants(reflectance()), work.inputs(), strict=True):
        mask, passed = read_water_map(execute(work.artefact(), data, work.limits).output)
        score = dswe(tile)
        assert np.array_equal(mask, score >= 4)
        assert passed.tolist() == np.bincount(score.ravel(), minlength=6).tolist()


@pytest.mark.parametrize("shape", [(1, 1, 6), (3, 300, 6), (129, 2, 6)])
def test_the_module_takes_other_sizes_and_busy_maps(shape: tuple[int, ...]) -> None:
    tile = np.random.default_rng(5).integers(0, 65_536, shape).astype(np.uint16)
    tile[::2, ::2] = 0
    work = workload("water-map")
    outcome = execute(work.artefact(), write_tensor(tile), work.limits)
    with np.errstate(invalid="ignore", divide="ignore"):
        assert np.array_equal(read_water_map(outcome.output)[0], dswe(tile) >= 4)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x93NUMPY", write_tensor(np.zeros((4, 4, 5), np.uint16)), write_tensor(np.zeros((4, 4, 6), np.int16))],
)
def test_the_module_traps_on_anything_but_a_tile(data: bytes) -> None:
    work = workload("water-map")
    assert execute(work.artefact(), data, work.limits).failure == "trap"


@pytest.mark.parametrize("cut", [1, 40, 100])
def test_a_cut_water_map_is_refused(cut: int) -> None:
    work = workload("water-map")
    output = execute(work.artefact(), work.inputs()[0], work.limits).output
    with pytest.raises(DataError):
        read_water_map(output[:-cut])
    with pytest.raises(DataError):
        read_water_map(output[:cut])


def test_water_is_found_where_people_saw_it() -> None:
    work = workload("water-map")
    quality = work.quality([execute(work.artefact(), data, work.limits).output for data in work.inputs()])
    assert quality["precision"] > 0.95
    assert quality["recall"] > 0.45
    assert quality["F1"] > 0.6
    assert quality["F1 with cloud"] < 0.25  # said openly: cloud shadow looks like water to these rules
    assert work.quality([None, None, None, None]).count == 0


# Protein fitness ----------------------------------------------------------------------------------------------------


def test_the_ranking_beats_a_linear_model_on_variants_it_never_saw() -> None:
    work = workload("protein-fitness")
    quality = work.quality([execute(work.artefact(), data, work.limits).output for data in work.inputs()])
    assert quality.count == 5743  # FLIP's three-vs-rest test set
    assert quality["Spearman"] > 0.89  # ridge regression on the same rows: 0.749 (tools/train_protein.py prints both)
    assert quality["top-100 hit rate"] > 0.9


def test_integer_arithmetic_is_the_same_in_another_implementation() -> None:
    work = workload("protein-fitness")
    model = onnx.load_from_string(work.artefact().data)
    variants = read_tensors(work.inputs()[0])[SINGLE][:400]
    top, scores = ReferenceEvaluator(model).run(None, {"variants": variants})
    ours = read_tensors(execute(work.artefact(), write_tensor(variants), work.limits).output)
    assert np.array_equal(ours["scores"], scores)
    assert np.array_equal(ours["top"], top)


@pytest.mark.parametrize("name", ["water-map", "protein-fitness"])
def test_exact_outputs_are_canaries_for_other_machines(name: str) -> None:
    """If this fails on new hardware or a new runtime, that machine does not belong to the exact class."""
    work = workload(name)
    assert verification_of(work.artefact()) == "exact"
    assert digest_of(execute(work.artefact(), work.inputs()[0], work.limits).output) == CANARIES[name]


CANARIES = {
    "water-map": "sha256:c6d9e3e8b8bc073ffd114b60faf4f511498c762b8397485ed9c661ae7ed05be0",
    "protein-fitness": "sha256:157ca30dbb9efb3cbd653c4f34f933290a107022cf97a51fb2b16182768034b5",
}


# Truth and measures -------------------------------------------------------------------------------------------------


def test_packed_bands_come_back_whole() -> None:
    image = np.random.default_rng(3).integers(0, 65_536, (7, 9, 6)).astype(np.uint16)
    assert np.array_equal(unpack_bands(pack_bands(image), image.shape), image)
    with pytest.raises(DataError):
        unpack_bands(pack_bands(image)[:-9], image.shape)
    assert np.bincount(labels().ravel()).tolist() == [28583, 840, 0, 183124, 49597]


def test_rank_correlation_is_scipys_ties_included() -> None:
    draw = np.random.default_rng(9)
    a, b = draw.integers(0, 20, 500), draw.integers(0, 9, 500)
    assert spearman(a, b) == pytest.approx(float(stats.spearmanr(a, b)[0]), abs=1e-12)
    assert spearman(a, np.zeros(500)) == 0.0
