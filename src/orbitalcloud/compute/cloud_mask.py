"""The cloud-mask artefact: ukis-csmask's U-Net made self-contained by graph surgery, the same bytes every time.

ukis-csmask (DLR, Apache-2.0; Wieland et al. 2019, doi 10.1016/j.rse.2019.05.022, and 2022, doi
10.5194/isprs-archives-XLIII-B3-2022-217-2022) ships a network that wants normalised floats and returns logits. A
satellite should move neither. The artefact made here takes a camera tile as it is and returns what is worth sending:

    reflectance  uint16 (256, 256, 6)   top-of-atmosphere reflectance x 10000; blue, green, red, NIR, SWIR16, SWIR22
    mask         uint8 (256, 64)        four pixels a byte, first pixel lowest: 0 clear, 1 cloud, 2 cloud shadow
    pixels       int32 (3,)             how many pixels each class has

The weights (40 MB) come from the installed package, so this project does not carry a copy.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.onnx_graph import fold_constants, parse_model
from orbitalcloud.compute.tensors import Tensor
from orbitalcloud.core.errors import DataError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

SIZE = 256
BANDS = 6
CLASSES = 3
SCALE = 10_000
_MODEL, _STATISTICS = "model_6b_l1c.onnx", "model_6b_l1c.json"


@lru_cache(maxsize=1)
def cloud_mask_artefact() -> Artefact:
    """The artefact, made from the installed ukis-csmask; `DataError` if the package or its model is missing."""
    try:
        package = files("ukis_csmask")
        network = package.joinpath(_MODEL).read_bytes()
        statistics = json.loads(package.joinpath(_STATISTICS).read_text())["data"]["dataset_statistics"]
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise DataError("cloud-mask", str(error), "install ukis-csmask 1.0: pip install ukis-csmask") from None
    mean, deviation = np.asarray(statistics["img"], np.float32)
    model = _surgery(parse_model(network, _MODEL), mean, deviation)
    return Artefact.of(model.SerializeToString(deterministic=True), "cloud-mask")


def _surgery(model: ModelProto, mean: Tensor, deviation: Tensor) -> ModelProto:
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    fold_constants(model)
    inside = _before(graph.input[0].name) + list(graph.node) + _after(graph.output[0].name)
    live = _reachable(inside, {"mask", "pixels"})
    constants = {
        "scale": np.float32(SCALE),
        "mean": mean,
        "deviation": deviation,
        "batch_axis": np.array([0]),
        "class_axis": np.array([-1]),
        "pixel_axes": np.array([0, 1, 2]),
        "classes": np.arange(CLASSES),
        "quads": np.array([SIZE, SIZE // 4, 4]),
        "shifts": np.array([1, 4, 16, 64]),
    }
    weights = [*graph.initializer, *(numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items())]
    used = {name for node in live for name in node.input}
    made = helper.make_graph(
        live,
        "cloud-mask",
        [helper.make_tensor_value_info("reflectance", TensorProto.UINT16, [SIZE, SIZE, BANDS])],
        [
            helper.make_tensor_value_info("mask", TensorProto.UINT8, [SIZE, SIZE // 4]),
            helper.make_tensor_value_info("pixels", TensorProto.INT32, [CLASSES]),
        ],
        [weight for weight in weights if weight.name in used],
    )
    return helper.make_model(made, opset_imports=model.opset_import, ir_version=8, producer_name="orbitalcloud")


def _before(network_input: str) -> list[NodeProto]:
    from onnx import TensorProto, helper

    return [
        helper.make_node("Cast", ["reflectance"], ["counts"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["counts", "scale"], ["unit"]),
        helper.make_node("Sub", ["unit", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "deviation"], ["normal"]),
        helper.make_node("Transpose", ["normal"], ["planes"], perm=[2, 0, 1]),
        helper.make_node("Unsqueeze", ["planes", "batch_axis"], [network_input]),
    ]


def _after(logits: str) -> list[NodeProto]:
    from onnx import TensorProto, helper

    return [
        helper.make_node("ArgMax", [logits], ["class"], axis=1, keepdims=0),
        helper.make_node("Reshape", ["class", "quads"], ["four"]),
        helper.make_node("Mul", ["four", "shifts"], ["shifted"]),
        helper.make_node("ReduceSum", ["shifted", "class_axis"], ["packed"], keepdims=0),
        helper.make_node("Cast", ["packed"], ["mask"], to=TensorProto.UINT8),
        helper.make_node("Unsqueeze", ["class", "class_axis"], ["each"]),
        helper.make_node("Equal", ["each", "classes"], ["hits"]),
        helper.make_node("Cast", ["hits"], ["ones"], to=TensorProto.INT32),
        helper.make_node("ReduceSum", ["ones", "pixel_axes"], ["pixels"], keepdims=0),
    ]


def _reachable(nodes: list[NodeProto], outputs: set[str]) -> list[NodeProto]:
    """The operators that the outputs need, in order: exporters leave dead ends behind."""
    wanted, live = set(outputs), []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            live.append(node)
    return live[::-1]


def unpack_mask(packed: Tensor) -> Tensor:
    """`mask` (rows, columns / 4) → classes uint8 (rows, columns)."""
    shifts = np.array([0, 2, 4, 6], np.uint8)
    pixels = (packed[..., None].astype(np.uint8) >> shifts) & 3
    return pixels.reshape(packed.shape[0], -1)
