"""The part of a run that a picture shows: which cycles, which tiles, and where their operations are read."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from aimcsim.errors import AimcsimError, RunFolderError
from aimcsim.report.op_table import OpTable
from aimcsim.report.op_window import OpWindow, open_ops, stage_of
from aimcsim.report.run_reader import RunSummary, read_summary

#: Operations that a file for a viewer holds unless cycles are asked for: a million are 0.5 GB of JSON, 30 MB of VCD.
MOST_IN_A_BROWSER = 500_000
MOST_IN_GTKWAVE = 1_000_000

#: Cycles asked for: from, and up to (None: the end of the log).
Cycles = tuple[int, int | None]


class EmptyWindow(AimcsimError):
    """The cycles or tiles asked for hold nothing."""


@dataclass(frozen=True)
class RunWindow:
    """Cycles `first` up to `end` (exclusive, within the log) of the run in `folder`, and `tiles`, first stage on top.

    `label` names the run among others, `pattern` is what the names of `tiles` match, out of `all_tiles`.
    """

    folder: Path
    label: str
    summary: RunSummary
    log: OpWindow
    pattern: str
    all_tiles: tuple[str, ...]
    tiles: tuple[str, ...]
    first: int
    end: int

    def table(self) -> OpTable:
        """The operations of `tiles` in these cycles. Raises RunFolderError."""
        return self.log.table(self.first, self.end, self.tiles)

    def matches(self, name: str) -> bool:
        """Whether the name fits the pattern of what was asked for."""
        return fnmatchcase(name, self.pattern)

    def whole_table(self) -> OpTable:
        """The operations of all tiles in these cycles: what flows between tiles needs both ends."""
        return self.log.table(self.first, self.end, self.all_tiles)


def first_periods(folder: Path, cycles: Cycles | None, pattern: str, room: int | None = None) -> RunWindow:
    """The window of a picture: without `cycles` the fill and a few periods.

    `room`: characters for a row of cycles with its name, where the picture is text.
    Raises RunFolderError for a broken folder, EmptyWindow where nothing is left to draw.
    """
    summary, log, tiles = opened(folder, pattern)
    if cycles is None:
        left = None if room is None else room - max(map(len, tiles))
        cycles = 0, default_end(summary, log.first_pass_end(), left)
    return _window(folder, summary, log, pattern, tiles, cycles)


def whole_log(
    folder: Path, cycles: Cycles | None, pattern: str, most_operations: int, label: str | None = None
) -> RunWindow:
    """The window of a file for a viewer: without `cycles` the whole log, or about its first `most_operations`.

    `label`: by default the name of the run. Raises as `first_periods`.
    """
    summary, log, tiles = opened(folder, pattern)
    if cycles is None:
        cycles = 0, log.end if log.rows <= most_operations else log.end_of_the_first(most_operations)
    return _window(folder, summary, log, pattern, tiles, cycles, label)


def tiles_in_order(summary: RunSummary) -> tuple[str, ...]:
    """Tiles and digital units, the first stage's on top, within a stage in network order. Raises RunFolderError."""
    if not summary.utilisation:
        raise RunFolderError(f"the summary of {summary.name} names no tiles")
    return tuple(sorted(summary.utilisation, key=stage_of))


def default_end(summary: RunSummary, first_pass: int, room: int | None = None) -> int:
    """End of a window that shows the first fill and a few periods: two mini-batches, but at least four micro-batches.

    It ends earlier where every cycle then fits `room` characters with its micro-batch, and still shows four.
    `first_pass`: cycle at which the first stage is done with micro-batch 0.
    """
    if summary.period_cycles is None:
        return summary.makespan_cycles
    most = max(4, min(2 * summary.micro_batches, 16))
    ends = {shown: int(first_pass + shown * summary.period_cycles) for shown in range(4, most + 1)}
    fitting = [
        end for shown, end in ends.items() if room is not None and end * (2 + len(str(shown + summary.stages))) <= room
    ]
    return min(summary.makespan_cycles, max(fitting, default=ends[most]))


def within(cycles: Cycles, log: OpWindow) -> tuple[int, int]:
    """The cycles asked for, up to the end of the log. Raises EmptyWindow where the log holds nothing of them."""
    first, end = cycles
    if first >= log.end:
        raise EmptyWindow(f"no operation from cycle {first} on: the op log ends at cycle {log.end}")
    end = log.end if end is None else min(end, log.end)
    if log.skipped_within(first, end) == ((first, end),):
        raise EmptyWindow(f"cycles {first} to {end} {NOT_SIMULATED}; the log holds {_held(log)}")
    return first, end


#: What became of a stretch of cycles whose operations are missing.
NOT_SIMULATED = "were passed over by fast-forward and are not (all) in the op log"


def remarks_on_gaps(log: OpWindow, first: int, end: int) -> list[str]:
    """A sentence for each stretch of these cycles whose operations are missing."""
    missing = log.skipped_within(first, end)
    return [f"cycles {a} to {b} {NOT_SIMULATED}: what is blank there may have been busy" for a, b in missing]


def _held(log: OpWindow) -> str:
    """`cycles 0 to 34, 40 to 60`: what lies between the stretches passed over."""
    starts = [0, *(end for _, end in log.skipped)]
    ends = [*(first for first, _ in log.skipped), log.end]
    return "cycles " + ", ".join(f"{a} to {b}" for a, b in zip(starts, ends, strict=True) if a < b)


def opened(folder: Path, pattern: str) -> tuple[RunSummary, OpWindow, tuple[str, ...]]:
    """Summary, op log and the tiles that match `pattern` of a run whose log holds something. Raises as `whole_log`."""
    summary = read_summary(folder)
    log = open_ops(folder)
    if log.end == 0:
        raise RunFolderError(f"{folder} has an empty op log")
    tiles = tuple(tile for tile in tiles_in_order(summary) if fnmatchcase(tile, pattern))
    if not tiles:
        raise EmptyWindow(
            f"no tile of this run matches {pattern}; its tiles are like {next(iter(summary.utilisation))}"
        )
    return summary, log, tiles


def _window(
    folder: Path,
    summary: RunSummary,
    log: OpWindow,
    pattern: str,
    tiles: tuple[str, ...],
    cycles: Cycles,
    label: str | None = None,
) -> RunWindow:
    first, end = within(cycles, log)
    label = summary.name if label is None else label
    return RunWindow(folder, label, summary, log, pattern, tiles_in_order(summary), tiles, first, end)
