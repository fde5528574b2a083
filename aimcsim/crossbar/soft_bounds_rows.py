"""Rows of soft-bounds cells moved by a sample's train, in the default mode; the loops that take the time.

Arrays come whole, with a row and a sample, because every slice costs a reference count: w (out, in), planes as in
`closed_form` (6, out, in), x and `words`, the columns' random words, (samples, in), column trains `bits`
(samples, words, in). Loop variables are unsigned, else numba looks for negative indices, and nothing vectorises.

A cell moves downward where the sign bit of its x, xor `flip`, is 0. Where all inputs of a sample have one sign, so has
the whole row: the loops `…_one_way` read the numbers of that direction only, and take three quarters of the time.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, exponent, fall, far_fall, light_normal
from aimcsim.crossbar.closed_form import DRIFT_DOWN, DRIFT_UP
from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP
from aimcsim.crossbar.lanes import bits_of, popcount

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]


@njit(nogil=True, cache=True, fastmath=FAST)
def bend_of(noise: np.float32) -> np.float32:
    """The factor of μ² in the spread of ε (`closed_form`)."""
    return np.float32(0.5) * noise * (np.float32(1.0) - noise * noise)


@njit(nogil=True, cache=True, fastmath=FAST, inline="always")
def train_cells(
    w: Floats,
    planes: Floats,
    up: int,
    down: int,
    row: int,
    x: Floats,
    words: Words,
    sample: int,
    n: int,
    raised: bool,
    bits: Words,
    train: np.uint32,
    noise: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> np.int32:
    """Cells j < n of a row move by the coincidences of `train` with a sample's columns, in place.

    `up` and `down` are the planes of the drifts, `raised` says that positive inputs lead down. Multiplicative noise,
    trains of one word, ε within reach of `fall`. Returns less than 0 if some cells have to be held (`hold_cells`): no
    ε of `fall` leads beyond the bound ahead, and only one below 0 to the bound behind.
    """
    length, i, s, zero = np.uintp(n), np.uintp(row), np.uintp(sample), np.uintp(0)
    bend, wrong = bend_of(noise), np.int32(0)
    # Planes of cells of positive and of negative inputs: so the row's direction costs nothing in the loop.
    pace, ahead = np.uintp(down if raised else up), np.uintp(BOUND_DOWN if raised else BOUND_UP)
    other_pace, other_ahead = np.uintp(up if raised else down), np.uintp(BOUND_UP if raised else BOUND_DOWN)
    for j in range(length):
        v, one, two = w[i, j], planes[ahead, i, j], planes[other_ahead, i, j]
        slow, fast = planes[pace, i, j], planes[other_pace, i, j]
        negative = np.int32(bits_of(x[s, j])) < 0
        bound = two if negative else one
        drift = fast if negative else slow
        c = np.float32(popcount(np.uint32(bits[s, zero, j] & train)))
        e = exponent(drift, c, light_normal(cell_word(key0, key1, words[s, j])), noise, bend)
        wrong = np.int32(wrong | bits_of(e))
        w[i, j] = v + (bound - v) * fall(e)
    return wrong


@njit(nogil=True, cache=True, fastmath=FAST, inline="always")
def train_cells_one_way(
    w: Floats,
    planes: Floats,
    row: int,
    words: Words,
    sample: int,
    n: int,
    falling: bool,
    bits: Words,
    train: np.uint32,
    noise: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> np.int32:
    """As `train_cells`, all cells of the row downward (`falling`) or upward."""
    length, i, s, zero = np.uintp(n), np.uintp(row), np.uintp(sample), np.uintp(0)
    bend, wrong = bend_of(noise), np.int32(0)
    pace, ahead = np.uintp(DRIFT_DOWN if falling else DRIFT_UP), np.uintp(BOUND_DOWN if falling else BOUND_UP)
    for j in range(length):
        v, bound, drift = w[i, j], planes[ahead, i, j], planes[pace, i, j]
        c = np.float32(popcount(np.uint32(bits[s, zero, j] & train)))
        e = exponent(drift, c, light_normal(cell_word(key0, key1, words[s, j])), noise, bend)
        wrong = np.int32(wrong | bits_of(e))
        w[i, j] = v + (bound - v) * fall(e)
    return wrong


@njit(nogil=True, cache=True, fastmath=FAST)
def hold_cells(w: Floats, planes: Floats, row: int, n: int) -> None:
    """Cells j < n of a row within their bounds."""
    i, low, high = np.uintp(row), np.uintp(BOUND_DOWN), np.uintp(BOUND_UP)
    for j in range(np.uintp(n)):
        w[i, j] = min(max(w[i, j], planes[low, i, j]), planes[high, i, j])


@njit(nogil=True, cache=True, fastmath=FAST)
def counted_cells(
    w: Floats,
    planes: Floats,
    up: int,
    down: int,
    row: int,
    x: Floats,
    words: Words,
    sample: int,
    n: int,
    flip: np.int32,
    counts: NDArray[np.int32],
    noise: np.float32,
    multiplicative: bool,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """As `train_cells`, by `counts[j]` pulses, any ε and either kind of noise."""
    length, i, s = np.uintp(n), np.uintp(row), np.uintp(sample)
    bend = bend_of(noise)
    for j in range(length):
        v, low, high, du, dd = (
            w[i, j],
            planes[BOUND_DOWN, i, j],
            planes[BOUND_UP, i, j],
            planes[up, i, j],
            planes[down, i, j],
        )
        rising = np.int32(bits_of(x[s, j]) ^ flip) < 0
        bound = high if rising else low
        drift = du if rising else dd
        c = np.float32(counts[j])
        z = light_normal(cell_word(key0, key1, words[s, j]))
        if multiplicative:
            moved = v + (bound - v) * far_fall(exponent(drift, c, z, noise, bend))
        else:
            gone = far_fall(drift * c)
            # a²/(1 − (1−a)²) = a/(2 − a) = tanh(μ/2); 1 − (1−gone)² = gone(2 − gone).
            ratio = drift * (np.float32(0.5) - drift * drift * np.float32(1.0 / 24.0))
            spread = np.float32(np.sqrt(max(ratio * gone * (np.float32(2.0) - gone), np.float32(0.0))))
            moved = v + (bound - v) * gone + noise * bound * spread * z
        w[i, j] = min(max(moved, low), high)


@njit(nogil=True, cache=True)
def pack_cells(
    w: Floats,
    planes: Floats,
    up: int,
    down: int,
    row: int,
    lanes: Words,
    sample: int,
    n: int,
    packed_w: Floats,
    packed: Floats,
) -> None:
    """Gather a row's cells in the sample's n lanes: weights into (1, in), planes `up`, `down`, bounds into (4, 1, in).

    The planes `up` and `down` become RATE_UP and RATE_DOWN.
    """
    i, s, zero = np.uintp(row), np.uintp(sample), np.uintp(0)
    for k in range(np.uintp(n)):
        j = np.uintp(lanes[s, k])
        packed_w[zero, k] = w[i, j]
        packed[RATE_UP, zero, k] = planes[up, i, j]
        packed[RATE_DOWN, zero, k] = planes[down, i, j]
        packed[BOUND_UP, zero, k] = planes[BOUND_UP, i, j]
        packed[BOUND_DOWN, zero, k] = planes[BOUND_DOWN, i, j]


@njit(nogil=True, cache=True)
def unpack_cells(w: Floats, row: int, lanes: Words, sample: int, n: int, packed_w: Floats) -> None:
    """Put the weights that `pack_cells` gathered back."""
    i, s, zero = np.uintp(row), np.uintp(sample), np.uintp(0)
    for k in range(np.uintp(n)):
        w[i, np.uintp(lanes[s, k])] = packed_w[zero, k]


@njit(nogil=True, cache=True)
def count_line(counts: NDArray[np.int32], columns: Words, rows: Words, sample: int, row: int, n: int) -> None:
    """Coincidences of one row's train with those of the first n columns; trains (samples, words, lines)."""
    s, length = np.uintp(sample), np.uintp(n)
    train = rows[s, 0, row]
    for j in range(length):
        counts[j] = popcount(np.uint32(columns[s, 0, j] & train))
    for w in range(1, columns.shape[1]):
        train = rows[s, w, row]
        if train != 0:
            for j in range(length):
                counts[j] = np.int32(counts[j] + popcount(np.uint32(columns[s, w, j] & train)))
