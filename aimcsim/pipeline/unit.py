"""A unit: the clocked process of one tile or digital node. It does one operation at a time (rule 2)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simpy import Environment, Event

from aimcsim.hardware.floorplan import Unit
from aimcsim.pipeline.actions import TRANSFER, TRANSFER_WRITE, UPDATE, Operation
from aimcsim.pipeline.seam import Executor, OperationTimes, Recorder
from aimcsim.pipeline.state import IDLE, UnitState


class UnitProcess:
    """Runs the operations that its stage starts; reads at the start, commits at the end.

    The process waits on one bare event, `ended`, which `start` schedules with the operation's length as delay: so
    an operation costs a single entry of the event queue. The stage waits on the same event, behind the unit.
    """

    def __init__(
        self,
        env: Environment,
        unit: Unit,
        layer: int,
        times: OperationTimes,
        executor: Executor | None,
        recorder: Recorder,
        state: UnitState,
    ) -> None:
        self.env = env
        self.unit = unit
        self.state = state
        self.ended: Event = env.event()
        self._place = (unit.chunk, layer, unit.shard_number)
        self._role = unit.role
        self._times = times
        self._nominal = {kind: times.table(kind)[unit.index] for kind in "FBUW"}
        self._executor = executor if unit.shard is not None else None
        self._recorder = recorder
        self._index = unit.index
        self._operation = self._operation_of(state.kind, state.micro_batch, state.version_read, state.transfer)
        if state.busy_until != IDLE:
            self._schedule_end(state.busy_until - int(env.now))
        env.process(self._run())

    def start(self, kind: str, micro_batch: int, now: int, updates: int, transfer: int = -1) -> int:
        """Begin an operation at `now`. Returns its end; an operation of length 0 has then been committed already.

        `updates`: those of its stage that the operation sees; a transfer's write makes the array's content that of
        as many.
        """
        state = self.state
        assert state.busy_until == IDLE, f"{self.unit.name} is busy"
        if self._executor is None:
            if transfer < 0:
                cycles = self._nominal[kind]
            else:
                state.count = -1
                cycles = self._times.transfer_cycles(kind, transfer, self._index, None)
        else:
            self._operation = operation = self._operation_of(kind, micro_batch, updates, transfer)
            count = state.count = self._executor.start(operation, now, now - state.touched)
            if transfer < 0:
                cycles = self._times.cycles(kind, self._index, count)
            else:
                cycles = self._times.transfer_cycles(kind, transfer, self._index, count)
        state.touched = state.start = now
        state.kind = kind
        state.micro_batch = micro_batch
        state.version_read = updates
        state.transfer = transfer
        state.busy_until = now + cycles
        if cycles:
            self._schedule_end(cycles)
        else:
            self._commit()
        return now + cycles

    def _operation_of(self, kind: str, micro_batch: int, updates: int, transfer: int) -> Operation:
        return Operation(self._index, kind, micro_batch, *self._place, updates, self._role, transfer)

    def _schedule_end(self, delay: int) -> None:
        ended = self.ended
        ended._ok = True
        ended._value = None
        self.env.schedule(ended, delay=delay)

    def _commit(self) -> None:
        state = self.state
        kind, end, read = state.kind, state.busy_until, state.version_read
        written = -1
        if kind == UPDATE:
            state.version = written = state.version + 1
        elif kind == TRANSFER_WRITE:
            state.version = written = read
        if self._executor is not None:
            self._executor.commit(self._operation, end)
        state.busy_until = IDLE
        logged = kind if state.transfer < 0 else TRANSFER
        self._recorder.operation(self._index, logged, state.micro_batch, state.start, end, read, written)
        if state.count or state.transfer >= 0:
            self._recorder.counted(self._index, kind, state.transfer, state.count)
            state.count = 0

    def _run(self) -> Generator[Event, Any, None]:
        env = self.env
        while True:
            yield self.ended
            self.ended = Event(env)
            self._commit()
