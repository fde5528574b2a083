"""Float steps of single lines (`line_trains` says what such a write is): of ideal devices, and along a response."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP
from aimcsim.crossbar.lanes import largest_magnitude

Floats = NDArray[np.float32]


@njit(nogil=True, cache=True)
def first_not_finite(d: Floats) -> int:
    """Number of the first sample of d (n, out) that is not finite; n where all are."""
    for s in range(d.shape[0]):
        if not np.isfinite(largest_magnitude(d[s])):
            return s
    return d.shape[0]


@njit(nogil=True, cache=True)
def add_lines(conductances: Floats, lines: NDArray[np.int64], d: Floats, rate: float) -> int:
    """As `update.update_float` for x of one at `lines` (n,) and zero elsewhere."""
    s = first_not_finite(d)
    if s < d.shape[0]:
        return -1 - s
    for s in range(lines.shape[0]):
        for i in range(d.shape[1]):
            conductances[i, lines[s]] += np.float32(-rate * d[s, i])
    return 0


@njit(nogil=True, cache=True, fastmath=FAST)
def add_with_response(
    conductances: Floats, planes: Floats, granularity: float, lines: NDArray[np.int64], d: Floats, rate: float
) -> int:
    """As `response_update.update_with_response` for x of one at `lines` (n,) and zero elsewhere."""
    s = first_not_finite(d)
    if s < d.shape[0]:
        return -1 - s
    for s in range(lines.shape[0]):
        j = lines[s]
        for i in range(d.shape[1]):
            pulses, w = np.float32(-rate * d[s, i] / granularity), conductances[i, j]
            low, high = planes[BOUND_DOWN, i, j], planes[BOUND_UP, i, j]
            step = planes[RATE_UP, i, j] * (high - w) if pulses > 0.0 else planes[RATE_DOWN, i, j] * (low - w)
            conductances[i, j] = min(max(w + abs(pulses) * step, low), high)
    return 0
