"""What a micro-batch sends on the lines of an array: the trains of all its samples, and which lines they wake."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.alignment import aligned_words
from aimcsim.crossbar.counter_hash import sample_keys
from aimcsim.crossbar.lanes import largest_magnitude
from aimcsim.crossbar.pulses import (
    TrainRules,
    fill_phases,
    fill_train,
    plan_train,
    rounded_lines,
    unpacked_rules,
)

#: A sample of which a smaller part of the columns fires has them gathered, else whole rows are masked.
GATHER_BELOW: Final = 0.25


@njit(nogil=True, cache=True)
def fired_lines(
    fired: NDArray[np.uint32], bits: NDArray[np.uint32], values: NDArray[np.float32], sample: int, stochastic: bool
) -> None:
    """Into `fired` (lines,): 0 where a line of a sample sends nothing. bits (samples, words, lines), values likewise.

    Of a deterministic train that is where its value is zero.
    """
    s, lines = np.uintp(sample), np.uintp(fired.shape[0])
    for j in range(lines):
        fired[j] = bits[s, np.uintp(0), j] if stochastic else np.uint32(values[s, j] != np.float32(0.0))
    if stochastic:
        for w in range(np.uintp(1), np.uintp(bits.shape[1])):
            for j in range(lines):
                fired[j] = np.uint32(fired[j] | bits[s, w, j])


@njit(nogil=True, cache=True)
def pack_columns(
    bits: NDArray[np.uint32],
    x: NDArray[np.float32],
    inputs: NDArray[np.float32],
    lanes: NDArray[np.uint32],
    fired: NDArray[np.uint32],
    sample: int,
    stochastic: bool,
) -> int:
    """Choose the columns a sample's update visits; returns their number. Arrays as in `draw_trains`.

    Where a smaller part of the columns than GATHER_BELOW fires, `bits`, `inputs` and `lanes` are packed to those;
    otherwise all columns stay (masked later by their counts) and `lanes` is 0, 1, 2...
    """
    s, columns, many = np.uintp(sample), np.uintp(fired.shape[0]), np.uintp(0)
    for j in range(columns):
        # Without a branch, which would be mispredicted for every second column.
        lanes[s, many] = np.uint32(j)
        many += np.uintp(fired[j] != np.uint32(0))
    if float(many) >= GATHER_BELOW * float(columns):
        for j in range(columns):
            lanes[s, j] = np.uint32(j)
            inputs[s, j] = x[s, j]
        return int(columns)
    for k in range(many):
        inputs[s, k] = x[s, np.uintp(lanes[s, k])]
    if stochastic:
        for w in range(np.uintp(bits.shape[1])):
            for k in range(many):
                bits[s, w, k] = bits[s, w, np.uintp(lanes[s, k])]
    return int(many)


@njit(nogil=True, cache=True)
def plan_samples(
    x: NDArray[np.float32], d: NDArray[np.float32], rate: float, rules: TrainRules
) -> tuple[int, NDArray[np.int64], NDArray[np.float64]]:
    """Slots of all trains together (−1−s: sample s is not finite), slots (n,) of a phase, and (A, B) (n, 2)."""
    n = x.shape[0]
    slots = np.empty(n, np.int64)
    factors = np.empty((n, 2))
    total = 0
    for s in range(n):
        x_max, d_max = largest_magnitude(x[s]), largest_magnitude(d[s])
        if not (np.isfinite(x_max) and np.isfinite(d_max)):
            return -1 - s, slots, factors
        slots[s], factors[s, 0], factors[s, 1] = plan_train(abs(rate), x_max, d_max, rules)
        total += slots[s]
    return total * rules.phases, slots, factors


@njit(nogil=True, cache=True)
def count_slots(x: NDArray[np.float32], d: NDArray[np.float32], rate: float, numbers: NDArray[np.float64]) -> int:
    """The first of what `plan_samples` gives, for packed rules."""
    return plan_samples(x, d, rate, unpacked_rules(numbers))[0]


@njit(nogil=True, cache=True)
def plan_lines(
    x: NDArray[np.float32],
    d: NDArray[np.float32],
    rate: float,
    rules: TrainRules,
    keys: NDArray[np.uint32],
    first_sample: int,
) -> tuple[int, NDArray[np.int64], NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
    """What `plan_samples` plans, and x and d as the pulse drivers can resolve them: what every kernel begins with."""
    total, slots, factors = plan_samples(x, d, rate, rules)
    if total > 0 and (rules.res > 0.0 or rules.whole_counts):
        x = rounded_lines(x, factors[:, 1], slots, rules, keys[0, 0], keys[0, 1], first_sample)
        d = rounded_lines(d, factors[:, 0], slots, rules, keys[1, 0], keys[1, 1], first_sample)
    return total, slots, factors, x, d


@njit(nogil=True, cache=True)
def draw_trains(
    x: NDArray[np.float32],
    d: NDArray[np.float32],
    slots: NDArray[np.int64],
    factors: NDArray[np.float64],
    stochastic: bool,
    phases: int,
    keys: NDArray[np.uint32],
    first_sample: int,
) -> tuple[
    NDArray[np.uint32],
    NDArray[np.uint32],
    NDArray[np.float32],
    NDArray[np.uint32],
    NDArray[np.int64],
    NDArray[np.bool_],
]:
    """What every sample sends on the lines.

    Packed trains of the columns (n, words, in) and of the rows (n, words, out); inputs (n, in) and column numbers
    (n, in) of the columns to visit, and how many they are (n,), as `pack_columns` chooses them; and whether a row
    sends anything at all (out, n). Of a deterministic train only the last four mean something. A sample of which no
    row sends anything visits no columns, and nothing else of it is filled.
    """
    n, columns = x.shape
    rows = d.shape[1]
    words = phases * ((slots.max() + 31) // 32) if stochastic else 1
    column_bits = aligned_words(n, words, columns)
    row_bits = np.empty((n, words, rows), np.uint32)
    inputs = np.empty((n, columns), np.float32)
    lanes = np.empty((n, columns), np.uint32)
    width = np.zeros(n, np.int64)
    awake = np.zeros((rows, n), np.bool_)
    fired_rows, fired_columns = np.empty(rows, np.uint32), np.empty(columns, np.uint32)
    for s in range(n):
        if slots[s] == 0:
            continue
        if stochastic:
            a, b = sample_keys(keys[1, 0], keys[1, 1], first_sample + s)
            if phases == 1:
                fill_train(row_bits[s], d[s], factors[s, 0], slots[s], a, b)
            else:
                fill_phases(row_bits[s], d[s], factors[s, 0], slots[s], a, b, False)
        fired_lines(fired_rows, row_bits, d, s, stochastic)
        fires = np.uint32(0)
        for i in range(rows):
            awake[i, s] = fired_rows[i] != np.uint32(0)
            fires = np.uint32(fires | fired_rows[i])
        if fires == np.uint32(0):
            continue  # no cell is hit, whatever the columns send
        if stochastic:
            a, b = sample_keys(keys[0, 0], keys[0, 1], first_sample + s)
            if phases == 1:
                fill_train(column_bits[s], x[s], factors[s, 1], slots[s], a, b)
            else:
                fill_phases(column_bits[s], x[s], factors[s, 1], slots[s], a, b, True)
        fired_lines(fired_columns, column_bits, x, s, stochastic)
        width[s] = pack_columns(column_bits, x, inputs, lanes, fired_columns, s, stochastic)
    return column_bits, row_bits, inputs, lanes, width, awake
