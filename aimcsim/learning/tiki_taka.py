"""Tiki-Taka v1 (arXiv 2406.12774, eqs. TT-P and TT-W, with the sign of P turned round):

P ← P − β ∇f(W) ⊙ F(P) − β |∇f(W)| ⊙ G(P)          every update, β = gradient_rate
W ← W + α P ⊙ F(W) − α |P| ⊙ G(W)                   every `transfer_every` updates, α = transfer_rate
"""

from __future__ import annotations

from aimcsim.learning.several_arrays import SeveralArrays


class TikiTaka(SeveralArrays):
    """W is seen, P learns, and what is read off P is added to W line by line."""
