"""RIDER (arXiv 2602.21321), reconstructed from the paper's prose: its displayed equations were not at hand.

W̄ = W + γ (P − Q)                                         what the network sees; Q is digital
P ← P − α ∇f(W̄) ⊙ F(P) − α |∇f(W̄)| ⊙ G(P)               every update, α = gradient_rate
W ← W + β (P − Q) ⊙ F(W) − β |P − Q| ⊙ G(W)               every transfer, β = transfer_rate
Q ← (1 − η) Q + η P                                        after the write, η = reference_rate
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.learning.base import Floats, State
from aimcsim.learning.plans import P
from aimcsim.learning.rates import Rates
from aimcsim.learning.several_arrays import Lines, SeveralArrays, span
from aimcsim.scenario.algorithm_spec import Rider as Spec


class Rider(SeveralArrays):
    """`reference` is Q, (inputs, outputs): it estimates the symmetric point of every device of P."""

    def __init__(self, arrays: Sequence[AnalogSGD], plan: ArraysPlan, rates: Rates, spec: Spec) -> None:
        super().__init__(arrays, (1.0, spec.gamma), plan, rates)
        self._gamma = np.float32(spec.gamma)
        self._eta = spec.reference_rate
        self.reference: Floats = np.zeros((self.in_size, self.out_size), np.float32)

    def forward(self, x: Floats, first_sample: int, version: int, role: int = 0) -> Floats:
        """Of P: γ (P x − Q x), the second product digital."""
        y = super().forward(x, first_sample, version, role)
        return y - self._gamma * (x @ self.reference) if role == P else y

    def exact(self, x: Floats) -> Floats:
        """As products are, without noise."""
        y = super().exact(x)
        return y - self._gamma * (x @ self.reference) if P in self.plan.read else y

    def backward(self, d: Floats, first_sample: int, version: int, role: int = 0) -> Floats:
        """Of P: γ (Pᵀ d − Qᵀ d)."""
        back = super().backward(d, first_sample, version, role)
        return back - self._gamma * (d @ self.reference.T) if role == P else back

    def between(
        self, transfer: int, updates: int, lines: Lines, read: Floats, learning_rate: float
    ) -> tuple[Floats, float]:
        """P − Q; then Q follows P."""
        own = span(lines)
        values = read - self.reference[own]
        self.reference[own] = np.float32(1.0 - self._eta) * self.reference[own] + np.float32(self._eta) * read
        return values, self.rates.transfer_at(transfer, learning_rate)

    def snapshot(self) -> Any:
        """Copies of the arrays and of Q."""
        return super().snapshot(), self.reference.copy()

    def evaluate(self, snapshot: Any, x: Floats, first_sample: int, draw: int, perfect: bool) -> Floats:
        """As in training."""
        arrays, reference = snapshot
        y = super().evaluate(arrays, x, first_sample, draw, perfect)
        return y - self._gamma * (x @ reference) if P in self.plan.read else y

    @property
    def weights(self) -> Floats:
        """The matrix that the network sees."""
        seen = super().weights
        return seen - self._gamma * self.reference.T if P in self.plan.read else seen

    @property
    def buffered(self) -> int:
        """One number a weight."""
        return self.reference.size

    def state(self) -> State:
        """The arrays' state, and Q."""
        return {**super().state(), "reference": self.reference.copy()}

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""
        super().load_state(state)
        self.reference[...] = state["reference"]
