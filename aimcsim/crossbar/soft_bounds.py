"""Soft-bounds devices: the exact step of one pulse, and strips of cells stepped pulse by pulse."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, normal_pair, slot_keys, word


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


@njit(nogil=True, cache=True, fastmath=FAST)
def soft_bounds_cells(
    w: NDArray[np.float32],
    rate_up: NDArray[np.float32],
    bound_up: NDArray[np.float32],
    rate_down: NDArray[np.float32],
    bound_down: NDArray[np.float32],
    x: NDArray[np.float32],
    lanes: NDArray[np.uint32],
    start: int,
    n: int,
    sign: np.float32,
    counts: NDArray[np.int32],
    top: int,
    z: NDArray[np.float32],
    noise: np.float32,
    multiplicative: bool,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """`counts[j]` pulses on cell k = `start` + j of a row, j < n, in place: downward where x[k]·sign > 0.

    `top` = max(counts). The row comes whole, with an offset, because every slice costs a reference count.
    Pulses 2q and 2q+1 of a column take the pair of normals of slot q; where the last q has one pulse only, the two
    halves of the strip share the pairs (`fill_normals`). `z` is scratch of at least one more element than the strip.
    """
    # Unsigned, else numba looks for negative indices, and the loops do not vectorise.
    first, length = np.uintp(start), np.uintp(n)
    if noise == 0.0:
        for p in range(top):
            for j in range(length):
                k = first + j
                v, n_j, ru, rd, low, high = w[k], counts[j], rate_up[k], rate_down[k], bound_down[k], bound_up[k]
                down = x[k] * sign > np.float32(0.0)
                rate = rd if down else ru
                bound = low if down else high
                moved = soft_bounds_step(v, rate, bound, low, high)
                w[k] = moved if n_j > p else v
        return
    for p in range(0, top - 1, 2):
        a, b = slot_keys(key0, key1, p >> 1)
        for j in range(length):
            k = first + j
            v, n_j, ru, rd, low, high = w[k], counts[j], rate_up[k], rate_down[k], bound_down[k], bound_up[k]
            down = x[k] * sign > np.float32(0.0)
            rate = rd if down else ru
            bound = low if down else high
            z0, z1 = normal_pair(word(a, b, lanes[k]))
            once = soft_bounds_noisy_step(v, rate, bound, low, high, noise * z0, multiplicative)
            once = once if n_j > p else v
            twice = soft_bounds_noisy_step(once, rate, bound, low, high, noise * z1, multiplicative)
            w[k] = twice if n_j > p + 1 else once
    if top & 1:
        a, b = slot_keys(key0, key1, top >> 1)
        fill_normals(z, lanes, start, n, a, b)
        for j in range(length):
            k = first + j
            v, n_j, ru, rd, low, high = w[k], counts[j], rate_up[k], rate_down[k], bound_down[k], bound_up[k]
            down = x[k] * sign > np.float32(0.0)
            rate = rd if down else ru
            bound = low if down else high
            moved = soft_bounds_noisy_step(v, rate, bound, low, high, noise * z[j], multiplicative)
            w[k] = moved if n_j >= top else v


@njit(nogil=True, cache=True, fastmath=FAST)
def fill_normals(
    z: NDArray[np.float32], lanes: NDArray[np.uint32], start: int, n: int, a: np.uint32, b: np.uint32
) -> None:
    """A normal for each of n lanes from `start` on, into `z`: one hashed word, and so half the work, for two lanes."""
    first, half = np.uintp(start), np.uintp((n + 1) // 2)
    for j in range(half):
        z[j], z[half + j] = normal_pair(word(a, b, lanes[first + j]))
