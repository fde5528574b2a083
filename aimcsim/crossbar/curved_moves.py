"""How far pulses move a cell with a curved step, given its step and derivatives where it stands (`family_form`).

What all cells of a direction share comes as scalars: a number read of every cell costs its way from the cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.lanes import bits_of, float_of

Floats = NDArray[np.float32]

_ZERO, _HALF, _ONE, _TWO = (np.float32(v) for v in (0.0, 0.5, 1.0, 2.0))


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
