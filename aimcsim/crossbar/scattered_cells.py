"""Single pulses on a few soft-bounds cells, strewn over the array: gathered together, stepped as vectors, put back."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, light_normal
from aimcsim.crossbar.counter_hash import FAST, row_keys
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP
from aimcsim.crossbar.soft_bounds import soft_bounds_noisy_step

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]

#: Cells gathered before they are stepped: the buffers stay in the first-level cache.
TOGETHER: Final = 1024
#: Whole vectors are hashed; what the last one has too much is written over.
_PAD: Final = 16
#: Rows of the buffer of gathered numbers, and of that of words.
WEIGHT, RATE, BOUND, OTHER = range(4)
NOISE, PLACE = range(2)


@njit(nogil=True, cache=True)
def single_pulses(
    w: Floats,
    planes: Floats,
    d: Floats,
    rate: float,
    lanes: Words,
    positive: int,
    n: int,
    awake: NDArray[np.bool_],
    words: Words,
    sample: int,
    noise: np.float32,
    multiplicative: bool,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """One pulse on every cell of the awake rows (out, samples) and the first n `lanes` (samples, in) of a sample.

    The first `positive` of these lanes have positive inputs (`train_noise.split_lanes`), so that every row is two runs
    of cells which all move one way. w (out, in), planes of a `ClosedForm`, `words` the lanes' random words, keys those
    of the sample's noise.
    """
    held = np.empty((4, TOGETHER), np.float32)
    marks = np.empty((2, TOGETHER + _PAD), np.uint32)
    filled = 0
    for row in range(w.shape[0]):
        if not awake[row, sample]:
            continue
        a, b = row_keys(key0, key1, row)
        raised = d[sample, row] * rate > 0.0
        for run in range(2):
            start, end = (0, positive) if run == 0 else (positive, n)
            falling = raised == (run == 0)
            while start < end:
                m = min(end - start, TOGETHER - filled)
                gather_run(w, planes, row, lanes, words, sample, start, m, falling, held, marks, filled, a, b)
                filled += m
                start += m
                if filled == TOGETHER:
                    step_gathered(w, held, marks, filled, noise, multiplicative)
                    filled = 0
    step_gathered(w, held, marks, filled, noise, multiplicative)


@njit(nogil=True, cache=True)
def gather_run(
    w: Floats,
    planes: Floats,
    row: int,
    lanes: Words,
    words: Words,
    sample: int,
    start: int,
    m: int,
    falling: bool,
    held: Floats,
    marks: Words,
    filled: int,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """Cells of a row in the sample's lanes from `start` on, m of them, to the buffers' places from `filled` on."""
    i, s, first, at = np.uintp(row), np.uintp(sample), np.uintp(start), np.uintp(filled)
    pace, bound, other = (RATE_DOWN, BOUND_DOWN, BOUND_UP) if falling else (RATE_UP, BOUND_UP, BOUND_DOWN)
    reach = np.uintp(min((m + _PAD - 1) // _PAD * _PAD, words.shape[1] - start))
    for k in range(reach):
        marks[NOISE, at + k] = cell_word(key0, key1, words[s, first + k])
    base = np.uint32(row * w.shape[1])
    for k in range(np.uintp(m)):
        lane = lanes[s, first + k]
        j = np.uintp(lane)
        held[WEIGHT, at + k] = w[i, j]
        held[RATE, at + k] = planes[pace, i, j]
        held[BOUND, at + k] = planes[bound, i, j]
        held[OTHER, at + k] = planes[other, i, j]
        marks[PLACE, at + k] = np.uint32(base + lane)


@njit(nogil=True, cache=True, fastmath=FAST)
def step_gathered(w: Floats, held: Floats, marks: Words, n: int, noise: np.float32, multiplicative: bool) -> None:
    """Step n gathered cells and write them back."""
    cells, flat = np.uintp(n), w.reshape(w.size)
    for k in range(cells):
        bound, other = held[BOUND, k], held[OTHER, k]
        low, high = min(bound, other), max(bound, other)
        z = light_normal(marks[NOISE, k])
        held[WEIGHT, k] = soft_bounds_noisy_step(
            held[WEIGHT, k], held[RATE, k], bound, low, high, noise * z, multiplicative
        )
    for k in range(cells):
        flat[np.uintp(marks[PLACE, k])] = held[WEIGHT, k]
