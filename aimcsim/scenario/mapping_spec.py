"""How weights are laid onto conductances: `hardware.mapping`."""

from __future__ import annotations

from pydantic import Field

from aimcsim.scenario.base import Flag, NonNegativeReal, Real, Spec


class ReferenceSpec(Spec):
    """A second array of the same devices, written once and never updated: W = scale · (C − C_ref)."""

    mean: Real = Field(0.0, description="conductance that the reference devices are written to")
    std: NonNegativeReal = Field(0.0, description="spread of it from device to device, absolute")


class MappingSpec(Spec):
    """How weights are laid onto the conductance range: W = scale · C."""

    weight_scaling_omega: NonNegativeReal = Field(
        0.0, description="the largest initial weight becomes this conductance; 0: no scaling (W = C)"
    )
    weight_scaling_columnwise: Flag = Field(False, description="a scale for every output line instead of one")
    learn_out_scaling: Flag = Field(
        False, description="a digital factor for every output line, 1 at first, trained with the weights"
    )
    out_scaling_columnwise: Flag = Field(
        True, description="with learn_out_scaling: false: one factor for all outputs instead, aihwkit's default"
    )
    reference: ReferenceSpec | None = Field(None, description="weights are differences from a reference array")
