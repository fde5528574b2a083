"""The folder of a comparison: comparison.json and report.html beside the folders of its runs, whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from aimcsim.report.comparison import Comparison
from aimcsim.report.html.report import comparison_report
from aimcsim.trace.run_folder import COMPARISON, METRICS, OPS, REPORT, SCENARIO, SUMMARY, staging_folder


def save_comparison(comparison: Comparison, target: Path) -> None:
    """Write the folder. Raises RunFolderError for a foreign folder at `target`."""
    with staging_folder(target) as staged:
        text = json.dumps(comparison.as_json(), indent=2, allow_nan=False)
        (staged / COMPARISON).write_text(text + "\n", encoding="utf-8")
        for column in comparison.columns:
            folder = staged / column.label
            if column.run.result is not None:
                column.run.result.save(folder)
            elif column.run.folder is not None:
                _copy(column.run.folder, folder)
        (staged / REPORT).write_text(comparison_report(comparison, staged), encoding="utf-8")


def _copy(run_folder: Path, folder: Path) -> None:
    """Only the files of a run: whatever else lies in its folder is not part of the comparison."""
    folder.mkdir()
    for name in (SCENARIO, SUMMARY, METRICS, OPS):
        if (run_folder / name).is_file():
            shutil.copyfile(run_folder / name, folder / name)
