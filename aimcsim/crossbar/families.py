"""Every pulsed device as one of four families of step, with four numbers p0…p3 per cell and direction.

A pulse moves a cell by a signed step Δ (positive numbers for up, negative for down) and is held in [low, high]:

* LINEAR  Δ = p0 + p1·w; additive noise is relative to p2
* POWER   Δ = p0·max(p1 + p2·w, 0)^p3
* EXP     Δ = p0·max(p1 + p2·e^(p3·w), 0)
* NODES   Δ = p0·(interpolation at u = p1 + p2·w), of the downward nodes where p3 > 0

Constant, linear and soft-bounds steps, the reference device (its reference is folded into p0 and the bounds) and two of
the papers' responses are LINEAR; formulas from aihwkit's rpu_*step_device.cpp, arXiv 2406.12774 App. C and 2502.06309.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, assert_never

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.population import Doubles, Population
from aimcsim.scenario.device_spec import (
    ConstantStepDevice,
    ExpStepDevice,
    LinearStepDevice,
    PiecewiseStepDevice,
    PowStepDevice,
    PulsedDevice,
    ResponseDevice,
    SingleDevice,
    SoftBoundsDevice,
    SoftBoundsReferenceDevice,
    TableDevice,
)

Floats = NDArray[np.float32]

LINEAR: Final = 0
POWER: Final = 1
EXP: Final = 2
NODES: Final = 3

#: Noise of a step: relative to the step, to p2 (LINEAR), or σ(|Δ| + add + slope·|w|).
RELATIVE: Final = 0
ADDITIVE: Final = 1
COMPLEX: Final = 2

#: Planes of an array: bounds, then p0…p3 upward, then p0…p3 downward.
LOW, HIGH, UP, DOWN = 0, 1, 2, 6
PLANES: Final = 10


@dataclass(frozen=True)
class Family:
    """How the cells of an array step. `up` and `down`: p0…p3 of every cell, each a number or (out, in)."""

    kind: int
    low: Doubles
    high: Doubles
    up: tuple[Doubles | float, ...]
    down: tuple[Doubles | float, ...]
    noise_mode: int = RELATIVE
    noise_add: float = 0.0
    noise_slope: float = 0.0
    #: Positions and values of the nodes, (2 directions, 2, nodes).
    nodes: Floats = field(default_factory=lambda: np.zeros((2, 2, 2), np.float32))

    def planes(self) -> Floats:
        """All numbers of all cells, (PLANES, out, in)."""
        planes = np.empty((PLANES, *self.low.shape), np.float32)
        for plane, values in enumerate((self.low, self.high, *self.up, *self.down)):
            planes[plane] = values
        return planes


def family_of(spec: SingleDevice, cells: Population, random: np.random.Generator) -> Family:
    """The family of a device and its numbers; what is spread further is drawn from `random`."""
    match spec:
        case ConstantStepDevice():
            return _linear(cells, 0.0, 0.0, RELATIVE)
        case LinearStepDevice():
            return _linear_step(spec, cells, random)
        case SoftBoundsDevice():
            slope_up, slope_down = -_over(cells.step_up, cells.high), -_over(cells.step_down, cells.low)
            return _linear(cells, slope_up, slope_down, RELATIVE if spec.mult_noise else ADDITIVE)
        case SoftBoundsReferenceDevice():
            return _reference(spec, cells, random)
        case PowStepDevice():
            return _pow_step(spec, cells, random)
        case ExpStepDevice():
            return _exp_step(spec, cells)
        case PiecewiseStepDevice():
            return _nodes(cells, _even(spec.piecewise_up), _even(spec.piecewise_down), in_range=True)
        case TableDevice():
            return _nodes(cells, spec.points_up, spec.points_down, in_range=False)
        case ResponseDevice():
            return _response(spec, cells)
    assert_never(spec)


def _over(numerator: Doubles, bound: Doubles) -> Doubles:
    """numerator/bound, 0 where the bound is 0."""
    return np.where(bound == 0.0, 0.0, numerator / np.where(bound == 0.0, 1.0, bound))


def _linear(cells: Population, slope_up: Doubles | float, slope_down: Doubles | float, noise_mode: int) -> Family:
    """Steps step + slope·w, both directions with the signs of aihwkit's LinearStep (a step down is subtracted)."""
    up = (cells.step_up, slope_up, cells.step_up, 0.0)
    down = (-cells.step_down, -slope_down, cells.step_down, 0.0)
    return Family(LINEAR, cells.low, cells.high, up, down, noise_mode)


