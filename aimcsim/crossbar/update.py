"""Updates: one pass over the array for all samples of a micro-batch.

Rows are the outer loop and samples the inner one, so a row of conductances is read from memory once per call; each
cell still sees the samples in their order, and the result is that of one call per sample, bit for bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, row_keys, sample_keys
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP, SOFT_BOUNDS
from aimcsim.crossbar.lanes import largest_magnitude
from aimcsim.crossbar.pulses import STOCHASTIC, TrainRules, coincidences, implied_counts
from aimcsim.crossbar.soft_bounds import soft_bounds_cells
from aimcsim.crossbar.trains import draw_trains, plan_lines

#: Cells stepped together in long trains: few enough that the deepest count of a strip is near its mean, enough for
#: vectors to pay. Trains of up to SHORT_TRAIN slots have no deep counts, and whole rows are taken at once.
STRIP: Final = 128
SHORT_TRAIN: Final = 4


@njit(nogil=True, cache=True, fastmath=FAST)
def update_float(conductances: NDArray[np.float32], x: NDArray[np.float32], d: NDArray[np.float32], rate: float) -> int:
    """C −= rate·d xᵀ sample by sample without device physics; x (n, in), d (n, out).

    Returns 0 (no pulse is sent), or −1−s, with nothing changed, if sample s is not finite.
    """
    n, columns = x.shape
    for s in range(n):
        if not (np.isfinite(largest_magnitude(x[s])) and np.isfinite(largest_magnitude(d[s]))):
            return -1 - s
    for i in range(conductances.shape[0]):
        row = conductances[i]
        for s in range(n):
            if d[s, i] != 0.0:
                factor = np.float32(-rate * d[s, i])
                line = x[s]
                for j in range(columns):
                    row[j] += factor * line[j]
    return 0


@njit(nogil=True, cache=True)
def gather(target: NDArray[np.float32], source: NDArray[np.float32], at: NDArray[np.uint32], n: int) -> None:
    """target[k] = source[at[k]] for k < n."""
    for k in range(np.uintp(n)):
        target[k] = source[at[k]]


@njit(nogil=True, cache=True)
def scatter(target: NDArray[np.float32], source: NDArray[np.float32], at: NDArray[np.uint32], n: int) -> None:
    """target[at[k]] = source[k] for k < n."""
    for k in range(np.uintp(n)):
        target[at[k]] = source[k]


@njit(nogil=True, cache=True)
def update_pulsed(
    conductances: NDArray[np.float32],
    planes: NDArray[np.float32],
    kind: int,
    x: NDArray[np.float32],
    d: NDArray[np.float32],
    rate: float,
    rules: TrainRules,
    noise: float,
    multiplicative: bool,
    keys: NDArray[np.uint32],
    first_sample: int,
) -> int:
    """C −= rate·d xᵀ in expectation, by trains of pulses, in place; x (n, in), d (n, out), C (out, in).

    `planes` and `kind` describe the devices (`devices.DeviceArray`), `keys` (3, 2) are those of the column trains,
    the row trains and the cycle noise, and row s of x and d is sample `first_sample` + s of the run.
    Returns the slots of all trains together, or −1−s, with nothing changed, if sample s is not finite.
    """
    n, columns = x.shape
    rows = d.shape[1]
    total, slots, factors, x, d = plan_lines(x, d, rate, rules, keys, first_sample)
    if total <= 0:
        return total
    stochastic = rules.pulse_type == STOCHASTIC
    column_bits, row_bits, inputs, lanes, width, awake = draw_trains(
        x, d, slots, factors, stochastic, rules.phases, keys, first_sample
    )
    noise_keys = np.empty((n, 2), np.uint32)
    for s in range(n):
        noise_keys[s, 0], noise_keys[s, 1] = sample_keys(keys[2, 0], keys[2, 1], first_sample + s)

    counts = np.empty(max(STRIP, columns), np.int32)
    normals = np.empty(max(STRIP, columns) + 1, np.float32)
    buffers = np.empty((5, columns), np.float32)
    packed_up, packed_high = buffers[RATE_UP], buffers[BOUND_UP]
    packed_down, packed_low, packed_w = buffers[RATE_DOWN], buffers[BOUND_DOWN], buffers[4]
    for i in range(rows):
        row_w, row_up, row_high = conductances[i], planes[RATE_UP, i], planes[BOUND_UP, i]
        row_down, row_low = planes[RATE_DOWN, i], planes[BOUND_DOWN, i]
        for s in range(n):
            if not awake[i, s]:
                continue
            line, lane, size = inputs[s], lanes[s], width[s]
            strip = columns if slots[s] <= SHORT_TRAIN else STRIP
            expected = slots[s] * min(factors[s, 0] * abs(d[s, i]), 1.0)
            sign = np.float32(1.0 if d[s, i] * rate > 0.0 else -1.0)
            key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], i)
            packed = size < columns
            if packed:
                gather(packed_w, row_w, lane, size)
                gather(packed_up, row_up, lane, size)
                gather(packed_high, row_high, lane, size)
                gather(packed_down, row_down, lane, size)
                gather(packed_low, row_low, lane, size)
            for start in range(0, size, strip):
                m = min(strip, size - start)
                if stochastic:
                    top = coincidences(counts, column_bits, row_bits, s, i, start, m)
                else:
                    top = implied_counts(counts, line, factors[s, 1], expected, start, m)
                if top == 0:
                    continue
                # Further devices branch here, by kind: each moves one strip of cells by its counts.
                if kind == SOFT_BOUNDS:
                    soft_bounds_cells(
                        packed_w if packed else row_w,
                        packed_up if packed else row_up,
                        packed_high if packed else row_high,
                        packed_down if packed else row_down,
                        packed_low if packed else row_low,
                        line,
                        lane,
                        start,
                        m,
                        sign,
                        counts,
                        top,
                        normals,
                        np.float32(noise),
                        multiplicative,
                        key0,
                        key1,
                    )
            if packed:
                scatter(row_w, packed_w, lane, size)
    return total
