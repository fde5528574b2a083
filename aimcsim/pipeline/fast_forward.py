"""Fast-forward: a run without numbers finds its periodic steady state, jumps over repetitions, and ends exactly.

Candidates are the states at the beginning of the cycle after stage 1 has committed the last update of a period. One of
them is kept and compared with those that follow; the kept one is replaced at candidates 1, 2, 4, 8, … (Brent 1980), so
that any transient and any period are found in memory that does not grow. States are compared in full.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from simpy import Event
from simpy.events import URGENT

from aimcsim.pipeline.actions import UPDATE, Action
from aimcsim.pipeline.machine import Machine, MachinePlan
from aimcsim.pipeline.repetition import Growth, Mark, Origin, move
from aimcsim.pipeline.schedules.base import FixedOrder, Policy, Schedule
from aimcsim.pipeline.seam import Jump, SkippingRecorder
from aimcsim.pipeline.state import IDLE, MachineState


def can_repeat(schedule: Schedule) -> bool:
    """True where the schedule orders actions by the differences of micro-batch numbers alone."""
    return isinstance(schedule, FixedOrder) or (isinstance(schedule, Policy) and schedule.forgets_numbers)


@dataclass(frozen=True)
class Kept:
    """Operations that the recorder has to hear of one by one, wherever they lie.

    All that start before `first_cycles`, or before stage 1 has updated `first_micro_batches`; and at least `operations`
    from those on that start at `begins(end)` or later, where `end` is the last cycle of the run.
    """

    first_cycles: int = 0
    first_micro_batches: int = 0
    operations: int = 0
    begins: Callable[[int], int] = int


class FastForward:
    """Runs a plan without an executor; `machine` is the one at work, replaced by another at every jump."""

    def __init__(self, plan: MachinePlan, recorder: SkippingRecorder, kept: Kept | None = None) -> None:
        assert can_repeat(plan.schedule)
        self._plan = plan
        self._recorder = recorder
        self._kept = kept or Kept()
        schedule = plan.schedule
        self._repeating: tuple[range, ...] | None = None
        #: Micro-batches of the smallest stretch that may repeat, and by how many one U of a chunk counts.
        self._size, self._applied = 1, 1 if schedule.step == "micro-batch" else schedule.mini_batch
        if isinstance(schedule, FixedOrder):
            self._repeating = tuple(schedule.repeating(stage) for stage in range(plan.floorplan.stages))
            self._size = schedule.period_micro_batches
        self._watch = _Watch(recorder, self._size // self._applied)
        self.machine = Machine(plan, self._watch)

    def run(self) -> Literal["completed", "diverged"]:
        """Run to the end, by jumps where there is something to jump over. Raises Deadlock as the machine does."""
        growth = self._find_repetition()
        if growth is not None:
            self._pass_over(growth)
        outcome = self.machine.run()
        assert outcome != "paused", "nobody pauses a run that is fast-forwarded"
        return outcome

    # ------------------------------------------------------------------ finding

    def _find_repetition(self) -> Growth | None:
        """Run until a state is an earlier one again; None where too little is left of the run to find any."""
        total, candidates = self._plan.schedule.shape.total, 0
        mark: Mark | None = None
        state = self.machine.live_state()
        while self._origin(state).micro_batch + 2 * self._size < total:
            self.machine.run_to(self._watch.pause_after_the_next_period(self.machine))
            candidates += 1
            state = self.machine.live_state()
            origin, sums = self._origin(state), self._recorder.sums()
            growth = None if mark is None else mark.growth_to(state, origin, sums)
            if growth is not None:
                return growth
            if candidates & (candidates - 1) == 0:
                mark = Mark.of(state, origin, sums)
        return None

    def _origin(self, state: MachineState) -> Origin:
        first = state.stages[0].updates[0] * self._applied // self._size * self._size
        chunks = self._plan.floorplan.chunks_per_stage
        if self._repeating is None:
            # No policy looks at how many actions there were.
            places = tuple(stage.cursor for stage in state.stages)
        else:
            places = tuple(first // self._size * row.step for row in self._repeating)
        return Origin(state.cycle, first, first // self._applied, first * chunks, places)

    # ------------------------------------------------------------------ jumping

    def _pass_over(self, growth: Growth) -> None:
        """Jump as far as the run repeats, but for its last repetition, in legs between what has to be seen."""
        start, end = self._stretch(growth)
        while (most := self._most_periods(growth)) > 0:
            now = int(self.machine.env.now)
            seen = self._recorder.most_periods(growth.sums)
            times = most if seen is None else min(most, seen)
            if now < end:
                times = min(times, max(0, start - now) // growth.cycles)
            if now < self._complete_until() or self._micro_batches_done() < self._kept.first_micro_batches:
                times = 0
            if times:
                self._jump(growth, times)
            if times < most:
                self.machine.run_until(int(self.machine.env.now) + growth.cycles)

    def _most_periods(self, growth: Growth) -> int:
        """Repetitions in which the run does not notice its end, less one, for the log to show."""
        stages = self.machine.live_state().stages
        if self._repeating is None:
            return (self._plan.schedule.shape.total - 1 - stages[0].forwards) // growth.micro_batches - 1
        rows = zip(self._repeating, stages, growth.cursors, strict=True)
        return min((row.stop - stage.cursor) // places for row, stage, places in rows) - 1

    def _jump(self, growth: Growth, times: int) -> None:
        state = self.machine.state()
        first = min((unit.start for unit in state.units if unit.busy_until != IDLE), default=state.cycle)
        move(state, growth, times)
        self._recorder.skip(Jump(first, state.cycle, times, growth.cycles, growth.micro_batches), growth.sums)
        self.machine = Machine(self._plan, self._watch, None, state)

    # ------------------------------------------------------------------ what has to be heard of

    def _micro_batches_done(self) -> int:
        return self.machine.stages[0].state.updates[0] * self._applied

    def _complete_until(self) -> int:
        """When all operations that started before `first_cycles` have ended."""
        if not self._kept.first_cycles:
            return 0
        return self._kept.first_cycles + max(max(self._plan.times.table(kind)) for kind in "FBUW")

    def _stretch(self, growth: Growth) -> tuple[int, int]:
        """Cycles that hold the kept operations of the middle; empty where none are asked for.

        Where they lie follows from the end of the run: a first jump, of which the recorder knows nothing, finds it.
        """
        most = self._most_periods(growth)
        if not self._kept.operations or most <= 0:
            return 0, 0
        state, last = self.machine.state(), _LastEnd()
        move(state, growth, most)
        Machine(self._plan, last, None, state).run()
        start = self._kept.begins(last.end)
        chunks = self._plan.floorplan.chunks
        products = sum(len(step) for chunk in chunks for step in (*chunk.forward, *chunk.backward))
        updates = sum(len(step) for chunk in chunks for step in chunk.update)
        each = products * growth.micro_batches + updates * growth.version
        periods = -(-self._kept.operations // each) + 1
        return start, start + periods * growth.cycles


class _Watch:
    """Hands everything on to the recorder, and stops the machine when stage 1 has closed another period."""

    def __init__(self, recorder: SkippingRecorder, updates: int) -> None:
        """`updates`: those of one chunk in a period."""
        self.operation = recorder.operation
        self.counted = recorder.counted
        self._action = recorder.action
        self._updates = updates
        self._committed = 0
        self._pause: Event | None = None

    def pause_after_the_next_period(self, machine: Machine) -> Event:
        """The event to run to: it comes at the beginning of the cycle after the period's last update."""
        self._pause = event = Event(machine.env)
        return event

    def action(self, stage: int, action: Action, start: int, end: int, version_read: int) -> None:
        """Hand on a stage action, and look whether it closes a period."""
        self._action(stage, action, start, end, version_read)
        if stage == 0 and action.kind == UPDATE and action.chunk == 0:
            self._committed += 1
            if self._pause is not None and self._committed % self._updates == 0:
                pause, self._pause = self._pause, None
                pause._ok = True
                pause._value = None
                pause.env.schedule(pause, URGENT, 1)


class _LastEnd:
    """A recorder that keeps the last cycle alone."""

    def __init__(self) -> None:
        self.end = 0

    def operation(
        self, unit: int, kind: str, micro_batch: int, start: int, end: int, version_read: int, version_written: int
    ) -> None:
        """See whether the operation is the last."""
        self.end = max(self.end, end)

    def counted(self, unit: int, kind: str, transfer: int, count: int) -> None:
        """What it did does not matter here."""

    def action(self, stage: int, action: Action, start: int, end: int, version_read: int) -> None:
        """An action ends with its last operation."""
