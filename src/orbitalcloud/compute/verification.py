"""Compare a claimed output with a recomputed one where floating point may differ between machines.

Measured for this project: ONNX Runtime versions and instruction sets move values by up to 1e-5 of their scale, and
half-precision U-Net logits by 7e-4 on a scale of 9; class masks then differ only where two classes tie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

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


def compare_logits(claimed: Tensor, recomputed: Tensor, tau: float, axis: int = -1) -> Why:
    """Scores of classes along `axis`: each within `tau`, and the same decision wherever the margin exceeds 2 `tau`.

    With no score off by more than τ, the best of one side can be beaten on the other only where the two best lie within
    2τ: there a decision is nobody's fault, elsewhere it must be the same.
    """
    theirs, ours = claimed.astype(np.float64), recomputed.astype(np.float64)
    if theirs.shape != ours.shape or not (np.isfinite(theirs).all() and np.isfinite(ours).all()):
        return Why(False, "tolerance", "the scores have another shape, or are not all finite")
    limit = round(tau * 1e6)
    gap = round(float(np.abs(theirs - ours).max(initial=0.0)) * 1e6)
    best = np.sort(ours, axis=axis)
    clear = np.take(best, -1, axis) - np.take(best, -2, axis) > 2 * tau
    other = (theirs.argmax(axis) != ours.argmax(axis)) & clear
    if count := int(np.count_nonzero(other)):
        return Why(False, "decision", f"{count} of {other.size} decisions differ although their margin exceeds 2τ")
    if gap > limit:
        return Why(False, "tolerance", f"a score differs by {gap} millionths, τ is {limit}", gap, limit, "millionths")
    text = f"scores within {gap} millionths, {int(np.count_nonzero(clear))} of {clear.size} decisions clear and equal"
    return Why(True, "tolerance", text, gap, limit, "millionths")


def calibrated_tau(pairs: Sequence[tuple[Tensor, Tensor]], room: float = 4.0) -> float:
    """τ from sound runs on two machines (or runtimes): `room` times the largest difference seen."""
    gaps = [float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max(initial=0.0)) for a, b in pairs]
    return room * max(gaps, default=0.0)


Prefill = Callable[[Sequence[int]], Tensor]
"""Tokens (n,) → the scores of what comes next after each of them (n, vocabulary), in one pass."""


def verify_language(prompt: Sequence[int], claimed: Sequence[int], prefill: Prefill, delta: float) -> Why:
    """Whether `claimed` tokens may be greedy continuations of `prompt`: each scores within `delta` of the best.

    The verifier computes them all in one pass, which costs a fraction of generating them. No language model is
    packaged: this is the check for whoever brings one.
    """
    if not prompt or not claimed:
        return Why(False, "language", "there is no prompt or no claimed token")
    scores = prefill([*prompt, *claimed])[len(prompt) - 1 : -1].astype(np.float64)
    tokens = np.asarray(claimed)
    if len(scores) != len(tokens) or tokens.min() < 0 or tokens.max() >= scores.shape[1]:
        return Why(False, "language", "a token is not in the vocabulary, or the prefill is of another length")
    behind = scores.max(1) - scores[np.arange(len(tokens)), tokens]
    wrong = np.flatnonzero(~(behind <= delta))
    if wrong.size:
        first = int(wrong[0])
        return Why(False, "language", f"token {first} scores {behind[first]:.6g} below the best, {delta:g} allowed")
    return Why(True, "language", f"{len(tokens)} tokens, each within {float(behind.max()):.3g} of the best")
