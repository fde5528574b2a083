"""Cells of any family stepped pulse by pulse: a packed strip of cells, each with its own number of pulses.

A strip is an array `cells` of shape (7, width): weight, bounds, and p0…p3 of the one direction in which each of its
cells goes in this train (see `families`). Packing first makes every loop below one without branches.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, slot_keys
from aimcsim.crossbar.elementary import exp_of, power_of
from aimcsim.crossbar.families import ADDITIVE, EXP, LINEAR, POWER
from aimcsim.crossbar.pulse_normals import fill_pairs, fill_shared
from aimcsim.crossbar.train_order import BLOCK, reaches_of

Floats = NDArray[np.float32]

#: Rows of a strip.
W, LOW, HIGH, P0, P1, P2, P3 = range(7)
STRIP_ROWS: Final = 7


class Law(NamedTuple):
    """How the cells of an array step and are written: numbers that all of its cells share."""

    family: int
    noise_mode: int
    noise_add: float
    noise_slope: float
    #: Standard deviation of a step from pulse to pulse, in the units that `noise_mode` says.
    sigma: float
    #: Standard deviation of what is read over what is stored, absolute.
    write_noise: float
    #: Noise of a reset, absolute.
    reset_std: float
    #: Refresh of pairs (0: never), and when it is due.
    refresh_every: int
    refresh_above: float
    refresh_beside: float
    refresh_bl: int
    granularity: float


def packed_law(law: Law) -> NDArray[np.float64]:
    """The law as numbers, as `pulses.packed_rules`."""
    return np.array(law, np.float64)


@njit(nogil=True, cache=True)
def unpacked_law(numbers: NDArray[np.float64]) -> Law:
    """What `packed_law` packed."""
    return Law(
        int(numbers[0]),
        int(numbers[1]),
        numbers[2],
        numbers[3],
        numbers[4],
        numbers[5],
        numbers[6],
        int(numbers[7]),
        numbers[8],
        numbers[9],
        int(numbers[10]),
        numbers[11],
    )


@njit(nogil=True, cache=True, fastmath=FAST)
def linear_pulse(
    cells: Floats, counts: NDArray[np.int32], n: int, p: int, z: Floats, which: int, sigma: np.float32, additive: bool
) -> None:
    """Pulse number p of every cell that has one: Δ = p0 + p1·w. `which` row of z holds its normals."""
    half = np.uintp(which)
    for j in range(np.uintp(n)):
        w = cells[W, j]
        step = cells[P0, j] + cells[P1, j] * w
        scale = cells[P2, j] if additive else step
        moved = min(max(w + (step + scale * (sigma * z[half, j])), cells[LOW, j]), cells[HIGH, j])
        cells[W, j] = moved if counts[j] > p else w


@njit(nogil=True, cache=True, fastmath=FAST)
def curved_pulse(
    cells: Floats,
    counts: NDArray[np.int32],
    n: int,
    p: int,
    z: Floats,
    which: int,
    sigma: np.float32,
    powers: bool,
    additive: bool,
    add: np.float32,
    slope: np.float32,
) -> None:
    """As `linear_pulse` for POWER (`powers`) and EXP."""
    half = np.uintp(which)
    zero = np.float32(0.0)
    for j in range(np.uintp(n)):
        w = cells[W, j]
        if powers:
            response = power_of(max(cells[P1, j] + cells[P2, j] * w, zero), cells[P3, j])
        else:
            response = max(cells[P1, j] + cells[P2, j] * exp_of(cells[P3, j] * w), zero)
        step = cells[P0, j] * response
        scale = cells[P0, j] * add if additive else abs(step) + add + slope * abs(w)
        moved = min(max(w + (step + scale * (sigma * z[half, j])), cells[LOW, j]), cells[HIGH, j])
        cells[W, j] = moved if counts[j] > p else w


@njit(nogil=True, cache=True, fastmath=FAST)
def interpolated(places: Floats, values: Floats, u: np.float32) -> np.float32:
    """Straight lines between (place, value), level beyond both ends; places rise."""
    last = places.shape[0] - 1
    if u <= places[0]:
        return values[0]
    if u >= places[last]:
        return values[last]
    below, above = 0, last
    while above - below > 1:
        middle = (below + above) // 2
        if places[middle] <= u:
            below = middle
        else:
            above = middle
    part = (u - places[below]) / (places[above] - places[below])
    return values[below] + part * (values[above] - values[below])


@njit(nogil=True, cache=True, fastmath=FAST)
def nodes_pulse(
    cells: Floats, counts: NDArray[np.int32], n: int, p: int, z: Floats, which: int, sigma: np.float32, nodes: Floats
) -> None:
    """As `linear_pulse` for NODES; noise is relative to the step."""
    half = np.uintp(which)
    for j in range(n):
        if counts[j] <= p:
            continue
        w = cells[W, j]
        direction = 1 if cells[P3, j] > np.float32(0.0) else 0
        u = cells[P1, j] + cells[P2, j] * w
        step = cells[P0, j] * interpolated(nodes[direction, 0], nodes[direction, 1], u)
        moved = w + step * (np.float32(1.0) + sigma * z[half, j])
        cells[W, j] = min(max(moved, cells[LOW, j]), cells[HIGH, j])


@njit(nogil=True, cache=True, fastmath=FAST)
def step_strip(
    cells: Floats,
    counts: NDArray[np.int32],
    words: NDArray[np.uint32],
    n: int,
    top: int,
    z: Floats,
    law: Law,
    nodes: Floats,
    key0: np.uint32,
    key1: np.uint32,
    first_slot: int,
) -> None:
    """`counts[j]` pulses on each of n packed cells, in place; `top` = max(counts), `words` are those of their columns.

    Pulses 2q and 2q + 1 take the two normals of a word, by slot `first_slot` + q of the row's keys; where no cell has
    two, two cells do. All arrays reach to the next multiple of BLOCK; `z` (2, ·) is scratch.
    """
    sigma = np.float32(law.sigma)
    additive = law.noise_mode == ADDITIVE
    add, slope = np.float32(law.noise_add), np.float32(law.noise_slope)
    end = (n + BLOCK - 1) // BLOCK * BLOCK
    counts[n:end] = 0
    reaches = np.empty(top // 2 + 1, np.int64)
    if law.sigma == 0.0:
        z[:] = np.float32(0.0)
    for q in range(reaches_of(reaches, counts, end)):
        reach = reaches[q]
        if law.sigma > 0.0:
            a, b = slot_keys(key0, key1, first_slot + q)
            if top == 1:
                fill_shared(z, words, reach, a, b)
            else:
                fill_pairs(z, words, reach, a, b)
        for which in range(min(2, top - 2 * q)):
            p = 2 * q + which
            if law.family == LINEAR:
                linear_pulse(cells, counts, reach, p, z, which, sigma, additive)
            elif law.family == POWER:
                curved_pulse(cells, counts, reach, p, z, which, sigma, True, additive, add, slope)
            elif law.family == EXP:
                curved_pulse(cells, counts, reach, p, z, which, sigma, False, additive, add, slope)
            else:
                nodes_pulse(cells, counts, reach, p, z, which, sigma, nodes)
