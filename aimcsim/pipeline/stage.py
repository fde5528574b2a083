"""A stage's control: runs one stage action at a time, in the order of its schedule or as its policy chooses."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from simpy import Environment, Event
from simpy.events import EventPriority

from aimcsim.hardware.floorplan import Chunk, Step
from aimcsim.pipeline.actions import (
    BACKWARD,
    FORWARD,
    TRANSFER,
    UPDATE,
    WEIGHT_GRADIENT,
    Action,
)
from aimcsim.pipeline.link import Link
from aimcsim.pipeline.schedules.base import FixedOrder, Policy, Schedule
from aimcsim.pipeline.state import IDLE, StageState
from aimcsim.pipeline.surroundings import Surroundings
from aimcsim.pipeline.transfer_steps import transfer_steps
from aimcsim.pipeline.unit import UnitProcess

#: A policy chooses after everything else of its cycle: all that ends or arrives at t is known (rule 2).
#: SimPy's own priorities are 0 (urgent) and 1 (normal). Policies choose in the order of their stages, never in that of
#: the event queue: a choice may free room on a link, and so let a message through to another stage at once.
AFTER_ALL_ELSE = 2


class StageProcess:
    """The process of one stage. `inputs[kind][chunk]` are the links it takes from, `outputs` those it feeds."""

    def __init__(
        self,
        env: Environment,
        machine: Surroundings,
        stage: int,
        chunks: tuple[Chunk, ...],
        units: list[UnitProcess],
        schedule: Schedule,
        state: StageState,
    ) -> None:
        self.env = env
        self.stage = stage
        self.state = state
        self.inputs: dict[str, list[list[Link]]] = {kind: [[] for _ in chunks] for kind in (FORWARD, BACKWARD)}
        self.outputs: dict[str, list[list[int]]] = {kind: [[] for _ in chunks] for kind in (FORWARD, BACKWARD)}
        self.waiting: Event | None = None
        self.wanted: Action | None = None
        self.blocked_on: list[Link] = []
        self._choice_priority = EventPriority(AFTER_ALL_ELSE + stage)
        self._machine = machine
        self._units = units
        self._schedule = schedule
        self._steps: dict[str, list[tuple[Step, ...]]] = {
            FORWARD: [c.forward for c in chunks],
            BACKWARD: [c.backward for c in chunks],
            UPDATE: [c.update for c in chunks],
            WEIGHT_GRADIENT: [c.update for c in chunks],
        }
        self._plan = machine.floorplan.plan
        self._has_shared_tiles = machine.floorplan.has_shared_tiles
        self._arrays = [c.arrays for c in chunks]
        # A backward is the last to need the activations, save where the weight gradient is computed apart.
        self._releases_activations = WEIGHT_GRADIENT if schedule.gradient_apart else BACKWARD
        self._first = chunks[0].virtual == 0
        self._last_chunk = len(chunks) - 1 if stage == machine.floorplan.stages - 1 else -1
        self._in_place = schedule.weights == "in-place"
        self._gated_somewhere = schedule.waits_for_all_updates
        self._gated = self._first and schedule.waits_for_all_updates
        self._links_may_fill = machine.links_may_fill
        self._order: Iterator[Action] | None = None
        if isinstance(schedule, FixedOrder):
            self._order = schedule.order(stage, state.cursor)
        if not state.updates:
            state.updates.extend([0] * len(chunks))
        env.process(self._run())

    # ------------------------------------------------------------------ the process

    def _run(self) -> Generator[Event, Any, None]:
        state = self.state
        while not state.finished:
            if state.action is None:
                while state.outbox and not self._push_outbox():
                    yield self._wait()
                if self._order is None:
                    action = yield from self._chosen_action()
                else:
                    action = next(self._order, None)
                    if action is not None and not self.is_ready(action):
                        self.wanted = action
                        while not self.is_ready(action):
                            yield self._wait()
                        self.wanted = None
                if action is None:
                    state.finished = True
                    self._machine.stage_finished()
                    return
                self._begin(action)
            assert state.action is not None
            kind, micro_batch, chunk = state.action
            if kind == TRANSFER:
                yield from self._transfer(micro_batch, chunk)
                continue
            steps = self._steps[kind][chunk]
            while state.step < len(steps):
                step = steps[state.step]
                ended = self._begin_step(step, kind, micro_batch)
                while ended is not None:
                    yield ended
                    # Units that end in one cycle commit in any order: go on when the last has.
                    ended = self._begin_step(step, kind, micro_batch) if len(step) > 1 else None
                state.step += 1
                state.step_begun = False
            self._end(state.action)

    def _transfer(self, micro_batch: int, chunk: int) -> Generator[Event, Any, None]:
        """Action T: each transfer in turn reads its source's arrays, then writes its target's."""
        state = self.state
        assert state.action is not None
        steps = transfer_steps(self._plan, self._arrays[chunk], state.transfers)
        while state.step < len(steps):
            kind, number, step = steps[state.step]
            ended = self._begin_step(step, kind, micro_batch, number)
            while ended is not None:
                yield ended
                ended = self._begin_step(step, kind, micro_batch, number) if len(step) > 1 else None
            state.step += 1
            state.step_begun = False
        self._end(state.action)

    def _chosen_action(self) -> Generator[Event, Any, Action | None]:
        """The action that the policy chooses, as soon as it chooses one, or None when all work is done."""
        state = self.state
        assert isinstance(self._schedule, Policy)
        total = self._schedule.shape.total
        while state.updates[0] < total:
            yield self._wait_for_the_end_of_the_cycle()
            action = self._schedule.choose(self.stage, state)
            if action is not None:
                return action
            yield self._wait()
        return None

    def _wait(self) -> Event:
        self.waiting = event = Event(self.env)
        return event

    def _wait_for_the_end_of_the_cycle(self) -> Event:
        event = Event(self.env)
        event._ok = True
        event._value = None
        self.env.schedule(event, priority=self._choice_priority)
        return event

    def wake(self) -> None:
        """Something that this stage may wait for has happened: let its process look again."""
        waiting = self.waiting
        if waiting is not None:
            self.waiting = None
            waiting.succeed()

    # ------------------------------------------------------------------ actions

    def is_ready(self, action: Action) -> bool:
        """True when all inputs of `action` are here; U and W follow their own B in every order."""
        kind, micro_batch, chunk = action
        if kind == FORWARD and self._first and chunk == 0:
            return not self._gated or self._machine.gate_is_open(micro_batch)
        return kind not in self.inputs or action in self.state.ready

    def _begin(self, action: Action) -> None:
        state = self.state
        kind, micro_batch, chunk = action
        state.cursor += 1
        if kind == FORWARD:
            state.in_flight += 1
            state.activations += 1
            state.forwards += 1
            if state.in_flight > state.peak_in_flight:
                state.peak_in_flight = state.in_flight
            if state.activations > state.peak_activations:
                state.peak_activations = state.activations
        elif kind == UPDATE and self._order is None:
            state.ready_update.popleft()
        if kind in self.inputs:
            self._take_inputs(action)
        state.version_read = state.updates[chunk] if self._in_place else self._version(kind, micro_batch, chunk)
        self._set_out(action)

    def _set_out(self, action: Action) -> None:
        state = self.state
        state.action = action
        state.started = int(self.env.now)
        state.step = 0
        state.step_begun = False

    def _take_inputs(self, action: Action) -> None:
        state = self.state
        kind, _, chunk = action
        state.ready.discard(action)
        if self._order is None:
            queue = state.ready_forward if kind == FORWARD else state.ready_backward
            queue.popleft()
            if kind == FORWARD and self._first and state.forwards < self._schedule.shape.total:
                queue.append(state.forwards)
        if self._links_may_fill:
            for link in self.inputs[kind][chunk]:
                link.take()

    def _version(self, kind: str, micro_batch: int, chunk: int) -> int:
        """Updates of the chunk that the action sees, where the schedule keeps weight copies."""
        state, schedule = self.state, self._schedule
        current = state.updates[chunk]
        if kind == UPDATE:
            return current
        if kind == FORWARD:
            version = current
            if schedule.weights == "double-buffer":
                version = max(0, micro_batch // schedule.mini_batch - 1)
            state.read[chunk, micro_batch] = version
            return version
        return state.read[chunk, micro_batch]

    def _begin_step(self, step: Step, kind: str, micro_batch: int, transfer: int = -1) -> Event | None:
        """Start the units of a step; returns an event at which the longest of them ends, None if all have ended."""
        state, units = self.state, self._units
        if len(step) == 1 and not state.step_begun:
            unit = units[step[0]]
            state.step_begun = True
            now = int(self.env.now)
            return unit.ended if unit.start(kind, micro_batch, now, state.version_read, transfer) > now else None
        if not state.step_begun:
            state.step_begun = True
            if self._has_shared_tiles:
                state.queued = step
            else:
                now = int(self.env.now)
                for index in step:
                    units[index].start(kind, micro_batch, now, state.version_read, transfer)
        if state.queued and (first := self._start_queued(step, kind, micro_batch, transfer)) is not None:
            return first
        last = None
        for index in step:
            until = units[index].state.busy_until
            # `>=`: of units that end together the one started last is likely to be the last to commit.
            if until != IDLE and (last is None or until >= last.state.busy_until):
                last = units[index]
        return None if last is None else last.ended

    def _start_queued(self, step: Step, kind: str, micro_batch: int, transfer: int) -> Event | None:
        """Start what is queued and whose tile is at rest (rule 2). Returns the first end that the others wait for."""
        state, units, now = self.state, self._units, int(self.env.now)
        at_work = {units[i].unit.tile: units[i] for i in step if units[i].state.busy_until != IDLE}
        queued = []
        for index in state.queued:
            unit = units[index]
            if unit.unit.tile in at_work:
                queued.append(index)
            elif unit.start(kind, micro_batch, now, state.version_read, transfer) > now:
                at_work[unit.unit.tile] = unit
        state.queued = tuple(queued)
        if not queued:
            return None
        return min((at_work[units[i].unit.tile] for i in queued), key=lambda unit: unit.state.busy_until).ended

    def _end(self, action: Action) -> None:
        state, machine = self.state, self._machine
        kind, micro_batch, chunk = action
        now = int(self.env.now)
        state.action = None
        if machine.executor is not None:
            machine.executor.finish(self.stage, action, now)
        machine.recorder.action(self.stage, action, state.started, now, state.version_read)
        if kind == UPDATE:
            self._end_update(chunk)
            if self._plan.transfers:
                self._begin_transfers(micro_batch, chunk)
        elif kind == self._releases_activations:
            state.activations -= 1
        if kind == BACKWARD and self._order is None:
            state.ready_update.append(micro_batch)
        if kind in self.outputs:
            if kind == FORWARD and chunk == self._last_chunk:
                machine.offer_to_loss(micro_batch)
            for link in self.outputs[kind][chunk]:
                if not machine.links[link].push(micro_batch):
                    state.outbox.append((link, micro_batch))

    def _begin_transfers(self, micro_batch: int, chunk: int) -> None:
        """The stage goes on with what its algorithm has to transfer after this update, before anything else."""
        state, executor = self.state, self._machine.executor
        updates = state.updates[chunk]
        if executor is not None and self._plan.chosen_by_numbers:
            state.transfers = executor.transfers(micro_batch, updates)
        else:
            state.transfers = self._plan.due(updates)
        if state.transfers:
            state.version_read = updates
            self._set_out(Action(TRANSFER, micro_batch, chunk))

    def _end_update(self, chunk: int) -> None:
        state, schedule = self.state, self._schedule
        state.updates[chunk] += 1
        applied = 1 if schedule.step == "micro-batch" else schedule.mini_batch
        state.in_flight -= applied
        if not self._in_place:
            done = state.updates[chunk] * applied
            for k in range(done - applied, done):
                del state.read[chunk, k]
        if self._gated_somewhere:
            self._machine.update_committed()

    # ------------------------------------------------------------------ messages

    def _push_outbox(self) -> bool:
        """Offer again what its links refused, each on its own: a full one holds up no other. True when all is gone."""
        state, links = self.state, self._machine.links
        state.outbox = [message for message in state.outbox if not links[message[0]].push(message[1])]
        self.blocked_on = [links[index] for index, _ in state.outbox]
        return not state.outbox

    def arrive(self, kind: str, chunk: int, micro_batch: int) -> None:
        """A message for this stage has arrived; the last one missing makes the action ready."""
        state = self.state
        needed = len(self.inputs[kind][chunk])
        key = Action(kind, micro_batch, chunk)
        if needed > 1:
            count = state.arrived.pop(key, 0) + 1
            if count < needed:
                state.arrived[key] = count
                return
        state.ready.add(key)
        if self._order is None:
            (state.ready_forward if kind == FORWARD else state.ready_backward).append(micro_batch)
            self.wake()
        elif self.wanted == key:
            self.wake()
