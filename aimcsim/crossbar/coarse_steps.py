"""Cells whose step changes too much from pulse to pulse for the closed form: pulse by pulse, one at a time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, light_normal
from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.curved_cells import Noise
from aimcsim.crossbar.elementary import exp_of, power_of
from aimcsim.crossbar.families import EXP, LINEAR, POWER
from aimcsim.crossbar.lanes import bits_of
from aimcsim.crossbar.stepping import interpolated

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]

_GOLDEN = np.uint32(0x9E3779B9)


@njit(nogil=True, cache=True, fastmath=FAST)
def step_and_scale(
    v: np.float32, family: int, numbers: Floats, place: int, first: int, j: int, nodes: Floats, noise: Noise
) -> tuple[np.float32, np.float32]:
    """The step of a cell at weight v and what its noise is relative to."""
    zero = np.float32(0.0)
    p0, p1 = numbers[place, first, j], numbers[place, first + 1, j]
    if family == LINEAR:
        step = p0 + p1 * v
        return step, (numbers[place, first + 2, j] if noise.relative == zero else step)
    p2, p3 = numbers[place, first + 2, j], numbers[place, first + 3, j]
    if family == POWER:
        step = p0 * power_of(max(p1 + p2 * v, zero), p3)
    elif family == EXP:
        step = p0 * max(p1 + p2 * exp_of(p3 * v), zero)
    else:
        curve = 1 if p3 > zero else 0
        step = p0 * interpolated(nodes[curve, 0], nodes[curve, 1], p1 + p2 * v)
    return step, noise.relative * abs(step) + noise.per_step * abs(p0) + noise.add + noise.slope * abs(v)


@njit(nogil=True, cache=True, fastmath=FAST)
def step_left(
    family: int,
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
    left: NDArray[np.int32],
    nodes: Floats,
    noise: Noise,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """`left[j]` pulses on cells j < n of a row, one by one (`family_cells` has the arguments)."""
    for at in range(np.uintp(n)):
        if left[at] == 0:
            continue
        j = int(at)
        v, low, high = w[device, row, j], numbers[place, 0, j], numbers[place, 1, j]
        first = down if np.int32(bits_of(x[sample, j]) ^ flip) >= 0 else up
        for p in range(left[j]):
            z = light_normal(cell_word(key0, key1, np.uint32(words[sample, j] + np.uint32(np.uint32(p) * _GOLDEN))))
            step, scale = step_and_scale(v, family, numbers, place, first, j, nodes, noise)
            v = min(max(v + (step + scale * (noise.sigma * z)), low), high)
        w[device, row, j] = v
