"""FCN 784-256-128-10 on Fashion-MNIST, micro-batch 10, async over 3 stages: wall time inside and outside kernels.

Kernels are the calls of the analog tiles (forward, backward, update) and, apart, the digital layers and the loss.
Outside is the rest: SimPy, the machine, the executor's bookkeeping, op log and metrics. Loading data, compiling and
evaluating are not counted.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from threadpoolctl import threadpool_limits

import aimcsim.training.executor as executor_module
import aimcsim.training.learned as learned_module
import aimcsim.training.micro_batch as micro_batch_module
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.pipeline.machine import Machine
from aimcsim.scenario.load import read_scenario
from aimcsim.shipped import find_scenario
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.oplog import NoOpLog
from aimcsim.training.session import open_session
from tests.benchmarks.host import describe_host

spent: dict[str, float] = defaultdict(float)


def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with its wall time added to `spent[name]`."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        begun = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent[name] += time.perf_counter() - begun

    return wrapper


def run(samples: int, overrides: list[str], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of the machine's run over `samples` images, wall seconds unless another clock is given."""
    settings = [f"training.samples={samples}", f"training.evaluate_every={samples}", "data.test=10", *overrides]
    path = find_scenario("fcn-fashion-mnist-async")
    scenario, _ = read_scenario(path, [*settings, "training.epochs=null"])
    session = open_session(scenario)
    recorder = MetricsRecorder(session.assembly.floorplan, session.assembly.schedule, NoOpLog())
    machine = Machine(session.assembly.plan, recorder, session.executor)
    begun = clock()
    machine.run()
    return clock() - begun


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print(describe_host())
    print(__doc__.splitlines()[0])
    with threadpool_limits(1):
        run(100, [])
        bare = [run(samples, []) for _ in range(3)]
        for name in ("forward", "backward", "update"):
            setattr(AnalogSGD, name, timed(name, getattr(AnalogSGD, name)))
        for module, name in (
            (micro_batch_module, "finish_forward"),
            (micro_batch_module, "send_back"),
            (micro_batch_module, "add_bias"),
            (learned_module, "step_bias"),
            (executor_module, "loss_of"),
        ):
            setattr(module, name, timed(f"digital {name}", getattr(module, name)))
        shares = []
        for _ in range(3):
            spent.clear()
            wall = run(samples, [])
            shares.append((wall, dict(spent)))
    wall, parts = sorted(shares, key=lambda pair: pair[0])[1]
    print(f"{samples} images: {samples / statistics.median(bare):.0f} images/s (median of 3, not instrumented)")
    for name, seconds in sorted(parts.items(), key=lambda item: -item[1]):
        print(f"  {name:22s} {seconds / wall:6.1%}  {seconds / samples * 1e6:6.1f} µs per image")
    tiles = sum(seconds for name, seconds in parts.items() if not name.startswith("digital"))
    numbers = sum(parts.values())
    print(f"outside the tile kernels: {1 - tiles / wall:.1%} of wall time")
    print(f"outside tile kernels and digital layers: {1 - numbers / wall:.1%} of wall time")


if __name__ == "__main__":
    main()
