"""AGAD (Rasch et al., Nat. Commun. 15:7133 (2024), eqs. 12 and 13): chopped, with a reference that follows P.

H_k ← H_k + λ_H c_k (P_k − p_ref,k)               λ_H = transfer_rate, at the lines k that were read
p_k ← (1 − β) p_k + β P_k                         β = reference_rate
one pulse on W where |H| ≥ threshold, H ← H ∓ threshold
with probability `chop_probability`: c_k ← −c_k and p_ref,k ← p_k
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.learning.base import Floats, State
from aimcsim.learning.buffered import Pulsing
from aimcsim.learning.chopped import ChoppedTikiTaka
from aimcsim.learning.rates import Rates
from aimcsim.learning.several_arrays import Lines, span
from aimcsim.scenario.algorithm_spec import Agad as Spec


class Agad(ChoppedTikiTaka):
    """`mean` is the running mean of the reads, `reference` what it was when a line last changed its sign."""

    def __init__(
        self,
        arrays: Sequence[AnalogSGD],
        plan: ArraysPlan,
        rates: Rates,
        pulsing: Pulsing,
        spec: Spec,
        key: tuple[int, str],
    ) -> None:
        super().__init__(arrays, plan, rates, pulsing, spec.chop_probability, key)
        self._beta = spec.reference_rate
        self.mean: Floats = np.zeros_like(self.buffer)
        self.reference: Floats = np.zeros_like(self.buffer)

    def of_interest(self, lines: Lines, read: Floats) -> Floats:
        """What has come since the last change of sign."""
        return read - self.reference[span(lines)]

    def seen(self, lines: Lines, read: Floats, flips: NDArray[np.bool_]) -> None:
        """The mean follows the read; where the sign changes it becomes the reference."""
        own = span(lines)
        self.mean[own] = mean = np.float32(1.0 - self._beta) * self.mean[own] + np.float32(self._beta) * read
        if flips.any():
            self.reference[lines[flips]] = mean[flips]

    @property
    def buffered(self) -> int:
        """Buffer, mean and reference."""
        return 3 * self.buffer.size

    def state(self) -> State:
        """As before, and both means."""
        return {**super().state(), "mean": self.mean.copy(), "reference": self.reference.copy()}

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""
        super().load_state(state)
        self.mean[...] = state["mean"]
        self.reference[...] = state["reference"]
