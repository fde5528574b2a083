"""The comparison as tables of text for a terminal or a pipe."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from aimcsim.errors import harmless
from aimcsim.report.comparison import COMPARISON_DEFINITIONS, Comparison
from aimcsim.report.figures import DASH, figure, sentence

#: Stages whose figures are shown, and differences that are listed.
MOST_STAGES = 16
MOST_DIFFERENCES = 40

#: Characters of a label in one line.
WIDEST_LABEL = 18

_PLAIN = (
    "status", "samples", "makespan_cycles", "period_cycles", "computation_density", "cycles_per_sample",
    "energy_j", "area_mm2", "speed_up_over_first", "speed_up_over_serial", "step_per_sample",
)  # fmt: skip
_ROW = ("train_loss", "test_loss", "test_accuracy")


def width_for(comparison: Comparison) -> int:
    """Characters that the table takes without breaking its cells."""
    return max(120, 44 + 20 * len(comparison.columns))


def comparison_report(comparison: Comparison) -> Iterator[RenderableType]:
    """The parts of the report, top to bottom."""
    yield _table(comparison)
    for column, figures in zip(comparison.columns, comparison.figures, strict=True):
        if figures["bottleneck"] is not None:
            yield Text(f"bottleneck of {sentence(column.label)}: {sentence(figures['bottleneck'])}")
    yield from _differences(comparison)
    if len({figures["step_per_sample"] for figures in comparison.figures} - {None}) > 1:
        yield Text("The step per sample differs: training.reduction=sum makes it the same in every schedule.", "yellow")
    yield Text("")
    for name in ("makespan_cycles", "period_cycles", "computation_density", "speed_up_over_first",
                 "speed_up_over_serial", "step_per_sample", "staleness", "peak_in_flight", "at_equal_samples",
                 "at_equal_cycles", "cycles_to_target", "reference"):  # fmt: skip
        yield Text(f"{name}: {COMPARISON_DEFINITIONS[name]}", "dim")


def _table(comparison: Comparison) -> Table:
    """A row a figure; one that applies to none of the runs is left out."""
    table = Table("figure", *(_head(column.label) for column in comparison.columns))
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
        column.overflow = "fold"

    def add(name: str, cell: Callable[[dict[str, Any]], str]) -> None:
        cells = [cell(figures) for figures in comparison.figures]
        if any(text != DASH for text in cells):
            table.add_row(name, *cells)

    add("schedule", lambda f: figure(f["schedule"]))
    add("micro_batch x micro_batches", lambda f: f"{f['micro_batch']} x {f['micro_batches']}")
    for name in _PLAIN:
        add(name, lambda f, name=name: figure(f[name]))  # type: ignore[misc]
    for part in ("forward_max", "forward_mean", "backward_max"):
        add(f"staleness by stage, {part.replace('_', ' ')}", lambda f, part=part: _staleness(f, part))  # type: ignore[misc]
    add("peak_in_flight by stage", lambda f: _by_stage(list(f["peak_in_flight"].values())))
    for where, what in (
        ("at_equal_samples", f"at {_or_equal(comparison.equal_samples)} samples"),
        ("at_equal_cycles", f"at {_or_equal(comparison.equal_cycles)} cycles"),
    ):
        for name in ("samples", "cycle", *_ROW):
            if (where, name) != ("at_equal_samples", "samples"):
                add(f"{name} {what}", lambda f, where=where, name=name: _at(f[where], name))  # type: ignore[misc]
    for name in ("target_accuracy", "cycles_to_target", "samples_to_target"):
        add(name, lambda f, name=name: figure(f[name]))  # type: ignore[misc]
    return table


def _head(label: str) -> str:
    """A label over several lines where it is wide, so that long names that end differently stay apart."""
    return "\n".join(textwrap.wrap(sentence(label), WIDEST_LABEL))


def _or_equal(count: int | None) -> str:
    return "equal" if count is None else str(count)


def _staleness(figures: dict[str, Any], part: str) -> str:
    return _by_stage([own[part] for own in figures["staleness"].values()])


def _by_stage(values: list[float | None]) -> str:
    more = " …" if len(values) > MOST_STAGES else ""
    return " ".join(figure(value) for value in values[:MOST_STAGES]) + more


def _at(row: dict[str, Any] | None, name: str) -> str:
    return DASH if row is None else figure(row[name])


def _differences(comparison: Comparison) -> Iterator[Text]:
    found = comparison.differences
    if not found:
        return
    yield Text("The compared scenarios differ in more than their schedule:", "yellow")
    for each in found[:MOST_DIFFERENCES]:
        values = ", ".join(f"{_written(value)} ({sentence(label)})" for label, value in each.values.items())
        yield Text(f"  {harmless(each.path)}: {values}")
    if len(found) > MOST_DIFFERENCES:
        yield Text(f"  … and {len(found) - MOST_DIFFERENCES} more")


def _written(value: Any) -> str:
    return DASH if value is None else harmless(str(value).lower() if isinstance(value, bool) else str(value))
