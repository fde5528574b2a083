"""Single pulses on small arrays, as a convolution's are: many samples, few lines, and most samples send nothing.

Trains of one slot on the lines of a kernel hit a handful of cells. What a sample costs is then what leads to them,
so it is cut short at every step: the keys and the rows' trains of all samples are drawn side by side, one vector of
samples after another; only samples of which a row fires draw their columns; and only cells that are hit have noise.
A cell comes out as in `single_pulses`, bit for bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, scaled_normal
from aimcsim.crossbar.counter_hash import FAST, row_keys, sample_keys, word
from aimcsim.crossbar.pulses import fire_limit
from aimcsim.crossbar.single_pulse_rows import few_cells
from aimcsim.crossbar.train_noise import NO_ROW
from aimcsim.crossbar.vectors import VECTOR, awake_lanes, lowest_lane

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]

#: Arrays of at most so many rows and cells, and calls of at least so many samples.
MOST_ROWS: Final = 64
MOST_CELLS: Final = 2**14
FEWEST_SAMPLES: Final = 16
#: Samples whose rows are drawn together.
TOGETHER: Final = 256


@njit(nogil=True, cache=True)
def is_small(rows: int, columns: int, samples: int) -> bool:
    """Whether an update goes through `small_singles`."""
    return rows <= MOST_ROWS and rows * columns <= MOST_CELLS and samples >= FEWEST_SAMPLES


# An inlined loop rounds as its caller says: FAST, lest a cell come out otherwise than in a row.
@njit(nogil=True, cache=True, fastmath=FAST)
def small_singles(
    w: Floats,
    planes: Floats,
    x: Floats,
    d: Floats,
    factors: NDArray[np.float64],
    rate: float,
    keys: Words,
    first_sample: int,
    noise: np.float32,
    additive: np.float32,
) -> None:
    """The update of samples whose trains are stochastic, of one phase and of one slot at most.

    w (out, in), planes of a `ClosedForm`, x (n, in), d (n, out), factors (n, 2) of `plan_samples`, keys (3, 2) as in
    `update_closed_form`; `additive` as in `single_pulses`.
    """
    samples, columns = x.shape
    rows = d.shape[1]
    fired = np.empty((rows, TOGETHER), np.uint32)
    sample_words = np.empty((2, TOGETHER), np.uint32)
    values, factor = np.zeros((rows, TOGETHER), np.float32), np.zeros(TOGETHER)
    any_row = np.empty(TOGETHER, np.uint32)
    padded = (columns + VECTOR - 1) // VECTOR * VECTOR
    line, hits, drawn = np.zeros(padded, np.float32), np.empty(padded, np.uint32), np.empty(columns, np.uint32)
    lanes, others = np.empty((1, columns), np.uint32), np.empty(columns, np.uint32)
    z = np.empty(columns, np.float32)
    for start in range(0, samples, TOGETHER):
        count = min(TOGETHER, samples - start)
        for k in range(count):
            factor[k] = factors[start + k, 0]
            for i in range(rows):
                values[i, k] = d[start + k, i]
        reach = (count + VECTOR - 1) // VECTOR * VECTOR
        row_trains(fired, any_row, values, factor, sample_words, keys, first_sample + start, reach)
        for block in range(0, reach, VECTOR):
            awake = awake_lanes(any_row, block)
            while awake != 0:
                k = block + lowest_lane(awake)
                awake &= awake - 1
                if k >= count:
                    break
                s = start + k
                a, b = sample_keys(keys[0, 0], keys[0, 1], first_sample + s)
                a, b = row_keys(a, b, 0)
                for j in range(np.uintp(columns)):
                    line[j] = x[s, j]
                column_train(hits, line, factors[s, 1], a, b)
                positive, many = fired_lanes(lanes, others, hits, line)
                if many == 0:
                    continue
                a, b = sample_keys(keys[2, 0], keys[2, 1], first_sample + s)
                word0, word1 = row_keys(a, b, NO_ROW)
                for m in range(np.uintp(many)):
                    drawn[m] = word(word0, word1, lanes[np.uintp(0), m])
                for i in range(rows):
                    if fired[i, k] == 0:
                        continue
                    key0, key1 = row_keys(a, b, i)
                    for m in range(np.uintp(many)):
                        z[m] = scaled_normal(cell_word(key0, key1, drawn[m]), noise)
                    raised = d[s, i] * rate > 0.0
                    row, zero = np.uintp(i), np.uintp(0)
                    middle, end = np.uintp(positive), np.uintp(many)
                    few_cells(w, planes, row, lanes, zero, zero, middle, raised, z, additive)
                    few_cells(w, planes, row, lanes, zero, middle, end, not raised, z, additive)


@njit(nogil=True, cache=True)
def row_trains(
    fired: Words,
    any_row: Words,
    values: Floats,
    factor: NDArray[np.float64],
    scratch: Words,
    keys: Words,
    first_sample: int,
    count: int,
) -> None:
    """Into `fired` (rows, samples): not 0 where a row of a sample fires; into `any_row` (samples,) where any does.

    `values` (rows, samples); `count` is a multiple of VECTOR. Sample k has number `first_sample` + k.
    """
    samples = np.uintp(count)
    zero, one = np.uintp(0), np.uintp(1)
    for k in range(samples):
        a, b = sample_keys(keys[1, 0], keys[1, 1], first_sample + np.int64(k))
        scratch[zero, k], scratch[one, k] = row_keys(a, b, 0)
        any_row[k] = np.uint32(0)
    for row in range(np.uintp(values.shape[0])):
        for k in range(samples):
            limit, awake = fire_limit(factor[k], values[row, k])
            drawn = word(scratch[zero, k], scratch[one, k], np.uint32(row))
            hit = awake if drawn <= limit else np.uint32(0)
            fired[row, k] = hit
            any_row[k] = np.uint32(any_row[k] | hit)


@njit(nogil=True, cache=True)
def column_train(hits: Words, values: Floats, factor: float, key0: np.uint32, key1: np.uint32) -> None:
    """Into `hits` (lines,): not 0 where a line fires. The keys are those of the sample's columns and of the slot."""
    for j in range(np.uintp(values.shape[0])):
        limit, awake = fire_limit(factor, values[j])
        hits[j] = awake if word(key0, key1, np.uint32(j)) <= limit else np.uint32(0)


@njit(nogil=True, cache=True)
def fired_lanes(lanes: Words, others: Words, hits: Words, values: Floats) -> tuple[int, int]:
    """The lines that fired into `lanes` (1, lines), those with positive values first; how many are positive, and all.

    `others` (lines,) is scratch.
    """
    positive, rest, zero = np.uintp(0), np.uintp(0), np.uintp(0)
    for block in range(0, hits.shape[0], VECTOR):
        awake = awake_lanes(hits, block)
        while awake != 0:
            j = np.uintp(block + lowest_lane(awake))
            awake &= awake - 1
            lanes[zero, positive], others[rest] = np.uint32(j), np.uint32(j)
            above = np.uintp(values[j] > np.float32(0.0))
            positive, rest = positive + above, rest + (np.uintp(1) - above)
    for k in range(rest):
        lanes[zero, positive + k] = others[k]
    return int(positive), int(positive + rest)
