"""What asynchrony costs analog SGD, Tiki-Taka, residual and multi-tile residual learning; unpublished so far."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy import stats

from aimcsim.sweep.draw import COLOURS
from tests.reproductions.report import Claim, Experiment, Report, Row, mean, rows_of

#: Schedule and stages, as they are named.
PIPES = {
    ("async", 1): "no staleness",
    ("async", 2): "2 stages",
    ("async", 4): "4 stages",
    ("async", 8): "8 stages",
    ("async-greedy", 8): "8, greedy",
}
BEST, DEEPEST, GREEDY = ("async", 1), ("async", 8), ("async-greedy", 8)
#: Layers of the network, samples of a micro-batch; cycles of a read or write of one line.
LAYERS, MICRO_BATCH, LINE = 8, 4, 1


def name_of(algorithm: str) -> str:
    """Of an entry in the column training.algorithm, a bare name or a mapping as JSON."""
    return str(json.loads(algorithm)["name"]) if algorithm.startswith("{") else algorithm


def by_algorithm(rows: Sequence[Row], figure: str) -> dict[str, dict[tuple[str, int], Any]]:
    """By algorithm and pipe the figure of every seed, in the order of the seeds."""
    found: dict[str, dict[tuple[str, int], Any]] = {}
    for row in sorted(rows, key=lambda row: row["seed"]):
        pipe = row.get("pipeline.schedule", "async"), row["pipeline.stages"]
        found.setdefault(name_of(row["training.algorithm"]), {}).setdefault(pipe, []).append(row[figure])
    return found


def paired(more: Sequence[float], less: Sequence[float]) -> tuple[float, float, float]:
    """Mean of the differences and the ends of its two-sided 95 % Student interval."""
    gaps = np.subtract(more, less)
    half = float(stats.t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps)))
    return float(gaps.mean()), float(gaps.mean()) - half, float(gaps.mean()) + half


def asynchronous_cycles(stages: int, samples: int, transfer: int) -> int:
    """(M-1)(tf+tb) + N(tf+tb+tu+tt): F and B take a stage's layers one by one, U and T all of them at once."""
    products = 2 * LAYERS // stages * MICRO_BATCH
    return (stages - 1) * products + samples // MICRO_BATCH * (products + MICRO_BATCH + transfer)


