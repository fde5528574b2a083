"""Digital training of a CNN beside PyTorch: same weights, same samples in the same order, same losses and weights.

`torch_parity/make_losses.py` says how PyTorch's side was made. Run as a module, this file writes what PyTorch is given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from aimcsim.scenario.spec import Scenario
from aimcsim.training.session import open_session
from tests.pipeline.machines import scenario_of
from tests.training.scenarios import run

FOLDER = Path(__file__).parent / "torch_parity"
MICRO_BATCHES, SIZE, RATE = 30, 4, 0.1

MODEL: dict[str, Any] = {
    "name": "parity",
    "input": [1, 8, 8],
    "layers": [
        {"name": "c1", "type": "conv2d", "outputs": 6, "kernel": 3, "padding": 1},
        {"name": "a1", "type": "tanh"},
        {"name": "c2", "type": "conv2d", "outputs": 8, "kernel": 3, "stride": 2, "padding": 1, "bias": "none"},
        {"name": "n2", "type": "batch-norm"},
        {"name": "a2", "type": "relu"},
        {"name": "c3", "type": "conv2d", "outputs": 8, "kernel": [3, 1], "padding": [1, 0], "groups": 2},
        {"name": "a3", "type": "sigmoid"},
        {"name": "s", "type": "add", "inputs": ["a2", "a3"]},
        {"name": "p", "type": "max-pool", "kernel": 2},
        {"name": "v", "type": "flatten"},
        {"name": "g", "type": "global-average-pool", "inputs": ["s"]},
        {"name": "j", "type": "concatenate", "inputs": ["v", "g"]},
        {"name": "fc", "type": "dense", "outputs": 10},
    ],
}


def scenario(**pipeline: Any) -> Scenario:
    return scenario_of(
        seed=5,
        model=MODEL,
        data={"name": "digits", "train": 100, "test": 10},
        pipeline={"micro_batch": SIZE, "schedule": "serial", "stages": 1, **pipeline},
        training={"samples": MICRO_BATCHES * SIZE, "algorithm": "digital-sgd", "learning_rate": RATE},
    )


def given() -> dict[str, Any]:
    """Initial weights, samples and labels, micro-batch by micro-batch."""
    session = open_session(scenario())
    x, y = session._fetch(0, MICRO_BATCHES * SIZE)
    shaped = x.reshape(MICRO_BATCHES, SIZE, 1, 8, 8), y.reshape(MICRO_BATCHES, SIZE)
    return session.final_weights() | {"x": shaped[0], "y": shaped[1], "learning_rate": np.float64(RATE)}


def test_pytorch_was_given_what_a_run_begins_with() -> None:
    stored = np.load(FOLDER / "network.npz")
    now = given()
    assert now.keys() == set(stored.files)
    assert all(np.array_equal(now[name], stored[name]) for name in now)


def test_losses_and_weights_are_those_of_pytorch() -> None:
    torch = np.load(FOLDER / "losses.npz")
    found = run(scenario(stages=4))
    losses = [found.losses[number] for number in range(MICRO_BATCHES)]
    assert losses[0] > 1.2 * min(losses)  # it learns
    # Both compute in float32; 30 steps at this rate carry differences of 1e-7 to some 1e-5.
    np.testing.assert_allclose(losses, torch["losses"], rtol=1e-4)
    for name, matrix in found.weights.items():
        layer, _, part = name.partition(".")
        part = {
            "": "weight",
            "scale": "weight",
            "shift": "bias",
            "mean": "running_mean",
            "variance": "running_var",
        }.get(part, part)
        theirs = torch[f"{layer}.{part}"].reshape(matrix.shape)
        np.testing.assert_allclose(matrix, theirs, atol=1e-4, err_msg=name)


if __name__ == "__main__":
    np.savez_compressed(FOLDER / "network.npz", **given())
