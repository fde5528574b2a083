"""A tile without physics: exact float32 products and steps, behind the interface of `AnalogTile`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aimcsim.crossbar.checks import (
    as_lines,
    as_matrix,
    as_samples,
    check_elapsed,
    check_finite,
    check_pairs,
    check_size,
    check_updated,
)
from aimcsim.crossbar.line_floats import add_lines
from aimcsim.crossbar.mvm import exact_product
from aimcsim.crossbar.update import update_float

Floats = NDArray[np.float32]


class FloatTile:
    """Digital reference: forward x Wᵀ, backward d W, update W −= lr·d xᵀ sample by sample, all in float32.

    Takes and ignores what only physics needs (`first_sample`, `purpose`, `draw`), so that one training loop serves
    both tiles. `nominal_slots` is 0: nothing is pulsed.
    """

    nominal_slots = 0
    granularity = 0.0
    repeated_products = 0
    scale = 1.0
    out_scales = None

    def __init__(self, out_size: int, in_size: int, *, name: str = "tile", weights: ArrayLike | None = None) -> None:
        check_size(out_size, in_size)
        self.out_size = out_size
        self.in_size = in_size
        self.name = name
        self._weights: Floats = np.zeros((out_size, in_size), np.float32)
        if weights is not None:
            self.weights = weights

    @property
    def weights(self) -> Floats:
        """A copy of W (out, in)."""
        return self._weights.copy()

    @weights.setter
    def weights(self, values: ArrayLike) -> None:
        self._weights = as_matrix(values, (self.out_size, self.in_size), "weights")

    def weights_of(self, conductances: Floats, out_scales: Floats | None = None) -> Floats:
        """The stored matrix is the weights."""
        return conductances

    def forward(
        self,
        x: ArrayLike,
        *,
        first_sample: int | None = None,
        purpose: str = "forward",
        draw: int = 0,
        conductances: Floats | None = None,
        out_scales: Floats | None = None,
    ) -> Floats:
        """x Wᵀ: (batch, in) to (batch, out); `conductances`, if given, stand in for W."""
        matrix = self._weights if conductances is None else conductances
        return exact_product(as_samples(x, self.in_size, "x"), matrix, True)

    def forward_lines(self, lines: ArrayLike, *, first_sample: int | None = None) -> Floats:
        """The columns of W at input `lines` (batch,): (batch, out)."""
        return np.ascontiguousarray(self._weights.T[as_lines(lines, self.in_size)])

    def exact(self, x: ArrayLike) -> Floats:
        """As `forward`: nothing here is inexact."""
        return self.forward(x)

    def backward(self, d: ArrayLike, *, first_sample: int | None = None) -> Floats:
        """d W: (batch, out) to (batch, in)."""
        return exact_product(as_samples(d, self.out_size, "d"), self._weights, False)

    def update(self, x: ArrayLike, d: ArrayLike, learning_rate: float, *, first_sample: int | None = None) -> int:
        """W −= lr·d xᵀ in place, in sample order; 0 slots. ValueError, W untouched, if any is not finite."""
        lines, errors = as_samples(x, self.in_size, "x"), as_samples(d, self.out_size, "d")
        check_pairs(lines, errors)
        return check_updated(
            update_float(self._weights, lines, errors, check_finite(float(learning_rate), "learning_rate"))
        )

    def update_lines(
        self, lines: ArrayLike, d: ArrayLike, learning_rate: float, *, first_sample: int | None = None
    ) -> int:
        """As `update` for samples whose x is one at the input line `lines` (batch,) and zero elsewhere."""
        places, errors = as_lines(lines, self.in_size), as_samples(d, self.out_size, "d")
        check_pairs(places, errors)
        rate = check_finite(float(learning_rate), "learning_rate")
        return check_updated(add_lines(self._weights, places, errors, rate))

    def slots(self, x: ArrayLike, d: ArrayLike, learning_rate: float) -> int:
        """Nothing is pulsed."""
        return 0

    def elapse(self, seconds: float) -> None:
        """Digital weights do not age; the time is only checked."""
        check_elapsed(seconds)

    def snapshot(self) -> Floats:
        """A copy of the stored matrix, for `restore` or for `forward(conductances=...)`."""
        return self._weights.copy()

    def restore(self, conductances: ArrayLike) -> None:
        """Put a snapshot back."""
        self._weights = as_matrix(conductances, (self.out_size, self.in_size), "conductances")

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All that changes, as arrays, for a checkpoint."""
        return {"conductances": self._weights.copy()}

    def load_state(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Put back what `state` gave, finite or not."""
        self._weights = np.array(state["conductances"], np.float32, order="C")
