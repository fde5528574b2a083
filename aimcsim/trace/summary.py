"""summary.json: every figure of a run under the names of `definitions`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimcsim.assembly import Assembly
from aimcsim.costs.energy import EnergyModel
from aimcsim.pipeline.actions import BACKWARD, FORWARD
from aimcsim.pipeline.machine import Machine
from aimcsim.pipeline.schedules.registry import unused_keys
from aimcsim.trace.bottleneck import describe_bottleneck
from aimcsim.trace.cost_figures import cost_figures
from aimcsim.trace.definitions import DEFINITIONS
from aimcsim.trace.forwarding import forwarding_figures, forwarding_notes
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.state_sizes import state_sizes

if TYPE_CHECKING:
    from aimcsim.training.session import TrainingSession


def summarise(
    assembly: Assembly,
    machine: Machine,
    recorder: MetricsRecorder,
    model: EnergyModel,
    session: TrainingSession | None,
    status: str,
    ops: Path | None,
    wall_seconds: float,
) -> dict[str, Any]:
    """The summary of a finished run; a figure that does not apply is None."""
    scenario, schedule = assembly.scenario, assembly.schedule
    period, density = recorder.period.cycles, recorder.computation_density
    bottleneck = describe_bottleneck(assembly, session is not None, ops)
    diverged = None if session is None else session.executor.progress.diverged_at
    costs, cost_notes = cost_figures(assembly, recorder, model)
    return {
        "name": scenario.name,
        "seed": scenario.seed,
        "schedule": schedule.name,
        "algorithm": None if session is None else scenario.training.algorithm.name,
        "stages": assembly.floorplan.stages,
        "chunks": assembly.floorplan.chunks_per_stage,
        "micro_batch": scenario.pipeline.micro_batch,
        "micro_batches": scenario.pipeline.micro_batches,
        "samples": assembly.samples,
        "makespan_cycles": recorder.makespan,
        "period_cycles": None if period is None else float(period),
        "cycle_ns": None if assembly.times.clock_ns is None else float(assembly.times.clock_ns),
        "cycles_per_sample": recorder.makespan / assembly.samples if diverged is None else None,
        "computation_density": None if density is None else float(density),
        "utilisation": {
            tile: sum(recorder.unit_busy[unit.index] for unit in units) / recorder.makespan
            if recorder.makespan
            else None
            for tile, units in assembly.floorplan.by_tile.items()
        },
        "staleness": {str(m + 1): _staleness(recorder, m) for m in range(assembly.floorplan.stages)},
        "peak_in_flight": {str(m): s.state.peak_in_flight for m, s in enumerate(machine.stages, 1)},
        "peak_activations": {str(m): s.state.peak_activations for m, s in enumerate(machine.stages, 1)},
        "buffers": recorder.skips.figures(
            assembly.floorplan, scenario.pipeline.micro_batch, scenario.hardware.link.value_bytes
        ),
        "state": state_sizes(assembly, [s.state.peak_in_flight for s in machine.stages]),
        "status": status,
        "diverged": None if diverged is None else {"cycle": diverged[0], "samples": diverged[1]},
        "durations": _durations(assembly, session is not None),
        "bottleneck": bottleneck,
        **costs,
        **_training_figures(assembly, session),
        "wall_seconds": wall_seconds,
        "fast_forward": forwarding_figures(recorder.jumps),
        "unused_keys": list(unused_keys(scenario.pipeline, schedule)),
        "warnings": [str(warning) for warning in assembly.warnings],
        "notes": [*_notes(assembly, session, bottleneck), *forwarding_notes(recorder.jumps, assembly), *cost_notes],
        "definitions": DEFINITIONS,
    }


def _durations(assembly: Assembly, trained: bool) -> str:
    if not assembly.times.depends_on_data and not assembly.plan.times.products_repeated:
        return "fixed"
    return "measured" if trained else "nominal"


def _staleness(recorder: MetricsRecorder, stage: int) -> dict[str, float | int | None]:
    forward, backward = recorder.staleness[FORWARD][stage], recorder.staleness[BACKWARD][stage]
    return {
        "forward_mean": forward.mean,
        "forward_max": forward.largest if forward.count else None,
        "backward_mean": backward.mean,
        "backward_max": backward.largest if backward.count else None,
    }


def _training_figures(assembly: Assembly, session: TrainingSession | None) -> dict[str, Any]:
    names = ("train_loss", "test_loss", "test_accuracy")
    if session is None or not session.rows:
        return {
            **dict.fromkeys(names),
            "target_accuracy": None,
            "cycles_to_target": None,
            "samples_to_target": None,
            "step_per_sample": None,
        }
    target = assembly.scenario.training.target_accuracy
    reached = None
    if target is not None:
        reached = next((r for r in session.rows if (r["test_accuracy"] or 0.0) >= target), None)
    rate = assembly.scenario.training.learning_rate
    return {
        **{name: session.rows[-1][name] for name in names},
        "target_accuracy": target,
        "cycles_to_target": None if reached is None else reached["cycle"],
        "samples_to_target": None if reached is None else reached["samples"],
        "step_per_sample": (rate if isinstance(rate, float) else rate.initial) / assembly.samples_averaged,
    }


def _why_no_cycle(assembly: Assembly) -> str:
    if assembly.floorplan.plan.transfers:
        return "has transfers, which are no part of its period"
    return "has data-dependent times or very long mini-batches"


def _notes(assembly: Assembly, session: TrainingSession | None, bottleneck: str | None) -> list[str]:
    """What was rounded or left out, in words."""
    training, notes = assembly.scenario.training, []
    if training.samples is not None and training.samples != assembly.samples:
        notes.append(f"samples: {training.samples} rounded down to {assembly.samples}, whole mini-batches")
    if training.epochs is not None and session is not None:
        wanted = training.epochs * len(session.dataset.train_x)
        if wanted != assembly.samples:
            notes.append(f"samples: {wanted} rounded down to {assembly.samples}, whole mini-batches")
    if bottleneck is None:
        why = "is a policy" if assembly.schedule.is_policy else _why_no_cycle(assembly)
        notes.append(
            f"bottleneck: {assembly.schedule.name} {why}; its critical path needs an op log of the middle half"
        )
    return notes
