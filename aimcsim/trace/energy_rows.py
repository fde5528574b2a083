"""Energy at each evaluation, for metrics.csv: all operations that had ended by then, and idle power until then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aimcsim.costs.energy import EnergyModel
from aimcsim.pipeline.state import UnitState
from aimcsim.trace.metrics import MetricsRecorder


class EnergyMeter:
    """`joules`: one figure an evaluation, None each where nothing has a unit cost.

    An evaluation is made in the midst of its cycle, when some operations that end at that cycle have been counted and
    others have not. So its energy is taken once the first operation that ends later is about to be counted.
    """

    def __init__(self, model: EnergyModel, recorder: MetricsRecorder) -> None:
        self.joules: list[float | None] = []
        self._model = model
        self._recorder = recorder
        self._cycle = 0
        self._waiting = 0
        self._under_way: list[int] = []

    def mark(self, cycle: int, units: Sequence[UnitState]) -> None:
        """An evaluation was made at `cycle`, the machine's present one; `units` are the states of its units."""
        if not self._model.prices:
            self.joules.append(None)
            return
        if self._waiting and cycle != self._cycle:
            self.settle()
        self._cycle = cycle
        self._waiting += 1
        # What is under way has been busy so far, though its operation is counted, with its energy, when it has ended.
        self._under_way = [cycle - unit.start if unit.busy_until > cycle else 0 for unit in units]
        self._recorder.after(cycle, self.settle)

    def settle(self) -> None:
        """Everything that ends at the cycle of the evaluations that wait, or before, has been counted."""
        if self._waiting:
            busy = [ended + more for ended, more in zip(self._recorder.unit_busy, self._under_way, strict=True)]
            joules = self._model.energy(self._recorder.tally, busy, self._cycle).joules
            self.joules += [joules or 0.0] * self._waiting
            self._waiting = 0

    def state(self) -> dict[str, Any]:
        """At the beginning of a cycle: the figures so far."""
        self.settle()
        return {"joules": self.joules}

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        self.joules = state["joules"]
