"""Products of many samples with a narrow array, as a convolution's are: the converter passes over all samples at once.

A line of 25 inputs or of 6 outputs is no whole number of vectors, and what is left over would take most of the time,
as would the keys of a sample's noise, one at a time. Here the lines of all samples of a part are one long line, every
sample's own numbers (its scale, its keys) spread over its elements. Spreading writes whole vectors, of which the
next sample overwrites what is too much. Only plain converters come here: noise of the outputs, no dithering, no shift.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.conversion import OUTPUT_NOISE, highest_output
from aimcsim.crossbar.converters import (
    BOUNDING,
    INP_BOUND,
    INP_DITHER,
    INP_NOISE,
    INP_STEP,
    ITERATIVE,
    OUT_BOUND,
    OUT_DITHER,
    OUT_NOISE,
    OUT_STEP,
    SHIFT,
    TEST_NEGATIVE,
    W_NOISE,
)
from aimcsim.crossbar.counter_hash import FAST, key_of_lane, normal_pair, row_keys, sample_keys, word
from aimcsim.crossbar.lanes import largest_magnitude, rint
from aimcsim.crossbar.products import product
from aimcsim.crossbar.vectors import VECTOR, put_equal, put_product, put_xor

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Numbers = NDArray[np.float64]

#: The wider side of a narrow array has at most so many lines.
WIDEST: Final = 512
#: Samples of a part, as long as their lines are not longer together than the second number.
SAMPLES_OF_A_PART: Final = 160
ELEMENTS_OF_A_PART: Final = 8000


@njit(nogil=True, cache=True)
def reads_flat(inputs: int, outputs: int, c: Numbers) -> bool:
    """Whether products of such lines through such converters take the flat passes: a matter of the array alone."""
    plain = c[INP_DITHER] == 0.0 and c[INP_NOISE] == 0.0 and c[OUT_DITHER] == 0.0 and c[W_NOISE] == 0.0
    return plain and c[BOUNDING] != SHIFT and max(inputs, outputs) <= WIDEST


@njit(nogil=True, cache=True)
def part_of(inputs: int, outputs: int) -> int:
    """Samples whose lines are one long line; a multiple of 40, for the blocks of the product."""
    return max(40, min(SAMPLES_OF_A_PART, ELEMENTS_OF_A_PART // max(inputs, outputs) // 40 * 40))


@njit(nogil=True, cache=True)
def scratch_length(samples: int, inputs: int, outputs: int) -> int:
    """Elements that a part's lines, side by side, need of working space."""
    return samples * max(inputs, outputs, 2) + 2 * VECTOR


@njit(nogil=True, cache=True)
def read_flat(
    x: Floats,
    lines: Floats,
    scales: Floats,
    conductances: Floats,
    forward: bool,
    weight_scale: float,
    c: Numbers,
    key0: int,
    key1: int,
    first_sample: int,
    y: Floats,
    scratch: Floats,
    keys: Words,
) -> NDArray[np.int64]:
    """The first pass of all samples of x (n, inputs), into y (n, outputs), as `mvm.read_once`; those that saturated.

    `lines` (n or more, inputs), `scales` (n or more,), `scratch` (3, `scratch_length`) and `keys` (5, likewise) are
    working space.
    """
    samples = x.shape[0]
    convert_inputs(x.reshape(-1), lines.reshape(-1), scales[:samples], x.shape[1], c, scratch[0])
    product(conductances, lines, samples, forward, y)
    outputs = y.shape[1]
    noise, back = scratch[2], scratch[0]
    if c[OUT_NOISE] > 0.0:
        draw_normals(scratch[0], scratch[1], keys, key0, key1, first_sample, samples, outputs)
        place_normals(noise, scratch[0], scratch[1], scales, np.float32(c[OUT_NOISE]), samples, outputs)
    else:
        noise[:] = np.float32(0.0)
    flat = y.reshape(-1)
    for e in range(np.uintp(samples * outputs)):
        flat[e] = flat[e] + noise[e]
    saturated = np.empty(samples, np.int64)
    found = 0
    if c[BOUNDING] == ITERATIVE:
        highest = highest_output(c)
        if not largest_magnitude(flat) <= highest:
            for s in range(samples):
                top = largest_magnitude(y[s]) if c[TEST_NEGATIVE] > 0.0 else y[s].max()
                if top > highest:
                    saturated[found] = s
                    found += 1
    spread(back, scales, np.float32(weight_scale), samples, outputs)
    convert_outputs(flat, back, samples * outputs, np.float32(c[OUT_BOUND]), np.float32(c[OUT_STEP]))
    return saturated[:found]