def report(rows: Sequence[Row]) -> Report:
    """Accuracy, loss and cycles of every algorithm in every pipe, and what staleness takes, paired by seed."""
    accuracy, loss, cycles = (by_algorithm(rows, name) for name in ("test_accuracy", "train_loss", "makespan_cycles"))
    head = " | ".join(PIPES.values())
    text = [f"| test accuracy | {head} | 8 stages minus none, 95 % | greedy minus none, 95 % |", "|---" * 8 + "|"]
    for name, found in accuracy.items():
        cells = " | ".join(f"{mean(found[pipe]):.3f}" for pipe in PIPES)
        gaps = [paired(found[pipe], found[BEST]) for pipe in (DEEPEST, GREEDY)]
        shown = " | ".join(f"{gap:+.3f} ({low:+.3f} to {high:+.3f})" for gap, low, high in gaps)
        text.append(f"| {name} | {cells} | {shown} |")
    text += ["", f"| training loss | {head} | 8 stages minus none, 95 % | greedy minus none, 95 % |", "|---" * 8 + "|"]
    for name, found in loss.items():
        cells = " | ".join(f"{mean(found[pipe]):.3f}" for pipe in PIPES)
        gaps = [paired(found[pipe], found[BEST]) for pipe in (DEEPEST, GREEDY)]
        shown = " | ".join(f"{gap:+.3f} ({low:+.3f} to {high:+.3f})" for gap, low, high in gaps)
        text.append(f"| {name} | {cells} | {shown} |")
    text += ["", f"| cycles | {head} | speed-up, 8 stages |", "|---" * 7 + "|"]
    for name, found in cycles.items():
        cells = " | ".join(f"{mean(found[pipe]):.0f}" for pipe in PIPES)
        gain = mean(found[BEST]) / mean(found[DEEPEST])
        text.append(f"| {name} | {cells} | {gain:.2f} |")
    stale = [f"{row_mean(rows, pipe):.2f}" for pipe in PIPES]
    text += ["", f"| | {head} |", "|---" * 6 + "|", f"| staleness of the first stage | {' | '.join(stale)} |"]
    samples = rows[0]["samples"]
    exact = {
        (name, stages): asynchronous_cycles(stages, samples, 0 if name == "analog-sgd" else 2 * LINE)
        for name in cycles
        if name != "multi-tile-residual"
        for stages in (1, 2, 4, 8)
    }
    is_exact = all(set(cycles[name]["async", stages]) == {span} for (name, stages), span in exact.items())
    lost = {name: paired(found[DEEPEST], found[BEST]) for name, found in accuracy.items()}
    worse = [paired(loss["analog-sgd"][pipe], loss["analog-sgd"][BEST]) for pipe in (DEEPEST, GREEDY)]
    gains = {name: mean(found[BEST]) / mean(found[DEEPEST]) for name, found in cycles.items()}
    claims = (
        Claim(
            "makespans equal (M-1)(tf+tb) + N(tf+tb+tu+tt) as integers, transfers included (all but multi-tile)",
            is_exact,
            f"{len(exact)} pipes",
        ),
        Claim(
            "staleness raises the training loss of analog SGD: 95 % intervals above 0 over 8 stages, fixed and greedy",
            min(low for _, low, _ in worse) > 0,
            ", ".join(f"{gap:+.2f} ({low:+.2f} to {high:+.2f})" for gap, low, high in worse),
        ),
        Claim(
            "no other algorithm loses more than 0.05 of accuracy to the staleness of 8 stages, in the mean",
            min(gap for name, (gap, *_) in lost.items() if name != "analog-sgd") > -0.05,
            ", ".join(f"{name} {gap:+.3f}" for name, (gap, *_) in lost.items()),
        ),
        Claim(
            "every algorithm is at least 4.5 times as fast over 8 stages as over one",
            min(gains.values()) > 4.5,
            ", ".join(f"{name} {gain:.2f}" for name, gain in gains.items()),
        ),
    )
    return Report("accuracy", (), claims, "\n".join(text))


def row_mean(rows: Sequence[Row], pipe: tuple[str, int]) -> float:
    """Staleness of the first stage's forwards in this pipe."""
    own = [row for row in rows if (row["pipeline.schedule"], row["pipeline.stages"]) == pipe]
    return mean([row["staleness.1.forward_mean"] for row in own])


