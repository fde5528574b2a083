"""Soft-bounds devices: the exact step of one pulse."""

from __future__ import annotations

import numpy as np
from numba import njit

from aimcsim.crossbar.counter_hash import FAST


@njit(nogil=True, cache=True, fastmath=FAST)
def soft_bounds_step(
    w: np.float32, rate: np.float32, bound: np.float32, low: np.float32, high: np.float32
) -> np.float32:
    """The weight after one pulse toward `bound` without cycle noise: w + rate·(bound − w), kept in [low, high].

    `rate` = step at weight zero over distance of the bound, so rate·(bound − w) = ±step·q±(w).
    """
    return min(max(w + rate * (bound - w), low), high)


@njit(nogil=True, cache=True, fastmath=FAST)
def soft_bounds_noisy_step(
    w: np.float32,
    rate: np.float32,
    bound: np.float32,
    low: np.float32,
    high: np.float32,
    noise: np.float32,
    multiplicative: bool,
) -> np.float32:
    """As `soft_bounds_step`, with `noise` = σξ relative to the step itself (multiplicative) or to the step at
    weight zero (additive: rate·bound is that step with its sign)."""
    distance = bound - w
    scale = distance if multiplicative else bound
    return min(max(w + rate * (distance + scale * noise), low), high)
