"""The executor: runs the kernels when the machine starts an operation. The other side of the seam.

All numbers of an operation are computed when it starts, from the arrays as they are then (`operations`); an array does
one operation at a time, so nothing can look at it before the operation commits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from aimcsim.learning.base import ShardWeights, TransferChoice
from aimcsim.network.losses import loss_of
from aimcsim.pipeline.actions import BACKWARD, FORWARD, TRANSFER, UPDATE, Action, Operation
from aimcsim.training.evaluation import EvaluationPoints
from aimcsim.training.in_flight import Fetch, InFlight
from aimcsim.training.learned import LearnedVectors
from aimcsim.training.operations import ArrayOperations
from aimcsim.training.plan import TrainingPlan
from aimcsim.training.side_by_side import SideBySide


@dataclass
class Progress:
    """What a watcher may read at any time: the newest micro-batch's mean loss; cycle and samples of a divergence."""

    loss: float | None = None
    diverged_at: tuple[int, int] | None = None


class TrainingExecutor:
    """Numbers of a run: weights by the unit of each shard's first array, vectors by layer, micro-batches in flight."""

    def __init__(
        self,
        plan: TrainingPlan,
        weights: dict[int, ShardWeights],
        learned: LearnedVectors,
        fetch: Fetch,
        points: EvaluationPoints,
        choice: TransferChoice | None = None,
    ) -> None:
        self.weights = weights
        self.learned = learned
        self.choice = choice
        self.progress = Progress()
        self._plan = plan
        self._program = plan.program
        self._points = points
        self._in_flight = InFlight(plan.program, plan.micro_batch, learned, fetch)
        self._operations = ArrayOperations(plan, weights, learned, self._in_flight)
        self._updates = [0] * len(plan.program.chunks)

    @property
    def side_by_side(self) -> SideBySide | None:
        """Host threads that compute beside this one, None where there are none."""
        return self._operations.side_by_side

    @side_by_side.setter
    def side_by_side(self, threads: SideBySide | None) -> None:
        self._operations.side_by_side = threads

    # ------------------------------------------------------------------ the seam

    def start(self, operation: Operation, cycle: int, elapsed: int) -> int:
        """Compute an operation on the array as it is now; returns what it took: pulse slots or repeated products."""
        if self._plan.cycle_seconds is not None:
            self._operations.weights_of(operation).elapse(elapsed * self._plan.cycle_seconds, operation.role)
        return self._operations.start(operation)

    def commit(self, operation: Operation, cycle: int) -> None:
        """What the operation computes is there; an update makes the next version of its array."""
        if self.side_by_side is not None:
            self.side_by_side.commit(operation.unit)
        if operation.kind == UPDATE:
            self._operations.weights_of(operation).commit()

    def finish(self, stage: int, action: Action, cycle: int) -> None:
        """Compute the digital layers of the chunk that are left; after U, copy what an evaluation will look at."""
        kind, micro_batch, chunk = action
        virtual = chunk * self._plan.stages + stage
        if kind == UPDATE:
            self._finish_update(virtual, micro_batch, cycle)
            return
        if kind == TRANSFER:
            self._look(virtual, cycle)
            return
        batch = self._in_flight[micro_batch]
        layers = self._program.chunks[virtual]
        if kind == FORWARD:
            for number in layers:
                batch.value(number)
        elif kind == BACKWARD:
            for number in reversed(layers):
                if self._program.layers[number].sends_error:
                    batch.input_error(number)
        batch.lines.forget()

    def loss(self, micro_batch: int, cycle: int) -> bool:
        """Loss of a micro-batch and the error at the network's output. False where the loss is not finite."""
        batch = self._in_flight[micro_batch]
        outputs = batch.value(self._program.output)
        result = loss_of(self._plan.loss, outputs, batch.targets)  # type: ignore[arg-type]
        error = result.error
        if self._plan.error_scale != 1.0:
            error *= np.float32(self._plan.error_scale)
        batch.errors[self._program.output] = error
        total = float(result.losses.sum())
        self.progress.loss = total / len(outputs)
        if self.choice is not None:
            self.choice.add_loss(micro_batch, self.progress.loss)
        self._points.add_loss(micro_batch, total)
        if math.isfinite(total):
            return True
        self.progress.diverged_at = (cycle, (micro_batch + 1) * self._plan.micro_batch)
        return False

    def settle(self) -> None:
        """Complete what host threads still compute: from here on all is as if there were none."""
        if self.side_by_side is not None:
            self.side_by_side.settle()

    # ------------------------------------------------------------------ after an update

    def _finish_update(self, virtual: int, last: int, cycle: int) -> None:
        numbers = self._plan.applied_by(last)
        self.learned.step(virtual, [(self._in_flight[n], self._plan.rate(n)) for n in numbers])
        self._updates[virtual] += 1
        if not self._transfers_due(last, self._updates[virtual]):
            self._look(virtual, cycle)
        for micro_batch in numbers:
            self._in_flight.applied(micro_batch)

    def transfers(self, micro_batch: int, updates: int) -> tuple[int, ...]:
        """Transfers after update number `updates` of a stage, that of `micro_batch`."""
        return self._plan.arrays.due(updates) if self.choice is None else self.choice.due(micro_batch, updates)

    def _transfers_due(self, micro_batch: int, updates: int) -> bool:
        """True where transfers follow this update, and belong to it."""
        return bool(self._plan.arrays.transfers) and bool(self.transfers(micro_batch, updates))

    def _look(self, virtual: int, cycle: int) -> None:
        """An update of a chunk is complete, its transfers included: copy what an evaluation will look at."""
        applied = self._updates[virtual] * self._plan.mini_batch
        if self._points.is_due(applied):
            self.settle()  # an evaluation looks at the converters of every array, busy ones included
            self._points.add_copy(applied, virtual, self.copy_chunk(virtual), cycle)

    def copy_chunk(self, virtual: int) -> dict[int, Any]:
        """Copies of a chunk's weights (by the unit of each shard's first array) and learned vectors (by -1 - layer)."""
        copies: dict[int, Any] = {}
        for number in self._program.chunks[virtual]:
            for unit in self._program.layers[number].units:
                copies[unit] = self.weights[unit].snapshot()
            vectors = self.learned.copy(number)
            if vectors is not None:
                copies[-1 - number] = vectors
        return copies

    # ------------------------------------------------------------------ checkpoint

    def state(self) -> dict[str, Any]:
        """All that changes, between two cycles: results of operations in progress are in it, since they are computed
        when an operation starts.
        """
        self.settle()
        return {
            "weights": {unit: weights.state() for unit, weights in self._shards()},
            "learned": self.learned.state(),
            "in_flight": self._in_flight.state(),
            "updates": self._updates,
            "loss": self.progress.loss,
            "points": self._points.state(),
            "choice": None if self.choice is None else self.choice.state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave into an executor that has not begun."""
        for unit, weights in self._shards():
            weights.load_state(state["weights"][unit])
        self.learned.load_state(state["learned"])
        self._in_flight.load_state(state["in_flight"])
        self._updates = state["updates"]
        self.progress.loss = state["loss"]
        self._points.load_state(state["points"])
        if self.choice is not None:
            self.choice.load_state(state["choice"])

    def _shards(self) -> list[tuple[int, ShardWeights]]:
        """What each shard keeps, by the first of the units that hold its arrays."""
        first: dict[int, tuple[int, ShardWeights]] = {}
        for unit, weights in sorted(self.weights.items()):
            first.setdefault(id(weights), (unit, weights))
        return list(first.values())
