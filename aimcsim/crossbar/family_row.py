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
from aimcsim.crossbar.curved_cells import exp_cells, nodes_cells, power_cells
from aimcsim.crossbar.curved_moves import Noise, Offsets, is_relative
from aimcsim.crossbar.families import EXP, LINEAR, POWER
from aimcsim.crossbar.family_cells import additive_cells, linear_cells, single_cells
from aimcsim.crossbar.piece_table import EIGHT, PieceTable, find_pieces
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
def move_curved(
    family: int,
    length: int,
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
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
    table: PieceTable,
    offsets: Offsets,
    noise: Noise,
    k0: np.uint32,
    k1: np.uint32,
) -> bool:
    """The part of `move_cells` for curved families."""
    sigma, short, relative = noise.sigma, length <= 2, is_relative(noise)
    some = False
    if family == POWER and relative and short:
        some = power_cells(
            w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, sigma, None, None, k0, k1,
        )  # fmt: skip
    elif family == POWER and relative:
        some = power_cells(
            w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, sigma, None, True, k0, k1,
        )  # fmt: skip
    elif family == POWER:
        some = power_cells(
            w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, sigma, noise, True, k0, k1,
        )  # fmt: skip
    elif family == EXP and relative and short:
        some = exp_cells(
            w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, offsets, sigma, None, None,
            k0, k1,
        )  # fmt: skip
    elif family == EXP and relative:
        some = exp_cells(
            w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, offsets, sigma, None, True,
            k0, k1,
        )  # fmt: skip
    elif family == EXP:
        some = exp_cells(
            w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, offsets, sigma, noise, True,
            k0, k1,
        )  # fmt: skip
    elif table.pieces.shape[1] <= EIGHT and short:
        some = nodes_cells(
            w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, pieces, table.pieces, sigma,
            None, k0, k1,
        )  # fmt: skip
    elif table.pieces.shape[1] <= EIGHT:
        some = nodes_cells(
            w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, pieces, table.pieces, sigma,
            True, k0, k1,
        )  # fmt: skip
    else:
        find_pieces(pieces, w, device, row, numbers, place, up, n, table)
        some = nodes_cells(
            w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, pieces, None, sigma, True,
            k0, k1,
        )  # fmt: skip
    return some


@njit(nogil=True, cache=True, _nrt=False)
def move_linear(
    length: int,
    additive: bool,
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
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
    sigma: np.float32,
    k0: np.uint32,
    k1: np.uint32,
) -> bool:
    """The part of `move_cells` for linear steps: apart, since handing on what curves need costs 90 ns a row."""
    if length == 1:
        single_cells(w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, sigma, additive, k0, k1)
        return False
    if additive:
        return additive_cells(
            w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, sigma, k0, k1
        )
    return linear_cells(w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, sigma, k0, k1)


@njit(nogil=True, cache=True, _nrt=False)
def move_cells(
    family: int,
    length: int,
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
    offsets: Offsets,
    noise: Noise,
    k0: np.uint32,
    k1: np.uint32,
) -> None:
    """`counts[j]` pulses on cells j < n of a row of any family (`family_cells` has the arguments).

    `length`: slots of the train, no count is above it. `left` (in,), `pieces` (3, in) and `strip` are scratch.
    """
    if family == LINEAR:
        some = move_linear(
            length, additive, w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, noise.sigma,
            k0, k1,
        )  # fmt: skip
    else:
        some = move_curved(
            family, length, w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, pieces, table,
            offsets, noise, k0, k1,
        )  # fmt: skip
    if some:
        step_coarse(
            family, additive, w, device, row, numbers, kept, place, up, down, x, words, s, n, flip, left, strip, table,
            noise, k0, k1,
        )  # fmt: skip


@njit(nogil=True, cache=True, _nrt=False)
def move_train(
    family: int,
    length: int,
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
    offsets: Offsets,
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
            family, length, additive, w, device, row, numbers, kept, place, up, down, x, words, s, n, flip, pulses,
            left, pieces, strip, table, offsets, noise, a, b,
        )  # fmt: skip
