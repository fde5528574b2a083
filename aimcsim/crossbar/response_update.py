"""Float updates that a device answers to: no pulses, but its response and its bounds."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP
from aimcsim.crossbar.lanes import largest_magnitude


@njit(nogil=True, cache=True, fastmath=FAST)
def update_with_response(
    conductances: NDArray[np.float32],
    planes: NDArray[np.float32],
    granularity: float,
    x: NDArray[np.float32],
    d: NDArray[np.float32],
    rate: float,
) -> int:
    """C += |Δ|/Δw_min · step±(C) with Δ = −rate·d xᵀ, sample by sample, held within the bounds; x (n, in), d (n, out).

    step±(C) is the mean step of one pulse of each cell, rate±·(bound± − C) for soft bounds, so Δ/Δw_min pulses are
    made at once, in fractions too. Returns 0 (no pulse is sent), or −1−s, with nothing changed, if sample s is not
    finite.
    """
    n, columns = x.shape
    for s in range(n):
        if not (np.isfinite(largest_magnitude(x[s])) and np.isfinite(largest_magnitude(d[s]))):
            return -1 - s
    for i in range(conductances.shape[0]):
        row, high, low = conductances[i], planes[BOUND_UP, i], planes[BOUND_DOWN, i]
        up, down = planes[RATE_UP, i], planes[RATE_DOWN, i]
        for s in range(n):
            if d[s, i] == 0.0:
                continue
            factor = np.float32(-rate * d[s, i] / granularity)
            line = x[s]
            for j in range(columns):
                w, pulses = row[j], factor * line[j]
                step = up[j] * (high[j] - w) if pulses > 0.0 else down[j] * (low[j] - w)
                row[j] = min(max(w + abs(pulses) * step, low[j]), high[j])
    return 0
