"""Pictures of the trajectories and of the deviates."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from scipy import stats

mpl.use("Agg")
import matplotlib.pyplot as plt

from tests.crossbar.against_aihwkit.our_side import DEVICES, protocols
from tests.crossbar.against_aihwkit.tables import Result

OURS, THEIRS = "#0b6fa4", "#d1495b"


def draw_trajectories(result: Result, file: Path) -> None:
    """A panel for every device: mean over the cells and a band of their spread, both sides."""
    columns = 6
    rows = -(-len(result.theirs) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(13.0, 1.75 * rows), sharex=True, layout="constrained")
    pulses = np.arange(2 * protocols.PULSE_COUNT // protocols.EVERY + 1) * protocols.EVERY
    for axis, (name, theirs) in zip(axes.flat, result.theirs.items(), strict=False):
        ours = result.ours[DEVICES[name].steppings[0]][name]
        mean, spread = ours[:, : len(pulses)].mean(axis=0).T
        axis.fill_between(pulses, mean - spread, mean + spread, color=OURS, alpha=0.18, linewidth=0)
        axis.plot(pulses, mean, color=OURS, linewidth=2.6, alpha=0.75, label="aimcsim")
        mean, spread = theirs[:, : len(pulses)].mean(axis=0).T
        axis.plot(pulses, mean, color=THEIRS, linewidth=1.0, label="aihwkit")
        for edge in (mean - spread, mean + spread):
            axis.plot(pulses, edge, color=THEIRS, linewidth=0.8, linestyle=(0, (3, 2)))
        axis.set_title(name, fontsize=7.5, pad=3)
        axis.tick_params(labelsize=6.5, length=2)
        axis.set_xticks([0, 300, 600])
        axis.margins(x=0.0)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes.flat[len(result.theirs) :]:
        axis.axis("off")
    axes.flat[0].legend(fontsize=6.5, frameon=False, loc="lower center")
    figure.supxlabel("pulses: 300 up, 300 down", fontsize=9)
    figure.supylabel("weight: mean over the cells, and ± their spread", fontsize=9)
    save(figure, file, 80)


def draw_deviates(results: list[Result], file: Path) -> None:
    """All deviates in order against those of a normal: on the diagonal where only chance makes sides differ."""
    figure, axis = plt.subplots(figsize=(5.2, 4.4), layout="constrained")
    for result, colour in zip(results, plt.get_cmap("tab10").colors, strict=False):  # type: ignore[attr-defined]
        z = np.sort([each.z for each in result.counted])
        places = stats.norm.ppf((np.arange(len(z)) + 0.5) / len(z))
        axis.plot(places, z, ".", color=colour, markersize=4, label=f"{result.protocol} ({len(z)})")
    axis.axline((0, 0), slope=1, color="0.5", linewidth=0.8)
    axis.set_xlabel("quantile of a normal")
    axis.set_ylabel("difference over its standard error, z")
    axis.legend(fontsize=8, frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    save(figure, file, 90)


def save(figure: Figure, file: Path, dpi: int) -> None:
    """As a PNG of few colours, a third of the size."""
    figure.savefig(file, dpi=dpi)
    plt.close(figure)
    with Image.open(file) as picture:
        reduced = picture.convert("RGB").quantize(64)
    reduced.save(file, optimize=True)
