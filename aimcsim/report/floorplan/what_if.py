"""What another placement of the bottleneck would change: the scenario put together again, and its period computed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcsim.assembly import Assembly, assemble
from aimcsim.errors import FieldError, FieldErrors
from aimcsim.hardware.floorplan import Unit
from aimcsim.hardware.sharing import MOST_IN_A_NAME
from aimcsim.network.layers import Weighted
from aimcsim.report.floorplan.figures import LayerFigures, StageFigures, busiest, stage_figures
from aimcsim.report.floorplan.periods import Period, long_enough, period_of
from aimcsim.scenario.placement_spec import MOST_COPIES
from aimcsim.scenario.spec import Scenario

#: Groups of layers that would fit on one tile and are named.
MOST_SHARED = 4

#: Copies that are tried, until another layer is the longest.
COPIES = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class WhatIf:
    """One change, in words, with the period it gives, the stage and layer that are then longest, and the tiles."""

    what: str
    period: Period
    stage: StageFigures
    tiles: int


def what_ifs(assembly: Assembly) -> Iterator[WhatIf]:
    """Copies of the longest layer of the busiest stage, and of all with as many positions; a stage of its own for it;
    smaller tiles; layers of a stage on one tile. Layers stay in their stages. What a scenario can not have is left out.
    """
    yield from _of_the_longest(assembly)
    yield from _of_sharing(assembly)


def _of_the_longest(assembly: Assembly) -> Iterator[WhatIf]:
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


def _of_sharing(assembly: Assembly) -> Iterator[WhatIf]:
    """Layers that would fit on one tile there, and a tile for each of those that share one now."""
    if assembly.times.per_action:
        return
    groups = [list(chunk.layers) for chunk in assembly.floorplan.chunks]
    placement = assembly.scenario.hardware.placement
    now = {layers for layers in map(_layers_of, assembly.floorplan.by_tile.values()) if len(layers) > 1}
    packed = _assembled(_changed(assembly.scenario, {}, groups, share="auto"))
    could = () if packed is None else dict.fromkeys(map(_layers_of, packed.floorplan.by_tile.values()))
    fitting = [layers for layers in could if len(layers) > 1 and layers not in now]
    for layers in fitting[:MOST_SHARED]:
        kept = [] if placement.share == "auto" else [g for g in placement.share if not {*g} & {*layers}]
        found = _placed(assembly, f"{_in_words(layers)} on one tile", {}, groups, share=[*kept, list(layers)])
        if found is not None:
            yield found
    if len(fitting) > 1 and (found := _placed(assembly, f"all {len(fitting)} of these", {}, groups, share="auto")):
        yield found
    if now and (found := _placed(assembly, "every layer on a tile of its own", {}, groups, share=[], tiles=[])):
        yield found


def _layers_of(units: Sequence[Unit]) -> tuple[str, ...]:
    return tuple(unit.layer for unit in units)


def _in_words(layers: Sequence[str]) -> str:
    """`a and b`; of many layers the first and how many more."""
    if len(layers) > MOST_IN_A_NAME:
        return f"{layers[0]} and {len(layers) - 1} more"
    return f"{', '.join(layers[:-1])} and {layers[-1]}"


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
    assembly: Assembly,
    what: str,
    copies: Mapping[str, int],
    groups: list[list[str]],
    tile: Mapping[str, int] | None = None,
    **placement: Any,
) -> WhatIf | None:
    """The scenario with other copies, stages, tiles or placement; None where it can not be put together."""
    if any(number > MOST_COPIES for number in copies.values()):
        return None
    found = _assembled(_changed(assembly.scenario, copies, groups, tile, **placement))
    if found is None:
        return None
    stages = stage_figures(found)
    return WhatIf(what, period_of(found), busiest(stages), sum(stage.tiles for stage in stages))


def _assembled(scenario: Scenario) -> Assembly | None:
    try:
        return assemble(scenario)
    except (FieldErrors, FieldError):
        return None


def _changed(
    scenario: Scenario,
    copies: Mapping[str, int],
    groups: list[list[str]],
    tile: Mapping[str, int] | None = None,
    **placement: Any,
) -> Scenario:
    hardware = scenario.hardware
    placed = {"replicas": {**hardware.placement.replicas, **copies}, **placement}
    update: dict[str, Any] = {"placement": hardware.placement.model_copy(update=placed)}
    if tile is not None:
        update["tile"] = hardware.tile.model_copy(update=tile)
    return scenario.model_copy(
        update={
            "hardware": hardware.model_copy(update=update),
            "pipeline": scenario.pipeline.model_copy(update={"stages": groups}),
            "training": long_enough(scenario),
        }
    )
