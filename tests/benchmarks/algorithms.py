"""Images per second of every learning algorithm on the FCN 784-256-128-10, the pipeline simulated.

Fashion-MNIST, micro-batch 10, async over 3 stages, one thread, processor time; the best of three runs in alternating
rounds, loading and evaluating not counted. Cycles are simulated: what the algorithm costs on the clock.
"""

from __future__ import annotations

import sys
from time import process_time
from typing import Any

from threadpoolctl import threadpool_limits

from aimcsim.pipeline.machine import Machine
from aimcsim.scenario.load import read_scenario
from aimcsim.shipped import find_scenario
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.oplog import NoOpLog
from aimcsim.training.session import open_session
from tests.benchmarks.host import describe_host

#: Settings of the MNIST experiments of the papers where they have some; one line a transfer.
ALGORITHMS: dict[str, str] = {
    "digital-sgd": "digital-sgd",
    "analog-sgd": "analog-sgd",
    "tiki-taka": "{name: tiki-taka, gradient_rate: 0.01}",
    "residual-learning": "{name: residual-learning, gradient_rate: 0.01}",
    "tiki-taka-v2": "{name: tiki-taka-v2, auto_scale: true}",
    "residual-learning-v2": "{name: residual-learning-v2}",
    "c-tiki-taka-v2": "{name: c-tiki-taka-v2, auto_scale: true, gradient_rate: 0.1}",
    "agad": "{name: agad, auto_scale: true, gradient_rate: 0.1}",
    "multi-tile-residual, 4 tiles": "{name: multi-tile-residual, tiles: 4, warm_start: false}",
    "mixed-precision": "{name: mixed-precision, transfer_every: 10}",
    "rider": "{name: rider}",
    "e-rider": "{name: e-rider}",
}


def run(algorithm: str, samples: int) -> tuple[float, int]:
    """Seconds and simulated cycles of a training run over `samples` images."""
    settings = [f"training.samples={samples}", f"training.evaluate_every={samples}", "data.test=10"]
    settings += ["training.epochs=null", "training.target_accuracy=null", f"training.algorithm={algorithm}"]
    scenario, _ = read_scenario(find_scenario("fcn-fashion-mnist-async"), settings)
    session = open_session(scenario)
    recorder: Any = MetricsRecorder(session.assembly.floorplan, session.assembly.schedule, NoOpLog())
    machine = Machine(session.assembly.plan, recorder, session.executor)
    begun = process_time()
    machine.run()
    return process_time() - begun, recorder.makespan


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    print(describe_host())
    print(__doc__.splitlines()[0])
    best: dict[str, tuple[float, int]] = {}
    with threadpool_limits(1):
        for algorithm in ALGORITHMS.values():
            run(algorithm, 100)
        for _ in range(3):
            for name, algorithm in ALGORITHMS.items():
                best[name] = min(run(algorithm, samples), best.get(name, (float("inf"), 0)))
    alone = best["analog-sgd"]
    print(f"{samples} images     images/s  of analog SGD  cycles per image")
    for name, (seconds, cycles) in best.items():
        print(f"  {name:30s} {samples / seconds:9.0f} {alone[0] / seconds:10.2f} {cycles / samples:14.1f}")


if __name__ == "__main__":
    main()
