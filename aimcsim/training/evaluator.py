"""Loss and accuracy of the test set with copied weights: costs no cycles and disturbs nothing."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aimcsim.data.feed import Feed
from aimcsim.learning.base import ShardWeights
from aimcsim.network.losses import loss_of
from aimcsim.training.learned import CopiedVectors
from aimcsim.training.micro_batch import MicroBatch
from aimcsim.training.program import LayerProgram, Program

#: Test samples that go through the network together, fewer where unrolled they would have more values than this.
BATCH = 500
MOST_VALUES = 1 << 24


class Evaluation(NamedTuple):
    """Mean loss per test sample; share of test samples whose largest output is at their label (None: no labels)."""

    loss: float
    accuracy: float | None


class Evaluator:
    """Runs the test set through the network. `weights` supply the physics, the copies the conductances."""

    def __init__(
        self,
        program: Program,
        weights: dict[int, ShardWeights],
        loss: str,
        feed: Feed,
        test_y: NDArray[Any],
        perfect: bool,
    ) -> None:
        self._program = program
        self._weights = weights
        self._loss = loss
        self._feed = feed
        self._y = test_y
        self._perfect = perfect
        self._together = max(1, min(BATCH, MOST_VALUES // _largest(program)))

    def evaluate(self, copies: dict[int, Any], draw: int) -> Evaluation:
        """Loss and accuracy with `copies` of arrays (by unit) and vectors (by -1 - layer); `draw` keys the noise."""
        losses: list[float] = []
        correct = 0
        has_labels = True
        vectors = CopiedVectors(copies)
        for first in range(0, len(self._y), self._together):
            x, y = self._feed.test(first, self._together), self._y[first : first + self._together]
            batch = MicroBatch(self._program, first, x, y, vectors)
            for layer in self._program.layers:
                if layer.weighted is not None:
                    self._run_layer(batch, layer, copies, draw)
            result = loss_of(self._loss, batch.value(self._program.output), batch.targets)  # type: ignore[arg-type]
            losses.append(float(result.losses.sum()))
            has_labels = result.correct is not None
            correct += result.correct or 0
        count = len(self._y)
        return Evaluation(math.fsum(losses) / count, correct / count if has_labels else None)

    def _run_layer(self, batch: MicroBatch, layer: LayerProgram, copies: dict[int, Any], draw: int) -> None:
        bias = batch.vectors.at(layer.number, 0)
        for index, (unit, shard) in enumerate(zip(layer.units, layer.shards, strict=True)):
            x = batch.array_input(layer, index, shard)
            y = self._weights[unit].evaluate(copies[unit], x, batch.first_sample * layer.positions, draw, self._perfect)
            batch.add_product(layer, index, np.asarray(y, np.float32), bias, role=None)


def _largest(program: Program) -> int:
    """Most values of one sample at any one layer, patches of convolutions included."""
    sizes = [layer.layer.size for layer in program.layers]
    return max(sizes + [shard.in_size * layer.positions for layer in program.layers for shard in layer.shards])
