"""The results as a page of tables."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from tests.crossbar.against_aihwkit.agreement import Comparison, holm
from tests.crossbar.against_aihwkit.tables import FALSE_ALARM, ON_PURPOSE, Result, exact_difference, reason_of

#: For every protocol its heading, what is done, and the quantities that stand in the table.
SECTIONS = {
    "trajectories": (
        "Runs of single pulses",
        "From weight zero, 300 pulses up, 300 down, 200 pairs of one up and one down; every line fires in every slot. "
        "Compared after 0, 10, 100 and 300 pulses each way and after the pairs: mean and spread over the cells.",
        ("mean, 300 up", "spread, 300 up", "mean, 300 down", "mean, 200 pairs", "spread, 200 pairs"),
    ),
    "long trains": (
        "The same in trains of thirty pulses",
        "What the closed form of `stepping` takes at once (devices that have it), and pulse by pulse.",
        ("mean, 300 up", "spread, 300 up", "mean, 300 down", "spread, 300 down", "mean, 200 pairs"),
    ),
    "updates": (
        "Stochastic updates of every device",
        "Micro-batches of ten with the default trains, twelve in a row from weights in ±0.3, at rates in proportion "
        "to dw_min: dense (31 slots, 10.7 coincidences a cell and sample) and sparse (one slot, a quarter of one). "
        "Changes are in units of dw_min, their variance is about zero.",
        ("mean |change|", "slope on −lr·d·xᵀ", "variance"),
    ),
    "pulses": (
        "Pulses",
        "Noiseless equal steps count them: changes in units of a step; variances are those about −lr·d·xᵀ.",
        ("mean |change|", "slope on −lr·d·xᵀ", "variance", "variance of row sums", "variance of column sums"),
    ),
    "ageing": (
        "Leak and diffusion",
        "Per mini-batch: up to 60 updates that send no pulse, then a dense micro-batch of ten.",
        ("mean, 60 updates", "spread, 60 updates", "slope on the start, 60 updates", "spread, after pulses"),
    ),
    "noisy products": (
        "Noisy products",
        "15 samples of magnitudes 0.05 to 3, 20 reads each; mean and deviation over the reads of every output (χ² over "
        "them, root mean square shown), and of all outputs together in units of their deviation.",
        ("mean of each output", "deviation of each output", "mean of all outputs", "deviation of all outputs"),
    ),
}


def number(value: float, error: float) -> str:
    """A value to a digit beyond its error."""
    digits = 5 if error <= 0.0 else max(0, min(6, 1 - int(np.floor(np.log10(error)))))
    return f"{value:.{digits}f}".replace("-", "−")


def cell(each: Comparison) -> str:
    """ours / theirs, and the standard error of their difference."""
    return f"{number(each.ours, each.error)} / {number(each.theirs, each.error)} ± {each.error:.1g}"


def table(comparisons: list[Comparison], shown: tuple[str, ...]) -> list[str]:
    """A line for every subject: the shown quantities, and the largest |z| of all of its quantities."""
    lines = [f"| | {' | '.join(shown)} | largest \\|z\\| |", f"|---|{'---|' * (len(shown) + 1)}"]
    for subject, group in groupby(comparisons, lambda each: each.subject):
        found = {each.quantity: each for each in group}
        cells = [cell(found[name]) if name in found else "–" for name in shown]
        largest = max(abs(each.z) for each in found.values())
        lines.append(f"| {subject} | {' | '.join(cells)} | {largest:.1f} of {len(found)} |")
    return lines


def summary(results: list[Result]) -> list[str]:
    """How many quantities agree, and how far the deviates are from a normal's."""
    lines = ["| | quantities | root mean square z | largest \\|z\\| | different |", "|---|---|---|---|---|"]
    everything = [each for result in results for each in result.counted]
    different = holm(everything, FALSE_ALARM)
    for title, counted in [(SECTIONS[r.protocol][0], r.counted) for r in results] + [("all", everything)]:
        z = np.array([each.z for each in counted])
        wrong = sum(each in different for each in counted)
        lines.append(f"| {title} | {len(z)} | {np.sqrt((z**2).mean()):.2f} | {np.abs(z).max():.2f} | {wrong} |")
    return lines


def purposes(results: list[Result], exact: Result) -> list[str]:
    """What differs on purpose, with how far."""
    lines = []
    for key, reason in ON_PURPOSE.items():
        worst = [
            each for result in results for each in result.on_purpose if reason_of(each.subject, each.quantity) == reason
        ]
        if worst:
            most = max(worst, key=lambda each: abs(each.z))
            lines.append(f"* {reason}. {most.subject}, {most.quantity}: {cell(most)}.")
        else:
            share, largest = exact_difference(exact.ours["auto"][key[0]], exact.theirs[key[0]])
            lines.append(
                f"* {reason}. {share:.0%} of the outputs of the test differ, by up to {largest:.2f} of the largest."
            )
    return lines


