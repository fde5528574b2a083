"""Mixed precision: gradients gather in a digital matrix, from which whole pulses go to W.

    χ ← χ − α d xᵀ                                    every update, digital; α = gradient_rate
    n = trunc(χ / ε), n pulses on W, χ ← χ − n ε      every `transfer_every` updates; ε = threshold

(As compared in arXiv 2510.02516 and Nat. Commun. 15:7133 (2024); aihwkit's MixedPrecisionCompound. χ has the sign of
what is added to W.)
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


class MixedPrecision(Buffered):
    """One array; U is digital, in a unit of its own, and T writes."""

    def __init__(self, arrays: Sequence[AnalogSGD], plan: ArraysPlan, rates: Rates, pulsing: Pulsing) -> None:
        super().__init__(arrays, (1.0,), plan, rates, pulsing)
        #: Kept: an array of this size costs more to make than to fill.
        self._gradient: Floats = np.empty_like(self.buffer)

    def update(self, x: Floats, d: Floats, learning_rate: float, first_sample: int) -> int:
        """Add to the digital matrix; no pulses."""
        np.matmul(x.T, d, out=self._gradient)
        self._gradient *= np.float32(self.rates.gradient_at(learning_rate))
        self.buffer -= self._gradient
        return 0

    def slots(self, x: Floats, d: Floats, learning_rate: float) -> int:
        """No pulses."""
        return 0

    def between(
        self, transfer: int, updates: int, lines: Lines, read: Floats, learning_rate: float
    ) -> tuple[Floats, float]:
        """Whole pulses of the matrix at `lines`; nothing was read."""
        content = self.buffer[span(lines)]
        pulses = self.pulsing.whole(content)
        self.buffer[span(lines)] = self.left(content, pulses)
        return pulses, self.pulsing.step

    def elapse(self, seconds: float, role: int = 0) -> None:
        """Time passes for the array; the digital matrix does not age."""
        if role == 0:
            super().elapse(seconds)
