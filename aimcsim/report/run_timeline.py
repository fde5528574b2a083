"""The timeline of a run folder: which cycles and tiles, and their operations."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from aimcsim.errors import AimcsimError, RunFolderError
from aimcsim.report.ascii_timeline import GAP, timeline
from aimcsim.report.op_window import OpWindow, open_ops, stage_of
from aimcsim.report.run_reader import RunSummary, read_summary


class EmptyWindow(AimcsimError):
    """The cycles or tiles asked for hold nothing."""


def run_timeline(folder: Path, cycles: tuple[int, int | None] | None, pattern: str, width: int) -> list[str]:
    """Lines of the ASCII timeline of a run: tiles whose name matches `pattern`, in stage order.

    `cycles`: from and up to (None: the end of the log); without it the fill and a few periods.
    Raises RunFolderError for a broken folder, EmptyWindow where nothing is left to draw.
    """
    summary = read_summary(folder)
    log = open_ops(folder)
    if log.end == 0:
        raise RunFolderError(f"{folder} has an empty op log")
    order = [tile for tile in tiles_in_order(summary) if fnmatchcase(tile, pattern)]
    if not order:
        raise EmptyWindow(
            f"no tile of this run matches {pattern}; its tiles are like {next(iter(summary.utilisation))}"
        )
    if cycles is None:
        room = width - max(map(len, order)) - len(GAP)
        cycles = 0, default_end(summary, log.first_pass_end(), room)
    first, end = cycles
    if first >= log.end:
        raise EmptyWindow(f"no operation from cycle {first} on: the op log ends at cycle {log.end}")
    end = log.end if end is None else min(end, log.end)
    missing = log.skipped_within(first, end)
    if missing == ((first, end),):
        raise EmptyWindow(f"cycles {first} to {end} {NOT_SIMULATED}; the log holds {_held(log)}")
    lines = timeline(log.marks(first, end), order, first, end, width)
    return lines + [f"cycles {a} to {b} {NOT_SIMULATED}: what is blank there may have been busy" for a, b in missing]


#: What became of a stretch of cycles whose operations are missing.
NOT_SIMULATED = "were passed over by fast-forward and are not (all) in the op log"


def _held(log: OpWindow) -> str:
    """`cycles 0 to 34, 40 to 60`: what lies between the stretches passed over."""
    starts = [0, *(end for _, end in log.skipped)]
    ends = [*(first for first, _ in log.skipped), log.end]
    return "cycles " + ", ".join(f"{a} to {b}" for a, b in zip(starts, ends, strict=True) if a < b)


def tiles_in_order(summary: RunSummary) -> Sequence[str]:
    """Tiles and digital units, the first stage's on top, within a stage in network order. Raises RunFolderError."""
    if not summary.utilisation:
        raise RunFolderError(f"the summary of {summary.name} names no tiles")
    return sorted(summary.utilisation, key=stage_of)


def default_end(summary: RunSummary, first_pass: int, room: int) -> int:
    """End of a window that shows the first fill and a few periods: two mini-batches, but at least four micro-batches.

    It ends earlier where every cycle then fits `room` characters with its micro-batch, and still shows four.
    `first_pass`: cycle at which the first stage is done with micro-batch 0.
    """
    if summary.period_cycles is None:
        return summary.makespan_cycles
    most = max(4, min(2 * summary.micro_batches, 16))
    ends = {shown: int(first_pass + shown * summary.period_cycles) for shown in range(4, most + 1)}
    fitting = [end for shown, end in ends.items() if end * (2 + len(str(shown + summary.stages))) <= room]
    return min(summary.makespan_cycles, max(fitting, default=ends[most]))
