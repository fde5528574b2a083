"""Noise and random rounding of one line of values, addressed by row keys and position."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, normal, normal_pair, uniform, word

Floats = NDArray[np.float32]


@njit(nogil=True, cache=True, fastmath=FAST)
def add_noise(line: Floats, std: np.float32, a: np.uint32, b: np.uint32) -> None:
    """Add a normal of deviation `std` to every element, from the row keys (a, b).

    Elements k and k + n//2 share the word of lane k, whose two normals are independent.
    """
    half = np.uintp(line.shape[0] // 2)
    for k in range(half):
        first, second = normal_pair(word(a, b, np.uint32(k)))
        line[k] = line[k] + std * first
        line[half + k] = line[half + k] + std * second
    if line.shape[0] % 2:
        line[2 * half] = line[2 * half] + std * normal(word(a, b, np.uint32(half)))


@njit(nogil=True, cache=True, fastmath=FAST)
def add_uneven_noise(line: Floats, stds: Floats, a: np.uint32, b: np.uint32) -> None:
    """As `add_noise`, with a deviation for each element."""
    half = np.uintp(line.shape[0] // 2)
    for k in range(half):
        first, second = normal_pair(word(a, b, np.uint32(k)))
        line[k] = line[k] + stds[k] * first
        line[half + k] = line[half + k] + stds[half + k] * second
    if line.shape[0] % 2:
        line[2 * half] = line[2 * half] + stds[2 * half] * normal(word(a, b, np.uint32(half)))


@njit(nogil=True, cache=True, fastmath=FAST)
def dither(source: Floats, target: Floats, factor: np.float32, step: np.float32, a: np.uint32, b: np.uint32) -> None:
    """target = source·factor + step·(u − ½), u uniform: rounding that to the nearest is stochastic rounding."""
    for j in range(source.shape[0]):
        target[j] = source[j] * factor + step * (uniform(word(a, b, np.uint32(j))) - np.float32(0.5))
