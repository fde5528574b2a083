"""The fully connected network on MNIST and Fashion-MNIST: arXiv 2406.12774, 2502.06309 and 2510.02516."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.reproductions.pictures import Look, Panel, draw_panels
from tests.reproductions.report import Claim, Experiment, Line, Report, Row, mean, percent

ACCURACY = "test_accuracy"
UNIT = "test accuracy %"
EPOCH = 60000
TAU = "hardware.device.w_max"
ALGORITHM = "training.algorithm"
NAMES = {
    "digital-sgd": "digital SGD",
    "analog-sgd": "analog SGD",
    "tiki-taka": "Tiki-Taka",
    "residual-learning": "residual learning",
    "tiki-taka-v2": "Tiki-Taka v2",
    "residual-learning-v2": "residual learning v2",
    "mixed-precision": "mixed precision",
    "multi-tile-residual": "residual learning",
}


def name_of(setting: Any) -> str:
    """An algorithm by the value of its axis: text, a mapping, or a mapping as JSON text."""
    spec = json.loads(setting) if isinstance(setting, str) and setting.startswith("{") else setting
    if isinstance(spec, str):
        return NAMES[spec]
    tiles = f", {spec['tiles']} tiles" if "tiles" in spec else ""
    return NAMES[spec["name"]] + tiles


def found(rows: Sequence[Row], name: str, **where: float) -> tuple[float, ...]:
    """Accuracies of an algorithm by `name_of`, a value a seed; `where` as in `report.values`."""
    wanted = {path.replace("__", "."): value for path, value in where.items()}
    own = [row for row in rows if name_of(row[ALGORITHM]) == name and all(row[k] == v for k, v in wanted.items())]
    assert own, f"no row of {name} with {wanted}"
    return tuple(row[ACCURACY] for row in own)


def draw(folder: Path, target: Path, title: str, look: Look) -> None:
    """A panel of test accuracy against epoch."""
    panel = Panel(title, {}, look)
    draw_panels(folder, target, [panel], EPOCH, "epoch", "test accuracy", column=ACCURACY, axis="linear", width=5.6)


def listed(shares: Sequence[float]) -> str:
    """Percentages, in their order."""
    return ", ".join(f"{100 * share:.1f}" for share in shares)


# ---------------------------------------------------------------------------- arXiv 2406.12774, figure 5

FIGURE_5 = {
    ("digital SGD", 0.70): "98.15 ± 0.04",
    ("analog SGD", 0.70): "11.35 ± 0.00",
    ("analog SGD", 0.78): "97.71 ± 0.63",
    ("analog SGD", 0.80): "97.78 ± 0.36",
    ("Tiki-Taka", 0.70): "97.64 ± 0.17",
    ("Tiki-Taka", 0.78): "97.62 ± 0.05",
    ("Tiki-Taka", 0.80): "97.50 ± 0.11",
}
#: A learned factor for every output: with analog SGD alone, in the last rows.
BY_LINE = "hardware.mapping.out_scaling_columnwise"


def figure_5(rows: Sequence[Row]) -> Report:
    """The threshold of analog SGD."""
    one = [row for row in rows if not row[BY_LINE]]
    by_line = [row for row in rows if row[BY_LINE]]
    lines = []
    for (name, tau), published in FIGURE_5.items():
        setting = "" if name == "digital SGD" else f"τ {tau:.2f}"
        lines.append(Line(name, setting, published, found(one, name, hardware__device__w_max=tau)))
    lines.append(Line("analog SGD, a factor for every output", "τ 0.70", "–", found(by_line, "analog SGD")))
    digital, low, *rest = (mean(line.values) for line in lines)
    above, tiki_taka, apart = rest[:2], rest[2:5], rest[5]
    claims = (
        Claim("analog SGD at τ 0.70 is at chance (below 12 %)", low < 0.12, f"{listed([low])} %"),
        Claim("at τ 0.78 and 0.80 it learns (above 80 %)", min(above) > 0.80, f"{listed(above)} %"),
        Claim("at τ 0.70 it learns with a factor for every output (above 80 %)", apart > 0.80, f"{listed([apart])} %"),
        Claim("Tiki-Taka learns at every τ (above 90 %)", min(tiki_taka) > 0.90, f"{listed(tiki_taka)} %"),
        Claim(
            "and does not depend on τ: within 2 points",
            max(tiki_taka) - min(tiki_taka) < 0.02,
            f"{100 * (max(tiki_taka) - min(tiki_taka)):.2f} points",
        ),
        Claim(
            "digital SGD is ahead of Tiki-Taka",
            digital > max(tiki_taka),
            f"by {100 * (digital - max(tiki_taka)):.1f} points",
        ),
    )
    return Report(UNIT, tuple(lines), claims, percent)


def picture_5(folder: Path, target: Path) -> None:
    """Accuracy against epoch."""

    def look(settings: Row) -> tuple[str, int, str]:
        name = name_of(settings[ALGORITHM])
        if name == "digital SGD":
            return name, 7, "--"
        if settings.get(BY_LINE):
            return "analog SGD, τ 0.70, a factor for every output", 0, "-."
        return (
            f"{name}, τ {settings[TAU]:.2f}",
            (0.70, 0.78, 0.80).index(settings[TAU]),
            "-" if name == "Tiki-Taka" else ":",
        )

    draw(folder, target, "MNIST", look)


# ---------------------------------------------------------------------------- arXiv 2510.02516, table 1

TABLE_1 = {
    "MNIST": {
        "Tiki-Taka": "78.65 ± 2.36",
        "Tiki-Taka v2": "95.43 ± 0.17",
        "mixed precision": "99.13 ± 0.02",
        "residual learning, 3 tiles": "95.07 ± 0.35",
        "residual learning, 4 tiles": "97.10 ± 0.17",
        "residual learning, 6 tiles": "98.53 ± 0.09",
    },
    "Fashion-MNIST": {
        "Tiki-Taka": "10.01 ± 0.07",
        "Tiki-Taka v2": "47.51 ± 0.91",
        "mixed precision": "75.61 ± 0.69",
        "residual learning, 3 tiles": "68.09 ± 0.49",
        "residual learning, 4 tiles": "73.35 ± 0.13",
        "residual learning, 6 tiles": "75.11 ± 0.07",
    },
}


def few_states(rows: Sequence[Row], task: str, states: int, remark: str = "") -> Report:
    """Limited states: tiles against the others. `remark` stands behind every published figure."""
    lines = [
        Line(name, f"{states} states", published + remark, found(rows, name))
        for name, published in TABLE_1[task].items()
    ]
    v1, v2, mixed, *tiles = (mean(line.values) for line in lines)
    claims = (
        Claim("the more tiles the better: 6 > 4 > 3", tiles[2] > tiles[1] > tiles[0], listed(tiles) + " %"),
        Claim(
            "6 tiles ahead of both Tiki-Takas",
            tiles[2] > max(v1, v2),
            f"{listed([v1, v2])} against {listed(tiles[2:])} %",
        ),
        Claim("Tiki-Taka v1 behind v2", v1 < v2, listed([v1, v2]) + " %"),
        Claim("mixed precision ahead of all", mixed > max(v1, v2, *tiles), listed([mixed]) + " %"),
    )
    return Report(UNIT, tuple(lines), claims, percent)


def picture_few_states(folder: Path, target: Path) -> None:
    """Accuracy against epoch."""

    def look(settings: Row) -> tuple[str, int, str]:
        name = name_of(settings[ALGORITHM])
        return name, list(TABLE_1["MNIST"]).index(name), "-"

    draw(folder, target, folder.name, look)


# ---------------------------------------------------------------------------- arXiv 2502.06309, figure 4


def responses(rows: Sequence[Row]) -> Report:
    """The power response. The paper shows curves and no figures."""
    names = ("analog SGD", "residual learning", "Tiki-Taka v2", "residual learning v2")
    lines = [Line(name, "γ_res 0.5, τ 0.5", "a curve", found(rows, name)) for name in names]
    sgd, *others = (mean(line.values) for line in lines)
    claims = (
        Claim("residual learning is ahead of analog SGD", others[0] > sgd, listed([others[0], sgd]) + " %"),
        Claim("residual learning v2 is ahead of analog SGD", others[2] > sgd, listed([others[2], sgd]) + " %"),
        Claim("residual learning v2 is ahead of v1", others[2] > others[0], listed([others[2], others[0]]) + " %"),
    )
    return Report(UNIT, tuple(lines), claims, percent)


def picture_responses(folder: Path, target: Path) -> None:
    """Accuracy against epoch."""
    order = ("analog SGD", "residual learning", "Tiki-Taka v2", "residual learning v2")

    def look(settings: Row) -> tuple[str, int, str]:
        name = name_of(settings[ALGORITHM])
        return name, order.index(name), "-"

    draw(folder, target, "MNIST", look)


EXPERIMENTS = (
    Experiment("analog-sgd-figure-5", "arXiv 2406.12774, figure 5, FCN", figure_5, picture_5),
    Experiment(
        "few-states-mnist",
        "arXiv 2510.02516, table 1, MNIST",
        lambda rows: few_states(rows, "MNIST", 10, " (LeNet-5)"),
        picture_few_states,
    ),
    Experiment(
        "few-states-fashion-mnist",
        "arXiv 2510.02516, table 1, Fashion-MNIST",
        lambda rows: few_states(rows, "Fashion-MNIST", 4, " (LeNet-5)"),
        picture_few_states,
    ),
    Experiment(
        "residual-learning-fcn-power",
        "arXiv 2502.06309, figure 4, FCN",
        responses,
        picture_responses,
    ),
)
