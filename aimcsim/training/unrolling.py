"""How a convolution's values become lines that its arrays are fed, and back: one line for each place of its window.

Patches are unrolled anew for every operation that needs them and never kept: those of a micro-batch in flight would
be as many times larger than its image as the window has values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.kernel_cache import cached_by_source
from aimcsim.hardware.splitting import Shard
from aimcsim.network.layers import Convolution

with cached_by_source():
    from aimcsim.network.window_kernels import finish_lines, fold, geometry_of, lines_of, offsets_of, unroll

Floats = NDArray[np.float32]


class Unrolling:
    """One convolution. A micro-batch is (batch, values) to its neighbours and (batch x positions, lines) to its arrays;
    positions of a sample follow one another, row by row.
    """

    def __init__(self, layer: Convolution) -> None:
        self._layer = layer
        self._channels = layer.read[0] // layer.groups
        self._offsets = offsets_of(layer.read, layer.window, self._channels)
        self._geometry = geometry_of(layer.read, layer.window)
        self._values = layer.read[0] * layer.read[1] * layer.read[2]

    def patches(self, x: Floats, shard: Shard) -> Floats:
        """What one tile is fed: its part of every patch, and 1 where the bias is an array row."""
        lines = np.empty((len(x) * self._layer.positions, shard.in_size), np.float32)
        first = shard.group * self._channels
        unroll(x, first, self._channels, self._offsets[shard.inputs], self._geometry, lines)
        return lines

    def lines(self, error: Floats) -> Floats:
        """The error at the outputs (batch, outputs x positions) as (batch x positions, outputs)."""
        lines = np.empty((len(error) * self._layer.positions, self._layer.out_size), np.float32)
        lines_of(error, self._layer.out_size, lines)
        return lines

    def folded(self, shards: Sequence[Shard], returned: Sequence[Floats]) -> Floats:
        """What the tiles sent back for the patches, summed to the values of the image (batch, values)."""
        sent = np.empty((len(returned[0]) // self._layer.positions, self._values), np.float32)
        for group in range(self._layer.groups):
            rows: dict[int, Floats] = {}
            for shard, part in zip(shards, returned, strict=True):
                if shard.group == group:
                    rows[shard.row] = rows[shard.row] + part if shard.row in rows else part
            joined = rows[0] if len(rows) == 1 else np.concatenate([rows[row] for row in sorted(rows)], axis=1)
            fold(joined, group * self._channels, self._channels, self._offsets, self._geometry, sent)
        return sent

    def finished(self, lines: Floats, bias: Floats, code: int) -> Floats:
        """Products (batch x positions, outputs) with bias and function, as (batch, outputs x positions)."""
        y = np.empty((len(lines) // self._layer.positions, self._layer.size), np.float32)
        finish_lines(lines, bias, code, y)
        return y


class LatestLines:
    """Lines of one micro-batch as long as an action lasts: tiles that are fed the same follow one another."""

    __slots__ = ("_error", "_patches")

    def __init__(self) -> None:
        self._patches: tuple[tuple[int, int, int], Floats] | None = None
        self._error: tuple[int, Floats] | None = None

    def patches(self, unrolling: Unrolling, number: int, x: Floats, shard: Shard) -> Floats:
        """What a tile of layer `number` is fed."""
        key = (number, shard.group, shard.row)
        if self._patches is None or self._patches[0] != key:
            self._patches = key, unrolling.patches(x, shard)
        return self._patches[1]

    def error(self, unrolling: Unrolling, number: int, error: Floats) -> Floats:
        """The error at all outputs of layer `number`."""
        if self._error is None or self._error[0] != number:
            self._error = number, unrolling.lines(error)
        return self._error[1]

    def forget(self) -> None:
        """The action is complete: what can be unrolled again is not kept."""
        self._patches = self._error = None
