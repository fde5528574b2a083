"""HTML reports: of a run folder, and of the runs of a comparison."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from aimcsim.report.comparison import Comparison
from aimcsim.report.html.document import document
from aimcsim.report.html.run_data import run_data
from aimcsim.report.html.sections import (
    header_of_comparison,
    header_of_run,
    sections_of_comparison,
    sections_of_run,
)
from aimcsim.report.html.timeline_part import page_data
from aimcsim.report.html.window import MOST_OPERATIONS
from aimcsim.report.run_window import Cycles, EmptyWindow

#: Operations that all runs of a comparison show together.
MOST_OPERATIONS_OF_ALL = 1_000_000


def run_report(
    folder: Path, cycles: Cycles | None = None, pattern: str = "*", most_operations: int = MOST_OPERATIONS
) -> str:
    """The report of the run in `folder` as HTML: tiles whose name matches `pattern`, over `cycles`.

    `cycles`: from and up to (None: the end of the log); without it the whole log or its first `most_operations`.
    Raises RunFolderError for a broken folder, EmptyWindow where nothing is left to draw.
    """
    run = run_data(folder, cycles, pattern, most_operations)
    return document(f"{run.label} – aimcsim", header_of_run(run), sections_of_run(run), page_data([run]))


def comparison_report(
    comparison: Comparison,
    folders: Sequence[Path],
    cycles: Cycles | None = None,
    pattern: str = "*",
    most_operations: int = MOST_OPERATIONS,
) -> str:
    """The report of a comparison whose runs stand in `folders`, over `cycles` and tiles as in `run_report`.

    Each run shows its first `most_operations`, fewer where many runs would make the page too large. One whose log
    cannot be read, or holds nothing of what is asked for, is shown without a timeline: the others have cost their hours
    already. Raises RunFolderError for another broken folder, EmptyWindow where no run has what is asked for.
    """
    most = min(most_operations, MOST_OPERATIONS_OF_ALL // len(comparison.columns))
    runs = []
    for column, figures, folder in zip(comparison.columns, comparison.figures, folders, strict=True):
        run = run_data(folder, cycles, pattern, most, column.label, column.is_reference, needs_log=False)
        runs.append(dataclasses.replace(run, summary={**run.summary, **figures}))
    if (cycles is not None or pattern != "*") and all(run.timeline is None for run in runs):
        raise EmptyWindow("none of the runs has operations in these cycles of such tiles")
    return document("Comparison – aimcsim", header_of_comparison(runs), sections_of_comparison(runs), page_data(runs))
