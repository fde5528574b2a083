"""How often each value of staleness occurs at each stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimcsim.report.op_table import KINDS, Column, OpTable

_F, _B = (KINDS.index(kind) for kind in "FB")


@dataclass(frozen=True)
class StageHistogram:
    """Actions of a stage (from 1) by staleness: `forward[s]` F and `backward[s]` B missed s updates."""

    stage: int
    forward: tuple[int, ...]
    backward: tuple[int, ...]


def histograms(ops: OpTable, staleness: Column, chunk: Column) -> tuple[StageHistogram, ...]:
    """Counts over stage actions: the tiles that do one action together count once. `chunk` is that of each tile."""
    found = []
    for stage in np.unique(ops.stage).tolist():
        counts = []
        for kind in (_F, _B):
            own = np.flatnonzero((ops.stage == stage) & (ops.kind == kind))
            micro_batch, chunks = ops.micro_batch[own], chunk[ops.tile[own]]
            order = np.lexsort((chunks, micro_batch))
            differs = (np.diff(micro_batch[order]) != 0) | (np.diff(chunks[order]) != 0)
            first = order[np.append(True, differs)] if len(order) else order
            counts.append(tuple(np.bincount(np.maximum(staleness[own][first], 0)).tolist()))
        found.append(StageHistogram(stage, *counts))
    return tuple(found)
