"""Whole-network gradients: one digital step on one sample against finite differences of the loss in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from aimcsim.data.load import load_dataset
from aimcsim.data.stream import SampleStream
from aimcsim.simulation import simulate
from tests.training.scenarios import ANALOG, DIGITAL, digits

Doubles = NDArray[np.float64]


def dense(name: str, outputs: int, bias: str = "digital", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "dense", "outputs": outputs, "bias": bias, **more}


def act(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "type": kind}


def net(*layers: dict[str, Any], loss: str = "cross-entropy", shape: tuple[int, ...] = (64,)) -> dict[str, Any]:
    return {"input": list(shape), "layers": list(layers), "loss": loss}


SKIPS = (
    dense("a", 6, init_range=0.4),
    act("fa", "tanh"),
    dense("b", 6, "analog", init_range=0.4),
    act("fb", "sigmoid"),
    {"name": "s1", "type": "add", "inputs": ["fb", "fa"]},
    dense("c", 6, "none", init_range=0.4),
    {"name": "s2", "type": "add", "inputs": ["c", "s1", "fa", "b"]},
    dense("d", 10, init_range=0.4),
)

MODELS = {
    "one layer": net(dense("a", 10)),
    "one layer, squared": net(dense("a", 10), loss="squared"),
    "an input of two dimensions": net(dense("a", 10), shape=(8, 8)),
    "analog bias": net(dense("a", 10, "analog"), loss="squared"),
    "no bias": net(dense("a", 10, "none")),
    "sigmoid": net(dense("a", 7), act("f", "sigmoid"), dense("b", 10)),
    "tanh": net(dense("a", 7), act("f", "tanh"), dense("b", 10), loss="squared"),
    "relu": net(dense("a", 7), act("f", "relu"), dense("b", 10)),
    "an activation at the output": net(dense("a", 10), act("f", "tanh"), loss="squared"),
    "an activation of the input": net(act("f", "sigmoid"), dense("a", 10)),
    "dense on dense": net(dense("a", 7, "analog"), dense("b", 7), dense("c", 10)),
    "skip connections": net(*SKIPS),
    "skip connections, squared": net(*SKIPS, loss="squared"),
    "an output that is a sum": net(
        dense("a", 10), act("f", "tanh"), {"name": "s", "type": "add", "inputs": ["a", "f"]}
    ),
}


def loss_of(model: dict[str, Any], weights: dict[str, Doubles], x: Doubles, label: int) -> float:
    """Textbook forward in float64, straight from the words of the model."""
    values: dict[str, Doubles] = {"input": x}
    before = "input"
    for layer in model["layers"]:
        name = layer["name"]
        read = [values[source] for source in layer.get("inputs", [before])]
        match layer["type"]:
            case "dense":
                fed = np.append(read[0], 1.0) if layer["bias"] == "analog" else read[0]
                values[name] = weights[name] @ fed + weights.get(f"{name}.bias", 0.0)
            case "add":
                values[name] = np.sum(read, axis=0)
            case "tanh":
                values[name] = np.tanh(read[0])
            case "sigmoid":
                values[name] = 1 / (1 + np.exp(-read[0]))
            case "relu":
                # A kink within reach of the differences would make them wrong.
                assert float(np.abs(read[0]).min()) > 1e-3
                values[name] = np.maximum(read[0], 0)
        before = name
    y = values[before]
    if model["loss"] == "squared":
        return float(0.5 * np.sum((y - np.eye(len(y))[label]) ** 2))
    return float(np.log(np.exp(y - y.max()).sum()) + y.max() - y[label])


def differences(function: Callable[[], float], at: Doubles, step: float = 1e-5) -> Doubles:
    """Central differences with respect to every element of `at`, changed in place and put back."""
    found = np.empty_like(at)
    for place in np.ndindex(at.shape):
        middle = at[place]
        at[place] = middle + step
        above = function()
        at[place] = middle - step
        found[place] = (above - function()) / (2 * step)
        at[place] = middle
    return found


def gradients(model: dict[str, Any], algorithm: str, tile: dict[str, int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Initial weights, and their change by one step of rate 1 on one sample, in one stage a dense layer."""
    stages = sum(layer["type"] == "dense" for layer in model["layers"])
    hardware = {"tile": tile, "device": "ideal", "io": {"is_perfect": True}}

    def after(rate: float) -> dict[str, NDArray[np.float32]]:
        scenario = digits(
            {"schedule": "async", "stages": stages},
            model=model,
            samples=1,
            algorithm=algorithm,
            hardware=hardware,
            learning_rate=rate,
        )
        return simulate(scenario).weights

    start, end = after(0.0), after(1.0)
    return start, {name: start[name].astype(np.float64) - end[name] for name in start}


@pytest.mark.parametrize("algorithm", [DIGITAL, ANALOG])
@pytest.mark.parametrize("tile", [{"rows": 512, "columns": 512}, {"rows": 9, "columns": 4}], ids=["whole", "split"])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_one_step_of_rate_1_is_the_gradient_of_the_loss(
    model: dict[str, Any], tile: dict[str, int], algorithm: str
) -> None:
    """Differences of step h = 1e-5 are off by h²/6 of a third derivative, below 1e-9 here, and by the rounding of the
    loss over 2h, 1e-16·3/2e-5 ≈ 2e-11. The step itself is float32: the new weight (below 4) is rounded to 2^-23 and
    an error passes sums of at most 65 terms in each of at most four layers, of which each is off by at most
    65·2^-24 of its terms: 4 · 65 · 2^-24 ≈ 1.6e-5 of the largest gradient.
    """
    start, step = gradients(model, algorithm, tile)
    dataset = load_dataset(digits({}).data, 3)
    index = int(SampleStream(len(dataset.train_x), 3).indices(0, 1)[0])
    x, label = dataset.train_x[index].reshape(-1).astype(np.float64), int(dataset.train_y[index])
    weights = {name: matrix.astype(np.float64) for name, matrix in start.items()}
    assert {name.removesuffix(".bias") for name in weights} == {
        layer["name"] for layer in model["layers"] if layer["type"] == "dense"
    }
    for name, matrix in weights.items():
        expected = differences(lambda: loss_of(model, weights, x, label), matrix)
        largest = float(np.abs(expected).max())
        assert largest > 1e-3
        assert float(np.abs(step[name] - expected).max()) <= 2.0**-23 * 2 + 1.6e-5 * max(1.0, largest) + 1e-9, name


def test_a_rate_of_zero_leaves_the_initial_weights_which_are_uniform_in_their_range() -> None:
    model = net(dense("a", 50), dense("b", 10, init_range=0.03))
    start, _ = gradients(model, DIGITAL, {"rows": 512, "columns": 512})
    for name, bound in (("a", 1 / 8), ("a.bias", 1 / 8), ("b", 0.03), ("b.bias", 0.03)):
        largest = float(np.abs(start[name]).max())
        # Of n uniform values the largest is below 0.6 of the bound with probability 0.6^n ≤ 0.6^10 = 0.6 %; fixed seed.
        assert 0.6 * bound < largest <= bound * (1 + 2.0**-24)
