"""When the state of a machine is an earlier one again, and the state that lies many such repetitions later.

Nothing in a machine without numbers looks at absolute cycles, and nothing but its schedule at absolute numbers of
micro-batches. So a state is measured from an origin; two states that are then equal go on in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from aimcsim.pipeline.actions import Action
from aimcsim.pipeline.state import IDLE, LinkState, MachineState, StageState, UnitState


@dataclass(frozen=True)
class Origin:
    """What a state is measured from: a cycle, a micro-batch, and a stage's updates of all micro-batches before it.

    `places`: where the period of that micro-batch begins in each stage's order, 0 without an order; `forwards`: those
    of the micro-batches before it (of all chunks).
    """

    cycle: int
    micro_batch: int
    version: int
    forwards: int
    places: tuple[int, ...]


def sketch(state: MachineState, origin: Origin) -> list[int]:
    """A few numbers in which states mostly differ where they do: taken in a time that does not grow with queues."""
    stages = (
        (stage.in_flight, stage.forwards - origin.forwards, stage.updates[0] - origin.version, len(stage.ready))
        for stage in state.stages
    )
    links = ((len(link.under_way), link.held) for link in state.links)
    ends = (unit.busy_until - origin.cycle for unit in state.units if unit.busy_until != IDLE)
    return [*chain.from_iterable(stages), *chain.from_iterable(links), *ends]


def normal_form(state: MachineState, origin: Origin) -> tuple[Any, ...]:
    """All that decides what `state` does next, measured from `origin`.

    Left out is what nothing looks at any more (fields of an operation or action that has ended, a transmitter that
    has been free since) or looks at at all (peaks, versions of arrays, cycles since an array was touched).
    """
    return (
        tuple(_unit(unit, origin) for unit in state.units),
        tuple(_stage(stage, place, origin) for stage, place in zip(state.stages, origin.places, strict=True)),
        tuple(_link(link, origin) for link in state.links),
    )


def _unit(unit: UnitState, origin: Origin) -> tuple[Any, ...] | None:
    if unit.busy_until == IDLE:
        return None
    micro_batch, read = unit.micro_batch - origin.micro_batch, unit.version_read - origin.version
    return unit.busy_until - origin.cycle, unit.kind, micro_batch, unit.start - origin.cycle, read


def _stage(stage: StageState, place: int, origin: Origin) -> tuple[Any, ...]:
    first = origin.micro_batch
    action: tuple[Any, ...] | None = None
    if stage.action is not None:
        kind, micro_batch, chunk = stage.action
        within = stage.step, stage.step_begun, stage.queued
        progress = stage.started - origin.cycle, *within, stage.version_read - origin.version
        action = kind, micro_batch - first, chunk, *progress
    return (
        stage.cursor - place,
        action,
        [version - origin.version for version in stage.updates],
        {(c, k - first): version - origin.version for (c, k), version in stage.read.items()},
        {(kind, k - first, c): count for (kind, k, c), count in stage.arrived.items()},
        {(kind, k - first, c) for kind, k, c in stage.ready},
        [[k - first for k in queue] for queue in (stage.ready_forward, stage.ready_backward, stage.ready_update)],
        [(link, k - first) for link, k in stage.outbox],
        stage.forwards - origin.forwards,
        stage.in_flight,
        stage.activations,
        stage.finished,
    )


def _link(link: LinkState, origin: Origin) -> tuple[Any, ...]:
    under_way = [(arrival - origin.cycle, k - origin.micro_batch) for arrival, k in link.under_way]
    return under_way, link.held, max(0, link.free_at - origin.cycle)


@dataclass(frozen=True)
class Growth:
    """By how much one repetition moves a state: cycles, micro-batches, a chunk's updates, a stage's forwards.

    `cursors` by stage, `versions` by unit, `sums` of the recorder.
    """

    cycles: int
    micro_batches: int
    version: int
    forwards: int
    cursors: tuple[int, ...]
    versions: tuple[int, ...]
    sums: tuple[int, ...]


@dataclass(frozen=True)
class Mark:
    """A state to which later ones are compared, with the counters that no comparison looks at."""

    origin: Origin
    sketch: list[int]
    form: tuple[Any, ...]
    cursors: tuple[int, ...]
    versions: tuple[int, ...]
    sums: tuple[int, ...]

    @classmethod
    def of(cls, state: MachineState, origin: Origin, sums: tuple[int, ...]) -> Mark:
        """`sums`: those of the recorder at that time."""
        cursors = tuple(stage.cursor for stage in state.stages)
        versions = tuple(unit.version for unit in state.units)
        return cls(origin, sketch(state, origin), normal_form(state, origin), cursors, versions, sums)

    def growth_to(self, state: MachineState, origin: Origin, sums: tuple[int, ...]) -> Growth | None:
        """What lies between this state and a later one that is the same again; None where it is not the same."""
        if sketch(state, origin) != self.sketch or normal_form(state, origin) != self.form:
            return None
        return Growth(
            origin.cycle - self.origin.cycle,
            origin.micro_batch - self.origin.micro_batch,
            origin.version - self.origin.version,
            origin.forwards - self.origin.forwards,
            _differences((stage.cursor for stage in state.stages), self.cursors),
            _differences((unit.version for unit in state.units), self.versions),
            _differences(sums, self.sums),
        )


def _differences(later: Any, earlier: Sequence[int]) -> tuple[int, ...]:
    return tuple(b - a for b, a in zip(later, earlier, strict=True))


def move(state: MachineState, growth: Growth, times: int) -> None:
    """Change `state` into what it is after `times` repetitions more; peaks stay, since each repetition has the same."""
    cycles, first, version = times * growth.cycles, times * growth.micro_batches, times * growth.version
    state.cycle += cycles
    for unit, written in zip(state.units, growth.versions, strict=True):
        unit.version += times * written
        unit.touched += cycles
        if unit.busy_until != IDLE:
            unit.busy_until += cycles
            unit.start += cycles
            unit.micro_batch += first
            unit.version_read += version
    for stage, places in zip(state.stages, growth.cursors, strict=True):
        _move_stage(stage, cycles, first, version)
        stage.cursor += times * places
        stage.forwards += times * growth.forwards
    for link in state.links:
        moved = [(arrival + cycles, k + first) for arrival, k in link.under_way]
        link.under_way.clear()
        link.under_way.extend(moved)
        link.free_at += cycles


def _move_stage(stage: StageState, cycles: int, first: int, version: int) -> None:
    if stage.action is not None:
        stage.action = stage.action._replace(micro_batch=stage.action.micro_batch + first)
        stage.started += cycles
        stage.version_read += version
    stage.updates = [updates + version for updates in stage.updates]
    stage.read = {(c, k + first): read + version for (c, k), read in stage.read.items()}
    stage.arrived = {(kind, k + first, c): count for (kind, k, c), count in stage.arrived.items()}
    stage.ready = {Action(kind, k + first, c) for kind, k, c in stage.ready}
    for queue in (stage.ready_forward, stage.ready_backward, stage.ready_update):
        moved = [k + first for k in queue]
        queue.clear()
        queue.extend(moved)
    stage.outbox = [(link, k + first) for link, k in stage.outbox]
