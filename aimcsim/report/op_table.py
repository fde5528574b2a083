"""The operations of a window of a run, as columns of numbers: what every picture of a run is drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

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
    of the tile's array; version_written is −1 where nothing was written. `layer` is the place among `layers` of the
    layer that the operation is of: a tile may hold the arrays of several.
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
    layer: Column
    layers: tuple[str, ...]

    @cached_property
    def array(self) -> Column:
        """By operation, the number of its array: of the tile and layer, those of the topmost tile first."""
        _, found = np.unique(self.tile * max(1, len(self.layers)) + self.layer, return_inverse=True)
        return np.asarray(found, np.int64)

    @cached_property
    def shares(self) -> NDArray[np.bool_]:
        """By operation, whether its tile holds the arrays of several layers, as far as these operations show."""
        pairs = np.unique(np.stack([self.tile, self.layer]), axis=1)
        return np.asarray(np.bincount(pairs[0], minlength=len(self.tiles)) > 1)[self.tile]

    def __len__(self) -> int:
        return len(self.start)
