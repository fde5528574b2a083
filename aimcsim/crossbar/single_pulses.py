"""Single pulses on soft-bounds cells: samples with trains of one slot, in the default mode.

Every cell where an awake row meets a column that fires takes one exact step. A row is met in one of three ways: all
inputs of the sample have one sign, and so all its cells go one way; or they have both; or few columns fire, and only
their cells are touched. A cell comes out the same, bit for bit.

The loops over rows and samples are in here, because a call a row would cost a fifth of the time. Loop variables are
unsigned, else numba looks for negative indices, and nothing vectorises.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, scaled_normal
from aimcsim.crossbar.counter_hash import FAST, row_keys
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP
from aimcsim.crossbar.lanes import bits_of
from aimcsim.crossbar.train_noise import FLIP, MIXED, POSITIVE

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]

_FAR = np.float32(np.inf)


@njit(nogil=True, cache=True, fastmath=FAST)
def noisy_step(
    v: np.float32,
    pace: np.float32,
    bound: np.float32,
    low: np.float32,
    high: np.float32,
    noise: np.float32,
    additive: np.float32,
) -> np.float32:
    """`soft_bounds.soft_bounds_noisy_step`, with `additive` 1 or 0 for a flag: no branch, which would split a loop."""
    distance = bound - v
    return min(max(v + pace * (distance + (distance + additive * v) * noise), low), high)


@njit(nogil=True, cache=True, fastmath=FAST)
def single_pulses(
    w: Floats,
    planes: Floats,
    rows: int,
    until_row: int,
    samples: int,
    until_sample: int,
    d: Floats,
    rate: float,
    x: Floats,
    bits: Words,
    lanes: Words,
    positives: NDArray[np.int64],
    width: NDArray[np.int64],
    awake: NDArray[np.bool_],
    signs: NDArray[np.int64],
    words: Words,
    noise_keys: Words,
    noise: np.float32,
    additive: np.float32,
    z: Floats,
) -> None:
    """One pulse on the cells of rows [`rows`, `until_row`) that samples [`samples`, `until_sample`) hit.

    w (out, in), planes of a `ClosedForm`; lanes, width, awake, bits and x are what `draw_trains` gives, the others what
    `draw_words` and `signs_of` do, with the lanes of samples of few columns split by sign. `additive` is 0 where noise
    is relative to the step, else 1; `z` (in,) is scratch.
    """
    columns, zero = w.shape[1], np.uintp(0)
    for row in range(rows, until_row):
        i = np.uintp(row)
        for sample in range(samples, until_sample):
            if not awake[row, sample]:
                continue
            s, size = np.uintp(sample), np.uintp(width[sample])
            raised = d[sample, row] * rate > 0.0
            key0, key1 = row_keys(noise_keys[sample, 0], noise_keys[sample, 1], row)
            if width[sample] < columns:
                for k in range(size):
                    z[k] = scaled_normal(cell_word(key0, key1, words[s, k]), noise)
                middle = np.uintp(positives[sample])
                few_cells(w, planes, i, lanes, s, zero, middle, raised, z, additive)
                few_cells(w, planes, i, lanes, s, middle, size, not raised, z, additive)
            elif signs[sample] == MIXED:
                flip = np.int32(0) if raised else FLIP
                for j in range(size):
                    v, low, high = w[i, j], planes[BOUND_DOWN, i, j], planes[BOUND_UP, i, j]
                    up, down = planes[RATE_UP, i, j], planes[RATE_DOWN, i, j]
                    falling = np.int32(bits_of(x[s, j]) ^ flip) >= 0
                    bound = low if falling else high
                    pace = down if falling else up
                    own = scaled_normal(cell_word(key0, key1, words[s, j]), noise)
                    moved = noisy_step(v, pace, bound, low, high, own, additive)
                    w[i, j] = moved if bits[s, zero, j] != 0 else v
            else:
                down = (signs[sample] == POSITIVE) == raised
                if down:
                    for j in range(size):
                        v, low, high = w[i, j], planes[BOUND_DOWN, i, j], planes[BOUND_UP, i, j]
                        own = scaled_normal(cell_word(key0, key1, words[s, j]), noise)
                        moved = noisy_step(v, planes[RATE_DOWN, i, j], low, low, high, own, additive)
                        w[i, j] = moved if bits[s, zero, j] != 0 else v
                else:
                    for j in range(size):
                        v, low, high = w[i, j], planes[BOUND_DOWN, i, j], planes[BOUND_UP, i, j]
                        own = scaled_normal(cell_word(key0, key1, words[s, j]), noise)
                        moved = noisy_step(v, planes[RATE_UP, i, j], high, low, high, own, additive)
                        w[i, j] = moved if bits[s, zero, j] != 0 else v


@njit(nogil=True, cache=True, fastmath=FAST)
def few_cells(
    w: Floats,
    planes: Floats,
    i: np.uintp,
    lanes: Words,
    s: np.uintp,
    start: np.uintp,
    end: np.uintp,
    falling: bool,
    z: Floats,
    additive: np.float32,
) -> None:
    """One pulse on row i's cells in lanes [start, end) of sample s, with noise `z`, all one way.

    Each number of a strewn cell lies in a line of cache of its own. The bound behind a cell is not fetched: no cell
    comes nearer to it but by a step the wrong way, which is rare.
    """
    if falling:
        for k in range(start, end):
            j = np.uintp(lanes[s, k])
            v, low = w[i, j], planes[BOUND_DOWN, i, j]
            moved = noisy_step(v, planes[RATE_DOWN, i, j], low, low, _FAR, z[k], additive)
            w[i, j] = moved if moved <= v else min(moved, planes[BOUND_UP, i, j])
    else:
        for k in range(start, end):
            j = np.uintp(lanes[s, k])
            v, high = w[i, j], planes[BOUND_UP, i, j]
            moved = noisy_step(v, planes[RATE_UP, i, j], high, -_FAR, high, z[k], additive)
            w[i, j] = moved if moved >= v else max(moved, planes[BOUND_DOWN, i, j])
