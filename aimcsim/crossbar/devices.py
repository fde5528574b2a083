"""The devices of one array: parameters of every cell, drawn once from a keyed stream.

Plain soft bounds have a kernel and planes of their own (`soft_bounds`); every other device, and soft bounds with a
hidden state or drift, is stepped by its family (`families`, `stepped_update`) from planes (D, PLANES, out, in), where D
is 2 for pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.aging import Aging, aging_of
from aimcsim.crossbar.families import HIGH, LOW, family_of, granularity
from aimcsim.crossbar.population import Population, mirrored, populate
from aimcsim.crossbar.stepping import Law
from aimcsim.keys import key_pair, stream
from aimcsim.scenario.device_spec import Device, IdealDevice, OneSidedDevice, SoftBoundsDevice, device_of

Floats = NDArray[np.float32]
#: A device, its name, the name of a preset, or a mapping of parameters.
AnyDevice = Device | str | dict[str, Any]

IDEAL: Final = 0
SOFT_BOUNDS: Final = 1
STEPPED: Final = 2

#: Planes of a soft-bounds array. A rate is the step at weight zero over the (signed) distance of its bound: a pulse
#: moves w by rate·(bound − w), so four planes hold steps, slopes and bounds alike.
RATE_UP, BOUND_UP, RATE_DOWN, BOUND_DOWN = range(4)


@dataclass(frozen=True)
class DeviceArray:
    """The cells of one array. Invariant: `planes` is C-contiguous float32.

    `planes` is (0, out, in) of ideal devices, (4, out, in) of plain soft bounds, (D, PLANES, out, in) of all others.
    """

    kind: int
    planes: Floats
    #: Mean step of one pulse at weight zero; 0 where steps of any size can be made.
    granularity: float
    #: Standard deviation of a step from pulse to pulse, relative.
    cycle_noise: float
    #: Whether the cycle noise scales with the step itself or with the step at weight zero.
    multiplicative: bool
    #: How stepped cells step; None of the others.
    law: Law | None = None
    #: Positions and values of interpolated responses, (2 directions, 2, nodes).
    nodes: Floats | None = None
    #: Where resets and leaks lead, (D, out, in); None where nothing asks for it.
    resets: Floats | None = None
    aging: Aging | None = None

    def clip(self, conductances: Floats) -> Floats:
        """The conductances (out, in), each within its own device's bounds."""
        if self.kind == IDEAL:
            return conductances
        return np.clip(conductances, *self.bounds)

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """(lower, upper) bound of every cell, (out, in) each; of a pair, those of g₊ − g₋. Not of ideal devices."""
        if self.kind == SOFT_BOUNDS:
            return self.planes[BOUND_DOWN], self.planes[BOUND_UP]
        low, high = self.planes[:, LOW], self.planes[:, HIGH]
        if len(self.planes) == 1:
            return low[0], high[0]
        return low[0] - high[1], high[0] - low[1]

    @property
    def steps(self) -> tuple[Floats, Floats]:
        """(down, up) step of every cell at weight zero as positive numbers, (out, in) each; plain soft bounds only."""
        return -self.planes[RATE_DOWN] * self.planes[BOUND_DOWN], self.planes[RATE_UP] * self.planes[BOUND_UP]


def device_spec(device: AnyDevice) -> Device:
    """A device's parameters; names stand for defaults and presets. ValueError for what is no device."""
    return device_of(device) if isinstance(device, str | dict) else device


def make_devices(spec: Device, out_size: int, in_size: int, seed: int, name: str) -> DeviceArray:
    """The cells of an array of `out_size` × `in_size`, the same for the same (seed, name)."""
    shape = (out_size, in_size)
    if isinstance(spec, IdealDevice):
        return DeviceArray(IDEAL, np.zeros((0, *shape), np.float32), 0.0, 0.0, True)
    random = stream(seed, name, "device")
    pair = isinstance(spec, OneSidedDevice)
    single = spec.device if isinstance(spec, OneSidedDevice) else spec
    count = 2 if pair else 1
    aging = aging_of(single, (count, *shape), stream(seed, name, "aging"), key_pair(seed, name, "diffusion"))
    resets = None
    if pair or aging is not None:
        spread = stream(seed, name, "reset").standard_normal((count, *shape))
        resets = (single.reset + single.reset_dtod * spread).astype(np.float32)
    if isinstance(spec, SoftBoundsDevice) and spec.write_noise_std == 0.0 and (aging is None or aging.nu is None):
        planes = soft_bounds_planes(populate(spec, shape, random))
        array = DeviceArray(SOFT_BOUNDS, planes, spec.dw_min, spec.dw_min_std, spec.mult_noise)
        return DeviceArray(**{**vars(array), "resets": resets, "aging": aging})
    cells = [populate(single, shape, random)]
    if isinstance(spec, OneSidedDevice):
        cells.append(mirrored(cells[0]) if spec.copy_inverted else populate(single, shape, random))
    families = [family_of(single, each, random) for each in cells]
    first = families[0]
    step = granularity(single)
    law = Law(
        family=first.kind,
        noise_mode=first.noise_mode,
        noise_add=first.noise_add,
        noise_slope=first.noise_slope,
        sigma=single.dw_min_std,
        write_noise=single.write_noise_std * single.dw_min,
        reset_std=single.reset_std,
        refresh_every=spec.refresh_every if isinstance(spec, OneSidedDevice) else 0,
        refresh_above=spec.refresh_upper_thres * single.w_max if isinstance(spec, OneSidedDevice) else 0.0,
        refresh_beside=spec.refresh_lower_thres * single.w_max if isinstance(spec, OneSidedDevice) else 0.0,
        refresh_bl=spec.refresh_bl if isinstance(spec, OneSidedDevice) else 0,
        granularity=step,
    )
    planes = np.stack([family.planes() for family in families])
    return DeviceArray(STEPPED, planes, step, single.dw_min_std, True, law, first.nodes, resets, aging)


def soft_bounds_planes(cells: Population) -> Floats:
    """The four planes of plain soft bounds."""
    planes = np.empty((4, *cells.low.shape), np.float32)
    planes[RATE_UP] = rate(cells.step_up, cells.high, cells.stuck)
    planes[BOUND_UP] = cells.high
    planes[RATE_DOWN] = rate(cells.step_down, -cells.low, cells.stuck)
    planes[BOUND_DOWN] = cells.low
    return planes


def rate(step: NDArray[np.float64], distance: NDArray[np.float64], stuck: NDArray[np.bool_]) -> NDArray[np.float64]:
    """step/distance, and 0 for cells that cannot move."""
    still = stuck | (distance == 0.0)
    return np.where(still, 0.0, step / np.where(still, 1.0, distance))
