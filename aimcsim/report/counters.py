"""Counters over a window: in flight and queue of a stage, weight version and utilisation of a tile.

Counts at the beginning of a window that starts in mid-run are what its operations tell: a micro-batch that is updated
in it without having been started in it was in flight.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aimcsim.pipeline.machine import MachinePlan
from aimcsim.report.busy_cycles import busy_before
from aimcsim.report.link_transfers import NEVER, Transfers
from aimcsim.report.op_table import Column, OpTable
from aimcsim.report.stage_actions import StageActions

#: Intervals that utilisation is averaged over, about.
INTERVALS = 200


class Series(NamedTuple):
    """A step function: from cycle `time[i]` on `value[i]`; times ascend strictly, neighbouring values differ."""

    time: Column
    value: Column

    def at(self, cycles: Column) -> Column:
        """Values at `cycles`, none of which lies before the first time."""
        return self.value[np.searchsorted(self.time, cycles, side="right") - 1]


def in_flight(actions: StageActions, plan: MachinePlan, stage: int, first: int, end: int) -> Series:
    """Micro-batches (per chunk) whose F has started and whose own U has not committed, at `stage` (from 0)."""
    applied = plan.schedule.mini_batch // plan.schedule.updates_per_mini_batch
    times, changes, before = [], [], 0
    for virtual in _chunks(plan, stage):
        started, updated = actions.of(virtual, "F"), actions.of(virtual, "U")
        times += [actions.start[started], actions.end[updated]]
        changes += [np.ones(len(started), np.int64), np.full(len(updated), -applied)]
        before += _in_flight_before(actions, virtual, applied)
    return steps(np.concatenate(times), np.concatenate(changes), first, end, before)


def _in_flight_before(actions: StageActions, virtual: int, applied: int) -> int:
    """Micro-batches in flight when the window begins: from the first one finished in it up to the first started."""
    forward, backward, update = (actions.micro_batch[actions.of(virtual, kind)] for kind in "FBU")
    if not len(backward) and not len(update):
        return 0
    finished = update.min() - applied + 1 if len(update) else backward.min()
    started = forward.min() if len(forward) else np.concatenate([backward, update]).max() + 1
    return max(0, int(started - finished))


def queue(
    actions: StageActions, plan: MachinePlan, messages: Sequence[Transfers], stage: int, first: int, end: int
) -> Series:
    """Actions (F and B) of `stage` (from 0) whose inputs have all arrived and that have not started."""
    times, changes = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for virtual in _chunks(plan, stage):
        for kind in "FB":
            inputs = [each for each in messages if (each.target_virtual, each.kind) == (virtual, kind)]
            if not inputs:
                continue  # the source of the data, which never lets the first stage wait
            arrived, started = _arrived_and_started(actions, actions.of(virtual, kind), inputs, first, end)
            times += [arrived, started[started != NEVER]]
            changes += [np.ones(len(arrived), np.int64), np.full(len(times[-1]), -1)]
    return steps(np.concatenate(times), np.concatenate(changes), first, end)


def _arrived_and_started(
    actions: StageActions, targets: Column, inputs: Sequence[Transfers], first: int, end: int
) -> tuple[Column, Column]:
    """When each action's last input arrived and when it started (NEVER: not in the window), complete ones only."""
    known = [actions.micro_batch[each.source] for each in inputs]
    micro_batch = np.unique(np.concatenate([actions.micro_batch[targets], *known]))
    arrived = np.full(len(micro_batch), first)
    count = np.zeros(len(micro_batch), np.int64)
    for each, numbers in zip(inputs, known, strict=True):
        at = np.searchsorted(micro_batch, numbers)
        arrived[at] = np.maximum(arrived[at], each.arrived)
        count[at] += 1
    started = np.full(len(micro_batch), NEVER)
    started[np.searchsorted(micro_batch, actions.micro_batch[targets])] = actions.start[targets]
    complete = (started != NEVER) | ((count == len(inputs)) & (arrived < end))
    # In a window, an action's input may have been sent before it began.
    return np.minimum(arrived, started)[complete], started[complete]


def versions(table: OpTable, ops: Column) -> Series:
    """The weight version of one tile, whose operations are at `ops`; empty for one without updates (digital)."""
    updates = ops[table.version_written[ops] >= 0]
    if not len(updates):
        return Series(updates, updates)
    written = table.version_written[updates]
    change = np.diff(written, prepend=written[0] - 1)
    return steps(table.end_at[updates], change, table.first, table.end, int(written[0]) - 1)


def utilisation_interval(first: int, end: int) -> int:
    """Cycles that utilisation is averaged over: 1, 2 or 5 times a power of ten, some INTERVALS in a window."""
    wanted = max(1, (end - first) // INTERVALS)
    power = 10 ** (len(str(wanted)) - 1)
    return int(next(step * power for step in (1, 2, 5, 10) if step * power >= wanted))


def busy_shares(
    table: OpTable, ops: Column, interval: int
) -> tuple[Column, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Where each interval begins, and the share of it in which the tile whose operations are at `ops` was busy."""
    edges = np.append(np.arange(table.first, table.end, interval), table.end)
    ops = ops[np.argsort(table.start[ops], kind="stable")]
    busy = busy_before(table.start[ops], table.end_at[ops], edges)
    return edges[:-1], np.diff(busy) / np.diff(edges)


def steps(time: Column, change: Column, first: int, end: int, before: int = 0) -> Series:
    """The step function that is `before` at cycle `first` and changes at each `time` up to `end` by `change`."""
    seen = time <= end
    time, change = np.append(first, np.maximum(time[seen], first)), change[seen]
    order = np.argsort(time, kind="stable")
    time, value = time[order], np.cumsum(np.append(before, change)[order])
    last = np.append(np.diff(time) != 0, True)
    time, value = time[last], value[last]
    differs = np.append(True, np.diff(value) != 0)
    return Series(time[differs], value[differs])


def _chunks(plan: MachinePlan, stage: int) -> range:
    return range(stage, len(plan.floorplan.chunks), plan.floorplan.stages)
