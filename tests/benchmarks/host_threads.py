"""What host threads give: images per second with one thread and with two, in alternating rounds.

    python -m tests.benchmarks.host_threads [ROUNDS]

The FCN 784-256-128-10 and eight dense layers in eight stages, on Fashion-MNIST, asynchronous; managed trains (few
pulses) and trains of 31 slots on fine devices (dense). Of every figure the best of the rounds is shown, since a machine
that does other work besides makes them all longer. What the machine has to give at that moment shows in the first line:
two threads, each updating an array of its own, against one.

Processor times tell more where the cores are shared: that of both threads over that of one run alone is what handing
over costs, and the part that is left to the main thread limits what two threads can give.
"""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

import aimcsim
from aimcsim.crossbar import AnalogTile
from aimcsim.scenario.spec import Scenario
from aimcsim.simulation import RunView, simulate
from aimcsim.training.host_threads import Task
from tests.benchmarks.host import describe_host

DENSE: dict[str, Any] = {
    "hardware.device": {"name": "soft-bounds", "dw_min": 0.0001},
    "hardware.pulses": {"update_bl_management": False, "desired_bl": 31},
}


@dataclass
class Spent:
    """Seconds of one run: on the wall, of processor time in all threads and in the main one; kernels handed over."""

    wall: float
    processor: float
    main: float
    handed: int


def eight_layers(width: int) -> dict[str, Any]:
    """A network of eight dense layers of `width`, the last of 10."""
    layers: list[dict[str, Any]] = []
    for n in range(7):
        layers += [{"name": f"fc{n}", "type": "dense", "outputs": width}, {"name": f"act{n}", "type": "tanh"}]
    return {"name": "eight", "input": [784], "layers": [*layers, {"name": "fc7", "type": "dense", "outputs": 10}]}


def scenario_of(samples: int, overrides: dict[str, Any]) -> Scenario:
    """The shipped FCN with `overrides`, trained on as many samples, and evaluated hardly at all."""
    run = {"training.epochs": None, "training.samples": samples, "training.evaluate_every": samples, "data.test": 10}
    return aimcsim.load_scenario("fcn-fashion-mnist-async", {**run, "trace.ops": "none", **overrides})


def spent(scenario: Scenario, threads: int) -> Spent:
    """A run from the first event to its end."""
    begun: list[tuple[float, float, float]] = []
    tasks = 0
    run = Task.run

    def counted(task: Task) -> None:
        nonlocal tasks
        tasks += 1
        run(task)

    def start(view: RunView) -> None:
        begun.append((time.perf_counter(), time.process_time(), time.thread_time()))

    Task.run = counted  # type: ignore[method-assign]
    try:
        simulate(scenario, watch=start, threads=threads)
    finally:
        Task.run = run  # type: ignore[method-assign]
    wall, processor, main = begun[0]
    return Spent(time.perf_counter() - wall, time.process_time() - processor, time.thread_time() - main, tasks)


def given_by_the_machine(rounds: int) -> float:
    """Updates per second of two threads on an array each, over those of one thread."""
    rng = np.random.default_rng(0)
    arrays = [AnalogTile(512, 512, name=str(n)) for n in range(2)]
    x, d = (rng.standard_normal((32, 512)).astype(np.float32) for _ in range(2))

    def updates(array: AnalogTile) -> None:
        for _ in range(20):
            array.update(x, d, 0.01)

    alone, together = [], []
    updates(arrays[0])
    for _ in range(rounds):
        begun = time.perf_counter()
        updates(arrays[0])
        alone.append(time.perf_counter() - begun)
        other = threading.Thread(target=updates, args=(arrays[1],))
        begun = time.perf_counter()
        other.start()
        updates(arrays[0])
        other.join()
        together.append(time.perf_counter() - begun)
    return 2 * min(alone) / min(together)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(describe_host())
    print(f"two threads on arrays of their own do {given_by_the_machine(rounds):.2f} times what one does")
    wide = {"model": eight_layers(512), "pipeline.stages": 8}
    narrow = {"model": eight_layers(64), "pipeline.stages": 8}
    cases: list[tuple[str, int, dict[str, Any]]] = [
        ("FCN, micro-batch 10, managed", 3000, {}),
        ("FCN, micro-batch 10, dense", 1000, DENSE),
        ("FCN, micro-batch 40, managed", 4000, {"pipeline.micro_batch": 40}),
        ("8 x 64, micro-batch 10, managed", 2000, narrow),
        ("8 x 512, micro-batch 10, managed", 500, wide),
        ("8 x 512, micro-batch 32, managed", 960, {**wide, "pipeline.micro_batch": 32}),
        ("8 x 512, micro-batch 32, dense", 320, {**wide, **DENSE, "pipeline.micro_batch": 32}),
    ]
    for name, samples, overrides in cases:
        scenario = scenario_of(samples, overrides)
        spent(scenario, 2)  # compiles
        found = [(spent(scenario, 1), spent(scenario, 2)) for _ in range(rounds)]
        one, two = (min(each.wall for each in side) for side in zip(*found, strict=True))
        alone, both = (min(each.processor for each in side) for side in zip(*found, strict=True))
        least = min((pair[1] for pair in found), key=lambda each: each.processor)
        print(
            f"{name}: {samples / one:.0f} and {samples / two:.0f} images/s, {one / two:.2f} times; processor time "
            f"{alone:.3f} and {both:.3f} s, {both / alone:.2f} times, {least.main / least.processor:.0%} of it in the "
            f"main thread; {least.handed} kernels handed over",
            flush=True,
        )


if __name__ == "__main__":
    main()
