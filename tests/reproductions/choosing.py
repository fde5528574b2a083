"""The guide's two sweeps: algorithms over a grid of devices, and the schedules of three stages under each algorithm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from aimcsim.sweep.draw import COLOURS
from tests.reproductions.asynchrony import name_of
from tests.reproductions.report import Claim, Experiment, Report, Row, mean, rows_of

STEP, ASYMMETRY, ALGORITHM = "hardware.device.dw_min", "hardware.device.c_lin", "training.algorithm"
RATE = "training.learning_rate"
#: Of the devices of the grid, from -1 to 1.
RANGE = 2.0
SCHEDULES = {"serial": "serial", "one-f-one-b": "synchronous, B = 8", "async": "asynchronous"}
Cells = dict[tuple[str, int, float], tuple[float, ...]]


def best_cells(rows: Sequence[Row]) -> Cells:
    """By algorithm, states and asymmetry the accuracies of the seeds, at the better of the settings by their mean."""
    found: dict[tuple[str, int, float], dict[tuple[str, float], list[float]]] = {}
    for row in rows:
        cell = name_of(row[ALGORITHM]), round(RANGE / row[STEP]), row[ASYMMETRY]
        found.setdefault(cell, {}).setdefault((row[ALGORITHM], row[RATE]), []).append(row["test_accuracy"])
    best = {cell: max(settings.values(), key=mean) for cell, settings in found.items()}
    return {cell: tuple(seeds) for cell, seeds in best.items()}


def nanoseconds(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """By algorithm the least and most nanoseconds a sample of its runs."""
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(name_of(row[ALGORITHM]), []).append(row["makespan_cycles"] * row["cycle_ns"] / row["samples"])
    return {name: (min(times), max(times)) for name, times in found.items()}


def algorithms(rows: Sequence[Row]) -> Report:
    """Accuracy of every algorithm on every device; who is best where; time a sample."""
    cells, times = best_cells(rows), nanoseconds(rows)
    names = list(dict.fromkeys(name for name, *_ in cells))
    devices = sorted({(states, c) for _, states, c in cells})
    text = ["| states | c_lin | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    for states, c in devices:
        found = {name: mean(cells[name, states, c]) for name in names}
        top = max(found.values())
        shown = [f"**{value:.3f}**" if value > top - 0.01 else f"{value:.3f}" for value in found.values()]
        text.append(f"| {states} | {c:g} | " + " | ".join(shown) + " |")
    spans = [f"{low:.0f} to {high:.0f}" if high - low > 1 else f"{low:.0f}" for low, high in times.values()]
    text.append("| ns a sample | | " + " | ".join(spans) + " |")
    analog = [name for name in names if name not in ("analog-sgd", "mixed-precision")]
    gains = {
        device: max(mean(cells[name, *device]) for name in analog) - mean(cells["analog-sgd", *device])
        for device in devices
    }
    mixed = {
        device: mean(cells["mixed-precision", *device]) - max(mean(cells[name, *device]) for name in analog)
        for device in devices
    }
    others = [name for name in analog if name != "agad"]
    ahead = [
        mean(cells["agad", *device]) - max(mean(cells[name, *device]) for name in others)
        for device in devices
        if device[1] == max(c for _, c in devices)
    ]
    worst = {name: min(mean(cells[name, *device]) for device in devices if device[0] >= 10) for name in names}
    claims = (
        Claim(
            "analog SGD is behind the best algorithm with a residual array by 0.05 at least, on every device with "
            "asymmetry and 10 states or more",
            min(gain for (states, c), gain in gains.items() if c > 0 and states >= 10) > 0.05,
            f"{min(gains.values()):+.3f} to {max(gains.values()):+.3f} over all devices",
        ),
        Claim(
            "mixed precision is within 0.05 of the best of them or ahead, on every device",
            min(mixed.values()) > -0.05,
            f"{min(mixed.values()):+.3f} to {max(mixed.values()):+.3f} over all devices",
        ),
        Claim(
            "at asymmetry 0.3 AGAD is ahead of every other algorithm with a residual array by 0.2 at least",
            min(ahead) > 0.2,
            f"{min(ahead):+.3f} to {max(ahead):+.3f}",
        ),
        Claim(
            "AGAD reaches 0.85 on every device with 10 states or more",
            worst["agad"] > 0.85,
            "least of each: " + ", ".join(f"{name} {value:.2f}" for name, value in worst.items()),
        ),
    )
    return Report("test accuracy", (), claims, "\n".join(text))


def heat_maps(folder: Path, target: Path) -> None:
    """A heat map of accuracy a algorithm, states along and asymmetry up; time a sample beside them."""
    rows = rows_of(folder)
    cells, times = best_cells(rows), nanoseconds(rows)
    names = list(dict.fromkeys(name for name, *_ in cells))
    all_states = sorted({states for _, states, _ in cells})
    all_c = sorted({c for *_, c in cells})
    figure = Figure(figsize=(13.0, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    spaces = figure.subplots(2, 4).ravel()
    shown: Any = None
    for number, (space, name) in enumerate(zip(spaces, names, strict=False)):
        grid = np.array([[mean(cells[name, states, c]) for states in all_states] for c in all_c])
        shown = space.imshow(grid, vmin=0.1, vmax=1.0, cmap="cividis", origin="lower", aspect="auto")
        for (row, column), value in np.ndenumerate(grid):
            colour = "#ffffff" if value < 0.6 else "#000000"
            space.text(column, row, f"{100 * value:.0f}", ha="center", va="center", color=colour, fontsize=8)
        space.set_title(name, fontsize=10)
        space.set_xticks(range(len(all_states)), [str(states) for states in all_states])
        space.set_yticks(range(len(all_c)), [f"{c:g}" for c in all_c])
        if number % 4 == 0:
            space.set_ylabel("asymmetry c_lin")
        if number >= 3:
            space.set_xlabel("states")
    bars = spaces[-1]
    for number, name in enumerate(names):
        low, high = times[name]
        bars.barh(number, high, color="#56B4E9")
        bars.barh(number, low, color=COLOURS[0])
    bars.set_yticks(range(len(names)), names, fontsize=8)
    bars.invert_yaxis()
    bars.set_xlabel("ns a sample, least and most")
    for side in ("top", "right"):
        bars.spines[side].set_visible(False)
    figure.colorbar(shown, ax=list(spaces), shrink=0.7, label="test accuracy")
    figure.savefig(target, dpi=120, metadata={"Software": None})


def schedules(rows: Sequence[Row]) -> Report:
    """Time and accuracy of three schedules under every algorithm."""
    text = [
        "| algorithm | "
        + " | ".join(f"{name}: ns a sample, accuracy" for name in SCHEDULES.values())
        + " | serial / async |"
    ]
    text.append("|---" * 5 + "|")
    gains, lost = {}, {}
    for name in dict.fromkeys(name_of(row[ALGORITHM]) for row in rows):
        spans, accuracy = _by_schedule(rows, name)
        shown = " | ".join(f"{spans[key]:.0f}, {mean(accuracy[key]):.3f}" for key in SCHEDULES)
        gains[name] = spans["serial"] / spans["async"]
        lost[name] = mean(accuracy["serial"]) - mean(accuracy["async"])
        text.append(f"| {name} | {shown} | {gains[name]:.2f} |")
    claims = (
        Claim(
            "asynchronous is the fastest under every algorithm, 1.3 times serial at least",
            min(gains.values()) > 1.3,
            ", ".join(f"{name} {gain:.2f}" for name, gain in gains.items()),
        ),
        Claim(
            "and costs at most 0.03 of accuracy under all but analog SGD",
            max(gap for name, gap in lost.items() if name != "analog-sgd") < 0.03,
            ", ".join(f"{name} {-gap:+.3f}" for name, gap in lost.items()),
        ),
    )
    return Report("ns a sample", (), claims, "\n".join(text))


def _by_schedule(rows: Sequence[Row], name: str) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Mean nanoseconds a sample and the accuracies of an algorithm, by schedule."""
    spans: dict[str, float] = {}
    accuracy: dict[str, list[float]] = {}
    for key in SCHEDULES:
        own = [row for row in rows if name_of(row[ALGORITHM]) == name and row["pipeline.schedule"] == key]
        spans[key] = mean([row["makespan_cycles"] * row["cycle_ns"] / row["samples"] for row in own])
        accuracy[key] = [row["test_accuracy"] for row in own]
    return spans, accuracy


