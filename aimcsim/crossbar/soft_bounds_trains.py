"""Soft-bounds cells of a row stepped pulse by pulse: gathered in the order of `train_order`, stepped, and put back.

Gathered cells are seen so that all of them move upward: of one that moves down, weight and bounds have their signs
turned round. Only cells with pulses left are visited, two pulses a visit, which take the two normals of one word.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word
from aimcsim.crossbar.counter_hash import FAST, slot_keys
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP
from aimcsim.crossbar.lanes import bits_of, prefetch
from aimcsim.crossbar.pulse_normals import polar
from aimcsim.crossbar.soft_bounds import soft_bounds_noisy_step, soft_bounds_step

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]

#: Rows of a buffer of gathered cells: weight, rate, its spread from pulse to pulse, the bound ahead and the one behind,
#: the sign by which they are seen, and normals.
W, RATE, SPREAD, AHEAD, BEHIND, SIGN, Z = range(7)
BUFFER_ROWS: Final = 7
#: Cells in a line of cache.
LINE: Final = 16


@njit(nogil=True, cache=True, _nrt=False)
def fetch_row(w: Floats, planes: Floats, row: int) -> None:
    """Have a row's weights and planes brought near: they are gathered in no order that the machine could foresee."""
    columns, size = np.uint64(w.shape[1]), np.uint64(w.size)
    first = np.uint64(row) * columns
    for j in range(np.uint64(0), columns, np.uint64(LINE)):
        prefetch(w, first + j)
        for plane in range(np.uint64(4)):
            prefetch(planes, plane * size + first + j)


@njit(nogil=True, cache=True, fastmath=FAST)
def gather_cells(
    cells: Floats,
    w: Floats,
    planes: Floats,
    row: int,
    lanes: Words,
    x: Floats,
    sample: int,
    n: int,
    flip: np.int32,
    noise: np.float32,
    multiplicative: bool,
) -> None:
    """Into `cells` (BUFFER_ROWS, ·): n cells of a row, in the sample's lanes; down where the sign of x xor `flip` is 0.

    `noise` is relative to the step itself (multiplicative), or to the step at weight zero.
    """
    i, s, length = np.uintp(row), np.uintp(sample), np.uintp(n)
    up_rate, up_bound = np.uintp(RATE_UP), np.uintp(BOUND_UP)
    down_rate, down_bound = np.uintp(RATE_DOWN), np.uintp(BOUND_DOWN)
    for k in range(length):
        j = np.uintp(lanes[s, k])
        falling = np.int32(bits_of(x[s, k]) ^ flip) >= 0
        cells[W, k] = w[i, j]
        cells[RATE, k] = planes[down_rate if falling else up_rate, i, j]
        cells[AHEAD, k] = planes[down_bound if falling else up_bound, i, j]
        cells[BEHIND, k] = planes[up_bound if falling else down_bound, i, j]
    for k in range(length):
        sign = np.float32(-1.0) if np.int32(bits_of(x[s, k]) ^ flip) >= 0 else np.float32(1.0)
        bound = sign * cells[AHEAD, k]
        cells[W, k], cells[AHEAD, k], cells[BEHIND, k] = sign * cells[W, k], bound, sign * cells[BEHIND, k]
        spread = noise * cells[RATE, k]
        cells[SPREAD, k] = spread if multiplicative else spread * bound
        cells[SIGN, k] = sign


@njit(nogil=True, cache=True, fastmath=FAST)
def scatter_cells(cells: Floats, w: Floats, row: int, lanes: Words, sample: int, n: int) -> None:
    """The weights of gathered cells back to where they came from."""
    i, s, length = np.uintp(row), np.uintp(sample), np.uintp(n)
    for k in range(length):
        cells[W, k] = cells[SIGN, k] * cells[W, k]
    for k in range(length):
        w[i, np.uintp(lanes[s, k])] = cells[W, k]


@njit(nogil=True, cache=True, fastmath=FAST)
def two_pulses(
    cells: Floats,
    counts: Counts,
    words: Words,
    sample: int,
    n: int,
    p: int,
    multiplicative: bool,
    a: np.uint32,
    b: np.uint32,
) -> None:
    """Pulses number p and p + 1 of those of n cells that have them; keys of this visit."""
    s, first, second = np.uintp(sample), np.int32(p), np.int32(p + 1)
    for k in range(np.uintp(n)):
        v, rate, spread, ahead, behind, count = (
            cells[W, k],
            cells[RATE, k],
            cells[SPREAD, k],
            cells[AHEAD, k],
            cells[BEHIND, k],
            counts[k],
        )
        radius, sine, cosine = polar(cell_word(a, b, words[s, k]))
        spread = radius * spread
        move = (ahead - v) * (rate + spread * sine) if multiplicative else (ahead - v) * rate + spread * sine
        once = min(max(v + move, behind), ahead)
        once = once if count > first else v
        move = (ahead - once) * (rate + spread * cosine) if multiplicative else (ahead - once) * rate + spread * cosine
        twice = min(max(once + move, behind), ahead)
        cells[W, k] = twice if count > second else once


