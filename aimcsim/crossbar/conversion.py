"""The two converter passes around a product: scale and DAC before it, noise and ADC behind it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.converters import (
    ABS_MAX,
    AVERAGE,
    BOUNDING,
    CONSTANT,
    DECAY,
    INP_BOUND,
    INP_DITHER,
    INP_NOISE,
    INP_STEP,
    ITERATIVE,
    NO_SCALE,
    OUT_BOUND,
    OUT_DITHER,
    OUT_NOISE,
    OUT_STEP,
    SCALING,
    SHIFT,
    SIGNED_MAX,
    TEST_NEGATIVE,
    THRESHOLD,
    W_NOISE,
)
from aimcsim.crossbar.counter_hash import FAST, row_keys, sample_keys
from aimcsim.crossbar.lanes import float_of, largest_magnitude, rint
from aimcsim.crossbar.noise import add_noise, add_uneven_noise, dither
from aimcsim.crossbar.vectors import largest_bits

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]

#: Rows of the noise keys. A pass that bound management repeats is ROWS_OF_A_PASS rows further on.
INPUT_NOISE, OUTPUT_NOISE, INPUT_ROUNDING, OUTPUT_ROUNDING = 0, 1, 2, 3
ROWS_OF_A_PASS: Final = 4
#: Below it the reciprocal of a scale is not finite.
SMALLEST_SCALE: Final = np.float32(1.2e-38)


@njit(nogil=True, cache=True)
def find_scale(x: Floats, top: np.float32, c: Numbers, average: Numbers, moving: bool) -> np.float32:
    """α of one sample x (lines,): what its input is divided by before the DAC.

    `top` is max|x|, `c` are the converters' numbers.

    NaN for a sample that is not finite; 0, for which nothing is sent, where the scale is not positive or is
    subnormal (no finite reciprocal). `average` and `moving` as in `find_scales`.
    """
    if not np.isfinite(top):
        return np.float32(np.nan)
    scale, management, threshold = top, c[SCALING], c[THRESHOLD]
    if management == NO_SCALE:
        scale = np.float32(1.0)
    elif management == CONSTANT:
        scale = np.float32(threshold) if threshold > 0.0 else np.float32(1.0)
    elif management == AVERAGE:
        mean = average[0]
        mean = float(top) if mean < 0.0 else mean * (1.0 - c[DECAY]) + c[DECAY] * float(top)
        if moving:
            average[0] = mean
        elif average[0] >= 0.0:
            mean = average[0]
        scale = np.float32(mean)
    else:
        if management == SIGNED_MAX:
            scale = x.max()
        if threshold > 0.0:
            scale = min(scale, np.float32(threshold))
    return scale if scale >= SMALLEST_SCALE else np.float32(0.0)


@njit(nogil=True, cache=True)
def find_scales(x: Floats, scales: Floats, c: Numbers, average: Numbers, moving: bool) -> None:
    """Into `scales` (n or more,): α of every sample of x (n, lines), as `find_scale` says.

    `average` (1,) is the running mean of max|x|, negative before the first sample; it goes on sample by sample where
    `moving`.
    """
    samples, lines = x.shape
    management, threshold = c[SCALING], np.float32(c[THRESHOLD])
    for s in range(samples):
        top = float_of(largest_bits(x, s * lines, lines))
        if management == ABS_MAX and np.isfinite(top):
            scale = min(top, threshold) if threshold > 0.0 else top
            scales[s] = scale if scale >= SMALLEST_SCALE else np.float32(0.0)
        else:
            scales[s] = find_scale(x[s], top, c, average, moving)


@njit(nogil=True, cache=True, fastmath=FAST)
def convert_line(
    source: Floats, target: Floats, factor: np.float32, bound: np.float32, step: np.float32, back: np.float32
) -> None:
    """target = back·r: source·factor rounded to multiples of `step` (0: not rounded), held within ±`bound`."""
    if step > 0.0:
        inverse = np.float32(1.0) / step
        # Held one step beyond the bound before rounding, so that the rounded number stays small and exact.
        limit = bound + step
        for j in range(source.shape[0]):
            v = min(max(source[j] * factor, -limit), limit)
            target[j] = min(max(rint(v * inverse) * step, -bound), bound) * back
    else:
        for j in range(source.shape[0]):
            target[j] = min(max(source[j] * factor, -bound), bound) * back


@njit(nogil=True, cache=True, fastmath=FAST)
def dac(
    x: Floats, converted: Floats, scale: np.float32, c: Numbers, key0: int, key1: int, sample: int, first_row: int
) -> np.float32:
    """Digital to analog: x/α (lines,) of one sample into `converted`. Returns the deviation of its output noise.

    A sample of scale α = 0 or NaN sends nothing and gets no noise: its outputs come out as exact zeros, or as NaN.
    `sample` is its number over the run; `first_row`: of the noise keys of this pass.
    """
    one = np.float32(1.0)
    if not (scale > 0.0):
        converted[:] = np.float32(0.0)
        return np.float32(0.0)
    factor, bound, step = one / scale, np.float32(c[INP_BOUND]), np.float32(c[INP_STEP])
    a, b = sample_keys(np.uint32(key0), np.uint32(key1), sample)
    if c[INP_DITHER] > 0.0:
        row_a, row_b = row_keys(a, b, first_row + INPUT_ROUNDING)
        dither(x, converted, factor, step, row_a, row_b)
        convert_line(converted, converted, one, bound, step, one)
    else:
        convert_line(x, converted, factor, bound, step, one)
    if c[INP_NOISE] > 0.0:
        row_a, row_b = row_keys(a, b, first_row + INPUT_NOISE)
        add_noise(converted, np.float32(c[INP_NOISE]), row_a, row_b)
    variance = c[OUT_NOISE] * c[OUT_NOISE]
    if c[W_NOISE] > 0.0:
        square = 0.0
        for j in range(converted.shape[0]):
            square += float(converted[j]) * float(converted[j])
        variance += c[W_NOISE] * c[W_NOISE] * square
    return np.float32(np.sqrt(variance))


@njit(nogil=True, cache=True)
def highest_output(c: Numbers) -> np.float32:
    """The largest output that does not saturate: the last step within the bound, and half a step more that is rounded
    down to it. A bound of whole steps is seldom exactly that in binary.
    """
    bound, step = c[OUT_BOUND], c[OUT_STEP]
    return np.float32((np.floor(bound / step + 1e-6) + 0.5) * step if step > 0.0 else bound)


@njit(nogil=True, cache=True, fastmath=FAST)
def adc(
    y: Floats,
    scale: np.float32,
    deviation: np.float32,
    uneven: Floats,
    weight_scale: float,
    c: Numbers,
    key0: int,
    key1: int,
    sample: int,
    first_row: int,
) -> bool:
    """Analog to digital, in place on y (lines,): add noise, convert, multiply by α and by `weight_scale`.

    `uneven` (lines,) are deviations of the noise that differ from line to line, (0,) where they do not. True where an
    output is beyond a bound and management is iterative; where it is to shift, the outputs are lowered until the
    largest is at the bound.
    """
    a, b = sample_keys(np.uint32(key0), np.uint32(key1), sample)
    bound, step = c[OUT_BOUND], c[OUT_STEP]
    if uneven.shape[0] > 0:
        if scale > 0.0:
            row_a, row_b = row_keys(a, b, first_row + OUTPUT_NOISE)
            add_uneven_noise(y, uneven, row_a, row_b)
    elif deviation > 0.0:
        row_a, row_b = row_keys(a, b, first_row + OUTPUT_NOISE)
        add_noise(y, deviation, row_a, row_b)
    if c[OUT_DITHER] > 0.0 and scale > 0.0:
        row_a, row_b = row_keys(a, b, first_row + OUTPUT_ROUNDING)
        dither(y, y, np.float32(1.0), np.float32(step), row_a, row_b)
    saturated = False
    if c[BOUNDING] == ITERATIVE:
        top = largest_magnitude(y) if c[TEST_NEGATIVE] > 0.0 else y.max()
        saturated = top > highest_output(c)
    elif c[BOUNDING] == SHIFT:
        excess = y.max() - np.float32(bound)
        if excess > 0.0:
            for j in range(y.shape[0]):
                y[j] = y[j] - excess
    back = np.float32(scale * np.float32(weight_scale))
    convert_line(y, y, np.float32(1.0), np.float32(bound), np.float32(step), back)
    return saturated
