"""Rows of cells with a linear step moved by all pulses of a train at once; `family_form` derives the formulas.

Arrays come whole, with indices, because every slice costs a reference count: states `w` (D, rows, in), `numbers`
(rows, R, in) with bounds first, `x` and the columns' `words` (samples, in). A cell without pulses keeps its bits.

Directions are asked for as "< 0": "≥ 0" compares with a register of ones, which the compiler, short of registers, makes
anew in every round from one that holds the last round's result. Rounds then wait for each other, 1.6 times as long.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import HIGHEST_FALL, LOWEST_FALL, cell_word, light_normal, scaled_normal
from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.family_rows import additive_pulse, linear_pulse
from aimcsim.crossbar.lanes import bits_of

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]

#: A cell steps pulse by pulse where a·max(1, σ) exceeds this, or −a (steps that grow) the second.
COARSE_LIMIT: Final = 0.05
GROWING_LIMIT: Final = 0.01

_COARSE, _GROWING = np.float32(COARSE_LIMIT), np.float32(-GROWING_LIMIT)
_LOWEST, _HIGHEST = np.float32(LOWEST_FALL), np.float32(HIGHEST_FALL)
_ZERO, _HALF, _ONE = (np.float32(v) for v in (0.0, 0.5, 1.0))


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")
def fall_part(e: np.float32) -> np.float32:
    """(1 − e^(−ε))/ε within 1.2e-5 for ε in [−0.3, 2], 1 at ε = 0, held level outside: a minimax polynomial."""
    e = min(max(e, _LOWEST), _HIGHEST)
    p = np.float32(-6.89043177e-04)
    p = p * e + np.float32(7.25701158e-03)
    p = p * e + np.float32(-4.10215275e-02)
    p = p * e + np.float32(1.66638249e-01)
    p = p * e + np.float32(-5.00058045e-01)
    return p * e + _ONE


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")
def linear_cells(
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    place: int,
    up: int,
    down: int,
    x: Floats,
    words: Words,
    sample: int,
    n: int,
    flip: np.int32,
    counts: Counts,
    left: Counts,
    sigma: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> bool:
    """`counts[j]` pulses of Δ = p0 + p1·w, with noise relative to Δ, on cells j < n of a row.

    State w[device, row]; numbers[place] with bounds first, those of both directions from `up` and from `down` on;
    downward where the sign bit of x[sample], xor `flip`, is 0. `left` receives the pulses of cells too coarse for the
    closed form, which stay where they are; returns whether there are any.
    """
    length, d, i, s = np.uintp(n), np.uintp(device), np.uintp(row), np.uintp(sample)
    r, u, t = np.uintp(place), np.uintp(up), np.uintp(down)
    low, high, one = np.uintp(0), np.uintp(1), np.uintp(1)
    square = sigma * sigma
    m1 = _HALF * (_ONE + square)
    m2 = np.float32(1.0 / 3.0) + square
    m3 = np.float32(0.25) + square * (np.float32(1.5) - np.float32(0.25) * square)
    s2 = _ONE - np.float32(0.25) * square
    steepest = _COARSE / max(_ONE, sigma)
    some = np.int32(0)
    for j in range(length):
        v = w[d, i, j]
        goes_up = np.int32(bits_of(x[s, j]) ^ flip) < 0
        p0_up, p0_down = numbers[r, u, j], numbers[r, t, j]
        p1_up, p1_down = numbers[r, u + one, j], numbers[r, t + one, j]
        p0 = p0_up if goes_up else p0_down
        p1 = p1_up if goes_up else p1_down
        a = -p1
        c = np.float32(counts[j])
        z = light_normal(cell_word(key0, key1, words[s, j]))
        mean = c * (_ONE + a * (m1 + a * (m2 + a * m3)))
        q = mean + np.float32(np.sqrt(c)) * z * (sigma * (_ONE + a * (_ONE + a * s2)))
        moved = v + (p0 - a * v) * q * fall_part(a * q)
        moved = min(max(moved, numbers[r, low, j]), numbers[r, high, j])
        coarse = a > steepest or a < _GROWING
        # A product, not a choice: of that the compiler would make a branch and masked stores.
        stays = np.int32(counts[j] * np.int32(coarse))
        left[j] = stays
        some = np.int32(some | stays)
        w[d, i, j] = v if counts[j] == stays else moved
    return bool(some > 0)


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")
def additive_cells(
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    place: int,
    up: int,
    down: int,
    x: Floats,
    words: Words,
    sample: int,
    n: int,
    flip: np.int32,
    counts: Counts,
    left: Counts,
    sigma: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> bool:
    """As `linear_cells`, with noise relative to p2."""
    length, d, i, s = np.uintp(n), np.uintp(device), np.uintp(row), np.uintp(sample)
    r, u, t = np.uintp(place), np.uintp(up), np.uintp(down)
    low, high, one, two = np.uintp(0), np.uintp(1), np.uintp(1), np.uintp(2)
    steepest = _COARSE / max(_ONE, sigma)
    some = np.int32(0)
    for j in range(length):
        v = w[d, i, j]
        goes_up = np.int32(bits_of(x[s, j]) ^ flip) < 0
        p0_up, p0_down = numbers[r, u, j], numbers[r, t, j]
        p1_up, p1_down = numbers[r, u + one, j], numbers[r, t + one, j]
        p2_up, p2_down = numbers[r, u + two, j], numbers[r, t + two, j]
        p0 = p0_up if goes_up else p0_down
        p1 = p1_up if goes_up else p1_down
        p2 = p2_up if goes_up else p2_down
        a = -p1
        c = np.float32(counts[j])
        z = light_normal(cell_word(key0, key1, words[s, j]))
        part = _ONE + a * (_HALF + a * (np.float32(1.0 / 3.0) + a * np.float32(0.25)))
        mu = a * part
        q = c * part
        fallen = q * fall_part(mu * c)
        # (1 − e^(−2μc))/(1 − e^(−2μ)) in terms of (1 − e^(−μc))/a: the variance of c steps, each of deviation 1.
        squares = fallen * (_ONE - _HALF * a * fallen) / (_ONE - _HALF * a)
        spread = sigma * p2 * np.float32(np.sqrt(max(squares, _ZERO)))
        moved = v + (p0 - a * v) * fallen + spread * z
        moved = min(max(moved, numbers[r, low, j]), numbers[r, high, j])
        coarse = a > steepest or a < _GROWING
        # A product, not a choice: of that the compiler would make a branch and masked stores.
        stays = np.int32(counts[j] * np.int32(coarse))
        left[j] = stays
        some = np.int32(some | stays)
        w[d, i, j] = v if counts[j] == stays else moved
    return bool(some > 0)


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")
def single_cells(
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    place: int,
    up: int,
    down: int,
    x: Floats,
    words: Words,
    sample: int,
    n: int,
    flip: np.int32,
    counts: Counts,
    sigma: np.float32,
    additive: bool,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """As `linear_cells` and `additive_cells` for counts of 0 and 1, by the formula of one pulse."""
    length, d, i, s = np.uintp(n), np.uintp(device), np.uintp(row), np.uintp(sample)
    r, u, t = np.uintp(place), np.uintp(up), np.uintp(down)
    low, high, one, two = np.uintp(0), np.uintp(1), np.uintp(1), np.uintp(2)
    if additive:
        for j in range(length):
            v = w[d, i, j]
            goes_up = np.int32(bits_of(x[s, j]) ^ flip) < 0
            p0_up, p0_down = numbers[r, u, j], numbers[r, t, j]
            p1_up, p1_down = numbers[r, u + one, j], numbers[r, t + one, j]
            p2_up, p2_down = numbers[r, u + two, j], numbers[r, t + two, j]
            p0 = p0_up if goes_up else p0_down
            p1 = p1_up if goes_up else p1_down
            p2 = p2_up if goes_up else p2_down
            z = scaled_normal(cell_word(key0, key1, words[s, j]), sigma)
            moved = additive_pulse(v, p0, p1, p2, numbers[r, low, j], numbers[r, high, j], z)
            w[d, i, j] = moved if counts[j] > 0 else v
    else:
        for j in range(length):
            v = w[d, i, j]
            goes_up = np.int32(bits_of(x[s, j]) ^ flip) < 0
            p0_up, p0_down = numbers[r, u, j], numbers[r, t, j]
            p1_up, p1_down = numbers[r, u + one, j], numbers[r, t + one, j]
            p0 = p0_up if goes_up else p0_down
            p1 = p1_up if goes_up else p1_down
            z = scaled_normal(cell_word(key0, key1, words[s, j]), sigma)
            moved = linear_pulse(v, p0, p1, numbers[r, low, j], numbers[r, high, j], z)
            w[d, i, j] = moved if counts[j] > 0 else v
