"""Digital SGD: float weights, exact products; W ← W − α d xᵀ."""

from __future__ import annotations

import numpy as np

from aimcsim.learning.base import State, part_of, under
from aimcsim.learning.versions import Floats, VersionedArray


class DigitalSGD:
    """Float weights of one shard (see `ShardWeights`), with as many old versions as the schedule reads."""

    repeated_products = 0

    def __init__(self, weights: Floats, kept_versions: int = 0) -> None:
        self._array = VersionedArray(weights, kept_versions)
        self._gradient: Floats | None = None
        #: Kept: an array of this size costs more to make than to fill.
        self._step: Floats = np.empty_like(self._array.current)

    def forward(self, x: Floats, first_sample: int, version: int, role: int = 0) -> Floats:
        """Exact product with the weights of `version`."""
        return x @ self._array.at(version).T

    def backward(self, d: Floats, first_sample: int, version: int, role: int = 0) -> Floats:
        """Exact transposed product with the weights of `version`."""
        return d @ self._array.at(version)

    def update(self, x: Floats, d: Floats, learning_rate: float, first_sample: int) -> int:
        """One step with the summed gradient of the rows; no pulses."""
        self._array.before_update()
        self._array.current -= self._gradient_of(x, d, learning_rate)
        return 0

    def slots(self, x: Floats, d: Floats, learning_rate: float) -> int:
        """No pulses."""
        return 0

    def accumulate(self, x: Floats, d: Floats, learning_rate: float) -> None:
        """Add to the gradient buffer, each micro-batch with the rate of its own samples."""
        gradient = self._gradient_of(x, d, learning_rate)
        if self._gradient is None:
            self._gradient = gradient.copy()
        else:
            self._gradient += gradient

    def _gradient_of(self, x: Floats, d: Floats, learning_rate: float) -> Floats:
        """learning_rate · Σ d xᵀ, in an array that the next call fills anew."""
        np.matmul(d.T, x, out=self._step)
        self._step *= np.float32(learning_rate)
        return self._step

    def step(self) -> None:
        """One step with the gradient buffer."""
        self._array.before_update()
        if self._gradient is not None:
            self._array.current -= self._gradient
        self._gradient = None

    def read(self, transfer: int, updates: int) -> int:
        """One array has nothing to transfer."""
        raise NotImplementedError("one array has nothing to transfer")

    def write(self, transfer: int, updates: int, learning_rate: float) -> int:
        """See `read`."""
        raise NotImplementedError("one array has nothing to transfer")

    def commit(self) -> None:
        """Count the version."""
        self._array.commit()

    def elapse(self, seconds: float, role: int = 0) -> None:
        """Digital weights do not change with time."""

    def snapshot(self) -> Floats:
        """Copy of the current weights."""
        return self._array.current.copy()

    def evaluate(self, snapshot: Floats, x: Floats, first_sample: int, draw: int, perfect: bool) -> Floats:
        """Exact product with the copied weights."""
        return x @ snapshot.T

    def state(self) -> State:
        """The versions, and the gradient buffer where it holds something."""
        gradient = np.zeros((0, 0), np.float32) if self._gradient is None else self._gradient
        return {**under("array", self._array.state()), "gradient": gradient.copy()}

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""
        self._array.load_state(part_of(state, "array"))
        self._gradient = state["gradient"] if state["gradient"].size else None

    @property
    def buffered(self) -> int:
        """Nothing is kept beside the weights."""
        return 0

    @property
    def weights(self) -> Floats:
        """Copy of the current weights."""
        return self._array.current.copy()
