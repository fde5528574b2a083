"""A layer larger than a tile is split: rows (inputs) are summed digitally, columns (outputs) run side by side."""

from __future__ import annotations

import itertools
from dataclasses import dataclass


@dataclass(frozen=True)
class Shard:
    """The part weights[outputs, inputs] of a layer that is on one tile; `row`, `column`: its place in the grid.

    The outputs of a `group` read inputs of their own, so that `inputs` counts within the group.
    """

    row: int
    column: int
    inputs: slice
    outputs: slice
    group: int = 0

    @property
    def in_size(self) -> int:
        """Input lines of the tile that are used."""
        return int(self.inputs.stop - self.inputs.start)

    @property
    def out_size(self) -> int:
        """Output lines of the tile that are used."""
        return int(self.outputs.stop - self.outputs.start)

    @property
    def name(self) -> str:
        """Its place as it ends a tile's name, for instance r0c1."""
        return f"r{self.row}c{self.column}"


def split(outputs: int, inputs: int, columns: int, rows: int, groups: int = 1) -> tuple[Shard, ...]:
    """Shards of an `outputs` x `inputs` matrix on tiles of at most `rows` inputs and `columns` outputs, row by row.

    The parts are as equal as they can be (their sizes differ by at most one), so that they take equally long. Outputs
    of different `groups`, which are equally large, are never on one tile.
    """
    size = outputs // groups
    blocks = [
        (group, slice(group * size + block.start, group * size + block.stop))
        for group in range(groups)
        for block in _blocks(size, columns)
    ]
    return tuple(
        Shard(r, c, inputs=row_block, outputs=column_block, group=group)
        for r, row_block in enumerate(_blocks(inputs, rows))
        for c, (group, column_block) in enumerate(blocks)
    )


def tiles_needed(outputs: int, inputs: int, columns: int, rows: int, groups: int = 1) -> int:
    """How many shards `split` makes."""
    return -(-outputs // groups // columns) * groups * -(-inputs // rows)


def _blocks(size: int, largest: int) -> list[slice]:
    count = -(-size // largest)
    edges = [size * i // count for i in range(count + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]
