"""Running error analysis: training in float64 that carries along how far float32, in any order of its sums, can be off.

Every value is a pair of arrays, what exact arithmetic gives and a bound on the distance of any float32 computation of
it. A sum of n products in any order, with or without fused operations, is within γ(n)·Σ|terms| of the exact one,
γ(n) = n·u/(1 − n·u), u = 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., sec. 3.1). Two more
are added to n throughout, for a partial sum that is stored between tiles and for a factor rounded beforehand.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.training.plain_network import PlainNetwork

Doubles = NDArray[np.float64]
U = 2.0**-24

#: Units of rounding by which float32 tanh and the logistic function may be off; both stay below 1. NumPy promises
#: 4 for its vectorised functions; the logistic one adds three roundings to its exponential.
FUNCTION_ULPS = 8


class Near(NamedTuple):
    """`value`, and how far at most a float32 computation of it is away, both float64."""

    value: Doubles
    error: Doubles

    @property
    def size(self) -> Doubles:
        return np.abs(self.value) + self.error

    def t(self) -> Near:
        return Near(self.value.T, self.error.T)


def exactly(value: Any) -> Near:
    """float32 numbers as they are."""
    return Near(np.asarray(value, np.float64), np.zeros(np.shape(value)))


def product(a: Near, b: Near) -> Near:
    """Matrix product, whatever the order of its sums."""
    terms = (a.value.shape[1] + 2) * U
    size = a.size @ b.size
    passed_on = size - np.abs(a.value) @ np.abs(b.value)
    return Near(a.value @ b.value, passed_on + terms / (1 - terms) * size)


def plus(a: Near, b: Near) -> Near:
    """Sum, rounded once."""
    return Near(a.value + b.value, a.error + b.error + U * (a.size + b.size))


def times(a: Near, b: Near) -> Near:
    """Element-wise product, rounded once."""
    size = a.size * b.size
    return Near(a.value * b.value, size - np.abs(a.value * b.value) + U * size)


def function(kind: str, x: Near) -> Near:
    """tanh or sigmoid, whose slopes are at most 1 and 1/4."""
    value, steepest = (np.tanh(x.value), 1.0) if kind == "tanh" else (1 / (1 + np.exp(-x.value)), 0.25)
    return Near(value, steepest * x.error + FUNCTION_ULPS * U)


def slope_of(kind: str, y: Near) -> Near:
    """1 − y² or y − y², each of two rounded operations on numbers of at most 1."""
    value, steepest = (1 - y.value**2, 2.0) if kind == "tanh" else (y.value - y.value**2, 1.0)
    return Near(value, steepest * y.error * (1 + y.error) + 2 * U * (1 + y.error) ** 2)


def train(
    plain: PlainNetwork, mini_batch: int, samples: int, rate: float
) -> tuple[list[tuple[float, float]], dict[str, Near]]:
    """Mean losses of the micro-batches with their bounds, and final weights by layer (biases as `<layer>.bias`).

    `plain` gives network, samples and initial weights; layers dense, tanh, sigmoid and add; cross-entropy.
    """
    weights = {name: exactly(value) for name, value in plain.final_weights().items()}
    losses = []
    for first in range(0, samples // plain.size, mini_batch):
        steps = []
        for k in range(first, first + mini_batch):
            values, loss = _forward(plain, weights, k)
            losses.append(loss)
            steps.append(_gradients(plain, weights, values, plain.micro_batch(k).targets))
        for step in steps:
            for name, gradient in step.items():
                weights[name] = _stepped(weights[name], gradient, rate, plain.size)
    return losses, weights


def _forward(plain: PlainNetwork, weights: dict[str, Near], k: int) -> tuple[dict[str, Near], tuple[float, float]]:
    batch = plain.micro_batch(k)
    values = {"input": exactly(batch.x)}
    for name in plain.network.order:
        layer: Any = plain.network.layers[name]
        read = [values[source] for source in layer.inputs]
        if name in weights:
            y = product(_fed(layer, read[0]), weights[name].t())
            values[name] = plus(y, weights[f"{name}.bias"]) if f"{name}.bias" in weights else y
        elif hasattr(layer, "function"):
            values[name] = function(layer.function, read[0])
        else:
            values[name] = read[0]
            for part in read[1:]:
                values[name] = plus(values[name], part)
    y = values[plain.network.output]
    rows = np.arange(len(batch.x))
    losses = np.log(np.exp(y.value).sum(axis=1)) - y.value[rows, batch.targets]
    # log Σ exp and the label's output both move by at most the largest error of the outputs.
    return values, (float(losses.mean()), float(2 * y.error.max(axis=1).mean()))


def _fed(layer: Any, x: Near) -> Near:
    if layer.bias != "analog":
        return x
    ones = np.ones((len(x.value), 1))
    return Near(np.hstack([x.value, ones]), np.hstack([x.error, 0 * ones]))


def _gradients(plain: PlainNetwork, weights: dict[str, Near], values: dict[str, Near], labels: Any) -> dict[str, Near]:
    y = values[plain.network.output]
    p = np.exp(y.value) / np.exp(y.value).sum(axis=1, keepdims=True)
    # Σ_j |∂p_i/∂y_j| = 2·p_i·(1 − p_i) ≤ 1/2; then one rounding to float32.
    spread = 0.5 * y.error.max(axis=1, keepdims=True) + U
    scale = plain.scale  # a power of two: exact
    errors = {
        plain.network.output: Near((p - np.eye(p.shape[1])[labels]) * scale, np.broadcast_to(spread, p.shape) * scale)
    }
    found: dict[str, Near] = {}
    for name in reversed(plain.network.order):
        layer: Any = plain.network.layers[name]
        d = errors[name]
        if name in weights:
            fed = _fed(layer, values[layer.inputs[0]])
            found[name] = product(d.t(), fed)
            if f"{name}.bias" in weights:
                found[f"{name}.bias"] = Near(*(part[0] for part in product(exactly(np.ones((1, len(d.value)))), d)))
            back = product(d, weights[name])
            sent = Near(back.value[:, : layer.in_size], back.error[:, : layer.in_size])
        else:
            sent = times(slope_of(layer.function, values[name]), d) if hasattr(layer, "function") else d
        for source in layer.inputs:
            errors[source] = plus(errors[source], sent) if source in errors else sent
    return found


def _stepped(weight: Near, gradient: Near, rate: float, samples: int) -> Near:
    """W − rate·G: at once, or sample by sample, when W is rounded as often as there are samples."""
    value = weight.value - rate * gradient.value
    rounded = (samples + 3) * U * (weight.size + rate * gradient.size)
    return Near(value, weight.error + rate * gradient.error + rounded)
