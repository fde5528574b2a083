"""Curves over the length of runs: a column of each point's metrics.csv against another, mean over seeds."""

from __future__ import annotations

import csv
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aimcsim.errors import RunFolderError
from aimcsim.sweep.folder import POINTS
from aimcsim.sweep.series import COMPLETED, SEED, Row, chosen, grouped
from aimcsim.sweep.spec import PlotSpec
from aimcsim.trace.run_folder import METRICS


@dataclass(frozen=True)
class RunCurve:
    """One combination of the axes but the seed, at each place that all its `seeds` runs have: mean, least, most."""

    settings: Row
    x: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    seeds: int


@dataclass(frozen=True)
class RunCurves:
    """`left_out` of `points` have no curve: they failed or diverged, or the column does not apply to them."""

    curves: tuple[RunCurve, ...]
    points: int
    left_out: int


def run_curves(rows: Sequence[Row], plot: PlotSpec, axes: Sequence[str], folder: Path) -> RunCurves:
    """The curves of a `kind: curves` figure, read from the run folders of the points in `folder`."""
    rows = chosen(rows, plot)
    curves, left_out = [], 0
    for settings, own in grouped(rows, [axis for axis in axes if axis != SEED]):
        found = [read_curve(folder / POINTS / row["point"], plot) for row in own if row["status"] == COMPLETED]
        known = [curve for curve in found if curve]
        left_out += len(own) - len(known)
        places = sorted(set.intersection(*(set(curve) for curve in known))) if known else []
        if places:
            values = [[curve[x] for curve in known] for x in places]
            mean = tuple(statistics.fmean(at) for at in values)
            low, high = tuple(min(at) for at in values), tuple(max(at) for at in values)
            curves.append(RunCurve(settings, tuple(places), mean, low, high, len(known)))
    return RunCurves(tuple(curves), len(rows), left_out)


def read_curve(run: Path, plot: PlotSpec) -> dict[float, float]:
    """y by x of one run folder, where both are known. Raises RunFolderError for a metrics.csv that is damaged."""
    file = run / METRICS
    try:
        with open(file, newline="", encoding="utf-8") as lines:
            pairs = [(line.get(plot.x), line.get(plot.y)) for line in csv.DictReader(lines)]
        found = {float(x): float(y) for x, y in pairs if x and y}
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{file}: {error}") from None
    return {x: y for x, y in found.items() if math.isfinite(x) and math.isfinite(y)}
