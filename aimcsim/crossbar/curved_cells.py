"""Rows of cells with a curved step (POWER, EXP, NODES) moved by all pulses of a train at once.

Arguments and result are those of `family_cells`. What all cells of a direction share comes as scalars: a number read of
every cell costs its way from the cache.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, light_normal
from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.elementary import exp_of, power_of
from aimcsim.crossbar.lanes import bits_of, float_of
from aimcsim.crossbar.piece_table import few_pieces, piece_at

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]

#: Curved cells take so many pulses c at once that a·c is at most this: the mean is then within 1e-3.
REACH: Final = 0.24

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


class Offsets(NamedTuple):
    """p1 and p2 of EXP, which all cells share, upward and downward; of pairs both are upward."""

    p1_up: np.float32
    p2_up: np.float32
    p1_down: np.float32
    p2_down: np.float32


@njit(nogil=True, cache=True)
def way_of(x: np.float32, flip: np.int32) -> np.int32:
    """All bits set where a cell goes upward, none where downward."""
    return np.int32(np.int32(bits_of(x) ^ flip) >> np.int32(31))


@njit(nogil=True, cache=True, fastmath=FAST)
def of_way(way: np.int32, up: np.float32, down: np.float32) -> np.float32:
    """`up` or `down`, by bits: of a choice between two loads the compiler makes one that no vector does."""
    return float_of(np.int32(bits_of(down) ^ np.int32(np.int32(bits_of(up) ^ bits_of(down)) & way)))


@njit(nogil=True, cache=True)
def offsets_of(numbers: Floats, kept: int, pair: bool) -> Offsets:
    """The offsets by the first cell's numbers, laid out as in `family_form`; zeros for families of fewer numbers."""
    if kept < 4:
        return Offsets(_ZERO, _ZERO, _ZERO, _ZERO)
    down = 2 if pair else 2 + kept
    return Offsets(numbers[0, 3, 0], numbers[0, 4, 0], numbers[0, down + 1, 0], numbers[0, down + 2, 0])


@njit(nogil=True, cache=True)
def is_relative(noise: Noise) -> bool:
    """Whether a step's noise is relative to it and nothing else."""
    return noise.relative == _ONE and noise.per_step == _ZERO and noise.add == _ZERO and noise.slope == _ZERO


# Too long to be put into a loop unasked, and a loop with a call in it is not vectorised.
@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy", forceinline=True)
def curved_move(
    v: np.float32,
    step: np.float32,
    rise: np.float32,
    bend: np.float32,
    turning: np.float32,
    p0: np.float32,
    c: np.float32,
    z: np.float32,
    sigma: np.float32,
    noise: Noise | None,
    long: bool | None,
) -> np.float32:
    """How far c ≥ 1 pulses move a cell at v, of step D(v) = `step`, D′ = `rise`, D″ = `bend`, D‴D = `turning`.

    `noise` None: it is relative to the step and nothing else; `long` None: c ≤ 2. Loops are compiled for each.
    """
    if long is None:
        return short_move(step, rise, bend, c, z, sigma)
    c1, c2 = c - _ONE, c - _TWO
    odd = c + c1
    square, bow, third, noisy = rise * rise, bend * step, turning * step, sigma * sigma
    along = _HALF * rise + c2 * square * np.float32(1.0 / 6.0) + odd * bow * np.float32(1.0 / 12.0)
    along += c2 * rise * ((c - np.float32(3.0)) * square * np.float32(1.0 / 24.0) + odd * bow * np.float32(1.0 / 12.0))
    along += c * c1 * third * np.float32(1.0 / 24.0)
    mean = step * c * max(_ONE + c1 * along, _ZERO)
    sixth = np.float32(1.0 / 6.0) * c
    swell = rise + _HALF * ((c2 + _HALF * noisy) * square + (c1 + _HALF * noisy) * bow)
    swell += c2 * rise * ((sixth + np.float32(0.25) * noisy) * square)
    swell += c2 * rise * ((np.float32(4.0) * sixth + np.float32(4.0 / 3.0) * noisy) * bow)
    swell += c2 * (sixth + np.float32(1.0 / 3.0) * noisy) * third
    if noise is None:
        size = abs(step)
        spread = size * (_ONE + c1 * swell)
        later = np.float32(5.0 / 3.0)
    else:
        own = noise.relative * abs(step)
        other = noise.per_step * abs(p0) + noise.add + noise.slope * abs(v + _HALF * c1 * step)
        kept = _HALF * rise + (np.float32(5.0) * c - np.float32(7.0)) * square * np.float32(1.0 / 24.0)
        kept += odd * bow * np.float32(1.0 / 6.0)
        kept += c * c2 * np.float32(1.0 / 16.0) * (rise * (square + np.float32(6.0) * bow) + _TWO * third)
        size = own + other
        spread = own * (_ONE + c1 * swell) + other * (_ONE + c1 * kept)
        later = _ONE + np.float32(2.0 / 3.0) * noise.relative
    deviation = sigma * size
    bending = bend + c2 * (later * rise * bend + np.float32(2.0 / 3.0) * turning)
    induced = np.float32(0.25) * c * c1 * deviation * deviation * bending
    return mean + induced + sigma * np.float32(np.sqrt(c)) * z * spread


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")
def short_move(
    step: np.float32, rise: np.float32, bend: np.float32, c: np.float32, z: np.float32, sigma: np.float32
) -> np.float32:
    """What `curved_move` is for one or two pulses with noise relative to the step, in half of its operations."""
    second = _HALF * (c * c - c)
    half, bow = _HALF * sigma, bend * step
    mean = step * (c + second * (rise + _HALF * bow))
    swell = rise + half * half * (rise * rise + bow) + np.float32(0.75) * bow
    root = _ONE + second * np.float32(np.sqrt(2.0) - 1.0)
    spread = sigma * step
    induced = second * _HALF * bend * spread * spread
    return mean + induced + sigma * root * z * (abs(step) * (_ONE + second * swell))


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
