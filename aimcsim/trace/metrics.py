"""Metrics of time, accumulated while the run goes on; memory does not grow with its length."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from aimcsim.hardware.floorplan import Floorplan
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, Action
from aimcsim.pipeline.schedules.base import Schedule
from aimcsim.trace.oplog import NoOpLog, OpLog


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
    """The machine's recorder: feeds the op log and keeps the sums that the summary is made of.

    `unit_busy`, `stage_busy`: busy cycles by index. `staleness[kind][stage]`: see StalenessSum. Staleness is the
    number of updates of its stage that a serial run with the same mini-batches would have applied before an action
    and that the action did not see.
    """

    def __init__(self, floorplan: Floorplan, schedule: Schedule, log: OpLog | NoOpLog) -> None:
        self.unit_busy = [0] * len(floorplan.units)
        self.stage_busy = [0] * floorplan.stages
        self.first_start: int | None = None
        self.last_end = 0
        self.staleness = {kind: [StalenessSum() for _ in range(floorplan.stages)] for kind in (FORWARD, BACKWARD)}
        self.period = PeriodMeter(schedule)
        self._log = log.append
        self._mini_batch = schedule.mini_batch
        self._updates_per_mini_batch = schedule.updates_per_mini_batch

    def operation(
        self, unit: int, kind: str, micro_batch: int, start: int, end: int, version_read: int, version_written: int
    ) -> None:
        """Count a unit's busy cycles and log the operation."""
        self.unit_busy[unit] += end - start
        self._log(unit, kind, micro_batch, start, end, version_read, version_written)

    def action(self, stage: int, action: Action, start: int, end: int, version_read: int) -> None:
        """Count a stage action."""
        self.stage_busy[stage] += end - start
        if end > self.last_end:
            self.last_end = end
        if self.first_start is None:
            self.first_start = start
        kind = action[0]
        sums = self.staleness.get(kind)
        if sums is not None:
            expected = action[1] // self._mini_batch * self._updates_per_mini_batch
            own = sums[stage]
            own.total += expected - version_read
            own.count += 1
            if expected - version_read > own.largest:
                own.largest = expected - version_read
        elif stage == 0 and kind == UPDATE and action[2] == 0:
            self.period.update_committed(end)

    @property
    def makespan(self) -> int:
        """Last end minus first start, in cycles."""
        return self.last_end - (self.first_start or 0)

    @property
    def computation_density(self) -> Fraction | None:
        """Busy stage cycles / (stages x makespan), exact; None for a run without actions."""
        total = len(self.stage_busy) * self.makespan
        return Fraction(sum(self.stage_busy), total) if total else None


class PeriodMeter:
    """Period: (last minus first U commit of the first stage over the middle half of the run) / (their distance).

    Per micro-batch. Where updates come in bursts at a flush, the two commits are taken at the same place of their
    mini-batches, so that a burst does not count as part of the distance.
    """

    def __init__(self, schedule: Schedule) -> None:
        per_mini_batch = schedule.updates_per_mini_batch
        mini_batches = schedule.shape.total // schedule.mini_batch
        first, last = mini_batches // 4, 3 * mini_batches // 4
        if last == first and mini_batches > 1:
            first, last = 0, mini_batches - 1
        self._first = first * per_mini_batch
        self._last = last * per_mini_batch
        self._distance = (last - first) * schedule.mini_batch
        self._count = 0
        self._at: dict[int, int] = {}

    def update_committed(self, cycle: int) -> None:
        """The first stage has committed its next update (of its first chunk)."""
        if self._count == self._first or self._count == self._last:
            self._at[self._count] = cycle
        self._count += 1

    @property
    def cycles(self) -> Fraction | None:
        """Cycles per micro-batch, exact; None for a run too short to have a middle."""
        if self._distance == 0 or self._last not in self._at:
            return None
        return Fraction(self._at[self._last] - self._at[self._first], self._distance)
