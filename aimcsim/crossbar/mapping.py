"""From weights to conductances and back: one scale, a scale or a learned factor for every output, a reference array.

W_ij = learned_i · scale · line_scale_i · (C_ij − C_ref,ij)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.devices import make_devices
from aimcsim.keys import stream
from aimcsim.scenario.device_spec import Device
from aimcsim.scenario.mapping_spec import MappingSpec

Floats = NDArray[np.float32]


@dataclass
class OutputScales:
    """Digital factors of the output lines, (outputs,) each: `line` set by the mapping, `learned` by training."""

    line: Floats
    learned: Floats

    def factors(self, learned: Floats | None = None) -> Floats:
        """What an output is multiplied by; `learned` may stand in for the present ones."""
        return self.line * (self.learned if learned is None else learned)

    def errors_of_array(self, d: Floats) -> Floats:
        """Errors (n, outputs) for the update of the conductances: learned·d is the gradient at what the array gives,
        and the devices see the rate over the scale of their line.
        """
        return np.ascontiguousarray(d * (self.learned / self.line))

    def step(self, given: Floats, d: Floats, learning_rate: float) -> None:
        """learned −= learning_rate · Σ_samples d·y, y (n, outputs) being what the array gave, its line scale
        included."""
        self.learned -= np.float32(learning_rate) * (d * given * self.line).sum(axis=0)


def output_scales(mapping: MappingSpec, outputs: int) -> OutputScales | None:
    """Factors of 1; None where the mapping has no factors of single outputs."""
    if not (mapping.weight_scaling_columnwise or mapping.learn_out_scaling):
        return None
    return OutputScales(np.ones(outputs, np.float32), np.ones(outputs, np.float32))


def fit_scale(weights: Floats, mapping: MappingSpec) -> float:
    """max|W|/omega, the scale at which the largest weight is at omega; 1 without omega, by line, or for zeros."""
    omega, largest = mapping.weight_scaling_omega, float(np.abs(weights).max())
    if mapping.weight_scaling_columnwise or omega == 0.0 or largest == 0.0:
        return 1.0
    return largest / omega


def fit_line_scales(weights: Floats, mapping: MappingSpec) -> Floats:
    """`fit_scale` of every output of W (outputs, inputs), for column-wise mapping; else 1."""
    largest = np.abs(weights).max(axis=1)
    scaled = mapping.weight_scaling_columnwise and mapping.weight_scaling_omega > 0.0
    omega = mapping.weight_scaling_omega if scaled else 1.0
    return np.where(scaled & (largest > 0.0), largest / omega, 1.0).astype(np.float32)


def reference_array(
    mapping: MappingSpec, device: Device, out_size: int, in_size: int, seed: int, name: str
) -> Floats | None:
    """Conductances of the reference array (out, in): mean + std·ξ, each within the bounds of its own device; or None.

    The devices are a second draw of `device`, for (seed, name + ".reference").
    """
    if mapping.reference is None:
        return None
    name = f"{name}.reference"
    spread = stream(seed, name, "written").standard_normal((out_size, in_size))
    written = (mapping.reference.mean + mapping.reference.std * spread).astype(np.float32)
    return np.ascontiguousarray(make_devices(device, out_size, in_size, seed, name).clip(written))
