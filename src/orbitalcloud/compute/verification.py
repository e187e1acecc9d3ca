"""Compare a claimed output with a recomputed one where floating point may differ between machines.

Measured for this project: ONNX Runtime versions and instruction sets move values by up to 1e-5 of their scale, and
half-precision U-Net logits by 7e-4 on a scale of 9; class masks then differ only where two classes tie.
"""

from __future__ import annotations

import numpy as np

from orbitalcloud.compute.tensors import Tensor, read_tensors
from orbitalcloud.core.errors import DataError
from orbitalcloud.core.why import Why

FLOAT_TOLERANCE_PPM = 1_000
"""Largest difference of a float output, in parts per million of its root mean square: ten times what was measured."""
INTEGER_TOLERANCE_PPM = 1_000
"""Share of elements of an integer output (classes, masks) that may differ; for short ones (counts), of their sum."""


def compare_outputs(claimed: bytes, recomputed: bytes) -> Why:
    """A yes if every tensor agrees within the tolerances above; the Why names the first that does not."""
    try:
        theirs, ours = read_tensors(claimed, "output"), read_tensors(recomputed, "output")
    except DataError as error:
        return Why(False, "tolerance", str(error))
    if [(n, t.shape, t.dtype.str) for n, t in theirs.items()] != [(n, t.shape, t.dtype.str) for n, t in ours.items()]:
        return Why(False, "tolerance", "the outputs have other names, shapes or types")
    worst = 0
    for name, tensor in theirs.items():
        if tensor.dtype.kind == "f":
            difference, limit = _float_ppm(tensor, ours[name]), FLOAT_TOLERANCE_PPM
        else:
            difference, limit = _integer_ppm(tensor, ours[name]), INTEGER_TOLERANCE_PPM
        if difference > limit:
            text = f"tensor {name or 'output'} differs by {difference} ppm, {limit} allowed"
            return Why(False, "tolerance", text, difference, limit, "ppm")
        worst = max(worst, difference)
    return Why(True, "tolerance", f"executed again: agrees within {worst} ppm", worst, FLOAT_TOLERANCE_PPM, "ppm")


def _float_ppm(theirs: Tensor, ours: Tensor) -> int:
    a, b = theirs.astype(np.float64), ours.astype(np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return 1_000_000
    scale = float(np.sqrt(np.mean(b * b))) if b.size else 0.0
    gap = float(np.max(np.abs(a - b), initial=0.0))
    if gap == 0.0:
        return 0
    return min(1_000_000, round(gap / scale * 1e6)) if scale > 0 else 1_000_000


def _integer_ppm(theirs: Tensor, ours: Tensor) -> int:
    if theirs.size * INTEGER_TOLERANCE_PPM >= 1_000_000:
        return round(1e6 * np.count_nonzero(theirs != ours) / theirs.size)
    a, b = theirs.astype(np.float64), ours.astype(np.float64)
    return min(1_000_000, round(1e6 * float(np.abs(a - b).sum()) / max(1.0, float(np.abs(b).sum()))))
