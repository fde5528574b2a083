"""Updates: one pass over the array for all samples of a micro-batch.

Rows are the outer loop and samples the inner one, so a row of conductances is read from memory once per call; each
cell still sees the samples in their order, and the result is that of one call per sample, bit for bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, normal, normal_pair, row_keys, sample_keys, slot_keys, word
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP, SOFT_BOUNDS
from aimcsim.crossbar.lanes import largest_magnitude
from aimcsim.crossbar.pulses import STOCHASTIC, TrainRules, coincidences, fill_train, implied_counts, plan_train
from aimcsim.crossbar.response import soft_bounds_noisy_step, soft_bounds_step

#: Cells stepped together in long trains: few enough that the deepest count of a strip is near its mean, enough for
#: vectors to pay. Trains of up to SHORT_TRAIN slots have no deep counts, and whole rows are taken at once.
STRIP: Final = 128
SHORT_TRAIN: Final = 4
#: A sample whose fired columns are fewer than one in this many has them gathered, else whole rows are masked.
GATHER_BELOW: Final = 6


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


@njit(nogil=True, cache=True, fastmath=FAST)
def soft_bounds_cells(
    w: NDArray[np.float32],
    rate_up: NDArray[np.float32],
    bound_up: NDArray[np.float32],
    rate_down: NDArray[np.float32],
    bound_down: NDArray[np.float32],
    x: NDArray[np.float32],
    sign: np.float32,
    counts: NDArray[np.int32],
    top: int,
    lanes: NDArray[np.uint32],
    noise: np.float32,
    multiplicative: bool,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """`counts[j]` pulses on each cell, in place: downward where x[j]·sign > 0. `top` = max(counts).

    Pulse p of column `lanes[j]` takes the normal (p mod 2) of slot p // 2 of the row's keys.
    """
    n = x.shape[0]
    if noise == 0.0:
        for p in range(top):
            for j in range(n):
                v, n_j, ru, rd, low, high = w[j], counts[j], rate_up[j], rate_down[j], bound_down[j], bound_up[j]
                down = x[j] * sign > np.float32(0.0)
                rate = rd if down else ru
                bound = low if down else high
                moved = soft_bounds_step(v, rate, bound, low, high)
                w[j] = moved if n_j > p else v
        return
    for p in range(0, top - 1, 2):
        a, b = slot_keys(key0, key1, p >> 1)
        for j in range(n):
            v, n_j, ru, rd, low, high = w[j], counts[j], rate_up[j], rate_down[j], bound_down[j], bound_up[j]
            down = x[j] * sign > np.float32(0.0)
            rate = rd if down else ru
            bound = low if down else high
            z0, z1 = normal_pair(word(a, b, lanes[j]))
            once = soft_bounds_noisy_step(v, rate, bound, low, high, noise * z0, multiplicative)
            once = once if n_j > p else v
            twice = soft_bounds_noisy_step(once, rate, bound, low, high, noise * z1, multiplicative)
            w[j] = twice if n_j > p + 1 else once
    if top & 1:
        a, b = slot_keys(key0, key1, top >> 1)
        for j in range(n):
            v, n_j, ru, rd, low, high = w[j], counts[j], rate_up[j], rate_down[j], bound_down[j], bound_up[j]
            down = x[j] * sign > np.float32(0.0)
            rate = rd if down else ru
            bound = low if down else high
            z = noise * normal(word(a, b, lanes[j]))
            moved = soft_bounds_noisy_step(v, rate, bound, low, high, z, multiplicative)
            w[j] = moved if n_j >= top else v


@njit(nogil=True, cache=True)
def gather(target: NDArray[np.float32], source: NDArray[np.float32], at: NDArray[np.uint32]) -> None:
    """target[k] = source[at[k]]."""
    for k in range(at.shape[0]):
        target[k] = source[at[k]]


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
    slots = np.empty(n, np.int64)
    factors = np.empty((n, 2))
    total, longest = 0, 0
    for s in range(n):
        x_max, d_max = largest_magnitude(x[s]), largest_magnitude(d[s])
        if not (np.isfinite(x_max) and np.isfinite(d_max)):
            return -1 - s
        slots[s], factors[s, 0], factors[s, 1] = plan_train(abs(rate), x_max, d_max, rules)
        total += slots[s]
        longest = max(longest, slots[s])
    if total == 0:
        return 0

    # What each sample sends on the columns: trains and inputs, with the silent columns left out where they are many.
    stochastic = rules.pulse_type == STOCHASTIC
    words = (longest + 31) // 32 if stochastic else 1
    column_bits = np.empty((n, words, columns), np.uint32)
    row_bits = np.empty((n, words, rows), np.uint32)
    inputs = np.empty((n, columns), np.float32)
    lanes = np.empty((n, columns), np.uint32)
    width = np.empty(n, np.int64)
    awake = np.zeros((rows, n), np.bool_)
    noise_keys = np.empty((n, 2), np.uint32)
    for s in range(n):
        if slots[s] == 0:
            continue
        sample = first_sample + s
        if stochastic:
            a, b = sample_keys(keys[0, 0], keys[0, 1], sample)
            fill_train(column_bits[s], x[s], factors[s, 1], slots[s], a, b)
            a, b = sample_keys(keys[1, 0], keys[1, 1], sample)
            fill_train(row_bits[s], d[s], factors[s, 0], slots[s], a, b)
        noise_keys[s, 0], noise_keys[s, 1] = sample_keys(keys[2, 0], keys[2, 1], sample)
        for i in range(rows):
            awake[i, s] = d[s, i] != 0.0 and not (stochastic and silent(row_bits[s], i))
        width[s] = pack_columns(column_bits[s], x[s], inputs[s], lanes[s], stochastic)

    counts = np.empty(max(STRIP, columns), np.int32)
    buffers = np.empty((5, columns), np.float32)
    for i in range(rows):
        for s in range(n):
            if not awake[i, s]:
                continue
            row_train = row_bits[s, :, i]
            strip = columns if slots[s] <= SHORT_TRAIN else STRIP
            expected = slots[s] * min(factors[s, 0] * abs(d[s, i]), 1.0)
            sign = np.float32(1.0 if d[s, i] * rate > 0.0 else -1.0)
            key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], i)
            gathered = width[s] < columns
            if gathered:
                at = lanes[s, : width[s]]
                gather(buffers[4], conductances[i], at)
                for plane in range(4):
                    gather(buffers[plane], planes[plane, i], at)
            for start in range(0, width[s], strip):
                stop = min(start + strip, width[s])
                line = inputs[s, start:stop]
                if stochastic:
                    top = coincidences(counts, column_bits[s, :, start:stop], row_train)
                else:
                    top = implied_counts(counts, line, factors[s, 1], expected)
                if top == 0:
                    continue
                if gathered:
                    w = buffers[4, start:stop]
                    ru, bu = buffers[RATE_UP, start:stop], buffers[BOUND_UP, start:stop]
                    rd, bd = buffers[RATE_DOWN, start:stop], buffers[BOUND_DOWN, start:stop]
                else:
                    w = conductances[i, start:stop]
                    ru, bu = planes[RATE_UP, i, start:stop], planes[BOUND_UP, i, start:stop]
                    rd, bd = planes[RATE_DOWN, i, start:stop], planes[BOUND_DOWN, i, start:stop]
                # Further devices branch here, by kind: each moves one strip of cells by its counts.
                if kind == SOFT_BOUNDS:
                    soft_bounds_cells(
                        w,
                        ru,
                        bu,
                        rd,
                        bd,
                        line,
                        sign,
                        counts,
                        top,
                        lanes[s, start:stop],
                        np.float32(noise),
                        multiplicative,
                        key0,
                        key1,
                    )
            if gathered:
                for k in range(width[s]):
                    conductances[i, at[k]] = buffers[4, k]
    return total


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
