"""Timelines as text: rows of tiles (or stages) over cycles, fit for pasting into an issue.

Three scales, the first that fits the width: every cycle a cell with kind and micro-batch; every cycle one character;
several cycles a character. An operation longer than its label goes on as `---`. One of no length is not drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from aimcsim.errors import harmless
from aimcsim.pipeline.actions import Action
from aimcsim.report.busy_cycles import busy_before
from aimcsim.report.op_table import KINDS, Column, OpTable

IDLE = "."

#: Longest tile name that is shown in full, and what stands between a name and its row.
LONGEST_NAME = 40
GAP = "  "


class Mark(NamedTuple):
    """One operation: `tile` names its row, `op` is a letter of KINDS, times in cycles, `end` exclusive."""

    tile: str
    op: str
    micro_batch: int
    start: int
    end: int


@dataclass(frozen=True)
class Grid:
    """The cycles `first` up to `end` (exclusive) drawn as `characters` a cycle, or `cycles` a character."""

    first: int
    end: int
    characters: int = 1
    cycles: int = 1

    @property
    def columns(self) -> int:
        """Characters of a row."""
        return -(-(self.end - self.first) // self.cycles) * self.characters

    def column(self, cycle: int) -> int:
        """The first character of `cycle`."""
        return (cycle - self.first) // self.cycles * self.characters


def timeline(table: OpTable, width: int = 120) -> list[str]:
    """Lines of text: a ruler of cycles, a row a tile, a legend; rows are at most `width` wide.

    The cycles of the table are drawn, at least one.
    """
    names = [harmless(name, LONGEST_NAME) for name in table.tiles]
    margin = max([len("cycle"), *map(len, names)])
    lasting = np.flatnonzero(table.end_at > np.maximum(table.start, table.first))
    widest = len(str(table.micro_batch[lasting].max(initial=0))) + 2
    grid = _grid(widest, table.first, table.end, max(1, width - margin - len(GAP)))
    lines = [("cycle".ljust(margin) + GAP + _ruler(grid)).rstrip()]
    lines += _labelled(
        names, _filled_rows(table, grid) if grid.cycles > 1 else _table_rows(table, lasting, grid), margin
    )
    return [*lines, _legend(grid)]


def picture_of(actions: Iterable[tuple[int, Action, int, int]]) -> list[str]:
    """The picture of a schedule: a row a stage, from (stage from 0, action, start, end) of all its actions.

    Every cycle is a cell with kind and micro-batch; actions of every second chunk are in lower case.

    >>> F, B = Action("F", 0), Action("B", 0)
    >>> print("\\n".join(picture_of([(0, F, 0, 1), (1, F, 1, 2), (1, B, 2, 4), (0, B, 4, 5)])))
    stage 1  F0 .  .  .  B0
    stage 2  .  F0 B0--- .
    """
    marks = [
        Mark(str(stage), action.kind.lower() if action.chunk % 2 else action.kind, action.micro_batch, start, end)
        for stage, action, start, end in actions
        if end > start
    ]
    order = sorted({mark.tile for mark in marks}, key=int)
    grid = Grid(min(m.start for m in marks), max(m.end for m in marks), _cell(marks))
    names = [f"stage {int(stage) + 1}" for stage in order]
    rows = [_row([mark for mark in marks if mark.tile == stage], grid) for stage in order]
    return _labelled(names, rows, max(map(len, names)))


def _labelled(names: Sequence[str], rows: Sequence[str], margin: int) -> list[str]:
    return [(name.ljust(margin) + GAP + row).rstrip() for name, row in zip(names, rows, strict=True)]


def _grid(cell: int, first: int, end: int, room: int) -> Grid:
    if (end - first) * cell <= room:
        return Grid(first, end, characters=cell)
    cycles = -(-(end - first) // room)
    return Grid(first, end, cycles=next(step for step in _round_numbers() if step >= cycles))


def _cell(marks: Iterable[Mark]) -> int:
    """Characters of a cycle whose operation shows kind and micro-batch, and a space after it."""
    return len(str(max((mark.micro_batch for mark in marks), default=0))) + 2


def _table_rows(table: OpTable, lasting: Column, grid: Grid) -> list[str]:
    marks: list[list[Mark]] = [[] for _ in table.tiles]
    columns = (table.tile, table.kind, table.micro_batch, table.start, table.end_at)
    for tile, kind, micro_batch, start, end in zip(*(column[lasting].tolist() for column in columns), strict=True):
        marks[tile].append(Mark(table.tiles[tile], KINDS[kind], micro_batch, start, end))
    return [_row(own, grid) for own in marks]


def _row(marks: Iterable[Mark], grid: Grid) -> str:
    """A row in which every cycle has its own characters."""
    space = " " * (grid.characters > 1)
    row = list(IDLE.ljust(grid.characters) * (grid.end - grid.first))
    for mark in marks:
        start, end = grid.column(max(mark.start, grid.first)), grid.column(min(mark.end, grid.end))
        room = end - start - len(space)
        label = f"{mark.op}{mark.micro_batch}"
        goes_on = "-" if end - start > grid.characters else " "
        row[start:end] = (label if len(label) <= room else mark.op).ljust(room, goes_on) + space
    return "".join(row)


def _filled_rows(table: OpTable, grid: Grid) -> list[str]:
    """A row a tile, of one character for several cycles: what fills most of them, work before idleness if equal."""
    edges = np.append(np.arange(grid.first, grid.end, grid.cycles), grid.end)
    letters = np.array([*KINDS, IDLE])
    order = np.lexsort((table.start, table.kind, table.tile))
    place = (table.tile * len(KINDS) + table.kind)[order]
    bounds = np.searchsorted(place, np.arange(len(table.tiles) * len(KINDS) + 1))
    rows = []
    for tile in range(len(table.tiles)):
        busy = []
        for number in range(tile * len(KINDS), (tile + 1) * len(KINDS)):
            own = order[bounds[number] : bounds[number + 1]]
            busy.append(np.diff(busy_before(table.start[own], table.end_at[own], edges)))
        idle = np.diff(edges) - sum(busy)
        rows.append("".join(letters[np.argmax(np.stack([*busy, idle]), axis=0)]))
    return rows


def _round_numbers() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50, …"""
    for exponent in itertools.count():
        yield from (digit * 10**exponent for digit in (1, 2, 5))


def _ruler(grid: Grid) -> str:
    """Cycle numbers, each above the first character of its cycle."""
    longest = len(str(grid.end)) + 1
    columns = next(step for step in _round_numbers() if step * grid.characters >= longest)
    step = columns * grid.cycles
    ruler = ""
    for cycle in range(-(-grid.first // step) * step, grid.end, step):
        ruler = ruler.ljust(grid.column(cycle)) + str(cycle)
    return ruler


def _legend(grid: Grid) -> str:
    scale = f"one column = {grid.cycles} cycles" if grid.cycles > 1 else "digits: micro-batch"
    return f"F forward, B backward, U update, W weight gradient, T transfer, {IDLE} idle; {scale}"
