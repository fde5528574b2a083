"""Products of several arrays, weighted and added up, always in one order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def scaled(product: Floats, coefficient: float) -> Floats:
    """coefficient · product; the product itself, bit for bit, for 1."""
    return product if coefficient == 1.0 else product * np.float32(coefficient)


def added(parts: Sequence[Floats]) -> Floats:
    """The sum, in this order."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
