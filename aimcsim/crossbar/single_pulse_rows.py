"""One pulse on the cells of a soft-bounds row (`single_pulses` says when which loop is taken).

A cell comes out of every loop the same, bit for bit. Loops that return a number return less than 0 if a step has led
to the bound behind some cell: the row has to be held then. The others hold every cell as they go.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, scaled_normal
from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP
from aimcsim.crossbar.lanes import bits_of
from aimcsim.crossbar.train_noise import FLIP

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]

#: No step is a larger share of the distance to the bound ahead: v + share·(b − v), of numbers rounded to 2⁻²⁴ each,
#: then does not come out beyond b.
LARGEST_SHARE: Final = 1.0 - 2.0**-22


@njit(nogil=True, cache=True, fastmath=FAST)
def share_of(pace: np.float32, noise: np.float32) -> np.float32:
    """The share of the distance to its bound that a cell takes by one pulse, noise relative to the step."""
    return min(pace + pace * noise, np.float32(LARGEST_SHARE))


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
    """`soft_bounds.soft_bounds_noisy_step` as this module takes it, to the same bits in every loop."""
    away = bound - v
    moved = v + share_of(pace, noise) * away if additive == np.float32(0.0) else v + pace * (away + bound * noise)
    return min(max(moved, low), high)


@njit(nogil=True, cache=True, fastmath=FAST, inline="always")
def one_way(
    w: Floats,
    planes: Floats,
    i: np.uintp,
    bits: Words,
    words: Words,
    s: np.uintp,
    falling: bool,
    noise: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> np.int32:
    """One pulse on row i's cells that fire, all one way; below 0 if some have to be held by the bound behind them."""
    pace, ahead = np.uintp(RATE_DOWN if falling else RATE_UP), np.uintp(BOUND_DOWN if falling else BOUND_UP)
    none, wrong = np.uintp(0), np.int32(0)
    for j in range(np.uintp(w.shape[1])):
        v = w[i, j]
        share = share_of(planes[pace, i, j], scaled_normal(cell_word(key0, key1, words[s, j]), noise))
        share = share if bits[s, none, j] != 0 else np.float32(0.0)
        wrong = np.int32(wrong | bits_of(share))
        w[i, j] = v + share * (planes[ahead, i, j] - v)
    return wrong


@njit(nogil=True, cache=True, fastmath=FAST, inline="always")
def both_ways(
    w: Floats,
    planes: Floats,
    i: np.uintp,
    x: Floats,
    bits: Words,
    words: Words,
    s: np.uintp,
    raised: bool,
    noise: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> np.int32:
    """As `one_way`, positive inputs downward if `raised` and negative ones upward, or the other way round."""
    pace, ahead = np.uintp(RATE_DOWN if raised else RATE_UP), np.uintp(BOUND_DOWN if raised else BOUND_UP)
    other_pace, other_ahead = np.uintp(RATE_UP if raised else RATE_DOWN), np.uintp(BOUND_UP if raised else BOUND_DOWN)
    none, wrong = np.uintp(0), np.int32(0)
    for j in range(np.uintp(w.shape[1])):
        v, one, two = w[i, j], planes[ahead, i, j], planes[other_ahead, i, j]
        slow, fast = planes[pace, i, j], planes[other_pace, i, j]
        negative = np.int32(bits_of(x[s, j])) < 0
        bound = two if negative else one
        share = share_of(fast if negative else slow, scaled_normal(cell_word(key0, key1, words[s, j]), noise))
        share = share if bits[s, none, j] != 0 else np.float32(0.0)
        wrong = np.int32(wrong | bits_of(share))
        w[i, j] = v + share * (bound - v)
    return wrong


@njit(nogil=True, cache=True, fastmath=FAST, inline="always")
def held_one_way(
    w: Floats,
    planes: Floats,
    i: np.uintp,
    bits: Words,
    words: Words,
    s: np.uintp,
    falling: bool,
    noise: np.float32,
    additive: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """As `one_way`, with either kind of noise and every cell held by both bounds at once."""
    none, pace = np.uintp(0), np.uintp(RATE_DOWN if falling else RATE_UP)
    for j in range(np.uintp(w.shape[1])):
        v, low, high = w[i, j], planes[BOUND_DOWN, i, j], planes[BOUND_UP, i, j]
        own = scaled_normal(cell_word(key0, key1, words[s, j]), noise)
        moved = noisy_step(v, planes[pace, i, j], low if falling else high, low, high, own, additive)
        w[i, j] = moved if bits[s, none, j] != 0 else v


@njit(nogil=True, cache=True, fastmath=FAST, inline="always")
def held_both_ways(
    w: Floats,
    planes: Floats,
    i: np.uintp,
    x: Floats,
    bits: Words,
    words: Words,
    s: np.uintp,
    raised: bool,
    noise: np.float32,
    additive: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """As `both_ways`, with either kind of noise and every cell held by both bounds at once."""
    none, flip = np.uintp(0), np.int32(0) if raised else FLIP
    for j in range(np.uintp(w.shape[1])):
        v, low, high = w[i, j], planes[BOUND_DOWN, i, j], planes[BOUND_UP, i, j]
        up, down = planes[RATE_UP, i, j], planes[RATE_DOWN, i, j]
        falling = np.int32(bits_of(x[s, j]) ^ flip) >= 0
        bound = low if falling else high
        pace = down if falling else up
        own = scaled_normal(cell_word(key0, key1, words[s, j]), noise)
        moved = noisy_step(v, pace, bound, low, high, own, additive)
        w[i, j] = moved if bits[s, none, j] != 0 else v


@njit(nogil=True, cache=True, fastmath=FAST, inline="always")
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

    Each number of a strewn cell lies in a line of cache of its own.
    """
    pace, ahead = np.uintp(RATE_DOWN if falling else RATE_UP), np.uintp(BOUND_DOWN if falling else BOUND_UP)
    if additive == np.float32(0.0):
        wrong = np.int32(0)
        for k in range(start, end):
            j = np.uintp(lanes[s, k])
            v, share = w[i, j], share_of(planes[pace, i, j], z[k])
            wrong = np.int32(wrong | bits_of(share))
            w[i, j] = v + share * (planes[ahead, i, j] - v)
        if wrong < 0:
            for k in range(start, end):
                j = np.uintp(lanes[s, k])
                w[i, j] = min(max(w[i, j], planes[BOUND_DOWN, i, j]), planes[BOUND_UP, i, j])
    else:
        for k in range(start, end):
            j = np.uintp(lanes[s, k])
            low, high = planes[BOUND_DOWN, i, j], planes[BOUND_UP, i, j]
            w[i, j] = noisy_step(w[i, j], planes[pace, i, j], planes[ahead, i, j], low, high, z[k], additive)
