"""Same cycles, different staleness: what the additional staleness costs, as a mean over seeds with its interval.

Runs the two shipped scenarios same-cycles-few-in-flight and same-cycles-many-in-flight with every seed. They differ in
their in-flight limit alone and take the same number of cycles.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy import stats

import aimcsim
from tests.benchmarks.host import describe_host

SCENARIOS = ("same-cycles-few-in-flight", "same-cycles-many-in-flight")
FIGURES = ("train_loss", "test_loss", "test_accuracy")


def paired_interval(differences: list[float]) -> tuple[float, float, float]:
    """Mean of paired differences with its two-sided 95 % Student interval."""
    values = np.array(differences)
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    print(describe_host())
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in SCENARIOS}
    for seed in range(seeds):
        for name in SCENARIOS:
            summary = aimcsim.simulate(aimcsim.load_scenario(name, {"seed": seed})).summary
            figures[name].append(summary)
            staleness = [stage["forward_max"] for stage in summary["staleness"].values()]
            shown = ", ".join(f"{figure} {summary[figure]:.4f}" for figure in FIGURES)
            print(
                f"seed {seed} {name}: {summary['makespan_cycles']} cycles, staleness {staleness}, {shown}", flush=True
            )
    few, many = (figures[name] for name in SCENARIOS)
    assert {f["makespan_cycles"] for f in few} == {m["makespan_cycles"] for m in many}, "the cycles must be equal"
    for figure in FIGURES:
        mean, low, high = paired_interval([m[figure] - f[figure] for f, m in zip(few, many, strict=True)])
        resolved = "resolved" if low > 0 or high < 0 else "not resolved: the interval holds 0"
        print(
            f"{figure}: many minus few {mean:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}, {seeds} seeds: {resolved}"
        )


if __name__ == "__main__":
    main()
