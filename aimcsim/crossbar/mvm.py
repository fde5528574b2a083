"""Matrix–vector products through the converters: DAC pass, BLAS product, ADC pass.

    y = α · adc( C dac(x/α) + noise ),  α = max|x| of each sample (noise management "abs-max")

as aihwkit's IOParameters define it (rpu_forward_backward_pass.cpp). The product is numpy's (BLAS) over all samples at
once. What one sample gets from the converters and from the noise does not depend on the samples beside it; the last
bits of the BLAS product may, since BLAS picks its summation order by the shape. The noise of an output is one normal
of variance out_noise² + (w_noise·‖dac‖)²: fresh weight noise adds up to just that for each output.

Iterative bound management repeats the samples that saturate an output, and only those, with α doubled and with new
noise, until none saturates or the DAC's resolution is spent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.converters import (
    NOTHING,
    ROWS_OF_A_PASS,
    Converters,
    adc,
    dac,
    find_scales,
)

Floats = NDArray[np.float32]


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
    average: NDArray[np.float64],
    moving: bool = True,
) -> tuple[Floats, int]:
    """weight_scale · C x (or Cᵀ x, if not `forward`) of every sample through the converters (None: perfect).

    x (n, lines in), conductances (out, in); returns a new (n, lines out) float32, and the products that bound
    management repeated, over all samples. Row s is sample `first_sample` + s; `keys` name array and purpose.
    Non-finite samples give NaN (perfect: whatever the product gives). `average` (1,) is the running state of
    average-abs-max noise management, which goes on where `moving`.
    """
    if converters is None:
        y = product(x, conductances, forward)
        if weight_scale != 1.0:
            y *= np.float32(weight_scale)
        return y, 0
    c = converters
    n = x.shape[0]
    scales = np.empty(n, np.float32)
    find_scales(x, scales, c.management, c.nm_thres, c.nm_decay, average, moving)
    samples = np.arange(first_sample, first_sample + n, dtype=np.int64)
    saturated = np.zeros(n, np.bool_)
    y, found = _read(x, conductances, forward, weight_scale, c, keys, scales, samples, 0, saturated)
    repeated, reduction, rows = 0, 1.0, np.arange(n)
    while found and reduction <= c.largest_reduction:
        reduction *= 2.0
        rows = rows[saturated[: len(rows)]]
        repeated += len(rows)
        first_row = ROWS_OF_A_PASS * repeated_pass(reduction)
        y[rows], found = _read(
            x[rows],
            conductances,
            forward,
            weight_scale,
            c,
            keys,
            scales[rows] * np.float32(reduction),
            samples[rows],
            first_row,
            saturated,
        )
    return y, repeated


def repeated_pass(reduction: float) -> int:
    """Number of the pass with this reduction of the input: 0 for 1, 1 for 2, 2 for 4..."""
    return int(np.log2(reduction))


def _read(
    x: Floats,
    conductances: Floats,
    forward: bool,
    weight_scale: float,
    c: Converters,
    keys: tuple[int, int],
    scales: Floats,
    samples: NDArray[np.int64],
    first_row: int,
    saturated: NDArray[np.bool_],
) -> tuple[Floats, int]:
    """One pass of every sample of x, scaled by 1/`scales`; marks and counts those that saturated an output."""
    n = x.shape[0]
    converted = np.empty_like(x)
    deviations = np.empty(n, np.float32)
    # The converters are passed on number by number: numba takes a microsecond to look at a named tuple.
    dac(
        x,
        converted,
        scales,
        deviations,
        c.inp_bound,
        c.inp_step,
        c.inp_dither,
        c.inp_noise,
        c.out_noise,
        c.w_noise,
        keys[0],
        keys[1],
        samples,
        first_row,
    )
    y = product(converted, conductances, forward)
    if c.ir_drop > 0.0:
        y -= ir_drop(converted, conductances, forward, c)
    uneven = uneven_noise(converted, conductances, forward, deviations, c)
    found = adc(
        y,
        scales,
        deviations,
        uneven,
        weight_scale,
        c.out_bound,
        c.out_step,
        c.out_dither,
        c.bound_management,
        c.test_negative,
        keys[0],
        keys[1],
        samples,
        first_row,
        saturated,
    )
    return y, found


def ir_drop(lines: Floats, conductances: Floats, forward: bool, c: Converters) -> Floats:
    """What the voltage drop along the output lines takes off every output, by aihwkit's simple model.

    With n input lines, the current a = n/g_ratio · Σ_j |C_ij|·|x_j| of output i, and p_j = 1 − j/n,

        ir_drop · (0.05a³ − 0.2a² + 0.5a) · Σ_j C_ij·x_j·(1 − p_j²)
    """
    n = lines.shape[1]
    current = product(np.abs(lines), np.abs(conductances), forward) * np.float32(n / c.ir_drop_g_ratio)
    factor = current * (current * (np.float32(0.05) * current - np.float32(0.2)) + np.float32(0.5))
    place = np.float32(1.0) - np.arange(n, dtype=np.float32) / np.float32(n)
    weighted = product(lines * (np.float32(1.0) - place**2), conductances, forward)
    weighted *= factor * np.float32(c.ir_drop)
    return weighted


def uneven_noise(lines: Floats, conductances: Floats, forward: bool, deviations: Floats, c: Converters) -> Floats:
    """Deviations of the noise of every output (n, outputs) where lines differ, else (0, 0).

    The variances of line noise, of constant weight noise (in `deviations` beside `out_noise`), and of PCM read noise,
    w_noise²·Σ_j |C_ij|·x_j², add up.
    """
    if not c.line_noise.size and c.pcm_noise == 0.0:
        return NOTHING
    variances = np.repeat((deviations**2)[:, None], conductances.shape[0 if forward else 1], axis=1)
    if c.line_noise.size:
        variances += c.line_noise**2 - np.float32(c.out_noise) ** 2
    if c.pcm_noise > 0.0:
        variances += np.float32(c.pcm_noise) ** 2 * product(lines**2, np.abs(conductances), forward)
    return np.ascontiguousarray(np.sqrt(np.maximum(variances, np.float32(0.0))))
