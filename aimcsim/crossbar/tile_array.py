"""`TileArray`: a layer larger than a tile, as a grid of tiles behind the interface of one."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aimcsim.crossbar.checks import as_matrix, as_samples, check_finite, check_pairs, check_size
from aimcsim.crossbar.making import Tile, make_tile
from aimcsim.crossbar.tile import Purpose

Floats = NDArray[np.float32]


class TileArray:
    """`out_size` × `in_size` weights on tiles of at most `rows` inputs and `columns` outputs, as equal as they can be.

    Tile r, c holds row block r (inputs) and column block c (outputs) and is named `<name>.r<r>c<c>`, as the layers of a
    simulated network are, with random numbers of its own. Forward sums over row blocks and backward over column blocks,
    digitally and in the order of the grid. `parts` are what `make_tile` takes (device, io, pulses, mapping, seed...).

        layer = TileArray(300, 1000, rows=512, columns=512, device="ideal")
    """

    def __init__(
        self,
        out_size: int,
        in_size: int,
        *,
        rows: int = 512,
        columns: int = 512,
        name: str = "tile",
        weights: ArrayLike | None = None,
        **parts: Any,
    ) -> None:
        check_size(out_size, in_size)
        for what, size in (("rows", rows), ("columns", columns)):
            if size < 1:
                raise ValueError(f"{what} must be at least 1 (got {size})")
        self.out_size = out_size
        self.in_size = in_size
        self.name = name
        self._inputs = blocks(in_size, rows)
        self._outputs = blocks(out_size, columns)
        self.tiles: list[list[Tile]] = [
            [
                make_tile(o.stop - o.start, i.stop - i.start, name=f"{name}.r{r}c{c}", **parts)
                for c, o in enumerate(self._outputs)
            ]
            for r, i in enumerate(self._inputs)
        ]
        if weights is not None:
            self.weights = weights

    @property
    def weights(self) -> Floats:
        """A copy of W (out, in). Setting them sets the tiles', each of which chooses its own scale."""
        return np.concatenate([np.concatenate([t.weights for t in row]) for row in self.tiles], axis=1)

    @weights.setter
    def weights(self, values: ArrayLike) -> None:
        matrix = as_matrix(values, (self.out_size, self.in_size), "weights")
        for row, i in zip(self.tiles, self._inputs, strict=True):
            for tile, o in zip(row, self._outputs, strict=True):
                tile.weights = matrix[o, i]

    @property
    def repeated_products(self) -> int:
        """Products that bound management repeated in the last forward or backward, over all tiles."""
        return sum(tile.repeated_products for row in self.tiles for tile in row)

    def forward(
        self, x: ArrayLike, *, first_sample: int | None = None, purpose: Purpose = "forward", draw: int = 0
    ) -> Floats:
        """W x for every sample: (batch, in) to (batch, out)."""
        lines = as_samples(x, self.in_size, "x")
        given = {"first_sample": first_sample, "purpose": purpose, "draw": draw}
        parts = (
            [tile.forward(lines[:, i], **given) for tile in row]  # type: ignore[arg-type]
            for row, i in zip(self.tiles, self._inputs, strict=True)
        )
        return summed(np.concatenate(part, axis=1) for part in parts)

    def backward(self, d: ArrayLike, *, first_sample: int | None = None) -> Floats:
        """Wᵀ d for every sample: (batch, out) to (batch, in)."""
        errors = as_samples(d, self.out_size, "d")
        parts = [
            summed(
                tile.backward(errors[:, o], first_sample=first_sample)
                for tile, o in zip(row, self._outputs, strict=True)
            )
            for row in self.tiles
        ]
        return np.concatenate(parts, axis=1)

    def update(self, x: ArrayLike, d: ArrayLike, learning_rate: float, *, first_sample: int | None = None) -> int:
        """W −= lr·d xᵀ on every tile. Returns the pulse slots of the tile that needed most: they work side by side.

        ValueError, with nothing changed, if x or d is not finite.
        """
        lines, errors = as_samples(x, self.in_size, "x"), as_samples(d, self.out_size, "d")
        check_pairs(lines, errors)
        check_finite(float(learning_rate), "learning_rate")
        if not (np.isfinite(lines).all() and np.isfinite(errors).all()):
            raise ValueError("x and d of an update must be finite")
        return max(
            tile.update(lines[:, i], errors[:, o], learning_rate, first_sample=first_sample)
            for row, i in zip(self.tiles, self._inputs, strict=True)
            for tile, o in zip(row, self._outputs, strict=True)
        )

    def elapse(self, seconds: float) -> None:
        """Let simulated time pass on every tile."""
        for row in self.tiles:
            for tile in row:
                tile.elapse(seconds)


def blocks(size: int, largest: int) -> list[slice]:
    """`size` lines in as few blocks of at most `largest` as will do, their sizes differing by at most one."""
    count = -(-size // largest)
    edges = [size * k // count for k in range(count + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def summed(parts: Any) -> Floats:
    """The sum of float32 arrays of one shape, in their order."""
    total: Floats
    total, *others = parts
    for part in others:
        total = total + part
    return total
