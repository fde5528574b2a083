"""Which operations of a log a report shows, and a line that says what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aimcsim.errors import harmless
from aimcsim.report.op_table import OpTable
from aimcsim.report.run_window import Cycles, RunWindow, default_end, whole_log

#: Operations that a report shows unless cycles are asked for.
MOST_OPERATIONS = 200_000

#: Characters that a timeline has room for at first, as `default_end` counts them.
_ROOM = 160


@dataclass(frozen=True)
class Shown:
    """The operations on show. `left_out` says in words what of the log is not among them, None if nothing.

    `initial_end`: where the fill and a few periods end, None where cycles were asked for.
    """

    ops: OpTable
    left_out: str | None
    initial_end: int | None


def shown_operations(
    folder: Path, cycles: Cycles | None = None, pattern: str = "*", most: int = MOST_OPERATIONS
) -> Shown:
    """The whole log, or about its first `most` operations; or the `cycles` (end None: of the log) and tiles asked for.

    Raises RunFolderError for a folder without a log that can be read, EmptyWindow where nothing is left to show.
    """
    window = whole_log(folder, cycles, pattern, most)
    initial = default_end(window.summary, window.log.first_pass_end(), _ROOM) if cycles is None else None
    return Shown(_by_row(window.table()), _left_out(window), initial)


def _by_row(ops: OpTable) -> OpTable:
    """The same operations by tile and then by start, as a page draws them."""
    order = np.lexsort((ops.end_at, ops.start, ops.tile))
    columns = {
        name: getattr(ops, name)[order]
        for name in (
            "tile",
            "stage",
            "kind",
            "micro_batch",
            "start",
            "end_at",
            "version_read",
            "version_written",
            "layer",
        )
    }
    return OpTable(ops.tiles, ops.first, ops.end, layers=ops.layers, **columns)


def _left_out(window: RunWindow) -> str | None:
    log, makespan = window.log, window.summary.makespan_cycles
    parts = []
    if window.first > 0 or window.end < log.end:
        parts.append(f"cycles {window.first} to {window.end} of {log.end} are shown (--cycles A:B chooses others)")
    if log.end < makespan:
        parts.append(f"the log ends at cycle {log.end} of {makespan} (trace.ops)")
    if len(window.tiles) < len(window.all_tiles):
        rows = f"{len(window.tiles)} of {len(window.all_tiles)} rows"
        parts.append(f"{rows} are shown (--tiles {harmless(window.pattern)})")
    return "; ".join(parts) or None
