"""Stage actions of a window: tile operations put together again as the machine ran them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aimcsim.assembly import Assembly, assemble
from aimcsim.data.stored import nominal_epoch
from aimcsim.errors import FieldError, FieldErrors, RunFolderError, harmless
from aimcsim.hardware.floorplan import Floorplan
from aimcsim.report.op_table import KINDS, Column, OpTable
from aimcsim.report.run_reader import Run


def assembly_of(run: Run) -> Assembly:
    """The scenario of a run put together: its links, chunks, schedule, prices. Raises RunFolderError."""
    try:
        return assemble(run.scenario, nominal_epoch(run.scenario.data))
    except (FieldError, FieldErrors) as error:
        raise RunFolderError(f"the scenario of {harmless(run.summary.name)} cannot be put together: {error}") from error


def virtual_stages(floorplan: Floorplan, tiles: Sequence[str]) -> Column:
    """The virtual stage (chunk x stages + stage) of each tile. Raises RunFolderError for one that is not placed."""
    placed = {unit.tile: unit.chunk * floorplan.stages + unit.stage for unit in floorplan.units}
    for tile in tiles:
        if tile not in placed:
            raise RunFolderError(f"the scenario of this run places no tile {harmless(tile)}")
    return np.array([placed[tile] for tile in tiles], np.int64)


@dataclass(frozen=True)
class StageActions:
    """One element an action, by (virtual stage, kind, micro-batch) ascending.

    `start` of its first operation and `end` of its last, which are at `first_op` and `last_op` in the table.
    `action_of` has one element an operation of the table: the place of its action.
    """

    virtual: Column
    kind: Column
    micro_batch: Column
    start: Column
    end: Column
    first_op: Column
    last_op: Column
    action_of: Column

    def of(self, virtual: int, kind: str) -> Column:
        """Places of the actions of one kind at one virtual stage, by micro-batch ascending."""
        return np.flatnonzero((self.virtual == virtual) & (self.kind == KINDS.index(kind)))

    def matching(self, sources: Column, targets: Column) -> Column:
        """For each source the place of the target of the same micro-batch, −1 where there is none."""
        if not len(targets):
            return np.full(len(sources), -1, np.int64)
        at = np.searchsorted(self.micro_batch[targets], self.micro_batch[sources])
        found = targets[np.minimum(at, len(targets) - 1)]
        return np.where(self.micro_batch[found] == self.micro_batch[sources], found, -1)


def stage_actions(table: OpTable, virtual: Column) -> StageActions:
    """Actions of the operations in `table`; `virtual` is the virtual stage of each of its tiles."""
    place = virtual[table.tile] * len(KINDS) + table.kind
    by_start = np.lexsort((table.tile, table.start, table.micro_batch, place))
    by_end = np.lexsort((-table.tile, table.end_at, table.micro_batch, place))
    begins = _begins(place[by_start], table.micro_batch[by_start])
    first = by_start[begins]
    ends = np.append(begins[1:], len(table)) - 1
    last = by_end[ends] if len(table) else first
    action_of = np.empty(len(table), np.int64)
    action_of[by_start] = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(table))))
    return StageActions(
        virtual[table.tile[first]],
        table.kind[first],
        table.micro_batch[first],
        table.start[first],
        table.end_at[last],
        first,
        last,
        action_of,
    )


def _begins(place: Column, micro_batch: Column) -> Column:
    """Where a run of equal (place, micro_batch) begins."""
    if not len(place):
        return np.empty(0, np.int64)
    changes = (np.diff(place) != 0) | (np.diff(micro_batch) != 0)
    return np.concatenate([[0], np.flatnonzero(changes) + 1]).astype(np.int64)