@njit(nogil=True, cache=True)
def spread(target: Floats, values: Floats, factor: np.float32, samples: int, length: int) -> None:
    """target[s·length … + length − 1] = values[s]·factor for every sample, and some more elements behind the last."""
    for s in range(samples):
        value = np.float32(values[s] * factor)
        for start in range(s * length, (s + 1) * length, VECTOR):
            put_equal(target, start, value)


@njit(nogil=True, cache=True, fastmath=FAST)
def convert_inputs(x: Floats, lines: Floats, scales: Floats, inputs: int, c: Numbers, factors: Floats) -> None:
    """The DAC pass, flat: x/α rounded and held within its bound; zeros of a sample whose α is not positive."""
    samples, one, zero = scales.shape[0], np.float32(1.0), np.float32(0.0)
    sent = np.empty(samples, np.float32)
    silent = False
    for s in range(samples):
        sent[s] = one / scales[s] if scales[s] > zero else zero
        silent = silent or not scales[s] > zero
    spread(factors, sent, one, samples, inputs)
    bound, step = np.float32(c[INP_BOUND]), np.float32(c[INP_STEP])
    if step > zero:
        inverse, limit = one / step, bound + step
        for e in range(np.uintp(x.shape[0])):
            v = min(max(x[e] * factors[e], -limit), limit)
            lines[e] = min(max(rint(v * inverse) * step, -bound), bound)
    else:
        for e in range(np.uintp(x.shape[0])):
            lines[e] = min(max(x[e] * factors[e], -bound), bound)
    if silent:
        for s in range(samples):
            if not scales[s] > zero:
                lines[s * inputs : (s + 1) * inputs] = zero


@njit(nogil=True, cache=True, fastmath=FAST)
def convert_outputs(y: Floats, back: Floats, n: int, bound: np.float32, step: np.float32) -> None:
    """The ADC pass, flat and in place: y rounded, held within its bound, and times `back`."""
    if step > np.float32(0.0):
        inverse, limit = np.float32(1.0) / step, bound + step
        for e in range(np.uintp(n)):
            v = min(max(y[e], -limit), limit)
            y[e] = min(max(rint(v * inverse) * step, -bound), bound) * back[e]
    else:
        for e in range(np.uintp(n)):
            y[e] = min(max(y[e], -bound), bound) * back[e]


@njit(nogil=True, cache=True, fastmath=FAST)
def draw_normals(
    first: Floats, second: Floats, keys: Words, key0: int, key1: int, first_sample: int, samples: int, outputs: int
) -> None:
    """The normals that `noise.add_noise` would add, sample after sample: the two of each of its words.

    There are (outputs + 1)//2 words a sample. `keys` (5, `scratch_length`) is scratch.
    """
    words = (outputs + 1) // 2
    zero, one = np.uintp(0), np.uintp(1)
    lanes, lane_keys, second_keys = keys[2], keys[3], keys[4]
    for k in range(np.uintp((words + VECTOR - 1) // VECTOR * VECTOR)):
        lanes[k] = key_of_lane(np.uint32(0), np.uint32(k))
    for s in range(np.uintp((samples + VECTOR - 1) // VECTOR * VECTOR)):
        a, b = sample_keys(np.uint32(key0), np.uint32(key1), first_sample + np.int64(s))
        keys[zero, s], keys[one, s] = row_keys(a, b, OUTPUT_NOISE)
    for s in range(samples):
        a, b = keys[zero, np.uintp(s)], keys[one, np.uintp(s)]
        for block in range(0, words, VECTOR):
            put_xor(lane_keys, s * words + block, lanes, block, a)
            put_equal(second_keys, s * words + block, b)
    for t in range(np.uintp(samples * words)):
        first[t], second[t] = normal_pair(word(lane_keys[t], second_keys[t], np.uint32(0)))


@njit(nogil=True, cache=True, fastmath=FAST)
def place_normals(
    noise: Floats, first: Floats, second: Floats, scales: Floats, deviation: np.float32, samples: int, outputs: int
) -> None:
    """Into `noise`: what every output of every sample gets, its deviation times its normal; 0 where nothing was sent.

    Elements k and k + outputs//2 share a word; an odd last one has a word of its own.
    """
    half, words = outputs // 2, (outputs + 1) // 2
    for s in range(samples):
        own = deviation if scales[s] > np.float32(0.0) else np.float32(0.0)
        for block in range(0, half, VECTOR):
            put_product(noise, s * outputs + block, first, s * words + block, own)
        for block in range(0, half, VECTOR):
            put_product(noise, s * outputs + half + block, second, s * words + block, own)
        if words > half:
            noise[np.uintp((s + 1) * outputs - 1)] = own * first[np.uintp(s * words + half)]
