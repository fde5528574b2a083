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
from aimcsim.crossbar.single_pulse_rows import both_ways, few_cells, held_both_ways, held_one_way, one_way
from aimcsim.crossbar.soft_bounds_rows import hold_cells
from aimcsim.crossbar.train_noise import MIXED, POSITIVE

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]

#: Rows of a list of visits: the row of the array, the sample, and the keys of the row's noise.
ROW, SAMPLE, KEY0, KEY1 = range(4)
#: Where σ is larger, more than some 40 % of the rows would have to be held, and all of them are as they go.
RARELY_BACKWARD: Final = 0.35
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
        of_sample = noise_keys[np.uintp(visits[SAMPLE, k])]
        visits[KEY0, k], visits[KEY1, k] = row_keys(of_sample[0], of_sample[1], visits[ROW, k])
    return visits, int(many)


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
    columns, none, relative = np.uintp(w.shape[1]), np.uintp(0), np.float32(0.0)
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
        elif additive != relative or noise > np.float32(RARELY_BACKWARD):
            falling = (signs[s] == POSITIVE) == raised
            # Of either kind of noise a loop of its own: with both in it, it would take a third longer.
            if signs[s] == MIXED and additive != relative:
                held_both_ways(w, planes, i, x, bits, words, s, raised, noise, np.float32(1.0), key0, key1)
            elif signs[s] == MIXED:
                held_both_ways(w, planes, i, x, bits, words, s, raised, noise, relative, key0, key1)
            elif additive != relative:
                held_one_way(w, planes, i, bits, words, s, falling, noise, np.float32(1.0), key0, key1)
            else:
                held_one_way(w, planes, i, bits, words, s, falling, noise, relative, key0, key1)
        elif signs[s] == MIXED:
            if both_ways(w, planes, i, x, bits, words, s, raised, noise, key0, key1) < 0:
                hold_cells(w, planes, i, columns)
        else:
            falling = (signs[s] == POSITIVE) == raised
            if one_way(w, planes, i, bits, words, s, falling, noise, key0, key1) < 0:
                hold_cells(w, planes, i, columns)
