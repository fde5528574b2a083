"""Run folders written by hand: the log as rows of text, so that a test holds all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from aimcsim.report.run_reader import MetricsRow, RunSummary

#: Two stages, three micro-batches, F = B = 1, U = 2, in the asynchronous order: tile, op, micro-batch, start, end.
#:     s1.a.r0c0  F0 F1 .  B0 U0 U0 F2 B1 U1 U1 .  B2 U2 U2
#:     s2.b.r0c0  .  F0 B0 U0 U0 F1 B1 U1 U1 F2 B2 U2 U2 .
SMALL = """\
s1.a.r0c0 F 0 0 1
s1.a.r0c0 F 1 1 2
s2.b.r0c0 F 0 1 2
s2.b.r0c0 B 0 2 3
s1.a.r0c0 B 0 3 4
s2.b.r0c0 U 0 3 5
s1.a.r0c0 U 0 4 6
s2.b.r0c0 F 1 5 6
s1.a.r0c0 F 2 6 7
s2.b.r0c0 B 1 6 7
s1.a.r0c0 B 1 7 8
s2.b.r0c0 U 1 7 9
s1.a.r0c0 U 1 8 10
s2.b.r0c0 F 2 9 10
s2.b.r0c0 B 2 10 11
s1.a.r0c0 B 2 11 12
s2.b.r0c0 U 2 11 13
s1.a.r0c0 U 2 12 14
"""


def rows_of(log: str) -> list[dict[str, Any]]:
    """The rows of an op log; the stage is the digit after the s of a tile's name."""
    rows = []
    for line in log.splitlines():
        tile, op, micro_batch, start, end = line.split()
        row = {"tile": tile, "stage": int(tile[1]), "op": op, "micro_batch": int(micro_batch)}
        rows.append(row | {"start": int(start), "end": int(end), "version_read": 0, "version_written": None})
    return rows


def summary_of(log: str, **others: Any) -> dict[str, Any]:
    """A summary.json that suits a log of micro-batches of one sample."""
    rows = rows_of(log)
    stages = sorted({str(row["stage"]) for row in rows})
    none = {"forward_mean": 0.0, "forward_max": 0, "backward_mean": 0.0, "backward_max": 0}
    return {
        "name": "small", "seed": 0, "schedule": "async", "algorithm": None, "stages": len(stages), "micro_batch": 1,
        "micro_batches": 1, "samples": len({row["micro_batch"] for row in rows}),
        "makespan_cycles": max(row["end"] for row in rows), "period_cycles": None, "cycle_ns": None,
        "cycles_per_sample": 1.0, "computation_density": 0.75,
        "utilisation": dict.fromkeys(dict.fromkeys(row["tile"] for row in rows), 0.5),
        "staleness": dict.fromkeys(stages, none), "peak_in_flight": dict.fromkeys(stages, 1), "status": "completed",
        "diverged": None, "bottleneck": None, "step_per_sample": None, "target_accuracy": None,
        "cycles_to_target": None, "samples_to_target": None,
        **others,
    }  # fmt: skip


def run_folder(folder: Path, log: str = SMALL, **others: Any) -> Path:
    """Write a run folder; `others` are figures of its summary. The log is in row groups of four rows."""
    folder.mkdir()
    (folder / "scenario.yaml").write_text("name: small\nmodel: {chain: 2}\ntraining: {samples: 3}\n")
    (folder / "summary.json").write_text(json.dumps(summary_of(log, **others)))
    (folder / "metrics.csv").write_text("samples,cycle,train_loss,test_loss,test_accuracy\n")
    table = pa.Table.from_pylist(rows_of(log))
    written = pa.array([None] * len(table), pa.int64())
    at = table.schema.get_field_index("version_written")
    pq.write_table(table.set_column(at, "version_written", written), folder / "ops.parquet", row_group_size=4)
    return folder


def trained(
    rows: list[tuple[int, int, float | None, float | None]], **others: Any
) -> tuple[RunSummary, tuple[MetricsRow, ...]]:
    """Summary and evaluations of a run: samples, cycle, training loss, test accuracy."""
    metrics = tuple(
        MetricsRow(samples=samples, cycle=cycle, train_loss=loss, test_loss=None, test_accuracy=accuracy)
        for samples, cycle, loss, accuracy in rows
    )
    return RunSummary.model_validate(summary_of(SMALL, **others)), metrics
