"""Warm start of multi-tile residual learning (arXiv 2510.02516, Algorithm 1): tiles are filled one after the other.

While the pointer k is below N, the gradient tile is transferred straight to tile k; whenever the loss has reached a
plateau, k moves on. From k = N on, every tile is transferred to the next more significant one.
"""

from __future__ import annotations

import math

import numpy as np

from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.learning.base import State

#: Up to this pointer one rise of the loss is a plateau; beyond it, RISES among the last DIFFERENCES differences.
AGGRESSIVE = 3
RISES = 2
DIFFERENCES = 5


def loss_plateau(losses: list[float], pointer: int) -> bool:
    """The paper's rule. `losses`: entries since the pointer last moved (the authors' code clears them then)."""
    if pointer <= AGGRESSIVE:
        return len(losses) >= 2 and losses[-1] > losses[-2]
    if len(losses) <= DIFFERENCES:
        return False
    return sum(b > a for a, b in zip(losses[-DIFFERENCES - 1 :], losses[-DIFFERENCES:], strict=False)) >= RISES


class WarmStart:
    """Says which transfers are due. An entry of the plateau rule is the mean loss of `window` micro-batches.

    The pointer that counts for update k is that of the losses of micro-batches up to k: the same at every stage,
    whatever the order of events.
    """

    def __init__(self, plan: ArraysPlan, window: int) -> None:
        self._plan = plan
        self._tiles = len(plan.roles) - 1
        self._window = window
        self._sums: dict[int, list[float]] = {}
        #: Entries since the last move; how many entries there have been; windows at whose end the pointer moved.
        self._losses: list[float] = []
        self._entries = 0
        self._moves: list[int] = []

    def add_loss(self, micro_batch: int, loss: float) -> None:
        """Mean loss of a micro-batch; entries are made in order, when all of their micro-batches are there."""
        if len(self._moves) >= self._tiles:
            return
        self._sums.setdefault(micro_batch // self._window, []).append(loss)
        while len(self._sums.get(self._entries, ())) == self._window:
            self._losses.append(math.fsum(self._sums.pop(self._entries)) / self._window)
            if loss_plateau(self._losses, len(self._moves)):
                self._moves.append(self._entries)
                self._losses.clear()
            self._entries += 1

    def pointer(self, micro_batch: int) -> int:
        """k at the update of `micro_batch`."""
        return sum((window + 1) * self._window <= micro_batch + 1 for window in self._moves)

    def due(self, micro_batch: int, updates: int) -> tuple[int, ...]:
        """Transfers after update number `updates`, that of `micro_batch`."""
        k = self.pointer(micro_batch)
        if k >= self._tiles:
            return self._plan.due(updates)
        if updates % self._plan.transfers[0].every:
            return ()
        # Transfer 0 leads to tile N - 1; those behind the N of the cascade lead straight to tiles 0 … N - 2.
        return (0,) if k == self._tiles - 1 else (self._tiles + k,)

    def state(self) -> State:
        """All that changes."""
        pending = [(w, loss) for w, losses in self._sums.items() for loss in losses]
        return {
            "pending": np.array(pending, np.float64).reshape(-1, 2),
            "losses": np.array(self._losses, np.float64),
            "moves": np.array(self._moves, np.int64),
            "entries": np.array(self._entries, np.int64),
        }

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""
        self._sums = {}
        for window, loss in state["pending"].tolist():
            self._sums.setdefault(int(window), []).append(loss)
        self._losses, self._moves = state["losses"].tolist(), state["moves"].tolist()
        self._entries = int(state["entries"])
