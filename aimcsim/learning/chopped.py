"""c-TTv2 (Rasch et al., Nat. Commun. 15:7133 (2024), eq. 11): inputs change sign now and then, offsets cancel.

P ← P − λ_A d (c ⊙ x)ᵀ                            λ_A = gradient_rate, c_k = ±1 for every input line k
H_k ← H_k + λ_H c_k P_k                           λ_H = transfer_rate, at the lines k that were read
one pulse on W where |H| ≥ threshold, H ← H ∓ threshold; then c_k ← −c_k with probability `chop_probability`
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.keys import Streams
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.learning.base import Floats, State
from aimcsim.learning.buffered import Buffered, Pulsing
from aimcsim.learning.rates import Rates
from aimcsim.learning.several_arrays import Lines


class ChoppedTikiTaka(Buffered):
    """`chopper`: the sign of every input line. Its flips are keyed by seed, shard and the number of the update."""

    def __init__(
        self,
        arrays: Sequence[AnalogSGD],
        plan: ArraysPlan,
        rates: Rates,
        pulsing: Pulsing,
        probability: float,
        key: tuple[int, str],
    ) -> None:
        super().__init__(arrays, (1.0, 0.0), plan, rates, pulsing)
        self.chopper: Floats = np.ones(self.in_size, np.float32)
        self._probability = probability
        self._flips = Streams(*key, "chopper")

    def update(self, x: Floats, d: Floats, learning_rate: float, first_sample: int) -> int:
        """The gradient goes to P with chopped inputs."""
        return super().update(x * self.chopper, d, learning_rate, first_sample)

    def gathered(self, updates: int, lines: Lines, read: Floats, rate: float) -> Floats:
        """The signs at the time of the read count; then they may flip."""
        content = super().gathered(updates, lines, self.chopper[lines, None] * self.of_interest(lines, read), rate)
        flips = self.flips(updates, len(lines))
        self.seen(lines, read, flips)
        if flips.any():
            self.chopper[lines[flips]] *= np.float32(-1.0)
        return content

    def of_interest(self, lines: Lines, read: Floats) -> Floats:
        """The part of a read that carries the gradient; here all of it."""
        return read

    def seen(self, lines: Lines, read: Floats, flips: NDArray[np.bool_]) -> None:
        """A read is over, and `flips` of its lines change sign now; nothing to remember here."""

    def flips(self, updates: int, count: int) -> NDArray[np.bool_]:
        """Which of `count` lines change sign after the read that follows update number `updates`."""
        return self._flips.at(updates).random(count) < self._probability

    def state(self) -> State:
        """As before, and the signs."""
        return {**super().state(), "chopper": self.chopper.copy()}

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""
        super().load_state(state)
        self.chopper[...] = state["chopper"]
