"""Pools of a micro-batch."""

from __future__ import annotations

import numpy as np

from aimcsim.crossbar.kernel_cache import cached_by_source
from aimcsim.network.layers import GlobalPool, Pool
from aimcsim.training.digital_pass import Floats, Made, Pass

with cached_by_source():
    from aimcsim.network import pool_kernels as pool
    from aimcsim.network.window_kernels import geometry_of


class OfWindows:
    """What pools over windows know of their layer."""

    def __init__(self, layer: Pool) -> None:
        self._size = layer.size
        self._geometry = geometry_of(layer.read, layer.window)
        self._kernel = layer.window.kernel


class LargestOfWindows(OfWindows):
    """Max pool. Where the largest value was is found again backward, which costs less than to keep it."""

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


class MeanOfWindows(OfWindows):
    """Average pool."""

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
