"""How far a network is from the optimum, where the problem knows it: least squares with one dense layer.

f(W) = 1/(2N) Σ ‖W x_n − t_n‖² over the N training samples, as the analog training papers measure it
(arXiv 2406.12774, 2502.06309). Exact products in float64: an observer's figures, not a tile's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.data.dataset import Dataset
from aimcsim.learning.base import ShardWeights
from aimcsim.network.layers import Dense
from aimcsim.result import OPTIMUM_COLUMNS
from aimcsim.training.program import Program

Matrix = NDArray[np.float64]

#: Part of a run whose evaluations count as its end.
LAST = 0.2


class Optimum:
    """f and its smallest value. Figures of a matrix W (outputs, inputs) are by the names of `OPTIMUM_COLUMNS`."""

    def __init__(self, train_x: NDArray[np.float32], train_y: NDArray[np.float32]) -> None:
        self._x = train_x.astype(np.float64)
        self._y = train_y.astype(np.float64)
        # The smallest of all solutions, where there are fewer samples than weights.
        self._best: Matrix = np.linalg.lstsq(self._x, self._y, rcond=None)[0].T.astype(np.float64)
        self._least = self._loss(self._best)

    def figures(self, weights: NDArray[Any]) -> dict[str, float]:
        """f(W) − f(W*), ‖∇f(W)‖², ‖W − W*‖², and the largest |w|."""
        w = weights.astype(np.float64)
        gradient = (self._x @ w.T - self._y).T @ self._x / len(self._x)
        return {
            "excess_loss": self._loss(w) - self._least,
            "squared_gradient": float(np.square(gradient).sum()),
            "squared_distance": float(np.square(w - self._best).sum()),
            "largest_weight": float(np.abs(w).max()),
        }

    def _loss(self, weights: Matrix) -> float:
        return float(np.square(self._x @ weights.T - self._y).sum()) / (2 * len(self._x))


class OptimumObserver:
    """The figures of copied arrays: the matrix that a network of one dense layer stands for, and how far it is."""

    def __init__(self, program: Program, weights: dict[int, ShardWeights], optimum: Optimum) -> None:
        (self._layer,) = program.layers
        self._weights = weights
        self._optimum = optimum
        (self._outputs,) = self._layer.layer.shape

    def figures(self, copies: dict[int, Any]) -> dict[str, float | None]:
        """All None where the weights are no longer finite."""
        parts = self._layer.shards
        matrix = np.empty((self._outputs, parts[-1].inputs.stop), np.float32)
        for unit, shard in zip(self._layer.units, parts, strict=True):
            # Products with the unit vectors are the columns of whatever the algorithm adds up to one matrix.
            unit_vectors = np.eye(shard.inputs.stop - shard.inputs.start, dtype=np.float32)
            part = self._weights[unit].evaluate(copies[unit], unit_vectors, 0, 0, perfect=True)
            matrix[shard.outputs, shard.inputs] = part.T
        if not np.isfinite(matrix).all():
            return dict.fromkeys(OPTIMUM_COLUMNS)
        return dict(self._optimum.figures(matrix))


def optimum_observer(
    program: Program, weights: dict[int, ShardWeights], dataset: Dataset, loss: str
) -> OptimumObserver | None:
    """An observer for squared loss of one dense layer without bias; None for any other network."""
    if loss != "squared" or dataset.classes is not None or len(program.layers) != 1:
        return None
    dense = program.layers[0].layer
    if not isinstance(dense, Dense) or dense.bias != "none" or not isinstance(dataset.train_x, np.ndarray):
        return None
    x = dataset.train_x.reshape(len(dataset.train_x), -1)
    return OptimumObserver(program, weights, Optimum(x, dataset.train_y.astype(np.float32)))


def final_figures(rows: Sequence[dict[str, Any]], saw_optimum: bool) -> dict[str, Any]:
    """`optimum` of summary.json: the mean of each figure over the evaluations of the last fifth of the samples.

    Nothing where the problem does not know its optimum; None for the figures of a run that diverged.
    """
    if not saw_optimum:
        return {}
    begin = (1.0 - LAST) * rows[-1]["samples"] if rows else 0.0
    last = [row for row in rows if row["samples"] > begin]
    found: dict[str, float | None] = {}
    for name in OPTIMUM_COLUMNS:
        values = [row[name] for row in last]
        found[name] = float(np.mean(values)) if values and None not in values else None
    return {"optimum": found}
