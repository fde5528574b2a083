"""Timing-only speed: actions (F, B, U) per second of host time on one core, beside SimPy's own floor.

The floor is one process that waits for one timeout after another, and a chain of processes that wake each other by
bare events: what any machine of SimPy processes must pay for an action at least once.
"""

from __future__ import annotations

import cProfile
import pstats
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import simpy

from aimcsim.assembly import assemble
from aimcsim.pipeline.machine import Machine
from aimcsim.scenario.load import scenario_from_data
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.oplog import NoOpLog, OpLog
from tests.benchmarks.host import describe_host

STAGES, SAMPLES, ROUNDS = 8, 10_000, 5


def machine_rate(schedule: str, update: int, log: bool, folder: Path) -> float:
    """Actions per second of one run."""
    data = {
        "name": "speed",
        "model": {"chain": STAGES},
        "hardware": {"timing": {"forward": 1, "backward": 1, "update": update}},
        "pipeline": {"schedule": schedule, "micro_batches": 8},
        "training": {"samples": SAMPLES},
    }
    scenario, _ = scenario_from_data(data)
    assembly = assemble(scenario)
    ops = OpLog(folder / "ops.parquet", assembly.floorplan.units) if log else NoOpLog()
    machine = Machine(assembly.plan, MetricsRecorder(assembly.floorplan, assembly.schedule, ops))
    begun = time.perf_counter()
    machine.run()
    ops.close()
    return 3 * STAGES * SAMPLES / (time.perf_counter() - begun)


def timeout_rate(count: int = 200_000) -> float:
    """Timeouts per second of one SimPy process."""
    env = simpy.Environment()

    def ticks():
        for _ in range(count):
            yield env.timeout(1)

    env.process(ticks())
    begun = time.perf_counter()
    env.run()
    return count / (time.perf_counter() - begun)


def hop_rate(count: int = 100_000) -> float:
    """Hops per second: a process takes one timeout, then wakes another that waits on a bare event."""
    env = simpy.Environment()
    wake = [env.event()]

    def producer():
        for _ in range(count):
            yield env.timeout(1)
            wake[0].succeed()

    def consumer():
        while True:
            wake[0] = env.event()
            yield wake[0]

    env.process(consumer())
    env.process(producer())
    begun = time.perf_counter()
    env.run()
    return count / (time.perf_counter() - begun)


def profile(schedule: str) -> str:
    """Where the time of a run goes, by function."""
    profiler = cProfile.Profile()
    with TemporaryDirectory() as folder:
        profiler.enable()
        machine_rate(schedule, 1, True, Path(folder))
        profiler.disable()
    stats = pstats.Stats(profiler)
    total = stats.total_tt  # type: ignore[attr-defined]
    rows = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:14]  # type: ignore[attr-defined]
    lines = [
        f"  {own / total:5.1%}  {Path(file).parent.name}/{Path(file).name}:{name}"
        for (file, _, name), (_, _, own, *_) in rows
    ]
    return "\n".join(lines)


def main() -> None:
    print(describe_host())
    print(f"SimPy alone: {timeout_rate() / 1e3:.0f} k timeouts/s, {hop_rate() / 1e3:.0f} k hops/s")
    print(f"chain of {STAGES} stages, {SAMPLES} micro-batches, actions/s: median (min to max) of {ROUNDS} runs")
    with TemporaryDirectory() as folder:
        for schedule in ("async", "async-greedy", "one-f-one-b"):
            for update in (1, 0):
                for log in (True, False):
                    rates = [machine_rate(schedule, update, log, Path(folder)) / 1e3 for _ in range(ROUNDS)]
                    print(
                        f"  {schedule:13s} U {update} {'with' if log else 'no  '} op log: "
                        f"{statistics.median(rates):5.0f} k ({min(rates):.0f} to {max(rates):.0f})"
                    )
    print("own time by function, async, U 1, with op log (under the profiler):")
    print(profile("async"))


if __name__ == "__main__":
    main()
