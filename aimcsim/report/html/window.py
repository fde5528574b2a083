"""Which operations of a log a report shows, and a line that says what it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from aimcsim.errors import RunFolderError, harmless
from aimcsim.report.op_table import OpTable
from aimcsim.report.op_window import OpWindow, open_ops
from aimcsim.report.run_reader import RunSummary
from aimcsim.report.run_timeline import EmptyWindow, default_end, tiles_in_order

#: Operations that a report shows unless cycles are asked for.
MOST_OPERATIONS = 200_000

#: Characters that a timeline has room for at first, as `default_end` counts them.
_ROOM = 160

Cycles = tuple[int, int | None]


@dataclass(frozen=True)
class Shown:
    """The operations on show. `left_out` says in words what of the log is not among them, None if nothing.

    `initial_end`: where the fill and a few periods end, None where cycles were asked for.
    """

    ops: OpTable
    left_out: str | None
    initial_end: int | None


def shown_operations(
    folder: Path, summary: RunSummary, cycles: Cycles | None = None, pattern: str = "*", most: int = MOST_OPERATIONS
) -> Shown:
    """The whole log, or its first `most` operations; or the `cycles` (end None: of the log) and tiles asked for.

    Raises RunFolderError for a folder without a log that can be read, EmptyWindow where nothing is left to show.
    """
    log = open_ops(folder)
    every = tiles_in_order(summary)
    tiles = [tile for tile in every if fnmatchcase(tile, pattern)]
    if not tiles:
        raise EmptyWindow(f"no tile of this run matches {pattern}; its tiles are like {every[0]}")
    first, end = (0, _first_end(log, most)) if cycles is None else (cycles[0], cycles[1])
    end = log.end if end is None else min(end, log.end)
    if first >= log.end:
        raise EmptyWindow(f"no operation from cycle {first} on: the op log ends at cycle {log.end}")
    initial = default_end(summary, log.first_pass_end(), _ROOM) if cycles is None else None
    left_out = _left_out(log, summary, first, end, tiles, every, pattern)
    return Shown(_by_row(log.table(first, end, tiles)), left_out, initial)


def _first_end(log: OpWindow, most: int) -> int:
    """Cycle up to which the log has about `most` operations: its rows are in the order of their ends."""
    try:
        file = pq.ParquetFile(log.path)
        if file.metadata.num_rows <= most:
            return log.end
        passed = 0
        for batch in file.iter_batches(columns=["end"]):
            if passed + len(batch) >= most:
                return int(batch.column("end")[most - passed - 1].as_py())
            passed += len(batch)
    except (pa.ArrowException, OSError, TypeError) as error:
        raise RunFolderError(f"{log.path} cannot be read: {str(error).partition(chr(10))[0]}") from error
    return log.end


def _by_row(ops: OpTable) -> OpTable:
    """The same operations by tile and then by start, as a page draws them."""
    order = np.lexsort((ops.end_at, ops.start, ops.tile))
    columns = {
        name: getattr(ops, name)[order]
        for name in ("tile", "stage", "kind", "micro_batch", "start", "end_at", "version_read", "version_written")
    }
    return OpTable(ops.tiles, ops.first, ops.end, **columns)


def _left_out(
    log: OpWindow, summary: RunSummary, first: int, end: int, tiles: Sequence[str], every: Sequence[str], pattern: str
) -> str | None:
    parts = []
    if first > 0 or end < log.end:
        parts.append(f"cycles {first} to {end} of {log.end} are shown (--cycles A:B chooses others)")
    if log.end < summary.makespan_cycles:
        parts.append(f"the log ends at cycle {log.end} of {summary.makespan_cycles} (trace.ops)")
    if len(tiles) < len(every):
        parts.append(f"{len(tiles)} of {len(every)} rows are shown (--tiles {harmless(pattern)})")
    return "; ".join(parts) or None