def updates_table(updates: Result) -> list[str]:
    """Updates without chance: how many weights differ."""
    lines = [
        "| after five micro-batches of ten, dense | weights that differ | by at most, of the largest |",
        "|---|---|---|",
    ]
    for subject, theirs in updates.theirs.items():
        share, largest = exact_difference(updates.ours["auto"][subject], theirs)
        lines.append(f"| {subject} | {share:.2%} of {theirs.size} | {largest:.1e} |")
    return lines


def exact_table(exact: Result) -> list[str]:
    """Products without noise: how many outputs differ."""
    apart = {
        subject: exact_difference(exact.ours["auto"][subject], theirs)
        for subject, theirs in exact.theirs.items()
        if reason_of(subject, "") is None
    }
    largest = max(value for _, value in apart.values())
    differing = sum(share > 0.0 for share, _ in apart.values())
    names = "; ".join(sorted({subject.split("; ")[0] for subject in apart}))
    return [
        f"{len(apart)} settings and directions, 16 samples each, one of them zero, read twice: {differing} of them "
        f"have an output that differs by more than float32 rounding; the largest difference is {largest:.1e} of "
        f"the largest output of its sample. Settings: {names}.",
    ]


METHOD = """# Measured against aihwkit

    AIHWKIT_PYTHON=<python of an environment with aihwkit> OPENBLAS_NUM_THREADS=1 \\
        python -m tests.crossbar.against_aihwkit --write docs/measured-against-aihwkit.md

Every device, pulse type and converter setting that both have, run by aimcsim and by a running IBM aihwkit: the same
protocol on both sides, device-to-device spread and cycle noise on. Taken with {host}.

Each case is run on {tiles} arrays (32×32 as a rule) that are made anew, on either side; the arrays are the sample: a
figure is a mean over arrays, and z is Student's t of the differences between arrays of the same inputs, brought to a
normal. aihwkit draws the noise of an array from a table of 32768 normals whose mean is not zero (its steps are off by
0.17 %, 1σ, at `dw_min_std` 0.3); between arrays that is part of the scatter. Holm's procedure over all quantities calls
one or more of them different by chance with probability {false_alarm:g} at most. aihwkit's noise cannot be seeded: a
repetition gives other numbers.
"""


def page(results: list[Result], exact: Result, updates: Result, tiles: int, host: str) -> str:
    """The whole page."""
    lines = [METHOD.format(host=host, tiles=tiles, false_alarm=FALSE_ALARM)]
    lines += ["## Outcome", *summary(results), ""]
    different = holm([each for result in results for each in result.counted], FALSE_ALARM)
    lines += [f"* different: {each.subject}, {each.quantity}: {cell(each)}, z = {each.z:.1f}" for each in different]
    lines += ["![deviates](images/aihwkit-deviates.png)", "", "## What differs on purpose", *purposes(results, exact)]
    lines += [*NOT_COMPARABLE, "", "![trajectories](images/aihwkit-trajectories.png)", ""]
    lines += ["Cells of the tables: aimcsim / aihwkit ± standard error of the difference.", ""]
    for result in results:
        title, words, shown = SECTIONS[result.protocol]
        lines += [f"## {title}", words, "", *table(result.counted, shown), ""]
    lines += ["## Updates without chance", *updates_table(updates), ""]
    lines += ["## Products without noise", *exact_table(exact)]
    return "\n".join(lines) + "\n"


#: What both sides were arranged to have alike, or what only one of them has.
NOT_COMPARABLE = (
    "* aihwkit plans the trains of `exp-step` by its step down at weight zero (it averages it with itself), those of "
    "`piecewise-step` by its step up at mid-range; aimcsim by the mean of both directions. Rates are scaled to plan "
    "alike.",
    "* `copy_inverted`: g₋ is the mirror image of g₊ here, as aihwkit's documentation has it. Its code mirrors g₊, and "
    "that device's own draw instead of the other's; compared without spread and with the bias turned around.",
    "* A refresh of pairs writes back a whole number of pulses; aihwkit sends a train per column (one pair a column in "
    "these cases). With deterministic trains its refresh writes the wrong way: they lose the sign of the rate.",
    "* Programmed weights of `soft-bounds-reference` are clipped to the bounds of w + r; aihwkit clips w itself to "
    "those of w + r. Compared where bounds are far off.",
    "* A sample of zeros gives zeros, without any noise; aihwkit lets input noise through. Not among noisy samples.",
    "* `none-with-device` follows the response in floating point; aihwkit's only clips at the bounds. Not compared.",
    "* Only aihwkit: a power step with a reference. Only aimcsim: `exponential` responses, simulated time and drift by "
    "it; bound management `shift`, which aihwkit declares but does not offer.",
)
