"""Gradients of a network with every kind of layer against finite differences of its loss in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from aimcsim.crossbar.kernel_cache import cached_by_source
from aimcsim.data.load import load_dataset
from aimcsim.data.stream import SampleStream
from aimcsim.keys import key_pair, stream
from aimcsim.simulation import simulate
from tests.network.naive_layers import values_of
from tests.training.image_scenarios import IMAGES
from tests.training.scenarios import ANALOG, DIGITAL, digits

with cached_by_source():
    from aimcsim.network.norm_kernels import drop

SAMPLES, SEED, CHECKED = 3, 3, 6

Doubles = NDArray[np.float64]

BARE: dict[str, Any] = {
    "input": [1, 8, 8],
    "layers": [
        {"name": "c", "type": "conv2d", "outputs": 3, "kernel": [5, 3], "stride": [3, 2], "padding": [2, 1]},
        {"name": "p", "type": "max-pool", "kernel": [1, 2], "stride": 1},
        {"name": "n", "type": "batch-norm"},
        {"name": "fc", "type": "dense", "outputs": 10, "bias": "analog"},
        {"name": "m", "type": "layer-norm"},
        {"name": "e", "type": "batch-norm", "inputs": ["m"]},
    ],
}


def mean_loss(model: dict[str, Any], learned: dict[str, Doubles], x: Doubles, labels: Any, factors: Any) -> float:
    """Cross-entropy of the naive network, over the samples of the micro-batch."""
    y = values_of(model["layers"], learned, x, factors)[model["layers"][-1]["name"]]
    powers = np.log(np.exp(y - y.max(axis=1, keepdims=True)).sum(axis=1)) + y.max(axis=1)
    return float((powers - y[np.arange(len(y)), labels]).mean())


def dropped(model: dict[str, Any], learned: dict[str, Doubles], x: Doubles) -> dict[str, Doubles]:
    """What dropouts multiply the values of these samples with, in the run."""
    found = {}
    values = values_of(model["layers"], learned, x)
    for layer in model["layers"]:
        if layer["type"] == "dropout":
            ones = np.ones(values[layer["name"]].shape, np.float32).reshape(len(x), -1)
            factors = np.empty_like(ones)
            drop(ones, layer["probability"], *key_pair(SEED, layer["name"], "dropout"), 0, factors)
            found[layer["name"]] = factors.reshape(values[layer["name"]].shape).astype(float)
    return found


@pytest.mark.parametrize("model", [IMAGES, BARE], ids=["images", "bare"])
def test_one_step_of_rate_1_is_the_gradient_of_the_mean_loss_of_a_micro_batch(model: dict[str, Any]) -> None:
    """Differences of step 1e-5 are off by its square times a third derivative, 1e-7 here for norms of three samples,
    and by the rounding of the loss over twice the step, 2e-11. The run is float32: sums of at most 150 terms in ten
    layers are off by 10 · 150 · 2^-24 = 9e-5 of their terms, and a weight below 4 is rounded to 2^-23.
    """
    pipeline = {"schedule": "async", "stages": "auto", "micro_batch": SAMPLES}

    def after(rate: float, algorithm: str, tile: dict[str, int]) -> dict[str, Any]:
        hardware = {"tile": tile, "device": "ideal", "io": {"is_perfect": True}}
        rest: dict[str, Any] = {"samples": SAMPLES, "learning_rate": rate, "algorithm": algorithm, "seed": SEED}
        return simulate(digits(pipeline, model=model, hardware=hardware, **rest)).weights

    whole, small = {"rows": 512, "columns": 512}, {"rows": 7, "columns": 2}
    start = after(0.0, DIGITAL, whole)
    steps = [
        {name: start[name].astype(float) - end[name] for name in start}
        for end in (after(1.0, DIGITAL, whole), after(1.0, ANALOG, whole), after(1.0, ANALOG, small))
    ]
    dataset = load_dataset(digits({}).data, SEED)
    indices = SampleStream(len(dataset.train_x), SEED).indices(0, SAMPLES)
    x, labels = dataset.train_x[indices].reshape(SAMPLES, *model["input"]).astype(float), dataset.train_y[indices]
    learned = {name: values.astype(float) for name, values in start.items()}
    factors = dropped(model, learned, x)
    rng = stream(SEED, "which weights are checked")
    for name, values in learned.items():
        if name.endswith((".mean", ".variance")):
            continue
        flat = values.reshape(-1)
        for at in rng.choice(flat.size, min(CHECKED, flat.size), replace=False):
            middle = flat[at]
            losses = []
            for step in (1e-5, -1e-5):
                flat[at] = middle + step
                losses.append(mean_loss(model, learned, x, labels, factors))
            flat[at] = middle
            expected = (losses[0] - losses[1]) / 2e-5
            for found in steps:
                assert abs(found[name].reshape(-1)[at] - expected) <= 1e-4 * max(1.0, abs(expected)), (name, at)
    largest = {name: float(np.abs(step).max()) for name, step in steps[0].items() if "." not in name}
    assert min(largest.values()) > 1e-3, "the bound means something"
