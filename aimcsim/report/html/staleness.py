"""Staleness of the operations of a log, and how often each value occurs at each stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aimcsim.pipeline.schedules.base import Schedule
from aimcsim.report.op_table import KINDS, Column, OpTable

#: Stands for the staleness of an operation that has none (U, T, W).
NO_STALENESS = -1

_KINDS = {"F": KINDS.index("F"), "B": KINDS.index("B")}


@dataclass(frozen=True)
class StageHistogram:
    """Actions of a stage (from 1) by staleness: `forward[s]` F and `backward[s]` B missed s updates."""

    stage: int
    forward: tuple[int, ...]
    backward: tuple[int, ...]


def staleness_of(ops: OpTable, schedule: Schedule, chunks: Mapping[str, int]) -> Column:
    """Staleness of each operation, as `trace.metrics` counts it for its action; NO_STALENESS where there is none.

    `chunks`: chunk of each tile by name, 0 for those that are not named.
    """
    found = np.full(len(ops), NO_STALENESS, np.int64)
    used = np.flatnonzero(np.isin(ops.kind, list(_KINDS.values())))
    expected = ops.micro_batch[used] // schedule.mini_batch * schedule.updates_per_mini_batch
    seen = ops.version_read[used]
    if not schedule.updates_ascend:
        chunk = np.array([chunks.get(name, 0) for name in ops.tiles], np.int64)[ops.tile[used]]
        columns = (column.tolist() for column in (ops.stage[used] - 1, chunk, seen, expected))
        seen = np.array([schedule.updates_seen(*each) for each in zip(*columns, strict=True)], np.int64)
    found[used] = np.maximum(expected - seen, 0)
    return found


def histograms(ops: OpTable, staleness: Column, chunks: Mapping[str, int]) -> tuple[StageHistogram, ...]:
    """Counts over stage actions: the tiles that do one action together count once."""
    chunk = np.array([chunks.get(name, 0) for name in ops.tiles], np.int64)[ops.tile]
    found = []
    for stage in np.unique(ops.stage).tolist():
        counts = {}
        for name, code in _KINDS.items():
            own = np.flatnonzero((ops.stage == stage) & (ops.kind == code))
            actions = np.stack([ops.micro_batch[own], chunk[own], staleness[own]])
            counts[name] = tuple(np.bincount(np.unique(actions, axis=1)[2]).tolist())
        found.append(StageHistogram(stage, counts["F"], counts["B"]))
    return tuple(found)
