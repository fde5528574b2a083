"""Single pulses on soft-bounds cells: samples with trains of one slot, in the default mode.

Every cell where an awake row meets a column that fires takes one exact step. A row is met in one of three ways: all
inputs of the sample have one sign, and so all its cells go one way; or they have both; or few columns fire, and only
their cells are touched. A cell comes out the same, bit for bit.

The way from the cache bounds all three, so what need not be fetched is not. A cell whose noise is relative to its step
comes nearer to the bound behind it only by a share below 0: noise beyond −1/σ (never more than 3.39) or a rate that
leads the wrong way. Where a row has such a share, and only there, its cells are held by their bounds afterwards.

Rows and samples come as a list of `visits_of`: no branch then hangs on a coin, and the keys of rows are made side by
side. Loop variables are unsigned, else numba looks for negative indices, and nothing vectorises.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, scaled_normal
from aimcsim.crossbar.counter_hash import FAST, row_keys
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP
from aimcsim.crossbar.lanes import bits_of
from aimcsim.crossbar.soft_bounds_rows import hold_cells
from aimcsim.crossbar.train_noise import FLIP, MIXED, POSITIVE

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]

#: Rows of a list of visits: the row of the array, the sample, and the keys of the row's noise.
ROW, SAMPLE, KEY0, KEY1 = range(4)
#: No step is a larger share of the distance to the bound ahead: v + share·(b − v), of numbers rounded to 2⁻²⁴ each,
#: then does not come out beyond b.
LARGEST_SHARE: Final = 1.0 - 2.0**-22
#: Whole vectors of normals are drawn; nobody reads what the last one has too much.
_PAD: Final = 16


@njit(nogil=True, cache=True)
def visits_of(awake: NDArray[np.bool_], noise_keys: Words) -> tuple[Words, int]:
    """Which samples send anything on which rows, (4, ·), rows outside and samples inside, and how many.

    `awake` (out, samples) as `draw_trains` gives it; `noise_keys` (samples, 4) are those of the samples' noise.
    """
    rows, samples = awake.shape
    visits = np.empty((4, rows * samples + 1), np.uint32)
    many = np.uintp(0)
    for i in range(np.uintp(rows)):
        for s in range(np.uintp(samples)):
            # Without a branch, which would be mispredicted for every second row.
            visits[ROW, many], visits[SAMPLE, many] = np.uint32(i), np.uint32(s)
            many += np.uintp(awake[i, s])
    for k in range(many):
        s = np.uintp(visits[SAMPLE, k])
        visits[KEY0, k], visits[KEY1, k] = row_keys(
            noise_keys[s, np.uintp(0)], noise_keys[s, np.uintp(1)], visits[ROW, k]
        )
    return visits, int(many)


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


@njit(nogil=True, cache=True, fastmath=FAST, _nrt=False)
def single_pulses(
    w: Floats,
    planes: Floats,
    visits: Words,
    first: int,
    last: int,
    d: Floats,
    rate: float,
    x: Floats,
    bits: Words,
    lanes: Words,
    positives: NDArray[np.int64],
    width: NDArray[np.int64],
    signs: NDArray[np.int64],
    words: Words,
    noise: np.float32,
    additive: np.float32,
    z: Floats,
) -> None:
    """One pulse on the cells that `visits` [`first`, `last`) hit.

    w (out, in), planes of a `ClosedForm`; lanes, width, bits and x are what `draw_trains` gives, the others what
    `draw_words` and `signs_of` do, with the lanes of samples of few columns split by sign. `additive` is 0 where noise
    is relative to the step, else 1; `z` (in,) is scratch.
    """
    columns, none = np.uintp(w.shape[1]), np.uintp(0)
    for visit in range(np.uintp(first), np.uintp(last)):
        i, s = np.uintp(visits[ROW, visit]), np.uintp(visits[SAMPLE, visit])
        key0, key1 = visits[KEY0, visit], visits[KEY1, visit]
        raised = d[s, i] * rate > 0.0
        size = np.uintp(width[s])
        if size < columns:
            reach = min((size + np.uintp(_PAD - 1)) // np.uintp(_PAD) * np.uintp(_PAD), columns)
            for k in range(reach):
                z[k] = scaled_normal(cell_word(key0, key1, words[s, k]), noise)
            middle = np.uintp(positives[s])
            few_cells(w, planes, i, lanes, s, none, middle, raised, z, additive)
            few_cells(w, planes, i, lanes, s, middle, size, not raised, z, additive)
        elif signs[s] == MIXED or additive != np.float32(0.0):
            flip = np.int32(0) if raised else FLIP
            mixed_row(w, planes, i, x, bits, words, s, flip, noise, additive, key0, key1)
        else:
            falling = (signs[s] == POSITIVE) == raised
            if one_way(w, planes, i, bits, words, s, falling, noise, key0, key1) < 0:
                hold_cells(w, planes, i, columns)


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
def mixed_row(
    w: Floats,
    planes: Floats,
    i: np.uintp,
    x: Floats,
    bits: Words,
    words: Words,
    s: np.uintp,
    flip: np.int32,
    noise: np.float32,
    additive: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """One pulse on row i's cells that fire, each its own way: down where the sign bit of its x, xor `flip`, is 0."""
    none = np.uintp(0)
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
