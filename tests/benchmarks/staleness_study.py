"""What staleness costs, as means over seeds with their intervals: two scenarios that differ in nothing else.

    python -m tests.benchmarks.staleness_study                              # same cycles, different in-flight limit
    python -m tests.benchmarks.staleness_study digits-sync digits-async     # synchronous against asynchronous
    python -m tests.benchmarks.staleness_study A B 20                       # any two, 20 seeds

Seeds are paired: both scenarios run with seeds 0, 1, 2 …; the interval is Student's, for the mean of the differences.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from scipy import stats

import aimcsim
from tests.benchmarks.host import describe_host

SAME_CYCLES = ("same-cycles-few-in-flight", "same-cycles-many-in-flight")
FIGURES = ("makespan_cycles", "train_loss", "test_loss", "test_accuracy", "cycles_to_target")


def interval(values: list[float]) -> str:
    """Mean and two-sided 95 % Student interval of `values`, in words."""
    array = np.array(values, float)
    if not np.ptp(array):
        return f"{array[0]:.6g} every time"
    half = stats.t.ppf(0.975, len(array) - 1) * array.std(ddof=1) / np.sqrt(len(array))
    return f"{array.mean():+.4g}, 95 % interval {array.mean() - half:+.4g} to {array.mean() + half:+.4g}"


def main() -> None:
    names = tuple(argument for argument in sys.argv[1:] if not argument.isdigit()) or SAME_CYCLES
    seeds = next((int(argument) for argument in sys.argv[1:] if argument.isdigit()), 10)
    print(describe_host())
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for seed in range(seeds):
        for name in names:
            summary = aimcsim.simulate(aimcsim.load_scenario(name, {"seed": seed})).summary
            runs[name].append(summary)
            shown = ", ".join(f"{figure} {summary[figure]}" for figure in FIGURES)
            print(f"seed {seed} {name}: {shown}", flush=True)
    for name in names:
        staleness = [stage["forward_max"] for stage in runs[name][0]["staleness"].values()]
        print(f"{name}: staleness by stage {staleness}")
    first, second = (runs[name] for name in names)
    for figure in FIGURES:
        pairs = [(a[figure], b[figure]) for a, b in zip(first, second, strict=True)]
        if any(value is None for pair in pairs for value in pair):
            print(f"{figure}: does not apply to every run")
            continue
        print(f"{figure}: {names[0]} {interval([a for a, _ in pairs])}; {names[1]} {interval([b for _, b in pairs])}")
        print(f"  {names[1]} minus {names[0]}: {interval([b - a for a, b in pairs])}, {seeds} paired seeds")


if __name__ == "__main__":
    main()
