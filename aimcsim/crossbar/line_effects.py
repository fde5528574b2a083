"""What makes the outputs of one array differ beyond the converters: voltage drop along lines, noise of single lines."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.converters import IR_DROP, IR_DROP_RATIO, OUT_NOISE, PCM_NOISE
from aimcsim.crossbar.products import product

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]


@njit(nogil=True, cache=True)
def apply_line_effects(
    matrix: Floats,
    lines: Floats,
    forward: bool,
    deviations: Floats,
    line_noise: Floats,
    c: Numbers,
    y: Floats,
    uneven: Floats,
) -> None:
    """Lower y (n, outputs), the products of `lines`, by the voltage drop, and find `uneven`, the deviations of the
    noise of every output (n, outputs).

    The variances of line noise (1, outputs), of constant weight noise (in `deviations` (n,) beside the even output
    noise), and of PCM read noise, w_noise²·Σ_j |C_ij|·x_j², add up. `line_noise` is (0, 0) where lines are alike.
    """
    count, outputs = y.shape
    magnitudes = np.abs(matrix)
    if c[IR_DROP] > 0.0:
        drop_voltage(matrix, magnitudes, lines, forward, c, y)
    if c[PCM_NOISE] > 0.0:
        product(magnitudes, lines * lines, count, forward, uneven)
    for s in range(count):
        for i in range(outputs):
            variance = float(deviations[s]) ** 2
            if line_noise.shape[0] > 0:
                variance += float(line_noise[0, i]) ** 2 - c[OUT_NOISE] ** 2
            if c[PCM_NOISE] > 0.0:
                variance += c[PCM_NOISE] ** 2 * float(uneven[s, i])
            uneven[s, i] = np.float32(np.sqrt(max(variance, 0.0)))


@njit(nogil=True, cache=True)
def drop_voltage(matrix: Floats, magnitudes: Floats, lines: Floats, forward: bool, c: Numbers, y: Floats) -> None:
    """Take from y what the voltage drop along the output lines takes off every output, by aihwkit's simple model.

    With n input lines, the current a = n/g_ratio · Σ_j |C_ij|·|x_j| of output i, and p_j = 1 − j/n,

        ir_drop · (0.05a³ − 0.2a² + 0.5a) · Σ_j C_ij·x_j·(1 − p_j²)
    """
    count, n = y.shape[0], lines.shape[1]
    current, weighted = np.empty_like(y), np.empty_like(y)
    product(magnitudes, np.abs(lines), count, forward, current)
    near = np.empty_like(lines)
    for s in range(count):
        for j in range(n):
            place = np.float32(1.0 - j / n)
            near[s, j] = lines[s, j] * (np.float32(1.0) - place * place)
    product(matrix, near, count, forward, weighted)
    for s in range(count):
        for i in range(y.shape[1]):
            a = current[s, i] * np.float32(n / c[IR_DROP_RATIO])
            factor = a * (a * (np.float32(0.05) * a - np.float32(0.2)) + np.float32(0.5))
            y[s, i] -= weighted[s, i] * factor * np.float32(c[IR_DROP])
