"""Rows of very many operations: how the time divides among the kinds, where single bars would be finer than a pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from numpy.typing import NDArray

from aimcsim.report import palette
from aimcsim.report.broken_axis import BrokenAxis
from aimcsim.report.busy_cycles import busy_before
from aimcsim.report.op_table import KINDS
from aimcsim.report.picture_bars import Bars
from aimcsim.report.picture_rows import Rows

#: Points of one step of a shared row, two pixels of a PNG. A row has shares where its bars would mostly be narrower.
STEP = 0.96

#: A share is averaged over so many operations, but at most so many steps: else it would show the beat of steps and
#: periods.
OPERATIONS, STEPS = 32, 3

#: Said beside the name of a run that has such rows.
IN_WORDS = "operations are finer than a pixel: heights are shares of the cycles"

Floats = NDArray[np.float64]


def crowded(bars: Bars, rows: Rows, axis: BrokenAxis, points: float) -> NDArray[np.bool_]:
    """Which rows have so many operations that they are drawn as shares. `points`: width of a cycle."""
    count = np.bincount(bars.row, minlength=len(rows.tops))
    return count > axis.length * points / STEP


def draw_shares(axes: Axes, bars: Bars, rows: Rows, axis: BrokenAxis, points: float) -> None:
    """One collection a kind: in each row a band for each kind, as high as its share, F at the bottom."""
    edges = np.linspace(0.0, axis.length, 1 + max(1, round(axis.length * points / STEP)))
    levels = {row: np.zeros(len(edges) - 1) for row in np.unique(bars.row).tolist()}
    for place, kind in enumerate(KINDS):
        bands: list[Any] = []
        for row, below in levels.items():
            own = bars.of((bars.row == row) & (bars.kind == place))
            if not len(own.left):
                continue
            above = np.minimum(below + _shares(own, edges, len(own.left)), 1.0)
            bottom = rows.tops[row] + (rows.height + rows.bar) / 2
            bands += _band(edges, bottom - below * rows.bar, bottom - above * rows.bar)
            levels[row] = above
        if bands:
            axes.add_collection(
                PolyCollection(bands, facecolors=palette.FILL[kind], linewidths=0, label=f"{kind} shares", zorder=2),
                autolim=False,
            )


def _shares(own: Bars, edges: Floats, operations: int) -> Floats:
    """Busy share of each step, averaged over its neighbourhood."""
    step = edges[1] - edges[0]
    half = max(step, min(OPERATIONS * edges[-1] / operations, STEPS * step)) / 2
    middle = (edges[:-1] + edges[1:]) / 2
    begin, end = np.maximum(middle - half, edges[0]), np.minimum(middle + half, edges[-1])
    order = np.argsort(own.left, kind="stable")
    left, right = own.left[order], own.right[order]
    busy: Floats = busy_before(left, right, end) - busy_before(left, right, begin)
    shares: Floats = busy / (end - begin)
    return shares


def _band(edges: Floats, lower: Floats, upper: Floats) -> list[Floats]:
    """The area between two step functions; parts where it has no height are left out."""
    filled = np.concatenate([[False], lower > upper, [False]])
    begins = np.flatnonzero(~filled[:-1] & filled[1:])
    ends = np.flatnonzero(filled[:-1] & ~filled[1:])
    found = []
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        x = np.repeat(edges[begin : end + 1], 2)[1:-1]
        top, bottom = _steps(x, upper[begin:end]), _steps(x, lower[begin:end])
        found.append(np.concatenate([top, bottom[::-1]]))
    return found


def _steps(x: Floats, y: Floats) -> Floats:
    """Corners of a step function, (corners, 2), those in the middle of a level part left out."""
    corners = np.stack([x, np.repeat(y, 2)], axis=1)
    level = np.zeros(len(corners), bool)
    level[1:-1] = (corners[:-2, 1] == corners[1:-1, 1]) & (corners[1:-1, 1] == corners[2:, 1])
    return corners[~level]
