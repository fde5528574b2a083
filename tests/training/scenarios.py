"""Small networks on the digits, and what a run of them says, losses of single micro-batches included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from aimcsim import simulation
from aimcsim.pipeline.actions import Action, Operation
from aimcsim.pipeline.machine import Machine
from aimcsim.result import Result
from aimcsim.scenario.spec import Scenario
from aimcsim.training.executor import TrainingExecutor
from tests.pipeline.machines import Row, rows_of, scenario_of

#: Four dense layers with every kind of bias and every activation, two skip connections, one layer read three times.
MODEL: dict[str, Any] = {
    "name": "skips",
    "input": [64],
    "layers": [
        {"name": "fc1", "type": "dense", "outputs": 9},
        {"name": "act1", "type": "tanh"},
        {"name": "fc2", "type": "dense", "outputs": 9, "bias": "analog"},
        {"name": "act2", "type": "sigmoid"},
        {"name": "sum1", "type": "add", "inputs": ["act2", "act1"]},
        {"name": "fc3", "type": "dense", "outputs": 9, "bias": "none"},
        {"name": "act3", "type": "relu"},
        {"name": "sum2", "type": "add", "inputs": ["act3", "sum1", "act1"]},
        {"name": "fc4", "type": "dense", "outputs": 10},
    ],
}

#: Arrays small enough to split every layer, times that depend on the data, digital nodes, links that take time.
HARDWARE: dict[str, Any] = {
    "timing": {"forward": 2, "backward": 3, "update": 1, "pulse": 1, "sum": 1, "activation": 1, "loss": 1},
    "tile": {"rows": 24, "columns": 5},
    "link": {"latency": 1, "bandwidth": 6.0},
}

ANALOG, DIGITAL = "analog-sgd", "digital-sgd"


def digits(
    pipeline: dict[str, Any],
    *,
    samples: int = 32,
    algorithm: str = ANALOG,
    model: Any = None,
    hardware: dict[str, Any] | None = None,
    train: int = 20,
    test: int = 30,
    seed: int = 3,
    **training: Any,
) -> Scenario:
    """Training on the digits; the training set is shorter than the run, so that epochs follow one another."""
    return scenario_of(
        seed=seed,
        model=MODEL if model is None else model,
        data={"name": "digits", "train": train, "test": test},
        hardware=HARDWARE if hardware is None else hardware,
        pipeline=pipeline,
        training={"samples": samples, "algorithm": algorithm, "learning_rate": 0.2, **training},
    )


@dataclass
class Run:
    """A result with its rows and the mean loss of every micro-batch."""

    result: Result
    losses: dict[int, float]

    @property
    def rows(self) -> list[Row]:
        return rows_of(self.result.ops)

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return self.result.metrics.to_pylist()

    @property
    def weights(self) -> dict[str, Any]:
        return self.result.weights


class Listening:
    """An executor that passes everything on, and keeps the loss of each micro-batch."""

    def __init__(self, inner: TrainingExecutor) -> None:
        self.inner = inner
        self.losses: dict[int, float] = {}

    def start(self, operation: Operation, cycle: int, elapsed: int) -> int:
        return self.inner.start(operation, cycle, elapsed)

    def commit(self, operation: Operation, cycle: int) -> None:
        self.inner.commit(operation, cycle)

    def finish(self, stage: int, action: Action, cycle: int) -> None:
        self.inner.finish(stage, action, cycle)

    def transfers(self, micro_batch: int, updates: int) -> tuple[int, ...]:
        return self.inner.transfers(micro_batch, updates)

    def loss(self, micro_batch: int, cycle: int) -> bool:
        finite = self.inner.loss(micro_batch, cycle)
        assert self.inner.progress.loss is not None
        self.losses[micro_batch] = self.inner.progress.loss
        return finite


def run(scenario: Scenario) -> Run:
    """Simulate, listening to every loss."""
    heard: list[Listening] = []

    def machine(plan: Any, recorder: Any, executor: Any, state: Any) -> Machine:
        heard.append(Listening(executor))
        return Machine(plan, recorder, heard[-1], state)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "Machine", machine)
        result = simulation.simulate(scenario)
    return Run(result, heard[0].losses)


def same_weights(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """True where all matrices and biases are equal bit for bit."""
    assert one.keys() == other.keys()
    return all(
        np.array_equal(one[name].view(np.uint32), np.ascontiguousarray(other[name]).view(np.uint32)) for name in one
    )
