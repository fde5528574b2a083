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
    """Digital factors of the output lines, (outputs,) each: `line` set by the mapping, `learned` by training.

    Not `by_line`: the learned ones are one number, kept for every output.
    """

    line: Floats
    learned: Floats
    by_line: bool = True

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
        self.learned = stepped(self.learned, d * given * self.line, learning_rate, self.by_line)


class Layout:
    """How one array holds its weights: `scale`, factors of its outputs (None where there are none), reference array."""

    def __init__(self, mapping: MappingSpec, device: Device, out_size: int, in_size: int, seed: int, name: str) -> None:
        self.mapping = mapping
        self.scale = 1.0
        self.outputs = output_scales(mapping, out_size)
        self.reference = reference_array(mapping, device, out_size, in_size, seed, name)
        self._difference = np.empty((0, 0) if self.reference is None else (out_size, in_size), np.float32)

    def conductances_for(self, weights: Floats) -> Floats:
        """The conductances that stand for `weights` (out, in), all scales chosen anew."""
        self.scale = fit_scale(weights, self.mapping)
        matrix = weights / np.float32(self.scale)
        if self.outputs is not None:
            self.outputs.line = fit_line_scales(matrix, self.mapping)
            self.outputs.learned = np.ones(len(matrix), np.float32)
            matrix = matrix / self.outputs.line[:, None]
        return matrix if self.reference is None else matrix + self.reference

    def weights_of(self, conductances: Floats, out_scales: Floats | None = None) -> Floats:
        """The weights (out, in) that `conductances` stand for, with these learned factors or the present ones."""
        weights: Floats = self.readable(conductances) * np.float32(self.scale)
        return weights if self.outputs is None else weights * self.outputs.factors(out_scales)[:, None]

    def readable(self, conductances: Floats) -> Floats:
        """What the lines read, (out, in): the conductances, or their difference from the reference array."""
        if self.reference is None:
            return conductances
        # Into an array that is kept: an action must not allocate one of this size.
        return np.subtract(conductances, self.reference, out=self._difference)

    @property
    def learned(self) -> Floats | None:
        """A copy of the learned factors of the outputs, (out,); None where none are learned."""
        return self.outputs.learned.copy() if self.mapping.learn_out_scaling and self.outputs is not None else None

    def state(self) -> dict[str, NDArray[np.generic]]:
        """The scales, as arrays, for a checkpoint."""
        outputs = self.outputs or OutputScales(np.ones(0, np.float32), np.ones(0, np.float32))
        return {
            "line_scales": outputs.line.copy(),
            "out_scales": outputs.learned.copy(),
            "scale": np.array(self.scale, dtype=np.float64),
        }

    def load_state(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Put back what `state` gave."""
        self.scale = float(state["scale"].item())
        if self.outputs is not None:
            self.outputs.line = np.array(state["line_scales"], dtype=np.float32)
            self.outputs.learned = np.array(state["out_scales"], dtype=np.float32)


def output_scales(mapping: MappingSpec, outputs: int) -> OutputScales | None:
    """Factors of 1; None where the mapping has no factors of single outputs."""
    if not (mapping.weight_scaling_columnwise or mapping.learn_out_scaling):
        return None
    ones = np.ones(outputs, np.float32)
    return OutputScales(ones, ones.copy(), mapping.out_scaling_columnwise)


def stepped(learned: Floats, products: Floats, learning_rate: float, by_line: bool) -> Floats:
    """Learned factors (outputs,) − learning_rate · Σ_samples products, of (n, outputs); their sum for all if one."""
    gradient = products.sum(axis=0) if by_line else products.sum()
    return learned - np.float32(learning_rate) * gradient


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
