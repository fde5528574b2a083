"""Figures of a study as PNG files."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter

from aimcsim.sweep.axes import text_of
from aimcsim.sweep.figure_text import defined, plain, short_names, wrapped
from aimcsim.sweep.folder import PLOTS, write_whole
from aimcsim.sweep.intervals import MeanInterval
from aimcsim.sweep.run_curves import RunCurves, run_curves
from aimcsim.sweep.series import Curve, Curves, Front, Row, front_of_two, is_numeric, mean_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from aimcsim.sweep.spec import PlotSpec

#: Colours of Okabe and Ito, which people with any colour vision can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
MARKERS = "osD^vP*X"
LINES = ("-", "--", ":", "-.")

#: Most curves and most points of a front that are named.
MOST_NAMED = 16

#: Letters of a name beside which the axes keep their width in a usual figure, and of the longest that widens it.
USUAL_LETTERS, MOST_LETTERS, INCHES_A_LETTER = 18, 80, 0.07

#: Values of an axis that still get a tick each.
MOST_TICKS = 12


def draw_plots(plots: Sequence[PlotSpec], rows: Sequence[Row], axes: Sequence[str], folder: Path) -> list[Path]:
    """Draw each plot into `folder`/plots; the files, in the order given."""
    (folder / PLOTS).mkdir(exist_ok=True)
    files: list[Path] = []
    for plot in plots:
        file = folder / PLOTS / _file_name(plot, [file.name for file in files])
        write_whole(file, draw(plot, rows, axes, folder))
        files.append(file)
    return files


def draw(plot: PlotSpec, rows: Sequence[Row], axes: Sequence[str], folder: Path) -> bytes:
    """One plot as the bytes of a PNG; `folder` is the study's, whose run folders `kind: curves` reads."""
    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    space = figure.add_subplot()
    for side in ("top", "right"):
        space.spines[side].set_visible(False)
    space.grid(color="#e5e5e5")
    space.set_axisbelow(True)
    if plot.kind == "mean":
        told = _draw_means(space, plot, mean_curves(rows, plot, axes))
    elif plot.kind == "pareto":
        told = _draw_front(space, plot, front_of_two(rows, plot, axes))
    else:
        told = _draw_runs(space, plot, run_curves(rows, plot, axes, folder))
    for axis in plot.log:
        if axis == "y" or plot.kind != "mean" or is_numeric([row.get(plot.x) for row in rows]):
            _make_logarithmic(space, axis)
    if plot.where:
        told.insert(0, "where " + ", ".join(f"{path} = {text_of(value)}" for path, value in plot.where.items()))
    space.set_title("\n".join(plain(line) for line in told), loc="left", fontsize=9, color="#444444")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=150, metadata={"Software": None})
    return stream.getvalue()


def _make_logarithmic(space: Axes, which: str) -> None:
    """A logarithmic scale with plain numbers at its ticks: every decade, or some within where there are few."""
    axis: Any = space.xaxis if which == "x" else space.yaxis
    if not 0 < axis.get_minpos() < math.inf:
        return  # nothing above zero to show
    fixed = (
        [float(tick) for tick in axis.get_majorticklocs()] if isinstance(axis.get_major_locator(), FixedLocator) else []
    )
    (space.set_xscale if which == "x" else space.set_yscale)("log")
    if fixed:
        axis.set_ticks(fixed, [f"{tick:g}" for tick in fixed])
        axis.set_ticks([], minor=True)
        return
    low, high = axis.get_view_interval()
    is_narrow = low > 0 and high / low < 30
    axis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7) if is_narrow else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _draw_means(space: Axes, plot: PlotSpec, found: Curves) -> list[str]:
    numeric = is_numeric(found.x_values)
    names, heading = short_names([curve.settings for curve in found.curves])
    for number, curve in enumerate(found.curves):
        shift = 0.0 if numeric else (number - (len(found.curves) - 1) / 2) * min(0.12, 0.6 / len(found.curves))
        places = [float(spot.x) if numeric else found.x_values.index(spot.x) + shift for spot in curve.spots]
        _draw_curve(space, curve, places, number, names[number] if number < MOST_NAMED else "", joined=numeric)
    if not found.curves:
        _say_empty(space)
    elif numeric and len(found.x_values) <= MOST_TICKS:
        space.set_xticks([float(x) for x in found.x_values], [f"{x:g}" for x in found.x_values])
        space.set_xticks([], minor=True)
    elif not numeric:
        space.set_xticks(range(len(found.x_values)), [plain(text_of(x), 24) for x in found.x_values])
        if max((len(text_of(x)) for x in found.x_values), default=0) * len(found.x_values) > 70:
            space.tick_params(axis="x", rotation=30)
    space.set_xlabel(plain(plot.x))
    space.set_ylabel(plain(plot.y))
    _name_curves(space, names, heading)
    counts = {spot.y.count for curve in found.curves for spot in curve.spots}
    most = max(counts, default=0)
    told = [defined(plot.y)]
    if found.curves:
        told.append(f"mean and 95 % interval over {most} seeds" if most > 1 else "one run a point, no interval")
    if found.left_out:
        hollow = "; hollow: the mean of those that have" if found.curves else ""
        told.append(f"{found.left_out} of {found.points} points have no value{hollow}")
    return [line for line in told if line]


