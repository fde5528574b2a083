"""arXiv 2410.15155: O(eps^-2 + eps^-1) iterations of asynchronous analog SGD, tested as a fit of samples against eps.

The measure is the theory's, with the excess loss in the place of the squared gradient: samples until the mean of
f(W_k) - f(W*) over all k so far is at most eps, at a learning rate of 0.01 eps.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import nnls

from aimcsim.sweep.draw import COLOURS
from tests.reproductions.report import Claim, Experiment, Report, Row, rows_of

RATE_OF_EPS = 0.01
#: Schedule and stages, as they are named.
KINDS = {
    ("async", 1): "no staleness",
    ("async", 4): "asynchronous, 4 stages",
    ("async", 8): "asynchronous, 8 stages",
    ("one-f-one-b", 8): "synchronous, 8 stages, B = 8",
}
BEST, SHALLOW, ASYNC, SYNC = KINDS
Floats = NDArray[np.float64]


def samples_to_eps(row: Row, metrics: Sequence[Row]) -> Row:
    """`eps`, and `samples_to_eps`, `cycles_to_eps`: nan where the run ended before."""
    eps = row["training.learning_rate"] / RATE_OF_EPS
    samples = np.array([line["samples"] for line in metrics], float)
    loss = np.array([line["test_loss"] for line in metrics], float)
    areas = np.cumsum((loss[1:] + loss[:-1]) / 2 * np.diff(samples))
    so_far = np.concatenate([loss[:1], areas / samples[1:]])
    below = np.flatnonzero(so_far <= eps)
    if not len(below):
        return {"eps": eps, "samples_to_eps": np.nan, "cycles_to_eps": np.nan}
    k = below[0]
    part = (so_far[k - 1] - eps) / (so_far[k - 1] - so_far[k])
    found = samples[k - 1] + part * (samples[k] - samples[k - 1])
    return {"eps": eps, "samples_to_eps": found, "cycles_to_eps": found / row["samples"] * row["makespan_cycles"]}


def table_of(rows: Sequence[Row], figure: str) -> tuple[Floats, dict[tuple[str, int], Floats]]:
    """eps, falling, and by kind the figure of (eps, seeds)."""
    all_eps = sorted({row["eps"] for row in rows}, reverse=True)
    seeds = sorted({row["seed"] for row in rows})
    found = {kind: np.full((len(all_eps), len(seeds)), np.nan) for kind in KINDS}
    for row in rows:
        kind = row["pipeline.schedule"], row["pipeline.stages"]
        found[kind][all_eps.index(row["eps"]), seeds.index(row["seed"])] = row[figure]
    return np.array(all_eps), found


def reached(samples: dict[tuple[str, int], Floats]) -> NDArray[np.bool_]:
    """Which eps every seed reached in every kind: only these are fitted."""
    return np.asarray(np.isfinite(np.stack(list(samples.values()))).all(axis=(0, 2)))


def fit(eps: Floats, samples: Floats) -> Floats:
    """a, b, c >= 0 of a eps^-2 + b eps^-1 + c that miss the means least, relative to them."""
    terms = np.stack([eps**-2, eps**-1, np.ones_like(eps)], axis=1)
    solution: Floats = nnls(terms / samples[:, None], np.ones(len(eps)))[0]
    return solution


def power(eps: Floats, samples: Floats) -> float:
    """p of samples ~ eps^-p."""
    return -float(np.polyfit(np.log(eps), np.log(samples), 1)[0])


def resampled(count: int, draws: int = 2000) -> NDArray[np.int64]:
    """Seeds of bootstrap samples, the same for every kind."""
    return np.random.default_rng(0).integers(0, count, (draws, count))


def interval(numbers: Sequence[float] | Floats) -> str:
    """95 % of bootstrap values."""
    low, high = np.quantile(np.asarray(numbers), (0.025, 0.975))
    return f"{low:.3g} to {high:.3g}"


def report(rows: Sequence[Row]) -> Report:
    """Samples to eps, fits, and what the staleness adds."""
    eps, samples = table_of(rows, "samples_to_eps")
    _, cycles = table_of(rows, "cycles_to_eps")
    draws = resampled(samples[BEST].shape[1])
    names = list(KINDS.values())
    text = ["| eps | " + " | ".join(f"{name}: samples, cycles" for name in names) + " |", "|---" * 5 + "|"]
    for k, at in enumerate(eps):
        cells = [f"{samples[kind][k].mean():.0f}, {cycles[kind][k].mean():.0f}" for kind in KINDS]
        text.append(f"| {at:.3g} | " + " | ".join(cells).replace("nan, nan", "not every seed") + " |")
    kept = reached(samples)
    eps, samples = eps[kept], {kind: found[kept] for kind, found in samples.items()}
    cycles = {kind: found[kept] for kind, found in cycles.items()}
    text += ["", "| | a (eps⁻²) | b (eps⁻¹) | c | eps^-p |", "|---" * 5 + "|"]
    fits, powers = {}, {}
    for kind, name in KINDS.items():
        means = samples[kind].mean(axis=1)
        own = fit(eps, means)
        boots = np.array([fit(eps, samples[kind][:, draw].mean(axis=1)) for draw in draws])
        fits[kind], powers[kind] = (own, boots), power(eps, means)
        ends = [f"{value:.3g} ({interval(boots[:, k])})" for k, value in enumerate(own)]
        text.append(f"| {name} | " + " | ".join(ends) + f" | {powers[kind]:.2f} |")
    text += [
        "",
        "| more samples than without staleness | " + " | ".join(f"eps {at:.3g}" for at in eps) + " | ~ eps^-q |",
    ]
    text.append("|---" * (len(eps) + 2) + "|")
    more, growth = {}, {}
    for kind, name in KINDS.items():
        if kind == BEST:
            continue
        gap = samples[kind] - samples[BEST]
        more[kind] = (samples[kind] / samples[BEST] - 1).mean(axis=1)
        growth[kind] = [power(eps, np.maximum(gap[:, draw].mean(axis=1), 1e-9)) for draw in [slice(None), *draws]]
        shown = " | ".join(
            f"{mean:.0f} ({100 * part:+.0f} %)" for mean, part in zip(gap.mean(axis=1), more[kind], strict=True)
        )
        text.append(f"| {name} | {shown} | {growth[kind][0]:.2f} ({interval(growth[kind][1:])}) |")
    lead = fits[ASYNC][1][:, 0] / fits[BEST][1][:, 0]
    lead_mean = fits[ASYNC][0][0] / fits[BEST][0][0]
    ratio = float((samples[ASYNC] - samples[BEST])[-1].mean() / (samples[SHALLOW] - samples[BEST])[-1].mean())
    saved = (cycles[SYNC] / cycles[ASYNC]).mean(axis=1)
    claims = (
        Claim(
            "samples grow as eps⁻² with and without staleness: powers 1.7 to 2.3",
            all(1.7 < found < 2.3 for found in powers.values()),
            ", ".join(f"{KINDS[kind]} {found:.2f}" for kind, found in powers.items()),
        ),
        Claim(
            "staleness leaves the leading coefficient alone: a of async over 8 stages within 15 % of a without it",
            0.85 < lead_mean < 1.15,
            f"{lead_mean:.2f} (95 % of bootstrap samples {interval(lead)})",
        ),
        Claim(
            "what staleness adds, paired by seed, grows as eps⁻¹: power 0.8 to 1.3 over 4 and 8 stages",
            all(0.8 < growth[kind][0] < 1.3 for kind in (SHALLOW, ASYNC)),
            f"4 stages {growth[SHALLOW][0]:.2f}, 8 stages {growth[ASYNC][0]:.2f} ({interval(growth[ASYNC][1:])})",
        ),
        Claim(
            "and in proportion to the staleness of the first stage, 7 : 3, within 20 % at the smallest eps",
            0.8 < ratio / (7 / 3) < 1.2,
            f"{ratio:.2f} against 2.33",
        ),
        Claim(
            "and so falls relative to the whole, to at most half from the largest to the smallest eps",
            more[ASYNC][-1] < 0.5 * more[ASYNC][0],
            ", ".join(f"{100 * part:.0f} %" for part in more[ASYNC]),
        ),
        Claim(
            "in cycles async over 8 stages is ahead of the synchronous pipeline at every eps, 1.5 times at least",
            bool(saved.min() > 1.5),
            ", ".join(f"{ratio:.2f}" for ratio in saved),
        ),
    )
    return Report("samples", (), claims, "\n".join(text))


def picture(folder: Path, target: Path) -> None:
    """Samples against eps with the fits; what staleness adds; cycles."""
    rows = rows_of(folder, samples_to_eps)
    eps, samples = table_of(rows, "samples_to_eps")
    _, cycles = table_of(rows, "cycles_to_eps")
    kept = reached(samples)
    eps, samples = eps[kept], {kind: found[kept] for kind, found in samples.items()}
    cycles = {kind: found[kept] for kind, found in cycles.items()}
    figure = Figure(figsize=(12.5, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    whole, added, clock = figure.subplots(1, 3)
    fine = np.geomspace(eps[-1], eps[0], 50)
    for number, (kind, name) in enumerate(KINDS.items()):
        means = samples[kind].mean(axis=1)
        colour, marker = COLOURS[number], "osD^"[number]
        whole.plot(eps, means, marker, color=colour, label=name, markersize=5)
        a, b, c = fit(eps, means)
        whole.plot(fine, a * fine**-2 + b / fine + c, color=colour, linewidth=1)
        clock.plot(eps, cycles[kind].mean(axis=1), marker + "-", color=colour, markersize=5, linewidth=1)
        if kind != BEST:
            added.plot(eps, (samples[kind] - samples[BEST]).mean(axis=1), marker, color=colour, markersize=5)
    gap = (samples[ASYNC] - samples[BEST]).mean(axis=1)
    for order, style in ((1, "-"), (2, "--")):
        line = gap[-1] * (fine / eps[-1]) ** -order
        added.plot(fine, line, style, color="#999999", linewidth=1, label=f"eps$^{{-{order}}}$ through one point")
    whole.set_ylabel("samples until the mean excess loss is eps")
    added.set_ylabel("of these more than without staleness")
    clock.set_ylabel("cycles until then")
    whole.legend(fontsize=8, frameon=False)
    places = [20, 50, 100, 200, 500]
    added.legend(fontsize=8, frameon=False)
    for space in (whole, added, clock):
        space.set_xscale("log")
        space.set_yscale("log")
        space.set_xlabel("eps")
        space.set_xticks(eps, [f"{at:.2g}" for at in eps])
        space.minorticks_off()
        space.grid(color="#e5e5e5")
        for side in ("top", "right"):
            space.spines[side].set_visible(False)
    added.set_yticks(places, [str(place) for place in places])
    figure.savefig(target, dpi=120, metadata={"Software": None})


EXPERIMENTS = (
    Experiment("pipeline-samples-to-eps", "arXiv 2410.15155 (from its abstract)", report, picture, samples_to_eps),
)
