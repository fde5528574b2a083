"""Scenarios without numbers, a recorder and an executor that write down what they hear, event queues in disorder."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import heappush
from typing import Any, NamedTuple

import pytest
import simpy
from simpy.events import NORMAL, URGENT, Event

from aimcsim.assembly import Assembly, assemble
from aimcsim.errors import Deadlock
from aimcsim.pipeline import machine as machine_module
from aimcsim.pipeline.actions import Action, Operation
from aimcsim.pipeline.machine import Machine
from aimcsim.pipeline.state import MachineState
from aimcsim.scenario.load import scenario_from_data
from aimcsim.scenario.spec import Scenario

#: Forward, backward and update cycles of one stage.
Triple = tuple[int, int, int]

SYNCHRONOUS = ("serial", "gpipe", "one-f-one-b")
ASYNCHRONOUS = ("async", "async-greedy")
DIGITAL = ("pipedream", "pipedream-2bw", "zero-bubble-h1")


def scenario_of(**parts: Any) -> Scenario:
    """A scenario from its parts as a file would give them."""
    return scenario_from_data({"name": "test", **parts})[0]


def chain(
    schedule: Any,
    times: Sequence[Triple],
    samples: int,
    *,
    link: Mapping[str, Any] | None = None,
    seed: int = 0,
    **pipeline: Any,
) -> Scenario:
    """A chain with the given cycles of each stage; micro-batches of one sample."""
    triples = [dict(zip(("forward", "backward", "update"), triple, strict=True)) for triple in times]
    return scenario_of(
        seed=seed,
        model={"chain": len(times)},
        hardware={"timing": {"stages": triples}, **({"link": dict(link)} if link else {})},
        pipeline={"stages": len(times), "schedule": schedule, **pipeline},
        training={"samples": samples},
    )


class Row(NamedTuple):
    """One tile operation, in the columns of the op log."""

    tile: str
    stage: int
    op: str
    micro_batch: int
    start: int
    end: int
    version_read: int
    version_written: int | None


def rows_of(table: Any) -> list[Row]:
    """The rows of an op log."""
    return [Row(**row) for row in table.select(Row._fields).to_pylist()]


class Recording:
    """A recorder that keeps everything, and the message of a deadlock where the run came to one."""

    def __init__(self, assembly: Assembly) -> None:
        self.units = assembly.floorplan.units
        self.rows: list[Row] = []
        self.deadlock: str | None = None
        self.actions: list[tuple[int, Action, int, int, int]] = []

    def operation(
        self, unit: int, kind: str, micro_batch: int, start: int, end: int, version_read: int, version_written: int
    ) -> None:
        at = self.units[unit]
        written = None if version_written < 0 else version_written
        self.rows.append(Row(at.name, at.stage + 1, kind, micro_batch, start, end, version_read, written))

    def counted(self, *operation: Any) -> None:
        pass

    def action(self, stage: int, action: Action, start: int, end: int, version_read: int) -> None:
        self.actions.append((stage + 1, action, start, end, version_read))

    @property
    def log(self) -> list[Row]:
        """The rows, ordered by what they say."""
        return sorted(self.rows, key=lambda row: (row.end, row.start, row.tile, row.op, row.micro_batch))

    @property
    def all(self) -> tuple[list[Row], list[tuple[int, Action, int, int, int]], str | None]:
        """All that happened, whatever the order in which it was told."""
        return self.log, sorted(self.actions), self.deadlock


class Call(NamedTuple):
    """One call of the executor."""

    what: str
    operation: Operation | None
    cycle: int
    elapsed: int | None = None


class RecordingExecutor:
    """An executor without numbers; `slots` says how many pulse slots an update took."""

    def __init__(self, slots: Callable[[Operation], int] = lambda operation: 0) -> None:
        self.calls: list[Call] = []
        self.losses: list[tuple[int, int]] = []
        self.finished: list[tuple[int, Action, int]] = []
        self._slots = slots

    def start(self, operation: Operation, cycle: int, elapsed: int) -> int:
        self.calls.append(Call("start", operation, cycle, elapsed))
        return self._slots(operation) if operation.kind == "U" else 0

    def commit(self, operation: Operation, cycle: int) -> None:
        self.calls.append(Call("commit", operation, cycle))

    def finish(self, stage: int, action: Action, cycle: int) -> None:
        self.finished.append((stage + 1, action, cycle))

    def loss(self, micro_batch: int, cycle: int) -> bool:
        self.losses.append((micro_batch, cycle))
        return True


def run_chain(scenario: Scenario, executor: Any = None) -> Recording:
    """Run a scenario's machine without numbers."""
    return run_with_restarts(assemble(scenario), (), executor)


def run_with_restarts(assembly: Assembly, cycles: Iterator[int] | Sequence[int], executor: Any = None) -> Recording:
    """Run a machine that is thrown away and rebuilt from its state at every one of `cycles`."""
    recording = Recording(assembly)
    state: MachineState | None = None
    for cycle in cycles:
        machine = Machine(assembly.plan, recording, executor, state)
        machine.run_until(cycle)
        state = machine.state()
    try:
        Machine(assembly.plan, recording, executor, state).run()
    except Deadlock as found:
        recording.deadlock = str(found)
    return recording


def disorder(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """From now on, events of one cycle and one priority come off the queue in an order drawn from `seed`.

    SimPy otherwise takes them in the order in which they were scheduled. Urgent ones, which only begin processes and
    stop runs, keep that order.
    """
    drawn = random.Random(seed)

    class Disordered(simpy.Environment):
        def schedule(self, event: Event, priority: Any = NORMAL, delay: Any = 0) -> None:
            luck = 0.0 if priority == URGENT else drawn.random()
            heappush(self._queue, (self._now + delay, priority, (luck, next(self._eid)), event))  # type: ignore[misc, arg-type]

    monkeypatch.setattr(machine_module, "Environment", Disordered)
