"""The two converter passes around a product: scale and DAC before it, noise and ADC behind it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, normal, row_keys, sample_keys, uniform, word
from aimcsim.crossbar.lanes import largest_magnitude, rint
from aimcsim.keys import stream
from aimcsim.scenario.io_spec import IOSpec

Floats = NDArray[np.float32]

#: Rows of the noise keys. A pass that bound management repeats is ROWS_OF_A_PASS rows further on.
INPUT_NOISE, OUTPUT_NOISE, INPUT_ROUNDING, OUTPUT_ROUNDING = 0, 1, 2, 3
ROWS_OF_A_PASS: Final = 4

NO_SCALE, ABS_MAX, SIGNED_MAX, CONSTANT, AVERAGE = range(5)
MANAGEMENT: Final = {
    "none": NO_SCALE,
    "abs-max": ABS_MAX,
    "max": SIGNED_MAX,
    "constant": CONSTANT,
    "average-abs-max": AVERAGE,
}
NO_BOUND, ITERATIVE, SHIFT = range(3)
BOUND_MANAGEMENT: Final = {"none": NO_BOUND, "iterative": ITERATIVE, "shift": SHIFT}

#: Stands for a matrix that is not needed.
NOTHING: Final = np.zeros((0, 0), np.float32)


class Converters(NamedTuple):
    """The numbers of an `IOSpec`; steps are absolute (resolution times the whole range), 0 for none."""

    inp_bound: float
    inp_step: float
    inp_noise: float
    inp_dither: bool
    out_bound: float
    out_step: float
    out_noise: float
    out_dither: bool
    #: Noise of every output line, (1, lines); (0, 0) where all have `out_noise`.
    line_noise: Floats
    #: Deviation of the weight noise, and of what it scales with: 1, or the root of the conductance (pcm-read).
    w_noise: float
    pcm_noise: float
    management: int
    nm_thres: float
    nm_decay: float
    bound_management: int
    #: Iterative bound management doubles the reduction of the input only where it is not above this.
    largest_reduction: float
    test_negative: bool
    ir_drop: float
    ir_drop_g_ratio: float


def converters_of(io: IOSpec, outputs: int, seed: int, name: str, direction: str) -> Converters | None:
    """The converters of `io` for `outputs` output lines; None if perfect.

    Lines differ where `out_noise_std` says so: |out_noise·(1 + out_noise_std·ξ)|, drawn from (seed, name, direction).
    """
    if io.is_perfect:
        return None
    line_noise = NOTHING
    if io.out_noise_std > 0.0 and io.out_noise > 0.0:
        random = stream(seed, name, "line noise", direction)
        drawn = io.out_noise * np.abs(1.0 + io.out_noise_std * random.standard_normal((1, outputs)))
        line_noise = drawn.astype(np.float32)
    inp_step = 2.0 * io.inp_bound * io.inp_res
    return Converters(
        inp_bound=io.inp_bound,
        inp_step=inp_step,
        inp_noise=io.inp_noise,
        inp_dither=io.inp_sto_round and inp_step > 0.0,
        out_bound=io.out_bound,
        out_step=2.0 * io.out_bound * io.out_res,
        out_noise=io.out_noise,
        out_dither=io.out_sto_round and io.out_res > 0.0,
        line_noise=line_noise,
        w_noise=io.w_noise if io.w_noise_type == "additive-constant" else 0.0,
        pcm_noise=io.w_noise if io.w_noise_type == "pcm-read" else 0.0,
        management=MANAGEMENT[io.noise_management],
        nm_thres=io.nm_thres,
        nm_decay=io.nm_decay,
        bound_management=BOUND_MANAGEMENT[io.bound_management],
        largest_reduction=min(io.max_bm_factor, io.max_bm_res / inp_step if inp_step > 0.0 else np.inf),
        test_negative=io.bm_test_negative_bound,
        ir_drop=io.ir_drop,
        ir_drop_g_ratio=io.ir_drop_g_ratio,
    )


@njit(nogil=True, cache=True)
def find_scales(
    x: Floats,
    scales: Floats,
    management: int,
    threshold: float,
    decay: float,
    average: NDArray[np.float64],
    moving: bool,
) -> None:
    """α of every sample of x (n, lines) into `scales` (n,): what its input is divided by before the DAC.

    NaN for a sample that is not finite; 0, for which nothing is sent, where the scale is not positive or is
    subnormal (no finite reciprocal). `average` (1,) is the running mean of max|x|, negative before the first sample;
    it goes on sample by sample where `moving`.
    """
    for s in range(x.shape[0]):
        top = largest_magnitude(x[s])
        if not np.isfinite(top):
            scales[s] = np.float32(np.nan)
            continue
        scale = top
        if management == NO_SCALE:
            scale = np.float32(1.0)
        elif management == CONSTANT:
            scale = np.float32(threshold) if threshold > 0.0 else np.float32(1.0)
        elif management == AVERAGE:
            mean = average[0]
            mean = float(top) if mean < 0.0 else mean * (1.0 - decay) + decay * float(top)
            if moving:
                average[0] = mean
            elif average[0] >= 0.0:
                mean = average[0]
            scale = np.float32(mean)
        else:
            if management == SIGNED_MAX:
                scale = x[s].max()
            if threshold > 0.0:
                scale = min(scale, np.float32(threshold))
        scales[s] = scale if scale >= np.float32(1.2e-38) else np.float32(0.0)


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
def add_uneven_noise(line: Floats, stds: Floats, a: np.uint32, b: np.uint32) -> None:
    """As `add_noise`, with a deviation for each element."""
    for j in range(line.shape[0]):
        line[j] = line[j] + stds[j] * normal(word(a, b, np.uint32(j)))


@njit(nogil=True, cache=True, fastmath=FAST)
def dither(source: Floats, target: Floats, factor: np.float32, step: np.float32, a: np.uint32, b: np.uint32) -> None:
    """target = source·factor + step·(u − ½), u uniform: rounding that to the nearest is stochastic rounding."""
    for j in range(source.shape[0]):
        target[j] = source[j] * factor + step * (uniform(word(a, b, np.uint32(j))) - np.float32(0.5))


@njit(nogil=True, cache=True, fastmath=FAST)
def dac(
    x: Floats,
    converted: Floats,
    scales: Floats,
    deviations: Floats,
    bound: float,
    step: float,
    dithered: bool,
    inp_noise: float,
    out_noise: float,
    w_noise: float,
    key0: int,
    key1: int,
    samples: NDArray[np.int64],
    first_row: int,
) -> None:
    """Digital to analog: x/α (n, lines) to `converted`, and the deviation of each sample's output noise.

    A sample of scale α = 0 or NaN sends nothing and gets no noise: its outputs come out as exact zeros, or as NaN.
    `samples` (n,) are the numbers of the samples over the run; `first_row`: of the noise keys of this pass.
    """
    for s in range(x.shape[0]):
        line = converted[s]
        if not (scales[s] > 0.0):
            deviations[s] = np.float32(0.0)
            line[:] = np.float32(0.0)
            continue
        factor = np.float32(1.0) / scales[s]
        if dithered:
            a, b = sample_keys(np.uint32(key0), np.uint32(key1), samples[s])
            a, b = row_keys(a, b, first_row + INPUT_ROUNDING)
            dither(x[s], line, factor, np.float32(step), a, b)
            convert_line(line, line, np.float32(1.0), np.float32(bound), np.float32(step))
        else:
            convert_line(x[s], line, factor, np.float32(bound), np.float32(step))
        if inp_noise > 0.0:
            a, b = sample_keys(np.uint32(key0), np.uint32(key1), samples[s])
            a, b = row_keys(a, b, first_row + INPUT_NOISE)
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
    uneven: Floats,
    weight_scale: float,
    bound: float,
    step: float,
    dithered: bool,
    management: int,
    test_negative: bool,
    key0: int,
    key1: int,
    samples: NDArray[np.int64],
    first_row: int,
    saturated: NDArray[np.bool_],
) -> int:
    """Analog to digital, in place on y (n, lines): add noise, convert, multiply by α and by `weight_scale`.

    `uneven` (n, lines) are deviations of the noise that differ from line to line, (0, 0) where they do not.
    Marks in `saturated` (n,) the samples with an output beyond a bound and returns their number, where `management`
    is iterative; where it is to shift, the outputs of a sample are lowered until the largest is at the bound.
    """
    found = 0
    # The last step within the bound, and half a step more that is rounded down to it. A bound of whole steps is
    # seldom exactly that in binary.
    highest = np.float32((np.floor(bound / step + 1e-6) + 0.5) * step if step > 0.0 else bound)
    for s in range(y.shape[0]):
        line = y[s]
        if uneven.shape[0] > 0:
            if scales[s] > 0.0:
                a, b = sample_keys(np.uint32(key0), np.uint32(key1), samples[s])
                a, b = row_keys(a, b, first_row + OUTPUT_NOISE)
                add_uneven_noise(line, uneven[s], a, b)
        elif deviations[s] > 0.0:
            a, b = sample_keys(np.uint32(key0), np.uint32(key1), samples[s])
            a, b = row_keys(a, b, first_row + OUTPUT_NOISE)
            add_noise(line, deviations[s], a, b)
        if dithered and scales[s] > 0.0:
            a, b = sample_keys(np.uint32(key0), np.uint32(key1), samples[s])
            a, b = row_keys(a, b, first_row + OUTPUT_ROUNDING)
            dither(line, line, np.float32(1.0), np.float32(step), a, b)
        if management == ITERATIVE:
            top = largest_magnitude(line) if test_negative else line.max()
            saturated[s] = top > highest
            found += saturated[s]
        elif management == SHIFT:
            excess = line.max() - np.float32(bound)
            if excess > 0.0:
                for j in range(line.shape[0]):
                    line[j] = line[j] - excess
        convert_line(line, line, np.float32(1.0), np.float32(bound), np.float32(step))
        back = np.float32(scales[s] * np.float32(weight_scale))
        for j in range(line.shape[0]):
            line[j] = line[j] * back
    return found
