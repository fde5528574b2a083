"""Tiki-Taka v2 (arXiv 2502.06309, App. D; Rasch et al., Nat. Commun. 15:7133 (2024), eq. 10).

    H ← H + β P                                       β = transfer_rate, at the lines that were read
    one pulse on W where |H| ≥ threshold, H ← H ∓ threshold

aihwkit's BufferedTransfer leaves a part of what a pulse took in the buffer (`momentum`): H ← H ∓ (1 − momentum) ·
threshold, or, with `forget_buffer`, H ← momentum · H.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.learning.base import Floats
from aimcsim.learning.buffered import Buffered, Pulsing
from aimcsim.learning.rates import Rates
from aimcsim.scenario.algorithm_spec import TikiTakaV2 as Spec


class TikiTakaV2(Buffered):
    """W is seen, P learns, the buffer decides about each pulse."""

    def __init__(
        self, arrays: Sequence[AnalogSGD], plan: ArraysPlan, rates: Rates, pulsing: Pulsing, spec: Spec
    ) -> None:
        super().__init__(arrays, (1.0, 0.0), plan, rates, pulsing)
        self._momentum = np.float32(spec.momentum)
        self._forgets = spec.forget_buffer

    def left(self, content: Floats, pulses: Floats) -> Floats:
        """All but what the pulses stand for; more of it with momentum."""
        if self._forgets:
            return np.where(pulses != 0.0, content * self._momentum, content)
        return content - (np.float32(1.0) - self._momentum) * self.pulsing.worth(pulses)
