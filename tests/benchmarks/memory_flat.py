"""Peak memory against run length: a run ten times as long takes the same memory, since the op log is streamed.

Each run is a process of its own, whose peak resident set the operating system reports.
"""

from __future__ import annotations

import subprocess
import sys

from tests.benchmarks.host import describe_host

TIMING = """
import aimcsim
from aimcsim.scenario.load import scenario_from_data
scenario, _ = scenario_from_data({{"name": "memory", "model": {{"chain": 4}}, "pipeline": {{"schedule": "{schedule}",
    "micro_batches": 8}}, "training": {{"samples": {samples}}}}})
aimcsim.simulate(scenario)
"""
KEPT = TIMING.replace(
    "aimcsim.simulate(scenario)",
    """
import pathlib, tempfile
from aimcsim.checkpoint import Checkpoints, Interval
with tempfile.TemporaryDirectory() as folder:
    aimcsim.simulate(scenario, checkpoint=Checkpoints(pathlib.Path(folder, "c"), Interval(samples=5000)))
""",
)
TRAINING = """
import aimcsim
overrides = {{"training.epochs": {samples}, "training.evaluate_every": 100000}}
aimcsim.simulate(aimcsim.load_scenario("quickstart", overrides))
"""
PEAK = "\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"


def peak_mebibytes(program: str) -> float:
    """Peak resident set of a Python process that runs `program`."""
    done = subprocess.run([sys.executable, "-c", program + PEAK], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def main() -> None:
    print(describe_host())
    for schedule in ("async", "one-f-one-b", "async-greedy"):
        sizes = (10_000, 100_000, 400_000)
        peaks = [peak_mebibytes(TIMING.format(schedule=schedule, samples=n)) for n in sizes]
        print(
            f"timing only, 4 stages, {schedule}: "
            + ", ".join(f"{n} micro-batches {p:.0f} MiB" for n, p in zip(sizes, peaks, strict=True))
        )
    peaks = [peak_mebibytes(KEPT.format(schedule="async", samples=n)) for n in sizes]
    print(
        "the same, async, a checkpoint every 5000: "
        + ", ".join(f"{n} micro-batches {p:.0f} MiB" for n, p in zip(sizes, peaks, strict=True))
    )
    epochs = (2, 20)
    peaks = [peak_mebibytes(TRAINING.format(samples=n)) for n in epochs]
    print("quickstart: " + ", ".join(f"{n} epochs {p:.0f} MiB" for n, p in zip(epochs, peaks, strict=True)))


if __name__ == "__main__":
    main()
