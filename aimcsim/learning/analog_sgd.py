"""Analog SGD: one array per shard, updated in place by pulse trains (arXiv 2406.12774, eq. 3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.making import Tile
from aimcsim.learning.base import Floats, State, part_of, under

#: Conductances, and the learned factors of the outputs (None where none are learned).
Snapshot = tuple[Floats, Floats | None]


class AnalogSGD:
    """One tile of a layer (see `ShardWeights`). There is one copy of the weights, so `version` is always the newest.

    An error can overflow on its way back while the loss is still finite. No pulse train stands for such an update:
    the array counts as lost and gives NaN from then on, as float weights would, until a loss sees it.
    """

    def __init__(self, tile: Tile) -> None:
        self.tile = tile
        self._lost = False

    def forward(self, x: Floats, first_sample: int, version: int, role: int = 0) -> Floats:
        """Product through the tile's converters."""
        if self._lost:
            return _nothing(len(x), self.tile.out_size)
        return self.tile.forward(x, first_sample=first_sample)

    def exact(self, x: Floats) -> Floats:
        """W x without converters or noise, NaN of a lost array."""
        return _nothing(len(x), self.tile.out_size) if self._lost else self.tile.exact(x)

    def backward(self, d: Floats, first_sample: int, version: int, role: int = 0) -> Floats:
        """Transposed product through the tile's converters."""
        if self._lost:
            return _nothing(len(d), self.tile.in_size)
        return self.tile.backward(d, first_sample=first_sample)

    def update(self, x: Floats, d: Floats, learning_rate: float, first_sample: int) -> int:
        """Pulse trains, one rank-one update after another; none where x or d is not finite."""
        try:
            return self.tile.update(x, d, learning_rate, first_sample=first_sample)
        except ValueError:
            if _finite(x, d):
                raise
            self._lost = True
            return 0

    def slots(self, x: Floats, d: Floats, learning_rate: float) -> int:
        """Those of the trains; none where x or d is not finite."""
        try:
            return self.tile.slots(x, d, learning_rate)
        except ValueError:
            if _finite(x, d):
                raise
            return 0

    def accumulate(self, x: Floats, d: Floats, learning_rate: float) -> None:
        """An analog tile has no gradient buffer; schedules that need one are refused before a run."""
        raise NotImplementedError("an analog tile has no gradient buffer")

    def step(self) -> None:
        """See `accumulate`."""
        raise NotImplementedError("an analog tile has no gradient buffer")

    def read_lines(self, lines: NDArray[np.int64], first: int) -> Floats:
        """The columns of W at input `lines`, (lines, outputs), by one product each; line 0 has number `first`."""
        if self._lost:
            return _nothing(len(lines), self.tile.out_size)
        return self.tile.forward_lines(lines, first_sample=first)

    def write_lines(self, lines: NDArray[np.int64], values: Floats, rate: float, first: int) -> int:
        """Add rate · values (lines, outputs) to the columns of W at input `lines`, by one rank-one update each."""
        try:
            return self.tile.update_lines(lines, values, -rate, first_sample=first)
        except ValueError:
            if np.isfinite(values).all():
                raise
            self._lost = True
            return 0

    def program(self, values: Floats) -> None:
        """Set W (outputs, inputs) in closed loop, as far as the devices can hold it."""
        self._lost = self._lost or not bool(np.isfinite(values).all())
        if not self._lost:
            self.tile.weights = values

    def read(self, transfer: int, updates: int) -> int:
        """One array has nothing to transfer."""
        raise NotImplementedError("one array has nothing to transfer")

    def write(self, transfer: int, updates: int, learning_rate: float) -> int:
        """See `read`."""
        raise NotImplementedError("one array has nothing to transfer")

    def commit(self) -> None:
        """The array itself is the only version."""

    def elapse(self, seconds: float, role: int = 0) -> None:
        """Let the devices age."""
        self.tile.elapse(seconds)

    def snapshot(self) -> Snapshot | None:
        """Copies of the conductances and of the learned output factors, None of a lost array."""
        return None if self._lost else (self.tile.snapshot(), self.tile.out_scales)

    def evaluate(self, snapshot: Snapshot | None, x: Floats, first_sample: int, draw: int, perfect: bool) -> Floats:
        """Product with copied conductances, through the converters unless `perfect`."""
        if snapshot is None:
            return _nothing(len(x), self.tile.out_size)
        conductances, factors = snapshot
        if perfect:
            return x @ self.tile.weights_of(conductances, factors).T
        return self.tile.forward(
            x,
            first_sample=first_sample,
            purpose="evaluation",
            draw=draw,
            conductances=conductances,
            out_scales=factors,
        )

    @property
    def repeated_products(self) -> int:
        """Repetitions of the last product; none of a lost array, which is not read any more."""
        return 0 if self._lost else self.tile.repeated_products

    def state(self) -> State:
        """The tile's, and whether the array is lost."""
        return {**under("tile", self.tile.state()), "lost": np.array(self._lost)}

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""
        self.tile.load_state(part_of(state, "tile"))
        self._lost = bool(state["lost"])

    @property
    def weights(self) -> Floats:
        """Copy of the weights W = scale · C, NaN of a lost array."""
        return _nothing(self.tile.out_size, self.tile.in_size) if self._lost else self.tile.weights

    @property
    def buffered(self) -> int:
        """Nothing is kept beside the array."""
        return 0


def _finite(x: Floats, d: Floats) -> bool:
    return bool(np.isfinite(x).all() and np.isfinite(d).all())


def _nothing(rows: int, columns: int) -> Floats:
    return np.full((rows, columns), np.nan, np.float32)
