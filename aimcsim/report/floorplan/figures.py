"""What a floorplan holds, stage by stage and layer by layer: tiles, cells, products and cycles."""

from __future__ import annotations

from dataclasses import dataclass

from aimcsim.assembly import Assembly
from aimcsim.hardware.floorplan import Floorplan, Step, Unit
from aimcsim.network.layers import Weighted
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, WEIGHT_GRADIENT


@dataclass(frozen=True)
class ArrayFigures:
    """One array of a layer: the `tile` it is on, its lines, the first of them there, and whether it is another copy."""

    tile: str
    rows: int
    columns: int
    copy: int
    row: int = 0
    column: int = 0


@dataclass(frozen=True)
class LayerFigures:
    """One layer with a matrix, on no tile or on these. `splits`: rows and columns of its grid of them (0, 0: on none).

    `beside`: layers that are on its tiles too. `cycles`: of F, B and U (or W) of a micro-batch on its arrays, without
    sums; per action, the whole of it.
    """

    name: str
    tiles: tuple[ArrayFigures, ...]
    splits: tuple[int, int]
    copies: int
    positions: int
    cycles: tuple[int, int, int]
    beside: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        """Cells that it uses of its tiles."""
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
        """Tiles of all its layers, one that several of them share counted once."""
        return len({array.tile for layer in self.layers for array in layer.tiles})

    def shared(self) -> tuple[tuple[LayerFigures, ...], ...]:
        """Layers by the tiles they are on: one that shares none is alone, in the order of the first of each."""
        return tuple(
            tuple(each for each in self.layers if each is layer or each.name in layer.beside)
            for layer in self.layers
            if not any(earlier.name in layer.beside for earlier in self.layers[: self.layers.index(layer)])
        )

    @property
    def longest(self) -> LayerFigures:
        """The layer that takes most of its time."""
        return max(self.layers, key=lambda layer: sum(layer.cycles))


def busiest(stages: tuple[StageFigures, ...]) -> StageFigures:
    """The first of the stages that a micro-batch keeps busy longest."""
    return max(stages, key=lambda stage: stage.busy)


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
    return sum(assembly.floorplan.step_cycles(step, table) for step in steps)


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
            ArrayFigures(unit.tile, unit.shard.in_size, unit.shard.out_size, unit.copy, unit.row, unit.column)
            for unit in tiles
            if unit.shard is not None
        ),
        splits,
        units[0].copies,
        layer.positions if isinstance(layer, Weighted) else 1,
        cycles,
        tuple(unit.layer for unit in assembly.floorplan.by_tile[units[0].tile] if unit.layer != name),
    )
