"""Compute's numeric validation cases: somebody else's number, ours, and how far apart they may be."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from orbitalcloud.compute import WORKLOADS, Quality, execute
from orbitalcloud.compute.cloud_mask import cloud_mask_artefact
from orbitalcloud.compute.imagery import BANDS, CLOUD, SHADOW, labels, reflectance
from orbitalcloud.compute.meter import count_operations
from orbitalcloud.compute.onnx_graph import model_of
from orbitalcloud.compute.quality import accuracy, confusion, kappa


@lru_cache(maxsize=3)
def quality(name: str) -> Quality:
    """Of a packaged workload, really executed."""
    work = WORKLOADS[name]
    return work.quality([execute(work.artefact(), data, work.limits).output for data in work.inputs()])


@lru_cache(maxsize=1)
def ukis() -> np.ndarray:
    """ukis-csmask's own mask of the packaged tile: its program, overlapping tiles, blended probabilities."""
    from ukis_csmask.mask import CSmask

    image = (reflectance() / 10_000).astype(np.float32)
    options = {"intra_op_num_threads": 1, "inter_op_num_threads": 1, "providers": ["CPUExecutionProvider"]}
    mask = CSmask(image, list(BANDS), **options)
    return np.asarray(mask.csm[..., 0])


def ukis_matrix() -> np.ndarray:
    hand = labels()
    return confusion(np.where(hand == CLOUD, 1, np.where(hand == SHADOW, 2, 0)), ukis(), 3)


def small_model(kind: str, x: list[int], y: list[int], w: list[int], **attributes: int | list[int]) -> onnx.ModelProto:
    node = helper.make_node(kind, ["x", "w"], ["y"], **attributes)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, y)],
        [numpy_helper.from_array(np.zeros(w, np.float32), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def resnet_stem() -> float:
    return count_operations(
        small_model("Conv", [1, 3, 224, 224], [1, 64, 112, 112], [64, 3, 7, 7], strides=[2, 2], pads=[3, 3, 3, 3]),
        {"x": (1, 3, 224, 224)},
    )[0]


def mobilenet_depthwise() -> float:
    return count_operations(
        small_model("Conv", [1, 32, 112, 112], [1, 32, 112, 112], [32, 1, 3, 3], group=32, pads=[1, 1, 1, 1]),
        {"x": (1, 32, 112, 112)},
    )[0]


def mobilenet_classifier() -> float:
    return count_operations(small_model("Gemm", [1, 1024], [1, 1000], [1024, 1000]), {"x": (1, 1024)})[0]


def parameters() -> float:
    """Weights of the U-Net alone, in millions."""
    return sum(int(np.prod(w.dims)) for w in model_of(cloud_mask_artefact()).graph.initializer) / 1e6


CASES = [
    {
        "case": "cloud mask of the labelled Sentinel-2 tile",
        "source": "ukis-csmask 1.0's own program (overlapping tiles, blended), run beside",
        "quantity": "accuracy",
        "unit": "",
        "theirs": 0.903,
        "tolerance": 0.006,
        "ours": lambda: quality("cloud-mask")["accuracy"],
        "note": "ours cuts four tiles without overlap: seams cost half a point",
    },
    {
        "case": "cloud mask of the labelled Sentinel-2 tile",
        "source": "ukis-csmask 1.0's own program (overlapping tiles, blended), run beside",
        "quantity": "Cohen's kappa",
        "unit": "",
        "theirs": 0.81,
        "tolerance": 0.012,
        "ours": lambda: quality("cloud-mask")["kappa"],
        "note": "as above",
    },
    {
        "case": "ukis-csmask's program on the packaged tile",
        "source": "ukis-csmask 1.0 as its makers wrote it, run by the planners of this project, 2026-11",
        "quantity": "accuracy",
        "unit": "",
        "theirs": 0.903,
        "tolerance": 0.001,
        "ours": lambda: accuracy(ukis_matrix()),
        "note": "shows that the packed uint16 tile lost nothing",
    },
    {
        "case": "ukis-csmask's program on the packaged tile",
        "source": "ukis-csmask 1.0 as its makers wrote it, run by the planners of this project, 2026-11",
        "quantity": "Cohen's kappa",
        "unit": "",
        "theirs": 0.81,
        "tolerance": 0.005,
        "ours": lambda: kappa(ukis_matrix()),
        "note": "",
    },
    {
        "case": "U-Net size",
        "source": "ukis-csmask 1.0, parameters counted by the planners of this project, 2026-11",
        "quantity": "parameters",
        "unit": "million",
        "theirs": 19.5,
        "tolerance": 0.1,
        "ours": parameters,
        "note": "batch-normalisation statistics counted",
    },
    {
        "case": "operations of ResNet-50's first convolution",
        "source": "He et al. 2016 (arXiv 1512.03385) table 1: 7x7, 64, stride 2, 224 px: 64*3*49*112^2 multiply-adds",
        "quantity": "operations",
        "unit": "",
        "theirs": 236027904,
        "tolerance": 0,
        "ours": resnet_stem,
        "note": "two operations a multiply-add",
    },
    {
        "case": "operations of MobileNet's first depthwise convolution",
        "source": "Howard et al. 2017 (arXiv 1704.04861) table 1: 3x3x32 dw on 112x112x32",
        "quantity": "operations",
        "unit": "",
        "theirs": 7225344,
        "tolerance": 0,
        "ours": mobilenet_depthwise,
        "note": "",
    },
    {
        "case": "operations of MobileNet's classifier",
        "source": "Howard et al. 2017 table 1: FC 1024 x 1000",
        "quantity": "operations",
        "unit": "",
        "theirs": 2048000,
        "tolerance": 0,
        "ours": mobilenet_classifier,
        "note": "",
    },
]
