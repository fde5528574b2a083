"""The floorplan: which unit (tile or digital node) does what in which stage, and which links join the stages.

A plain, immutable description. The machine runs it, the executor computes on it, `topology` draws it as a graph.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from aimcsim.hardware.arrays import ONE_ARRAY, ArraysPlan
from aimcsim.hardware.splitting import Shard


@dataclass(frozen=True)
class Unit:
    """One clocked process and timeline row. `shard` is None for a digital node without a matrix.

    A `digital` unit holds the matrix of a layer that is marked so, or of one of its groups. A tile or buffer holds
    the `role` (its number in the `ArraysPlan`) of the shard with number `shard_number` of its layer.
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

    @property
    def is_tile(self) -> bool:
        """True for an array with its converters, False for what is digital."""
        return self.kind == "tile"


#: Units that start together; the next step starts when the last of them has ended.
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

    def stage_chunks(self, stage: int) -> tuple[Chunk, ...]:
        """Chunks that `stage` (from 0) holds, by chunk index."""
        return tuple(self.chunks[c * self.stages + stage] for c in range(self.chunks_per_stage))

    def stage_layers(self, stage: int) -> tuple[str, ...]:
        """Layers of a stage that have a matrix, in network order: what a person calls the stage by."""
        return tuple(dict.fromkeys(unit.layer for unit in self.units if unit.shard is not None and unit.stage == stage))
