"""How good a result is against measured truth: confusion matrices, Cohen's kappa, F1, rank correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbitalcloud.compute.tensors import Tensor


@dataclass(frozen=True, slots=True)
class Quality:
    """Named measures in [-1, 1], over `count` things judged, and a sentence on what was compared with what."""

    count: int
    measures: tuple[tuple[str, float], ...]
    text: str

    def __getitem__(self, name: str) -> float:
        return dict(self.measures)[name]


def confusion(truth: Tensor, found: Tensor, classes: int) -> NDArray[np.int64]:
    """Counts (classes, classes): row the truth, column what was found."""
    index = truth.astype(np.int64).ravel() * classes + found.astype(np.int64).ravel()
    return np.bincount(index, minlength=classes * classes).reshape(classes, classes)


def accuracy(matrix: NDArray[np.int64]) -> float:
    """The share that is right."""
    return float(np.trace(matrix) / max(1, matrix.sum()))


def kappa(matrix: NDArray[np.int64]) -> float:
    """Cohen's kappa: agreement beyond chance (Cohen 1960, doi 10.1177/001316446002000104)."""
    total = float(matrix.sum())
    chance = float((matrix.sum(0) / total) @ (matrix.sum(1) / total)) if total else 1.0
    return (accuracy(matrix) - chance) / (1 - chance) if chance < 1 else 0.0


def precision_recall_f1(truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Of a yes-or-no map; 0 where nothing was found or nothing was there."""
    hits = int(np.count_nonzero(truth & found))
    precision = hits / max(1, int(np.count_nonzero(found)))
    recall = hits / max(1, int(np.count_nonzero(truth)))
    return precision, recall, 2 * precision * recall / (precision + recall) if hits else 0.0


def ranks(values: Tensor) -> NDArray[np.float64]:
    """Ranks from 0, ties sharing their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray(((ends - counts + ends - 1) / 2)[place], np.float64)


def spearman(a: Tensor, b: Tensor) -> float:
    """Spearman's rank correlation, ties included; 0 where one side is constant."""
    x, y = ranks(a), ranks(b)
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else 0.0