def _linear_step(spec: LinearStepDevice, cells: Population, random: np.random.Generator) -> Family:
    """slope = −|γ + σξ|·step/bound, the bound being the mean one or the cell's own."""
    shape = cells.low.shape
    gamma_up = spec.gamma_up + spec.gamma_up_dtod * random.standard_normal(shape)
    gamma_down = spec.gamma_down + spec.gamma_down_dtod * random.standard_normal(shape)
    if not spec.allow_increasing:
        gamma_up, gamma_down = np.abs(gamma_up), np.abs(gamma_down)
    high = np.full(shape, spec.w_max) if spec.mean_bound_reference else cells.high
    low = np.full(shape, spec.w_min) if spec.mean_bound_reference else cells.low
    slope_up, slope_down = -gamma_up * _over(cells.step_up, high), -gamma_down * _over(cells.step_down, low)
    return _linear(cells, slope_up, slope_down, RELATIVE if spec.mult_noise else ADDITIVE)


def _reference(spec: SoftBoundsReferenceDevice, cells: Population, random: np.random.Generator) -> Family:
    """Soft bounds of w + reference; a bound on the wrong side of zero leaves the step constant."""
    shape = cells.low.shape
    right = (cells.high > 0.0) & (cells.low < 0.0)
    high, low = cells.high, cells.low
    if spec.slope_up_dtod > 0.0:
        high = np.where(right, high / np.abs(1.0 + spec.slope_up_dtod * random.standard_normal(shape)), high)
    if spec.slope_down_dtod > 0.0:
        low = np.where(right, low / np.abs(1.0 + spec.slope_down_dtod * random.standard_normal(shape)), low)
    slope_up = np.where(high > 0.0, -_over(cells.step_up, high), 0.0)
    slope_down = np.where(low < 0.0, -_over(cells.step_down, low), 0.0)
    reference = spec.reference_mean + spec.reference_std * random.standard_normal(shape)
    if spec.subtract_symmetry_point:
        # Steps up + slope·w are equal where (s₊ − s₋) = w·(slope₋ − slope₊).
        reference += np.where(right, _over(cells.step_up - cells.step_down, slope_down - slope_up), 0.0)
    up = (cells.step_up + slope_up * reference, slope_up, cells.step_up, 0.0)
    down = (-(cells.step_down + slope_down * reference), -slope_down, cells.step_down, 0.0)
    mode = RELATIVE if spec.mult_noise else ADDITIVE
    return Family(LINEAR, low - reference, high - reference, up, down, mode)


def _pow_step(spec: PowStepDevice, cells: Population, random: np.random.Generator) -> Family:
    """Powers γ(gain + bias ± r), as the steps are spread."""
    shape = cells.low.shape
    gain = 1.0 + spec.pow_gamma_dtod * random.standard_normal(shape)
    ratio = spec.pow_up_down_dtod * random.standard_normal(shape)
    power_up = spec.pow_gamma * (gain + min(spec.pow_up_down, 0.0) + ratio)
    power_down = spec.pow_gamma * (gain - max(spec.pow_up_down, 0.0) - ratio)
    if spec.enforce_consistency:
        power_up, power_down = np.abs(power_up), np.abs(power_down)
    step_up, step_down = np.where(cells.stuck, 0.0, cells.step_up), np.where(cells.stuck, 0.0, cells.step_down)
    up = (step_up, cells.high / cells.width, -1.0 / cells.width, power_up)
    down = (-step_down, -cells.low / cells.width, 1.0 / cells.width, power_down)
    return Family(POWER, cells.low, cells.high, up, down)


def _exp_step(spec: ExpStepDevice, cells: Population) -> Family:
    """z = 2aw/width + b; the offset b goes into p2."""
    step_up, step_down = np.where(cells.stuck, 0.0, cells.step_up), np.where(cells.stuck, 0.0, cells.step_down)
    rise = 2.0 * spec.a / cells.width
    up = (step_up, 1.0, -spec.A_up * np.exp(spec.gamma_up * spec.b), spec.gamma_up * rise)
    down = (-step_down, 1.0, -spec.A_down * np.exp(-spec.gamma_down * spec.b), -spec.gamma_down * rise)
    return Family(
        EXP, cells.low, cells.high, up, down, COMPLEX, noise_add=spec.dw_min_std_add, noise_slope=spec.dw_min_std_slope
    )


def _even(values: list[float]) -> list[list[float]]:
    """Equally spaced nodes at 0…1; a single one holds everywhere."""
    if len(values) == 1:
        values = values * 2
    return [[place / (len(values) - 1), value] for place, value in enumerate(values)]


