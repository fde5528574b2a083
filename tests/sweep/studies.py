"""Sweeps and searches for the tests: a chain that takes milliseconds, and digits that take a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from aimcsim.errors import ScenarioError
from aimcsim.sweep.points import Point, sweep_points
from aimcsim.sweep.reading import read_sweep
from tests.cli.command import CHAIN

#: async on M equal stages takes 2(M-1) + 2·16 cycles for 16 micro-batches: 34, 36, 38 for M = 2, 3, 4.
CHAINS = """\
name: chains
base: chain.yaml
grid:
  model.chain: [2, 3, 4]
  hardware.timing.update: [0, 1]
seeds: [5, 7]
"""

#: Trains in about half a second a point.
SMALL_DIGITS = """\
model:
  input: [64]
  layers: [{name: fc1, type: dense, outputs: 10}]
data: {name: digits, train: 64, test: 32}
hardware: {device: ideal, io: {is_perfect: true}}
pipeline: {stages: 1}
training: {algorithm: digital-sgd, learning_rate: 0.5, samples: 64}
"""


def study(folder: Path, text: str, name: str = "sweep.yaml", base: str = CHAIN) -> str:
    """A sweep file in `folder`, beside its base `chain.yaml`."""
    (folder / "chain.yaml").write_text(base, encoding="utf-8")
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def points_of(folder: Path, text: str, base: str = CHAIN) -> list[Point]:
    return sweep_points(read_sweep(study(folder, text, base=base)))


def problems_of(folder: Path, text: str, base: str = CHAIN) -> list[str]:
    """The report on a sweep file, without the folder's name; empty where it is good."""
    try:
        points_of(folder, text, base)
    except ScenarioError as error:
        return str(error).replace(f"{folder}/", "").split("\n")
    return []


def table(folder: Path) -> list[dict[str, Any]]:
    """The rows of a study's table."""
    rows: list[dict[str, Any]] = pq.read_table(folder / "results.parquet").to_pylist()
    return rows


def without_wall(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without the one figure that differs from call to call."""
    return [{name: value for name, value in row.items() if name != "wall_seconds"} for row in rows]
