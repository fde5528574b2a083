"""Rows of cells with a curved step (POWER, EXP, NODES) moved by all pulses of a train at once.

Arguments and result are those of `family_cells`, with numbers of one direction from `first` on.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, light_normal
from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.elementary import exp_of, power_of

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]

#: Curved cells take so many pulses c at once that a·c is at most this: mean and deviation are then within 1e-3.
REACH: Final = 0.17

_ZERO, _HALF, _ONE, _TWO = (np.float32(v) for v in (0.0, 0.5, 1.0, 2.0))
#: The base of a power counts as no less than this in its derivatives, which can be infinite at the bound.
_LEAST_BASE = np.float32(1e-4)
#: Cells go on at once while (a·c)² is at most this.
_REACH = np.float32(REACH * REACH)


class Noise(NamedTuple):
    """Deviation of a step: σ(relative·|Δ| + per_step·|p0| + add + slope·|w|)."""

    sigma: np.float32
    relative: np.float32
    per_step: np.float32
    add: np.float32
    slope: np.float32


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")
def curved_move(
    v: np.float32,
    step: np.float32,
    rise: np.float32,
    bend: np.float32,
    p0: np.float32,
    c: np.float32,
    z: np.float32,
    noise: Noise,
) -> np.float32:
    """How far c ≥ 1 pulses move a cell at v, of step D(v) = `step`, D′ = `rise` and D″ = `bend`."""
    c1, c2 = c - _ONE, c - _TWO
    square, bow = rise * rise, bend * step
    along = _HALF * rise + c2 * square * np.float32(1.0 / 6.0) + (c + c1) * bow * np.float32(1.0 / 12.0)
    mean = step * c * max(_ONE + c1 * along, _ZERO)
    own = noise.relative * abs(step)
    other = noise.per_step * abs(p0) + noise.add + noise.slope * abs(v + _HALF * c1 * step)
    swell = _ONE + c1 * (rise + _HALF * ((c2 + _HALF * noise.sigma * noise.sigma) * square + c1 * bow))
    kept = _ONE + c1 * (
        _HALF * rise
        + (np.float32(5.0) * c - np.float32(7.0)) * square * np.float32(1.0 / 24.0)
        + (c + c1) * bow * np.float32(1.0 / 6.0)
    )
    deviation = noise.sigma * (own + other)
    induced = np.float32(0.25) * c * c1 * bend * deviation * deviation
    return mean + induced + noise.sigma * np.float32(np.sqrt(c)) * z * (own * swell + other * kept)


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")
def power_cells(
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    place: int,
    first: int,
    words: Words,
    sample: int,
    n: int,
    counts: Counts,
    left: Counts,
    noise: Noise,
    key0: np.uint32,
    key1: np.uint32,
) -> bool:
    """`counts[j]` pulses of Δ = p0·max(p1 + p2·w, 0)^p3 on cells j < n of a row."""
    length, d, i, s = np.uintp(n), np.uintp(device), np.uintp(row), np.uintp(sample)
    r, u = np.uintp(place), np.uintp(first)
    low, high, one, two, three = np.uintp(0), np.uintp(1), np.uintp(1), np.uintp(2), np.uintp(3)
    some = np.int32(0)
    for j in range(length):
        v = w[d, i, j]
        p0 = numbers[r, u, j]
        p1 = numbers[r, u + one, j]
        p2 = numbers[r, u + two, j]
        p3 = numbers[r, u + three, j]
        base = max(p1 + p2 * v, _ZERO)
        step = p0 * power_of(base, p3)
        turn = p2 / max(base, _LEAST_BASE)
        rise = p3 * step * turn
        bend = (p3 - _ONE) * rise * turn
        z = light_normal(cell_word(key0, key1, words[s, j]))
        c = np.float32(counts[j])
        bent = c * c * max(rise * rise, abs(bend * step)) > _REACH
        # A product, not a choice: of that the compiler would make a branch and masked stores.
        stays = np.int32(counts[j] * np.int32(bent))
        left[j] = stays
        some = np.int32(some | stays)
        moved = v + curved_move(v, step, rise, bend, p0, c, z, noise)
        moved = min(max(moved, numbers[r, low, j]), numbers[r, high, j])
        w[d, i, j] = v if counts[j] == stays else moved
    return bool(some > 0)


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")
def exp_cells(
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    place: int,
    first: int,
    words: Words,
    sample: int,
    n: int,
    counts: Counts,
    left: Counts,
    noise: Noise,
    key0: np.uint32,
    key1: np.uint32,
) -> bool:
    """`counts[j]` pulses of Δ = p0·max(p1 + p2·e^(p3·w), 0) on cells j < n of a row."""
    length, d, i, s = np.uintp(n), np.uintp(device), np.uintp(row), np.uintp(sample)
    r, u = np.uintp(place), np.uintp(first)
    low, high, one, two, three = np.uintp(0), np.uintp(1), np.uintp(1), np.uintp(2), np.uintp(3)
    some = np.int32(0)
    for j in range(length):
        v = w[d, i, j]
        p0 = numbers[r, u, j]
        p1 = numbers[r, u + one, j]
        p2 = numbers[r, u + two, j]
        p3 = numbers[r, u + three, j]
        part = p2 * exp_of(p3 * v)
        held = p0 if p1 + part > _ZERO else _ZERO
        step = held * (p1 + part)
        rise = held * part * p3
        bend = rise * p3
        z = light_normal(cell_word(key0, key1, words[s, j]))
        c = np.float32(counts[j])
        bent = c * c * max(rise * rise, abs(bend * step)) > _REACH
        # A product, not a choice: of that the compiler would make a branch and masked stores.
        stays = np.int32(counts[j] * np.int32(bent))
        left[j] = stays
        some = np.int32(some | stays)
        moved = v + curved_move(v, step, rise, bend, p0, c, z, noise)
        moved = min(max(moved, numbers[r, low, j]), numbers[r, high, j])
        w[d, i, j] = v if counts[j] == stays else moved
    return bool(some > 0)


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")
def nodes_cells(
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    place: int,
    first: int,
    words: Words,
    sample: int,
    n: int,
    counts: Counts,
    left: Counts,
    pieces: Floats,
    noise: Noise,
    key0: np.uint32,
    key1: np.uint32,
) -> bool:
    """`counts[j]` pulses of an interpolated step on cells j < n of a row, as `find_pieces` found it."""
    length, d, i, s = np.uintp(n), np.uintp(device), np.uintp(row), np.uintp(sample)
    r, u = np.uintp(place), np.uintp(first)
    low, high, one, two = np.uintp(0), np.uintp(1), np.uintp(1), np.uintp(2)
    some = np.int32(0)
    for j in range(length):
        v = w[d, i, j]
        p0 = numbers[r, u, j]
        p2 = numbers[r, u + two, j]
        step = p0 * pieces[low, j]
        rise = p0 * pieces[one, j] * p2
        bend = _ZERO
        z = light_normal(cell_word(key0, key1, words[s, j]))
        c = np.float32(counts[j])
        bent = c * c * max(rise * rise, abs(bend * step)) > _REACH
        # A product, not a choice: of that the compiler would make a branch and masked stores.
        stays = np.int32(counts[j] * np.int32(bent))
        left[j] = stays
        some = np.int32(some | stays)
        moved = v + curved_move(v, step, rise, bend, p0, c, z, noise)
        moved = min(max(moved, numbers[r, low, j]), numbers[r, high, j])
        w[d, i, j] = v if counts[j] == stays else moved
    return bool(some > 0)
