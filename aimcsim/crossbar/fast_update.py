"""Pulsed updates of soft-bounds arrays in the default mode: the pulses of a train in closed form.

The same trains as `update.update_pulsed` and the same order: rows outside, samples inside, so that a row of
conductances is read once a call and every cell sees the samples in their order.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import row_keys, sample_keys, word
from aimcsim.crossbar.lanes import bits_of, popcount
from aimcsim.crossbar.pulses import STOCHASTIC, TrainRules, implied_counts
from aimcsim.crossbar.soft_bounds_fast import (
    HIGHEST_FALL,
    LARGEST_NORMAL,
    LOWEST_FALL,
    coarse_cell,
    count_line,
    counted_cells,
    single_pulse_cells,
    train_cells,
)
from aimcsim.crossbar.trains import draw_trains, plan_lines

#: Rows are fewer than this; its keys make the columns' words.
_NO_ROW = 0xFFFFFFFF
#: Packed cells are filled up to a multiple of this with what nobody reads: the last vector is a whole one.
_PAD = 32
_FLIP = np.int32(-(2**31))


@njit(nogil=True, cache=True)
def stays_near(top_drift: float, slots: int, noise: float, multiplicative: bool) -> bool:
    """Whether ε of every cell is within the range of `fall`, whatever the normals."""
    reach = top_drift * noise * (1.0 + top_drift) * LARGEST_NORMAL
    lowest = -reach * LARGEST_NORMAL * noise / 4.0
    return multiplicative and lowest >= LOWEST_FALL and top_drift * slots + reach * np.sqrt(slots) <= HIGHEST_FALL


@njit(nogil=True, cache=True)
def pack_row(
    w: NDArray[np.float32],
    pace: NDArray[np.float32],
    bounds: NDArray[np.float32],
    row: int,
    lanes: NDArray[np.uint32],
    sample: int,
    n: int,
    packed_w: NDArray[np.float32],
    packed_pace: NDArray[np.float32],
    packed_bounds: NDArray[np.float32],
) -> None:
    """Gather a row's cells in the sample's n lanes.

    w (out, in) goes to (1, in), pace and bounds (2, out, in) to (2, 1, in).
    """
    i, s, zero, one = np.uintp(row), np.uintp(sample), np.uintp(0), np.uintp(1)
    for k in range(np.uintp(n)):
        j = np.uintp(lanes[s, k])
        packed_w[zero, k] = w[i, j]
        packed_pace[zero, zero, k] = pace[zero, i, j]
        packed_pace[one, zero, k] = pace[one, i, j]
        packed_bounds[zero, zero, k] = bounds[zero, i, j]
        packed_bounds[one, zero, k] = bounds[one, i, j]


@njit(nogil=True, cache=True)
def unpack_row(
    w: NDArray[np.float32], row: int, lanes: NDArray[np.uint32], sample: int, n: int, packed_w: NDArray[np.float32]
) -> None:
    """Put the weights that `pack_row` gathered back."""
    i, s, zero = np.uintp(row), np.uintp(sample), np.uintp(0)
    for k in range(np.uintp(n)):
        w[i, np.uintp(lanes[s, k])] = packed_w[zero, k]


@njit(nogil=True, cache=True)
def coincidences_at(columns: NDArray[np.uint32], rows: NDArray[np.uint32], sample: int, row: int, at: int) -> int:
    """Coincidences of one row's train with that of the column at place `at`; trains (samples, words, lines)."""
    total = 0
    for w in range(columns.shape[1]):
        total += popcount(np.uint32(columns[sample, w, at] & rows[sample, w, row]))
    return total


