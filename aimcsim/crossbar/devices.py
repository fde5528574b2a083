"""The devices of one array: parameters of every cell, drawn once from a keyed stream.

Each kind of device keeps float32 planes of shape (out, in) in one array `planes` of shape (planes, out, in); the
update kernel knows their meaning by `kind`. A further device brings a kind, its planes, and its branch in
`update.step_cells`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aimcsim.keys import stream
from aimcsim.scenario.hardware_spec import IdealDevice, SoftBoundsDevice

Floats = NDArray[np.float32]

IDEAL: Final = 0
SOFT_BOUNDS: Final = 1

#: Planes of a soft-bounds array. A rate is the step at weight zero over the (signed) distance of its bound: a pulse
#: moves w by rate·(bound − w), so four planes hold steps, slopes and bounds alike.
RATE_UP, BOUND_UP, RATE_DOWN, BOUND_DOWN = range(4)


@dataclass(frozen=True)
class DeviceArray:
    """The cells of one array. Invariant: `planes` is C-contiguous float32 (0 planes for the ideal device)."""

    kind: int
    planes: Floats
    #: Mean step of one pulse at weight zero; 0 where steps of any size can be made.
    granularity: float
    #: Standard deviation of a step from pulse to pulse, relative.
    cycle_noise: float
    #: Whether the cycle noise scales with the step itself or with the step at weight zero.
    multiplicative: bool

    def clip(self, conductances: Floats) -> Floats:
        """The conductances (out, in), each within its own device's bounds."""
        if self.kind == IDEAL:
            return conductances
        return np.clip(conductances, self.planes[BOUND_DOWN], self.planes[BOUND_UP])

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """(lower, upper) bound of every cell, (out, in) each; soft bounds only."""
        return self.planes[BOUND_DOWN], self.planes[BOUND_UP]

    @property
    def steps(self) -> tuple[Floats, Floats]:
        """(down, up) step of every cell at weight zero as positive numbers, (out, in) each; soft bounds only."""
        return -self.planes[RATE_DOWN] * self.planes[BOUND_DOWN], self.planes[RATE_UP] * self.planes[BOUND_UP]


def make_devices(
    spec: SoftBoundsDevice | IdealDevice, out_size: int, in_size: int, seed: int, name: str
) -> DeviceArray:
    """The cells of an array of `out_size` × `in_size`, the same for the same (seed, name)."""
    if isinstance(spec, IdealDevice):
        return DeviceArray(IDEAL, np.zeros((0, out_size, in_size), np.float32), 0.0, 0.0, True)
    planes = soft_bounds_planes(spec, (out_size, in_size), stream(seed, name, "device"))
    return DeviceArray(SOFT_BOUNDS, planes, spec.dw_min, spec.dw_min_std, spec.mult_noise)


def soft_bounds_planes(spec: SoftBoundsDevice, shape: tuple[int, int], random: np.random.Generator) -> Floats:
    """Draw the four planes as aihwkit populates its pulsed devices (rpu_pulsed_device.cpp, rpu_linearstep_device.cpp).

    Bounds w_max(1+σξ) and w_min(1+σξ), both at their midpoint where they cross (that cell is stuck); steps
    dw_min(gain + bias ± r) with gain = 1 + σξ and r = up_down_dtod·ξ, where a positive `up_down` shrinks the step
    down and a negative one the step up. Rare cells (less than one in a thousand at the default spreads) get a step
    below zero or a bound on the far side of zero and move the wrong way, there as here.
    """
    high = spec.w_max * (1.0 + spec.w_max_dtod * random.standard_normal(shape))
    low = spec.w_min * (1.0 + spec.w_min_dtod * random.standard_normal(shape))
    gain = 1.0 + spec.dw_min_dtod * random.standard_normal(shape)
    ratio = spec.up_down_dtod * random.standard_normal(shape)
    stuck = low >= high
    middle = (low + high) / 2.0
    high, low = np.where(stuck, middle, high), np.where(stuck, middle, low)
    step_up = spec.dw_min * (gain + min(spec.up_down, 0.0) + ratio)
    step_down = spec.dw_min * (gain - max(spec.up_down, 0.0) - ratio)
    planes = np.empty((4, *shape), np.float32)
    planes[RATE_UP] = rate(step_up, high, stuck)
    planes[BOUND_UP] = high
    planes[RATE_DOWN] = rate(step_down, -low, stuck)
    planes[BOUND_DOWN] = low
    return planes


def rate(step: NDArray[np.float64], distance: NDArray[np.float64], stuck: NDArray[np.bool_]) -> NDArray[np.float64]:
    """step/distance, and 0 for cells that cannot move."""
    still = stuck | (distance == 0.0)
    return np.where(still, 0.0, step / np.where(still, 1.0, distance))
