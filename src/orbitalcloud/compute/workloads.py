"""The packaged jobs: real models and programs, real input, and measured truth to judge their results by.

A mission file names them (`artefact = "workload:cloud-mask"`). `inputs()` are in the order in which a camera or a
requester would bring them; `quality(outputs)` compares outputs (None for those that did not arrive) with the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.cloud_mask import CLASSES, cloud_mask_artefact, unpack_mask
from orbitalcloud.compute.imagery import CLOUD, SHADOW, TILE, WATER, labels, packaged, quadrants, reflectance
from orbitalcloud.compute.quality import Quality, accuracy, confusion, kappa, precision_recall_f1, spearman
from orbitalcloud.compute.tensors import Tensor, read_tensors, write_tensor
from orbitalcloud.compute.usage import Limits
from orbitalcloud.core.errors import DataError

Outputs = Sequence[bytes | None]


@dataclass(frozen=True, slots=True)
class Workload:
    """One packaged job. `describe` is a line for people about one output; `limits` are fitting for it."""

    name: str
    title: str
    source: str
    limits: Limits
    artefact: Callable[[], Artefact]
    inputs: Callable[[], list[bytes]]
    quality: Callable[[Outputs], Quality]
    describe: Callable[[bytes], str]


@lru_cache(maxsize=1)
def _tiles() -> tuple[bytes, ...]:
    return tuple(write_tensor(tile) for tile in quadrants(reflectance()))


def _judged(outputs: Outputs) -> Iterator[tuple[bytes, Tensor]]:
    """(output, hand labels) of the tiles whose result arrived; output i belongs to tile i modulo four."""
    truth = quadrants(labels())
    for index, output in enumerate(outputs):
        if output is not None:
            yield output, truth[index % len(truth)]


# Cloud mask ---------------------------------------------------------------------------------------------------------


def _cloud_quality(outputs: Outputs) -> Quality:
    matrix = np.zeros((CLASSES, CLASSES), np.int64)
    for output, hand in _judged(outputs):
        truth = np.where(hand == CLOUD, 1, np.where(hand == SHADOW, 2, 0))
        matrix += confusion(truth, unpack_mask(read_tensors(output, "output")["mask"]), CLASSES)
    measures = (("accuracy", accuracy(matrix)), ("kappa", kappa(matrix)))
    text = "pixels clear, cloud or shadow, against hand labels (ukis-csmask's test)"
    return Quality(int(matrix.sum()), measures, text)


def _cloud_words(output: bytes) -> str:
    pixels = read_tensors(output, "output")["pixels"].astype(np.int64)
    clear, cloud, shadow = (pixels * 100 / max(1, int(pixels.sum()))).tolist()
    return f"{clear:.0f} % clear, {cloud:.0f} % cloud, {shadow:.0f} % cloud shadow"


# Water map ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _water_artefact() -> Artefact:
    return Artefact.of(packaged("water-map.wasm"), "water-map.wasm")


def read_water_map(output: bytes) -> tuple[NDArray[np.bool_], NDArray[np.uint32]]:
    """The module's output (form in tools/wasm/water_map.c) → mask bool (rows, columns) and pixels by tests passed (6,).

    Raises `DataError` for anything but a whole map of at most 65,535 pixels a side and 2^26 in all.
    """
    if output[:4] != b"OWM1" or len(output) < 33:
        raise DataError("water map", output[:4].hex(), "give the output of water-map")
    rows, columns = (int(n) for n in np.frombuffer(output, "<u2", 2, 4))
    if rows * columns > 2**26:
        raise DataError("water map", f"{rows} x {columns}", "at most 2^26 pixels")
    runs = _leb128(output[32:])
    if int(runs.sum()) != rows * columns:
        raise DataError("water map", f"runs of {int(runs.sum())} pixels", f"{rows} x {columns} pixels are needed")
    wet = np.arange(len(runs)) % 2 == 1
    return np.repeat(wet, runs).reshape(rows, columns), np.frombuffer(output, "<u4", 6, 8)


def _leb128(data: bytes) -> NDArray[np.int64]:
    values, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            values.append(value)
            value, shift = 0, 0
        elif shift > 28:
            raise DataError("water map", "run length", "a run fits 28 bits")
    return np.array(values, np.int64)


def _water_quality(outputs: Outputs) -> Quality:
    found, truth, clear = [], [], []
    for output, hand in _judged(outputs):
        found.append(read_water_map(output)[0].ravel())
        truth.append((hand == WATER).ravel())
        clear.append(((hand != SHADOW) & (hand != CLOUD)).ravel())
    if not found:
        return Quality(0, (("precision", 0.0), ("recall", 0.0), ("F1", 0.0), ("F1 with cloud", 0.0)), "no map arrived")
    seen, wet, sky = np.concatenate(found), np.concatenate(truth), np.concatenate(clear)
    precision, recall, f1 = precision_recall_f1(wet[sky], seen[sky])
    under_cloud = precision_recall_f1(wet, seen)[2]
    measures = (("precision", precision), ("recall", recall), ("F1", f1), ("F1 with cloud", under_cloud))
    text = "water pixels against hand labels, cloud and cloud shadow left out as the DSWE product does; then all pixels"
    return Quality(int(np.count_nonzero(sky)), measures, text)


def _water_words(output: bytes) -> str:
    mask, passed = read_water_map(output)
    partial = int(passed[2:4].sum())
    return f"{int(mask.sum())} of {mask.size} pixels water with high confidence, {partial} possible"


# Protein fitness ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _protein_artefact() -> Artefact:
    return Artefact.of(packaged("protein-fitness.onnx"), "protein-fitness.onnx")


@lru_cache(maxsize=1)
def _variants() -> tuple[Tensor, Tensor]:
    tensors = read_tensors(packaged("gb1-four-mutants.npz"), "gb1-four-mutants.npz")
    return tensors["variants"], tensors["fitness"]


def _protein_quality(outputs: Outputs) -> Quality:
    fitness = _variants()[1]
    arrived = [read_tensors(output, "output") for output in outputs if output is not None]
    if not arrived:
        return Quality(0, (("Spearman", 0.0), ("top-100 hit rate", 0.0)), "no ranking arrived")
    best = np.argsort(fitness, kind="stable")[::-1][: 5 * len(arrived[0]["top"])]
    hits = float(np.isin(arrived[0]["top"], best).mean())
    measures = (("Spearman", spearman(arrived[0]["scores"], fitness)), ("top-100 hit rate", hits))
    text = "FLIP GB1 three-vs-rest: quadruple mutants, never trained on; hit: of our best 100, in the measured best 500"
    return Quality(len(fitness), measures, text)


def _protein_words(output: bytes) -> str:
    tensors = read_tensors(output, "output")
    row = int(tensors["top"][0])
    letters = "".join("ACDEFGHIKLMNPQRSTVWY"[i] for i in _variants()[0][row].tolist())
    return f"{len(tensors['scores'])} variants ranked; best V39 D40 G41 V54 → {letters}"


WORKLOADS: dict[str, Workload] = {
    w.name: w
    for w in (
        Workload(
            "cloud-mask",
            "Cloud and cloud-shadow mask of a Sentinel-2 tile (U-Net, 19.5 M parameters)",
            "ukis-csmask 1.0 (DLR, Apache-2.0); tile and labels of its test",
            Limits(memory_bytes=256 * 2**20, output_bytes=64 * 1024),
            cloud_mask_artefact,
            lambda: list(_tiles()),
            _cloud_quality,
            _cloud_words,
        ),
        Workload(
            "water-map",
            f"Surface water in a {TILE} x {TILE} tile by the five DSWE tests (WASM)",
            "tools/wasm/water_map.c; rules of Jones 2019, doi 10.3390/rs11040374",
            Limits(fuel=50_000_000, memory_bytes=4 * 2**20, output_bytes=128 * 1024),
            _water_artefact,
            lambda: list(_tiles()),
            _water_quality,
            _water_words,
        ),
        Workload(
            "protein-fitness",
            "Ranking of protein G variants by predicted binding fitness (integer-only ensemble)",
            "tools/train_protein.py; FLIP GB1 (AFL-3.0), measured by Wu et al. 2016",
            Limits(memory_bytes=256 * 2**20, output_bytes=64 * 1024),
            _protein_artefact,
            lambda: [write_tensor(_variants()[0])],
            _protein_quality,
            _protein_words,
        ),
    )
}


def workload(name: str) -> Workload:
    """The packaged job of this name; `DataError` that lists them if there is none."""
    try:
        return WORKLOADS[name]
    except KeyError:
        raise DataError("workload", name, f"packaged are {', '.join(WORKLOADS)}") from None
