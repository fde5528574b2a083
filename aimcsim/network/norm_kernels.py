"""Batch and layer normalisation and dropout, compiled. Sums are taken in float64, in the order of the values.

Of a batch norm: x (batch, channels x places), `moments` (2, channels) float64 its means and (biased) variances,
`learned` (2, channels) scale and shift. Of a layer norm: x (batch, values), `learned` (2, values).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import row_keys, sample_keys, uniform, word

Floats = NDArray[np.float32]
Moments = NDArray[np.float64]

F = np.float32


@njit(nogil=True, cache=True, error_model="numpy")
def moments_of_channels(x: Floats, moments: Moments) -> None:
    """Mean and variance of every channel over samples and places, in two passes."""
    channels = moments.shape[1]
    places = x.shape[1] // channels
    count = x.shape[0] * places
    for c in range(channels):
        total = 0.0
        for s in range(x.shape[0]):
            for p in range(places):
                total += float(x[s, c * places + p])
        mean = total / count
        square = 0.0
        for s in range(x.shape[0]):
            for p in range(places):
                distance = float(x[s, c * places + p]) - mean
                square += distance * distance
        moments[0, c] = mean
        moments[1, c] = square / count


@njit(nogil=True, cache=True, error_model="numpy")
def normalise_channels(x: Floats, moments: Moments, epsilon: float, learned: Floats, y: Floats) -> None:
    """y = scale · (x − mean)/√(variance + epsilon) + shift."""
    channels = learned.shape[1]
    places = x.shape[1] // channels
    for c in range(channels):
        factor = float(learned[0, c]) / np.sqrt(moments[1, c] + epsilon)
        mean, shift = moments[0, c], float(learned[1, c])
        for s in range(x.shape[0]):
            for p in range(places):
                at = c * places + p
                y[s, at] = F((float(x[s, at]) - mean) * factor + shift)


@njit(nogil=True, cache=True, error_model="numpy")
def gradients_of_channels(x: Floats, moments: Moments, epsilon: float, error: Floats, sums: Moments) -> None:
    """sums (2, channels): Σ error · normalised x, and Σ error, the gradients of scale and shift."""
    channels = sums.shape[1]
    places = x.shape[1] // channels
    for c in range(channels):
        mean, inverse = moments[0, c], 1.0 / np.sqrt(moments[1, c] + epsilon)
        of_scale, of_shift = 0.0, 0.0
        for s in range(x.shape[0]):
            for p in range(places):
                at = c * places + p
                each = float(error[s, at])
                of_scale += each * ((float(x[s, at]) - mean) * inverse)
                of_shift += each
        sums[0, c] = of_scale
        sums[1, c] = of_shift


@njit(nogil=True, cache=True, error_model="numpy")
def send_back_channels(
    x: Floats, moments: Moments, epsilon: float, learned: Floats, error: Floats, sums: Moments, sent: Floats
) -> None:
    """sent = scale/σ · (error − mean(error) − normalised x · mean(error · normalised x)), means over the channel."""
    channels = sums.shape[1]
    places = x.shape[1] // channels
    count = x.shape[0] * places
    for c in range(channels):
        mean, inverse = moments[0, c], 1.0 / np.sqrt(moments[1, c] + epsilon)
        along, level = sums[0, c] / count, sums[1, c] / count
        factor = float(learned[0, c]) * inverse
        for s in range(x.shape[0]):
            for p in range(places):
                at = c * places + p
                normal = (float(x[s, at]) - mean) * inverse
                sent[s, at] = F(factor * (float(error[s, at]) - level - normal * along))


@njit(nogil=True, cache=True, error_model="numpy")
def moments_of_sample(x: Floats) -> tuple[float, float]:
    """Mean and variance of one sample's values."""
    total = 0.0
    for i in range(x.shape[0]):
        total += float(x[i])
    mean = total / x.shape[0]
    square = 0.0
    for i in range(x.shape[0]):
        square += (float(x[i]) - mean) * (float(x[i]) - mean)
    return mean, square / x.shape[0]


@njit(nogil=True, cache=True, error_model="numpy")
def normalise_samples(x: Floats, epsilon: float, learned: Floats, y: Floats) -> None:
    """y = scale · (x − mean)/√(variance + epsilon) + shift, with the moments of each sample."""
    for s in range(x.shape[0]):
        mean, variance = moments_of_sample(x[s])
        inverse = 1.0 / np.sqrt(variance + epsilon)
        for i in range(x.shape[1]):
            y[s, i] = F((float(x[s, i]) - mean) * inverse * float(learned[0, i]) + float(learned[1, i]))


@njit(nogil=True, cache=True, error_model="numpy")
def gradients_of_samples(x: Floats, epsilon: float, error: Floats, sums: Moments) -> None:
    """sums (2, values): Σ over samples of error · normalised x, and of error."""
    sums[:] = 0.0
    for s in range(x.shape[0]):
        mean, variance = moments_of_sample(x[s])
        inverse = 1.0 / np.sqrt(variance + epsilon)
        for i in range(x.shape[1]):
            sums[0, i] += float(error[s, i]) * ((float(x[s, i]) - mean) * inverse)
            sums[1, i] += float(error[s, i])


@njit(nogil=True, cache=True, error_model="numpy")
def send_back_samples(x: Floats, epsilon: float, learned: Floats, error: Floats, sent: Floats) -> None:
    """sent = (g − mean(g) − normalised x · mean(g · normalised x))/σ with g = scale · error, means over the sample."""
    for s in range(x.shape[0]):
        mean, variance = moments_of_sample(x[s])
        inverse = 1.0 / np.sqrt(variance + epsilon)
        along, level = 0.0, 0.0
        for i in range(x.shape[1]):
            each = float(error[s, i]) * float(learned[0, i])
            along += each * ((float(x[s, i]) - mean) * inverse)
            level += each
        along, level = along / x.shape[1], level / x.shape[1]
        for i in range(x.shape[1]):
            each = float(error[s, i]) * float(learned[0, i])
            normal = (float(x[s, i]) - mean) * inverse
            sent[s, i] = F(inverse * (each - level - normal * along))


@njit(nogil=True, cache=True, error_model="numpy")
def step_learned(learned: Floats, sums: Moments, rate: float) -> None:
    """learned (2, n) −= rate · sums."""
    for k in range(2):
        for i in range(learned.shape[1]):
            learned[k, i] = F(float(learned[k, i]) - rate * sums[k, i])


@njit(nogil=True, cache=True, error_model="numpy")
def drop(x: Floats, probability: float, key0: int, key1: int, first_sample: int, y: Floats) -> None:
    """y = x/(1 − p), or 0 with probability p, drawn for each value by the number of its sample and its position.

    The error takes the same way as the values.
    """
    factor = F(1.0 / (1.0 - probability))
    threshold = F(probability)
    for s in range(x.shape[0]):
        a, b = sample_keys(np.uint32(key0), np.uint32(key1), first_sample + s)
        a, b = row_keys(a, b, 0)
        for i in range(x.shape[1]):
            y[s, i] = x[s, i] * factor if uniform(word(a, b, np.uint32(i))) > threshold else F(0.0)
