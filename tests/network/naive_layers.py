"""Every layer once more in float64 and plain Python loops, one sample and one value at a time, from its definition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Pair = tuple[int, int]


def bordered(x: Doubles, padding: Pair, fill: float) -> Doubles:
    """An image (channels, height, width) with a border of `fill`."""
    return np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2), constant_values=fill)


def places(size: int, kernel: int, stride: int, padding: int) -> range:
    """Where windows begin in the bordered image, in one direction."""
    return range(0, size + 2 * padding - kernel + 1, stride)


def windows(x: Doubles, kernel: Pair, stride: Pair, padding: Pair, fill: float = 0.0) -> list[list[Doubles]]:
    """(channels, kernel) parts of an image, by row and column."""
    image = bordered(x, padding, fill)
    down = places(x.shape[1], kernel[0], stride[0], padding[0])
    across = places(x.shape[2], kernel[1], stride[1], padding[1])
    return [[image[:, i : i + kernel[0], j : j + kernel[1]] for j in across] for i in down]


def convolution(
    x: Doubles, weights: Doubles, bias: Doubles, kernel: Pair, stride: Pair, padding: Pair, groups: int
) -> Doubles:
    """One image (channels, height, width); weights (outputs, channels/groups · kernel), bias (outputs,)."""
    found = windows(x, kernel, stride, padding)
    own, outputs = len(x) // groups, len(weights) // groups
    y = np.zeros((len(weights), len(found), len(found[0])))
    for o, row in enumerate(weights):
        group = o // outputs
        for i, line in enumerate(found):
            for j, window in enumerate(line):
                y[o, i, j] = np.dot(row, window[group * own : (group + 1) * own].reshape(-1)) + bias[o]
    return y


def pool(x: Doubles, kernel: Pair, stride: Pair, padding: Pair, largest: bool) -> Doubles:
    """One image; zeros of the border count in a mean and never in a maximum."""
    found = windows(x, kernel, stride, padding, -np.inf if largest else 0.0)
    y = np.zeros((len(x), len(found), len(found[0])))
    for i, line in enumerate(found):
        for j, window in enumerate(line):
            for c, values in enumerate(window):
                y[c, i, j] = max(values.reshape(-1)) if largest else sum(values.reshape(-1)) / values.size
    return y


def batch_norm(x: Doubles, scale: Doubles, shift: Doubles, epsilon: float = 1e-5) -> Doubles:
    """A batch (samples, channels, …)."""
    y = np.zeros_like(x)
    for c in range(x.shape[1]):
        values = x[:, c]
        y[:, c] = scale[c] * (values - values.mean()) / np.sqrt(values.var() + epsilon) + shift[c]
    return y


def layer_norm(x: Doubles, scale: Doubles, shift: Doubles, epsilon: float = 1e-5) -> Doubles:
    """A batch (samples, …); scale and shift by value."""
    y = np.zeros_like(x)
    for s, values in enumerate(x):
        normal = (values - values.mean()) / np.sqrt(values.var() + epsilon)
        y[s] = scale.reshape(values.shape) * normal + shift.reshape(values.shape)
    return y


def values_of(
    layers: list[dict[str, Any]], learned: dict[str, Doubles], x: Doubles, dropped: dict[str, Doubles] | None = None
) -> dict[str, Doubles]:
    """Values of every layer of a model, from its words; x (samples, *shape). `dropped`: factors of each dropout."""
    values = {"input": x}
    before = "input"
    for layer in layers:
        name = layer["name"]
        read = [values[source] for source in layer.get("inputs", [before])]
        values[name] = _value(layer, learned, read, (dropped or {}).get(name))
        before = name
    return values


def _value(layer: dict[str, Any], learned: dict[str, Doubles], read: list[Doubles], factors: Any) -> Doubles:
    name, first = layer["name"], read[0]
    kernel, padding = pair(layer.get("kernel", 1)), pair(layer.get("padding", 0))
    match layer["type"]:
        case "dense":
            flat = first.reshape(len(first), -1)
            matrix, bias = _matrix(layer, learned)
            return flat @ matrix.T + bias
        case "conv2d":
            matrix, bias = _matrix(layer, learned)
            stride, groups = pair(layer.get("stride", 1)), layer.get("groups", 1)
            return np.stack([convolution(each, matrix, bias, kernel, stride, padding, groups) for each in first])
        case "max-pool" | "average-pool":
            stride, largest = pair(layer.get("stride", kernel)), layer["type"] == "max-pool"
            return np.stack([pool(each, kernel, stride, padding, largest) for each in first])
        case "global-average-pool":
            return first.mean(axis=(2, 3))
        case "batch-norm":
            return batch_norm(first, learned[f"{name}.scale"], learned[f"{name}.shift"])
        case "layer-norm":
            return layer_norm(first, learned[f"{name}.scale"], learned[f"{name}.shift"])
        case "dropout":
            return first if factors is None else first * factors
        case "flatten":
            return first.reshape(len(first), -1)
        case "add":
            return np.sum(read, axis=0)
        case "concatenate":
            return np.concatenate(read, axis=1)
        case "tanh":
            return np.tanh(first)
        case "sigmoid":
            return 1 / (1 + np.exp(-first))
    # relu; a kink within reach of finite differences would make them wrong.
    assert float(np.abs(first).min()) > 1e-3
    return np.maximum(first, 0)


def _matrix(layer: dict[str, Any], learned: dict[str, Doubles]) -> tuple[Doubles, Doubles]:
    """W (outputs, inputs) and bias, wherever the layer keeps it."""
    matrix = learned[layer["name"]]
    if layer.get("bias") == "analog":
        return matrix[:, :-1], matrix[:, -1]
    return matrix, learned.get(f"{layer['name']}.bias", np.zeros(len(matrix)))


def pair(value: Any) -> Pair:
    """(height, width) from one number or two."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])
