"""LeNet-5 on Fashion-MNIST: images trained a second, beside aihwkit and PyTorch; ResNet-18: timing-only actions.

    AIHWKIT_PYTHON=<its interpreter> OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.lenet [IMAGES [MICRO_BATCH]]

Analog SGD, soft bounds, the default trains and converters and the same mapping on both sides; float weights beside
PyTorch. One thread each, processor time, the best of alternating rounds. Without AIHWKIT_PYTHON aimcsim runs alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from aimcsim.assembly import assemble
from aimcsim.pipeline.machine import Machine
from aimcsim.scenario.load import read_scenario
from aimcsim.shipped import find_scenario
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.oplog import NoOpLog
from aimcsim.training.session import TrainingSession, open_session
from tests.benchmarks.host import describe_host

ROUNDS = 3
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def session_of(algorithm: str, images: int, batch: int) -> TrainingSession:
    """A session that trains once over `images`, asynchronous over five stages."""
    settings = [
        f"training.algorithm={algorithm}",
        f"data.train={images}",
        "data.test=10",
        "training.learning_rate=0.01",
    ]
    settings += [f"pipeline.micro_batch={batch}", "pipeline.micro_batches=1", "training.reduction=mean"]
    settings += ["training.evaluate_every=null", "training.target_accuracy=null"]
    return open_session(read_scenario(find_scenario("lenet-fashion-mnist-async"), settings)[0])


def ours(algorithm: str, images: int, batch: int) -> float:
    """Seconds of one training run, its evaluations taken out by having ten test images."""
    session = session_of(algorithm, images, batch)
    recorder: Any = MetricsRecorder(session.assembly.floorplan, session.assembly.schedule, NoOpLog())
    machine = Machine(session.assembly.plan, recorder, session.executor)
    begun = process_time()
    machine.run()
    return process_time() - begun


class Other:
    """The other side's process, which trains when asked."""

    def __init__(self, python: str, data: Path, kind: str) -> None:
        command = [python, str(Path(__file__).with_name("lenet_side.py")), str(data), kind]
        environment = {**os.environ, **ONE_THREAD}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def seconds(self) -> float:
        """Seconds of one pass over the images."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("again\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def residual_actions() -> float:
    """Actions (F, B, U of a stage) a second of ResNet-18 over eight stages, nothing computed."""
    scenario, _ = read_scenario(find_scenario("resnet-18-timing"))
    assembly = assemble(scenario)
    machine = Machine(assembly.plan, MetricsRecorder(assembly.floorplan, assembly.schedule, NoOpLog()))
    begun = process_time()
    machine.run()
    actions = 3 * assembly.floorplan.stages * assembly.samples // scenario.pipeline.micro_batch
    return actions / (process_time() - begun)


def main() -> None:
    images, batch = (int(each) for each in [*sys.argv[1:], *("500", "10")[len(sys.argv) - 1 :]])
    print(describe_host())
    best: dict[str, float] = {}
    with TemporaryDirectory() as folder, threadpool_limits(1):
        data = Path(folder) / "images.npz"
        x, y = session_of("digital-sgd", images, batch)._fetch(0, images // batch * batch)
        np.savez(data, x=x.reshape(-1, 1, 28, 28), y=y, batch=batch)
        sides = {
            f"aimcsim {name}": lambda name=name: ours(name, images, batch) for name in ("analog-sgd", "digital-sgd")
        }
        python = os.environ.get("AIHWKIT_PYTHON")
        others = {} if python is None else {
            name: Other(python, data, kind) for name, kind in (("aihwkit", "analog"), ("PyTorch float", "float"))
        }  # fmt: skip
        sides |= {name: other.seconds for name, other in others.items()}
        for _ in range(1 + ROUNDS):  # the first round warms up: it counts, and is never the best
            for name, seconds in sides.items():
                best[name] = min(seconds(), best.get(name, float("inf")))
        for other in others.values():
            other.close()
        actions = max(residual_actions() for _ in range(ROUNDS))
    print(f"{images} images, micro-batch {batch}     images/s")
    for name, seconds in best.items():
        print(f"  {name:24s} {images / seconds:9.0f}")
    if python is not None:
        print(f"  analog: {best['aihwkit'] / best['aimcsim analog-sgd']:.2f} times aihwkit")
        print(f"  float: {best['PyTorch float'] / best['aimcsim digital-sgd']:.2f} times PyTorch")
    print(f"ResNet-18, 8 stages, timing only: {actions:.0f} actions/s")


if __name__ == "__main__":
    main()
