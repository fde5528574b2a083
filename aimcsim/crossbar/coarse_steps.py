"""Cells of a row whose step changes too much from pulse to pulse for the closed form: pulse by pulse, side by side."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, pulse_word, scaled_normal
from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.curved_moves import Noise
from aimcsim.crossbar.families import LINEAR
from aimcsim.crossbar.family_rows import additive_pulse, linear_pulse
from aimcsim.crossbar.lanes import bits_of
from aimcsim.crossbar.piece_table import PieceTable
from aimcsim.crossbar.strewn_cells import COLUMN, NOISE, PAD, PLACE, TOGETHER, Strip, pulse_strip

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]


@njit(nogil=True, cache=True, fastmath=FAST)
def linear_trains(
    w: Floats,
    numbers: Floats,
    marks: Words,
    counts: Counts,
    n: int,
    top: int,
    additive: bool,
    sigma: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """All pulses of the first n cells of a strip, at most `top`, LINEAR, of one row whose keys these are."""
    zero, one, two, three, four = np.uintp(0), np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)
    reach, column = np.uintp((n + PAD - 1) // PAD * PAD), np.uintp(COLUMN)
    for p in range(top):
        for j in range(reach):
            v, low, high = w[zero, zero, j], numbers[zero, zero, j], numbers[zero, one, j]
            z = scaled_normal(cell_word(key0, key1, pulse_word(marks[column, j], p)), sigma)
            p0, p1 = numbers[zero, two, j], numbers[zero, three, j]
            if additive:
                moved = additive_pulse(v, p0, p1, numbers[zero, four, j], low, high, z)
            else:
                moved = linear_pulse(v, p0, p1, low, high, z)
            w[zero, zero, j] = moved if counts[j] > p else v


@njit(nogil=True, cache=True, _nrt=False)
def step_coarse(
    family: int,
    additive: bool,
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    kept: int,
    place: int,
    up: int,
    down: int,
    x: Floats,
    words: Words,
    sample: int,
    n: int,
    flip: np.int32,
    left: Counts,
    strip: Strip,
    table: PieceTable,
    noise: Noise,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """`left[j]` pulses on cells j < n of a row, one by one (`family_cells` has the arguments)."""
    d, i, s, zero = np.uintp(device), np.uintp(row), np.uintp(sample), np.uintp(0)
    filled, top = 0, np.int32(0)
    for block in range(0, n, PAD):
        end, some = min(block + PAD, n), np.int32(0)
        for j in range(np.uintp(block), np.uintp(end)):
            some = np.int32(some | left[j])
        if some > 0:
            for j in range(np.uintp(block), np.uintp(end)):
                if left[j] == 0:
                    continue
                at = np.uintp(filled)
                strip.w[zero, zero, at] = w[d, i, j]
                strip.numbers[zero, zero, at] = numbers[place, 0, j]
                strip.numbers[zero, np.uintp(1), at] = numbers[place, 1, j]
                first = down if np.int32(bits_of(x[s, j]) ^ flip) >= 0 else up
                for number in range(kept):
                    strip.numbers[zero, np.uintp(2 + number), at] = numbers[place, first + number, j]
                strip.marks[COLUMN, at], strip.marks[PLACE, at] = words[s, j], np.uint32(j)
                strip.counts[at] = left[j]
                top = max(top, left[j])
                filled += 1
        if filled > TOGETHER - PAD or (filled > 0 and end == n):
            if family == LINEAR:
                linear_trains(
                    strip.w, strip.numbers, strip.marks, strip.counts, filled, top, additive, noise.sigma, key0, key1
                )
            else:
                for p in range(top):
                    for k in range(np.uintp((filled + PAD - 1) // PAD * PAD)):
                        strip.marks[NOISE, k] = cell_word(key0, key1, pulse_word(strip.marks[COLUMN, k], p))
                    pulse_strip(strip, filled, p, family, additive, table, noise)
            for k in range(np.uintp(filled)):
                w[d, i, np.uintp(strip.marks[PLACE, k])] = strip.w[zero, zero, k]
            filled, top = 0, np.int32(0)
