"""A train of pulses on one row of cells of any family: the closed forms, in parts where a train is long.

Without reference counts, as `strewn_cells`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.coarse_steps import step_coarse
from aimcsim.crossbar.counter_hash import slot_keys
from aimcsim.crossbar.curved_cells import Noise, exp_cells, nodes_cells, power_cells
from aimcsim.crossbar.families import EXP, LINEAR, POWER
from aimcsim.crossbar.family_cells import additive_cells, linear_cells, single_cells
from aimcsim.crossbar.piece_table import PieceTable, find_pieces
from aimcsim.crossbar.strewn_cells import Strip

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]

#: Slots of a row's keys: parts of a train after the first.
PART_SLOT: Final = 1 << 22


@njit(nogil=True, cache=True)
def take_part(part: Counts, counts: Counts, n: int, taken: int, most: int) -> None:
    """What is left of the counts after `taken` pulses, at most `most`."""
    low, high = np.int32(taken), np.int32(most)
    for j in range(np.uintp(n)):
        part[j] = min(max(np.int32(counts[j] - low), np.int32(0)), high)


@njit(nogil=True, cache=True, _nrt=False)
def move_cells(
    family: int,
    single: bool,
    additive: bool,
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    kept: int,
    place: int,
    up: int,
    down: int,
    x: Floats,
    words: Words,
    s: int,
    n: int,
    flip: np.int32,
    counts: Counts,
    left: Counts,
    pieces: Floats,
    strip: Strip,
    table: PieceTable,
    noise: Noise,
    k0: np.uint32,
    k1: np.uint32,
) -> None:
    """`counts[j]` pulses on cells j < n of a row of any family (`family_cells` has the arguments).

    `single`: no count is above 1. `left` (in,), `pieces` (3, in) and `strip` are scratch.
    """
    sigma = noise.sigma
    some = False
    if family == LINEAR and single:
        single_cells(w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, sigma, additive, k0, k1)
    elif family == LINEAR and additive:
        some = additive_cells(
            w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, sigma, k0, k1
        )
    elif family == LINEAR:
        some = linear_cells(w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, sigma, k0, k1)
    elif family == POWER:
        some = power_cells(w, device, row, numbers, place, up, words, s, n, counts, left, noise, k0, k1)
    elif family == EXP:
        some = exp_cells(w, device, row, numbers, place, up, words, s, n, counts, left, noise, k0, k1)
    else:
        find_pieces(pieces, w, device, row, numbers, place, up, n, table)
        some = nodes_cells(w, device, row, numbers, place, up, words, s, n, counts, left, pieces, noise, k0, k1)
    if some:
        step_coarse(
            family, additive, w, device, row, numbers, kept, place, up, down, x, words, s, n, flip, left, strip, table,
            noise, k0, k1,
        )  # fmt: skip


@njit(nogil=True, cache=True, _nrt=False)
def move_train(
    family: int,
    single: bool,
    additive: bool,
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    kept: int,
    place: int,
    up: int,
    down: int,
    x: Floats,
    words: Words,
    s: int,
    n: int,
    flip: np.int32,
    counts: Counts,
    top: int,
    most: int,
    part: Counts,
    left: Counts,
    pieces: Floats,
    strip: Strip,
    table: PieceTable,
    noise: Noise,
    k0: np.uint32,
    k1: np.uint32,
) -> None:
    """As `move_cells`, `most` of the at most `top` pulses at a time; `part` (in,) is scratch."""
    for taken in range(0, top, most):
        pulses, a, b = counts, k0, k1
        if top > most:
            take_part(part, counts, n, taken, most)
            a, b = slot_keys(k0, k1, PART_SLOT + taken)
            pulses = part
        move_cells(
            family, single, additive, w, device, row, numbers, kept, place, up, down, x, words, s, n, flip, pulses,
            left, pieces, strip, table, noise, a, b,
        )  # fmt: skip
