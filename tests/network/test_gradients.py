"""Slopes and errors put together by the chain rule over the layer graph are the gradient of the loss."""

from __future__ import annotations

import numpy as np
import pytest

from aimcsim.network.graph import Network
from aimcsim.network.layers import LossKind
from aimcsim.network.losses import loss_of
from tests.network.specs import add, build, dense, tanh
from tests.oracles.backprop import Parameters, backward, forward, initial_parameters

LABELS = np.array([0, 2, 1])


def residual(loss: LossKind) -> Network:
    return build(
        dense("stem", 5),
        {"name": "act", "type": "sigmoid"},
        dense("inner", 5),
        tanh("bend"),
        add("sum", "bend", "act", "stem"),
        dense("head", 3),
        shape=(2, 2),
        loss=loss,
    )


def total_loss(network: Network, parameters: Parameters, x: np.ndarray) -> float:
    assert network.loss is not None
    return float(loss_of(network.loss, forward(network, parameters, x)[network.output], LABELS).losses.sum())


@pytest.mark.parametrize("loss", ["cross-entropy", "squared"])
def test_every_weight_and_bias_of_a_residual_network_has_the_gradient_of_its_central_difference(loss: LossKind) -> None:
    network = residual(loss)
    parameters = initial_parameters(network, seed=1)
    x = np.random.default_rng(2).standard_normal((3, 2, 2))
    values = forward(network, parameters, x)
    gradients = backward(network, parameters, values, loss_of(loss, values[network.output], LABELS).error)
    step = 1e-5
    for name, arrays in parameters.items():
        for array, gradient in zip(arrays, gradients[name], strict=True):
            for place in np.ndindex(array.shape):
                before = array[place]
                array[place] = before + step
                up = total_loss(network, parameters, x)
                array[place] = before - step
                down = total_loss(network, parameters, x)
                array[place] = before
                # Truncation ~ step² = 1e-10 times a third derivative of order 1; rounding 2^-51/step < 5e-11.
                assert gradient[place] == pytest.approx((up - down) / (2 * step), abs=2e-9)
