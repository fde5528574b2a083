"""Matrix–vector products through the converters: DAC pass, BLAS product, ADC pass.

    y = α · adc( C dac(x/α) + noise ),  α = max|x| of each sample (noise management "abs-max") or 1

as aihwkit's IOParameters define it. The product is numpy's (BLAS) over all samples at once. What one sample gets
from the converters and from the noise does not depend on the samples beside it; the last bits of the BLAS product
may, since BLAS picks its summation order by the shape. The noise of an output is one normal of variance
out_noise² + (w_noise·‖dac‖)²: fresh weight noise adds up to just that for each output.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, normal, row_keys, sample_keys, word
from aimcsim.crossbar.lanes import largest_magnitude, rint
from aimcsim.scenario.hardware_spec import IOSpec

Floats = NDArray[np.float32]

#: Rows of the noise keys: one for the input lines, one for the output lines.
INPUT_NOISE, OUTPUT_NOISE = 0, 1


class Converters(NamedTuple):
    """The numbers of an `IOSpec`; steps are absolute (resolution times the whole range), 0 for none."""

    inp_bound: float
    inp_step: float
    inp_noise: float
    out_bound: float
    out_step: float
    out_noise: float
    w_noise: float
    scaled: bool


def converters_of(io: IOSpec) -> Converters:
    """The converters of `io`."""
    return Converters(
        inp_bound=io.inp_bound,
        inp_step=2.0 * io.inp_bound * io.inp_res,
        inp_noise=io.inp_noise,
        out_bound=io.out_bound,
        out_step=2.0 * io.out_bound * io.out_res,
        out_noise=io.out_noise,
        w_noise=io.w_noise,
        scaled=io.noise_management == "abs-max",
    )


@njit(nogil=True, cache=True, fastmath=FAST)
def convert_line(source: Floats, target: Floats, factor: np.float32, bound: np.float32, step: np.float32) -> None:
    """target = source·factor, rounded to multiples of `step` (0: not rounded), then held within ±`bound`."""
    if step > 0.0:
        inverse = np.float32(1.0) / step
        # Held one step beyond the bound before rounding, so that the rounded number stays small and exact.
        limit = bound + step
        for j in range(source.shape[0]):
            v = min(max(source[j] * factor, -limit), limit)
            target[j] = min(max(rint(v * inverse) * step, -bound), bound)
    else:
        for j in range(source.shape[0]):
            target[j] = min(max(source[j] * factor, -bound), bound)


@njit(nogil=True, cache=True, fastmath=FAST)
def add_noise(line: Floats, std: np.float32, a: np.uint32, b: np.uint32) -> None:
    """Add a normal of deviation `std` to every element, from the row keys (a, b), lane = position."""
    for j in range(line.shape[0]):
        line[j] = line[j] + std * normal(word(a, b, np.uint32(j)))


@njit(nogil=True, cache=True, fastmath=FAST)
def dac(
    x: Floats,
    converted: Floats,
    scales: Floats,
    deviations: Floats,
    scaled: bool,
    bound: float,
    step: float,
    inp_noise: float,
    out_noise: float,
    w_noise: float,
    key0: int,
    key1: int,
    first_sample: int,
) -> None:
    """Digital to analog: x (n, lines) to `converted`, with each sample's `scales` (α) and output noise `deviations`.

    With noise management a sample of zeros has α = 0, and its outputs come out as exact zeros. One that is not finite
    has α = NaN, which makes all its outputs NaN.
    """
    for s in range(x.shape[0]):
        top = largest_magnitude(x[s])
        line = converted[s]
        if not np.isfinite(top):
            scales[s] = np.float32(np.nan)
            deviations[s] = np.float32(0.0)
            line[:] = np.float32(0.0)
            continue
        scales[s] = top if scaled else np.float32(1.0)
        # Subnormal magnitudes have no finite reciprocal; they are as good as zero.
        if scales[s] < np.float32(1.2e-38):
            scales[s] = np.float32(0.0)
            deviations[s] = np.float32(0.0)
            line[:] = np.float32(0.0)
            continue
        factor = np.float32(1.0) / scales[s]
        convert_line(x[s], line, factor, np.float32(bound), np.float32(step))
        if inp_noise > 0.0:
            a, b = sample_keys(np.uint32(key0), np.uint32(key1), first_sample + s)
            a, b = row_keys(a, b, INPUT_NOISE)
            add_noise(line, np.float32(inp_noise), a, b)
        variance = out_noise * out_noise
        if w_noise > 0.0:
            square = 0.0
            for j in range(line.shape[0]):
                square += float(line[j]) * float(line[j])
            variance += w_noise * w_noise * square
        deviations[s] = np.float32(np.sqrt(variance))


@njit(nogil=True, cache=True, fastmath=FAST)
def adc(
    y: Floats,
    scales: Floats,
    deviations: Floats,
    weight_scale: float,
    bound: float,
    step: float,
    key0: int,
    key1: int,
    first_sample: int,
) -> None:
    """Analog to digital, in place on y (n, lines): add noise, convert, multiply by α and by `weight_scale`."""
    for s in range(y.shape[0]):
        line = y[s]
        if deviations[s] > 0.0:
            a, b = sample_keys(np.uint32(key0), np.uint32(key1), first_sample + s)
            a, b = row_keys(a, b, OUTPUT_NOISE)
            add_noise(line, deviations[s], a, b)
        convert_line(line, line, np.float32(1.0), np.float32(bound), np.float32(step))
        back = np.float32(scales[s] * np.float32(weight_scale))
        for j in range(line.shape[0]):
            line[j] = line[j] * back


def product(lines: Floats, conductances: Floats, forward: bool) -> Floats:
    """The plain product of every sample, C-contiguous: C x (forward) of lines (n, in), or Cᵀ d of lines (n, out)."""
    if forward:
        # The same as lines @ conductances.T, which OpenBLAS takes nearly twice as long for at these sizes.
        return np.ascontiguousarray(np.dot(conductances, lines.T).T)
    y: Floats = np.dot(lines, conductances)
    return y


def multiply(
    x: Floats,
    conductances: Floats,
    forward: bool,
    weight_scale: float,
    converters: Converters | None,
    keys: tuple[int, int],
    first_sample: int,
) -> Floats:
    """weight_scale · C x (or Cᵀ x, if not `forward`) of every sample through the converters (None: perfect).

    x (n, lines in), conductances (out, in); returns a new (n, lines out) float32. Row s is sample `first_sample` + s;
    `keys` name array and purpose. Non-finite samples give NaN (perfect: whatever the product gives).
    """
    if converters is None:
        y = product(x, conductances, forward)
        if weight_scale != 1.0:
            y *= np.float32(weight_scale)
        return y
    n = x.shape[0]
    converted = np.empty_like(x)
    scales = np.empty(n, np.float32)
    deviations = np.empty(n, np.float32)
    c = converters  # passed on number by number: numba takes a microsecond to look at a named tuple
    dac(
        x,
        converted,
        scales,
        deviations,
        c.scaled,
        c.inp_bound,
        c.inp_step,
        c.inp_noise,
        c.out_noise,
        c.w_noise,
        keys[0],
        keys[1],
        first_sample,
    )
    y = product(converted, conductances, forward)
    adc(y, scales, deviations, weight_scale, c.out_bound, c.out_step, keys[0], keys[1], first_sample)
    return y
