"""E-RIDER (arXiv 2602.21321), reconstructed from the paper's prose: its displayed equations were not at hand.

W̄ = W + γ c (P − Q̃)                                       Q̃ is on an array, c = ±1 for the whole network
P ← P − α c ∇f(W̄) ⊙ F(P) − α |∇f(W̄)| ⊙ G(P)             every update, α = gradient_rate
W ← W + β c (P − Q̃) ⊙ F(W) − β |P − Q̃| ⊙ G(W)            every transfer, β = transfer_rate
Q ← (1 − η) Q + η P                                        digital, after each transfer; η = reference_rate
with probability `chop_probability` after a transfer: c ← −c, and Q̃ is programmed to Q
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.keys import Streams
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.learning.base import Floats, State
from aimcsim.learning.plans import W
from aimcsim.learning.rates import Rates
from aimcsim.learning.several_arrays import Lines, SeveralArrays, span
from aimcsim.scenario.algorithm_spec import ERider as Spec

#: The array of the reference, and the transfer that programs it.
Q = 2
PROGRAMMING = 1


class ERider(SeveralArrays):
    """`mean` is the digital Q, (inputs, outputs); P and Q̃ are read together, as one differential pair."""

    def __init__(self, arrays: Sequence[AnalogSGD], plan: ArraysPlan, rates: Rates, spec: Spec) -> None:
        super().__init__(arrays, (1.0, spec.gamma, -spec.gamma), plan, rates)
        self._eta = spec.reference_rate
        self.sign = 1.0
        self.mean: Floats = np.zeros((self.in_size, self.out_size), np.float32)
        self._reference: Floats = self._held

    def coefficient(self, role: int) -> float:
        """P and Q̃ count with the sign of the chopper."""
        return super().coefficient(role) * (1.0 if role == W else self.sign)

    def update(self, x: Floats, d: Floats, learning_rate: float, first_sample: int) -> int:
        """The gradient goes to P with the sign of the chopper."""
        return super().update(x * np.float32(self.sign), d, learning_rate, first_sample)

    def read(self, transfer: int, updates: int) -> int:
        """Read P, and Q̃ beside it."""
        repeated = super().read(transfer, updates)
        self._reference = self.arrays[Q].read_lines(self.lines(transfer, updates), self.key(transfer, updates))
        return repeated

    def between(
        self, transfer: int, updates: int, lines: Lines, read: Floats, learning_rate: float
    ) -> tuple[Floats, float]:
        """c (P − Q̃); then the digital Q follows P."""
        values = np.float32(self.sign) * (read - self._reference)
        self._reference = self._reference[:0]
        own = span(lines)
        self.mean[own] = np.float32(1.0 - self._eta) * self.mean[own] + np.float32(self._eta) * read
        return values, self.rates.transfer_at(transfer, learning_rate)

    def write(self, transfer: int, updates: int, learning_rate: float) -> int:
        """A transfer to W; or the sign changes, and Q̃ is programmed, with one train of nominal length a line."""
        if transfer != PROGRAMMING:
            return super().write(transfer, updates, learning_rate)
        self.sign = -self.sign
        self.arrays[Q].program(self.mean.T)
        return self.plan.transfers[transfer].slots * self.in_size

    @property
    def buffered(self) -> int:
        """One number a weight."""
        return self.mean.size

    def state(self) -> State:
        """The arrays' state, Q, what was read of Q̃, and the sign."""
        own: State = {"mean": self.mean.copy(), "sign": np.array(self.sign), "read": self._reference.copy()}
        return {**super().state(), **own}

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""
        super().load_state(state)
        self.mean[...] = state["mean"]
        self.sign = float(state["sign"])
        self._reference = np.array(state["read"], np.float32)


class SignFlips:
    """Says which transfers are due: the plan's to W, and where the sign flips the programming of Q̃.

    A flip is keyed by the seed and the number of the update, so that all layers flip alike and no order matters.
    """

    def __init__(self, plan: ArraysPlan, probability: float, seed: int) -> None:
        self._every = plan.transfers[0].every
        self._probability = probability
        self._flips = Streams(seed, "e-rider", "chopper")

    def add_loss(self, micro_batch: int, loss: float) -> None:
        """No loss decides."""

    def due(self, micro_batch: int, updates: int) -> tuple[int, ...]:
        """Transfers after update number `updates`."""
        if updates % self._every:
            return ()
        flips = self._flips.at(updates).random() < self._probability
        return (0, PROGRAMMING) if flips else (0,)

    def state(self) -> State:
        """Nothing changes."""
        return {}

    def load_state(self, state: State) -> None:
        """See `state`."""
