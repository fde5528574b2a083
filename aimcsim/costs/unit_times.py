"""Where the lengths of a run's operations come from: unit times with their sources, and the steps of an action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from aimcsim.assembly import Assembly
from aimcsim.hardware.floorplan import Chunk, Floorplan, Step
from aimcsim.hardware.timing import preset_of
from aimcsim.pipeline.actions import BACKWARD, FORWARD, TRANSFER, TRANSFER_READ, UPDATE, WEIGHT_GRADIENT
from aimcsim.pipeline.transfer_steps import transfer_steps
from aimcsim.scenario.cost_spec import OF_THE_SCENARIO

#: Steps of a chunk's action that are told: a stage of more layers is summed up in the last.
MOST_STEPS = 64

ARRAYS = ("forward", "backward", "update", "pulse", "conversion")
PER = {
    "forward": "MVM",
    "backward": "MVM",
    "update": "rank-one update",
    "pulse": "pulse slot",
    "conversion": "conversion",
    "digital": "digital operation",
    "sum": "sample",
    "activation": "sample",
}


def unit_times(assembly: Assembly) -> list[dict[str, Any]]:
    """Every time that is not 0: what, value, unit, source. Of a preset, its figures as published."""
    preset, times = preset_of(assembly.scenario.hardware), assembly.times
    if preset is not None:
        return [
            {"what": name, "value": float(Fraction(figure.value)), "unit": figure.unit, "source": figure.origin}
            for name, figure in preset.figures.items()
            if name != "clock"
        ]
    if times.stages is not None:
        return []
    unit = "cycles" if times.clock_ns is None else "ns"
    node = ("digital",) if times.digital else ("sum", "activation")
    whole = dict.fromkeys(("forward", "backward", "update"), "action") if times.per_action else {}
    found = ((name, getattr(times, name), whole.get(name, PER[name])) for name in PER if name in (*ARRAYS, *node))
    return [
        {
            "what": name,
            "value": float(time * (times.clock_ns or 1)),
            "unit": f"{unit} per {per}",
            "source": OF_THE_SCENARIO,
        }
        for name, time, per in found
        if time
    ]


def steps_of(assembly: Assembly, chunk: Chunk) -> dict[str, list[dict[str, Any]]]:
    """By kind of action, the longest tile or node of each step and its nominal cycles: they add up to the action's."""
    found: dict[str, list[dict[str, Any]]] = {}
    for kind, steps in (
        (FORWARD, chunk.forward),
        (BACKWARD, chunk.backward),
        (UPDATE, chunk.update),
        (WEIGHT_GRADIENT, chunk.update),
    ):
        table = assembly.plan.times.table(kind)
        longest = [_longest(assembly.floorplan, step, table) for step in steps if step]
        parts = [{"unit": name, "cycles": cycles} for name, cycles in longest if cycles]
        if len(parts) > MOST_STEPS:
            rest = sum(int(str(part["cycles"])) for part in parts[MOST_STEPS:])
            parts = [*parts[:MOST_STEPS], {"unit": f"{len(parts) - MOST_STEPS} more steps", "cycles": rest}]
        found[kind] = parts
    return found | {TRANSFER: _transfer(assembly, chunk)}


def _transfer(assembly: Assembly, chunk: Chunk) -> list[dict[str, Any]]:
    """The nominal halves of a transfer, where a T is always the same one."""
    floorplan, times = assembly.floorplan, assembly.plan.times
    plan = floorplan.plan
    if len(plan.transfers) != 1:
        return []
    parts = []
    for kind, _, step in transfer_steps(plan, chunk.arrays, (0,)):
        if not step:
            continue  # a stage of digital layers alone keeps nothing on arrays
        table = {unit: times.transfer_cycles(kind, 0, unit, None) for unit in step}
        name, cycles = _longest(floorplan, step, table)
        parts.append({"unit": f"{name} {'read' if kind == TRANSFER_READ else 'write'}", "cycles": cycles})
    return parts


def _longest(floorplan: Floorplan, step: Step, table: Mapping[int, int] | Sequence[int]) -> tuple[str, int]:
    """Name and cycles of the tile (with the layer, where it has others) or node that a step takes longest on."""
    found = max(floorplan.by_tile_of(step).values(), key=lambda units: sum(table[unit.index] for unit in units))
    name = found[0].tile
    if len(found) < len(floorplan.by_tile[name]):
        name += f" {'+'.join(unit.layer for unit in found)}"
    return name, sum(table[unit.index] for unit in found)
