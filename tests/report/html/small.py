"""A run of two stages and three micro-batches whose whole log is written out here.

F = B = 1, U = 2 cycles, fixed order of `async`: stage 1 admits two micro-batches, stage 2 one.

    cycle    0  1  2  3  4  5  6  7  8  9  10 11 12 13
    stage 1  F0 F1 .  B0 U0--- F2 B1 U1--- .  B2 U2---
    stage 2  .  F0 B0 U0--- F1 B1 U1--- F2 B2 U2--- .
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aimcsim.report.op_table import KINDS, OpTable
from tests.cli.command import aimcsim_, write

TILES = ("s1.l1.r0c0", "s2.l2.r0c0")

TEXT = """\
name: small
model: {chain: 2}
hardware: {timing: {forward: 1, backward: 1, update: 2, clock_ns: 10}}
training: {samples: 3}
"""

#: (row, kind, micro-batch, start, end, version read, version written), by row and start; -1: nothing written.
LOG = (
    (0, "F", 0, 0, 1, 0, -1),
    (0, "F", 1, 1, 2, 0, -1),
    (0, "B", 0, 3, 4, 0, -1),
    (0, "U", 0, 4, 6, 0, 1),
    (0, "F", 2, 6, 7, 1, -1),
    (0, "B", 1, 7, 8, 1, -1),
    (0, "U", 1, 8, 10, 1, 2),
    (0, "B", 2, 11, 12, 2, -1),
    (0, "U", 2, 12, 14, 2, 3),
    (1, "F", 0, 1, 2, 0, -1),
    (1, "B", 0, 2, 3, 0, -1),
    (1, "U", 0, 3, 5, 0, 1),
    (1, "F", 1, 5, 6, 1, -1),
    (1, "B", 1, 6, 7, 1, -1),
    (1, "U", 1, 7, 9, 1, 2),
    (1, "F", 2, 9, 10, 2, -1),
    (1, "B", 2, 10, 11, 2, -1),
    (1, "U", 2, 11, 13, 2, 3),
)

Row = tuple[int, str, int, int, int, int, int]


def table(rows: Sequence[Row] = LOG, tiles: Sequence[str] = TILES, stages: Sequence[int] = (1, 2)) -> OpTable:
    """The rows as columns; `stages[i]` is the stage of the tile of row i."""
    tile, kind, *numbers = zip(*rows, strict=True)
    micro_batch, start, end, read, written = (np.array(column, np.int64) for column in numbers)
    return OpTable(
        tuple(tiles),
        int(start.min()),
        int(end.max()),
        np.array(tile, np.int64),
        np.array([stages[row] for row in tile], np.int64),
        np.array([KINDS.index(letter) for letter in kind], np.int64),
        micro_batch,
        start,
        end,
        read,
        written,
        np.zeros(len(start), np.int64),
        ("",),
    )


def name(index: int) -> str:
    """`F0@1` for F of micro-batch 0 on stage 1."""
    row, kind, micro_batch, *_ = LOG[index]
    return f"{kind}{micro_batch}@{row + 1}"


#: Evaluations as a trained run writes them; 80 % is reached at 2 samples, cycle 9.
METRICS = """\
samples,epoch,cycle,seconds,train_loss,test_loss,test_accuracy,energy_j
0,0,0,0,,2.5,0.1,
1,0.25,5,5e-08,2.25,2,0.5,
2,0.5,9,9e-08,1.5,1.25,0.8,
3,0.75,13,1.3e-07,1,1.125,0.9,
"""


def small_run(folder: Path, *options: str) -> Path:
    """The folder of the run, made by the command line."""
    result = aimcsim_("run", write(folder, TEXT), "--out", folder / "run", *options)
    assert result.exit_code == 0, result.stderr
    return folder / "run"
