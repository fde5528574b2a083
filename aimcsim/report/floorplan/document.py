"""The floorplan as one JSON document: what the tables say, for a program to read."""

from __future__ import annotations

from typing import Any

from aimcsim.assembly import Assembly
from aimcsim.report.floorplan.buffers import skip_buffers
from aimcsim.report.floorplan.figures import ArrayFigures, LayerFigures, busiest, stage_figures
from aimcsim.report.floorplan.periods import Period, period_of
from aimcsim.report.floorplan.what_if import what_ifs


def floorplan_document(assembly: Assembly) -> dict[str, Any]:
    """Stages with their layers and arrays, links, buffers of skips, the bottleneck and what would change it.

    Lines and cycles are whole numbers, periods cycles a micro-batch. Raises Deadlock.
    """
    scenario, floorplan, stages = assembly.scenario, assembly.floorplan, stage_figures(assembly)
    longest = busiest(stages)
    buffers, simulated = skip_buffers(assembly)
    return {
        "name": scenario.name,
        "schedule": assembly.schedule.name,
        "micro_batch": scenario.pipeline.micro_batch,
        "tile": {"rows": scenario.hardware.tile.rows, "columns": scenario.hardware.tile.columns},
        "tiles": sum(stage.tiles for stage in stages),
        "stages": [
            {
                "number": stage.number,
                "cycles": _by_kind(stage.cycles),
                "tiles": stage.tiles,
                "names": list(stage.names),
                "layers": [_layer(layer) for layer in stage.layers],
            }
            for stage in stages
        ],
        "links": [
            {
                "kind": link.kind,
                "from_stage": link.source % floorplan.stages + 1,
                "to_stage": link.target % floorplan.stages + 1,
                "values_per_sample": link.values,
                "tensors": list(link.tensors),
            }
            for link in floorplan.links
        ],
        "buffers": {"simulated_micro_batches": simulated, "skips": buffers},
        "bottleneck": {"stage": longest.number, "layer": longest.longest.name, "cycles": longest.busy},
        "period": _period(period_of(assembly)),
        "what_ifs": [
            {
                "what": found.what,
                "period": _period(found.period),
                "longest": {"stage": found.stage.number, "layer": found.stage.longest.name},
                "tiles": found.tiles,
            }
            for found in what_ifs(assembly)
        ],
    }


def _layer(layer: LayerFigures) -> dict[str, Any]:
    return {
        "name": layer.name,
        "positions": layer.positions,
        "copies": layer.copies,
        "splits": {"rows": layer.splits[0], "columns": layer.splits[1]},
        "beside": list(layer.beside),
        "cells": layer.cells,
        "cycles": _by_kind(layer.cycles),
        "arrays": [_array(array) for array in layer.tiles],
    }


def _array(array: ArrayFigures) -> dict[str, Any]:
    return {
        "tile": array.tile,
        "row": array.row,
        "column": array.column,
        "rows": array.rows,
        "columns": array.columns,
        "copy": array.copy,
    }


def _by_kind(cycles: tuple[int, int, int]) -> dict[str, int]:
    return dict(zip("FBU", cycles, strict=True))


def _period(period: Period) -> dict[str, Any]:
    return {"cycles": float(period.cycles), "how": period.how}