def _draw_runs(space: Axes, plot: PlotSpec, found: RunCurves) -> list[str]:
    names, heading = short_names([curve.settings for curve in found.curves])
    for number, curve in enumerate(found.curves):
        colour, style = COLOURS[number % len(COLOURS)], LINES[number // len(COLOURS) % len(LINES)]
        name = plain(names[number]) if number < MOST_NAMED and names[number] else None
        space.plot(curve.x, curve.mean, color=colour, linestyle=style, linewidth=1.4, label=name)
        if curve.seeds > 1:
            space.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)
    if not found.curves:
        _say_empty(space)
    space.set_xlabel(plain(plot.x))
    space.set_ylabel(plain(plot.y))
    _name_curves(space, names, heading)
    most = max((curve.seeds for curve in found.curves), default=0)
    told = [defined(plot.y)]
    if found.curves:
        told.append(f"mean and range over {most} seeds" if most > 1 else "one run a curve")
    if found.left_out:
        told.append(f"{found.left_out} of {found.points} points have no curve")
    return [line for line in told if line]


def _name_curves(space: Axes, names: Sequence[str], heading: str) -> None:
    """The legend beside the figure, where there is anything to tell apart; long names make the figure wider."""
    if not any(names):
        return
    longest = min(MOST_LETTERS, max(len(name) for name in names[:MOST_NAMED]))
    figure = space.figure
    assert isinstance(figure, Figure)
    figure.set_size_inches(8.0 + max(0, longest - USUAL_LETTERS) * INCHES_A_LETTER, 5.0)
    more = len(names) - MOST_NAMED
    title = wrapped(heading, 24) + (f"\n({more} more)" if more > 0 else "")
    space.figure.legend(loc="outside right upper", fontsize=8, frameon=False, title=title, title_fontsize=8)


def _say_empty(space: Axes) -> None:
    """Nothing to draw: no ticks either, which would look like values."""
    space.text(0.5, 0.5, "no point has a value", ha="center", transform=space.transAxes)
    space.set_xticks([])
    space.set_yticks([])


def _draw_curve(space: Axes, curve: Curve, places: list[float], number: int, name: str, *, joined: bool) -> None:
    colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
    means = [spot.y.mean for spot in curve.spots]
    if joined:
        space.plot(places, means, color=colour, linewidth=1.2, alpha=0.7)
    for index, (place, spot) in enumerate(zip(places, curve.spots, strict=True)):
        space.errorbar(
            place,
            spot.y.mean,
            yerr=spot.y.half or None,
            fmt=marker,
            color=colour,
            markerfacecolor=colour if spot.complete else "white",
            markersize=5,
            capsize=3,
            linewidth=1.2,
            label=plain(name) if name and index == 0 else None,
        )


def _draw_front(space: Axes, plot: PlotSpec, found: Front) -> list[str]:
    def bars(one: MeanInterval) -> float | None:
        return one.half or None

    for each in found.candidates:
        colour = COLOURS[1] if each.on_front else "#aaaaaa"
        space.errorbar(
            each.x.mean, each.y.mean, xerr=bars(each.x), yerr=bars(each.y), fmt="o", color=colour, markersize=5,
            linewidth=0.8, zorder=3 if each.on_front else 2,
        )  # fmt: skip
    if not found.candidates:
        _say_empty(space)
    all_names, heading = short_names([each.settings for each in found.candidates])
    front = sorted(
        ((each, name) for each, name in zip(found.candidates, all_names, strict=True) if each.on_front),
        key=lambda pair: (pair[0].x.mean, pair[0].y.mean),
    )
    where: Any = "pre" if found.maximise[0] else "post"
    xs, ys = [each.x.mean for each, _ in front], [each.y.mean for each, _ in front]
    space.step(xs, ys, where=where, color=COLOURS[1], linewidth=1)
    for number, (each, name) in enumerate(front[:MOST_NAMED], 1):
        space.annotate(str(number), (each.x.mean, each.y.mean), (5, 5), textcoords="offset points", fontsize=8)
        space.plot([], [], " ", label=plain(f"{number}  {name}", 200))
    if front and heading:
        title = wrapped(heading, 40)
        space.figure.legend(
            loc="outside right upper",
            fontsize=7,
            frameon=False,
            title=title,
            title_fontsize=7,
            handlelength=0,
            handletextpad=0,
            alignment="left",
        )
    for name, more, label in (
        (plot.x, found.maximise[0], space.set_xlabel),
        (plot.y, found.maximise[1], space.set_ylabel),
    ):
        label(f"{plain(name)}  ({'more' if more else 'less'} is better)")
    told = [f"Pareto front: {len(front)} of {len(found.candidates)} designs"]
    if any(each.x.count > 1 for each in found.candidates):
        told[0] += f", mean and 95 % interval over {max(each.x.count for each in found.candidates)} seeds"
    if found.left_out:
        told.append(f"{found.left_out} of {found.points} points belong to designs that lack a value")
    return told


def _file_name(plot: PlotSpec, taken: Sequence[str]) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", f"{plot.y}-against-{plot.x}")[:120].lstrip(".")
    name, number = f"{stem}.png", 2
    while name in taken:
        name, number = f"{stem}-{number}.png", number + 1
    return name
