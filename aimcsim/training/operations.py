"""What one operation computes on its array: F, B, U, W, and both halves of T.

With host threads (`side_by_side`) a kernel whose counts decide no duration, or can be told beforehand, is handed over
when the operation starts, and waited for at its commit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.learning.base import ShardWeights
from aimcsim.pipeline.actions import (
    BACKWARD,
    FORWARD,
    TRANSFER_READ,
    TRANSFER_WRITE,
    UPDATE,
    WEIGHT_GRADIENT,
    Operation,
)
from aimcsim.training.in_flight import InFlight
from aimcsim.training.learned import LearnedVectors
from aimcsim.training.plan import TrainingPlan
from aimcsim.training.program import LayerProgram
from aimcsim.training.side_by_side import SideBySide

Floats = NDArray[np.float32]


class ArrayOperations:
    """Runs the kernels of operations, on `weights` by the unit of each shard's first array."""

    def __init__(
        self, plan: TrainingPlan, weights: dict[int, ShardWeights], learned: LearnedVectors, in_flight: InFlight
    ) -> None:
        #: Host threads that compute beside this one, None where there are none.
        self.side_by_side: SideBySide | None = None
        self._plan = plan
        self._weights = weights
        self._learned = learned
        self._in_flight = in_flight
        self._steps: dict[str, Callable[[Operation, LayerProgram], int]] = {
            FORWARD: self._forward,
            BACKWARD: self._backward,
            UPDATE: self._update,
            WEIGHT_GRADIENT: self._weight_gradient,
            TRANSFER_READ: self._read,
            TRANSFER_WRITE: self._write,
        }

    def start(self, operation: Operation) -> int:
        """Compute an operation on the array as it is now; returns what it took: pulse slots or repeated products."""
        step, program = self._steps[operation.kind], self._plan.program.layers[operation.layer]
        if self.side_by_side is None:
            return step(operation, program)
        return self.side_by_side.start(operation, partial(step, operation, program))

    def weights_of(self, operation: Operation) -> ShardWeights:
        """The weights that the operation's array belongs to."""
        return self._weights[self._plan.program.layers[operation.layer].units[operation.shard]]

    def _forward(self, operation: Operation, program: LayerProgram) -> int:
        batch = self._in_flight.enter(operation.micro_batch)
        batch.versions[program.chunk][0] = operation.version_read
        shard = program.shards[operation.shard]
        x = batch.array_input(program, operation.shard, shard)
        weights = self._weights[program.units[operation.shard]]
        bias = self._learned.at(program.number, operation.version_read)
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
        weights = self._weights[program.units[operation.shard]]
        given = d, batch.first_sample * program.positions, operation.version_read, operation.role
        beside = self._beside(operation)
        if beside is not None:
            keep = partial(batch.add_returned, program, operation.shard, role=operation.role)
            beside.begin(operation, partial(weights.backward, *given), keep)
            return 0
        batch.add_returned(program, operation.shard, weights.backward(*given), operation.role)
        return weights.repeated_products

    def _update(self, operation: Operation, program: LayerProgram) -> int:
        weights = self._weights[program.units[operation.shard]]
        if self._plan.gradient_apart:
            weights.step()
            return 0
        given = []
        for micro_batch in self._plan.applied_by(operation.micro_batch):
            x, d = self._pair(micro_batch, operation, program)
            first = self._in_flight[micro_batch].first_sample * program.positions
            given.append((x, d, self._plan.rate(micro_batch), first))
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
        x, d = self._pair(operation.micro_batch, operation, program)
        accumulate = partial(self._weights[program.units[operation.shard]].accumulate, x, d)
        rate, beside = self._plan.rate(operation.micro_batch), self._beside(operation)
        if beside is None:
            accumulate(rate)
        else:
            beside.begin(operation, partial(accumulate, rate), _nothing_to_keep)
        return 0

    def _read(self, operation: Operation, program: LayerProgram) -> int:
        return self._transferred(operation, partial(self.weights_of(operation).read, operation.transfer))

    def _write(self, operation: Operation, program: LayerProgram) -> int:
        write = partial(self.weights_of(operation).write, operation.transfer)
        return self._transferred(operation, partial(write, learning_rate=self._plan.rate(operation.micro_batch)))

    def _transferred(self, operation: Operation, half: Callable[[int], int]) -> int:
        beside = self._beside(operation)
        if beside is None:
            return half(operation.version_read)
        beside.begin(operation, partial(half, operation.version_read), _nothing_to_keep)
        return 0

    def _pair(self, micro_batch: int, operation: Operation, program: LayerProgram) -> tuple[Floats, Floats]:
        """What the operation's array was fed for a micro-batch, and the error at its outputs."""
        batch, shard = self._in_flight[micro_batch], program.shards[operation.shard]
        x = batch.array_input(program, operation.shard, shard)
        return x, batch.array_error(program, operation.shard, shard)

    def _beside(self, operation: Operation, tellable: bool = False) -> SideBySide | None:
        """Who computes an operation beside this thread, None to compute it here and now.

        `tellable`: the count of the operation is known without its kernel.
        """
        beside = self.side_by_side
        if beside is None or (operation.kind in self._plan.counted and not tellable) or not beside.takes(operation):
            return None
        return beside


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
