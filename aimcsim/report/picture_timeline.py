"""Timelines as pictures: one panel a run, rows of tiles, all panels on one axis of cycles with its gaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from aimcsim.report import palette
from aimcsim.report.broken_axis import BrokenAxis, round_ticks
from aimcsim.report.op_table import KINDS
from aimcsim.report.picture_bars import bars_of, draw_bars
from aimcsim.report.picture_rows import Rows, rows_of
from aimcsim.report.picture_shares import IN_WORDS, crowded, draw_shares
from aimcsim.report.picture_style import fitting, grouped, new_figure, plain, width_of
from aimcsim.report.timeline_panel import BETWEEN_FACTS, UNITS, Panel, time_unit

#: Inches.
WIDTH, RIGHT, HEADER, AXIS, MARGIN, BETWEEN = 12.0, 0.3, 0.62, 0.3, 0.2, 0.16
WIDEST_NAMES = 2.6

#: Points.
TITLE, FACTS, NAME, TICK = 12.5, 10.0, 9.5, 9.0


def timeline_figure(panels: Sequence[Panel], axis: BrokenAxis, cycle_ns: float | None) -> Figure:
    """The figure; with `cycle_ns` a second axis in time. To be called and saved inside `picture_style.drawing()`."""
    total = sum(len(panel.tiles) for panel in panels)
    rows = [rows_of(panel, total) for panel in panels]
    names = [[plain(tile, 28) for tile in panel.tiles] for panel in panels]
    longest = (
        max((width_of(name, _name_size(r)) for own, r in zip(names, rows, strict=True) for name in own), default=0) / 72
    )
    left = max(0.75, min(WIDEST_NAMES, longest) + 0.35)
    axes_height = AXIS * (1 if cycle_ns is None else 2)
    heights = [HEADER + own.bottom for own in rows]
    height = 2 * MARGIN + sum(heights) + BETWEEN * (len(panels) - 1) + axes_height
    figure = new_figure(WIDTH, height)
    inches = WIDTH - left - RIGHT
    points = inches * 72 / axis.length
    top, lowest = MARGIN, None
    for number, (panel, own) in enumerate(zip(panels, rows, strict=True)):
        room = inches + left - MARGIN - (0 if number else _legend(figure, panels, height))
        bars = bars_of(panel, axis)
        is_crowded = crowded(bars, own, axis, points)
        _header(figure, panel, bool(is_crowded.any()), top, height, room)
        top += HEADER
        if panel.tiles:
            box = (left / WIDTH, 1 - (top + own.bottom) / height, inches / WIDTH, own.bottom / height)
            lowest = figure.add_axes(box, label=f"run {number + 1}")
            _prepare(lowest, axis, own)
            _background(lowest, panel, axis, own, points)
            shared = is_crowded[bars.row]
            draw_bars(lowest, bars.of(~shared), own, points)
            draw_shares(lowest, bars.of(shared), own, axis, points)
            _names(lowest, names[number], own)
        top += own.bottom + BETWEEN
    if lowest is not None:
        _cycle_axis(lowest, axis, points)
        if cycle_ns is not None:
            _time_axis(lowest, axis, points, cycle_ns)
    return figure


def _name_size(rows: Rows) -> float:
    return min(NAME, rows.height * 72 * 0.75)


def _prepare(axes: Axes, axis: BrokenAxis, rows: Rows) -> None:
    axes.set_xlim(0, axis.length)
    axes.set_ylim(rows.bottom, 0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.patch.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _background(axes: Axes, panel: Panel, axis: BrokenAxis, rows: Rows, points: float) -> None:
    """Idle rows up to the end of the run; marks where the axis is broken; what comes after the end, in words."""
    bands = []
    for number, span in enumerate(axis.spans):
        left, right = axis.place(number, np.array([span.first, min(span.end, max(span.first, panel.end))]))
        if right > left:
            for top in rows.tops + (rows.height - rows.bar) / 2:
                bands.append([(left, top), (right, top), (right, top + rows.bar), (left, top + rows.bar)])
    axes.add_collection(PolyCollection(bands, facecolors=palette.IDLE, linewidths=0, label="idle", zorder=1), False)
    middle = rows.bottom / 2
    for number, offset in enumerate(axis.offsets[1:], 1):
        if panel.end > axis.spans[number].first:
            axes.text(
                offset - axis.gap / 2, middle, "···", fontsize=13, weight="bold", color=palette.FAINT,
                ha="center", va="center",
            )  # fmt: skip
    over = next((number for number, span in enumerate(axis.spans) if panel.end < span.end), None)
    if over is not None:
        first = max(axis.spans[over].first, panel.end)
        text, place = f"done at {grouped(panel.end)}", axis.place(over, np.array([first]))[0]
        room = (axis.offsets[over] + axis.spans[over].cycles - place) * points
        if width_of(text, FACTS) + 8 <= room:
            axes.text(place + 6 / points, middle, text, fontsize=FACTS, color=palette.FAINT, va="center")


def _header(figure: Figure, panel: Panel, is_crowded: bool, top: float, height: float, room: float) -> None:
    x = MARGIN / WIDTH
    name = fitting(plain(panel.title, 128), room * 72, TITLE, bold=True)
    figure.text(x, 1 - (top + 0.16) / height, name, fontsize=TITLE, weight="bold", va="center_baseline")
    known = f"{panel.facts}{BETWEEN_FACTS}{IN_WORDS}" if is_crowded else panel.facts
    facts = fitting(known, (WIDTH - 2 * MARGIN) * 72, FACTS)
    figure.text(x, 1 - (top + 0.42) / height, facts, fontsize=FACTS, color=palette.FAINT, va="center_baseline")


def _legend(figure: Figure, panels: Sequence[Panel], height: float) -> float:
    """Draws the kinds that occur, at the upper right; returns its width in inches."""
    places = {place for panel in panels for table in panel.tables for place in np.unique(table.kind).tolist()}
    kinds = [KINDS[place] for place in sorted(places)]
    entries = [(palette.FILL[kind], f"{kind} {palette.WORDS[kind]}") for kind in kinds] + [(palette.IDLE, "idle")]
    widths = [width_of(text, FACTS) / 72 + 0.42 for _, text in entries]
    x, y = WIDTH - RIGHT - sum(widths) + 0.15, MARGIN + 0.16
    for (colour, text), width in zip(entries, widths, strict=True):
        box = ((x - 0.2) / WIDTH, 1 - (y + 0.075) / height, 0.15 / WIDTH, 0.15 / height)
        square = figure.add_axes(box, label=f"legend {text}", facecolor=colour, xticks=[], yticks=[])
        for spine in square.spines.values():
            spine.set_visible(False)
        figure.text(x / WIDTH, 1 - y / height, text, fontsize=FACTS, va="center_baseline")
        x += width
    return sum(widths) + 0.1


def _names(axes: Axes, names: Sequence[str], rows: Rows) -> None:
    size = _name_size(rows)
    every = max(1, int(np.ceil(5.0 / size)))
    for name, top in list(zip(names, rows.tops.tolist(), strict=True))[::every]:
        axes.annotate(
            name, (0, top + rows.height / 2), (-7, 0), textcoords="offset points", fontsize=max(size, 5.0),
            ha="right", va="center_baseline", annotation_clip=False,
        )  # fmt: skip


def _cycle_axis(axes: Axes, axis: BrokenAxis, points: float) -> None:
    """Ticks and numbers below the last panel, each span with its own line."""
    widest = width_of(grouped(axis.spans[-1].end), TICK) + 10
    found = _ticks(axis, 1.0, max(1.0, widest / points))
    lines, bottom = [], axes.get_ylim()[0]
    for number, span in enumerate(axis.spans):
        left, right = axis.offsets[number], axis.offsets[number] + span.cycles
        lines.append([(left, bottom + 0.05), (right, bottom + 0.05)])
        for edge in [right] * (number < len(axis.spans) - 1) + [left] * (number > 0):
            lines.append([(edge - 2 / points, bottom + 0.1), (edge + 2 / points, bottom)])
    lines += [[(place, bottom + 0.05), (place, bottom + 0.1)] for place, _ in found]
    axes.add_collection(LineCollection(lines, colors=palette.FAINT, linewidths=0.9, clip_on=False, label="axis"), False)
    _numbers(axes, [(place, grouped(round(value))) for place, value in found], bottom + 0.21, "cycle", points)


def _time_axis(axes: Axes, axis: BrokenAxis, points: float, cycle_ns: float) -> None:
    unit = time_unit(axis.spans[-1].end * cycle_ns * 1e-9)
    scale = cycle_ns * 1e-9 / UNITS[unit]
    least = 60 / points * scale
    decimals = max(0, -int(np.floor(np.log10(least))))
    widest = width_of(f"{axis.spans[-1].end * scale:.{decimals}f}", TICK) + 10
    found = _ticks(axis, scale, max(1e-3 * scale, widest / points * scale))
    texts = [(place, f"{value:.{decimals}f}") for place, value in found]
    _numbers(axes, texts, axes.get_ylim()[0] + 0.21 + AXIS, unit, points)


def _ticks(axis: BrokenAxis, scale: float, least: float) -> list[tuple[float, float]]:
    """Place and value (cycles x scale) of round numbers in every span; its first cycle where it has none."""
    found = []
    for offset, span in zip(axis.offsets, axis.spans, strict=True):
        values = round_ticks(span.first * scale, span.end * scale, least) or [span.first * scale]
        found += [(offset + value / scale - span.first, value) for value in values]
    return found


def _numbers(axes: Axes, texts: Sequence[tuple[float, str]], y: float, name: str, points: float) -> None:
    """Numbers on one line, the unit in the margin; one that would touch the number before is left out."""
    first = max((width_of(text, TICK) / 2 - place * points for place, text in texts[:1]), default=0.0)
    axes.annotate(
        name, (0, y), (-max(20.0, first + 9.0), 0), textcoords="offset points", fontsize=TICK, color=palette.FAINT,
        ha="right", va="center_baseline", annotation_clip=False,
    )  # fmt: skip
    free = -np.inf
    for place, text in texts:
        half = width_of(text, TICK) / 2 / points
        if place - half >= free:
            axes.text(place, y, text, fontsize=TICK, color=palette.FAINT, ha="center", va="center_baseline")
            free = place + half + 4 / points
