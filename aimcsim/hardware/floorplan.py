"""The floorplan: which unit (tile or digital node) does what in which stage, and which links join the stages.

A plain, immutable description. The machine runs it, the executor computes on it, `topology` draws it as a graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from aimcsim.hardware.arrays import ONE_ARRAY, ArraysPlan
from aimcsim.hardware.splitting import Shard


@dataclass(frozen=True)
class Unit:
    """One clocked process. `shard` is None for a digital node without a matrix.

    A `digital` unit holds the matrix of a layer that is marked so, or of one of its groups. A tile or buffer holds
    the `role` (its number in the `ArraysPlan`) of the shard with number `shard_number` of its layer. Where a layer has
    several `copies`, each does its share of the products and all of the updates.

    `on`: the tile that the array is on with others, or that has a name of its own; `row`, `column`: its first lines.
    """

    index: int
    name: str
    stage: int
    chunk: int
    layer: str
    kind: Literal["tile", "buffer", "digital", "sum", "activation"]
    shard: Shard | None = None
    shard_number: int = -1
    role: int = 0
    copy: int = 0
    copies: int = 1
    on: str = ""
    row: int = 0
    column: int = 0

    @property
    def tile(self) -> str:
        """Name of its timeline row: that of the tile it is on, its own where it is on none with others."""
        return self.on or self.name

    @property
    def is_tile(self) -> bool:
        """True for an array with its converters, False for what is digital."""
        return self.kind == "tile"

    @property
    def is_first(self) -> bool:
        """True for the first array of a shard, which stands for it: the others are roles and copies."""
        return self.role == 0 and self.copy == 0

    def share(self, products: int) -> int:
        """Of so many products of the layer, those that this copy does: as equal as they can be, the first the most."""
        return (products + self.copies - 1 - self.copy) // self.copies


#: Units that start together, save that those on one tile go one after the other, in this order; the next step starts
#: when the last of them has ended.
Step = tuple[int, ...]


@dataclass(frozen=True)
class Chunk:
    """A group of layers that a stage works on in one action, with the steps of each kind of action.

    Only interleaved schedules have more than one chunk a stage. `virtual` counts chunks along the network. `arrays`
    are the units of each role, without the layers that are marked digital.
    """

    virtual: int
    stage: int
    index: int
    layers: tuple[str, ...]
    forward: tuple[Step, ...]
    backward: tuple[Step, ...]
    update: tuple[Step, ...]
    arrays: tuple[Step, ...] = ()


@dataclass(frozen=True)
class LinkPlan:
    """One direction of a link between two virtual stages: forward carries activations, backward errors.

    `values` is what one sample sends; `tensors` names the layers whose outputs are carried.
    """

    source: int
    target: int
    kind: Literal["F", "B"]
    tensors: tuple[str, ...]
    values: int


@dataclass(frozen=True)
class Floorplan:
    """All units, chunks (by virtual stage) and links. `stages` x `chunks_per_stage` virtual stages.

    `plan`: what every shard keeps on arrays, and how they are transferred.
    """

    stages: int
    chunks_per_stage: int
    units: tuple[Unit, ...]
    chunks: tuple[Chunk, ...]
    links: tuple[LinkPlan, ...]
    plan: ArraysPlan = field(default=ONE_ARRAY)

    @cached_property
    def by_tile(self) -> Mapping[str, tuple[Unit, ...]]:
        """Units by timeline row, in their order: several where arrays share a tile."""
        found: dict[str, list[Unit]] = {}
        for unit in self.units:
            found.setdefault(unit.tile, []).append(unit)
        return {tile: tuple(units) for tile, units in found.items()}

    @cached_property
    def has_shared_tiles(self) -> bool:
        """True where some tile holds the arrays of several layers."""
        return len(self.by_tile) < len(self.units)

    def by_tile_of(self, step: Step) -> Mapping[str, tuple[Unit, ...]]:
        """The units of a step by timeline row: those of a row work one after the other."""
        found: dict[str, tuple[Unit, ...]] = {}
        for index in step:
            unit = self.units[index]
            found[unit.tile] = (*found.get(unit.tile, ()), unit)
        return found

    def step_cycles(self, step: Step, cycles: Sequence[int]) -> int:
        """How long a step takes, 0 for an empty one; `cycles` by unit: tiles side by side, what shares one in turn."""
        if not self.has_shared_tiles:
            return max((cycles[unit] for unit in step), default=0)
        sums = (sum(cycles[unit.index] for unit in units) for units in self.by_tile_of(step).values())
        return max(sums, default=0)

    def stage_chunks(self, stage: int) -> tuple[Chunk, ...]:
        """Chunks that `stage` (from 0) holds, by chunk index."""
        return tuple(self.chunks[c * self.stages + stage] for c in range(self.chunks_per_stage))

    def stage_layers(self, stage: int) -> tuple[str, ...]:
        """Layers of a stage that have a matrix, in network order: what a person calls the stage by."""
        return tuple(dict.fromkeys(unit.layer for unit in self.units if unit.shard is not None and unit.stage == stage))
