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
from aimcsim.crossbar.pulses import (
    STOCHASTIC,
    TrainRules,
    coincidences,
    fill_phases,
    fill_train,
    implied_counts,
    plan_train,
    rounded_lines,
)
from aimcsim.crossbar.soft_bounds import soft_bounds_cells

#: Cells stepped together in long trains: few enough that the deepest count of a strip is near its mean, enough for
#: vectors to pay. Trains of up to SHORT_TRAIN slots have no deep counts, and whole rows are taken at once.
STRIP: Final = 128
SHORT_TRAIN: Final = 4
#: A sample whose fired columns are fewer than one in this many has them gathered, else whole rows are masked.
GATHER_BELOW: Final = 4


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
def silent(bits: NDArray[np.uint32], line: int) -> bool:
    """Whether a line fires in no slot of the trains `bits` (words, lines)."""
    for w in range(bits.shape[0]):  # noqa: SIM110 - a generator would not compile
        if bits[w, line] != 0:
            return False
    return True


@njit(nogil=True, cache=True)
def pack_columns(
    bits: NDArray[np.uint32],
    x: NDArray[np.float32],
    inputs: NDArray[np.float32],
    lanes: NDArray[np.uint32],
    stochastic: bool,
) -> int:
    """Choose the columns a sample's update visits; returns their number.

    Where fewer than one column in GATHER_BELOW fires, `bits` (words, in), `inputs` and `lanes` are packed to those;
    otherwise all columns stay (masked later by their counts) and `lanes` is 0, 1, 2...
    """
    columns = x.shape[0]
    fired = 0
    for j in range(columns):
        if x[j] != 0.0 and not (stochastic and silent(bits, j)):
            lanes[fired] = np.uint32(j)
            fired += 1
    if fired * GATHER_BELOW >= columns:
        for j in range(columns):
            lanes[j] = np.uint32(j)
            inputs[j] = x[j]
        return columns
    for k in range(fired):
        j = lanes[k]
        inputs[k] = x[j]
        if stochastic:
            for w in range(bits.shape[0]):
                bits[w, k] = bits[w, j]
    return fired


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
    sends anything at all (out, n). Of a deterministic train only the last four mean something.
    """
    n, columns = x.shape
    rows = d.shape[1]
    words = phases * ((slots.max() + 31) // 32) if stochastic else 1
    column_bits = np.empty((n, words, columns), np.uint32)
    row_bits = np.empty((n, words, rows), np.uint32)
    inputs = np.empty((n, columns), np.float32)
    lanes = np.empty((n, columns), np.uint32)
    width = np.zeros(n, np.int64)
    awake = np.zeros((rows, n), np.bool_)
    for s in range(n):
        if slots[s] == 0:
            continue
        if stochastic:
            a, b = sample_keys(keys[0, 0], keys[0, 1], first_sample + s)
            if phases == 1:
                fill_train(column_bits[s], x[s], factors[s, 1], slots[s], a, b)
            else:
                fill_phases(column_bits[s], x[s], factors[s, 1], slots[s], a, b, True)
            a, b = sample_keys(keys[1, 0], keys[1, 1], first_sample + s)
            if phases == 1:
                fill_train(row_bits[s], d[s], factors[s, 0], slots[s], a, b)
            else:
                fill_phases(row_bits[s], d[s], factors[s, 0], slots[s], a, b, False)
        for i in range(rows):
            awake[i, s] = d[s, i] != 0.0 and not (stochastic and silent(row_bits[s], i))
        width[s] = pack_columns(column_bits[s], x[s], inputs[s], lanes[s], stochastic)
    return column_bits, row_bits, inputs, lanes, width, awake


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
