"""Soft-bounds cells whose steps are too large for the closed form: pulse by pulse, all of an array side by side.

They are few (0.2 % at the default spreads) and strewn over the rows. One vector of them all takes a fifth of the time
that stepping each where its row is visited would take.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, pulse_word, scaled_normal
from aimcsim.crossbar.counter_hash import FAST, row_keys, word
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP
from aimcsim.crossbar.lanes import popcount
from aimcsim.crossbar.single_pulse_rows import noisy_step

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]


@njit(nogil=True, cache=True)
def places_of(places: NDArray[np.int64], lanes: Words, sample: int, n: int) -> None:
    """Into `places` (in,): where among the first n lanes of a sample each column stands, −1 for none."""
    places[:] = -1
    for k in range(n):
        places[np.intp(lanes[sample, k])] = k


@njit(nogil=True, cache=True)
def count_coarse(
    counts: NDArray[np.int32],
    at: NDArray[np.int64],
    places: NDArray[np.int64],
    columns: Words,
    rows: Words,
    sample: int,
) -> int:
    """Coincidences at the coarse cells, into `counts` (k,); the largest. Trains (samples, words, lines)."""
    top = 0
    for c in range(at.shape[1]):
        place, total = places[at[1, c]], 0
        if place >= 0:
            for w in range(columns.shape[1]):
                total += popcount(np.uint32(columns[sample, w, place] & rows[sample, w, at[0, c]]))
        counts[c] = total
        top = max(top, total)
    return top


@njit(nogil=True, cache=True, fastmath=FAST)
def imply_coarse(
    counts: NDArray[np.int32], at: NDArray[np.int64], x: Floats, d: Floats, sample: int, slots: int, a: float, b: float
) -> int:
    """As `count_coarse` for deterministic trains: round(BL·p_x·p_d), p_x = b·|x| and p_d = a·|d| at most 1."""
    top = 0
    for c in range(at.shape[1]):
        expected = slots * min(a * abs(d[sample, at[0, c]]), 1.0)
        counts[c] = np.int32(np.rint(expected * min(b * abs(x[sample, at[1, c]]), 1.0)))
        top = max(top, int(counts[c]))
    return top


@njit(nogil=True, cache=True, fastmath=FAST)
def step_coarse(
    w: Floats,
    numbers: Floats,
    at: NDArray[np.int64],
    x: Floats,
    d: Floats,
    sample: int,
    rate: float,
    counts: NDArray[np.int32],
    top: int,
    noise: np.float32,
    additive: np.float32,
    keys: Words,
    scratch: Words,
) -> None:
    """`counts[c]` pulses on coarse cell c, in place: w (k,), numbers (4, k), scratch (4, k); `top` = max(counts).

    `keys` are those of the sample's noise and those of the columns' words. The first pulse has the noise that a single
    pulse has elsewhere, so that it does not matter how samples are grouped into calls.
    """
    cells = np.uintp(w.shape[0])
    for c in range(cells):
        row, column = at[0, c], at[1, c]
        scratch[0, c], scratch[1, c] = row_keys(keys[0], keys[1], row)
        scratch[2, c] = word(keys[2], keys[3], np.uint32(column))
        scratch[3, c] = np.uint32((x[sample, column] > np.float32(0.0)) == (d[sample, row] * rate > 0.0))
    for p in range(top):
        for c in range(cells):
            v, low, high = w[c], numbers[BOUND_DOWN, c], numbers[BOUND_UP, c]
            falling = scratch[3, c] != np.uint32(0)
            pace = numbers[RATE_DOWN, c] if falling else numbers[RATE_UP, c]
            bound = low if falling else high
            z = scaled_normal(cell_word(scratch[0, c], scratch[1, c], pulse_word(scratch[2, c], p)), noise)
            moved = noisy_step(v, pace, bound, low, high, z, additive)
            w[c] = moved if counts[c] > p else v
