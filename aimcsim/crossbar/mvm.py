"""Matrix–vector products through the converters: DAC pass, product, ADC pass.

    y = α · adc( C dac(x/α) + noise ),  α = max|x| of each sample (noise management "abs-max")

as aihwkit's IOParameters define it (rpu_forward_backward_pass.cpp). Samples go through in one compiled call, as many
together as the cache holds; what one sample gets does not depend on the samples beside it. Whether their converter
passes go over all of them at once (`flat_reads`) hangs on the array alone. The noise of an output is
one normal of variance out_noise² + (w_noise·‖dac‖)²: fresh weight noise adds up to just that for each output.

Iterative bound management repeats the samples that saturate an output, and only those, with α doubled and with new
noise, until none saturates or the DAC's resolution is spent.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.conversion import ROWS_OF_A_PASS, adc, dac, find_scales
from aimcsim.crossbar.converters import LARGEST_REDUCTION, Converters
from aimcsim.crossbar.flat_reads import part_of, read_flat, reads_flat, scratch_length
from aimcsim.crossbar.line_effects import apply_line_effects
from aimcsim.crossbar.products import TOGETHER, product

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]


def multiply(
    x: Floats,
    conductances: Floats,
    forward: bool,
    weight_scale: float,
    converters: Converters | None,
    keys: tuple[int, int],
    first_sample: int,
    average: Numbers,
    moving: bool = True,
) -> tuple[Floats, int]:
    """weight_scale · C x (or Cᵀ x, if not `forward`) of every sample through the converters (None: perfect).

    x (n, lines in), conductances (out, in); returns a new (n, lines out) float32, and the products that bound
    management repeated, over all samples. Row s is sample `first_sample` + s; `keys` name array and purpose.
    Non-finite samples give NaN (perfect: whatever the product gives). `average` (1,) is the running state of
    average-abs-max noise management, which goes on where `moving`.
    """
    if converters is None:
        return exact_product(x, conductances, forward, weight_scale), 0
    y = np.empty((x.shape[0], conductances.shape[0 if forward else 1]), np.float32)
    repeated = read(
        x,
        conductances,
        forward,
        weight_scale,
        converters.numbers,
        converters.line_noise,
        keys[0],
        keys[1],
        first_sample,
        average,
        moving,
        y,
    )
    return y, repeated


def exact_product(x: Floats, conductances: Floats, forward: bool, weight_scale: float = 1.0) -> Floats:
    """weight_scale · C x of every sample, or of Cᵀ x if not `forward`: (n, lines in) to (n, lines out)."""
    y = np.empty((x.shape[0], conductances.shape[0 if forward else 1]), np.float32)
    exact(x, conductances, forward, weight_scale, y)
    return y


@njit(nogil=True, cache=True)
def exact(x: Floats, conductances: Floats, forward: bool, weight_scale: float, y: Floats) -> None:
    """`exact_product` into y."""
    for start in range(0, x.shape[0], TOGETHER):
        count = min(TOGETHER, x.shape[0] - start)
        part = y[start : start + count]
        product(conductances, x[start : start + count], count, forward, part)
        if weight_scale != 1.0:
            part *= np.float32(weight_scale)


@njit(nogil=True, cache=True)
def read(
    x: Floats,
    conductances: Floats,
    forward: bool,
    weight_scale: float,
    c: Numbers,
    line_noise: Floats | None,
    key0: int,
    key1: int,
    first_sample: int,
    average: Numbers,
    moving: bool,
    y: Floats,
) -> int:
    """`multiply` through converters, into y; returns the products repeated.

    `line_noise` is None where lines have no effects of their own: numba then leaves the code for them out.
    """
    repeated = 0
    inputs, outputs = x.shape[1], y.shape[1]
    flat = line_noise is None and reads_flat(inputs, outputs, c)
    together = max(1, min(part_of(inputs, outputs) if flat else TOGETHER, x.shape[0]))
    lines = np.empty((together, inputs), np.float32)
    scales = np.empty(together, np.float32)
    room = scratch_length(together, inputs, outputs) if flat else 0
    scratch, keys = np.empty((3, room), np.float32), np.empty((5, room), np.uint32)
    for start in range(0, x.shape[0], together):
        rows = np.arange(min(together, x.shape[0] - start))
        given, first = x[start : start + len(rows)], first_sample + start
        out = y[start : start + len(rows)]
        find_scales(given, scales, c, average, moving)
        part, passes, reduction = out, 0, 1.0
        while True:
            visited = rows
            if flat and passes == 0:
                rows = read_flat(
                    given, lines, scales, conductances, forward, weight_scale, c, key0, key1, first, out, scratch, keys
                )
            else:
                rows = read_once(
                    given, visited, lines, scales, conductances, forward, weight_scale, c, line_noise, key0, key1,
                    first, passes, part,
                )  # fmt: skip
            if passes > 0:
                for k in range(len(visited)):
                    out[visited[k]] = part[k]
            if len(rows) == 0 or reduction > c[LARGEST_REDUCTION]:
                break
            reduction *= 2.0
            passes += 1
            repeated += len(rows)
            for s in rows:
                scales[s] *= np.float32(2.0)
            part = np.empty((len(rows), y.shape[1]), np.float32)
    return repeated


@njit(nogil=True, cache=True)
def read_once(
    x: Floats,
    rows: NDArray[np.int64],
    lines: Floats,
    scales: Floats,
    conductances: Floats,
    forward: bool,
    weight_scale: float,
    c: Numbers,
    line_noise: Floats | None,
    key0: int,
    key1: int,
    first_sample: int,
    passes: int,
    y: Floats,
) -> NDArray[np.int64]:
    """One pass of the samples `rows` of x, each scaled by 1/`scales`; that of rows[k] into row k of y.

    Returns those of `rows` that saturated an output. `lines` is working space.
    """
    count, first_row = len(rows), ROWS_OF_A_PASS * passes
    deviations = np.empty(count, np.float32)
    for k in range(count):
        s = rows[k]
        deviations[k] = dac(x[s], lines[k], scales[s], c, key0, key1, first_sample + s, first_row)
    product(conductances, lines, count, forward, y)
    uneven = np.empty((count, 0), np.float32)
    if line_noise is not None:
        uneven = np.empty((count, y.shape[1]), np.float32)
        apply_line_effects(conductances, lines, forward, deviations, line_noise, c, y, uneven)
    saturated = np.empty(count, np.int64)
    found = 0
    for k in range(count):
        s = rows[k]
        if adc(y[k], scales[s], deviations[k], uneven[k], weight_scale, c, key0, key1, first_sample + s, first_row):
            saturated[found] = s
            found += 1
    return saturated[:found]