def schedule_bars(folder: Path, target: Path) -> None:
    """Time a sample of three schedules under every algorithm, accuracy written on the bars."""
    rows = rows_of(folder)
    names = list(dict.fromkeys(name_of(row[ALGORITHM]) for row in rows))
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    space = figure.add_subplot()
    for number, name in enumerate(names):
        spans, accuracy = _by_schedule(rows, name)
        for place, key in enumerate(SCHEDULES):
            up = number + 0.27 * (place - 1)
            label = SCHEDULES[key] if number == 0 else None
            space.barh(up, spans[key], height=0.25, color=COLOURS[place], label=label)
            space.text(spans[key], up, f" {100 * mean(accuracy[key]):.0f} %", va="center", fontsize=7)
    space.set_yticks(range(len(names)), names)
    space.invert_yaxis()
    space.set_xlabel("ns a sample (40 ns a product, 5 ns a pulse slot); written on the bars: test accuracy")
    figure.legend(loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    for side in ("top", "right"):
        space.spines[side].set_visible(False)
    figure.savefig(target, dpi=120, metadata={"Software": None})


EXPERIMENTS = (
    Experiment("choosing-algorithm", "not published; docs/choosing.md", algorithms, heat_maps),
    Experiment("choosing-schedule", "not published; docs/choosing.md", schedules, schedule_bars),
)
