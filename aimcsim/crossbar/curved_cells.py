"""Rows of cells with a curved step (POWER, EXP, NODES) moved by all pulses of a train at once.

Arguments and result are those of `family_cells`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, light_normal
from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.curved_moves import Noise as Noise
from aimcsim.crossbar.curved_moves import Offsets, curved_move, of_way, way_of
from aimcsim.crossbar.elementary import exp_of, power_of
from aimcsim.crossbar.piece_table import few_pieces, piece_at

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]

#: Curved cells take so many pulses c at once that a·c is at most this: the mean is then within 1e-3.
REACH: Final = 0.24

_ZERO, _ONE, _TWO = (np.float32(v) for v in (0.0, 1.0, 2.0))
#: The base of a power counts as no less than this in its derivatives, which can be infinite at the bound.
_LEAST_BASE = np.float32(1e-4)
#: Cells go on at once while (a·c)² is at most this.
_REACH = np.float32(REACH * REACH)


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy", _nrt=False)
def power_cells(
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
    counts: Counts,
    left: Counts,
    sigma: np.float32,
    noise: Noise | None,
    long: bool | None,
    key0: np.uint32,
    key1: np.uint32,
) -> bool:
    """`counts[j]` pulses of Δ = p0·max(p1 + p2·w, 0)^p3 on cells j < n of a row.

    `noise` and `long` as of `curved_move`.
    """
    length, d, i, s = np.uintp(n), np.uintp(device), np.uintp(row), np.uintp(sample)
    r, u, t = np.uintp(place), np.uintp(up), np.uintp(down)
    low, high, one, two, three = np.uintp(0), np.uintp(1), np.uintp(1), np.uintp(2), np.uintp(3)
    some = np.int32(0)
    for j in range(length):
        v = w[d, i, j]
        way = way_of(x[s, j], flip)
        p0 = of_way(way, numbers[r, u, j], numbers[r, t, j])
        p1 = of_way(way, numbers[r, u + one, j], numbers[r, t + one, j])
        p2 = of_way(way, numbers[r, u + two, j], numbers[r, t + two, j])
        p3 = of_way(way, numbers[r, u + three, j], numbers[r, t + three, j])
        base = max(p1 + p2 * v, _ZERO)
        step = p0 * power_of(base, p3)
        turn = p2 / max(base, _LEAST_BASE)
        rise = p3 * step * turn
        bend = (p3 - _ONE) * rise * turn
        turning = (p3 - _TWO) * bend * turn * step
        z = light_normal(cell_word(key0, key1, words[s, j]))
        c = np.float32(counts[j])
        bent = c * c * max(rise * rise, abs(bend * step)) > _REACH
        # A product, not a choice: of that the compiler would make a branch and masked stores.
        stays = np.int32(counts[j] * np.int32(bent))
        left[j] = stays
        some = np.int32(some | stays)
        moved = v + curved_move(v, step, rise, bend, turning, p0, c, z, sigma, noise, long)
        moved = min(max(moved, numbers[r, low, j]), numbers[r, high, j])
        w[d, i, j] = v if counts[j] == stays else moved
    return bool(some > 0)


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy", _nrt=False)
def exp_cells(
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
    counts: Counts,
    left: Counts,
    offsets: Offsets,
    sigma: np.float32,
    noise: Noise | None,
    long: bool | None,
    key0: np.uint32,
    key1: np.uint32,
) -> bool:
    """`counts[j]` pulses of Δ = p0·max(p1 + p2·e^(p3·w), 0) on cells j < n of a row."""
    length, d, i, s = np.uintp(n), np.uintp(device), np.uintp(row), np.uintp(sample)
    r, u, t = np.uintp(place), np.uintp(up), np.uintp(down)
    low, high, three = np.uintp(0), np.uintp(1), np.uintp(3)
    some = np.int32(0)
    for j in range(length):
        v = w[d, i, j]
        way = way_of(x[s, j], flip)
        p0 = of_way(way, numbers[r, u, j], numbers[r, t, j])
        p1 = of_way(way, offsets.p1_up, offsets.p1_down)
        p2 = of_way(way, offsets.p2_up, offsets.p2_down)
        p3 = of_way(way, numbers[r, u + three, j], numbers[r, t + three, j])
        part = p2 * exp_of(p3 * v)
        held = p0 if p1 + part > _ZERO else _ZERO
        step = held * (p1 + part)
        rise = held * part * p3
        bend = rise * p3
        turning = bend * p3 * step
        z = light_normal(cell_word(key0, key1, words[s, j]))
        c = np.float32(counts[j])
        bent = c * c * max(rise * rise, abs(bend * step)) > _REACH
        # A product, not a choice: of that the compiler would make a branch and masked stores.
        stays = np.int32(counts[j] * np.int32(bent))
        left[j] = stays
        some = np.int32(some | stays)
        moved = v + curved_move(v, step, rise, bend, turning, p0, c, z, sigma, noise, long)
        moved = min(max(moved, numbers[r, low, j]), numbers[r, high, j])
        w[d, i, j] = v if counts[j] == stays else moved
    return bool(some > 0)


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy", _nrt=False)
def nodes_cells(
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
    counts: Counts,
    left: Counts,
    pieces: Floats,
    ends: Floats | None,
    sigma: np.float32,
    long: bool | None,
    key0: np.uint32,
    key1: np.uint32,
) -> bool:
    """`counts[j]` pulses of an interpolated step on cells j < n of a row.

    `ends`: pieces so few that the one on which a cell stands is found here; None: `pieces` is what `find_pieces` found.
    """
    length, d, i, s = np.uintp(n), np.uintp(device), np.uintp(row), np.uintp(sample)
    r, u, t = np.uintp(place), np.uintp(up), np.uintp(down)
    low, high, one, two = np.uintp(0), np.uintp(1), np.uintp(1), np.uintp(2)
    if ends is not None:
        few = few_pieces(ends)
    some = np.int32(0)
    for j in range(length):
        v = w[d, i, j]
        way = way_of(x[s, j], flip)
        p0 = of_way(way, numbers[r, u, j], numbers[r, t, j])
        p2 = numbers[r, u + two, j]
        if ends is None:
            value, slope = pieces[low, j], pieces[one, j]
        else:
            value, slope = piece_at(few, way, numbers[r, u + one, j] + p2 * v)
        step = p0 * value
        rise = p0 * slope * p2
        z = light_normal(cell_word(key0, key1, words[s, j]))
        c = np.float32(counts[j])
        bent = c * c * (rise * rise) > _REACH
        # A product, not a choice: of that the compiler would make a branch and masked stores.
        stays = np.int32(counts[j] * np.int32(bent))
        left[j] = stays
        some = np.int32(some | stays)
        moved = v + curved_move(v, step, rise, _ZERO, _ZERO, p0, c, z, sigma, None, long)
        moved = min(max(moved, numbers[r, low, j]), numbers[r, high, j])
        w[d, i, j] = v if counts[j] == stays else moved
    return bool(some > 0)
