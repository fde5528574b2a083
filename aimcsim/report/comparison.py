"""Runs side by side: the figures of each, and what else differs between them than the schedule.

A figure that does not apply is None. Runs that diverged have no speed and do not decide where "equal" is: they ended
early, and nobody would want the others compared there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcsim.report.run_reader import MetricsRow, Run
from aimcsim.scenario.spec import Scenario
from aimcsim.trace.definitions import DEFINITIONS

SERIAL = "serial"
DIVERGED = "diverged"

#: What a summary has no word for. The rest is in `trace.definitions`.
COMPARISON_DEFINITIONS = DEFINITIONS | {
    "micro_batch": "samples of a micro-batch",
    "micro_batches": "micro-batches of a mini-batch, where the schedule has any",
    "speed_up_over_first": "cycles per sample of the first run / cycles per sample of this run",
    "speed_up_over_serial": "cycles per sample of the first serial run / cycles per sample of this run",
    "at_equal_samples": "the row at the largest sample count at which every trained run (but those that diverged) "
    "was evaluated",
    "at_equal_cycles": "the last row at or before the makespan of the shortest trained run (but those that diverged)",
    "target_accuracy": "the test accuracy that cycles_to_target and samples_to_target wait for",
    "reference": "serial run with mini-batches of one micro-batch: free of staleness",
}


@dataclass(frozen=True)
class Column:
    """One of the compared runs; `label` is unique among them."""

    label: str
    run: Run
    is_reference: bool = False


@dataclass(frozen=True)
class Difference:
    """A place in the scenarios that the compared runs fill differently; None for those that lack it."""

    path: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """`figures[i]` belongs to `columns[i]`; `equal_samples` and `equal_cycles` are None where nothing was trained."""

    columns: tuple[Column, ...]
    equal_samples: int | None
    equal_cycles: int | None
    figures: tuple[dict[str, Any], ...]
    differences: tuple[Difference, ...]

    def as_json(self) -> dict[str, Any]:
        """What comparison.json holds."""
        return {
            "runs": [
                {"label": column.label, "reference": column.is_reference, **figures}
                for column, figures in zip(self.columns, self.figures, strict=True)
            ],
            "equal_samples": self.equal_samples,
            "equal_cycles": self.equal_cycles,
            "differences": [{"path": each.path, "values": each.values} for each in self.differences],
            "definitions": COMPARISON_DEFINITIONS,
        }


def compare(columns: Sequence[Column]) -> Comparison:
    """Put runs side by side; at least one."""
    trained = [column.run for column in columns if column.run.rows]
    deciding = [run for run in trained if run.summary.status != DIVERGED] or trained
    equal_samples = largest_common_samples([run.rows for run in deciding])
    equal_cycles = min((run.summary.makespan_cycles for run in deciding), default=None)
    serial = next((column.run for column in columns if column.run.summary.schedule == SERIAL), None)
    first = columns[0].run
    figures = [_figures(column.run, first, serial, equal_samples, equal_cycles) for column in columns]
    given = {column.label: column.run.scenario for column in columns if not column.is_reference}
    return Comparison(tuple(columns), equal_samples, equal_cycles, tuple(figures), tuple(differences(given)))


def largest_common_samples(runs: Sequence[Sequence[MetricsRow]]) -> int | None:
    """The largest number of samples at which each of `runs` has a row; None for no runs or no such number."""
    counts = [{row.samples for row in rows} for rows in runs]
    common = set.intersection(*counts) if counts else set()
    return max(common, default=None)


def row_at_samples(rows: Sequence[MetricsRow], samples: int | None) -> MetricsRow | None:
    """The row evaluated after exactly `samples`."""
    return next((row for row in rows if row.samples == samples), None)


def row_at_cycle(rows: Sequence[MetricsRow], cycle: int | None) -> MetricsRow | None:
    """The last row that was complete at `cycle` or before."""
    if cycle is None:
        return None
    return max((row for row in rows if row.cycle <= cycle), key=lambda row: row.samples, default=None)


def speed(run: Run | None) -> float | None:
    """Samples per cycle; None for a run that diverged, whose samples were not all done."""
    if run is None or run.summary.status == DIVERGED:
        return None
    return run.summary.samples / run.summary.makespan_cycles


def _figures(run: Run, first: Run, serial: Run | None, samples: int | None, cycles: int | None) -> dict[str, Any]:
    summary, own = run.summary, speed(run)
    return {
        "name": summary.name,
        "schedule": summary.schedule,
        "algorithm": summary.algorithm,
        "micro_batch": summary.micro_batch,
        "micro_batches": summary.micro_batches,
        "status": summary.status,
        "samples": summary.samples,
        "makespan_cycles": summary.makespan_cycles,
        "period_cycles": summary.period_cycles,
        "computation_density": summary.computation_density,
        "energy_j": summary.energy_j,
        "area_mm2": summary.area_mm2,
        "cycles_per_sample": None if own is None else summary.cycles_per_sample,
        "speed_up_over_first": _ratio(own, speed(first)),
        "speed_up_over_serial": _ratio(own, speed(serial)),
        "staleness": {stage: own_staleness.model_dump() for stage, own_staleness in summary.staleness.items()},
        "peak_in_flight": summary.peak_in_flight,
        "step_per_sample": summary.step_per_sample,
        "at_equal_samples": _row(row_at_samples(run.rows, samples)),
        "at_equal_cycles": _row(row_at_cycle(run.rows, cycles)),
        "target_accuracy": summary.target_accuracy,
        "cycles_to_target": summary.cycles_to_target,
        "samples_to_target": summary.samples_to_target,
        "bottleneck": summary.bottleneck,
    }


def _ratio(own: float | None, other: float | None) -> float | None:
    return None if own is None or other is None else own / other


def _row(row: MetricsRow | None) -> dict[str, Any] | None:
    return None if row is None else row.model_dump()


def differences(scenarios: Mapping[str, Scenario]) -> list[Difference]:
    """Where the scenarios differ beside name and schedule, in the order of the files."""
    flat = {label: _flat(scenario.model_dump()) for label, scenario in scenarios.items()}
    paths = dict.fromkeys(path for values in flat.values() for path in values)
    found = []
    for path in paths:
        values = {label: own.get(path) for label, own in flat.items()}
        if path not in ("name", "pipeline.schedule") and len({repr(value) for value in values.values()}) > 1:
            found.append(Difference(path, values))
    return found


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Dotted path to value of everything that holds no further values; a table schedule counts as one value."""
    if path == "pipeline.schedule" or not isinstance(value, dict | list) or not value:
        return {path: value}
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return {
        below: leaf for key, part in parts for below, leaf in _flat(part, f"{path}.{key}" if path else str(key)).items()
    }
