"""What flows between operations: data along the network, and each update to the first forward that reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aimcsim.pipeline.schedules.base import Schedule
from aimcsim.report.link_transfers import Transfers
from aimcsim.report.op_table import KINDS, Column, OpTable
from aimcsim.report.stage_actions import StageActions

_FORWARD, _BACKWARD, _UPDATE, _TRANSFER = (KINDS.index(kind) for kind in "FBUT")

#: Stands for "does not apply" in a column of whole numbers.
NONE = np.iinfo(np.int64).min


class Arrows(NamedTuple):
    """Arrows of one `kind` (data or version), from operations to operations of the table."""

    kind: str
    source: Column
    target: Column


def data_arrows(actions: StageActions, messages: Sequence[Transfers]) -> Arrows:
    """From the last operation of the action that sent a message to the first of the action that needed it."""
    sources, targets = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for each in messages:
        arrives = each.target >= 0
        sources.append(actions.last_op[each.source[arrives]])
        targets.append(actions.first_op[each.target[arrives]])
    return Arrows("data", np.concatenate(sources), np.concatenate(targets))


def version_arrows(table: OpTable) -> Arrows:
    """From each update of an array, or write of a transfer, to the first forward of it whose weights hold that."""
    changes = (table.kind == _UPDATE) | (table.kind == _TRANSFER)
    updates = np.flatnonzero(changes & (table.version_written >= 0))
    forwards = np.flatnonzero(table.kind == _FORWARD)
    forwards = forwards[np.lexsort((table.start[forwards], table.array[forwards]))]
    if not len(forwards):
        return Arrows("version", forwards, forwards)
    updates = updates[np.lexsort((table.version_written[updates], table.array[updates]))]
    edges = np.arange(int(table.array.max()) + 2)
    from_update = np.searchsorted(table.array[updates], edges)
    from_forward = np.searchsorted(table.array[forwards], edges)
    sources, targets = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for array in range(len(edges) - 1):
        own = updates[from_update[array] : from_update[array + 1]]
        readers = forwards[from_forward[array] : from_forward[array + 1]]
        if not len(own) or not len(readers):
            continue
        seen = np.maximum.accumulate(table.version_read[readers])
        at = np.searchsorted(seen, table.version_written[own])
        sources.append(own[at < len(readers)])
        targets.append(readers[at[at < len(readers)]])
    return Arrows("version", np.concatenate(sources), np.concatenate(targets))


def writers(table: OpTable) -> Column:
    """For each forward the place of the update of its array that wrote the version it reads; −1 for all others."""
    found = np.full(len(table), -1, np.int64)
    updates = np.flatnonzero((table.kind == _UPDATE) & (table.version_written >= 0))
    forwards = np.flatnonzero(table.kind == _FORWARD)
    if not len(updates) or not len(forwards):
        return found
    most = 1 + int(max(table.version_written.max(), table.version_read.max()))
    written = table.array[updates] * most + table.version_written[updates]
    read = table.array[forwards] * most + table.version_read[forwards]
    order = np.argsort(written, kind="stable")
    at = order[np.minimum(np.searchsorted(written, read, sorter=order), len(order) - 1)]
    found[forwards] = np.where(written[at] == read, updates[at], -1)
    return found


def staleness(table: OpTable, chunk: Column, schedule: Schedule) -> Column:
    """Updates that a serial run would have applied before each F and B and that it did not see; NONE for the others.

    The definition of summary.json. `chunk` is the chunk of each tile.
    """
    applies = (table.kind == _FORWARD) | (table.kind == _BACKWARD)
    expected = table.micro_batch // schedule.mini_batch * schedule.updates_per_mini_batch
    seen = table.version_read
    if not schedule.updates_ascend:
        seen, used = seen.copy(), np.flatnonzero(applies)
        columns = (table.stage[used] - 1, chunk[table.tile[used]], seen[used], expected[used])
        alike, which = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
        seen[used] = np.array([schedule.updates_seen(*each) for each in alike.tolist()], np.int64)[which.ravel()]
    return np.where(applies, expected - seen, NONE)
