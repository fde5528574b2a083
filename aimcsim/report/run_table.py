"""What `aimcsim run` shows at the end: every figure beside its definition, the stages, and what to know of the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from aimcsim.errors import harmless
from aimcsim.report.figures import figure, sentence
from aimcsim.trace.definitions import DEFINITIONS

#: Figures of a summary that are one value each, in the order shown.
SINGLE_FIGURES = (
    "status", "samples", "makespan_cycles", "period_cycles", "cycle_ns", "cycles_per_sample", "computation_density",
    "durations", "energy_j", "area_mm2", "train_loss", "test_loss", "test_accuracy", "step_per_sample",
    "cycles_to_target", "samples_to_target", "wall_seconds",
)  # fmt: skip

#: Stages and tiles that are shown; summary.json has all.
MOST_ROWS = 32


def run_report(summary: Mapping[str, Any], folder: str) -> Iterator[RenderableType]:
    """The parts of the report, top to bottom."""
    yield Text(f"{figure(summary['name'])}: {figure(summary['schedule'])}, {figure(summary['stages'])} stages")
    yield _figures(summary)
    yield _stages(summary)
    yield from _sentences(summary, folder)


def _figures(summary: Mapping[str, Any]) -> Table:
    table = Table("figure", "value", "what it is")
    table.columns[1].justify = "right"
    table.columns[1].no_wrap = table.columns[0].no_wrap = True
    for name in SINGLE_FIGURES:
        table.add_row(name, figure(summary[name]), DEFINITIONS[name])
    return table


def _stages(summary: Mapping[str, Any]) -> Table:
    peaks = ("peak_in_flight", "peak_activations")
    parts = ("forward_mean", "forward_max", "backward_mean", "backward_max")
    table = Table(
        "stage", *(f"staleness {part.replace('_', ' ')}" for part in parts), *(peak.replace("_", " ") for peak in peaks)
    )
    for column in table.columns:
        column.justify = "right"
    for stage in list(summary["staleness"])[:MOST_ROWS]:
        own = summary["staleness"][stage]
        table.add_row(stage, *(figure(own[part]) for part in parts), *(figure(summary[peak][stage]) for peak in peaks))
    hidden = len(summary["staleness"]) - MOST_ROWS
    more = f"… and {hidden} more stages: see summary.json\n" if hidden > 0 else ""
    table.caption = more + "\n".join(f"{name}: {DEFINITIONS[name]}" for name in ("staleness", *peaks))
    table.caption_justify = "left"
    return table


def _sentences(summary: Mapping[str, Any], folder: str) -> Iterator[Text]:
    if summary["bottleneck"] is not None:
        yield Text(f"bottleneck: {sentence(summary['bottleneck'])}")
    if summary["diverged"] is not None:
        at = summary["diverged"]
        yield Text(f"diverged: cycle {at['cycle']}, {at['samples']} samples: the loss was not finite", "bold red")
    if summary["unused_keys"]:
        keys = ", ".join(harmless(key) for key in summary["unused_keys"])
        yield Text(f"unused: {keys} (schedule {figure(summary['schedule'])} does not use it)")
    for note in summary["notes"]:
        yield Text(f"note: {sentence(note)}")
    for warning in summary["warnings"]:
        yield Text(f"warning: {sentence(warning)}", "yellow")
    yield Text(f"run folder: {harmless(folder, 1024)}")
