"""arXiv 2410.15155: analog SGD serial, synchronous and asynchronous over 1 to 8 stages, in samples and in cycles.

The paper's text and figures were not at hand, its abstract was. What stands here as expected are closed forms of the
schedules, with F and B of one layer one cycle and U none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from aimcsim.sweep.draw import COLOURS
from aimcsim.sweep.folder import POINTS, StudyFolder
from aimcsim.sweep.ledger import Ledger
from aimcsim.trace.run_folder import METRICS
from tests.reproductions.report import Claim, Experiment, Report, Row, mean, metrics_of, values

LAYERS = 8
SCHEDULE, STAGES = "pipeline.schedule", "pipeline.stages"
NAMES = {"serial": "serial", "one-f-one-b": "synchronous, B = 8", "async": "asynchronous"}


def closed_form(schedule: str, stages: int, flush: int, samples: int) -> tuple[int, float]:
    """Makespan in cycles and computation density."""
    work = 2 * LAYERS // stages
    cycles = {
        "serial": samples * stages * work,
        "one-f-one-b": samples // flush * (flush + stages - 1) * work,
        "async": (samples + stages - 1) * work,
    }[schedule]
    return cycles, samples * work / cycles


def sgd(rows: Sequence[Row]) -> Report:
    """Cycles and density against the closed forms, speed-up, accuracy."""
    text = [
        "| schedule | stages | cycles, closed form | cycles, measured | density, closed form | measured | speed-up | "
        "cycles to 90 % | test accuracy |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    cycles: dict[tuple[str, int], int] = {}
    accuracy: dict[tuple[str, int], tuple[float, ...]] = {}
    to_target: dict[tuple[str, int], float] = {}
    is_exact = True
    for schedule, name in NAMES.items():
        for stages in sorted({row[STAGES] for row in rows}):
            own = [row for row in rows if row[SCHEDULE] == schedule and row[STAGES] == stages]
            first = own[0]
            expected, density = closed_form(schedule, stages, first["pipeline.micro_batches"], first["samples"])
            is_exact &= all(row["makespan_cycles"] == expected for row in own)
            is_exact &= all(abs(row["computation_density"] - density) < 1e-12 for row in own)
            cycles[schedule, stages] = first["makespan_cycles"]
            accuracy[schedule, stages] = tuple(row["test_accuracy"] for row in own)
            to_target[schedule, stages] = mean([row["cycles_to_target"] for row in own])
            gain = cycles[schedule, 1] / cycles[schedule, stages]
            found = accuracy[schedule, stages]
            text.append(
                f"| {name} | {stages} | {expected} | {first['makespan_cycles']} | {density:.4f} | "
                f"{first['computation_density']:.4f} | {gain:.2f} | {to_target[schedule, stages]:.0f} | "
                f"{mean(found):.3f} ({min(found):.3f} to {max(found):.3f}) |"
            )
    alike = all(
        values(rows, figure, pipeline__schedule=schedule, pipeline__stages=stages)
        == values(rows, figure, pipeline__schedule=schedule, pipeline__stages=1)
        for schedule in ("serial", "one-f-one-b")
        for stages in (2, 4, 8)
        for figure in ("train_loss", "test_loss")
    )
    shortfall = {stages: mean(accuracy["serial", 1]) - mean(accuracy["async", stages]) for stages in (2, 4, 8)}
    faster = to_target["one-f-one-b", 8] / to_target["async", 8]
    gain = cycles["async", 1] / cycles["async", 8]
    claims = (
        Claim("makespans and densities equal the closed forms, as integers", is_exact, f"{len(rows)} runs"),
        Claim(
            "serial and synchronous numbers do not depend on the stages, to the last bit", alike, "losses of all runs"
        ),
        Claim("speed-up of async over 8 stages: 8, less the one fill (7.99 at least)", gain > 7.99, f"{gain:.3f}"),
        Claim(
            "async loses no accuracy after the same samples: at most 0.02 at any number of stages",
            max(shortfall.values()) <= 0.02,
            ", ".join(f"{stages} stages: {-lost:+.3f}" for stages, lost in shortfall.items()),
        ),
        Claim(
            "over 8 stages it reaches 90 % in fewer cycles than the synchronous pipeline, 1.5 times at least",
            faster > 1.5,
            f"{faster:.2f} times",
        ),
    )
    return Report("cycles", (), claims, "\n".join(text))


def picture(folder: Path, target: Path) -> None:
    """Accuracy against samples and against cycles; speed-up and density against stages."""
    study = StudyFolder(folder)
    rows = Ledger(study, study.read_plan()).rows()
    figure = Figure(figsize=(12.5, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    by_samples, by_cycles, speed = figure.subplots(1, 3)
    shown = [("serial", 1, "-"), ("one-f-one-b", 8, "-"), ("async", 2, ":"), ("async", 4, "--"), ("async", 8, "-")]
    for schedule, stages, style in shown:
        number = list(NAMES).index(schedule)
        own = [row for row in rows if row[SCHEDULE] == schedule and row[STAGES] == stages]
        runs = [metrics_of(folder / POINTS / row["point"] / METRICS) for row in own]
        label = NAMES[schedule] + (f", {stages} stages" if stages > 1 else "")
        found = [[run[k]["test_accuracy"] for run in runs] for k in range(len(runs[0]))]
        up = [mean(at) for at in found]
        for space, along in ((by_samples, "samples"), (by_cycles, "cycle")):
            x = [row[along] for row in runs[0]][1:]  # a logarithmic axis has no cycle 0
            space.plot(x, up[1:], style, color=COLOURS[number], label=label, linewidth=1.5)
            if style == "-":
                low, high = [min(at) for at in found[1:]], [max(at) for at in found[1:]]
                space.fill_between(x, low, high, color=COLOURS[number], alpha=0.12, linewidth=0)
    by_samples.set_xlabel("samples")
    by_cycles.set_xlabel("cycles")
    by_cycles.set_xscale("log")
    by_samples.set_ylabel("test accuracy")
    by_samples.set_ylim(0.7, 1.0)
    by_cycles.set_ylim(0.7, 1.0)
    by_samples.legend(fontsize=8, frameon=False, loc="lower right")
    places = sorted({row[STAGES] for row in rows})
    for number, (schedule, name) in enumerate(NAMES.items()):
        spans = [values(rows, "makespan_cycles", pipeline__schedule=schedule, pipeline__stages=m)[0] for m in places]
        speed.plot(places, [spans[0] / span for span in spans], "osD"[number], color=COLOURS[number], label=name)
        exact = [closed_form(schedule, m, 8 if schedule == "one-f-one-b" else 1, 7184)[0] for m in (1, 2, 4, 8)]
        speed.plot([1, 2, 4, 8], [exact[0] / span for span in exact], color=COLOURS[number], linewidth=1)
    speed.set_xlabel("stages")
    speed.set_ylabel("speed-up over one stage")
    speed.set_xticks(places)
    speed.legend(fontsize=8, frameon=False, title="measured (points), closed form (lines)", title_fontsize=8)
    for space in (by_samples, by_cycles, speed):
        space.grid(color="#e5e5e5")
        for side in ("top", "right"):
            space.spines[side].set_visible(False)
    figure.savefig(target, dpi=120, metadata={"Software": None})


EXPERIMENTS = (Experiment("pipeline-sgd", "arXiv 2410.15155 (from its abstract)", sgd, picture),)
