"""The convolutional network of arXiv 2406.12774 and 2510.02516 on MNIST and Fashion-MNIST, and over four stages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.reproductions.mnist_fcn import (
    ALGORITHM,
    TAU,
    UNIT,
    draw,
    few_states,
    found,
    listed,
    name_of,
    picture_few_states,
)
from tests.reproductions.pictures import Panel, draw_panels
from tests.reproductions.report import Claim, Experiment, Line, Report, Row, mean, percent

# ---------------------------------------------------------------------------- arXiv 2406.12774, figure 5

TAUS = (0.60, 0.70, 0.80)
DIGITAL = "99.16 ± 0.08"
FIGURE_5 = {
    "analog SGD": ("88.99 ± 0.89", "92.15 ± 0.48", "93.45 ± 0.46"),
    "Tiki-Taka": ("98.84 ± 0.07", "98.87 ± 0.04", "98.86 ± 0.07"),
}


def figure_5(rows: Sequence[Row]) -> Report:
    """What the dynamic range does to analog SGD, and not to Tiki-Taka."""
    lines = [Line("digital SGD", "", DIGITAL, found(rows, "digital SGD"))]
    for name, published in FIGURE_5.items():
        for tau, figure in zip(TAUS, published, strict=True):
            lines.append(Line(name, f"τ {tau:.2f}", figure, found(rows, name, hardware__device__w_max=tau)))
    digital, *others = (mean(line.values) for line in lines)
    analog, tiki_taka = others[:3], others[3:]
    claims = (
        Claim("analog SGD learns at every τ (above 60 %)", min(analog) > 0.60, f"{listed(analog)} %"),
        Claim("and the better the larger τ", analog[0] < analog[1] < analog[2], f"{listed(analog)} %"),
        Claim("Tiki-Taka is ahead of it at every τ", min(tiki_taka) > max(analog), f"{listed(tiki_taka)} %"),
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
        return f"{name}, τ {settings[TAU]:.2f}", TAUS.index(settings[TAU]), "-" if name == "Tiki-Taka" else ":"

    draw(folder, target, "MNIST", look)


# ---------------------------------------------------------------------------- over four stages

SCHEDULE = "pipeline.schedule"
SCHEDULES = {"serial": "serial", "one-f-one-b": "synchronous", "async": "asynchronous"}


def pipelined(rows: Sequence[Row]) -> Report:
    """Accuracy, loss and cycles of three schedules."""
    names = list(dict.fromkeys(name_of(row[ALGORITHM]) for row in rows))
    head = " | ".join(f"{shown}: test accuracy %, training loss, ns a sample" for shown in SCHEDULES.values())
    text = [f"| algorithm | {head} | speed-up, synchronous | asynchronous |", "|---" * 6 + "|"]
    lost, gains, same = {}, {}, []
    for name in names:
        serial, synchronous, asynchronous = (one_row(rows, name, schedule) for schedule in SCHEDULES)
        own = (serial, synchronous, asynchronous)
        cells = " | ".join(
            f"{percent(row['test_accuracy'])}, {row['train_loss']:.3f}, {nanoseconds(row):.0f}" for row in own
        )
        gains[name] = [nanoseconds(serial) / nanoseconds(row) for row in own[1:]]
        lost[name] = asynchronous["test_accuracy"] - serial["test_accuracy"]
        same += [serial[key] == synchronous[key] for key in ("test_accuracy", "test_loss", "train_loss")]
        text.append(f"| {name} | {cells} | {gains[name][0]:.3f} | {gains[name][1]:.3f} |")
    claims = (
        Claim("the synchronous pipeline ends with the bits of the serial run", all(same), f"{len(names)} algorithms"),
        Claim(
            "both pipelines are 1.1 times as fast as the serial run, level within 0.1 %",
            all(min(gain) > 1.1 and abs(gain[1] / gain[0] - 1) < 0.001 for gain in gains.values()),
            ", ".join(f"{name} {gain[0]:.3f}, {gain[1]:.3f}" for name, gain in gains.items()),
        ),
        Claim(
            "asynchronous, but under Tiki-Taka v1, ends within 2 points of the serial run's accuracy",
            max(abs(gap) for name, gap in lost.items() if name != "Tiki-Taka") < 0.02,
            ", ".join(f"{name} {100 * gap:+.1f}" for name, gap in lost.items()),
        ),
    )
    return Report(UNIT, (), claims, percent, "\n".join(text))


def one_row(rows: Sequence[Row], name: str, schedule: str) -> Row:
    """That of an algorithm under a schedule, of which there is one seed."""
    (row,) = (row for row in rows if name_of(row[ALGORITHM]) == name and row[SCHEDULE] == schedule)
    return row


def nanoseconds(row: Row) -> float:
    """Of the accelerator, a sample."""
    return float(row["makespan_cycles"] * row["cycle_ns"] / row["samples"])


def picture_pipelined(folder: Path, target: Path) -> None:
    """Accuracy against samples: of serial and synchronous, which are the same, and of asynchronous runs."""
    names = ["Tiki-Taka", "Tiki-Taka v2", "mixed precision", "residual learning, 4 tiles"]

    def look(settings: Row) -> tuple[str, int, str] | None:
        name = name_of(settings[ALGORITHM])
        if settings[SCHEDULE] == "one-f-one-b":
            return None
        is_async = settings[SCHEDULE] == "async"
        kind = "asynchronous" if is_async else "serial, synchronous"
        return f"{name}, {kind}", names.index(name), "--" if is_async else "-"

    draw_panels(
        folder,
        target,
        [Panel("MNIST at 10 states, four stages", {}, look)],
        1000,
        "1000 samples",
        "test accuracy",
        column="test_accuracy",
        axis="linear",
        width=5.6,
    )


EXPERIMENTS = (
    Experiment("analog-sgd-figure-5-cnn", "arXiv 2406.12774, figure 5, CNN", figure_5, picture_5),
    Experiment(
        "few-states-cnn-mnist",
        "arXiv 2510.02516, table 1, MNIST",
        lambda rows: few_states(rows, "MNIST", 10),
        picture_few_states,
    ),
    Experiment(
        "few-states-cnn-fashion-mnist",
        "arXiv 2510.02516, table 1, Fashion-MNIST",
        lambda rows: few_states(rows, "Fashion-MNIST", 4),
        picture_few_states,
    ),
    Experiment("pipeline-few-states-cnn", "not published", pipelined, picture_pipelined),
)
