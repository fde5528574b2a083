"""Metrics of time, accumulated while the run goes on; memory does not grow with its length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

from aimcsim.costs.tally import Tally
from aimcsim.hardware.floorplan import Floorplan
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, Action
from aimcsim.pipeline.schedules.base import Schedule
from aimcsim.pipeline.seam import Jump
from aimcsim.trace.buffers import SkipBuffers
from aimcsim.trace.oplog import NoOpLog, OpLog
from aimcsim.trace.period import PeriodMeter

#: A cycle that no run reaches.
NEVER = 1 << 62


def _nothing() -> None:
    """Nobody waits for a cycle."""


@dataclass(slots=True)
class StalenessSum:
    """Sum, maximum and number of the staleness of one kind of action at one stage."""

    total: int = 0
    largest: int = 0
    count: int = 0

    @property
    def mean(self) -> float | None:
        """Mean over all actions, None where there was none."""
        return self.total / self.count if self.count else None


class MetricsRecorder:
    """The machine's recorder: feeds the op log and keeps the sums that the summary is made of, through jumps too.

    `unit_busy`, `stage_busy`: busy cycles by index. `tally`: what has been done. `skips`: what waits.
    `staleness[kind][stage]`: see StalenessSum. Staleness is the number of updates of its stage that a serial run with
    the same mini-batches would have applied before an action and that the action did not see.
    """

    def __init__(self, floorplan: Floorplan, schedule: Schedule, log: OpLog | NoOpLog) -> None:
        self.unit_busy = [0] * len(floorplan.units)
        self.stage_busy = [0] * floorplan.stages
        self.first_start: int | None = None
        self.last_end = 0
        self.staleness = {kind: [StalenessSum() for _ in range(floorplan.stages)] for kind in (FORWARD, BACKWARD)}
        self.period = PeriodMeter(schedule)
        self.jumps: list[Jump] = []
        self.tally = tally = Tally(floorplan)
        self.counted = tally.counted
        self.skips = SkipBuffers(floorplan)
        self._has_skips = bool(self.skips.buffers)
        #: Called with nothing before the first operation that ends after this cycle is counted.
        self._after = NEVER
        self._then: Callable[[], None] = _nothing
        self._look_into(tally)
        self._stages = floorplan.stages
        self._log = log.append
        self._skip_in_log = log.skip
        self._mini_batch = schedule.mini_batch
        self._updates_per_mini_batch = schedule.updates_per_mini_batch
        self._out_of_order = None if schedule.updates_ascend else schedule

    def _look_into(self, tally: Tally) -> None:
        """Have the tally's lists at hand: they are counted in for every operation and action."""
        self._operations = tally.operations
        self._actions = {kind: (tally.actions[kind], tally.cycles[kind]) for kind in tally.actions}

    def operation(
        self, unit: int, kind: str, micro_batch: int, start: int, end: int, version_read: int, version_written: int
    ) -> None:
        """Count a unit's operations and busy cycles, and log the operation."""
        if end > self._after:
            self._fire()
        self.unit_busy[unit] += end - start
        self._operations[kind][unit] += 1
        self._log(unit, kind, micro_batch, start, end, version_read, version_written)

    def action(self, stage: int, action: Action, start: int, end: int, version_read: int) -> None:
        """Count a stage action."""
        self.stage_busy[stage] += end - start
        if end > self.last_end:
            self.last_end = end
        if self.first_start is None:
            self.first_start = start
        kind = action[0]
        virtual = action[2] * self._stages + stage
        count, cycles = self._actions[kind]
        count[virtual] += 1
        cycles[virtual] += end - start
        if self._has_skips:
            self.skips.action(kind, virtual, start, end)
        sums = self.staleness.get(kind)
        if sums is not None:
            expected = action[1] // self._mini_batch * self._updates_per_mini_batch
            seen = version_read
            if self._out_of_order is not None:
                seen = self._out_of_order.updates_seen(stage, action[2], version_read, expected)
            own = sums[stage]
            own.total += expected - seen
            own.count += 1
            if expected - seen > own.largest:
                own.largest = expected - seen
        elif stage == 0 and kind == UPDATE and action[2] == 0:
            self.period.update_committed(action[1], end)

    def after(self, cycle: int, then: Callable[[], None]) -> None:
        """Call `then` when everything that ends at `cycle` or before has been counted, and nothing that ends later."""
        self._after, self._then = cycle, then

    def _fire(self) -> None:
        then, self._after, self._then = self._then, NEVER, _nothing
        then()

    def sums(self) -> tuple[int, ...]:
        """All that grows by the same in every period of a steady state; `skip` takes them apart again."""
        counted = (n for kind in (FORWARD, BACKWARD) for own in self.staleness[kind] for n in (own.total, own.count))
        return (self.period.count, *self.unit_busy, *self.stage_busy, *counted, *self.tally.growing())

    def most_periods(self, growth: Sequence[int]) -> int | None:
        """Periods that may be skipped without missing a commit from which the period is measured."""
        return self.period.most_periods(growth[0])

    def skip(self, jump: Jump, growth: Sequence[int]) -> None:
        """Count the periods of a jump. Their largest staleness is that of the periods before."""
        grown = (before + jump.periods * more for before, more in zip(self.sums(), growth, strict=True))
        self.period.count = next(grown)
        self.unit_busy = list(islice(grown, len(self.unit_busy)))
        self.stage_busy = list(islice(grown, len(self.stage_busy)))
        for kind in (FORWARD, BACKWARD):
            for own in self.staleness[kind]:
                own.total, own.count = next(grown), next(grown)
        self.tally.grow(grown)
        self.last_end += jump.periods * jump.cycles
        self.skips.skip(jump.periods * jump.cycles)
        self.jumps.append(jump)
        self._skip_in_log(jump)

    def state(self) -> dict[str, Any]:
        """All sums so far."""
        return {
            "unit_busy": self.unit_busy,
            "stage_busy": self.stage_busy,
            "first_start": self.first_start,
            "last_end": self.last_end,
            "staleness": self.staleness,
            "period": self.period.state(),
            "tally": self.tally.state(),
            "skips": self.skips.state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        self.unit_busy, self.stage_busy = state["unit_busy"], state["stage_busy"]
        self.first_start, self.last_end = state["first_start"], state["last_end"]
        self.staleness = state["staleness"]
        self.period.load_state(state["period"])
        self.tally.load_state(state["tally"])
        self.skips.load_state(state["skips"])
        self._look_into(self.tally)

    @property
    def makespan(self) -> int:
        """Last end minus first start, in cycles."""
        return self.last_end - (self.first_start or 0)

    @property
    def computation_density(self) -> Fraction | None:
        """Busy stage cycles / (stages x makespan), exact; None for a run without actions."""
        total = len(self.stage_busy) * self.makespan
        return Fraction(sum(self.stage_busy), total) if total else None
