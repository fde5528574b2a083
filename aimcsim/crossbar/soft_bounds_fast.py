"""Vectors of soft-bounds cells moved by all pulses of a train at once (`closed_form` says by which formula)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, word
from aimcsim.crossbar.lanes import bits_of, float_of, popcount, rint
from aimcsim.crossbar.soft_bounds import soft_bounds_noisy_step

#: `fall` is a polynomial on this range of ε, relative error 1.0e-5.
LOWEST_FALL: Final = -0.3
HIGHEST_FALL: Final = 2.0
#: No `light_normal` is larger.
LARGEST_NORMAL: Final = 4.05

_BYTES = np.uint32(0x00FF00FF)
_GOLDEN = np.uint32(0x9E3779B9)
_M1, _M2, _S15 = np.uint32(0x21F0AAAD), np.uint32(0xD35A2D97), np.uint32(15)


@njit(nogil=True, cache=True)
def cell_word(a: np.uint32, b: np.uint32, column: np.uint32) -> np.uint32:
    """32 random bits for a cell, of the row's keys and a `word` of its column: `word` without its first round."""
    h = np.uint32(np.uint32(a ^ column) * _M1)
    h = np.uint32(np.uint32(np.uint32(h ^ np.uint32(h >> _S15)) + b) * _M2)
    return np.uint32(h ^ np.uint32(h >> _S15))


@njit(nogil=True, cache=True, fastmath=FAST)
def light_normal(bits: np.uint32) -> np.float32:
    """Nearly a standard normal from a word, at a third of the price of `counter_hash.normal`.

    s = the sum of two of the word's bytes less that of the other two, then αs + βs³: variance 1 and kurtosis 3 (α, β
    solve the two equations over the 1021 values of s), sixth moment 14.46 (15), largest magnitude 4.04. The largest
    difference from the normal distribution function is 0.0032. The mean is −2.6e-5: the product makes
    2¹⁶s − (first sum), which spares masking the rest away.
    """
    pairs = np.uint32(np.uint32(bits & _BYTES) + np.uint32(np.uint32(bits >> np.uint32(8)) & _BYTES))
    s = np.float32(np.int32(np.uint32(pairs * np.uint32(0xFFFF))))
    return s * (s * s * np.float32(5.773954283329942e-09 * 2.0**-48) + np.float32(0.006421040612805977 * 2.0**-16))


@njit(nogil=True, cache=True, fastmath=FAST)
def fall(e: np.float32) -> np.float32:
    """1 − e^(−ε) for ε in [LOWEST_FALL, HIGHEST_FALL]: ε times a degree-5 minimax polynomial."""
    p = np.float32(-0.0006780148)
    p = p * e + np.float32(0.0072046847)
    p = p * e + np.float32(-0.0409412775)
    p = p * e + np.float32(0.1666015926)
    p = p * e + np.float32(-0.5000658412)
    p = p * e + np.float32(1.0000051112)
    return p * e


@njit(nogil=True, cache=True, fastmath=FAST)
def far_fall(e: np.float32) -> np.float32:
    """1 − e^(−ε) for any ε ≥ −80, absolute error below 7e-6 of max(1, e^(−ε)): e^(−ε) = 2^k·e^(−f), |f| ≤ ln2/2."""
    held = min(max(e, np.float32(-80.0)), np.float32(80.0))
    k = rint(held * np.float32(-1.44269504))
    f = held + k * np.float32(0.693147180)
    power = float_of(np.int32(np.int32(k) + np.int32(127)) << np.int32(23))
    # Where k = 0 the fall itself: 1 − (1 − fall) would lose the small ones, which far bounds make large again.
    return fall(f) if k == np.float32(0.0) else np.float32(1.0) - power * (np.float32(1.0) - fall(f))


@njit(nogil=True, cache=True, fastmath=FAST)
def exponent(drift: np.float32, c: np.float32, z: np.float32, noise: np.float32, bend: np.float32) -> np.float32:
    """ε of c pulses: μc + s√c·z with s = σμ + `bend`·μ²."""
    return drift * (c + np.float32(np.sqrt(c)) * z * (noise + bend * drift))


