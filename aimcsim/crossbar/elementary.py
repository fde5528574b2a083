"""Exponential and power in float32, of plain arithmetic: they vectorise, and give the same bits on every machine."""

from __future__ import annotations

import numpy as np
from numba import njit

from aimcsim.crossbar.counter_hash import FAST, log_of
from aimcsim.crossbar.lanes import float_of, rint


@njit(nogil=True, cache=True, fastmath=FAST)
def exp_of(x: np.float32) -> np.float32:
    """e^x, relative error below 4e-7 + 1e-7·|x|; x is held within ±87, so no result is infinite.

    x = k·ln 2 + r with |r| ≤ (ln 2)/2, ln 2 in two parts; e^r by Taylor to degree 6 (1.7e-7 at the ends).
    """
    y = min(max(x, np.float32(-87.0)), np.float32(87.0))
    k = rint(y * np.float32(1.44269504))
    r = y - k * np.float32(0.693359375)
    r = r - k * np.float32(-2.12194440e-4)
    p = np.float32(1.0 / 720.0)
    p = p * r + np.float32(1.0 / 120.0)
    p = p * r + np.float32(1.0 / 24.0)
    p = p * r + np.float32(1.0 / 6.0)
    p = p * r + np.float32(0.5)
    p = p * r + np.float32(1.0)
    p = p * r + np.float32(1.0)
    return p * float_of(np.int32((np.int32(k) + np.int32(127)) << np.int32(23)))


@njit(nogil=True, cache=True, fastmath=FAST)
def power_of(base: np.float32, exponent: np.float32) -> np.float32:
    """base^exponent for base ≥ 0: e^(exponent·log base), 0 (or 1, for the exponent 0) for the base 0."""
    held = max(base, np.float32(1e-37))
    value = exp_of(exponent * log_of(held))
    return value if base > np.float32(0.0) or exponent == np.float32(0.0) else np.float32(0.0)
