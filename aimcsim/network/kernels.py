"""Digital functions of a micro-batch in float32, compiled: one call where numpy would take a handful.

At ten samples a numpy call costs more than its arithmetic. Products and sums are not contracted, so slopes and biases
have the bits of the numpy formulas; exponentials are polynomials (Cephes' expf and tanhf), within 2 ulp.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.lanes import float_of, rint
from aimcsim.network.layers import Function

Floats = NDArray[np.float32]

NONE, SIGMOID, TANH, RELU = range(4)
CODES: Final[dict[Function, int]] = {"sigmoid": SIGMOID, "tanh": TANH, "relu": RELU}

F = np.float32


@njit(nogil=True, cache=True, error_model="numpy")
def decay(x: np.float32) -> np.float32:
    """e^−x for x ≥ 0; 0 beyond 87, where the result would be subnormal; NaN for NaN."""
    k = rint(x * F(-1.44269504088896341))
    # ln 2 in two parts, the first of few bits.
    r = F(F(-x) - F(k * F(0.693359375))) - F(k * F(-2.12194440e-4))
    p = F(1.9875691500e-4)
    p = F(p * r) + F(1.3981999507e-3)
    p = F(p * r) + F(8.3334519073e-3)
    p = F(p * r) + F(4.1665795894e-2)
    p = F(p * r) + F(1.6666665459e-1)
    p = F(p * r) + F(5.0000001201e-1)
    value = F(F(F(p * F(r * r)) + r) + F(1.0))
    power = value * float_of(np.int32((np.int32(k) + np.int32(127)) << np.int32(23)))
    return F(0.0) if x > F(87.0) else power if x == x else x


@njit(nogil=True, cache=True, error_model="numpy")
def sigmoid(x: np.float32) -> np.float32:
    """1/(1+e^−x), taken as e^x/(1+e^x) for x < 0: small values keep their digits."""
    small = decay(abs(x))
    return (F(1.0) if x >= F(0.0) else small) / (F(1.0) + small)


@njit(nogil=True, cache=True, error_model="numpy")
def tanh(x: np.float32) -> np.float32:
    """The hyperbolic tangent: a polynomial near zero, (1 − e^−2|x|)/(1 + e^−2|x|) with the sign of x elsewhere."""
    size = abs(x)
    small = decay(F(2.0) * size)
    far = F(F(1.0) - small) / F(F(1.0) + small)
    q = F(x * x)
    p = F(-5.70498872745e-3)
    p = F(p * q) + F(2.06390887954e-2)
    p = F(p * q) + F(-5.37397155531e-2)
    p = F(p * q) + F(1.33314422036e-1)
    p = F(p * q) + F(-3.33332819422e-1)
    near = F(F(F(p * q) * x) + x)
    return near if size < F(0.625) else far if x >= F(0.0) else -far


@njit(nogil=True, cache=True, error_model="numpy")
def activate_all(x: Floats, code: int, y: Floats) -> None:
    """y = function of x, element by element, for arrays of one shape and any dimension; y may be x."""
    source, target = x.reshape(-1), y.reshape(-1)
    if code == SIGMOID:
        for i in range(source.size):
            target[i] = sigmoid(source[i])
    elif code == TANH:
        for i in range(source.size):
            target[i] = tanh(source[i])
    else:
        for i in range(source.size):
            # Written so that NaN goes through.
            target[i] = F(0.0) if source[i] <= F(0.0) else source[i]


@njit(nogil=True, cache=True, error_model="numpy")
def add_bias(x: Floats, bias: Floats) -> None:
    """x (batch, lines) += bias (lines,)."""
    for s in range(x.shape[0]):
        line = x[s]
        for i in range(line.shape[0]):
            line[i] = line[i] + bias[i]


@njit(nogil=True, cache=True, error_model="numpy")
def finish_forward(x: Floats, bias: Floats, code: int, y: Floats) -> None:
    """x (batch, lines) += bias (lines,), or (0,) where there is none, then y = function of x."""
    if bias.shape[0] > 0:
        add_bias(x, bias)
    activate_all(x, code, y)


@njit(nogil=True, cache=True, error_model="numpy")
def send_back(y: Floats, error: Floats, code: int, sent: Floats) -> None:
    """sent = error times the slope of the function where its output is y; (batch, lines) all."""
    values, errors, target = y.reshape(-1), error.reshape(-1), sent.reshape(-1)
    one = F(1.0)
    if code == SIGMOID:
        for i in range(values.size):
            target[i] = F(values[i] - F(values[i] * values[i])) * errors[i]
    elif code == TANH:
        for i in range(values.size):
            target[i] = F(one - F(values[i] * values[i])) * errors[i]
    else:
        for i in range(values.size):
            target[i] = (one if values[i] > F(0.0) else F(0.0)) * errors[i]


@njit(nogil=True, cache=True, error_model="numpy")
def step_bias(bias: Floats, error: Floats, rate: float) -> None:
    """bias (lines,) −= rate · Σ_samples error (batch, lines), summed in the order of the samples."""
    step = error[0].copy()
    for s in range(1, error.shape[0]):
        for i in range(step.shape[0]):
            step[i] = step[i] + error[s, i]
    for i in range(step.shape[0]):
        bias[i] = bias[i] - F(step[i] * F(rate))


@njit(nogil=True, cache=True, error_model="numpy")
def cross_entropy(outputs: Floats, labels: NDArray[np.int64], losses: NDArray[np.float64], error: Floats) -> int:
    """−log softmax(outputs)[label] of every sample into `losses`, its gradient into `error`; returns the hits.

    In float64, which costs nothing at this size and keeps the error exact near probability 1. A sample whose loss
    is NaN is no hit.
    """
    lines = outputs.shape[1]
    powers = np.empty(lines, np.float64)
    hits = 0
    for s in range(outputs.shape[0]):
        best = 0
        for i in range(lines):
            if outputs[s, i] > outputs[s, best]:
                best = i
        top, total = np.float64(outputs[s, best]), 0.0
        for i in range(lines):
            powers[i] = np.exp(np.float64(outputs[s, i]) - top)
            total += powers[i]
        label = labels[s]
        losses[s] = np.log(total) - (np.float64(outputs[s, label]) - top)
        for i in range(lines):
            error[s, i] = F(powers[i] / total - (1.0 if i == label else 0.0))
        hits += best == label and not np.isnan(losses[s])
    return hits
