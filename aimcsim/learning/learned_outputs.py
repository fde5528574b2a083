"""A digital factor for every output of a shard that keeps several arrays, trained with them (`learn_out_scaling`).

y = s ⊙ W̄ x, with W̄ what the arrays stand for together; the arrays learn from s ⊙ d, and s ← s − η Σ d ⊙ (W̄ x), η being
the learning rate; not `by_line`, one factor learns from the sum of them all. One array alone has its factors in its
tile (`crossbar/mapping.py`), with the same equations.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from aimcsim.crossbar.mapping import stepped
from aimcsim.learning.base import Floats, State, part_of, under
from aimcsim.learning.several_arrays import SeveralArrays


class LearnedOutputs:
    """`shard` with factors behind it, see `ShardWeights`."""

    def __init__(self, shard: SeveralArrays, by_line: bool = True) -> None:
        self.shard = shard
        self.by_line = by_line
        self.factors: Floats = np.ones(shard.out_size, np.float32)

    def forward(self, x: Floats, first_sample: int, version: int, role: int = 0) -> Floats:
        """What an array gives, times the factors."""
        return self.shard.forward(x, first_sample, version, role) * self.factors

    def backward(self, d: Floats, first_sample: int, version: int, role: int = 0) -> Floats:
        """The arrays see the errors times the factors."""
        return self.shard.backward(d * self.factors, first_sample, version, role)

    def update(self, x: Floats, d: Floats, learning_rate: float, first_sample: int) -> int:
        """The gradient to its array, with the factors before the step; then the step of the factors, with the exact
        product of the arrays before the update.
        """
        with np.errstate(all="ignore"):  # an update that is not finite loses the array, as without factors
            given, errors = self.shard.exact(x), d * self.factors
            slots = self.shard.update(x, errors, learning_rate, first_sample)
            self.factors = stepped(self.factors, d * given, learning_rate, self.by_line)
        return slots

    def slots(self, x: Floats, d: Floats, learning_rate: float) -> int:
        """Those of the arrays, whose errors have the factors."""
        with np.errstate(all="ignore"):
            return self.shard.slots(x, d * self.factors, learning_rate)

    def accumulate(self, x: Floats, d: Floats, learning_rate: float) -> None:
        """Refused, see `SeveralArrays`."""
        self.shard.accumulate(x, d, learning_rate)

    def step(self) -> None:
        """Refused, see `SeveralArrays`."""
        self.shard.step()

    def read(self, transfer: int, updates: int) -> int:
        """Transfers go from array to array, without the factors."""
        return self.shard.read(transfer, updates)

    def write(self, transfer: int, updates: int, learning_rate: float) -> int:
        """See `read`."""
        return self.shard.write(transfer, updates, learning_rate)

    def commit(self) -> None:
        """The arrays themselves are the only version."""
        self.shard.commit()

    def elapse(self, seconds: float, role: int = 0) -> None:
        """Let the devices of one array age."""
        self.shard.elapse(seconds, role)

    def snapshot(self) -> Any:
        """Copies of the arrays and of the factors."""
        return self.shard.snapshot(), self.factors.copy()

    def evaluate(self, snapshot: Any, x: Floats, first_sample: int, draw: int, perfect: bool) -> Floats:
        """As in training."""
        arrays, factors = snapshot
        y: Floats = self.shard.evaluate(arrays, x, first_sample, draw, perfect) * factors
        return y

    @property
    def repeated_products(self) -> int:
        """Repetitions of the last product."""
        return self.shard.repeated_products

    @property
    def weights(self) -> Floats:
        """The matrix that the network sees, factors included."""
        return self.shard.weights * self.factors[:, None]

    @property
    def buffered(self) -> int:
        """Numbers beside the arrays; the factors, one an output, are not counted, as those of a tile are not."""
        return self.shard.buffered

    def state(self) -> State:
        """The shard's, and the factors."""
        return {**under("shard", self.shard.state()), "factors": self.factors.copy()}

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""
        self.shard.load_state(part_of(state, "shard"))
        self.factors = np.array(state["factors"], np.float32)
