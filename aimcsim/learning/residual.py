"""Residual learning v1 (arXiv 2502.06309, eqs. 10 and 11): Tiki-Taka whose gradient is taken at W + γP.

P ← P − α ∇f(W + γP) ⊙ F(P) − α |∇f(W + γP)| ⊙ G(P)     α = gradient_rate
W ← W + β P ⊙ F(W) − β |P| ⊙ G(W)                        β = transfer_rate
"""

from __future__ import annotations

from aimcsim.learning.tiki_taka import TikiTaka


class ResidualLearning(TikiTaka):
    """As Tiki-Taka; P is among the arrays that F and B read, with the coefficient γ."""
