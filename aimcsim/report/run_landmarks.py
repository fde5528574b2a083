"""Where in its log a run fills, repeats itself and drains."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from aimcsim.report.broken_axis import Landmarks
from aimcsim.report.op_table import Column, OpTable
from aimcsim.report.op_window import OpWindow
from aimcsim.report.run_reader import RunSummary

#: Micro-batches of the steady state that are shown: at least, and at most (where labels would no longer fit).
FEWEST, MOST = 4, 16

#: Periods shown, unless that is fewer than FEWEST or more than MOST micro-batches.
PERIODS = 2


def landmarks(log: OpWindow, summary: RunSummary) -> Landmarks:
    """What to show of a run. Raises RunFolderError for a log that cannot be read.

    Where the operations repeat exactly from early on, the steady periods follow the fill; elsewhere (durations that
    depend on the data, policies) they are taken from the middle of the run.
    """
    period = summary.period_cycles
    last = summary.samples // max(1, summary.micro_batch) - 1
    drain = log.entry_of(last) if log.end >= summary.makespan_cycles else None
    if period is None or period <= 0:
        return Landmarks(log.end, log.end, None, 0, drain)
    most = math.ceil(max(MOST, 2 * summary.stages) * period)
    tiles = tuple(summary.utilisation)
    fill = min(log.first_pass_end(), most)
    drain = None if drain is None else max(drain, log.end - most)
    for micro_batches, cycles in _candidates(period, summary.micro_batches):
        shown = cycles * max(PERIODS, -(-FEWEST // micro_batches))
        if fill + 2 * shown > log.end:
            continue
        opening = log.table(0, fill + 2 * shown, tiles)
        settled = repeats_from(opening, micro_batches, cycles)
        if settled is None or settled + shown > opening.end:
            continue
        times = (log.end // 2 - settled) // cycles
        middle = settled + times * cycles
        later = log.table(middle, middle + shown, tiles)
        # A log may leave out its middle, when the run was taken forward over a steady state.
        if not len(later) or is_later(opening, later, times * micro_batches, times * cycles):
            return Landmarks(log.end, settled, settled, shown, drain)
    shown = math.ceil(period * min(MOST, max(FEWEST, PERIODS * summary.micro_batches)))
    middle = (log.end - shown) // 2
    is_logged = len(log.table(middle, middle + shown, tiles)) > 0
    return Landmarks(log.end, fill, middle if is_logged else fill, shown, drain)


def repeats_from(table: OpTable, micro_batches: int, cycles: int) -> int | None:
    """First cycle from which every operation comes again `cycles` later for the `micro_batches`-next micro-batch.

    Looks as far as `table` goes, which begins at its cycle 0; None where nothing repeats.
    """
    whole = np.flatnonzero(table.end_at + cycles < table.end)
    known, starts = _moved(table), table.start[whole]
    never_again = starts[~np.isin(_moved(table, whole, micro_batches, cycles), known)]
    first_time = table.start[~np.isin(_moved(table, None, -micro_batches, -cycles), known)] - cycles
    settled = max(0, *(never_again + 1).tolist(), *(first_time + 1).tolist())
    return settled if np.any(starts >= settled) else None


def is_later(early: OpTable, late: OpTable, micro_batches: int, cycles: int) -> bool:
    """True where what starts in `late` is what starts in `early`, `cycles` later for other micro-batches."""
    begun = np.flatnonzero(late.start >= late.first)
    return len(begun) > 0 and bool(np.all(np.isin(_moved(late, begun, -micro_batches, -cycles), _moved(early))))


def _moved(table: OpTable, rows: Column | None = None, micro_batches: int = 0, cycles: int = 0) -> NDArray[np.void]:
    """One comparable value an operation, as if it came `cycles` later for other micro-batches."""
    shift = (0, 0, micro_batches, cycles, cycles)
    columns = (table.tile, table.kind, table.micro_batch, table.start, table.end_at)
    together = np.stack([column + by for column, by in zip(columns, shift, strict=True)], axis=1)
    chosen = np.ascontiguousarray(together if rows is None else together[rows], np.int64)
    return chosen.view(np.dtype((np.void, chosen.dtype.itemsize * len(columns)))).ravel()


def _candidates(period: float, mini_batch: int) -> Iterator[tuple[int, int]]:
    """Micro-batches and whole cycles of what may be one repetition."""
    for micro_batches in dict.fromkeys((1, 2, 3, 4, mini_batch)):
        cycles = period * micro_batches
        if micro_batches <= MOST and abs(cycles - round(cycles)) < 1e-6 * cycles:
            yield micro_batches, round(cycles)
