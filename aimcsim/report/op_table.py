"""The operations of a window of a run, as columns of numbers: what every picture of a run is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: The letters of the kinds of operation; `OpTable.kind` holds places in it.
KINDS = "FBUWT"

Column = NDArray[np.int64]


@dataclass(frozen=True)
class OpTable:
    """Operations that touch the cycles `first` up to `end` (exclusive), in the order of the op log.

    `tiles` are the names of the rows of a picture, the first stage's on top, with or without operations. The columns
    have one element an operation: `tile` is its place in `tiles`, `stage` counts from 1, `kind` is a place in KINDS,
    `start` and `end_at` are cycles (not clipped to the window), `version_read` and `version_written` count the updates
    of the tile's array; version_written is −1 where nothing was written.
    """

    tiles: tuple[str, ...]
    first: int
    end: int
    tile: Column
    stage: Column
    kind: Column
    micro_batch: Column
    start: Column
    end_at: Column
    version_read: Column
    version_written: Column

    def __len__(self) -> int:
        return len(self.start)
