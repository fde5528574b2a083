"""Evaluation: an observer that looks at the arrays as each stage copied them when it committed update n."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np


class EvaluationPoints:
    """Collects, for every evaluated number of micro-batches, the stages' copies and the training loss until then.

    `every` micro-batches lie between two points; the last point is `total`. When all `chunks` have handed in their
    copies of a point, `evaluate(micro_batches, copies, cycle, train_loss)` is called; points complete in order.
    """

    def __init__(
        self,
        every: int,
        total: int,
        chunks: int,
        micro_batch: int,
        evaluate: Callable[[int, dict[int, Any], int, float | None], None],
    ) -> None:
        self._every = every
        self._total = total
        self._chunks = chunks
        self._micro_batch = micro_batch
        self._evaluate = evaluate
        self._copies: dict[int, dict[int, Any]] = {}
        self._missing: dict[int, int] = {}
        self._cycle: dict[int, int] = {}
        self._losses: dict[int, list[float]] = {}

    def is_due(self, applied: int) -> bool:
        """True where `applied` micro-batches are a point."""
        return applied % self._every == 0 or applied == self._total

    def add_loss(self, micro_batch: int, total: float) -> None:
        """Sum of the losses of a micro-batch's samples."""
        self._losses.setdefault(self._point_after(micro_batch), []).append(total)

    def add_copy(self, applied: int, chunk: int, copies: dict[int, Any], cycle: int) -> None:
        """A chunk has committed the update that makes `applied`; the last chunk completes the point."""
        self._copies.setdefault(applied, {}).update(copies)
        self._cycle[applied] = max(cycle, self._cycle.get(applied, 0))
        self._missing[applied] = self._missing.get(applied, self._chunks) - 1
        if self._missing[applied] == 0:
            del self._missing[applied]
            self._evaluate(applied, self._copies.pop(applied), self._cycle.pop(applied), self._mean_loss(applied))

    def _point_after(self, micro_batch: int) -> int:
        return min(self._total, (micro_batch // self._every + 1) * self._every)

    def _mean_loss(self, point: int) -> float | None:
        """Mean loss per sample since the point before; an exact sum, whatever the order of arrival."""
        losses = self._losses.pop(point, [])
        return math.fsum(losses) / (len(losses) * self._micro_batch) if losses else None

    def state(self) -> dict[str, Any]:
        """Copies and losses that wait for their point to be complete."""
        losses = {point: np.array(values, np.float64) for point, values in self._losses.items()}
        return {"copies": self._copies, "missing": self._missing, "cycle": self._cycle, "losses": losses}

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        self._copies, self._missing, self._cycle = state["copies"], state["missing"], state["cycle"]
        self._losses = {point: values.tolist() for point, values in state["losses"].items()}