@njit(nogil=True, cache=True, fastmath=FAST)
def train_cells(
    w: NDArray[np.float32],
    drifts: NDArray[np.float32],
    bounds: NDArray[np.float32],
    row: int,
    x: NDArray[np.float32],
    columns: NDArray[np.uint32],
    sample: int,
    n: int,
    flip: np.int32,
    bits: NDArray[np.uint32],
    train: np.uint32,
    noise: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """Cells j < n of a row move by the coincidences of `train` with a sample's columns, in place.

    Arrays come whole, with a row and a sample, because every slice costs a reference count: w (out, in), drifts and
    bounds (2, out, in) upward and downward, x and `columns`, the columns' words, (samples, in), bits (samples, 1, in).
    Downward where the sign bit of x, xor `flip`, is 0. Multiplicative noise, ε within the range of `fall`.
    """
    # Unsigned, else numba looks for negative indices, and the loop does not vectorise.
    length, i, s, zero = np.uintp(n), np.uintp(row), np.uintp(sample), np.uintp(0)
    bend = np.float32(0.5) * noise * (np.float32(1.0) - noise * noise)
    for j in range(length):
        v, low, high, du, dd = w[i, j], bounds[1, i, j], bounds[0, i, j], drifts[0, i, j], drifts[1, i, j]
        down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
        bound = low if down else high
        drift = dd if down else du
        c = np.float32(popcount(np.uint32(bits[s, zero, j] & train)))
        z = light_normal(cell_word(key0, key1, columns[s, j]))
        w[i, j] = min(max(v + (bound - v) * fall(exponent(drift, c, z, noise, bend)), low), high)


@njit(nogil=True, cache=True, fastmath=FAST)
def counted_cells(
    w: NDArray[np.float32],
    drifts: NDArray[np.float32],
    bounds: NDArray[np.float32],
    row: int,
    x: NDArray[np.float32],
    columns: NDArray[np.uint32],
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
    bend = np.float32(0.5) * noise * (np.float32(1.0) - noise * noise)
    for j in range(length):
        v, low, high, du, dd = w[i, j], bounds[1, i, j], bounds[0, i, j], drifts[0, i, j], drifts[1, i, j]
        down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
        bound = low if down else high
        drift = dd if down else du
        c = np.float32(counts[j])
        z = light_normal(cell_word(key0, key1, columns[s, j]))
        if multiplicative:
            moved = v + (bound - v) * far_fall(exponent(drift, c, z, noise, bend))
        else:
            gone = far_fall(drift * c)
            # a²/(1 − (1−a)²) = a/(2 − a) = tanh(μ/2); 1 − (1−gone)² = gone(2 − gone).
            ratio = drift * (np.float32(0.5) - drift * drift * np.float32(1.0 / 24.0))
            spread = np.float32(np.sqrt(max(ratio * gone * (np.float32(2.0) - gone), np.float32(0.0))))
            moved = v + (bound - v) * gone + noise * bound * spread * z
        w[i, j] = min(max(moved, low), high)


@njit(nogil=True, cache=True, fastmath=FAST)
def single_pulse_cells(
    w: NDArray[np.float32],
    rates: NDArray[np.float32],
    bounds: NDArray[np.float32],
    row: int,
    x: NDArray[np.float32],
    columns: NDArray[np.uint32],
    sample: int,
    n: int,
    flip: np.int32,
    bits: NDArray[np.uint32],
    noise: np.float32,
    multiplicative: bool,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """One pulse on those cells j < n of a row that fire in the single slot, by the exact formula."""
    length, i, s, zero = np.uintp(n), np.uintp(row), np.uintp(sample), np.uintp(0)
    for j in range(length):
        v, low, high, ru, rd = w[i, j], bounds[1, i, j], bounds[0, i, j], rates[0, i, j], rates[1, i, j]
        down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
        bound = low if down else high
        rate = rd if down else ru
        z = light_normal(cell_word(key0, key1, columns[s, j]))
        moved = soft_bounds_noisy_step(v, rate, bound, low, high, noise * z, multiplicative)
        w[i, j] = moved if bits[s, zero, j] != 0 else v


@njit(nogil=True, cache=True, fastmath=FAST)
def coarse_cell(
    v: np.float32,
    rate: np.float32,
    bound: np.float32,
    low: np.float32,
    high: np.float32,
    count: int,
    lane: np.uint32,
    noise: np.float32,
    multiplicative: bool,
    key0: np.uint32,
    key1: np.uint32,
) -> np.float32:
    """The weight of one cell after `count` pulses, one by one."""
    first = word(key1, key0, lane)
    for p in range(count):
        z = light_normal(cell_word(key0, key1, np.uint32(first + np.uint32(np.uint32(p) * _GOLDEN))))
        v = soft_bounds_noisy_step(v, rate, bound, low, high, noise * z, multiplicative)
    return v


@njit(nogil=True, cache=True)
def count_line(
    counts: NDArray[np.int32], columns: NDArray[np.uint32], rows: NDArray[np.uint32], sample: int, row: int, n: int
) -> None:
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