def picture(folder: Path, target: Path) -> None:
    """Accuracy and training loss against stages, and against cycles."""
    rows = rows_of(folder)
    accuracy, loss, cycles = (by_algorithm(rows, name) for name in ("test_accuracy", "train_loss", "makespan_cycles"))
    figure = Figure(figsize=(12.5, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3)
    places = range(5)
    shown = list(PIPES)
    for number, name in enumerate(accuracy):
        style = {"color": COLOURS[number], "marker": "osD^vP"[number], "markersize": 5, "linewidth": 1.2}
        shift = [place + 0.06 * (number - 2.5) for place in places]
        for space, found in ((left, accuracy[name]), (middle, loss[name])):
            means = [mean(found[pipe]) for pipe in shown]
            ends = [(min(found[pipe]), max(found[pipe])) for pipe in shown]
            space.plot(shift[:4], means[:4], label=name, **style)
            space.plot(shift[4:], means[4:], **style)
            space.vlines(shift, *zip(*ends, strict=True), color=COLOURS[number], linewidth=0.8)
        spans = [mean(cycles[name][pipe]) for pipe in shown[:4]]
        right.plot(spans, [mean(accuracy[name][pipe]) for pipe in shown[:4]], **style)
    left.set_ylabel("test accuracy, mean and range of seeds")
    middle.set_ylabel("training loss at the end")
    right.set_ylabel("test accuracy")
    right.set_xlabel("cycles (right to left: 1, 2, 4, 8 stages)")
    right.set_xscale("log")
    right.set_xticks([20_000, 40_000, 80_000, 120_000], ["20 k", "40 k", "80 k", "120 k"])
    right.minorticks_off()
    for space in (left, middle):
        space.set_xticks(list(places), ["1", "2", "4", "8", "8,\ngreedy"])
        space.set_xlabel("stages of the asynchronous pipeline")
    for space in (left, middle, right):
        space.grid(color="#e5e5e5")
        for side in ("top", "right"):
            space.spines[side].set_visible(False)
    figure.legend(*left.get_legend_handles_labels(), loc="outside right upper", fontsize=8, frameon=False)
    figure.savefig(target, dpi=120, metadata={"Software": None})


def larger(rows: Sequence[Row]) -> Report:
    """Eight stages against none, on more images."""
    accuracy, loss, cycles = (by_algorithm(rows, name) for name in ("test_accuracy", "train_loss", "makespan_cycles"))
    text = [
        "| algorithm | accuracy, no staleness | 8 stages | difference, 95 % | training loss, no staleness | 8 stages | "
        "speed-up |",
        "|---" * 7 + "|",
    ]
    lost, gains = {}, {}
    for name, found in accuracy.items():
        gap, low, high = paired(found[DEEPEST], found[BEST])
        lost[name] = -gap
        gains[name] = mean(cycles[name][BEST]) / mean(cycles[name][DEEPEST])
        text.append(
            f"| {name} | {mean(found[BEST]):.3f} | {mean(found[DEEPEST]):.3f} | "
            f"{gap:+.3f} ({low:+.3f} to {high:+.3f}) | "
            f"{mean(loss[name][BEST]):.3f} | {mean(loss[name][DEEPEST]):.3f} | {gains[name]:.2f} |"
        )
    claims = (
        Claim(
            "Tiki-Taka v2 loses at most 0.03 of accuracy to the staleness of 8 stages",
            lost["tiki-taka-v2"] <= 0.03,
            ", ".join(f"{name} {-gap:+.3f}" for name, gap in lost.items()),
        ),
        Claim(
            "analog SGD loses more than it",
            lost["analog-sgd"] > lost["tiki-taka-v2"],
            f"{lost['analog-sgd']:.3f} against {lost['tiki-taka-v2']:.3f}",
        ),
    )
    return Report("accuracy", (), claims, "\n".join(text))


def larger_picture(folder: Path, target: Path) -> None:
    """Accuracy without staleness and over eight stages, against cycles."""
    rows = rows_of(folder)
    accuracy, cycles = (by_algorithm(rows, name) for name in ("test_accuracy", "makespan_cycles"))
    figure = Figure(figsize=(6.5, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    space = figure.add_subplot()
    for number, (name, found) in enumerate(accuracy.items()):
        for seed in range(len(found[BEST])):
            spans = [cycles[name][pipe][seed] for pipe in (DEEPEST, BEST)]
            ends = [found[pipe][seed] for pipe in (DEEPEST, BEST)]
            space.plot(spans, ends, "osD^"[number] + "-", color=COLOURS[number], label=name if seed == 0 else None)
    space.set_xscale("log")
    space.set_xticks([100_000, 200_000, 300_000], ["100 k", "200 k", "300 k"])
    space.minorticks_off()
    space.set_xlabel("cycles (left: 8 stages, right: 1); a line a seed")
    space.set_ylabel("test accuracy")
    space.grid(color="#e5e5e5")
    for side in ("top", "right"):
        space.spines[side].set_visible(False)
    figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    figure.savefig(target, dpi=120, metadata={"Software": None})


EXPERIMENTS = (
    Experiment("pipeline-asynchrony", "not published", report, picture),
    Experiment("pipeline-asynchrony-fashion-mnist", "not published", larger, larger_picture),
)