@njit(nogil=True, cache=True)
def place_of(lanes: NDArray[np.uint32], n: int, column: int) -> int:
    """The place of a column among the first n ascending `lanes`; −1 where it is not there."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if lanes[middle] < column:
            low = middle + 1
        else:
            high = middle
    return low if low < n and lanes[low] == column else -1


@njit(nogil=True, cache=True)
def update_closed_form(
    conductances: NDArray[np.float32],
    rates: NDArray[np.float32],
    bounds: NDArray[np.float32],
    drifts: NDArray[np.float32],
    coarse: NDArray[np.uint32],
    coarse_first: NDArray[np.int64],
    top_drift: float,
    x: NDArray[np.float32],
    d: NDArray[np.float32],
    rate: float,
    rules: TrainRules,
    noise: float,
    multiplicative: bool,
    keys: NDArray[np.uint32],
    first_sample: int,
) -> int:
    """As `update.update_pulsed` on soft bounds, with the pulses of a train in closed form (`closed_form`).

    rates, bounds and drifts (2, out, in): upward and downward. Trains of one slot follow the exact formula. Coarse
    cells are stepped pulse by pulse, in those directions whose drift is 0.
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
    one_train = stochastic and rules.phases == 1
    noise_keys = np.empty((n, 2), np.uint32)
    words = np.zeros((n, columns), np.uint32)
    near = np.empty(n, np.bool_)
    for s in range(n):
        near[s] = one_train and slots[s] <= 32 and stays_near(top_drift, slots[s], noise, multiplicative)
        noise_keys[s, 0], noise_keys[s, 1] = sample_keys(keys[2, 0], keys[2, 1], first_sample + s)
        key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], _NO_ROW)
        for k in range(width[s]):
            words[s, k] = word(key0, key1, lanes[s, k])
    sigma = np.float32(noise)
    counts = np.zeros(columns, np.int32)
    packed_w = np.zeros((1, columns), np.float32)
    packed_pace = np.zeros((2, 1, columns), np.float32)
    packed_bounds = np.zeros((2, 1, columns), np.float32)
    for i in range(rows):
        for s in range(n):
            if not awake[i, s]:
                continue
            size = width[s]
            flip = np.int32(0) if d[s, i] * rate > 0.0 else _FLIP
            key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], i)
            single = one_train and slots[s] == 1
            w, pace, held, row = conductances, rates if single else drifts, bounds, i
            packed = size < columns
            if packed:
                pack_row(w, pace, bounds, i, lanes, s, size, packed_w, packed_pace, packed_bounds)
                w, pace, held, row = packed_w, packed_pace, packed_bounds, 0
            reach = min((size + _PAD - 1) // _PAD * _PAD, columns) if packed else size
            if single:
                single_pulse_cells(
                    w, pace, held, row, inputs, words, s, reach, flip, column_bits, sigma, multiplicative, key0, key1
                )
            elif near[s]:
                train = row_bits[s, 0, i]
                train_cells(w, pace, held, row, inputs, words, s, reach, flip, column_bits, train, sigma, key0, key1)
            else:
                if stochastic:
                    count_line(counts, column_bits, row_bits, s, i, size)
                else:
                    expected = slots[s] * min(factors[s, 0] * abs(d[s, i]), 1.0)
                    implied_counts(counts, inputs[s], factors[s, 1], expected, 0, size)
                counted_cells(
                    w, pace, held, row, inputs, words, s, reach, flip, counts, sigma, multiplicative, key0, key1
                )
            if packed:
                unpack_row(conductances, i, lanes, s, size, packed_w)
            if single:
                continue
            for k in range(coarse_first[i], coarse_first[i + 1]):
                j = int(coarse[k])
                down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
                at = place_of(lanes[s], size, j) if packed else j
                if at < 0 or drifts[1 if down else 0, i, j] != 0.0:
                    continue
                count = coincidences_at(column_bits, row_bits, s, i, at) if near[s] else int(counts[at])
                low, high = bounds[1, i, j], bounds[0, i, j]
                conductances[i, j] = coarse_cell(
                    conductances[i, j],
                    rates[1 if down else 0, i, j],
                    low if down else high,
                    low,
                    high,
                    count,
                    np.uint32(j),
                    sigma,
                    multiplicative,
                    key0,
                    key1,
                )
    return total