def _nodes(cells: Population, up: list[list[float]], down: list[list[float]], in_range: bool) -> Family:
    """Interpolated steps: nodes at weights, or (`in_range`) at parts of a cell's own range."""
    length = max(len(up), len(down))
    nodes = np.empty((2, 2, length), np.float32)
    for direction, points in enumerate((up, down)):
        # A shorter row goes on level beyond its end.
        filled = points + [[points[-1][0] + 1.0 + extra, points[-1][1]] for extra in range(length - len(points))]
        nodes[direction] = np.transpose(filled)
    start: Doubles | float = -cells.low / cells.width if in_range else 0.0
    rise: Doubles | float = 1.0 / cells.width if in_range else 1.0
    step_up, step_down = np.where(cells.stuck, 0.0, cells.step_up), np.where(cells.stuck, 0.0, cells.step_down)
    up_numbers, down_numbers = (step_up, start, rise, 0.0), (-step_down, start, rise, 1.0)
    return Family(NODES, cells.low, cells.high, up_numbers, down_numbers, nodes=nodes)


def _response(spec: ResponseDevice, cells: Population) -> Family:
    """The papers' responses with each cell's own bounds as τ; cells with a bound beyond zero are stuck."""
    whole = (cells.high > 0.0) & (cells.low < 0.0)
    high, low = np.where(whole, cells.high, 1.0), np.where(whole, cells.low, -1.0)
    step_up, step_down = np.where(whole, cells.step_up, 0.0), np.where(whole, cells.step_down, 0.0)
    mode = RELATIVE if spec.mult_noise else ADDITIVE
    if spec.form == "linear" or spec.form == "generalised-linear":
        centre = spec.symmetric_point if spec.form == "linear" else 0.0
        skew = spec.c_lin if spec.form == "generalised-linear" else 0.0
        step_up, step_down = (1.0 + skew) * step_up, (1.0 - skew) * step_down
        up = (step_up * (1.0 + centre / high), -step_up / high, step_up, 0.0)
        down = (-step_down * (1.0 + centre / low), step_down / low, step_down, 0.0)
        return Family(LINEAR, cells.low, cells.high, up, down, mode)
    power = spec.gamma_res
    if spec.form == "power":
        return Family(
            POWER,
            cells.low,
            cells.high,
            (step_up, 1.0, -1.0 / high, power),
            (-step_down, 1.0, -1.0 / low, power),
            mode,
            noise_add=1.0 if mode == ADDITIVE else 0.0,
        )
    # (e^{γ(1−w/b)} − 1)/(e^γ − 1) = (1 − e^{−γw/b}·e^γ)/(1 − e^γ), scaled by e^{−γ} to stay small.
    scale, floor = 1.0 / -np.expm1(-power), -np.exp(-power)
    up_exp = (step_up * scale, floor, 1.0, -power / high)
    down_exp = (-step_down * scale, floor, 1.0, -power / low)
    return Family(
        EXP, cells.low, cells.high, up_exp, down_exp, mode, noise_add=1.0 / scale if mode == ADDITIVE else 0.0
    )


def granularity(spec: PulsedDevice) -> float:
    """Mean step of one pulse at weight zero, for which trains are planned.

    dw_min, except: PowStep dw_min·½^γ; ExpStep and tables, the mean of both directions at weight zero; Piecewise
    dw_min times the mean of both at mid-range. (aihwkit averages the step *down* with itself for ExpStep.)
    """
    bias_up, bias_down = 1.0 + min(spec.up_down, 0.0), 1.0 - max(spec.up_down, 0.0)
    match spec:
        case PowStepDevice():
            return spec.dw_min * 0.5**spec.pow_gamma
        case ExpStepDevice():
            up = max(1.0 - spec.A_up * np.exp(spec.gamma_up * spec.b), 0.0)
            down = max(1.0 - spec.A_down * np.exp(-spec.gamma_down * spec.b), 0.0)
            mean = (up * bias_up + down * bias_down) / 2.0
        case PiecewiseStepDevice():
            mean = _level(_even(spec.piecewise_up), _even(spec.piecewise_down), 0.5)
        case TableDevice():
            mean = _level(spec.points_up, spec.points_down, 0.0)
        case _:
            return spec.dw_min
    return float(spec.dw_min * mean) if mean > 0.0 else spec.dw_min


def _level(up: list[list[float]], down: list[list[float]], at: float) -> float:
    """Mean of both interpolations at one place."""
    values = [np.interp(at, *np.transpose(points)) for points in (up, down)]
    return float(np.mean(values))
