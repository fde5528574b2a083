"""What digital layers and a micro-batch tell each other.

Values are (batch, values of a sample). A layer that learns has its scale and shift in `learned` (2, n).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

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
