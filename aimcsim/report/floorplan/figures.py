"""What a floorplan holds, stage by stage and layer by layer: tiles, cells, products and cycles."""

from __future__ import annotations

from dataclasses import dataclass

from aimcsim.assembly import Assembly
from aimcsim.hardware.floorplan import Floorplan, Step, Unit
from aimcsim.network.layers import Weighted
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, WEIGHT_GRADIENT


@dataclass(frozen=True)
class ArrayFigures:
    """One tile: lines that the layer uses of it, and whether it is another copy of the layer."""

    name: str
    rows: int
    columns: int
    copy: int


@dataclass(frozen=True)
class LayerFigures:
    """One layer with a matrix. `splits`: rows and columns of its grid of tiles (0, 0 where it is on none).

    `cycles`: of F, B and U (or W) of a micro-batch on its arrays, without sums; per action, the whole of it.
    """

    name: str
    tiles: tuple[ArrayFigures, ...]
    splits: tuple[int, int]
    copies: int
    positions: int
    cycles: tuple[int, int, int]

    @property
    def cells(self) -> int:
        """Cells of its tiles that it uses."""
        return sum(tile.rows * tile.columns for tile in self.tiles)


@dataclass(frozen=True)
class StageFigures:
    """One stage. `cycles`: of F, B and U (with W, if there is one) of one micro-batch, all its chunks together."""

    number: int
    layers: tuple[LayerFigures, ...]
    names: tuple[str, ...]
    cycles: tuple[int, int, int]

    @property
    def busy(self) -> int:
        """Cycles that a micro-batch keeps it busy: no period is shorter."""
        return sum(self.cycles)

    @property
    def tiles(self) -> int:
        """Tiles of all its layers."""
        return sum(len(layer.tiles) for layer in self.layers)

    @property
    def longest(self) -> LayerFigures:
        """The layer that takes most of its time."""
        return max(self.layers, key=lambda layer: sum(layer.cycles))


def stage_figures(assembly: Assembly) -> tuple[StageFigures, ...]:
    """Every stage, in order. Updates that a schedule makes once a mini-batch count as one a micro-batch."""
    floorplan = assembly.floorplan
    return tuple(_stage(assembly, floorplan, stage) for stage in range(floorplan.stages))


def _stage(assembly: Assembly, floorplan: Floorplan, stage: int) -> StageFigures:
    chunks = floorplan.stage_chunks(stage)
    layers: dict[str, list[Unit]] = {}
    for unit in floorplan.units:
        if unit.stage == stage and unit.shard is not None:
            layers.setdefault(unit.layer, []).append(unit)
    forward = sum(_length(assembly, FORWARD, chunk.forward) for chunk in chunks)
    backward = sum(_length(assembly, BACKWARD, chunk.backward) for chunk in chunks)
    updates = sum(_length(assembly, kind, chunk.update) for chunk in chunks for kind in (UPDATE, WEIGHT_GRADIENT))
    return StageFigures(
        stage + 1,
        tuple(_layer(assembly, name, units) for name, units in layers.items()),
        tuple(name for chunk in chunks for name in chunk.layers),
        (forward, backward, updates),
    )


def _length(assembly: Assembly, kind: str, steps: tuple[Step, ...]) -> int:
    table = assembly.plan.times.table(kind)
    return sum(max((table[unit] for unit in step), default=0) for step in steps)


def _layer(assembly: Assembly, name: str, units: list[Unit]) -> LayerFigures:
    layer, times = assembly.network.layers[name], assembly.plan.times
    tiles = [unit for unit in units if unit.is_tile]
    plan = assembly.floorplan.plan
    read = [unit for unit in units if unit.role in plan.read]
    written = [unit for unit in units if unit.role in plan.updated] if tiles else units
    cycles = (
        max(times.table(FORWARD)[unit.index] for unit in read),
        max(times.table(BACKWARD)[unit.index] for unit in read),
        max(times.table(UPDATE)[unit.index] + times.table(WEIGHT_GRADIENT)[unit.index] for unit in written),
    )
    shards = [unit.shard for unit in tiles if unit.shard is not None]
    splits = (max(s.row for s in shards) + 1, max(s.column for s in shards) + 1) if shards else (0, 0)
    return LayerFigures(
        name,
        tuple(
            ArrayFigures(unit.name, unit.shard.in_size, unit.shard.out_size, unit.copy)
            for unit in tiles
            if unit.shard is not None
        ),
        splits,
        units[0].copies,
        layer.positions if isinstance(layer, Weighted) else 1,
        cycles,
    )