@njit(nogil=True, cache=True, fastmath=FAST)
def one_pulse(
    cells: Floats, counts: Counts, words: Words, sample: int, n: int, multiplicative: bool, a: np.uint32, b: np.uint32
) -> None:
    """As `two_pulses` where no cell has a second one: the two normals of a word go to two cells."""
    s, half = np.uintp(sample), np.uintp(n // 2)
    for k in range(half):
        radius, sine, cosine = polar(cell_word(a, b, words[s, k]))
        cells[Z, k], cells[Z, half + k] = radius * sine, radius * cosine
    for k in range(np.uintp(n)):
        v, ahead, noise = cells[W, k], cells[AHEAD, k], cells[SPREAD, k] * cells[Z, k]
        move = (ahead - v) * (cells[RATE, k] + noise) if multiplicative else (ahead - v) * cells[RATE, k] + noise
        moved = min(max(v + move, cells[BEHIND, k]), ahead)
        cells[W, k] = moved if counts[k] > 0 else v


@njit(nogil=True, cache=True, fastmath=FAST)
def even_pulses(cells: Floats, counts: Counts, n: int, p: int) -> None:
    """As `two_pulses`, without noise."""
    first, second = np.int32(p), np.int32(p + 1)
    for k in range(np.uintp(n)):
        v, rate, ahead, behind, count = cells[W, k], cells[RATE, k], cells[AHEAD, k], cells[BEHIND, k], counts[k]
        once = soft_bounds_step(v, rate, ahead, behind, ahead)
        once = once if count > first else v
        twice = soft_bounds_step(once, rate, ahead, behind, ahead)
        cells[W, k] = twice if count > second else once


@njit(nogil=True, cache=True)
def step_cells(
    cells: Floats,
    counts: Counts,
    reaches: NDArray[np.int64],
    rounds: int,
    top: int,
    words: Words,
    sample: int,
    noise: np.float32,
    multiplicative: bool,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """`counts[k]` pulses, `top` at most, on gathered cell k; `reaches` and `rounds` as `reaches_of` gives them.

    Pulses 2q and 2q + 1 take their normals by slot q of the row's keys and the word of the column.
    """
    for q in range(rounds):
        if noise == np.float32(0.0):
            even_pulses(cells, counts, reaches[q], 2 * q)
            continue
        a, b = slot_keys(key0, key1, q)
        if top == 1:
            one_pulse(cells, counts, words, sample, reaches[q], multiplicative, a, b)
        else:
            two_pulses(cells, counts, words, sample, reaches[q], 2 * q, multiplicative, a, b)


@njit(nogil=True, cache=True, fastmath=FAST)
def single_pulse_row(
    w: Floats,
    planes: Floats,
    row: int,
    x: Floats,
    words: Words,
    sample: int,
    n: int,
    flip: np.int32,
    bits: Words,
    z: Floats,
    noise: np.float32,
    multiplicative: bool,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """One pulse on those of a row's first n cells that fire in the single slot of a train, where they stand.

    `z` (n + 1,) is scratch; x, words (samples, in) and bits (samples, 1, in) as in `gather_cells`.
    """
    i, s, length, zero = np.uintp(row), np.uintp(sample), np.uintp(n), np.uintp(0)
    if noise > np.float32(0.0):
        a, b = slot_keys(key0, key1, 0)
        half = np.uintp((n + 1) // 2)
        for j in range(half):
            radius, sine, cosine = polar(cell_word(a, b, words[s, j]))
            z[j], z[half + j] = radius * sine, radius * cosine
    for j in range(length):
        v, low, high = w[i, j], planes[BOUND_DOWN, i, j], planes[BOUND_UP, i, j]
        falling = np.int32(bits_of(x[s, j]) ^ flip) >= 0
        rate = planes[RATE_DOWN, i, j] if falling else planes[RATE_UP, i, j]
        bound = low if falling else high
        moved = soft_bounds_noisy_step(v, rate, bound, low, high, noise * z[j], multiplicative)
        w[i, j] = moved if bits[s, zero, j] != 0 else v
