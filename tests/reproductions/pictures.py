"""Panels of convergence curves from a sweep's folder, mean and range over seeds, on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from aimcsim.sweep.draw import COLOURS
from aimcsim.sweep.folder import StudyFolder
from aimcsim.sweep.ledger import Ledger
from aimcsim.sweep.run_curves import run_curves
from aimcsim.sweep.spec import PlotSpec

#: Name, colour (number) and line style of a curve by its settings; None leaves it out.
Look = Callable[[dict[str, Any]], tuple[str, int, str] | None]


@dataclass(frozen=True)
class Panel:
    """One axes: its title, the points it shows, and how its curves look."""

    title: str
    where: dict[str, Any]
    look: Look


def draw_panels(
    folder: Path, target: Path, panels: Sequence[Panel], scale: float, along: str, up: str, until: float | None = None
) -> None:
    """Write a PNG of the panels side by side. `scale`: samples of one step of `along`, which ends at `until`."""
    study = StudyFolder(folder)
    ledger = Ledger(study, study.read_plan())
    figure = Figure(figsize=(3.1 * len(panels) + 1.9, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    spaces = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    named: dict[str, Any] = {}
    for space, panel in zip(spaces, panels, strict=True):
        plot = PlotSpec(kind="curves", x="samples", y="excess_loss", where=panel.where)
        for curve in run_curves(ledger.rows(), plot, ledger.plan.axes, folder).curves:
            look = panel.look(curve.settings)
            if look is None:
                continue
            name, number, style = look
            x = [value / scale for value in curve.x]
            colour, height = COLOURS[number % len(COLOURS)], 3 if style == "--" else 2
            (line,) = space.plot(x, curve.mean, color=colour, linestyle=style, linewidth=1.5, zorder=height)
            space.fill_between(x, curve.low, curve.high, color=line.get_color(), alpha=0.15, linewidth=0)
            named.setdefault(name, line)
        space.set_yscale("log")
        space.set_xlim(0, until)
        space.set_title(panel.title, fontsize=10)
        space.set_xlabel(along)
        space.grid(color="#e5e5e5")
        for side in ("top", "right"):
            space.spines[side].set_visible(False)
    spaces[0].set_ylabel(up)
    figure.legend(list(named.values()), list(named), loc="outside right upper", fontsize=8, frameon=False)
    figure.savefig(target, dpi=120, metadata={"Software": None})
