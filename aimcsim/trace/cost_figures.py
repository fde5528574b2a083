"""What the summary says about costs, and what `aimcsim explain` needs to say where its figures come from."""

from __future__ import annotations

from collections import Counter
from typing import Any

from aimcsim.assembly import Assembly
from aimcsim.costs.energy import EnergyModel
from aimcsim.costs.model import area, cost_notes
from aimcsim.costs.unit_times import steps_of, unit_times
from aimcsim.hardware.digital import is_array
from aimcsim.learning.memory import digital_memory
from aimcsim.pipeline.actions import BACKWARD, FORWARD, TRANSFER, UPDATE, WEIGHT_GRADIENT
from aimcsim.scenario.model_spec import ChainSpec
from aimcsim.trace.bottleneck import stage_name
from aimcsim.trace.metrics import MetricsRecorder


def cost_figures(assembly: Assembly, recorder: MetricsRecorder, model: EnergyModel) -> tuple[dict[str, Any], list[str]]:
    """Figures of energy, area, digital memory and stage actions by name, and notes on them."""
    energy = model.energy(recorder.tally, recorder.unit_busy, recorder.makespan)
    space = area(assembly)
    figures = {
        "energy_j": energy.joules,
        "energy": energy.figures(),
        "area_mm2": space.mm2,
        "area": space.figures(),
        "digital_memory": _memory(assembly),
        "stage_actions": _stage_actions(assembly, recorder),
        "unit_times": unit_times(assembly),
    }
    return figures, cost_notes(assembly, energy.unpriced if energy.lines else ())


def _memory(assembly: Assembly) -> dict[str, float] | None:
    """`digital_memory` of the summary: all array layers; None for a chain, whose layers have no size."""
    schedule, scenario = assembly.schedule, assembly.scenario
    if isinstance(scenario.model, ChainSpec):
        return None
    inputs: Counter[str] = Counter()
    outputs: Counter[str] = Counter()
    for unit in assembly.floorplan.units:
        if unit.shard is not None and unit.role == 0 and is_array(unit):
            inputs[unit.layer] += unit.shard.in_size * (unit.shard.column == 0)
            outputs[unit.layer] += unit.shard.out_size * (unit.shard.row == 0)
    per_update = scenario.pipeline.micro_batch * (schedule.mini_batch if schedule.step == "mini-batch" else 1)
    algorithm = scenario.training.algorithm
    found = [digital_memory(algorithm, inputs[name], outputs[name], per_update) for name in inputs]
    return {
        "bytes": sum(each.stored_bytes for each in found),
        "bits_moved_per_sample": float(sum(each.bits_moved for each in found)),
    }


def _stage_actions(assembly: Assembly, recorder: MetricsRecorder) -> dict[str, Any]:
    """By stage: its layers, number and cycles of its actions of every kind, and the nominal steps of one (of its first
    chunk).
    """
    floorplan, tally = assembly.floorplan, recorder.tally
    found = {}
    for stage in range(floorplan.stages):
        chunks = floorplan.stage_chunks(stage)
        virtuals = [chunk.virtual for chunk in chunks]
        steps = steps_of(assembly, chunks[0])
        actions = {
            kind: {
                "count": sum(tally.actions[kind][v] for v in virtuals),
                "cycles": sum(tally.cycles[kind][v] for v in virtuals),
                "steps": steps.get(kind, []),
            }
            for kind in (FORWARD, BACKWARD, WEIGHT_GRADIENT, UPDATE, TRANSFER)
        }
        found[str(stage + 1)] = {
            "name": stage_name(floorplan, stage),
            "actions": {kind: own for kind, own in actions.items() if own["count"]},
        }
    return found
