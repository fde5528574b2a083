"""Products of the tiles of one layer, put together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aimcsim.training.program import LayerProgram

Floats = NDArray[np.float32]


def combine(program: LayerProgram, products: list[Floats], by_row: bool) -> Floats:
    """Shard products of a layer as one matrix: forward (`by_row`) sums over rows and joins columns, backward the
    other way round. Sums run in the order of the grid, so that the result does not depend on who was first.
    """
    if len(products) == 1:
        return products[0]
    blocks: dict[int, Floats] = {}
    for shard, product in zip(program.shards, products, strict=True):
        block = shard.column if by_row else shard.row
        blocks[block] = blocks[block] + product if block in blocks else product
    return np.concatenate([blocks[key] for key in sorted(blocks)], axis=1)
