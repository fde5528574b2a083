"""The operations of one panel as bars with labels: few artists, whatever the number of operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from numpy.typing import NDArray

from aimcsim.report import palette
from aimcsim.report.broken_axis import BrokenAxis
from aimcsim.report.op_table import KINDS
from aimcsim.report.picture_rows import Rows
from aimcsim.report.picture_style import width_of
from aimcsim.report.timeline_panel import Panel

#: Points: letters of the two-line labels, space around a label, and the smallest letters that are drawn at all.
LETTER, ROOM, SMALLEST = 9.5, 0.8, 4.5

#: Letters above a number are at least this large, and smaller than LETTER where they would nearly touch.
SMALLER_LETTER, LETTER_TO_BAR = 6.5, 0.9

#: Points of the micro-batch's digits below a letter: the largest at which most of them fit.
DIGITS = (8.5, 7.5, 6.5)

#: Points that a bar must have for a white edge, and height from which a label takes two lines.
EDGE_FROM, TWO_LINES_FROM = 4.0, 22.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bars:
    """Operations as rectangles: `left` and `right` on the axis, `row`, `kind` (place in KINDS) and micro-batch."""

    left: Floats
    right: Floats
    row: NDArray[np.int64]
    kind: NDArray[np.int64]
    micro_batch: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> Bars:
        """Some of them."""
        return Bars(
            self.left[chosen], self.right[chosen], self.row[chosen], self.kind[chosen], self.micro_batch[chosen]
        )


def bars_of(panel: Panel, axis: BrokenAxis) -> Bars:
    """All operations of a panel, cut at the edges of the spans."""
    tables = panel.tables
    if not tables:
        nothing = np.empty(0, np.int64)
        return Bars(nothing.astype(float), nothing.astype(float), nothing, nothing, nothing)
    return Bars(
        np.concatenate([axis.place(i, table.start) for i, table in enumerate(tables)]),
        np.concatenate([axis.place(i, table.end_at) for i, table in enumerate(tables)]),
        np.concatenate([table.tile for table in tables]),
        np.concatenate([table.kind for table in tables]),
        np.concatenate([table.micro_batch for table in tables]),
    )


def draw_bars(axes: Axes, bars: Bars, rows: Rows, points: float) -> None:
    """One collection a kind, one more a kind for operations of length 0, and the labels that fit.

    `points`: width of a cycle. The axes' y is in inches from the top.
    """
    lasting = bars.of(bars.right > bars.left)
    lengths = (lasting.right - lasting.left) * points
    # Bars that the window cuts to slivers do not take the edges from all the others.
    edge = 0.7 if len(lengths) and np.quantile(lengths, 0.1) >= EDGE_FROM else 0.0
    for place, kind in enumerate(KINDS):
        own = lasting.of(lasting.kind == place)
        if len(own.left):
            corners: Any = rectangles(own, rows)
            axes.add_collection(
                PolyCollection(
                    corners,
                    facecolors=palette.FILL[kind],
                    edgecolors=palette.BACKGROUND,
                    linewidths=edge,
                    label=kind,
                    zorder=2,
                ),
                autolim=False,
            )
        instant = bars.of((bars.kind == place) & (bars.right == bars.left))
        if len(instant.left):
            lines: Any = ticks(instant, rows)
            axes.add_collection(
                LineCollection(
                    lines,
                    colors=palette.FILL[kind],
                    linewidths=min(2.5, max(0.2, 0.3 * points)),
                    label=f"{kind} of no length",
                    zorder=3,
                    capstyle="butt",
                ),
                autolim=False,
            )
    for text, x, y, size, colour, bold in labels(lasting, rows, points):
        axes.text(
            x, y, text, fontsize=size, color=colour, weight="bold" if bold else "normal",
            ha="center", va="center_baseline", clip_on=False, zorder=4,
        )  # fmt: skip


def rectangles(bars: Bars, rows: Rows) -> Floats:
    """Corners, (operations, 4, 2)."""
    top = rows.tops[bars.row] + (rows.height - rows.bar) / 2
    x = np.stack([bars.left, bars.right, bars.right, bars.left], axis=1)
    y = np.stack([top, top, top + rows.bar, top + rows.bar], axis=1)
    return np.stack([x, y], axis=2)


def ticks(bars: Bars, rows: Rows) -> Floats:
    """Upright lines over the whole height of a row, (operations, 2, 2)."""
    top = rows.tops[bars.row]
    return np.stack([np.stack([bars.left, top], axis=1), np.stack([bars.left, top + rows.height], axis=1)], axis=1)


def labels(bars: Bars, rows: Rows, points: float) -> Iterator[tuple[str, float, float, float, str, bool]]:
    """Text, place, size, colour and weight of what fits into the bars: letter and micro-batch, or the letter alone."""
    height = rows.bar * 72
    one_line = min(LETTER, height * 0.62)
    if one_line < SMALLEST:
        return
    wide_enough = (bars.right - bars.left) * points >= width_of("F", one_line, True) + ROOM
    chosen = bars.of(wide_enough)
    middle = rows.tops[chosen.row] + rows.height / 2
    digits = _digits(chosen, points)
    narrow = float(np.quantile(chosen.right - chosen.left, 0.1)) * points if len(chosen.left) else LETTER
    letter = min(LETTER, max(SMALLER_LETTER, LETTER_TO_BAR * narrow))
    alone = letter if height >= TWO_LINES_FROM else one_line
    for left, right, y, place, micro_batch in zip(
        chosen.left.tolist(), chosen.right.tolist(), middle.tolist(), chosen.kind.tolist(), chosen.micro_batch.tolist(),
        strict=True,
    ):  # fmt: skip
        kind, x, room = KINDS[place], (left + right) / 2, (right - left) * points - ROOM
        number, ink = str(micro_batch), palette.INK[kind]
        if height >= TWO_LINES_FROM and width_of(number, digits) <= room:
            yield kind, x, y - 0.19 * rows.bar, letter, ink, True
            yield number, x, y + 0.23 * rows.bar, digits, ink, False
        elif height < TWO_LINES_FROM and width_of(kind + number, one_line, True) <= room:
            yield kind + number, x, y, one_line, ink, True
        else:
            yield kind, x, y, alone, ink, True


def _digits(bars: Bars, points: float) -> float:
    """Size at which two thirds of the micro-batches fit into their bars."""
    widest = [width_of("0" * len(str(micro_batch)), DIGITS[0]) for micro_batch in bars.micro_batch.tolist()]
    shares = ((bars.right - bars.left) * points - ROOM) / np.array(widest)
    return next((size for size in DIGITS if np.sum(shares >= size / DIGITS[0]) >= 2 / 3 * len(widest)), DIGITS[-1])
