"""Several arrays of one shard: their products add up, gradients go to one of them, transfers go from one to another.

The learning algorithms with transfers differ in what happens between a read and its write.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.learning.base import Floats, State, part_of, under
from aimcsim.learning.rates import Rates
from aimcsim.learning.sums import added, scaled

Lines = NDArray[np.int64]


def span(lines: Lines) -> slice | Lines:
    """What takes the rows of `lines` from an array kept line by line: a view where they follow each other."""
    first, count = int(lines[0]), len(lines)
    return slice(first, first + count) if int(lines[-1]) - first == count - 1 else lines


class SeveralArrays:
    """Arrays by role, see `ShardWeights`; the network sees Σ coefficient · W over the roles that `plan` reads.

    P accumulates −gradient, as in aihwkit, and what is read off it is *added* to its target. `between` turns what was
    read into what is written.
    """

    def __init__(
        self, arrays: Sequence[AnalogSGD], coefficients: Sequence[float], plan: ArraysPlan, rates: Rates
    ) -> None:
        self.arrays = tuple(arrays)
        self.plan = plan
        self.rates = rates
        self.in_size = arrays[0].tile.in_size
        self.out_size = arrays[0].tile.out_size
        self._coefficients = tuple(coefficients)
        self._at = self.arrays[0]
        self._held: Floats = np.zeros((0, self.out_size), np.float32)

    # ------------------------------------------------------------------ products

    def coefficient(self, role: int) -> float:
        """What an array's products count."""
        return self._coefficients[role]

    def forward(self, x: Floats, first_sample: int, version: int, role: int = 0) -> Floats:
        """coefficient · W x of one array."""
        self._at = self.arrays[role]
        return scaled(self._at.forward(x, first_sample, version), self.coefficient(role))

    def exact(self, x: Floats) -> Floats:
        """W̄ x without converters or noise, W̄ being the matrix that the network sees."""
        return added([scaled(self.arrays[role].exact(x), self.coefficient(role)) for role in self.plan.read])

    def backward(self, d: Floats, first_sample: int, version: int, role: int = 0) -> Floats:
        """coefficient · Wᵀ d of one array."""
        self._at = self.arrays[role]
        return scaled(self._at.backward(d, first_sample, version), self.coefficient(role))

    @property
    def repeated_products(self) -> int:
        """Repetitions of the last product."""
        return self._at.repeated_products

    # ------------------------------------------------------------------ updates

    def update(self, x: Floats, d: Floats, learning_rate: float, first_sample: int) -> int:
        """Pulse trains to the array that learns the gradient."""
        self.rates.seen(x, d)
        return self.arrays[self.plan.updated[0]].update(x, d, self.rates.gradient_at(learning_rate), first_sample)

    def slots(self, x: Floats, d: Floats, learning_rate: float) -> int:
        """Those of that array. Signs, by which some algorithms multiply x, make no train longer or shorter."""
        return self.arrays[self.plan.updated[0]].slots(x, d, self.rates.foreseen(x, d, learning_rate))

    def accumulate(self, x: Floats, d: Floats, learning_rate: float) -> None:
        """Schedules that need a gradient buffer are refused before a run."""
        raise NotImplementedError("an analog tile has no gradient buffer")

    def step(self) -> None:
        """See `accumulate`."""
        raise NotImplementedError("an analog tile has no gradient buffer")

    def commit(self) -> None:
        """The arrays themselves are the only version."""

    # ------------------------------------------------------------------ transfers

    def lines(self, transfer: int, updates: int) -> Lines:
        """Input lines of the transfer after `updates` updates: each transfer goes on where the one before it ended."""
        plan = self.plan.transfers[transfer]
        count = plan.lines_of(self.in_size)
        first = (updates // plan.every - 1) * count
        if count == 1:
            return np.array([first % self.in_size], np.int64)
        return (first + np.arange(count)) % self.in_size

    def key(self, transfer: int, updates: int) -> int:
        """Number, over the run, of the first line of a transfer: it keys the noise of reads and writes."""
        return updates * self.plan.transfers[transfer].lines_of(self.in_size)

    def read(self, transfer: int, updates: int) -> int:
        """Read the source at the transfer's lines; what was read is held until it is written."""
        source = self.plan.transfers[transfer].source
        assert source is not None
        array = self.arrays[source]
        self._held = array.read_lines(self.lines(transfer, updates), self.key(transfer, updates))
        return array.repeated_products

    def write(self, transfer: int, updates: int, learning_rate: float) -> int:
        """Write what `between` makes of the values held."""
        lines = self.lines(transfer, updates)
        values, rate = self.between(transfer, updates, lines, self._held, learning_rate)
        self._held = self._held[:0]
        target = self.arrays[self.plan.transfers[transfer].target]
        return target.write_lines(lines, values, rate, self.key(transfer, updates))

    def between(
        self, transfer: int, updates: int, lines: Lines, read: Floats, learning_rate: float
    ) -> tuple[Floats, float]:
        """Values (lines, outputs) and the rate at which they are added to the target; here what was read."""
        return read, self.rates.transfer_at(transfer, learning_rate)

    # ------------------------------------------------------------------ the rest

    def elapse(self, seconds: float, role: int = 0) -> None:
        """Let the devices of one array age."""
        self.arrays[role].elapse(seconds)

    def snapshot(self) -> Any:
        """Copies of all arrays that products read, with their coefficients."""
        return [(role, self.coefficient(role), self.arrays[role].snapshot()) for role in self.plan.read]

    def evaluate(self, snapshot: Any, x: Floats, first_sample: int, draw: int, perfect: bool) -> Floats:
        """Products of the copies, added up as in training."""
        parts = [
            scaled(self.arrays[role].evaluate(copy, x, first_sample, draw, perfect), coefficient)
            for role, coefficient, copy in snapshot
        ]
        return added(parts)

    @property
    def weights(self) -> Floats:
        """The matrix that the network sees."""
        return added([scaled(self.arrays[role].weights, self.coefficient(role)) for role in self.plan.read])

    @property
    def buffered(self) -> int:
        """No algorithm without a buffer keeps numbers beside its arrays."""
        return 0

    def state(self) -> State:
        """All that changes, each array's under its role's number."""
        found: State = {"held": self._held.copy(), **under("rates", self.rates.state())}
        for role, array in enumerate(self.arrays):
            found |= {f"{role}.{key}": value for key, value in array.state().items()}
        return found

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""
        self._held = np.array(state["held"], np.float32)
        self.rates.load_state(part_of(state, "rates"))
        for role, array in enumerate(self.arrays):
            mark = f"{role}."
            array.load_state({key[len(mark) :]: value for key, value in state.items() if key.startswith(mark)})
