"""The folder of a comparison: comparison.json beside the folders of its runs, whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from aimcsim.errors import RunFolderError
from aimcsim.report.comparison import Comparison
from aimcsim.report.comparison_pictures import draw_pictures
from aimcsim.report.html.report import comparison_report
from aimcsim.report.perfetto import write_perfetto
from aimcsim.report.run_window import MOST_IN_A_BROWSER, whole_log
from aimcsim.trace.run_folder import COMPARISON, METRICS, OPS, REPORT, SCENARIO, SUMMARY, TRACE, staging_folder


def save_comparison(comparison: Comparison, target: Path) -> str | None:
    """Write the folder: the runs', the report, the pictures, and one trace of all runs that have an op log.

    Returns why there is no trace, None where there is one. Raises RunFolderError for a foreign folder at `target`.
    """
    with staging_folder(target) as staged:
        text = json.dumps(comparison.as_json(), indent=2, allow_nan=False)
        (staged / COMPARISON).write_text(text + "\n", encoding="utf-8")
        for column in comparison.columns:
            folder = staged / column.label
            if column.run.result is not None:
                column.run.result.save(folder)
            elif column.run.folder is not None:
                _copy(column.run.folder, folder)
        draw_pictures(comparison, staged)
        page = comparison_report(comparison, [staged / column.label for column in comparison.columns])
        (staged / REPORT).write_text(page, encoding="utf-8")
        return _draw_trace(staged, target, [column.label for column in comparison.columns])


def _draw_trace(folder: Path, target: Path, labels: Sequence[str]) -> str | None:
    """Write the trace into `folder`, which becomes `target`; a log that cannot be read takes nothing else away."""
    logged = [label for label in labels if (folder / label / OPS).is_file()]
    if not logged:
        return "no trace of the runs: none has an op log"
    try:
        most = MOST_IN_A_BROWSER // len(logged)
        windows = [whole_log(folder / label, None, "*", most, label) for label in logged]
        write_perfetto(windows, folder / TRACE)
    except RunFolderError as error:
        (folder / TRACE).unlink(missing_ok=True)
        reason = str(error).replace(str(folder), str(target))
        return f"no trace of the runs: {reason}"
    return None


def _copy(run_folder: Path, folder: Path) -> None:
    """Only the files of a run: whatever else lies in its folder is not part of the comparison."""
    folder.mkdir()
    for name in (SCENARIO, SUMMARY, METRICS, OPS):
        if (run_folder / name).is_file():
            shutil.copyfile(run_folder / name, folder / name)
