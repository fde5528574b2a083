"""Digital layers beyond activations and sums: which object computes which layer, and the small ones themselves."""

from __future__ import annotations

import numpy as np

from aimcsim.crossbar.kernel_cache import cached_by_source
from aimcsim.keys import key_pair
from aimcsim.network.layers import BatchNorm, Concatenate, Dropout, Flatten, GlobalPool, Layer, LayerNorm, Pool
from aimcsim.training.digital_norms import NormOfChannels, NormOfSamples
from aimcsim.training.digital_pass import DigitalLayer, Floats, Made, Pass
from aimcsim.training.digital_pools import LargestOfWindows, MeanOfChannels, MeanOfWindows

with cached_by_source():
    from aimcsim.network.norm_kernels import drop


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
        drop(values, self._probability, *self._keys, at.first_sample, y)
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
