"""Convergence as a picture: loss and accuracy against samples, cycles and simulated seconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator

from aimcsim.report import palette
from aimcsim.report.convergence_curves import (
    ACCURACY,
    CYCLES,
    SAMPLES,
    SECONDS,
    Curve,
    Quantity,
    apart,
    breaking,
    crossing,
    furthest,
    points,
    quantities,
)
from aimcsim.report.picture_style import fitting, grouped, new_figure, plain, width_of
from aimcsim.report.timeline_panel import duration

#: Inches.
WIDTH, ROW, LEFT, RIGHT, TOP, BOTTOM, GAP_X, GAP_Y = 12.0, 2.45, 0.75, 0.25, 0.42, 0.65, 0.45, 0.5
WIDEST_LABELS = 2.4

#: Points.
AXIS_NAME, TICK, LABEL, NOTE = 11.0, 9.5, 11.0, 9.5

#: Loss is shown on a logarithmic scale where it spans more than this.
LOGARITHMIC_FROM = 50.0

REFERENCE = palette.FAINT


def convergence_figure(curves: Sequence[Curve]) -> Figure:
    """The figure, for at least one curve. To be drawn and saved inside `picture_style.drawing()`."""
    along, up = quantities(curves)
    texts = [_label(curve) for curve in curves]
    widest = max(width_of(text, LABEL, True) for text in texts) / 72
    right = RIGHT + min(WIDEST_LABELS, widest + 0.15)
    height = TOP + len(up) * ROW + (len(up) - 1) * GAP_Y + BOTTOM
    width = (WIDTH - LEFT - right - (len(along) - 1) * GAP_X) / len(along)
    figure = new_figure(WIDTH, height)
    for i, vertical in enumerate(up):
        low, high = _limits(curves, vertical)
        for k, horizontal in enumerate(along):
            left = LEFT + k * (width + GAP_X)
            top = TOP + i * (ROW + GAP_Y)
            box = (left / WIDTH, 1 - (top + ROW) / height, width / WIDTH, ROW / height)
            axes = figure.add_axes(box, label=f"{vertical.name} against {horizontal.name}")
            if vertical is not ACCURACY and low > 0 and high / low > LOGARITHMIC_FROM:
                axes.set_yscale("log")
            axes.set_ylim(low, high)
            _prepare(axes, horizontal, vertical, k == 0, i == len(up) - 1)
            for number, curve in enumerate(curves):
                _curve(axes, curve, _look(curves, number), horizontal, vertical)
            axes.set_xlim(0, furthest(curves, horizontal) * 1.04)
            if vertical is ACCURACY:
                _target(axes, curves, horizontal, width)
        _end_labels(axes, curves, texts, vertical, right * 72 - 14)
    return figure


def _label(curve: Curve) -> str:
    name = plain(curve.label, 40)
    if curve.is_reference:
        name += " (no staleness)"
    return f"{name}: diverged" if curve.diverged else name


def _look(curves: Sequence[Curve], number: int) -> tuple[str, str]:
    """Colour and line style of a run: the reference is grey, the others take theirs in order."""
    if curves[number].is_reference:
        return REFERENCE, "--"
    place = sum(not curve.is_reference for curve in curves[:number])
    styles = palette.RUN_STYLES
    return palette.RUNS[place % len(palette.RUNS)], styles[place // len(palette.RUNS) % len(styles)]


def _limits(curves: Sequence[Curve], up: Quantity) -> tuple[float, float]:
    values = [y for curve in curves for _, y in points(curve, SAMPLES, up)]
    if up is ACCURACY:
        return 0.0, 100.0
    low, high = min(values), max(values)
    if low > 0 and high / low > LOGARITHMIC_FROM:
        return low / 1.3, high * 1.3
    room = 0.06 * (high - min(low, 0.0)) or 1.0
    return (0.0 if low >= 0 else low - room), high + room


def _prepare(axes: Axes, along: Quantity, up: Quantity, is_left: bool, is_lowest: bool) -> None:
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(palette.FAINT)
    axes.grid(axis="y", color=palette.GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=palette.FAINT, labelsize=TICK, length=0, axis="y", which="both", labelleft=is_left)
    axes.tick_params(colors=palette.FAINT, labelsize=TICK, length=3, axis="x", labelbottom=is_lowest)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(
        EngFormatter("s") if along is SECONDS else FuncFormatter(lambda value, _: grouped(round(value)))
    )
    if is_left:
        name = up.name[0].upper() + up.name[1:]
        axes.set_title(name, loc="left", fontsize=AXIS_NAME, weight="bold", color=palette.TEXT, pad=5)
    if is_lowest:
        axes.set_xlabel(along.name, fontsize=AXIS_NAME, color=palette.TEXT, labelpad=4)


def _curve(axes: Axes, curve: Curve, look: tuple[str, str], along: Quantity, up: Quantity) -> None:
    found = points(curve, along, up)
    if not found:
        return
    x, y = np.array(found).T
    colour, style = look
    width = 1.4 if curve.is_reference else 2.2
    axes.plot(x, y, color=colour, linestyle=style, linewidth=width, label=plain(curve.label, 40), zorder=3,
              marker="o" if len(found) == 1 else None)  # fmt: skip
    at = breaking(curve, along)
    if at is not None:
        axes.plot([x[-1], at], [y[-1], y[-1]], color=colour, linestyle=":", linewidth=1.2, zorder=3)
        axes.plot([at], [y[-1]], color=colour, marker="X", markersize=9, markeredgecolor=palette.BACKGROUND, zorder=5,
                  label="diverged")  # fmt: skip


def _target(axes: Axes, curves: Sequence[Curve], along: Quantity, inches: float) -> None:
    """The target as a line; a dot where a run first reaches it, and below it how far that is."""
    targets = sorted({100 * c.summary.target_accuracy for c in curves if c.summary.target_accuracy is not None})
    for target in targets:
        axes.axhline(target, color=palette.TEXT, linewidth=0.9, linestyle=(0, (5, 3)), zorder=2, label="target")
        if along is SAMPLES:
            axes.annotate(
                f"target {target:g} %", (0, target), (4, 3), textcoords="offset points", fontsize=NOTE,
                color=palette.TEXT, va="bottom",
            )  # fmt: skip
    crossings = sorted((*found, number) for number, curve in enumerate(curves) if (found := crossing(curve, along)))
    for place, (x, y, number) in enumerate(crossings):
        colour = _look(curves, number)[0]
        axes.plot([x, x], [0, y], color=colour, linewidth=1.0, linestyle=":", zorder=2, label="down to the axis")
        axes.plot([x], [y], color=colour, marker="o", markersize=7, markeredgecolor=palette.BACKGROUND,
                  markeredgewidth=1.2, zorder=5, label="first at the target")  # fmt: skip
        text, share = _written(along, x), x / axes.get_xlim()[1]
        # The early crossings have their numbers on the left, the late ones on the right, each at a height of its own.
        needed = (width_of(text, NOTE) + 8) / (inches * 72)
        is_left = share > needed and (2 * place + 1 < len(crossings) or share > 1 - needed)
        axes.annotate(
            text, (x, 4 + 10 * (place % 5)), (-5 if is_left else 5, 0), textcoords="offset points", fontsize=NOTE,
            color=colour, ha="right" if is_left else "left", va="bottom", zorder=4,
            bbox={"facecolor": palette.BACKGROUND, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip


def _written(along: Quantity, value: float) -> str:
    if along is SECONDS:
        return duration(value)
    return f"{grouped(round(value))}{' cycles' if along is CYCLES else ''}"


def _end_labels(axes: Axes, curves: Sequence[Curve], texts: Sequence[str], up: Quantity, room: float) -> None:
    """The runs' names beside the ends of their lines, right of the last axes, in their colours."""
    shown = [number for number, curve in enumerate(curves) if points(curve, SAMPLES, up)]
    to_share = axes.transData + axes.transAxes.inverted()
    ends = [float(to_share.transform((0, points(curves[n], SAMPLES, up)[-1][1]))[1]) for n in shown]
    places = apart(ends, 1.35 * LABEL / (ROW * 72), 0.03, 0.97)
    for number, place in zip(shown, places, strict=True):
        axes.annotate(
            fitting(texts[number], room, LABEL, bold=True), (1, place), (8, 0), xycoords="axes fraction",
            textcoords="offset points", fontsize=LABEL, weight="bold", color=_look(curves, number)[0],
            va="center_baseline", annotation_clip=False,
        )  # fmt: skip
