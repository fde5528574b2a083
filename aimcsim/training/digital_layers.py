"""Digital layers beyond activations and sums: what they make of a micro-batch, forward and backward.

Values are (batch, values of a sample). A layer that learns has its scale and shift in `learned` (2, n); a batch norm
keeps the moments of the micro-batch from forward to update, everything else is computed again from the values.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.kernel_cache import cached_by_source
from aimcsim.keys import key_pair
from aimcsim.network.layers import BatchNorm, Concatenate, Dropout, Flatten, GlobalPool, Layer, LayerNorm, Pool

with cached_by_source():
    from aimcsim.network import norm_kernels as norm
    from aimcsim.network import pool_kernels as pool
    from aimcsim.network.window_kernels import geometry_of

Floats = NDArray[np.float32]
Moments = NDArray[np.float64]


class Pass(NamedTuple):
    """A micro-batch at one layer: number of its first sample; `learned`: scale and shift that the pass reads.

    `moments`: (2, channels) of a batch norm: in training those of the micro-batch, None before forward; in an
    evaluation the running ones.
    """

    first_sample: int
    training: bool
    learned: Floats | None = None
    moments: Moments | None = None


class Made(NamedTuple):
    """The values of a layer, and the moments that backward will want."""

    values: Floats
    moments: Moments | None = None


class Vectors(Protocol):
    """Where layers find what they learn digitally: in training by version, in an evaluation as it was copied."""

    training: bool

    def at(self, number: int, version: int) -> Floats | None:
        """Vectors of layer `number` after `version` updates, None where it has none."""

    def moments(self, number: int) -> Moments | None:
        """Moments that a batch norm is to take, None for those of the micro-batch."""


class DigitalLayer(Protocol):
    """One layer."""

    def forward(self, inputs: list[Floats], at: Pass) -> Made:
        """Values from those of the layers it reads."""

    def backward(self, x: Floats, error: Floats, at: Pass) -> Floats:
        """What it sends back, from the values of its first input and the error at its output."""


def digital_layer(layer: Layer, seed: int) -> DigitalLayer | None:
    """What computes a layer, None of those that are computed elsewhere."""
    match layer:
        case Pool():
            return LargestOfWindows(layer) if layer.largest else MeanOfWindows(layer)
        case GlobalPool():
            return MeanOfChannels(layer)
        case BatchNorm():
            return NormOfChannels(layer)
        case LayerNorm():
            return NormOfSamples(layer)
        case Dropout():
            return Dropping(layer, seed)
        case Flatten():
            return PassingOn()
        case Concatenate():
            return Joining()
        case _:
            return None


class LargestOfWindows:
    """Max pool. Where the largest value was is found again backward, which costs less than to keep it."""

    def __init__(self, layer: Pool) -> None:
        self._size = layer.size
        self._geometry = geometry_of(layer.read, layer.window)
        self._kernel = layer.window.kernel

    def forward(self, inputs: list[Floats], at: Pass) -> Made:
        """Largest value of every window."""
        y = np.empty((len(inputs[0]), self._size), np.float32)
        pool.pool_largest(inputs[0], self._geometry, *self._kernel, y)
        return Made(y)

    def backward(self, x: Floats, error: Floats, at: Pass) -> Floats:
        """To the first largest value of the window."""
        sent = np.empty(x.shape, np.float32)
        pool.send_to_largest(x, error, self._geometry, *self._kernel, sent)
        return sent


class MeanOfWindows:
    """Average pool."""

    def __init__(self, layer: Pool) -> None:
        self._size = layer.size
        self._geometry = geometry_of(layer.read, layer.window)
        self._kernel = layer.window.kernel

    def forward(self, inputs: list[Floats], at: Pass) -> Made:
        """Mean of every window."""
        y = np.empty((len(inputs[0]), self._size), np.float32)
        pool.pool_mean(inputs[0], self._geometry, *self._kernel, y)
        return Made(y)

    def backward(self, x: Floats, error: Floats, at: Pass) -> Floats:
        """In equal parts."""
        sent = np.empty(x.shape, np.float32)
        pool.send_to_all(error, self._geometry, *self._kernel, sent)
        return sent


class MeanOfChannels:
    """Global average pool."""

    def __init__(self, layer: GlobalPool) -> None:
        self._channels = layer.size

    def forward(self, inputs: list[Floats], at: Pass) -> Made:
        """Mean of every channel."""
        y = np.empty((len(inputs[0]), self._channels), np.float32)
        pool.mean_of_channels(inputs[0], y)
        return Made(y)

    def backward(self, x: Floats, error: Floats, at: Pass) -> Floats:
        """In equal parts."""
        sent = np.empty(x.shape, np.float32)
        pool.send_to_channels(error, sent)
        return sent


class NormOfChannels:
    """Batch norm."""

    def __init__(self, layer: BatchNorm) -> None:
        self._epsilon = layer.epsilon
        self._channels = layer.shape[0]
        self.momentum = layer.momentum

    def forward(self, inputs: list[Floats], at: Pass) -> Made:
        """With the moments of the micro-batch, or in an evaluation the running ones."""
        x, moments = inputs[0], at.moments
        if moments is None:
            moments = np.empty((2, self._channels))
            norm.moments_of_channels(x, moments)
        y = np.empty(x.shape, np.float32)
        norm.normalise_channels(x, moments, self._epsilon, at.learned, y)
        return Made(y, moments)

    def backward(self, x: Floats, error: Floats, at: Pass) -> Floats:
        """Through the moments too, which depend on every value."""
        sent = np.empty(x.shape, np.float32)
        sums = self.gradients(x, error, at.moments)
        norm.send_back_channels(x, at.moments, self._epsilon, at.learned, error, sums, sent)
        return sent

    def gradients(self, x: Floats, error: Floats, moments: Moments | None) -> Moments:
        """Of scale and shift, (2, channels)."""
        sums = np.empty((2, self._channels))
        norm.gradients_of_channels(x, moments, self._epsilon, error, sums)
        return sums


class NormOfSamples:
    """Layer norm."""

    def __init__(self, layer: LayerNorm) -> None:
        self._epsilon = layer.epsilon

    def forward(self, inputs: list[Floats], at: Pass) -> Made:
        """With the moments of each sample."""
        y = np.empty(inputs[0].shape, np.float32)
        norm.normalise_samples(inputs[0], self._epsilon, at.learned, y)
        return Made(y)

    def backward(self, x: Floats, error: Floats, at: Pass) -> Floats:
        """Through the moments too."""
        sent = np.empty(x.shape, np.float32)
        norm.send_back_samples(x, self._epsilon, at.learned, error, sent)
        return sent

    def gradients(self, x: Floats, error: Floats, moments: Moments | None) -> Moments:
        """Of scale and shift, (2, values)."""
        sums = np.empty((2, x.shape[1]))
        norm.gradients_of_samples(x, self._epsilon, error, sums)
        return sums


class Dropping:
    """Dropout. What is dropped follows from seed, layer, number of the sample and position alone."""

    def __init__(self, layer: Dropout, seed: int) -> None:
        self._probability = layer.probability
        self._keys = key_pair(seed, layer.name, "dropout")

    def forward(self, inputs: list[Floats], at: Pass) -> Made:
        """What is left."""
        return Made(self._dropped(inputs[0], at) if at.training else inputs[0])

    def backward(self, x: Floats, error: Floats, at: Pass) -> Floats:
        """The same values are dropped."""
        return self._dropped(error, at)

    def _dropped(self, values: Floats, at: Pass) -> Floats:
        y = np.empty(values.shape, np.float32)
        norm.drop(values, self._probability, *self._keys, at.first_sample, y)
        return y


class PassingOn:
    """Flatten: values are flat everywhere."""

    def forward(self, inputs: list[Floats], at: Pass) -> Made:
        """The same."""
        return Made(inputs[0])

    def backward(self, x: Floats, error: Floats, at: Pass) -> Floats:
        """The same."""
        return error


class Joining:
    """Concatenate. It sends the whole error back; each input takes its part of it."""

    def forward(self, inputs: list[Floats], at: Pass) -> Made:
        """One behind the other: the first dimension is the slowest in C order."""
        return Made(np.concatenate(inputs, axis=1))

    def backward(self, x: Floats, error: Floats, at: Pass) -> Floats:
        """The whole."""
        return error
