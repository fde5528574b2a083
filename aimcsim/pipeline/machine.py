"""The machine: SimPy processes of units, stages, links and the loss, wired as the floorplan says."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from simpy import Environment, Event
from simpy.core import StopSimulation
from simpy.events import URGENT, EventPriority

from aimcsim.errors import Deadlock
from aimcsim.hardware.floorplan import Floorplan
from aimcsim.pipeline.actions import BACKWARD
from aimcsim.pipeline.link import Link, LinkTimes
from aimcsim.pipeline.schedules.base import Schedule
from aimcsim.pipeline.seam import Executor, OperationTimes, Recorder
from aimcsim.pipeline.stage import AFTER_ALL_ELSE, StageProcess
from aimcsim.pipeline.state import LinkState, MachineState, StageState, UnitState
from aimcsim.pipeline.unit import UnitProcess


@dataclass(frozen=True)
class MachinePlan:
    """What a machine is built from: the same plan and a `MachineState` give the same run."""

    floorplan: Floorplan
    schedule: Schedule
    times: OperationTimes
    links: tuple[LinkTimes, ...]
    loss_cycles: int = 0


class Machine:
    """One run. `run` goes to the end; `run_until` stops at a cycle, where `state` may be taken."""

    def __init__(
        self,
        plan: MachinePlan,
        recorder: Recorder,
        executor: Executor | None = None,
        state: MachineState | None = None,
    ) -> None:
        self.plan = plan
        self.floorplan = floorplan = plan.floorplan
        self.recorder = recorder
        self.executor = executor
        self._schedule = plan.schedule
        self.links_may_fill = any(times.capacity is not None for times in plan.links)
        if state is None:
            state = _initial_state(plan)
        self.env = Environment(initial_time=state.cycle)
        self._end: Event = self.env.event()
        self._pause: Event | None = None
        self._working = sum(not stage.finished for stage in state.stages)
        layers = {name: i for i, name in enumerate(name for chunk in floorplan.chunks for name in chunk.layers)}
        self.units = []
        for unit, unit_state in zip(floorplan.units, state.units, strict=True):
            self.units.append(
                UnitProcess(self.env, unit, layers[unit.layer], plan.times, executor, recorder, unit_state)
            )
        self.stages = [
            StageProcess(self.env, self, m, floorplan.stage_chunks(m), self.units, plan.schedule, stage_state)
            for m, stage_state in enumerate(state.stages)
        ]
        self.links: list[Link] = []
        self._wire(state)

    # ------------------------------------------------------------------ wiring

    def _wire(self, state: MachineState) -> None:
        floorplan = self.floorplan
        for index, (plan, times) in enumerate(zip(floorplan.links, self.plan.links, strict=True)):
            source, target = floorplan.chunks[plan.source], floorplan.chunks[plan.target]
            consumer, producer = self.stages[target.stage], self.stages[source.stage]
            name = f"{plan.kind} link from stage {source.stage + 1} to stage {target.stage + 1}"
            deliver = _delivery(consumer, plan.kind, target.index)
            link = Link(self.env, name, times, deliver, state.links[index])
            link.when_taken = _wake_if_blocked(producer, link)
            consumer.inputs[plan.kind][target.index].append(link)
            producer.outputs[plan.kind][source.index].append(index)
            self.links.append(link)
        last = floorplan.chunks[-1]
        stage = self.stages[last.stage]
        loss_times = LinkTimes(latency=self.plan.loss_cycles)
        self._loss = Link(self.env, "loss", loss_times, _delivery(stage, BACKWARD, last.index), state.links[-1])
        stage.inputs[BACKWARD][last.index].append(self._loss)

    # ------------------------------------------------------------------ running

    def run(self) -> Literal["completed", "diverged", "paused"]:
        """Run to the end or to a `pause`. Raises Deadlock where no event is left but work is undone."""
        outcome = self.run_to(self._end)
        if outcome == "paused":
            self._pause = None
            return "paused"
        return "diverged" if outcome == "diverged" else "completed"

    def run_to(self, event: Event) -> object:
        """Run until `event` and return its value. Raises Deadlock where no event is left but work is undone."""
        try:
            return self.env.run(until=event)
        except RuntimeError as error:
            if self.env.peek() == float("inf") and not event.triggered:
                raise Deadlock(self._waiting_chain()) from error
            raise

    def pause(self) -> None:
        """Let `run` return at the beginning of the next cycle, where `state` may be taken; another `run` goes on.

        May be called while an event is handled. A run that ends in this very cycle does not pause any more.
        """
        if self._pause is None:
            self._pause = event = self.env.event()
            event._ok = True
            event._value = "paused"
            assert event.callbacks is not None
            event.callbacks.append(StopSimulation.callback)
            self.env.schedule(event, priority=URGENT, delay=1)

    def run_until(self, cycle: int) -> None:
        """Run everything before `cycle`; what happens at `cycle` has not happened yet."""
        self.env.run(until=cycle)

    def state(self) -> MachineState:
        """A copy of all that the processes know, between two cycles."""
        return copy.deepcopy(self.live_state())

    def live_state(self) -> MachineState:
        """All that the processes know, between two cycles: no copy, it changes as the machine goes on."""
        return MachineState(
            int(self.env.now),
            [unit.state for unit in self.units],
            [stage.state for stage in self.stages],
            [link.state for link in (*self.links, self._loss)],
        )

    # ------------------------------------------------------------------ what the stages report

    def offer_to_loss(self, micro_batch: int) -> None:
        """The last forward of `micro_batch` has ended: compute its loss, send its error on its way."""
        if self.executor is not None and not self.executor.loss(micro_batch, int(self.env.now)):
            self._end_run("diverged")
            return
        self._loss.push(micro_batch)

    def gate_is_open(self, micro_batch: int) -> bool:
        """Serial: every stage has committed every update of the mini-batches before that of `micro_batch`."""
        if not self._schedule.waits_for_all_updates:
            return True
        needed = micro_batch // self._schedule.mini_batch * self._schedule.updates_per_mini_batch
        return all(updates >= needed for stage in self.stages for updates in stage.state.updates)

    def update_committed(self) -> None:
        """An update has committed, which is what the serial gate of the first stage waits for."""
        first = self.stages[0]
        if self._schedule.waits_for_all_updates and first.wanted is not None and first.is_ready(first.wanted):
            first.wake()

    def stage_finished(self) -> None:
        """A stage has no work left; the last one ends the run."""
        self._working -= 1
        if self._working == 0:
            self._end_run("completed")

    def _end_run(self, outcome: str) -> None:
        """End the run behind everything else of this cycle, so that the log of a diverged run knows no queue order."""
        if not self._end.triggered:
            self._end._ok = True
            self._end._value = outcome
            self.env.schedule(self._end, priority=EventPriority(AFTER_ALL_ELSE + self.floorplan.stages))

    def _waiting_chain(self) -> str:
        waits = []
        for number, stage in enumerate(self.stages, 1):
            if stage.state.finished:
                continue
            if stage.blocked_on:
                names = " and the ".join(link.name for link in stage.blocked_on)
                waits.append(f"stage {number} waits for room on the {names}")
            elif stage.wanted is not None:
                waits.append(f"stage {number} waits to start {stage.wanted.kind} {stage.wanted.micro_batch}")
            else:
                waits.append(f"stage {number} waits for work")
        return f"deadlock at cycle {int(self.env.now)}: " + "; ".join(waits)


def _initial_state(plan: MachinePlan) -> MachineState:
    floorplan, schedule = plan.floorplan, plan.schedule
    state = MachineState(
        0,
        [UnitState() for _ in floorplan.units],
        [StageState() for _ in range(floorplan.stages)],
        [LinkState() for _ in range(len(floorplan.links) + 1)],
    )
    if schedule.is_policy and schedule.shape.total:
        state.stages[0].ready_forward.append(0)
    return state


def _delivery(consumer: StageProcess, kind: str, chunk: int) -> Callable[[int], None]:
    return lambda micro_batch: consumer.arrive(kind, chunk, micro_batch)


def _wake_if_blocked(producer: StageProcess, link: Link) -> Callable[[], None]:
    def wake() -> None:
        if link in producer.blocked_on:
            producer.wake()

    return wake
