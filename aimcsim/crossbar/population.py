"""The spread from device to device: what every pulsed device draws once, as aihwkit populates its own.

Source: rpu_pulsed_device.cpp `populate`. The order of the draws belongs to the meaning of a seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimcsim.scenario.device_spec import PulsedDevice

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """Bounds and steps of every cell, (out, in) each; a cell with low = high is stuck. Steps are at weight zero."""

    low: Doubles
    high: Doubles
    step_up: Doubles
    step_down: Doubles

    @property
    def stuck(self) -> NDArray[np.bool_]:
        """Cells that cannot move."""
        return self.low >= self.high

    @property
    def width(self) -> Doubles:
        """Range of every cell; 1 for stuck cells, so that one may divide by it."""
        return np.where(self.stuck, 1.0, self.high - self.low)


def populate(spec: PulsedDevice, shape: tuple[int, int], random: np.random.Generator) -> Population:
    """Draw the cells of an array.

    Bounds w_max(1+σξ) and w_min(1+σξ), both at their midpoint where they cross; steps dw_min(gain + bias ± r) with
    gain = 1 + σξ (or e^{σξ}) and r = up_down_dtod·ξ, where a positive `up_down` shrinks the step down and a
    negative one the step up. Without `enforce_consistency` rare cells get a step below zero or a bound on the far
    side of zero and move the wrong way, there as here; with it, steps and bounds take the sign they should have.
    """
    high = spec.w_max * (1.0 + spec.w_max_dtod * random.standard_normal(shape))
    low = spec.w_min * (1.0 + spec.w_min_dtod * random.standard_normal(shape))
    spread = spec.dw_min_dtod * random.standard_normal(shape)
    gain = np.exp(spread) if spec.dw_min_dtod_log_normal else 1.0 + spread
    ratio = spec.up_down_dtod * random.standard_normal(shape)
    step_up = spec.dw_min * (gain + min(spec.up_down, 0.0) + ratio)
    step_down = spec.dw_min * (gain - max(spec.up_down, 0.0) - ratio)
    if spec.enforce_consistency:
        step_up, step_down = np.abs(step_up), np.abs(step_down)
        low, high = -np.abs(np.minimum(low, high)), np.abs(np.maximum(low, high))
    else:
        crossed = low >= high
        middle = (low + high) / 2.0
        high, low = np.where(crossed, middle, high), np.where(crossed, middle, low)
    if spec.corrupt_devices_prob > 0.0:
        corrupt = random.random(shape) < spec.corrupt_devices_prob
        least = np.maximum(low, -spec.corrupt_devices_range)
        most = np.minimum(high, spec.corrupt_devices_range)
        value = least + (most - least) * random.random(shape)
        low, high = np.where(corrupt, value, low), np.where(corrupt, value, high)
        step_up, step_down = np.where(corrupt, 0.0, step_up), np.where(corrupt, 0.0, step_down)
    if spec.perfect_bias:
        step_up[:, -1] = step_down[:, -1] = spec.dw_min
        low[:, -1], high[:, -1] = 100.0 * spec.w_min, 100.0 * spec.w_max
    return Population(low, high, step_up, step_down)


def mirrored(cells: Population) -> Population:
    """The cells seen from the other side: up is down, and bounds change sign and place."""
    return Population(-cells.high, -cells.low, cells.step_down, cells.step_up)
