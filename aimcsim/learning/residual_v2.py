"""Residual learning v2 (arXiv 2502.06309, eqs. 14 and 15, and App. D): a low-pass filter between P and W.

H ← (1 − β) H + β P                               β = transfer_rate; the gradient of P is taken at W + γP
write: filtered    W ← W + β H ⊙ F(W) − β |H| ⊙ G(W)
write: pulses      one pulse on W where |H| ≥ threshold, H ← H ∓ threshold
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.learning.base import Floats
from aimcsim.learning.buffered import Buffered, Pulsing
from aimcsim.learning.rates import Rates
from aimcsim.learning.several_arrays import Lines, span
from aimcsim.scenario.algorithm_spec import ResidualLearningV2 as Spec


class ResidualLearningV2(Buffered):
    """W + γP is seen, P learns, the filtered reads go to W."""

    def __init__(
        self, arrays: Sequence[AnalogSGD], plan: ArraysPlan, rates: Rates, pulsing: Pulsing, spec: Spec
    ) -> None:
        super().__init__(arrays, (1.0, spec.gamma), plan, rates, pulsing)
        self._filtered = spec.write == "filtered"

    def gathered(self, updates: int, lines: Lines, read: Floats, rate: float) -> Floats:
        """(1 − β) H + β P."""
        return np.float32(1.0 - rate) * self.buffer[span(lines)] + np.float32(rate) * read

    def between(
        self, transfer: int, updates: int, lines: Lines, read: Floats, learning_rate: float
    ) -> tuple[Floats, float]:
        """Pulses, or the filter's content at the rate β."""
        if not self._filtered:
            return super().between(transfer, updates, lines, read, learning_rate)
        rate = self.rates.transfer_at(transfer, learning_rate)
        self.buffer[span(lines)] = content = self.gathered(updates, lines, read, rate)
        return content, rate
