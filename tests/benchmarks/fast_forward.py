"""Fast-forward against the whole simulation of the same run, without an op log and with the log of its ends."""

from __future__ import annotations

import time

import aimcsim
from aimcsim.scenario.load import scenario_from_data
from tests.benchmarks.host import describe_host

SIZES = (10**4, 10**5, 10**6, 10**9)
#: Micro-batches up to which the whole simulation is waited for, by schedule.
WHOLE = {"async": 10**6, "async-greedy": 10**5, "one-f-one-b": 10**5}
#: Uneven stages and links of some cycles.
STAGES = [(1, 2, 1), (3, 1, 0), (2, 2, 4), (1, 1, 1)]
SCHEDULES = {"async": {}, "async-greedy": {"max_in_flight": "M-m+1"}, "one-f-one-b": {"micro_batches": 8}}


def seconds(schedule: str, micro_batches: int, how: str, ops: str) -> tuple[float, int]:
    """Wall time of a run and its makespan."""
    triples = [dict(zip(("forward", "backward", "update"), triple, strict=True)) for triple in STAGES]
    data = {
        "name": "far",
        "model": {"chain": len(STAGES)},
        "hardware": {"timing": {"stages": triples}, "link": {"latency": 2}},
        "pipeline": {"schedule": schedule, **SCHEDULES[schedule]},
        "training": {"samples": micro_batches},
        "trace": {"fast_forward": how, "ops": ops},
    }
    scenario, _ = scenario_from_data(data)
    begun = time.perf_counter()
    result = aimcsim.simulate(scenario, train=False)
    return time.perf_counter() - begun, result.summary["makespan_cycles"]


def main() -> None:
    print(describe_host())
    print(f"{len(STAGES)} uneven stages, links of 2 cycles; seconds of `aimcsim.simulate`")
    seconds("async", 100, "never", "all")  # imports
    print("| schedule | micro-batches | makespan | whole, no log | forward, no log | forward, log of the ends |")
    print("|---|---|---|---|---|---|")
    for schedule in SCHEDULES:
        for size in SIZES:
            jumping, makespan = seconds(schedule, size, "always", "none")
            logged, _ = seconds(schedule, size, "always", "all")
            whole = "–"
            if size <= WHOLE[schedule]:
                taken, expected = seconds(schedule, size, "never", "none")
                assert makespan == expected
                whole = f"{taken:.2f}"
            print(f"| {schedule} | {size} | {makespan} | {whole} | {jumping:.3f} | {logged:.3f} |", flush=True)


if __name__ == "__main__":
    main()
