"""What a cell needs to move by all pulses of a train at once: its noise and its fall (`closed_form` says why)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from aimcsim.crossbar.counter_hash import FAST, mix
from aimcsim.crossbar.lanes import float_of, rint

#: `fall` is a polynomial on this range of ε, relative error 1.0e-5.
LOWEST_FALL: Final = -0.3
HIGHEST_FALL: Final = 2.0
#: No `light_normal` is larger.
LARGEST_NORMAL: Final = 3.39

_S8, _S20, _TWELVE = np.uint32(8), np.uint32(20), np.uint32(0xFFF)
_GOLDEN = np.uint32(0x9E3779B9)
#: Coefficients of `scaled_normal`, of s, s³ and s⁵ with s in units of 2¹².
_S1, _S3, _S5 = 2.36343911 * 2.0**-12, -0.77067203 * 2.0**-36, 1.79663793 * 2.0**-60


@njit(nogil=True, cache=True)
def cell_word(a: np.uint32, b: np.uint32, column: np.uint32) -> np.uint32:
    """A random word for a cell, of the row's keys and a `word` of its column: (a ⊕ column)·b, with b made odd.

    The words of columns are hashed already, so one product does: within a row it is a bijection, and since every row
    has a multiplier of its own, cells of different rows are independent, the four where two rows meet two columns
    included. Bits below the eighth depend on too few others and are for nobody; where the words of two columns agree in
    their lowest 20 bits (every second sample of 1000 columns has such a pair), half of the noise is common to both.
    """
    return np.uint32(np.uint32(a ^ column) * np.uint32(b | np.uint32(1)))


@njit(nogil=True, cache=True, fastmath=FAST)
def difference(bits: np.uint32) -> np.float32:
    """The highest twelve bits of a word less the twelve below them."""
    upper, lower = np.int32(bits >> _S20), np.int32(np.uint32(np.uint32(bits >> _S8) & _TWELVE))
    return np.float32(np.int32(upper - lower))


@njit(nogil=True, cache=True, fastmath=FAST)
def scaled_normal(bits: np.uint32, sigma: np.float32) -> np.float32:
    """σ times nearly a standard normal from a word, at a quarter of the price of `counter_hash.normal`.

    s = the difference of two uniforms of twelve bits, the word's highest and those below, then αs + βs³ + γs⁵: mean 0,
    variance 1, kurtosis 3, and of all such the distribution function nearest to the normal one, within 0.0023; sixth
    moment 14.37 (15), largest magnitude 3.39. σ goes into α, β and γ, outside of loops.
    """
    s = difference(bits)
    q = s * s
    return s * (sigma * np.float32(_S1) + q * (sigma * np.float32(_S3) + q * (sigma * np.float32(_S5))))


@njit(nogil=True, cache=True, fastmath=FAST)
def light_normal(bits: np.uint32) -> np.float32:
    """`scaled_normal` of σ = 1."""
    s = difference(bits)
    q = s * s
    return s * (np.float32(_S1) + q * (np.float32(_S3) + q * np.float32(_S5)))


@njit(nogil=True, cache=True)
def pulse_word(column: np.uint32, pulse: int) -> np.uint32:
    """The word of a column for one of the pulses on a cell; of the first pulse the column's own."""
    return column if pulse == 0 else mix(np.uint32(column + np.uint32(np.uint32(pulse) * _GOLDEN)))


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
