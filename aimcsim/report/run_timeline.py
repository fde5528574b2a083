"""The timeline of a run folder as text."""

from __future__ import annotations

from pathlib import Path

from aimcsim.report.ascii_timeline import GAP, timeline
from aimcsim.report.run_window import Cycles, first_periods, remarks_on_gaps


def run_timeline(folder: Path, cycles: Cycles | None, pattern: str, width: int) -> list[str]:
    """Lines of the ASCII timeline of a run: tiles whose name matches `pattern`, in stage order.

    `cycles`: from and up to (None: the end of the log); without it the fill and a few periods.
    Raises RunFolderError for a broken folder, EmptyWindow where nothing is left to draw.
    """
    window = first_periods(folder, cycles, pattern, room=width - len(GAP))
    return timeline(window.table(), width) + remarks_on_gaps(window.log, window.first, window.end)
