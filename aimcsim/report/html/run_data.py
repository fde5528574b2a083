"""All that a report shows of one run, gathered from its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aimcsim.errors import RunFolderError, ScenarioError
from aimcsim.loading import load
from aimcsim.report.arrows import NONE, staleness
from aimcsim.report.html.histograms import StageHistogram, histograms
from aimcsim.report.html.links import next_steps, version_links
from aimcsim.report.html.window import MOST_OPERATIONS, shown_operations
from aimcsim.report.op_table import Column, OpTable
from aimcsim.report.op_window import open_ops
from aimcsim.report.run_reader import Run, read_run
from aimcsim.report.run_window import Cycles, EmptyWindow
from aimcsim.trace.run_folder import OPS, SCENARIO, SUMMARY

if TYPE_CHECKING:
    from aimcsim.assembly import Assembly

#: Stands on the page for the staleness of an operation that has none (U, W, T).
NO_STALENESS = -1


@dataclass(frozen=True)
class Timeline:
    """Operations on show, by tile and start, with what a page draws between them; columns as in `OpTable`.

    `left_out`: what of the log is not shown, in words; None if nothing. `initial_end`: cycle up to which a page shows
    operations at first, None for all of them.
    """

    ops: OpTable
    staleness: Column
    next_step: Column
    version_link: Column
    histograms: tuple[StageHistogram, ...]
    left_out: str | None
    initial_end: int | None


@dataclass(frozen=True)
class RunData:
    """One run of a report. `summary` is all of summary.json; `timeline` is None where nothing was logged."""

    label: str
    run: Run
    summary: Mapping[str, Any]
    scenario_text: str
    assembly: Assembly
    timeline: Timeline | None
    is_reference: bool = False


def run_data(
    folder: Path,
    cycles: Cycles | None = None,
    pattern: str = "*",
    most: int = MOST_OPERATIONS,
    label: str | None = None,
    is_reference: bool = False,
    needs_log: bool = True,
) -> RunData:
    """Read a run folder. Raises RunFolderError for a broken one, EmptyWindow where nothing is left to show.

    `needs_log` False: a log that cannot be read, or holds nothing of what is asked for, costs the timeline alone.
    """
    run = read_run(folder)
    try:
        assembly = load(folder / SCENARIO).assembly
    except ScenarioError as error:
        raise RunFolderError(f"a run folder that cannot be used: {error.problems[0]}") from error
    summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    timeline = None
    try:
        if (folder / OPS).is_file() and open_ops(folder).end > 0:
            timeline = _timeline(folder, run, assembly, cycles, pattern, most)
    except (RunFolderError, EmptyWindow):
        if needs_log:
            raise
    text = (folder / SCENARIO).read_text(encoding="utf-8")
    return RunData(label or run.summary.name, run, summary, text, assembly, timeline, is_reference)


def _timeline(folder: Path, run: Run, assembly: Assembly, cycles: Cycles | None, pattern: str, most: int) -> Timeline:
    shown = shown_operations(folder, cycles, pattern, most)
    ops = shown.ops
    stages = assembly.floorplan.stages
    if len(ops) and not (ops.stage.min() >= 1 and ops.stage.max() <= stages):
        raise RunFolderError(f"{folder / OPS} names a stage that its scenario does not have (1 to {stages})")
    placed = {unit.tile: unit.chunk for unit in assembly.floorplan.units}
    chunk = np.array([placed.get(tile, 0) for tile in ops.tiles], np.int64)
    stale = staleness(ops, chunk, assembly.schedule)
    counted = histograms(ops, stale, chunk)
    shown_stale = np.where(stale == NONE, NO_STALENESS, np.maximum(stale, 0))
    return Timeline(ops, shown_stale, next_steps(ops), version_links(ops), counted, shown.left_out, shown.initial_end)
