"""`aimcsim floorplan` in the terminal: stages, layers, links, buffers, the bottleneck and what would change it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from aimcsim.assembly import Assembly
from aimcsim.report.figures import figure
from aimcsim.report.floorplan.buffers import skip_buffers
from aimcsim.report.floorplan.figures import LayerFigures, StageFigures, busiest, stage_figures
from aimcsim.report.floorplan.periods import AT_LEAST, SIMULATED, Period, period_of
from aimcsim.report.floorplan.what_if import what_ifs


def floorplan_parts(assembly: Assembly) -> Iterator[RenderableType]:
    """The parts, top to bottom."""
    scenario, stages = assembly.scenario, stage_figures(assembly)
    tile = scenario.hardware.tile
    tiles = sum(stage.tiles for stage in stages)
    yield Text(
        f"{scenario.name}: {len(stages)} stages, {tiles} tiles of {tile.rows}x{tile.columns}, schedule "
        f"{assembly.schedule.name}, micro-batches of {scenario.pipeline.micro_batch}"
    )
    yield _layers(assembly, stages)
    yield from _shared_tiles(assembly)
    yield _links(assembly)
    yield from _buffers(assembly)
    yield from _bottleneck(assembly, stages)


def _layers(assembly: Assembly, stages: tuple[StageFigures, ...]) -> Table:
    names = ("stage", "layer", "tiles", "lines used", "cells used", "positions", "F", "B", "U")
    table = _table(names, "Layers with a matrix, and cycles of a micro-batch; of a stage with its digital layers:")
    tile = assembly.scenario.hardware.tile
    for stage in stages:
        for number, layer in enumerate(stage.layers):
            table.add_row(
                str(stage.number) if not number else "",
                layer.name,
                _grid(layer),
                _lines(layer),
                _share(layer.cells, len(layer.tiles) * tile.rows * tile.columns),
                str(layer.positions),
                *map(str, layer.cycles),
            )
        table.add_row("", "all", str(stage.tiles), "", "", "", *map(str, stage.cycles), end_section=True)
    return table


def _grid(layer: LayerFigures) -> str:
    if not layer.tiles:
        return "digital"
    rows, columns = layer.splits
    beside = f" with {', '.join(layer.beside)}" if layer.beside else ""
    return f"{rows}x{columns}" + (f" x {layer.copies} copies" if layer.copies > 1 else beside)


def _lines(layer: LayerFigures) -> str:
    if not layer.tiles:
        return ""
    return f"{max(tile.rows for tile in layer.tiles)}x{max(tile.columns for tile in layer.tiles)}"


def _share(cells: int, room: int) -> str:
    return f"{cells} ({cells / room:.1%})" if room else ""


def _shared_tiles(assembly: Assembly) -> Iterator[RenderableType]:
    """Which lines each layer has on tiles that hold several, or that have a name."""
    table = _table(("tile", "layer", "rows", "columns", "cells used"), "Shared and named tiles:")
    room = assembly.scenario.hardware.tile.rows * assembly.scenario.hardware.tile.columns
    for tile, units in assembly.floorplan.by_tile.items():
        arrays = [(unit, unit.shard) for unit in units if unit.on and unit.shard is not None]
        for number, (unit, shard) in enumerate(arrays):
            lines = f"{unit.row}-{unit.row + shard.in_size - 1}", f"{unit.column}-{unit.column + shard.out_size - 1}"
            table.add_row(
                "" if number else tile, unit.layer, *lines, _share(shard.in_size * shard.out_size, room),
                end_section=number == len(arrays) - 1,
            )  # fmt: skip
    if table.row_count:
        yield table


def _links(assembly: Assembly) -> Table:
    table = _table(("link", "from", "to", "values a sample", "bytes a micro-batch", "carries"), "Links between stages:")
    floorplan, scenario = assembly.floorplan, assembly.scenario
    size = scenario.hardware.link.value_bytes * scenario.pipeline.micro_batch
    for link in floorplan.links:
        ends = (str(virtual % floorplan.stages + 1) for virtual in (link.source, link.target))
        table.add_row(link.kind, *ends, str(link.values), str(link.values * size), ", ".join(link.tensors))
    return table


def _buffers(assembly: Assembly) -> Iterator[RenderableType]:
    found, micro_batches = skip_buffers(assembly)
    if not found:
        yield Text("No link passes over a stage: no skip needs a buffer.")
        return
    heads = ("skip", "from", "to", "values a sample", "micro-batches", "bytes")
    table = _table(heads, f"Buffers of skips, most at once in the first {micro_batches} micro-batches:")
    for buffer in found:
        table.add_row(*map(str, buffer.values()))
    yield table


def _bottleneck(assembly: Assembly, stages: tuple[StageFigures, ...]) -> Iterator[RenderableType]:
    period, stage = period_of(assembly), busiest(stages)
    layer = stage.longest
    yield Text(
        f"bottleneck: stage {stage.number}, {stage.busy} cycles a micro-batch, of which {layer.name} "
        f"({layer.positions} positions) {sum(layer.cycles)}"
    )
    how = f" ({period.how})" if period.how.startswith(SIMULATED) else ""
    yield Text(f"period: {_cycles(period)} a micro-batch{how}")
    table = _table(("what if", "period", "of now", "then longest", "tiles"), "")
    for found in what_ifs(assembly):
        then = f"stage {found.stage.number}, {found.stage.longest.name}"
        part = f"{float(found.period.cycles / period.cycles):.1%}"
        table.add_row(found.what, _cycles(found.period), part, then, str(found.tiles))
    if table.row_count:
        yield table
    if assembly.floorplan.plan.transfers:
        yield Text("Transfers (T) come on top of the cycles of stages, not of a period that was simulated.")


def _cycles(period: Period) -> str:
    return f"{'at least ' if period.how == AT_LEAST else ''}{figure(float(period.cycles))}"


def _table(heads: tuple[str, ...], title: str) -> Table:
    table = Table(*heads, title=title or None, title_justify="left", title_style="")
    for column in table.columns:
        column.overflow = "fold"
        right = column.header not in ("stage", "layer", "link", "carries", "skip", "what if", "then longest", "tile")
        column.justify = "right" if right else "left"
    return table
