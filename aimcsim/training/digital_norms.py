"""Norms of a micro-batch. A batch norm keeps its moments from forward to update; a layer norm takes them anew."""

from __future__ import annotations

import numpy as np

from aimcsim.crossbar.kernel_cache import cached_by_source
from aimcsim.network.layers import BatchNorm, LayerNorm
from aimcsim.training.digital_pass import Floats, Made, Moments, Pass

with cached_by_source():
    from aimcsim.network import norm_kernels as norm


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
