"""Multi-tile residual learning (arXiv 2510.02516, eqs. 6 and 7): tiles of falling significance.

W̄ = Σ γⁿ W⁽ⁿ⁾, n = 0 … N                                   what the network sees; tile 0 is most significant
W⁽ᴺ⁾ ← W⁽ᴺ⁾ − α ∇f(W̄) ⊙ F − α |∇f(W̄)| ⊙ G                every update, α = gradient_rate
W⁽ⁿ⁾ ← W⁽ⁿ⁾ + β_j W⁽ⁿ⁺¹⁾ ⊙ F − β_j |W⁽ⁿ⁺¹⁾| ⊙ G           every T_j updates, j = N − 1 − n from the gradient tile
"""

from __future__ import annotations

from collections.abc import Sequence

from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.learning.plans import rates_upwards
from aimcsim.learning.rates import Rates
from aimcsim.learning.several_arrays import SeveralArrays
from aimcsim.scenario.algorithm_spec import MultiTileResidual as Spec


class MultiTileResidual(SeveralArrays):
    """All tiles are seen, the last learns; which transfers are due the plan says, or the warm start."""

    def __init__(self, arrays: Sequence[AnalogSGD], plan: ArraysPlan, spec: Spec) -> None:
        _, upwards = rates_upwards(spec)
        straight = len(plan.transfers) - len(upwards)
        rates = Rates(spec.gradient_rate, [*upwards, *upwards[:1] * straight], spec.scale_transfer_rate)
        super().__init__(arrays, [spec.gamma**n for n in range(spec.tiles)], plan, rates)
