"""What one run contributes to a picture of timelines: its rows, its operations, and the facts beside its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aimcsim.report.broken_axis import Landmarks, Span
from aimcsim.report.figures import figure
from aimcsim.report.op_table import OpTable
from aimcsim.report.op_window import OpWindow, stage_of
from aimcsim.report.picture_style import grouped, plain
from aimcsim.report.run_landmarks import landmarks
from aimcsim.report.run_reader import RunSummary
from aimcsim.report.run_window import opened

#: Stages whose staleness is named.
MOST_STAGES = 10

BETWEEN_FACTS = "  ·  "

#: Seconds of each unit of time.
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}


@dataclass(frozen=True)
class Source:
    """A run folder whose timeline can be drawn; `tiles` are the rows asked for, the first stage's on top."""

    title: str
    summary: RunSummary
    log: OpWindow
    tiles: tuple[str, ...]

    def landmarks(self) -> Landmarks:
        """What is worth seeing of the run. Raises RunFolderError."""
        return landmarks(self.log, self.summary)

    def panel(self, spans: Sequence[Span]) -> Panel:
        """What to draw of this run over `spans`. Raises RunFolderError."""
        tables = tuple(self.log.table(span.first, span.end, self.tiles) for span in spans)
        stages = tuple(stage_of(tile) for tile in self.tiles)
        end = min(self.log.end, self.summary.makespan_cycles)
        return Panel(self.title, facts(self.summary, self.log.end), self.tiles, stages, tables, end)


@dataclass(frozen=True)
class NoTimeline:
    """A run among others whose operations nobody knows: its figures are shown, and `why` it has no rows."""

    title: str
    summary: RunSummary
    why: str

    def panel(self, spans: Sequence[Span]) -> Panel:
        """A panel without rows."""
        known = facts(self.summary, self.summary.makespan_cycles)
        return Panel(self.title, f"{known}{BETWEEN_FACTS}{plain(self.why, 120)}", (), (), (), 0)


@dataclass(frozen=True)
class Panel:
    """One run in a picture: `tables[i]` has its operations in the i-th span; nothing is known beyond `end`."""

    title: str
    facts: str
    tiles: tuple[str, ...]
    stages: tuple[int, ...]
    tables: tuple[OpTable, ...]
    end: int


def open_source(folder: Path, pattern: str = "*", title: str | None = None) -> Source:
    """A run whose op log can be read, under its own name or `title`.

    Raises RunFolderError for a broken folder, EmptyWindow where no tile matches `pattern`.
    """
    summary, log, tiles = opened(folder, pattern)
    return Source(title or summary.name, summary, log, tiles)


def facts(summary: RunSummary, log_end: int) -> str:
    """Schedule, makespan, density and staleness in one line."""
    cycles = f"{grouped(summary.makespan_cycles)} cycles"
    if summary.cycle_ns is not None:
        cycles += f" = {duration(summary.makespan_cycles * summary.cycle_ns * 1e-9)}"
    stale = [figure(own.forward_max) for own in summary.staleness.values()]
    more = " …" if len(stale) > MOST_STAGES else ""
    parts = [
        plain(summary.schedule, 40),
        cycles,
        f"density {figure(summary.computation_density)}",
        f"staleness by stage {' '.join(stale[:MOST_STAGES])}{more}",
    ]
    if summary.status != "completed":
        parts.append(plain(summary.status, 20))
    if log_end < summary.makespan_cycles:
        parts.append(f"op log up to cycle {grouped(log_end)}")
    return BETWEEN_FACTS.join(parts)


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them.

    >>> duration(0.00125)
    '1.25 ms'
    """
    unit = time_unit(seconds)
    return f"{seconds / UNITS[unit]:.4g} {unit}"


def time_unit(seconds: float) -> str:
    """The largest unit of which `seconds` has at least one."""
    return next((unit for unit, length in UNITS.items() if seconds >= length), "ns")
