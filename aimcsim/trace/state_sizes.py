"""How much a run keeps: arrays, digital numbers of its algorithm, and what waits in flight for its updates."""

from __future__ import annotations

from collections.abc import Sequence

from aimcsim.assembly import Assembly
from aimcsim.hardware.floorplan import Unit
from aimcsim.learning.plans import buffers_per_weight
from aimcsim.network.layers import Weighted


def state_sizes(assembly: Assembly, peak_in_flight: Sequence[int]) -> dict[str, int | None]:
    """The figure `state` of the summary. `peak_in_flight`: micro-batches a stage (and chunk) held at most.

    `devices`, `digital_values` and `pair_values` count numbers; they are None for a chain, whose layers have no size.
    """
    floorplan = assembly.floorplan
    arrays = sum(unit.is_tile for unit in floorplan.units)
    tiles = sum(units[0].is_tile for units in floorplan.by_tile.values())
    layers = [(layer, chunk.stage) for chunk in floorplan.chunks for layer in chunk.layers]
    known = assembly.network.layers
    weighted = [(found, stage) for name, stage in layers if isinstance(found := known[name], Weighted)]
    if not weighted:
        return {"arrays": arrays, "tiles": tiles, "devices": None, "digital_values": None, "pair_values": None}
    first = sum(_cells(unit) for unit in floorplan.units if unit.is_first and unit.kind != "digital")
    beside = sum(_cells(unit) for unit in floorplan.units if unit.kind == "digital")
    pairs = sum(
        peak_in_flight[stage] * assembly.scenario.pipeline.micro_batch * (known[layer.inputs[0]].size + layer.size)
        for layer, stage in weighted
    )
    return {
        "arrays": arrays,
        "tiles": tiles,
        "devices": sum(_cells(unit) for unit in floorplan.units if unit.is_tile),
        "digital_values": first * buffers_per_weight(assembly.scenario.training.algorithm) + beside,
        "pair_values": pairs,
    }


def _cells(unit: Unit) -> int:
    if unit.shard is None:
        return 0
    return unit.shard.in_size * unit.shard.out_size
