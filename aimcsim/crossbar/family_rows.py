"""Whole rows of cells with a linear step, by the shortest ways there are: one pulse each, or trains of constant steps.

Not of devices that drift, and trains not of pairs. The loops over rows and samples are in here, because a call a row
would cost a fifth of the time. Whether a sample goes this way depends on nothing but itself.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, scaled_normal
from aimcsim.crossbar.counter_hash import FAST, row_keys, slot_keys
from aimcsim.crossbar.lanes import bits_of, popcount
from aimcsim.crossbar.row_state import WRITE_SLOT
from aimcsim.crossbar.train_noise import FLIP, POSITIVE

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]


@njit(nogil=True, cache=True, fastmath=FAST)
def linear_pulse(
    v: np.float32, p0: np.float32, p1: np.float32, low: np.float32, high: np.float32, noise: np.float32
) -> np.float32:
    """One pulse of Δ = p0 + p1·w with `noise` relative to Δ."""
    step = p0 + p1 * v
    return min(max(v + (step + step * noise), low), high)


@njit(nogil=True, cache=True, fastmath=FAST)
def additive_pulse(
    v: np.float32,
    p0: np.float32,
    p1: np.float32,
    p2: np.float32,
    low: np.float32,
    high: np.float32,
    noise: np.float32,
) -> np.float32:
    """One pulse of Δ = p0 + p1·w with `noise` relative to p2."""
    return min(max(v + (p0 + p1 * v + p2 * noise), low), high)


@njit(nogil=True, cache=True, fastmath=FAST)
def single_rows(
    conductances: Floats,
    hidden: Floats,
    shown: Floats,
    numbers: Floats,
    kept: int,
    constant: bool,
    additive: bool,
    rows: int,
    until_row: int,
    samples: int,
    until_sample: int,
    d: Floats,
    rate: float,
    bits: Words,
    awake: NDArray[np.bool_],
    signs: NDArray[np.int64],
    words: Words,
    noise_keys: Words,
    sigma: np.float32,
    write_noise: np.float32,
) -> None:
    """One pulse on the cells of rows [`rows`, `until_row`) that samples [`samples`, `until_sample`) hit.

    States (D, out, in) and numbers as in `family_form`; the others are what `draw_trains`, `draw_words` and `signs_of`
    give of samples that send on whole rows, with inputs of one sign. `constant`: p1 is 0 everywhere.
    """
    zero, one, size = np.uintp(0), np.uintp(1), np.uintp(hidden.shape[2])
    pair = hidden.shape[0] == 2
    for row in range(rows, until_row):
        i = np.uintp(row)
        for sample in range(samples, until_sample):
            if not awake[row, sample]:
                continue
            s = np.uintp(sample)
            falling = (signs[sample] == POSITIVE) == (d[sample, row] * rate > 0.0)
            key0, key1 = row_keys(noise_keys[sample, 0], noise_keys[sample, 1], row)
            device = 1 if pair and falling else 0
            e, place = np.uintp(device), np.uintp(2 * row + device if pair else row)
            first = 2 + kept if falling and not pair else 2
            u, t = np.uintp(first), np.uintp(first + 1)
            if additive:
                r = np.uintp(first + 2)
                for j in range(size):
                    v = hidden[e, i, j]
                    own = scaled_normal(cell_word(key0, key1, words[s, j]), sigma)
                    moved = additive_pulse(
                        v, numbers[place, u, j], numbers[place, t, j], numbers[place, r, j], numbers[place, zero, j],
                        numbers[place, one, j], own,
                    )  # fmt: skip
                    hidden[e, i, j] = moved if bits[s, zero, j] != 0 else v
            elif constant:
                for j in range(size):
                    v = hidden[e, i, j]
                    own = scaled_normal(cell_word(key0, key1, words[s, j]), sigma)
                    moved = linear_pulse(
                        v, numbers[place, u, j], np.float32(0.0), numbers[place, zero, j], numbers[place, one, j], own
                    )
                    hidden[e, i, j] = moved if bits[s, zero, j] != 0 else v
            else:
                for j in range(size):
                    v = hidden[e, i, j]
                    own = scaled_normal(cell_word(key0, key1, words[s, j]), sigma)
                    moved = linear_pulse(
                        v, numbers[place, u, j], numbers[place, t, j], numbers[place, zero, j], numbers[place, one, j],
                        own,
                    )  # fmt: skip
                    hidden[e, i, j] = moved if bits[s, zero, j] != 0 else v
            if write_noise > np.float32(0.0):
                key0, key1 = slot_keys(key0, key1, WRITE_SLOT + device)
                for j in range(size):
                    seen = hidden[e, i, j] + scaled_normal(cell_word(key0, key1, words[s, j]), write_noise)
                    shown[e, i, j] = seen if bits[s, zero, j] != 0 else shown[e, i, j]
            if pair:
                for j in range(size):
                    conductances[i, j] = shown[zero, i, j] - shown[one, i, j]


@njit(nogil=True, cache=True, fastmath=FAST)
def constant_rows(
    hidden: Floats,
    numbers: Floats,
    kept: int,
    rows: int,
    until_row: int,
    samples: int,
    until_sample: int,
    d: Floats,
    rate: float,
    x: Floats,
    column_bits: Words,
    row_bits: Words,
    awake: NDArray[np.bool_],
    words: Words,
    noise_keys: Words,
    sigma: np.float32,
) -> None:
    """As `single_rows`, trains of one word on constant steps, inputs of any sign: c pulses move p0·(c + σ√c·z)."""
    zero, one, size = np.uintp(0), np.uintp(1), np.uintp(hidden.shape[2])
    up, down = np.uintp(2), np.uintp(2 + kept)
    for row in range(rows, until_row):
        i = np.uintp(row)
        for sample in range(samples, until_sample):
            if not awake[row, sample]:
                continue
            s = np.uintp(sample)
            flip = np.int32(0) if d[sample, row] * rate > 0.0 else FLIP
            key0, key1 = row_keys(noise_keys[sample, 0], noise_keys[sample, 1], row)
            train = row_bits[s, zero, i]
            for j in range(size):
                v, rise, sink = hidden[zero, i, j], numbers[i, up, j], numbers[i, down, j]
                p0 = sink if np.int32(bits_of(x[s, j]) ^ flip) >= 0 else rise
                c = np.float32(popcount(np.uint32(column_bits[s, zero, j] & train)))
                own = scaled_normal(cell_word(key0, key1, words[s, j]), sigma)
                moved = v + p0 * (c + np.float32(np.sqrt(c)) * own)
                # A cell without pulses stays: it moves by nothing, and is within its bounds.
                hidden[zero, i, j] = min(max(moved, numbers[i, zero, j]), numbers[i, one, j])
