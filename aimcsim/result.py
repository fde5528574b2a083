"""The result of a simulation: summary, metrics and op log, and how they become a run folder."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aimcsim.scenario.dump import scenario_yaml
from aimcsim.scenario.spec import Scenario
from aimcsim.trace.run_folder import METRICS, OPS, SCENARIO, SUMMARY, staging_folder
from aimcsim.trace.scratch import ScratchFolder

if TYPE_CHECKING:
    from aimcsim.checkpoint.keeper import RunKeeper

METRICS_SCHEMA = pa.schema(
    [
        ("samples", pa.int64()),
        ("epoch", pa.float64()),
        ("cycle", pa.int64()),
        ("seconds", pa.float64()),
        ("train_loss", pa.float64()),
        ("test_loss", pa.float64()),
        ("test_accuracy", pa.float64()),
        ("energy_j", pa.float64()),
    ]
)


@dataclass
class Result:
    """What a run found. `weights` holds the final matrices by layer name, (outputs, inputs), empty without training.

    `summary` and `metrics` have a one-line definition of every figure in `trace.definitions`.
    """

    scenario: Scenario
    summary: dict[str, Any]
    metrics: pa.Table
    weights: dict[str, NDArray[np.float32]]
    _ops_path: Path | None
    _scratch: ScratchFolder | None = field(default=None, repr=False)
    _keeper: RunKeeper | None = field(default=None, repr=False)

    @property
    def ops(self) -> pa.Table | None:
        """The op log as a table, None where the scenario keeps none."""
        return None if self._ops_path is None else pq.read_table(self._ops_path)

    def save(self, directory: str | os.PathLike[str]) -> Path:
        """Write the run folder at `directory`, whole or not at all, and remove the checkpoints of the run.

        Raises RunFolderError for a foreign folder.
        """
        target = Path(directory)
        with staging_folder(target) as staged:
            (staged / SCENARIO).write_text(scenario_yaml(self.scenario), encoding="utf-8")
            (staged / SUMMARY).write_text(json.dumps(self.summary, indent=2, allow_nan=False) + "\n", encoding="utf-8")
            write_metrics_csv(self.metrics, staged / METRICS)
            if self._ops_path is not None:
                _link_or_copy(self._ops_path, staged / OPS)
        if self._keeper is not None:
            self._keeper.remove()
            self._keeper = None
        return target


def _link_or_copy(source: Path, target: Path) -> None:
    """A second name for a finished file, or a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def write_metrics_csv(metrics: pa.Table, path: Path) -> None:
    """One row an evaluation; a figure that does not apply is empty."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(metrics.column_names)
        for row in metrics.to_pylist():
            writer.writerow("" if value is None else value for value in row.values())
