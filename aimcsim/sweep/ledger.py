"""What is known of every point of a study while it runs, kept in its folder."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aimcsim.sweep.axes import text_of
from aimcsim.sweep.folder import Failure, StudyFolder
from aimcsim.sweep.front import pareto_front
from aimcsim.sweep.plan import Plan, Planned
from aimcsim.sweep.series import figure_of
from aimcsim.sweep.table import write_table

DIVERGED = "diverged"
FAILED = "failed"

#: Seconds between two writings of the table while points come in.
SECONDS_BETWEEN_TABLES = 10.0


@dataclass(frozen=True)
class Counts:
    """How far a study is. `done` counts results, the diverged ones among them."""

    total: int
    done: int
    diverged: int
    failed: int

    @property
    def left(self) -> int:
        """Points without a result or an error."""
        return self.total - self.done - self.failed


Row = dict[str, Any]


class Ledger:
    """Results and errors of the points of `plan`, read from the folder and then kept up to date there."""

    def __init__(self, folder: StudyFolder, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self._summaries: dict[str, dict[str, Any]] = {}
        self._failures: dict[str, Failure] = {}
        self._table_written = -math.inf
        self._read(plan.points)

    def _read(self, points: Sequence[Planned]) -> None:
        for point in points:
            summary = self.folder.summary(point.id)
            failure = Failure(point.error) if point.error is not None else self.folder.failure(point.id)
            if summary is not None:
                self._summaries[point.id] = summary
            elif failure is not None:
                self._failures[point.id] = failure

    def extend(self, plan: Plan) -> None:
        """Go over to a plan with more points, and write it."""
        known = {point.id for point in self.plan.points}
        self.plan = plan
        self._read([point for point in plan.points if point.id not in known])
        self.folder.write_plan(plan)

    def has(self, id: str) -> bool:
        """Whether the point has a result."""
        return id in self._summaries

    def summary(self, id: str) -> dict[str, Any] | None:
        """The point's result."""
        return self._summaries.get(id)

    def forget_failures(self) -> None:
        """Points that failed before are tried again, and count as left until then."""
        broken = {point.id for point in self.plan.points if point.error is not None}
        self._failures = {id: failure for id, failure in self._failures.items() if id in broken}

    def record(self, id: str, result: dict[str, Any] | Failure) -> None:
        """Take in what became of a point; its run folder is there already."""
        if isinstance(result, Failure):
            self._failures[id] = result
            self.folder.write_failure(id, result)
        else:
            self._summaries[id] = result
            self._failures.pop(id, None)
            self.folder.write_failure(id, None)
        if time.monotonic() - self._table_written > SECONDS_BETWEEN_TABLES:
            self.write_table()

    def counts(self) -> Counts:
        """How far the study is."""
        diverged = sum(summary.get("status") == DIVERGED for summary in self._summaries.values())
        return Counts(self.plan.total, len(self._summaries), diverged, len(self._failures))

    def failures(self) -> Iterator[tuple[Planned, Failure]]:
        """Every point that failed, in the order of the plan."""
        for point in self.plan.points:
            if point.id in self._failures:
                yield point, self._failures[point.id]

    def rows(self) -> list[Row]:
        """A row for every point that has a result or an error, in the order of the plan: id, settings, summary."""
        rows = []
        for point in self.plan.points:
            summary, failure = self._summaries.get(point.id), self._failures.get(point.id)
            if summary is None and failure is None:
                continue
            row: Row = {"point": point.id, "status": FAILED, "error": None if failure is None else failure.error}
            if point.trial is not None:
                row["trial"] = point.trial
            row |= {path: _plain(value) for path, value in point.settings.items()}
            rows.append(row if summary is None else row | {"error": None} | flat_summary(summary))
        if self.plan.goals:
            front = front_ids(rows, self.plan.goals)
            for row in rows:
                row["on_front"] = row["point"] in front
        return rows

    def write_table(self) -> None:
        """Write results.parquet anew."""
        write_table(self.rows(), self.folder)
        self._table_written = time.monotonic()


def front_ids(rows: Sequence[Row], goals: dict[str, bool]) -> list[str]:
    """Points that have all goals and that no other beats, in the order of the rows."""
    values = {row["point"]: [figure_of(row, name) for name in goals] for row in rows}
    known = {id: [v for v in own if v is not None] for id, own in values.items() if None not in own}
    ids = list(known)
    return [ids[index] for index in pareto_front(list(known.values()), list(goals.values()))]


def _plain(value: Any) -> Any:
    return text_of(value) if isinstance(value, dict | list) else value


#: Parts of a summary that are no results: the table's schema carries the definitions, the point has its own name.
NOT_IN_THE_TABLE = ("definitions", "name")


def flat_summary(summary: dict[str, Any]) -> Row:
    """A summary in one level: `staleness.1.forward_mean`; lists as JSON texts."""
    return dict(_leaves({key: value for key, value in summary.items() if key not in NOT_IN_THE_TABLE}, ""))


def _leaves(part: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for key, value in part.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value:
            yield from _leaves(value, here)
        else:
            yield here, _plain(value)
