"""Updates: one pass over the array for all samples of a micro-batch.

Rows are the outer loop and samples the inner one, so a row of conductances is read from memory once per call; each
cell still sees the samples in their order, and the result is that of one call per sample, bit for bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, row_keys, sample_keys
from aimcsim.crossbar.lanes import largest_magnitude
from aimcsim.crossbar.pulses import STOCHASTIC, TrainRules, implied_counts
from aimcsim.crossbar.soft_bounds_rows import count_line
from aimcsim.crossbar.soft_bounds_trains import (
    BUFFER_ROWS,
    fetch_row,
    gather_cells,
    scatter_cells,
    single_pulse_row,
    step_cells,
)
from aimcsim.crossbar.train_noise import FLIP
from aimcsim.crossbar.train_order import BLOCK, column_words, order_columns, reaches_of
from aimcsim.crossbar.trains import draw_trains, plan_lines


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
def update_pulsed(
    conductances: NDArray[np.float32],
    planes: NDArray[np.float32],
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

    `planes` are those of plain soft bounds (`devices.DeviceArray`), `keys` (3, 2) are those of the column trains,
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
    noise_keys, words = np.empty((n, 2), np.uint32), np.empty((n, columns + BLOCK), np.uint32)
    in_place = np.zeros(n, np.bool_)
    for s in range(n):
        noise_keys[s, 0], noise_keys[s, 1] = sample_keys(keys[2, 0], keys[2, 1], first_sample + s)
        in_place[s] = stochastic and rules.phases == 1 and slots[s] == 1 and width[s] == columns
        if not in_place[s]:
            width[s] = order_columns(column_bits, inputs, lanes, s, width[s], stochastic)
        column_words(words, lanes, s, width[s], noise_keys[s, 0], noise_keys[s, 1])

    sigma = np.float32(noise)
    counts = np.zeros(columns + BLOCK, np.int32)
    cells = np.zeros((BUFFER_ROWS, columns + BLOCK), np.float32)
    z = np.zeros(columns + 1, np.float32)
    reaches = np.empty(slots.max() * rules.phases // 2 + 1, np.int64)
    for i in range(rows):
        if i + 1 < rows:
            fetch_row(conductances, planes, i + 1)
        for s in range(n):
            if not awake[i, s]:
                continue
            size = width[s]
            flip = np.int32(0) if d[s, i] * rate > 0.0 else FLIP
            key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], i)
            if in_place[s]:
                single_pulse_row(
                    conductances,
                    planes,
                    i,
                    inputs,
                    words,
                    s,
                    size,
                    flip,
                    column_bits,
                    z,
                    sigma,
                    multiplicative,
                    key0,
                    key1,
                )
                continue
            if stochastic:
                count_line(counts, column_bits, row_bits, s, i, size)
            else:
                expected = slots[s] * min(factors[s, 0] * abs(d[s, i]), 1.0)
                implied_counts(counts, inputs[s], factors[s, 1], expected, 0, size)
            end = (size + BLOCK - 1) // BLOCK * BLOCK
            counts[size:end] = 0
            rounds = reaches_of(reaches, counts, end)
            if rounds == 0:
                continue
            reached = min(reaches[0], size)
            top = 1 if slots[s] * rules.phases == 1 else 2
            gather_cells(cells, conductances, planes, i, lanes, inputs, s, reached, flip, sigma, multiplicative)
            step_cells(cells, counts, reaches, rounds, top, words, s, sigma, multiplicative, key0, key1)
            scatter_cells(cells, conductances, i, lanes, s, reached)
    return total
