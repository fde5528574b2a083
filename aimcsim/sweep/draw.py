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
from aimcsim.sweep.draw_curves import COLOURS as COLOURS
from aimcsim.sweep.draw_curves import draw_means, draw_runs
from aimcsim.sweep.draw_front import draw_front
from aimcsim.sweep.figure_text import plain
from aimcsim.sweep.folder import PLOTS
from aimcsim.sweep.run_curves import run_curves
from aimcsim.sweep.series import Row, front_of_two, is_numeric, mean_curves
from aimcsim.sweep.whole_files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from aimcsim.sweep.spec import PlotSpec


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
        told = draw_means(space, plot, mean_curves(rows, plot, axes))
    elif plot.kind == "pareto":
        told = draw_front(space, plot, front_of_two(rows, plot, axes))
    else:
        told = draw_runs(space, plot, run_curves(rows, plot, axes, folder))
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


def _file_name(plot: PlotSpec, taken: Sequence[str]) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", f"{plot.y}-against-{plot.x}")[:120].lstrip(".")
    name, number = f"{stem}.png", 2
    while name in taken:
        name, number = f"{stem}-{number}.png", number + 1
    return name
