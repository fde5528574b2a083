"""Reading of run folders: files that somebody else may have written, so every figure is checked."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from aimcsim.errors import RunFolderError, ScenarioError, harmless
from aimcsim.result import Result
from aimcsim.scenario.load import read_scenario
from aimcsim.scenario.spec import Scenario
from aimcsim.trace.run_folder import METRICS, SCENARIO, SUMMARY, is_run_folder


class _Record(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, allow_inf_nan=False, extra="ignore")


T = TypeVar("T", bound="_Record")


class StageStaleness(_Record):
    """Staleness of one stage, in updates; None where the stage had no such action."""

    forward_mean: float | None
    forward_max: int | None
    backward_mean: float | None
    backward_max: int | None


#: Largest count that a summary may hold; more no run can reach, and arithmetic on it would overflow.
MOST = 10**18


class Divergence(_Record):
    """Where the first loss that is not finite was met."""

    cycle: int = pydantic.Field(ge=0, le=MOST)
    samples: int = pydantic.Field(ge=0, le=MOST)


class RunSummary(_Record):
    """What a comparison or a timeline needs of summary.json; the definitions are in `trace.definitions`."""

    name: str
    seed: int
    schedule: str
    algorithm: str | None
    stages: int
    micro_batch: int
    micro_batches: int
    samples: int = pydantic.Field(ge=1, le=MOST)
    makespan_cycles: int = pydantic.Field(ge=1, le=MOST)
    period_cycles: float | None = pydantic.Field(ge=0, le=MOST)
    cycle_ns: float | None = pydantic.Field(None, gt=0, le=MOST)
    cycles_per_sample: float | None = pydantic.Field(ge=1e-12, le=MOST)
    computation_density: float | None
    utilisation: dict[str, float | None]
    staleness: dict[str, StageStaleness]
    peak_in_flight: dict[str, int]
    status: str
    diverged: Divergence | None = None
    bottleneck: str | None
    step_per_sample: float | None
    target_accuracy: float | None
    energy_j: float | None = None
    area_mm2: float | None = None
    cycles_to_target: int | None
    samples_to_target: int | None


class MetricsRow(_Record):
    """One evaluation of metrics.csv: samples and cycle, losses per sample, accuracy as a share."""

    samples: int = pydantic.Field(ge=0, le=MOST)
    cycle: int = pydantic.Field(ge=0, le=MOST)
    train_loss: float | None
    test_loss: float | None
    test_accuracy: float | None


@dataclass(frozen=True)
class Run:
    """A finished run. `folder` is where it was read from, `result` what it came from if it was just simulated."""

    scenario: Scenario
    summary: RunSummary
    rows: tuple[MetricsRow, ...]
    folder: Path | None = None
    result: Result | None = None


def run_of_result(result: Result) -> Run:
    """The run that has just been simulated."""
    rows = tuple(MetricsRow.model_validate(row) for row in result.metrics.to_pylist())
    return Run(result.scenario, RunSummary.model_validate(result.summary), rows, result=result)


def read_run(folder: Path) -> Run:
    """The run in a folder. Raises RunFolderError."""
    try:
        scenario, _ = read_scenario(folder / SCENARIO)
    except ScenarioError as error:
        raise RunFolderError(f"a run folder that cannot be used: {error.problems[0]}") from error
    return Run(scenario, read_summary(folder), _read_rows(folder / METRICS), folder)


def read_summary(folder: Path) -> RunSummary:
    """summary.json of a run folder. Raises RunFolderError for anything else."""
    path = folder / SUMMARY
    if not is_run_folder(folder):
        raise RunFolderError(f"{folder} is no run folder of aimcsim")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunFolderError(f"{path} is no JSON text: {error}") from error
    return _checked(RunSummary, data, str(path))


def _read_rows(path: Path) -> tuple[MetricsRow, ...]:
    if not path.is_file():
        raise RunFolderError(f"{path} is missing")
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (ValueError, csv.Error) as error:
        raise RunFolderError(f"{path} is no CSV text: {error}") from error
    fields = MetricsRow.model_fields
    return tuple(
        _checked(MetricsRow, {name: row.get(name) or None for name in fields}, f"{path}, line {line}")
        for line, row in enumerate(rows, 2)
    )


def _checked(record: type[T], data: Any, place: str) -> T:
    try:
        return record.model_validate(data)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(harmless(str(part)) for part in first["loc"])
        raise RunFolderError(": ".join(part for part in (place, where, first["msg"]) if part)) from error
