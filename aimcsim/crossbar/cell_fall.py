"""What a cell needs to move by all pulses of a train at once: its noise and its fall (`closed_form` says why)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.lanes import float_of, rint

#: `fall` is a polynomial on this range of ε, relative error 1.0e-5.
LOWEST_FALL: Final = -0.3
HIGHEST_FALL: Final = 2.0
#: No `light_normal` is larger.
LARGEST_NORMAL: Final = 4.05

_BYTES = np.uint32(0x00FF00FF)
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
