"""The executor: runs the kernels when the machine starts an operation. The other side of the seam.

All numbers of an operation are computed when it starts, from the arrays as they are then; an array does one
operation at a time, so nothing can look at it before the operation commits. With host threads (`side_by_side`) a kernel
whose counts decide no duration, or can be told beforehand, is handed over then and waited for at the commit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.hardware.arrays import ONE_ARRAY, ArraysPlan
from aimcsim.learning.base import ShardWeights, TransferChoice
from aimcsim.network.losses import loss_of
from aimcsim.pipeline.actions import (
    BACKWARD,
    FORWARD,
    TRANSFER,
    TRANSFER_READ,
    TRANSFER_WRITE,
    UPDATE,
    WEIGHT_GRADIENT,
    Action,
    Operation,
)
from aimcsim.training.evaluation import EvaluationPoints
from aimcsim.training.learned import LearnedVectors
from aimcsim.training.learning_rate import LearningRate
from aimcsim.training.micro_batch import MicroBatch
from aimcsim.training.program import LayerProgram, Program
from aimcsim.training.side_by_side import SideBySide

Floats = NDArray[np.float32]

#: Gives inputs (n, size) and targets of the samples first … first + n - 1 of the endless stream.
Fetch = Callable[[int, int], tuple[Floats, NDArray[Any]]]


@dataclass(frozen=True)
class TrainingPlan:
    """What an executor needs beside the weights. `mini_batch`: micro-batches one step of U applies (1, or B).

    `error_scale` multiplies the error of every sample: 1 for reduction sum, 1 / (samples averaged over) for mean.
    `counted`: kinds of operation whose counts decide how long they take.
    """

    program: Program
    loss: str
    micro_batch: int
    stages: int
    learning_rate: LearningRate
    error_scale: float
    mini_batch: int = 1
    gradient_apart: bool = False
    cycle_seconds: float | None = None
    arrays: ArraysPlan = ONE_ARRAY
    counted: frozenset[str] = frozenset({FORWARD, BACKWARD, UPDATE, TRANSFER_READ, TRANSFER_WRITE})


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
        #: Host threads that compute beside this one, None where there are none.
        self.side_by_side: SideBySide | None = None
        self._plan = plan
        self._program = plan.program
        self._fetch = fetch
        self._points = points
        self._in_flight: dict[int, MicroBatch] = {}
        self._cycle_seconds = plan.cycle_seconds
        self._constant_rate = plan.learning_rate.constant
        self._steps: dict[str, Callable[[Operation, LayerProgram], int]] = {
            FORWARD: self._forward,
            BACKWARD: self._backward,
            UPDATE: self._update,
            WEIGHT_GRADIENT: self._weight_gradient,
            TRANSFER_READ: self._read,
            TRANSFER_WRITE: self._write,
        }
        self._updates = [0] * len(plan.program.chunks)

    # ------------------------------------------------------------------ the seam

    def start(self, operation: Operation, cycle: int, elapsed: int) -> int:
        """Compute an operation on the array as it is now; returns what it took: pulse slots or repeated products."""
        if self._cycle_seconds is not None:
            self._weights(operation).elapse(elapsed * self._cycle_seconds, operation.role)
        step, program = self._steps[operation.kind], self._program.layers[operation.layer]
        if self.side_by_side is None:
            return step(operation, program)
        return self.side_by_side.start(operation, partial(step, operation, program))

    def commit(self, operation: Operation, cycle: int) -> None:
        """What the operation computes is there; an update makes the next version of its array."""
        if self.side_by_side is not None:
            self.side_by_side.commit(operation.unit)
        if operation.kind == UPDATE:
            self._weights(operation).commit()

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

    # ------------------------------------------------------------------ operations

    def _batch(self, micro_batch: int) -> MicroBatch:
        batch = self._in_flight.get(micro_batch)
        if batch is None:
            size = self._plan.micro_batch
            data, targets = self._fetch(micro_batch * size, size)
            batch = self._in_flight[micro_batch] = MicroBatch(
                self._program, micro_batch * size, data, targets, self.learned
            )
        return batch

    def _weights(self, operation: Operation) -> ShardWeights:
        """The weights that the operation's array belongs to."""
        return self.weights[self._program.layers[operation.layer].units[operation.shard]]

    def _forward(self, operation: Operation, program: LayerProgram) -> int:
        batch = self._batch(operation.micro_batch)
        batch.versions[program.chunk][0] = operation.version_read
        shard = program.shards[operation.shard]
        x = batch.array_input(program, operation.shard, shard)
        weights = self.weights[program.units[operation.shard]]
        bias = self.learned.at(program.number, operation.version_read)
        given = x, batch.first_sample * program.positions, operation.version_read, operation.role
        beside = self._beside(operation)
        if beside is not None:
            keep = partial(batch.add_product, program, operation.shard, bias=bias, role=operation.role)
            beside.begin(operation, partial(weights.forward, *given), keep)
            return 0
        batch.add_product(program, operation.shard, weights.forward(*given), bias, operation.role)
        return weights.repeated_products

    def _backward(self, operation: Operation, program: LayerProgram) -> int:
        batch = self._in_flight[operation.micro_batch]
        batch.versions[program.chunk][1] = operation.version_read
        if not program.sends_error:
            # Nobody wants the error of the samples themselves; the array is busy all the same.
            batch.error(program.number)
            return 0
        d = batch.array_error(program, operation.shard, program.shards[operation.shard])
        weights = self.weights[program.units[operation.shard]]
        given = d, batch.first_sample * program.positions, operation.version_read, operation.role
        beside = self._beside(operation)
        if beside is not None:
            keep = partial(batch.add_returned, program, operation.shard, role=operation.role)
            beside.begin(operation, partial(weights.backward, *given), keep)
            return 0
        batch.add_returned(program, operation.shard, weights.backward(*given), operation.role)
        return weights.repeated_products

    def _update(self, operation: Operation, program: LayerProgram) -> int:
        weights = self.weights[program.units[operation.shard]]
        last = operation.micro_batch
        if self._plan.gradient_apart:
            weights.step()
            return 0
        given = []
        for micro_batch in range(last - self._plan.mini_batch + 1, last + 1):
            batch = self._in_flight[micro_batch]
            shard = program.shards[operation.shard]
            x = batch.array_input(program, operation.shard, shard)
            d = batch.array_error(program, operation.shard, shard)
            given.append((x, d, self._rate(micro_batch), batch.first_sample * program.positions))
        beside = self._beside(operation, tellable=len(given) == 1)
        if beside is None:
            return _update_all(weights, given)
        slots = None
        if UPDATE in self._plan.counted:
            ((x, d, rate, _),) = given
            slots = weights.slots(x, d, rate)
        beside.begin(operation, partial(_update_all, weights, given), partial(_check_slots, slots))
        return slots or 0

    def _weight_gradient(self, operation: Operation, program: LayerProgram) -> int:
        batch = self._in_flight[operation.micro_batch]
        shard = program.shards[operation.shard]
        x = batch.array_input(program, operation.shard, shard)
        d = batch.array_error(program, operation.shard, shard)
        accumulate = partial(self.weights[program.units[operation.shard]].accumulate, x, d)
        beside = self._beside(operation)
        if beside is None:
            accumulate(self._rate(operation.micro_batch))
        else:
            beside.begin(operation, partial(accumulate, self._rate(operation.micro_batch)), _nothing_to_keep)
        return 0

    def _read(self, operation: Operation, program: LayerProgram) -> int:
        return self._transferred(operation, partial(self._weights(operation).read, operation.transfer))

    def _write(self, operation: Operation, program: LayerProgram) -> int:
        write = partial(self._weights(operation).write, operation.transfer)
        return self._transferred(operation, partial(write, learning_rate=self._rate(operation.micro_batch)))

    def _transferred(self, operation: Operation, half: Callable[[int], int]) -> int:
        beside = self._beside(operation)
        if beside is None:
            return half(operation.version_read)
        beside.begin(operation, partial(half, operation.version_read), _nothing_to_keep)
        return 0

    def _beside(self, operation: Operation, tellable: bool = False) -> SideBySide | None:
        """Who computes an operation beside this thread, None to compute it here and now.

        `tellable`: the count of the operation is known without its kernel.
        """
        beside = self.side_by_side
        if beside is None or (operation.kind in self._plan.counted and not tellable) or not beside.takes(operation):
            return None
        return beside

    def _rate(self, micro_batch: int) -> float:
        if self._constant_rate is not None:
            return self._constant_rate
        return self._plan.learning_rate.at(micro_batch * self._plan.micro_batch)

    # ------------------------------------------------------------------ after an update

    def _finish_update(self, virtual: int, last: int, cycle: int) -> None:
        plan = self._plan
        numbers = range(last - plan.mini_batch + 1, last + 1)
        self.learned.step(virtual, [(self._in_flight[n], self._rate(n)) for n in numbers])
        self._updates[virtual] += 1
        if not self._transfers_due(last, self._updates[virtual]):
            self._look(virtual, cycle)
        for micro_batch in numbers:
            batch = self._in_flight[micro_batch]
            batch.lines.forget()
            batch.chunks_left -= 1
            if batch.chunks_left == 0:
                del self._in_flight[micro_batch]

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
            "in_flight": {number: batch.state() for number, batch in self._in_flight.items()},
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
        for number, computed in state["in_flight"].items():
            self._batch(number).load_state(computed)
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


def _update_all(weights: ShardWeights, given: list[tuple[Floats, Floats, float, int]]) -> int:
    """The updates of one operation U, one after another: x, d, rate and first sample of each. Returns their slots."""
    slots = 0
    for x, d, rate, first in given:
        slots += weights.update(x, d, rate, first)
    return slots


def _check_slots(told: int | None, taken: int) -> None:
    assert told is None or told == taken, f"an update of {told} slots took {taken}"


def _nothing_to_keep(_: Any) -> None:
    """The arrays have kept it."""
