"""How much of a row of operations lies before a cycle: what shares of busy time are made of."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from aimcsim.report.op_table import Column

Cycles = TypeVar("Cycles", Column, NDArray[np.float64])


def busy_before(start: Cycles, end: Cycles, cycles: Cycles) -> Cycles:
    """How many busy cycles lie before each of `cycles`; operations by start, none overlaps another."""
    before = np.append(np.zeros(1, start.dtype), np.cumsum(end - start))
    at = np.searchsorted(start, cycles, side="right")
    # Of the operation that a cycle cuts, the part behind it does not count yet.
    cut = np.maximum(0, np.append(end, np.zeros(1, end.dtype))[at - 1] - cycles) * (at > 0)
    found: Cycles = before[at] - cut
    return found
