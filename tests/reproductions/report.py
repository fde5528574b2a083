"""What a reproduction says of a finished sweep: tables with published figures beside measured ones, and claims."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from aimcsim.sweep.folder import POINTS, TABLE, StudyFolder
from aimcsim.trace.run_folder import METRICS

Row = dict[str, Any]
#: Writes a number.
Form = Callable[[float], str]


@dataclass(frozen=True)
class Claim:
    """A statement of a paper, made testable; `holds` in this sweep, `found` says with what figures."""

    text: str
    holds: bool
    found: str


@dataclass(frozen=True)
class Line:
    """A row of a table: algorithm, setting, what was published (a figure or words), and a value a seed."""

    algorithm: str
    setting: str
    published: str
    values: tuple[float, ...]


def two_digits(number: float) -> str:
    """Two digits, with an exponent only where there is no other way."""
    return f"{float(f'{number:.2g}'):g}"


def percent(number: float) -> str:
    """A share as a percentage, two decimals, without its sign."""
    return f"{100 * number:.2f}"


@dataclass(frozen=True)
class Report:
    """Everything that a page shows of one sweep. `unit` names the measured figure, `form` writes it.

    `table`: Markdown that stands in place of the table of the lines, where one figure a line is not enough.
    """

    unit: str
    lines: tuple[Line, ...]
    claims: tuple[Claim, ...]
    form: Form = two_digits
    table: str | None = None


@dataclass(frozen=True)
class Experiment:
    """A published experiment: the shipped sweep of its name, its report of the rows, its picture of the folder.

    `derive`: further columns of a row, from its summary and its metrics.csv (a mapping a row of it).
    """

    sweep: str
    source: str
    report: Callable[[Sequence[Row]], Report]
    picture: Callable[[Path, Path], None]
    derive: Callable[[Row, Sequence[Row]], Row] | None = None


def rows_of(folder: Path, derive: Callable[[Row, Sequence[Row]], Row] | None = None) -> list[Row]:
    """The rows of a finished sweep. Raises where a point is missing, has failed or has diverged."""
    plan = StudyFolder(folder).read_plan()
    rows: list[Row] = pq.read_table(folder / TABLE).to_pylist()
    bad = [row["point"] for row in rows if row["status"] != "completed"]
    if bad or len(rows) < plan.total:
        raise SystemExit(f"{folder}: {len(rows)} of {plan.total} points, not completed: {bad}")
    if derive is not None:
        rows = [row | derive(row, metrics_of(folder / POINTS / row["point"] / METRICS)) for row in rows]
    return rows


def metrics_of(file: Path) -> list[Row]:
    """The rows of a metrics.csv; None where a figure is not known."""
    with open(file, newline="", encoding="utf-8") as lines:
        return [{name: float(text) if text else None for name, text in line.items()} for line in csv.DictReader(lines)]


def values(rows: Iterable[Row], name: str, **where: Any) -> tuple[float, ...]:
    """`name` of the rows with these settings, dots of a path written as two underscores; one a seed."""
    wanted = {path.replace("__", "."): value for path, value in where.items()}
    found = [row for row in rows if all(row[path] == value for path, value in wanted.items())]
    assert found, f"no row with {wanted}"
    return tuple(row[name] for row in found)


def mean(numbers: Sequence[float]) -> float:
    """Their mean."""
    return statistics.fmean(numbers)


def markdown(report: Report) -> str:
    """The table and the claims."""
    epochs = f"| algorithm | setting | published | measured {report.unit}: mean ± std (seeds) |"
    text = [epochs, "|---|---|---|---|"]
    for line in report.lines:
        text.append(f"| {line.algorithm} | {line.setting} | {line.published} | {spread(line.values, report.form)} |")
    if report.table is not None:
        text = [report.table]
    text += ["", "| claim | holds | measured |", "|---|---|---|"]
    text += [f"| {claim.text} | {'yes' if claim.holds else '**no**'} | {claim.found} |" for claim in report.claims]
    return "\n".join(text)


def spread(numbers: Sequence[float], form: Form) -> str:
    """Mean ± sample deviation (how many)."""
    deviation = f" ± {form(statistics.stdev(numbers))}" if len(numbers) > 1 else ""
    return f"{form(mean(numbers))}{deviation} ({len(numbers)})"
