"""Rates that follow the data (Rasch et al., Nat. Commun. 15:7133 (2024), eqs. 14 and 15; aihwkit's `auto_scale`).

λ_A = η₀ l_max δ_A / (μ_x μ_d)          the largest product of a usual sample fills a train: η₀ l_max pulses on P
λ_H = λ n_s n / (γ₀ δ_W λ_A)            γ₀ pulses' worth of read-outs make one pulse on W, whatever λ_A was

η₀ = gradient_rate, λ = transfer_rate (times the learning rate, if scaled), γ₀ = auto_granularity; l_max is the desired
train length, δ the granularity of the arrays, n the input lines, n_s the samples from one read to the next; μ are
running means of the largest |x| and |d| of a sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aimcsim.learning.base import Floats, State
from aimcsim.learning.rates import Rates

#: What the running means keep of the past with every micro-batch, as in aihwkit.
MEMORY = 0.99


#: Of the largest |x| and of the largest |d|.
Means = tuple[float, float]


@dataclass(frozen=True)
class Proportions:
    """`train`: l_max δ_A. `distance`: samples between two reads of one line, n_s n, over γ₀ and δ_W, times the content
    of the buffer that makes a pulse.
    """

    train: float
    distance: float


class AutomaticRates(Rates):
    """`Rates` whose numbers are the factors η₀ and λ; `seen` keeps the means up to date, an update at a time."""

    def __init__(self, factors: Rates, proportions: Proportions) -> None:
        super().__init__(factors.gradient, factors.transfer, factors.scaled)
        self._proportions = proportions
        #: Means of the largest |x| and |d|; negative before the first sample.
        self._means: Means = (-1.0, -1.0)

    def seen(self, x: Floats, d: Floats) -> None:
        """A micro-batch is about to be written to P. One that is not finite is left to the arrays to refuse."""
        self._means = self._after(x, d)

    def _after(self, x: Floats, d: Floats) -> Means:
        largest = (float(np.abs(x).max(axis=1).mean()), float(np.abs(d).max(axis=1).mean()))
        if not (math.isfinite(largest[0]) and math.isfinite(largest[1])):
            return self._means
        if self._means[0] < 0.0:
            return largest
        (x_past, d_past), fresh = self._means, 1.0 - MEMORY
        return MEMORY * x_past + fresh * largest[0], MEMORY * d_past + fresh * largest[1]

    def gradient_at(self, learning_rate: float) -> float:
        """λ_A; 0 as long as nothing but zeros has been seen, for which every rate is the same."""
        return self._written(self._means)

    def foreseen(self, x: Floats, d: Floats, learning_rate: float) -> float:
        """λ_A with this micro-batch in the means."""
        return self._written(self._after(x, d))

    def _written(self, means: Means) -> float:
        product = means[0] * means[1]
        factor = 1.0 if self.gradient is None else self.gradient
        return factor * self._proportions.train / product if product > 0.0 else 0.0

    def transfer_at(self, transfer: int, learning_rate: float) -> float:
        """λ_H; 0 as long as nothing has been written to P."""
        written = self.gradient_at(learning_rate)
        return super().transfer_at(transfer, learning_rate) * self._proportions.distance / written if written else 0.0

    def state(self) -> State:
        """The means."""
        return {"means": np.array(self._means, np.float64)}

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""
        of_x, of_d = state["means"].tolist()
        self._means = (of_x, of_d)
