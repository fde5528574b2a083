"""What a learning algorithm is to the executor: the weights of one shard, and what F, B, U, W and T do with them."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
#: What has changed since an object was built, for a checkpoint: arrays by name. Numbers and flags are arrays of shape
#: (); what a part of the object holds stands under "part.name" (see `under` and `part_of`).
State = dict[str, NDArray[Any]]


class TransferChoice(Protocol):
    """Says which transfers are due where more than the count of updates decides."""

    def add_loss(self, micro_batch: int, loss: float) -> None:
        """The mean loss of a micro-batch is known."""

    def due(self, micro_batch: int, updates: int) -> tuple[int, ...]:
        """Transfers after update number `updates`, that of `micro_batch`; the same however often it is asked."""

    def state(self) -> State:
        """All that changes."""

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""


class ShardWeights(Protocol):
    """What a layer keeps for one shard. x is (batch, inputs), d and y are (batch, outputs), all float32.

    `role` is the number of the array, in the algorithm's plan, that the operation is at: the products of all arrays
    that F (or B) reads add up to W x (or Wᵀ d). `first_sample` is the global number of the first row; it keys every
    random number, so a row's noise does not depend on the order of calls. `version` is the number of updates that the
    machine says the operation sees.
    """

    def forward(self, x: Floats, first_sample: int, version: int, role: int = 0) -> Floats:
        """What an array adds to y = W x, for every row."""

    def backward(self, d: Floats, first_sample: int, version: int, role: int = 0) -> Floats:
        """What an array adds to Wᵀ d, for every row, shape (batch, inputs)."""

    def update(self, x: Floats, d: Floats, learning_rate: float, first_sample: int) -> int:
        """One update of W by −learning_rate · d xᵀ, row by row. Returns the pulse slots that it took."""

    def slots(self, x: Floats, d: Floats, learning_rate: float) -> int:
        """The pulse slots that such an update would take now: cheap, so that its kernel may run later."""

    def accumulate(self, x: Floats, d: Floats, learning_rate: float) -> None:
        """Add learning_rate · d xᵀ to the gradient buffer (digital only)."""

    def step(self) -> None:
        """W −= gradient buffer, which is cleared (digital only)."""

    def read(self, transfer: int, updates: int) -> int:
        """First half of a transfer after `updates` updates: read its source. Returns the products repeated."""

    def write(self, transfer: int, updates: int, learning_rate: float) -> int:
        """Second half: write its target. Returns the pulse slots."""

    def commit(self) -> None:
        """An update is complete: the next version exists."""

    def elapse(self, seconds: float, role: int = 0) -> None:
        """Time since the array was last touched has passed."""

    def snapshot(self) -> Any:
        """A copy of what an evaluation needs to see later.

        It may have to wait in a checkpoint: None, numbers, text, arrays, or tuples, lists and dicts of these.
        """

    def evaluate(self, snapshot: Any, x: Floats, first_sample: int, draw: int, perfect: bool) -> Floats:
        """y = W x with the weights of `snapshot`; noise keyed for evaluation number `draw`, none if `perfect`."""

    @property
    def repeated_products(self) -> int:
        """Products that bound management repeated in the last forward or backward, over its samples."""

    @property
    def weights(self) -> Floats:
        """Copy of W, shape (outputs, inputs), as the network sees it."""

    @property
    def buffered(self) -> int:
        """Numbers that are kept digitally beside the arrays."""

    def state(self) -> State:
        """All that changes in a run, whether an operation is in progress or not, as it is now.

        Loaded into another object that was built from the same scenario, it makes every later call give the same
        bits. Nothing is in it that follows from scenario and seed. The keys and dtypes of one kind of object are always
        the same; only shapes may change with what has happened (for a list that grows, say).
        """

    def load_state(self, state: State) -> None:
        """Put back what `state` gave, bit for bit: no rounding, no clipping, no noise. The arrays may be kept."""


def under(part: str, state: State) -> State:
    """The state of a part, named "part.…" within the state of the whole."""
    return {f"{part}.{name}": values for name, values in state.items()}


def part_of(state: State, part: str) -> State:
    """The state of the part that `under` has put there."""
    return {name[len(part) + 1 :]: values for name, values in state.items() if name.startswith(f"{part}.")}
