"""What closed-form updates prepare of every sample beside its trains: keys of its noise, and how its inputs point.

A cell's noise is keyed by its sample, row and column alone; that it does not depend on how a cell is reached is what
lets an update choose whole rows, gathered columns or strewn cells by their cost.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.alignment import aligned_words
from aimcsim.crossbar.counter_hash import row_keys, sample_keys, word

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]

#: Rows are fewer than this; its keys make the columns' words.
NO_ROW: Final = 0xFFFFFFFF
#: Turns the sign of an input round where that of the row's error asks for it.
FLIP = np.int32(-(2**31))
#: How the inputs of a sample point.
POSITIVE, NEGATIVE, MIXED = range(3)


@njit(nogil=True, cache=True)
def signs_of(x: Floats, sample: int, n: int) -> int:
    """Whether the first n inputs of a sample are all ≥ 0, all ≤ 0, or mixed."""
    low, high, s = np.float32(0.0), np.float32(0.0), np.uintp(sample)
    for j in range(np.uintp(n)):
        low, high = min(low, x[s, j]), max(high, x[s, j])
    if low < 0.0:
        return MIXED if high > 0.0 else NEGATIVE
    return POSITIVE


@njit(nogil=True, cache=True)
def split_lanes(lanes: Words, x: Floats, sample: int, n: int) -> int:
    """Put those of a sample's first n lanes whose input is positive before the others; their number."""
    s, columns = np.uintp(sample), np.uintp(n)
    others = np.empty(n + 1, np.uint32)
    positive, rest = np.uintp(0), np.uintp(0)
    for k in range(columns):
        lane = lanes[s, k]
        lanes[s, positive], others[rest] = lane, lane
        above = np.uintp(x[s, np.uintp(lane)] > np.float32(0.0))
        positive, rest = positive + above, rest + (np.uintp(1) - above)
    for k in range(rest):
        lanes[s, positive + k] = others[k]
    return int(positive)


@njit(nogil=True, cache=True)
def are_strewn(one_train: bool, slots: NDArray[np.int64], width: NDArray[np.int64], columns: int) -> bool:
    """Whether all samples of a call send single pulses to few columns: their cells are then gathered from all rows.

    Within one kind of call the order of samples is that of every cell; the two kinds are not mixed.
    """
    return one_train and slots.max() == 1 and width.max() < columns


@njit(nogil=True, cache=True)
def draw_words(
    lanes: Words,
    x: Floats,
    width: NDArray[np.int64],
    single: NDArray[np.bool_],
    keys: Words,
    first_sample: int,
) -> tuple[Words, Words, NDArray[np.int64]]:
    """Keys of the samples' noise and of their columns' words (n, 4), those words (n, in), and positive lanes (n,).

    Of `single` samples of few columns the lanes with positive inputs come first, and are counted (`split_lanes`).
    `lanes` and `width` are those of `draw_trains`, `keys` (3, 2) those of an update.
    """
    n, columns = lanes.shape
    noise_keys = np.empty((n, 4), np.uint32)
    words = aligned_words(1, n, columns)[0]
    positives = np.zeros(n, np.int64)
    for s in range(n):
        noise_keys[s, 0], noise_keys[s, 1] = sample_keys(keys[2, 0], keys[2, 1], first_sample + s)
        key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], NO_ROW)
        noise_keys[s, 2], noise_keys[s, 3] = key0, key1
        if single[s] and width[s] < columns:
            positives[s] = split_lanes(lanes, x, s, width[s])
        for k in range(np.uintp(width[s])):
            words[np.uintp(s), k] = word(key0, key1, lanes[np.uintp(s), k])
    return noise_keys, words, positives
