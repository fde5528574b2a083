"""The period of a run: cycles a micro-batch between updates of the first stage, in the middle of the run."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from aimcsim.pipeline.schedules.base import Schedule


class PeriodMeter:
    """Period: cycles between two U commits of the first stage (its first chunk) over the middle half of the run.

    Of the n commits that close a mini-batch (all, where nothing is flushed), counted from 0, the commits n // 4 and
    n // 4 + n // 2 are taken: both lie at the same place of their mini-batch, so that a burst of updates at a flush
    does not count as part of the distance. Given per micro-batch.
    """

    def __init__(self, schedule: Schedule) -> None:
        commits = schedule.shape.total // schedule.mini_batch
        self._first = commits // 4
        self._last = self._first + commits // 2
        self._distance = commits // 2 * schedule.mini_batch
        self._mini_batch = schedule.mini_batch
        self.count = 0
        self._at: dict[int, int] = {}

    def update_committed(self, micro_batch: int, cycle: int) -> None:
        """The first stage has committed the update of `micro_batch` (of its first chunk)."""
        if (micro_batch + 1) % self._mini_batch:
            return
        if self.count == self._first or self.count == self._last:
            self._at[self.count] = cycle
        self.count += 1

    def most_periods(self, commits: int) -> int | None:
        """Periods of `commits` each that may pass unseen before one of the two is due; None when both are over."""
        due = next((number for number in (self._first, self._last) if number >= self.count), None)
        return None if due is None else (due - self.count) // commits

    @property
    def cycles(self) -> Fraction | None:
        """Cycles per micro-batch, exact; None with fewer than two commits, or where the run stopped before the last."""
        if self._distance == 0 or self._last not in self._at:
            return None
        return Fraction(self._at[self._last] - self._at[self._first], self._distance)

    def state(self) -> dict[str, Any]:
        """Commits counted, and the cycles of those that the period lies between."""
        return {"count": self.count, "at": self._at}

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        self.count, self._at = state["count"], state["at"]
