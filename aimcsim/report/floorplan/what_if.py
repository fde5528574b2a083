"""What another placement of the bottleneck would change: the scenario put together again, and its period computed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from aimcsim.assembly import Assembly, assemble
from aimcsim.errors import Deadlock, FieldError, FieldErrors
from aimcsim.network.layers import Weighted
from aimcsim.pipeline.cycle_ratio import maximum_cycle_ratio
from aimcsim.pipeline.event_graph import event_graph
from aimcsim.pipeline.schedules.base import FixedOrder
from aimcsim.report.floorplan.figures import LayerFigures, StageFigures, stage_figures
from aimcsim.scenario.placement_spec import MOST_COPIES
from aimcsim.scenario.spec import Scenario
from aimcsim.trace.bottleneck import needs_log

#: Copies that are tried, until another layer is the longest.
COPIES = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Period:
    """Cycles a micro-batch. `exact`: of the steady state; else no period is shorter (policies, transfers)."""

    cycles: Fraction
    exact: bool


@dataclass(frozen=True)
class WhatIf:
    """One change, in words, with the period it gives, the stage and layer that are then longest, and the tiles."""

    what: str
    period: Period
    stage: StageFigures
    tiles: int


def period_of(assembly: Assembly, stages: tuple[StageFigures, ...]) -> Period:
    """Period of a scenario's fixed order with nominal times, or what its busiest stage takes for a micro-batch."""
    if needs_log(assembly, trained=False):
        return Period(Fraction(busiest(stages).busy), False)
    assert isinstance(assembly.schedule, FixedOrder)
    try:
        ratio, _ = maximum_cycle_ratio(event_graph(assembly.plan))
    except Deadlock:
        return Period(Fraction(busiest(stages).busy), False)
    return Period(ratio / assembly.schedule.period_micro_batches, True)


def busiest(stages: tuple[StageFigures, ...]) -> StageFigures:
    """The first of the stages that a micro-batch keeps busy longest."""
    return max(stages, key=lambda stage: stage.busy)


def what_ifs(assembly: Assembly) -> Iterator[WhatIf]:
    """Copies of the longest layer of the busiest stage, and of all with as many positions; a stage of its own for it;
    smaller tiles. The other layers stay in their stages. What a scenario can not have is left out.
    """
    stages = stage_figures(assembly)
    stage = busiest(stages)
    layer = stage.longest
    if not layer.tiles or not isinstance(assembly.network.layers[layer.name], Weighted):
        return
    groups = [list(chunk.layers) for chunk in assembly.floorplan.chunks]
    for copies in COPIES:
        found = _placed(
            assembly, f"{layer.copies * copies} copies of {layer.name}", {layer.name: layer.copies * copies}, groups
        )
        if found is None:
            break
        yield found
        if found.stage.longest.name != layer.name:
            break
    alike = [each for one in stages for each in one.layers if each.tiles and each.positions == layer.positions]
    for copies in COPIES[:3] if len(alike) > 1 else ():
        what = f"{copies} times the copies of all {len(alike)} layers of {layer.positions} positions"
        found = _placed(assembly, what, {each.name: each.copies * copies for each in alike}, groups)
        if found is None:
            break
        yield found
    if len(stage.layers) > 1 and (apart := _apart(groups, layer, assembly)) != groups:
        found = _placed(assembly, f"a stage for {layer.name} alone", {}, apart)
        if found is not None:
            yield found
    tile = assembly.scenario.hardware.tile
    rows, columns = (max(size) for size in zip(*((t.rows, t.columns) for t in layer.tiles), strict=True))
    smaller = {"rows": max(1, -(-rows // 2)), "columns": max(1, -(-columns // 2))}
    if (smaller["rows"], smaller["columns"]) != (tile.rows, tile.columns):
        what = f"{layer.name} split over tiles of {smaller['rows']}x{smaller['columns']} (all layers)"
        found = _placed(assembly, what, {}, groups, smaller)
        if found is not None:
            yield found


def _apart(groups: list[list[str]], layer: LayerFigures, assembly: Assembly) -> list[list[str]]:
    """The stages, with that of `layer` cut before it and before the next layer that has a matrix."""
    found: list[list[str]] = []
    for names in groups:
        if layer.name not in names or assembly.floorplan.chunks_per_stage > 1:
            found.append(names)
            continue
        arrays = [name for name in names if assembly.network.layers[name].is_array]
        place = arrays.index(layer.name)
        cuts = [names.index(name) for name in arrays[place : place + 2] if name != arrays[0]]
        edges = [0, *cuts, len(names)]
        found += [names[a:b] for a, b in itertools.pairwise(edges)]
    return found


def _placed(
    assembly: Assembly, what: str, copies: Mapping[str, int], groups: list[list[str]], tile: Any = None
) -> WhatIf | None:
    """The scenario with other copies, stages or tiles; None where it can not be put together."""
    if any(number > MOST_COPIES for number in copies.values()):
        return None
    scenario = _changed(assembly.scenario, copies, groups, tile)
    try:
        found = assemble(scenario)
    except (FieldErrors, FieldError):
        return None
    stages = stage_figures(found)
    return WhatIf(what, period_of(found, stages), busiest(stages), sum(stage.tiles for stage in stages))


def _changed(scenario: Scenario, copies: Mapping[str, int], groups: list[list[str]], tile: Any) -> Scenario:
    hardware = scenario.hardware
    placement = hardware.placement.model_copy(update={"replicas": {**hardware.placement.replicas, **copies}})
    update: dict[str, Any] = {"placement": placement}
    if tile is not None:
        update["tile"] = hardware.tile.model_copy(update=tile)
    return scenario.model_copy(
        update={
            "hardware": hardware.model_copy(update=update),
            "pipeline": scenario.pipeline.model_copy(update={"stages": groups}),
            "training": long_enough(scenario),
        }
    )


def long_enough(scenario: Scenario, mini_batches: int = 4096) -> Any:
    """`training` of so many mini-batches, whatever the data set."""
    size = scenario.pipeline.micro_batch * scenario.pipeline.micro_batches
    return scenario.training.model_copy(update={"samples": mini_batches * size, "epochs": None})
