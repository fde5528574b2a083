"""Forward and backward of a whole network in plain NumPy: the textbook chain rule over the layer graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.network.functions import activate, slope
from aimcsim.network.graph import Network
from aimcsim.network.layers import Activation, Dense

Array = NDArray[np.floating[Any]]
Parameters = dict[str, tuple[Array, Array]]


def initial_parameters(network: Network, seed: int) -> Parameters:
    """W and b of every dense layer, uniform in its ±init_range."""
    rng = np.random.default_rng(seed)
    return {
        name: (
            rng.uniform(-layer.init_range, layer.init_range, (layer.out_size, layer.in_size)),
            rng.uniform(-layer.init_range, layer.init_range, layer.out_size),
        )
        for name, layer in network.layers.items()
        if isinstance(layer, Dense)
    }


def forward(network: Network, parameters: Parameters, x: Array) -> dict[str, Array]:
    """Output (batch, *shape) of every layer."""
    values = {"input": x}
    for name in network.order:
        layer = network.layers[name]
        read = [values[source] for source in layer.inputs]
        if isinstance(layer, Dense):
            weights, bias = parameters[name]
            values[name] = read[0].reshape(len(x), -1) @ weights.T + bias
        elif isinstance(layer, Activation):
            values[name] = activate(layer.function, read[0])
        else:
            values[name] = sum(read[1:], start=read[0])
    return values


def backward(network: Network, parameters: Parameters, values: dict[str, Array], error: Array) -> Parameters:
    """Gradients of the summed loss with respect to W and b, given its gradient at the output."""
    errors = {name: np.zeros_like(value) for name, value in values.items()}
    errors[network.output] = error
    gradients: Parameters = {}
    for name in reversed(network.order):
        layer = network.layers[name]
        d = errors[name]
        if isinstance(layer, Dense):
            x = values[layer.inputs[0]]
            gradients[name] = (d.T @ x.reshape(len(x), -1), d.sum(axis=0))
            d = (d @ parameters[name][0]).reshape(x.shape)
        elif isinstance(layer, Activation):
            d = d * slope(layer.function, values[name])
        for source in layer.inputs:
            errors[source] = errors[source] + d
    return gradients
